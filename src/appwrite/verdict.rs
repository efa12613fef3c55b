//! What an answer, or none, means for the request that was sent. Pure; every row of it was observed on a running server
//! or is a documented status of HTTP.

use std::time::Duration;

use super::client::{Answer, Lost};
use super::wire::Kind;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// It was not done; sending it again after a while may help.
    Retry(Trouble),
    /// It may have been done: read the user back before anything else.
    Ambiguous(Trouble),
    /// A 409: something of this user is there already. Reading back shows whose.
    AlreadyThere,
    /// The user is not there.
    Gone,
    /// The server will never do it; its own sentence.
    Refused(String),
    /// Nobody can be served: the sentence for the person.
    StopRun(String),
}

/// Why a request has to be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub cause: Cause,
    /// The pause that the server asked for.
    pub after: Option<Duration>,
    /// In words, without secrets.
    pub text: String,
}

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// 429: slower, please.
    Throttled,
    /// 408, 502, 503, 504 and 409 `general_resource_locked`: the server is busy, restarting, or behind something that is.
    Overloaded,
    /// 500. On a create it is usually a parameter the server chokes on, so it is repeated a few times only.
    ServerError,
    /// No answer.
    Network,
}

impl Cause {
    /// How often a request is sent at most before its user is given up. Only a circuit ends what nobody can do; these
    /// end what only this user cannot.
    #[must_use]
    pub const fn attempts(self) -> u32 {
        match self {
            // Being told to slow down says nothing about the user.
            Self::Throttled => u32::MAX,
            Self::Overloaded | Self::Network => 20,
            Self::ServerError => 6,
        }
    }
}

/// Judges what came back for a request.
#[must_use]
pub fn judge(kind: Kind, outcome: Result<&Answer, &Lost>) -> Verdict {
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
    let error = answer.error();
    let said = || {
        let mut text = if error.message.is_empty() { format!("HTTP {}", answer.status) } else { error.message.clone() };
        if let Some((cut, _)) = text.char_indices().nth(240) {
            text.truncate(cut);
        }
        text
    };
    let trouble = |cause| Trouble { cause, after: answer.retry_after, text: said() };
    match (answer.status, error.kind.as_str()) {
        // Something that is no Appwrite answers for it (a captive portal, a proxy's page): not what was asked for.
        (200..=299, _) if kind != Kind::Delete && !answer.body.starts_with(b"{") => {
            let text = format!("HTTP {} without a JSON body", answer.status);
            repeat(kind, Trouble { cause: Cause::Overloaded, after: None, text })
        }
        (200..=299, _) => Verdict::Done,

        (429, _) => Verdict::Retry(trouble(Cause::Throttled)),
        (409, "general_resource_locked") | (503, _) => Verdict::Retry(trouble(Cause::Overloaded)),
        // A gateway in between gave up; the server behind it may not have.
        (408 | 502 | 504..=599, _) => repeat(kind, trouble(Cause::Overloaded)),
        (409, _) => Verdict::AlreadyThere,

        (404, "project_not_found") => Verdict::StopRun("the target has no such project".into()),
        (404, "user_not_found") => Verdict::Gone,
        (404, "" | "general_route_not_found") => {
            Verdict::StopRun("the target has no Users API there; does the endpoint end in /v1?".into())
        }
        (401 | 403, "project_key_expired") => Verdict::StopRun("the API key has expired".into()),
        (401 | 403, "project_id_missing") => Verdict::StopRun("the API key does not belong to this project".into()),
        (401 | 403, _) => Verdict::StopRun(format!("the target refuses the API key: {}", said())),
        (301..=308, _) => Verdict::StopRun("the endpoint redirects elsewhere; give the address it points to".into()),

        (500, _) => repeat(kind, trouble(Cause::ServerError)),
        _ => Verdict::Refused(said()),
    }
}

/// A request that may have been carried out already.
fn repeat(kind: Kind, trouble: Trouble) -> Verdict {
    match kind {
        Kind::Create | Kind::Phone => Verdict::Ambiguous(trouble),
        Kind::Step | Kind::Read | Kind::Delete => Verdict::Retry(trouble),
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
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned().into(), retry_after: None }
    }

    fn appwrite(kind: Kind, status: u16, error_type: &str) -> Verdict {
        judge(kind, Ok(&answer(status, &format!(r#"{{"message":"m","code":{status},"type":"{error_type}"}}"#))))
    }

    fn name(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Retry(trouble) => format!("retry {:?}", trouble.cause),
            Verdict::Ambiguous(trouble) => format!("ambiguous {:?}", trouble.cause),
            Verdict::Refused(_) => "refused".into(),
            Verdict::StopRun(_) => "stop".into(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Appwrite 1.6.2 to 1.9.6, each answer as observed.
    #[test]
    fn every_answer_has_its_meaning() {
        use Kind::{Create, Delete, Phone, Read, Step};
        for (kind, status, error_type, expected) in [
            (Create, 409, "user_already_exists", "alreadythere"),
            (Create, 409, "user_email_already_exists", "alreadythere"),
            (Phone, 409, "user_target_already_exists", "alreadythere"),
            (Step, 409, "general_resource_locked", "retry Overloaded"),
            (Create, 400, "general_argument_invalid", "refused"),
            (Create, 400, "user_password_personal_data", "refused"),
            (Create, 500, "general_unknown", "ambiguous ServerError"),
            (Step, 500, "general_unknown", "retry ServerError"),
            (Create, 429, "general_rate_limit_exceeded", "retry Throttled"),
            (Create, 503, "general_service_disabled", "retry Overloaded"),
            (Create, 504, "", "ambiguous Overloaded"),
            (Delete, 502, "", "retry Overloaded"),
            (Read, 404, "user_not_found", "gone"),
            (Read, 404, "project_not_found", "stop"),
            (Read, 404, "", "stop"),
            (Create, 401, "general_unauthorized_scope", "stop"),
            (Create, 401, "user_unauthorized", "stop"),
            (Create, 403, "project_id_missing", "stop"),
            (Create, 401, "project_key_expired", "stop"),
        ] {
            assert_eq!(name(&appwrite(kind, status, error_type)), expected, "{kind:?} {status} {error_type}");
        }
        assert_eq!(judge(Create, Ok(&answer(201, "{}"))), Verdict::Done);
        assert_eq!(judge(Delete, Ok(&answer(204, ""))), Verdict::Done);
        assert_eq!(name(&judge(Create, Ok(&answer(200, "<html>please sign in")))), "ambiguous Overloaded");
        assert_eq!(name(&judge(Create, Err(&Lost::Unsent("refused".into())))), "retry Network");
        assert_eq!(name(&judge(Create, Err(&Lost::Unanswered("reset".into())))), "ambiguous Network");
        assert_eq!(name(&judge(Read, Err(&Lost::Unanswered("reset".into())))), "retry Network");
    }

    #[test]
    fn waiting_grows_and_stays_bounded() {
        let tops: Vec<_> = (1..12).map(|attempt| back_off(attempt).end.as_millis()).collect();
        assert_eq!(tops[..7], [200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert!(tops.iter().all(|top| *top <= 10_000));
    }
}
