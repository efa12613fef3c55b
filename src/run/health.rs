//! Whether the target serves each kind of request, so that its trouble is told from a user's. A read that is answered
//! says nothing about creates: each kind is judged by itself.

use std::time::Duration;

use crate::appwrite::verdict::{Cause, Trouble};
use crate::appwrite::wire::{Kind, Request};
use crate::ledger::Steps;

/// Failures in a row, without any good answer, that the end of a run needs beside the time.
const FAILURES: u32 = 5;
/// The same, of being told to slow down.
const THROTTLED: u32 = 2;
/// Up to so many different requests that fail while none succeeds may be to blame themselves at once.
const FEW: usize = 4;
/// Up to so many may be where others have been served, once these were waited for in vain: what is left at the end of a
/// run is often just those who cannot be served. More are not to blame, so an outage makes no more users fail than these.
const SOME: usize = 100;
/// A streak whose last failure is longer ago than this is over: nothing of the kind was asked for since.
const QUIET: Duration = Duration::from_secs(60);
/// How many times longer a target may throttle everybody than it may be gone.
const PATIENCE: u32 = 4;

/// Every kind of request that there was.
#[derive(Debug, Default)]
pub struct Health(Vec<(Kind, Streak)>);

/// Answers of one kind of request.
#[derive(Debug, Default)]
struct Streak {
    /// Good answers so far.
    good: u64,
    /// Whether there were any, in this run or an earlier one.
    served: bool,
    /// Bad ones since the last good one, and when they began and last came.
    bad: u32,
    since: Duration,
    last: Duration,
    throttled: u32,
    /// When a probe was last served.
    proven: Duration,
    /// Which requests these were, as far as they are some.
    askers: Vec<u64>,
}

impl Streak {
    /// Whether these requests may be to blame themselves, if only because they are few.
    fn may_be_theirs(&self) -> bool {
        self.askers.len() <= if self.served { SOME } else { FEW }
    }
}

