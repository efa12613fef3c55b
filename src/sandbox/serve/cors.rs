//! Cross-origin headers, without which a browser's SDK could not be pointed at the sandbox.

use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};

use crate::sandbox::http::answer::Answer;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Origin, Cookie, Set-Cookie, X-Requested-With, Content-Type, Access-Control-Allow-Origin, \
    Access-Control-Request-Headers, Accept, X-Appwrite-Project, X-Appwrite-Key, X-Appwrite-Locale, X-Appwrite-Mode, \
    X-Appwrite-JWT, X-Appwrite-Response-Format, X-Appwrite-Timeout, X-SDK-Version, X-SDK-Name, X-SDK-Language, \
    X-SDK-Platform, X-SDK-GraphQL, X-Appwrite-ID, X-Appwrite-Timestamp, Content-Range, Range, Cache-Control, Expires, \
    Pragma, X-Appwrite-Session, X-Fallback-Cookies, X-Forwarded-For, X-Forwarded-User-Agent";

/// The page that asks, if a page does.
pub struct Origin(Option<HeaderValue>);

impl Origin {
    /// From the headers of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.get(header::ORIGIN).cloned())
    }

    /// Lets the page read the answer: a page on this machine is as trusted as a program.
    pub fn allow(&self, answer: Answer) -> Answer {
        let Some(origin) = self.0.as_ref().and_then(|origin| origin.to_str().ok()) else { return answer };
        answer
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
            .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)
            .header(header::ACCESS_CONTROL_EXPOSE_HEADERS, "X-Appwrite-Session, X-Fallback-Cookies")
            .header(header::VARY, "Origin")
    }
}
