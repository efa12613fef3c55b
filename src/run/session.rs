//! A run as it was meant, kept in its ledger, so that `resume`, `verify` and `rollback` need the run folder alone.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Limits;
use super::folder::RunFolder;
use super::settings::ExportSettings;
use super::target::{Destination, Open};
use crate::appwrite::preflight::{self, Preflight};
use crate::appwrite::version::PROFILES;
use crate::appwrite::{Client, Profile, Target};
use crate::error::RunError;
use crate::event::{Event, Listener, Silent};
use crate::folder::Folder;
use crate::ledger::{Identity, Ledger, Reader};
use crate::plan::planner::Planner;
use crate::plan::shard::Shard;
use crate::policy::Policies;
use crate::read::{Export, Frame};
use crate::report::build::Head;
use crate::report::next::Typed;
use crate::report::summary::{self, Origin};
use crate::report::survey::{Survey, survey, survey_asking};
use crate::report::{Observer, Report, Tally};
use crate::runtime::block_on;

/// The ledger's name for the calling codes whose numbers the target refuses.
pub(super) const REFUSED_CODES: &str = "refused_codes";
/// The ledger's name for the row of [`PROFILES`] that the users of the run were planned for.
pub(super) const PROFILE: &str = "profile";

/// A run as it was meant. Holds no key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// The export, its paths absolute.
    pub export: ExportSettings,
    /// What becomes of ids, unsupported hashes and duplicates.
    pub policies: Policies,
    /// The sandbox, or a server's project.
    #[serde(rename = "place")]
    pub destination: Destination,
    /// Requests a second at most, of this shard.
    pub rate: Option<NonZeroU32>,
    /// Requests in flight at most.
    pub concurrency: usize,
    /// Seconds without a proper answer after which the run stops.
    pub give_up_after: u64,
    /// Which part of the users.
    pub shard: Shard,
    /// The moment "banned until" is compared with: that of the first session, so that plans never change.
    pub now: String,
}

impl Session {
    /// A new run with these settings. `rate` is that of all shards together.
    ///
    /// # Errors
    /// [`RunError::io`] for paths that are none.
    pub fn new(
        export: ExportSettings,
        policies: Policies,
        destination: Destination,
        shard: Shard,
        limits: Limits,
    ) -> Result<Self, RunError> {
        let Limits { concurrency, rate, give_up_after } = limits;
        Ok(Self {
            export: export.absolute()?,
            policies,
            destination,
            rate: rate.map(|rate| NonZeroU32::new(rate.get() / shard.of.max(1)).unwrap_or(NonZeroU32::MIN)),
            concurrency: concurrency.max(1),
            give_up_after: give_up_after.as_secs(),
            shard,
            now: jiff::Timestamp::now().to_string(),
        })
    }

    /// The run of a folder.
    ///
    /// # Errors
    /// [`RunError::usage`] for a folder without a run, [`RunError::ledger`] for one that cannot be read.
    pub fn of(folder: &Path) -> Result<Self, RunError> {
        let settings = Reader::open(folder)?.meta("settings")?.ok_or_else(|| crate::ledger::not_begun(folder))?;
        serde_json::from_str(&settings)
            .map_err(|e| RunError::ledger(format!("{}: the run's settings are damaged", folder.display())).because(e))
    }

    /// Opens the export as the first session did.
    ///
    /// # Errors
    /// As [`Export::open`].
    pub fn open_export(&self) -> Result<Export, RunError> {
        let mut options = self.export.read_options()?;
        options.now = self.now.parse().unwrap_or(options.now);
        Export::open(&self.export.exports, options)
    }

