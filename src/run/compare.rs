//! A user as planned beside a user as the target has them. One comparison serves recovery, `verify` and the question
//! whose user a 409 is about.

use serde_json::Value;

use super::job::Job;
use crate::appwrite::Endpoint;
use crate::ledger::Steps;

/// What a user at the target is, seen from the plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Planned follow-ups that the user shows.
    pub done: Steps,
    /// Planned follow-ups that the user does not show, and nothing else in their place.
    pub missing: Vec<&'static str>,
    /// Attributes that differ from the plan.
    pub different: Vec<&'static str>,
    /// The hash is Argon2 although another one was sent: Appwrite re-hashes at the first sign-in.
    pub upgraded: bool,
}

impl Comparison {
    /// Nothing contradicts the plan; follow-ups may be missing.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.different.is_empty()
    }

    /// Everything planned is there, and nothing else.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.different.is_empty() && self.missing.is_empty()
    }
}

/// Compares field by field, byte by byte. `hashOptions`, `email*` and `impersonator*` are not looked at: they differ
/// between versions of the server for the same user (rule 11 of its versions).
#[must_use]
pub fn compare(job: &Job, user: &Value) -> Comparison {
    let mut result = Comparison::default();
    let body = job.body();
    let planned = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let has = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default();

    for (attribute, at_target, is) in
        [("id", "$id", &*job.user_id), ("e-mail", "email", planned("email")), ("name", "name", planned("name"))]
    {
        if has(at_target) != is {
            result.different.push(attribute);
        }
    }
    if !password(job.endpoint, planned("password"), has("hash"), has("password"), &mut result.upgraded) {
        result.different.push("password hash");
    }

    let mut step = |bit, name, done: bool, untouched: bool, planned: bool| match (planned, done, untouched) {
        (true, true, _) => result.done = result.done.with(bit),
        (true, false, true) => result.missing.push(name),
        (false, _, true) => {}
        _ => result.different.push(name),
    };
    // The number may come with the create instead.
    let (phone, number) = (has("phone"), job.phone());
    let by_step = job.step_value(Steps::PHONE, "number").is_some();
    match number {
        Some(number) if !by_step => step(Steps::NONE, "phone", phone == number, false, true),
        number => step(Steps::PHONE, "phone", number.as_deref() == Some(phone), phone.is_empty(), by_step),
    }
    let is = |name: &str| user.get(name).and_then(Value::as_bool).unwrap_or_default();
    let plans = |bit| job.steps.iter().any(|step| step.bit == bit);
    step(Steps::DISABLE, "status", !is("status"), is("status"), plans(Steps::DISABLE));
    for (bit, name, member) in [
        (Steps::VERIFY_EMAIL, "e-mail verification", "emailVerification"),
        (Steps::VERIFY_PHONE, "phone verification", "phoneVerification"),
    ] {
        step(bit, name, is(member), !is(member), plans(bit));
    }
    let none = Value::Null;
    let labels = user.get("labels").unwrap_or(&none);
    let wanted = job.step_value(Steps::LABELS, "labels");
    step(
        Steps::LABELS,
        "labels",
        wanted.as_ref().is_some_and(|w| same_set(w, labels)),
        is_empty(labels),
        wanted.is_some(),
    );
    let prefs = user.get("prefs").unwrap_or(&none);
    let wanted = job.step_value(Steps::PREFS, "prefs");
    step(
        Steps::PREFS,
        "preferences",
        wanted.as_ref().is_some_and(|w| same_json(w, prefs)),
        is_empty(prefs),
        wanted.is_some(),
    );
    result
}

