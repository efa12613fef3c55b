//! What can be known of the target before the first user is sent: whether it is there, whether it lets us, and what it
//! refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::addresses::EmailPolicies;
use super::answer::{Answer, Lost};
use super::ask::{Asking, Door, Outcome, Told, Tries};
use super::client::{Client, Target};
use super::rules;
use super::verdict::Cause;
use super::version::Version;
use super::wire::proof::Proof;
use super::wire::{Request, limit};
use crate::code::Code;
use crate::error::RunError;

/// Values a query may hold on every version.
pub(super) const VALUES: usize = 100;
/// Characters a query may have, by the documentation.
const QUERY_CHARACTERS: usize = 4000;
/// Tries of a probe that is turned away for a while.
const TRIES: u32 = 8;

/// The target as it was found before an import: its version, who is there, what it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The server's version.
    pub version: Version,
    /// Which addresses the project refuses, as far as the key may see it.
    pub emails: EmailPolicies,
    /// What a person should look at before a large run.
    pub warnings: Vec<String>,
}

/// Asks the target everything that would fail every user.
///
/// # Errors
/// [`RunError::target`], with a sentence of its own for each of: unreachable, no Appwrite, a version too old, project,
/// key, `users.read`, `users.write`.
pub async fn preflight(client: &Client) -> Result<Preflight, RunError> {
    let Target { endpoint, project, warnings, .. } = client.target();
    let (version, newer) = version(client).await?;

    let first = Request::list(&[limit(1)]);
    let list = patiently(client, &first).await?;
    may(&list, "users.read", project)?;
    let write = patiently(client, &Request::probe_create()).await?;
    if write.status != 400 {
        may(&write, "users.write", project)?;
        return Err(RunError::target(format!(
            "{endpoint} answers HTTP {} to an empty create; that is no Appwrite as rehome knows it",
            write.status
        )));
    }

    let mut warnings = warnings.clone();
    warnings.extend(newer);
    if let Ok(answer) = client.send(&Request::guest_sign_in()).await
        && answer.status == 501
    {
        warnings.push(
            "sign-in by e-mail and password is disabled in this project: nobody can use an imported password until it is \
             enabled (console: Auth, Settings)"
                .into(),
        );
    }
    let mut emails = EmailPolicies::default();
    warnings.extend(policies(client, version, &mut emails).await);
    Ok(Preflight { version, emails, warnings })
}

/// Asks which of these calling codes the server refuses: by changing the number of nobody, which is a 400 where the number is
/// refused and a 404 where only the user is missing. A version does not tell: a main of 2026 that calls itself 1.9.6 refuses
/// what 1.9.6 takes. What the server says nothing of is as its version has it.
///
/// # Errors
/// [`RunError::target`]
pub async fn refused_codes(
    client: &Client,
    version: Version,
    codes: &BTreeSet<u16>,
) -> Result<BTreeSet<u16>, RunError> {
    let mut refused: BTreeSet<u16> =
        codes.iter().copied().filter(|code| rules::refused_calling_codes(version.profile()).contains(code)).collect();
    for code in codes {
        let request = Request::patch("/users/rehome-nobody/phone", &json!({ "number": format!("+{code}5551234") }));
        match patiently(client, &request).await?.status {
            400 => refused.insert(*code),
            404 => refused.remove(code),
            // A server that says nothing of one number says nothing of the others either.
            _ => break,
        };
    }
    Ok(refused)
}

