//! Counting records as they pass. A [`Tally`] is cheap to update, can be merged, and does not grow with the export.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::loss::Columns;
use super::observation::{Login, Observation, Outcome, Proof};
use super::small_map::SmallMap;
use super::summary::{Outcomes, SignIn};
use super::traps::{Trap, TrapSet};
use crate::appwrite::Endpoint;
use crate::code::{Code, Severity};
use crate::format::{Position, Record};
use crate::scheme::cost::Cost;

/// Problems of one kind that are kept with their position; all of them stand in `rejects.log.ndjson`.
pub const KEPT_PROBLEMS: usize = 50;
/// Different labels counted apart.
const KEPT_LABELS: usize = 256;
/// Different work factors counted apart within one scheme.
const KEPT_COSTS: usize = 64;

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
        self.declared += other.declared;
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
    /// Users with a digest that only its declaration explains.
    pub declared: u64,
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
        let (one, proof) = observation.sign_in();
        self.sign_in.add(one);
        self.sign_in.assumed += u64::from(proof == Proof::Assumed);
        self.sign_in.declared += u64::from(proof == Proof::Declared);
        self.bridged += u64::from(observation.bridged);
        self.bridgeable += u64::from(observation.bridgeable);
        self.declared += u64::from(observation.declared);
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
        // Whoever is created without the password says nothing of who verifies it.
        let sent = observation.password || observation.scheme == "none";
        scheme.endpoint = scheme.endpoint.or(observation.endpoint.filter(|_| sent));
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
            // Whose hash is not carried is told by its scheme: the reason is the same for all of them.
            let scheme = (note.code == Code::NeedsReset && observation.scheme != "none").then_some(observation.scheme);
            let key = (note.code.severity().min(Severity::NeedsReset), note.code, scheme);
            self.reasons.entry(key).add(observation, note.text.clone(), note.code.remedy().into());
        }
    }

    /// Hashes of a declared scheme that lack their salt.
    #[must_use]
    pub fn lacks_salts(&self) -> u64 {
        let lacks = |code: Code, scheme: Option<&str>| {
            code == Code::ParametersMissing
                && scheme.is_some_and(|name| name.starts_with("salted-") || name.starts_with("pbkdf2"))
        };
        self.reasons.iter().filter(|((_, code, scheme), _)| lacks(*code, *scheme)).map(|(_, reason)| reason.count).sum()
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
        self.declared += other.declared;
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
    use crate::code::{Note, Refusal};

    const SCHEMES: [&str; 4] = ["none", "bcrypt", "argon2", "unknown"];

    fn observation(record: u64) -> impl Strategy<Value = Observation> {
        let codes = proptest::collection::vec(proptest::sample::select(Code::ALL), 0..3);
        let refused = proptest::option::of(proptest::sample::select(Code::ALL));
        (codes, refused, 0..SCHEMES.len(), proptest::option::of(1990..2027_i16), 0..5_u32).prop_map(
            move |(codes, refused, scheme, created_year, requests)| Observation {
                position: Position { record, line: record + 1, byte: record * 40, file: 0 },
                refusal: refused.map(|code| Box::new(Refusal::new(code, "a sentence"))),
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
                declared: false,
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
}
