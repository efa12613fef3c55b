//! Counting records as they pass. A [`Tally`] is cheap to update, can be merged, and does not grow with the export.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::loss::Columns;
use super::small_map::SmallMap;
use super::summary::{Outcomes, SignIn};
use super::traps::{Trap, TrapSet};
use crate::appwrite::Endpoint;
use crate::code::{Code, Note, Refusal, Severity};
use crate::format::{Position, Record};
use crate::plan::{Facts, Plan, Planned, Step};
use crate::scheme::cost::Cost;

/// Problems of one kind that are kept with their position; all of them stand in `rejects.log.ndjson`.
pub const KEPT_PROBLEMS: usize = 50;
/// The scheme of records that were refused before anybody looked at their hash.
pub const UNKNOWN: &str = "unknown";
/// Different labels counted apart.
const KEPT_LABELS: usize = 256;
/// Different work factors counted apart within one scheme.
const KEPT_COSTS: usize = 64;

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

/// What is kept of one record for counting: no secret, and nothing personal unless [`Observer::with_pii`].
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what is counted of a record, each by itself")]
pub struct Observation {
    /// The record's number, line, byte and file.
    pub position: Position,
    /// Why nothing is created, if so.
    pub refusal: Option<Refusal>,
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
    pub labels: SmallVec<[String; 2]>,
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
    /// E-mail or source id; only [`Observer::with_pii`].
    pub who: Option<String>,
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
            refusal: Some(self.impersonal_refusal(refusal)),
            notes: Vec::new(),
            endpoint: None,
            cost: None,
            converted: false,
            requests: 0,
            disabled: false,
            address: false,
            password: false,
            labels: SmallVec::new(),
            created_year: None,
            calling_code: None,
            traps: TrapSet::default(),
            bridged: false,
            bridgeable: false,
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
                    notes: self.impersonal_notes(&plan.notes),
                    scheme: plan.scheme,
                    endpoint: Some(create.endpoint),
                    cost,
                    converted: !plan.conversion.is_empty(),
                    requests: 1 + u32::try_from(plan.steps.len()).unwrap_or(u32::MAX - 1),
                    disabled: plan.steps.contains(&Step::Disable),
                    address: plan.email.is_some(),
                    password: create.body.password.is_some(),
                    labels: labels(plan),
                    created_year: facts.created_year,
                    calling_code: facts.calling_code,
                    traps,
                    bridged: plan.bridged.is_some() && create.body.password.is_none(),
                    bridgeable: facts.bridgeable,
                    who: who(&plan.email, &plan.source_id),
                }
            }
        }
    }

    // A sentence that was written when the program was compiled can quote nobody; one that was put together may.
    fn impersonal(self, text: Cow<'static, str>, instead: &'static str) -> Cow<'static, str> {
        match text {
            Cow::Owned(_) if !self.with_pii => Cow::Borrowed(instead),
            text => text,
        }
    }

    #[inline]
    fn impersonal_notes(self, notes: &[Note]) -> Vec<Note> {
        // Most plans have none.
        if notes.is_empty() {
            return Vec::new();
        }
        let impersonal = |note: &Note| Note { text: self.impersonal(note.text.clone(), note.code.title()), ..*note };
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

    /// How the user stands before the login form, and whether what is said of their hash is only likely.
    #[must_use]
    fn sign_in(&self) -> (Login, bool) {
        match self.outcome() {
            Outcome::Refused => (Login::Refused, false),
            _ if self.disabled => (Login::Disabled, false),
            Outcome::NeedsReset => (Login::NeedsReset, false),
            _ if self.bridged => (Login::ThroughBridge, false),
            _ if !self.address => (Login::NoAddress, false),
            _ if self.endpoint.is_none_or(|endpoint| endpoint == Endpoint::Plain) && self.scheme == "none" => {
                (Login::NoPassword, false)
            }
            Outcome::Ready | Outcome::Warning => {
                let guess = [Code::SchemeAssumed, Code::PepperPossible, Code::SaltAssumed, Code::SignExtension];
                (Login::AsBefore, self.notes.iter().any(|note| guess.contains(&note.code)))
            }
        }
    }

    /// Says one more thing of a planned record.
    pub fn note(&mut self, observer: Observer, note: &Note) {
        self.notes.extend(observer.impersonal_notes(std::slice::from_ref(note)));
    }

    /// Turns a planned record into a refused one: a duplicate, or one the target would not take.
    pub fn refuse(&mut self, observer: Observer, refusal: Refusal) {
        self.refusal = Some(observer.impersonal_refusal(refusal));
        self.notes.clear();
        self.endpoint = None;
        self.cost = None;
        self.converted = false;
        self.requests = 0;
        self.disabled = false;
        self.password = false;
        self.bridged = false;
        self.bridgeable = false;
        self.labels.clear();
        self.traps = TrapSet::default();
    }
}

