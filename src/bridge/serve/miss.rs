//! Beside Appwrite, for apps that ask here after it has said no: where nothing can stand before Appwrite (Cloud), or nothing
//! shall. The app then signs in again, or takes the session of a token.

use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::answer::{Answer, Refusal, said, whole};
use super::cors::Asker;
use super::sign_in::{Attempt, End, ShortPasswords, Who, Why};
use super::takeover::asked_project;
use super::{Service, metrics};
use crate::appwrite::rules::PASSWORD_MIN;

/// The route.
pub const PATH: &str = "/v1/rehome/sign-in";

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    login: Option<String>,
    password: String,
}

/// Answers a request for [`PATH`]; `body` is not there if it is longer than any that says who signs in.
pub async fn answer(service: &Service, parts: &Parts, body: Option<Bytes>, peer: IpAddr, began: Instant) -> Answer {
    if parts.method == Method::OPTIONS {
        let mut answer = Response::new(whole(Bytes::new()));
        *answer.status_mut() = StatusCode::NO_CONTENT;
        service.origins.preflight(&parts.headers, answer.headers_mut());
        return answer;
    }
    let mut answer = match body {
        _ if service.origins.asker(&parts.headers) == Asker::Unknown => Refusal::UNKNOWN_ORIGIN.answer(),
        _ if parts.method != Method::POST => Refusal::NOT_ALLOWED.answer(),
        Some(body) => go(service, parts, &body, peer, began).await,
        None => Refusal::NO_SIGN_IN.answer(),
    };
    service.origins.allow(&parts.headers, answer.headers_mut());
    answer
}

async fn go(service: &Service, parts: &Parts, body: &[u8], peer: IpAddr, began: Instant) -> Answer {
    if asked_project(&parts.headers, &parts.uri).is_some_and(|project| project != service.project.as_str()) {
        return Refusal::OTHER_PROJECT.answer();
    }
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let typed = serde_json::from_slice::<Typed>(body).ok().filter(|typed| !typed.password.is_empty());
    let who = typed.as_ref().and_then(|typed| {
        let address = filled(typed.email.clone()).map(Who::Address);
        address.or_else(|| filled(typed.login.clone()).map(Who::Login))
    });
    let (Some(typed), Some(who)) = (typed, who) else { return Refusal::NO_SIGN_IN.answer() };
    let password = Zeroizing::new(typed.password);
    let short = password.len() < PASSWORD_MIN && service.short_passwords == ShortPasswords::Refuse;
    let attempt =
        Attempt { who, password, from: service.upstream.proxies().visitor(peer, &parts.headers), began, is_miss: true };
    let end = match service.sign_ins.api().sign_in_is_on().await {
        Ok(false) => return Refusal::SWITCHED_OFF.answer(),
        Ok(true) if short || service.is_over() => Ok(End::Stands(Why::Unknown)),
        Ok(true) => service.sign_ins.first(&attempt).await,
        Err(trouble) => Err(trouble),
    };
    match &end {
        Ok(end) => service.metrics.count(metrics::Shape::Miss, end),
        Err(trouble) => service.trouble(trouble),
    }
    match end {
        Ok(End::Moved) => said(StatusCode::OK, &json!({"retry": true})),
        Ok(End::Token { user_id, secret }) => said(StatusCode::OK, &json!({"userId": user_id, "secret": *secret})),
        Ok(End::Stands(Why::Limited)) => {
            service.floor.wait(began).await;
            Refusal::TOO_MANY.answer()
        }
        Ok(End::Blocked) => Refusal::BLOCKED.answer(),
        Ok(End::Stands(_)) => {
            service.floor.wait(began).await;
            Refusal::INVALID_CREDENTIALS.answer()
        }
        Err(_) => Refusal::TROUBLE.answer(),
    }
}
