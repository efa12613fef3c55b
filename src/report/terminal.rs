//! The report on one screen: about 40 lines, as wide as the terminal is.

use std::fmt::Write as _;

use super::escape::shown;
use super::figures::{
    bridge, count, duration, gone, known_passwords, labels, millis, plural, rate, records, seconds, share,
};
use super::lines::{continued, folded};
use super::observation::{Outcome, UNKNOWN};
use super::summary::{Estimate, Reason, Report, Scheme};
use crate::code::Code;

/// Columns where nobody says how many there are.
pub const COLUMNS: usize = 80;
/// No line is made narrower or wider than that.
const NARROWEST: usize = 60;
const WIDEST: usize = 120;
/// Where the text of a reason begins, and of a fact.
const FACT_INDENT: usize = 13;
/// Wrong known passwords that are shown in full.
const KNOWN_SHOWN: usize = 3;
/// What stands before a bar.
const BEFORE_BAR: usize = 54;
const FINDINGS: usize = 3;
const REASONS: usize = 3;
const SCHEMES: usize = 4;
const TRAPS: usize = 1;
const STEPS: usize = 4;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Plain text.
    Off,
    /// ANSI colours.
    On,
}

impl Colours {
    /// On for a terminal, unless `--no-color` or `NO_COLOR` (no-color.org: set and not empty) says otherwise.
    #[must_use]
    pub fn wanted(no_color: bool, stream: &impl std::io::IsTerminal) -> Self {
        let forbidden = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if forbidden || dumb || !stream.is_terminal() { Self::Off } else { Self::On }
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Off => text.to_owned(),
            Self::On => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";

fn colour(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "32",
        Outcome::Warning => "33",
        Outcome::NeedsReset => "35",
        Outcome::Refused => "31",
    }
}

fn severity_colour(severity: &str) -> &'static str {
    match severity {
        "refused" => colour(Outcome::Refused),
        "needs-reset" => colour(Outcome::NeedsReset),
        "warning" => colour(Outcome::Warning),
        _ => DIM,
    }
}

/// The screen.
#[must_use]
pub fn screen(report: &Report, colours: Colours, columns: usize) -> String {
    let mut screen = Screen { out: String::new(), colours, columns: columns.clamp(NARROWEST, WIDEST) };
    screen.head(report);
    screen.outcomes(report);
    screen.happened(report);
    screen.reasons(report);
    screen.schemes(report);
    screen.facts(report);
    screen.traps(report);
    screen.next(report);
    screen.out
}

struct Screen {
    out: String,
    colours: Colours,
    columns: usize,
}

impl Screen {
    /// A line in parts, each with its colour; cut at the last column.
    fn line(&mut self, parts: &[(&str, &str)]) {
        let mut left = self.columns;
        for (code, text) in parts {
            let text = shown(text, text.len());
            let fits: String = if text.chars().count() > left {
                text.chars().take(left.saturating_sub(1)).chain(['…']).collect()
            } else {
                text.into_owned()
            };
            left -= fits.chars().count().min(left);
            let painted = if code.is_empty() { fits } else { self.colours.paint(code, &fits) };
            self.out.push_str(&painted);
            if left == 0 {
                break;
            }
        }
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.out.push('\n');
        self.line(&[(BOLD, text)]);
    }

    fn head(&mut self, report: &Report) {
        let source = &report.source;
        let files: Vec<_> = source.files.iter().map(|file| file_name(&file.path)).collect();
        let records = format!(" · {} · for Appwrite {}", records(report.records), report.appwrite);
        let files = files.join(", ");
        if [&source.source, &records, " · ", &files].iter().map(|part| part.chars().count()).sum::<usize>()
            > self.columns
        {
            self.line(&[(BOLD, &source.source), ("", &records)]);
            self.sentence(2, "", &files);
        } else {
            self.line(&[(BOLD, &source.source), ("", &records), (DIM, " · "), ("", &files)]);
        }
        self.sentence(2, DIM, &source.why);
        for finding in source.findings.iter().take(FINDINGS) {
            self.sentence(2, "", finding);
        }
        if source.findings.len() > FINDINGS {
            let more = (source.findings.len() - FINDINGS) as u64;
            let text = format!("and {} in the report", plural(more, "more finding", "more findings"));
            self.sentence(2, DIM, &text);
        }
        self.out.push('\n');
    }

