//! Signing in: by address and password, and by a token that a server gave.

use rusqlite::Connection;
use serde_json::Value;

use crate::sandbox::clock;
use crate::sandbox::data::common;
use crate::sandbox::data::session::{self, Client, Fresh, Way};
use crate::sandbox::data::token::{self, Purpose};
use crate::sandbox::data::user::{User, by_email, by_id};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::handlers::create::own_options;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::cookies;
use crate::sandbox::params::Rule;
use crate::sandbox::secrets;
use crate::sandbox::traits::Traits;
use crate::scheme::verify::{Login, Stored, login};

/// `POST /account/sessions/email`, and its older name `POST /account/sessions`.
pub async fn by_password(call: Call) -> ApiResult<Answer> {
    if !call.settings.email_password && !call.caller.is_server() {
        return Err(ApiError::email_password_disabled());
    }
    not_yet(&call)?;
    let email = call.required_text("email", Rule::Email { allow_empty: false })?.to_ascii_lowercase();
    let password = call.required_text("password", Rule::Password)?;
    let project = call.project.number;
    let typed = email.clone();
    let user = call.store().run(move |c| by_email(c, project, &typed)).await?;
    let user = user.ok_or_else(ApiError::invalid_credentials)?;
    verify(&call, &user, password.clone()).await?;
    if !user.status {
        return Err(ApiError::blocked(call.traits()));
    }
    let pwned = call.settings.pwned.enabled.then(|| common::is_common(&password));
    let reset = (pwned == Some(true) && call.settings.pwned.sessions) || is_too_old(&call, &user);
    let rehashed = if reset || !is_rehashed(&user, call.traits()) {
        None
    } else {
        let costs = call.traits().own_costs;
        Some(call.state.hashing.run(move || secrets::argon2id(password.as_bytes(), costs)).await??)
    };
    let options = Value::Object(own_options(call.traits().own_costs, call.traits())).to_string();
    let maker = Maker::of(&call, "email", email, "password");
    let session = call
        .store()
        .run(move |c| {
            if let Some(pwned) = pwned {
                c.prepare_cached("UPDATE users SET password_pwned = ?2 WHERE seq = ?1")?.execute((user.seq, pwned))?;
            }
            if reset {
                return Ok(None);
            }
            if let Some(rehashed) = rehashed {
                // Unless the password was changed meanwhile.
                c.prepare_cached(
                    "UPDATE users SET password = sealed(?3), hash = 'argon2', hash_options = sealed(?4), updated = ?5
                     WHERE seq = ?1 AND opened(password) IS ?2",
                )?
                .execute((user.seq, &user.password, rehashed, options, clock::now()))?;
            }
            maker.make(c, &user).map(Some)
        })
        .await?;
    cookies::created(&call, session.ok_or_else(ApiError::password_reset_required)?)
}

/// Whether a sign-in makes of the stored hash what the server itself would have made of the password.
fn is_rehashed(user: &User, traits: &Traits) -> bool {
    let costs = traits.own_costs;
    let own = format!("$argon2id$v=19$m={},t={},p={}$", costs.memory, costs.passes, costs.lanes);
    user.hash != "argon2"
        || (traits.argon2_rehashed && !user.password.as_ref().is_some_and(|hash| hash.starts_with(&own)))
}

/// Whether the policy wants the password changed for its age.
fn is_too_old(call: &Call, user: &User) -> bool {
    let Some(seconds) = call.settings.rotation else { return false };
    let oldest = clock::format(clock::now_ms() - seconds * 1000);
    user.password_update.as_ref().is_some_and(|changed| *changed < oldest)
}

async fn verify(call: &Call, user: &User, password: String) -> ApiResult<()> {
    let Some(stored) = user.password.clone().filter(|stored| !stored.is_empty()) else {
        return Err(ApiError::invalid_credentials());
    };
    let (hash, options, profile) = (user.hash.clone(), user.options(), call.traits().profile);
    let verify = move || {
        let stored = Stored { hash: &hash, password: &stored, options: &options };
        login(stored, password.as_bytes(), profile)
    };
    match call.state.hashing.run(verify).await? {
        Login::Match => Ok(()),
        Login::Mismatch => Err(ApiError::invalid_credentials()),
        Login::ServerError => Err(ApiError::server_error()),
    }
}

/// `POST /account/sessions/token`: also of a blocked user, who can do nothing with the session.
pub async fn by_token(call: Call) -> ApiResult<Answer> {
    not_yet(&call)?;
    let id = call.required_text("userId", Rule::CustomId)?;
    let secret = call.required_text("secret", Rule::Text { min: 1, max: 256 })?;
    let project = call.project.number;
    let maker = Maker::of(&call, "token", String::new(), "token");
    let session = call
        .store()
        .run(move |c| {
            let Ok(user) = by_id(c, project, &id) else { return Err(ApiError::invalid_token()) };
            if !token::take(c, &user, Purpose::SignIn, &secret)? {
                return Err(ApiError::invalid_token());
            }
            c.prepare_cached("UPDATE users SET updated = ?2 WHERE seq = ?1")?.execute((user.seq, clock::now()))?;
            maker.make(c, &user)
        })
        .await?;
    cookies::created(&call, session)
}

/// Nobody signs in twice; that is checked before any parameter.
fn not_yet(call: &Call) -> ApiResult<()> {
    if call.caller.user.is_some() { Err(ApiError::session_already_exists()) } else { Ok(()) }
}

/// What a session of a sign-in is made of.
struct Maker {
    project: i64,
    provider: &'static str,
    uid: String,
    factor: &'static str,
    seconds: i64,
    limit: usize,
    ip: String,
    user_agent: String,
}

impl Maker {
    fn of(call: &Call, provider: &'static str, uid: String, factor: &'static str) -> Self {
        Self {
            project: call.project.number,
            provider,
            uid,
            factor,
            seconds: call.settings.session_duration,
            limit: call.settings.session_limit.or(call.traits().session_limit).unwrap_or(0),
            ip: call.ip.to_string(),
            user_agent: call.user_agent().to_owned(),
        }
    }

    /// Makes it, and ends the oldest ones beyond the limit.
    fn make(&self, connection: &Connection, user: &User) -> ApiResult<Fresh> {
        let client = Client { ip: &self.ip, user_agent: &self.user_agent };
        let way = Way { provider: self.provider, uid: &self.uid, factor: self.factor, seconds: self.seconds };
        let session = Fresh::new(&user.id, &way, &client)?;
        session.insert(connection, self.project, user.seq)?;
        if self.limit > 0 {
            session::keep_newest(connection, user.seq, self.limit)?;
        }
        Ok(session)
    }
}
