//! An import from its beginning to its report: what `import` and `resume` do.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::Engine;
use super::agree::{self, AGREED, ALL, Ask};
use super::bridge::{self, Keeping};
use super::check::holds_everybody_twice;
use super::declared;
use super::gauges::Gauges;
use super::session::{PROFILE, REFUSED_CODES, Session, Stage};
use super::target::Destination;
use super::window::Window;
use super::{rejects, verify};
use crate::appwrite::Client;
use crate::code::Code;
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::folder::Folder;
use crate::ledger::{Counts, Ledger, Reader};
use crate::plan::planner::Planner;
use crate::plan::proof::prove_all;
use crate::policy::{Duplicates, Unsupported};
use crate::report::figures;
use crate::report::lists::IdMap;
use crate::report::summary::{Import as Section, Known};
use crate::report::survey::Survey;
use crate::report::{Report, Tally};
use crate::runtime::block_on;

/// What a person may say of one session of an import.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// `--limit`: only the first so many planned users.
    pub limit: Option<u64>,
    /// `--yes`: known passwords that prove nothing do not hold the import back.
    pub yes: bool,
    /// Who is asked before anything is sent to a real target.
    pub ask: Option<Ask>,
    /// It is the end of a sync, which has said what is read.
    pub is_of_sync: bool,
    /// What the machine around it says.
    pub around: Around,
}

/// What a session is told that is no part of the run: it may be otherwise the next time.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Where the bridge's key is, and how long it keeps hashes.
    pub keeping: Keeping,
    /// When to hold, and when to end.
    pub window: Window,
    /// What is counted for whoever looks at the session from outside.
    pub gauges: Gauges,
}

/// The result of an import that began.
pub struct Imported {
    /// What there is to say; it stands in the run folder, too.
    pub report: Report,
    /// Nothing was sent: known passwords do not match their hashes, and a person has to decide.
    pub held_back: bool,
    /// A person chose to have only so many created for now.
    pub first: Option<u64>,
    /// The finish of the import, or what ended it early.
    pub ended: Result<Finish, RunError>,
}

/// Begins a run, or goes on with it.
///
/// # Errors
/// What keeps it from beginning. What ends it later is [`Imported::ended`], beside a report of how far it came.
pub fn import(
    session: Session,
    path: &Path,
    key_file: Option<&Path>,
    choices: Choices,
    listener: Arc<dyn Listener>,
) -> Result<Imported, RunError> {
    let (stage, ledger) = Stage::open(session, path, key_file, choices.is_of_sync, listener)?;
    let unsupported = stage.export.unsupported().unwrap_or(stage.session.policies.unsupported);
    // Whatever keeps hashes from being sealed is said before anybody waits.
    let vault = match unsupported {
        Unsupported::Bridge => {
            let vault = bridge::vault(&stage.folder, &stage.target, &choices.around.keeping)?;
            if let Some(over) = bridge::is_over(&vault)? {
                stage
                    .listener
                    .on(&Event::Warned(format!("{over}: the first server or `bridge expire` purges all of it")));
            }
            Some(vault)
        }
        _ => None,
    };
    let frame = stage.export.rejects_frame();
    let (planner, survey) = stage.survey(Some((&stage.folder, &frame)))?;
    let passwords = stage.session.export.known_passwords()?;
    let prove = |list| prove_all(&planner, &survey.duplicates, list, &*stage.listener);
    let known = passwords.as_deref().map(prove).transpose()?;
    readable(&survey.tally)?;
    declared::stop(&stage.export, &survey.tally, known.as_ref(), unsupported)?;
    let findings = survey.findings();
    for finding in &findings {
        stage.listener.on(&Event::Warned(finding.clone()));
    }
    let before = stage.reader.counts()?;
    if before.created == 0 {
        one_date(&stage.session, &stage.report("import", &survey.tally))?;
    }
    let wrong = known.as_ref().map_or(0, |known| known.wrong.len());
    if wrong > 0 {
        stage.listener.on(&Event::Warned(format!(
            "{} will not sign in; the report says why",
            figures::plural(wrong as u64, "known password", "known passwords")
        )));
    }
    let second = Report::load(&stage.folder).ok().flatten().and_then(|earlier| earlier.sync);
    let bridge_key = choices.around.keeping.key_file.as_deref();
    let save = |mut report: Report| {
        // What was done in a second step stays told.
        report.sync.clone_from(&second);
        report.add_findings(findings.iter().cloned());
        report.suggest(stage.session.typed(&stage.session.export.words(None), path, bridge_key));
        report.save(&stage.folder).map(|()| report)
    };
    if unproven(known.as_ref()) && before.created == 0 && !choices.yes {
        // Everybody with the same scheme may be locked out: that is for a person to decide, before it is done.
        let report = save(Report { known, ..stage.report("check", &survey.tally) })?;
        stage.listener.on(&Event::Over);
        return Ok(Imported { report, held_back: true, first: None, ended: Ok(Finish::Partial) });
    }
    let records = survey.tally.records();
    let asked = stage.report("import", &survey.tally);
    let limit = agree::limit(choices.ask, &stage.session.destination, &asked, &stage.reader, before, choices.limit)?;
    let first = limit.filter(|_| limit != choices.limit);
    note_session(&ledger, &planner, records, before, limit)?;
    if before.done > 0 {
        stage.listener.on(&Event::Said(format!(
            "going on: {} of {} are done",
            figures::count(before.done),
            figures::users(records)
        )));
    }
    // A run that is killed has a report, too.
    save(Report { import: Some(section(&stage)?), ..stage.report("import", &survey.tally) })?;
    let users = records.min(limit.unwrap_or(u64::MAX)).saturating_sub(before.done);
    stage.listener.on(&Event::Expecting { users });

    if let Some(vault) = &vault {
        vault.set_importing(true)?;
    }
    let started = Instant::now();
    let engine = Engine {
        planner: &planner,
        duplicates: &survey.duplicates,
        client: Client::new(stage.target.clone(), stage.session.concurrency)?,
        limits: stage.session.limits(),
        limit,
        window: &choices.around.window,
        gauges: choices.around.gauges.clone(),
        vault: vault.as_ref(),
        listener: stage.listener.clone(),
    };
    let (ended, metrics) = engine.run(ledger, &stage.reader);
    let seconds = started.elapsed().as_secs_f64();

    let counts = stage.reader.counts()?;
    if let Some(vault) = &vault {
        bridge::forget_refused(vault, &stage.reader)?;
        vault.set_importing(counts.left > 0)?;
    }
    let section = Section { seconds, pace: metrics.pace(), ..section(&stage)? };
    let Survey { tally, duplicates, .. } = survey;
    let left_out = stage.reader.count_with(Code::PhoneLeftOut)?;
    let tally = if section.failed + left_out > 0 && ended.is_ok() {
        rejects::rewrite(&planner, stage.observer(), &duplicates, &stage.reader, &stage.folder, &frame)?
    } else {
        tally
    };
    write_id_map(&stage.folder, &stage.reader)?;
    let mut report = Report { import: Some(section), known, ..stage.report("import", &tally) };
    let mut bad = wrong as u64 + u64::from(stage.export.is_incomplete());
    if let Some(passwords) = passwords.filter(|_| ended.is_ok() && stage.session.destination == Destination::Sandbox) {
        let verify = verify::read_back(&stage, &planner, &duplicates, &passwords, stage.reopen()?)?;
        bad += verify.counts.not_signed_in + verify.counts.different + verify.counts.missing;
        report.verify = Some(verify.counts);
    }
    let failed = report.import.as_ref().map_or(0, |import| import.failed);
    let report = save(report)?;
    stage.listener.on(&Event::Over);
    // Whom a limit leaves was not asked for.
    let left = if limit.is_some() { 0 } else { counts.left };
    // Whom the target has refused, or has somebody else for, no list has named before: that is for a person to see.
    let unfinished = Finish::partial_if(failed + left + bad > 0);
    let refused = if counts.refused > 0 { Finish::Refused } else { Finish::Done };
    let ended = ended.map(|()| unfinished.max(refused));
    Ok(Imported { report, held_back: false, first, ended })
}

