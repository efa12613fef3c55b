//! `POST /users/{userId}/tokens`

use serde_json::json;

use crate::sandbox::errors::ApiResult;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::Rule;
use crate::sandbox::secrets::hex_secret;
use crate::sandbox::{clock, php};

const DEFAULT_LENGTH: i64 = 6;
/// Seconds.
const DEFAULT_EXPIRY: i64 = 900;
const YEAR: i64 = 31_536_000;

/// A secret for signing in once. Nothing here takes it, so nothing is kept.
pub async fn create(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let length = call.optional("length", Rule::Range(4, 128))?;
    let expire = call.optional("expire", Rule::Range(60, YEAR))?;
    let length = length.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_LENGTH);
    let seconds = expire.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_EXPIRY);
    let user = single.run(|_, user| Ok(user.id)).await?;
    let now = clock::now_ms();
    Answer::created(&json!({
        "$id": clock::unique_id(),
        "$createdAt": clock::format(now),
        "userId": user,
        "secret": hex_secret(usize::try_from(length).unwrap_or_default())?,
        "expire": clock::format(now + seconds * 1000),
        "phrase": "",
    }))
}
