//! The Users API over HTTP: what is sent, and what came back. Decides nothing: [`super::verdict`] does.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wire::Request;
use crate::error::RunError;
use crate::event::HTTP;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer: Appwrite's own workers give up after 15 to 60 seconds.
const ANSWER: Duration = Duration::from_secs(60);

/// Which project, with which key.
#[derive(Clone)]
pub struct Target {
    /// The API endpoint with `/v1`, without a slash at its end.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// The API key.
    pub key: String,
}

// The key must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// When the server wants to hear from us again: `Retry-After`, else `X-RateLimit-Reset`.
    pub retry_after: Option<Duration>,
}

/// The members of Appwrite's error body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    /// `user_already_exists`; empty if the answer is not Appwrite's.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub message: String,
}

impl Answer {
    /// 2xx
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as this; `None` if it is something else.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The error members; empty for bodies that have none.
    #[must_use]
    pub fn error(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// No answer. The text holds neither key nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The request never left: the server cannot have acted on it.
    Unsent(String),
    /// It may have arrived.
    Unanswered(String),
}

impl Lost {
    /// What the network said.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Unsent(text) | Self::Unanswered(text)) = self;
        text
    }
}

/// A client of one project. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    target: Target,
}

impl Client {
    /// A client that keeps up to `connections` connections open.
    ///
    /// # Errors
    /// [`RunError::usage`] for an endpoint that is no URL, and for a project or key that no header can carry.
    pub fn new(target: Target, connections: usize) -> Result<Self, RunError> {
        // A second installation fails, and the first one's provider stays: both are fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = Url::parse(&target.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .ok_or_else(|| RunError::usage(format!("`{}` is not an endpoint like https://host/v1", target.endpoint)))?;
        let mut headers = HeaderMap::new();
        headers.insert("x-appwrite-project", value(&target.project, "the project id")?);
        let mut key = value(&target.key, "the API key")?;
        key.set_sensitive(true);
        headers.insert(HeaderName::from_static("x-appwrite-key"), key);
        let http = builder(&url).default_headers(headers).pool_max_idle_per_host(connections).build();
        let http = http.map_err(|e| RunError::internal(describe(&e)))?;
        Ok(Self { http, target })
    }

    /// Which project.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`Lost`] if no whole answer came.
    pub async fn send(&self, request: &Request) -> Result<Answer, Lost> {
        let mut builder = self.http.request(request.method.clone(), self.url(&request.path));
        if !request.body.is_empty() {
            builder = builder.header("content-type", "application/json").body(request.body.clone());
        }
        answer(builder).await
    }

    /// Sends a create with an empty body, which a key that may write is told is incomplete.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn probe_write(&self) -> Result<Answer, Lost> {
        let builder = self.http.post(self.url("/users/bcrypt"));
        answer(builder.header("content-type", "application/json").body("{}")).await
    }

    /// Asks for the version: the one request that must not carry a key (Appwrite answers 401 to any).
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn version(&self) -> Result<Answer, Lost> {
        answer(self.stranger()?.get(self.url("/health/version"))).await
    }

    /// Signs in as nobody, without the key: the answer shows whether end users may sign in by e-mail and password.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn guest_sign_in(&self) -> Result<Answer, Lost> {
        let builder = self.stranger()?.post(self.url("/account/sessions/email"));
        let body = br#"{"email":"rehome-preflight@example.com","password":"nobody has this"}"#;
        answer(
            builder
                .header("x-appwrite-project", &self.target.project)
                .header("content-type", "application/json")
                .body(&body[..]),
        )
        .await
    }

    /// Signs in with the key (so that the attempts do not count against end users' limits), on a connection of its own
    /// and without cookies: with the cookie of an earlier session every sign-in is a 401.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Answer, Lost> {
        let builder = self.stranger()?.post(self.url("/account/sessions/email"));
        let body = json!({"email": email, "password": password}).to_string();
        let mut key = HeaderValue::from_str(&self.target.key).map_err(|_| Lost::Unsent("the key".into()))?;
        key.set_sensitive(true);
        answer(
            builder
                .header("x-appwrite-project", &self.target.project)
                .header("x-appwrite-key", key)
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    /// A client that shares neither headers nor connections.
    fn stranger(&self) -> Result<reqwest::Client, Lost> {
        let url = Url::parse(&self.target.endpoint).map_err(|e| Lost::Unsent(e.to_string()))?;
        builder(&url).build().map_err(|e| Lost::Unsent(describe(&e)))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.target.endpoint)
    }
}

