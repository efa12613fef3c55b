//! What an answer, or none, means for the request that was sent. Pure; every row of it was observed on a running server
//! or is a documented status of HTTP. Nothing is believed that does not prove itself: what is not Appwrite's, or not about
//! what was asked, says nothing, whatever its status.

use std::time::Duration;

use super::answer::{Answer, Lost};
use super::wire::{Kind, Request};
use crate::code::Code;

/// The meaning of an answer: what is to be done about the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, and the answer shows it.
    Done,
    /// It was not done, or can be done again: sending it again after a while may help.
    Retry(Trouble),
    /// It may have been done: read the user back before anything else.
    Unknown(Trouble),
    /// A 409: something of this user is there already. Reading back shows whose.
    AlreadyThere,
    /// The user is not there.
    Gone,
    /// Appwrite will never do it; its own sentence.
    Refused(String),
}

impl Verdict {
    /// What is wrong, if the request has to be repeated.
    #[must_use]
    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Retry(trouble) | Self::Unknown(trouble) => Some(trouble),
            _ => None,
        }
    }
}

/// Why a request has to be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The kind of trouble, for the budget of tries.
    pub cause: Cause,
    /// The pause that the server asked for.
    pub after: Option<Duration>,
    /// In words, without secrets.
    pub text: String,
}

/// A kind of trouble; each has its own budget of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// 429: slower, please.
    Throttled,
    /// 408, 502, 503, 504 and 409 `general_resource_locked`: the server is busy, restarting, or behind something that is.
    Overloaded,
    /// 500. On a create it is usually a parameter the server chokes on.
    ServerError,
    /// No answer arrived: refused, reset or timed out.
    Network,
    /// An answer that is not Appwrite's, or not to what was asked: a firewall, a proxy, a portal.
    Foreign,
    /// Appwrite refuses project, key or route: nobody can be served, unless it is about this one request.
    Denied,
    /// The project takes nothing more: it is full, or its plan is used up. That is about nobody in particular.
    Full,
}

impl Cause {
    /// The number of causes.
    pub const ALL: usize = 7;

    /// How often a request is sent at least before its user is given up, and then only if others are served meanwhile:
    /// see [`super::ask::Door::enough`].
    #[must_use]
    pub const fn attempts(self) -> u32 {
        match self {
            // Being told to slow down says nothing about the user.
            Self::Throttled => u32::MAX,
            Self::Overloaded | Self::Network | Self::Full => 20,
            Self::ServerError | Self::Foreign => 6,
            Self::Denied => 3,
        }
    }
}

/// Judges what came back for a request.
#[must_use]
pub fn judge(request: &Request, outcome: Result<&Answer, &Lost>) -> Verdict {
    let kind = request.kind;
    let answer = match outcome {
        Ok(answer) => answer,
        Err(lost) => {
            let trouble = Trouble { cause: Cause::Network, after: None, text: lost.text().to_owned() };
            return match lost {
                Lost::Unsent(_) => Verdict::Retry(trouble),
                Lost::Unanswered(_) => repeat(kind, trouble),
            };
        }
    };
    let status = answer.status;
    let said = &answer.said;
    let sentence = || if said.message.is_empty() { format!("HTTP {status}") } else { said.message.clone() };
    let trouble = |cause| Trouble { cause, after: answer.retry_after, text: sentence() };
    let foreign = |text: String| repeat(kind, Trouble { cause: Cause::Foreign, after: None, text });
    let denied = |text: String| Verdict::Retry(Trouble { cause: Cause::Denied, after: None, text });
    match (status, said.kind.as_str()) {
        (200..=299, _) if request.proof.holds(answer) => Verdict::Done,
        (200..=299, _) if answer.is_compressed() => foreign(format!(
            "HTTP {status}, compressed although nobody asked for that: something in front of Appwrite does it"
        )),
        (200..=299, _) => foreign(format!("HTTP {status} that does not show {}", request.proof)),

        (429, _) => Verdict::Retry(trouble(Cause::Throttled)),
        (503, "general_pwned_passwords_unavailable") => Verdict::Retry(Trouble {
            text:
                "the target cannot reach the service that knows breached passwords, which it asks before it takes one \
                   (policy password-pwned)"
                    .into(),
            ..trouble(Cause::Overloaded)
        }),
        (409, "general_resource_locked" | "document_update_conflict") | (503, _) => {
            Verdict::Retry(trouble(Cause::Overloaded))
        }
        // A gateway in between gave up; the server behind it may not have.
        (408 | 502 | 504..=599, _) => repeat(kind, trouble(Cause::Overloaded)),
        (500, _) => repeat(kind, trouble(Cause::ServerError)),
        (301..=308, "") => foreign("the endpoint redirects elsewhere; give the address it points to".into()),
        (_, "") => foreign(format!("HTTP {status}, and not from Appwrite: something in front of it answered")),

        (404, "project_not_found") => denied("the target has no such project".into()),
        // Of a step it may be a copy of the database that is behind: the reading that follows tells.
        (404, "user_not_found") if matches!(kind, Kind::Step(_) | Kind::Phone) => {
            foreign("the target says that it has no such user".into())
        }
        (404, "user_not_found" | "user_session_not_found") => Verdict::Gone,
        (404, "general_route_not_found") => {
            denied("the target has no Users API there; does the endpoint end in /v1?".into())
        }
        (401 | 403, "project_key_expired") => denied("the API key has expired".into()),
        (401 | 403, "project_id_missing") => denied("the API key does not belong to this project".into()),
        (401 | 403, _) if kind == Kind::SignIn => Verdict::Refused(sentence()),
        (401 | 403, _) => denied(format!("the target refuses the API key: {}", sentence())),

        (402, _) | (_, "user_count_exceeded") => Verdict::Retry(Trouble {
            text: format!("the project takes no more: {}", sentence()),
            ..trouble(Cause::Full)
        }),
        (409, _) if kind == Kind::Create => Verdict::AlreadyThere,
        // Repeating it is a 409 even if the number is the user's own.
        (409, "user_target_already_exists" | "user_phone_already_exists" | "user_already_exists")
            if kind == Kind::Phone =>
        {
            Verdict::AlreadyThere
        }
        _ => Verdict::Refused(sentence()),
    }
}

