//! `rehome.toml`: flags that one would type twice, in a file beside the export. What is typed goes before the environment, that
//! before the file, and the file before the defaults. It holds no secrets: it is copied, shown and committed.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use toml::{Table, Value};

use super::Cli;
use super::args::{OutputArgs, OutputFormat};
use super::{progress, width};
use crate::error::RunError;
use crate::event::Event;
#[cfg(unix)]
use crate::folder::is_anothers;
use crate::report::terminal::Colours;
use crate::run::session::Session;
use crate::run::settings::has_certificate;
use crate::source::describe::nearest;

/// The file that is looked for.
const NAME: &str = "rehome.toml";
/// More is no list of flags.
const MOST_BYTES: u64 = 1 << 20;
/// What is said for each run, by whoever is there.
const BY_HAND: [&str; 3] = ["yes", "force", "reveal"];
/// What of `[import]` holds for no `resume` of it, which is the same import: what the run remembers, and how many users one session
/// is for.
const NOT_RESUMED: [&str; 3] = ["concurrency", "give-up-after", "limit"];
/// Flags that are about the file.
const ABOUT: [&str; 4] = ["config", "no-config", "help", "version"];
/// What says the same thing in another way, as flags and as variables. What is said nearer by goes before, whichever it is.
const INSTEAD: [(&str, &[&str], &[&str]); 9] = [
    ("sandbox", &["endpoint", "project", "ca-file", "key-file"], &[]),
    ("endpoint", &["sandbox"], &[]),
    ("project", &["sandbox"], &[]),
    ("ca-file", &["sandbox"], &[]),
    ("key-file", &["sandbox"], &["APPWRITE_API_KEY"]),
    ("from", &["map"], &[]),
    ("map", &["from"], &[]),
    ("bridge-key-file", &[], &["REHOME_BRIDGE_KEY"]),
    ("service-account", &[], &["GOOGLE_APPLICATION_CREDENTIALS"]),
];

/// Where settings come from that are not typed.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// Take settings from this file [default: rehome.toml beside the export, if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,

    /// Take settings from no file
    #[arg(long, global = true, conflicts_with = "config", help_heading = "Settings")]
    pub no_config: bool,
}

/// What is typed, with what the environment and a file of settings add.
///
/// # Errors
/// [`RunError::usage`] for a file that cannot be understood, or holds what it must not, [`RunError::io`]. Wrong usage of the
/// command line itself ends the process, as clap does.
pub fn parse() -> Result<Cli, RunError> {
    let mut argv: Vec<OsString> = std::env::args_os().collect();
    let file = match relaxed(Cli::command()).try_get_matches_from(&argv) {
        Ok(matches) => find(&matches)?.map(|path| Settings::read(&path, &matches)).transpose()?,
        // Help, or wrong usage, which is told as ever.
        Err(_) => None,
    };
    let settings = file.unwrap_or_default();
    let end = argv.iter().position(|word| word == "--").unwrap_or(argv.len());
    argv.splice(end..end, settings.words.iter().cloned());
    let matches = Cli::command().try_get_matches_from(&argv).unwrap_or_else(|error| {
        if let Some(error) = settings.blamed(&error) {
            super::say_error(&error);
            std::process::exit(i32::from(error.exit_code()));
        }
        wrong_usage(&suggesting(error, &argv))
    });
    one_target(&matches)?;
    settings.say(&matches);
    Cli::from_arg_matches(&matches).map_err(|error| RunError::usage(error.to_string()))
}

/// That nobody names a target beside `--sandbox`: one of the two would be passed over.
fn one_target(matches: &ArgMatches) -> Result<(), RunError> {
    let (_, matches) = innermost(matches);
    let is_typed =
        |id: &str| matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine);
    match ["endpoint", "project"].into_iter().find(|id| is_typed(id)).filter(|_| is_typed("sandbox")) {
        Some(flag) => {
            Err(RunError::usage(format!("--sandbox and --{flag} are two targets")).remedy("leave one of them out"))
        }
        None => Ok(()),
    }
}