    /// The planner of the run, as far as its ledger says what the target refuses.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn planner<'e>(
        &self,
        export: &'e Export,
        reader: &Reader,
        profile: &'static Profile,
    ) -> Result<Planner<'e>, RunError> {
        let mut planner = Planner::new(export, self.policies, profile);
        planner.shard = self.shard;
        if let Some(codes) = reader.meta(REFUSED_CODES)? {
            planner.refused_codes = codes.split_whitespace().filter_map(|code| code.parse().ok()).collect();
        }
        Ok(planner)
    }

    /// What the run's ledger belongs to.
    ///
    /// # Errors
    /// [`RunError::io`] for files that cannot be read.
    pub fn identity(&self, export: &Export) -> Result<Identity, RunError> {
        let digest = |path: &Option<PathBuf>| match path {
            Some(path) => {
                std::fs::read(path).map_err(RunError::io(path)).map(|bytes| format!("{:032x}", xxh3_128(&bytes)))
            }
            None => Ok(String::new()),
        };
        let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
        let ExportSettings { map, scheme, keep_dates, email_domain, table, ignore, plain_passwords, pepper, .. } =
            &self.export;
        let mut reading = vec![export.source().name().to_owned()];
        let policies =
            serde_json::to_value(self.policies).map_err(RunError::bug("what was to be written is no JSON"))?;
        if let Some(policies) = policies.as_object() {
            reading.extend(
                policies.iter().map(|(name, value)| format!("--{name} {}", value.as_str().unwrap_or_default())),
            );
        }
        if map.is_some() {
            reading.push(format!("--map {}", digest(map)?));
        }
        if let Some(scheme) = scheme {
            reading.push(format!("--scheme {scheme}"));
        }
        if *keep_dates {
            reading.push("--keep-dates".into());
        }
        if let Some(domain) = email_domain {
            reading.push(format!("--email-domain {domain}"));
        }
        reading.extend(table.iter().map(|table| format!("--table {table}")));
        reading.extend(ignore.iter().map(|column| format!("--ignore {column}")));
        if *plain_passwords {
            reading.push("--plain-passwords".into());
        }
        reading.extend(pepper.iter().map(|pepper| format!("--pepper {pepper}")));
        let (endpoint, project) = self.destination.names();
        Ok(Identity {
            export: hex(export.fingerprint()?),
            reading: reading.join(" "),
            hash_config: digest(&self.export.firebase_hash_config)?,
            endpoint: endpoint.to_owned(),
            project: project.to_owned(),
            shard: self.shard.to_string(),
        })
    }

    /// What the next commands are put together of. `exports` are the words that name the export, `run` the folder as it was typed.
    #[must_use]
    pub fn typed<'t>(&'t self, exports: &'t [String], run: &'t Path, bridge_key: Option<&'t Path>) -> Typed<'t> {
        let server = Some(self.destination.names()).filter(|_| !self.destination.is_own());
        Typed { exports, run, server, bridge_key }
    }

    /// Requests in flight and a second, at most, and how long to wait for a target.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            concurrency: self.concurrency,
            rate: self.rate,
            give_up_after: Duration::from_secs(self.give_up_after),
        }
    }
}

/// A run with everything open: its folder taken, its export, its ledger, its target.
pub struct Stage {
    /// Hears what happens.
    pub listener: Arc<dyn Listener>,
    /// The run as it was meant.
    pub session: Session,
    /// Its export.
    pub export: Export,
    /// Its ledger, for reading.
    pub reader: Reader,
    /// Its target, with the key.
    pub target: Target,
    /// The target as it was found when the run was opened.
    pub preflight: Preflight,
    // Members are dropped in this order: the folder is given free last.
    _open: Open,
    /// The run folder.
    pub folder: RunFolder,
}

