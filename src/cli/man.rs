//! `rehome man`

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::error::{EXIT_CODES, Finish, RunError};

/// When the words of this file were last changed, as the pages' foot has it.
const REVISED: &str = "2026-11-28";

/// Print a manual page, or write all of them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the page of this command instead (`rehome man bridge serve`)
    #[arg(value_name = "COMMAND", conflicts_with = "to")]
    pub page: Vec<String>,

    /// Write all pages into this folder, as `rehome.1`, `rehome-check.1` …
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut root = helpless(super::Cli::command());
    root.build();
    if let Some(folder) = args.to {
        std::fs::create_dir_all(&folder).map_err(RunError::io(&folder))?;
        return write(&root, &root, &folder).map(|()| Finish::Done);
    }
    let mut command = &root;
    for name in &args.page {
        command = command.find_subcommand(name).ok_or_else(|| {
            RunError::usage(format!("there is no command `{}`", args.page.join(" ")))
                .remedy("`rehome --help` lists them")
        })?;
    }
    super::put(page(&root, command)?).map(|()| Finish::Done)
}

/// Writes the pages of a command and of those below it.
fn write(root: &Command, command: &Command, folder: &std::path::Path) -> Result<(), RunError> {
    let file = folder.join(format!("{}.1", name(command)));
    std::fs::write(&file, page(root, command)?).map_err(RunError::io(&file))?;
    below(command).try_for_each(|sub| write(root, sub, folder))
}

/// `rehome-bridge-serve`
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Without the commands `help`, which have no pages.
fn helpless(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(helpless)
}

fn below(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands()
}

fn page(root: &Command, command: &Command) -> Result<String, RunError> {
    let whole = command.get_name() == root.get_name();
    let man = Man::new(command.clone());
    let mut out = Vec::new();
    let mut head = Roff::new();
    let version = format!("rehome {}", env!("CARGO_PKG_VERSION"));
    head.control("TH", [name(command).to_uppercase().as_str(), "1", REVISED, &version, "rehome"]);
    let mut usage = Roff::new();
    usage.control("SH", ["SYNOPSIS"]);
    let line = command.clone().render_usage().to_string();
    usage.text([roman(line.trim_start_matches("Usage: "))]);
    let written = head
        .to_writer(&mut out)
        .and_then(|()| man.render_name_section(&mut out))
        .and_then(|()| usage.to_writer(&mut out))
        .and_then(|()| man.render_description_section(&mut out))
        .and_then(|()| man.render_options_section(&mut out))
        .and_then(|()| if below(command).next().is_some() { man.render_subcommands_section(&mut out) } else { Ok(()) })
        .and_then(|()| if whole { around().to_writer(&mut out) } else { Ok(()) })
        .and_then(|()| see_also(root, command).to_writer(&mut out));
    written.map_err(RunError::bug("a page cannot be written"))?;
    let text = String::from_utf8(out).map_err(RunError::bug("what was written is no UTF-8"))?;
    // What formatters warn of: an empty line between breaks, blanks at a line's end.
    let text = text.replace(".br\n\n.br\n", ".sp\n");
    // groff reads bytes unless another program comes before it.
    let text = text.replace('…', "...");
    Ok(text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect())
}

/// What holds for all commands.
fn around() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        entry(&mut roff, bold(code.to_string()), meaning);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (names, what) in ENVIRONMENT {
        entry(&mut roff, bold(*names), what);
    }
    roff.control("SH", ["FILES"]);
    for (path, what) in FILES {
        entry(&mut roff, italic(*path), what);
    }
    roff.control("SH", ["EXAMPLES"]);
    for (i, (command, what)) in EXAMPLES.iter().enumerate() {
        if i > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*what)]);
        // A line that is typed stays one line.
        roff.control("PP", []).control("nf", []).control("RS", ["4"]);
        roff.text([bold(*command)]);
        roff.control("RE", []).control("fi", []);
    }
    roff
}

fn entry(roff: &mut Roff, what: Inline, text: &str) {
    roff.control("TP", []);
    roff.text([what]);
    roff.text([roman(text)]);
}

