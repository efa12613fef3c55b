//! What an administrator sets, with a key: policies, sign-in methods, platforms. In the shapes of the server SDKs.

use serde_json::{Value, json};

use crate::sandbox::clock;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::{Rule, truthy};
use crate::sandbox::php;
use crate::sandbox::settings::{Settings, Strength, YEAR};
use crate::sandbox::traits::Traits;

const FLAG: Rule<'_> = Rule::Boolean { loose: true };

/// Seconds of the longest time after which a password may have to be changed, and of the time if nobody says.
const LONGEST_ROTATION: i64 = 10 * YEAR;
const DAY: i64 = 86_400;

/// The policies that a version has.
fn policies(traits: &Traits) -> Vec<&'static str> {
    let mut policies = vec![
        "password-dictionary",
        "password-history",
        "password-strength",
        "password-personal-data",
        "session-duration",
        "session-invalidation",
        "session-limit",
    ];
    if traits.profile.email_policies {
        policies.extend(["deny-aliased-email", "deny-corporate-email", "deny-disposable-email", "deny-free-email"]);
    }
    if traits.profile.pwned_policy {
        policies.push("password-pwned");
    }
    if traits.rotation_policy {
        policies.push("password-rotation");
    }
    policies
}

/// A policy as it is shown.
fn shown(policy: &str, settings: &Settings, traits: &Traits) -> Value {
    let flag = |enabled: bool| json!({ "$id": policy, "enabled": enabled });
    match policy {
        "password-dictionary" => flag(settings.password_dictionary),
        "password-personal-data" => flag(settings.personal_data),
        "password-history" => json!({ "$id": policy, "total": settings.password_history }),
        "password-strength" => {
            let Strength { min, uppercase, lowercase, number, symbols } = settings.strength;
            json!({
                "$id": policy, "min": min, "uppercase": uppercase, "lowercase": lowercase, "number": number,
                "symbols": symbols,
            })
        }
        "session-duration" => json!({ "$id": policy, "duration": settings.session_duration }),
        "session-invalidation" => flag(settings.session_invalidation.unwrap_or(traits.password_ends_sessions)),
        "session-limit" => {
            json!({ "$id": policy, "total": settings.session_limit.or(traits.session_limit).unwrap_or(0) })
        }
        "deny-aliased-email" => flag(settings.emails.canonical),
        "deny-corporate-email" => flag(settings.emails.corporate),
        "deny-disposable-email" => flag(settings.emails.disposable),
        "deny-free-email" => flag(settings.emails.free),
        "password-pwned" => {
            let pwned = settings.pwned;
            json!({ "$id": policy, "enabled": pwned.enabled, "sessions": pwned.sessions, "users": pwned.users })
        }
        _ => json!({
            "$id": policy, "enabled": settings.rotation.is_some(), "maxAge": settings.rotation.unwrap_or(YEAR),
        }),
    }
}

/// `GET /project/policies`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn list_policies(call: Call) -> ApiResult<Answer> {
    let policies = policies(call.traits());
    let shown: Vec<Value> = policies.iter().map(|policy| shown(policy, &call.settings, call.traits())).collect();
    Answer::ok(&json!({ "total": shown.len(), "policies": shown }))
}

/// `GET /project/policies/{policyId}`
#[expect(clippy::unused_async, reason = "a handler")]
pub async fn policy(call: Call) -> ApiResult<Answer> {
    let policy = call.path_value("policyId", Rule::OneOf(&policies(call.traits())))?;
    Answer::ok(&shown(&policy, &call.settings, call.traits()))
}

