//! The sections on a run: what was sent, read back and taken back, and what comes next.

use super::parts::{sentence, table, tile, tiles};
use crate::report::figures::{count, millis, plural, rate, seconds, share, users};
use crate::report::html::e;
use crate::report::html::plots::{self, Bar};
use crate::report::summary::Report;
use crate::report::sync::Kind;

pub(super) fn next(report: &Report) -> Option<String> {
    let steps: String = report
        .next
        .iter()
        .map(|step| {
            let command = match step.command.as_str() {
                "" => String::new(),
                command => format!("<code>{}</code>", e(command)),
            };
            format!("<li>{}{command}</li>", e(&sentence(&step.text)))
        })
        .collect();
    (!steps.is_empty()).then(|| format!("<ol class=\"steps\">{steps}</ol>"))
}

pub(super) fn known(report: &Report) -> Option<String> {
    let known = report.known.as_ref()?;
    let mut html = tiles(&[
        tile("ready", "proven", &count(known.proven), "verify against their hashes"),
        tile("refused", "wrong", &count(known.wrong.len() as u64), "do not, or could not be tried"),
    ]);
    html.extend(known.fits.iter().map(|fits| format!("<p>{}</p>", e(&sentence(fits)))));
    let rows: Vec<_> =
        known.wrong.iter().chain(&known.untested).take(200).map(|w| vec![e(&w.email), e(&w.text)]).collect();
    if !rows.is_empty() {
        html += &table("", &["User", "What it may be due to"], &rows);
    }
    Some(html)
}

pub(super) fn import(report: &Report) -> Option<String> {
    let import = report.import.as_ref()?;
    let pace = &import.pace;
    let mut html = format!(
        "<p class=\"soft\">Into project {} at {}.</p>\n{}",
        e(&import.project),
        e(&import.endpoint),
        tiles(&[
            tile("ready", "complete", &count(import.done), "with every follow-up request"),
            tile("info", "created", &count(import.created), "there now, complete or not"),
            tile("refused", "failed", &count(import.failed), "named below and in the rejects"),
            tile("warning", "left", &count(import.left), "rehome resume goes on with them"),
        ]),
    );
    if pace.requests > 0 {
        let done: u64 = pace.users.iter().sum();
        html += &format!(
            "<p class=\"soft small\">{}{} in {}, {} users a second on average, {} errors ({}).</p>",
            if import.of_session().is_empty() { "" } else { "In the last session: " },
            plural(pace.requests, "request", "requests"),
            e(&seconds(import.seconds)),
            rate(done as f64 / import.seconds.max(0.001)),
            count(pace.errors),
            e(&share(pace.errors, pace.requests)),
        );
        let width = pace.seconds_a_slot;
        html += "<div class=\"plots\">";
        html += &plots::timeline("plot-users", "Users a second", "a second", &pace.users, width, "ready");
        html += &plots::timeline("plot-errors", "Errors a second", "a second", &pace.errors_a_slot, width, "refused");
        html += "</div>";
        let bars: Vec<_> = pace
            .latency
            .iter()
            .map(|q| Bar {
                label: match q.percent {
                    50.0 => "half of the answers within".into(),
                    100.0 => "the slowest answer".into(),
                    percent => format!("{percent} % within"),
                },
                value: q.millis,
                text: millis(q.millis),
                tone: "info",
            })
            .collect();
        html += &plots::bars("plot-latency", "How long answers took", &bars);
    }
    Some(html)
}

/// What a sync brought over.
pub(super) fn second(report: &Report) -> Option<String> {
    let second = report.sync.as_ref()?;
    let mut numbers = vec![tile("ready", "unchanged", &count(second.unchanged), "nothing was asked about them")];
    for kind in Kind::ALL {
        let n = second.counts.get(kind.name()).copied().unwrap_or_default();
        let tone = match kind {
            Kind::New | Kind::Changed | Kind::Password => "ready",
            Kind::Failed => "refused",
            _ => "warning",
        };
        if n > 0 {
            numbers.push(tile(tone, kind.name(), &count(n), kind.says(n)));
        }
    }
    let look = match second.look {
        0 => "Nobody has to be looked at.".to_owned(),
        n => format!("changes.csv names them; {} to be looked at.", users(n)),
    };
    let when = second.written.replace('T', " ").replace('Z', " UTC");
    Some(format!(
        "<p class=\"soft\">The users were imported first, and brought up to date from a later export on {}.</p>\n{}<p>{}</p>",
        e(&when),
        tiles(&numbers),
        e(&look)
    ))
}

pub(super) fn verify(report: &Report) -> Option<String> {
    let verify = report.verify.as_ref()?;
    let mut numbers = vec![
        tile("ready", "as planned", &count(verify.same), "every field compared"),
        tile("warning", "different", &count(verify.different), "there, but not as planned"),
        tile("refused", "missing", &count(verify.missing), "not there"),
        tile("info", "stray", &count(verify.stray), "there, but not this run's"),
    ];
    if verify.gone > 0 {
        numbers.push(tile("info", "gone", &count(verify.gone), "no longer in the export, and not compared"));
    }
    if verify.signed_in + verify.not_signed_in + verify.kept_out > 0 {
        numbers.push(tile("ready", "signed in", &count(verify.signed_in), "with their known passwords"));
        if verify.kept_out > 0 {
            let below = "the known password is right, and the user disabled, as planned, or asked for a new one";
            numbers.push(tile("info", "kept out", &count(verify.kept_out), below));
        }
        numbers.push(tile("refused", "not signed in", &count(verify.not_signed_in), "although the password is known"));
    }
    Some(tiles(&numbers))
}

pub(super) fn rollback(report: &Report) -> Option<String> {
    let rollback = report.rollback.as_ref()?;
    Some(tiles(&[
        tile("ready", "deleted", &count(rollback.deleted), "created by this run"),
        tile("info", "already gone", &count(rollback.gone), "nothing to do"),
        tile("warning", "kept", &count(rollback.kept), "used or changed since"),
        tile("refused", "failed", &count(rollback.failed), "try again"),
    ]))
}