/// What the project's policies would do to users who are imported, as far as the key may see them.
async fn policies(client: &Client, version: Version, emails: &mut EmailPolicies) -> Vec<String> {
    const HOOKS: &str = "disable webhooks and functions on users.* before a large run: each create sends them the hash";
    let policy = async |name: &str| -> Option<Value> {
        let request = Request::get(format!("/project/policies/{name}"), Proof::Member("$id"));
        let answer = client.send(&request).await.ok()?;
        answer.is_success().then(|| answer.json())
    };
    let enabled = |policy: &Option<Value>| policy.as_ref().is_some_and(|policy| policy["enabled"] == true);
    let personal = policy("password-personal-data").await;
    let Some(personal) = personal else {
        return vec![
            "a key without policies.read cannot see two settings; look at them in the console before a large run: switch off \
             Auth, Security, Personal data (it is applied to hashes and refuses some), and disable webhooks and functions on \
             users.* (each create sends them the hash)"
                .into(),
        ];
    };
    let mut found = vec![HOOKS.to_owned()];
    if enabled(&Some(personal)) {
        found.push(
            "the policy on personal data is on: it is applied to hashes and refuses some (password_personal_data); switch it off \
             until the import is done (console: Auth, Security)"
                .into(),
        );
    }
    if version.profile().email_policies {
        for (name, is_on, code) in [
            ("deny-free-email", &mut emails.free, Code::EmailFree),
            ("deny-disposable-email", &mut emails.disposable, Code::EmailDisposable),
            ("deny-aliased-email", &mut emails.aliased, Code::EmailAliased),
            ("deny-corporate-email", &mut emails.not_corporate, Code::EmailNotCorporate),
        ] {
            if enabled(&policy(name).await) {
                *is_on = true;
                found.push(format!("{}, and with them users who have one: {}", code.title(), code.remedy()));
            }
        }
    }
    if version.profile().pwned_policy
        && let Some(pwned) = policy("password-pwned").await
        && pwned["enabled"] == true
        && pwned["sessions"] == true
    {
        found.push(
            "users whose password is known from a breach must set a new one at their first sign-in (password-pwned)"
                .into(),
        );
    }
    if let Some(rotation) = policy("password-rotation").await.filter(|policy| policy["enabled"] == true) {
        let days = rotation["maxAge"].as_f64().unwrap_or_default() / 86_400.0;
        found.push(format!(
            "everybody imported today has to set a new password on the same day, in {days:.0} days (password-rotation)"
        ));
    }
    found
}

/// The version, and what is to be said where the table does not know it.
async fn version(client: &Client) -> Result<(Version, Option<String>), RunError> {
    let endpoint = &client.target().endpoint;
    let answer = patiently(client, &Request::version()).await?;
    let text = answer.json().get("version").and_then(Value::as_str).map(str::to_owned);
    let Some(text) = text.filter(|_| answer.is_success()) else {
        let what =
            format!("{endpoint} answers HTTP {} to {endpoint}/health/version, not as Appwrite does", answer.status);
        return Err(RunError::target(what).remedy(if answer.is_compressed() {
            "the answer is compressed although nobody asked for that: something in between does it"
        } else {
            "does the endpoint end in /v1?"
        }));
    };
    let newest = Version::NEWEST;
    let Ok(version) = text.parse::<Version>() else {
        let text: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        return Ok((
            newest,
            Some(format!("{endpoint} calls itself `{text}`, which is no version; it is treated as {newest}")),
        ));
    };
    if version.profile().json_queries {
        let row = newest.profile().name;
        let newer = format!(
            "{endpoint} is Appwrite {version}, newer than {newest}, the newest that rehome knows; it is treated as {row}"
        );
        Ok((version, version.is_beyond_the_table().then_some(newer)))
    } else {
        Err(RunError::target(format!(
            "{endpoint} is Appwrite {version}; rehome sends to 1.5 and newer, because older ones cannot be read back the same way"
        ))
        .remedy("update it first (`check` and `plan` know 1.4)"))
    }
}

/// Repeats a probe while the target is only busy, and gives its last answer, whatever it says.
async fn patiently(client: &Client, request: &Request) -> Result<Answer, RunError> {
    let mut door = Patient { client, last: None, unsent: false };
    let mut asking = Asking::new(request);
    let endpoint = &client.target().endpoint;
    let unreachable = |text: &str| RunError::target(format!("cannot reach {endpoint}: {text}"));
    loop {
        return match asking.go(&mut door).await? {
            Told::Unknown => continue,
            Told::GivenUp { text, .. } => match door.last.take() {
                Some(answer) if matches!(asking.cause(), Some(Cause::Foreign | Cause::Denied | Cause::Full)) => {
                    Ok(answer)
                }
                Some(_) => Err(RunError::target(format!("{endpoint} answers, and does not serve: {text}"))),
                None => Err(unreachable(&text)),
            },
            Told::Done(answer) => Ok(answer),
            Told::AlreadyThere | Told::Gone | Told::Refused { .. } => {
                door.last.take().ok_or_else(|| unreachable("no answer"))
            }
        };
    }
}

/// Asks without a run: a few times, and whatever is not the target being busy is an answer.
struct Patient<'c> {
    client: &'c Client,
    last: Option<Answer>,
    /// The last request never left.
    unsent: bool,
}

