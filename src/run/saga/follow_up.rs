//! The follow-ups of one user, and up to which moment the user is as they left them.

use super::{INVALID, Saga};
use crate::appwrite::ask::{Asking, Told};
use crate::appwrite::wire::Step;
use crate::code::Code;
use crate::ledger::{Event, Steps};
use crate::run::compare::{Comparison, compare};
use crate::run::context::{Problem, Stopped};

/// What a step left.
struct Stepped {
    /// `$updatedAt`, where the answer told.
    at: Option<i64>,
    /// The user beside the plan, where the answer showed them.
    shown: Option<Comparison>,
}

impl Saga<'_> {
    /// The follow-ups that are missing. What fails does not keep the others from being done.
    pub(super) async fn follow_up(&mut self) -> Result<(), Stopped> {
        let mut problem: Option<Problem> = None;
        let mut failed = Steps::NONE;
        let mut at = None;
        self.way.beginning = false;
        let steps = self.job.steps.clone();
        let last = steps.len().saturating_sub(1);
        for (i, step) in steps.iter().enumerate() {
            let bit = Steps::of(step);
            if self.no_phone.is_some() && (bit == Steps::PHONE || bit == Steps::VERIFY_PHONE) {
                continue;
            }
            if self.adopted.unwrap_or(self.steps).has(bit) || (bit == Steps::VERIFY_PHONE && failed.has(Steps::PHONE)) {
                continue;
            }
            // A disabled user must not wait in a queue between create and disable.
            self.way.hold = bit == Steps::DISABLE;
            let done = self.step(step).await?;
            self.way.let_go();
            match done {
                Ok(stepped) => {
                    if self.adopted.is_none() {
                        self.advance(Event::Stepped(bit));
                    }
                    match self.judge(stepped).await? {
                        Err(changed) => {
                            (at, problem) = (None, Some(changed));
                            break;
                        }
                        Ok(updated) => at = updated,
                    }
                    if self.adopted.is_none() && i < last {
                        self.write(at, None).await?;
                    }
                }
                // It costs nobody the rest.
                Err(refused) if refused.code == Code::PhoneLeftOut => self.no_phone = Some(refused),
                Err(trouble) => {
                    failed = failed.with(bit);
                    problem = problem.or(Some(trouble));
                    if bit == Steps::DISABLE {
                        break;
                    }
                }
            }
        }
        self.way.let_go();
        if at.is_none() && !self.touched {
            match self.seen_again().await? {
                Err(changed) => problem = problem.or(Some(changed)),
                Ok(updated) => at = updated,
            }
        }
        self.advance(match (&problem, self.adopted) {
            (Some(_), _) => Event::Failed,
            (None, Some(_)) => Event::Found,
            (None, None) => Event::Finished,
        });
        match problem {
            Some(_) => self.write(at, problem).await,
            None => self.finish(at).await,
        }
    }

    /// The moment up to which the user is as this run left them, once a step was answered: only if the answer shows nothing else,
    /// since what others changed between two requests has an older moment than the second of them. `None` if that is not known;
    /// and why nothing more is done for a user of whom it is known that somebody changed them.
    async fn judge(&mut self, stepped: Stepped) -> Result<Result<Option<i64>, Problem>, Stopped> {
        match stepped.shown {
            _ if self.touched => Ok(Ok(None)),
            Some(shown) if shown.is_left_by(self.adopted.unwrap_or(self.steps)) => Ok(Ok(stepped.at)),
            // An answer may leave out what a reading shows.
            Some(_) => self.seen_again().await,
            None => Ok(Ok(None)),
        }
    }

    /// The same by a reading.
    async fn seen_again(&mut self) -> Result<Result<Option<i64>, Problem>, Stopped> {
        let Ok(Some(user)) = self.read_back().await? else { return Ok(Ok(None)) };
        let seen = compare(&self.job, &user);
        if seen.is_left_by(self.adopted.unwrap_or(self.steps)) {
            return Ok(Ok(user.updated_at));
        }
        self.touched = true;
        if seen.agrees() {
            return Ok(Ok(None));
        }
        let text =
            format!("somebody else has changed the user meanwhile, who differs in: {}", seen.different.join(", "));
        Ok(Err(Problem { code: Code::ChangedSince, text }))
    }

    async fn step(&mut self, step: &Step<'_>) -> Result<Result<Stepped, Problem>, Stopped> {
        let request = step.request(self.job.user_id());
        let mut asking = Asking::new(&request);
        let gone = || Problem {
            code: Code::ChangedSince,
            text: "the target no longer has the user whom this run created".into(),
        };
        loop {
            let told = asking.go(&mut self.way).await?;
            match told {
                Told::Done(answer) => {
                    let shown = answer.user().map(|user| compare(&self.job, user));
                    return Ok(Ok(Stepped { at: answer.updated_at(), shown }));
                }
                Told::AlreadyThere | Told::Unknown => {
                    match self.read_back().await? {
                        Err(problem) => return Ok(Err(problem)),
                        Ok(Some(user)) if step.is_shown_by(&user) => {
                            return Ok(Ok(Stepped { at: user.updated_at, shown: Some(compare(&self.job, &user)) }));
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => return Ok(Err(gone())),
                    }
                    if matches!(told, Told::Unknown) {
                        continue;
                    }
                    let number = if let Step::Phone(number) = step { number } else { "" };
                    let text = match self.holder("phone", number).await? {
                        Err(problem) => return Ok(Err(problem)),
                        Ok(Some(id)) => format!("the phone number belongs to the target's user {id}"),
                        Ok(None) => {
                            "the target has the phone number among the targets of another user, perhaps a deleted one"
                                .into()
                        }
                    };
                    return Ok(Err(Problem { code: Code::TargetConflict, text }));
                }
                Told::Gone => return Ok(Err(gone())),
                // Nothing else can be wrong with this request; the number was with the user's address all along.
                Told::Refused { kind, text } if kind == INVALID && matches!(step, Step::Phone(_)) => {
                    return Ok(Err(Problem { code: Code::PhoneLeftOut, text }));
                }
                Told::Refused { text, .. } => {
                    let text = format!("{}: {text}", step.name());
                    return Ok(Err(Problem { code: Code::TargetRefused, text }));
                }
                Told::GivenUp { text, .. } => {
                    return Ok(Err(Problem { code: Code::GivenUp, text: format!("{}: {text}", step.name()) }));
                }
            }
        }
    }
}
