//! Known passwords at the door where they will be used: whose they are, and whether the target lets them in.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Runtime;

use super::context::{Context, Reply, Stopped};
use super::findings::{Finding, Sink, Verified};
use super::job::Job;
use super::parallel::Parallel;
use crate::appwrite::wire::{Request, User};
use crate::code::Code;
use crate::error::RunError;
use crate::event::{self, Listener};
use crate::ledger::{Change, Entry, Event, Steps};
use crate::plan::stored_address;
use crate::scheme::known::KnownPassword;

/// Sign-ins at a time at most: each costs the server an Argon2 hash, of 64 MiB before 2.3.
const AT_ONCE: usize = 8;

/// Why nobody is signed in of whom a list of passwords knows, and the run does not.
const NOBODY: &str = "no user of the run has this address or id in the export, which after a sync is the later one";

/// A known password and its user.
pub(super) struct SignIn {
    record: u64,
    user_id: String,
    email: String,
    password: String,
    blocked: bool,
    entry: Entry,
}

/// Finds the users of the known passwords among the jobs.
pub(super) struct SignIns<'k> {
    known: &'k [KnownPassword],
    /// Whether they are tried at the sign-in bridge.
    through: bool,
    by_email: HashMap<String, Vec<usize>>,
    by_id: HashMap<&'k str, Vec<usize>>,
    met: Vec<Option<&'static str>>,
    pub found: Vec<SignIn>,
}

impl<'k> SignIns<'k> {
    pub fn of(known: &'k [KnownPassword], through: bool) -> Self {
        let mut sign_ins = Self {
            known,
            through,
            by_email: HashMap::new(),
            by_id: HashMap::new(),
            met: vec![Some(NOBODY); known.len()],
            found: Vec::new(),
        };
        for (i, pair) in known.iter().enumerate() {
            if let Some(email) = &pair.email {
                sign_ins.by_email.entry(stored_address(email.as_str().into()).into_owned()).or_default().push(i);
            } else if let Some(id) = &pair.id {
                sign_ins.by_id.entry(id).or_default().push(i);
            }
        }
        sign_ins
    }

    /// Notes whose password is known, and why it cannot be tried if it cannot.
    pub fn look_up(&mut self, job: &Job, entry: &Entry) {
        if self.by_email.is_empty() && self.by_id.is_empty() {
            return;
        }
        let email = job.email();
        let by_email = email.and_then(|email| self.by_email.get(email));
        let by_id = [self.by_id.get(&*job.source_id), self.by_id.get(job.user_id())];
        let mut pairs: Vec<usize> =
            by_email.into_iter().chain(by_id.into_iter().flatten()).flatten().copied().collect();
        pairs.sort_unstable();
        pairs.dedup();
        for i in pairs {
            let has_password = job.create.body.password.is_some();
            // Without the bridge, whose door it is, what is sealed is tried where it is known.
            let kept = job.bridged.as_ref().filter(|_| !has_password).map(|bridged| &bridged.kept);
            let at_the_bridge = self.through && kept.is_some() && email.is_some();
            self.met[i] = match email {
                _ if let Some(kept) = kept.filter(|_| !at_the_bridge) => {
                    (kept.verify(self.known[i].password.as_bytes()) != Some(true))
                        .then_some("it is not the password of the hash that is kept for the bridge")
                }
                _ if !has_password && !at_the_bridge => Some("the user was created without a password"),
                None => Some("the user has no e-mail address to sign in with"),
                Some(email) => {
                    self.found.push(SignIn {
                        record: job.record,
                        user_id: job.user_id().to_owned(),
                        email: email.to_owned(),
                        password: self.known[i].password.clone(),
                        blocked: job.plans(Steps::DISABLE),
                        entry: entry.clone(),
                    });
                    None
                }
            };
        }
    }

    /// Those that could not be tried, each with why.
    pub fn untested(&self) -> Vec<(String, &'static str)> {
        let who = |pair: &KnownPassword| pair.email.clone().or_else(|| pair.id.clone()).unwrap_or_default();
        self.known.iter().zip(&self.met).filter_map(|(pair, met)| Some((who(pair), (*met)?))).collect()
    }
}

