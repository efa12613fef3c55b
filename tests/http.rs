//! Requests exactly as they stand, each on a connection of its own: no client's opinion of paths, headers or bodies comes
//! between.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u64,
    /// The first header of each name, in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Sends a request to a path below an endpoint like `http://127.0.0.1:80/v1`. A body, and every method that usually has
/// one, gets a `Content-Length`. `None` if the connection is closed without an answer.
pub fn send(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> Option<Answer> {
    let base = endpoint.strip_prefix("http://").expect("http");
    let (address, prefix) = base.split_once('/').expect("a path");
    let mut head = format!("{method} /{prefix}{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if body.is_some() || matches!(method, "POST" | "PUT" | "PATCH") {
        let _ = write!(head, "Content-Length: {}\r\n", body.map_or(0, <[u8]>::len));
    }
    head.push_str("\r\n");
    let mut request = head.into_bytes();
    request.extend(body.unwrap_or_default());
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
    // A server may hang up before it has read everything; what it said first still counts.
    let _ = stream.write_all(&request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    if bytes.is_empty() { None } else { Some(parse(&String::from_utf8_lossy(&bytes))) }
}

fn parse(answer: &str) -> Answer {
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let mut headers = HashMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header");
        headers.entry(name.to_lowercase()).or_insert_with(|| value.trim().to_owned());
    }
    Answer { status, headers, text: text.to_owned() }
}
