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
}

// The hash must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A page of a list of users.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The users, in the order of the query.
    pub users: Vec<User>,
}

impl User {
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

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text: Option<std::borrow::Cow<'de, str>> = Option::deserialize(deserializer)?;
    Ok(text.and_then(|text| moment(&text)))
}

/// A moment as Appwrite writes it, `2026-11-27T10:00:00.123+00:00`, in Unix milliseconds.
#[must_use]
pub fn moment(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}
