//! `rehome identify`

use std::borrow::Cow;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::account::{HashInput, Hint};
use crate::appwrite::Profile;
use crate::code::{Code, Refusal};
use crate::error::{Finish, RunError};
use crate::plan::line::redacted;
use crate::run::settings;
use crate::scheme::{self, Verdict, record};
use crate::source::{self, FirebaseHashConfig};

/// Answer for hashes on standard input, one a line: a bare string, or a JSON object of exported columns
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The system the hashes are from, which settles what a string cannot say (see `rehome sources`)
    #[arg(long, value_name = "SOURCE")]
    pub from: Option<String>,

    /// The password scheme of every hash that does not name its own (see `rehome schemes`)
    #[arg(long, value_name = "NAME")]
    pub scheme: Option<String>,

    /// Firebase's password hash parameters: the console's text block, or its JSON
    #[arg(long, value_name = "FILE")]
    pub firebase_hash_config: Option<PathBuf>,

    /// Print passwords, salts and keys instead of `"redacted"`
    #[arg(long)]
    pub reveal: bool,

    /// Taken as everywhere; what is printed are always JSON lines.
    #[command(flatten)]
    pub output: super::args::OutputArgs,

    /// The version.
    #[command(flatten)]
    pub version: super::args::VersionArgs,
}

/// What holds for every line.
struct Said {
    hints: Option<&'static [Hint]>,
    scheme: Option<String>,
    firebase: Option<FirebaseHashConfig>,
    profile: &'static Profile,
    reveal: bool,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let hints = match args.from.as_deref() {
        None => None,
        Some(name) => Some(
            source::ALL
                .iter()
                .find(|source| source.name() == name)
                .ok_or_else(|| {
                    RunError::usage(format!("unknown source `{name}`")).remedy("`rehome sources` lists them")
                })?
                .hints(),
        ),
    };
    settings::known_scheme(args.scheme.as_deref())?;
    let said = Said {
        hints,
        scheme: args.scheme,
        firebase: args.firebase_hash_config.as_deref().map(settings::firebase_config).transpose()?,
        profile: args.version.appwrite_version.profile(),
        reveal: args.reveal,
    };
    let mut input = io::stdin().lock();
    let mut out = io::stdout().lock();
    let mut bytes = Vec::new();
    for line in 1_u64.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(RunError::io("standard input"))? == 0 {
            break;
        }
        let answer = answer(line, &bytes, &said);
        // A person who pastes line by line waits for the answer to each.
        let written = writeln!(out, "{answer}").and_then(|()| out.flush());
        match written {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.map_err(RunError::io("standard output"))?,
        }
    }
    Ok(Finish::Done)
}

fn answer(line: u64, bytes: &[u8], said: &Said) -> Value {
    let verdict = match std::str::from_utf8(bytes) {
        Err(_) => Verdict::Refused(Refusal::new(Code::MalformedHash, "the line is not UTF-8")),
        Ok(text) => match read(text.strip_suffix('\n').unwrap_or(text)) {
            Err(refusal) => Verdict::Refused(refusal),
            Ok(mut input) => {
                said.add_to(&mut input);
                scheme::resolve(&input, said.profile)
            }
        },
    };
    let mut out = Map::from_iter([("line".to_owned(), json!(line))]);
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    match verdict {
        Verdict::Maps(mapped) => {
            put("scheme", json!(mapped.scheme));
            put("endpoint", json!(mapped.endpoint.path()));
            put("fields", if said.reveal { json!(mapped.fields) } else { json!(redacted(&mapped.fields)) });
            put("conversion", json!(mapped.conversion));
            put("notes", json!(mapped.notes));
        }
        Verdict::Refused(refusal) => {
            put("scheme", json!(refusal.scheme));
            put("endpoint", Value::Null);
            put("code", json!(refusal.code));
            put("text", json!(refusal.text));
            put("hint", json!(refusal.hint));
            if !refusal.ambiguous.is_empty() {
                put("ambiguous", json!(refusal.ambiguous));
            }
        }
    }
    Value::Object(out)
}

/// A JSON object is a record's columns, a JSON string and anything else is a hash.
fn read(line: &str) -> Result<HashInput<'static>, Refusal> {
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(record)) => record::read(&record),
        Ok(Value::String(hash)) => Ok(record::bare(&hash)),
        _ => Ok(record::bare(line)),
    }
}

impl Said {
    fn add_to(&self, input: &mut HashInput<'static>) {
        if let Some(hints) = self.hints {
            input.hints = hints;
        }
        if let Some(scheme) = &self.scheme {
            scheme::declare(input, scheme);
        }
        if let Some(project) = self.firebase.as_ref().filter(|_| input.signer_key.is_none()) {
            input.signer_key = Some(Cow::Owned(project.signer_key.clone()));
            input.salt_separator = Some(Cow::Owned(project.salt_separator.clone()));
            input.rounds.get_or_insert(project.rounds);
            input.mem_cost.get_or_insert(project.mem_cost);
        }
    }
}
