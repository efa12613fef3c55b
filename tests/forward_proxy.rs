//! A forward proxy on the way out of a company's network: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::soak::{assert_holds, users};
use super::tls::encrypted;
use super::util::{Sandbox, fixture, run};

const N: usize = 12;
/// Known to nobody but the proxy.
pub const HOST: &str = "appwrite.test";

/// A proxy that knows one host by name, and hands on what it is asked for: whole requests, or a tunnel. Ends with the process.
pub struct Forward {
    /// `127.0.0.1:PORT`
    pub address: String,
    /// What it was asked for, head by head.
    heads: Arc<Mutex<Vec<String>>>,
    /// All that went through its tunnels.
    tunneled: Arc<Mutex<Vec<u8>>>,
}

impl Forward {
    /// Before this address; with `authorization` it lets nobody through who does not send it.
    pub fn before(backend: &str, authorization: Option<&'static str>) -> Self {
        let backend = backend.split("://").last().unwrap_or_default().trim_end_matches("/v1").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (heads, tunneled) = (Arc::default(), Arc::default());
        let proxy = Self { address, heads, tunneled };
        let (heads, tunneled) = (proxy.heads.clone(), proxy.tunneled.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (backend, heads, tunneled) = (backend.clone(), heads.clone(), tunneled.clone());
                std::thread::spawn(move || drop(serve(stream, &backend, authorization, &heads, &tunneled)));
            }
        });
        proxy
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("a lock").clone()
    }
}

/// One request or tunnel a connection.
fn serve(
    mut stream: TcpStream,
    backend: &str,
    authorization: Option<&str>,
    heads: &Mutex<Vec<String>>,
    tunneled: &Mutex<Vec<u8>>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut part = [0; 16384];
    let end = loop {
        match memchr::memmem::find(&bytes, b"\r\n\r\n") {
            Some(end) => break end,
            None => match stream.read(&mut part)? {
                0 => return Ok(()),
                n => bytes.extend_from_slice(&part[..n]),
            },
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut rest = bytes.split_off(end);
    heads.lock().expect("a lock").push(head.clone());
    let sent = |name: &str| head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
    let theirs = sent("proxy-authorization:").and_then(|line| line.split_once(": ")).map(|(_, value)| value);
    if authorization.is_some_and(|wanted| theirs != Some(wanted)) {
        return stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    }
    let mut words = head.split(' ');
    let (method, to) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method == "CONNECT" {
        let mut server = TcpStream::connect(backend)?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut from_client, mut to_server) = (stream.try_clone()?, server.try_clone()?);
        let copied = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut part = [0; 16384];
                while let Ok(n @ 1..) = from_client.read(&mut part) {
                    tunneled.lock().expect("a lock").extend_from_slice(&part[..n]);
                    if to_server.write_all(&part[..n]).is_err() {
                        break;
                    }
                }
                let _ = to_server.shutdown(std::net::Shutdown::Write);
            });
            let copied = std::io::copy(&mut server, &mut stream);
            let _ = stream.shutdown(std::net::Shutdown::Both);
            copied
        });
        return copied.map(|_| ());
    }
    // As a proxy is asked: with the whole URL.
    let path = to.strip_prefix(&format!("http://{HOST}")).unwrap_or("/elsewhere");
    let length: usize = sent("content-length:").and_then(|line| line[15..].trim().parse().ok()).unwrap_or(0);
    while rest.len() < length + 4 {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            n => rest.extend_from_slice(&part[..n]),
        }
    }
    let mut server = TcpStream::connect(backend)?;
    server.write_all(format!("{}\r\nConnection: close", head.replacen(to, path, 1)).as_bytes())?;
    server.write_all(&rest)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    stream.write_all(&answer)
}

struct World {
    home: tempfile::TempDir,
    sandbox: Sandbox,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("export.csv"), users(N).0).expect("written");
        Self { home, sandbox: Sandbox::start(&[]) }
    }

    fn import(&self, endpoint: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = self.sandbox.rehome();
        command.args(["import", "--endpoint", endpoint, "--give-up-after", "1"]);
        command.arg(self.home.path().join("export.csv")).arg("--run").arg(self.folder());
        command.envs(variables.iter().copied());
        command
    }

    fn folder(&self) -> std::path::PathBuf {
        self.home.path().join("run")
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| std::fs::read(entry.path()));
    files.flatten().any(|bytes| memchr::memmem::find(&bytes, text.as_bytes()).is_some())
}

