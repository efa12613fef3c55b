//! What can become of a record, as one table.

use crate::appwrite::wire::{Kind, Step};

/// Where a record stands. The numbers are the file format; 0 and 1 are not used because SQLite stores them in no byte
/// at all, and a row must not grow when its state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// No row yet; never stored.
    Planned = 0,
    /// A create may have been sent.
    Intended = 2,
    /// The target has the user, by this run; steps may be missing.
    Created = 3,
    /// Everything planned is there.
    Done = 4,
    /// The target had the very same user before this run.
    Present = 5,
    /// Nothing was created: no plan, or the target refused it for good.
    Refused = 6,
    /// Nothing was created: the target has somebody else under this id, e-mail or phone.
    Conflict = 7,
    /// Something was tried and did not work; the next run tries again.
    Failed = 8,
    /// This run created the user, and took them back.
    RolledBack = 9,
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The run is about to work on the user: stored before anything is sent.
    Intend,
    /// The target has the user, and by this run: a 201, or a user read back that agrees with the plan.
    Created,
    /// The target is known to have done this step (bits of [`Steps`]).
    Stepped(Steps),
    /// Nothing is missing.
    Finished,
    /// The very same user was there before this run sent anything.
    Found,
    /// There is no plan, or no longer one, or the target refused the create for good. Asked about first where a create may
    /// have been sent.
    Refused,
    /// Somebody else has the id, e-mail or phone.
    Conflicted,
    /// Given up for this run.
    Failed,
    /// The user who was created is deleted, to be made again.
    Vanished,
    /// The target does not show the user who was created, who is made again if that is so. It may be a copy of the database that is
    /// behind, so the user stays created.
    Unseen,
    /// The target has somebody else under the id of the user who was created, and who is therefore gone.
    Replaced,
    /// `verify` found the user missing, or other than planned: the next run looks again.
    Doubted,
    /// `verify` signed in as the user, which changes them at the target.
    SignedIn,
    /// The target no longer has the user, by this run's rollback.
    Deleted,
}

/// A transition that is not in the table: a bug in the caller, never a thing the target could cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record that is {from:?} cannot become anything by {event:?}")]
pub struct IllegalTransition {
    /// The state before the event.
    pub from: State,
    /// What was said to have happened.
    pub event: Event,
}

impl State {
    /// The table. Recovery goes through it like everything else.
    ///
    /// # Errors
    /// [`IllegalTransition`] for everything that is not in it.
    pub fn next(self, steps: Steps, event: Event) -> Result<(Self, Steps), IllegalTransition> {
        use Event as E;
        let created = steps.has(Steps::CREATED);
        Ok(match (self, event) {
            // A user that failed half-way is gone on with; a row that is not terminal may be intended again.
            (Self::Planned | Self::Refused | Self::Conflict | Self::RolledBack, E::Intend) => {
                (Self::Intended, Steps::NONE)
            }
            (Self::Failed | Self::Created, E::Intend) if created => (Self::Created, steps),
            (Self::Intended | Self::Failed, E::Intend) => (Self::Intended, steps),

            (Self::Intended | Self::Created, E::Created) => (Self::Created, steps.with(Steps::CREATED)),
            (Self::Created, E::Stepped(step)) => (Self::Created, steps.with(step)),
            (Self::Created, E::Vanished | E::Replaced) => (Self::Intended, Steps::NONE),
            (Self::Created, E::Unseen) => (Self::Created, Steps::CREATED),
            (Self::Done | Self::Present | Self::Failed, E::Doubted) => {
                (Self::Failed, if created { Steps::CREATED } else { Steps::NONE })
            }
            (Self::Created, E::Finished) | (Self::Done, E::SignedIn) => (Self::Done, steps),

            (Self::Intended, E::Found) | (Self::Present, E::Refused) => (Self::Present, steps),
            (Self::RolledBack, E::Refused) => (Self::Refused, Steps::NONE),
            // Whom the target has is not forgotten because the plan has changed.
            (Self::Created | Self::Done | Self::Failed, E::Refused) | (Self::Failed, E::SignedIn) if created => {
                (Self::Failed, steps)
            }
            (Self::Planned | Self::Intended | Self::Refused | Self::Conflict | Self::Failed, E::Refused) => {
                (Self::Refused, steps)
            }
            (Self::Intended, E::Conflicted) => (Self::Conflict, steps),
            (Self::Intended | Self::Created, E::Failed) => (Self::Failed, steps),

            (Self::Created | Self::Done | Self::Failed, E::Deleted) if created => (Self::RolledBack, Steps::NONE),

            (from, event) => return Err(IllegalTransition { from, event }),
        })
    }

    /// Whether a resumed run leaves the record alone. Whatever the target refused before is tried again: its settings,
    /// or the user in the way, may have changed.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Present)
    }

    /// Whether the run has said its last word about the record.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Planned | Self::Intended | Self::Created)
    }

    /// Whether a row can say both: who is done or begun was created, and who was not created is neither.
    #[must_use]
    pub const fn goes_with(self, steps: Steps) -> bool {
        match self {
            Self::Created | Self::Done => steps.has(Steps::CREATED),
            Self::Failed => steps.has(Steps::CREATED) || steps.0 == 0,
            Self::Planned | Self::Intended | Self::Present | Self::Refused | Self::Conflict | Self::RolledBack => {
                steps.0 == 0
            }
        }
    }

    /// The state of a number in the file.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::STORED.iter().copied().find(|s| i64::from(*s as u8) == number)
    }

    /// All states a row can have.
    pub const STORED: [Self; 8] = [
        Self::Intended,
        Self::Created,
        Self::Done,
        Self::Present,
        Self::Refused,
        Self::Conflict,
        Self::Failed,
        Self::RolledBack,
    ];
}

