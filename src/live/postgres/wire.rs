//! PostgreSQL's protocol, as much of it as reading takes: starting, saying who one is, simple queries, `COPY … TO STDOUT`
//! (PostgreSQL 15, chapter 55). No library: what there is for it brings a runtime and hands over row by row what is wanted by the
//! block.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use super::address::{Address, Place, Tls, socket};
use super::auth::{Scram, md5_answer};
use super::password;
use super::trouble::{self, Fields};
use crate::appwrite::authorities;
use crate::error::RunError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Longest silence: of a scan over what was deleted, too.
const SILENCE: Duration = Duration::from_secs(300);
/// No message but a row is longer.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What is read of the socket at a time.
const PART: usize = 256 * 1024;

const PROTOCOL: i32 = 3 << 16;
/// Version 1234.5679, which is none.
const ASK_FOR_TLS: i32 = 1234 * (1 << 16) + 5679;

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection to a server.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// What was read: from `at` to `end` not yet looked at.
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes of the row at hand that are still to come.
    left: usize,
    /// Rows of the COPY at hand.
    rows: u64,
    /// All of its rows were handed on, and that it ends is still to be told.
    ended: bool,
    /// Queries that were sent and whose end was not seen.
    asked: u32,
    /// `server_version`, as it says it.
    pub version: String,
    /// What the server is called in messages.
    name: String,
    /// What it refused first. Whatever is asked for after that is refused because of it.
    first: Option<String>,
}

/// A message but for the row of a COPY.
struct Message {
    kind: u8,
    body: Vec<u8>,
}

impl Wire {
    /// Connects, and says who one is. `name` is the address for messages.
    ///
    /// # Errors
    /// [`RunError::export`] for a server that is not there or refuses, [`RunError::usage`] where something has to be changed in
    /// the address or the password.
    pub fn connect(address: &Address, name: &str) -> Result<Self, RunError> {
        let stream = reach(address, name)?;
        let mut wire = Self {
            stream,
            buffer: vec![0; PART],
            at: 0,
            end: 0,
            left: 0,
            rows: 0,
            ended: false,
            asked: 0,
            version: String::new(),
            name: name.to_owned(),
            first: None,
        };
        let mut start = PROTOCOL.to_be_bytes().to_vec();
        for (key, value) in [
            ("user", address.user.as_str()),
            ("database", &address.database),
            ("application_name", "rehome"),
            ("client_encoding", "UTF8"),
        ] {
            for text in [key, value] {
                start.extend_from_slice(text.as_bytes());
                start.push(0);
            }
        }
        start.push(0);
        wire.put(None, &start)?;
        wire.authenticate(address)?;
        Ok(wire)
    }

    fn authenticate(&mut self, address: &Address) -> Result<(), RunError> {
        let mut scram = None;
        loop {
            let message = self.message()?;
            let body = message.body.as_slice();
            match message.kind {
                b'R' => {
                    let (code, rest) = body.split_first_chunk::<4>().ok_or_else(|| self.garbled())?;
                    self.prove(address, i32::from_be_bytes(*code), rest, &mut scram)?;
                }
                b'S' => {
                    let mut texts = body.split(|&b| b == 0);
                    if texts.next() == Some(b"server_version") {
                        self.version = String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned();
                    }
                }
                b'E' => return Err(self.refused(body)),
                b'Z' => return Ok(()),
                // Keys for cancelling, notices, options of newer protocols.
                _ => {}
            }
        }
    }

