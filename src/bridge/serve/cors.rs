//! What browsers are told: which pages may ask the miss endpoint, and that a page may read an error that is the bridge's own.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};

/// The pages that may ask, by their exact origin: `https://app.example.com`.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<String>);

/// What a browser says of the page that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// No page: an app, a server, a script.
    NoPage,
    /// A page that may ask.
    Known,
    /// Any other page.
    Unknown,
}

/// An origin as browsers write it: scheme, host, and a port where it is not the scheme's own.
///
/// # Errors
/// What it should look like.
pub fn origin(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let origin = url.filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none());
    let origin = origin.filter(|url| url.username().is_empty() && url.password().is_none());
    origin
        .map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| "no origin like https://app.example.com".to_owned())
}

impl FromIterator<String> for Origins {
    fn from_iter<I: IntoIterator<Item = String>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

impl Origins {
    /// Who asks.
    #[must_use]
    pub fn asker(&self, headers: &HeaderMap) -> Asker {
        match headers.get(ORIGIN) {
            None => Asker::NoPage,
            Some(origin) if self.0.iter().any(|known| known.as_bytes() == origin.as_bytes()) => Asker::Known,
            Some(_) => Asker::Unknown,
        }
    }

    /// Lets a page that may ask read the answer.
    pub fn allow(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        answer.append(VARY, HeaderValue::from_static("Origin"));
        if self.asker(asked) == Asker::Known {
            readable(asked, answer);
        }
    }

    /// What a browser asks before it asks.
    pub fn preflight(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        self.allow(asked, answer);
        if self.asker(asked) == Asker::Known {
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            let allowed = "content-type, x-appwrite-project, x-appwrite-response-format, x-sdk-name, x-sdk-version";
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
}

/// Lets the page that asked read the answer, whichever it is: for errors of the bridge's own in front of Appwrite, which tell
/// nothing about anybody, where a browser would show a network error otherwise.
pub fn readable(asked: &HeaderMap, answer: &mut HeaderMap) {
    if let Some(origin) = asked.get(ORIGIN) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        assert_eq!(origin("https://App.example.com/").as_deref(), Ok("https://app.example.com"));
        assert_eq!(origin("https://app.example.com:443").as_deref(), Ok("https://app.example.com"));
        assert_eq!(origin("http://localhost:3000").as_deref(), Ok("http://localhost:3000"));
        for wrong in
            ["app.example.com", "*", "https://*", "null", "https://a.example.com/app", "https://u@a.example.com"]
        {
            assert!(origin(wrong).is_err() || wrong == "https://*", "{wrong}");
        }
    }

    #[test]
    fn pages_are_known_by_their_whole_origin() {
        let origins: Origins = ["https://app.example.com".to_owned()].into_iter().collect();
        assert_eq!(origins.asker(&HeaderMap::new()), Asker::NoPage);
        assert_eq!(origins.asker(&asked("https://app.example.com")), Asker::Known);
        for other in
            ["https://app.example.com.evil.test", "http://app.example.com", "https://app.example.com:8443", "null"]
        {
            assert_eq!(origins.asker(&asked(other)), Asker::Unknown, "{other}");
            let mut answer = HeaderMap::new();
            origins.preflight(&asked(other), &mut answer);
            assert!(!answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{other}");
            assert_eq!(answer[VARY], "Origin");
        }
        let mut answer = HeaderMap::new();
        origins.preflight(&asked("https://app.example.com"), &mut answer);
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example.com");
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_METHODS], "POST");
    }
}
