//! Known passwords, tried on the hashes of an export: offline, in parallel, each on its own user.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::clashes::Duplicates;
use super::planner::{PlannedItem, Planner, default_threads};
use super::{Planned, normalize};
use crate::account::{Credential, HashInput};
use crate::appwrite::{Profile, rules};
use crate::code::Code;
use crate::error::RunError;
use crate::event::Listener;
use crate::format::Value;
use crate::scheme::fitting::{self, Found, Sample};
use crate::scheme::known::{KnownPassword, Proof, prove};
use crate::scheme::{Kept, resolve};

/// What passwords known in advance proved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// Passwords that verify.
    pub proven: u64,
    /// Those that do not, or could not even be tried, with their owners: the person who brought their passwords knows them.
    pub wrong: Vec<Wrong>,
    /// Empty: what could not be tried is wrong, too. Older reports may have somebody here.
    #[serde(default)]
    pub untested: Vec<Wrong>,
    /// Of those that verify, the ones on a hash whose scheme was declared, which nothing but a password proves.
    #[serde(default)]
    pub declared: u64,
    /// What those fit, or that they fit nothing, whose hash does not say what made it: a sentence for each shape.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<String>,
    /// Whether something fits those of every shape.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fit: bool,
    /// The scheme by which some verify together with the secret that was named.
    #[serde(skip)]
    pub peppered: Option<&'static str>,
}

/// A known password that proved nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wrong {
    /// The address, or the id where the file names ids.
    pub email: String,
    /// The likely mistake, as a sentence.
    pub text: String,
    /// The hash itself is right: Appwrite refuses the password for its length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hash_is_right: bool,
    /// Nobody could try it: no such user, a record that is refused, or one that is created without a password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_tried: bool,
}

