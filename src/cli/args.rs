//! Groups of flags that several commands share, as typed.

use std::path::PathBuf;

use crate::appwrite::{Target, Version};
use crate::error::RunError;
use crate::policy::{Duplicates, Ids, Policies, Unsupported};
use crate::run::bridge::Keeping;
use crate::run::exposition::{self, Places};
use crate::run::gauges::Gauges;
use crate::run::import::Around;
use crate::run::settings::ExportSettings;
use crate::run::target;
use crate::run::window::Window;

/// Which export, and how to read it.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArgs {
    /// The export's files; several form one export (Auth0 profiles and hashes, Keycloak realm and users files); `-` is
    /// standard input. Or where users live: an SQLite file, postgres://USER@HOST/DATABASE, firebase:PROJECT
    #[arg(required = true, value_name = "EXPORT")]
    pub exports: Vec<PathBuf>,

    /// The system the export is from, instead of detecting it (see `rehome sources`)
    #[arg(long, value_name = "SOURCE")]
    pub from: Option<String>,

    /// A mapping file for exports that no source describes (start with `rehome sources --example`)
    #[arg(long, value_name = "FILE.toml")]
    pub map: Option<PathBuf>,

    /// The password scheme of every hash whose own column does not say (see `rehome schemes`)
    #[arg(long, value_name = "NAME")]
    pub scheme: Option<String>,

    /// Firebase's password hash parameters: the console's text block, or its JSON
    #[arg(long, value_name = "FILE")]
    pub firebase_hash_config: Option<PathBuf>,

    /// The key of a service account, for firebase:PROJECT; else GOOGLE_APPLICATION_CREDENTIALS names it
    #[arg(long, value_name = "FILE.json")]
    pub service_account: Option<PathBuf>,

    /// Passwords known in advance: CSV with a header, `email` or `id`, and `password`
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,

    /// Keep sign-up and last-seen dates in the preferences (Appwrite cannot take them)
    #[arg(long)]
    pub keep_dates: bool,

    /// Append @DOMAIN to user names of sources without addresses (shadow, htpasswd)
    #[arg(long, value_name = "DOMAIN")]
    pub email_domain: Option<String>,

    /// The table of the users, where an export has several that could be it
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,

    /// Leave a column out although it looks like a password, a hash or a status (repeat it for more)
    #[arg(long, value_name = "COLUMN")]
    pub ignore: Vec<String>,

    /// Take a password column for plain text although some of it looks hashed or masked
    #[arg(long)]
    pub plain_passwords: bool,

    /// The secret that the source hashes with every password, as the variable that holds it: env:NAME
    #[arg(long, value_name = "env:NAME")]
    pub pepper: Option<String>,
}

impl From<ExportArgs> for ExportSettings {
    fn from(args: ExportArgs) -> Self {
        let ExportArgs { exports, from, map, scheme, firebase_hash_config, service_account, known, .. } = args;
        let ExportArgs { keep_dates, email_domain, table, ignore, plain_passwords, pepper, .. } = args;
        Self {
            exports,
            from,
            map,
            scheme,
            firebase_hash_config,
            service_account,
            ca_file: None,
            known,
            keep_dates,
            email_domain,
            table,
            ignore,
            plain_passwords,
            pepper,
        }
    }
}

/// The sign-in bridge's key.
#[derive(Debug, Clone, clap::Args)]
pub struct BridgeKeyArgs {
    /// The file with the bridge's key, which `rehome bridge key` makes; else REHOME_BRIDGE_KEY
    #[arg(long, value_name = "FILE")]
    pub bridge_key_file: Option<PathBuf>,
}

/// The sign-in bridge's key, and how long it keeps hashes.
#[derive(Debug, Clone, clap::Args)]
pub struct BridgeArgs {
    /// The key.
    #[command(flatten)]
    pub key: BridgeKeyArgs,

    /// The last day (or moment) on which the bridge keeps hashes [default: 90 days from the first]
    #[arg(long, value_name = "DATE", value_parser = crate::run::bridge::until)]
    pub bridge_until: Option<jiff::Timestamp>,
}

/// When an import holds, and when it ends.
#[derive(Debug, Clone, clap::Args)]
pub struct WindowArgs {
    /// Begin nobody from this time of day on, finish whoever is begun, and end with exit code 75; the same command goes on.
    /// In local time, or 05:00Z, 05:00+02:00, `05:00 Europe/Berlin`
    #[arg(long, value_name = "HH:MM", value_parser = crate::run::window::next)]
    pub until: Option<jiff::ZonedDateTime>,

    /// Begin nobody while this file is there
    #[arg(long, value_name = "FILE")]
    pub pause_file: Option<PathBuf>,
}

/// Where a monitoring system finds how a session goes.
#[derive(Debug, Clone, clap::Args)]
pub struct MetricsArgs {
    /// Write metrics into this file every 15 seconds, as Prometheus' text: for node_exporter's textfile collector, whose files
    /// end in .prom
    #[arg(long, value_name = "FILE.prom")]
    pub metrics_file: Option<PathBuf>,

    /// Show metrics at /metrics of this address while the command works; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = exposition::address)]
    pub metrics: Option<std::net::SocketAddr>,
}

