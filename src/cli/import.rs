//! `rehome import`

use std::path::Path;
use std::time::Instant;

use super::args::{OutputArgs, RunArgs};
use super::report::print;
use super::session::{Session, Stage};
use super::settings;
use super::target::Place;
use crate::appwrite::Client;
use crate::code::Code;
use crate::error::{Finish, RunError};
use crate::event::Event;
use crate::ledger::Reader;
use crate::plan::shard::Shard;
use crate::report::lists::IdMap;
use crate::report::summary::Import as ImportSection;
use crate::report::{RunFolder, survey};
use crate::run::{Import, rejects};

/// Create the users; a second run of the same command resumes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: super::args::ExportArgs,
    /// The target.
    #[command(flatten)]
    pub target: super::args::TargetArgs,
    /// Choices.
    #[command(flatten)]
    pub policies: super::args::PolicyArgs,
    /// Take only part I of N of the users (I from 0); else JOB_COMPLETION_INDEX and JOB_COMPLETIONS
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Create only the first N planned users; the same command without it, or `rehome resume`, takes the rest
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The run folder.
    #[command(flatten)]
    pub run: RunArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let shard = match args.shard {
        Some(shard) => shard,
        None => shard_of_job(|name| std::env::var(name).ok())?,
    };
    let session = Session::meant(args.export, args.policies.into(), &args.target, shard)?;
    go(session, &args.run.folder, args.target.key_file.as_deref(), args.limit, args.output)
}

/// What a Kubernetes Indexed Job says of this process.
fn shard_of_job(variable: impl Fn(&str) -> Option<String>) -> Result<Shard, RunError> {
    match (variable("JOB_COMPLETION_INDEX"), variable("JOB_COMPLETIONS")) {
        (None, _) => Ok(Shard::default()),
        (Some(index), Some(of)) => format!("{index}/{of}").parse().map_err(RunError::usage),
        (Some(_), None) => Err(RunError::usage(
            "JOB_COMPLETION_INDEX is set and JOB_COMPLETIONS is not: every part would import everybody",
        )
        .remedy("set it to the job's completions, or give --shard I/N")),
    }
}

