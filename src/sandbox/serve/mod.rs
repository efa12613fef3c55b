//! Serving: the way of a request from the listener to its handler and back: route, project, caller, scopes, parameters.

mod access_log;
mod cors;
mod routes;
mod server;

pub use server::spawn;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response};
use serde_json::{Map, Value};

use crate::sandbox::data::projects::Project;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::faults::pace::{Capacity, Latency, Limit, Place};
use crate::sandbox::faults::{Dice, Fault};
use crate::sandbox::http::answer::{Answer, Content};
use crate::sandbox::http::body;
use crate::sandbox::http::call::{Call, response_format};
use crate::sandbox::http::caller::{Access, Caller, key_holder, session_holder};
use crate::sandbox::state::State;
use crate::sandbox::traits::Traits;

/// The largest body, in bytes; Appwrite's limit is about this.
const MAX_BODY: usize = 12 * 1024 * 1024;

/// How much of a body is read at most: a client that sends more is cut off.
const MAX_READ: usize = 8 * MAX_BODY;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

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
        let origin = cors::Origin::of(&parts.headers);
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
            Some(Fault::DropAfterCommit | Fault::Delay(_)) | None => self.answer(parts, body, ip).await,
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
        Ok(origin.allow(answer).into_response())
    }

    async fn answer(self: Arc<Self>, parts: Parts, body: Incoming, ip: IpAddr) -> Answer {
        if parts.method == Method::OPTIONS {
            return Answer::no_content();
        }
        let traits = self.state.traits;
        // HEAD is a GET whose body is not sent.
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let method = if reads { &Method::GET } else { &parts.method };
        let Some((route, path)) = routes::find(method, parts.uri.path(), &traits) else {
            return Answer::not_found(&traits);
        };
        let warning = newer_format(&parts.headers, &traits);
        let read = async {
            let parameters = if reads {
                body::form(parts.uri.query().unwrap_or_default())
            } else {
                match body::read(content_type(&parts), &receive(body).await?) {
                    body::Body::Parameters(parameters) => parameters,
                    body::Body::Scalar => return Ok(None),
                }
            };
            let (project, caller) = self.identify(&parts, &parameters, route.access).await?;
            Ok(Some(Call {
                state: Arc::clone(&self.state),
                project,
                caller,
                ip,
                headers: parts.headers,
                path,
                parameters,
            }))
        };
        let answer = match read.await {
            Ok(Some(call)) => (route.handler)(call).await,
            Ok(None) => return Answer::bare_error(),
            Err(error) => Err(error),
        };
        let answer = answer.unwrap_or_else(|error| Answer::error(&error, &traits));
        match warning {
            Some(warning) => answer.header(HeaderName::from_static("x-appwrite-warning"), &warning),
            None => answer,
        }
    }

    /// Finds project and caller, and checks that the caller may use the route.
    async fn identify(
        &self,
        parts: &Parts,
        parameters: &Map<String, Value>,
        access: Access,
    ) -> ApiResult<(Arc<Project>, Caller)> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let header = text("x-appwrite-project");
        let parameter = parameters.get("project").and_then(Value::as_str);
        let id = header.or(parameter).unwrap_or_default();
        let project = if id.is_empty() {
            self.state.projects.console()
        } else {
            self.state.projects.get(id).ok_or_else(ApiError::project_not_found)?
        };
        let caller = match key_holder(&parts.headers, project, header, &self.state.traits)? {
            Some(caller) => caller,
            None => session_holder(&self.state.store, &parts.headers, project).await?,
        };
        let host = text("host").unwrap_or("localhost");
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        caller.require(access, project, host, &self.state.traits)?;
        Ok((Arc::clone(project), caller))
    }
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

async fn receive(body: Incoming) -> ApiResult<Vec<u8>> {
    tokio::time::timeout(BODY_TIMEOUT, collect(body)).await.unwrap_or_else(|_| Err(ApiError::timeout()))
}

/// The whole body. Of one that is too large the rest is read and thrown away, because most clients look for an answer only
/// when they have sent everything.
async fn collect(mut body: Incoming) -> ApiResult<Vec<u8>> {
    let (mut whole, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ApiError::server_error())?.into_data() else { continue };
        length += data.len();
        if length > MAX_READ {
            break;
        } else if length > MAX_BODY {
            whole = Vec::new();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > MAX_BODY { Err(ApiError::too_large()) } else { Ok(whole) }
}

fn with_place(answer: Answer, place: Place) -> Answer {
    let answer = answer
        .header(HeaderName::from_static("x-ratelimit-limit"), &place.limit.to_string())
        .header(HeaderName::from_static("x-ratelimit-remaining"), &place.remaining.to_string())
        .header(HeaderName::from_static("x-ratelimit-reset"), &place.reset.to_string());
    if place.refused && place.retry_after { answer.header(header::RETRY_AFTER, "1") } else { answer }
}
