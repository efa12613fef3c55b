//! Changing users: what a create cannot say.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;

use crate::appwrite::rules::TEXT_MAX;
use crate::sandbox::clock;
use crate::sandbox::data::session;
use crate::sandbox::data::target::{Target, WithTargets, by_identifier, targets_of, with_targets};
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::handlers::create::own_options;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::{Call, Single};
use crate::sandbox::http::password;
use crate::sandbox::http::view::raw;
use crate::sandbox::params::{Rule, truthy};
use crate::sandbox::php;
use crate::sandbox::secrets;
use crate::sandbox::traits::Database;

/// Changes a user and answers with it. Without a difference its date of change stays.
async fn change(call: Call, single: Single, change: impl FnOnce(&mut User) + Send + 'static) -> ApiResult<Answer> {
    let changed = single
        .run(move |c, before| {
            let targets = targets_of(c, &before)?;
            let mut user = before.clone();
            change(&mut user);
            if user != before {
                user.update_plain(c, clock::now())?;
            }
            let changed: WithTargets = (user, targets);
            Ok(changed)
        })
        .await?;
    Answer::ok(&call.view(&changed))
}

/// `PATCH /users/{userId}/name`
pub async fn name(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let name = call.required_text("name", Rule::Text { min: 0, max: TEXT_MAX })?;
    change(call, single, |user| user.name = name).await
}

/// `PATCH /users/{userId}/status`
pub async fn status(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let status = truthy(call.required("status", Rule::Boolean { loose: true })?);
    change(call, single, move |user| user.status = status).await
}

/// `PATCH /users/{userId}/verification`
pub async fn email_verification(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let verified = truthy(call.required("emailVerification", Rule::Boolean { loose: false })?);
    change(call, single, move |user| user.email_verification = verified).await
}

/// `PATCH /users/{userId}/verification/phone`
pub async fn phone_verification(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let verified = truthy(call.required("phoneVerification", Rule::Boolean { loose: false })?);
    change(call, single, move |user| user.phone_verification = verified).await
}

/// `PATCH /users/{userId}/mfa`
pub async fn mfa(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let mfa = truthy(call.required("mfa", Rule::Boolean { loose: false })?);
    change(call, single, move |user| user.mfa = mfa).await
}

/// `PATCH /users/{userId}/impersonator`
pub async fn impersonator(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let impersonator = truthy(call.required("impersonator", Rule::Boolean { loose: true })?);
    change(call, single, move |user| user.impersonator = impersonator).await
}

/// `PUT /users/{userId}/labels`: replaces them, each once.
pub async fn labels(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let given = call.required("labels", Rule::Labels)?;
    let mut seen = std::collections::HashSet::new();
    let labels: Vec<Value> = php::elements(given)
        .unwrap_or_default()
        .into_iter()
        .filter(|label| seen.insert(label.as_str()))
        .cloned()
        .collect();
    if call.traits().database == Database::Postgresql && too_many(&labels) {
        return Err(ApiError::server_error());
    }
    let labels = Value::Array(labels).to_string();
    change(call, single, |user| user.labels = labels).await
}

/// What a row of PostgreSQL's index cannot hold: observed with short labels and with long ones.
fn too_many(labels: &[Value]) -> bool {
    const LABELS: usize = 817;
    const BYTES: usize = 380 * crate::appwrite::rules::LABEL_MAX;
    let bytes: usize = labels.iter().filter_map(Value::as_str).map(str::len).sum();
    labels.len() > LABELS || bytes > BYTES
}

/// `PATCH /users/{userId}/prefs`: replaces them, and answers with them alone.
pub async fn prefs(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let sent = call.required("prefs", Rule::Object)?;
    let prefs = match php::normalize(sent.clone()) {
        Value::Array(_) => "{}".to_owned(),
        prefs => prefs.to_string(),
    };
    let as_sent = call.traits().prefs_shown_as_sent && prefs != "{}";
    let shown = if as_sent { sent.to_string() } else { prefs.clone() };
    single
        .run(move |c, mut user| {
            user.prefs = prefs;
            user.update_plain(c, clock::now())
        })
        .await?;
    Answer::ok(&raw(&shown))
}

