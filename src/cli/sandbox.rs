//! `rehome sandbox`

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::args::OutputFormat;
use super::width::{self, sentences};
use crate::appwrite::Version;
use crate::error::{Finish, RunError};
use crate::runtime;
use crate::sandbox::faults::Faults;
use crate::sandbox::faults::pace::Latency;
use crate::sandbox::{Config, Database, ExtraKey, Running, start};
use crate::signals::Signals;

/// Serve Appwrite's Users API on loopback, on SQLite
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Listen where other machines can reach it: whoever has the key can read every hash
    #[arg(long)]
    pub allow_remote: bool,

    /// Keep users, project and keys in this file, instead of in memory; it outlives `kill -9`, and perhaps not a power failure
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,

    /// The project's id, instead of the store's (or `sandbox`)
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,

    /// The key with all scopes, instead of the store's (or a random one)
    #[arg(long, env = "SANDBOX_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,

    /// Another project or key, with these scopes or all; may be repeated
    #[arg(long, value_name = "ID:KEY[:SCOPE,SCOPE]")]
    pub extra_project: Vec<ExtraKey>,

    /// The Appwrite version to answer as: 1.6.2, 1.7.5, 1.8.0, 1.8.1, 1.9.6 and 2.0.0 were observed, later ones read
    #[arg(long, value_name = "X.Y.Z", default_value_t = Version::NEWEST)]
    pub appwrite_version: Version,

    /// The database to be on: how ids and addresses are compared, and what cannot be kept
    #[arg(long, value_enum, default_value_t)]
    pub database: Database,

    /// How long every answer takes in milliseconds, to about one; longer where the work does
    #[arg(long, value_name = "MS[..MS]")]
    pub latency: Option<Latency>,

    /// Requests a second; beyond it 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,

    /// Say in such a 429 when to come back (Appwrite does not)
    #[arg(long, requires = "limit")]
    pub retry_after: bool,

    /// Requests in flight beyond which every answer takes longer
    #[arg(long, value_name = "N")]
    pub capacity: Option<usize>,

    /// Faults that strike at random, each with its share: `seed=7,429=0.02,delay=0.02:200ms`; also drop-after-commit,
    /// 429-retry-after, 500, 503, pwned-503, reset
    #[arg(long, value_name = "SPEC")]
    pub faults: Option<Faults>,

    /// Limit sign-ins without a key to ten per address and hour, as Appwrite does
    #[arg(long)]
    pub abuse_limit: bool,

    /// Log every request to standard error, without secrets
    #[arg(long)]
    pub access_log: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    runtime::server()?.block_on(serve(args))
}

async fn serve(args: Args) -> Result<Finish, RunError> {
    let config = Config {
        listen: args.listen,
        allow_remote: args.allow_remote,
        store: args.store.clone(),
        project: args.project,
        key: args.key,
        extra: args.extra_project,
        version: args.appwrite_version,
        database: args.database,
        latency: args.latency,
        limit: args.limit,
        retry_after: args.retry_after,
        capacity: args.capacity,
        faults: args.faults,
        abuse_limit: args.abuse_limit,
        access_log: args.access_log,
    };
    let mut signals = Signals::new()?;
    let running = start(config).await?;
    if !args.listen.ip().is_loopback() {
        let listen = args.listen;
        let said =
            format!("warning: {listen} can be reached from other machines; whoever has the key can read every hash\n");
        let _ = std::io::stderr().write_all(sentences(&said, width::of(&std::io::stderr())).as_bytes());
    }
    // A reader that has gone away does not stop the server.
    let _ = print(&running, args.format, args.appwrite_version, args.store.as_deref());
    signals.wait().await;
    running.stop().await;
    Ok(Finish::Done)
}

fn print(
    running: &Running,
    format: OutputFormat,
    version: Version,
    store: Option<&std::path::Path>,
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let Running { endpoint, project, key, limited_key, .. } = running;
    match format {
        OutputFormat::Json => {
            let line = serde_json::json!({
                "endpoint": endpoint, "project": project, "key": key, "limited_key": limited_key,
            });
            writeln!(out, "{line}")?;
        }
        OutputFormat::Text => {
            let kept = store.map_or_else(|| "in memory".to_owned(), |path| format!("in {}", path.display()));
            writeln!(out, "Appwrite {version}, users kept {kept}\n")?;
            writeln!(out, "  endpoint     {endpoint}")?;
            writeln!(out, "  project      {project}")?;
            writeln!(out, "  key          {key}")?;
            writeln!(out, "  limited key  {limited_key}   (health.read alone)\n")?;
            writeln!(out, "For an SDK, or for `rehome import`:\n")?;
            writeln!(out, "  export APPWRITE_ENDPOINT={endpoint}")?;
            writeln!(out, "  export APPWRITE_PROJECT_ID={project}")?;
            writeln!(out, "  export APPWRITE_API_KEY={key}\n")?;
            writeln!(out, "Stop with Ctrl-C.")?;
        }
    }
    out.flush()
}
