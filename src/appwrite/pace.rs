//! How many requests to keep in flight, and how many to begin a second: found by watching, below the ceilings that were
//! given. Pure: time comes in as an argument, so that whole runs are simulated in the tests.
//!
//! *In flight.* By Little's law the throughput at a limit is limit ÷ latency, which is less noisy than counting users and
//! does not depend on whether there was anything to send. The limit quadruples while that pays (slow start), then is
//! probed up and, if latency has risen above the best seen, down, in steps of a quarter; a step up stays only if it pays,
//! one down if it costs nothing: as fast, and the target's other clients wait for fewer. Other steps make the next one
//! wait longer. More than a tenth of 503s cuts the limit.
//!
//! *A second.* Unlimited until the target says 429. Then what it accepted during the last second becomes the rate, and
//! after a while a little more is tried. 429s that do not get fewer at a lower rate are not about the rate.

use std::time::Duration;

/// Requests in flight at the start.
const START: usize = 8;
/// How fast slow start grows.
const GROWTH: usize = 4;
/// Growing pays if throughput grows by this part of it; less is the neighbourhood of the knee.
const GROWTH_PAYS: f64 = 0.65;
/// A step by a quarter pays if throughput grows by this part of what was added.
const STEP_PAYS: f64 = 0.4;
/// Going down costs nothing if throughput stays at this part of what it was when the way down began.
const DOWN_KEEPS: f64 = 0.98;
/// Latency above this multiple of the best makes it worth trying less.
const RISEN: f64 = 1.3;
/// 503s above this part of an epoch's answers, and a handful, cut the limit.
const OVERLOADED: (f64, f64) = (3.0, 0.1);
/// 429s above this part of a second's answers cut the rate.
const THROTTLED: f64 = 0.05;
/// Epochs to wait after a step that did not pay, at first and at most.
const HOLD: (u32, u32) = (2, 64);
/// 429s above this part mean that the rate is far off.
const HALVED: f64 = 0.4;
/// Steps back in a row after which 429s are taken to be about something else than the rate.
const BACKS: u32 = 10;
/// A raise of the rate: after the first cut, whose measure is rough, and later.
const RAISE: (f64, f64) = (1.08, 1.04);
/// Seconds before the rate is raised: after the first cut, whose measure is rough; after one raise too many, at first and
/// at most.
const RATE_HOLD: (f64, f64, f64) = (1.0, 10.0, 120.0);

/// How long an epoch lasts at least, in slow start and later: a server that answers in a millisecond stops for several at
/// times, which is no answer to what was tried.
const SHORTEST: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// An epoch that is this old is content with an answer for each request in flight.
const LONG: Duration = Duration::from_secs(5);

/// What an answer says about pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The server answered, whatever it said.
    Answered,
    /// 429
    Throttled,
    /// 503
    Overloaded,
    /// Nothing came back: says nothing about pace.
    Lost,
}

/// The controller of one run.
#[derive(Debug)]
pub struct Pace {
    ceiling: usize,
    limit: usize,
    phase: Phase,
    epoch: Epoch,
    best_latency: f64,
    rate: Rate,
    pause_until: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Growing; the limit and its throughput before the last growth.
    SlowStart { before: Option<(usize, f64)> },
    /// At the base; epochs until the next try, and how long the one after that waits.
    Hold { left: u32, next: u32 },
    /// Trying `limit` instead of the base.
    Try { base: usize, throughput: f64, next: u32 },
}

/// Answers since the limit last changed.
#[derive(Debug, Default)]
struct Epoch {
    since: Duration,
    skip: usize,
    answers: usize,
    overloaded: usize,
    samples: usize,
    sum: f64,
}

