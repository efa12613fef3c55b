//! In Appwrite's place on one route: Appwrite is asked first, and where it says that nobody has that password, the bridge
//! looks whether somebody had it before.

use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::answer::{Answer, Refusal};
use super::forward::{Passing, back, back_whole};
use super::sign_in::{Attempt, End, ShortPasswords, Who, Why};
use super::{Service, Trouble, cors, metrics};
use crate::appwrite::body::{self, Body};
use crate::appwrite::rules::{PASSWORD_MAX, PASSWORD_MIN};

/// The longest body that is looked at, in bytes.
pub const LONGEST: u64 = 64 * 1024;
/// The longest answer that is read, in bytes: errors are short.
const LONGEST_ANSWER: usize = 256 * 1024;

/// Whether this may be a sign-in by e-mail and password: Appwrite has two names for that.
#[must_use]
pub fn is_sign_in(request: &Parts) -> bool {
    let path = request.uri.path().trim_end_matches('/');
    request.method == hyper::Method::POST && matches!(path, "/v1/account/sessions/email" | "/v1/account/sessions")
}

/// The members of the body that matter.
struct Typed {
    email: String,
    password: Zeroizing<String>,
    /// As it stands in the body.
    project: Option<Value>,
}

impl Typed {
    /// As Appwrite reads it: JSON or a form, and of two members with one name the last.
    fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let Body::Parameters(mut body) = body::read(kind, body) else { return None };
        let mut text = |name: &str| match body.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (email, password) = (text("email")?, Zeroizing::new(text("password")?));
        Some(Self { email, password, project: body.remove("project") })
    }

    /// The project that Appwrite takes it for: a member of the body beats the header, and the query counts without both.
    fn project<'a>(&'a self, headers: &'a HeaderMap, uri: &'a Uri) -> Option<std::borrow::Cow<'a, str>> {
        match &self.project {
            Some(Value::String(project)) if !project.is_empty() => Some(project.as_str().into()),
            _ => asked_project(headers, uri),
        }
    }

    fn fits(&self) -> bool {
        (PASSWORD_MIN..=PASSWORD_MAX).contains(&self.password.len())
    }
}

/// The project by the header, or else by the query.
pub fn asked_project<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<std::borrow::Cow<'a, str>> {
    if let Some(project) = headers.get("x-appwrite-project").and_then(|value| value.to_str().ok())
        && !project.is_empty()
    {
        return Some(project.into());
    }
    let query = reqwest::Url::parse(&format!("http://x/?{}", uri.query()?)).ok()?;
    let project = query.query_pairs().find(|(name, _)| name == "project")?.1.into_owned();
    Some(project.into())
}

/// What an answer of Appwrite's says, as far as it decides.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
}

/// An answer that was read.
struct Read {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    kind: String,
}

impl Read {
    async fn of(response: Passing) -> Result<Self, Trouble> {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|_| Trouble::new("the server behind the bridge broke off its answer"))?.to_bytes();
        let kind = serde_json::from_slice::<Said>(&body).unwrap_or_default().kind;
        Ok(Self { status: parts.status, headers: parts.headers, body, kind })
    }

    fn back(self) -> Answer {
        back_whole(self.status, &self.headers, self.body)
    }

    fn is_wrong_password(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.kind == "user_invalid_credentials"
    }
}

/// One sign-in on its way.
struct SignIn<'s> {
    service: &'s Service,
    parts: &'s Parts,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers a request with this body that may be a sign-in.
pub async fn answer(service: &Service, parts: &Parts, body: Bytes, peer: IpAddr, began: Instant) -> Answer {
    let mut headers = service.upstream.headers(peer, &parts.headers);
    let typed = Typed::read(&parts.headers, &body);
    let ours = typed.filter(|typed| {
        typed.project(&parts.headers, &parts.uri).is_some_and(|project| project == service.project.as_str())
    });
    if ours.is_some() {
        // The answer is read here.
        headers.remove(header::ACCEPT_ENCODING);
    }
    let sign_in = SignIn { service, parts, headers, body };
    let answered = match ours {
        None => sign_in.ask().await.map(back),
        Some(typed) => sign_in.go(typed, service.upstream.proxies().visitor(peer, &parts.headers), began).await,
    };
    answered.unwrap_or_else(|trouble| {
        service.trouble(&trouble);
        let mut answer = Refusal::NOBODY_THERE.answer();
        cors::readable(&parts.headers, answer.headers_mut());
        answer
    })
}