impl Outcomes {
    /// All records.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.ready + self.warning + self.needs_reset + self.refused
    }

    /// Records of one outcome.
    #[must_use]
    pub const fn of(self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Ready => self.ready,
            Outcome::Warning => self.warning,
            Outcome::NeedsReset => self.needs_reset,
            Outcome::Refused => self.refused,
        }
    }
}

/// The members of [`SignIn`] that a record counts under.
#[derive(Debug, Clone, Copy)]
enum Login {
    AsBefore,
    ThroughBridge,
    NoPassword,
    NoAddress,
    NeedsReset,
    Disabled,
    Refused,
}

impl SignIn {
    fn add(&mut self, one: Login) {
        *match one {
            Login::AsBefore => &mut self.as_before,
            Login::ThroughBridge => &mut self.through_bridge,
            Login::NoPassword => &mut self.no_password,
            Login::NoAddress => &mut self.no_address,
            Login::NeedsReset => &mut self.needs_reset,
            Login::Disabled => &mut self.disabled,
            Login::Refused => &mut self.refused,
        } += 1;
    }

    /// Adds the records of another part.
    pub(super) const fn merge(&mut self, other: Self) {
        self.as_before += other.as_before;
        self.through_bridge += other.through_bridge;
        self.assumed += other.assumed;
        self.no_password += other.no_password;
        self.no_address += other.no_address;
        self.needs_reset += other.needs_reset;
        self.disabled += other.disabled;
        self.refused += other.refused;
    }

    /// All records.
    #[must_use]
    pub const fn total(self) -> u64 {
        let others = self.no_password + self.no_address + self.needs_reset + self.disabled + self.refused;
        self.as_before + self.through_bridge + others
    }
}

/// The labels that a plan gives.
fn labels(plan: &Plan<'_>) -> SmallVec<[String; 2]> {
    let given = plan.steps.iter().find_map(|step| if let Step::Labels(labels) = step { Some(labels) } else { None });
    given.into_iter().flatten().map(|label| label.clone().into_owned()).collect()
}