fn password(endpoint: Endpoint, planned: &str, hash: &str, stored: &str, upgraded: &mut bool) -> bool {
    match (endpoint, planned) {
        (Endpoint::Plain, "") => stored.is_empty(),
        // The server hashed it, with a salt of its own.
        (Endpoint::Plain, _) => hash == "argon2" && !stored.is_empty(),
        (endpoint, planned) if hash == endpoint.stored_as() => stored == planned,
        (endpoint, _) => {
            *upgraded = hash == "argon2" && endpoint.stored_as() != "argon2";
            *upgraded
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Labels are a set: the server merges those that are equal.
fn same_set(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_array(), b.as_array()) else { return false };
    a.iter().all(|item| b.contains(item)) && b.iter().all(|item| a.contains(item))
}

/// Equal, but for what PHP does not keep: an empty object comes back as an empty list, and 1.0 may come back as 1.
fn same_json(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same_json(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b)),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Object(_) | Value::Array(_), Value::Object(_) | Value::Array(_)) => is_empty(a) && is_empty(b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;
    use crate::plan::{Create, CreateBody, Plan, Step};
    use crate::scheme::PasswordFields;

    fn job(
        endpoint: Endpoint,
        password: Option<&'static str>,
        phone: Option<&'static str>,
        steps: Vec<Step<'_>>,
    ) -> Job {
        let fields = |password: &'static str| PasswordFields { password: password.into(), ..Default::default() };
        Job::new(
            1,
            &Plan {
                source_id: "s".into(),
                user_id: "u".into(),
                email: Some("a@x.test".into()),
                phone: None,
                scheme: "bcrypt",
                conversion: Vec::new(),
                create: Create {
                    endpoint,
                    body: CreateBody {
                        user_id: "u".into(),
                        email: Some("a@x.test".into()),
                        phone: phone.map(Cow::from),
                        name: None,
                        password: password.map(fields),
                    },
                },
                steps: steps.into(),
                notes: Vec::new(),
            },
        )
    }

    fn user(changes: Value) -> Value {
        let mut user = json!({
            "$id": "u", "email": "a@x.test", "name": "", "phone": null, "hash": "bcrypt", "password": "$2y$10$abc",
            "status": true, "emailVerification": false, "phoneVerification": false, "labels": [], "prefs": [],
        });
        if let (Some(user), Value::Object(changes)) = (user.as_object_mut(), changes) {
            user.extend(changes);
        }
        user
    }

    fn steps() -> Vec<Step<'static>> {
        let Value::Object(prefs) = json!({"theme": "dark", "empty": {}, "ratio": 1.0}) else { unreachable!() };
        vec![
            Step::Disable,
            Step::Phone("+4915112345678".into()),
            Step::Prefs(prefs),
            Step::VerifyEmail,
            Step::VerifyPhone,
            Step::Labels(vec!["b".into(), "a".into()]),
        ]
    }

    #[test]
    fn a_user_without_follow_ups_is_ours_and_half_done() {
        let result = compare(&job(Endpoint::Bcrypt, Some("$2y$10$abc"), None, steps()), &user(json!({})));
        assert!(result.agrees() && !result.is_same());
        assert_eq!(result.missing.len(), 6);
        assert_eq!(result.done, Steps::NONE);
    }

    #[test]
    fn what_php_does_to_values_is_no_difference() {
        let there = user(json!({
            "status": false, "phone": "+4915112345678", "emailVerification": true, "phoneVerification": true,
            "labels": ["a", "b"], "prefs": {"ratio": 1, "empty": [], "theme": "dark"},
        }));
        let result = compare(&job(Endpoint::Bcrypt, Some("$2y$10$abc"), None, steps()), &there);
        assert!(result.is_same(), "{result:?}");
        assert!(result.done.has(Steps::PREFS.with(Steps::DISABLE)));
    }

    #[test]
    fn somebody_else_is_somebody_else() {
        let plain = job(Endpoint::Bcrypt, Some("$2y$10$abc"), None, vec![]);
        for (changes, name) in [
            (json!({"email": "b@x.test"}), "e-mail"),
            (json!({"name": "B"}), "name"),
            (json!({"password": "$2y$10$abd"}), "password hash"),
            (json!({"hash": "md5"}), "password hash"),
            (json!({"phone": "+1"}), "phone"),
            (json!({"status": false}), "status"),
            (json!({"emailVerification": true}), "e-mail verification"),
            (json!({"labels": ["admin"]}), "labels"),
            (json!({"prefs": {"a": 1}}), "preferences"),
        ] {
            assert_eq!(compare(&plain, &user(changes)).different, [name]);
        }
    }

    #[test]
    fn a_first_sign_in_upgrades_every_hash_but_argon2() {
        let signed_in = json!({"hash": "argon2", "password": "$argon2id$v=19$other"});
        let result = compare(&job(Endpoint::Bcrypt, Some("$2y$10$abc"), None, vec![]), &user(signed_in.clone()));
        assert!(result.is_same() && result.upgraded);
        let result = compare(&job(Endpoint::Argon2, Some("$argon2id$v=19$mine"), None, vec![]), &user(signed_in));
        assert_eq!(result.different, ["password hash"]);
    }

    #[test]
    fn a_number_that_comes_with_the_create_is_compared_too() {
        let job = job(Endpoint::Plain, None, Some("+4915112345678"), vec![]);
        let none = json!({"hash": "argon2", "password": "", "phone": "+4915112345678"});
        assert!(compare(&job, &user(none)).is_same());
        let other = json!({"hash": "argon2", "password": "", "phone": "+4915112345679"});
        assert_eq!(compare(&job, &user(other)).different, ["phone"]);
    }
}
