//! Who is at the target already, and in the way of whom: what `check` asks of a live target.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::client::{Client, Target};
use super::preflight::{Preflight, VALUES, chunks, preflight, refused_codes, users};
use super::wire::{cursor_after, equal, limit};
use crate::error::RunError;

/// What of a planned user has to be free at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The record's number.
    pub record: u64,
    /// The planned id.
    pub user_id: String,
    /// The planned address.
    pub email: Option<String>,
    /// The planned number.
    pub phone: Option<String>,
}

/// A planned user and one who is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The record's number.
    pub record: u64,
    /// `id`, `e-mail address` or `phone number`.
    pub what: &'static str,
    /// The id of the user who has it.
    pub user_id: String,
}

/// An attribute to query, its name for people, and its value in a claim.
type Field = (&'static str, &'static str, fn(&Claim) -> Option<&str>);

/// Asks who of these is in somebody's way, in three or four queries a hundred claims. `capitals` are [`ids_with_capitals`].
///
/// # Errors
/// [`RunError::target`]
#[expect(clippy::implicit_hasher, reason = "the map is made in this file")]
pub async fn collisions(
    client: &Client,
    claims: &[Claim],
    capitals: &HashMap<String, String>,
) -> Result<Vec<Collision>, RunError> {
    let mut found = Vec::new();
    let fields: [Field; 3] = [
        ("$id", "id", |claim| Some(&claim.user_id)),
        ("email", "e-mail address", |claim| claim.email.as_deref()),
        ("phone", "phone number", |claim| claim.phone.as_deref()),
    ];
    for (attribute, what, value) in fields {
        let valued: Vec<_> = claims.iter().filter_map(|claim| Some((claim, value(claim)?))).collect();
        for batch in chunks(&valued, |(_, value)| value.len()) {
            let values: Vec<_> = batch.iter().map(|(_, value)| *value).collect();
            let mut users = users(client, &[equal(attribute, &values), limit(VALUES)]).await?;
            if attribute == "$id" {
                users.extend(in_small_letters(client, &values).await?);
                let others =
                    values.iter().filter_map(|id| capitals.get(&id.to_ascii_lowercase()).filter(|other| other != id));
                users.extend(others.map(|id| json!({ "$id": id })));
            }
            for user in users {
                let has = user.get(attribute).and_then(Value::as_str).unwrap_or_default();
                let id = user.get("$id").and_then(Value::as_str).unwrap_or_default();
                let whose = batch.iter().filter(|(_, value)| value.eq_ignore_ascii_case(has));
                found.extend(whose.map(|(claim, _)| Collision { record: claim.record, what, user_id: id.to_owned() }));
            }
        }
    }
    found.sort_by_key(|collision| collision.record);
    Ok(found)
}

/// Users whose id is one of these in small letters, where it is not written so: see [`ids_with_capitals`].
async fn in_small_letters(client: &Client, ids: &[&str]) -> Result<Vec<Value>, RunError> {
    let small: Vec<String> =
        ids.iter().map(|id| id.to_ascii_lowercase()).filter(|small| !ids.contains(&small.as_str())).collect();
    if small.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<&str> = small.iter().map(String::as_str).collect();
    let mut found = users(client, &[equal("$id", &values), limit(VALUES)]).await?;
    // MariaDB has answered with the others already.
    found
        .retain(|user| user.get("$id").and_then(Value::as_str).is_some_and(|id| small.iter().any(|small| small == id)));
    Ok(found)
}

/// The ids at the target that hold capitals, by their small letters, where its database finds an id by its own spelling alone:
/// PostgreSQL, which takes no two that differ in case all the same. MariaDB finds them by any, and none has to be known.
///
/// # Errors
/// [`RunError::target`]
pub async fn ids_with_capitals(client: &Client) -> Result<HashMap<String, String>, RunError> {
    let mut ids = HashMap::new();
    let mut last: Option<String> = None;
    let mut asked = false;
    loop {
        let mut queries = vec![limit(VALUES)];
        queries.extend(last.as_deref().map(cursor_after));
        let page = users(client, &queries).await?;
        let of_page: Vec<&str> = page.iter().filter_map(|user| user.get("$id").and_then(Value::as_str)).collect();
        if !asked && let Some(id) = of_page.iter().find(|id| id.contains(|c: char| c.is_ascii_alphabetic())) {
            asked = true;
            let other: String = id.chars().map(in_other_case).collect();
            if !users(client, &[equal("$id", &[&other]), limit(1)]).await?.is_empty() {
                return Ok(HashMap::new());
            }
        }
        let capital = |id: &&&str| id.contains(|c: char| c.is_ascii_uppercase());
        ids.extend(of_page.iter().filter(capital).map(|id| (id.to_ascii_lowercase(), (*id).to_owned())));
        let next = of_page.last().map(|id| (*id).to_owned());
        if page.len() < VALUES || next.is_none() || next == last {
            return Ok(ids);
        }
        last = next;
    }
}

const fn in_other_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

/// The target for commands that are not asynchronous: a client with a runtime of its own.
pub struct Live {
    client: Client,
    runtime: tokio::runtime::Runtime,
    /// The target as it was found.
    pub preflight: Preflight,
    /// [`ids_with_capitals`], once somebody asks.
    capitals: OnceCell<HashMap<String, String>>,
}

impl Live {
    /// Connects, and asks everything that [`preflight`] asks.
    ///
    /// # Errors
    /// As [`preflight`], and [`RunError::usage`] for an endpoint that is none.
    pub fn connect(target: Target) -> Result<Self, RunError> {
        let client = Client::new(target, 4)?;
        let runtime = crate::runtime::errands()?;
        let preflight = runtime.block_on(preflight(&client))?;
        Ok(Self { client, runtime, preflight, capitals: OnceCell::new() })
    }

    /// The project that is asked.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.client.target()
    }

    /// [`refused_codes`]
    ///
    /// # Errors
    /// As [`refused_codes`].
    pub fn refused_codes(&self, codes: &BTreeSet<u16>) -> Result<BTreeSet<u16>, RunError> {
        self.runtime.block_on(refused_codes(&self.client, self.preflight.version, codes))
    }

    /// [`collisions`]
    ///
    /// # Errors
    /// As [`collisions`].
    pub fn collisions(&self, claims: &[Claim]) -> Result<Vec<Collision>, RunError> {
        let capitals = if let Some(capitals) = self.capitals.get() {
            capitals
        } else {
            let capitals = self.runtime.block_on(ids_with_capitals(&self.client))?;
            self.capitals.get_or_init(|| capitals)
        };
        self.runtime.block_on(collisions(&self.client, claims, capitals))
    }
}
