//! Each record of a later export beside the ledger's table, on any thread.

use std::collections::HashSet;

use super::table::{Row, Table, key, refusal};
use crate::code::{Code, Refusal};
use crate::ledger::NoPlan;
use crate::plan::planner::PlannedItem;
use crate::plan::shard::Shard;
use crate::plan::{Plan, Planned};
use crate::run::feed::id_digest;
use crate::run::job::Job;
use crate::run::mark::Marker;

/// Records of the later export beside the ledger; `at` is the row's place in the table.
pub(super) enum Seen {
    /// So many users one after the other who are as the run left them.
    Same { at: usize, later: u64, users: u64 },
    /// The user is to be looked at, or is new.
    User { at: Option<usize>, job: Box<Job> },
    /// The record is refused.
    Refused(Box<SeenRefused>),
}

/// A refused record beside the ledger.
pub(super) struct SeenRefused {
    pub(super) why: Refused,
    /// The row of whoever has the record's key.
    pub(super) at: Option<usize>,
    pub(super) is_named: bool,
    /// Of this shard: how the ledger says it.
    pub(super) row: Option<Says>,
}

/// Where the ledger says that a record is refused.
pub(super) enum Says {
    /// In the row at this place, under this very number.
    Already(usize),
    /// Nowhere yet.
    NotYet(NoPlan),
}

/// A record for which nothing is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// The number in the later export.
    pub(super) later: u64,
    pub(super) code: Code,
    /// Whether the source marks the user as deleted. Applications mark a row oftener than they delete it.
    pub(super) deleted: bool,
}

/// Records one after the other.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) seen: Vec<Seen>,
    /// Where the next one stands, if nobody came or went in between.
    next: Option<usize>,
}

/// Looks into the table, on any thread.
pub(super) struct Look<'t> {
    pub(super) table: &'t Table,
    pub(super) marker: &'t Marker,
    /// Whom an earlier part of this sync has noted.
    pub(super) noted: &'t HashSet<u64>,
    pub(super) shard: Shard,
}

impl Look<'_> {
    /// A record beside the ledger, but for users of other shards. Refused records are those of all: in a later export another number
    /// may make them another's.
    pub(super) fn see(&self, batch: &mut Batch, item: &PlannedItem<'_, '_>) {
        let later = item.position.record;
        let is_ours = self.shard.takes(later, item.planned);
        match &*item.planned {
            Planned::Create(plan) if is_ours => self.user(batch, later, plan),
            Planned::Create(_) => {}
            Planned::Refused(refused) => {
                let Refusal { code, text, deleted, .. } = &refused.refusal;
                let why = Refused { later, code: *code, deleted: *deleted };
                let key = key(&refused.source_id, "");
                let at = self.table.find(key);
                let row = is_ours.then(|| {
                    let place = self.next(batch, later);
                    let says_so =
                        |row: &Row| row.is_nobodys() && row.key() == key && row.mark == refusal(code.name(), text);
                    if self.table.rows().get(place).is_some_and(says_so) && self.table.record(place) == later {
                        batch.next = Some(place + 1);
                        return Says::Already(place);
                    }
                    let source_id = refused.source_id.clone().into_owned();
                    Says::NotYet(NoPlan { record: later, source_id, code: *code, text: text.clone().into_owned() })
                });
                let refused = SeenRefused { why, at, is_named: !refused.source_id.is_empty(), row };
                batch.seen.push(Seen::Refused(Box::new(refused)));
            }
        }
    }

    /// Where the next row stands in all likelihood.
    fn next(&self, batch: &Batch, later: u64) -> usize {
        batch.next.unwrap_or_else(|| self.table.place_of(later))
    }

    fn user(&self, batch: &mut Batch, later: u64, plan: &Plan<'_>) {
        let key = key(&plan.source_id, &plan.user_id);
        let is_it = |row: &&Row| row.key() == key && !row.is_nobodys();
        let next =
            Some(self.next(batch, later)).filter(|next| self.table.rows().get(*next).is_some_and(|row| is_it(&row)));
        let at = next.or_else(|| self.table.find(key));
        if let Some(at) = at {
            batch.next = Some(at + 1);
        }
        // What the bridge keeps of whoever has no password is compared with its store.
        let is_sealed = plan.bridged.is_some() && plan.create.body.password.is_none();
        let is_noted = || !self.noted.is_empty() && self.noted.contains(&id_digest(&plan.user_id));
        if let Some(at) = at.filter(|_| !is_sealed && !is_noted())
            && self.table.rows()[at].mark == self.marker.of_plan(&plan.create, &plan.steps).digest()
        {
            return match batch.seen.last_mut() {
                Some(Seen::Same { at: first, later: one, users })
                    if *first + *users as usize == at && *one + *users == later =>
                {
                    *users += 1;
                }
                _ => batch.seen.push(Seen::Same { at, later, users: 1 }),
            };
        }
        batch.seen.push(Seen::User { at, job: Box::new(Job::new(later, plan)) });
    }
}