    fn prove(&mut self, address: &Address, code: i32, rest: &[u8], scram: &mut Option<Scram>) -> Result<(), RunError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match code {
            // One that ends the conversation before its last word has proved nothing.
            0 if scram.is_some() => Err(self.garbled()),
            0 => Ok(()),
            3 => {
                if !address.is_local() && address.tls == Tls::Never {
                    return Err(RunError::usage("the database wants the password in plain text, without TLS")
                        .remedy("leave out sslmode=disable, or have it ask for scram-sha-256"));
                }
                let password = password::of(address)?;
                self.put(Some(b'p'), &[password.as_bytes(), b"\0"].concat())
            }
            5 => {
                let salt = *rest.first_chunk::<4>().ok_or_else(|| self.garbled())?;
                let answer = md5_answer(&address.user, &password::of(address)?, salt);
                self.put(Some(b'p'), &[answer.as_bytes(), b"\0"].concat())
            }
            10 => {
                if !rest.split(|&b| b == 0).any(|name| name == b"SCRAM-SHA-256") {
                    return Err(self.unread("it asks for a proof that is not known here"));
                }
                let mut nonce = [0; 18];
                getrandom::fill(&mut nonce).map_err(|_| RunError::internal("the system has no randomness"))?;
                let begun = scram.insert(Scram::new(&password::of(address)?, nonce));
                let first = begun.first();
                let length = i32::try_from(first.len()).unwrap_or(0).to_be_bytes();
                self.put(Some(b'p'), &[b"SCRAM-SHA-256\0", length.as_slice(), first.as_bytes()].concat())
            }
            11 => {
                let answer = scram.as_mut().and_then(|scram| scram.answer(&text(rest)));
                let answer = answer.ok_or_else(|| self.garbled())?;
                self.put(Some(b'p'), answer.as_bytes())
            }
            12 if scram.take().is_some_and(|scram| scram.proves(&text(rest))) => Ok(()),
            12 => Err(self.unread("it does not know the password that it asks for: it is another server")),
            _ => Err(self.unread("it asks for a proof that is not known here (Kerberos, SSPI)")),
        }
    }

    /// The rows that a query gives, `None` for NULL.
    ///
    /// # Errors
    /// [`RunError::export`]: what the server says of it, or that it went away.
    pub fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, RunError> {
        self.ask(sql)?;
        let mut rows = Vec::new();
        loop {
            let message = self.message()?;
            match message.kind {
                b'D' => rows.push(cells(&message.body).ok_or_else(|| self.garbled())?),
                b'E' => return Err(self.refused(&message.body)),
                b'Z' => {
                    self.asked -= 1;
                    return Ok(rows);
                }
                _ => {}
            }
        }
    }

    /// Sends one or several statements. What comes of them is taken by [`Wire::copied`] and [`Wire::settle`].
    ///
    /// # Errors
    /// As [`Wire::rows`].
    pub fn ask(&mut self, sql: &str) -> Result<(), RunError> {
        self.settle()?;
        self.ended = false;
        self.asked += 1;
        self.put(Some(b'Q'), &[sql.as_bytes(), b"\0"].concat())
    }

    /// Takes whatever is still to come of what was asked.
    ///
    /// # Errors
    /// As [`Wire::rows`].
    pub fn settle(&mut self) -> Result<(), RunError> {
        let mut dropped = Vec::new();
        while self.asked > 0 {
            // Rows that nobody wants any more.
            while self.left > 0 {
                dropped.clear();
                self.take(&mut dropped, PART)?;
            }
            match self.head()? {
                b'd' => self.row()?,
                _ => match self.message()? {
                    Message { kind: b'E', body } => return Err(self.refused(&body)),
                    Message { kind: b'Z', .. } => self.asked -= 1,
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// Appends rows of the COPY that was asked for, about `most` bytes; nothing at its end alone.
    ///
    /// # Errors
    /// As [`Wire::rows`]; a COPY that ends before the server says how many rows it had is no end.
    pub fn copied(&mut self, data: &mut Vec<u8>, most: usize) -> Result<usize, RunError> {
        let before = data.len();
        if std::mem::take(&mut self.ended) {
            return Ok(0);
        }
        while data.len() - before < most {
            if self.left > 0 {
                self.take(data, most)?;
                continue;
            }
            // What is here is handed on before the server is waited for.
            if self.end - self.at < 5 && data.len() > before {
                break;
            }
            if self.head()? == b'd' {
                self.row()?;
                continue;
            }
            let message = self.message()?;
            match message.kind {
                b'H' => self.rows = 0,
                b'C' => {
                    let told = String::from_utf8_lossy(&message.body);
                    let told = told.trim_end_matches('\0').strip_prefix("COPY ").and_then(|count| count.parse().ok());
                    if told != Some(self.rows) {
                        return Err(self.unread("it gave another number of rows than it says"));
                    }
                    self.ended = data.len() > before;
                    break;
                }
                b'E' => return Err(self.refused(&message.body)),
                b'Z' => return Err(self.garbled()),
                _ => {}
            }
        }
        Ok(data.len() - before)
    }

    /// Takes the head of a row.
    fn row(&mut self) -> Result<(), RunError> {
        self.left = self.length()?;
        self.at += 5;
        self.rows += 1;
        Ok(())
    }

    /// Takes bytes of the row at hand.
    fn take(&mut self, data: &mut Vec<u8>, most: usize) -> Result<(), RunError> {
        if self.at == self.end {
            self.fill(1)?;
        }
        let here = &self.buffer[self.at..self.end];
        let taken = here.len().min(self.left).min(most);
        data.extend_from_slice(&here[..taken]);
        self.at += taken;
        self.left -= taken;
        Ok(())
    }

    /// The kind of the next message.
    fn head(&mut self) -> Result<u8, RunError> {
        self.fill(5)?;
        Ok(self.buffer[self.at])
    }

    /// The length of the next message's body.
    fn length(&self) -> Result<usize, RunError> {
        let bytes = self.buffer[self.at + 1..].first_chunk::<4>().ok_or_else(|| self.garbled())?;
        usize::try_from(i32::from_be_bytes(*bytes))
            .ok()
            .and_then(|length| length.checked_sub(4))
            .ok_or_else(|| self.garbled())
    }

    fn message(&mut self) -> Result<Message, RunError> {
        let kind = self.head()?;
        let length = self.length()?;
        if length > MOST_BYTES {
            return Err(self.garbled());
        }
        self.fill(5 + length)?;
        let body = self.buffer[self.at + 5..self.at + 5 + length].to_vec();
        self.at += 5 + length;
        Ok(Message { kind, body })
    }

    /// Reads until so many bytes are at hand.
    fn fill(&mut self, wanted: usize) -> Result<(), RunError> {
        if self.end - self.at >= wanted {
            return Ok(());
        }
        self.buffer.copy_within(self.at..self.end, 0);
        (self.at, self.end) = (0, self.end - self.at);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(self.gone(&ErrorKind::UnexpectedEof.into())),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.gone(&error)),
            }
        }
        Ok(())
    }

    fn put(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), RunError> {
        let length = i32::try_from(body.len() + 4).map_err(|_| RunError::internal("a statement is too long"))?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        let sent = self.stream.write_all(&message).and_then(|()| self.stream.flush());
        sent.map_err(|error| self.gone(&error))
    }

    fn refused(&mut self, body: &[u8]) -> RunError {
        let said = trouble::refused(&self.name, &Fields::of(body));
        RunError::export(self.first.get_or_insert_with(|| said.to_string()).clone())
    }

    fn gone(&self, error: &std::io::Error) -> RunError {
        trouble::gone(&self.name, error, SILENCE)
    }

    fn garbled(&self) -> RunError {
        self.unread("what answers there does not speak PostgreSQL's protocol")
    }

    fn unread(&self, what: &str) -> RunError {
        RunError::export(format!("{}: {what}", self.name))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // A server that is told need not find out.
        let _ = self.put(Some(b'X'), &[]);
    }
}

