//! The Users API on hyper and SQLite: routes by resource, login, queries, faults.
//!
//! [`start`] serves it in this process. From below: `traits` (all that differs between Appwrite's versions), `params` (the
//! validators), `data` (the store and what is found in it), `state` (what all requests share), `http` (one request and its
//! answer), `handlers` (one file a resource), `serve` (from the listener to the handler and back). `faults` strike in
//! `serve` alone.

mod clock;
mod data;
mod errors;
pub mod faults;
mod handlers;
mod hashing;
mod http;
mod params;
mod php;
mod secrets;
mod serve;
mod settings;
mod state;
mod traits;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::appwrite::Version;
use crate::error::RunError;
use data::attempts::Attempts;
use data::projects::{self, Grant};
use data::store::{Store, StoreThread};
use faults::Faults;
use faults::pace::{Capacity, Latency, Limit};
use hashing::Hashing;
use state::State;
pub use traits::Database;
use traits::Traits;

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
    /// The database to be on.
    pub database: Database,
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
            database: Database::default(),
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
    store: StoreThread,
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
/// [`RunError::usage`] for an address that other machines reach, unless that is allowed; [`RunError::internal`] if the
/// address cannot be listened on, or the store cannot be opened.
pub async fn start(config: Config) -> Result<Running, RunError> {
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        return Err(RunError::usage(format!("{} can be reached from other machines", config.listen))
            .remedy("allow it with --allow-remote"));
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::internal(format!("cannot listen on {}", config.listen)).because(error))?;
    let address =
        listener.local_addr().map_err(|error| RunError::internal("cannot tell the address").because(error))?;
    let (store, thread) = Store::open(config.store.as_deref(), config.database)?;
    let grants: Vec<Grant> = config
        .extra
        .into_iter()
        .map(|extra| Grant { project: extra.project, key: extra.key, scopes: extra.scopes })
        .collect();
    let (project, key) = (config.project, config.key);
    let (projects, main) = store
        .run(move |connection| projects::prepare(connection, project, key, &grants))
        .await
        .map_err(|_| RunError::internal("the store cannot be written"))?;
    let state = State {
        traits: Traits::of(config.version).on(config.database),
        store,
        projects,
        hashing: Hashing::new(),
        attempts: Attempts::new(config.abuse_limit),
    };
    let service = serve::Service {
        state: Arc::new(state),
        latency: config.latency,
        limit: config.limit.map(|per_second| Limit::new(per_second, config.retry_after)),
        capacity: config.capacity.map(Capacity::new),
        dice: config.faults.map(faults::Dice::new),
        access_log: config.access_log,
        intake: serve::Intake::new(),
    };
    let (stop, stopped) = oneshot::channel();
    Ok(Running {
        endpoint: format!("http://{address}/v1"),
        project: main.project,
        key: main.key,
        limited_key: main.limited_key,
        stop,
        accepting: serve::spawn(Arc::new(service), listener, stopped),
        store: thread,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// From below: a file uses nothing that stands behind its own room.
    const ORDER: &[&str] = &[
        "php", "clock", "traits", "errors", "settings", "params", "secrets", "hashing", "data", "state", "http",
        "handlers", "faults", "serve",
    ];

    fn upward(room: &str, text: &str, found: &mut Vec<String>) {
        let place = |name: &str| ORDER.iter().position(|room| *room == name);
        for line in text.lines() {
            let Some((_, used)) = line.split_once("use crate::sandbox::") else { continue };
            let used = used.split([':', ';', '{']).find(|name| !name.is_empty()).unwrap_or_default();
            if place(used) > place(room) {
                found.push(format!("{room}: {line}"));
            }
        }
    }

    fn walk(folder: &Path, room: Option<&str>, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            let room = room.unwrap_or(&name);
            if path.is_dir() {
                walk(&path, Some(room), found);
            } else if ORDER.contains(&room) {
                upward(room, &std::fs::read_to_string(&path).expect("a file"), found);
            }
        }
    }

    #[test]
    fn rooms_use_what_is_below_them_alone() {
        let mut found = Vec::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox"), None, &mut found);
        assert!(found.is_empty(), "{}", found.join("\n"));
        upward("data", "use crate::sandbox::http::answer::Answer;", &mut found);
        assert_eq!(found.len(), 1, "an upward use is found");
    }
}
