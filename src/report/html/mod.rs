//! `report.html`: one file that loads nothing and names no address outside itself.
//!
//! Values pass through `e` on their way into the page, and the page's own policy lets nothing run but the search of
//! its table, by that script's hash: should a value ever get through unescaped, it stays text that does nothing.

#![expect(clippy::format_collect, clippy::format_push_string, reason = "a page is written once and must read like one")]

mod plots;
mod sections;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::escape;
use super::figures::{count, records, share, users};
use super::summary::Report;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("search.js");

/// Characters of a value that a page shows at most.
const LONGEST: usize = 300;

/// Escapes a value. `://` is written so that not even a text names an address: a page that is searched for `http` and
/// `//` shows at a glance that it loads nothing.
fn e(text: &str) -> String {
    escape::html(text, LONGEST).replace("://", "&#58;//").replace("//", "/&#47;")
}

/// The whole report as one HTML file that loads nothing from elsewhere.
#[must_use]
pub fn page(report: &Report) -> String {
    let sections: Vec<_> = sections::all(report);
    let links: String = sections.iter().map(|s| format!("<li><a href=\"#{}\">{}</a></li>", s.id, e(s.title))).collect();
    let body: String = sections
        .iter()
        .map(|s| {
            let (id, title) = (s.id, e(s.title));
            format!(
                "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{title}</h2>\n{}\n</section>\n",
                s.html
            )
        })
        .collect();
    let headline = e(&headline(report));
    let source = &report.source;
    let files: Vec<_> = source.files.iter().map(|file| e(&file.path)).collect();
    let findings: String =
        source.findings.iter().map(|finding| format!("<p class=\"finding\">{}</p>\n", e(finding))).collect();
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        BASE64_STANDARD.encode(Sha256::digest(SCRIPT))
    );
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{headline} · rehome</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n<div class=\"wrap\">\n\
         <header class=\"top\">\n<p class=\"kicker\">rehome {command} · {source}</p>\n<h1>{headline}</h1>\n\
         <p class=\"lede\">{files} · {records} · planned for Appwrite {appwrite} · \
         <time datetime=\"{written}\">{when}</time></p>\n<p class=\"lede\">{why}</p>\n{findings}</header>\n\
         <nav aria-label=\"Sections\"><ul>{links}</ul></nav>\n<main id=\"main\">\n{body}</main>\n\
         <footer><p>Written by rehome {version}. {personal} No hash, salt, key or password is in this file.</p></footer>\n\
         </div>\n{script}</body>\n</html>\n",
        command = e(&report.command),
        source = e(&source.source),
        files = files.join(", "),
        records = records(report.records),
        appwrite = e(&report.appwrite),
        written = e(&report.written),
        when = e(&report.written.replace('T', " ").replace('Z', " UTC")),
        why = e(&source.why),
        version = e(&report.rehome),
        personal = if report.with_pii {
            "It holds addresses and ids of users (--with-pii): pass it on with care."
        } else if report.known.as_ref().is_some_and(|known| !known.wrong.is_empty()) {
            "Of personal data it holds only the addresses whose known passwords proved wrong."
        } else {
            "It holds no personal data."
        },
        script = if report.problems.is_empty() { String::new() } else { format!("<script>{SCRIPT}</script>\n") },
    )
}

fn headline(report: &Report) -> String {
    let all = report.records;
    if let Some(rollback) = &report.rollback {
        return format!("{} taken back out of Appwrite", users(rollback.deleted));
    }
    if let Some(verify) = &report.verify {
        let wrong = verify.different + verify.missing + verify.not_signed_in;
        return match wrong {
            0 => format!("{} read back, all as planned", users(verify.same)),
            _ => format!("{} read back, {} not as planned", users(verify.same + verify.different), count(wrong)),
        };
    }
    if let Some(import) = &report.import {
        return format!("{} of {} are in Appwrite", count(import.done), users(all));
    }
    match all {
        0 => "There are no users in this export".into(),
        _ => format!("{} of {} will sign in as before", share(report.sign_in.as_before, all), users(all)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::summary::Wrong;

    #[test]
    fn no_address_outside_the_file_is_named() {
        let mut report = sample::report();
        report.problems[0].who = Some("https://evil.example/x".into());
        let page = page(&report);
        // The one "href" and "src" targets are the page's own sections and an empty icon.
        for forbidden in ["http:", "https:", "://", "//", "src=", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden} at {:?}", page.find(forbidden));
        }
        for (at, _) in page.match_indices("href=\"") {
            let target = &page[at + 6..];
            assert!(target.starts_with('#') || target.starts_with("data:,\""), "{}", &target[..20]);
        }
    }

    #[test]
    fn hostile_values_stay_text() {
        let mut report = sample::report();
        let hostile = "</style></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'\u{202e}\0&";
        report.source.source = hostile.into();
        report.source.why = hostile.into();
        report.source.findings = vec![hostile.into()];
        report.source.files[0].path = hostile.into();
        report.columns[0].name = hostile.into();
        report.schemes[0].name = hostile.into();
        report.schemes[0].costs[0].label = hostile.into();
        report.reasons[0].title = hostile.into();
        report.reasons[0].code = hostile.into();
        report.reasons[0].severity = hostile.into();
        report.reasons[0].remedy = hostile.into();
        report.problems[0].text = hostile.repeat(200);
        report.problems[0].severity = hostile.into();
        report.problems[0].code = hostile.into();
        report.problems[0].who = Some(hostile.into());
        report.next[0].command = hostile.into();
        if let Some(known) = &mut report.known {
            known.wrong =
                vec![Wrong { email: hostile.into(), text: hostile.into(), hash_is_right: false, not_tried: false }];
        }
        let page = page(&report);
        assert_eq!(page.matches("<script>").count(), 1);
        assert_eq!(page.matches("<img").count(), 0);
        assert!(!page.contains(['\u{202e}', '\0']));
        assert!(page.len() < 400_000);
    }

    #[test]
    fn an_empty_export_has_a_report_too() {
        let report: Report = serde_json::from_value(serde_json::json!({
            "schema": 1, "rehome": "0.1.0", "command": "check", "written": "", "appwrite": "1.9.6", "with_pii": false,
            "source": {"dialect": "generic", "why": "", "files": []}, "records": 0,
            "outcomes": {"ready": 0, "warning": 0, "needs_reset": 0, "refused": 0}, "disabled": 0, "reasons": [],
            "schemes": [], "duplicates": {"ids": 0, "emails": 0, "phones": 0},
            "estimate": {"requests": 0, "rate": 100, "seconds": 0, "login_core_hours": 0.0}, "columns": [],
            "never_carried": [], "traps": [], "sign_up_years": {}, "problems": [], "next": []
        }))
        .expect("is a report");
        let page = page(&report);
        assert!(page.contains("There are no users in this export"));
        assert!(!page.contains("NaN"));
    }
}
