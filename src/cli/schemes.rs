//! `rehome schemes`

use serde_json::{Value, json};

use super::args::OutputFormat;
use super::table::Table;
use crate::appwrite::version::PROFILES;
use crate::code::Code;
use crate::error::{Finish, RunError};
use crate::scheme::{Becomes, SCHEMES, Scheme};

/// List what each password scheme becomes on each Appwrite version, and why not
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let text = match args.format {
        OutputFormat::Text => text(),
        OutputFormat::Json => format!("{:#}\n", document()),
    };
    super::put(text).map(|()| Finish::Done)
}

fn text() -> String {
    let (maps, nothing): (Vec<_>, Vec<_>) = SCHEMES.iter().partition(|s| !matches!(s.becomes, Becomes::Nothing(_)));
    let mut verified = Table::new(&["scheme", "what it is, and the endpoint that verifies it"]);
    for scheme in maps {
        let note = if scheme.note.is_empty() { String::new() } else { format!(": {}", scheme.note) };
        verified.row(&[scheme.name, &beneath(scheme.title, &format!("→ {}{note}", endpoints(scheme)))]);
    }
    let mut unverified = Table::new(&["scheme", "what it is, and why not"]);
    for scheme in nothing {
        let why = if let Becomes::Nothing(why) = scheme.becomes { why } else { "" };
        unverified.row(&[scheme.name, &beneath(scheme.title, why)]);
    }
    let mut codes = Table::new(&["code", "what, and the remedy"]);
    for code in Code::ALL {
        let remedy = if code.remedy().is_empty() { String::new() } else { format!("→ {}", code.remedy()) };
        codes.row(&[code.name(), &beneath(code.title(), &remedy)]);
    }
    format!(
        "What Appwrite verifies\n\n{}\nWhat no endpoint verifies, on any version\n\n{}\n\
         Codes of notes and refusals\n\n{}",
        verified.text(),
        unverified.text(),
        codes.text()
    )
}

/// A line, and another beneath it if there is one.
fn beneath(line: &str, more: &str) -> String {
    if more.is_empty() { line.to_owned() } else { format!("{line}\n{more}") }
}

fn endpoints(scheme: &Scheme) -> String {
    match scheme.becomes {
        Becomes::Endpoint(endpoint) => endpoint.path().into(),
        Becomes::UntilTruncatedShaWasDropped(endpoint) => format!("{} ≤ 1.8.0", endpoint.path()),
        Becomes::Scrypt => "/users/scrypt[-modified]".into(),
        Becomes::Itself => "by the string".into(),
        Becomes::Nothing(_) => String::new(),
    }
}

fn document() -> Value {
    let schemes = SCHEMES.iter().map(|scheme| {
        let on: serde_json::Map<_, _> = PROFILES
            .iter()
            .map(|profile| {
                let answer = match scheme.on(profile) {
                    Ok(endpoint) => json!({"endpoint": endpoint.map(crate::appwrite::Endpoint::path)}),
                    Err(why) => json!({"endpoint": null, "why": why}),
                };
                (profile.name.to_owned(), answer)
            })
            .collect();
        json!({"name": scheme.name, "aliases": scheme.aliases, "title": scheme.title, "on": on, "note": scheme.note})
    });
    let codes = Code::ALL.iter().map(|code| {
        json!({"name": code.name(), "severity": code.severity(), "title": code.title(), "remedy": code.remedy()})
    });
    json!({
        "schema": 1,
        "versions": PROFILES.iter().map(|p| json!({"name": p.name, "since": p.since.to_string()})).collect::<Vec<_>>(),
        "schemes": schemes.collect::<Vec<_>>(),
        "codes": codes.collect::<Vec<_>>(),
    })
}
