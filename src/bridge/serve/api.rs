//! What is asked of the Users API with the key, each with what came of it. A few tries within the time that somebody waits
//! for a sign-in; after that it is trouble, and nobody is told anything about a password.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Trouble, locked};
use crate::appwrite::ask::{Asking, Door, Outcome, Told, Tries};
use crate::appwrite::wire::{Request, User, limit};
use crate::appwrite::{Client, Clock};

/// How long one errand may take in all.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long it is believed that people can sign in by password, or not.
const FRESH: Duration = Duration::from_secs(5);
/// Tries of one request.
const TRIES: u32 = 3;

/// The target, with the key.
pub struct Api {
    client: Client,
    is_on: Mutex<Option<(Instant, bool)>>,
}

/// What came of setting a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// Appwrite has it.
    Done,
    /// It was sent, and the answer was lost: reading the user back shows.
    Perhaps,
    /// A policy of the project is against it, or its length: Appwrite's name for that.
    Policy(String),
    /// The user is not there any more.
    Gone,
}

/// One try after the other, and not for long.
struct Patient<'c> {
    client: &'c Client,
    until: Instant,
}

impl Door for Patient<'_> {
    type Stopped = Trouble;

    async fn send(&mut self, request: &Request) -> Result<Outcome, Trouble> {
        match timeout(self.until.saturating_duration_since(Instant::now()), self.client.send(request)).await {
            Ok(came) => Ok(Outcome::of(request, came)),
            Err(_) => Err(Trouble::new("the target does not answer in time")),
        }
    }

    async fn rest(&mut self, pause: Duration) -> Result<(), Trouble> {
        sleep(pause.min(Duration::from_millis(500))).await;
        Ok(())
    }

    async fn enough(&mut self, tries: &Tries) -> Result<bool, Trouble> {
        Ok(tries.count >= TRIES || Instant::now() >= self.until)
    }
}

impl Api {
    /// The target of this client.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client, is_on: Mutex::new(None) }
    }

    /// The target's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.client.target().clock
    }

    fn door(&self) -> Patient<'_> {
        Patient { client: &self.client, until: Instant::now() + PATIENCE }
    }

    /// The user; `None` for one who is not there.
    ///
    /// # Errors
    /// [`Trouble`] if that cannot be told, here and below.
    pub async fn user(&self, user_id: &str) -> Result<Option<User>, Trouble> {
        match Asking::new(&Request::read(user_id)).go(&mut self.door()).await? {
            Told::Done(answer) => answer.read().map(Some).ok_or_else(|| Trouble::new("no user was answered")),
            Told::Gone => Ok(None),
            other => Err(Trouble::of("reading the user", other)),
        }
    }

    /// Sets the password, exactly as it was typed.
    pub async fn set_password(&self, user_id: &str, password: &str) -> Result<Set, Trouble> {
        match Asking::new(&Request::set_password(user_id, password)).go(&mut self.door()).await? {
            Told::Done(_) => Ok(Set::Done),
            Told::Unknown => Ok(Set::Perhaps),
            Told::Gone => Ok(Set::Gone),
            Told::Refused { kind, .. } if is_policy(&kind) => Ok(Set::Policy(kind)),
            other => Err(Trouble::of("setting the password", other)),
        }
    }

    /// A secret for one session; `None` if the user is not there any more.
    pub async fn token(&self, user_id: &str) -> Result<Option<String>, Trouble> {
        let request = Request::token(user_id);
        let (mut asking, mut door) = (Asking::new(&request), self.door());
        loop {
            return match asking.go(&mut door).await? {
                Told::Done(answer) => {
                    let secret = answer.json().get("secret").and_then(|secret| secret.as_str()).map(str::to_owned);
                    secret.filter(|secret| !secret.is_empty()).map(Some).ok_or_else(|| Trouble::new("no token came"))
                }
                // One that was made and lost ends within a minute.
                Told::Unknown => continue,
                Told::Gone => Ok(None),
                other => Err(Trouble::of("making a token", other)),
            };
        }
    }

    /// What is wrong with the key, as far as the target says so: better told at the start than at the first sign-in.
    pub async fn key_trouble(&self) -> Option<Trouble> {
        for (request, scope) in [(Request::list(&[limit(1)]), "users.read"), (Request::probe_create(), "users.write")] {
            if let Ok(answer) = self.client.send(&request).await
                && matches!(answer.status, 401 | 403)
            {
                let text = format!("the target refuses the API key, or {scope} to it: nobody can be let in with that");
                return Some(Trouble::new(text));
            }
        }
        None
    }

    /// Whether people can sign in by e-mail and password at all: it can be switched off, for which the way by a token does not
    /// care.
    pub async fn sign_in_is_on(&self) -> Result<bool, Trouble> {
        if let Some((at, is_on)) = *locked(&self.is_on)
            && at.elapsed() < FRESH
        {
            return Ok(is_on);
        }
        let is_on = match Asking::new(&Request::stranger_sign_in()).go(&mut self.door()).await? {
            Told::Refused { kind, .. } if kind == "user_invalid_credentials" => true,
            Told::Refused { kind, .. } if kind == "user_auth_method_unsupported" => false,
            other => return Err(Trouble::of("trying whether sign-ins are served", other)),
        };
        *locked(&self.is_on) = Some((Instant::now(), is_on));
        Ok(is_on)
    }
}

/// Refusals that are about the password and not about the user or the request.
fn is_policy(kind: &str) -> bool {
    kind == "general_argument_invalid" || kind.starts_with("password_") || kind == "user_password_personal_data"
}

impl Trouble {
    fn of(what: &str, told: Told) -> Self {
        let text = match told {
            Told::GivenUp { text, .. } => text,
            Told::Refused { kind, text } => format!("{kind}: {text}"),
            Told::AlreadyThere | Told::Gone | Told::Unknown | Told::Done(_) => {
                "an answer that makes no sense".to_owned()
            }
        };
        Self::new(format!("{what}: {text}"))
    }
}
