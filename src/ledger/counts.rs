//! How many records stand where.

/// How many records stand where. The sum of `done`, `left`, `refused`, `failed` and `rolled_back` is `records`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Records of the export (of this shard), as far as they are known.
    pub records: u64,
    /// Users whose create succeeded, by this run.
    pub created: u64,
    /// Users at whom nothing is missing; `present` of them were there before.
    pub done: u64,
    /// Of `done`: the very same user was there before this run.
    pub present: u64,
    /// Records that have not reached their end.
    pub left: u64,
    /// Records for which nothing was created, and nothing will be: no plan, refused by the target, or in conflict.
    pub refused: u64,
    /// Of `refused`: somebody else has the id, e-mail or phone.
    pub conflicts: u64,
    /// Of `refused`: they were planned, and the target refused them for good.
    #[serde(skip)]
    pub refused_by_target: u64,
    /// Users who were planned and are not there: refused by the target, in conflict, or given up before they were created.
    #[serde(skip)]
    pub absent: u64,
    /// Users that were tried and given up.
    pub failed: u64,
    /// Users that were created and deleted again, by a rollback or as gone by a sync that has not ended.
    pub rolled_back: u64,
    /// Users whom the run left at the target, and whom the export no longer has: of none of its records.
    pub gone: u64,
    /// Of `gone`: this run created them. The others were there before, and no rollback takes them.
    #[serde(skip)]
    pub gone_created: u64,
}

impl Counts {
    /// Whether a rollback has taken back everybody whom the run had created.
    #[must_use]
    pub const fn is_taken_back(&self) -> bool {
        self.rolled_back > 0 && self.created == 0 && self.gone_created == 0
    }

    /// Adds those of another part of the run.
    pub const fn add(&mut self, other: Self) {
        let Self {
            records,
            created,
            done,
            present,
            left,
            refused,
            conflicts,
            failed,
            rolled_back,
            gone,
            gone_created,
            refused_by_target,
            absent,
        } = other;
        self.records += records;
        self.created += created;
        self.done += done;
        self.present += present;
        self.left += left;
        self.refused += refused;
        self.conflicts += conflicts;
        self.refused_by_target += refused_by_target;
        self.absent += absent;
        self.failed += failed;
        self.rolled_back += rolled_back;
        self.gone += gone;
        self.gone_created += gone_created;
    }
}
