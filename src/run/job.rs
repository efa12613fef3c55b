//! A planned user on the way to the target: what is to be sent, and where the ledger says the user stands.

use smallvec::SmallVec;

use crate::appwrite::wire::{Create, Step};
use crate::ledger::{State, Steps};
use crate::plan::Plan;

/// One user to be sent, or compared with. Owned, so that it can pass between threads; holds secrets.
pub struct Job {
    /// The record's number.
    pub record: u64,
    /// The source's own id.
    pub source_id: String,
    /// The create.
    pub create: Create<'static>,
    /// The follow-ups, in order.
    pub steps: SmallVec<[Step<'static>; 1]>,
    /// Where the ledger says the user stands.
    pub state: State,
    /// What the ledger says the target has done.
    pub known: Steps,
    /// When a create may first have been sent, in Unix milliseconds; `None` if none can have been.
    pub tried_since: Option<i64>,
    /// Whether an earlier run has given the user up, while it served others.
    pub given_up_before: bool,
}

impl Job {
    /// Owns what is sent of a plan.
    #[must_use]
    pub fn new(record: u64, plan: &Plan<'_>) -> Self {
        Self {
            record,
            source_id: plan.source_id.as_ref().to_owned(),
            create: plan.create.clone().into_owned(),
            steps: plan.steps.iter().cloned().map(Step::into_owned).collect(),
            state: State::Planned,
            known: Steps::NONE,
            tried_since: None,
            given_up_before: false,
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