/// What numbers are told that are none, and what people are.
const SAID: [(&str, &str); 4] = [
    ("invalid digit found in string", "that is no whole number"),
    ("cannot parse integer from empty string", "that is no whole number"),
    ("number would be zero for non-zero type", "it has to be at least 1"),
    ("number too large to fit in target type", "that is too large"),
];

/// The error with the flag that was meant, where clap finds none: `--until` is another one's `--bridge-until`.
fn suggesting(mut error: clap::Error, argv: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let words = argv.iter().skip(1).filter_map(|word| word.to_str());
    let command = words.fold(Cli::command(), |at, word| at.find_subcommand(word).cloned().unwrap_or(at));
    let mut flags = Vec::new();
    longs(&command, false, &mut flags);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let unknown = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(arg)) => arg.trim_start_matches('-').split('=').next().unwrap_or_default(),
        _ => return error,
    };
    if is_imports(&command, unknown) {
        let said = "the run knows how its export is read, and a later one is read in the same way: leave it out; with another way of reading \
                    users would become others, which takes an import into a folder of its own";
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![said.into()]));
    } else if error.get(ContextKind::SuggestedArg).is_none()
        && let Some(flag) = meant(unknown, &flags)
    {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{flag}")));
    }
    error
}

/// Whether the flag says how an export is read, of a command on a run, which knows.
fn is_imports(command: &Command, flag: &str) -> bool {
    let root = Cli::command();
    let mut of_import = Vec::new();
    if let Some(import) = root.find_subcommand("import") {
        longs(import, false, &mut of_import);
    }
    let is_run = ["sync", "resume", "verify", "rollback"].contains(&command.get_name());
    is_run && of_import.iter().any(|one| one == flag)
}

/// The flag that is spelt nearly so, or has this word in its name.
fn meant<'f>(spelt: &str, flags: &[&'f str]) -> Option<&'f str> {
    let named = || flags.iter().filter(|flag| flag.split('-').any(|word| word == spelt)).min_by_key(|flag| flag.len());
    nearest(spelt, flags).or_else(|| named().copied())
}

/// Ends the process as clap does, in plain words that fit the terminal.
fn wrong_usage(error: &clap::Error) -> ! {
    let (plain, columns) = (error.render(), width::of(&std::io::stderr()));
    let plain_text = plain.to_string();
    let folded = width::sentences(&plain_text, columns);
    let ours = SAID.iter().any(|(theirs, _)| plain_text.contains(theirs));
    let fits = folded == plain_text;
    if !error.use_stderr() || (fits && !ours) {
        error.exit();
    }
    let coloured = fits && Colours::wanted(false, &std::io::stderr()) == Colours::On;
    let said = |text: String| SAID.iter().fold(text, |text, (theirs, ours)| text.replace(theirs, ours));
    let text = if coloured { said(plain.ansi().to_string()) } else { width::sentences(&said(plain_text), columns) };
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    std::process::exit(error.exit_code());
}

/// The same commands, none of whose arguments has to be typed.
fn relaxed(command: Command) -> Command {
    let command = command.mut_args(|arg| if arg.is_required_set() { arg.required(false) } else { arg });
    command.mut_subcommands(relaxed)
}

/// The command that is meant, and what was typed for it.
fn innermost(matches: &ArgMatches) -> (Vec<&str>, &ArgMatches) {
    let (mut path, mut at) = (Vec::new(), matches);
    while let Some((name, inner)) = at.subcommand() {
        path.push(name);
        at = inner;
    }
    (path, at)
}

