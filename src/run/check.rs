//! Reading and planning everything without sending anything: what `check` does.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::declared;
use super::folder::RunFolder;
use super::session::origin;
use super::settings::ExportSettings;
use crate::appwrite::live::{Claim, Live};
use crate::appwrite::{Target, Version};
use crate::code::Code;
use crate::error::RunError;
use crate::event::Listener;
use crate::folder::Folder;
use crate::plan::Planned;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::plan::proof::prove_all;
use crate::policy::{Duplicates as Policy, Policies};
use crate::read::Frame;
use crate::report::build::{Head, Told};
use crate::report::next::Typed;
use crate::report::summary::{Live as LiveSection, Place};
use crate::report::{Observer, Report, changes, survey};

/// Taken users that stand in the report one by one.
const SHOWN: usize = 100;

/// What is to be checked, and how.
pub struct Check {
    /// The export.
    pub export: ExportSettings,
    /// What becomes of ids, unsupported hashes and duplicates.
    pub policies: Policies,
    /// The version that is planned for, where no target says.
    pub version: Version,
    /// Requests a second, for the estimate.
    pub rate: Option<NonZeroU32>,
    /// The files of an earlier export to compare with.
    pub since: Vec<PathBuf>,
    /// Whether addresses and ids may stand in the report.
    pub with_pii: bool,
    /// A target that is asked, and never written to.
    pub live: Option<Target>,
}

/// Checks an export; lists and report are written into the folder at `path`.
///
/// # Errors
/// What keeps the export from being read to its end, or the target from being asked; what [`RunFolder::for_lists`] says.
pub fn check(mut check: Check, path: &Path, listener: &dyn Listener) -> Result<Report, RunError> {
    let mut folder = None;
    let mut report = check.once(path, &mut folder, listener)?;
    if check.since.is_empty()
        && check.export.exports.len() == 2
        && check.policies.duplicates == Policy::First
        && holds_everybody_twice(&report)
    {
        check.since.push(check.export.exports.remove(0));
        report = check.once(path, &mut folder, listener)?;
        report.add_findings([format!(
            "nearly everybody is in both files: they are taken for two exports of one source, and {} for the earlier",
            check.since[0].display()
        )]);
    }
    let exports = check.export.words(Some(check.policies));
    report.suggest(Typed { exports: &exports, run: path, server: None, bridge_key: None });
    if let Some(folder) = &folder {
        report.save(folder)?;
    }
    Ok(report)
}

/// Whether two files that were read as one export are two exports of the same users: four in five of the smaller half
/// would be refused as duplicates.
pub(super) fn holds_everybody_twice(report: &Report) -> bool {
    report.duplicates.ids * 2 * 5 >= report.records * 4 && report.records > 0
}

impl Check {
    /// Reads and plans everything, and writes the lists. The folder is made once there is an export to check.
    fn once(&self, path: &Path, folder: &mut Option<RunFolder>, listener: &dyn Listener) -> Result<Report, RunError> {
        let export = self.export.open()?;
        let live = self.live.clone().map(Live::connect).transpose()?;
        let version = live.as_ref().map_or(self.version, |live| live.preflight.version);
        let mut planner = Planner::new(&export, self.policies, version.profile());
        let observer = Observer { source: export.source().name(), with_pii: self.with_pii };

        let folder = match folder {
            Some(folder) => folder,
            none => none.insert(RunFolder::for_lists(path, "--run")?),
        };
        let frame = export.rejects_frame();
        let lists: Option<(&Folder, &Frame)> = Some((folder, &frame));
        let survey = match &live {
            Some(live) => {
                survey::survey_asking(&mut planner, observer, lists, listener, |codes| live.refused_codes(codes))?
            }
            None => survey::survey(&planner, observer, lists, listener)?,
        };

        let head = Head {
            command: "check",
            appwrite: version,
            source: origin(&export),
            with_pii: self.with_pii,
            rate: self.rate.map(NonZeroU32::get),
            now: jiff::Timestamp::now(),
        };
        let mut report = Report::new(head, &survey.tally, |column| export.fate(column));
        report.add_findings(survey.findings());
        let passwords = self.export.known_passwords()?;
        report.known = passwords.map(|list| prove_all(&planner, &survey.duplicates, &list, listener)).transpose()?;
        declared::stop(&export, &survey.tally, report.known.as_ref(), planner.policies.unsupported)?;
        if !self.since.is_empty() {
            let earlier = ExportSettings { exports: self.since.clone(), ..self.export.clone() }.open()?;
            let mut earlier = Planner::new(&earlier, self.policies, version.profile());
            earlier.refused_codes.clone_from(&planner.refused_codes);
            let changes = changes::compare(&earlier, &planner, listener)?;
            changes.write(folder)?;
            report.compare = Some(changes.counts);
        }
        if let Some(live) = live {
            report.source.findings.extend(live.preflight.warnings.iter().cloned());
            let (section, told) = ask(&live, &planner, &survey.duplicates, listener)?;
            report.add_live(section, &told);
        }
        Ok(report)
    }
}

/// Asks the target who of the planned users is in somebody's way, and says whose address its project refuses.
fn ask(
    live: &Live,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    listener: &dyn Listener,
) -> Result<(LiveSection, Vec<Told>), RunError> {
    let target = live.target();
    let mut section =
        LiveSection { endpoint: target.endpoint.clone(), project: target.project.clone(), ..LiveSection::default() };
    let mut told = Vec::new();
    planner.scan(
        duplicates,
        listener,
        Vec::new,
        |batch: &mut Vec<(Place, Claim)>, item| {
            if let Planned::Create(plan) = &*item.planned {
                let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
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
            for (place, claim) in places.iter().zip(&claims) {
                if let Some(code) = claim.email.as_deref().and_then(|email| live.preflight.emails.refuse(email)) {
                    *section.refused.entry(code.name().into()).or_default() += 1;
                    if told.len() < SHOWN {
                        told.push(Told { place: *place, code, text: code.title().into() });
                    }
                }
            }
            for collision in live.collisions(&claims)? {
                if collision.record == last {
                    continue;
                }
                last = collision.record;
                section.taken += 1;
                if let Some(place) = places.iter().find(|p| p.record == last && told.len() < SHOWN) {
                    let text = format!("somebody at the target has the same {}", collision.what);
                    told.push(Told { place: *place, code: Code::TargetTaken, text });
                }
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok((section, told))
}
