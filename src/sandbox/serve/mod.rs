//! Serving: the way of a request from the listener to its handler and back: project, page, caller, scopes, parameters.

mod access_log;
mod intake;
mod routes;

pub use intake::Intake;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::appwrite::body;
use crate::listening::{self, Bounds};
use crate::sandbox::data::attempts::Standing;
use crate::sandbox::data::projects::Project;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::faults::pace::{Capacity, Latency, Limit, Place};
use crate::sandbox::faults::{Dice, Fault};
use crate::sandbox::http::answer::{Answer, Content};
use crate::sandbox::http::call::{Call, response_format};
use crate::sandbox::http::caller::{Caller, Role, key_holder, signed_in};
use crate::sandbox::http::origin::{Origin, host_of};
use crate::sandbox::state::State;
use crate::sandbox::traits::Traits;

/// The service: how requests are answered, and how fast and how well.
pub struct Service {
    /// Behaviour and data.
    pub state: Arc<State>,
    /// `--latency`
    pub latency: Option<Latency>,
    /// `--limit`
    pub limit: Option<Limit>,
    /// `--capacity`
    pub capacity: Option<Capacity>,
    /// `--faults`
    pub dice: Option<Dice>,
    /// `--access-log`
    pub access_log: bool,
    /// The room for bodies.
    pub intake: Intake,
}

/// What the sandbox puts up with.
const BOUNDS: Bounds = Bounds { head: Duration::from_secs(15), headers: 100, connections: 1024 };

