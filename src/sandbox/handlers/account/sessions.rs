//! One's own sessions.

use serde_json::{Value, json};

use super::signed_in;
use crate::sandbox::clock;
use crate::sandbox::data::session::{self, Kept};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::cookies;

/// `GET /account/sessions`
pub async fn list(call: Call) -> ApiResult<Answer> {
    let (seq, current) = here(&call)?;
    let sessions = call.store().run(move |c| session::all_of(c, seq)).await?;
    let sessions: Vec<Value> = sessions.iter().map(|session| session.shown(&current)).collect();
    Answer::ok(&json!({ "total": sessions.len(), "sessions": sessions }))
}

/// `GET /account/sessions/{sessionId}`: one's own, or `current`.
pub async fn get(call: Call) -> ApiResult<Answer> {
    let (session, current) = named(&call).await?;
    Answer::ok(&session.shown(&current))
}

/// `PATCH /account/sessions/{sessionId}`: lasts as long again.
pub async fn extend(call: Call) -> ApiResult<Answer> {
    let (mut session, current) = named(&call).await?;
    let expires = clock::now_ms() + call.settings.session_duration * 1000;
    let session = call
        .store()
        .run(move |c| {
            session.update(c, Some(expires))?;
            Ok(session)
        })
        .await?;
    Answer::ok(&session.shown(&current))
}

/// `DELETE /account/sessions/{sessionId}`: one's own, or `current`.
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let (session, current) = named(&call).await?;
    let (seq, _) = here(&call)?;
    let ends_here = session.id == current;
    call.store().run(move |c| session::end(c, seq, &session.id)).await?;
    let answer = Answer::no_content();
    Ok(if ends_here { cookies::ended(&call, answer) } else { answer })
}

/// `DELETE /account/sessions`
pub async fn delete_all(call: Call) -> ApiResult<Answer> {
    let (seq, _) = here(&call)?;
    call.store().run(move |c| session::end_all(c, seq, None)).await?;
    Ok(cookies::ended(&call, Answer::no_content()))
}

/// The user's place in the store, and the id of the session that asks.
fn here(call: &Call) -> ApiResult<(i64, String)> {
    let signed_in = signed_in(call)?;
    Ok((signed_in.user.seq, signed_in.session_id().to_owned()))
}

/// The session that the path names, and the id of the one that asks.
async fn named(call: &Call) -> ApiResult<(Kept, String)> {
    let named = call.path_id("sessionId")?;
    let (seq, current) = here(call)?;
    let id = if named == "current" { current.clone() } else { named };
    let sessions = call.store().run(move |c| session::all_of(c, seq)).await?;
    let session = sessions.into_iter().find(|session| session.id == id).ok_or_else(ApiError::session_not_found)?;
    Ok((session, current))
}
