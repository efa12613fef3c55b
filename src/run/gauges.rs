//! What a session is doing, in numbers that a monitoring system reads: counted as it happens, written in Prometheus' text form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::appwrite::verdict::{Cause, Verdict};
use crate::appwrite::wire::Kind;
use crate::code::Code;
use crate::event::{Event, Listener};
use crate::ledger::Counts;

/// The upper ends of the buckets of answers, in seconds.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The counts of one session. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Gauges(Arc<Mutex<Numbers>>);

#[derive(Debug)]
struct Numbers {
    began: Timestamp,
    records_read: u64,
    expected: u64,
    users: BTreeMap<&'static str, u64>,
    last: Option<Timestamp>,
    requests: BTreeMap<(&'static str, &'static str), u64>,
    retries: u64,
    answers: [u64; BUCKETS.len() + 1],
    seconds: f64,
    in_flight: usize,
    limit: usize,
    pauses: u64,
    /// Since when it is held.
    held: Option<Timestamp>,
    /// For how long it was before that.
    held_seconds: f64,
    until: Option<Timestamp>,
    ledger: Option<Counts>,
    ended: Option<u8>,
}

impl Default for Numbers {
    fn default() -> Self {
        // Present from the beginning, so that the first of each kind is seen as an increase.
        let users = ["done", "refused", "conflict", "failed"].map(|outcome| (outcome, 0));
        Self {
            began: Timestamp::now(),
            records_read: 0,
            expected: 0,
            users: users.into(),
            last: None,
            requests: BTreeMap::new(),
            retries: 0,
            answers: [0; BUCKETS.len() + 1],
            seconds: 0.0,
            in_flight: 0,
            limit: 0,
            pauses: 0,
            held: None,
            held_seconds: 0.0,
            until: None,
            ledger: None,
            ended: None,
        }
    }
}

impl Numbers {
    /// Seconds for which it was held up to this moment.
    fn held_until(&self, now: Timestamp) -> f64 {
        self.held_seconds + self.held.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0))
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Step(_) | Kind::Phone => "follow_up",
        Kind::Read => "read",
        Kind::Delete => "delete",
        Kind::SignIn => "sign_in",
    }
}

fn outcome(verdict: &Verdict) -> &'static str {
    match verdict.trouble().map(|trouble| trouble.cause) {
        None if matches!(verdict, Verdict::Refused(_)) => "refused",
        None => "served",
        Some(Cause::Throttled) => "throttled",
        Some(Cause::Overloaded) => "overloaded",
        Some(Cause::ServerError) => "server_error",
        Some(Cause::Network) => "no_answer",
        Some(Cause::Foreign) => "foreign",
        Some(Cause::Denied) => "denied",
        Some(Cause::Full) => "full",
    }
}

impl Gauges {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        // Counted, not built: a panic in between leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request goes out.
    pub fn sent(&self) {
        self.numbers().in_flight += 1;
    }

    /// A request came to its end after so long.
    pub fn answered(&self, kind: Kind, verdict: &Verdict, after: Duration) {
        let mut numbers = self.numbers();
        numbers.in_flight = numbers.in_flight.saturating_sub(1);
        numbers.retries += u64::from(verdict.trouble().is_some());
        *numbers.requests.entry((kind_name(kind), outcome(verdict))).or_default() += 1;
        let seconds = after.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
        numbers.answers[bucket] += 1;
        numbers.seconds += seconds;
    }

    /// As many may be in flight at most from here.
    pub fn may_have_in_flight(&self, limit: usize) {
        self.numbers().limit = limit;
    }

    /// When the session ends, if it is to.
    pub fn ends_at(&self, until: Option<Timestamp>) {
        self.numbers().until = until;
    }

    /// How the run's records stand.
    pub fn ledger_says(&self, counts: Counts) {
        self.numbers().ledger = Some(counts);
    }

    /// The session is over, with this exit code.
    pub fn ended(&self, exit_code: u8) {
        let mut numbers = self.numbers();
        numbers.held_seconds = numbers.held_until(Timestamp::now());
        (numbers.ended, numbers.held) = (Some(exit_code), None);
    }

    /// Everything in Prometheus' text form (version 0.0.4), each sample with these labels.
    #[must_use]
    pub fn text(&self, labels: &[(&str, String)]) -> String {
        self.text_at(Timestamp::now(), labels)
    }

