//! What every section is made of. All text that is handed in is escaped already, but for names and headings.

use crate::report::html::e;
use crate::report::observation::Outcome;
use crate::report::summary::{Place, Report};
use crate::scheme::registry;

pub(super) fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "ready",
        Outcome::Warning => "warning",
        Outcome::NeedsReset => "needs-reset",
        Outcome::Refused => "refused",
    }
}

// Severities come from report.json, which is a file like any other.
pub(super) fn severity_tone(severity: &str) -> &'static str {
    match severity {
        "refused" => "refused",
        "needs-reset" => "needs-reset",
        "warning" => "warning",
        _ => "info",
    }
}

pub(super) fn tile(tone: &str, name: &str, number: &str, below: &str) -> String {
    format!("<div class=\"{tone}\"><dt>{}</dt><dd>{}<small>{}</small></dd></div>", e(name), e(number), e(below))
}

pub(super) fn tiles(tiles: &[String]) -> String {
    format!("<dl class=\"tiles\">{}</dl>\n", tiles.concat())
}

/// A table of escaped cells; a heading that begins with `#` has numbers below it.
pub(super) fn table(caption: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
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

pub(super) fn at(report: &Report, place: Place) -> String {
    match report.source.files.get(usize::from(place.file)) {
        Some(file) if report.source.files.len() > 1 => format!("{} of {}", report.source.spot(place), file.path),
        _ => report.source.spot(place),
    }
}

// Titles and remedies are fragments, as messages are; here they stand alone.
pub(super) fn sentence(fragment: &str) -> String {
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