fn see_also(root: &Command, command: &Command) -> Roff {
    let mut pages: Vec<&str> = std::iter::once(root).chain(below(root)).chain(below(command)).map(name).collect();
    let mut seen = std::collections::HashSet::new();
    pages.retain(|page| *page != name(command) && seen.insert(*page));
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let last = pages.len().saturating_sub(1);
    for (i, page) in pages.into_iter().enumerate() {
        roff.text([bold(page), roman(if i == last { "(1)" } else { "(1)," })]);
    }
    roff
}

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "APPWRITE_ENDPOINT, APPWRITE_PROJECT_ID",
        "The target, where neither --endpoint and --project nor appwrite.json say it.",
    ),
    ("APPWRITE_API_KEY", "The key, unless --key-file names its file. It is never an argument."),
    ("REHOME_BRIDGE_KEY", "The sign-in bridge's key, unless --bridge-key-file names its file."),
    ("REHOME_LOG, REHOME_LOG_FORMAT", "As --log and --log-format."),
    (
        "JOB_COMPLETION_INDEX, JOB_COMPLETIONS",
        "Which part of the users this process imports, as --shard: what a Kubernetes Indexed Job sets, and what its manifest must set.",
    ),
    ("SANDBOX_KEY", "The key that `rehome sandbox` takes; else it makes one and prints it."),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "Proxies to the target, in capitals or small letters. Loopback addresses are never asked for by way of one.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The store of certificate authorities instead of the system's; where there is none, Mozilla's list is built in. --ca-file adds to either.",
    ),
    (
        "PGPASSWORD, PGPASSFILE",
        "The password of a PostgreSQL that is read live, and the file that holds such passwords; else ~/.pgpass. It is never an argument.",
    ),
    (
        "GOOGLE_APPLICATION_CREDENTIALS, FIREBASE_AUTH_EMULATOR_HOST",
        "The key of a service account for firebase:PROJECT, unless --service-account names its file; and an emulator's host, which is asked in the place of Google.",
    ),
    ("HOME, USER, LOGNAME", "Where ~/.pgpass is, and as whom a PostgreSQL is asked whose address does not say."),
    ("TZ", "The time zone of --until HH:MM; else this machine's, and UTC where there is none."),
    ("TMPDIR", "Where rows are spilled that do not fit into memory, by commands that have no run folder; else /tmp."),
    ("COLUMNS", "How wide a report is that is printed to no terminal; else 80."),
    ("NO_COLOR, TERM", "No colours are printed if NO_COLOR is set and not empty, or TERM is `dumb`."),
    (
        "NAME",
        "Whatever variable --pepper env:NAME or a mapping file's env:NAME names: a secret that the source hashes with every password.",
    ),
];

const FILES: &[(&str, &str)] = &[
    (
        "appwrite.json",
        "In the working folder: the endpoint and the project of a target that no option and no variable says.",
    ),
    (
        "rehome.toml",
        "Beside the export: settings that are not typed, unless --config names another file or --no-config none.",
    ),
    (
        "rehome-run/",
        "The run folder, unless --run names another. Its owner alone can read it; one process at a time writes into it.",
    ),
    (
        "rehome-run/ledger.sqlite",
        "The state of every user: what makes a run resumable. Keep it until nobody can want a rollback or a sync any more.",
    ),
    ("rehome-run/report.html, report.json", "What happened, for people and for scripts."),
    (
        "rehome-run/rejects.EXT, rejects.log.ndjson",
        "Refused records in the source's own format, to be repaired and fed again, and why they were refused.",
    ),
    ("rehome-run/needs-reset.csv", "Who must set a new password, and why."),
    ("rehome-run/bridge.sqlite, bridged.csv", "What is sealed for the sign-in bridge, and who signs in through it."),
    ("rehome-run/id-map.csv", "The source's ids and Appwrite's."),
    ("rehome-run/unmatched-hashes.csv", "Hashes of nobody in the export, where they come in a file of their own."),
    ("rehome-run/changes.csv", "Who is new, changed or gone since an earlier export, and what sync did."),
    ("rehome-run/verify.log.ndjson", "Every difference that verify found."),
    ("rehome-run/sandbox.sqlite", "The users of import --sandbox."),
    ("rehome-run/lock", "Held while a command works on the folder."),
];

const EXAMPLES: &[(&str, &str)] = &[
    (
        "rehome check export.json --known passwords.csv",
        "Days before: who will sign in, who will not, and why. Nothing is sent.",
    ),
    (
        "rehome import export.json --sandbox --run rehearsal",
        "The whole move on this machine, against a server of its own.",
    ),
    (
        "rehome import export.json --run evening --limit 10",
        "The first ten users at the real target; the same command without --limit takes the rest, and resumes.",
    ),
    ("rehome sync later.json --run evening", "Bring over what changed at the source since."),
    (
        "rehome verify evening --known passwords.csv",
        "Read everybody back, compare, and sign in with passwords that are known.",
    ),
    ("rehome rollback evening", "Take it back: shows what it would delete, then asks."),
];
