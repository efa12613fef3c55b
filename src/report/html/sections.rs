//! The page's sections, each of one part of the report; one that has nothing to say is left out.

use super::e;
use super::plots::{self, Bar};
use crate::code::Code;
use crate::report::figures::{bridge, count, duration, labels, millis, plural, rate, seconds, share, users};
use crate::report::observation::{Outcome, UNKNOWN};
use crate::report::summary::{Place, Reason, Report};
use crate::report::sync::Kind;
use crate::report::tally::KEPT_PROBLEMS;
use crate::scheme::registry;

/// A part of the page.
pub struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub html: String,
}

/// All sections that have something to say, in order.
pub fn all(report: &Report) -> Vec<Section> {
    [
        ("summary", "Outcome", summary(report)),
        ("cannot", "Who cannot sign in as before, and why", cannot(report)),
        ("next", "What to do next", next(report)),
        ("known", "Known passwords", known(report)),
        ("import", "Import", import(report)),
        ("sync", "The second step", second(report)),
        ("verify", "Reading back", verify(report)),
        ("rollback", "Rollback", rollback(report)),
        ("why", "Why", why(report)),
        ("schemes", "Passwords", schemes(report)),
        ("traps", "Traps", traps(report)),
        ("evening", "How long it takes", evening(report)),
        ("columns", "What is carried and what is lost", columns(report)),
        ("since", "Since the earlier export", since(report)),
        ("years", "Sign-ups by year", years(report)),
        ("problems", "Problems", problems(report)),
    ]
    .into_iter()
    .filter_map(|(id, title, html)| html.map(|html| Section { id, title, html }))
    .collect()
}

fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "ready",
        Outcome::Warning => "warning",
        Outcome::NeedsReset => "needs-reset",
        Outcome::Refused => "refused",
    }
}

// Severities come from report.json, which is a file like any other.
fn severity_tone(severity: &str) -> &'static str {
    match severity {
        "refused" => "refused",
        "needs-reset" => "needs-reset",
        "warning" => "warning",
        _ => "info",
    }
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "created as the source has them",
        Outcome::Warning => "created; something deserves a look",
        Outcome::NeedsReset => "created without a usable password",
        Outcome::Refused => "not created; each is named below and in the rejects",
    }
}

fn tile(tone: &str, name: &str, number: &str, below: &str) -> String {
    format!("<div class=\"{tone}\"><dt>{}</dt><dd>{}<small>{}</small></dd></div>", e(name), e(number), e(below))
}

fn tiles(tiles: &[String]) -> String {
    format!("<dl class=\"tiles\">{}</dl>\n", tiles.concat())
}