    fn text_at(&self, now: Timestamp, labels: &[(&str, String)]) -> String {
        let numbers = self.numbers();
        let mut page = Page { text: String::new(), labels };
        let Numbers { began, records_read, expected, users, last, requests, retries, answers, seconds, .. } = &*numbers;
        let Numbers { in_flight, limit, pauses, held, until, ledger, ended, .. } = &*numbers;
        let moment = |at: &Timestamp| at.as_duration().as_secs_f64();
        page.one("build_info", "gauge", "The rehome that is at work.", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        page.one("running", "gauge", "Whether the session is at work.", &[], f64::from(u8::from(ended.is_none())));
        page.one("start_timestamp_seconds", "gauge", "When the session began.", &[], moment(began));
        if let Some(until) = until {
            page.one("until_timestamp_seconds", "gauge", "After when nobody is begun (--until).", &[], moment(until));
        }
        if let Some(code) = ended {
            page.one("exit_code", "gauge", "How the session ended.", &[], f64::from(*code));
        }
        page.one(
            "read_records",
            "gauge",
            "Records of the export that the reading has come to.",
            &[],
            *records_read as f64,
        );
        page.one("expected_users", "gauge", "Users whom the session is to bring to their end.", &[], *expected as f64);
        page.head("users_total", "counter", "Users whom the session has brought to their end.");
        for (outcome, n) in users {
            page.sample("users_total", &[("outcome", outcome)], *n as f64);
        }
        if let Some(last) = last {
            page.one("last_user_timestamp_seconds", "gauge", "When a user last came to their end.", &[], moment(last));
        }
        if let Some(counts) = ledger {
            page.head("run_records", "gauge", "Records of the run, over all its sessions.");
            let Counts { done, left, refused, failed, rolled_back, .. } = counts;
            let states = [
                ("done", done),
                ("left", left),
                ("refused", refused),
                ("failed", failed),
                ("rolled_back", rolled_back),
            ];
            for (state, n) in states {
                page.sample("run_records", &[("state", state)], *n as f64);
            }
        }
        if !requests.is_empty() {
            page.head("requests_total", "counter", "Requests to the target that came to an end.");
        }
        for ((kind, outcome), n) in requests {
            page.sample("requests_total", &[("kind", kind), ("outcome", outcome)], *n as f64);
        }
        page.one("request_retries_total", "counter", "Requests that have to be sent again.", &[], *retries as f64);
        page.head("request_duration_seconds", "histogram", "How long requests took.");
        let mut so_far = 0;
        for (n, end) in answers.iter().zip(BUCKETS.iter().map(f64::to_string).chain(["+Inf".into()])) {
            so_far += n;
            page.sample("request_duration_seconds_bucket", &[("le", &end)], so_far as f64);
        }
        page.sample("request_duration_seconds_sum", &[], *seconds);
        page.sample("request_duration_seconds_count", &[], so_far as f64);
        page.one("requests_in_flight", "gauge", "Requests that are under way.", &[], *in_flight as f64);
        page.one("requests_in_flight_limit", "gauge", "Requests that may be under way: the pace.", &[], *limit as f64);
        page.one("target_pauses_total", "counter", "Pauses that the target asked for.", &[], *pauses as f64);
        page.one("paused", "gauge", "Whether --pause-file holds the run.", &[], f64::from(u8::from(held.is_some())));
        let seconds = numbers.held_until(now);
        page.one("paused_seconds_total", "counter", "For how long it was held so far.", &[], seconds);
        page.text
    }
}

impl Listener for Gauges {
    fn on(&self, event: &Event) {
        let mut numbers = self.numbers();
        let outcome = match event {
            Event::UserDone { .. } => "done",
            Event::UserFailed { code: Code::TargetConflict, .. } => "conflict",
            Event::UserFailed { code: Code::GivenUp | Code::ChangedSince, .. } => "failed",
            Event::UserFailed { .. } | Event::LeftOut { .. } => "refused",
            Event::Read { records, .. } => return numbers.records_read = *records,
            Event::Expecting { users } => return numbers.expected = *users,
            Event::Pace { pause_ms, .. } => return numbers.pauses += u64::from(*pause_ms > 0),
            Event::Held(_) => return numbers.held = Some(Timestamp::now()),
            Event::GoneOn { seconds, .. } => {
                numbers.held = None;
                numbers.held_seconds += seconds;
                return;
            }
            _ => return,
        };
        *numbers.users.entry(outcome).or_default() += 1;
        numbers.last = Some(Timestamp::now());
    }
}

/// Counts what it hears, and passes it on.
pub struct Counting {
    /// The counts.
    pub gauges: Gauges,
    /// Who else hears it.
    pub listener: Arc<dyn Listener>,
}

impl Listener for Counting {
    fn on(&self, event: &Event) {
        self.gauges.on(event);
        self.listener.on(event);
    }
}

struct Page<'p> {
    text: String,
    labels: &'p [(&'p str, String)],
}

