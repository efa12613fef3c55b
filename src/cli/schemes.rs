//! `rehome schemes`

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::OutputFormat;
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
    let width = SCHEMES.iter().map(|scheme| scheme.name.len()).max().unwrap_or_default();
    let mut out = String::from("What Appwrite verifies\n\n");
    let (maps, nothing): (Vec<_>, Vec<_>) = SCHEMES.iter().partition(|s| !matches!(s.becomes, Becomes::Nothing(_)));
    // Writing to a string does not fail.
    for scheme in maps {
        let _ = writeln!(out, "  {:width$}  {:22}  {}", scheme.name, endpoints(scheme), scheme.title);
        if !scheme.note.is_empty() {
            let _ = writeln!(out, "  {:width$}  {:22}  {}", "", "", scheme.note);
        }
    }
    out.push_str("\nWhat no endpoint verifies, on any version\n\n");
    for scheme in nothing {
        let _ = writeln!(out, "  {:width$}  {}", scheme.name, scheme.title);
        if let Becomes::Nothing(why) = scheme.becomes {
            let _ = writeln!(out, "  {:width$}  {why}", "");
        }
    }
    out.push_str("\nCodes of notes and refusals\n\n");
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or_default();
    for code in Code::ALL {
        let _ = writeln!(out, "  {:width$}  {}", code.name(), code.title());
        if !code.remedy().is_empty() {
            let _ = writeln!(out, "  {:width$}  → {}", "", code.remedy());
        }
    }
    out
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
