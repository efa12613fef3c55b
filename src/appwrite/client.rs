//! The Users API over HTTP: what is sent, and what came back. Decides nothing: [`super::verdict`] does.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Url};

use super::answer::{Answer, Lost};
use super::authorities;
use super::clock::Clock;
use super::said::{self, ErrorBody};
use super::wire::request::As;
use super::wire::{Kind, Request};
use crate::error::RunError;
use crate::event::HTTP;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer: Appwrite's own workers give up after 15 to 60 seconds.
const ANSWER: Duration = Duration::from_secs(60);

/// Which project, with which key, and by which clock.
#[derive(Clone)]
pub struct Target {
    /// The API endpoint with `/v1`, without a slash at its end.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// The API key.
    pub key: String,
    /// The server's time, for everybody who speaks to it.
    pub clock: Clock,
    /// Authorities that are believed besides the system's.
    pub authorities: Vec<reqwest::Certificate>,
    /// What a person should know of how it is spoken to.
    pub warnings: Vec<String>,
}

impl Target {
    /// A target that nobody has spoken to yet.
    #[must_use]
    pub fn new(endpoint: impl Into<String>, project: impl Into<String>, key: impl Into<String>) -> Self {
        let endpoint = endpoint.into();
        let warnings = open_to_all(&endpoint).into_iter().collect();
        let (project, key) = (project.into(), key.into());
        Self { endpoint, project, key, clock: Clock::default(), authorities: Vec::new(), warnings }
    }
}

/// Checks that this is an endpoint like `https://host/v1`. Never repeats it: it may hold a password.
///
/// # Errors
/// [`RunError::usage`] for what is no URL of a server, and for one that holds credentials.
pub fn endpoint_url(endpoint: &str) -> Result<Url, RunError> {
    let url = Url::parse(endpoint).ok();
    if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        return Err(RunError::usage(
            "the endpoint holds a user name or password, which would stand in the report and the ledger",
        )
        .remedy("leave them out (the API key goes into APPWRITE_API_KEY or --key-file)"));
    }
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| RunError::usage(format!("`{endpoint}` is not an endpoint like https://host/v1")))
}

/// A warning about what would travel for all to read.
fn open_to_all(endpoint: &str) -> Option<String> {
    let url = Url::parse(endpoint).ok().filter(|url| url.scheme() == "http" && !is_loopback(url))?;
    let host = url.host_str().unwrap_or_default();
    Some(format!(
        "the key and every hash travel unencrypted to {host}: use https, or a tunnel that ends on this machine"
    ))
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

/// A client of one project. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    target: Target,
    /// The endpoint, parsed once for all requests.
    url: Url,
    /// Where people sign in, if that is not at the endpoint.
    door: Option<Url>,
    #[cfg(test)]
    script: Option<std::sync::Arc<Script>>,
}

#[cfg(test)]
type Script = dyn Fn(&Request) -> Result<Answer, Lost> + Send + Sync;

impl Client {
    /// A client that keeps up to `connections` connections open.
    ///
    /// # Errors
    /// [`RunError::usage`] for an endpoint that is no URL, and for a project or key that no header can carry.
    pub fn new(mut target: Target, connections: usize) -> Result<Self, RunError> {
        // A second installation fails, and the first one's provider stays: both are fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = endpoint_url(&target.endpoint)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-appwrite-project", value(&target.project, "the project id")?);
        let mut key = value(&target.key, "the API key")?;
        key.set_sensitive(true);
        headers.insert(HeaderName::from_static("x-appwrite-key"), key);
        let build = || builder(&url).default_headers(headers.clone()).pool_max_idle_per_host(connections);
        let (http, built_in) = authorities::build(build, needs_tls(&url), &target.authorities)
            .map_err(|e| RunError::usage(format!("no client can be made for this endpoint: {}", describe(&e))))?;
        if built_in && url.scheme() == "https" {
            target.warnings.push(authorities::BUILT_IN.to_owned());
        }
        Ok(Self {
            http,
            target,
            url,
            door: None,
            #[cfg(test)]
            script: None,
        })
    }

    /// The same, signing in at another endpoint, as an app does: without the key.
    ///
    /// # Errors
    /// [`RunError::usage`] for what is no URL of a server.
    pub fn through(mut self, door: &str) -> Result<Self, RunError> {
        let mut door = endpoint_url(door)?;
        if door.path() == "/" {
            door.set_path("/v1");
        }
        self.door = Some(door);
        Ok(self)
    }