/// What every client has in common: it follows nobody elsewhere, and asks no proxy for this machine.
fn builder(endpoint: &Url) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("rehome/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(endpoint) { builder.no_proxy() } else { builder }
}

async fn answer(builder: reqwest::RequestBuilder) -> Result<Answer, Lost> {
    let sent = Instant::now();
    let came = exchange(builder).await;
    let ms = (sent.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
    match &came {
        Ok(answer) => tracing::debug!(target: HTTP, status = answer.status, ms, "answered"),
        Err(lost) => tracing::debug!(target: HTTP, why = lost.text(), ms, "not answered"),
    }
    came
}

async fn exchange(builder: reqwest::RequestBuilder) -> Result<Answer, Lost> {
    let lost = |error: reqwest::Error| {
        let text = describe(&error);
        if error.is_connect() || error.is_builder() { Lost::Unsent(text) } else { Lost::Unanswered(text) }
    };
    let response = builder.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), jiff::Timestamp::now());
    let body = response.bytes().await.map_err(lost)?;
    Ok(Answer { status, body, retry_after })
}

fn value(text: &str, what: &str) -> Result<HeaderValue, RunError> {
    HeaderValue::from_str(text).map_err(|_| RunError::usage(format!("{what} has characters that no header can carry")))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The chain of causes, without the URL (reqwest writes it into every message).
fn describe(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { String::new() };
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if text.is_empty() { "the request could not be sent".to_owned() } else { text }
}

/// `Retry-After` in seconds or as a date; Appwrite sends none but `X-RateLimit-Reset`, a Unix time in seconds.
fn retry_after(headers: &HeaderMap, now: jiff::Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |moment: jiff::Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or_default();
    if let Some(after) = text("retry-after") {
        if let Ok(seconds) = after.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        if let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(after) {
            return Some(until(date));
        }
    }
    if text("x-ratelimit-remaining").is_some_and(|n| n != "0") {
        return None;
    }
    let reset = text("x-ratelimit-reset")?.parse::<i64>().ok()?;
    // Whole seconds: one that begins within a second says nothing about when this window ends.
    Some(until(jiff::Timestamp::from_second(reset).ok()?)).filter(|pause| *pause >= Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_out_of_debug_output() {
        let target = Target { endpoint: "http://x/v1".into(), project: "p".into(), key: "standard_secret".into() };
        assert!(!format!("{target:?}").contains("secret"));
    }

    #[test]
    fn both_ways_of_asking_for_a_pause_are_understood() {
        let now = "2026-11-21T12:00:00Z".parse::<jiff::Timestamp>().expect("a timestamp");
        let read = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"))
            });
            retry_after(&headers.collect(), now).map(|d| d.as_secs())
        };
        assert_eq!(read(&[("retry-after", "7")]), Some(7));
        assert_eq!(read(&[("retry-after", "Sat, 21 Nov 2026 12:00:30 GMT")]), Some(30));
        let reset = (now.as_second() + 12).to_string();
        assert_eq!(read(&[("x-ratelimit-reset", &reset)]), Some(12));
        assert_eq!(read(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", &reset)]), None);
        assert_eq!(read(&[("x-ratelimit-reset", "1000")]), None);
        assert_eq!(read(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn endpoints_that_are_none_are_refused() {
        for endpoint in ["", "localhost", "ftp://x/v1", "http://"] {
            let target = Target { endpoint: endpoint.into(), project: "p".into(), key: "k".into() };
            assert_eq!(Client::new(target, 1).map_err(|e| e.exit_code()).err(), Some(2), "{endpoint}");
        }
    }
}
