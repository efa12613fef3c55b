//! One's own second factors. Of those that Appwrite knows the sandbox can check recovery codes, because it sends nothing.

use rusqlite::OptionalExtension as _;
use serde_json::json;

use super::{shown, signed_in};
use crate::sandbox::clock;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::handlers::mfa::{factors_of, fresh_codes};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::{Rule, truthy};
use crate::sandbox::secrets::hex_secret;

/// Seconds that a challenge is good.
const CHALLENGE_SECONDS: i64 = 3600;

/// Milliseconds for which a factor counts as given just now.
const RECENT_MS: i64 = 30 * 60 * 1000;

/// `GET /account/mfa/factors`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn list(call: Call) -> ApiResult<Answer> {
    Answer::ok(&factors_of(&signed_in(&call)?.user, call.traits()))
}

/// `PATCH /account/mfa`
pub async fn switch(call: Call) -> ApiResult<Answer> {
    let mfa = truthy(call.required("mfa", Rule::Boolean { loose: false })?);
    let signed_in = signed_in(&call)?;
    let (mut user, session) = (signed_in.user.clone(), signed_in.session.clone());
    let user = call
        .store()
        .run(move |c| {
            user.mfa = mfa;
            user.update_plain(c, clock::now())?;
            // Whoever switches it on is not locked out at once: what is verified counts as given.
            if let Some(mut session) = session.filter(|_| mfa) {
                for (verified, factor) in [(user.email_verification, "email"), (user.phone_verification, "phone")] {
                    if verified {
                        session.add_factor(factor);
                    }
                }
                session.update(c, None)?;
            }
            Ok(user)
        })
        .await?;
    shown(&call, user).await
}

/// `POST /account/mfa/recovery-codes`
pub async fn create_codes(call: Call) -> ApiResult<Answer> {
    if signed_in(&call)?.user.recovery_codes != "[]" {
        return Err(ApiError::recovery_codes_already_exist());
    }
    new_codes(call).await
}

/// `PATCH /account/mfa/recovery-codes`
pub async fn regenerate_codes(call: Call) -> ApiResult<Answer> {
    recently(&call)?;
    if signed_in(&call)?.user.recovery_codes == "[]" {
        return Err(ApiError::recovery_codes_not_found());
    }
    new_codes(call).await
}

async fn new_codes(call: Call) -> ApiResult<Answer> {
    let codes = fresh_codes()?;
    let (mut user, stored) = (signed_in(&call)?.user.clone(), serde_json::to_string(&codes)?);
    call.store()
        .run(move |c| {
            user.recovery_codes = stored;
            user.update(c, clock::now())
        })
        .await?;
    Answer::created(&json!({ "recoveryCodes": codes }))
}

/// `GET /account/mfa/recovery-codes`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn codes(call: Call) -> ApiResult<Answer> {
    recently(&call)?;
    let codes: Vec<String> = serde_json::from_str(&signed_in(&call)?.user.recovery_codes)?;
    if codes.is_empty() {
        return Err(ApiError::recovery_codes_not_found());
    }
    Answer::ok(&json!({ "recoveryCodes": codes }))
}

/// What is protected needs a factor given within half an hour.
fn recently(call: &Call) -> ApiResult<()> {
    let oldest = clock::format(clock::now_ms() - RECENT_MS);
    let given = signed_in(call)?.session.as_ref().and_then(|session| session.document.get("mfaUpdatedAt")?.as_str());
    if given.is_some_and(|given| given > oldest.as_str()) { Ok(()) } else { Err(ApiError::challenge_required()) }
}

/// `POST /account/mfa/challenges`
pub async fn challenge(call: Call) -> ApiResult<Answer> {
    let factor = call.required_text("factor", Rule::OneOf(&["email", "phone", "totp", "recoverycode"]))?;
    let user = &signed_in(&call)?.user;
    let empty = |value: &Option<String>| value.as_ref().is_none_or(String::is_empty);
    match factor.as_str() {
        "email" if empty(&user.email) => return Err(ApiError::email_not_found()),
        "email" if !user.email_verification => return Err(ApiError::email_not_verified()),
        "phone" if empty(&user.phone) => return Err(ApiError::phone_not_found()),
        "phone" if !user.phone_verification => return Err(ApiError::phone_not_verified()),
        _ => {}
    }
    let (project, seq, user_id) = (call.project.number, user.seq, user.id.clone());
    let (id, now, code) = (clock::unique_id(), clock::now_ms(), hex_secret(6)?);
    let expires = now + CHALLENGE_SECONDS * 1000;
    let stored = id.clone();
    call.store()
        .run(move |c| {
            c.prepare_cached(
                "INSERT INTO challenges(project, id, user, factor, code, expires) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((project, stored, seq, factor, code, expires))?;
            Ok(())
        })
        .await?;
    Answer::created(&json!({
        "$id": id,
        "$createdAt": clock::format(now),
        "userId": user_id,
        "expire": clock::format(expires),
    }))
}

/// `PUT /account/mfa/challenges`: makes half a session whole.
pub async fn answer_challenge(call: Call) -> ApiResult<Answer> {
    let id = call.required_text("challengeId", Rule::Text { min: 0, max: 256 })?;
    let given = call.required_text("otp", Rule::Text { min: 0, max: 256 })?;
    let signed_in = signed_in(&call)?;
    let (mut user, current) = (signed_in.user.clone(), signed_in.session_id().to_owned());
    let Some(mut session) = signed_in.session.clone() else { return Err(ApiError::session_not_found()) };
    let session = call
        .store()
        .run(move |c| {
            let found: Option<(String, String)> = c
                .prepare_cached("SELECT factor, code FROM challenges WHERE id = ?1 AND user = ?2 AND expires > ?3")?
                .query_row((&id, user.seq, clock::now_ms()), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (factor, code) = found.ok_or_else(ApiError::invalid_token)?;
            match factor.as_str() {
                "recoverycode" => {
                    let mut codes: Vec<String> = serde_json::from_str(&user.recovery_codes)?;
                    let place = codes.iter().position(|code| *code == given).ok_or_else(ApiError::invalid_token)?;
                    codes.remove(place);
                    user.recovery_codes = serde_json::to_string(&codes)?;
                    user.update(c, clock::now())?;
                }
                "email" | "phone" if code == given => {}
                _ => return Err(ApiError::invalid_token()),
            }
            c.prepare_cached("DELETE FROM challenges WHERE id = ?1")?.execute([&id])?;
            session.add_factor(&factor);
            session.update(c, None)?;
            Ok(session)
        })
        .await?;
    Answer::ok(&session.shown(&current))
}
