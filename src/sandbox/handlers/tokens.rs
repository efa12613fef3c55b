//! `POST /users/{userId}/tokens`

use crate::sandbox::data::token::{self, Purpose};
use crate::sandbox::errors::ApiResult;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::Rule;
use crate::sandbox::php;

const DEFAULT_LENGTH: i64 = 6;
/// Of a token whose request says nothing, in seconds.
const DEFAULT_EXPIRY: i64 = 900;
const YEAR: i64 = 31_536_000;

/// A secret for signing in once.
pub async fn create(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let length = call.optional("length", Rule::Range(4, 128))?;
    let expire = call.optional("expire", Rule::Range(60, YEAR))?;
    let length = length.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_LENGTH);
    let seconds = expire.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_EXPIRY);
    let length = usize::try_from(length).unwrap_or_default();
    let project = call.project.number;
    let token = single.run(move |c, user| token::create(c, project, &user, Purpose::SignIn, length, seconds)).await?;
    Answer::created(&token)
}
