//! The sections on the export: its hashes, its columns, and how long it takes.

use super::parts::{at, sentence, table, tile, tiles};
use crate::report::figures::{count, duration, millis, plural, rate, share, users};
use crate::report::html::e;
use crate::report::html::plots::{self, Bar};
use crate::report::observation::UNKNOWN;
use crate::report::summary::Report;

pub(super) fn schemes(report: &Report) -> Option<String> {
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

pub(super) fn traps(report: &Report) -> Option<String> {
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

pub(super) fn evening(report: &Report) -> Option<String> {
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

pub(super) fn columns(report: &Report) -> Option<String> {
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