    /// The endpoint, project and key that requests go out with.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`Lost`] if no whole answer came.
    pub async fn send(&self, request: &Request) -> Result<Answer, Lost> {
        #[cfg(test)]
        if let Some(script) = &self.script {
            return script(request);
        }
        let (endpoint, sender) = match &self.door {
            Some(door) if request.kind == Kind::SignIn => (door, As::Guest),
            _ => (&self.url, request.sender),
        };
        let stranger;
        let http = if sender == As::Key {
            &self.http
        } else {
            stranger = self.stranger(endpoint)?;
            &stranger
        };
        let mut builder = http.request(request.method.clone(), under(endpoint, &request.path));
        if matches!(sender, As::Guest | As::Visitor) {
            builder = builder.header("x-appwrite-project", &self.target.project);
        }
        if sender == As::Visitor {
            let mut key = HeaderValue::from_str(&self.target.key).map_err(|_| Lost::Unsent("the key".into()))?;
            key.set_sensitive(true);
            builder = builder.header("x-appwrite-key", key);
        }
        if !request.body.is_empty() {
            builder = builder.header("content-type", "application/json").body(request.body.clone());
        }
        let sent = Instant::now();
        let came = self.answer(builder, request).await;
        let ms = (sent.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
        match &came {
            Ok(answer) => tracing::debug!(target: HTTP, status = answer.status, ms, "answered"),
            Err(lost) => tracing::debug!(target: HTTP, why = lost.text(), ms, "not answered"),
        }
        came
    }

    async fn answer(&self, builder: reqwest::RequestBuilder, request: &Request) -> Result<Answer, Lost> {
        let lost = |error: reqwest::Error| {
            let text = describe(&error);
            if error.is_connect() || error.is_builder() { Lost::Unsent(text) } else { Lost::Unanswered(text) }
        };
        let sent = Instant::now();
        let response = builder.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let date = response.headers().get("date").and_then(|date| http_date(date.to_str().ok()?));
        if let Some(date) = date {
            self.target.clock.saw_date(sent, date.as_second());
        }
        // Who says until when says by the same clock what time it is.
        let now = date.or_else(|| jiff::Timestamp::from_millisecond(self.target.clock.now()).ok());
        let retry_after = retry_after(response.headers(), now.unwrap_or_default());
        let body = whole(response, request.longest_answer(), lost).await?;
        let success = (200..300).contains(&status);
        let said = if success { ErrorBody::default() } else { said::error(&body, &request.body, &self.target.key) };
        let answer = Answer::new(status, body, retry_after, said);
        if request.kind == Kind::Create
            && status == 201
            && request.proof.holds(&answer)
            && let Some(at) = answer.user().and_then(|user| user.created_at)
        {
            self.target.clock.saw_stamp(sent, at);
        }
        Ok(answer)
    }

    /// A client that shares neither headers nor connections.
    fn stranger(&self, endpoint: &Url) -> Result<reqwest::Client, Lost> {
        let built = authorities::build(|| builder(endpoint), needs_tls(endpoint), &self.target.authorities);
        built.map(|(client, _)| client).map_err(|e| Lost::Unsent(describe(&e)))
    }

    /// Whether the server is a function.
    #[cfg(test)]
    pub(crate) fn is_scripted(&self) -> bool {
        self.script.is_some()
    }

    /// A client of a server that is a function.
    #[cfg(test)]
    pub(crate) fn scripted(
        target: Target,
        script: impl Fn(&Request) -> Result<Answer, Lost> + Send + Sync + 'static,
    ) -> Self {
        let mut client = Self::new(target, 1).expect("an endpoint");
        client.script = Some(std::sync::Arc::new(script));
        client
    }
}

/// The URL of a route with its query.
fn under(endpoint: &Url, route: &str) -> Url {
    let (path, query) = route.split_once('?').map_or((route, None), |(path, query)| (path, Some(query)));
    let mut url = endpoint.clone();
    url.set_path(&[endpoint.path().trim_end_matches('/'), path].concat());
    url.set_query(query);
    url
}

/// The body, unless it is longer than anything that can have been asked for.
async fn whole(
    mut response: reqwest::Response,
    longest: usize,
    lost: impl Fn(reqwest::Error) -> Lost,
) -> Result<Bytes, Lost> {
    let too_long = || Lost::Unanswered(format!("the answer is longer than {} MB and was not read on", longest >> 20));
    if response.content_length().is_some_and(|length| length > longest as u64) {
        return Err(too_long());
    }
    // Most come in one piece, which is not copied.
    let Some(first) = response.chunk().await.map_err(&lost)? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await.map_err(&lost)? else { return Ok(first) };
    let mut body = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > longest {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await.map_err(&lost)?;
    }
    Ok(body.freeze())
}

/// A client that passes on what others say: it adds no header of its own and never gives up on a stream. An answer is waited
/// for as long as whoever asked waits.
///
/// # Errors
/// [`RunError::usage`] if no client can be made for this server.
pub fn passer(server: &Url, added: &[reqwest::Certificate]) -> Result<reqwest::Client, RunError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let build = || {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // Shorter than any server keeps an idle connection: what is sent on one that is just closed is lost.
            .pool_idle_timeout(Duration::from_secs(4))
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(server) { builder.no_proxy() } else { builder }
    };
    authorities::build(build, needs_tls(server), added)
        .map(|(client, _)| client)
        .map_err(|e| RunError::usage(format!("no client can be made for this server: {}", describe(&e))))
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

/// A client for what is no Appwrite, without headers of its own, that believes these authorities besides the system's.
///
/// # Errors
/// [`RunError::usage`] where none can be made.
pub(crate) fn plain(endpoint: &Url, added: &[Certificate]) -> Result<reqwest::Client, RunError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = authorities::build(|| builder(endpoint), needs_tls(endpoint), added);
    built.map(|(client, _)| client).map_err(|e| RunError::usage(format!("no client can be made: {}", describe(&e))))
}

