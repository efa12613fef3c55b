//! What goes over the wire, typed: the requests of the Users API that rehome sends, and the users it reads back. Plans are
//! made of these; HTTP is made of them in [`request`], and nowhere else.

pub mod edit;
pub mod php;
pub mod proof;
pub mod request;
pub mod user;

pub use edit::Edit;
pub use request::{Kind, Request, cursor_after, equal, limit};
pub use user::User;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Endpoint;

/// The request that creates a user.
#[derive(Clone)]
pub struct Create<'a> {
    /// The create endpoint, which decides how the password is verified.
    pub endpoint: Endpoint,
    /// The members of the JSON body.
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
    /// `PATCH /users/{id}/prefs`
    Prefs(Map<String, Value>),
    /// `PATCH /users/{id}/verification` `{"emailVerification":true}`
    VerifyEmail,
    /// `PATCH /users/{id}/verification/phone` `{"phoneVerification":true}`
    VerifyPhone,
    /// `PUT /users/{id}/labels`
    Labels(Vec<Cow<'a, str>>),
}

impl std::fmt::Debug for Create<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Create").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Create<'_> {
    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Create<'static> {
        let CreateBody { user_id, email, phone, name, password } = self.body;
        let body = CreateBody {
            user_id: owned(user_id),
            email: email.map(owned),
            phone: phone.map(owned),
            name: name.map(owned),
            password: password.map(PasswordFields::into_owned),
        };
        Create { endpoint: self.endpoint, body }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Step<'_> {
    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Step::Labels(_) => "PUT",
            _ => "PATCH",
        }
    }

    /// The path below `/users/{id}`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Step::Disable => "/status",
            Step::Phone(_) => "/phone",
            Step::VerifyEmail => "/verification",
            Step::VerifyPhone => "/verification/phone",
            Step::Labels(_) => "/labels",
            Step::Prefs(_) => "/prefs",
        }
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Step::Disable => json!({"status": false}),
            Step::Phone(number) => json!({"number": number}),
            Step::VerifyEmail => json!({"emailVerification": true}),
            Step::VerifyPhone => json!({"phoneVerification": true}),
            Step::Labels(labels) => json!({"labels": labels}),
            Step::Prefs(prefs) => json!({"prefs": prefs}),
        }
    }

    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Step<'static> {
        match self {
            Step::Disable => Step::Disable,
            Step::Phone(number) => Step::Phone(owned(number)),
            Step::VerifyEmail => Step::VerifyEmail,
            Step::VerifyPhone => Step::VerifyPhone,
            Step::Labels(labels) => Step::Labels(labels.into_iter().map(owned).collect()),
            Step::Prefs(prefs) => Step::Prefs(prefs),
        }
    }
}

/// The password members of a create body, under Appwrite's names.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordFields<'a> {
    /// The hash (or the plain password for [`Endpoint::Plain`]).
    pub password: Cow<'a, str>,
    /// `/sha`: the algorithm, exact lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_version: Option<&'static str>,
    /// `/scrypt`: the salt's text; `/scrypt-modified`: standard base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_salt: Option<Cow<'a, str>>,
    /// `/scrypt-modified`: standard base64, not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_salt_separator: Option<Cow<'a, str>>,
    /// `/scrypt-modified`: standard base64, not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_signer_key: Option<Cow<'a, str>>,
    /// `/scrypt`: N itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_cpu: Option<u32>,
    /// `/scrypt`: r.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_memory: Option<u32>,
    /// `/scrypt`: p.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_parallel: Option<u32>,
    /// `/scrypt`: output length in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_length: Option<u32>,
}

impl PasswordFields<'_> {
    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> PasswordFields<'static> {
        PasswordFields {
            password: owned(self.password),
            password_version: self.password_version,
            password_salt: self.password_salt.map(owned),
            password_salt_separator: self.password_salt_separator.map(owned),
            password_signer_key: self.password_signer_key.map(owned),
            password_cpu: self.password_cpu,
            password_memory: self.password_memory,
            password_parallel: self.password_parallel,
            password_length: self.password_length,
        }
    }

    /// The `hashOptions` that Appwrite keeps for a create with these fields, as a login reads them.
    #[must_use]
    pub fn options(&self) -> Map<String, Value> {
        let text = |value: &Option<Cow<'_, str>>| value.as_deref().map(Value::from);
        [
            ("version", self.password_version.map(Value::from)),
            ("salt", text(&self.password_salt)),
            ("saltSeparator", text(&self.password_salt_separator)),
            ("signerKey", text(&self.password_signer_key)),
            ("costCpu", self.password_cpu.map(Value::from)),
            ("costMemory", self.password_memory.map(Value::from)),
            ("costParallel", self.password_parallel.map(Value::from)),
            ("length", self.password_length.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}
