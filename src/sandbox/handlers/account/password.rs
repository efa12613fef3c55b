//! A new password, by its owner: with the old one, or with a secret that a mail would bring.

use std::sync::Arc;

use serde_json::Value;

use super::{shown, signed_in};
use crate::sandbox::clock;
use crate::sandbox::data::session;
use crate::sandbox::data::token::{self, Purpose};
use crate::sandbox::data::user::{User, by_email, by_id};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::handlers::create::own_options;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::{Call, owned};
use crate::sandbox::http::password::{refuse_personal, remembered};
use crate::sandbox::params::Rule;
use crate::sandbox::secrets;
use crate::scheme::verify::{Login, Stored, login};

/// Seconds that a secret for a new password is good.
const RECOVERY_SECONDS: i64 = 3600;
const RECOVERY_LENGTH: usize = 64;

/// `PATCH /account/password`: who has a password must know it.
pub async fn change(call: Call) -> ApiResult<Answer> {
    let password = call.typed_password(true, false)?.unwrap_or_default();
    let old = owned(call.optional("oldPassword", Rule::Text { min: 0, max: 256 })?).unwrap_or_default();
    let user = signed_in(&call)?.user.clone();
    if let Some(stored) = user.password.clone().filter(|stored| !stored.is_empty()) {
        let (hash, options, profile) = (user.hash.clone(), user.options(), call.traits().profile);
        let verify =
            move || login(Stored { hash: &hash, password: &stored, options: &options }, old.as_bytes(), profile);
        if call.state.hashing.run(verify).await? != Login::Match {
            return Err(ApiError::invalid_credentials());
        }
    }
    let current = signed_in(&call)?.session_id().to_owned();
    let user = store(&call, user, password, Some(current)).await?;
    shown(&call, user).await
}

/// `POST /account/recovery`: nobody mails the secret, and a server is shown it.
pub async fn recover(call: Call) -> ApiResult<Answer> {
    let email = call.required_text("email", Rule::Email { allow_empty: false })?.to_ascii_lowercase();
    call.required_text("url", Rule::Text { min: 1, max: 2048 })?;
    let project = call.project.number;
    let blocked = ApiError::blocked(call.traits());
    let mut token = call
        .store()
        .run(move |c| {
            let user = by_email(c, project, &email)?.ok_or_else(ApiError::user_not_found)?;
            if !user.status {
                return Err(blocked);
            }
            token::create(c, project, &user, Purpose::Recovery, RECOVERY_LENGTH, RECOVERY_SECONDS)
        })
        .await?;
    if !call.caller.is_server() {
        token["secret"] = "".into();
    }
    Answer::created(&token)
}

/// `PUT /account/recovery`
pub async fn finish_recovery(call: Call) -> ApiResult<Answer> {
    let id = call.required_text("userId", Rule::Uid)?;
    let secret = call.required_text("secret", Rule::Text { min: 1, max: 256 })?;
    let password = call.typed_password(true, false)?.unwrap_or_default();
    let project = call.project.number;
    let user = call
        .store()
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            if token::take(c, &user, Purpose::Recovery, &secret)? { Ok(user) } else { Err(ApiError::invalid_token()) }
        })
        .await?;
    let token = serde_json::json!({
        "$id": clock::unique_id(),
        "$createdAt": clock::now(),
        "userId": user.id,
        "secret": "",
        "expire": clock::format(clock::now_ms() + RECOVERY_SECONDS * 1000),
        "phrase": "",
    });
    store(&call, user, password, None).await?;
    Answer::ok(&token)
}

/// Stores a new password, as the policies let it, and ends the user's other sessions.
async fn store(call: &Call, user: User, password: String, current: Option<String>) -> ApiResult<User> {
    refuse_personal(&call.settings, &(&user).into(), &password)?;
    call.refuse_repeated(&user, &password).await?;
    let costs = call.traits().account_costs;
    let hashed = call.state.hashing.run(move || secrets::argon2id(password.as_bytes(), costs)).await??;
    let options = Value::Object(own_options(costs, call.traits())).to_string();
    let ends_sessions = call.settings.session_invalidation.unwrap_or(call.traits().password_ends_sessions);
    let (settings, project, id) = (Arc::clone(&call.settings), call.project.number, user.id);
    call.store()
        .run(move |c| {
            let mut user = by_id(c, project, &id)?;
            user.password_history = remembered(&settings, &user.password_history, &hashed);
            user.password = Some(hashed);
            user.hash = "argon2".into();
            user.hash_options = options;
            user.password_update = Some(clock::now());
            if !user.update(c, clock::now())? {
                return Err(ApiError::server_error());
            }
            if ends_sessions {
                session::end_all(c, user.seq, current.as_deref())?;
            }
            Ok(user)
        })
        .await
}
