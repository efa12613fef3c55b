//! A planned user on the way to the target: what is to be sent, and where the ledger says the user stands.

use smallvec::SmallVec;

use crate::appwrite::clock::Clock;
use crate::appwrite::wire::{Create, Step};
use crate::code::Code;
use crate::ledger::{Left, State, Steps};
use crate::plan::{Bridged, Plan};

/// A moment in the ledger, in Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Noted {
    /// As it was noted.
    pub at: i64,
    /// By how much the ledger knows that to be too late, because `Date` was ahead.
    pub ahead: i64,
}

impl Noted {
    /// The moment by the clock that decides, by all that is known.
    #[must_use]
    pub fn by(self, clock: &Clock) -> i64 {
        self.at - self.ahead.max(clock.date_ahead())
    }
}

/// One user to be sent, or compared with. Owned, so that it can pass between threads; holds secrets.
#[derive(Clone)]
pub struct Job {
    /// The record's number.
    pub record: u64,
    /// The source's own id.
    pub source_id: String,
    /// What is left of the user once they are created, for the ledger.
    pub planned: Option<Left>,
    /// The create.
    pub create: Create<'static>,
    /// The follow-ups, in order.
    pub steps: SmallVec<[Step<'static>; 1]>,
    /// What the sign-in bridge keeps of the user.
    pub bridged: Option<Box<Bridged>>,
    /// Where the ledger says the user stands.
    pub state: State,
    /// What the ledger says the target has done.
    pub known: Steps,
    /// When a create may first have been sent, by the clock that the ledger noted it by; `None` if none can have been.
    pub tried_since: Option<Noted>,
    /// Whether the target was asked a moment ago, and does not have the user: whoever it has by now all the same stands in the
    /// way of a create.
    pub is_missing: bool,
    /// Whether an earlier run has given the user up, while it served others.
    pub given_up_before: bool,
    /// Whether the target had the user until now, who was deleted to be made again: that is finished whoever wants the run to
    /// end.
    pub remade: bool,
}

/// A record that was a user when a create of this run may have been sent, and is refused now: nothing is sent for it, but
/// whether the target has the user has to be known.
pub struct Unplanned {
    /// The record's number.
    pub record: u64,
    /// The id that the user got, if they were created.
    pub user_id: String,
    /// Where the ledger says the user stands.
    pub state: State,
    /// What the ledger says the target has done.
    pub steps: Steps,
    /// When a create may first have been sent.
    pub since: Noted,
    /// Why the record is refused.
    pub code: Code,
    /// The sentence to it.
    pub text: String,
}

impl Job {
    /// Owns what is sent of a plan.
    #[must_use]
    pub fn new(record: u64, plan: &Plan<'_>) -> Self {
        Self {
            record,
            source_id: plan.source_id.as_ref().to_owned(),
            planned: None,
            create: plan.create.clone().into_owned(),
            steps: plan.steps.iter().cloned().map(Step::into_owned).collect(),
            bridged: plan.bridged.clone(),
            state: State::Planned,
            known: Steps::NONE,
            tried_since: None,
            is_missing: false,
            given_up_before: false,
            remade: false,
        }
    }

    /// The id the user gets.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.create.body.user_id
    }

    /// The address, as planned.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.create.body.email.as_deref()
    }

    /// The number, as planned: with the create, or by a step.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.create.body.phone.as_deref().or_else(|| {
            self.steps.iter().find_map(|step| match step {
                Step::Phone(number) => Some(number.as_ref()),
                _ => None,
            })
        })
    }

    /// Plans the user without the number, which the target refuses.
    pub fn leave_phone_out(&mut self) {
        self.create.body.phone = None;
        self.steps.retain(|step| !matches!(step, Step::Phone(_) | Step::VerifyPhone));
    }

    /// Makes a step of a number that was to come with the create: the user is there without it.
    pub fn phone_as_step(&mut self) {
        if let Some(number) = self.create.body.phone.take() {
            let place = usize::from(matches!(self.steps.first(), Some(Step::Disable)));
            self.steps.insert(place, Step::Phone(number));
        }
    }

    /// Whether this follow-up is planned.
    #[must_use]
    pub fn plans(&self, bit: Steps) -> bool {
        self.steps.iter().any(|step| Steps::of(step) == bit)
    }
}
