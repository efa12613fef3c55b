//! Records that want the same id, address or phone number: which of them gets it.
//!
//! An export that holds everybody twice is no rare mistake, so what is kept for each record is small: of a key 128 bits of
//! its SHA-256. Chance makes no two alike; 2⁶⁴ attempts could, for two accounts of one's own.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::num::NonZeroU64;

use sha2::{Digest, Sha256};

use super::{Plan, Planned, Step, derive_id};
use crate::code::{Code, Note, Refusal};

/// Stands for an id, an address or a number.
type Key = [u8; 16];

fn key(text: &[u8]) -> Key {
    let digest = Sha256::digest(text);
    std::array::from_fn(|at| digest[at])
}

/// A record and the keys it wants for itself.
#[derive(Debug, Clone)]
pub struct Claim {
    record: u64,
    /// Which of the export's files it is in.
    file: u16,
    id: Key,
    /// The target does not tell ids apart by case.
    id_without_case: Key,
    email: Option<Key>,
    phone: Option<Key>,
    /// A password is sent with it.
    password: bool,
    /// They may not sign in.
    disabled: bool,
}

impl Claim {
    /// The id, address and number of a plan, as digests.
    #[must_use]
    pub fn of(record: u64, file: u16, plan: &Plan<'_>) -> Self {
        let password = plan.create.body.password.is_some() || plan.bridged.is_some();
        let disabled = plan.steps.iter().any(|step| matches!(step, Step::Disable));
        Self {
            file,
            password,
            disabled,
            ..Self::new(record, &plan.user_id, plan.email.as_deref(), plan.phone.as_deref())
        }
    }

    fn new(record: u64, id: &str, email: Option<&str>, phone: Option<&str>) -> Self {
        let key = |text: &str| key(text.as_bytes());
        Self {
            record,
            file: 0,
            id: key(id),
            id_without_case: key(&id.to_ascii_lowercase()),
            email: email.map(key),
            phone: phone.map(key),
            password: false,
            disabled: false,
        }
    }
}

/// For [`Policy::Refuse`](crate::policy::Duplicates::Refuse): every record that shares its id or address, with the first other record that has it.
#[derive(Debug, Default)]
pub struct Shared {
    holders: HashMap<(Code, Key), u64>,
    with: HashMap<u64, (Code, u64)>,
}

impl Shared {
    /// Takes claims in the order of their records.
    pub fn take(&mut self, claim: &Claim) {
        // The id first: it is what is said where both are shared.
        let keys = [Some((Code::DuplicateId, claim.id)), claim.email.map(|email| (Code::DuplicateEmail, email))];
        for key in keys.into_iter().flatten() {
            let first = *self.holders.entry(key).or_insert(claim.record);
            if first != claim.record {
                self.note(first, key.0, claim.record);
                self.note(claim.record, key.0, first);
            }
        }
    }

    fn note(&mut self, record: u64, code: Code, other: u64) {
        let noted = self.with.entry(record).or_insert((code, other));
        if code == Code::DuplicateId && noted.0 != Code::DuplicateId {
            *noted = (code, other);
        }
    }
}

/// Who has an id.
#[derive(Debug)]
struct Holder {
    record: u64,
    file: u16,
    /// How exactly it is written there.
    id: Key,
    email: Option<Key>,
}

/// Decides clashes as claims come.
#[derive(Debug, Default)]
pub struct Clashes {
    shared: Shared,
    /// By the id without case: who has it.
    ids: HashMap<Key, Holder>,
    /// Records that are created as people who may sign in.
    enabled: HashSet<u64>,
    /// By the exact id: who has one derived from it, since it differs from another in case alone.
    derived: HashMap<Key, u64>,
    /// Who has the address, and whether they have a password.
    emails: HashMap<Key, (u64, bool)>,
    phones: HashMap<Key, u64>,
    decided: Duplicates,
}