impl Health {
    fn of(&mut self, kind: Kind) -> &mut Streak {
        let place = self.0.iter().position(|(other, _)| *other == kind).unwrap_or_else(|| {
            self.0.push((kind, Streak::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn get(&self, kind: Kind) -> Option<&Streak> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, streak)| streak)
    }

    /// An earlier run had these done.
    pub fn remember(&mut self, done: Steps) {
        for kind in done.kinds() {
            self.of(kind).served = true;
        }
    }

    /// How many requests of this kind have been served.
    #[must_use]
    pub fn served(&self, kind: Kind) -> u64 {
        self.get(kind).map_or(0, |streak| streak.good)
    }

    /// Whether the requests of this kind that fail may be to blame themselves, if others would be served: they are few,
    /// or they are some, have had half the time that is `allowed`, and others were served. The other half is for probes: one
    /// that is lost as well must not be the end.
    #[must_use]
    pub fn may_be_to_blame(&self, kind: Kind, now: Duration, allowed: Duration) -> bool {
        self.get(kind).is_none_or(|streak| {
            let waited = now.saturating_sub(streak.since) >= allowed / 2;
            streak.askers.len() <= FEW || (waited && streak.may_be_theirs())
        })
    }

    /// Whether the requests of this kind that fail may be to blame themselves, for all that is known without asking.
    #[must_use]
    pub fn may_be_theirs(&self, kind: Kind) -> bool {
        self.get(kind).is_none_or(Streak::may_be_theirs)
    }

    /// A probe was served: others would be.
    pub fn proven(&mut self, kind: Kind, now: Duration) {
        self.of(kind).proven = now;
    }

    /// A request was served.
    pub fn good(&mut self, kind: Kind) {
        let streak = self.of(kind);
        streak.good += 1;
        streak.served = true;
        streak.bad = 0;
        streak.throttled = 0;
        streak.askers.clear();
    }

    /// A request was not served. Gives how long the kind has not been if that is longer than `allowed`, and it cannot be
    /// about the requests: nobody can be served. A probe is about nobody.
    pub fn bad(
        &mut self,
        request: &Request,
        probe: bool,
        trouble: &Trouble,
        now: Duration,
        allowed: Duration,
    ) -> Option<Duration> {
        let streak = self.of(request.kind);
        let pause = trouble.after.unwrap_or_default();
        if streak.bad == 0 || now.saturating_sub(streak.last) > QUIET.max(allowed).max(pause * 2) {
            let Streak { good, served, proven, .. } = *streak;
            *streak = Streak { good, served, proven, since: now, ..Streak::default() };
        }
        streak.bad += 1;
        streak.last = now;
        let throttled = trouble.cause == Cause::Throttled;
        streak.throttled += u32::from(throttled);
        let asker = request.digest();
        if !throttled && !probe && streak.askers.len() <= SOME && !streak.askers.contains(&asker) {
            streak.askers.push(asker);
        }
        let (enough, allowed) = if throttled { (THROTTLED, allowed * PATIENCE) } else { (FAILURES, allowed) };
        let theirs = streak.may_be_theirs();
        let gone = now.saturating_sub(if theirs { streak.since.max(streak.proven) } else { streak.since });
        // A target that throttles is there, so its pauses do not count as its being gone.
        let bad = if throttled { streak.throttled } else { streak.bad - streak.throttled };
        // A gateway or a network that gives up does not look at who is in the request.
        let about_them =
            matches!(trouble.cause, Cause::Foreign | Cause::ServerError | Cause::Denied) && theirs && !probe;
        (bad >= enough && gone >= allowed && !about_them).then_some(gone)
    }
}

/// The longest pause that is kept because a target asks for it: more is asked about again.
#[must_use]
pub fn longest_pause(allowed: Duration) -> Duration {
    (allowed * PATIENCE).clamp(Duration::from_secs(5), Duration::from_secs(300))
}

/// The kind's name, for people.
#[must_use]
pub fn name(kind: Kind) -> String {
    match kind {
        Kind::Create => "create".into(),
        Kind::Step(what) => format!("follow-up ({what})"),
        Kind::Phone => "follow-up (phone)".into(),
        Kind::Read => "read".into(),
        Kind::Delete => "deletion".into(),
        Kind::SignIn => "sign-in".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::wire::Step;
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
        // Of a target that never served one, and of one that did.
        for (served, some) in [(false, 30), (true, 100)] {
            let mut health = Health::default();
            health.remember(if served { Steps::CREATED } else { Steps::NONE });
            for n in 0..140 {
                health.good(Kind::Read);
                let ended = health.bad(&create(n), false, &trouble(Cause::ServerError), seconds(n), ALLOWED);
                assert_eq!(ended.is_some(), n >= some, "{n}, {served}");
            }
            assert!(!health.may_be_to_blame(Kind::Create, seconds(140), ALLOWED));
        }
    }

    #[test]
    fn the_last_ones_who_cannot_be_served_do_not_end_a_run_that_has_served_others() {
        let mut health = Health::default();
        health.good(Kind::Create);
        for n in 0..200 {
            let (request, now) = (create(n % 20), seconds(n));
            assert_eq!(health.bad(&request, false, &trouble(Cause::Foreign), now, ALLOWED), None, "{n}");
            assert_eq!(health.may_be_to_blame(Kind::Create, now, ALLOWED), !(4..15).contains(&n), "{n}");
            if n >= 15 {
                health.proven(Kind::Create, now);
                // One of the next ones gets lost.
                assert_eq!(health.bad(&request, true, &trouble(Cause::Network), now, ALLOWED), None, "{n}");
            }
        }
        let probe = health.bad(&create(0), true, &trouble(Cause::Foreign), seconds(229), ALLOWED);
        assert_eq!(probe, Some(seconds(30)), "but one that serves nobody ends it");
    }

    #[test]
    fn what_is_never_done_ends_a_run_though_other_follow_ups_are() {
        let mut health = Health::default();
        for n in 0..40 {
            health.good(Step::VerifyEmail.kind());
            let disable = Step::Disable.request(&format!("user-{}", n % 6));
            let ended = health.bad(&disable, false, &trouble(Cause::Foreign), seconds(n), ALLOWED);
            assert_eq!(ended.is_some(), n >= 30, "{n}");
        }
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
        assert!(health.may_be_to_blame(Kind::Create, seconds(100), ALLOWED) && health.served(Kind::Create) == 5);
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
