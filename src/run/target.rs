//! Which project, and with which key: flags, then the environment, then the Appwrite CLI's file in the working folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::{RunFolder, SANDBOX};
use crate::appwrite::client::endpoint_url;
use crate::appwrite::{Target, Version, authorities};
use crate::error::RunError;
use crate::{runtime, sandbox};

/// Where users go, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// The sandbox inside this process, with its store in the run folder.
    Sandbox,
    /// A server.
    Server {
        /// With `/v1`, without a slash at its end.
        endpoint: String,
        /// The project's id.
        project: String,
        /// `--ca-file`
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_file: Option<PathBuf>,
    },
}

/// The members of the Appwrite CLI's file that are of use here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CliFile {
    #[serde(rename = "projectId")]
    project: Option<String>,
    endpoint: Option<String>,
}

impl Destination {
    /// The server that is given, or that the Appwrite CLI's file in the working folder names.
    ///
    /// # Errors
    /// [`RunError::usage`] if nothing says enough.
    pub fn server(
        endpoint: Option<String>,
        project: Option<String>,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, RunError> {
        let (endpoint, project) = server(endpoint, project)?;
        // For a later session that is started elsewhere.
        let absolute = |path: PathBuf| std::path::absolute(&path).map_err(RunError::io(path));
        Ok(Self::Server { endpoint, project, ca_file: ca_file.map(absolute).transpose()? })
    }

    /// Whether its users are this folder's alone.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Sandbox)
    }

    /// The endpoint and the project, for the ledger's identity.
    #[must_use]
    pub fn names(&self) -> (&str, &str) {
        match self {
            Self::Sandbox => ("sandbox", "sandbox"),
            Self::Server { endpoint, project, .. } => (endpoint, project),
        }
    }

    /// Finds the key, or starts the sandbox.
    ///
    /// # Errors
    /// [`RunError::usage`] without a key, [`RunError::io`] for a key file that cannot be read, and what keeps the
    /// sandbox from starting.
    pub fn open(&self, key_file: Option<&Path>, folder: &RunFolder) -> Result<Open, RunError> {
        match self {
            Self::Sandbox => Sandbox::start(folder).map(|(target, sandbox)| Open { target, _sandbox: Some(sandbox) }),
            Self::Server { endpoint, project, ca_file } => {
                let target = with_key(endpoint, project, key_file, ca_file.as_deref())?;
                Ok(Open { target, _sandbox: None })
            }
        }
    }
}

/// A server that is spoken to without a run, as `check --live` does.
///
/// # Errors
/// As [`Destination::server`], and [`RunError::usage`] without a key.
pub fn live(
    endpoint: Option<String>,
    project: Option<String>,
    key_file: Option<&Path>,
    ca_file: Option<&Path>,
) -> Result<Target, RunError> {
    let (endpoint, project) = server(endpoint, project)?;
    with_key(&endpoint, &project, key_file, ca_file)
}

fn with_key(
    endpoint: &str,
    project: &str,
    key_file: Option<&Path>,
    ca_file: Option<&Path>,
) -> Result<Target, RunError> {
    let mut target = Target::new(endpoint, project, key(key_file)?);
    if let Some(path) = ca_file {
        target.authorities = authorities::read(path)?;
    }
    target.warnings.extend(key_file.and_then(read_by_others));
    Ok(target)
}

/// Endpoint and project: what is given, else what the Appwrite CLI's file in the working folder says.
fn server(endpoint: Option<String>, project: Option<String>) -> Result<(String, String), RunError> {
    let file = || ["appwrite.config.json", "appwrite.json"].iter().find_map(|name| cli_file(Path::new(name)));
    let file = if endpoint.is_some() && project.is_some() { None } else { file() }.unwrap_or_default();
    let given = |flag: Option<String>, file: Option<String>, name: &str, variable: &str| {
        flag.or(file).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).ok_or_else(|| {
            RunError::usage(format!("no {name} is given"))
                .remedy(format!("give --{name}, set {variable}, or rehearse with --sandbox"))
        })
    };
    let endpoint = given(endpoint, file.endpoint, "endpoint", "APPWRITE_ENDPOINT")?;
    // Before it is written down anywhere.
    endpoint_url(&endpoint)?;
    let project = given(project, file.project, "project", "APPWRITE_PROJECT_ID")?;
    Ok((endpoint.trim_end_matches('/').to_owned(), project))
}

/// A target that can be spoken to.
pub struct Open {
    /// With the key.
    pub target: Target,
    _sandbox: Option<Sandbox>,
}

/// The sandbox of a run; stops when dropped.
struct Sandbox {
    runtime: Option<tokio::runtime::Runtime>,
    running: Option<sandbox::Running>,
}

impl Sandbox {
    fn start(folder: &RunFolder) -> Result<(Target, Self), RunError> {
        let runtime = runtime::workers()?;
        let store = folder.file(SANDBOX);
        for end in ["-wal", "-shm"] {
            folder.check_file(&format!("{SANDBOX}{end}"))?;
        }
        folder.own_file(SANDBOX)?;
        let config = sandbox::Config { store: Some(store), version: Version::NEWEST, ..sandbox::Config::default() };
        let running = runtime.block_on(sandbox::start(config))?;
        let target = Target::new(&*running.endpoint, &*running.project, &*running.key);
        Ok((target, Self { runtime: Some(runtime), running: Some(running) }))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let (Some(runtime), Some(running)) = (self.runtime.take(), self.running.take()) {
            runtime.block_on(running.stop());
            runtime.shutdown_background();
        }
    }
}

fn cli_file(path: &Path) -> Option<CliFile> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// A warning about a key that other users of this machine can read.
#[cfg(unix)]
fn read_by_others(file: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let file = file.display();
    (mode & 0o077 != 0).then(|| format!("other users of this machine can read the key in {file}: chmod 600 {file}"))
}

#[cfg(not(unix))]
fn read_by_others(_: &Path) -> Option<String> {
    None
}

fn key(file: Option<&Path>) -> Result<String, RunError> {
    let key = match file {
        Some(path) => std::fs::read_to_string(path).map_err(RunError::io(path))?,
        None => std::env::var("APPWRITE_API_KEY").unwrap_or_default(),
    };
    let key = key.trim();
    if key.is_empty() {
        return Err(RunError::usage("no API key").remedy("set APPWRITE_API_KEY, or give --key-file FILE"));
    }
    Ok(key.to_owned())
}