/// `PATCH /users/{userId}/email`: resets the verification, and is refused for an address that is anybody's target, the
/// user's own included.
pub async fn email(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    if call.traits().patch_email_fails_on_types
        && let Some(Value::Null | Value::Array(_) | Value::Object(_)) = call.parameters.get("email")
    {
        return Err(ApiError::server_error());
    }
    let email = call.required_text("email", Rule::Email { allow_empty: true })?.to_ascii_lowercase();
    call.refuse_email(&email)?;
    let project = call.project.number;
    let changed = single
        .run_undoable(move |c, mut user| {
            if !email.is_empty() && by_identifier(c, project, &email)?.is_some() {
                return Err(ApiError::target_already_exists());
            }
            let old = user.email.replace(email.clone());
            user.email_verification = false;
            if !user.update(c, clock::now())? {
                return Err(ApiError::email_already_exists());
            }
            let taken = ApiError::email_already_exists;
            let targets = move_target(c, project, &user, old.as_deref(), "email", &email, taken)?;
            let changed: WithTargets = (user, targets);
            Ok(changed)
        })
        .await?;
    Answer::ok(&call.view(&changed))
}

/// `PATCH /users/{userId}/phone`: like the address.
pub async fn phone(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let number = call.required_text("number", Rule::Phone { allow_empty: true })?;
    let project = call.project.number;
    let cleared_to_null = call.traits().phone_cleared_to_null;
    let changed = single
        .run_undoable(move |c, mut user| {
            if !number.is_empty() && by_identifier(c, project, &number)?.is_some() {
                return Err(ApiError::target_already_exists());
            }
            let keep = !number.is_empty() || !cleared_to_null;
            let old = std::mem::replace(&mut user.phone, keep.then(|| number.clone()));
            user.phone_verification = false;
            if !user.update(c, clock::now())? {
                return Err(ApiError::phone_already_exists());
            }
            let taken = ApiError::phone_already_exists;
            let targets = move_target(c, project, &user, old.as_deref(), "sms", &number, taken)?;
            let changed: WithTargets = (user, targets);
            Ok(changed)
        })
        .await?;
    Answer::ok(&call.view(&changed))
}

/// Moves the target of the old address or number to the new one, creates it, or removes it. Returns the targets as the
/// server shows them: the removed one is still there.
fn move_target(
    connection: &Connection,
    project: i64,
    user: &User,
    old: Option<&str>,
    provider_type: &str,
    new: &str,
    taken: fn() -> ApiError,
) -> ApiResult<Vec<Target>> {
    let mut shown = targets_of(connection, user)?;
    match shown.iter_mut().find(|target| Some(target.identifier.as_str()) == old) {
        Some(target) if new.is_empty() => target.delete(connection)?,
        Some(target) => {
            new.clone_into(&mut target.identifier);
            if !target.update(connection, clock::now())? {
                return Err(taken());
            }
        }
        None if new.is_empty() => {}
        None => {
            let mut target = Target::own(user, provider_type, new, &clock::now());
            if !target.insert(connection, project)? {
                return Err(taken());
            }
            shown.push(target);
        }
    }
    Ok(shown)
}

/// `PATCH /users/{userId}/password`: hashes it anew. The empty password answers as if it were stored, and is then hashed
/// like any other; nobody signs in with it, because it is too short.
pub async fn password(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let password = call.typed_password(true, true)?.unwrap_or_default();
    let empty = password.is_empty();
    // Nobody waits for a hash in vain.
    let user = single.run(|_, user| Ok(user)).await?;
    if !empty {
        password::refuse_personal(&call.settings, &(&user).into(), &password)?;
        call.refuse_repeated(&user, &password).await?;
    }
    let costs = call.traits().own_costs;
    let hashed = call.state.hashing.run(move || secrets::argon2id(password.as_bytes(), costs)).await??;
    let options = Value::Object(own_options(costs, call.traits())).to_string();
    let ends_sessions = call.settings.session_invalidation.unwrap_or(call.traits().password_ends_sessions);
    let settings = Arc::clone(&call.settings);
    let changed = single
        .run(move |c, user| {
            let (mut user, targets) = with_targets(c, user)?;
            let now = clock::now();
            user.password_update = Some(now.clone());
            user.password = Some(String::new());
            let first = user.clone();
            user.password_history = password::remembered(&settings, &user.password_history, &hashed);
            user.password = Some(hashed);
            user.hash = "argon2".into();
            user.hash_options = options;
            if !user.update(c, clock::now())? {
                return Err(ApiError::server_error());
            }
            if ends_sessions {
                session::end_all(c, user.seq, None)?;
            }
            let shown = if empty { User { updated: now, ..first } } else { user };
            let changed: WithTargets = (shown, targets);
            Ok(changed)
        })
        .await?;
    Answer::ok(&call.view(&changed))
}
