//! `rehome check`

use std::ops::ControlFlow;

use super::progress::Progress;
use super::report::print;
use super::{settings, target};
use crate::appwrite::preflight::{Claim, Live};
use crate::error::{Finish, RunError};
use crate::plan::Planned;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::read::Export;
use crate::report::build::Head;
use crate::report::summary::{File, Live as LiveSection, Origin, Place};
use crate::report::{Report, RunFolder, compare, survey};

/// Read, identify and plan every user without sending anything; print and write the report
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: super::args::ExportArgs,
    /// The version.
    #[command(flatten)]
    pub version: super::args::VersionArgs,
    /// Choices.
    #[command(flatten)]
    pub policies: super::args::PolicyArgs,
    /// The run folder.
    #[command(flatten)]
    pub run: super::args::RunArgs,
    /// Requests a second to estimate the duration with [default: 100]
    #[arg(long, value_name = "N")]
    pub rate: Option<std::num::NonZeroU32>,
    /// An earlier export of the same source: say who is new, changed or gone since (repeat it for its further files)
    #[arg(long, value_name = "EXPORT")]
    pub since: Vec<std::path::PathBuf>,
    /// Let addresses, ids and sentences that quote them stand in the report
    #[arg(long)]
    pub with_pii: bool,
    /// The target.
    #[command(flatten)]
    pub live: super::args::LiveArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(mut args: Args) -> Result<Finish, RunError> {
    let mut report = check(&args)?;
    if args.since.is_empty() && args.export.exports.len() == 2 && holds_everybody_twice(&report) {
        args.since.push(args.export.exports.remove(0));
        report = check(&args)?;
        report.add_finding(Some(format!(
            "nearly everybody is in both files: they are taken for two exports of one source, and {} for the earlier",
            args.since[0].display()
        )));
    }
    report.suggest(&args.export.words(Some(args.policies)), &args.run.folder);
    report.save(&RunFolder::open(&args.run.folder)?)?;
    print(&report, args.output)?;
    let wrong = report.known.as_ref().is_some_and(|known| !known.wrong.is_empty());
    Ok(Finish::partial_if(report.outcomes.refused > 0 || wrong))
}

/// Whether two files that were read as one export are two exports of the same users: four in five of the smaller half
/// would be refused as duplicates.
fn holds_everybody_twice(report: &Report) -> bool {
    report.duplicates.ids * 2 * 5 >= report.records * 4 && report.records > 0
}

/// Reads and plans everything, and writes the lists.
fn check(args: &Args) -> Result<Report, RunError> {
    let export = settings::open_export(&args.export)?;
    let live = if args.live.live { Some(Live::connect(target::of_live(&args.live)?)?) } else { None };
    let version = live.as_ref().map_or(args.version.appwrite_version, |live| live.preflight.version);
    let mut planner = Planner::new(&export, args.policies.into(), version.profile());
    planner.observer.with_pii = args.with_pii;

    let progress = Progress::new(args.output);
    let folder = RunFolder::create(&args.run.folder)?;
    let frame = export.rejects_frame();
    let survey = survey::survey(&planner, Some((&folder, &frame)), &progress)?;

    let head = Head {
        command: "check",
        appwrite: version,
        source: source(&export),
        with_pii: args.with_pii,
        rate: args.rate.map(std::num::NonZeroU32::get),
        now: jiff::Timestamp::now(),
    };
    let mut report = Report::new(head, &survey.tally, |column| export.fate(column));
    report.add_finding(survey.finding());
    report.known = settings::prove_known(&args.export, &export, version.profile(), &progress)?;
    if !args.since.is_empty() {
        let earlier =
            settings::open_export(&super::args::ExportArgs { exports: args.since.clone(), ..args.export.clone() })?;
        let earlier = Planner::new(&earlier, args.policies.into(), version.profile());
        let changes = compare::compare(&earlier, &planner, &progress)?;
        changes.write(&folder)?;
        report.compare = Some(changes.counts);
    }
    if let Some(live) = live {
        report.source.findings.extend(live.preflight.warnings.iter().cloned());
        let (section, taken) = ask(&live, &planner, &survey.duplicates, &progress)?;
        report.add_live(section, &taken);
    }
    Ok(report)
}

/// Taken users that stand in the report one by one.
const SHOWN: usize = 100;

/// Asks the target who of the planned users is in somebody's way.
fn ask(
    live: &Live,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    progress: &Progress,
) -> Result<(LiveSection, Vec<(Place, String)>), RunError> {
    let target = live.target();
    let mut section = LiveSection { endpoint: target.endpoint.clone(), project: target.project.clone(), taken: 0 };
    let mut shown = Vec::new();
    planner.scan(
        duplicates,
        progress,
        Vec::new,
        |batch: &mut Vec<(Place, Claim)>, item| {
            if let Planned::Create(plan) = &item.planned {
                let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
                let claim = Claim {
                    record: item.position.record,
                    user_id: plan.user_id.clone().into_owned(),
                    email: own(&plan.email),
                    phone: own(&plan.phone),
                };
                batch.push((item.position.into(), claim));
            }
        },
        |batch| {
            let (places, claims): (Vec<Place>, Vec<Claim>) = batch.into_iter().unzip();
            let mut last = 0;
            for collision in live.collisions(&claims)? {
                if collision.record == last {
                    continue;
                }
                last = collision.record;
                section.taken += 1;
                if let Some(place) = places.iter().find(|p| p.record == last && shown.len() < SHOWN) {
                    shown.push((*place, format!("somebody at the target has the same {}", collision.what)));
                }
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok((section, shown))
}

/// What was read, for the report.
pub(super) fn source(export: &Export) -> Origin {
    let mut files: Vec<File> = Vec::new();
    for table in export.tables() {
        let format = serde_json::to_value(table.format).ok().and_then(|v| v.as_str().map(str::to_owned));
        let file = File { path: table.path.display().to_string(), format: format.unwrap_or_default() };
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Origin {
        source: export.source().name().to_owned(),
        why: export.why().to_owned(),
        files,
        findings: export.findings().to_vec(),
    }
}
