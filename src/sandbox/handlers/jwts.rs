//! `POST /users/{userId}/jwts`

use serde_json::json;

use crate::sandbox::data::{jwt, session};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::Rule;
use crate::sandbox::{clock, php};

/// Seconds a token is valid when nobody says how long, and at most.
const DEFAULT_SECONDS: i64 = 900;
const MAX_SECONDS: i64 = 3600;

/// A token for a user, and for one of the user's sessions if it is named.
pub async fn create(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let session = call.optional("sessionId", Rule::Uid)?;
    let duration = call.optional("duration", Rule::Range(0, MAX_SECONDS))?;
    let unnamed = if call.traits().jwt_for_recent_session { "recent" } else { "" };
    let session = session.not_null()?.text().unwrap_or(unnamed).to_owned();
    let seconds = duration.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_SECONDS);
    let (user, session) = single
        .run(move |c, user| {
            let ids = session::ids_of(c, user.seq)?;
            let session = if session == "recent" { ids.last() } else { ids.iter().find(|id| **id == session) };
            Ok((user.id, session.cloned().unwrap_or_default()))
        })
        .await?;
    if seconds == 0 {
        // The server's library refuses to sign a token without a life.
        return Err(ApiError::server_error());
    }
    let claims = json!({ "userId": user, "sessionId": session, "exp": clock::now_ms() / 1000 + seconds });
    Answer::created(&json!({ "jwt": jwt::sign(&claims, &call.project.jwt_secret) }))
}