impl Clashes {
    /// With those who are refused whoever comes first.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self { shared, ..Self::default() }
    }

    /// Takes claims in the order of their records. What a refused record wanted is free for later ones. Of records with one
    /// address the first that has a password gets it: whoever signs in through a provider is found by the address all the
    /// same, and a password that is refused is lost.
    pub fn take(&mut self, claim: &Claim) {
        debug_assert!(self.decided.verdicts.last().map_or(0, |(record, _)| *record) < claim.record);
        let mut clash = Clash::default();
        match self.ids.get(&claim.id_without_case) {
            Some(first) if first.id == claim.id => {
                clash.refused = Some((Code::DuplicateId, first.record));
                if first.file != claim.file {
                    let known = first.email.zip(claim.email);
                    self.decided
                        .across
                        .see((first.record, claim.record), known.is_some_and(|(one, other)| one != other));
                }
            }
            Some(first) => match self.derived.get(&claim.id) {
                Some(other) => clash.refused = Some((Code::DuplicateId, *other)),
                None => clash.id_in_case = NonZeroU64::new(first.record),
            },
            None => {}
        }
        if clash.refused.is_none()
            && let Some(&(first, has_password)) = claim.email.and_then(|email| self.emails.get(&email))
        {
            if claim.password && !has_password && !self.shared.with.contains_key(&claim.record) {
                self.decided.yields(first, claim.record);
                if !claim.disabled && !self.enabled.contains(&first) {
                    self.decided.contradicted.push((claim.record, first));
                }
            } else {
                clash.refused = Some((Code::DuplicateEmail, first));
            }
        }
        if clash.refused.is_none() {
            clash.refused = self.shared.with.get(&claim.record).copied();
        }
        // Without the number there would be nothing to sign in by.
        if clash.refused.is_none()
            && claim.email.is_none()
            && let Some(&first) = claim.phone.and_then(|phone| self.phones.get(&phone))
        {
            clash.refused = Some((Code::SharedPhone, first));
        }
        if let Some((_, first)) = clash.refused {
            let is_enabled = self.enabled.contains(&first);
            if claim.disabled && is_enabled {
                self.decided.contradicted.push((first, claim.record));
            }
            clash.to_disabled = !claim.disabled && !is_enabled && first < claim.record;
        }
        if clash.refused.is_none() {
            if clash.id_in_case.is_some() {
                self.derived.insert(claim.id, claim.record);
            } else {
                let Claim { record, file, id, email, .. } = *claim;
                self.ids.insert(claim.id_without_case, Holder { record, file, id, email });
            }
            if !claim.disabled {
                self.enabled.insert(claim.record);
            }
            if let Some(email) = claim.email {
                self.emails.insert(email, (claim.record, claim.password));
            }
            if let Some(phone) = claim.phone {
                clash.phone = self.phones.get(&phone).copied().and_then(NonZeroU64::new);
                self.phones.entry(phone).or_insert(claim.record);
            }
        }
        if clash != Clash::default() {
            self.decided.verdicts.push((claim.record, clash));
        }
    }

    /// All that was decided.
    #[must_use]
    pub fn decided(self) -> Duplicates {
        self.decided
    }
}

/// What the duplicates of an export are.
#[derive(Debug, Default)]
pub struct Duplicates {
    /// In the order of the records.
    verdicts: Vec<(u64, Clash)>,
    /// Records that are created as people who may sign in, each with another of the same id or address that says otherwise.
    contradicted: Vec<(u64, u64)>,
    across: Across,
}

/// Ids that stand in more than one file of an export.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Across {
    /// How many.
    pub ids: u64,
    /// Of them, those of people with different addresses.
    pub strangers: u64,
    /// Two records of one id and different people.
    pub first: Option<(u64, u64)>,
}

impl Across {
    fn see(&mut self, records: (u64, u64), are_strangers: bool) {
        self.ids += 1;
        if are_strangers {
            self.strangers += 1;
            self.first = self.first.or(Some(records));
        }
    }

    /// Whether the files are of different people who have the same ids. Of one source at two dates few have another address.
    #[must_use]
    pub const fn are_of_others(self) -> bool {
        self.strangers * 5 > self.ids
    }
}