/// The cells of a DataRow.
fn cells(body: &[u8]) -> Option<Vec<Option<String>>> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut cells = Vec::new();
    for _ in 0..i16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            cells.push(None);
            continue;
        };
        cells.push(Some(String::from_utf8_lossy(rest.get(..length)?).into_owned()));
        rest = &rest[length..];
    }
    Some(cells)
}

/// A stream to the server, within TLS where the address or the way there asks for it.
fn reach(address: &Address, name: &str) -> Result<Box<dyn Stream>, RunError> {
    let host = match &address.place {
        #[cfg(unix)]
        Place::Socket(folder) => {
            let path = folder.join(socket(address.port));
            let stream =
                std::os::unix::net::UnixStream::connect(&path).map_err(|error| trouble::not_there(name, &error))?;
            stream.set_read_timeout(Some(SILENCE)).map_err(|error| trouble::not_there(name, &error))?;
            return Ok(Box::new(stream));
        }
        #[cfg(not(unix))]
        Place::Socket(folder) => {
            let path = folder.join(socket(address.port));
            return Err(RunError::usage(format!("{} is a socket, and this system has none", path.display())));
        }
        Place::Host(host) => host,
    };
    let not_there = |error: std::io::Error| trouble::not_there(name, &error);
    let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
    let mut found = None;
    for place in (address.reach.as_ref().unwrap_or(host).as_str(), address.port).to_socket_addrs().map_err(not_there)? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            Ok(stream) => {
                found = Some(stream);
                break;
            }
            Err(error) => last = error,
        }
    }
    let mut stream = found.ok_or_else(|| not_there(last))?;
    stream.set_nodelay(true).map_err(not_there)?;
    stream.set_read_timeout(Some(SILENCE)).map_err(not_there)?;
    stream.set_write_timeout(Some(SILENCE)).map_err(not_there)?;
    if address.tls == Tls::Never || address.tls == Tls::Usual && address.is_local() {
        return Ok(Box::new(stream));
    }
    let ask = [8_i32.to_be_bytes(), ASK_FOR_TLS.to_be_bytes()].concat();
    let mut answer = [0];
    stream.write_all(&ask).and_then(|()| stream.read_exact(&mut answer)).map_err(not_there)?;
    match answer[0] {
        b'S' => within_tls(stream, host, address, name),
        b'N' => Err(RunError::export(format!(
            "{name}: the server does not speak TLS, and every hash would travel for all to read"
        ))
        .remedy(
            "reach it through a tunnel that ends on this machine; or, in a network that nobody else is in, add \
                     sslmode=disable",
        )),
        _ => Err(RunError::export(format!("{name}: what answers there does not speak PostgreSQL's protocol"))),
    }
}

fn within_tls(mut stream: TcpStream, host: &str, address: &Address, name: &str) -> Result<Box<dyn Stream>, RunError> {
    let config = authorities::tls(address.ca_file.as_deref())?;
    let server = rustls::pki_types::ServerName::try_from(host.to_owned())
        .map_err(|_| RunError::usage(format!("{name}: a certificate cannot be for a host of this name")))?;
    let failed = |error: &dyn std::fmt::Display| {
        RunError::export(format!("{name}: no TLS with the server: {error}")).remedy(
            "the certificate must be for this host, and its authority the system's or in the PEM file that sslrootcert \
                     names",
        )
    };
    let mut tls = rustls::ClientConnection::new(Arc::new(config), server).map_err(|error| failed(&error))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).map_err(|error| failed(&error))?;
    }
    Ok(Box::new(rustls::StreamOwned::new(tls, stream)))
}
