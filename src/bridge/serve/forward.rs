//! Passing on: everything as it came, in both directions, as it comes.

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use reqwest::Url;

use super::Trouble;
use super::answer::{Answer, Body, Broken, Nothing, whole};
use super::visitor::Proxies;
use crate::appwrite::client::{describe, endpoint_url, passer};
use crate::error::RunError;

/// What belongs to one connection and not to the request.
const OF_THE_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::TRAILER,
];

/// What the server behind answers, on its way.
pub type Passing = Response<reqwest::Body>;

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The client's own body broke off, or was none.
    Request,
    /// Nobody answers.
    Trouble(Trouble),
}

impl From<Trouble> for Lost {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The server behind the bridge.
pub struct Upstream {
    http: reqwest::Client,
    /// `https://host:port`
    base: String,
    proxies: Proxies,
}

impl Upstream {
    /// The server at this URL, which may end in `/v1` as endpoints do.
    ///
    /// # Errors
    /// [`RunError::usage`] for what is no URL of a server.
    pub fn new(url: &str, authorities: &[reqwest::Certificate], proxies: Proxies) -> Result<Self, RunError> {
        let base = origin(url)?;
        let url = endpoint_url(&base)?;
        Ok(Self { http: passer(&url, authorities)?, base, proxies })
    }

    /// Who is believed to say for whom they ask.
    #[must_use]
    pub const fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// The headers of a request as they go on.
    #[must_use]
    pub fn headers(&self, peer: IpAddr, came: &HeaderMap) -> HeaderMap {
        let mut headers = came.clone();
        strip(&mut headers);
        // Whoever waits for leave to send has had it from here.
        headers.remove(header::EXPECT);
        self.proxies.vouch(peer, &mut headers);
        headers
    }

    /// Sends a request on.
    ///
    /// # Errors
    /// [`Lost`] if nobody answers.
    pub async fn send(
        &self,
        method: &Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
    ) -> Result<Passing, Lost> {
        let path = uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str);
        let url = Url::parse(&format!("{}{path}", self.base)).map_err(|_| Trouble::new("a path that is none"))?;
        let mut request = reqwest::Request::new(method.clone(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        let response = self.http.execute(request).await.map_err(|error| {
            if is_of_the_client(&error) {
                return Lost::Request;
            }
            Trouble::new(format!("the server behind the bridge does not answer: {}", describe(&error))).into()
        })?;
        Ok(response.into())
    }

    /// Passes a request on, whatever it is.
    ///
    /// # Errors
    /// As [`Upstream::send`].
    pub async fn pass<B>(&self, peer: IpAddr, request: Request<B>) -> Result<Answer, Lost>
    where
        B: hyper::body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Broken>,
    {
        let upgrade = request.headers().get(header::UPGRADE).cloned().filter(|_| asks_to_upgrade(request.headers()));
        let mut headers = self.headers(peer, request.headers());
        if let Some(protocol) = upgrade {
            headers.insert(header::CONNECTION, header::HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, protocol);
        } else {
            headers.remove(header::UPGRADE);
        }
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (parts, body) = request.into_parts();
        let body_on = (!body.is_end_stream()).then(|| reqwest::Body::wrap(body));
        let response = self.send(&method, &uri, headers, body_on).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(switched(parts, response));
        }
        Ok(back(response))
    }
}

/// `https://host:port` of a server.
fn origin(url: &str) -> Result<String, RunError> {
    let parsed = endpoint_url(url)?;
    if !matches!(parsed.path(), "/" | "/v1" | "/v1/") || parsed.query().is_some() {
        return Err(RunError::usage("--upstream is a server, without a path").remedy("give http://HOST:PORT"));
    }
    Ok(parsed.origin().ascii_serialization())
}

/// Whether it is the body that was to be sent which failed, and not the server.
fn is_of_the_client(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(hyper::Error::is_user)
}

fn asks_to_upgrade(headers: &HeaderMap) -> bool {
    let words = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
}

/// Takes out what belongs to one connection: the usual, and what the sender names.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // That one is looked at apart.
        .filter(|name| *name != header::UPGRADE)
        .collect();
    for name in OF_THE_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
}

/// An answer on its way back.
#[must_use]
pub fn back(response: Passing) -> Answer {
    let (mut parts, body) = response.into_parts();
    strip(&mut parts.headers);
    parts.version = hyper::Version::HTTP_11;
    parts.extensions.clear();
    let body = if parts.status == StatusCode::NO_CONTENT && parts.headers.contains_key(header::CONTENT_LENGTH) {
        Nothing.map_err(|never| match never {}).boxed_unsync()
    } else {
        body.map_err(Into::into).boxed_unsync()
    };
    Response::from_parts(parts, body)
}

/// An answer that was read, on its way back all the same.
#[must_use]
pub fn back_whole(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Answer {
    let mut answer = Response::new(whole(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers.clone();
    strip(answer.headers_mut());
    answer
}

/// Joins the two connections that speak something else from now on.
fn switched(asked: Parts, mut response: Passing) -> Answer {
    let mut answer: Answer = Response::new(Body::default());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    let there = hyper::upgrade::on(&mut response);
    let here = hyper::upgrade::on(Request::from_parts(asked, ()));
    tokio::spawn(async move {
        if let (Ok(here), Ok(there)) = (here.await, there.await) {
            // Either side ends it as it likes.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(here), &mut TokioIo::new(there)).await;
        }
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn a_server_is_named_without_a_path() {
        assert_eq!(origin("http://127.0.0.1:8080").ok().as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(origin("https://appwrite.example.com/v1").ok().as_deref(), Some("https://appwrite.example.com"));
        for wrong in ["127.0.0.1:8080", "http://x/y", "http://u:p@x", "ftp://x", "http://x/?a=b"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_belongs_to_a_connection_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Mine"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("cookie", "a=b"),
            ("origin", "https://app.example.com"),
            ("host", "appwrite.example.com"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["cookie", "host", "origin"]);
    }
}
