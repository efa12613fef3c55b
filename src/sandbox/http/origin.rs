//! The page that asks: whether it may, and what its browser is told about that (CORS).

use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};

use super::answer::Answer;
use crate::sandbox::errors::ApiError;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Accept, Origin, Cookie, Set-Cookie, Content-Type, Content-Range, X-Appwrite-Project, X-Appwrite-Key, \
    X-Appwrite-Dev-Key, X-Appwrite-Locale, X-Appwrite-Mode, X-Appwrite-JWT, X-Appwrite-Organization, \
    X-Appwrite-Response-Format, X-Appwrite-Timeout, X-Appwrite-ID, X-Appwrite-Timestamp, X-Appwrite-Session, \
    X-Appwrite-Platform, X-Appwrite-Impersonate-User-Id, X-Appwrite-Impersonate-User-Email, \
    X-Appwrite-Impersonate-User-Phone, X-SDK-Version, X-SDK-Name, X-SDK-Language, X-SDK-Platform, X-SDK-GraphQL, \
    X-SDK-Profile, Range, Cache-Control, Expires, Pragma, X-Fallback-Cookies, X-Requested-With, X-Forwarded-For, \
    X-Forwarded-User-Agent";
const EXPOSED: &str = "X-Appwrite-Session, X-Fallback-Cookies";

/// The client of a platform by the scheme of its origin: what messages call it.
const SCHEMES: &[(&str, &str)] = &[
    ("http", "Web"),
    ("https", "Web"),
    ("appwrite-ios", "iOS"),
    ("appwrite-macos", "macOS"),
    ("appwrite-watchos", "watchOS"),
    ("appwrite-tvos", "tvOS"),
    ("appwrite-android", "Android"),
    ("appwrite-windows", "Windows"),
    ("appwrite-linux", "Linux"),
    ("chrome-extension", "Web (Chrome Extension)"),
    ("moz-extension", "Web (Firefox Extension)"),
    ("safari-web-extension", "Web (Safari Extension)"),
    ("ms-browser-extension", "Web (Edge Extension)"),
];

/// The page that asks, if a page does.
pub struct Origin {
    text: Option<String>,
}

impl Origin {
    /// From the headers of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
        Self { text: text.filter(|text| !text.is_empty()).map(str::to_owned) }
    }

    /// The host of the page, without port and brackets.
    pub fn host(&self) -> &str {
        self.text.as_deref().and_then(|text| text.split_once("://")).map_or("", |(_, rest)| host(rest))
    }

    /// Whether the page is of this machine, or of one of the hosts.
    fn is_known(&self, local: &[&str], hosts: &[String]) -> bool {
        let host = self.host();
        !host.is_empty() && (local.contains(&host) || hosts.iter().any(|allowed| covers(allowed, host)))
    }

    /// Whether the page may ask.
    ///
    /// # Errors
    /// 403 `general_unknown_origin`, which says what to register.
    pub fn check(&self, local: &[&str], hosts: &[String]) -> Result<(), ApiError> {
        let Some(text) = self.text.as_deref() else { return Ok(()) };
        let (scheme, name) = text.split_once("://").map_or(("", ""), |(scheme, rest)| (scheme, host(rest)));
        match SCHEMES.iter().find(|(known, _)| *known == scheme) {
            _ if scheme.is_empty() => Err(ApiError::unknown_origin("Invalid Origin.".into())),
            None => Err(ApiError::unknown_origin(format!(
                "Invalid Scheme. The scheme used ({scheme}) in the Origin ({text}) is not supported. If you are using a \
                 custom scheme, please change it to `appwrite-callback-<PROJECT_ID>`"
            ))),
            Some(_) if self.is_known(local, hosts) => Ok(()),
            Some(_) if name.is_empty() => Err(ApiError::unknown_origin("Invalid Origin.".into())),
            Some((_, platform)) => Err(ApiError::unknown_origin(format!(
                "Invalid Origin. Register your new client ({name}) as a new {platform} platform on your project console \
                 dashboard"
            ))),
        }
    }

    /// Lets a page that may ask read the answer.
    pub fn allow(&self, answer: Answer, local: &[&str], hosts: &[String]) -> Answer {
        let Some(text) = self.text.as_deref() else { return answer };
        let known = self.is_known(local, hosts);
        let answer = if known { answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN, text) } else { answer };
        common(answer)
    }

    /// The answer to a preflight, in which the server lets every page ask: what it asks for is judged then.
    pub fn preflight(&self) -> Answer {
        let answer = match self.text.as_deref() {
            Some(text) => Answer::no_content().header(header::ACCESS_CONTROL_ALLOW_ORIGIN, text),
            None => Answer::no_content(),
        };
        common(answer)
    }
}

fn common(answer: Answer) -> Answer {
    answer
        .fixed(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"))
        .fixed(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS))
        .fixed(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS))
        .fixed(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED))
        .fixed(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"))
}

/// The host of what follows `://`: without user, port, path and brackets.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host_of(authority)
}

/// The host of `host:port` or `[::1]:port`.
pub fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a platform's host name is this host's; one that begins with `*.` is that of all hosts below.
fn covers(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => allowed == host,
    }
}

/// The part of a host name that somebody registered: its last two labels, three below a common second level. `""` for
/// addresses and names of one label.
pub fn registrable(host: &str) -> &str {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return "";
    }
    let dots: Vec<usize> = host.match_indices('.').map(|(at, _)| at).collect();
    let labels = match dots.as_slice() {
        [] => return "",
        [.., second, last] if SECOND_LEVELS.contains(&&host[second + 1..*last]) && host.len() - last <= 3 => 3,
        [only] if SECOND_LEVELS.contains(&&host[..*only]) && host.len() - only <= 3 => return "",
        _ => 2,
    };
    if dots.len() < labels { host } else { &host[dots[dots.len() - labels] + 1..] }
}

/// Second levels under which names are registered, in the countries that have them.
const SECOND_LEVELS: &[&str] = &["co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "gob", "go"];

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin { text: Some(text.to_owned()) }
    }

    /// Observed on a running server.
    #[test]
    fn pages_are_known_by_their_host() {
        let (local, hosts) =
            (["localhost", "127.0.0.1", "::1"], ["app.example.com".into(), "*.shop.example.com".into()]);
        for good in [
            "http://localhost:3000",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://app.example.com",
            "https://a.shop.example.com",
        ] {
            assert!(origin(good).check(&local, &hosts).is_ok(), "{good}");
        }
        for bad in [
            "http://localhost.example.com",
            "http://127.0.0.2:3000",
            "http://app.localhost:3000",
            "https://www.app.example.com",
            "https://shop.example.com",
            "null",
            "localhost",
            "file://",
            "ftp://localhost",
        ] {
            assert!(origin(bad).check(&local, &hosts).is_err(), "{bad}");
        }
    }

    #[test]
    fn registrable_names_are_cut_below_the_public_suffix() {
        for (host, name) in [
            ("app.example.com", "example.com"),
            ("example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("co.uk", ""),
            ("localhost", ""),
            ("127.0.0.1", ""),
            ("::1", ""),
        ] {
            assert_eq!(registrable(host), name, "{host}");
        }
    }
}
