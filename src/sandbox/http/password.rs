//! What a project's policies say to a password: strength and dictionary to a typed one, personal data to whatever is
//! stored, history to a changed one.

use serde_json::Value;

use super::call::Call;
use crate::appwrite::addresses::EmailPolicies;
use crate::code::Code;
use crate::sandbox::data::common;
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::params::Rule;
use crate::sandbox::settings::{Emails, Settings};
use crate::scheme::verify::{Login, Stored, login};

/// The words of the dictionary's validator, wrong number and all.
const COMMON: &str =
    "Password must be between 8 and 265 characters long, and should not be one of the commonly used password.";

/// Whose personal data a password may not hold.
pub struct Person<'a> {
    /// The id.
    pub id: &'a str,
    /// The address.
    pub email: Option<&'a str>,
    /// The name.
    pub name: &'a str,
    /// The number.
    pub phone: Option<&'a str>,
}

impl<'a> From<&'a User> for Person<'a> {
    fn from(user: &'a User) -> Self {
        Self { id: &user.id, email: user.email.as_deref(), name: &user.name, phone: user.phone.as_deref() }
    }
}

impl Person<'_> {
    /// Whether the password holds any of it, in whatever case.
    fn is_in(&self, password: &str) -> bool {
        let password = password.to_lowercase();
        let holds = |data: &str| !data.is_empty() && data != "0" && password.contains(&data.to_lowercase());
        let email = self.email.unwrap_or_default();
        let phone = self.phone.unwrap_or_default();
        [self.id, email, email.split('@').next().unwrap_or_default(), self.name, phone.trim_start_matches('+')]
            .into_iter()
            .any(holds)
    }
}

/// Refuses a password with personal data, where the project does.
///
/// # Errors
/// 400 `password_personal_data`
pub fn refuse_personal(settings: &Settings, person: &Person<'_>, password: &str) -> ApiResult<()> {
    if settings.personal_data && person.is_in(password) { Err(ApiError::personal_data()) } else { Ok(()) }
}

/// The history of passwords with a new one, as long as the policy says; a JSON list.
pub fn remembered(settings: &Settings, history: &str, hash: &str) -> String {
    if settings.password_history == 0 {
        return history.to_owned();
    }
    let mut hashes: Vec<Value> = serde_json::from_str(history).unwrap_or_default();
    hashes.push(hash.into());
    let beyond = hashes.len().saturating_sub(settings.password_history);
    Value::Array(hashes.split_off(beyond)).to_string()
}

impl Call {
    /// A typed password that is going to be hashed, where one is given.
    ///
    /// # Errors
    /// 400 for one that is missing, too short, too long, too weak or too common.
    pub fn typed_password(&self, required: bool, allow_empty: bool) -> ApiResult<Option<String>> {
        let rule = Rule::PlainPassword { allow_empty, strength: &self.settings.strength };
        let given = if required {
            Some(self.required_text("password", rule)?)
        } else {
            super::call::owned(self.optional("password", rule)?)
        };
        match given {
            Some(password)
                if self.settings.pwned.enabled && self.settings.pwned.users && common::is_common(&password) =>
            {
                Err(ApiError::password_pwned())
            }
            Some(password) if self.settings.password_dictionary && common::is_common(&password) => {
                Err(ApiError::invalid("password", COMMON))
            }
            given => Ok(given),
        }
    }

    /// Refuses a password that the user had before, where the project does. Earlier hashes are compared in the way of the
    /// present one, as the server does it, so that some are not recognised.
    ///
    /// # Errors
    /// 400 `password_recently_used`
    pub async fn refuse_repeated(&self, user: &User, password: &str) -> ApiResult<()> {
        if self.settings.password_history == 0 || password.is_empty() {
            return Ok(());
        }
        let hashes: Vec<String> = serde_json::from_str(&user.password_history)?;
        let (hash, options, profile) = (user.hash.clone(), user.options(), self.traits().profile);
        let password = password.to_owned();
        let compare = move || {
            hashes.iter().any(|earlier| {
                let stored = Stored { hash: &hash, password: earlier, options: &options };
                login(stored, password.as_bytes(), profile) == Login::Match
            })
        };
        if self.state.hashing.run(compare).await? { Err(ApiError::recently_used()) } else { Ok(()) }
    }

    /// Refuses an address, where the project does.
    ///
    /// # Errors
    /// 400 `user_email_…`
    pub fn refuse_email(&self, email: &str) -> ApiResult<()> {
        let Emails { free, disposable, canonical, corporate } = self.settings.emails;
        let policies = EmailPolicies { disposable, free, aliased: canonical, not_corporate: corporate };
        match policies.refuse(email) {
            None => Ok(()),
            Some(Code::EmailDisposable) => Err(ApiError::email_disposable()),
            Some(Code::EmailFree) => Err(ApiError::email_free()),
            Some(Code::EmailAliased) => Err(ApiError::email_not_canonical()),
            Some(_) => Err(ApiError::email_not_corporate()),
        }
    }
}
