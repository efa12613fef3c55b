//! Changes of a user who is there: one attribute a request, whatever it was before.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::php::{same_members, same_set};
use super::user::User;

/// A change of one attribute. An address and a number reset their verification, so that comes after
/// them.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// `PATCH /users/{id}/status`
    Status(bool),
    /// `PATCH /users/{id}/email`; empty for none. Resets its verification.
    Email(String),
    /// `PATCH /users/{id}/verification`
    EmailVerification(bool),
    /// `PATCH /users/{id}/phone`; empty for none. Resets its verification.
    Phone(String),
    /// `PATCH /users/{id}/verification/phone`
    PhoneVerification(bool),
    /// `PATCH /users/{id}/name`; empty for none.
    Name(String),
    /// `PUT /users/{id}/labels`: all of them.
    Labels(Vec<String>),
    /// `PATCH /users/{id}/prefs`: all of them.
    Prefs(Map<String, Value>),
}

impl Edit {
    /// What it sets, for people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Email(_) => "e-mail",
            Self::EmailVerification(_) => "e-mail verification",
            Self::Phone(_) => "phone",
            Self::PhoneVerification(_) => "phone verification",
            Self::Name(_) => "name",
            Self::Labels(_) => "labels",
            Self::Prefs(_) => "preferences",
        }
    }

    pub(super) const fn method(&self) -> Method {
        if matches!(self, Self::Labels(_)) { Method::PUT } else { Method::PATCH }
    }

    /// The path below `/users/{id}`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Status(_) => "/status",
            Self::Email(_) => "/email",
            Self::EmailVerification(_) => "/verification",
            Self::Phone(_) => "/phone",
            Self::PhoneVerification(_) => "/verification/phone",
            Self::Name(_) => "/name",
            Self::Labels(_) => "/labels",
            Self::Prefs(_) => "/prefs",
        }
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Self::Status(enabled) => json!({"status": enabled}),
            Self::Email(address) => json!({"email": address}),
            Self::EmailVerification(verified) => json!({"emailVerification": verified}),
            Self::Phone(number) => json!({"number": number}),
            Self::PhoneVerification(verified) => json!({"phoneVerification": verified}),
            Self::Name(name) => json!({"name": name}),
            Self::Labels(labels) => json!({"labels": labels}),
            Self::Prefs(prefs) => json!({"prefs": prefs}),
        }
    }

    /// Whether the target's user has what this sets.
    #[must_use]
    pub fn is_shown_by(&self, user: &User) -> bool {
        match self {
            Self::Status(enabled) => user.status == Some(*enabled),
            Self::Email(address) => user.email == *address,
            Self::EmailVerification(verified) => user.email_verification == Some(*verified),
            Self::Phone(number) => user.phone == *number,
            Self::PhoneVerification(verified) => user.phone_verification == Some(*verified),
            Self::Name(name) => user.name == *name,
            Self::Labels(labels) => {
                let labels: Vec<_> = labels.iter().map(|label| label.as_str().into()).collect();
                same_set(&labels, &user.labels)
            }
            Self::Prefs(prefs) => same_members(prefs, &user.prefs),
        }
    }
}