impl Pace {
    /// A controller that never exceeds `ceiling` requests in flight.
    #[must_use]
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1);
        Self {
            ceiling,
            limit: START.min(ceiling),
            phase: Phase::SlowStart { before: None },
            epoch: Epoch::default(),
            best_latency: f64::INFINITY,
            rate: Rate::default(),
            pause_until: Duration::ZERO,
        }
    }

    /// Requests in flight at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Time between the beginnings of two requests; zero for none.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.rate.per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// When the next request may begin.
    #[must_use]
    pub fn pause_until(&self) -> Duration {
        self.pause_until
    }

    /// The server asked for a pause, of everybody. Never longer than five minutes, so that a wrong clock costs no more.
    pub fn pause(&mut self, now: Duration, pause: Duration) {
        self.pause_until = self.pause_until.max(now + pause.min(Duration::from_secs(300)));
        self.rate.window.open_until = self.rate.window.open_until.max(self.pause_until);
    }

    /// A request that began at `sent`, as the `in_flight`th, ended.
    pub fn ended(&mut self, sent: Duration, now: Duration, in_flight: usize, signal: Signal) {
        // Who says when to come back is obeyed, which keeps any limit; a rate is learnt where nobody says.
        if signal != Signal::Throttled || self.pause_until <= now {
            self.rate.ended(now, signal);
        }
        // What was sent before the limit last changed says nothing about it, nor does what was sent below it.
        if sent < self.epoch.since {
            return;
        }
        self.epoch.answers += 1;
        match signal {
            Signal::Overloaded => self.epoch.overloaded += 1,
            Signal::Answered if in_flight * 5 >= self.limit * 4 => {
                if self.epoch.skip > 0 {
                    self.epoch.skip -= 1;
                } else {
                    self.epoch.samples += 1;
                    self.epoch.sum += (now.saturating_sub(sent)).as_secs_f64();
                }
            }
            Signal::Answered | Signal::Throttled | Signal::Lost => {}
        }
        let (handful, part) = OVERLOADED;
        if self.epoch.overloaded as f64 > handful + part * self.epoch.answers as f64 {
            self.set_limit(now, (self.limit * 7 / 10).max(1), Phase::Hold { left: HOLD.0, next: HOLD.0 });
        } else if self.is_over(now) {
            self.end_epoch(now);
        }
    }

    /// Whether the epoch has samples and time enough: slow start must be quick, and is corrected later.
    fn is_over(&self, now: Duration) -> bool {
        let age = now.saturating_sub(self.epoch.since);
        let (samples, shortest) = match self.phase {
            Phase::SlowStart { .. } => (self.limit.max(4), SHORTEST.0),
            Phase::Hold { .. } | Phase::Try { .. } if age >= LONG => (self.limit.max(24), LONG),
            Phase::Hold { .. } | Phase::Try { .. } => ((4 * self.limit).clamp(24, 512), SHORTEST.1),
        };
        self.epoch.samples >= samples && age >= shortest
    }

    fn end_epoch(&mut self, now: Duration) {
        let latency = (self.epoch.sum / self.epoch.samples as f64).max(1e-6);
        let throughput = self.limit as f64 / latency;
        self.best_latency = self.best_latency.min(latency);
        let hold = |next: u32| Phase::Hold { left: next, next: (next * 2).min(HOLD.1) };
        match self.phase {
            Phase::SlowStart { before } => {
                if let Some((base, before)) = before {
                    let gain = throughput / before;
                    if gain < GROWTH_PAYS * self.limit as f64 / base as f64 {
                        // What latency would be at less is not known if it had risen at the start already.
                        if base == START {
                            self.best_latency = 0.0;
                        }
                        let better = if gain < 1.0 { base } else { self.limit };
                        // Down first: that was too much rather than too little.
                        return self.set_limit(now, better, Phase::Hold { left: 1, next: 1 });
                    }
                }
                if self.limit == self.ceiling {
                    self.set_limit(now, self.limit, hold(HOLD.0));
                } else {
                    let before = Some((self.limit, throughput));
                    self.set_limit(now, (self.limit * GROWTH).min(self.ceiling), Phase::SlowStart { before });
                }
            }
            Phase::Hold { left, next } if left > 1 => self.set_phase(now, Phase::Hold { left: left - 1, next }),
            Phase::Hold { next, .. } => {
                let risen = latency > self.best_latency * RISEN;
                // Up and down take turns where both may pay; `next` doubles each time, so its parity in powers of two
                // alternates.
                let down = risen && (next.trailing_zeros() % 2 == 0 || self.limit == self.ceiling);
                self.go(now, !down, throughput, next);
            }
            Phase::Try { base, throughput: before, next } => {
                let up = self.limit > base;
                let added = self.limit as f64 / base as f64 - 1.0;
                if throughput / before < if up { 1.0 + STEP_PAYS * added } else { DOWN_KEEPS } {
                    self.set_limit(now, base, hold(next));
                } else if up {
                    // On with it at once: the knee is further on.
                    self.go(now, true, throughput, HOLD.0);
                } else if latency > self.best_latency * RISEN {
                    self.go(now, false, before.max(throughput), HOLD.0);
                } else {
                    self.set_phase(now, hold(HOLD.0));
                }
            }
        }
    }

    /// Tries a quarter more, or less, than has this throughput; holds where there is no more, or less.
    fn go(&mut self, now: Duration, up: bool, throughput: f64, next: u32) {
        let base = self.limit;
        let step = (base / 4).max(1);
        let to = if up { (base + step).min(self.ceiling) } else { (base - step).max(1) };
        if to == base {
            self.set_phase(now, Phase::Hold { left: next, next: (next * 2).min(HOLD.1) });
        } else {
            self.set_limit(now, to, Phase::Try { base, throughput, next });
        }
    }

    fn set_limit(&mut self, now: Duration, limit: usize, phase: Phase) {
        // Until as many as were in flight have ended, the answers are to the old limit's load.
        let skip = if matches!(phase, Phase::SlowStart { .. }) || limit == self.limit { 0 } else { limit };
        self.limit = limit;
        self.set_phase(now, phase);
        self.epoch.skip = skip;
    }

    fn set_phase(&mut self, now: Duration, phase: Phase) {
        self.phase = phase;
        self.epoch = Epoch { since: now, ..Epoch::default() };
    }
}

