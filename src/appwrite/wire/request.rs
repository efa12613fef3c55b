//! Requests, ready to be sent: method, path, and a body that is serialised once however often it is tried.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::proof::Proof;
use super::{Create, Edit, Step};
use crate::event::HTTP;

/// What a request is for; what an answer to it means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A create: not idempotent, but a second one of the same id is a 409.
    Create,
    /// A follow-up that can be repeated, by what it sets.
    Step(&'static str),
    /// `PATCH phone`: repeating it is a 409 even on the user's own number.
    Phone,
    /// A `GET`.
    Read,
    /// A `DELETE`: repeating it is a 404.
    Delete,
    /// A sign-in: repeating it makes one more session.
    SignIn,
}

/// As whom a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::appwrite) enum As {
    /// With the key, on the shared connections.
    Key,
    /// With the key, on a connection of its own without cookies: with the cookie of an earlier session every sign-in is
    /// a 401. With the key, attempts do not count against end users' limits.
    Visitor,
    /// An end user of the project: no key.
    Guest,
    /// Nobody: neither key nor project. Appwrite answers 401 to a key where it tells its version.
    Nobody,
}

/// A request, ready to be sent any number of times. Cheap to clone; holds secrets.
#[derive(Clone)]
pub struct Request {
    /// The kind of request, by which the target's health is judged.
    pub kind: Kind,
    /// What proves that it was carried out.
    pub proof: Proof,
    pub(in crate::appwrite) sender: As,
    pub(in crate::appwrite) method: Method,
    /// Below the endpoint, `/users/bcrypt`; may carry a query.
    pub(in crate::appwrite) path: Cow<'static, str>,
    /// JSON; empty for none.
    pub(in crate::appwrite) body: Bytes,
}

impl Create<'_> {
    /// The request that creates the user.
    #[must_use]
    pub fn request(&self) -> Request {
        // Serialising strings and numbers into memory cannot fail.
        let body = serde_json::to_vec(&self.body).unwrap_or_default();
        Request {
            kind: Kind::Create,
            proof: Proof::of(self),
            sender: As::Key,
            method: Method::POST,
            path: self.endpoint.path().into(),
            body: body.into(),
        }
    }
}

impl Step<'_> {
    /// What kind of request it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Step::Phone(_) => Kind::Phone,
            other => Kind::Step(other.name()),
        }
    }

    /// The request that does this for a user.
    #[must_use]
    pub fn request(&self, user_id: &str) -> Request {
        let method = if matches!(self, Step::Labels(_)) { Method::PUT } else { Method::PATCH };
        Request {
            kind: self.kind(),
            proof: Proof::Step(user_id.to_owned(), self.clone().into_owned()),
            sender: As::Key,
            method,
            path: format!("/users/{user_id}{}", self.path()).into(),
            body: self.body().to_string().into(),
        }
    }
}

impl Edit {
    /// The request that changes this of a user.
    #[must_use]
    pub fn request(&self, user_id: &str) -> Request {
        let kind = if matches!(self, Self::Phone(_)) { Kind::Phone } else { Kind::Step(self.name()) };
        let proof = Proof::Edit(user_id.to_owned(), self.clone());
        Request::new(kind, self.method(), format!("/users/{user_id}{}", self.path()), proof).with(&self.body())
    }
}

