//! Projects and their keys: read once when the store opens.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

use super::store::Store;
use crate::sandbox::errors::ApiResult;
use crate::sandbox::secrets::hex_secret;
use crate::sandbox::settings::Settings;

/// Every scope that these endpoints know.
pub const ALL_SCOPES: &[&str] = &[
    "users.read",
    "users.write",
    "sessions.read",
    "sessions.write",
    "targets.read",
    "targets.write",
    "health.read",
    "policies.read",
    "policies.write",
    "project.read",
    "project.write",
    "project.policies.read",
    "project.policies.write",
    "platforms.read",
    "platforms.write",
];

/// The scope of the limited key.
pub const LIMITED_SCOPES: &[&str] = &["health.read"];

/// The project that requests without one go to: it has no users and no keys.
const CONSOLE: &str = "console";

/// A project.
pub struct Project {
    /// Its number in the store.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// What its JWTs are signed with.
    pub jwt_secret: String,
    keys: HashMap<String, BTreeSet<String>>,
    settings: RwLock<Arc<Settings>>,
}

impl Project {
    /// What an administrator set.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the settings, here and in the store.
    pub async fn set(&self, store: &Store, change: impl FnOnce(&mut Settings)) -> ApiResult<()> {
        let mut settings = Settings::clone(&self.settings());
        change(&mut settings);
        let (number, text) = (self.number, serde_json::to_string(&settings)?);
        store
            .run(move |c| {
                c.prepare_cached("UPDATE projects SET settings = ?2 WHERE number = ?1")?.execute((number, text))?;
                Ok(())
            })
            .await?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// The scopes of a key of this project.
    pub fn scopes(&self, key: &str) -> Option<&BTreeSet<String>> {
        self.keys.get(key)
    }
}

/// All projects of a store.
pub struct Projects {
    by_id: HashMap<String, Arc<Project>>,
    console: Arc<Project>,
}

impl Projects {
    /// A project by its id.
    pub fn get(&self, id: &str) -> Option<&Arc<Project>> {
        if id == CONSOLE { Some(&self.console) } else { self.by_id.get(id) }
    }

    /// Where requests without a project go.
    pub const fn console(&self) -> &Arc<Project> {
        &self.console
    }
}

/// A key that must exist.
#[derive(Clone)]
pub struct Grant {
    /// The project's id.
    pub project: String,
    /// The key.
    pub key: String,
    /// Its scopes.
    pub scopes: Vec<String>,
}

/// What the operator is told: the first project, its key, and its limited key.
pub struct Main {
    /// The project's id.
    pub project: String,
    /// The key with all scopes.
    pub key: String,
    /// The key with the scope `health.read` alone.
    pub limited_key: String,
}

/// Makes sure that the project and keys asked for exist, and reads all there are. What nobody asked for stays as the store
/// has it, so that a restart answers to the same project and key.
pub fn prepare(
    connection: &Connection,
    project: Option<String>,
    key: Option<String>,
    grants: &[Grant],
) -> ApiResult<(Projects, Main)> {
    let first = || connection.query_row("SELECT id FROM projects ORDER BY number LIMIT 1", [], |row| row.get(0)).ok();
    let project = project.or_else(first).unwrap_or_else(|| "sandbox".to_owned());
    let number = ensure_project(connection, &project)?;
    let stored = |scopes: &[&str]| {
        connection
            .query_row(
                "SELECT opened(secret) FROM keys WHERE project = ?1 AND scopes = ?2 ORDER BY rowid LIMIT 1",
                rusqlite::params![number, scopes.join(",")],
                |row| row.get::<_, String>(0),
            )
            .ok()
    };
    let fresh = || hex_secret(64).map(|secret| format!("standard_{secret}"));
    let key = match key.or_else(|| stored(ALL_SCOPES)) {
        Some(key) => key,
        None => fresh()?,
    };
    let limited_key = match stored(LIMITED_SCOPES) {
        Some(key) => key,
        None => fresh()?,
    };
    ensure_key(connection, number, &key, &ALL_SCOPES.join(","))?;
    ensure_key(connection, number, &limited_key, &LIMITED_SCOPES.join(","))?;
    for grant in grants {
        let number = ensure_project(connection, &grant.project)?;
        ensure_key(connection, number, &grant.key, &grant.scopes.join(","))?;
    }
    Ok((load(connection)?, Main { project, key, limited_key }))
}

fn ensure_project(connection: &Connection, id: &str) -> ApiResult<i64> {
    connection.execute(
        "INSERT OR IGNORE INTO projects(id, jwt_secret) VALUES(?1, sealed(?2))",
        rusqlite::params![id, hex_secret(64)?],
    )?;
    Ok(connection.query_row("SELECT number FROM projects WHERE id = ?1", [id], |row| row.get(0))?)
}

fn ensure_key(connection: &Connection, project: i64, key: &str, scopes: &str) -> ApiResult<()> {
    connection.execute(
        "INSERT INTO keys(secret, project, scopes) VALUES(sealed(?1), ?2, ?3)
         ON CONFLICT DO UPDATE SET scopes = excluded.scopes",
        rusqlite::params![key, project, scopes],
    )?;
    Ok(())
}

fn load(connection: &Connection) -> ApiResult<Projects> {
    let mut statement = connection.prepare("SELECT number, id, opened(jwt_secret), settings FROM projects")?;
    let mut projects = statement
        .query_map([], |row| {
            // Settings that cannot be read are those of a new project.
            let settings: Settings = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
            Ok(Project {
                number: row.get(0)?,
                id: row.get(1)?,
                jwt_secret: row.get(2)?,
                keys: HashMap::new(),
                settings: RwLock::new(Arc::new(settings)),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare("SELECT project, opened(secret), scopes FROM keys")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (number, secret, scopes): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(project) = projects.iter_mut().find(|project| project.number == number) {
            let scopes = scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
            project.keys.insert(secret, scopes);
        }
    }
    let console = Project {
        number: 0,
        id: CONSOLE.to_owned(),
        jwt_secret: hex_secret(64)?,
        keys: HashMap::new(),
        settings: RwLock::default(),
    };
    let by_id = projects.into_iter().map(|project| (project.id.clone(), Arc::new(project))).collect();
    Ok(Projects { by_id, console: Arc::new(console) })
}