fn typed<'m, T: Clone + Send + Sync + 'static>(matches: &'m ArgMatches, id: &str) -> Vec<&'m T> {
    matches.try_get_many::<T>(id).ok().flatten().into_iter().flatten().collect()
}

/// The file of settings of what was typed, if there is one.
fn find(matches: &ArgMatches) -> Result<Option<PathBuf>, RunError> {
    let (_, matches) = innermost(matches);
    if let Some(named) = typed::<PathBuf>(matches, "config").first() {
        return check(named).map(|()| Some((*named).clone()));
    }
    if typed::<bool>(matches, "no_config").first() == Some(&&true) {
        return Ok(None);
    }
    let mut exports = typed::<PathBuf>(matches, "exports");
    exports.extend(typed::<PathBuf>(matches, "later"));
    let run = ["folder", "folders"].into_iter().flat_map(|id| typed::<PathBuf>(matches, id)).next();
    let of_the_run = match (exports.is_empty(), run) {
        // A run knows its export.
        (true, Some(run)) => Session::of(run).map(|session| session.export.exports).unwrap_or_default(),
        _ => Vec::new(),
    };
    exports.extend(&of_the_run);
    let Some(export) = exports.first() else { return Ok(None) };
    let is_file = **export != *Path::new("-") && !export.to_string_lossy().contains("://");
    let folder = export.parent().filter(|path| is_file && !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = folder.join(NAME);
    match std::fs::symlink_metadata(&path) {
        Ok(_) => check(&path).map(|()| Some(path)),
        Err(_) => Ok(None),
    }
}

/// Whoever can write into it says where people's hashes go.
fn check(path: &Path) -> Result<(), RunError> {
    let found = std::fs::metadata(path).map_err(RunError::io(path))?;
    let shown = path.display();
    if !found.is_file() {
        return Err(RunError::usage(format!("{shown} is no regular file")).remedy("say --no-config, or remove it"));
    }
    #[cfg(unix)]
    {
        if std::os::unix::fs::MetadataExt::mode(&found) & 0o002 != 0 {
            return Err(RunError::usage(format!("{shown} can be changed by every user of this machine"))
                .remedy("take that right from them (chmod o-w), or say --no-config"));
        }
        if is_anothers(path, &found) {
            return Err(RunError::usage(format!("{shown} belongs to another user of this machine"))
                .remedy("copy what you want of it into a file of your own (--config FILE), or say --no-config"));
        }
    }
    Ok(())
}

/// What a file adds to what is typed.
#[derive(Debug, Default)]
struct Settings {
    path: PathBuf,
    /// Flags of the command, by name.
    names: Vec<String>,
    /// The same as a person types them.
    words: Vec<OsString>,
}

impl Settings {
    fn read(path: &Path, matches: &ArgMatches) -> Result<Self, RunError> {
        let wrong = |what: String| RunError::usage(format!("{}: {what}", path.display()));
        let size = std::fs::metadata(path).map_err(RunError::io(path))?;
        if !size.is_file() || size.len() > MOST_BYTES {
            return Err(wrong("is no file of settings".into()));
        }
        let text = std::fs::read_to_string(path).map_err(RunError::io(path))?;
        // The line itself stays out of it: somebody may have put a secret there.
        let table: Table = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            wrong(format!("line {line}: {}", error.message()))
        })?;
        let root = Cli::command();
        check_names(&table, &root, &[]).map_err(&wrong)?;
        let (names, typed) = innermost(matches);
        let mut command = root.clone();
        let mut section = Some(&table);
        let mut values: Vec<(&str, &Value)> = Vec::new();
        for at in 0..=names.len() {
            let of_import = if at == 1 && names == ["resume"] { resumed(&table, typed) } else { Vec::new() };
            let here = section.into_iter().flatten().filter(|(_, value)| !value.is_table());
            for (name, value) in of_import.into_iter().chain(here) {
                // What stands in a section goes before what stands above it, also where that says the same in another way.
                let is_instead =
                    |known: &str| INSTEAD.iter().any(|(it, flags, _)| *it == known && flags.contains(&name.as_str()));
                let above = |known: &str| !section.is_some_and(|section| section.contains_key(known));
                values.retain(|(known, _)| {
                    known != name && !(is_instead(known) && above(known) && *value != Value::Boolean(false))
                });
                values.push((name, value));
            }
            let Some(name) = names.get(at) else { break };
            section = section.and_then(|table| table.get(*name)?.as_table());
            command = command.find_subcommand(name).cloned().unwrap_or(command);
        }
        let said = |name: &str| values.iter().any(|(known, value)| *known == name && **value != Value::Boolean(false));
        if said("sandbox") && said("endpoint") {
            return Err(wrong(
                "`sandbox` and `endpoint` are two targets: leave one of them out, or put it into a section".into(),
            ));
        }
        let live = said("live");
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut settings = Self { path: path.to_owned(), ..Self::default() };
        for (name, value) in values {
            if is_idle(name, &names, typed, live) {
                continue;
            }
            let all = command.get_arguments().chain(root.get_arguments().filter(|arg| arg.is_global_set()));
            let Some(arg) = all.into_iter().find(|arg| arg.get_long() == Some(name)) else { continue };
            let source = typed.value_source(arg.get_id().as_str());
            if matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
                continue;
            }
            if *value != Value::Boolean(false) && said_otherwise(&command, name, typed).map_err(&wrong)? {
                continue;
            }
            let words = words(arg, name, value, folder).map_err(&wrong)?;
            if !words.is_empty() {
                settings.names.push(name.to_owned());
                settings.words.extend(words);
            }
        }
        Ok(settings)
    }

    /// The error of a command line, if it is about what the file says.
    fn blamed(&self, error: &clap::Error) -> Option<RunError> {
        let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return None };
        let flag = arg.trim_start_matches('-').split([' ', '=']).next()?;
        let name = self.names.iter().find(|name| *name == flag)?;
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Some(RunError::usage(format!("{}: `{name}`: {first}", self.path.display())))
    }

    /// Says which file was taken, and what of it.
    fn say(&self, matches: &ArgMatches) {
        if self.names.is_empty() {
            return;
        }
        let (_, matches) = innermost(matches);
        let format = typed::<OutputFormat>(matches, "format").first().map_or(OutputFormat::Text, |format| **format);
        let quiet = typed::<bool>(matches, "quiet").first() == Some(&&true);
        let text = format!("settings: {} ({})", self.path.display(), self.names.join(", "));
        progress::listener(OutputArgs { format, quiet, no_color: true, yes: false }).on(&Event::Said(text));
    }
}

