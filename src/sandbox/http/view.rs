//! What an answer shows of a user: by who asks, by the version, and by the form that the client wants.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::appwrite::Version;
use crate::appwrite::addresses::Address;
use crate::sandbox::data::target::Target;
use crate::sandbox::data::user::User;
use crate::sandbox::traits::Traits;

/// What an answer shows of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The holder of a key: with the hash.
    Server,
    /// The user: without.
    Owner,
}

/// A user as an answer shows it.
pub struct UserView<'a> {
    pub user: &'a User,
    pub targets: &'a [Target],
    pub traits: &'a Traits,
    pub audience: Audience,
    /// The version in whose form the client wants it: what came later is left out.
    pub format: Option<Version>,
}

impl UserView<'_> {
    fn has(&self, since: Version) -> bool {
        self.format.is_none_or(|format| format >= since)
    }
}

impl Serialize for UserView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let user = self.user;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$id", &user.id)?;
        map.serialize_entry("$createdAt", &user.created)?;
        map.serialize_entry("$updatedAt", &user.updated)?;
        map.serialize_entry("name", &user.name)?;
        if self.audience == Audience::Server {
            map.serialize_entry("password", &user.password)?;
            map.serialize_entry("hash", &user.hash)?;
            map.serialize_entry("hashOptions", &raw(&user.hash_options))?;
        }
        map.serialize_entry("registration", &user.registration)?;
        map.serialize_entry("status", &user.status)?;
        map.serialize_entry("labels", &raw(&user.labels))?;
        map.serialize_entry("passwordUpdate", or_empty(user.password_update.as_ref()))?;
        if self.traits.password_pwned_field {
            map.serialize_entry("passwordPwned", &user.password_pwned)?;
        }
        map.serialize_entry("email", or_empty(user.email.as_ref()))?;
        map.serialize_entry("phone", or_empty(user.phone.as_ref()))?;
        map.serialize_entry("emailVerification", &user.email_verification)?;
        if self.traits.email_and_impersonator_fields {
            let address = user.email.as_deref().and_then(Address::parse);
            map.serialize_entry("emailCanonical", &address.as_ref().map(Address::canonical))?;
            map.serialize_entry("emailIsFree", &address.as_ref().map(Address::is_free))?;
            map.serialize_entry("emailIsDisposable", &address.as_ref().map(Address::is_disposable))?;
            map.serialize_entry("emailIsCorporate", &address.as_ref().map(Address::is_corporate))?;
            map.serialize_entry("emailIsCanonical", &address.as_ref().map(Address::is_canonical))?;
        }
        map.serialize_entry("phoneVerification", &user.phone_verification)?;
        let has_targets = self.has(Version::new(1, 5, 0));
        if has_targets {
            map.serialize_entry("mfa", &user.mfa)?;
        }
        map.serialize_entry("prefs", &raw(&user.prefs))?;
        if has_targets {
            map.serialize_entry("targets", self.targets)?;
        }
        map.serialize_entry("accessedAt", or_empty(user.accessed_at.as_ref()))?;
        if self.traits.email_and_impersonator_fields && self.has(Version::new(1, 9, 0)) {
            map.serialize_entry("impersonator", &user.impersonator)?;
            map.serialize_entry("impersonatorUserId", &())?;
        }
        map.end()
    }
}

fn or_empty(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

/// JSON from the store, as it stands there.
pub fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}
