//! Whose certificates are believed: those of `--ca-file` and of the system, and nobody's where none are needed.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::soak::{assert_holds, users};
use super::util::{Sandbox, fixture, rehome, run};

const N: usize = 12;

/// `https` before a sandbox, with a certificate that only `fixtures/tls/ca.pem` vouches for. Ends with the process.
pub fn encrypted(sandbox: &Sandbox) -> String {
    let certificate = CertificateDer::from_pem_file(fixture("tls/server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(fixture("tls/server.key")).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    let (config, backend) = (Arc::new(config), sandbox.endpoint.replace("http://", "").replace("/v1", ""));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("https://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, backend) = (config.clone(), backend.clone());
            std::thread::spawn(move || drop(serve(stream, config, &backend)));
        }
    });
    endpoint
}

/// One request a connection.
fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, backend: &str) -> std::io::Result<()> {
    let connection = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut part = [0; 16384];
    let whole = |bytes: &[u8]| {
        let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return false };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        bytes.len() >= end + 4 + length.unwrap_or(0)
    };
    while !whole(&request) {
        let n = tls.read(&mut part)?;
        if n == 0 {
            return Ok(());
        }
        request.extend_from_slice(&part[..n]);
    }
    let end = memchr::memmem::find(&request, b"\r\n").unwrap_or(0);
    request.splice(end..end, *b"\r\nConnection: close");
    let mut server = TcpStream::connect(backend)?;
    server.write_all(&request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    tls.write_all(&answer)?;
    tls.conn.send_close_notify();
    tls.flush()
}

fn without_store(command: &mut Command) -> &mut Command {
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent")
}

fn export(home: &Path) -> std::path::PathBuf {
    let path = home.join("export.csv");
    std::fs::write(&path, users(N).0).expect("written");
    path
}

#[test]
fn no_authorities_are_needed_where_nothing_is_encrypted() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, sandbox) = (export(home.path()), Sandbox::start(&[]));
    let mut command = rehome();
    command.args(["import", "--sandbox"]).arg(&export).arg("--run").arg(home.path().join("rehearsal"));
    run(without_store(&mut command)).exits(0);
    let mut command = sandbox.rehome();
    command.arg("import").arg(&export).arg("--run").arg(home.path().join("run"));
    let said = run(without_store(&mut command)).exits(0);
    assert!(!said.stderr.contains("authorities"), "{}", said.stderr);
    assert_holds(&sandbox, &users(N).1);
}

#[test]
fn an_authority_of_ones_own_is_believed_where_it_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, sandbox) = (export(home.path()), Sandbox::start(&[]));
    let endpoint = encrypted(&sandbox);
    let folder = home.path().join("run");
    let import = || {
        let mut command = sandbox.rehome();
        command.args(["import", "--endpoint", &endpoint, "--give-up-after", "1", "--limit", "5"]).arg(&export);
        command.arg("--run").arg(&folder);
        command
    };
    // Neither the system's authorities nor, without those, Mozilla's know it.
    for store in [true, false] {
        let mut command = import();
        let said = run(if store { &mut command } else { without_store(&mut command) }).exits(4);
        assert!(said.stderr.contains("certificate"), "{}", said.stderr);
    }
    let said = run(import().arg("--ca-file").arg(export.clone())).exits(2);
    assert!(said.stderr.contains("--ca-file takes"), "{}", said.stderr);
    let mut command = import();
    run(without_store(&mut command).arg("--ca-file").arg(fixture("tls/ca.pem"))).exits(0);
    // The run remembers it, and the system's store is not in the way.
    let words: [&[&str]; 3] = [&["resume"], &["verify"], &["rollback", "--yes"]];
    for words in words {
        run(sandbox.rehome().args(words).arg(&folder)).exits(0);
        if words == ["resume"] {
            assert_holds(&sandbox, &users(N).1);
        }
    }
}
