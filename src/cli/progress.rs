//! Progress on standard error: bars for a terminal, plain lines for anything else, JSON lines with `--format json`,
//! nothing but warnings with `--quiet`. A reader that goes away does not end the run.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::args::{OutputArgs, OutputFormat};
use super::bars;
use super::log::Logged;
use super::width::fitted;
use crate::event::{Event, Listener};
use crate::report::escape::{self, shown};
use crate::report::figures;

/// Failures that are told one by one; the others stand in the report.
const TOLD: u64 = 20;
/// Between two lines of progress.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Who shows the progress of a command, as the flags and standard error ask for.
#[must_use]
pub fn listener(output: OutputArgs) -> Arc<dyn Listener> {
    if output.format == OutputFormat::Text && std::io::stderr().is_terminal() {
        Arc::new(Logged(Progress::new(output)))
    } else {
        let json = output.format == OutputFormat::Json;
        Arc::new(Logged(Lines { json, quiet: output.quiet, state: Mutex::default() }))
    }
}

/// One line at a time.
struct Lines {
    json: bool,
    quiet: bool,
    state: Mutex<LineState>,
}

#[derive(Default)]
struct LineState {
    last: Option<Instant>,
    began: Option<Instant>,
    records: u64,
    users: u64,
    done: u64,
    failed: u64,
    /// `done`, as the last line had it.
    told: u64,
    pace: usize,
}

impl Lines {
    fn say(&self, kind: &str, sentence: &str) {
        if self.json {
            put(&serde_json::json!({"event": kind, "text": sentence}).to_string());
        } else if kind == "warning" {
            put(&format!("warning: {}", shown(sentence, 400)));
        } else {
            put(&shown(sentence, 400));
        }
    }

    fn users(&self, state: &mut LineState, force: bool) {
        let now = Instant::now();
        if self.quiet || !(force || state.last.is_none_or(|last| now.duration_since(last) >= LINE_EVERY)) {
            return;
        }
        (state.last, state.told) = (Some(now), state.done);
        let seconds = state.began.map_or(0.0, |began| now.duration_since(began).as_secs_f64()).max(0.001);
        let rate = state.done as f64 / seconds;
        let left = state.users.saturating_sub(state.done) as f64 / rate.max(0.001);
        if self.json {
            let line = serde_json::json!({
                "event": "users", "done": state.done, "of": state.users, "failed": state.failed,
                "per_second": (rate * 10.0).round() / 10.0, "seconds_left": left.round(), "in_flight": state.pace,
            });
            put(&line.to_string());
        } else {
            // Whoever is not told of by the end needed nothing, or is for another session.
            let to_go = if force { String::new() } else { format!(", {} to go", figures::seconds(left)) };
            put(&format!(
                "{} of {}, {} a second, {} failed{to_go}",
                figures::count(state.done),
                figures::users(state.users),
                figures::rate(rate),
                figures::count(state.failed),
            ));
        }
    }
}

impl Listener for Lines {
    fn on(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Warned(sentence) => self.say("warning", sentence),
            Event::Said(sentence) if !self.quiet => self.say("said", sentence),
            Event::Read { bytes, of, records } => {
                state.records = *records;
                let due = state.last.is_some_and(|last| last.elapsed() >= LINE_EVERY);
                state.last.get_or_insert_with(Instant::now);
                if due && !self.quiet {
                    state.last = Some(Instant::now());
                    if self.json {
                        put(&serde_json::json!({"event": "read", "bytes": bytes, "of": of, "records": records})
                            .to_string());
                    } else {
                        put(&format!("read {}", figures::records(*records)));
                    }
                }
            }
            Event::Expecting { users } => {
                let now = Some(Instant::now());
                *state = LineState { users: *users, began: now, last: now, pace: state.pace, ..LineState::default() };
            }
            Event::UserDone { .. } | Event::LeftOut { .. } => {
                state.done += 1;
                let last = state.done == state.users;
                self.users(&mut state, last);
            }
            Event::UserFailed { record, code, text } => {
                state.done += 1;
                state.failed += 1;
                if !self.quiet && state.failed <= TOLD {
                    if self.json {
                        let line = serde_json::json!({"event": "failed", "record": record, "code": code, "text": text});
                        put(&line.to_string());
                    } else {
                        put(&shown(&format!("record {record}: {code}: {text}"), 400));
                    }
                }
                let last = state.done == state.users;
                self.users(&mut state, last);
            }
            Event::Pace { limit, pause_ms } => {
                state.pace = *limit;
                if *pause_ms >= 1000 && !self.quiet {
                    self.say("pause", &format!("the target asks for a pause of {}", figures::millis(*pause_ms as f64)));
                }
            }
            Event::Held(why) => self.say("held", why),
            Event::GoneOn { text, seconds } => {
                // A pause is no part of the pace.
                state.began = state.began.and_then(|began| began.checked_add(Duration::from_secs_f64(*seconds)));
                if !self.quiet {
                    self.say("gone on", text);
                }
            }
            Event::Over if state.done > state.told => self.users(&mut state, true),
            Event::Said(_) | Event::Over => {}
        }
    }
}