/// A kind of problem: its code, what it means for the user, and the scheme where the hash is the reason.
pub type Reason = (Severity, Code, Option<&'static str>);

/// Everything that is counted. The counts do not depend on the order in which tallies are merged.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub(super) outcomes: [u64; 4],
    pub(super) reasons: SmallMap<Reason, ReasonTally>,
    pub(super) schemes: SmallMap<&'static str, SchemeTally>,
    pub(super) years: BTreeMap<i16, u64>,
    pub(super) traps: [u64; Trap::ALL.len()],
    pub(super) requests: u64,
    /// Users who can sign in with a password.
    pub(super) logins: u64,
    pub(super) disabled: u64,
    pub(super) sign_in: SignIn,
    /// Users whose hash is kept for the bridge, and those for whom that could be.
    pub(super) bridged: u64,
    pub(super) bridgeable: u64,
    /// Beyond [`KEPT_LABELS`] counted no further.
    pub(super) labels: BTreeMap<String, u64>,
    /// What was seen of the columns.
    pub columns: Columns,
    /// The calling codes of all numbers.
    pub calling_codes: BTreeSet<u16>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ReasonTally {
    pub count: u64,
    /// In the order of the export, the first [`KEPT_PROBLEMS`].
    pub first: Vec<Kept>,
}

/// One problem with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub position: Position,
    pub text: Cow<'static, str>,
    pub remedy: Cow<'static, str>,
    pub who: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SchemeTally {
    pub count: u64,
    pub refused: u64,
    pub converted: u64,
    pub endpoint: Option<Endpoint>,
    pub costs: SmallMap<Cost, u64>,
    pub other_costs: u64,
}

impl Tally {
    /// Counts the columns of a record; once for each record that could be decoded, wherever it is counted otherwise.
    pub fn see(&mut self, record: &Record<'_>) {
        self.columns.see(record);
    }

    /// Counts a record.
    pub fn add(&mut self, observation: &Observation) {
        self.outcomes[observation.outcome() as usize] += 1;
        self.requests += u64::from(observation.requests);
        self.logins += u64::from(observation.password && !observation.disabled);
        self.disabled += u64::from(observation.disabled);
        let (one, assumed) = observation.sign_in();
        self.sign_in.add(one);
        self.sign_in.assumed += u64::from(assumed);
        self.bridged += u64::from(observation.bridged);
        self.bridgeable += u64::from(observation.bridgeable);
        for label in &observation.labels {
            self.count_label(label, 1);
        }
        if let Some(year) = observation.created_year {
            *self.years.entry(year).or_default() += 1;
        }
        if observation.traps != TrapSet::default() {
            for (count, trap) in self.traps.iter_mut().zip(Trap::ALL) {
                *count += u64::from(observation.traps.has(trap));
            }
        }

        self.calling_codes.extend(observation.calling_code);

        let scheme = self.schemes.entry(observation.scheme);
        scheme.count += 1;
        scheme.refused += u64::from(observation.refusal.is_some());
        scheme.converted += u64::from(observation.converted);
        scheme.endpoint = scheme.endpoint.or(observation.endpoint);
        if let Some(cost) = observation.cost {
            scheme.add_cost(cost, 1);
        }

        if let Some(refusal) = &observation.refusal {
            let key = (Severity::Refused, refusal.code, refusal.scheme);
            self.reasons.entry(key).add(observation, refusal.text.clone(), refusal.hint.clone());
        }
        for (i, note) in observation.notes.iter().enumerate() {
            if observation.notes[..i].iter().any(|earlier| earlier.code == note.code) {
                continue;
            }
            let key = (note.code.severity().min(Severity::NeedsReset), note.code, None);
            self.reasons.entry(key).add(observation, note.text.clone(), note.code.remedy().into());
        }
    }

    /// Adds what another batch counted.
    pub fn merge(&mut self, other: Tally) {
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
        for (mine, theirs) in self.traps.iter_mut().zip(other.traps) {
            *mine += theirs;
        }
        for (year, count) in other.years {
            *self.years.entry(year).or_default() += count;
        }
        for (key, theirs) in other.reasons {
            self.reasons.entry(key).merge(theirs);
        }
        for (name, theirs) in other.schemes {
            self.schemes.entry(name).merge(theirs);
        }
        self.requests += other.requests;
        self.logins += other.logins;
        self.disabled += other.disabled;
        self.sign_in.merge(other.sign_in);
        self.bridged += other.bridged;
        self.bridgeable += other.bridgeable;
        for (label, users) in &other.labels {
            self.count_label(label, *users);
        }
        self.columns.merge(other.columns);
        self.calling_codes.extend(other.calling_codes);
    }

    fn count_label(&mut self, label: &str, users: u64) {
        if let Some(count) = self.labels.get_mut(label) {
            *count += users;
        } else if self.labels.len() < KEPT_LABELS {
            self.labels.insert(label.to_owned(), users);
        }
    }

    /// Records this was said of.
    #[must_use]
    pub fn said(&self, code: Code) -> u64 {
        self.reasons.iter().filter(|((_, said, _), _)| *said == code).map(|(_, reason)| reason.count).sum()
    }

    /// Records counted so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Records of an outcome.
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }
}

impl ReasonTally {
    fn add(&mut self, observation: &Observation, text: Cow<'static, str>, remedy: Cow<'static, str>) {
        self.count += 1;
        let position = observation.position;
        self.keep(position, || Kept { position, text, remedy, who: observation.who.clone() });
    }

