//! Answers and their headers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::traits::Traits;

/// A response before it is written: status, content type and body.
pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

const JSON: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";

impl Answer {
    /// A document.
    pub fn json(status: StatusCode, document: &impl Serialize) -> ApiResult<Self> {
        let mut body = Vec::with_capacity(1024);
        serde_json::to_writer(&mut body, document)?;
        Ok(Self { status, content_type: JSON, body, headers: Vec::new() })
    }

    /// 200 with a document.
    pub fn ok(document: &impl Serialize) -> ApiResult<Self> {
        Self::json(StatusCode::OK, document)
    }

    /// 201 with a document.
    pub fn created(document: &impl Serialize) -> ApiResult<Self> {
        Self::json(StatusCode::CREATED, document)
    }

    /// 204, with the type that the server's own server gives what has none; the Python SDK asks for one.
    pub const fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, content_type: "text/html", body: Vec::new(), headers: Vec::new() }
    }

    /// An error, which nobody may cache.
    pub fn error(error: &ApiError, traits: &Traits) -> Self {
        Self {
            status: StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            content_type: JSON,
            body: error.body(traits),
            headers: no_cache(),
        }
    }

    /// What is left of an error when the server fails before it is set up: on a JSON scalar as the body.
    pub fn bare_error() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            content_type: JSON,
            body: br#"{"message":"Error: Server Error","code":500,"version":"UNKNOWN"}"#.to_vec(),
            headers: Vec::new(),
        }
    }

    /// An unknown route.
    pub fn not_found(traits: &Traits) -> Self {
        let error = ApiError::route_not_found(traits);
        if traits.html_not_found { Self::page(&error) } else { Self::error(&error, traits) }
    }

    /// An error as a page for people, which is what unknown routes answer.
    pub fn page(error: &ApiError) -> Self {
        let body = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Error</title></head>\
             <body><h1>{}</h1><p>{}</p><p><code>{}</code></p></body></html>\n",
            error.status, error.message, error.kind
        );
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, content_type: HTML, body: body.into_bytes(), headers: no_cache() }
    }

    /// With another header. Values that are no header values are left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// With a header whose value is known to be one.
    #[must_use]
    pub fn fixed(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The response, with the headers that all have.
    pub fn into_response(self) -> Response<Content> {
        let mut response = Response::new(Content(Some(self.body.into())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static("Appwrite"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.status == StatusCode::NO_CONTENT {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// A whole body. Unlike an empty one, which hyper sends without a length after a 204, it always has one: Appwrite answers
/// 204 with `Content-Length: 0`.
pub struct Content(Option<Bytes>);

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

fn no_cache() -> Vec<(HeaderName, HeaderValue)> {
    vec![
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate")),
        (header::EXPIRES, HeaderValue::from_static("0")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ]
}
