//! The access log: one line a request on standard error. It holds no header, no body and no query value, because any of
//! them may be secret.

use std::net::IpAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};

/// Prints a line. Of the query only the names stay.
pub fn line(ip: IpAddr, method: &Method, path: &str, query: &str, status: Option<StatusCode>, took: Duration) {
    let status = status.map_or_else(|| "closed".to_owned(), |status| status.as_u16().to_string());
    let target = target(path, query);
    eprintln!("{} {ip} {method} {target} {status} {}ms", super::clock::now(), took.as_millis());
}

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
