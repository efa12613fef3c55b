//! Lists that nothing in this API fills: identities, memberships and logs.

use serde_json::json;

use crate::sandbox::data::queries::Queries;
use crate::sandbox::data::schema;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;

/// `GET /users/identities`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn identities(call: Call) -> ApiResult<Answer> {
    let queries = call.queries(&schema::IDENTITIES)?;
    let search = call.search()?;
    call.total()?;
    if let Some((id, _)) = queries.cursor {
        return Err(ApiError::cursor("User", &id));
    }
    if let Some(error) = queries.late {
        return Err(error);
    }
    if search.is_some() {
        // Identities have no attribute that holds what is searched.
        let why = "Invalid query: Attribute not found in schema: search".to_owned();
        return Err(schema::IDENTITIES.refusal(why, call.traits()));
    }
    Answer::ok(&json!({ "total": 0, "identities": [] }))
}

/// `DELETE /users/identities/{identityId}`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn delete_identity(call: Call) -> ApiResult<Answer> {
    call.path_id("identityId")?;
    Err(ApiError::identity_not_found())
}

/// `GET /users/{userId}/memberships`
pub async fn memberships(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let mut queries = Queries::default();
    if call.traits().membership_queries {
        queries = call.queries(&schema::MEMBERSHIPS)?;
        call.search()?;
    }
    call.total()?;
    single.run(|_, _| Ok(())).await?;
    if let Some(error) = queries.late {
        return Err(error);
    }
    if queries.cursor.is_some() {
        // The handler hands the cursor on without looking for its document.
        return Err(ApiError::server_error());
    }
    Answer::ok(&json!({ "total": 0, "memberships": [] }))
}

/// `GET /users/{userId}/logs`: a background worker would write them.
pub async fn logs(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    call.queries(&schema::LOGS)?;
    call.total()?;
    single.run(|_, _| Ok(())).await?;
    Answer::ok(&json!({ "total": 0, "logs": [] }))
}