/// Runs or goes on with a session, with the first `limit` of its planned users.
pub(super) fn go(
    session: Session,
    path: &Path,
    key_file: Option<&Path>,
    limit: Option<u64>,
    output: OutputArgs,
) -> Result<Finish, RunError> {
    let (stage, ledger) = Stage::open(session, path, key_file, output)?;
    let planner = stage.planner();
    let frame = stage.export.rejects_frame();
    let survey = survey::survey(&planner, Some((&stage.folder, &frame)), &*stage.listener)?;
    let files = &stage.session.export;
    let known = settings::prove_known(files, &stage.export, planner.profile, &*stage.listener)?;
    let unread = survey.tally.said(Code::HashConfigMissing);
    if unread > 0 {
        return Err(RunError::usage(format!(
            "{unread} hashes need Firebase's password hash parameters, and nothing was sent"
        ))
        .remedy(
            "copy them from the console (Authentication, Users, \u{22ee}, Password hash parameters) into a file and pass \
             --firebase-hash-config FILE",
        ));
    }
    let records = survey.tally.records();
    let finding = survey.finding();
    if let Some(finding) = &finding {
        stage.listener.on(&Event::Warned(finding.clone()));
    }
    let before = stage.reader.counts()?;
    let wrong = known.as_ref().map_or(0, |known| known.wrong.len());
    if wrong > 0 {
        stage.listener.on(&Event::Warned(format!("{wrong} known passwords will not sign in; the report says why")));
    }
    let unproven = known.iter().flat_map(|known| &known.wrong).filter(|wrong| !wrong.hash_is_right).count();
    if unproven > 0 && before.created == 0 && !output.yes {
        // Everybody with the same scheme may be locked out: that is for a person to decide, before it is done.
        let mut report = stage.report("check", &survey.tally);
        report.known = known;
        report.add_finding(finding);
        report.suggest(&stage.session.export.words(None), path);
        report.save(&stage.folder)?;
        stage.listener.on(&Event::Over);
        print(&report, output)?;
        stage.listener.on(&Event::Warned("nothing was sent; --yes imports all the same".into()));
        return Ok(Finish::Partial);
    }
    let sender = ledger.sender();
    super::block_on(async {
        sender.meta("profile", planner.profile.name.to_owned()).await?;
        sender.meta("records", records.to_string()).await?;
        sender.meta("session", jiff::Timestamp::now().to_string()).await?;
        sender.meta("session_done", (before.records - before.left).to_string()).await
    })??;
    drop(sender);
    if before.done > 0 {
        stage.listener.on(&Event::Said(format!("going on: {} of {records} users are done", before.done)));
    }
    // A run that is killed has a report, too.
    let mut report = stage.report("import", &survey.tally);
    report.add_finding(finding.clone());
    report.import = Some(section(&stage)?);
    report.suggest(&stage.session.export.words(None), path);
    report.save(&stage.folder)?;
    stage.listener.on(&Event::Expecting { users: records.min(limit.unwrap_or(u64::MAX)).saturating_sub(before.done) });

    let started = Instant::now();
    let import = Import {
        planner: &planner,
        duplicates: &survey.duplicates,
        client: Client::new(stage.target.clone(), stage.session.concurrency)?,
        ceilings: stage.session.ceilings(),
        limit,
        listener: stage.listener.clone(),
    };
    let (ended, pulse) = import.run(ledger, &stage.reader);
    let seconds = started.elapsed().as_secs_f64();

    let counts = stage.reader.counts()?;
    let section = ImportSection { seconds, pace: pulse.pace(), ..section(&stage)? };
    let tally = if section.failed > 0 && ended.is_ok() {
        rejects::rewrite(&planner, &survey.duplicates, &stage.reader, &stage.folder, &frame)?
    } else {
        survey.tally
    };
    write_id_map(&stage.folder, &stage.reader)?;
    let mut report = stage.report("import", &tally);
    report.add_finding(finding);
    report.import = Some(section);
    report.known = known;
    let mut bad = wrong as u64;
    if ended.is_ok() && stage.session.place == Place::Sandbox && stage.session.export.known.is_some() {
        let verify = super::verify::look(&stage, &planner, &survey.duplicates, stage.reopen()?, |_| Ok(()))?;
        bad += verify.counts.not_signed_in + verify.counts.different + verify.counts.missing;
        report.verify = Some(verify.counts);
    }
    report.suggest(&stage.session.export.words(None), path);
    report.save(&stage.folder)?;
    stage.listener.on(&Event::Over);
    print(&report, output)?;
    ended?;
    // Whom a limit leaves was not asked for.
    let left = if limit.is_some() { 0 } else { counts.left };
    Ok(Finish::partial_if(counts.refused + counts.failed + left + bad > 0))
}

fn section(stage: &Stage) -> Result<ImportSection, RunError> {
    let mut section = ImportSection {
        endpoint: stage.target.endpoint.clone(),
        project: stage.target.project.clone(),
        ..ImportSection::default()
    };
    count(&mut section, &stage.reader)?;
    Ok(section)
}

/// Brings the counts up to what the ledger says.
pub(super) fn count(section: &mut ImportSection, reader: &Reader) -> Result<(), RunError> {
    let counts = reader.counts()?;
    let refused = |(code, n): &(String, u64)| if code == "target-refused" { *n } else { 0 };
    let refused: u64 = reader.codes()?.iter().map(refused).sum();
    (section.created, section.done, section.left) = (counts.created, counts.done, counts.left);
    section.failed = counts.failed + counts.conflicts + refused;
    Ok(())
}

fn write_id_map(folder: &RunFolder, reader: &Reader) -> Result<(), RunError> {
    let mut map = IdMap::begin(folder)?;
    let mut after = 0;
    loop {
        let page = reader.page(after, 1000)?;
        let Some(last) = page.last() else { break };
        after = last.record;
        for entry in page.iter().filter(|entry| entry.is_there()) {
            map.add(&entry.source_id, &entry.user_id)?;
        }
    }
    map.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexed_job_says_which_shard_it_is() {
        let job = |index: Option<&str>, of: Option<&str>| {
            let (index, of) = (index.map(str::to_owned), of.map(str::to_owned));
            shard_of_job(|name| if name == "JOB_COMPLETIONS" { of.clone() } else { index.clone() })
                .map_err(|e| e.exit_code())
        };
        assert_eq!(job(None, None), Ok(Shard::default()));
        assert_eq!(job(None, Some("4")), Ok(Shard::default()));
        assert_eq!(job(Some("3"), Some("4")), Ok(Shard { index: 3, of: 4 }));
        assert_eq!(job(Some("3"), None), Err(2));
        assert_eq!(job(Some("4"), Some("4")), Err(2));
    }
}