impl SignIn<'_> {
    /// Asks Appwrite, with what the client sent.
    async fn ask(&self) -> Result<Passing, Trouble> {
        let body = Some(self.body.clone().into());
        let sent = self.service.upstream.send(&self.parts.method, &self.parts.uri, self.headers.clone(), body);
        sent.await.map_err(Trouble::from)
    }

    async fn go(&self, typed: Typed, from: IpAddr, began: Instant) -> Result<Answer, Trouble> {
        let service = self.service;
        let response = self.ask().await?;
        let status = response.status();
        if status == StatusCode::CREATED {
            self.forget(&typed.email).await;
            return Ok(back(response));
        }
        if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST | StatusCode::PRECONDITION_FAILED) {
            return Ok(back(response));
        }
        let said = Read::of(response).await?;
        let short = typed.password.len() < PASSWORD_MIN;
        let to_verify = match (said.status, said.kind.as_str()) {
            // Appwrite says so only after the password was right.
            (StatusCode::PRECONDITION_FAILED, "user_password_reset_required") => {
                self.forget(&typed.email).await;
                false
            }
            (StatusCode::UNAUTHORIZED, "user_invalid_credentials") => true,
            (StatusCode::BAD_REQUEST, "general_argument_invalid") if !typed.fits() => {
                !(short && service.short_passwords == ShortPasswords::Refuse)
            }
            _ => false,
        };
        if !to_verify || service.is_over() {
            return Ok(said.back());
        }
        let Typed { email, password, project } = typed;
        let attempt = Attempt { who: Who::Address(email.clone()), password, from, began, is_miss: false };
        let end = match service.sign_ins.first(&attempt).await {
            Ok(end) => end,
            Err(trouble) => {
                service.trouble(&trouble);
                return Ok(Refusal::TROUBLE.instead_of(&said.headers));
            }
        };
        service.metrics.count(metrics::Shape::Takeover, &end);
        let just_set = end == End::Stands(Why::JustSet);
        let told = match end {
            End::Stands(Why::JustSet) | End::Moved => self.ask().await,
            End::Token { user_id, secret } => self.redeem(&user_id, &secret, project).await,
            End::Blocked => return Ok(Refusal::BLOCKED.instead_of(&said.headers)),
            End::Stands(_) => {
                service.floor.wait(began).await;
                return Ok(said.back());
            }
        };
        match told {
            Ok(response) if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST) => {
                let again = Read::of(response).await?;
                if again.is_wrong_password()
                    && just_set
                    && let Err(trouble) = service.sign_ins.overtaken(&email).await
                {
                    service.trouble(&trouble);
                }
                service.floor.wait(began).await;
                Ok(again.back())
            }
            Ok(response) => {
                if just_set && response.status() == StatusCode::CREATED {
                    self.forget(&email).await;
                }
                Ok(back(response))
            }
            Err(trouble) => {
                service.trouble(&trouble);
                Ok(Refusal::TROUBLE.instead_of(&said.headers))
            }
        }
    }

    /// Gets the session of a token, as the client itself would.
    async fn redeem(&self, user_id: &str, secret: &str, project: Option<Value>) -> Result<Passing, Trouble> {
        let mut body = json!({"userId": user_id, "secret": secret});
        if let Some(project) = project {
            body["project"] = project;
        }
        let query = self.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri =
            format!("/v1/account/sessions/token{query}").parse().map_err(|_| Trouble::new("a query that is none"))?;
        let mut headers = self.headers.clone();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = reqwest::Body::from(body.to_string());
        let sent = self.service.upstream.send(&self.parts.method, &uri, headers, Some(body));
        sent.await.map_err(Trouble::from)
    }

    /// Whoever has signed in at Appwrite needs no bridge any more. The answer is theirs whatever becomes of that.
    async fn forget(&self, address: &str) {
        match self.service.sign_ins.signed_in(address).await {
            Ok(forgotten) => self.service.metrics.forgotten(forgotten),
            Err(trouble) => self.service.trouble(&trouble),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_beats_the_header_and_the_header_the_query() {
        let project = |body: &str, header: Option<&'static str>, uri: &str| {
            let headers =
                header.map(|value| ("x-appwrite-project".parse().expect("a name"), HeaderValue::from_static(value)));
            let mut headers: HeaderMap = headers.into_iter().collect();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let uri = uri.parse().expect("a URI");
            Typed::read(&headers, body.as_bytes())?.project(&headers, &uri).map(std::borrow::Cow::into_owned)
        };
        let plain = r#"{"email":"a@x.test","password":"p"}"#;
        let named = r#"{"email":"a@x.test","password":"p","project":"body"}"#;
        assert_eq!(project(named, Some("header"), "/v1?project=query").as_deref(), Some("body"));
        assert_eq!(project(plain, Some("header"), "/v1?project=query").as_deref(), Some("header"));
        assert_eq!(project(plain, None, "/v1?a=b&project=query%21").as_deref(), Some("query!"));
        assert_eq!(project(plain, None, "/v1"), None);
        for none in ["", "[]", "{}", r#"{"email":1,"password":"p"}"#, r#"{"email":"a","password":""}"#] {
            assert!(typed("application/json", none).is_none(), "{none}");
        }
        let twice = r#"{"email":"a@x.test","email":"b@x.test","password":"p"}"#;
        assert_eq!(typed("application/json; charset=utf-8", twice).expect("read").email, "b@x.test");
    }

    fn typed(kind: &'static str, body: &str) -> Option<Typed> {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
        Typed::read(&headers, body.as_bytes())
    }

    #[test]
    fn forms_are_read_as_appwrite_reads_them() {
        let form = typed("application/x-www-form-urlencoded", "email=a%2Bb%40x.test&password=a+%C3%A4%26");
        let form = form.expect("read");
        assert_eq!((form.email.as_str(), form.password.as_str()), ("a+b@x.test", "a ä&"));
        let part = |name, value| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let parts = format!("{}{}--B--\r\n", part("email", "a@x.test"), part("password", " p "));
        let form = typed("multipart/form-data; boundary=B", &parts).expect("read");
        assert_eq!((form.email.as_str(), form.password.as_str()), ("a@x.test", " p "));
        // What Appwrite reads nothing of says nothing here either.
        assert!(typed("text/plain", r#"{"email":"a@x.test","password":"p"}"#).is_none());
        assert!(typed("Application/JSON", r#"{"email":"a@x.test","password":"p"}"#).is_none());
    }
}