/// Serves what comes to this listener, until told to stop.
pub fn spawn(service: Arc<Service>, listener: TcpListener, stop: oneshot::Receiver<()>) -> JoinHandle<()> {
    listening::spawn(listener, BOUNDS, stop, move |request, ip| Arc::clone(&service).serve(request, ip))
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
pub struct Hangup;

impl Service {
    /// Answers a request, or hangs up.
    pub async fn serve(self: Arc<Self>, request: Request<Incoming>, ip: IpAddr) -> Result<Response<Content>, Hangup> {
        let (parts, body) = request.into_parts();
        let mut line = self.access_log.then(|| access_log::Line::begin(ip, &parts));
        let answer = self.pace(parts, body, ip).await;
        if let Some(line) = &mut line {
            line.status = answer.as_ref().ok().map(Response::status);
        }
        answer
    }

    /// Faults, limits and delays around the answer.
    async fn pace(self: Arc<Self>, parts: Parts, body: Incoming, ip: IpAddr) -> Result<Response<Content>, Hangup> {
        let app = Arc::clone(&self);
        let fault = app.dice.as_ref().and_then(Dice::throw);
        // The time an answer takes anyway is part of its latency, not on top of it.
        let not_before = app.latency.map(|latency| tokio::time::Instant::now() + latency.sample());
        let in_flight = app.capacity.as_ref().map(Capacity::enter);
        let mut delay = in_flight.as_ref().map_or(Duration::ZERO, |(_, delay)| *delay);
        if let Some(Fault::Delay(more)) = fault {
            delay += more;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let place = app.limit.as_ref().map(Limit::take);
        let refused = place.is_some_and(|place| place.refused);
        let error = |error: ApiError| Answer::error(&error, &app.state.traits);
        let answer = match fault {
            Some(Fault::Reset) => return Err(Hangup),
            _ if refused => error(ApiError::rate_limited()),
            Some(Fault::RateLimit) => error(ApiError::rate_limited()),
            Some(Fault::RateLimitRetryAfter) => error(ApiError::rate_limited()).header(header::RETRY_AFTER, "1"),
            Some(Fault::ServerError) => error(ApiError::server_error()),
            Some(Fault::Unavailable) => error(ApiError::unavailable()),
            Some(Fault::PwnedUnavailable) if takes_password(&parts) => error(ApiError::pwned_unavailable()),
            Some(Fault::DropAfterCommit | Fault::Delay(_) | Fault::PwnedUnavailable) | None => {
                self.answer(parts, body, ip).await
            }
        };
        if let Some(moment) = not_before {
            // Tokio's timer and the system call it waits in both round up to whole milliseconds. Measured with one client,
            // every answer was that much late.
            tokio::time::sleep_until(moment - Duration::from_micros(1500)).await;
        }
        if fault == Some(Fault::DropAfterCommit) {
            return Err(Hangup);
        }
        let answer = match place {
            Some(place) => with_place(answer, place),
            None => answer,
        };
        Ok(answer.into_response())
    }

    async fn answer(&self, parts: Parts, body: Incoming, ip: IpAddr) -> Answer {
        let (traits, origin) = (self.state.traits, Origin::of(&parts.headers));
        if parts.method == Method::OPTIONS {
            return origin.preflight();
        }
        let tls = text(&parts.headers, "x-forwarded-proto") == Some("https");
        // Named in the body alone, a project's pages are not known until it is read.
        let project = self.project(&project_id(&parts)).ok();
        let hosts = project.as_ref().map(|project| project.settings().hosts.clone()).unwrap_or_default();
        let warning = newer_format(&parts.headers, &traits);
        let shows_fallback = parts.uri.path().starts_with("/v1/account");
        let answer = self.route(parts, body, &origin, ip, tls).await;
        let answer = origin.allow(answer, traits.local_origins, &hosts);
        let answer = match warning {
            Some(warning) => answer.header(HeaderName::from_static("x-appwrite-warning"), &warning),
            None => answer,
        };
        let fallback = HeaderName::from_static("x-debug-fallback");
        let answer = if shows_fallback { answer.fixed(fallback, HeaderValue::from_static("false")) } else { answer };
        let transport = HeaderValue::from_static("max-age=10886400");
        if tls { answer.fixed(header::STRICT_TRANSPORT_SECURITY, transport) } else { answer }
    }

    async fn route(&self, parts: Parts, body: Incoming, origin: &Origin, ip: IpAddr, tls: bool) -> Answer {
        let traits = self.state.traits;
        // HEAD is a GET whose body is not sent.
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let method = if reads { &Method::GET } else { &parts.method };
        let Some((route, path)) = routes::find(method, parts.uri.path(), &traits) else {
            return self.unknown_route(&parts);
        };
        let read = async {
            let parameters = if reads {
                body::form(parts.uri.query().unwrap_or_default())
            } else {
                let held = self.intake.receive(body, self.has_key(&parts)).await?;
                match body::read(content_type(&parts), &held.bytes) {
                    body::Body::Parameters(parameters) => parameters,
                    body::Body::Scalar if traits.scalar_body_fails => return Ok(None),
                    body::Body::Scalar => Map::new(),
                }
            };
            let (project, caller) = self.identify(&parts, &parameters, origin, route).await?;
            Ok(Some(Call {
                state: Arc::clone(&self.state),
                settings: project.settings(),
                project,
                caller,
                ip: client(&parts.headers).unwrap_or(ip),
                host: host(&parts.headers).to_owned(),
                tls,
                origin_host: origin.host().to_owned(),
                headers: parts.headers,
                path,
                parameters,
            }))
        };
        let call = match read.await {
            Ok(Some(call)) => call,
            Ok(None) => return Answer::bare_error(),
            Err(error) => return Answer::error(&error, &traits),
        };
        let Some(quota) = &route.quota else { return answered(route, call).await };
        let (what, state, project) = (quota.key(&call), Arc::clone(&call.state), call.project.number);
        let standing = state.attempts.take(project, &what, quota.limit, call.caller.is_server());
        let answer = if standing.exhausted {
            Answer::error(&ApiError::rate_limited(), &traits)
        } else {
            answered(route, call).await
        };
        if quota.success_resets && traits.abuse_counts_failures && answer.status() == StatusCode::CREATED {
            state.attempts.forget(project, &what);
        }
        with_standing(answer, standing)
    }

    /// What no route answers: a page, which says before anything else what is wrong with a key.
    fn unknown_route(&self, parts: &Parts) -> Answer {
        let traits = &self.state.traits;
        let project = self.project(&project_id(parts)).ok();
        let header = text(&parts.headers, "x-appwrite-project");
        match project.map(|project| key_holder(&parts.headers, &project, header, traits)) {
            Some(Err(error)) if traits.html_not_found => Answer::page(&error),
            _ => Answer::not_found(traits),
        }
    }

    fn project(&self, id: &str) -> ApiResult<Arc<Project>> {
        let projects = &self.state.projects;
        if id.is_empty() {
            return Ok(Arc::clone(projects.console()));
        }
        projects.get(id).cloned().ok_or_else(ApiError::project_not_found)
    }

    /// Whether the request brings a key of its project, as far as its head tells.
    fn has_key(&self, parts: &Parts) -> bool {
        let key = text(&parts.headers, "x-appwrite-key").unwrap_or_default();
        self.project(&project_id(parts)).is_ok_and(|project| project.scopes(key).is_some())
    }

    /// Finds project and caller, and checks that page and caller may use the route.
    async fn identify(
        &self,
        parts: &Parts,
        parameters: &Map<String, Value>,
        origin: &Origin,
        route: &routes::Route,
    ) -> ApiResult<(Arc<Project>, Caller)> {
        let traits = &self.state.traits;
        let mut id = project_id(parts);
        if id.is_empty() {
            parameters.get("project").and_then(Value::as_str).unwrap_or_default().clone_into(&mut id);
        }
        let project = self.project(&id)?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let has_key = text(&parts.headers, "x-appwrite-key").is_some_and(|key| !key.is_empty());
        if !has_key && (!reads || traits.origin_checked_on_reads) {
            origin.check(traits.local_origins, &project.settings().hosts)?;
        }
        let role = key_holder(&parts.headers, &project, text(&parts.headers, "x-appwrite-project"), traits)?;
        let user = signed_in(&self.state.store, &parts.headers, &project).await?;
        let role = match role {
            Some(role) => role,
            None if user.is_some() => Role::User,
            None => Role::Guest,
        };
        let mut caller = Caller { role, user };
        caller.require(route.access, &project, host(&parts.headers), traits)?;
        caller.fit(route.access, traits)?;
        caller.note_access(&self.state.store).await?;
        Ok((project, caller))
    }
}

async fn answered(route: &routes::Route, call: Call) -> Answer {
    let traits = *call.traits();
    (route.handler)(call).await.unwrap_or_else(|error| Answer::error(&error, &traits))
}

/// The project that the head names: in the header, else in the query.
fn project_id(parts: &Parts) -> String {
    let header = text(&parts.headers, "x-appwrite-project").map(str::to_owned);
    let query = || {
        let query = body::form(parts.uri.query()?);
        query.get("project").and_then(Value::as_str).map(str::to_owned)
    };
    header.or_else(query).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The host that the client meant: a proxy in front says it.
fn host(headers: &HeaderMap) -> &str {
    host_of(text(headers, "x-forwarded-host").or_else(|| text(headers, "host")).unwrap_or("localhost"))
}

/// The client behind proxies: the first of those that the header names.
fn client(headers: &HeaderMap) -> Option<IpAddr> {
    text(headers, "x-forwarded-for")?.split(',').next()?.trim().parse().ok()
}

fn with_standing(answer: Answer, standing: Standing) -> Answer {
    with_rate(answer, standing.limit, standing.remaining, standing.reset)
}

fn with_rate(answer: Answer, limit: u32, remaining: u32, reset: i64) -> Answer {
    answer
        .header(HeaderName::from_static("x-ratelimit-limit"), &limit.to_string())
        .header(HeaderName::from_static("x-ratelimit-remaining"), &remaining.to_string())
        .header(HeaderName::from_static("x-ratelimit-reset"), &reset.to_string())
}

/// Whether a sign-in or a new password may be in it.
fn takes_password(request: &Parts) -> bool {
    let path = request.uri.path();
    path.ends_with("/sessions/email") || path.ends_with("/password")
}

/// What a client is told that wants answers in the form of a newer version.
fn newer_format(headers: &HeaderMap, traits: &Traits) -> Option<String> {
    let (format, _) = response_format(headers).filter(|(_, version)| *version > traits.version)?;
    Some(format!(
        "The current SDK is built for Appwrite {format}. However, the current Appwrite server version is {}. Please \
         downgrade your SDK to match the Appwrite version: https://appwrite.io/docs/sdks",
        traits.version
    ))
}

fn content_type(parts: &Parts) -> &str {
    parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn with_place(answer: Answer, place: Place) -> Answer {
    let answer = with_rate(answer, place.limit, place.remaining, place.reset);
    if place.refused && place.retry_after { answer.header(header::RETRY_AFTER, "1") } else { answer }
}