impl Page<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP rehome_{name} {help}\n# TYPE rehome_{name} {kind}\n");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.head(name, kind, help);
        self.sample(name, labels, value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let own = labels.iter().map(|(name, value)| (*name, *value));
        let all = self.labels.iter().map(|(name, value)| (*name, value.as_str())).chain(own);
        let all: Vec<String> = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.text, "rehome_{name}{{{}}} {value}", all.join(","));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::verdict::Trouble;

    #[test]
    fn what_happens_is_counted_and_every_bucket_holds_those_below_it() {
        let gauges = Gauges::default();
        gauges.on(&Event::UserDone { record: 1 });
        gauges.on(&Event::UserFailed { record: 2, code: Code::TargetConflict, text: String::new() });
        let throttled = Verdict::Retry(Trouble { cause: Cause::Throttled, after: None, text: String::new() });
        for (verdict, millis) in [(Verdict::Done, 4), (throttled, 40), (Verdict::Done, 40_000)] {
            gauges.sent();
            gauges.answered(Kind::Create, &verdict, Duration::from_millis(millis));
        }
        gauges.sent();
        let text = gauges.text(&[("run", "a \"b\"".into())]);
        for line in [
            "rehome_users_total{run=\"a \\\"b\\\"\",outcome=\"done\"} 1",
            "rehome_users_total{run=\"a \\\"b\\\"\",outcome=\"conflict\"} 1",
            "rehome_users_total{run=\"a \\\"b\\\"\",outcome=\"failed\"} 0",
            "rehome_requests_total{run=\"a \\\"b\\\"\",kind=\"create\",outcome=\"served\"} 2",
            "rehome_requests_total{run=\"a \\\"b\\\"\",kind=\"create\",outcome=\"throttled\"} 1",
            "rehome_request_retries_total{run=\"a \\\"b\\\"\"} 1",
            "rehome_request_duration_seconds_bucket{run=\"a \\\"b\\\"\",le=\"0.005\"} 1",
            "rehome_request_duration_seconds_bucket{run=\"a \\\"b\\\"\",le=\"30\"} 2",
            "rehome_request_duration_seconds_bucket{run=\"a \\\"b\\\"\",le=\"+Inf\"} 3",
            "rehome_request_duration_seconds_count{run=\"a \\\"b\\\"\"} 3",
            "rehome_requests_in_flight{run=\"a \\\"b\\\"\"} 1",
            "rehome_running{run=\"a \\\"b\\\"\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_pause_that_lasts_is_counted_for_as_long_as_it_has_lasted() {
        let gauges = Gauges::default();
        let at = |now: Timestamp| {
            let text = gauges.text_at(now, &[]);
            let line = text.lines().find(|line| line.starts_with("rehome_paused_seconds_total")).expect("a sample");
            format!("{:.0}", line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number"))
        };
        let now = Timestamp::now();
        let later = |seconds| now.checked_add(Duration::from_secs(seconds)).expect("a moment");
        assert_eq!(at(later(5)), "0");
        gauges.on(&Event::Held(String::new()));
        assert_eq!((at(later(600)), at(later(1200))), ("600".into(), "1200".into()));
        gauges.on(&Event::GoneOn { text: String::new(), seconds: 30.0 });
        assert_eq!(at(later(1200)), "30");
        // Whoever ends a run that is held does not end it at once.
        gauges.on(&Event::Held(String::new()));
        gauges.ended(75);
        assert_eq!((at(Timestamp::now()), at(later(1200))), ("30".into(), "30".into()));
    }
}