/// The learnt rate.
#[derive(Debug)]
struct Rate {
    per_second: Option<f64>,
    window: Window,
    hold: f64,
    raise_at: Duration,
    /// Raises since the last 429.
    raises: u32,
    /// Steps back since the last raise that went well.
    backs: u32,
    /// No 429 since the first cut, whose measure is rough.
    rough: bool,
}

#[derive(Debug, Default)]
struct Window {
    since: Duration,
    /// A pause counts as part of the time in which something was accepted.
    open_until: Duration,
    answered: u32,
    throttled: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            per_second: None,
            window: Window::default(),
            hold: RATE_HOLD.0,
            raise_at: Duration::ZERO,
            raises: 0,
            backs: 0,
            rough: true,
        }
    }
}

impl Rate {
    fn ended(&mut self, now: Duration, signal: Signal) {
        match signal {
            Signal::Throttled => self.window.throttled += 1,
            Signal::Answered => self.window.answered += 1,
            Signal::Overloaded | Signal::Lost => {}
        }
        let elapsed = now.saturating_sub(self.window.since).as_secs_f64();
        if elapsed >= 1.0 && now >= self.window.open_until {
            self.end_window(now, elapsed);
        }
    }

    fn end_window(&mut self, now: Duration, elapsed: f64) {
        let Window { answered, throttled, .. } =
            std::mem::replace(&mut self.window, Window { since: now, ..Window::default() });
        let total = answered + throttled;
        if total == 0 {
            return;
        }
        let share = f64::from(throttled) / f64::from(total);
        let accepted = f64::from(answered) / elapsed;
        let Some(rate) = self.per_second else {
            if share > THROTTLED {
                self.hold = RATE_HOLD.0;
                self.set(now, (accepted * 0.98).max(1.0), 0);
            }
            return;
        };
        if throttled > 0 {
            // Even a single 429 can cost everybody a pause, so the last raise was one too many, or the rate is. Stepping
            // down ends all 429s of a limited target; where it does not, they mean something else, and following them
            // down would end in standing still.
            self.backs += 1;
            if self.backs > BACKS {
                *self = Self { window: Window { since: now, ..Window::default() }, ..Self::default() };
                return;
            }
            // What was in flight when the rate was cut may still have come too fast: far off is who is so twice.
            let far_off = share > HALVED && self.backs > 1;
            let back = match self.raises.checked_sub(1) {
                _ if far_off => rate / 2.0,
                None if self.rough && self.backs <= 2 => rate,
                last => rate / self.factor(last.unwrap_or_default()),
            };
            if self.raises > 0 {
                self.hold = self.longer();
                self.rough = false;
            }
            self.set(now, back.max(1.0), 0);
        } else if now >= self.raise_at && accepted > rate * 0.8 {
            self.backs = 0;
            self.set(now, rate * self.factor(self.raises), self.raises + 1);
        }
    }

    /// The factor of a raise, and of the step back from it; what has gone well for long is tried faster.
    fn factor(&self, raises: u32) -> f64 {
        let (rough, fine) = RAISE;
        if self.rough { rough } else { fine.powi(1 << (raises / 8).min(3)) }
    }

    fn longer(&self) -> f64 {
        (self.hold * 2.0).clamp(RATE_HOLD.1, RATE_HOLD.2)
    }