    fn keep(&mut self, position: Position, problem: impl FnOnce() -> Kept) {
        let at = self.first.partition_point(|kept| kept.position.record <= position.record);
        if at < KEPT_PROBLEMS {
            self.first.insert(at, problem());
            self.first.truncate(KEPT_PROBLEMS);
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        for kept in other.first {
            self.keep(kept.position, || kept);
        }
    }
}

impl SchemeTally {
    fn add_cost(&mut self, cost: Cost, users: u64) {
        if self.costs.len() < KEPT_COSTS || self.costs.contains(&cost) {
            *self.costs.entry(cost) += users;
        } else {
            self.other_costs += users;
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.refused += other.refused;
        self.converted += other.converted;
        self.endpoint = self.endpoint.or(other.endpoint);
        self.other_costs += other.other_costs;
        for (cost, users) in other.costs {
            self.add_cost(cost, users);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEMES: [&str; 4] = ["none", "bcrypt", "argon2", "unknown"];

    fn observation(record: u64) -> impl Strategy<Value = Observation> {
        let codes = proptest::collection::vec(proptest::sample::select(Code::ALL), 0..3);
        let refused = proptest::option::of(proptest::sample::select(Code::ALL));
        (codes, refused, 0..SCHEMES.len(), proptest::option::of(1990..2027_i16), 0..5_u32).prop_map(
            move |(codes, refused, scheme, created_year, requests)| Observation {
                position: Position { record, line: record + 1, byte: record * 40, file: 0 },
                refusal: refused.map(|code| Refusal::new(code, "a sentence")),
                notes: codes.into_iter().map(|code| Note::new(code, "a sentence")).collect(),
                scheme: SCHEMES[scheme],
                endpoint: refused.is_none().then_some(Endpoint::Bcrypt),
                cost: Some(Cost::Bcrypt(10)),
                converted: false,
                requests,
                disabled: record.is_multiple_of(3),
                address: !record.is_multiple_of(5),
                password: refused.is_none(),
                calling_code: None,
                labels: std::iter::repeat_n("staff".to_owned(), usize::from(record.is_multiple_of(2))).collect(),
                created_year,
                traps: TrapSet::default(),
                bridged: record.is_multiple_of(7),
                bridgeable: false,
                who: None,
            },
        )
    }

    fn observations() -> impl Strategy<Value = Vec<Observation>> {
        (0..120_u64).prop_flat_map(|n| (1..=n).map(observation).collect::<Vec<_>>())
    }

    fn tally(observations: &[Observation]) -> Tally {
        let mut tally = Tally::default();
        for observation in observations {
            tally.add(observation);
        }
        tally
    }

    // All but the columns, as one comparable text.
    fn counts(tally: &Tally) -> String {
        format!("{:?}", Tally { columns: Columns::default(), ..tally.clone() })
    }

    proptest! {
        #[test]
        fn every_record_is_in_exactly_one_outcome(observations in observations()) {
            let tally = tally(&observations);
            prop_assert_eq!(tally.records(), observations.len() as u64);
            for outcome in Outcome::ALL {
                let expected = observations.iter().filter(|o| o.outcome() == outcome).count();
                prop_assert_eq!(tally.outcome(outcome), expected as u64);
            }
            prop_assert_eq!(tally.sign_in.total(), tally.records());
            prop_assert_eq!(tally.schemes.values().map(|s| s.count).sum::<u64>(), tally.records());
            let refused: u64 = tally.reasons.iter().filter(|(k, _)| k.0 == Severity::Refused).map(|(_, r)| r.count).sum();
            prop_assert_eq!(refused, tally.outcome(Outcome::Refused));
        }

        #[test]
        fn batches_may_be_merged_in_any_grouping_and_order(observations in observations(), cut in 0..120_usize, cut2 in 0..120_usize) {
            let (a, rest) = observations.split_at(cut.min(observations.len()));
            let (b, c) = rest.split_at(cut2.min(rest.len()));
            let whole = counts(&tally(&observations));
            let merged = |order: [&[Observation]; 3]| {
                let mut sum = tally(order[0]);
                sum.merge(tally(order[1]));
                sum.merge(tally(order[2]));
                counts(&sum)
            };
            prop_assert_eq!(&merged([a, b, c]), &whole);
            prop_assert_eq!(&merged([c, a, b]), &whole);
            let mut right = tally(b);
            right.merge(tally(c));
            let mut sum = tally(a);
            sum.merge(right);
            prop_assert_eq!(&counts(&sum), &whole);
        }
    }

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
