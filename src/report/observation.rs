//! What is kept of one record for counting: what becomes of it, and nothing secret.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::traps::TrapSet;
use crate::appwrite::Endpoint;
use crate::code::{Code, Note, Refusal, Severity};
use crate::format::Position;
use crate::plan::{Facts, Plan, Planned, Step};
use crate::scheme::cost::Cost;

/// The scheme of records that were refused before anybody looked at their hash.
pub const UNKNOWN: &str = "unknown";

/// What becomes of a record. Every record is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Created as the source has them, with nothing to be looked at.
    Ready,
    /// Created, but something deserves a look.
    Warning,
    /// Created without a usable password.
    NeedsReset,
    /// Nothing is created.
    Refused,
}

impl Outcome {
    /// All of them, best first.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Warning, Self::NeedsReset, Self::Refused];

    /// The outcome of a record that is created with these notes.
    #[must_use]
    pub fn of_notes(notes: &[Note]) -> Self {
        notes.iter().map(|note| note.code.severity()).fold(Self::Ready, |worst, severity| {
            worst.max(match severity {
                Severity::Info => Self::Ready,
                Severity::Warning => Self::Warning,
                // The code of a refusal beside a create: a policy made a user without a password of it.
                Severity::NeedsReset | Severity::Refused => Self::NeedsReset,
            })
        })
    }

    /// For headings.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Warning => "ready with a warning",
            Self::NeedsReset => "needs a reset",
            Self::Refused => "refused",
        }
    }
}

/// The members of [`SignIn`](super::summary::SignIn) that a record counts under.
#[derive(Debug, Clone, Copy)]
pub(super) enum Login {
    AsBefore,
    ThroughBridge,
    NoPassword,
    NoAddress,
    NeedsReset,
    Disabled,
    Refused,
}

/// What is kept of one record for counting: no secret, and nothing personal unless [`Observer::with_pii`].
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what is counted of a record, each by itself")]
pub struct Observation {
    /// The record's number, line, byte and file.
    pub position: Position,
    /// Why nothing is created, if so.
    pub refusal: Option<Box<Refusal>>,
    /// The notes of the plan or the refusal, with their codes.
    pub notes: Vec<Note>,
    /// The scheme's name; `none` without a password, `plain` for plain text, `unknown` where nothing says.
    pub scheme: &'static str,
    /// Where the user is created; `None` for refused records.
    pub endpoint: Option<Endpoint>,
    /// The hash's work factor.
    pub cost: Option<Cost>,
    /// Whether the hash is rewritten on the way.
    pub converted: bool,
    /// Requests the plan takes.
    pub requests: u32,
    /// The user is created disabled.
    pub disabled: bool,
    /// The user has an address to sign in with.
    pub address: bool,
    /// The user has a password to sign in with.
    pub password: bool,
    /// The labels the user gets.
    pub labels: Vec<String>,
    /// The year in which they signed up.
    pub created_year: Option<i16>,
    /// The calling code of the source's number.
    pub calling_code: Option<u16>,
    /// What could trip the user.
    pub traps: TrapSet,
    /// The user signs in through the bridge.
    pub bridged: bool,
    /// The user could, if the bridge was asked for.
    pub bridgeable: bool,
    /// The hash is of a digest that a person declared, and says itself nothing of what made it.
    pub declared: bool,
    /// E-mail or source id; only [`Observer::with_pii`].
    pub who: Option<String>,
}

/// What is still to be proved of a hash that is said to let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing.
    None,
    /// It is only taken for one of the bare password.
    Assumed,
    /// A person said which scheme it is of.
    Declared,
}

/// Makes an [`Observation`] of each planned record.
#[derive(Debug, Clone, Copy)]
pub struct Observer {
    /// The name of the source, as `--from` takes it.
    pub source: &'static str,
    /// `--with-pii`: keep addresses, ids, and sentences that may quote them.
    pub with_pii: bool,
}

impl Observer {
    /// A record that never became an account.
    #[must_use]
    pub fn refused(self, position: Position, refusal: Refusal) -> Observation {
        Observation {
            position,
            scheme: refusal.scheme.unwrap_or(UNKNOWN),
            refusal: Some(Box::new(self.impersonal_refusal(refusal))),
            notes: Vec::new(),
            endpoint: None,
            cost: None,
            converted: false,
            requests: 0,
            disabled: false,
            address: false,
            password: false,
            labels: Vec::new(),
            created_year: None,
            calling_code: None,
            traps: TrapSet::default(),
            bridged: false,
            bridgeable: false,
            declared: false,
            who: None,
        }
    }

