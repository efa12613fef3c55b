//! The Users API on hyper and SQLite: routes by resource, login, queries, faults.
//!
//! [`start`] serves it in this process. A request goes through `app` (route, project, caller, scopes) to a handler of its
//! resource; handlers validate their parameters with `params`, and let jobs run on the `store`. What differs between
//! Appwrite's versions stands in `traits` alone.

mod abuse;
mod access_log;
mod account;
mod addresses;
mod agent;
mod answer;
mod app;
mod auth;
mod body;
mod call;
mod clock;
mod collation;
mod cors;
mod create;
mod errors;
pub mod faults;
mod find;
mod hashing;
mod health;
mod jwts;
mod lists;
mod mfa;
mod model;
pub mod pace;
mod params;
mod patch;
mod php;
mod projects;
mod queries;
mod routes;
mod schema;
mod seal;
mod secrets;
mod server;
mod sessions;
mod store;
mod targets;
mod tokens;
mod traits;
mod users;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::appwrite::Version;
use crate::error::RunError;
use faults::Faults;
use pace::Latency;

/// How the sandbox is set up. Holds keys, so it has no `Debug`.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether [`Config::listen`] may be reachable from other machines.
    pub allow_remote: bool,
    /// The file that keeps users, projects and keys; none for memory.
    pub store: Option<PathBuf>,
    /// The project's id; else the one of the store, else `sandbox`.
    pub project: Option<String>,
    /// The key with all scopes; else the one of the store, else a random one.
    pub key: Option<String>,
    /// More projects and keys.
    pub extra: Vec<ExtraKey>,
    /// The version to answer as.
    pub version: Version,
    /// How long an answer takes at least.
    pub latency: Option<Latency>,
    /// Requests a second; beyond it 429.
    pub limit: Option<u32>,
    /// Whether such a 429 carries `Retry-After`.
    pub retry_after: bool,
    /// Requests in flight beyond which all take longer.
    pub capacity: Option<usize>,
    /// Faults that strike at random.
    pub faults: Option<Faults>,
    /// Whether sign-ins without a key are limited to ten per address and hour.
    pub abuse_limit: bool,
    /// Whether requests are logged to standard error.
    pub access_log: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            store: None,
            project: None,
            key: None,
            extra: Vec::new(),
            version: Version::NEWEST,
            latency: None,
            limit: None,
            retry_after: false,
            capacity: None,
            faults: None,
            abuse_limit: false,
            access_log: false,
        }
    }
}

/// Another key: `PROJECT:KEY` with all scopes, or `PROJECT:KEY:scope,scope`.
#[derive(Clone)]
pub struct ExtraKey {
    /// The project, which is created if it is not there.
    pub project: String,
    /// The key.
    pub key: String,
    /// Its scopes.
    pub scopes: Vec<String>,
}

impl std::fmt::Debug for ExtraKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExtraKey").field("project", &self.project).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl std::str::FromStr for ExtraKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (project, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if project.is_empty() || key.is_empty() {
            return Err("not PROJECT:KEY or PROJECT:KEY:scope,scope".into());
        }
        let scopes: Vec<String> = match parts.next() {
            None => projects::ALL_SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            Some(scopes) => scopes.split(',').map(|scope| scope.trim().to_owned()).collect(),
        };
        match scopes.iter().find(|scope| !projects::ALL_SCOPES.contains(&scope.as_str())) {
            Some(unknown) => Err(format!("`{unknown}` is not one of the scopes {}", projects::ALL_SCOPES.join(", "))),
            None => Ok(Self { project: project.into(), key: key.into(), scopes }),
        }
    }
}

/// A sandbox that accepts connections.
pub struct Running {
    /// Where it is: `http://127.0.0.1:PORT/v1`.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// The key with all scopes.
    pub key: String,
    /// A key with the scope `health.read` alone.
    pub limited_key: String,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
    store: store::StoreThread,
}

impl Running {
    /// Stops: requests under way are answered, and everything is written.
    pub async fn stop(self) {
        // The receiver lives as long as the task that is waited for next.
        let _ = self.stop.send(());
        let _ = self.accepting.await;
        let _ = tokio::task::spawn_blocking(move || self.store.join()).await;
    }
}

/// Starts the sandbox; it accepts connections when this returns.
///
/// # Errors
/// [`RunError::Usage`] for an address that other machines reach, unless that is allowed; [`RunError::Internal`] if the
/// address cannot be listened on, or the store cannot be opened.
pub async fn start(config: Config) -> Result<Running, RunError> {
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        return Err(RunError::Usage(format!(
            "{} can be reached from other machines; allow it with --allow-remote",
            config.listen
        )));
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::Internal(format!("cannot listen on {}: {error}", config.listen)))?;
    let address =
        listener.local_addr().map_err(|error| RunError::Internal(format!("cannot tell the address: {error}")))?;
    let (store, thread) = store::Store::open(config.store.as_deref())?;
    let grants: Vec<projects::Grant> = config
        .extra
        .into_iter()
        .map(|extra| projects::Grant { project: extra.project, key: extra.key, scopes: extra.scopes })
        .collect();
    let (project, key) = (config.project, config.key);
    let (projects, main) = store
        .run(move |connection| projects::prepare(connection, project, key, &grants))
        .await
        .map_err(|_| RunError::Internal("the store cannot be written".into()))?;
    let app = Arc::new(app::App {
        traits: traits::Traits::of(config.version),
        store,
        projects,
        hashing: hashing::Hashing::new(),
        abuse: abuse::Abuse::new(config.abuse_limit),
        latency: config.latency,
        limit: config.limit.map(|per_second| pace::Limit::new(per_second, config.retry_after)),
        capacity: config.capacity.map(pace::Capacity::new),
        dice: config.faults.map(faults::Dice::new),
        access_log: config.access_log,
    });
    let (stop, stopped) = oneshot::channel();
    Ok(Running {
        endpoint: format!("http://{address}/v1"),
        project: main.project,
        key: main.key,
        limited_key: main.limited_key,
        stop,
        accepting: server::spawn(app, listener, stopped),
        store: thread,
    })
}
