//! Known passwords, tried on the hashes of an export: offline, in parallel, each on its own user.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::normalize;
use super::planner::default_threads;
use crate::account::{Account, Credential, HashInput};
use crate::appwrite::{Profile, rules};
use crate::error::RunError;
use crate::event::Listener;
use crate::read::Export;
use crate::scheme::known::{KnownPassword, Proof, prove};
use crate::scheme::resolve;

/// What passwords known in advance proved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// Passwords that verify.
    pub proven: u64,
    /// Those that do not, with their owners: the person who brought their passwords knows them.
    pub wrong: Vec<Wrong>,
    /// Those whose user is not in the export, or has no hash that could be tried.
    #[serde(default)]
    pub untested: Vec<Wrong>,
}

/// A known password that proved nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wrong {
    /// The address, or the id where the file names ids.
    pub email: String,
    /// What it may be due to.
    pub text: String,
    /// The hash itself is right: Appwrite refuses the password for its length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hash_is_right: bool,
}

/// What the export holds for one known password.
enum Found {
    Hash(Box<HashInput<'static>>),
    Plain(String),
    None(String),
}

/// Finds the users of these passwords and proves each. The memory is bounded by the threads times what one hash takes.
///
/// # Errors
/// As [`Export::scan`].
pub fn prove_all(
    export: &Export,
    profile: &Profile,
    known: &[KnownPassword],
    listener: &dyn Listener,
) -> Result<Known, RunError> {
    let found = find(export, known, listener)?;
    let mut result = Known::default();
    for (pair, proof) in known.iter().zip(prove_in_parallel(known, &found, profile)) {
        let email = pair.email.as_deref().or(pair.id.as_deref()).unwrap_or_default().to_owned();
        let (list, text, hash_is_right) = match proof {
            Proof::Proven => {
                result.proven += 1;
                continue;
            }
            Proof::Wrong(text) => (&mut result.wrong, text, false),
            Proof::CannotSignIn(text) => (&mut result.wrong, text, true),
            Proof::Untested(text) => (&mut result.untested, text, false),
        };
        list.push(Wrong { email, text: text.into_owned(), hash_is_right });
    }
    Ok(result)
}

/// The credentials of the known users, by the number of the pair; the first record of each user counts.
fn find(export: &Export, known: &[KnownPassword], listener: &dyn Listener) -> Result<HashMap<usize, Found>, RunError> {
    let mut emails: HashMap<String, Vec<usize>> = HashMap::new();
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, pair) in known.iter().enumerate() {
        match (&pair.email, &pair.id) {
            (Some(email), _) => emails.entry(normalize::email(email.as_str().into()).into_owned()).or_default().push(i),
            (None, Some(id)) => ids.entry(id).or_default().push(i),
            (None, None) => {}
        }
    }
    let mut found = HashMap::new();
    export.scan(
        default_threads(),
        listener,
        Vec::new,
        |batch: &mut Vec<(usize, Found)>, item| {
            let Ok(account) = &item.account else { return };
            let by_email = account.email.clone().and_then(|e| emails.get(normalize::email(e).as_ref()));
            let by_id = ids.get(account.source_id.as_ref());
            for i in by_email.into_iter().chain(by_id).flatten() {
                batch.push((*i, Found::of(account)));
            }
        },
        |batch| {
            for (i, credential) in batch {
                found.entry(i).or_insert(credential);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

impl Found {
    fn of(account: &Account<'_>) -> Self {
        match &account.credential {
            Credential::Hash(input) => Self::Hash(Box::new(input.clone().into_owned())),
            Credential::Plain(password) => Self::Plain(password.clone().into_owned()),
            Credential::None(note) => Self::None(note.text.clone().into_owned()),
        }
    }
}

fn prove_in_parallel(known: &[KnownPassword], found: &HashMap<usize, Found>, profile: &Profile) -> Vec<Proof> {
    let proofs: Vec<Mutex<Proof>> =
        known.iter().map(|_| Mutex::new(Proof::Untested("no user of the export has this name".into()))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..default_threads().min(known.len()) {
            scope.spawn(|| {
                while let Some((i, pair)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, known.get(i)?)))
                {
                    if let (Some(credential), Ok(mut proof)) = (found.get(&i), proofs[i].lock()) {
                        *proof = proof_of(credential, &pair.password, profile);
                    }
                }
            });
        }
    });
    proofs.into_iter().map(|proof| proof.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).collect()
}

fn proof_of(credential: &Found, password: &str, profile: &Profile) -> Proof {
    match credential {
        Found::Hash(input) => prove(input, &resolve(input, profile), password, profile),
        Found::Plain(plain) if plain != password => {
            Proof::Wrong("the export holds another password in plain text".into())
        }
        Found::Plain(plain) if plain.len() < rules::PASSWORD_MIN => {
            Proof::CannotSignIn(format!("the password is {} bytes long and a login takes 8 to 256", plain.len()).into())
        }
        Found::Plain(_) => Proof::Proven,
        Found::None(text) => Proof::Untested(text.clone().into()),
    }
}
