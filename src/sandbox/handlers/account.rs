//! The user's own side: signing in, and looking at oneself.

use hyper::header::{HeaderName, SET_COOKIE};

use crate::sandbox::clock;
use crate::sandbox::data::session::{Client, Fresh, YEAR_MS, cookie_name, fallback_cookies, ids_of};
use crate::sandbox::data::target::targets_of;
use crate::sandbox::data::user::{USER_COLUMNS, User};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::handlers::create::own_options;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::caller::Caller;
use crate::sandbox::http::view::{Audience, UserView};
use crate::sandbox::params::Rule;
use crate::sandbox::secrets;
use crate::scheme::verify::{Login, Stored, login};
use rusqlite::OptionalExtension as _;
use serde_json::Value;

/// `POST /account/sessions/email`
pub async fn sign_in(call: Call) -> ApiResult<Answer> {
    let traits = *call.traits();
    let email = call.parameters.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
    let limited = !call.caller.is_server();
    if limited {
        call.state.abuse.check(call.project.number, &email)?;
    }
    let result = attempt(&call).await;
    if limited {
        call.state.abuse.note(call.project.number, &email, result.is_ok(), &traits);
    }
    let session = result?;
    let name = cookie_name(&call.project.id);
    let encoded = session.encoded.clone();
    let expires = clock::http_date(clock::now_ms() + YEAR_MS);
    let value = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let cookie = |name: &str| format!("{name}={value}; expires={expires}; path=/; httponly");
    let (legacy, current) = (cookie(&format!("{name}_legacy")), cookie(&name));
    let fallback = fallback_cookies(&name, &encoded);
    Ok(Answer::created(&session.shown(call.caller.is_server(), true))?
        .header(SET_COOKIE, &legacy)
        .header(SET_COOKIE, &current)
        .header(HeaderName::from_static("x-fallback-cookies"), &fallback))
}

async fn attempt(call: &Call) -> ApiResult<Fresh> {
    // Checked before any parameter.
    if matches!(call.caller, Caller::User(..)) {
        return Err(ApiError::session_already_exists());
    }
    let email = call.required_text("email", Rule::Email { allow_empty: false })?.to_ascii_lowercase();
    let password = call.required_text("password", Rule::Password)?;
    let project = call.project.number;
    let user = call
        .store()
        .run(move |c| {
            let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE project = ?1 AND key(email) = key(?2)");
            Ok(c.prepare_cached(&sql)?.query_row((project, email), User::from_row).optional()?)
        })
        .await?
        .ok_or_else(ApiError::invalid_credentials)?;
    verify(call, &user, password.clone()).await?;
    if !user.status {
        return Err(ApiError::blocked(call.traits()));
    }
    // Whatever it was, from now on it is what Appwrite itself would have made of the password.
    let rehashed = if user.hash == "argon2" {
        None
    } else {
        Some(call.state.hashing.run(move || secrets::argon2id(password.as_bytes())).await??)
    };
    let options = Value::Object(own_options(call.traits())).to_string();
    let limit = call.traits().session_limit;
    let (ip, user_agent) = (call.ip.to_string(), call.user_agent().to_owned());
    call.store()
        .run(move |c| {
            if let Some(rehashed) = rehashed {
                // Unless the password was changed meanwhile.
                c.prepare_cached(
                    "UPDATE users SET password = sealed(?3), hash = 'argon2', hash_options = sealed(?4), updated = ?5
                     WHERE seq = ?1 AND opened(password) IS ?2",
                )?
                .execute((user.seq, &user.password, rehashed, options, clock::now()))?;
            }
            let client = Client { ip: &ip, user_agent: &user_agent };
            let provider_uid = user.email.as_deref().unwrap_or_default();
            let session = Fresh::new(&user.id, "email", provider_uid, "password", &client)?;
            session.insert(c, project, user.seq)?;
            if let Some(limit) = limit {
                let ids = ids_of(c, user.seq)?;
                for id in &ids[..ids.len().saturating_sub(limit)] {
                    c.prepare_cached("DELETE FROM sessions WHERE project = ?1 AND key(id) = key(?2)")?
                        .execute((project, id))?;
                }
            }
            Ok(session)
        })
        .await
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

/// `GET /account`
pub async fn get(call: Call) -> ApiResult<Answer> {
    let Caller::User(user, _) = &call.caller else { return Err(ApiError::unauthorized()) };
    if !user.status {
        return Err(ApiError::blocked(call.traits()));
    }
    let owner = User::clone(user);
    let targets = call.store().run(move |c| targets_of(c, &owner)).await?;
    let (traits, format) = (call.traits(), call.format());
    Answer::ok(&UserView { user, targets: &targets, traits, audience: Audience::Owner, format })
}

/// `DELETE /account/sessions/{sessionId}`: one's own, or `current`.
pub async fn sign_out(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("sessionId")?;
    let Caller::User(user, current) = &call.caller else { return Err(ApiError::unauthorized()) };
    let (seq, id) = (user.seq, if id == "current" { current.clone() } else { id });
    let deleted = call
        .store()
        .run(move |c| {
            let sql = "DELETE FROM sessions WHERE user = ?1 AND key(id) = key(?2)";
            Ok(c.prepare_cached(sql)?.execute((seq, id))? > 0)
        })
        .await?;
    if deleted { Ok(Answer::no_content()) } else { Err(ApiError::session_not_found()) }
}
