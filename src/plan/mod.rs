//! [`Account`] → [`Plan`] (one create and the follow-up requests the user needs) or a refusal. Pure: no I/O, no clock.

use std::borrow::Cow;

use serde::Serialize;

use crate::account::Account;
use crate::appwrite::{Endpoint, Profile};
use crate::code::{Note, Refusal};
use crate::scheme::PasswordFields;

/// What is sent for one user.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The source's own id.
    pub source_id: Cow<'a, str>,
    /// The id the user gets: the source's where Appwrite accepts it, else derived from it.
    pub user_id: Cow<'a, str>,
    /// Trimmed and lower-cased.
    pub email: Option<Cow<'a, str>>,
    /// E.164.
    pub phone: Option<Cow<'a, str>>,
    /// The scheme's name; `none` for users without a password, `plain` for plain-text ones.
    pub scheme: &'static str,
    /// Every rewrite of the hash, in order.
    pub conversion: Vec<&'static str>,
    /// The request that creates the user.
    pub create: Create<'a>,
    /// The requests after it, in an order that never undoes an earlier one.
    pub steps: Vec<Step<'a>>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// The request that creates a user.
#[derive(Clone)]
pub struct Create<'a> {
    /// Where to.
    pub endpoint: Endpoint,
    /// The body.
    pub body: CreateBody<'a>,
}

/// The body of a create request, under Appwrite's names.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateBody<'a> {
    /// Always explicit, never `unique()`.
    pub user_id: Cow<'a, str>,
    /// Trimmed and lower-cased; required by all endpoints but `/users`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// Only `/users` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Cow<'a, str>>,
    /// 1 to 128 code points; omitted when empty, because `""` is a 400 and `null` a 500 on older versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The password members; `None` for users without a password.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordFields<'a>>,
}

/// A follow-up request. The order of the variants is the order of sending, but for a disabled user, whose
/// [`Step::Disable`] comes first.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<'a> {
    /// `PATCH /users/{id}/status` `{"status":false}`: right after the create, so that nobody gets in between.
    Disable,
    /// `PATCH /users/{id}/phone` `{"number":…}`; not idempotent on the server, and resets the phone's verification.
    Phone(Cow<'a, str>),
    /// `PATCH /users/{id}/verification` `{"emailVerification":true}`
    VerifyEmail,
    /// `PATCH /users/{id}/verification/phone` `{"phoneVerification":true}`
    VerifyPhone,
    /// `PUT /users/{id}/labels`
    Labels(Vec<Cow<'a, str>>),
    /// `PATCH /users/{id}/prefs`
    Prefs(serde_json::Map<String, serde_json::Value>),
}

/// What a record becomes.
#[derive(Debug, Clone)]
pub enum Planned<'a> {
    /// One create and its steps.
    Create(Box<Plan<'a>>),
    /// Nothing is sent.
    Refused {
        /// The source's own id.
        source_id: Cow<'a, str>,
        /// The address, where one is known.
        email: Option<Cow<'a, str>>,
        /// Why.
        refusal: Refusal,
    },
}

/// What the person wants, where there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Policies {
    /// `--ids`
    pub ids: Ids,
    /// `--unsupported`
    pub unsupported: Unsupported,
    /// `--duplicates`
    pub duplicates: Duplicates,
}

/// Where user ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// The source's id where Appwrite accepts it, a derived one otherwise.
    #[default]
    Keep,
    /// Always derived.
    Derive,
}

/// What happens to users whose hash no endpoint verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Unsupported {
    /// They are refused, and named.
    #[default]
    Skip,
    /// They are created without a password, and listed in needs-reset.csv.
    WithoutPassword,
}

/// What happens to records that share an id or an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// The first is taken, the others are refused.
    #[default]
    First,
    /// All of them are refused.
    Refuse,
}

impl std::fmt::Debug for Create<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Create").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Plans one account for one version of Appwrite.
#[must_use]
pub fn plan<'a>(account: Account<'a>, policies: Policies, profile: &Profile) -> Planned<'a> {
    let _ = (account, policies, profile);
    unreachable!("replaced before anything calls it")
}