impl Request {
    /// The log's span for this try of it, counted from 1.
    #[must_use]
    pub fn span(&self, attempt: u32) -> tracing::Span {
        tracing::debug_span!(target: HTTP, "request", method = %self.method, path = self.template(), r#try = attempt)
    }

    /// The path without anybody's id, `/users/{id}/sessions/{id}`, and without its query: fit to be shown.
    fn template(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let mut parts: Vec<&str> = path.split('/').collect();
        // The create endpoints stand where ids do otherwise, and so do the ways to sign in.
        let is_id = |before: &str, place: usize, parts: &[&str]| match before {
            "users" => self.method != Method::POST || parts.len() > place + 1,
            "sessions" => self.method != Method::POST,
            _ => false,
        };
        for place in 2..parts.len() {
            if is_id(parts[place - 1], place, &parts) {
                parts[place] = "{id}";
            }
        }
        parts.join("/")
    }

    fn new(kind: Kind, method: Method, path: impl Into<Cow<'static, str>>, proof: Proof) -> Self {
        Self { kind, proof, sender: As::Key, method, path: path.into(), body: Bytes::new() }
    }

    fn with(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self
    }

    /// `POST` of any JSON that is answered with a document.
    #[must_use]
    pub fn post(path: impl Into<Cow<'static, str>>, body: &Value) -> Self {
        Self::new(Kind::Create, Method::POST, path, Proof::Member("$id")).with(body)
    }

    /// `PATCH` of any JSON that is answered with a document.
    #[must_use]
    pub fn patch(path: impl Into<Cow<'static, str>>, body: &Value) -> Self {
        Self::new(Kind::Step("user"), Method::PATCH, path, Proof::Member("$id")).with(body)
    }

    /// A create with an empty body, which a key that may write is told is incomplete: it makes nobody, and shows that
    /// creates are served.
    #[must_use]
    pub fn probe_create() -> Self {
        Self::post("/users/bcrypt", &json!({}))
    }

    /// Asks for the server's version (`GET /health/version`).
    #[must_use]
    pub fn version() -> Self {
        Self { sender: As::Nobody, ..Self::get("/health/version", Proof::Member("version")) }
    }

    /// Signs in as nobody, without the key: the answer shows whether end users may sign in by e-mail and password.
    #[must_use]
    pub fn guest_sign_in() -> Self {
        Self { sender: As::Guest, ..Self::sign_in("rehome-preflight@example.com", "nobody has this") }
    }

    /// The same as somebody else each time, so that no limit of the address is used up.
    #[must_use]
    pub fn stranger_sign_in() -> Self {
        let nobody = format!("rehome-probe-{:016x}@example.com", fastrand::u64(..));
        Self { sender: As::Guest, ..Self::sign_in(&nobody, "nobody has this") }
    }

    /// Signs in by address and password, as an app does, without the key.
    #[must_use]
    pub fn sign_in(email: &str, password: &str) -> Self {
        let request = Self::new(Kind::SignIn, Method::POST, "/account/sessions/email", Proof::Member("$id"));
        Self { sender: As::Visitor, ..request.with(&json!({"email": email, "password": password})) }
    }

    /// `GET /users/{id}`; the id's characters need no escaping.
    #[must_use]
    pub fn read(user_id: &str) -> Self {
        Self::get(format!("/users/{user_id}"), Proof::User(user_id.to_owned()))
    }

    /// `GET /users/{id}`, for whoever has the id or takes it up: no two differ in case.
    #[must_use]
    pub fn read_holder(user_id: &str) -> Self {
        Self::get(format!("/users/{user_id}"), Proof::UserInAnyCase(user_id.to_owned()))
    }

    /// `GET /users/{id}/mfa/factors`
    #[must_use]
    pub fn factors(user_id: &str) -> Self {
        Self::get(format!("/users/{user_id}/mfa/factors"), Proof::Member("totp"))
    }

    /// `GET /users/{id}/sessions`
    #[must_use]
    pub fn sessions(user_id: &str) -> Self {
        Self::get(format!("/users/{user_id}/sessions"), Proof::Member("sessions"))
    }

    /// `GET /users/{id}/memberships`
    #[must_use]
    pub fn memberships(user_id: &str) -> Self {
        Self::get(format!("/users/{user_id}/memberships"), Proof::Member("memberships"))
    }

    /// `DELETE /users/{id}/sessions/{session}`
    #[must_use]
    pub fn end_session(user_id: &str, session: &str) -> Self {
        Self::new(Kind::Delete, Method::DELETE, format!("/users/{user_id}/sessions/{session}"), Proof::Nothing)
    }

    /// `PATCH /users/{id}/password`, exactly as it was typed. It ends the user's sessions where the project says so.
    #[must_use]
    pub fn set_password(user_id: &str, password: &str) -> Self {
        let (path, proof) = (format!("/users/{user_id}/password"), Proof::User(user_id.to_owned()));
        let request = Self::new(Kind::Step("password"), Method::PATCH, path, proof);
        request.with(&json!({"password": password}))
    }

    /// `POST /users/{id}/tokens`: a secret with which this user gets one session, within a minute.
    #[must_use]
    pub fn token(user_id: &str) -> Self {
        let path = format!("/users/{user_id}/tokens");
        let request = Self::new(Kind::Step("token"), Method::POST, path, Proof::Member("secret"));
        request.with(&json!({"length": 64, "expire": 60}))
    }

    /// `DELETE /users/{id}`
    #[must_use]
    pub fn delete(user_id: &str) -> Self {
        Self::new(Kind::Delete, Method::DELETE, format!("/users/{user_id}"), Proof::Nothing)
    }

    /// `GET /users` with queries as Appwrite ≥ 1.5 writes them.
    #[must_use]
    pub fn list(queries: &[Value]) -> Self {
        let mut url = Url::parse("http://x/users").unwrap_or_else(|_| unreachable!("a constant that is a URL"));
        for query in queries {
            url.query_pairs_mut().append_pair("queries[]", &query.to_string());
        }
        Self::get(format!("{}?{}", url.path(), url.query().unwrap_or_default()), Proof::Member("users"))
    }

    /// Any other `GET`.
    #[must_use]
    pub fn get(path: impl Into<Cow<'static, str>>, proof: Proof) -> Self {
        Self::new(Kind::Read, Method::GET, path, proof)
    }

    /// Method, path and body, for a server that is a function.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (&str, &str, &[u8]) {
        (self.method.as_str(), &self.path, &self.body)
    }