/// A hash that does not say what made it, and the other texts of its record.
pub type Bare = (HashInput<'static>, Vec<(String, String)>);

/// What was found of one known password's user.
struct Of {
    secret: Secret,
    bare: Option<Bare>,
}

/// What the plan holds for one known password.
enum Secret {
    Hash(Box<HashInput<'static>>),
    Plain(String),
    /// What the sign-in bridge will try passwords on.
    Kept(Box<Kept>),
    /// Nothing to try it on, and why.
    Nothing(String),
}

/// Finds the users of these passwords and proves each: on what is planned for them, so that a password of somebody who is
/// refused, or created without one, is wrong. The memory is bounded by the threads times what one hash takes.
///
/// # Errors
/// As [`Planner::scan`].
pub fn prove_all(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    known: &[KnownPassword],
    listener: &dyn Listener,
) -> Result<Known, RunError> {
    tried(planner, duplicates, known, listener).map(|(known, _)| known)
}

/// The same, with what was found for those whose hash does not say what made it.
///
/// # Errors
/// As [`Planner::scan`].
pub fn tried(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    known: &[KnownPassword],
    listener: &dyn Listener,
) -> Result<(Known, Vec<Found>), RunError> {
    let found = find(planner, duplicates, known, listener)?;
    let mut result = Known::default();
    let mut open = Vec::new();
    for (at, (pair, proof)) in known.iter().zip(prove_in_parallel(known, &found, planner.profile)).enumerate() {
        let email = pair.email.as_deref().or(pair.id.as_deref()).unwrap_or_default().to_owned();
        let bare = found.get(&at).and_then(|found| found.bare.as_ref());
        let (text, hash_is_right, not_tried) = match proof {
            Proof::Proven => {
                result.proven += 1;
                result.declared += u64::from(bare.is_some());
                continue;
            }
            Proof::Peppered(scheme) => {
                result.peppered = Some(scheme);
                let text = format!(
                    "the password is right with the application's secret (--scheme {scheme}): no endpoint of Appwrite knows it, the \
                     bridge does (--unsupported bridge)"
                );
                (text.into(), false, false)
            }
            Proof::Wrong(text) => (text, false, false),
            Proof::CannotSignIn(text) => (text, true, false),
            Proof::Untested(text) => (text, false, true),
        };
        if let Some((input, beside)) = bare.filter(|_| !hash_is_right) {
            open.push(Sample { input, beside, password: &pair.password });
        }
        result.wrong.push(Wrong { email, text: text.into_owned(), hash_is_right, not_tried });
    }
    // Where some verify, the others are of other passwords.
    let fits = if result.declared == 0 { fitting::find(&open) } else { Vec::new() };
    result.fits = fits.iter().map(Found::sentence).collect();
    if let Some(scheme) = result.peppered.filter(|_| result.proven == 0) {
        result.fits.push(format!(
            "the known passwords fit together with the secret that --pepper names: --scheme {scheme} --unsupported bridge"
        ));
    }
    result.fit = !fits.is_empty() && fits.iter().all(|found| found.fit.is_some());
    Ok((result, fits))
}

/// What is planned for the known users, by the number of the pair: the first record of each that is created counts, or the
/// first that is refused.
fn find(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    known: &[KnownPassword],
    listener: &dyn Listener,
) -> Result<HashMap<usize, Of>, RunError> {
    let mut emails: HashMap<String, Vec<usize>> = HashMap::new();
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, pair) in known.iter().enumerate() {
        match (&pair.email, &pair.id) {
            (Some(email), _) => emails.entry(normalize::email(email.as_str().into()).into_owned()).or_default().push(i),
            (None, Some(id)) => ids.entry(id).or_default().push(i),
            (None, None) => {}
        }
    }
    let (mut created, mut refused) = (HashMap::new(), HashMap::new());
    planner.scan(
        duplicates,
        listener,
        Vec::new,
        |batch: &mut Vec<(usize, bool, Of)>, item| {
            let (email, id) = match &*item.planned {
                Planned::Create(plan) => (plan.email.as_ref(), &plan.source_id),
                Planned::Refused(refused) => (refused.email.as_ref(), &refused.source_id),
            };
            let by_email = email.and_then(|email| emails.get(normalize::email(email.clone()).as_ref()));
            for i in by_email.into_iter().chain(ids.get(id.as_ref())).flatten() {
                batch.push((*i, matches!(item.planned, Planned::Create(_)), Of::item(item)));
            }
        },
        |batch| {
            for (i, is_created, found) in batch {
                if is_created { &mut created } else { &mut refused }.entry(i).or_insert(found);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for (i, found) in refused {
        created.entry(i).or_insert(found);
    }
    Ok(created)
}

impl Of {
    fn item(item: &PlannedItem<'_, '_>) -> Self {
        let hash = match item.credential {
            Some(Credential::Hash(input)) if fitting::is_bare(&input.hash) => Some(input.clone().into_owned()),
            _ => None,
        };
        let bare = hash.map(|input| {
            let mut beside = Vec::new();
            for (name, value) in item.record.iter().flat_map(|record| record.iter()) {
                texts(name, value, 3, &mut beside);
            }
            beside.retain(|(_, text)| *text != input.hash);
            (input, beside)
        });
        Self { secret: Secret::of(item), bare }
    }
}

/// What stands in a column, and in the members of its object.
fn texts(name: &str, value: &Value<'_>, depth: u8, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if depth > 0 => {
            members.iter().for_each(|(member, value)| texts(&format!("{name}.{member}"), value, depth - 1, into));
        }
        value => {
            into.extend(value.text().filter(|text| !text.is_empty()).map(|text| (name.to_owned(), text.into_owned())));
        }
    }
}

impl Secret {
    fn of(item: &PlannedItem<'_, '_>) -> Self {
        match (&*item.planned, item.credential) {
            (Planned::Create(plan), _) if plan.create.body.password.is_none() && plan.bridged.is_some() => plan
                .bridged
                .as_ref()
                .map_or_else(|| Self::Nothing(String::new()), |b| Self::Kept(Box::new(b.kept.clone()))),
            // What is said of a hash is found by trying: it may only want its scheme declared.
            (Planned::Refused(refused), Some(Credential::Hash(input))) if refused.refusal.scheme.is_some() => {
                Self::Hash(Box::new(input.clone().into_owned()))
            }
            (Planned::Refused(refused), Some(Credential::Hash(input)))
                if refused.refusal.code == Code::AmbiguousScheme =>
            {
                Self::Hash(Box::new(input.clone().into_owned()))
            }
            (Planned::Refused(refused), _) => Self::Nothing(format!("the record is refused: {}", refused.refusal.text)),
            (Planned::Create(plan), Some(Credential::None(note))) if plan.create.body.password.is_none() => {
                Self::Nothing(format!("created without a password: {}", note.text))
            }
            (Planned::Create(_), Some(Credential::Hash(input))) => Self::Hash(Box::new(input.clone().into_owned())),
            (Planned::Create(plan), Some(Credential::Plain(password))) if plan.create.body.password.is_some() => {
                Self::Plain(password.clone().into_owned())
            }
            (Planned::Create(_), _) => Self::Nothing("created without a password".to_owned()),
        }
    }
}

fn prove_in_parallel(known: &[KnownPassword], found: &HashMap<usize, Of>, profile: &Profile) -> Vec<Proof> {
    let proofs: Vec<Mutex<Proof>> = known
        .iter()
        .map(|_| Mutex::new(Proof::Untested("nobody in the export has this address or id".into())))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..default_threads().min(known.len()) {
            scope.spawn(|| {
                while let Some((i, pair)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, known.get(i)?)))
                {
                    if let (Some(found), Ok(mut proof)) = (found.get(&i), proofs[i].lock()) {
                        *proof = proof_of(&found.secret, &pair.password, profile);
                    }
                }
            });
        }
    });
    proofs.into_iter().map(|proof| proof.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).collect()
}

fn proof_of(secret: &Secret, password: &str, profile: &Profile) -> Proof {
    match secret {
        Secret::Hash(input) => prove(input, &resolve(input, profile), password, profile),
        Secret::Plain(plain) if plain != password => {
            Proof::Wrong("the export holds another password in plain text".into())
        }
        Secret::Plain(plain) if plain.len() < rules::PASSWORD_MIN => {
            Proof::CannotSignIn(format!("the password is {} bytes long and a login takes 8 to 256", plain.len()).into())
        }
        Secret::Plain(_) => Proof::Proven,
        Secret::Kept(kept) => match kept.verify(password.as_bytes()) {
            Some(true) => Proof::Proven,
            Some(false) => Proof::Wrong(format!("is no password of this {} hash", kept.scheme()).into()),
            None => Proof::Untested("the pepper that the hash was made with is not in the environment".into()),
        },
        Secret::Nothing(text) => Proof::Untested(text.clone().into()),
    }
}