fn summary(report: &Report) -> Option<String> {
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

/// Everybody who is not before the login form as before, and what is known of the reason.
fn cannot(report: &Report) -> Option<String> {
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

/// What a sync brought over.
fn second(report: &Report) -> Option<String> {
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

fn next(report: &Report) -> Option<String> {
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

fn known(report: &Report) -> Option<String> {
    let known = report.known.as_ref()?;
    let mut html = tiles(&[
        tile("ready", "proven", &count(known.proven), "verify against their hashes"),
        tile("refused", "wrong", &count(known.wrong.len() as u64), "do not, or could not be tried"),
    ]);
    let rows: Vec<_> =
        known.wrong.iter().chain(&known.untested).take(200).map(|w| vec![e(&w.email), e(&w.text)]).collect();
    if !rows.is_empty() {
        html += &table("", &["User", "What it may be due to"], &rows);
    }
    Some(html)
}

fn import(report: &Report) -> Option<String> {
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

fn verify(report: &Report) -> Option<String> {
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

fn rollback(report: &Report) -> Option<String> {
    let rollback = report.rollback.as_ref()?;
    Some(tiles(&[
        tile("ready", "deleted", &count(rollback.deleted), "created by this run"),
        tile("info", "already gone", &count(rollback.gone), "nothing to do"),
        tile("warning", "kept", &count(rollback.kept), "used or changed since"),
        tile("refused", "failed", &count(rollback.failed), "try again"),
    ]))
}

fn why(report: &Report) -> Option<String> {
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

fn schemes(report: &Report) -> Option<String> {
    if report.schemes.is_empty() {
        return None;
    }
    let bars: Vec<_> = report
        .schemes
        .iter()
        .take(12)
        .map(|scheme| Bar {
            label: scheme.name.clone(),
            value: scheme.count as f64,
            text: format!("{} · {}", count(scheme.count), share(scheme.count, report.records)),
            tone: match scheme.endpoint {
                Some(_) => "ready",
                None if scheme.name == UNKNOWN => "info",
                None => "refused",
            },
        })
        .collect();
    let rows: Vec<_> = report
        .schemes
        .iter()
        .map(|scheme| {
            let costs: Vec<_> =
                scheme.costs.iter().map(|c| format!("{}: {}, {}", c.label, users(c.users), millis(c.millis))).collect();
            vec![
                e(&scheme.name),
                count(scheme.count),
                match scheme.endpoint.as_deref() {
                    Some(endpoint) => e(endpoint),
                    None if scheme.name == UNKNOWN => "refused for another reason".into(),
                    None => "none verifies it".into(),
                },
                if scheme.converted > 0 { count(scheme.converted) } else { String::new() },
                if scheme.refused > 0 { count(scheme.refused) } else { String::new() },
                costs.iter().map(|cost| e(cost)).collect::<Vec<_>>().join("<br>"),
            ]
        })
        .collect();
    let mut html = String::from("<div class=\"plots\">");
    html += &plots::bars("plot-schemes", "Password schemes; red: no endpoint of Appwrite verifies it", &bars);
    let mut costs: Vec<_> = report.schemes.iter().flat_map(|s| s.costs.iter().map(move |c| (s, c))).collect();
    costs.sort_by(|a, b| a.1.millis.total_cmp(&b.1.millis));
    let cost_bars: Vec<_> = costs
        .iter()
        .take(12)
        .map(|(scheme, cost)| Bar {
            label: format!("{} {}", scheme.name, cost.label),
            value: cost.millis,
            text: format!("{} · {}", millis(cost.millis), users(cost.users)),
            tone: "info",
        })
        .collect();
    if !cost_bars.is_empty() {
        html += &plots::bars("plot-costs", "What one login costs a core of the server, roughly", &cost_bars);
    }
    html += "</div>";
    html += &table(
        "Where each scheme goes",
        &["Scheme", "#Records", "Endpoint", "#Rewritten without loss", "#Refused", "Cost of a login"],
        &rows,
    );
    Some(html)
}

fn traps(report: &Report) -> Option<String> {
    let items: String = report
        .traps
        .iter()
        .map(|trap| {
            format!(
                "<li class=\"warning\"><div class=\"n\">≤ {}</div><div><strong>{}</strong> <span class=\"tag\">{}</span>\
                 <p>{} {}</p></div></li>",
                count(trap.at_most),
                e(&sentence(&trap.title)),
                e(&trap.trap),
                e(&sentence(&trap.text)),
                e(&sentence(&trap.advice)),
            )
        })
        .collect();
    (!items.is_empty()).then(|| {
        format!("<p class=\"soft\">What no file can show, and how many users it can touch at most.</p><ul class=\"reasons\">{items}</ul>")
    })
}

fn evening(report: &Report) -> Option<String> {
    let estimate = &report.estimate;
    let at = |rate: u32| duration(estimate.requests.div_ceil(u64::from(rate)));
    (estimate.requests > 0 && report.import.is_none()).then(|| {
        let mut numbers = vec![
            tile("info", "requests", &count(estimate.requests), "creates and follow-ups together"),
            tile(
                "info",
                "duration",
                &duration(estimate.seconds),
                &format!("at {} requests a second", count(u64::from(estimate.rate))),
            ),
        ];
        if at(1_000) != at(50) {
            numbers.push(tile("info", "or", &format!("{} – {}", at(1_000), at(50)), "between 1,000 and 50 a second"));
        }
        if estimate.first_logins > 0 {
            let hours = format!("{} h", estimate.login_core_hours);
            let carries = rate(estimate.logins_a_second);
            let below = format!("of one core of the server, once everybody came back; it carries {carries} a second");
            numbers.push(tile("info", "first logins", &hours, &below));
        }
        tiles(&numbers)
    })
}

fn columns(report: &Report) -> Option<String> {
    let rows: Vec<_> = report
        .columns
        .iter()
        .map(|column| {
            let fate = match column.fate.as_str() {
                "carried" => "carried",
                "transformed" => "changed",
                "prefs" => "kept in prefs",
                _ => "dropped",
            };
            vec![
                e(&column.name),
                fate.into(),
                column.to.as_deref().map_or_else(String::new, e),
                column.how.as_deref().map_or_else(String::new, e),
                count(column.filled),
                column.example.map_or_else(String::new, |place| e(&at(report, place))),
            ]
        })
        .collect();
    let mut html = String::new();
    if !rows.is_empty() {
        html += &table(
            "Every column of the source",
            &["Column", "Becomes", "Field", "How, or why not", "#Records", "First at"],
            &rows,
        );
    }
    if report.columns_elsewhere > 0 {
        html += &format!(
            "<p class=\"soft small\">{} in further columns.</p>",
            plural(report.columns_elsewhere, "value stands", "values stand")
        );
    }
    let never: Vec<_> = report.never_carried.iter().map(|n| vec![e(&n.what), e(&n.text)]).collect();
    if !never.is_empty() {
        html += &table("What no importer can hand to Appwrite", &["What", "What that means"], &never);
    }
    (!html.is_empty()).then_some(html)
}

fn since(report: &Report) -> Option<String> {
    let compare = report.compare?;
    Some(tiles(&[
        tile("ready", "new", &count(compare.new), "only in this export"),
        tile("warning", "changed", &count(compare.changed), "in both, with other content"),
        tile("refused", "gone", &count(compare.gone), "only in the earlier one"),
        tile("info", "the same", &count(compare.same), "in both"),
    ]))
}

fn years(report: &Report) -> Option<String> {
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

fn problems(report: &Report) -> Option<String> {
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

/// A table of escaped cells; a heading that begins with `#` has numbers below it.
fn table(caption: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
    let class = |heading: &str| if heading.starts_with('#') { " class=\"num\"" } else { "" };
    let name = |heading: &str| heading.trim_start_matches('#').to_owned();
    let head: String = headings.iter().map(|h| format!("<th scope=\"col\"{}>{}</th>", class(h), e(&name(h)))).collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String = row
                .iter()
                .zip(headings)
                .enumerate()
                .map(|(i, (cell, heading))| match i {
                    0 => format!("<th scope=\"row\">{cell}</th>"),
                    _ => format!("<td{} data-label=\"{}\">{cell}</td>", class(heading), e(&name(heading))),
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    let caption = if caption.is_empty() { String::new() } else { format!("<caption>{}</caption>", e(caption)) };
    format!("<table>{caption}<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n")
}

fn at(report: &Report, place: Place) -> String {
    match report.source.files.get(usize::from(place.file)) {
        Some(file) if report.source.files.len() > 1 => format!("{} of {}", report.source.spot(place), file.path),
        _ => report.source.spot(place),
    }
}

// Titles and remedies are fragments, as messages are; here they stand alone.
fn sentence(fragment: &str) -> String {
    let mut chars = fragment.chars();
    let Some(first) = chars.next() else { return String::new() };
    let stop = if fragment.ends_with(['.', '!', '?', ')', '`']) { "" } else { "." };
    // The name of a scheme is written as it is.
    let word = fragment.split([' ', ':', ',']).next().unwrap_or_default();
    if registry::find(word).is_some_and(|scheme| scheme.name == word) {
        return format!("{fragment}{stop}");
    }
    format!("{}{}{stop}", first.to_uppercase(), chars.as_str())
}
