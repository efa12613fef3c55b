//! The access log: one line a request on standard error. It holds no header, no body and no query value, because any of
//! them may be secret.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Instant;

use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri};

/// The line of a request, printed when it is dropped: a request whose client goes away before the answer may have been
/// done all the same.
pub struct Line {
    began: Instant,
    ip: IpAddr,
    method: Method,
    uri: Uri,
    /// What was answered; `closed` if nothing was.
    pub status: Option<StatusCode>,
}

impl Line {
    /// The line of a request that comes in now.
    pub fn begin(ip: IpAddr, request: &Parts) -> Self {
        Self { began: Instant::now(), ip, method: request.method.clone(), uri: request.uri.clone(), status: None }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { began, ip, method, uri, status } = self;
        let status = status.map_or_else(|| "closed".to_owned(), |status| status.as_u16().to_string());
        let target = target(uri.path(), uri.query().unwrap_or_default());
        let (now, took) = (crate::sandbox::clock::now(), began.elapsed().as_millis());
        // Nobody may be reading any more.
        let _ = writeln!(std::io::stderr(), "{now} {ip} {method} {target} {status} {took}ms");
    }
}

/// The path, and of the query the names alone.
fn target(path: &str, query: &str) -> String {
    // Control characters cannot stand in a request line, but lines of a log must never depend on it.
    let mut target: String = path.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or_default());
    for (i, name) in names.enumerate() {
        target.push(if i == 0 { '?' } else { '&' });
        target.extend(name.chars().map(|c| if c.is_control() { '?' } else { c }));
        target.push_str("=…");
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_query_are_left_out() {
        assert_eq!(target("/v1/users", "queries[]=secret&total=1"), "/v1/users?queries[]=…&total=…");
        assert_eq!(target("/v1/users", ""), "/v1/users");
    }
}
