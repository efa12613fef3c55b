//! Progress on standard error: bars for a terminal, plain sentences for anything else, nothing with `--quiet`.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::OutputArgs;
use crate::event::{Event, Listener};
use crate::report::inert::shown;

/// Shows what happens, at most ten times a second.
pub struct Progress {
    bars: MultiProgress,
    reading: OnceLock<ProgressBar>,
    users: OnceLock<ProgressBar>,
    quiet: bool,
}

impl Progress {
    /// As the flags say. Bars appear with the first event that has something to show.
    #[must_use]
    pub fn new(output: OutputArgs) -> Self {
        let target = if output.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        Self {
            bars: MultiProgress::with_draw_target(target),
            reading: OnceLock::new(),
            users: OnceLock::new(),
            quiet: output.quiet,
        }
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
                _ => "  reading  {wide_bar}  {percent:>3} %  {msg}, {eta} to go",
            };
            self.bar(of, template)
        })
    }

    fn users(&self) -> &ProgressBar {
        self.users
            .get_or_init(|| self.bar(0, "  users    {wide_bar}  {human_pos} of {human_len}  {per_sec}, {eta} to go"))
    }

    fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(length).with_style(style.progress_chars("██░")));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn say(&self, sentence: &str) {
        if !self.quiet {
            self.bars.suspend(|| eprintln!("{}", shown(sentence, 400)));
        }
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
            Event::Warned(sentence) => self.bars.suspend(|| eprintln!("warning: {}", shown(sentence, 400))),
            Event::Read { bytes, of, records } => {
                let bar = self.reading(*of);
                bar.set_position(*bytes);
                bar.set_message(format!("{} records", crate::report::figures::count(*records)));
                // A second pass begins at the beginning.
                if *of > 0 && bytes >= of {
                    bar.reset_eta();
                }
            }
            Event::Expecting { users } => {
                if let Some(bar) = self.reading.get() {
                    bar.finish_and_clear();
                }
                self.users().set_length(*users);
            }
            Event::UserDone { .. } => self.users().inc(1),
            Event::UserFailed { record, code, text } => {
                self.users().inc(1);
                self.say(&format!("record {record}: {code}: {text}"));
            }
            Event::Pace { limit, pause_ms } if *pause_ms > 0 => {
                self.say(&format!(
                    "the target asked for a pause of {pause_ms} ms; {limit} requests in flight from here"
                ));
            }
            Event::Pace { .. } => {}
        }
    }
}
