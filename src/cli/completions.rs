//! `rehome completions`

use std::fmt::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser, ValueHint};
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use crate::error::{Finish, RunError};
use crate::scheme::SCHEMES;
use crate::source;

/// Print a completion script: options, files, and the names of systems, schemes and commands
///
/// bash: `rehome completions bash > ~/.local/share/bash-completion/completions/rehome`; zsh: `rehome completions zsh > DIR/_rehome` with
/// DIR in `fpath`; fish: `rehome completions fish > ~/.config/fish/completions/rehome.fish`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut command = super::Cli::command();
    command.build();
    let commands: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut taught = taught(super::Cli::command(), &commands);
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut taught, "rehome", &mut script);
    let script = String::from_utf8(script).map_err(RunError::bug("what was written is no UTF-8"))?;
    super::put(mended(args.shell, script, &taught)).map(|()| Finish::Done)
}

/// The command line with what its values are, for a shell alone: parsing them is left as it is, with its suggestions.
fn taught(command: Command, commands: &[String]) -> Command {
    command.mut_args(|arg| valued(arg, commands)).mut_subcommands(|sub| taught(sub, commands))
}

/// An argument with the names it may take, or the kind of path it is, by what stands for its value in the help.
fn valued(arg: Arg, commands: &[String]) -> Arg {
    let named = |arg: Arg, names: Vec<PossibleValue>| arg.value_parser(PossibleValuesParser::new(names));
    let value = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default();
    match (value.as_str(), arg.get_long()) {
        ("SOURCE", _) | ("WORD", None) => {
            named(arg, source::ALL.iter().map(|s| candidate(s.name(), s.about())).collect())
        }
        ("NAME", Some("scheme")) => named(arg, SCHEMES.iter().map(|s| candidate(s.name, s.title)).collect()),
        ("COMMAND", None) => named(arg, commands.iter().map(PossibleValue::new).collect()),
        ("RUN" | "DIR", _) => arg.value_hint(ValueHint::DirPath),
        ("EXPORT" | "LATER" | "FILE" | "FILE.toml" | "FILE.pem", _) => arg.value_hint(ValueHint::FilePath),
        ("URL", _) => arg.value_hint(ValueHint::Url),
        _ if arg.get_action().takes_values() && arg.get_possible_values().is_empty() => {
            // Numbers, names and dates that nobody else knows: file names would be wrong.
            arg.value_hint(ValueHint::Other)
        }
        _ => arg,
    }
}

/// A name with the beginning of the line that says what it is.
fn candidate(name: &'static str, line: &'static str) -> PossibleValue {
    let help = line.split([':', '(', ';']).next().unwrap_or(line).trim_end();
    // The generated scripts would have the shells expand these.
    let plain = !help.contains(['$', '`', '"', '\\', '\'']);
    if plain { PossibleValue::new(name).help(help) } else { PossibleValue::new(name) }
}

/// What the generated scripts lack.
fn mended(shell: Shell, mut script: String, command: &Command) -> String {
    match shell {
        // Names that are no option's value.
        Shell::Fish => {
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                for arg in sub.get_positionals() {
                    let values = arg.get_possible_values();
                    let names: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
                    if !names.is_empty() {
                        let (of, names) = (sub.get_name(), names.join(" "));
                        let when = format!("__fish_rehome_using_subcommand {of}");
                        // Writing to a string does not fail.
                        let _ = writeln!(script, "complete -c rehome -n \"{when}\" -f -a \"{names}\"");
                    }
                }
            }
            script
        }
        // `*::name` takes what follows the first file away from the options; `*:name` is any number of files.
        Shell::Zsh => script.replace("\n'*::", "\n'*:"),
        Shell::Bash => {
            // `--from=fire` comes as three words.
            const WHICH: &str = "    prev=\"$3\"\n";
            const SPLIT: &str = "    [[ ${prev} != \"=\" ]] || prev=\"${COMP_WORDS[COMP_CWORD-2]}\"\n";
            let mut out = String::with_capacity(script.len());
            let mut paths = false;
            for line in script.split_inclusive('\n') {
                if let Some((_, words)) = line.trim_start().split_once("opts=\"") {
                    // Flags alone: whatever else stands there is a path.
                    paths = words.trim_end().trim_end_matches('"').split(' ').all(|word| word.starts_with('-'));
                }
                match line.split_once(" || ${COMP_CWORD} -eq ") {
                    Some((before, _)) if paths => out.extend([before, " ]] ; then\n"]),
                    _ if line == WHICH => out.extend([WHICH, SPLIT]),
                    _ => out.push_str(line),
                }
            }
            out
        }
        _ => script,
    }
}
