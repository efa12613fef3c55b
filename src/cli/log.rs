//! The log on standard error: what happened when, for whoever has to find out why. Nothing is logged unless asked for, and
//! nothing of what a record holds is: users are told apart by their record's number.

use std::io::Write as _;
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use super::bars;
use crate::error::{Finish, RunError};
use crate::event::{Event, HTTP, Listener, RUN, USER};

/// What can be asked for by name. Other crates' logs are not for sale: nobody has read them for secrets.
const PARTS: [&str; 3] = [RUN, USER, HTTP];

/// Whether and how to log.
#[derive(clap::Args)]
pub struct LogArgs {
    /// Log to standard error from this level on (error, warn, info, debug, trace), or by part: `run=info,user=trace,http=debug`
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "REHOME_LOG",
        value_parser = filter,
        help_heading = "Log"
    )]
    pub log: Option<Targets>,

    /// How log lines are written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "REHOME_LOG_FORMAT",
        default_value = "text",
        help_heading = "Log"
    )]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people: time (UTC), level, where, what
    Text,
    /// One JSON object a line
    Json,
}

/// Whether everything on standard error is to be JSON.
static IN_JSON: AtomicBool = AtomicBool::new(false);

/// Says how the program ended where the log is JSON: in a line of it, once. False where it is for people.
pub fn say_error(error: &RunError) -> bool {
    if !IN_JSON.load(Ordering::Relaxed) {
        return false;
    }
    // Else `logged` has said it.
    if !tracing::enabled!(target: RUN, tracing::Level::ERROR) {
        let line = serde_json::json!({
            "timestamp": jiff::Timestamp::now().to_string(), "level": "ERROR", "target": RUN, "message": "ended",
            "kind": format!("{:?}", error.kind()), "exit_code": error.exit_code(), "error": error.to_string(),
        });
        let _ = Lines.write(format!("{line}\n").as_bytes());
    }
    true
}

impl LogArgs {
    /// Begins to log, if that is asked for.
    pub fn begin(&self) {
        IN_JSON.store(self.log_format == LogFormat::Json, Ordering::Relaxed);
        let Some(filter) = self.log.clone() else { return };
        let lines = fmt::layer().with_writer(|| Lines);
        let lines = match self.log_format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        // Only the second one in a process would fail.
        let _ = registry().with(lines.with_filter(filter)).try_init();
    }
}

/// `debug`, `http=debug`, `info,rehome::user=trace`.
fn filter(text: &str) -> Result<Targets, String> {
    let given = Targets::from_str(text).map_err(|error| error.to_string())?;
    let mut filter = Targets::new();
    if let Some(level) = given.default_level() {
        filter = filter.with_targets(PARTS.map(|part| (part, level)));
    }
    for (name, level) in &given {
        let part = PARTS.iter().find(|part| **part == name || part.strip_prefix("rehome::") == Some(name));
        let level = Some(level).filter(|level| *level <= LevelFilter::TRACE);
        let (Some(part), Some(level)) = (part, level) else {
            return Err(format!("no part is called `{name}`; there are run, user and http"));
        };
        filter = filter.with_target(*part, level);
    }
    Ok(filter)
}

/// Runs a command in a span of its own, and logs how it ends.
pub fn logged(command: &str, run: impl FnOnce() -> Result<Finish, RunError>) -> Result<Finish, RunError> {
    let span = tracing::info_span!(target: RUN, "run", command);
    let _entered = span.enter();
    tracing::info!(target: RUN, version = env!("CARGO_PKG_VERSION"), "begun");
    let result = run();
    match &result {
        Ok(finish) => tracing::info!(target: RUN, exit_code = finish.exit_code(), "done"),
        Err(error) => {
            tracing::error!(target: RUN, kind = ?error.kind(), exit_code = error.exit_code(), %error, "ended");
        }
    }
    result
}

/// Logs what a command tells, and passes it on.
pub struct Logged<L>(pub L);

impl<L: Listener> Listener for Logged<L> {
    fn on(&self, event: &Event) {
        match event {
            Event::Said(text) => tracing::info!(target: RUN, text, "said"),
            Event::Warned(text) => tracing::warn!(target: RUN, text, "warned"),
            Event::Read { bytes, of, records } => tracing::trace!(target: RUN, bytes, of, records, "read"),
            Event::Expecting { users } => tracing::info!(target: RUN, users, "expecting"),
            Event::UserDone { record } => tracing::debug!(target: USER, record, "done"),
            Event::LeftOut { record } => tracing::debug!(target: USER, record, "left out"),
            // The sentence may name what the target holds.
            Event::UserFailed { record, code, .. } => {
                tracing::warn!(target: USER, record, code = code.name(), "failed");
            }
            Event::Pace { limit, pause_ms } => tracing::debug!(target: HTTP, in_flight = limit, pause_ms, "pace"),
            Event::Held(text) => tracing::warn!(target: RUN, text, "held"),
            Event::GoneOn { text, seconds } => tracing::info!(target: RUN, text, seconds, "gone on"),
            Event::Over => {}
        }
        self.0.on(event);
    }
}

/// Standard error, line by line, above the progress bars if there are any.
struct Lines;

impl std::io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        // A line that nobody reads is no reason to stop.
        bars::above(|| {
            let _ = std::io::stderr().write_all(line);
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_a_level_or_names_parts() {
        let all = filter("debug").expect("a level");
        assert!(all.would_enable(HTTP, &Level::DEBUG) && !all.would_enable(HTTP, &Level::TRACE));
        assert!(!all.would_enable("hyper_util::client", &Level::ERROR), "only what rehome itself logs");
        let some = filter("info,user=trace,rehome::http=off").expect("parts");
        assert!(some.would_enable(USER, &Level::TRACE) && some.would_enable(RUN, &Level::INFO));
        assert!(!some.would_enable(HTTP, &Level::ERROR));
        assert!(filter("hyper=trace").is_err_and(|why| why.contains("run, user and http")));
        assert!(filter("http=loud").is_err());
    }
}
