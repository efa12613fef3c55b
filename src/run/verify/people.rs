//! Everybody whom the ledger says is there, beside their plan, a page at a time.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::SESSIONS_ASKED;
use crate::appwrite::preflight::chunks;
use crate::error::RunError;
use crate::event::{self, Silent};
use crate::ledger::{Change, Entry, Event, State, Steps};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::run::compare::compare;
use crate::run::context::{Context, Stopped};
use crate::run::feed::{self, Fed, SINCE};
use crate::run::findings::{Finding, MISSING, Sink, Verified};
use crate::run::job::Job;
use crate::run::parallel::{Parallel, together};
use crate::run::session::Stage;
use crate::run::sign_in::{SignIn, SignIns};
use crate::scheme::known::KnownPassword;

/// Users a question.
const PAGE: usize = 100;

/// Who is to be looked at.
pub(super) struct People<'v> {
    pub(super) stage: &'v Stage,
    pub(super) planner: &'v Planner<'v>,
    pub(super) duplicates: &'v Duplicates,
    pub(super) known: &'v [KnownPassword],
    /// They are tried at the sign-in bridge, which lets in more than the target does.
    pub(super) through: bool,
}

/// What the reading of the export showed besides.
pub(super) struct Seen {
    /// The users of the known passwords.
    pub(super) sign_ins: Vec<SignIn>,
    /// [`feed::id_digest`] of everybody planned for another shard.
    pub(super) elsewhere: Vec<u64>,
}

/// A user beside their plan.
enum Compared {
    Same { upgraded: bool, used: Option<Finding> },
    Different(Finding),
    Missing(Finding),
}

