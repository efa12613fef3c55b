//! The user's own side: signing in and out, and looking at oneself.

pub mod factors;
pub mod password;
pub mod sessions;
pub mod sign_in;

use serde_json::json;

use crate::sandbox::data::target::targets_of;
use crate::sandbox::data::user::User;
use crate::sandbox::data::{jwt, target::WithTargets};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::caller::SignedIn;
use crate::sandbox::http::view::{Audience, UserView, raw};
use crate::sandbox::params::Rule;
use crate::sandbox::{clock, php};

/// Seconds a token is valid when nobody says how long, and at most.
const DEFAULT_SECONDS: i64 = 900;
const MAX_SECONDS: i64 = 3600;

/// Who is signed in. The scope of the route has seen to it that somebody is.
fn signed_in(call: &Call) -> ApiResult<&SignedIn> {
    call.caller.user.as_deref().ok_or_else(ApiError::unauthorized)
}

/// 200 with one's own account.
async fn shown(call: &Call, user: User) -> ApiResult<Answer> {
    let owner = user.clone();
    let targets = call.store().run(move |c| targets_of(c, &owner)).await?;
    let (user, targets): WithTargets = (user, targets);
    let (traits, format) = (call.traits(), call.format());
    Answer::ok(&UserView { user: &user, targets: &targets, traits, audience: Audience::Owner, format })
}

/// `GET /account`
pub async fn get(call: Call) -> ApiResult<Answer> {
    let user = signed_in(&call)?.user.clone();
    shown(&call, user).await
}

/// `GET /account/prefs`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn prefs(call: Call) -> ApiResult<Answer> {
    Answer::ok(&raw(&signed_in(&call)?.user.prefs))
}

/// `POST /account/jwts`: a token for one's own session.
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn jwt(call: Call) -> ApiResult<Answer> {
    let duration = call.optional("duration", Rule::Range(0, MAX_SECONDS))?;
    let seconds = duration.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_SECONDS);
    let signed_in = signed_in(&call)?;
    let session = signed_in.session.as_ref().ok_or_else(ApiError::session_not_found)?;
    if seconds == 0 {
        // The server's library refuses to sign a token without a life.
        return Err(ApiError::server_error());
    }
    let claims = json!({
        "userId": signed_in.user.id, "sessionId": session.id, "exp": clock::now_ms() / 1000 + seconds,
    });
    Answer::created(&json!({ "jwt": jwt::sign(&claims, &call.project.jwt_secret) }))
}