    fn set(&mut self, now: Duration, rate: f64, raises: u32) {
        self.per_second = Some(rate);
        self.raises = raises;
        self.raise_at = now + Duration::from_secs_f64(self.hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    /// A server that answers after `latency(in flight)` seconds and may refuse, driven until `until` seconds; gives the
    /// requests it accepted in each second.
    fn simulate(
        pace: &mut Pace,
        until: u32,
        latency: impl Fn(usize, &mut fastrand::Rng) -> f64,
        mut admit: impl FnMut(Duration, &mut fastrand::Rng) -> (Signal, Option<Duration>),
    ) -> Vec<u32> {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut accepted = vec![0; until as usize];
        let until = f64::from(until);
        let mut flying: BinaryHeap<Reverse<(Duration, Duration, usize)>> = BinaryHeap::new();
        let (mut now, mut next) = (Duration::ZERO, Duration::ZERO);
        while now.as_secs_f64() < until {
            let start = now.max(next).max(pace.pause_until());
            let ends = flying.peek().map(|Reverse((end, ..))| *end);
            if flying.len() < pace.limit() && ends.is_none_or(|end| start <= end) {
                now = start;
                next = start + pace.interval();
                let in_flight = flying.len() + 1;
                let end = now + Duration::from_secs_f64(latency(in_flight, &mut rng));
                flying.push(Reverse((end, now, in_flight)));
            } else if let Some(Reverse((end, sent, in_flight))) = flying.pop() {
                now = end;
                let (signal, pause) = admit(now, &mut rng);
                if let Some(pause) = pause {
                    pace.pause(now, pause);
                }
                if signal == Signal::Answered
                    && let Some(second) = accepted.get_mut(now.as_secs() as usize)
                {
                    *second += 1;
                }
                pace.ended(sent, now, in_flight, signal);
            }
        }
        accepted
    }

    fn answers(_: Duration, _: &mut fastrand::Rng) -> (Signal, Option<Duration>) {
        (Signal::Answered, None)
    }

    fn mean(of: &[u32]) -> f64 {
        f64::from(of.iter().sum::<u32>()) / of.len() as f64
    }

    #[test]
    fn a_constant_latency_is_used_to_the_ceiling_from_the_first_second_on() {
        for ceiling in [1, 5, 32, 100, 128] {
            let noisy = |_, rng: &mut fastrand::Rng| 0.02 + 0.004 * rng.f64();
            let accepted = simulate(&mut Pace::new(ceiling), 10, noisy, answers);
            let ideal = ceiling as f64 / 0.022;
            assert!(mean(&accepted) > 0.96 * ideal, "{ceiling}: {} of {ideal}", mean(&accepted));
        }
    }

    /// A real Appwrite created 9 users a second with 1 in flight, 51 with 8 and 40 with 32.
    #[test]
    fn the_knee_is_found() {
        for knee in [3.0_f64, 8.0, 12.0, 20.0, 50.0] {
            let server = |n: usize, _: &mut fastrand::Rng| 0.05 * (n as f64 / knee).max(1.0).powf(1.25);
            let noisy = |n: usize, rng: &mut fastrand::Rng| server(n, rng) * (0.7 + 0.6 * rng.f64());
            let accepted = simulate(&mut Pace::new(128), 120, noisy, answers);
            let best = (1..=128).map(|n| n as f64 / server(n, &mut fastrand::Rng::new())).fold(0.0, f64::max);
            let found = mean(&accepted[20..]);
            assert!(found > 0.9 * best, "knee {knee}: {found} of {best}");
        }
    }

    /// Beyond its cores a server only lets everybody wait: as fast with as few in flight as keep them busy.
    #[test]
    fn a_plateau_is_left_downwards() {
        for (cores, service) in [(2.0_f64, 0.018), (2.0, 0.04), (4.0, 0.05), (8.0, 0.1), (16.0, 0.03), (40.0, 0.1)] {
            let server = |n: usize| service * (n as f64 / cores).max(1.0);
            let others = std::cell::RefCell::new(Vec::new());
            let answered = std::cell::Cell::new(Duration::ZERO);
            let noisy = |n: usize, rng: &mut fastrand::Rng| {
                if answered.get() > Duration::from_secs(90) {
                    others.borrow_mut().push(server(n + 1));
                }
                server(n) * (0.7 + 0.6 * rng.f64())
            };
            let mut pace = Pace::new(128);
            let accepted = simulate(&mut pace, 180, noisy, |now, _| {
                answered.set(now);
                (Signal::Answered, None)
            });
            let (found, best) = (mean(&accepted[30..]), cores / service);
            let mut others = others.into_inner();
            others.sort_by(f64::total_cmp);
            let p90 = others[others.len() * 9 / 10];
            assert!(found > 0.95 * best, "{cores} cores, {service} s: {found} of {best}");
            assert!(p90 <= 2.0 * service + 0.05, "{cores} cores, {service} s: others wait {p90} s");
        }
    }

    /// A server in the same room answers in a millisecond, and now and then stops for some: commits, other processes.
    #[test]
    fn the_hiccups_of_a_fast_server_are_no_reason_to_slow_down() {
        for every in [60, 250, 1000] {
            let requests = std::cell::Cell::new(0_u32);
            let factor = std::cell::Cell::new(1.0);
            let server = |n: usize| 0.000_3 + n as f64 / 22_000.0;
            let hiccups = |n: usize, rng: &mut fastrand::Rng| {
                requests.set(requests.get() + 1);
                if requests.get().is_multiple_of(every) {
                    factor.set(0.7 + 0.6 * rng.f64());
                }
                server(n) * factor.get()
            };
            let accepted = simulate(&mut Pace::new(32), 20, hiccups, answers);
            let best = 32.0 / server(32);
            assert!(mean(&accepted) > 0.95 * best, "every {every}: {} of {best}", mean(&accepted));
        }
    }

    #[test]
    fn a_limit_of_50_a_second_is_settled_on() {
        #[derive(Debug, Clone, Copy)]
        enum Limiter {
            /// Fills at 50 a second, holds 50.
            Bucket,
            /// 50 in each second of the clock.
            Windows,
            /// 50 in the second after the first request that found the last one over.
            DriftingWindows,
        }
        for limiter in [Limiter::Bucket, Limiter::Windows, Limiter::DriftingWindows] {
            // Nothing said, a second, or until the clock's next second as X-RateLimit-Reset says.
            for pause in ["none", "second", "reset"] {
                let mut tokens = 50.0_f64;
                let mut last = Duration::ZERO;
                let admit = move |now: Duration, _: &mut fastrand::Rng| {
                    let since = now.saturating_sub(last);
                    match limiter {
                        Limiter::Bucket => {
                            tokens = (tokens + since.as_secs_f64() * 50.0).min(50.0);
                            last = now;
                        }
                        Limiter::Windows if now.as_secs() != last.as_secs() => (tokens, last) = (50.0, now),
                        Limiter::DriftingWindows if since.as_secs() >= 1 => (tokens, last) = (50.0, now),
                        Limiter::Windows | Limiter::DriftingWindows => {}
                    }
                    if tokens >= 1.0 {
                        tokens -= 1.0;
                        return (Signal::Answered, None);
                    }
                    // The clock's seconds do not begin where the windows do.
                    let clock = now + Duration::from_millis(370);
                    let to_reset = Duration::from_secs(clock.as_secs() + 1).saturating_sub(clock);
                    let pause = match pause {
                        "none" => None,
                        "second" => Some(Duration::from_secs(1)),
                        _ => Some(to_reset),
                    };
                    (Signal::Throttled, pause)
                };
                let accepted = simulate(&mut Pace::new(32), 60, |_, _| 0.002, admit);
                let settled = mean(&accepted[6..]);
                assert!((45.0..=50.5).contains(&settled), "{limiter:?}, pause {pause}: {settled}, {accepted:?}");
            }
        }
    }

    #[test]
    fn stray_429s_and_503s_do_not_strangle_a_run() {
        let admit = |_: Duration, rng: &mut fastrand::Rng| match rng.u8(0..100) {
            0..8 => (Signal::Throttled, None),
            8..11 => (Signal::Overloaded, None),
            _ => (Signal::Answered, None),
        };
        let accepted = simulate(&mut Pace::new(32), 60, |_, _| 0.02, admit);
        let ideal = 32.0 / 0.02;
        assert!(mean(&accepted[50..]) > 0.5 * ideal, "{accepted:?}");
    }

    #[test]
    fn an_overloaded_server_is_relieved() {
        // Everything beyond 10 in flight is a 503.
        let mut pace = Pace::new(64);
        let flying = std::cell::Cell::new(0);
        let latency = |n: usize, _: &mut fastrand::Rng| {
            flying.set(n);
            0.02
        };
        let admit = |_: Duration, _: &mut fastrand::Rng| {
            if flying.get() > 10 { (Signal::Overloaded, None) } else { (Signal::Answered, None) }
        };
        simulate(&mut pace, 30, latency, admit);
        assert!(pace.limit() <= 14, "{}", pace.limit());
    }
}
