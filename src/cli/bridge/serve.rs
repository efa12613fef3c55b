//! `rehome bridge serve`

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::bridge::serve::limits::{Limits, Rate};
use crate::bridge::serve::{Config, ShortPasswords, cors, start, visitor};
use crate::bridge::{Key, Place, Store, Vault};
use crate::cli::agree::agreed;
use crate::cli::args::{BridgeKeyArgs, OutputArgs, OutputFormat, ServerArgs};
use crate::cli::progress;
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::report::figures::users;
use crate::runtime;
use crate::signals::Signals;

/// Stand in front of Appwrite's sign-in: who has a sealed hash signs in as before, once through here, then at Appwrite
///
/// Everything but a refused sign-in is passed on as it is. Apps that cannot be put behind the bridge ask
/// POST /v1/rehome/sign-in after a refusal. GET /healthz says whether it works, GET /metrics (loopback only) what it did.
#[derive(clap::Args)]
pub struct Args {
    /// The store of sealed hashes, `bridge.sqlite` of a run folder, or that folder; may be repeated, for runs or shards of one project that
    /// were sealed with one key
    #[arg(long, value_name = "FILE", required = true)]
    pub store: Vec<PathBuf>,

    /// The store's key.
    #[command(flatten)]
    pub key: BridgeKeyArgs,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Listen where other machines can reach it
    #[arg(long)]
    pub allow_remote: bool,

    /// The Appwrite server that requests are passed on to, `http://HOST:PORT`
    #[arg(long, value_name = "URL")]
    pub upstream: String,

    /// What the bridge asks with its key (scopes users.read and users.write), by default at --upstream
    #[command(flatten)]
    pub server: ServerArgs,

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

    /// The last day (or moment) on which hashes are kept; they are purged then, and requests are passed on only [default: as
    /// the import said, or 90 days after it]
    #[arg(long, value_name = "DATE", value_parser = crate::run::bridge::until)]
    pub bridge_until: Option<Timestamp>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

/// Whether a time that has passed is meant: hashes are gone then. Asks whoever sits before a terminal.
fn over_already(until: Timestamp, vaults: &[Vault]) -> Result<bool, RunError> {
    let waiting = vaults.iter().map(|vault| vault.waiting()).sum::<Result<u64, RunError>>()?;
    if waiting == 0 || !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    agreed(&format!("{until} has passed: purge the hashes of {} who have not signed in?", users(waiting)))
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    runtime::server()?.block_on(serve(args))
}

async fn serve(args: Args) -> Result<Finish, RunError> {
    let output = OutputArgs { format: args.format, quiet: false, no_color: false, yes: false };
    let listener: Arc<dyn Listener> = progress::listener(output);
    let mut server = args.server;
    let given = server.endpoint.take().filter(|endpoint| !endpoint.trim().is_empty());
    let behind = || format!("{}/v1", args.upstream.trim_end_matches('/').trim_end_matches("/v1"));
    server.endpoint = Some(given.unwrap_or_else(behind));
    let stores: Vec<PathBuf> = args.store.iter().map(|store| Store::at(store)).collect();
    stores.iter().try_for_each(|store| Store::must_be_there(store))?;
    let target = server.target()?;
    for warning in &target.warnings {
        listener.on(&Event::Warned(warning.clone()));
    }
    let place = Place { endpoint: target.endpoint.clone(), project: target.project.clone() };
    let mut vaults = Vec::new();
    for store in &stores {
        let key = Key::find(args.key.bridge_key_file.as_deref(), store)?;
        let vault = Vault::open(store, key, &place)?;
        if let [missing, ..] = &vault.missing_peppers()?[..] {
            let name = missing.trim_start_matches("env:");
            return Err(RunError::usage(format!(
                "hashes in the store are made with a secret, and {name} does not hold it"
            ))
            .remedy("set the variable that the import was given with --pepper"));
        }
        vaults.push(vault);
    }
    if let Some(until) = args.bridge_until {
        if until <= Timestamp::now() && !over_already(until, &vaults)? {
            return Ok(Finish::Done);
        }
        vaults.iter().try_for_each(|vault| vault.set_until(until))?;
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
    let running = start(config, vaults, target, listener.clone()).await?;
    if !args.listen.ip().is_loopback() {
        listener
            .on(&Event::Warned(format!("{} can be reached from other machines: passwords come in there", args.listen)));
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
