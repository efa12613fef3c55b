//! The page in a real browser, at phone and desktop width, light and dark. Skipped, and said so, where there is no
//! Chromium.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::util::{fixture, rehome, run, run_with_input};

const CHECK: &str = include_str!("browser_check.js");

/// Values that try to be more than text.
pub const HOSTILE: &str = concat!(
    r#"[{"id":"1","email":"=cmd|' /C calc'!A0@example.com","name":"<script>parent.pwned=1</script>","password_hash":"$2y$10$x"},"#,
    r#"{"id":"<img src=x onerror=parent.pwned=1>","email":"a@b","name":"x\u0000\u202egnp.exe","password_scheme":"\"><script>parent.pwned=1</script>","password_hash":"deadbeefdeadbeef"},"#,
    r#"{"id":"3","email":"</table></script><script src=\"http://127.0.0.1:1/x\"></script>@example.com","</style><b onclick=x>":"column","phone":"@SUM(A1)"},"#,
    r#"{"id":"4","email":"LONG@example.com","name":"LONG","LONG":1}]"#
);

pub fn hostile() -> String {
    HOSTILE.replace("LONG", &"ü".repeat(5_000))
}

#[test]
fn every_report_is_readable_in_a_browser() {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: there is no chromium or chrome on this machine");
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    let mut pages = BTreeMap::new();
    let mut keep = |name: &str, run: &Path| {
        let page = std::fs::read(run.join("report.html")).expect("check writes the page");
        pages.insert(format!("/{name}.html"), page);
    };

    let imported = home.path().join("imported");
    std::fs::create_dir(&imported).expect("made");
    std::fs::copy(fixture("report/firebase-import.json"), imported.join("report.json")).expect("copied");
    run(rehome().arg("report").arg(&imported)).exits(0);
    keep("imported", &imported);

    let attacked = home.path().join("attacked");
    let mut check = rehome();
    check.args(["check", "-", "--from", "generic", "--with-pii", "--run"]).arg(&attacked);
    run_with_input(&mut check, hostile().as_bytes()).exits(3);
    keep("attacked", &attacked);

    for scheme in ["light", "dark"] {
        let (faults, requests, console) = look(&chromium, &pages, scheme == "dark", home.path());
        assert_eq!(faults, "[]", "{scheme}");
        assert_eq!(console, Vec::<String>::new(), "{scheme}");
        // Nothing is asked for but the pages themselves.
        for request in requests {
            assert!(request == "/" || pages.contains_key(&request), "{scheme}: asked for {request}");
        }
    }
}

fn chromium() -> Option<String> {
    let installed = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .into_iter()
        .find(installed)
        .map(Into::into)
}

/// Opens all pages in frames of three widths, and gives the faults, what was requested, and what the console said.
fn look(
    chromium: &str,
    pages: &BTreeMap<String, Vec<u8>>,
    dark: bool,
    home: &Path,
) -> (String, Vec<String>, Vec<String>) {
    let mut frames = String::new();
    for page in pages.keys() {
        for width in [390, 768, 1280] {
            frames.push_str(&frame(page, width));
        }
    }
    let index =
        format!("<!doctype html><meta charset=utf-8><link rel=icon href=\"data:,\"><script>{CHECK}</script>\n{frames}");
    let (address, requests) = serve(index, pages.clone());

    let profile = tempfile::tempdir_in(home).expect("a folder");
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--dump-dom", "--window-size=1400,1000"])
        .arg(format!("--user-data-dir={}", profile.path().display()));
    if dark {
        command.arg("--force-dark-mode");
    }
    let out = command.arg(address).output().expect("chromium runs");
    let dom = String::from_utf8_lossy(&out.stdout);
    assert!(dom.contains("<title>checked</title>"), "the check did not run:\n{dom}");
    let faults = dom.split("<body>").nth(1).and_then(|body| body.split("</body>").next()).unwrap_or_default();
    let said = String::from_utf8_lossy(&out.stderr);
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    let requests = requests.lock().expect("nobody panicked").clone();
    (faults.trim().to_owned(), requests, console)
}

fn frame(page: &str, width: u32) -> String {
    format!("<iframe src=\"{page}\" title=\"{page} at {width}\" width=\"{width}\" height=\"900\"></iframe>\n")
}

/// Serves the pages on loopback for as long as the test process lives, and remembers what was asked for.
fn serve(index: String, pages: BTreeMap<String, Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let Some(first) = lines.next() else { continue };
            for _ in lines.take_while(|line| !line.is_empty()) {}
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = match pages.get(&path) {
                Some(page) => ("200 OK", page.as_slice()),
                None if path == "/" => ("200 OK", index.as_bytes()),
                None => ("404 Not Found", b"".as_slice()),
            };
            log.lock().expect("nobody panicked").push(path);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (address, requests)
}