    /// A record that was planned.
    #[must_use]
    pub fn planned(self, position: Position, facts: Facts, planned: &Planned<'_>) -> Observation {
        let who = |email: &Option<Cow<'_, str>>, id: &str| {
            self.with_pii.then(|| email.as_deref().unwrap_or(id).to_owned()).filter(|who| !who.is_empty())
        };
        match planned {
            Planned::Refused(refused) => Observation {
                created_year: facts.created_year,
                calling_code: facts.calling_code,
                bridgeable: facts.bridgeable,
                who: who(&refused.email, &refused.source_id),
                ..self.refused(position, refused.refusal.clone())
            },
            Planned::Create(plan) => {
                let create = &plan.create;
                let cost = create.body.password.as_ref().and_then(|fields| Cost::of(create.endpoint, fields));
                let mut traps = TrapSet::of_facts(facts);
                traps.add_plan(self.source, plan, cost);
                Observation {
                    position,
                    refusal: None,
                    notes: self.impersonal_notes(&plan.notes, plan.scheme),
                    scheme: plan.scheme,
                    endpoint: Some(create.endpoint),
                    cost,
                    converted: !plan.conversion.is_empty(),
                    requests: 1 + u32::try_from(plan.steps.len()).unwrap_or(u32::MAX - 1),
                    disabled: plan.steps.iter().any(|step| matches!(step, Step::Disable)),
                    address: plan.email.is_some(),
                    password: create.body.password.is_some(),
                    labels: labels(plan),
                    created_year: facts.created_year,
                    calling_code: facts.calling_code,
                    traps,
                    bridged: plan.bridged.is_some() && create.body.password.is_none(),
                    bridgeable: facts.bridgeable,
                    declared: self.is_declared(plan),
                    who: who(&plan.email, &plan.source_id),
                }
            }
        }
    }

    /// Whether a digest is of the scheme that a person says, in a table that nobody knows; what stood in
    /// braces, or behind a name, says it itself.
    fn is_declared(self, plan: &Plan<'_>) -> bool {
        let is_digest = matches!(plan.create.endpoint, Endpoint::Md5 | Endpoint::Sha);
        let says_itself = || plan.conversion.iter().any(|how| how.contains(['{', '$', ':']) || how.contains("recipe"));
        is_digest && matches!(self.source, "generic" | "mapping") && !says_itself()
    }

    // A sentence that was written when the program was compiled can quote nobody; one that was put together may.
    fn impersonal(self, text: Cow<'static, str>, instead: &'static str) -> Cow<'static, str> {
        match text {
            Cow::Owned(_) if !self.with_pii => Cow::Borrowed(instead),
            text => text,
        }
    }

    #[inline]
    fn impersonal_notes(self, notes: &[Note], scheme: &str) -> Vec<Note> {
        // Most plans have none.
        if notes.is_empty() {
            return Vec::new();
        }
        let impersonal = |note: &Note| match note.code {
            // Why a hash is not carried names its scheme and parameters, and nobody.
            Code::NeedsReset if scheme != "none" => note.clone(),
            _ => Note { text: self.impersonal(note.text.clone(), note.code.title()), ..*note },
        };
        notes.iter().map(impersonal).collect()
    }

    fn impersonal_refusal(self, refusal: Refusal) -> Refusal {
        // What is said of a hash names its scheme and parameters, and nobody.
        if refusal.scheme.is_some() {
            return refusal;
        }
        Refusal {
            text: self.impersonal(refusal.text, refusal.code.title()),
            hint: self.impersonal(refusal.hint, refusal.code.remedy()),
            ..refusal
        }
    }
}

impl Observation {
    /// Which outcome the record counts under.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.refusal.is_some() { Outcome::Refused } else { Outcome::of_notes(&self.notes) }
    }

    /// How the user stands before the login form, and what only a known password would prove of that.
    #[must_use]
    pub(super) fn sign_in(&self) -> (Login, Proof) {
        let of = match self.outcome() {
            Outcome::Refused => Login::Refused,
            _ if self.disabled => Login::Disabled,
            Outcome::NeedsReset => Login::NeedsReset,
            _ if self.bridged => Login::ThroughBridge,
            _ if !self.address => Login::NoAddress,
            _ if self.endpoint.is_none_or(|endpoint| endpoint == Endpoint::Plain) && self.scheme == "none" => {
                Login::NoPassword
            }
            Outcome::Ready | Outcome::Warning => {
                const GUESS: [Code; 4] =
                    [Code::SchemeAssumed, Code::PepperPossible, Code::SaltAssumed, Code::SignExtension];
                let noted = |codes: &[Code]| self.notes.iter().any(|note| codes.contains(&note.code));
                return match () {
                    () if self.declared => (Login::AsBefore, Proof::Declared),
                    () if noted(&GUESS) => (Login::AsBefore, Proof::Assumed),
                    () => (Login::AsBefore, Proof::None),
                };
            }
        };
        (of, Proof::None)
    }

    /// Says one more thing of a planned record.
    pub fn note(&mut self, observer: Observer, note: &Note) {
        self.notes.extend(observer.impersonal_notes(std::slice::from_ref(note), "none"));
    }

    /// Turns a planned record into a refused one: a duplicate, or one the target would not take.
    pub fn refuse(&mut self, observer: Observer, refusal: Refusal) {
        self.refusal = Some(Box::new(observer.impersonal_refusal(refusal)));
        self.notes.clear();
        self.endpoint = None;
        self.cost = None;
        self.converted = false;
        self.requests = 0;
        self.disabled = false;
        self.password = false;
        self.bridged = false;
        self.bridgeable = false;
        self.declared = false;
        self.labels.clear();
        self.traps = TrapSet::default();
    }
}

/// The labels that a plan gives.
fn labels(plan: &Plan<'_>) -> Vec<String> {
    match plan.steps.iter().find_map(|step| if let Step::Labels(labels) = step { Some(labels) } else { None }) {
        Some(given) => given.iter().map(|label| label.clone().into_owned()).collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_put_together_at_run_time_stay_out_unless_asked_for() {
        let refusal = || Refusal::new(Code::InvalidEmail, format!("`{}` has no domain", "alice"));
        let text = |with_pii| {
            let observer = Observer { source: "firebase", with_pii };
            observer.refused(Position::default(), refusal()).refusal.map(|r| r.text.into_owned())
        };
        assert_eq!(text(false).as_deref(), Some(Code::InvalidEmail.title()));
        assert_eq!(text(true).as_deref(), Some("`alice` has no domain"));
    }
}
