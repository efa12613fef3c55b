//! Who asks: a key, a session, a JWT, or nobody; and what that one may.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde_json::Value;

use super::body;
use crate::sandbox::data::jwt;
use crate::sandbox::data::projects::Project;
use crate::sandbox::data::session::{self, cookie_name};
use crate::sandbox::data::store::Store;
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::secrets;
use crate::sandbox::traits::Traits;

/// Who asks.
pub enum Caller {
    /// Nobody in particular.
    Guest,
    /// The holder of a key with these scopes.
    Key(Vec<String>),
    /// A user who is signed in, and the id of the session.
    User(Box<User>, String),
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Users, read.
    UsersRead,
    /// Users, changed.
    UsersWrite,
    /// Sessions of a user, read.
    SessionsRead,
    /// Sessions of a user, changed.
    SessionsWrite,
    /// Targets of a user, read.
    TargetsRead,
    /// Targets of a user, changed.
    TargetsWrite,
    /// Signing in, which guests may.
    SignIn,
    /// One's own account.
    Account,
    /// Anybody but the holder of a key.
    Public,
}

impl Access {
    /// The scopes of which one is needed.
    const fn scopes(self, traits: &Traits) -> &'static [&'static str] {
        match self {
            Self::SessionsRead if traits.sessions_scopes => &["users.read", "sessions.read"],
            Self::SessionsWrite if traits.sessions_scopes => &["users.write", "sessions.write"],
            Self::TargetsRead if traits.targets_scopes => &["targets.read"],
            Self::TargetsWrite if traits.targets_scopes => &["targets.write"],
            Self::UsersRead | Self::SessionsRead | Self::TargetsRead => &["users.read"],
            Self::UsersWrite | Self::SessionsWrite | Self::TargetsWrite => &["users.write"],
            Self::SignIn => &["sessions.write"],
            Self::Account => &["account"],
            Self::Public => &["public"],
        }
    }
}

/// Scopes of guests.
const GUEST: &[&str] = &["public", "sessions.write"];
/// Scopes of users.
const USER: &[&str] = &["public", "account", "sessions.write"];

impl Caller {
    /// Checks the scopes of a route.
    ///
    /// # Errors
    /// 401 `general_unauthorized_scope`, which names bearer and scopes.
    pub fn require(&self, access: Access, project: &Project, host: &str, traits: &Traits) -> ApiResult<()> {
        let scopes = access.scopes(traits);
        let held = |scope: &&str| match self {
            Self::Guest => GUEST.contains(scope),
            Self::Key(held) => held.iter().any(|s| s == scope),
            Self::User(..) => USER.contains(scope),
        };
        if scopes.iter().any(held) {
            return Ok(());
        }
        Err(match self {
            Self::Guest => ApiError::missing_scopes("User", "guests", scopes, traits),
            Self::Key(_) => {
                let who = format!("app.{}@service.{host}", project.id);
                ApiError::missing_scopes(&who, "applications", scopes, traits)
            }
            Self::User(user, _) => {
                let who = user.email.as_deref().unwrap_or("User");
                ApiError::missing_scopes(who, "users", scopes, traits)
            }
        })
    }

    /// Whether a server asks, to which secrets are shown.
    pub const fn is_server(&self) -> bool {
        matches!(self, Self::Key(_))
    }
}

/// The holder of the key in the headers, if there is one.
///
/// # Errors
/// 401 `user_unauthorized` for a wrong key; 403 `project_id_missing` for one without a project.
pub fn key_holder(
    headers: &HeaderMap,
    project: &Project,
    project_header: Option<&str>,
    traits: &Traits,
) -> ApiResult<Option<Caller>> {
    let Some(key) = text(headers, "x-appwrite-key").filter(|key| !key.is_empty()) else { return Ok(None) };
    if project_header.is_none_or(str::is_empty) && traits.project_header_required {
        return Err(ApiError::project_id_missing());
    }
    if let Some(scopes) = project.scopes(key) {
        return Ok(Some(Caller::Key(scopes.iter().cloned().collect())));
    }
    // A key without a type is of the first; of a type that the version does not know, it counts for nothing.
    let kind = key.split_once('_').map_or("standard", |(kind, _)| kind);
    if traits.key_types.contains(&kind) { Err(ApiError::unauthorized()) } else { Ok(Some(Caller::Guest)) }
}

/// The user who is signed in: by cookie, by header, or by JWT.
///
/// # Errors
/// 401 `user_jwt_invalid` for a bad JWT. A bad session makes a guest.
pub async fn session_holder(store: &Store, headers: &HeaderMap, project: &Project) -> ApiResult<Caller> {
    if let Some(jwt) = text(headers, "x-appwrite-jwt").filter(|jwt| !jwt.is_empty()) {
        let claims = jwt::verify(jwt, &project.jwt_secret).ok_or_else(ApiError::jwt_invalid)?;
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (user, session) = (claim("userId"), claim("sessionId"));
        let found = session::by_jwt(store, project.number, user, session.clone()).await?;
        return found.map_or_else(|| Err(ApiError::jwt_invalid()), |user| Ok(Caller::User(Box::new(user), session)));
    }
    let Some((user, secret)) = credentials(headers, &project.id) else { return Ok(Caller::Guest) };
    let found = session::by_secret(store, project.number, user, secrets::digest(&secret)).await?;
    Ok(found.map_or(Caller::Guest, |(user, session)| Caller::User(Box::new(user), session)))
}

fn credentials(headers: &HeaderMap, project: &str) -> Option<(String, String)> {
    let name = cookie_name(project);
    let cookie = |name: &str| {
        headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok()).find_map(|cookies| {
            let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(n, _)| *n == name).map(|(_, value)| body::decode(&value.replace('+', "%2B")))
        })
    };
    let fallback = || {
        let cookies: Value = serde_json::from_str(text(headers, "x-fallback-cookies")?).ok()?;
        Some(cookies.get(&name)?.as_str()?.to_owned())
    };
    let encoded = cookie(&name)
        .or_else(|| cookie(&format!("{name}_legacy")))
        .or_else(|| text(headers, "x-appwrite-session").map(str::to_owned))
        .or_else(fallback)?;
    let decoded: Value = serde_json::from_slice(&STANDARD.decode(encoded).ok()?).ok()?;
    Some((decoded.get("id")?.as_str()?.to_owned(), decoded.get("secret")?.as_str()?.to_owned()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