/// Whether a certificate may have to be believed: the server's, or that of a proxy before it.
fn needs_tls(endpoint: &Url) -> bool {
    endpoint.scheme() == "https" || !is_loopback(endpoint)
}

fn value(text: &str, what: &str) -> Result<HeaderValue, RunError> {
    HeaderValue::from_str(text).map_err(|_| RunError::usage(format!("{what} has characters that no header can carry")))
}

/// Whether what is sent to this endpoint never leaves this machine.
#[must_use]
pub fn stays_on_this_machine(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The chain of causes, without the URL (reqwest writes it into every message).
#[must_use]
pub fn describe(error: &reqwest::Error) -> String {
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

/// A date as HTTP writes it.
fn http_date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// `Retry-After` in seconds or as a date; Appwrite sends none but `X-RateLimit-Reset`, a Unix time in seconds.
fn retry_after(headers: &HeaderMap, now: jiff::Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |moment: jiff::Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or_default();
    if let Some(after) = text("retry-after") {
        if let Ok(seconds) = after.parse::<f64>() {
            // More than can be told is a long time all the same.
            return Some(Duration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).unwrap_or_default());
        }
        if let Some(date) = http_date(after) {
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
        let target = Target::new("http://x/v1", "p", "standard_secret");
        assert!(!format!("{target:?}").contains("secret"));
    }

    #[test]
    fn a_route_is_written_as_if_its_url_had_been_parsed() {
        for endpoint in ["https://example.com/v1", "http://127.0.0.1:8080/v1", "https://example.com/a/v1/"] {
            let root = Url::parse(endpoint).expect("a URL");
            for route in ["/users/u1", "/users?queries%5B0%5D=%7B%22a%22%3A1%7D&total=false", "/users/a%2Fb/prefs"] {
                let parsed = Url::parse(&format!("{}{route}", endpoint.trim_end_matches('/'))).expect("a URL");
                assert_eq!(under(&root, route), parsed);
            }
        }
    }

    #[test]
    fn what_travels_for_all_to_read_is_warned_of() {
        let warned = |endpoint: &str| !Target::new(endpoint, "p", "k").warnings.is_empty();
        assert!(warned("http://appwrite.example.com/v1") && warned("http://10.0.0.1/v1"));
        assert!(
            !warned("https://appwrite.example.com/v1") && !warned("http://127.0.0.1/v1") && !warned("http://[::1]/v1")
        );
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
        for endpoint in
            ["", "localhost", "ftp://x/v1", "http://", "https://somebody:word@x/v1", "https://somebody@x/v1"]
        {
            let error = Client::new(Target::new(endpoint, "p", "k"), 1).err().expect("refused");
            assert_eq!(error.exit_code(), 2, "{endpoint}");
            assert!(!error.to_string().contains("word@") && !error.to_string().contains("somebody"), "{error}");
        }
    }
}