impl Stage {
    /// Opens everything, the ledger for writing too, and asks the target what would fail every user. `said` is whether the
    /// person has been told already what is read.
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] if the folder is taken or belongs to something else; what keeps export or target from
    /// being opened.
    pub fn open(
        mut session: Session,
        folder: &Path,
        key_file: Option<&Path>,
        said: bool,
        listener: Arc<dyn Listener>,
    ) -> Result<(Self, Ledger), RunError> {
        let folder = RunFolder::create(folder)?;
        if let Ok(earlier) = Session::of(folder.path()) {
            session.now = earlier.now;
            if earlier.export.known == session.export.known
                && let Some(lost) = session.export.leave_lost_list()
            {
                listener.on(&Event::Warned(lost));
            }
        }
        let export = session.open_export()?;
        if !said {
            listener.on(&Event::Said(format!("export: {}", export.why())));
        }
        let settings = serde_json::to_string(&session).map_err(RunError::bug("what was to be written is no JSON"))?;
        let (ledger, reader) =
            folder.ledger(&session.identity(&export)?, &settings, &session.export.named(), listener.clone())?;
        let open = session.destination.open(key_file, &folder)?;
        let target = open.target.clone();
        // A client of its own: connections do not outlive the runtime they were made on.
        let preflight = block_on(preflight::preflight(&Client::new(target.clone(), 1)?))??;
        tell(&*listener, &preflight, &session.destination, &target.project);
        if let Some(program) = reader.meta("program")?.filter(|program| program != env!("CARGO_PKG_VERSION")) {
            listener.on(&Event::Said(format!(
                "this run was begun by rehome {program}, and goes on with {}",
                env!("CARGO_PKG_VERSION")
            )));
        }
        if let Some(other) = other_version(&reader, preflight.version.profile())? {
            listener.on(&Event::Warned(other));
        }
        let stage = Self { listener, folder, session, export, reader, target, preflight, _open: open };
        Ok((stage, ledger))
    }

    /// Plans and counts everything, for a target that says which numbers it refuses.
    ///
    /// # Errors
    /// As [`survey_asking`].
    pub fn survey(&self, lists: Option<(&Folder, &Frame)>) -> Result<(Planner<'_>, Survey), RunError> {
        let mut planner = self.session.planner(&self.export, &self.reader, self.preflight.version.profile())?;
        let ask = |codes: &BTreeSet<u16>| {
            let client = Client::new(self.target.clone(), 1)?;
            block_on(preflight::refused_codes(&client, self.preflight.version, codes))?
        };
        let survey = survey_asking(&mut planner, self.observer(), lists, &*self.listener, ask)?;
        Ok((planner, survey))
    }

    /// Plans and counts everything as the run did when it created its users, whatever the target has become since.
    ///
    /// # Errors
    /// As [`survey`].
    pub fn survey_as_planned(&self) -> Result<(Planner<'_>, Survey), RunError> {
        let began = self.reader.meta(PROFILE)?;
        let profile = began.and_then(|name| PROFILES.iter().find(|profile| profile.name == name));
        let profile = profile.unwrap_or_else(|| self.preflight.version.profile());
        let planner = self.session.planner(&self.export, &self.reader, profile)?;
        let survey = survey(&planner, self.observer(), None, &*self.listener)?;
        Ok((planner, survey))
    }

    /// Opens the ledger for writing once more, after it was closed.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn reopen(&self) -> Result<Ledger, RunError> {
        self.folder.begun_ledger(Arc::new(Silent)).map(|(ledger, _)| ledger)
    }

    /// Notes records for the report of this run.
    #[must_use]
    pub fn observer(&self) -> Observer {
        Observer { source: self.export.source().name(), with_pii: false }
    }

    /// A report of this run, for its sections to be filled in.
    #[must_use]
    pub fn report(&self, command: &str, tally: &Tally) -> Report {
        let head = Head {
            command,
            appwrite: self.preflight.version,
            source: origin(&self.export),
            with_pii: false,
            rate: self.session.rate.map(NonZeroU32::get),
            now: jiff::Timestamp::now(),
        };
        Report::new(head, tally, |column| self.export.fate(column))
    }
}

/// What is to be said where the target became another version since the run began.
fn other_version(reader: &Reader, profile: &Profile) -> Result<Option<String>, RunError> {
    Ok(reader.meta(PROFILE)?.filter(|began| began != profile.name).map(|began| {
        format!(
            "this run was planned for Appwrite {began}, and the target is {} by now: whoever is not created yet is planned \
             for that, and whom it no longer takes is named",
            profile.name
        )
    }))
}

/// Tells what preflight found.
fn tell(listener: &dyn Listener, preflight: &Preflight, destination: &Destination, project: &str) {
    let (endpoint, _) = destination.names();
    listener.on(&Event::Said(format!("target: Appwrite {} at {endpoint}, project {project}", preflight.version)));
    if *destination != Destination::Sandbox {
        for warning in &preflight.warnings {
            listener.on(&Event::Warned(warning.clone()));
        }
    }
}

/// What was read, for the report.
pub fn origin(export: &Export) -> Origin {
    let mut files: Vec<summary::File> = Vec::new();
    for table in export.tables() {
        let format = serde_json::to_value(table.format).ok().and_then(|v| v.as_str().map(str::to_owned));
        let format = export.system_of(table).map(str::to_lowercase).or(format);
        let file = summary::File { path: table.path.display().to_string(), format: format.unwrap_or_default() };
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Origin {
        source: export.source().name().to_owned(),
        why: export.why().to_owned(),
        files,
        findings: export.findings().to_vec(),
        incomplete: export.is_incomplete(),
    }
}
