//! What to do next, from what a report says.

use std::path::Path;

use super::figures::{plural, users};
use super::lists::NEEDS_RESET;
use super::summary::{Next, Report};
use crate::code::Code;
use crate::escape::quoted;

impl Report {
    /// Fills `next`. `exports` are the words of the command line that name the export and say how it is read; `run` is as
    /// the person wrote it.
    pub fn suggest(&mut self, exports: &[String], run: &Path) {
        self.next = self.steps(exports, run);
    }

    fn steps(&self, exports: &[String], run: &Path) -> Vec<Next> {
        let mut steps = Vec::new();
        let mut say = |command: String, text: String| steps.push(Next { command, text });
        let unquoted = run.display().to_string();
        let run = quoted(&unquoted);
        let with_run = |command: &str| format!("rehome {command} {run}");
        // What came by a pipe has to come once more.
        let piped = exports.iter().any(|word| word == "-");
        let exports: Vec<_> = exports.iter().map(|word| quoted(word)).collect();
        // Without what is decided of such users so far.
        let decided = exports.iter().position(|word| word == "--unsupported").unwrap_or(exports.len());
        let undecided: Vec<_> = exports
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != decided && *at != decided + 1)
            .map(|(_, word)| word.clone())
            .collect();
        let pipe = if piped { "… | " } else { "" };
        let with_exports = |command: &str| format!("{pipe}rehome {command} {}", exports.join(" "));
        let import_of = |choice: &str| format!("{pipe}rehome import {} {choice}", undecided.join(" "));

        if self.known.as_ref().is_some_and(|known| !known.wrong.is_empty()) {
            say(
                String::new(),
                "known passwords will not sign in: find out why before anything else; everybody like their owners may be \
                 locked out"
                    .into(),
            );
        }
        if let Some(rollback) = &self.rollback {
            if rollback.kept > 0 {
                say(
                    String::new(),
                    format!("{} kept because somebody used them since: decide by hand", users(rollback.kept)),
                );
            }
            if rollback.failed > 0 {
                say(with_run("rollback"), format!("try the {} again that could not be deleted", rollback.failed));
            }
            return steps;
        }
        if let Some(verify) = &self.verify {
            if verify.different + verify.missing + verify.not_signed_in > 0 {
                say(
                    with_run("rollback"),
                    "if the differences cannot be explained: take back what this run created".into(),
                );
            }
        } else if let Some(import) = &self.import {
            if import.left > 0 {
                let text = format!("go on with the {} left", users(import.left));
                if piped {
                    say(String::new(), format!("{text}: the same `rehome import`, with the same input once more"));
                } else {
                    say(with_run("resume"), text);
                }
            } else if piped {
                say(
                    format!("… | {}", with_run("verify")),
                    "read every user back and compare, with the same input".into(),
                );
            } else {
                say(with_run("verify"), "read every user back and compare".into());
            }
        } else if self.outcomes.refused == self.records {
            say(String::new(), "nobody would be created: see the reasons".into());
        } else {
            say(with_exports("import") + " --sandbox", "rehearse against a sandbox on this machine".into());
            say(with_exports("import"), "create the users in the project that the environment names".into());
        }
        if self.bridged > 0 && self.import.is_some() && self.rollback.is_none() {
            say(
                format!(
                    "rehome bridge serve --store {}",
                    quoted(&format!("{}/bridge.sqlite", unquoted.trim_end_matches('/')))
                ),
                format!("{} sign in as before, through the bridge: start it before they come", users(self.bridged)),
            );
        }
        if self.bridgeable > 0 && self.import.is_none() {
            say(
                import_of("--unsupported bridge --bridge-key-file KEY"),
                format!("let {} keep the password, through the sign-in bridge", users(self.bridgeable)),
            );
        }
        if self.outcomes.needs_reset > 0 {
            say(
                String::new(),
                format!(
                    "write to the {} in {NEEDS_RESET} before the old system goes",
                    users(self.outcomes.needs_reset)
                ),
            );
        }
        let refused = |of: fn(&str) -> bool| -> u64 {
            let reasons = self.reasons.iter().filter(|reason| reason.severity == "refused" && of(&reason.code));
            reasons.map(|reason| reason.count).sum()
        };
        let unverified = refused(|code| code == Code::UnsupportedScheme.name());
        if unverified > 0 && self.import.is_none() {
            say(
                import_of("--unsupported without-password"),
                format!("create {} without a password, whose hash no endpoint verifies", users(unverified)),
            );
        }
        let repairable = refused(can_be_repaired);
        if repairable > 0 && self.import.is_none() {
            let what = plural(repairable, "refused record", "refused records");
            say(String::new(), format!("repair {what} in the rejects file, and give that to rehome again"));
        }
        steps
    }
}

/// Whether somebody who edits the record can have it created.
fn can_be_repaired(code: &str) -> bool {
    matches!(
        Code::from_name(code),
        Some(
            Code::DamagedRecord
                | Code::InvalidValue
                | Code::InvalidEmail
                | Code::MissingEmail
                | Code::UnknownScheme
                | Code::MalformedHash
                | Code::ParametersMissing
                | Code::NothingIdentifies
                | Code::DuplicateId
                | Code::DuplicateEmail
                | Code::SharedPhone
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn commands(report: &mut Report) -> Vec<String> {
        report.suggest(&["my users.json".into()], Path::new("./rehome-run"));
        report.next.iter().map(|next| next.command.clone()).filter(|command| !command.is_empty()).collect()
    }

    #[test]
    fn each_command_leads_to_the_next() {
        let mut report = sample::report();
        (report.import, report.verify) = (None, None);
        let create = "rehome import 'my users.json'";
        let others = format!("{create} --unsupported without-password");
        assert_eq!(commands(&mut report), [format!("{create} --sandbox"), create.to_owned(), others]);
        report.import = sample::report().import;
        assert_eq!(commands(&mut report), ["rehome verify ./rehome-run"]);
        if let Some(import) = &mut report.import {
            import.left = 3;
        }
        assert_eq!(commands(&mut report), ["rehome resume ./rehome-run"]);
    }

    #[test]
    fn what_came_by_a_pipe_comes_by_one_again() {
        let mut report = sample::report();
        (report.import, report.verify) = (None, None);
        report.suggest(&["-".into()], Path::new("run"));
        assert!(
            report.next.iter().all(|next| next.command.is_empty() || next.command.starts_with("… | rehome import -"))
        );
        report.import = sample::report().import;
        report.suggest(&["-".into()], Path::new("run"));
        assert!(report.next.iter().any(|next| next.command == "… | rehome verify run"));
    }

    #[test]
    fn whose_password_the_bridge_could_keep_is_told_and_how() {
        let mut report = sample::report();
        (report.import, report.verify, report.bridgeable) = (None, None, 7);
        let words = ["u.json", "--unsupported", "without-password", "--keep-dates"].map(str::to_owned);
        report.suggest(&words, Path::new("run"));
        let said: Vec<_> = report.next.iter().filter(|next| next.command.contains("bridge")).collect();
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].command, "rehome import u.json --keep-dates --unsupported bridge --bridge-key-file KEY");
        (report.import, report.bridgeable, report.bridged) = (sample::report().import, 0, 7);
        report.suggest(&words, Path::new("run/"));
        assert!(report.next.iter().any(|next| next.command == "rehome bridge serve --store run/bridge.sqlite"));
    }
}