/// What `[import]` says for a run that is gone on with.
fn resumed<'t>(table: &'t Table, matches: &ArgMatches) -> Vec<(&'t String, &'t Value)> {
    let has_rate = |run: &PathBuf| Session::of(run).is_ok_and(|session| session.rate.is_some());
    let has_rate = typed::<PathBuf>(matches, "folder").into_iter().any(has_rate);
    let holds = |name: &str| !NOT_RESUMED.contains(&name) && (!has_rate || name != "rate");
    let section = table.get("import").and_then(Value::as_table);
    section.into_iter().flatten().filter(|(name, value)| !value.is_table() && holds(name)).collect()
}

/// Whether a setting would be of no use to this command. What is typed for nothing is told; a file is for all commands.
fn is_idle(name: &str, command: &[&str], typed: &ArgMatches, live: bool) -> bool {
    let exports = || self::typed::<PathBuf>(typed, "exports").into_iter().cloned().collect::<Vec<_>>();
    let asks_target = live || self::typed::<bool>(typed, "live").first() == Some(&&true);
    match (name, command) {
        ("ca-file", ["check" | "plan" | "map"]) => !asks_target && !has_certificate(&exports()),
        ("key-file", ["check"]) => !asks_target,
        _ => false,
    }
}

/// Whether something was said that goes before this setting: on the command line, or by a variable that stands for a file.
///
/// # Errors
/// A sentence where the environment names a target and the file says that there is none: neither is to be guessed.
fn said_otherwise(command: &Command, name: &str, typed: &ArgMatches) -> Result<bool, String> {
    let Some((_, flags, variables)) = INSTEAD.iter().find(|(known, ..)| *known == name) else { return Ok(false) };
    let set = |variable: &OsStr| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    let others: Vec<&Arg> =
        command.get_arguments().filter(|arg| arg.get_long().is_some_and(|long| flags.contains(&long))).collect();
    if others.iter().any(|arg| typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)) {
        return Ok(true);
    }
    if let Some(variable) = others.iter().filter_map(|arg| arg.get_env()).find(|variable| set(variable)) {
        let variable = variable.display();
        return Err(format!("`{name}` is said here, and {variable} says otherwise: give --{name}, or --endpoint URL"));
    }
    Ok(variables.iter().any(|variable| set(OsStr::new(variable))))
}

