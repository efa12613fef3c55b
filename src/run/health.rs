//! Whether the target serves each kind of request, so that its trouble is told from a user's. A read that is answered
//! says nothing about creates: each kind is judged by itself.

use std::time::Duration;

use crate::appwrite::verdict::{Cause, Trouble};
use crate::appwrite::wire::{Kind, Request};

/// Failures in a row, without any good answer, that the end of a run needs beside the time.
const FAILURES: u32 = 5;
/// The same, of being told to slow down.
const THROTTLED: u32 = 2;
/// Up to so many different requests that fail while none succeeds may be to blame themselves; more are not.
const FEW: usize = 4;
/// A streak whose last failure is longer ago than this is over: nothing of the kind was asked for since.
const QUIET: Duration = Duration::from_secs(60);
/// How many times longer a target may throttle everybody than it may be gone.
const PATIENCE: u32 = 4;

/// Every kind of request.
#[derive(Debug, Default)]
pub struct Health([Streak; 5]);

/// Answers of one kind of request.
#[derive(Debug, Default)]
struct Streak {
    /// Good answers so far.
    good: u64,
    /// Bad ones since the last good one, and when they began and last came.
    bad: u32,
    since: Duration,
    last: Duration,
    throttled: u32,
    /// Which requests these were, as far as they are few.
    askers: Vec<u64>,
}

impl Health {
    /// How many requests of this kind have been served.
    #[must_use]
    pub fn served(&self, kind: Kind) -> u64 {
        self.0[place(kind)].good
    }

    /// Whether so few requests of this kind fail that they may be to blame themselves.
    #[must_use]
    pub fn only_few_fail(&self, kind: Kind) -> bool {
        self.0[place(kind)].askers.len() <= FEW
    }

    /// A request was served.
    pub fn good(&mut self, kind: Kind) {
        let streak = &mut self.0[place(kind)];
        streak.good += 1;
        streak.bad = 0;
        streak.throttled = 0;
        streak.askers.clear();
    }

    /// A request was not served. Gives how long the kind has not been if that is longer than `allowed`, and the requests
    /// are not so few that it may be about them: nobody can be served. A probe is about nobody.
    pub fn bad(
        &mut self,
        request: &Request,
        probe: bool,
        trouble: &Trouble,
        now: Duration,
        allowed: Duration,
    ) -> Option<Duration> {
        let streak = &mut self.0[place(request.kind)];
        let pause = trouble.after.unwrap_or_default();
        if streak.bad == 0 || now.saturating_sub(streak.last) > QUIET.max(allowed).max(pause * 2) {
            *streak = Streak { good: streak.good, since: now, ..Streak::default() };
        }
        streak.bad += 1;
        streak.last = now;
        let throttled = trouble.cause == Cause::Throttled;
        streak.throttled += u32::from(throttled);
        let asker = request.digest();
        if !throttled && streak.askers.len() <= FEW && !streak.askers.contains(&asker) {
            streak.askers.push(asker);
        }
        let (enough, allowed) = if throttled { (THROTTLED, allowed * PATIENCE) } else { (FAILURES, allowed) };
        let gone = now.saturating_sub(streak.since);
        // A target that throttles is there, so its pauses do not count as its being gone.
        let bad = if throttled { streak.throttled } else { streak.bad - streak.throttled };
        // A gateway or a network that gives up does not look at who is in the request.
        let about_few = matches!(trouble.cause, Cause::Foreign | Cause::ServerError | Cause::Denied)
            && streak.askers.len() <= FEW
            && !probe;
        (bad >= enough && gone >= allowed && !about_few).then_some(gone)
    }
}

/// The longest pause that is kept because a target asks for it: more is asked about again.
#[must_use]
pub fn longest_pause(allowed: Duration) -> Duration {
    (allowed * PATIENCE).clamp(Duration::from_secs(5), Duration::from_secs(300))
}

const fn place(kind: Kind) -> usize {
    match kind {
        Kind::Create => 0,
        Kind::Step | Kind::Phone => 1,
        Kind::Read => 2,
        Kind::Delete => 3,
        Kind::SignIn => 4,
    }
}

/// The kind's name, for people.
#[must_use]
pub const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Step | Kind::Phone => "follow-up",
        Kind::Read => "read",
        Kind::Delete => "deletion",
        Kind::SignIn => "sign-in",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALLOWED: Duration = Duration::from_secs(30);

    fn create(n: u32) -> Request {
        Request::post("/users/bcrypt", &json!({ "userId": n }))
    }

    fn trouble(cause: Cause) -> Trouble {
        Trouble { cause, after: None, text: String::new() }
    }

    fn seconds(n: u32) -> Duration {
        Duration::from_secs(n.into())
    }

    #[test]
    fn reads_that_are_answered_do_not_hide_that_every_create_fails() {
        let mut health = Health::default();
        let mut ended = None;
        for n in 0..40 {
            health.good(Kind::Read);
            ended = health.bad(&create(n), false, &trouble(Cause::ServerError), seconds(n), ALLOWED);
            assert_eq!(ended.is_some(), n >= 30, "{n}");
        }
        assert!(ended.is_some() && !health.only_few_fail(Kind::Create));
    }

    #[test]
    fn one_good_create_is_enough_to_go_on() {
        let mut health = Health::default();
        for n in 0..100 {
            if n % 20 == 0 {
                health.good(Kind::Create);
            }
            assert_eq!(health.bad(&create(0), false, &trouble(Cause::Foreign), seconds(n), ALLOWED), None);
        }
        assert!(health.only_few_fail(Kind::Create) && health.served(Kind::Create) == 5);
    }

    #[test]
    fn a_target_that_only_throttles_is_not_waited_for_without_end() {
        let mut health = Health::default();
        let ended = (0..200)
            .find(|n| health.bad(&create(0), false, &trouble(Cause::Throttled), seconds(*n), ALLOWED).is_some());
        assert_eq!(ended, Some(120));
        assert_eq!(longest_pause(ALLOWED), seconds(120));
        assert_eq!(longest_pause(Duration::from_secs(1)), seconds(5));
    }

    #[test]
    fn failures_far_apart_are_no_outage() {
        let mut health = Health::default();
        for n in 0..20 {
            assert_eq!(health.bad(&create(n), false, &trouble(Cause::Network), seconds(n * 100), ALLOWED), None);
        }
    }
}
