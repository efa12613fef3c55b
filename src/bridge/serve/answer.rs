//! What the bridge says itself, in the shape of Appwrite's errors, so that an SDK reads it as one of them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, SizeHint};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// What went wrong with a body on its way.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer, whole or on its way.
pub type Body = UnsyncBoxBody<Bytes, Broken>;
/// An answer.
pub type Answer = Response<Body>;

/// An error as Appwrite tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// Appwrite's name for it, by which SDKs and apps tell errors apart.
    pub kind: &'static str,
    /// The sentence.
    pub message: &'static str,
}

impl Refusal {
    const fn new(status: StatusCode, kind: &'static str, message: &'static str) -> Self {
        Self { status, kind, message }
    }

    /// Appwrite's own words for a wrong password, and for whatever else must not be told from it.
    pub const INVALID_CREDENTIALS: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "user_invalid_credentials",
        "Invalid credentials. Please check the email and password.",
    );
    /// Appwrite's own words for somebody who is blocked.
    pub const BLOCKED: Self = Self::new(StatusCode::FORBIDDEN, "user_blocked", "The current user has been blocked.");
    /// Appwrite's own words where signing in by address and password is switched off.
    pub const SWITCHED_OFF: Self = Self::new(
        StatusCode::NOT_IMPLEMENTED,
        "user_auth_method_unsupported",
        "Email / Password authentication is disabled for this project",
    );
    /// Appwrite's own words for too many attempts.
    pub const TOO_MANY: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "general_rate_limit_exceeded",
        "Rate limit for the current endpoint has been exceeded. Please try again after some time.",
    );
    /// The password could be neither verified nor handed over: nothing is said about it.
    pub const TROUBLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "general_service_unavailable",
        "Signing in is not possible at the moment. Please try again after some time.",
    );
    /// Nobody answers behind the bridge.
    pub const NOBODY_THERE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "general_service_unavailable",
        "The server cannot be reached at the moment. Please try again after some time.",
    );
    /// The body did not arrive.
    pub const INCOMPLETE: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "general_bad_request", "The request did not arrive in time.");
    /// The body broke off, or is none.
    pub const BROKEN: Self =
        Self::new(StatusCode::BAD_REQUEST, "general_bad_request", "The request's body could not be read.");
    /// The body says neither who nor which password.
    pub const NO_SIGN_IN: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "general_argument_invalid",
        "Send JSON with `email` or `login`, and `password`.",
    );
    /// Another project than the bridge's.
    pub const OTHER_PROJECT: Self = Self::new(
        StatusCode::NOT_FOUND,
        "project_not_found",
        "Project with the requested ID could not be found. Please check the value of the X-Appwrite-Project header to ensure the correct project ID is being used.",
    );
    /// A page that may not ask.
    pub const UNKNOWN_ORIGIN: Self =
        Self::new(StatusCode::FORBIDDEN, "general_unknown_origin", "Invalid Origin. Allow it with --miss-origin.");
    /// Another method.
    pub const NOT_ALLOWED: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "general_route_not_found", "Only POST is answered here.");

    /// The answer.
    #[must_use]
    pub fn answer(self) -> Answer {
        let Self { status, kind, message } = self;
        said(status, &json!({"message": message, "code": status.as_u16(), "type": kind, "version": ""}))
    }

    /// The answer in place of one of Appwrite's: what that said to browsers holds for this as well.
    #[must_use]
    pub fn instead_of(self, head: &HeaderMap) -> Answer {
        let mut answer = self.answer();
        for (name, value) in head {
            if name.as_str().starts_with("access-control-") || *name == header::VARY {
                answer.headers_mut().append(name, value.clone());
            }
        }
        answer
    }
}

/// A document as an answer.
#[must_use]
pub fn said(status: StatusCode, document: &Value) -> Answer {
    let mut answer = Response::new(whole(document.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A body that is all there.
#[must_use]
pub fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The body of an answer that has none and says so: Appwrite's 204 carries `Content-Length: 0`, which hyper takes out of one
/// whose body is known to be over.
pub struct Nothing;

impl hyper::body::Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}