    fn outcomes(&mut self, report: &Report) {
        for outcome in Outcome::ALL {
            let n = report.outcomes.of(outcome);
            let row = format!("  {:<21}{:>13}  {:>8}  ", outcome.title(), count(n), share(n, report.records));
            let code = if n == 0 { DIM } else { colour(outcome) };
            let bar = bar(n, report.records, self.columns.saturating_sub(BEFORE_BAR));
            self.line(&[("", &row), (code, &bar)]);
        }
        self.fact("Sign in", &report.sign_in.sentence(report.known.as_ref()));
    }

    /// What the last command that changed or read the target did.
    fn happened(&mut self, report: &Report) {
        if let Some(import) = &report.import {
            let mut text = format!(
                "{} created, {} complete, {} failed, {} left",
                count(import.created),
                count(import.done),
                count(import.failed),
                count(import.left),
            );
            if import.pace.requests > 0 {
                let requests = plural(import.pace.requests, "request", "requests");
                let _ = write!(text, "; {}{requests} in {}", import.of_session(), seconds(import.seconds));
            }
            self.fact("Import", &text);
        }
        if let Some(verify) = &report.verify {
            let text = format!(
                "{} as planned, {} different, {} missing, {} stray{}{}",
                count(verify.same),
                count(verify.different),
                count(verify.missing),
                count(verify.stray),
                gone(verify),
                known_passwords(verify),
            );
            self.fact("Verify", &text);
        }
        if let Some(rollback) = &report.rollback {
            let text = format!(
                "{} deleted, {} already gone, {} kept because they are in use, {} failed",
                count(rollback.deleted),
                count(rollback.gone),
                count(rollback.kept),
                count(rollback.failed),
            );
            self.fact("Rollback", &text);
        }
    }

    fn reasons(&mut self, report: &Report) {
        // That a hash is only taken for what it is costs nobody a login, if it is; and everybody, if it is not.
        let told = |reason: &&Reason| reason.severity != "info" || reason.code == Code::SchemeAssumed.name();
        let reasons: Vec<_> = report.reasons.iter().filter(told).collect();
        if reasons.is_empty() {
            return;
        }
        self.heading("Why");
        for reason in reasons.iter().take(REASONS) {
            let what = reason.scheme.as_ref().map_or(reason.code.clone(), |scheme| format!("{} {scheme}", reason.code));
            let number = format!("{:>11}  ", count(reason.count));
            let title = format!(": {}", reason.title);
            let mut lines = folded(&format!("{what}{title}"), self.columns - FACT_INDENT).into_iter();
            let first = lines.next().unwrap_or_default();
            let (what, title) = first.split_at_checked(what.len()).unwrap_or((&first, ""));
            self.line(&[("", &number), (severity_colour(&reason.severity), what), ("", title)]);
            for line in lines {
                self.line(&[("", &" ".repeat(FACT_INDENT)), ("", &line)]);
            }
            let place = reason.examples.first().map_or_else(String::new, |place| {
                let file = report.source.files.get(usize::from(place.file)).filter(|_| report.source.files.len() > 1);
                match file {
                    Some(file) if report.source.has_lines(place.file) => {
                        format!("{}:{}", file_name(&file.path), place.line)
                    }
                    Some(file) => format!("{}, {}", file_name(&file.path), report.source.spot(*place)),
                    None => report.source.spot(*place),
                }
            });
            let arrow = if reason.remedy.is_empty() { "" } else { " → " };
            // What helps is never cut.
            self.sentence(FACT_INDENT, "", &format!("{place}{arrow}{}", reason.remedy));
        }
        if reasons.len() > REASONS {
            let more: Vec<_> = reasons[REASONS..].iter().map(|r| format!("{} {}", count(r.count), r.code)).collect();
            self.sentence(FACT_INDENT, DIM, &format!("and {}", more.join(", ")));
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "hours are never negative")]
    fn schemes(&mut self, report: &Report) {
        let Estimate { login_core_hours: hours, logins_a_second, .. } = &report.estimate;
        let hours = *hours;
        // Fewer first logins than that are no work for a server.
        if hours >= 0.1 {
            let hours = if hours < 10.0 { hours.to_string() } else { count(hours.round() as u64) };
            self.heading("Passwords, where they go, and what a login costs");
            self.sentence(
                2,
                DIM,
                &format!(
                    "the first logins take {hours} hours of one core, which carries {} a second: tell users in waves",
                    rate(*logins_a_second)
                ),
            );
        } else {
            self.heading("Passwords, where they go, and what a login costs");
        }
        let rows: Vec<_> =
            report.schemes.iter().take(SCHEMES).map(|scheme| (shown(&scheme.name, 21), scheme)).collect();
        let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        // Whatever costs nothing has the rest of its line.
        let costly = rows.iter().filter(|(_, scheme)| !scheme.costs.is_empty());
        let targets = costly.map(|(_, scheme)| target(scheme).1.chars().count()).max().unwrap_or_default();
        let before = FACT_INDENT + names + targets + 4;
        for (name, scheme) in rows {
            let row = format!("{:>11}  {name:<names$}  ", count(scheme.count));
            let (code, target) = target(scheme);
            let costs = folded(&cost(scheme), self.columns.saturating_sub(before));
            let mut costs = costs.iter();
            let first = costs.next().map_or("", String::as_str);
            self.line(&[("", &row), (code, &format!("{target:<targets$}  ")), (DIM, first)]);
            costs.for_each(|more| self.line(&[("", &" ".repeat(before)), (DIM, more)]));
        }
        if report.schemes.len() > SCHEMES {
            let more: Vec<_> =
                report.schemes[SCHEMES..].iter().map(|s| format!("{} {}", count(s.count), s.name)).collect();
            self.sentence(FACT_INDENT, DIM, &format!("and {}", more.join(", ")));
        }
    }

