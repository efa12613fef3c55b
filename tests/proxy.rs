//! What can stand between rehome and a target: a small proxy on this machine that answers for it, loses answers, sends
//! requests twice, or tells another time. What it does with a request, a closure of the test decides.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::util::Sandbox;

/// A request on its way.
pub struct Passing {
    /// `POST`
    pub method: String,
    /// With `/v1` and the query.
    pub path: String,
    /// As sent.
    pub body: String,
    /// How many came before it.
    pub number: usize,
    /// Since the proxy was started.
    pub at: Duration,
}

impl Passing {
    /// Whether it creates a user; the empty create that only asks for the key's rights does not.
    pub fn creates(&self) -> bool {
        self.method == "POST" && self.path.starts_with("/v1/users") && self.body.contains("userId")
    }
}

/// What is done with it.
pub enum Act {
    /// It is passed on, and its answer back.
    Pass,
    /// Answered here: status, content type, body.
    Say(u16, &'static str, String),
    /// Answered here, with one more header line.
    SayWith(u16, String, String),
    /// Passed on, and answered here all the same.
    PassAndSay(u16, &'static str, String),
    /// Neither passed on nor answered: the connection ends.
    Drop,
    /// Passed on; the answer is lost.
    PassAndDrop,
    /// Passed on; then this happens, and the answer is lost.
    PassAndThen(Box<dyn FnOnce()>),
    /// Passed on twice; the second answer counts.
    Twice,
    /// Passed on, and all times in the answer, in head and body, are so many seconds later.
    Later(i64),
    /// Passed on, and only its `Date` is so many seconds later.
    DateLater(i64),
    /// Another path is passed on instead.
    Rewrite(String),
    /// Answered with a body that does not end.
    Endless,
    /// Answered with a head that does not end.
    EndlessHead,
    /// Answered with a body of so many bytes, one every so often.
    Slow(usize, Duration),
}

/// Something that is not Appwrite's.
pub fn html(status: u16) -> Act {
    Act::Say(status, "text/html", "<html><body>please come back later</body></html>".into())
}

/// An error as Appwrite writes it.
pub fn error(status: u16, kind: &str, message: &str) -> Act {
    let body = serde_json::json!({"message": message, "code": status, "type": kind, "version": "1.9.6"});
    Act::Say(status, "application/json", body.to_string())
}

/// What a test decides.
type Decide = dyn Fn(&Passing) -> Act + Send + Sync;

/// A running proxy; ends with the test.
pub struct Proxy {
    /// `http://127.0.0.1:PORT/v1`
    pub endpoint: String,
    decide: Arc<Mutex<Arc<Decide>>>,
    seen: Arc<Mutex<Vec<(Duration, String)>>>,
    ahead: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
    address: std::net::SocketAddr,
}

impl Proxy {
    /// A proxy before this sandbox.
    pub fn before(sandbox: &Sandbox, decide: impl Fn(&Passing) -> Act + Send + Sync + 'static) -> Self {
        let backend = sandbox.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let decide: Arc<Mutex<Arc<Decide>>> = Arc::new(Mutex::new(Arc::new(decide)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ahead = Arc::new(AtomicI64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let proxy = Self {
            endpoint: format!("http://{address}/v1"),
            decide: decide.clone(),
            seen: seen.clone(),
            ahead: ahead.clone(),
            over: over.clone(),
            address,
        };
        let started = Instant::now();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let (backend, decide, seen) = (backend.clone(), decide.clone(), seen.clone());
                let ahead = ahead.clone();
                std::thread::spawn(move || {
                    let _ = serve(stream, &backend, started, &decide, &seen, &ahead);
                });
            }
        });
        proxy
    }

    /// From now on this decides.
    pub fn now(&self, decide: impl Fn(&Passing) -> Act + Send + Sync + 'static) {
        *self.decide.lock().expect("a lock") = Arc::new(decide);
    }

    /// From now on the target's clock is so many seconds ahead, in whatever it answers.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    /// Every request so far, with its time: `POST /v1/users/md5`.
    pub fn seen(&self) -> Vec<(Duration, String)> {
        self.seen.lock().expect("a lock").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    backend: &str,
    started: Instant,
    decide: &Mutex<Arc<Decide>>,
    seen: &Mutex<Vec<(Duration, String)>>,
    ahead: &AtomicI64,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    // Several requests a connection: a new one for each would use up the ports.
    while let Some((head, body)) = request(&mut stream)? {
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let at = started.elapsed();
        let number = {
            let mut seen = seen.lock().expect("a lock");
            seen.push((at, format!("{method} {path}")));
            seen.len() - 1
        };
        let passing = Passing { method, path, body: String::from_utf8_lossy(&body).into_owned(), number, at };
        let decide = decide.lock().expect("a lock").clone();
        let pass = |head: &str| {
            let answer = forward(backend, head, &body)?;
            Ok::<_, std::io::Error>(match ahead.load(Ordering::Relaxed) {
                0 => answer,
                seconds => later(&answer, seconds, true),
            })
        };
        let answer = match decide(&passing) {
            Act::Pass => pass(&head)?,
            Act::Say(status, kind, body) => said(status, &format!("Content-Type: {kind}"), &body),
            Act::SayWith(status, line, body) => said(status, &line, &body),
            Act::PassAndSay(status, kind, body) => {
                pass(&head)?;
                said(status, &format!("Content-Type: {kind}"), &body)
            }
            Act::Drop => return Ok(()),
            Act::PassAndDrop => {
                pass(&head)?;
                return Ok(());
            }
            Act::PassAndThen(then) => {
                pass(&head)?;
                then();
                return Ok(());
            }
            Act::Twice => {
                pass(&head)?;
                pass(&head)?
            }
            Act::Later(seconds) => later(&pass(&head)?, seconds, true),
            Act::DateLater(seconds) => later(&pass(&head)?, seconds, false),
            Act::Rewrite(path) => pass(&head.replacen(&passing.path, &path, 1))?,
            Act::Endless => {
                stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{\"a\":\"")?;
                // Bounded all the same: the test must end.
                for _ in 0..4000 {
                    stream.write_all(&[b'a'; 16384])?;
                }
                return Ok(());
            }
            Act::EndlessHead => {
                stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n")?;
                for n in 0..100_000 {
                    stream.write_all(format!("X-Header-{n}: {}\r\n", "x".repeat(500)).as_bytes())?;
                }
                return Ok(());
            }
            Act::Slow(bytes, every) => {
                let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {bytes}\r\n\r\n");
                stream.write_all(head.as_bytes())?;
                for _ in 0..bytes {
                    std::thread::sleep(every);
                    stream.write_all(b" ")?;
                }
                return Ok(());
            }
        };
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// Reads one request; `None` at the end.
fn request(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut part = [0; 16384];
    loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
            let mut body = bytes.split_off(end + 4);
            while body.len() < length {
                let n = stream.read(&mut part)?;
                if n == 0 {
                    return Ok(None);
                }
                body.extend_from_slice(&part[..n]);
            }
            return Ok(Some((head, body)));
        }
        let n = stream.read(&mut part)?;
        if n == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&part[..n]);
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
}

/// Passes a request on, on a connection of its own.
fn forward(backend: &str, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(backend)?;
    let lines: Vec<&str> = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")).collect();
    let mut bytes = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n")).into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    // The connection on this side stays.
    let end = memchr::memmem::find(&answer, b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let lines: Vec<&str> = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")).collect();
    let mut kept = lines.join("\r\n").into_bytes();
    kept.extend_from_slice(&answer[end..]);
    Ok(kept)
}

fn said(status: u16, line: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Said\r\n{line}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An answer by another clock.
fn later(answer: &[u8], seconds: i64, body_too: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return answer.to_vec() };
    let shift = jiff::SignedDuration::from_secs(seconds);
    let lines: Vec<String> = head
        .lines()
        .map(|line| match line.split_once(": ") {
            Some((name, date)) if name.eq_ignore_ascii_case("date") => {
                let parser = jiff::fmt::rfc2822::DateTimeParser::new();
                let moment = parser.parse_timestamp(date).expect("a date") + shift;
                format!("date: {}", moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
            }
            _ => line.to_owned(),
        })
        .collect();
    let mut body = body.to_owned();
    if body_too {
        let stamp = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00").expect("a pattern");
        body = stamp
            .replace_all(&body, |found: &regex::Captures<'_>| {
                let moment = found[0].parse::<jiff::Timestamp>().expect("a moment") + shift;
                moment.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
            })
            .into_owned();
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}