#[test]
fn what_is_not_encrypted_is_asked_for_by_the_whole_url() {
    let world = World::new();
    let proxy = Forward::before(&world.sandbox.endpoint, None);
    let through = format!("http://{}", proxy.address);
    let endpoint = format!("http://{HOST}/v1");
    let said = run(&mut world.import(&endpoint, &[("HTTP_PROXY", &through)])).exits(0);
    assert!(said.stderr.contains("travel unencrypted"), "{}", said.stderr);
    assert_holds(&world.sandbox, &users(N).1);
    let heads = proxy.heads();
    assert!(heads.len() > N && heads.iter().all(|head| head.contains(&format!(" http://{HOST}/v1/"))), "{heads:?}");
    // So do the other commands, by a variable in small letters or for all schemes.
    for (name, words) in [("http_proxy", &["verify"][..]), ("ALL_PROXY", &["rollback", "--yes"])] {
        let before = proxy.heads().len();
        run(world.sandbox.rehome().args(words).arg(world.folder()).env(name, &through)).exits(0);
        assert!(proxy.heads().len() > before, "{name}");
    }
}

#[test]
fn what_is_encrypted_goes_through_a_tunnel_that_sees_nothing() {
    let world = World::new();
    let proxy = Forward::before(&encrypted(&world.sandbox), Some("Basic c29tZWJvZHk6aHVudGVyMjI="));
    let endpoint = format!("https://{HOST}/v1");
    let with = format!("http://somebody:hunter22@{}", proxy.address);
    // A proxy that wants to know who asks is told apart from a target that does.
    let without = format!("http://{}", proxy.address);
    let mut command = world.import(&endpoint, &[("HTTPS_PROXY", &without)]);
    let refused = run(command.arg("--ca-file").arg(fixture("tls/ca.pem"))).exits(4);
    assert!(refused.stderr.contains("cannot reach") && refused.stderr.contains("proxy"), "{}", refused.stderr);

    let mut command = world.import(&endpoint, &[("HTTPS_PROXY", &with)]);
    let said = run(command.arg("--ca-file").arg(fixture("tls/ca.pem"))).exits(0);
    assert_holds(&world.sandbox, &users(N).1);
    assert!(!said.stderr.contains("hunter22") && !holds(&world.folder(), "hunter22"), "{}", said.stderr);
    let heads = proxy.heads();
    assert!(heads.iter().all(|head| head.starts_with(&format!("CONNECT {HOST}:443 "))), "{heads:?}");
    let tunneled = proxy.tunneled.lock().expect("a lock");
    for open in [&*world.sandbox.key, "/v1/users", "person1@example.com"] {
        assert!(!tunneled.is_empty() && memchr::memmem::find(&tunneled, open.as_bytes()).is_none(), "{open}");
    }
}

#[test]
fn who_is_in_no_proxy_or_on_this_machine_is_asked_without_one() {
    let world = World::new();
    let proxy = Forward::before(&world.sandbox.endpoint, None);
    let through = format!("http://{}", proxy.address);
    let endpoint = format!("http://{HOST}/v1");
    for list in [HOST, ".test", "*", "10.0.0.0/8, appwrite.test"] {
        let variables = [("HTTP_PROXY", &*through), ("NO_PROXY", list)];
        let said = run(&mut world.import(&endpoint, &variables)).exits(4);
        assert!(said.stderr.contains("cannot reach"), "{}", said.stderr);
    }
    // Nobody listens there, and nobody is asked.
    let nobody = [("HTTP_PROXY", "http://127.0.0.1:9"), ("ALL_PROXY", "http://127.0.0.1:9")];
    run(&mut world.import(&world.sandbox.endpoint, &nobody)).exits(0);
    assert!(proxy.heads().is_empty(), "{:?}", proxy.heads());
    assert_holds(&world.sandbox, &users(N).1);
    // A proxy that is gone is named as what cannot be reached.
    let said = run(&mut World::new().import(&endpoint, &nobody)).exits(4);
    assert!(said.stderr.contains("cannot reach"), "{}", said.stderr);
}
