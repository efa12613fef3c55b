//! `GET /health/version`

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::errors::ApiResult;

/// The version, for anybody without a key.
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn version(call: Call) -> ApiResult<Answer> {
    Answer::ok(&json!({ "version": call.traits().version.to_string() }))
}
