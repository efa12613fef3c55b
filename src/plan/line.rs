//! The JSON lines of `rehome plan`: exactly what would be sent, or why nothing would. The shape is a contract.

use serde_json::{Map, Value, json};

use super::{Plan, Planned, Step};
use crate::code::Refusal;
use crate::scheme::PasswordFields;

/// What stands in the place of a secret.
pub const REDACTED: &str = "redacted";

/// The line of a record. Secrets are replaced by [`REDACTED`] unless `reveal`.
#[must_use]
pub fn line(record: u64, planned: &Planned<'_>, reveal: bool) -> Value {
    match planned {
        Planned::Create(plan) => create_line(record, plan, reveal),
        Planned::Refused(refused) => {
            refused_line(record, &refused.source_id, refused.email.as_deref(), &refused.refusal)
        }
    }
}

fn create_line(record: u64, plan: &Plan<'_>, reveal: bool) -> Value {
    let mut create = Map::new();
    create.insert("path".into(), plan.create.endpoint.path().into());
    create.insert("body".into(), create_body(plan, reveal));
    let mut line = head(record, &plan.source_id);
    line.insert("user_id".into(), plan.user_id.as_ref().into());
    if let Some(email) = &plan.email {
        line.insert("email".into(), email.as_ref().into());
    }
    line.insert("scheme".into(), plan.scheme.into());
    line.insert("conversion".into(), json!(plan.conversion));
    line.insert("create".into(), create.into());
    line.insert("steps".into(), plan.steps.iter().map(|step| step_line(&plan.user_id, step)).collect());
    line.insert("notes".into(), json!(plan.notes));
    line.into()
}

fn refused_line(record: u64, source_id: &str, email: Option<&str>, refusal: &Refusal) -> Value {
    let mut line = head(record, source_id);
    if let Some(email) = email {
        line.insert("email".into(), email.into());
    }
    line.insert("refused".into(), json!(refusal));
    line.into()
}

fn head(record: u64, source_id: &str) -> Map<String, Value> {
    Map::from_iter([("record".to_owned(), record.into()), ("source_id".to_owned(), source_id.into())])
}

fn create_body(plan: &Plan<'_>, reveal: bool) -> Value {
    let mut body = plan.create.body.clone();
    if !reveal && let Some(fields) = &mut body.password {
        *fields = redacted(fields);
    }
    json!(body)
}

/// The same fields with every secret replaced.
#[must_use]
pub fn redacted(fields: &PasswordFields<'_>) -> PasswordFields<'static> {
    PasswordFields {
        password: REDACTED.into(),
        password_version: fields.password_version,
        password_salt: fields.password_salt.is_some().then_some(REDACTED.into()),
        password_salt_separator: fields.password_salt_separator.is_some().then_some(REDACTED.into()),
        password_signer_key: fields.password_signer_key.is_some().then_some(REDACTED.into()),
        password_cpu: fields.password_cpu,
        password_memory: fields.password_memory,
        password_parallel: fields.password_parallel,
        password_length: fields.password_length,
    }
}

fn step_line(user_id: &str, step: &Step<'_>) -> Value {
    json!({"method": step.method(), "path": format!("/users/{user_id}{}", step.path()), "body": step.body()})
}
