//! `GET /health/version`

use serde_json::json;

use crate::sandbox::errors::ApiResult;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;

/// The version, for anybody without a key.
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn version(call: Call) -> ApiResult<Answer> {
    Answer::ok(&json!({ "version": call.traits().version.to_string() }))
}