/// Signs everybody in, a few at a time and within the run's own rate, and ends each session again.
///
/// # Errors
/// What stopped the run, and what `sink` returned.
pub(super) fn sign_in(
    context: &Arc<Context>,
    runtime: &Runtime,
    concurrency: usize,
    sign_ins: Vec<SignIn>,
    found: &mut Verified,
    sink: Sink<'_>,
    listener: &dyn Listener,
) -> Result<(), RunError> {
    let (n, at_once) = (sign_ins.len(), concurrency.clamp(1, AT_ONCE));
    if n == 0 {
        return Ok(());
    }
    let passwords = if n == 1 { "password" } else { "passwords" };
    listener.on(&event::Event::Said(format!("signing in with {n} known {passwords}, at most {at_once} at a time")));
    listener.on(&event::Event::Expecting { users: n as u64 });
    let mut take = |(sign_in, result): (SignIn, Result<bool, String>)| {
        listener.on(&event::Event::UserDone { record: sign_in.record });
        match result {
            Ok(kept_out) => {
                let counts = &mut found.counts;
                *(if kept_out { &mut counts.kept_out } else { &mut counts.signed_in }) += 1;
                Ok(())
            }
            Err(text) => {
                found.counts.not_signed_in += 1;
                sink(Finding { record: sign_in.record, user_id: sign_in.user_id, what: "sign-in", text })
            }
        }
    };
    let mut asked = Parallel::new(context, runtime, at_once);
    for sign_in in sign_ins {
        if context.stop.is_set() {
            break;
        }
        let context = context.clone();
        let work = async move {
            let result = try_sign_in(&context, &sign_in).await?;
            Ok((sign_in, result))
        };
        asked.add(work, &mut take)?;
    }
    asked.finish(&mut take)
}

/// Whether the user is blocked, as planned; or why they cannot sign in. The session is ended again.
async fn try_sign_in(context: &Context, sign_in: &SignIn) -> Result<Result<bool, String>, Stopped> {
    let untouched = is_as_left(context, sign_in).await;
    Ok(match context.ask(&Request::sign_in(&sign_in.email, &sign_in.password)).await? {
        // The target says so only to whom it believes the password.
        Reply::Refused { kind, .. } if kind == "user_blocked" && sign_in.blocked => Ok(true),
        // So does one whose policy wants the password changed: it has verified it first.
        Reply::Refused { kind, .. } if kind == "user_password_reset_required" => Ok(true),
        Reply::Refused { kind, .. } if kind == "user_blocked" => {
            Err("the user is blocked at the target, and was not planned to be".into())
        }
        Reply::Refused { kind, .. } if kind == "user_invalid_credentials" => {
            Err("the target does not accept the password".into())
        }
        Reply::Refused { problem, .. } => Err(format!("the target refuses the sign-in: {}", problem.text)),
        Reply::Gone => Err("the target has no such user".into()),
        // Anybody's session is no proof: a cache on the way may give the same to everybody.
        Reply::Answer(answer) if answer.json().get("userId").and_then(Value::as_str) != Some(&*sign_in.user_id) => {
            Err("the target answers the sign-in with the session of another user".into())
        }
        Reply::Answer(answer) => {
            if let Some(session) = answer.json().get("$id").and_then(Value::as_str) {
                let _ = context.ask(&Request::end_session(&sign_in.user_id, session)).await;
            }
            if untouched {
                note_sign_in(context, sign_in).await;
            }
            if sign_in.blocked { Err("the user can sign in, and was planned to be disabled".into()) } else { Ok(false) }
        }
    })
}

/// Whether the user is as this run left them: a sign-in here must not hide from `rollback` what others did before.
async fn is_as_left(context: &Context, sign_in: &SignIn) -> bool {
    match context.ask(&Request::read(&sign_in.user_id)).await {
        Ok(Reply::Answer(answer)) => answer.read::<User>().and_then(|user| user.updated_at) == Some(sign_in.entry.at),
        _ => false,
    }
}

/// The sign-in re-hashed the password, which is no change by somebody else.
async fn note_sign_in(context: &Context, sign_in: &SignIn) {
    let Ok((state, steps)) = sign_in.entry.state.next(sign_in.entry.steps, Event::SignedIn) else { return };
    if let Ok(Reply::Answer(answer)) = context.ask(&Request::read(&sign_in.user_id)).await {
        let at = answer.read::<User>().and_then(|user| user.updated_at);
        // What stands there of somebody stays true.
        let code = sign_in.entry.code.as_deref().and_then(Code::from_name);
        let text = sign_in.entry.text.clone().filter(|_| code.is_some());
        let change = Change { record: sign_in.record, state, steps, at, code, text };
        // Closing the ledger tells of a writer that has given up.
        let _ = context.ledger.change(change).await;
    }
}
