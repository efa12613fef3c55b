//! A user as the server returns them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The members of Appwrite's user document that rehome looks at. `hashOptions`, `email*` and `impersonator*` are not among
/// them: they differ between versions of the server for the same user (rule 11 of its versions). Holds the hash.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `$id`: 1 to 36 characters, unique within the project.
    #[serde(rename = "$id")]
    pub id: String,
    /// When the server created the user, by its own clock, in Unix milliseconds.
    #[serde(rename = "$createdAt", default, deserialize_with = "millis")]
    pub created_at: Option<i64>,
    /// When anything of the user last changed, likewise.
    #[serde(rename = "$updatedAt", default, deserialize_with = "millis")]
    pub updated_at: Option<i64>,
    /// The address; empty for none.
    #[serde(default, deserialize_with = "text")]
    pub email: String,
    /// The number; empty for none.
    #[serde(default, deserialize_with = "text")]
    pub phone: String,
    /// The name; empty for none.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// The scheme's name at the server, `bcrypt`.
    #[serde(default, deserialize_with = "text")]
    pub hash: String,
    /// The stored hash; empty for none.
    #[serde(default, deserialize_with = "text")]
    pub password: String,
    /// When the password was last set, likewise; a re-hash at a sign-in does not touch it.
    #[serde(default, deserialize_with = "millis")]
    pub password_update: Option<i64>,
    /// Whether the user may sign in.
    #[serde(default)]
    pub status: Option<bool>,
    /// Whether the address is verified.
    #[serde(default)]
    pub email_verification: Option<bool>,
    /// Whether the number is verified.
    #[serde(default)]
    pub phone_verification: Option<bool>,
    /// A list of strings.
    #[serde(default)]
    pub labels: Value,
    /// An object; an empty one comes as an empty list.
    #[serde(default)]
    pub prefs: Value,
    /// Whether the user has switched on a second factor.
    #[serde(default)]
    pub mfa: Option<bool>,
    /// Where the user can be written to: Appwrite makes one for the address and one for the number.
    #[serde(default, deserialize_with = "targets")]
    pub targets: Vec<UserTarget>,
}

/// Where a user can be written to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTarget {
    /// `email`, `sms`, `push`.
    #[serde(default, deserialize_with = "text")]
    pub provider_type: String,
    /// The address, the number, or a device's token.
    #[serde(default, deserialize_with = "text")]
    pub identifier: String,
}

// The hash must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A page of a list of users, of whom as much is read as is of use.
#[derive(Debug, Deserialize)]
pub struct Page<U = User> {
    /// The users, in the order of the query.
    pub users: Vec<U>,
}

/// Who somebody is, and since when: the rest of the document is passed over.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// `$id`
    #[serde(rename = "$id")]
    pub id: String,
    /// When the server created the user, by its own clock, in Unix milliseconds.
    #[serde(rename = "$createdAt", default, deserialize_with = "millis")]
    pub created_at: Option<i64>,
}

impl User {
    /// Whether the document has what every user has: one without is no answer of Appwrite's.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.status.is_some() && self.created_at.is_some() && self.updated_at.is_some()
    }

    /// Whether somebody set a password after the user was created. Both moments are the server's, and it takes the first
    /// before the second; servers that write the user in another order take it a little later.
    #[must_use]
    pub fn has_new_password(&self) -> bool {
        const APART: i64 = 100;
        matches!((self.password_update, self.created_at), (Some(set), Some(created)) if set > created + APART)
    }

    /// What a user has beside what a create and its follow-ups make, in words.
    #[must_use]
    pub fn extras(&self) -> Vec<String> {
        let mut extras = Vec::new();
        if self.mfa == Some(true) {
            extras.push("a second factor is switched on".to_owned());
        }
        for target in &self.targets {
            if target.identifier != self.email && target.identifier != self.phone {
                extras.push(format!("has another {} target", target.provider_type));
            }
        }
        extras
    }

    /// When the user last changed, for people; empty if the server did not say.
    #[must_use]
    pub fn changed_at(&self) -> String {
        let moment = self.updated_at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        moment.map(|at| format!("{at:.3}")).unwrap_or_default()
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserTarget>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text: Option<std::borrow::Cow<'de, str>> = Option::deserialize(deserializer)?;
    Ok(text.and_then(|text| moment(&text)))
}

/// A moment as Appwrite writes it, `2026-11-27T10:00:00.123+00:00`, in Unix milliseconds.
#[must_use]
pub fn moment(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}
