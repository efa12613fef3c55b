//! `rehome bridge status`

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::StoreArgs;
use crate::bridge::{State, Status};
use crate::cli::args::OutputFormat;
use crate::cli::{put, tell};
use crate::error::{Finish, RunError};
use crate::report::escape;
use crate::report::figures::count;

/// Days that are told apart.
const DAYS: u32 = 14;

/// Say who has signed in and who is waited for, by scheme and by day; needs no key
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub(super) fn run(args: &Args) -> Result<Finish, RunError> {
    let status = args.store.open()?.status(DAYS)?;
    match args.format {
        OutputFormat::Json => put(escape::json(json(&status).to_string()) + "\n")?,
        OutputFormat::Text => tell(&sentences(&status))?,
    }
    Ok(Finish::Done)
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default()
}

fn json(status: &Status) -> Value {
    let counts = |of: &dyn Fn(State) -> u64| -> Map<String, Value> {
        State::ALL.into_iter().map(|state| (state.name().to_owned(), of(state).into())).collect()
    };
    let mut document = counts(&|state| status.count(state));
    document.insert("schema".into(), 1.into());
    document.insert("project".into(), status.project.as_str().into());
    document.insert("until".into(), status.until.map_or(Value::Null, |until| moment(until).into()));
    let schemes = status.by_scheme.iter().map(|(scheme, states)| {
        (scheme.clone(), Value::from(counts(&|state| states.get(&state).copied().unwrap_or(0))))
    });
    document.insert("schemes".into(), schemes.collect());
    let days = status.by_day.iter().map(|(day, events)| (day.clone(), serde_json::json!(events)));
    document.insert("days".into(), days.collect());
    document.into()
}

fn sentences(status: &Status) -> String {
    let mut text = match status.until {
        Some(until) => format!("project {}; hashes are kept until {}\n", status.project, moment(until)),
        None => format!("project {}; ended: no hash is kept\n", status.project),
    };
    for (state, what) in [
        (State::Pending, "waited for"),
        (State::Migrated, "signed in: Appwrite has the password"),
        (State::TokenOnly, "sign in by token: Appwrite refuses the password"),
        (State::Superseded, "set a new password themselves"),
        (State::Gone, "are no longer at the target"),
        (State::Expired, "did not come in time"),
    ] {
        let n = status.count(state);
        if n > 0 || state == State::Pending {
            let _ = writeln!(text, "{:>12}  {what}", count(n));
        }
    }
    if !status.by_scheme.is_empty() {
        text.push_str("by scheme, of whom so many are waited for\n");
        for (scheme, states) in &status.by_scheme {
            let (all, open) = (states.values().sum(), states.get(&State::Pending).copied().unwrap_or(0));
            let _ = writeln!(text, "{:>12}  {scheme}, {}", count(all), count(open));
        }
    }
    if !status.by_day.is_empty() {
        text.push_str("by day\n");
        for (day, events) in &status.by_day {
            let events: Vec<_> = events.iter().map(|(event, n)| format!("{} {event}", count(*n))).collect();
            let _ = writeln!(text, "  {day}  {}", events.join(", "));
        }
    }
    text
}
