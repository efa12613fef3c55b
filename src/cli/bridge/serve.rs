//! `rehome bridge serve`

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::bridge::serve::limits::{Limits, Rate};
use crate::bridge::serve::{Config, ShortPasswords, cors, start, visitor};
use crate::bridge::{Key, Place, Vault};
use crate::cli::args::{OutputArgs, OutputFormat};
use crate::cli::progress;
use crate::cli::signals::Signals;
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::run::target;
use crate::runtime;

/// Stand in front of Appwrite's sign-in: who has a sealed hash signs in as before, once through here, then at Appwrite
///
/// Everything but a refused sign-in is passed on as it is. Apps that cannot be put behind the bridge ask
/// POST /v1/rehome/sign-in after a refusal. GET /healthz says whether it works, GET /metrics (loopback only) what it did.
#[derive(clap::Args)]
pub struct Args {
    /// The store of sealed hashes, `bridge.sqlite` of a run folder
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,

    /// A file that holds the store's key; else REHOME_BRIDGE_KEY
    #[arg(long, value_name = "FILE")]
    pub bridge_key_file: Option<PathBuf>,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Listen where other machines can reach it
    #[arg(long)]
    pub allow_remote: bool,

    /// The Appwrite server that requests are passed on to, `http://HOST:PORT`
    #[arg(long, value_name = "URL")]
    pub upstream: String,

    /// The API endpoint, with /v1, for what the bridge asks with its key (default: that of --upstream)
    #[arg(long, env = "APPWRITE_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<String>,

    /// The project's id
    #[arg(long, env = "APPWRITE_PROJECT_ID", value_name = "ID")]
    pub project: Option<String>,

    /// A file that holds the API key (scopes users.read and users.write); else APPWRITE_API_KEY
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// Certificate authorities in PEM that are believed besides the system's
    #[arg(long, value_name = "FILE.pem")]
    pub ca_file: Option<PathBuf>,

    /// A page that may ask /v1/rehome/sign-in, by its exact origin: `https://app.example.com`; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = cors::origin)]
    pub miss_origin: Vec<String>,

    /// A proxy whose X-Forwarded-… headers are believed, by address or network; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = visitor::net)]
    pub trusted_proxy: Vec<IpNet>,

    /// Wrong passwords for one user, after which none is looked at
    #[arg(long, value_name = "N/TIME", default_value = "10/h")]
    pub per_address: Rate,

    /// Wrong passwords from one IP address, after which none is looked at
    #[arg(long, value_name = "N/TIME", default_value = "60/min")]
    pub per_ip: Rate,

    /// What becomes of passwords under 8 bytes, which no Appwrite takes
    #[arg(long, value_enum, default_value_t)]
    pub short_passwords: ShortPasswords,

    /// Passwords that are verified at a time (default: one fewer than there are cores)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,

    /// Memory for verifying, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub memory: u32,

    /// How long a refusal takes at least, so that time does not tell who is waited for
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(0..=5000))]
    pub floor: u64,

    /// Purge all hashes at this moment (2027-03-31, or with a time), and pass on only from then on (default: 90 days after
    /// they were sealed)
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub until: Option<Timestamp>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

/// A day (UTC), or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .ok()
        .ok_or_else(|| "no date like 2027-03-31".to_owned())
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    runtime::server()?.block_on(serve(args))
}

async fn serve(args: Args) -> Result<Finish, RunError> {
    let output = OutputArgs { format: args.format, quiet: false, no_color: false, yes: false };
    let listener: Arc<dyn Listener> = progress::listener(output);
    let behind = || format!("{}/v1", args.upstream.trim_end_matches('/').trim_end_matches("/v1"));
    let endpoint = args.endpoint.clone().filter(|endpoint| !endpoint.trim().is_empty()).unwrap_or_else(behind);
    let target = target::live(Some(endpoint), args.project, args.key_file.as_deref(), args.ca_file.as_deref())?;
    for warning in &target.warnings {
        listener.on(&Event::Warned(warning.clone()));
    }
    let key = Key::find(args.bridge_key_file.as_deref(), &args.store)?;
    let place = Place { endpoint: target.endpoint.clone(), project: target.project.clone() };
    let vault = Vault::open(&args.store, key, &place)?;
    if let [missing, ..] = &vault.missing_peppers()?[..] {
        let name = missing.trim_start_matches("env:");
        return Err(RunError::usage(format!(
            "hashes in the store are made with a secret, and {name} does not hold it"
        ))
        .remedy("set the variable that the import was given with --pepper"));
    }
    if let Some(until) = args.until {
        vault.set_until(until)?;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = Config {
        listen: args.listen,
        allow_remote: args.allow_remote,
        upstream: args.upstream,
        proxies: args.trusted_proxy.into_iter().collect(),
        origins: args.miss_origin.into_iter().collect(),
        short_passwords: args.short_passwords,
        jobs: args.jobs.map_or_else(|| cores.saturating_sub(1).max(1), usize::from),
        memory: args.memory,
        limits: Limits { per_address: args.per_address, per_ip: args.per_ip },
        floor: Duration::from_millis(args.floor),
    };
    let mut signals = Signals::new()?;
    let running = start(config, vault, target, listener).await?;
    if !args.listen.ip().is_loopback() {
        eprintln!("rehome: {} can be reached from other machines: passwords come in there", args.listen);
    }
    let mut out = std::io::stdout();
    // A reader that has gone away does not stop the server.
    let _ = match args.format {
        OutputFormat::Json => writeln!(out, "{}", serde_json::json!({"listen": running.listen})),
        OutputFormat::Text => writeln!(out, "Listening on {}. Stop with Ctrl-C.", running.listen),
    };
    let _ = out.flush();
    signals.wait().await;
    running.stop().await;
    Ok(Finish::Done)
}