/// That every name is a flag's, and none is a secret's.
fn check_names(table: &Table, command: &Command, path: &[&str]) -> Result<(), String> {
    let place = if path.is_empty() { String::new() } else { format!(" in [{}]", path.join(".")) };
    for (name, value) in table {
        if let (Value::Table(inner), Some(sub)) = (value, command.find_subcommand(name)) {
            check_names(inner, sub, &[path, &[name.as_str()]].concat())?;
            continue;
        }
        let mut flags = Vec::new();
        longs(command, path.is_empty(), &mut flags);
        if path.is_empty() {
            flags.extend(command.get_subcommands().map(Command::get_name).map(str::to_owned));
        } else {
            // Those of the whole program.
            longs(&Cli::command(), false, &mut flags);
        }
        if is_secret(name) || (name == "pepper" && !value.as_str().is_some_and(|text| text.starts_with("env:"))) {
            return Err(format!("`{name}`{place} is a secret, and this file is none: {}", remedy(name)));
        }
        if BY_HAND.contains(&name.as_str()) {
            return Err(format!("`{name}`{place} is said for each run, by whoever is there: give it as --{name}"));
        }
        let known = flags.iter().any(|flag| flag == name) && !ABOUT.contains(&name.as_str());
        if !known || (value.is_table() && command.find_subcommand(name).is_none()) {
            let spelt = name.replace('_', "-");
            let may_stand = |flag: &&str| !ABOUT.contains(flag) && !BY_HAND.contains(flag);
            let flags: Vec<&str> = flags.iter().map(String::as_str).filter(may_stand).collect();
            let advice = match meant(&spelt, &flags) {
                Some(flag) => format!("did you mean `{flag}`?"),
                None => "names are those of flags, without the dashes: `rehome COMMAND --help` lists them".into(),
            };
            return Err(format!("unknown name `{name}`{place}; {advice}"));
        }
    }
    Ok(())
}

/// The long names of a command's flags, and of the commands below it.
fn longs(command: &Command, below: bool, found: &mut Vec<String>) {
    found.extend(command.get_arguments().filter_map(Arg::get_long).map(str::to_owned));
    if below {
        command.get_subcommands().for_each(|sub| longs(sub, true, found));
    }
}

/// Names of files that hold a secret are no secrets.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let file = ["-file", "key-dir"].iter().any(|end| name.ends_with(end));
    let flag = ["plain-passwords", "stale-passwords", "without-password"].contains(&&*name);
    let word = ["key", "password", "passwd", "secret", "token", "extra-project", "credential"];
    !file && !flag && word.iter().any(|word| name.contains(word))
}

fn remedy(name: &str) -> &'static str {
    if name == "pepper" {
        "put it into a variable of the environment, and name that: pepper = \"env:NAME\""
    } else if name.contains("bridge") {
        "put it into a file of its own and name that as `bridge-key-file`, or into REHOME_BRIDGE_KEY"
    } else if name.contains("pass") {
        "put known passwords into a file of their own and name that as `known`"
    } else {
        "put it into a file of its own and name that as `key-file`, or into APPWRITE_API_KEY"
    }
}

/// A flag as a person types it. Paths are taken from the file's folder.
fn words(arg: &Arg, name: &str, value: &Value, folder: &Path) -> Result<Vec<OsString>, String> {
    let flag = matches!(arg.get_action(), ArgAction::SetTrue);
    if let (true, Value::Boolean(on)) = (flag, value) {
        return Ok(if *on { vec![format!("--{name}").into()] } else { Vec::new() });
    }
    if flag {
        return Err(format!("`{name}` is true or false"));
    }
    let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
    let one = |value: &Value| -> Result<OsString, String> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(n) => n.to_string(),
            Value::Float(n) => n.to_string(),
            Value::Datetime(moment) => moment.to_string(),
            _ => return Err(format!("`{name}` takes a text or a number")),
        };
        let mut word = OsString::from(format!("--{name}="));
        if is_path && text != "-" {
            word.push(folder.join(text));
        } else {
            word.push(OsStr::new(&text));
        }
        Ok(word)
    };
    match value {
        Value::Array(values) if matches!(arg.get_action(), ArgAction::Append) => values.iter().map(one).collect(),
        Value::Array(_) => Err(format!("`{name}` takes one value")),
        value => one(value).map(|word| vec![word]),
    }
}