    fn facts(&mut self, report: &Report) {
        self.out.push('\n');
        let duplicates = report.duplicates;
        if duplicates.ids + duplicates.emails + duplicates.phones > 0 {
            let text = format!(
                "{} by id, {} by e-mail, {} by phone",
                count(duplicates.ids),
                count(duplicates.emails),
                count(duplicates.phones)
            );
            self.fact("Duplicates", &text);
        }
        if let Some(known) = &report.known {
            let right = known.wrong.iter().filter(|wrong| wrong.text.starts_with("the hash is right")).count() as u64;
            let wrong = known.wrong.len() as u64 - right;
            let mut text = format!("{} proven, {} wrong", count(known.proven), count(wrong));
            if right > 0 {
                let _ = write!(text, ", {} right but unable to sign in", count(right));
            }
            let not_tried = known.wrong.iter().filter(|wrong| wrong.not_tried).count();
            if not_tried > 0 {
                let _ = write!(text, ", {} of those because nobody could be tried", count(not_tried as u64));
            }
            self.fact("Known", &text);
            // What explains a failure is the point of the check: it is never cut.
            for fits in &known.fits {
                self.fact("", fits);
            }
            for wrong in known.wrong.iter().take(KNOWN_SHOWN) {
                let sentence = format!("{}: {}", shown(&wrong.email, 60), wrong.text);
                self.fact("", &sentence);
            }
        }
        let fate = |name: &str| report.columns.iter().filter(|c| c.fate == name && c.filled > 0).count();
        let dropped: Vec<_> =
            report.columns.iter().filter(|c| c.fate == "dropped" && c.filled > 0).map(|c| c.name.as_str()).collect();
        if !report.columns.is_empty() {
            let mut text = format!(
                "{} carried, {} changed, {} kept in prefs, {} dropped",
                fate("carried"),
                fate("transformed"),
                fate("prefs"),
                dropped.len()
            );
            if !dropped.is_empty() {
                let _ = write!(text, ": {}", dropped.join(", "));
            }
            self.fact("Columns", &text);
        }
        if let Some(text) = bridge(report) {
            self.fact("Bridge", &text);
        }
        if !report.labels.is_empty() {
            self.fact("Labels", &labels(report, 8));
        }
        if let Some(live) = &report.live {
            let text = format!("{} of the planned users are at {} already", count(live.taken), live.endpoint);
            self.fact("Live", &text);
        }
        if let Some(compare) = &report.compare {
            let text = format!(
                "{} new, {} changed, {} gone, {} the same",
                count(compare.new),
                count(compare.changed),
                count(compare.gone),
                count(compare.same)
            );
            self.fact("Since", &text);
        }
        let estimate = &report.estimate;
        if report.import.is_none() {
            let text = format!(
                "{}: {} at {} a second",
                plural(estimate.requests, "request", "requests"),
                duration(estimate.seconds),
                count(u64::from(estimate.rate)),
            );
            self.fact("Import", &text);
        }
    }

