//! Messaging targets of users.

use rusqlite::Connection;
use serde_json::json;

use crate::appwrite::rules::{self, TEXT_MAX};
use crate::sandbox::clock;
use crate::sandbox::data::find::{Condition, Table, find};
use crate::sandbox::data::schema;
use crate::sandbox::data::target::{TARGET_COLUMNS, Target, by_target_id, targets_of};
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::{Call, owned};
use crate::sandbox::params::{self, Rule};
use crate::sandbox::traits::Traits;

const TABLE: Table = Table { name: "targets", columns: TARGET_COLUMNS, document: "Target" };

/// The longest identifier, in code points.
const IDENTIFIER_MAX: usize = 255;

const TYPES: &[&str] = &["email", "sms", "push"];

/// The target of this id, if it is this user's.
fn of_user(connection: &Connection, project: i64, user: &User, target: &str) -> ApiResult<Target> {
    let target = by_target_id(connection, project, target)?;
    target.filter(|target| target.user_id == user.id).ok_or_else(ApiError::target_not_found)
}

fn check_identifier(provider_type: &str, identifier: &str, traits: &Traits) -> ApiResult<()> {
    match provider_type {
        "email" if !params::email(identifier, traits) => Err(ApiError::invalid_email()),
        "sms" if !rules::phone(identifier, traits.profile) => Err(ApiError::invalid_phone()),
        "email" | "sms" | "push" => Ok(()),
        // The list of types is compared without case, what follows is not.
        _ => Err(ApiError::provider_incorrect_type()),
    }
}

/// `GET /users/{userId}/targets`
pub async fn list(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let queries = call.queries(&schema::TARGETS)?;
    let count = call.total()?;
    let project = call.project.number;
    let page = single
        .run(move |c, user| {
            let mut condition = Condition::equal("project", project);
            condition.and(Condition::equal_text("user_id", &user.id));
            find(c, &TABLE, condition, &queries, count, Target::from_row)
        })
        .await?;
    Answer::ok(&json!({ "total": page.total, "targets": page.documents }))
}

/// `POST /users/{userId}/targets`
pub async fn create(call: Call) -> ApiResult<Answer> {
    let target_id = call.required_text("targetId", Rule::CustomId)?;
    let single = call.single()?;
    let provider_type = call.required_text("providerType", Rule::OneOf(TYPES))?;
    let identifier = call.required_text("identifier", Rule::Text { min: 1, max: IDENTIFIER_MAX })?;
    let provider = call.optional("providerId", Rule::Uid)?;
    let name = call.optional("name", Rule::Text { min: 1, max: TEXT_MAX })?;
    // There are no providers, so any id of one stands for none.
    provider.not_null()?;
    let name = owned(name.not_null()?).unwrap_or_default();
    check_identifier(&provider_type, &identifier, call.traits())?;
    let project = call.project.number;
    let user_id = single.id.clone();
    let target = single
        .run(move |c, user| {
            let mut target = Target::own(&user, &provider_type, &identifier, &clock::now());
            if target_id != "unique()" {
                target.id = target_id;
            }
            target.user_id = user_id;
            target.name = name;
            if !target.insert(c, project)? {
                return Err(ApiError::target_already_exists());
            }
            Ok(target)
        })
        .await?;
    Answer::created(&target)
}

/// `GET /users/{userId}/targets/{targetId}`
pub async fn get(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let target_id = call.path_id("targetId")?;
    let target = single
        .run(move |c, user| {
            let targets = targets_of(c, &user)?;
            targets.into_iter().find(|target| target.id == target_id).ok_or_else(ApiError::target_not_found)
        })
        .await?;
    Answer::ok(&target)
}

/// `PATCH /users/{userId}/targets/{targetId}`
pub async fn update(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let target_id = call.path_id("targetId")?;
    let identifier = call.optional("identifier", Rule::Text { min: 1, max: IDENTIFIER_MAX })?;
    let provider = call.optional("providerId", Rule::Uid)?;
    let name = call.optional("name", Rule::Text { min: 1, max: TEXT_MAX })?;
    // PHP's `"0"` is no identifier, provider or name.
    let given = |given: Option<String>| given.filter(|text| text != "0");
    let identifier = given(owned(identifier.not_null()?));
    let provider = given(owned(provider.not_null()?));
    let name = given(owned(name.not_null()?));
    let project = call.project.number;
    let traits = *call.traits();
    let target = single
        .run(move |c, user| {
            let mut target = of_user(c, project, &user, &target_id)?;
            if let Some(identifier) = identifier {
                check_identifier(&target.provider_type, &identifier, &traits)?;
                target.identifier = identifier;
                target.expired = false;
            }
            if provider.is_some() {
                return Err(ApiError::provider_not_found());
            }
            if let Some(name) = name {
                target.name = name;
            }
            if target.update(c, clock::now())? {
                return Ok(target);
            }
            Err(if traits.target_conflict_is_409 {
                ApiError::document_already_exists()
            } else {
                ApiError::server_error()
            })
        })
        .await?;
    Answer::ok(&target)
}

/// `DELETE /users/{userId}/targets/{targetId}`
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let target_id = call.path_id("targetId")?;
    let project = call.project.number;
    single.run(move |c, user| of_user(c, project, &user, &target_id)?.delete(c)).await?;
    Ok(Answer::no_content())
}