impl Door for Patient<'_> {
    type Stopped = RunError;

    async fn send(&mut self, request: &Request) -> Result<Outcome, RunError> {
        let came = self.client.send(request).await;
        self.unsent = matches!(came, Err(Lost::Unsent(_)));
        let outcome = Outcome::of(request, came);
        self.last.clone_from(&outcome.answer);
        Ok(outcome)
    }

    async fn rest(&mut self, pause: Duration) -> Result<(), RunError> {
        let asked = self.last.as_ref().and_then(|answer| answer.retry_after).unwrap_or(pause);
        tokio::time::sleep(asked.min(Duration::from_secs(30))).await;
        Ok(())
    }

    async fn enough(&mut self, tries: &Tries) -> Result<bool, RunError> {
        Ok(match tries.trouble.cause {
            Cause::Foreign | Cause::Denied | Cause::Full => true,
            // Nobody listens there: that does not change within a second.
            Cause::Network if self.unsent => tries.count >= 3,
            _ => tries.count >= TRIES,
        })
    }
}

fn may(answer: &Answer, scope: &str, project: &str) -> Result<(), RunError> {
    let error = &answer.said;
    let text = match (answer.status, error.kind.as_str()) {
        (200..=299, _) => return Ok(()),
        (404, "project_not_found") => format!("the target has no project `{project}`"),
        (_, "project_key_expired") => "the API key has expired; make a new one in the console".into(),
        (_, "project_id_missing") => format!("the API key does not belong to project `{project}`"),
        // Every version names the role of a key that is good and may not do this.
        (401 | 403, "general_unauthorized_scope") if error.message.contains("applications") => {
            format!("the API key lacks the scope {scope}; give it users.read and users.write in the console")
        }
        (401 | 403, _) => format!("the target does not know this API key for project `{project}`: {}", error.message),
        (status, _) => format!("the target answers HTTP {status} where {scope} is tested: {}", error.message),
    };
    Err(RunError::target(text))
}

/// The users a list query gives.
///
/// # Errors
/// [`RunError::target`]
pub async fn users(client: &Client, queries: &[Value]) -> Result<Vec<Value>, RunError> {
    let request = Request::list(queries);
    let answer = patiently(client, &request).await?;
    may(&answer, "users.read", &client.target().project)?;
    match answer.json().get_mut("users").map(Value::take) {
        Some(Value::Array(users)) => Ok(users),
        _ => Err(RunError::target("the target answers a list of users with something else")),
    }
}

/// Cuts a list so that each part fits into one query.
pub fn chunks<T>(items: &[T], len: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut characters = 0;
        let fits = rest.iter().take(VALUES).take_while(|item| {
            characters += len(item) + 3;
            characters <= QUERY_CHARACTERS
        });
        let n = fits.count().max(1).min(rest.len());
        let (chunk, after) = rest.split_at(n);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// The same, of a list that is used up.
pub fn in_chunks<T>(items: Vec<T>, len: impl Fn(&T) -> usize) -> impl Iterator<Item = Vec<T>> {
    let sizes: Vec<usize> = chunks(&items, len).map(<[T]>::len).collect();
    let mut items = items.into_iter();
    sizes.into_iter().map(move |size| items.by_ref().take(size).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_own_sentence() {
        let says = |status: u16, error_type: &str, message: &str| {
            let body = serde_json::json!({"type": error_type, "message": message}).to_string();
            let answer = Answer::of(status, body.into());
            may(&answer, "users.write", "shop").map_err(|e| e.to_string()).err().unwrap_or_default()
        };
        let scope = "general_unauthorized_scope";
        assert!(says(404, "project_not_found", "").contains("no project `shop`"));
        // 1.9.6, 1.8, and 1.6–1.7 each spell the missing scope differently.
        for message in [
            r#"app.shop@service.x (role: applications) missing scopes (["users.write"])"#,
            "app.shop@service.x (role: applications) missing scope (users.write)",
        ] {
            assert!(says(401, scope, message).contains("lacks the scope users.write"));
        }
        assert!(says(401, scope, "User (role: guests) missing scopes").contains("does not know this API key"));
        assert!(says(401, "user_unauthorized", "").contains("does not know this API key"));
        assert!(says(401, "project_key_expired", "").contains("expired"));
        assert_eq!(says(200, "", ""), "");
    }

    #[test]
    fn queries_stay_within_their_limits() {
        let long: Vec<String> = (0..250).map(|i| format!("{i:0>60}@example.com")).collect();
        let parts: Vec<usize> = chunks(&long, String::len).map(<[_]>::len).collect();
        assert_eq!(parts.iter().sum::<usize>(), 250);
        assert!(parts.iter().all(|n| *n <= 100 && n * 75 <= QUERY_CHARACTERS));
        let short: Vec<String> = (0..250).map(|i| i.to_string()).collect();
        assert_eq!(chunks(&short, String::len).map(<[_]>::len).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(chunks(&Vec::<String>::new(), String::len).count(), 0);
        let whole: Vec<String> = in_chunks(long.clone(), String::len).flatten().collect();
        assert_eq!(whole, long);
    }
}