    /// A heading, and as many lines as its text takes.
    fn fact(&mut self, name: &str, text: &str) {
        let text = shown(text, text.len());
        for (i, line) in folded(&text, self.columns - FACT_INDENT).iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            self.line(&[(BOLD, &format!("{name:>11}")), ("", "  "), ("", line)]);
        }
    }

    /// A text that begins at this column, on as many lines as it takes; nothing where there is none.
    fn sentence(&mut self, indent: usize, code: &str, text: &str) {
        let text = shown(text, text.len());
        for line in folded(&text, self.columns - indent).iter().filter(|line| !line.is_empty()) {
            self.line(&[("", &" ".repeat(indent)), (code, line)]);
        }
    }

    fn traps(&mut self, report: &Report) {
        for trap in report.traps.iter().take(TRAPS) {
            let more = report.traps.len() - TRAPS.min(report.traps.len());
            let more = match more {
                0 => String::new(),
                more => format!("; {} in the report", plural(more as u64, "more trap", "more traps")),
            };
            self.fact("Trap", &format!("at most {}: {}{more}", count(trap.at_most), trap.title));
        }
    }

    fn next(&mut self, report: &Report) {
        for (i, step) in report.next.iter().take(STEPS).enumerate() {
            let label = if i == 0 { "       Next  " } else { "             " };
            if step.command.is_empty() {
                self.fact(if i == 0 { "Next" } else { "" }, &step.text);
            } else {
                // A command is there to be copied: it is never cut.
                let command = shown(&step.command, step.command.len());
                for (i, line) in continued(&command, self.columns - FACT_INDENT - 2).iter().enumerate() {
                    let label = if i == 0 { label } else { "               " };
                    let (label, line) = (self.colours.paint(BOLD, label), self.colours.paint("36", line));
                    let _ = writeln!(self.out, "{label}{line}");
                }
            }
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Where the hashes of a scheme go, and in which colour.
fn target(scheme: &Scheme) -> (&'static str, &str) {
    match scheme.endpoint.as_deref() {
        Some(endpoint) => ("", endpoint),
        None if scheme.name == UNKNOWN => (DIM, "refused for another reason"),
        None => (colour(Outcome::Refused), "no endpoint"),
    }
}

fn cost(scheme: &Scheme) -> String {
    match scheme.costs.as_slice() {
        [] => String::new(),
        [one] => format!("{}, {}", one.label, millis(one.millis)),
        [first, .., last] => {
            format!("{} … {}, {} … {}", first.label, last.label, millis(first.millis), millis(last.millis))
        }
    }
}

// In eighths of a block; anything at all is visible.
fn bar(part: u64, whole: u64, longest: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if part == 0 || whole == 0 {
        return String::new();
    }
    let eighths = (u128::from(part) * longest as u128 * 8 / u128::from(whole)).max(1) as usize;
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_screen_is_a_screen() {
        let mut checked = sample::report();
        (checked.import, checked.verify) = (None, None);
        let step = checked.next[1].clone();
        checked.next.extend([step.clone(), step]);
        for report in [checked, sample::report()] {
            for (columns, lines) in [(80, 57), (100, 47), (120, 42)] {
                let screen = screen(&report, Colours::Off, columns);
                assert!(screen.lines().count() <= lines, "{} lines:\n{screen}", screen.lines().count());
                for line in screen.lines() {
                    assert!(line.chars().count() <= columns, "{line}");
                }
            }
        }
        let screen = screen(&sample::report(), Colours::Off, COLUMNS);
        for expected in ["firebase", "91.", "duplicate-email", "/users/scrypt-modified", "N=16384", "rehome "] {
            assert!(screen.contains(expected), "{expected} is missing:\n{screen}");
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let coloured = screen(&sample::report(), Colours::On, COLUMNS);
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = after.split_once('m').expect("ends").1;
        }
        plain.push_str(rest);
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(trimmed(&plain), trimmed(&screen(&sample::report(), Colours::Off, COLUMNS)));
    }

    #[test]
    fn hostile_names_move_no_cursor() {
        let mut report = sample::report();
        report.source.files[0].path = "\x1b[2J\u{202e}\r\nusers.json".into();
        report.columns[0].name = "\x1b]0;x\x07".into();
        report.columns[0].fate = "dropped".into();
        let screen = screen(&report, Colours::Off, COLUMNS);
        assert!(!screen.contains(['\x1b', '\u{202e}', '\r', '\x07']));
    }

    #[test]
    fn somebody_is_always_visible() {
        assert_eq!(bar(1, 1_000_000, 46), "▏");
        assert_eq!(bar(0, 10, 46), "");
        assert_eq!(bar(10, 10, 46).chars().count(), 46);
    }
}
