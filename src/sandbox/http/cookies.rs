//! The cookies that carry a session, and the header for clients that keep none.

use hyper::header::{HeaderName, SET_COOKIE};
use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::origin::registrable;
use crate::sandbox::clock;
use crate::sandbox::data::session::{Fresh, cookie_name};
use crate::sandbox::errors::ApiResult;

const FALLBACK: HeaderName = HeaderName::from_static("x-fallback-cookies");

/// 201 with a session, for its creator: a server sees the secret, others carry it in a cookie.
pub fn created(call: &Call, session: Fresh) -> ApiResult<Answer> {
    let name = cookie_name(&call.project.id);
    let encoded = session.encoded.clone();
    let seconds = (session.expires - clock::now_ms() + 999) / 1000;
    let expires = clock::http_date(session.expires);
    let value = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let answer = Answer::created(&session.shown(call.caller.is_server(), true))?;
    let answer = set(answer, call, &name, &format!("{value}; expires={expires}; Max-Age={seconds}"));
    // PHP escapes slashes.
    Ok(fallback(answer, call, &json!({ name: encoded }).to_string().replace('/', "\\/")))
}

/// With the cookies of a session that has ended.
pub fn ended(call: &Call, answer: Answer) -> Answer {
    let name = cookie_name(&call.project.id);
    let answer = set(answer, call, &name, "deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0");
    fallback(answer, call, "[]")
}

/// Both cookies: one for clients that do not know `SameSite`, and one for all others.
fn set(answer: Answer, call: &Call, name: &str, value: &str) -> Answer {
    let local = call.host == "localhost" || call.host.parse::<std::net::IpAddr>().is_ok();
    let domain = if local { String::new() } else { format!("; domain=.{}", call.host) };
    let secure = if call.tls { "; secure" } else { "" };
    answer
        .header(SET_COOKIE, &format!("{name}_legacy={value}; path=/{domain}{secure}; HttpOnly"))
        .header(SET_COOKIE, &format!("{name}={value}; path=/{domain}{secure}; HttpOnly; SameSite=None"))
}

/// The header for clients that keep no cookies, unless page and server are of one registered name.
fn fallback(answer: Answer, call: &Call, value: &str) -> Answer {
    let (page, server) = (registrable(&call.origin_host), registrable(&call.host));
    if !page.is_empty() && page == server { answer } else { answer.header(FALLBACK, value) }
}