impl From<MetricsArgs> for Places {
    fn from(args: MetricsArgs) -> Self {
        Self { file: args.metrics_file, listen: args.metrics }
    }
}

impl WindowArgs {
    /// What surrounds a session, with the bridge of these.
    #[must_use]
    pub fn around(self, bridge: BridgeArgs) -> Around {
        let keeping = Keeping { key_file: bridge.key.bridge_key_file, until: bridge.bridge_until };
        let gauges = Gauges::default();
        gauges.ends_at(self.until.as_ref().map(jiff::ZonedDateTime::timestamp));
        Around { keeping, window: Window { until: self.until, pause_file: self.pause_file }, gauges }
    }
}

/// What is no blemish.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct RefusedArgs {
    /// Exit with 0 instead of 3 where nothing is amiss but records that the plan refuses, which stand in the lists
    #[arg(long)]
    pub refused_ok: bool,
}

/// Choices where there is one.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct PolicyArgs {
    /// Where user ids come from
    #[arg(long, value_enum, default_value_t)]
    pub ids: Ids,

    /// What happens to users whose hash no endpoint verifies
    #[arg(long, value_enum, default_value_t)]
    pub unsupported: Unsupported,

    /// What happens to records that share an id or an e-mail address
    #[arg(long, value_enum, default_value_t)]
    pub duplicates: Duplicates,
}

impl From<PolicyArgs> for Policies {
    fn from(args: PolicyArgs) -> Self {
        Self { ids: args.ids, unsupported: args.unsupported, duplicates: args.duplicates }
    }
}

/// What is printed, and how.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct OutputArgs {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,

    /// Print nothing but results and errors
    #[arg(long, short)]
    pub quiet: bool,

    /// Print without colours (NO_COLOR is heeded too)
    #[arg(long)]
    pub no_color: bool,

    /// Answer yes to every question
    #[arg(long, short)]
    pub yes: bool,
}

/// The form of what is printed to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
}

/// The version that offline commands plan for.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct VersionArgs {
    /// The Appwrite version to plan for; online commands ask the server
    #[arg(long, value_name = "X.Y.Z", default_value_t = Version::NEWEST)]
    pub appwrite_version: Version,
}

/// No server takes more connections of one client, and no machine opens more.
const MOST_IN_FLIGHT: u64 = 10_000;

/// How `--concurrency` is read.
pub(super) fn concurrency() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=MOST_IN_FLIGHT)
}

/// The target, and how hard to push it.
#[derive(Debug, Clone, clap::Args)]
pub struct TargetArgs {
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,

    /// Start the sandbox inside this process, with its users in the run folder, and use that
    #[arg(long)]
    pub sandbox: bool,

    /// Requests a second at most
    #[arg(long, value_name = "N")]
    pub rate: Option<std::num::NonZeroU32>,

    /// Requests in flight at most
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = concurrency())]
    pub concurrency: usize,

    /// Stop, resumable, after the target has given no proper answer for this long
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub give_up_after: u64,
}

/// The target of `check --live`, which is asked and never written to.
#[derive(Debug, Clone, clap::Args)]
pub struct LiveArgs {
    /// Ask the target too: its version, its settings as far as they can be seen, and who is there already
    #[arg(long)]
    pub live: bool,

    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Which project of which server, with which key.
#[derive(Debug, Clone, clap::Args)]
pub struct ServerArgs {
    /// The API endpoint, with /v1
    #[arg(long, env = "APPWRITE_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<String>,

    /// The project's id
    #[arg(long, env = "APPWRITE_PROJECT_ID", value_name = "ID")]
    pub project: Option<String>,

    /// The key.
    #[command(flatten)]
    pub key: KeyArgs,

    /// Certificate authorities in PEM that are believed besides the system's
    #[arg(long, value_name = "FILE.pem")]
    pub ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// The server, with the key.
    ///
    /// # Errors
    /// As [`target::live`].
    pub fn target(self) -> Result<Target, RunError> {
        target::live(self.endpoint, self.project, self.key.key_file.as_deref(), self.ca_file.as_deref())
    }
}

/// Whom a source that is in use may have its certificate from.
#[derive(Debug, Clone, clap::Args)]
pub struct SourceCaArgs {
    /// Certificate authorities in PEM that are believed besides the system's, for a source that is in use
    #[arg(long, value_name = "FILE.pem")]
    pub ca_file: Option<PathBuf>,
}

impl SourceCaArgs {
    /// The file, where one of these exports has a certificate.
    ///
    /// # Errors
    /// [`RunError::usage`] for one that nothing would look into.
    pub fn of(self, exports: &[PathBuf]) -> Result<Option<PathBuf>, RunError> {
        if self.ca_file.is_some() && !crate::run::settings::has_certificate(exports) {
            return Err(RunError::usage("--ca-file is of use with a source that is asked over the network alone"));
        }
        Ok(self.ca_file)
    }
}

/// The key, for commands that know everything else from the run folder.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgs {
    /// A file that holds the API key; else APPWRITE_API_KEY (a key is never an argument)
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Where the run keeps its state.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// The run folder
    #[arg(long = "run", value_name = "DIR", default_value = "./rehome-run")]
    pub folder: PathBuf,
}
