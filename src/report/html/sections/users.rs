//! The sections on people: how many sign in as before, who cannot, and why.

use super::parts::{at, sentence, severity_tone, tile, tiles, tone};
use crate::code::Code;
use crate::report::figures::{bridge, count, labels, share};
use crate::report::html::e;
use crate::report::html::plots::{self};
use crate::report::observation::Outcome;
use crate::report::summary::{Reason, Report};
use crate::report::tally::KEPT_PROBLEMS;

pub(super) fn summary(report: &Report) -> Option<String> {
    let parts = Outcome::ALL.map(|outcome| {
        let n = report.outcomes.of(outcome);
        (tone(outcome), format!("{}: {} ({})", outcome.title(), count(n), share(n, report.records)), n)
    });
    let numbers = Outcome::ALL.map(|outcome| {
        let n = report.outcomes.of(outcome);
        let below = format!("{} · {}", share(n, report.records), meaning(outcome));
        tile(tone(outcome), outcome.title(), &count(n), &below)
    });
    let duplicates = report.duplicates;
    let mut also = vec![report.sign_in.sentence(report.known.as_ref())];
    also.extend(bridge(report));
    if !report.labels.is_empty() {
        also.push(format!("labels: {}", labels(report, 40)));
    }
    for (n, what) in
        [(duplicates.ids, "id"), (duplicates.emails, "e-mail address"), (duplicates.phones, "phone number")]
    {
        if n > 0 {
            also.push(format!("with the {what} of another record: {}", count(n)));
        }
    }
    let also = if also.is_empty() {
        String::new()
    } else {
        format!("<p class=\"soft small\">{}</p>", e(&sentence(&also.join("; "))))
    };
    let plot = plots::stack("plot-outcomes", "Every record of the export is in exactly one of the four", &parts);
    Some(format!("{}{plot}{also}", tiles(&numbers)))
}

pub(super) fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "created as the source has them",
        Outcome::Warning => "created; something deserves a look",
        Outcome::NeedsReset => "created without a usable password",
        Outcome::Refused => "not created; each is named below and in the rejects",
    }
}

/// Everybody who is not before the login form as before, and what is known of the reason.
pub(super) fn cannot(report: &Report) -> Option<String> {
    let sign_in = &report.sign_in;
    let because = |severity: &str| -> String {
        // That a password has to be set only concludes from the others, unless it says why itself.
        let concludes = |r: &Reason| r.code == Code::NeedsReset.name() && r.scheme.is_none();
        let of_it = report.reasons.iter().filter(|r| r.severity == severity && !concludes(r));
        let reasons: Vec<String> = of_it
            .map(|reason| {
                let scheme = reason.scheme.as_ref().map_or_else(String::new, |scheme| format!(" ({scheme})"));
                let why = reason.text.as_ref().unwrap_or(&reason.title);
                format!("<li>{}: {}{}</li>", count(reason.count), e(why), e(&scheme))
            })
            .collect();
        if reasons.is_empty() { String::new() } else { format!("<ul>{}</ul>", reasons.concat()) }
    };
    let groups = [
        (
            sign_in.refused,
            "refused",
            "are not created",
            because("refused"),
            "The rejects file holds them, with the reason of each.",
        ),
        (
            sign_in.needs_reset,
            "needs-reset",
            "have to set a new password",
            because("needs-reset"),
            "Write to those in needs-reset.csv before the old system goes.",
        ),
        (
            sign_in.through_bridge,
            "ready",
            "sign in as before, through the bridge",
            String::new(),
            "Appwrite cannot verify their hashes; the bridge can, once, and gives it the password. It has to run before they come.",
        ),
        (
            sign_in.no_password,
            "info",
            "never had a password here",
            String::new(),
            "They come in as they did: by another provider, by phone or by a link.",
        ),
        (
            sign_in.no_address,
            "warning",
            "have no e-mail address to sign in with",
            String::new(),
            "They come in by phone, or get an address first.",
        ),
        (
            sign_in.disabled,
            "info",
            "are disabled",
            String::new(),
            "They were kept out at the source, and are created so that they stay kept out.",
        ),
    ];
    let items: String = groups
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, tone, what, why, then)| {
            format!(
                "<li class=\"{tone}\"><div class=\"n\">{}</div><div><strong>{}</strong>{why}<p>{}</p></div></li>",
                count(*n),
                e(&sentence(what)),
                e(then)
            )
        })
        .collect();
    (!items.is_empty()).then(|| format!("<ul class=\"reasons\">{items}</ul>"))
}

