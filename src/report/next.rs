//! What to do next, from what a report says.

use std::path::Path;

use super::changes::CHANGES;
use super::figures::{plural, users};
use super::lists::NEEDS_RESET;
use super::summary::{Next, Report, Verify};
use crate::code::Code;
use crate::escape::{quoted_path, word};

/// What the next commands are put together of.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'t> {
    /// The words of the command line that name the export and say how it is read.
    pub exports: &'t [String],
    /// The run folder, as the person wrote it.
    pub run: &'t Path,
    /// Endpoint and project of a target that is still there when the command has ended.
    pub server: Option<(&'t str, &'t str)>,
    /// The file of the bridge's key, if one was named.
    pub bridge_key: Option<&'t Path>,
}

impl Report {
    /// Fills `next`.
    pub fn suggest(&mut self, typed: Typed<'_>) {
        self.next = self.steps(typed);
    }

    fn steps(&self, Typed { exports, run, server, bridge_key }: Typed<'_>) -> Vec<Next> {
        let mut steps = Vec::new();
        let mut say = |command: String, text: String| steps.push(Next { command, text });
        let unquoted = run.display().to_string();
        let run = word(&unquoted);
        let with_run = |command: &str| format!("rehome {command} {run}");
        // What came by a pipe has to come once more.
        let piped = exports.iter().any(|word| word == "-");
        let exports: Vec<_> = exports.iter().map(|given| word(given)).collect();
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

        // What fits explains them.
        let fits: Vec<&String> = self.known.iter().flat_map(|known| &known.fits).collect();
        for fits in &fits {
            say(String::new(), (*fits).clone());
        }
        let wrong = self.known.iter().filter(|_| fits.is_empty()).flat_map(|known| &known.wrong);
        let (untried, failed): (Vec<_>, Vec<_>) = wrong.partition(|wrong| wrong.not_tried);
        // A hash that is right, and that the bridge takes, is no riddle.
        if failed.iter().any(|wrong| !wrong.hash_is_right || self.bridgeable == 0) {
            say(
                String::new(),
                "known passwords will not sign in: find out why before anything else; everybody like their owners may be \
                 locked out"
                    .into(),
            );
        }
        if !untried.is_empty() {
            let what = plural(untried.len() as u64, "known password proves", "known passwords prove");
            let text = format!("{what} nothing, and the report says why: correct the list, and give it again");
            match self.import {
                // A later export may have another address of whoever the list means.
                Some(_) => say(format!("{} --known FILE", with_run("verify")), text),
                None => say(String::new(), text),
            }
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
            let Verify { same, different, missing, not_signed_in, .. } = *verify;
            let differ = different + missing + not_signed_in;
            if differ > 0 {
                say(String::new(), self.look_at(differ));
            }
            // Whom a sync has left as they are it has named.
            if different + missing > 0 && self.sync.is_none() && !piped {
                let text = "make whoever is missing again, and do what was not done; whoever was changed since stays as \
                            they are";
                say(with_run("resume"), text.into());
            }
            // Nobody who is as planned is to be lost for the few who are not.
            if differ > same && self.sync.is_none() {
                say(
                    with_run("rollback"),
                    "if nobody can say why: see whom a rollback would delete; it asks first".into(),
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
        } else {
            if let Some(why) = self.reads_too_little().filter(|_| !piped) {
                let files = exports.iter().take_while(|word| !word.starts_with("--")).cloned().collect::<Vec<_>>();
                say(format!("rehome map {} > map.toml", files.join(" ")), why);
            }
            if self.outcomes.refused == self.records {
                say(String::new(), "nobody would be created: see the reasons".into());
            } else {
                say(with_exports("import") + " --sandbox", "rehearse against a sandbox on this machine".into());
                say(with_exports("import"), "create the users in the project that the environment names".into());
            }
        }
        // Of a rehearsal in a sandbox of its own no server is left to stand in front of.
        if let Some((endpoint, project)) = server.filter(|_| self.bridged > 0 && self.import.is_some()) {
            let store = word(&format!("{}/bridge.sqlite", unquoted.trim_end_matches('/')));
            let upstream = word(endpoint.trim_end_matches('/').trim_end_matches("/v1"));
            let project = word(project);
            let key = bridge_key.map_or_else(|| "KEY".to_owned(), quoted_path);
            say(
                format!(
                    "rehome bridge serve --store {store} --upstream {upstream} --project {project} --bridge-key-file {key}"
                ),
                format!("{} sign in as before, through the bridge: start it before they come", users(self.bridged)),
            );
        }
        if self.bridgeable > 0 && self.import.is_none() {
            if bridge_key.is_none() {
                say("rehome bridge key > KEY".into(), "make the key of the sign-in bridge, once".into());
            }
            let key = bridge_key.map_or_else(|| "KEY".to_owned(), quoted_path);
            say(
                import_of(&format!("--unsupported bridge --bridge-key-file {key}")),
                format!("let {} keep the password, through the sign-in bridge", users(self.bridgeable)),
            );
        }
        // Whom a later export refuses may have been created before.
        if self.bridgeable > 0 && self.import.is_some() && self.verify.is_none() && self.sync.is_none() {
            let text = format!(
                "let {} keep the password, through the sign-in bridge: import the rejects file with --unsupported bridge, into a \
                 folder of its own",
                users(self.bridgeable)
            );
            say(String::new(), text);
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
        if repairable > 0 && self.verify.is_none() && self.sync.is_none() {
            let what = plural(repairable, "refused record", "refused records");
            let how: Vec<&str> =
                exports.iter().skip_while(|word| !word.starts_with("--")).flat_map(|w| [" ", w.as_str()]).collect();
            let how = how.concat();
            // In the folder of the run they would be a later export, of which everybody else is gone.
            say(
                format!("rehome import REPAIRED{how} --run NEWFOLDER"),
                format!(
                    "once {what} of the rejects file {} repaired in a copy of it",
                    if repairable == 1 { "is" } else { "are" }
                ),
            );
        }
        steps
    }

    /// What a table that is read by usual names alone has beside, if a mapping would make something of it.
    fn reads_too_little(&self) -> Option<String> {
        if self.source.source != "generic" {
            return None;
        }
        let unclear = self.reasons.iter().filter(|reason| reason.code == Code::InvalidValue.name());
        let unclear: u64 = unclear.map(|reason| reason.count).sum();
        if unclear > 0 {
            let what = plural(unclear, "record holds", "records hold");
            return Some(format!("{what} what nobody explains: see what a mapping would make of it"));
        }
        let dropped = self.columns.iter().filter(|column| column.fate == "dropped" && column.filled > 0).count() as u64;
        let has_id = self.columns.iter().any(|column| column.to.as_deref() == Some("id"));
        let id = if has_id { "" } else { ", and no column is taken for the id" };
        let lost = plural(dropped, "column is", "columns are");
        (dropped > 0).then(|| format!("{lost} not read{id}: see what a mapping would make of them"))
    }

    /// Where it stands in what whoever is not as planned differs.
    fn look_at(&self, differ: u64) -> String {
        let named = if differ == 1 { "names the user who is" } else { "names each user who is" };
        let text = format!("verify.log.ndjson {named} not as planned, and says in what");
        match &self.sync {
            Some(sync) if sync.look > 0 => {
                let who = users(sync.look);
                format!("{text}; {CHANGES} has the {who} to be looked at since the last sync, and why each was left so")
            }
            _ => text,
        }
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
    use crate::report::summary::Second;

    const SERVER: Option<(&str, &str)> = Some(("http://127.0.0.1:9090/v1", "shop"));

    fn suggest(report: &mut Report, words: &[&str], run: &str) {
        let exports: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        report.suggest(Typed { exports: &exports, run: Path::new(run), server: SERVER, bridge_key: None });
    }

    fn commands(report: &mut Report) -> Vec<String> {
        suggest(report, &["my users.json"], "./rehome-run");
        report.next.iter().map(|next| next.command.clone()).filter(|command| !command.is_empty()).collect()
    }

    #[test]
    fn each_command_leads_to_the_next() {
        let mut report = sample::report();
        (report.import, report.verify) = (None, None);
        let create = "rehome import 'my users.json'";
        let others = format!("{create} --unsupported without-password");
        let repaired = "rehome import REPAIRED --run NEWFOLDER";
        assert_eq!(commands(&mut report), [&format!("{create} --sandbox"), create, &*others, repaired]);
        report.import = sample::report().import;
        assert_eq!(commands(&mut report), ["rehome verify ./rehome-run", repaired]);
        if let Some(import) = &mut report.import {
            import.left = 3;
        }
        assert_eq!(commands(&mut report), ["rehome resume ./rehome-run", repaired]);
    }

    #[test]
    fn nobody_is_taken_back_for_a_few_who_differ_or_whom_a_sync_has_named() {
        let mut report = sample::report();
        report.known = None;
        let mut with = |same, different, sync: Option<Second>| {
            report.verify = Some(Verify { same, different, ..Verify::default() });
            report.sync = sync;
            let commands = commands(&mut report);
            (commands, report.next[0].text.clone())
        };
        let resume = "rehome resume ./rehome-run";
        assert_eq!(with(42, 0, None).0, Vec::<String>::new());
        assert_eq!(with(38, 4, None).0, [resume]);
        assert_eq!(with(4, 38, None).0, [resume, "rehome rollback ./rehome-run"]);
        let (commands, first) = with(4, 38, Some(Second { look: 4, ..Second::default() }));
        assert_eq!(commands, Vec::<String>::new());
        assert!(first.contains("verify.log.ndjson") && first.contains("changes.csv has the 4 users"), "{first}");
    }

    #[test]
    fn what_came_by_a_pipe_comes_by_one_again() {
        let mut report = sample::report();
        (report.import, report.verify) = (None, None);
        suggest(&mut report, &["-"], "run");
        let of_the_pipe = report.next.iter().filter(|next| !next.command.contains("REPAIRED"));
        let mut commands = of_the_pipe.map(|next| &next.command).filter(|command| !command.is_empty());
        assert!(commands.all(|command| command.starts_with("… | rehome import -")));
        report.import = sample::report().import;
        suggest(&mut report, &["-"], "run");
        assert!(report.next.iter().any(|next| next.command == "… | rehome verify run"));
    }

    #[test]
    fn whose_password_the_bridge_could_keep_is_told_and_how() {
        let mut report = sample::report();
        (report.import, report.verify, report.bridgeable) = (None, None, 7);
        let words = ["u.json", "--unsupported", "without-password", "--keep-dates"];
        suggest(&mut report, &words, "run");
        let said: Vec<_> = report.next.iter().filter(|next| next.command.contains("bridge")).collect();
        assert_eq!(said.len(), 2);
        assert_eq!(said[0].command, "rehome bridge key > KEY");
        assert_eq!(said[1].command, "rehome import u.json --keep-dates --unsupported bridge --bridge-key-file KEY");
        (report.import, report.bridgeable, report.bridged) = (sample::report().import, 0, 7);
        suggest(&mut report, &words, "run/");
        let serve = "rehome bridge serve --store run/bridge.sqlite --upstream http://127.0.0.1:9090 --project shop \
                     --bridge-key-file KEY";
        assert!(report.next.iter().any(|next| next.command == serve));
        report.suggest(Typed { exports: &[], run: Path::new("run"), server: None, bridge_key: None });
        assert!(report.next.iter().all(|next| !next.command.contains("bridge")), "the sandbox is gone");
    }
}
