//! A plan, ready to be sent: requests whose bodies are serialised once, and where the ledger says the user stands.

use serde_json::Value;

use crate::appwrite::Endpoint;
use crate::appwrite::client::{Kind, Request};
use crate::ledger::{State, Steps};
use crate::plan::{Plan, Step};

/// One user to be sent, or compared with. Owned, so that it can pass between threads; holds secrets.
pub struct Job {
    /// The record's number.
    pub record: u64,
    /// The source's own id.
    pub source_id: String,
    /// The id the user gets.
    pub user_id: String,
    /// Where the create goes.
    pub endpoint: Endpoint,
    /// The create.
    pub create: Request,
    /// The follow-ups, in order.
    pub steps: Vec<JobStep>,
    /// Where the ledger says the user stands.
    pub state: State,
    /// What the ledger says the target has done.
    pub known: Steps,
    /// When a create may first have been sent, in Unix milliseconds; `None` if none can have been.
    pub tried_since: Option<i64>,
}

/// One follow-up.
pub struct JobStep {
    /// Its bit in the ledger.
    pub bit: Steps,
    /// The request.
    pub request: Request,
}

impl Job {
    /// The requests of a plan.
    #[must_use]
    pub fn new(record: u64, plan: &Plan<'_>) -> Self {
        let steps = plan.steps.iter().map(|step| JobStep {
            bit: Steps::of(step),
            request: Request::step(
                if matches!(step, Step::Phone(_)) { Kind::Phone } else { Kind::Step },
                step.method() == "PUT",
                format!("/users/{}{}", plan.user_id, step.path()),
                step.body().to_string().into_bytes(),
            ),
        });
        // Serialising strings and numbers into memory cannot fail.
        let body = serde_json::to_vec(&plan.create.body).unwrap_or_default();
        Self {
            record,
            source_id: plan.source_id.as_ref().to_owned(),
            user_id: plan.user_id.as_ref().to_owned(),
            endpoint: plan.create.endpoint,
            create: Request::create(plan.create.endpoint.path(), body),
            steps: steps.collect(),
            state: State::Planned,
            known: Steps::NONE,
            tried_since: None,
        }
    }

    /// The create's body.
    #[must_use]
    pub fn body(&self) -> Value {
        serde_json::from_slice(self.create.body()).unwrap_or(Value::Null)
    }

    /// The member of a follow-up's body, if that follow-up is planned.
    #[must_use]
    pub fn step_value(&self, bit: Steps, member: &str) -> Option<Value> {
        self.steps.iter().find(|step| step.bit == bit)?.value(member)
    }

    /// The address, as planned.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        self.body().get("email").and_then(Value::as_str).map(str::to_owned)
    }

    /// The number, as planned.
    #[must_use]
    pub fn phone(&self) -> Option<String> {
        let body = self.body();
        let step = self.step_value(Steps::PHONE, "number");
        body.get("phone").or(step.as_ref()).and_then(Value::as_str).map(str::to_owned)
    }
}

impl JobStep {
    /// A member of the body.
    #[must_use]
    pub fn value(&self, member: &str) -> Option<Value> {
        let mut body: Value = serde_json::from_slice(self.request.body()).ok()?;
        Some(body.get_mut(member)?.take())
    }
}