impl People<'_> {
    /// Compares everybody.
    pub(super) fn compare(
        &self,
        context: &Arc<Context>,
        runtime: &Runtime,
        found: &mut Verified,
        sink: Sink<'_>,
    ) -> Result<Seen, RunError> {
        let counts = self.stage.reader.counts()?;
        let expected = counts.created + counts.present;
        found.counts.gone = counts.gone;
        let listener = &*self.stage.listener;
        listener.on(&event::Event::Expecting { users: expected });
        let ask_sessions = expected <= SESSIONS_ASKED;
        let mut sign_ins = SignIns::of(self.known, self.through);
        let mut elsewhere = Vec::new();
        let mut waiting: Vec<Job> = Vec::new();
        let mut asked = Parallel::new(context, runtime, self.stage.session.concurrency);
        let mut take = |page: Vec<(u64, Compared)>| {
            for (record, compared) in page {
                listener.on(&event::Event::UserDone { record });
                count(compared, found, sink)?;
            }
            Ok(())
        };
        let question = |jobs: Vec<Job>| {
            let context = context.clone();
            async move { compare_page(&context, jobs, ask_sessions).await }
        };
        feed::scan_all(self.planner, self.duplicates, &Silent, |batch, others| {
            elsewhere.extend(others);
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            let Expected { users, refused } = self.expected(batch)?;
            take(refused)?;
            for (mut job, entry) in users {
                sign_ins.look_up(&job, &entry);
                (job.state, job.known) = (entry.state, entry.steps);
                if entry.has_no_phone() {
                    job.leave_phone_out();
                }
                waiting.push(job);
            }
            while waiting.len() >= PAGE {
                let later = waiting.split_off(PAGE);
                asked.add(question(std::mem::replace(&mut waiting, later)), &mut take)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if !waiting.is_empty() {
            asked.add(question(waiting), &mut take)?;
        }
        asked.finish(&mut take)?;
        found.untested = sign_ins.untested();
        if !ask_sessions {
            found.sessions_unasked = expected;
        }
        Ok(Seen { sign_ins: sign_ins.found, elsewhere })
    }

    /// The users of a batch that the ledger says are there.
    fn expected(&self, batch: Vec<Fed>) -> Result<Expected, RunError> {
        let mut expected = Expected::default();
        let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
            return Ok(expected);
        };
        let mut known: HashMap<u64, Entry> =
            self.stage.reader.range(first, last)?.into_iter().map(|entry| (entry.record, entry)).collect();
        for fed in batch {
            let Some(entry) = known.remove(&fed.record()).filter(Entry::is_there) else { continue };
            match fed {
                Fed::User(job) => expected.users.push((*job, entry)),
                Fed::Refused { record, refusal, .. } if entry.steps.has(Steps::CREATED) => {
                    let text = format!("{SINCE}{}", refusal.text);
                    let finding = Finding { record, user_id: entry.user_id, what: "different", text };
                    expected.refused.push((record, Compared::Different(finding)));
                }
                Fed::Refused { .. } => {}
            }
        }
        Ok(expected)
    }
}

/// Who of a batch is there, by the ledger.
#[derive(Default)]
struct Expected {
    users: Vec<(Job, Entry)>,
    /// Created by this run, and refused since.
    refused: Vec<(u64, Compared)>,
}

fn count(compared: Compared, found: &mut Verified, sink: Sink<'_>) -> Result<(), RunError> {
    let finding = match compared {
        Compared::Same { upgraded, used } => {
            found.counts.same += 1;
            found.upgraded += u64::from(upgraded);
            found.used += u64::from(used.is_some());
            used
        }
        Compared::Different(finding) => {
            found.counts.different += 1;
            Some(finding)
        }
        Compared::Missing(finding) => {
            found.counts.missing += 1;
            Some(finding)
        }
    };
    finding.map_or(Ok(()), sink)
}

async fn compare_page(
    context: &Arc<Context>,
    jobs: Vec<Job>,
    ask_sessions: bool,
) -> Result<Vec<(u64, Compared)>, Stopped> {
    let mut result = Vec::with_capacity(jobs.len());
    for chunk in chunks(&jobs, |job| job.user_id().len()) {
        let ids: Vec<&str> = chunk.iter().map(Job::user_id).collect();
        let users = context.users(&ids).await?;
        let sessions = if ask_sessions { sessions(context, users.keys()).await? } else { HashMap::new() };
        for job in chunk {
            let finding = |what, text| Finding { record: job.record, user_id: job.user_id().to_owned(), what, text };
            let compared = match users.get(job.user_id()).map(|user| compare(job, user)) {
                None => Compared::Missing(finding("missing", MISSING.into())),
                Some(mut comparison) if comparison.is_same() => {
                    comparison.extras.extend(sessions.get(job.user_id()).map(|n| in_words(*n)));
                    let extras = (!comparison.extras.is_empty()).then(|| comparison.extras.join("; "));
                    let used = extras.map(|text| finding("used", text));
                    Compared::Same { upgraded: comparison.upgraded, used }
                }
                Some(comparison) => {
                    let differs: Vec<_> = comparison.different.into_iter().chain(comparison.missing).collect();
                    Compared::Different(finding("different", format!("differs in: {}", differs.join(", "))))
                }
            };
            doubt(context, job, &compared).await?;
            result.push((job.record, compared));
        }
    }
    Ok(result)
}

fn in_words(sessions: u64) -> String {
    format!("has {sessions} {}", if sessions == 1 { "session" } else { "sessions" })
}

/// Who of these users has sessions, and how many. The gate keeps the pace.
async fn sessions<'i>(
    context: &Arc<Context>,
    ids: impl Iterator<Item = &'i String>,
) -> Result<HashMap<String, u64>, Stopped> {
    let asked = ids.map(|id| {
        let (context, id) = (context.clone(), id.clone());
        async move { context.sessions(&id).await.map(|n| (id, n)) }
    });
    let told = together(context, asked).await?.into_iter();
    Ok(told.filter_map(|(id, n)| Some((id, n.filter(|n| *n > 0)?))).collect())
}

/// A run that calls a user done who is not as planned is to look again: `resume`, and the same `import`.
async fn doubt(context: &Context, job: &Job, compared: &Compared) -> Result<(), Stopped> {
    let (Compared::Missing(finding) | Compared::Different(finding)) = compared else { return Ok(()) };
    let Ok((state, steps)) = job.state.next(job.known, Event::Doubted) else { return Ok(()) };
    // Whom this run did not create was there before; if they are created now, it is from now on.
    let at = (job.state == State::Present).then(|| context.gate.clock().earliest());
    let change = Change { record: job.record, state, steps, at, code: None, text: Some(finding.text.clone()) };
    context.ledger.change(change).await.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}
