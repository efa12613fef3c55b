//! Who asks: a key, a session, a JWT, or nobody; and what that one may.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde_json::Value;

use crate::appwrite::body;
use crate::sandbox::clock;
use crate::sandbox::data::jwt;
use crate::sandbox::data::projects::Project;
use crate::sandbox::data::session::{self, Kept, cookie_name};
use crate::sandbox::data::store::Store;
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::secrets;
use crate::sandbox::traits::Traits;

/// The role in which a request is made, and the user and session of it.
pub struct Caller {
    /// By key, session or neither.
    pub role: Role,
    /// The user who is signed in. The holder of a key may send a session along.
    pub user: Option<Box<SignedIn>>,
}

/// A request's role, by the headers that it carries.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// Nobody in particular.
    Guest,
    /// The holder of a key with these scopes.
    Key(Vec<String>),
    /// A user who is signed in.
    User,
}

/// A user who is signed in.
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// The session; none with a JWT.
    pub session: Option<Kept>,
}

impl SignedIn {
    /// The session's id; empty with a JWT.
    pub fn session_id(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.id.as_str())
    }

    /// How many factors the user has to give: two, where a second is switched on and there is one.
    pub const fn factors_required(&self) -> usize {
        let user = &self.user;
        if user.mfa && (user.email_verification || user.phone_verification) { 2 } else { 1 }
    }
}

/// The access that a route asks of its caller: a scope of a key, or a role.
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
    /// One's own account, also with half a session: what makes it whole, or ends it.
    HalfAccount,
    /// A project's policies, read.
    PoliciesRead,
    /// A project's policies, changed.
    PoliciesWrite,
    /// A project, changed.
    ProjectWrite,
    /// A project's platforms, changed.
    PlatformsWrite,
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
            Self::Account | Self::HalfAccount => &["account"],
            Self::PoliciesRead => &["policies.read", "project.policies.read"],
            Self::PoliciesWrite => &["policies.write", "project.policies.write"],
            Self::ProjectWrite => &["project.write"],
            Self::PlatformsWrite => &["platforms.write"],
            Self::Public => &["public"],
        }
    }

    /// Whether guests, who hold `sessions.write`, may do it all the same.
    const fn is_barred_to_guests(self, traits: &Traits) -> bool {
        matches!(self, Self::SessionsWrite) && traits.sessions_barred_to_guests
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
        let barred = access.is_barred_to_guests(traits);
        let held = |scope: &&str| match &self.role {
            Role::Guest => !barred && GUEST.contains(scope),
            Role::Key(held) => held.iter().any(|s| s == scope),
            Role::User => !barred && USER.contains(scope),
        };
        if scopes.iter().any(held) {
            return Ok(());
        }
        Err(match &self.role {
            Role::Guest => ApiError::missing_scopes("User", "guests", scopes, traits),
            Role::Key(_) => {
                let who = format!("app.{}@service.{host}", project.id);
                ApiError::missing_scopes(&who, "applications", scopes, traits)
            }
            Role::User => {
                let email = self.user.as_ref().and_then(|signed_in| signed_in.user.email.as_deref());
                ApiError::missing_scopes(email.unwrap_or("User"), "users", scopes, traits)
            }
        })
    }

    /// Checks that the user who asks is not blocked, and has given the factors that are required. A key may do without.
    ///
    /// # Errors
    /// 403 `user_blocked` (401 up to 1.8), 401 `user_more_factors_required`.
    pub fn fit(&self, access: Access, traits: &Traits) -> ApiResult<()> {
        let Some(signed_in) = self.user.as_ref().filter(|_| self.role == Role::User) else { return Ok(()) };
        if !signed_in.user.status {
            return Err(ApiError::blocked(traits));
        }
        let short = signed_in.session.as_ref().is_some_and(|session| session.factors() < signed_in.factors_required());
        if short && access != Access::HalfAccount { Err(ApiError::more_factors_required()) } else { Ok(()) }
    }

    /// Notes, once a day, that the user was here. What the answer shows of that moment is in the form of the database.
    ///
    /// # Errors
    /// 500 if the store fails.
    pub async fn note_access(&mut self, store: &Store) -> ApiResult<()> {
        const DAY_MS: i64 = 86_400_000;
        if self.role != Role::User {
            return Ok(());
        }
        let Some(signed_in) = &mut self.user else { return Ok(()) };
        let (user, now) = (&mut signed_in.user, clock::now_ms());
        if user.accessed_at.as_deref().is_some_and(|accessed| accessed > clock::format(now - DAY_MS).as_str()) {
            return Ok(());
        }
        let (seq, text) = (user.seq, clock::format(now));
        user.updated.clone_from(&text);
        user.accessed_at = Some(text.replace('T', " ").replace("+00:00", ""));
        store
            .run(move |c| {
                c.prepare_cached("UPDATE users SET accessed_at = ?2, updated = ?2 WHERE seq = ?1")?
                    .execute((seq, text))?;
                Ok(())
            })
            .await
    }

    /// Whether a server asks, to which secrets are shown.
    pub const fn is_server(&self) -> bool {
        matches!(self.role, Role::Key(_))
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
) -> ApiResult<Option<Role>> {
    let Some(key) = text(headers, "x-appwrite-key").filter(|key| !key.is_empty()) else { return Ok(None) };
    if project_header.is_none_or(str::is_empty) && traits.project_header_required {
        return Err(ApiError::project_id_missing());
    }
    if let Some(scopes) = project.scopes(key) {
        return Ok(Some(Role::Key(scopes.iter().cloned().collect())));
    }
    // A key without a type is of the first; of a type that the version does not know, it counts for nothing.
    let kind = key.split_once('_').map_or("standard", |(kind, _)| kind);
    if traits.key_types.contains(&kind) { Err(ApiError::unauthorized()) } else { Ok(Some(Role::Guest)) }
}

/// The user who is signed in: by JWT, cookie or header.
///
/// # Errors
/// 401 `user_jwt_invalid` for a bad JWT. A bad session is none.
pub async fn signed_in(store: &Store, headers: &HeaderMap, project: &Project) -> ApiResult<Option<Box<SignedIn>>> {
    if let Some(token) = text(headers, "x-appwrite-jwt").filter(|token| !token.is_empty()) {
        let claims = jwt::verify(token, &project.jwt_secret).map_err(ApiError::jwt_invalid)?;
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = session::by_jwt(store, project.number, claim("userId"), claim("sessionId")).await?;
        return Ok(found.map(|user| Box::new(SignedIn { user, session: None })));
    }
    let Some((user, secret)) = credentials(headers, &project.id) else { return Ok(None) };
    let found = session::by_secret(store, project.number, user, secrets::digest(&secret)).await?;
    Ok(found.map(|(user, session)| Box::new(SignedIn { user, session: Some(session) })))
}

/// User and secret: of the first that can be read of the cookies, the header, and the header for clients without cookies.
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
    let decoded = |encoded: String| {
        let decoded: Value = serde_json::from_slice(&STANDARD.decode(encoded).ok()?).ok()?;
        Some((decoded.get("id")?.as_str()?.to_owned(), decoded.get("secret")?.as_str()?.to_owned()))
    };
    // The older cookie stands in where the newer one is not there, not where it cannot be read.
    cookie(&name)
        .or_else(|| cookie(&format!("{name}_legacy")))
        .and_then(decoded)
        .or_else(|| text(headers, "x-appwrite-session").map(str::to_owned).and_then(decoded))
        .or_else(|| fallback().and_then(decoded))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