    /// A digest that tells requests apart.
    #[must_use]
    pub fn digest(&self) -> u64 {
        xxh3_64_with_seed(&self.body, xxh3_64(self.path.as_bytes()))
    }

    /// Bytes that an answer may have: a page of users holds the preferences of a hundred.
    #[must_use]
    pub fn longest_answer(&self) -> usize {
        if self.path.contains('?') { 32 << 20 } else { 2 << 20 }
    }
}

/// `limit(n)`
#[must_use]
pub fn limit(n: usize) -> Value {
    json!({"method": "limit", "values": [n]})
}

/// `cursorAfter(id)`
#[must_use]
pub fn cursor_after(id: &str) -> Value {
    json!({"method": "cursorAfter", "values": [id]})
}

/// `equal(attribute, values)`: at most 100 values, the least that any version takes.
#[must_use]
pub fn equal(attribute: &str, values: &[&str]) -> Value {
    json!({"method": "equal", "attribute": attribute, "values": values})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_that_is_shown_names_nobody() {
        let phone = Step::VerifyPhone.request("a@x.test");
        let all = [
            (Request::end_session("users", "s1"), "/users/{id}/sessions/{id}"),
            (Request::read("u1"), "/users/{id}"),
            (phone, "/users/{id}/verification/phone"),
            (Request::list(&[limit(1)]), "/users"),
            (Request::token("u1"), "/users/{id}/tokens"),
            (Request::set_password("u1", "p"), "/users/{id}/password"),
            (Request::probe_create(), "/users/bcrypt"),
            (Request::sign_in("a@x.test", "p"), "/account/sessions/email"),
        ];
        for (request, shown) in all {
            assert_eq!(request.template(), shown);
        }
    }

    #[test]
    fn queries_are_escaped_json() {
        let request = Request::list(&[equal("email", &["a+b@x.test"]), limit(100)]);
        assert_eq!(
            request.path,
            "/users?queries%5B%5D=%7B%22method%22%3A%22equal%22%2C%22attribute%22%3A%22email%22%2C%22values%22%3A%5B%22a%2Bb%40x.test%22%5D%7D&queries%5B%5D=%7B%22method%22%3A%22limit%22%2C%22values%22%3A%5B100%5D%7D"
        );
    }

    #[test]
    fn a_step_has_one_shape_in_plans_and_requests() {
        for step in [Step::Disable, Step::Phone("+4915112345678".into()), Step::Labels(vec!["a".into()])] {
            let request = step.request("u");
            assert_eq!(request.method.as_str(), step.method());
            assert_eq!(request.path, format!("/users/u{}", step.path()));
            assert_eq!(*request.body, *step.body().to_string().as_bytes());
        }
    }
}
