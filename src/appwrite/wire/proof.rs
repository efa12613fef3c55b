//! What an answer has to show before it is believed: anybody on the way can say 200.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use xxhash_rust::xxh3::xxh3_64;

use super::php::{same_members, same_set};
use super::user::User;
use super::{Create, Edit, Step};
use crate::appwrite::Endpoint;
use crate::appwrite::answer::Answer;

/// What proves that a request was carried out.
#[derive(Clone)]
pub enum Proof {
    /// The user's own id, and as far as the answer shows them the hash that was sent and how it is verified.
    Created {
        /// The user's id.
        id: String,
        /// The algorithm's name in the answer, and a digest of the hash; `None` for what the server hashes itself.
        hash: Option<(&'static str, u64)>,
    },
    /// The user's own id.
    User(String),
    /// The same, or the id in other case: of whom MariaDB finds by it.
    UserInAnyCase(String),
    /// The user's own id, and what the step set.
    Step(String, Step<'static>),
    /// The user's own id, and what the change set.
    Edit(String, Edit),
    /// A JSON object with this member.
    Member(&'static str),
    /// No body at all.
    Nothing,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Created { .. } => f.write_str("the user with the hash that was sent"),
            Self::User(_) | Self::UserInAnyCase(_) => f.write_str("the user"),
            Self::Step(_, step) => write!(f, "what was set ({})", step.name()),
            Self::Edit(_, edit) => write!(f, "what was set ({})", edit.name()),
            Self::Member(name) => write!(f, "`{name}`"),
            Self::Nothing => f.write_str("that it is Appwrite's"),
        }
    }
}

/// Which members of a created user an answer leaves out, that prove more than the id.
#[derive(Deserialize)]
struct Unshown {
    #[serde(default = "yes", deserialize_with = "no_if_there")]
    hash: bool,
    #[serde(default = "yes", deserialize_with = "no_if_there")]
    password: bool,
}

const fn yes() -> bool {
    true
}

/// `null` shows nothing either.
fn no_if_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_none())
}

impl Proof {
    /// What proves this create.
    #[must_use]
    pub fn of(create: &Create<'_>) -> Self {
        let fields = create.body.password.as_ref().filter(|_| create.endpoint != Endpoint::Plain);
        let hash = fields.map(|fields| (create.endpoint.stored_as(), xxh3_64(fields.password.as_bytes())));
        Self::Created { id: create.body.user_id.as_ref().to_owned(), hash }
    }

    /// Whether a 2xx shows it.
    #[must_use]
    pub fn holds(&self, answer: &Answer) -> bool {
        let user = || answer.user();
        match self {
            Self::Created { id, hash } => user().is_some_and(|user| {
                let shows = |(hash, digest): (&str, u64)| {
                    let all = user.hash == hash && xxh3_64(user.password.as_bytes()) == digest;
                    all || answer.read::<Unshown>().is_some_and(|unshown| {
                        (unshown.hash || user.hash == hash)
                            && (unshown.password || xxh3_64(user.password.as_bytes()) == digest)
                    })
                };
                user.id == *id && hash.is_none_or(shows)
            }),
            Self::User(id) => user().is_some_and(|user| user.id == *id),
            Self::UserInAnyCase(id) => user().is_some_and(|user| user.id.eq_ignore_ascii_case(id)),
            // Answered with the preferences alone.
            Self::Step(_, Step::Prefs(prefs)) | Self::Edit(_, Edit::Prefs(prefs)) => {
                answer.body.starts_with(b"{") && same_members(prefs, &answer.json())
            }
            Self::Step(id, step) => user().is_some_and(|user| user.id == *id && step.is_shown_by(user)),
            Self::Edit(id, edit) => user().is_some_and(|user| user.id == *id && edit.is_shown_by(user)),
            Self::Member(name) => has_member(&answer.body, name),
            Self::Nothing => answer.body.is_empty(),
        }
    }
}

/// Whether this is a JSON object with such a member. Nothing of it is kept: a page of users is read once more by whoever wants
/// them.
fn has_member(body: &[u8], name: &str) -> bool {
    struct Members<'n>(&'n str);

    impl<'de> Visitor<'de> for Members<'_> {
        type Value = bool;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
            let mut found = false;
            while let Some(name) = members.next_key::<Cow<'_, str>>()? {
                found |= name == self.0;
                members.next_value::<IgnoredAny>()?;
            }
            Ok(found)
        }
    }

    let mut body = serde_json::Deserializer::from_slice(body);
    let found = serde::Deserializer::deserialize_map(&mut body, Members(name));
    found.is_ok_and(|found| found && body.end().is_ok())
}

impl Step<'_> {
    /// What it sets, for people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Step::Disable => "status",
            Step::Phone(_) => "phone",
            Step::Prefs(_) => "preferences",
            Step::VerifyEmail => "e-mail verification",
            Step::VerifyPhone => "phone verification",
            Step::Labels(_) => "labels",
        }
    }

    /// Whether the target's user has what this sets.
    #[must_use]
    pub fn is_shown_by(&self, user: &User) -> bool {
        match self {
            Step::Disable => user.status == Some(false),
            Step::Phone(number) => user.phone == **number,
            Step::Prefs(prefs) => same_members(prefs, &user.prefs),
            Step::VerifyEmail => user.email_verification == Some(true),
            Step::VerifyPhone => user.phone_verification == Some(true),
            Step::Labels(labels) => same_set(labels, &user.labels),
        }
    }
}