/// `PATCH /project/policies/{policyId}`
pub async fn set_policy(call: Call) -> ApiResult<Answer> {
    let policy = call.path_value("policyId", Rule::OneOf(&policies(call.traits())))?;
    let flag = |name: &str| call.required(name, FLAG).map(truthy);
    let optional = |name: &str, now: bool| Ok::<_, ApiError>(call.optional(name, FLAG)?.value().map_or(now, truthy));
    let number = |name: &str, min: i64, max: i64| {
        let value = call.required(name, Rule::Range(min, max))?;
        Ok::<_, ApiError>(php::integer(value).unwrap_or_default())
    };
    // No policy is limited by `null`.
    let count = |name: &str, max: i64| match call.parameters.get(name) {
        Some(Value::Null) => Ok(0),
        _ => number(name, 0, max).map(|n| usize::try_from(n).unwrap_or_default()),
    };
    let mut changed = Settings::clone(&call.settings);
    match policy.as_str() {
        "password-dictionary" => changed.password_dictionary = flag("enabled")?,
        "password-personal-data" => changed.personal_data = flag("enabled")?,
        "password-history" => changed.password_history = count("total", 5000)?,
        "password-strength" => {
            let now = changed.strength;
            let min = match call.parameters.get("min") {
                None => now.min,
                Some(_) => usize::try_from(number("min", 8, 256)?).unwrap_or(now.min),
            };
            changed.strength = Strength {
                min,
                uppercase: optional("uppercase", now.uppercase)?,
                lowercase: optional("lowercase", now.lowercase)?,
                number: optional("number", now.number)?,
                symbols: optional("symbols", now.symbols)?,
            };
        }
        "session-duration" => changed.session_duration = number("duration", 60, YEAR)?,
        "session-invalidation" => changed.session_invalidation = Some(flag("enabled")?),
        "session-limit" => changed.session_limit = Some(count("total", 5000)?),
        "deny-aliased-email" => changed.emails.canonical = flag("enabled")?,
        "deny-corporate-email" => changed.emails.corporate = flag("enabled")?,
        "deny-disposable-email" => changed.emails.disposable = flag("enabled")?,
        "deny-free-email" => changed.emails.free = flag("enabled")?,
        "password-pwned" => {
            changed.pwned.enabled = optional("enabled", changed.pwned.enabled)?;
            changed.pwned.sessions = optional("sessions", changed.pwned.sessions)?;
            changed.pwned.users = optional("users", changed.pwned.users)?;
        }
        _ => {
            let seconds = match call.parameters.get("maxAge") {
                None => changed.rotation.unwrap_or(YEAR),
                Some(_) => number("maxAge", DAY, LONGEST_ROTATION)?,
            };
            changed.rotation = optional("enabled", changed.rotation.is_some())?.then_some(seconds);
        }
    }
    call.project.set(call.store(), move |settings| *settings = changed).await?;
    if policy == "password-strength" {
        return Answer::ok(&shown(&policy, &call.project.settings(), call.traits()));
    }
    project(&call)
}

/// `PATCH /project/auth-methods/{methodId}`
pub async fn set_method(call: Call) -> ApiResult<Answer> {
    call.path_value("methodId", Rule::OneOf(&["email-password"]))?;
    let enabled = truthy(call.required("enabled", FLAG)?);
    call.project.set(call.store(), move |settings| settings.email_password = enabled).await?;
    project(&call)
}

/// `POST /project/platforms/web`
pub async fn add_platform(call: Call) -> ApiResult<Answer> {
    let id = call.optional("platformId", Rule::CustomId)?.text().unwrap_or("unique()").to_owned();
    let name = call.optional("name", Rule::Text { min: 1, max: 128 })?.text().unwrap_or_default().to_owned();
    let host = call.required_text("hostname", Rule::Text { min: 1, max: 256 })?;
    let added = host.clone();
    let add = move |settings: &mut Settings| {
        if !settings.hosts.contains(&added) {
            settings.hosts.push(added);
        }
    };
    call.project.set(call.store(), add).await?;
    let now = clock::now();
    Answer::created(&json!({
        "$id": if id == "unique()" { clock::unique_id() } else { id },
        "$createdAt": now,
        "$updatedAt": now,
        "name": name,
        "type": "web",
        "hostname": host,
    }))
}

/// The project, as far as the sandbox knows it.
fn project(call: &Call) -> ApiResult<Answer> {
    Answer::ok(&json!({ "$id": call.project.id, "name": call.project.id }))
}