/// An export of Firebase without the project's parameters is not sent: nobody's password would work.
fn readable(tally: &Tally) -> Result<(), RunError> {
    match tally.said(Code::HashConfigMissing) {
        0 => Ok(()),
        unread => Err(RunError::usage(format!(
            "{} Firebase's password hash parameters, and nothing was sent",
            figures::plural(unread, "hash needs", "hashes need")
        ))
        .remedy(
            "copy them from the console (Authentication, Users, \u{22ee}, Password hash parameters) into a file and pass \
             --firebase-hash-config FILE",
        )),
    }
}

/// Stops at two exports of one source, of which the earlier would be imported: the later one is, as `check` says.
///
/// # Errors
/// [`RunError::usage`] with what to pass.
fn one_date(session: &Session, report: &Report) -> Result<(), RunError> {
    let exports = &session.export.exports;
    if exports.len() != 2 || session.policies.duplicates == Duplicates::Refuse || !holds_everybody_twice(report) {
        return Ok(());
    }
    Err(RunError::usage(format!(
        "nearly everybody is in both files: they are taken for two exports of one source, and {} for the earlier; import {} alone; nothing \
         was sent",
        exports[0].display(),
        exports[1].display()
    )))
}

/// Whether a known password does not match its hash, for whatever reason but its length.
fn unproven(known: Option<&Known>) -> bool {
    known.is_some_and(|known| known.wrong.iter().any(|wrong| !wrong.hash_is_right))
}

/// Says in the ledger what this session begins with, for `status`.
fn note_session(
    ledger: &Ledger,
    planner: &Planner<'_>,
    records: u64,
    before: Counts,
    limit: Option<u64>,
) -> Result<(), RunError> {
    let sender = ledger.sender();
    block_on(async {
        sender.meta(PROFILE, planner.profile.name.to_owned()).await?;
        let refused: Vec<String> = planner.refused_codes.iter().map(u16::to_string).collect();
        sender.meta(REFUSED_CODES, refused.join(" ")).await?;
        sender.meta("records", records.to_string()).await?;
        sender.meta(AGREED, limit.map_or(ALL.to_owned(), |limit| limit.to_string())).await?;
        sender.meta("session", jiff::Timestamp::now().to_string()).await?;
        sender.meta("session_done", (before.records - before.left).to_string()).await
    })?
}

fn section(stage: &Stage) -> Result<Section, RunError> {
    let mut section = Section {
        endpoint: stage.target.endpoint.clone(),
        project: stage.target.project.clone(),
        ..Section::default()
    };
    count(&mut section, stage.reader.counts()?);
    Ok(section)
}

/// Brings the counts up to what the ledger says.
pub const fn count(section: &mut Section, counts: Counts) {
    (section.created, section.done, section.left) = (counts.created, counts.done, counts.left);
    section.failed = counts.failed + counts.conflicts + counts.refused_by_target;
}

/// Writes `id-map.csv`.
///
/// # Errors
/// [`RunError::io`], [`RunError::ledger`]
pub fn write_id_map(folder: &Folder, reader: &Reader) -> Result<(), RunError> {
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