/// How one record clashes with earlier ones; they count from 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Clash {
    /// Nothing is created: the code, and the record that has the key.
    refused: Option<(Code, u64)>,
    /// Whoever has the key may not sign in, and who is refused for it could.
    to_disabled: bool,
    /// The id differs from that record's in case alone, which the target does not tell apart: it is derived instead.
    id_in_case: Option<NonZeroU64>,
    /// The number stays with that record.
    phone: Option<NonZeroU64>,
}

impl Duplicates {
    /// Refuses a record that was taken, for one after it that has its address and a password.
    fn yields(&mut self, first: u64, to: u64) {
        let refused = Clash { refused: Some((Code::DuplicateEmail, to)), ..Clash::default() };
        match self.verdicts.binary_search_by_key(&first, |(record, _)| *record) {
            Ok(at) => self.verdicts[at].1 = refused,
            Err(at) => self.verdicts.insert(at, (first, refused)),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
    }

    /// Who is created although another record of the same id or address keeps them out: both, of the first, and how many there are.
    #[must_use]
    pub fn contradicted(&self) -> Option<(u64, u64, usize)> {
        self.contradicted.first().map(|&(first, later)| (first, later, self.contradicted.len()))
    }

    /// Ids that stand in more than one file.
    #[must_use]
    pub const fn across(&self) -> Across {
        self.across
    }

    /// How many records have another's id.
    #[must_use]
    pub fn of_one_id(&self) -> usize {
        self.verdicts.iter().filter(|(_, clash)| matches!(clash.refused, Some((Code::DuplicateId, _)))).count()
    }

    /// Has the plan yield to what its record clashes with: it is refused, or goes without what another record has.
    pub fn apply(&self, record: u64, planned: &mut Planned<'_>, origin: &str) {
        let Ok(at) = self.verdicts.binary_search_by_key(&record, |(record, _)| *record) else { return };
        let clash = self.verdicts[at].1;
        let Planned::Create(plan) = planned else { return };
        if let Some((code, of)) = clash.refused {
            let who = if clash.to_disabled { ", who may not sign in" } else { "" };
            let refusal = match code {
                Code::DuplicateId => Refusal::new(code, format!("the same id as record {of}{who}")),
                Code::SharedPhone => Refusal::new(
                    code,
                    format!("the same phone number as record {of}{who}, and no e-mail address to sign in by instead"),
                ),
                _ => Refusal::new(code, format!("the same e-mail address as record {of}{who}")),
            };
            *planned = Planned::refused(take(&mut plan.source_id), plan.email.take(), refusal);
            return;
        }
        if let Some(of) = clash.id_in_case {
            let id: Cow<'_, str> = Cow::Owned(derive_id(origin, &plan.source_id));
            plan.create.body.user_id.clone_from(&id);
            plan.user_id = id;
            plan.notes.push(Note::new(
                Code::DerivedId,
                format!("the id differs from that of record {of} in case alone, which Appwrite does not tell apart"),
            ));
        }
        if let Some(of) = clash.phone {
            plan.phone = None;
            plan.create.body.phone = None;
            plan.steps.retain(|s| !matches!(s, Step::Phone(_) | Step::VerifyPhone));
            plan.notes.push(Note::new(Code::DuplicatePhone, format!("the phone number stays with record {of}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn decide(claims: &[Claim], refuse_all: bool) -> BTreeMap<u64, Clash> {
        let mut shared = Shared::default();
        claims.iter().filter(|_| refuse_all).for_each(|claim| shared.take(claim));
        let mut clashes = Clashes::new(shared);
        for claim in claims {
            clashes.take(claim);
        }
        clashes.decided().verdicts.into_iter().collect()
    }

    #[test]
    fn of_one_address_the_first_with_a_password_is_taken() {
        let claim = |record, id, password| Claim { password, ..Claim::new(record, id, Some("x@y.z"), None) };
        let claims = [claim(1, "a", false), claim(2, "b", true), claim(3, "c", true), claim(4, "d", false)];
        let found = decide(&claims, false);
        let refused = |record| found.get(&record).and_then(|clash| clash.refused);
        assert_eq!(refused(1), Some((Code::DuplicateEmail, 2)));
        assert_eq!(refused(2), None);
        assert_eq!(refused(3), Some((Code::DuplicateEmail, 2)));
        assert_eq!(refused(4), Some((Code::DuplicateEmail, 2)));
        assert_eq!(decide(&claims, true).values().filter(|clash| clash.refused.is_some()).count(), 4);
    }

    #[test]
    fn the_first_keeps_its_keys() {
        let claims = [
            Claim::new(1, "a", Some("x@y.z"), Some("+1")),
            Claim::new(2, "b", Some("x@y.z"), None),
            Claim::new(3, "A", Some("u@y.z"), Some("+1")),
            Claim::new(4, "a", None, None),
            Claim::new(5, "b", None, None),
        ];
        let found = decide(&claims, false);
        assert_eq!(found[&2].refused, Some((Code::DuplicateEmail, 1)));
        assert_eq!(
            (found[&3].refused, found[&3].id_in_case, found[&3].phone),
            (None, NonZeroU64::new(1), NonZeroU64::new(1))
        );
        assert_eq!(found[&4].refused, Some((Code::DuplicateId, 1)));
        assert!(!found.contains_key(&1));
        assert!(!found.contains_key(&5), "record 2 was refused, so its id is free");
    }

    #[test]
    fn refusing_all_names_another_record_for_each() {
        let claims = [
            Claim::new(1, "a", Some("x@y.z"), None),
            Claim::new(2, "b", Some("x@y.z"), None),
            Claim::new(3, "c", None, None),
        ];
        let found = decide(&claims, true);
        assert_eq!(found[&1].refused, Some((Code::DuplicateEmail, 2)));
        assert_eq!(found[&2].refused, Some((Code::DuplicateEmail, 1)));
        assert_eq!(found.len(), 2);
    }

    /// Both would get the id that is derived from `A`.
    #[test]
    fn an_id_in_another_case_is_taken_once() {
        let claims =
            ["a", "A", "A"].iter().zip(1..).map(|(id, record)| Claim::new(record, id, None, None)).collect::<Vec<_>>();
        let found = decide(&claims, false);
        assert_eq!((found[&2].refused, found[&2].id_in_case), (None, NonZeroU64::new(1)));
        assert_eq!(found[&3].refused, Some((Code::DuplicateId, 2)));
    }

    proptest::proptest! {
        /// Whoever is left after all others are refused has id and address for itself.
        #[test]
        fn nobody_left_shares_anything(
            wanted in proptest::collection::vec(("[aAb]", proptest::option::of("[xyz]"), proptest::option::of("[12]")), 0..9),
            refuse_all in proptest::bool::ANY,
        ) {
            let claims = wanted.iter().zip(1..).map(|((id, email, phone), record)| {
                Claim::new(record, id, email.as_deref(), phone.as_deref())
            });
            let found = decide(&claims.collect::<Vec<_>>(), refuse_all);
            let shares = |at: usize, other: usize| {
                wanted[at].0 == wanted[other].0 || (wanted[at].1.is_some() && wanted[at].1 == wanted[other].1)
            };
            let (mut ids, mut emails, mut phones) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            let mut exact = BTreeSet::new();
            for (at, (id, email, phone)) in wanted.iter().enumerate() {
                let clash = found.get(&(at as u64 + 1)).copied().unwrap_or_default();
                let sharing = (0..wanted.len()).any(|other| other != at && shares(at, other));
                if let Some((code, other)) = clash.refused {
                    let other = other as usize - 1;
                    if code == Code::SharedPhone {
                        proptest::prop_assert!(email.is_none() && phone.is_some() && *phone == wanted[other].2);
                    } else {
                        proptest::prop_assert!(shares(at, other));
                    }
                    continue;
                }
                proptest::prop_assert!(!(sharing && refuse_all));
                proptest::prop_assert_eq!(ids.insert(id.to_lowercase()), clash.id_in_case.is_none());
                proptest::prop_assert!(exact.insert(id));
                proptest::prop_assert!(email.iter().all(|email| emails.insert(email)));
                proptest::prop_assert_eq!(phone.iter().all(|phone| phones.insert(phone)), clash.phone.is_none());
                proptest::prop_assert!(email.is_some() || clash.phone.is_none(), "nothing to sign in by");
            }
        }
    }
}