/// A line on standard error; one that nobody reads is no reason to stop.
fn put(line: &str) {
    // Sentences are harmless already; what is JSON stays JSON.
    let _ = writeln!(std::io::stderr(), "{}", escape::json(line.to_owned()));
}

/// Shows what happens, at most ten times a second.
pub struct Progress {
    bars: MultiProgress,
    reading: OnceLock<ProgressBar>,
    users: OnceLock<ProgressBar>,
    quiet: bool,
    failed: AtomicU64,
}

impl Progress {
    /// As the flags say. Bars appear with the first event that has something to show.
    #[must_use]
    pub fn new(output: OutputArgs) -> Self {
        let target = if output.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bars = MultiProgress::with_draw_target(target);
        bars::show(bars.clone());
        Self { bars, reading: OnceLock::new(), users: OnceLock::new(), quiet: output.quiet, failed: AtomicU64::new(0) }
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        for bar in [&self.reading, &self.users].into_iter().filter_map(OnceLock::get) {
            bar.finish_and_clear();
        }
    }

    fn reading(&self, of: u64) -> &ProgressBar {
        self.reading.get_or_init(|| {
            let template = match of {
                0 => "{spinner} reading  {bytes:>10}  {msg}",
                _ => "  reading  {wide_bar}  {percent:>3} %  {msg}, {left} to go",
            };
            self.bar(of, template)
        })
    }

    fn users(&self) -> &ProgressBar {
        self.users.get_or_init(|| {
            self.bar(0, "  users    {wide_bar}  {human_pos} of {human_len}  {pace} a second, {left} to go")
        })
    }

    fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style
            .with_key("pace", |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                let _ = to.write_str(&figures::rate(state.per_sec()));
            })
            .with_key("left", |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                let _ = to.write_str(&figures::duration(state.eta().as_secs()));
            });
        let bar = self.bars.add(ProgressBar::new(length).with_style(style.progress_chars("██░")));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn say(&self, sentence: &str) {
        if !self.quiet {
            self.put(sentence);
        }
    }

    fn put(&self, sentence: &str) {
        let sentence = fitted(&shown(sentence, 400), super::width::of(&std::io::stderr()));
        self.bars.suspend(|| put(&sentence));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Listener for Progress {
    fn on(&self, event: &Event) {
        match event {
            Event::Said(sentence) => self.say(sentence),
            Event::Warned(sentence) => self.put(&format!("warning: {sentence}")),
            Event::Read { bytes, of, records } => {
                let bar = self.reading(*of);
                bar.set_position(*bytes);
                bar.set_message(figures::records(*records));
                // A second pass begins at the beginning.
                if *of > 0 && bytes >= of {
                    bar.reset_eta();
                }
            }
            Event::Expecting { users } => {
                if let Some(bar) = self.reading.get() {
                    bar.finish_and_clear();
                }
                let bar = self.users();
                bar.set_length(*users);
                bar.set_position(0);
                bar.reset();
            }
            Event::UserDone { .. } | Event::LeftOut { .. } => self.users().inc(1),
            Event::UserFailed { record, code, text } => {
                self.users().inc(1);
                if self.failed.fetch_add(1, Ordering::Relaxed) < TOLD {
                    self.say(&format!("record {record}: {code}: {text}"));
                }
            }
            Event::Pace { limit, pause_ms } if *pause_ms > 0 => {
                self.say(&format!(
                    "the target asks for a pause of {}; {} in flight from here",
                    figures::millis(*pause_ms as f64),
                    figures::plural(*limit as u64, "request", "requests")
                ));
            }
            Event::Pace { .. } => {}
            Event::Held(why) => self.put(why),
            Event::GoneOn { text, .. } => {
                if let Some(bar) = self.users.get() {
                    bar.reset_eta();
                }
                self.say(text);
            }
            Event::Over => self.clear(),
        }
    }
}