pub(super) fn why(report: &Report) -> Option<String> {
    let items: String = report
        .reasons
        .iter()
        .map(|reason| {
            let scheme = reason.scheme.as_ref().map_or_else(String::new, |scheme| format!(" {}", e(scheme)));
            let places: Vec<_> = reason
                .examples
                .iter()
                .map(|place| {
                    let at = at(report, *place);
                    if report.source.has_lines(place.file) { format!("record {} ({at})", place.record) } else { at }
                })
                .collect();
            let text = reason.text.as_ref().map_or_else(String::new, |text| format!("<p>{}</p>", e(&sentence(text))));
            let remedy = if reason.remedy.is_empty() { String::new() } else { format!("<p>{}</p>", e(&sentence(&reason.remedy))) };
            format!(
                "<li class=\"{}\"><div class=\"n\">{}</div><div><strong>{}</strong> <span class=\"tag\">{}{scheme}</span>\
                 {text}{remedy}<p class=\"soft small\">{}</p></div></li>",
                severity_tone(&reason.severity),
                count(reason.count),
                e(&sentence(&reason.title)),
                e(&reason.code),
                e(&places.join(" · ")),
            )
        })
        .collect();
    (!items.is_empty()).then(|| {
        format!("<p class=\"soft\">What is said of records, the most serious first; a record can have several.</p><ul class=\"reasons\">{items}</ul>")
    })
}

pub(super) fn since(report: &Report) -> Option<String> {
    let compare = report.compare?;
    Some(tiles(&[
        tile("ready", "new", &count(compare.new), "only in this export"),
        tile("warning", "changed", &count(compare.changed), "in both, with other content"),
        tile("refused", "gone", &count(compare.gone), "only in the earlier one"),
        tile("info", "the same", &count(compare.same), "in both"),
    ]))
}

pub(super) fn years(report: &Report) -> Option<String> {
    let (first, last) = (*report.sign_up_years.keys().next()?, *report.sign_up_years.keys().next_back()?);
    // A date of year 1 must not draw two thousand columns.
    let first = first.max(last.saturating_sub(39));
    let columns: Vec<_> = (first..=last)
        .map(|year| (year.to_string(), report.sign_up_years.get(&year).copied().unwrap_or_default()))
        .collect();
    let dated: u64 = report.sign_up_years.values().sum();
    let title = format!("{} of {} records say when the user signed up", count(dated), count(report.records));
    Some(plots::columns("plot-years", &title, &columns))
}

pub(super) fn problems(report: &Report) -> Option<String> {
    if report.problems.is_empty() {
        return None;
    }
    let files = report.source.files.len() > 1;
    let rows: String = report
        .problems
        .iter()
        .map(|problem| {
            let tone = severity_tone(&problem.severity);
            let who = problem.who.as_deref().map_or_else(String::new, |who| format!("<br><bdi>{}</bdi>", e(who)));
            let file = report.source.files.get(usize::from(problem.place.file)).filter(|_| files);
            let file = file.map_or_else(String::new, |file| format!(" of {}", e(&file.path)));
            format!(
                "<tr data-kind=\"{tone}\"><th scope=\"row\" class=\"num\" data-label=\"Record\">{}</th>\
                 <td class=\"num\" data-label=\"Line\">{}{file}</td><td class=\"{tone}\"><span class=\"tag\">{}</span></td>\
                 <td><bdi>{}</bdi>{who}</td></tr>\n",
                problem.place.record,
                if report.source.has_lines(problem.place.file) { problem.place.line.to_string() } else { String::new() },
                e(&problem.code),
                e(&problem.text),
            )
        })
        .collect();
    let options: String =
        [("", "all"), ("refused", "refused"), ("needs-reset", "needs a reset"), ("warning", "warning")]
            .map(|(value, name)| format!("<option value=\"{value}\">{name}</option>"))
            .concat();
    Some(format!(
        "<p class=\"soft\">The first {KEPT_PROBLEMS} of each kind, in the order of the export. All refused records stand in \
         rejects.log.ndjson, all users who have to set a new password in needs-reset.csv.</p>\n\
         <search class=\"find\" id=\"find\" hidden><label>Find <input type=\"search\" id=\"find-text\" autocomplete=\"off\"></label>\
         <label>Outcome <select id=\"find-kind\">{options}</select></label>\
         <output id=\"find-shown\" class=\"soft small\" for=\"find-text find-kind\"></output></search>\n\
         <table><caption class=\"small\">Problems by record</caption><thead><tr><th scope=\"col\" class=\"num\">Record</th>\
         <th scope=\"col\" class=\"num\">Line</th><th scope=\"col\">Code</th><th scope=\"col\">What is wrong</th></tr></thead>\
         <tbody id=\"problem-rows\">\n{rows}</tbody></table>"
    ))
}
