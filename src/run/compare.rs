//! A user as planned beside a user as the target has them. One comparison serves recovery, `verify` and the question
//! whose user a 409 is about.

use super::job::Job;
use crate::appwrite::Endpoint;
use crate::appwrite::wire::php::{is_empty, same_members, same_set};
use crate::appwrite::wire::{Create, Step, User};
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
    /// What the user has beside the plan, which contradicts nothing: see [`User::extras`].
    pub extras: Vec<String>,
}

impl Comparison {
    /// Nothing contradicts the plan; follow-ups may be missing.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.different.is_empty()
    }

    /// Whether the user is as requests left them that did these steps: nothing else was changed, and nobody has signed in.
    #[must_use]
    pub fn is_left_by(&self, steps: Steps) -> bool {
        self.agrees() && !self.upgraded && self.extras.is_empty() && self.done.with(Steps::CREATED).has(steps)
    }

    /// Everything planned is there, and nothing else.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.different.is_empty() && self.missing.is_empty()
    }
}

/// Compares field by field, byte by byte.
#[must_use]
pub fn compare(job: &Job, user: &User) -> Comparison {
    let mut result = Comparison { extras: user.extras(), ..Comparison::default() };
    let Create { endpoint, body } = &job.create;
    for (attribute, has, is) in [
        ("id", &user.id, Some(&body.user_id)),
        ("e-mail", &user.email, body.email.as_ref()),
        ("name", &user.name, body.name.as_ref()),
    ] {
        if has != is.map(AsRef::as_ref).unwrap_or_default() {
            result.different.push(attribute);
        }
    }
    let planned = body.password.as_ref().map(|fields| &*fields.password).unwrap_or_default();
    let kept = !planned.is_empty() && *endpoint != Endpoint::Plain && user.password == planned;
    if planned.is_empty() && job.bridged.is_some() && !user.password.is_empty() {
        // The bridge gives Appwrite what was typed, or its user has chosen another: both end what was planned.
        result.upgraded = true;
    } else if !kept && user.has_new_password() {
        result.different.push("password (set by somebody else since)");
    } else if !password(*endpoint, planned, &user.hash, &user.password, &mut result.upgraded) {
        result.different.push("password hash");
    }

    let mut step = |bit, name, done: bool, untouched: bool, planned: bool| match (planned, done, untouched) {
        (true, true, _) => result.done = result.done.with(bit),
        (true, false, true) => result.missing.push(name),
        (false, _, true) => {}
        _ => result.different.push(name),
    };
    // The number may come with the create instead.
    match &body.phone {
        Some(number) => step(Steps::NONE, "phone", user.phone == *number, false, true),
        None => step(
            Steps::PHONE,
            "phone",
            job.phone() == Some(&*user.phone),
            user.phone.is_empty(),
            job.plans(Steps::PHONE),
        ),
    }
    let enabled = user.status.unwrap_or_default();
    step(Steps::DISABLE, "status", !enabled, enabled, job.plans(Steps::DISABLE));
    for (bit, name, is) in [
        (Steps::VERIFY_EMAIL, "e-mail verification", user.email_verification),
        (Steps::VERIFY_PHONE, "phone verification", user.phone_verification),
    ] {
        let is = is.unwrap_or_default();
        step(bit, name, is, !is, job.plans(bit));
    }
    let labels = job.steps.iter().find_map(|step| if let Step::Labels(labels) = step { Some(labels) } else { None });
    step(
        Steps::LABELS,
        "labels",
        labels.is_some_and(|planned| same_set(planned, &user.labels)),
        is_empty(&user.labels),
        labels.is_some(),
    );
    let prefs = job.steps.iter().find_map(|step| if let Step::Prefs(prefs) = step { Some(prefs) } else { None });
    step(
        Steps::PREFS,
        "preferences",
        prefs.is_some_and(|planned| same_members(planned, &user.prefs)),
        is_empty(&user.prefs),
        prefs.is_some(),
    );
    result
}

/// How Appwrite writes its own Argon2 hashes from 2.3 on.
const OWN_COSTS: &str = "$argon2id$v=19$m=7168,t=5,p=1$";

fn password(endpoint: Endpoint, planned: &str, hash: &str, stored: &str, upgraded: &mut bool) -> bool {
    match (endpoint, planned) {
        (Endpoint::Plain, "") => stored.is_empty(),
        // The server hashed it, with a salt of its own.
        (Endpoint::Plain, _) => hash == "argon2" && !stored.is_empty(),
        // From 2.3 on a sign-in also makes the server's own of an Argon2 hash of other costs.
        (Endpoint::Argon2, planned) if hash == "argon2" && stored != planned => {
            *upgraded = stored.starts_with(OWN_COSTS) && !planned.starts_with(OWN_COSTS);
            *upgraded
        }
        (endpoint, planned) if hash == endpoint.stored_as() => stored == planned,
        (endpoint, _) => {
            *upgraded = hash == "argon2" && endpoint.stored_as() != "argon2";
            *upgraded
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::{Value, json};

    use super::*;
    use crate::appwrite::wire::{CreateBody, PasswordFields};
    use crate::plan::Plan;

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
                bridged: None,
            },
        )
    }

    fn user(changes: Value) -> User {
        let mut user = json!({
            "$id": "u", "email": "a@x.test", "name": "", "phone": null, "hash": "bcrypt", "password": "$2y$10$abc",
            "status": true, "emailVerification": false, "phoneVerification": false, "labels": [], "prefs": [],
        });
        if let (Some(user), Value::Object(changes)) = (user.as_object_mut(), changes) {
            user.extend(changes);
        }
        serde_json::from_value(user).expect("a user")
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
    fn a_password_that_somebody_set_is_no_re_hash() {
        let (created, later) = ("2026-11-27T10:00:00.000+00:00", "2026-11-27T10:00:09.000+00:00");
        let after = |set: &str| {
            let own = json!({"hash": "argon2", "password": "$argon2id$v=19$m=7168,t=5,p=1$other"});
            let times = json!({"$createdAt": created, "passwordUpdate": set});
            let Value::Object(mut own) = own else { unreachable!() };
            own.extend(times.as_object().cloned().unwrap_or_default());
            user(Value::Object(own))
        };
        for (endpoint, planned) in [
            (Endpoint::Bcrypt, "$2y$10$abc"),
            (Endpoint::Argon2, "$argon2id$v=19$m=19456,t=2,p=1$mine"),
            (Endpoint::Plain, "a plain one"),
        ] {
            let job = || job(endpoint, Some(planned), None, vec![]);
            assert!(compare(&job(), &after(created)).is_same(), "{planned}");
            assert_eq!(
                compare(&job(), &after(later)).different,
                ["password (set by somebody else since)"],
                "{planned}"
            );
        }
        let same_costs = job(Endpoint::Argon2, Some("$argon2id$v=19$m=7168,t=5,p=1$mine"), None, vec![]);
        assert_eq!(compare(&same_costs, &after(created)).different, ["password hash"]);
    }

    #[test]
    fn what_somebody_added_is_told_and_no_difference() {
        let added = json!({"mfa": true, "targets": [
            {"providerType": "email", "identifier": "a@x.test"}, {"providerType": "push", "identifier": "device"},
        ]});
        let result = compare(&job(Endpoint::Bcrypt, Some("$2y$10$abc"), None, vec![]), &user(added));
        assert!(result.is_same());
        assert_eq!(result.extras, ["a second factor is switched on", "has another push target"]);
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