/// What the target is known to have done for a user, as bits: the create, and one for each kind of [`Step`].
///
/// In the file bit 7 is always set, so that the number takes two bytes whatever the others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Steps(u8);

impl Steps {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The user exists, by this run.
    pub const CREATED: Self = Self(1);

    /// [`Step::Disable`]
    pub const DISABLE: Self = Self(1 << 1);
    /// [`Step::Phone`]
    pub const PHONE: Self = Self(1 << 2);
    /// [`Step::VerifyEmail`]
    pub const VERIFY_EMAIL: Self = Self(1 << 3);
    /// [`Step::VerifyPhone`]
    pub const VERIFY_PHONE: Self = Self(1 << 4);
    /// [`Step::Labels`]
    pub const LABELS: Self = Self(1 << 5);
    /// [`Step::Prefs`]
    pub const PREFS: Self = Self(1 << 6);

    const FILLER: i64 = 0x80;

    /// The bit of a step.
    #[must_use]
    pub const fn of(step: &Step<'_>) -> Self {
        match step {
            Step::Disable => Self::DISABLE,
            Step::Phone(_) => Self::PHONE,
            Step::VerifyEmail => Self::VERIFY_EMAIL,
            Step::VerifyPhone => Self::VERIFY_PHONE,
            Step::Labels(_) => Self::LABELS,
            Step::Prefs(_) => Self::PREFS,
        }
    }

    /// The kinds of request that did these.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        let steps = [
            Step::Disable,
            Step::Phone("".into()),
            Step::VerifyEmail,
            Step::VerifyPhone,
            Step::Labels(Vec::new()),
            Step::Prefs(serde_json::Map::new()),
        ];
        let all = steps.map(|step| (Self::of(&step), step.kind()));
        [(Self::CREATED, Kind::Create)]
            .into_iter()
            .chain(all)
            .filter(move |(bit, _)| self.has(*bit))
            .map(|(_, kind)| kind)
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn to_number(self) -> i64 {
        self.0 as i64 | Self::FILLER
    }

    /// `None` for what this program never writes.
    pub(super) fn from_number(number: i64) -> Option<Self> {
        let bits = u8::try_from(number ^ Self::FILLER).ok()?;
        (bits < 0x80).then_some(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Intend),
            Just(Event::Created),
            (1u8..7).prop_map(|bit| Event::Stepped(Steps(1 << bit))),
            Just(Event::Finished),
            Just(Event::Found),
            Just(Event::Refused),
            Just(Event::Conflicted),
            Just(Event::Failed),
            Just(Event::Vanished),
            Just(Event::Unseen),
            Just(Event::Replaced),
            Just(Event::Doubted),
            Just(Event::SignedIn),
            Just(Event::Deleted),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order: nobody is done, rolled back or stepped whom the run did not create,
        /// nothing is sent for whom nothing was intended, and a settled record is left alone by a resumed run.
        #[test]
        fn the_table_keeps_its_promises(events in prop::collection::vec(event(), 0..40)) {
            let (mut state, mut steps) = (State::Planned, Steps::NONE);
            let (mut intended, mut created) = (false, false);
            for event in events {
                let before = (state, steps);
                let Ok((next, with)) = state.next(steps, event) else { continue };
                intended |= event == Event::Intend;
                match event {
                    Event::Created => created = true,
                    Event::Deleted | Event::Vanished | Event::Replaced => { prop_assert!(created); created = false; }
                    Event::Intend => prop_assert!(!before.0.is_settled()),
                    _ => {}
                }
                (state, steps) = (next, with);
                prop_assert_eq!(steps.has(Steps::CREATED), created);
                prop_assert!(created || steps == Steps::NONE, "steps without a user");
                prop_assert!(state.goes_with(steps));
                // A refusal takes nobody away whom the target has.
                prop_assert!(event != Event::Refused || created == before.1.has(Steps::CREATED));
                match state {
                    State::Done | State::Created => prop_assert!(intended && created),
                    State::Present => prop_assert!(intended && !created),
                    State::Refused | State::Conflict | State::RolledBack => prop_assert!(!created),
                    State::Planned | State::Intended | State::Failed => {}
                }
                // Crash here and recover: an open record can always be intended again, and nothing known is forgotten.
                if !state.is_terminal() {
                    let (_, after) = state.next(steps, Event::Intend).expect("open records can be gone on with");
                    prop_assert_eq!(after, steps);
                }
            }
        }

        #[test]
        fn numbers_survive_the_file(bits in 0u8..0x80) {
            prop_assert_eq!(Steps::from_number(Steps(bits).to_number()), Some(Steps(bits)));
            prop_assert!((128..=255).contains(&Steps(bits).to_number()));
        }
    }

    #[test]
    fn state_numbers_are_the_file_format() {
        for (state, number) in State::STORED.into_iter().zip(2..) {
            assert_eq!(state as u8, number);
            assert_eq!(State::from_number(i64::from(number)), Some(state));
        }
        assert_eq!(State::from_number(0), None);
    }
}
