//! `POST /users/{userId}/tokens`

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::errors::ApiResult;
use super::params::Rule;
use super::secrets::hex_secret;
use super::users::by_id;
use super::{clock, php};

const DEFAULT_LENGTH: i64 = 6;
/// Seconds.
const DEFAULT_EXPIRY: i64 = 900;
const YEAR: i64 = 31_536_000;

/// A secret for signing in once. Nothing here takes it, so nothing is kept.
pub async fn create(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let length = call.optional("length", Rule::Range(4, 128))?;
    let expire = call.optional("expire", Rule::Range(60, YEAR))?;
    let length = length.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_LENGTH);
    let seconds = expire.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_EXPIRY);
    let project = call.project.number;
    let user = call.app.store.run(move |c| by_id(c, project, &id)).await?;
    let now = clock::now_ms();
    Answer::created(&json!({
        "$id": clock::unique_id(),
        "$createdAt": clock::format(now),
        "userId": user.id,
        "secret": hex_secret(usize::try_from(length).unwrap_or_default())?,
        "expire": clock::format(now + seconds * 1000),
        "phrase": "",
    }))
}