/// A request that may have been carried out already.
fn repeat(kind: Kind, trouble: Trouble) -> Verdict {
    match kind {
        Kind::Create | Kind::Phone | Kind::Step(_) => Verdict::Unknown(trouble),
        Kind::Read | Kind::Delete | Kind::SignIn => Verdict::Retry(trouble),
    }
}

/// Why nobody is created, by Appwrite's name for its refusal.
#[must_use]
pub fn refusal(kind: &str) -> Code {
    match kind {
        "user_email_free" => Code::EmailFree,
        "user_email_disposable" => Code::EmailDisposable,
        "user_email_not_canonical" => Code::EmailAliased,
        "user_email_not_corporate" => Code::EmailNotCorporate,
        _ => Code::TargetRefused,
    }
}

/// The pause before attempt `attempt` + 1 (counting from 1), in a range that the caller picks from at random: half the
/// attempts of a crowd that was turned away together come back apart.
#[must_use]
pub fn back_off(attempt: u32) -> std::ops::Range<Duration> {
    let top = Duration::from_millis(100).saturating_mul(1 << attempt.min(7)).min(Duration::from_secs(10));
    top / 2..top
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Endpoint;
    use super::super::wire::{Create, CreateBody, Step};
    use super::*;

    fn request(kind: Kind) -> Request {
        let body = CreateBody { user_id: "u".into(), email: None, phone: None, name: None, password: None };
        match kind {
            Kind::Create => Create { endpoint: Endpoint::Bcrypt, body }.request(),
            Kind::Step(_) => Step::Disable.request("u"),
            Kind::Phone => Step::Phone("+4915112345678".into()).request("u"),
            Kind::Read => Request::read("u"),
            Kind::Delete => Request::delete("u"),
            Kind::SignIn => Request::sign_in("u@x.test", "a password"),
        }
    }

    fn answered(kind: Kind, status: u16, body: &str) -> Verdict {
        judge(&request(kind), Ok(&Answer::of(status, body.as_bytes().to_vec().into())))
    }

    fn appwrite(kind: Kind, status: u16, error_type: &str) -> Verdict {
        answered(kind, status, &format!(r#"{{"message":"m","code":{status},"type":"{error_type}"}}"#))
    }

    fn name(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Retry(trouble) => format!("retry {:?}", trouble.cause),
            Verdict::Unknown(trouble) => format!("unknown {:?}", trouble.cause),
            Verdict::Refused(_) => "refused".into(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Appwrite 1.6.2 to 1.9.6, each answer as observed.
    #[test]
    fn every_answer_of_appwrite_has_its_meaning() {
        use Kind::{Create, Delete, Phone, Read, SignIn, Step};
        for (kind, status, error_type, expected) in [
            (Create, 409, "user_already_exists", "alreadythere"),
            (Create, 409, "user_email_already_exists", "alreadythere"),
            (Phone, 409, "user_target_already_exists", "alreadythere"),
            (Phone, 409, "general_conflict", "refused"),
            (Step("status"), 409, "user_already_exists", "refused"),
            (Step("status"), 409, "general_resource_locked", "retry Overloaded"),
            (Create, 400, "general_argument_invalid", "refused"),
            (Create, 400, "password_personal_data", "refused"),
            (Create, 500, "general_unknown", "unknown ServerError"),
            (Step("status"), 500, "general_unknown", "unknown ServerError"),
            (Create, 429, "general_rate_limit_exceeded", "retry Throttled"),
            (Create, 503, "general_service_disabled", "retry Overloaded"),
            (Create, 503, "general_pwned_passwords_unavailable", "retry Overloaded"),
            (SignIn, 503, "general_pwned_passwords_unavailable", "retry Overloaded"),
            (SignIn, 412, "user_password_reset_required", "refused"),
            (Create, 504, "", "unknown Overloaded"),
            (Delete, 502, "", "retry Overloaded"),
            (Read, 404, "user_not_found", "gone"),
            (Step("status"), 404, "user_not_found", "unknown Foreign"),
            (Create, 400, "user_count_exceeded", "retry Full"),
            (Create, 501, "user_count_exceeded", "retry Full"),
            (Step("labels"), 402, "billing_limit_exceeded", "retry Full"),
            (Delete, 404, "user_not_found", "gone"),
            (Read, 404, "project_not_found", "retry Denied"),
            (Create, 404, "general_route_not_found", "retry Denied"),
            (Create, 401, "general_unauthorized_scope", "retry Denied"),
            (Create, 401, "user_unauthorized", "retry Denied"),
            (Create, 403, "project_id_missing", "retry Denied"),
            (Create, 401, "project_key_expired", "retry Denied"),
            (SignIn, 401, "user_invalid_credentials", "refused"),
            (SignIn, 403, "user_blocked", "refused"),
        ] {
            assert_eq!(name(&appwrite(kind, status, error_type)), expected, "{kind:?} {status} {error_type}");
        }
        assert_eq!(name(&judge(&request(Create), Err(&Lost::Unsent("refused".into())))), "retry Network");
        assert_eq!(name(&judge(&request(Create), Err(&Lost::Unanswered("reset".into())))), "unknown Network");
        assert_eq!(name(&judge(&request(Read), Err(&Lost::Unanswered("reset".into())))), "retry Network");
    }

    #[test]
    fn what_does_not_prove_itself_is_not_believed() {
        use Kind::{Create, Delete, Phone, Read, Step};
        let user = |change: serde_json::Value| {
            let mut user = json!({"$id": "u", "$createdAt": "2026-11-27T10:00:00.000+00:00", "status": true});
            if let (Some(user), serde_json::Value::Object(change)) = (user.as_object_mut(), change) {
                user.extend(change);
            }
            user.to_string()
        };
        for (kind, status, body, expected) in [
            (Create, 201, user(json!({})), "done"),
            (Create, 201, user(json!({"$id": "somebody"})), "unknown Foreign"),
            (Create, 201, "{}".into(), "unknown Foreign"),
            (Create, 200, r#"{"status":"blocked"}"#.into(), "unknown Foreign"),
            (Create, 200, "<html>please sign in".into(), "unknown Foreign"),
            (Create, 403, "<html>forbidden".into(), "unknown Foreign"),
            (Create, 404, "not found".into(), "unknown Foreign"),
            (Create, 413, "<html>too large".into(), "unknown Foreign"),
            (Create, 302, String::new(), "unknown Foreign"),
            (Step("status"), 200, user(json!({"status": false})), "done"),
            (Step("status"), 200, user(json!({})), "unknown Foreign"),
            (Step("status"), 200, r#"{"status":false}"#.into(), "unknown Foreign"),
            (Phone, 200, user(json!({"phone": "+4915112345678"})), "done"),
            (Phone, 200, user(json!({"phone": "+4915112345679"})), "unknown Foreign"),
            (Read, 200, user(json!({})), "done"),
            (Read, 200, user(json!({"$id": "U"})), "retry Foreign"),
            (Read, 404, String::new(), "retry Foreign"),
            (Delete, 204, String::new(), "done"),
            (Delete, 200, String::new(), "done"),
            (Delete, 200, "<html>".into(), "retry Foreign"),
        ] {
            assert_eq!(name(&answered(kind, status, &body)), expected, "{kind:?} {status} {body}");
        }
        let prefs = super::super::wire::Step::Prefs(serde_json::Map::from_iter([("a".to_owned(), json!({"0": "x"}))]))
            .request("u");
        let prefs = |body: &str| name(&judge(&prefs, Ok(&Answer::of(200, body.to_owned().into()))));
        assert_eq!(prefs(r#"{"a":["x"]}"#), "done");
        assert_eq!(prefs(r#"{"a":["y"]}"#), "unknown Foreign");
    }

    #[test]
    fn waiting_grows_and_stays_bounded() {
        let tops: Vec<_> = (1..12).map(|attempt| back_off(attempt).end.as_millis()).collect();
        assert_eq!(tops[..7], [200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert!(tops.iter().all(|top| *top <= 10_000));
    }
}
