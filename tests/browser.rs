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
const AXE: &str = include_str!("browser_axe.js");

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

    let synced = home.path().join("synced");
    std::fs::create_dir(&synced).expect("made");
    let text = std::fs::read_to_string(fixture("report/firebase-import.json")).expect("a report");
    let mut report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    report["sync"] = serde_json::json!({
        "written": "2026-11-28T22:00:00Z", "unchanged": 4_000, "look": 3, "edits": 12,
        "counts": {"new": 7, "changed": 12, "stale-password": 2, "changed-on-both": 1},
    });
    std::fs::write(synced.join("report.json"), report.to_string()).expect("written");
    run(rehome().arg("report").arg(&synced)).exits(0);
    keep("synced", &synced);

    let axe =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder").join("axe/node_modules/axe-core/axe.min.js");
    let axe =
        std::fs::read_to_string(&axe).map_err(|_| eprintln!("skipped: there is no axe-core at {}", axe.display())).ok();
    for scheme in ["light", "dark"] {
        let (faults, requests, console) = look(&chromium, &pages, scheme == "dark", home.path());
        assert_eq!(faults, "[]", "{scheme}");
        assert_eq!(console, Vec::<String>::new(), "{scheme}");
        if let Some(axe) = &axe {
            let (faults, ..) = look_with_axe(&chromium, &pages, axe, scheme == "dark", home.path());
            assert_eq!(faults, "[]", "{scheme}");
        }
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

/// Opens all pages with axe-core in them, which their own policy would not let in, and gives what it finds.
fn look_with_axe(
    chromium: &str,
    pages: &BTreeMap<String, Vec<u8>>,
    axe: &str,
    dark: bool,
    home: &Path,
) -> (String, Vec<String>, Vec<String>) {
    let policy = regex::Regex::new("<meta http-equiv=\"Content-Security-Policy\"[^>]*>").expect("a pattern");
    let opened = |page: &[u8]| {
        let page = String::from_utf8_lossy(page);
        assert!(policy.is_match(&page), "a page without a policy");
        policy.replace(&page, "<script src=\"/axe.js\"></script>").into_owned().into_bytes()
    };
    let mut pages: BTreeMap<_, _> = pages.iter().map(|(name, page)| (name.clone(), opened(page))).collect();
    let frames: String = pages.keys().flat_map(|page| [390, 1280].map(|width| frame(page, width))).collect();
    pages.insert("/axe.js".into(), axe.into());
    let index = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=\"data:,\"><script>{AXE}</script>\n{frames}"
    );
    show(chromium, index, pages, dark, home)
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
    show(chromium, index, pages.clone(), dark, home)
}

/// Opens a page that checks others, and gives what it writes down.
fn show(
    chromium: &str,
    index: String,
    pages: BTreeMap<String, Vec<u8>>,
    dark: bool,
    home: &Path,
) -> (String, Vec<String>, Vec<String>) {
    let (address, requests) = serve(index, pages);

    let profile = tempfile::tempdir_in(home).expect("a folder");
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--dump-dom", "--window-size=1400,1000"])
        // What a page does after it was loaded is waited for.
        .arg("--virtual-time-budget=60000")
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
            let kind = if Path::new(&path).extension().is_some_and(|end| end == "js") {
                "text/javascript"
            } else {
                "text/html"
            };
            log.lock().expect("nobody panicked").push(path);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (address, requests)
}
