//! `rehome sandbox`: its command line, what it keeps, who gets in, and its bad evenings.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, send};
use crate::util::{rehome, run};

/// A sandbox whose output the test reads.
struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: ChildStderr,
    ready: Value,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let mut child = rehome()
            .args(["sandbox", "--format", "json"])
            .args(args)
            .env_remove("SANDBOX_KEY")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = child.stderr.take().expect("piped");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a ready line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, stdout, stderr, ready }
    }

    fn ready(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("text")
    }

    /// Sends a request with a key to a project.
    fn call_as(&self, project: &str, key: Option<&str>, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let mut headers = vec![
            ("X-Appwrite-Project".to_owned(), project.to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(key.map(|key| ("X-Appwrite-Key".to_owned(), key.to_owned())));
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        send(self.ready("endpoint"), method, path, &headers, body.as_deref().map(str::as_bytes))
    }

    /// Sends a request with the key to the project.
    fn call(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        self.call_as(self.ready("project"), Some(self.ready("key")), method, path, body)
    }

    #[track_caller]
    fn status(&self, method: &str, path: &str, body: &Value) -> u64 {
        self.call(method, path, body).expect("an answer").status
    }

    /// Asks it to stop; gives the exit code, and what it printed after the ready line to standard output and error.
    #[cfg(unix)]
    fn stop(mut self) -> (Option<i32>, String, String) {
        let killed = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(killed.success());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).expect("text");
        self.stderr.read_to_string(&mut stderr).expect("text");
        (self.child.wait().expect("it ends").code(), stdout, stderr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MD5: &str = "bd347294ce11cf3839ca8dc32f59d481";
const PASSWORD: &str = "Correct-Horse-9";

fn user(id: &str) -> Value {
    json!({"userId": id, "email": format!("{id}@example.org"), "password": MD5})
}

#[test]
#[cfg(unix)]
fn it_says_what_an_sdk_needs_and_then_nothing_until_it_stops() {
    let sandbox = Process::start(&["--project", "shop", "--key", "standard_k"]);
    let names: Vec<&String> = sandbox.ready.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["endpoint", "project", "key", "limited_key"]);
    assert_eq!((sandbox.ready("project"), sandbox.ready("key")), ("shop", "standard_k"));
    assert_eq!(sandbox.status("POST", "/users/md5", &user("a")), 201);
    let limited = sandbox.call_as("shop", Some(sandbox.ready("limited_key")), "GET", "/users", &Value::Null);
    assert_eq!(limited.expect("an answer").status, 401);
    let (code, stdout, stderr) = sandbox.stop();
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
}

#[test]
#[cfg(unix)]
fn a_store_keeps_users_project_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("users.sqlite");
    let store = store.to_str().expect("text");
    let first = Process::start(&["--store", store]);
    assert_eq!(first.status("POST", "/users/md5", &user("kept")), 201);
    assert_eq!(first.status("PATCH", "/users/kept/prefs", &json!({"prefs": {"a": 1}})), 200);
    let ready = first.ready.clone();
    let mode = std::fs::metadata(store).expect("the store").permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may open the store: {mode:o}");
    assert_eq!(first.stop().0, Some(0));

    let second = Process::start(&["--store", store]);
    for name in ["project", "key", "limited_key"] {
        assert_eq!(second.ready[name], ready[name], "{name}");
    }
    let prefs = second.call("GET", "/users/kept/prefs", &Value::Null).expect("an answer").json();
    assert_eq!(prefs, json!({"a": 1}));
    assert_eq!(second.status("POST", "/users/md5", &user("KEPT")), 409);
    let sign_in = json!({"email": "kept@example.org", "password": PASSWORD});
    assert_eq!(second.status("POST", "/account/sessions/email", &sign_in), 201);
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("other.sqlite");
    let other = rusqlite::Connection::open(&store).expect("a database");
    other.execute_batch("CREATE TABLE t(x)").expect("a table");
    drop(other);
    let store = store.to_str().expect("text");
    let refused = run(rehome().args(["sandbox", "--store", store])).exits(2);
    assert!(refused.stderr.contains("something else"), "{}", refused.stderr);
}

#[test]
#[cfg(unix)]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("users.sqlite");
    let store = store.to_str().expect("text");
    let mut first = Process::start(&["--store", store]);
    for i in 0..50 {
        assert_eq!(first.status("POST", "/users/md5", &user(&format!("u{i}"))), 201);
    }
    first.child.kill().expect("a kill");
    first.child.wait().expect("an end");
    let second = Process::start(&["--store", store]);
    let list = second.call("GET", "/users", &Value::Null).expect("an answer").json();
    assert_eq!(list["total"], 50);
}

/// Observed on running servers: of 24 identical creates at once, exactly one is 201 and the others are 409.
#[test]
fn of_identical_creates_at_once_one_wins() {
    let sandbox = Process::start(&[]);
    let mut statuses: Vec<u64> = std::thread::scope(|scope| {
        let creates: Vec<_> =
            (0..24).map(|_| scope.spawn(|| sandbox.status("POST", "/users/md5", &user("a")))).collect();
        creates.into_iter().map(|create| create.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [&[201][..], &[409; 23]].concat());
}

#[test]
fn projects_do_not_see_each_other_and_keys_do_what_their_scopes_say() {
    let sandbox =
        Process::start(&["--extra-project", "other:k2", "--extra-project", "other:k3:users.read,health.read"]);
    assert_eq!(sandbox.status("POST", "/users/md5", &user("a")), 201);
    let other = |key, method, path, body: &Value| {
        sandbox.call_as("other", Some(key), method, path, body).expect("an answer").status
    };
    assert_eq!(other("k2", "GET", "/users/a", &Value::Null), 404);
    assert_eq!(other("k2", "POST", "/users/md5", &user("a")), 201);
    assert_eq!(other("k3", "GET", "/users/a", &Value::Null), 200);
    assert_eq!(other("k3", "DELETE", "/users/a", &Value::Null), 401);
    assert_eq!(other(sandbox.ready("key"), "GET", "/users/a", &Value::Null), 401);
}

#[test]
fn an_app_signs_its_users_in_and_out() {
    let sandbox = Process::start(&[]);
    assert_eq!(sandbox.status("POST", "/users/md5", &user("a")), 201);
    let guest = |method: &str, path: &str, body: &Value, session: Option<&str>| {
        let mut headers = vec![
            ("X-Appwrite-Project".to_owned(), sandbox.ready("project").to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Origin".to_owned(), "http://localhost:3000".to_owned()),
        ];
        headers.extend(session.map(|cookie| ("Cookie".to_owned(), cookie.to_owned())));
        let body = body.to_string();
        send(sandbox.ready("endpoint"), method, path, &headers, Some(body.as_bytes())).expect("an answer")
    };
    let sign_in = json!({"email": "A@example.org", "password": PASSWORD});
    let answer = guest("POST", "/account/sessions/email", &sign_in, None);
    assert_eq!((answer.status, &answer.json()["secret"]), (201, &json!("")));
    assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3000");
    let cookie = answer.headers["set-cookie"].clone();
    let account = guest("GET", "/account", &Value::Null, Some(&cookie));
    assert_eq!((account.status, &account.json()["$id"]), (200, &json!("a")));
    assert!(account.json().get("password").is_none() && account.json().get("hashOptions").is_none());
    let again = guest("POST", "/account/sessions/email", &sign_in, Some(&cookie));
    assert_eq!((again.status, &again.json()["type"]), (401, &json!("user_session_already_exists")));

    let jwt = sandbox.call("POST", "/users/a/jwts", &json!({"sessionId": "recent"})).expect("an answer").json();
    let headers = [
        ("X-Appwrite-Project".to_owned(), sandbox.ready("project").to_owned()),
        ("X-Appwrite-JWT".to_owned(), jwt["jwt"].as_str().expect("a token").to_owned()),
    ];
    let with_jwt = || send(sandbox.ready("endpoint"), "GET", "/account", &headers, None).expect("an answer").status;
    assert_eq!(with_jwt(), 200);

    assert_eq!(guest("DELETE", "/account/sessions/current", &Value::Null, Some(&cookie)).status, 204);
    assert_eq!(guest("GET", "/account", &Value::Null, Some(&cookie)).status, 401);
    assert_eq!(with_jwt(), 401);
}

#[test]
fn a_dropped_answer_is_a_create_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("users.sqlite");
    let store = store.to_str().expect("text");
    let dropping = Process::start(&["--store", store, "--faults", "drop-after-commit=1"]);
    assert!(dropping.call("POST", "/users/md5", &user("a")).is_none());
    drop(dropping);
    let resetting = Process::start(&["--store", store, "--faults", "reset=1"]);
    assert!(resetting.call("POST", "/users/md5", &user("b")).is_none());
    drop(resetting);
    let again = Process::start(&["--store", store]);
    assert_eq!(again.status("GET", "/users/a", &Value::Null), 200);
    assert_eq!(again.status("GET", "/users/b", &Value::Null), 404);
}

#[test]
fn refusals_for_being_too_fast_are_worded_as_the_server_words_them() {
    let sandbox = Process::start(&["--limit", "1", "--retry-after"]);
    let refused =
        (0..20).find_map(|_| sandbox.call("GET", "/users", &Value::Null).filter(|answer| answer.status == 429));
    let refused = refused.expect("a refusal");
    assert_eq!(refused.json()["type"], "general_rate_limit_exceeded");
    assert_eq!((refused.headers["x-ratelimit-limit"].as_str(), refused.headers["retry-after"].as_str()), ("1", "1"));
    let faulty = Process::start(&["--faults", "503=1"]);
    assert_eq!(faulty.status("GET", "/users", &Value::Null), 503);
}

#[test]
fn an_answer_takes_its_latency_with_the_work_in_it() {
    let sandbox = Process::start(&["--latency", "60"]);
    let start = std::time::Instant::now();
    assert_eq!(sandbox.status("POST", "/users/md5", &user("a")), 201);
    assert!(start.elapsed() >= Duration::from_millis(55), "{:?}", start.elapsed());
}

#[test]
fn ten_failed_sign_ins_are_the_limit_where_it_is_on() {
    let sandbox = Process::start(&["--abuse-limit", "--appwrite-version", "1.9.6"]);
    let attempt = |key| {
        let body = json!({"email": "a@example.org", "password": "wrong-password"});
        sandbox
            .call_as(sandbox.ready("project"), key, "POST", "/account/sessions/email", &body)
            .expect("an answer")
            .status
    };
    let statuses: Vec<u64> = (0..11).map(|_| attempt(None)).collect();
    assert_eq!(statuses, [&[401; 10][..], &[429]].concat());
    assert_eq!(attempt(Some(sandbox.ready("key"))), 401);
}

#[test]
#[cfg(unix)]
fn the_access_log_holds_no_secrets() {
    let sandbox = Process::start(&["--access-log", "--key", "standard_topsecret"]);
    assert_eq!(sandbox.status("POST", "/users/md5", &user("a")), 201);
    assert_eq!(sandbox.status("GET", "/users?search=hidden", &Value::Null), 200);
    let (_, _, stderr) = sandbox.stop();
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    assert!(stderr.contains("POST /v1/users/md5 201") && stderr.contains("GET /v1/users?search=… 200"), "{stderr}");
    for secret in ["topsecret", MD5, "hidden", "example.org"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
}

#[test]
fn large_bodies_and_heads_are_refused_and_others_go_on() {
    let sandbox = Process::start(&[]);
    let large = json!({"userId": "a", "x": "x".repeat(13 * 1024 * 1024)});
    assert_eq!(sandbox.call("POST", "/users", &large).map(|answer| answer.status), Some(413));
    let address = sandbox.ready("endpoint").trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    // A client that sends everything before it listens is heard out.
    let mut stream = TcpStream::connect(&address).expect("a connection");
    stream.write_all(b"POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n").expect("it reads");
    for _ in 0..2_000 {
        stream.write_all(&[b'x'; 10_000]).expect("it reads on");
    }
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 413");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
    let header = format!("X-Long: {}\r\n", "x".repeat(300_000));
    let _ = stream.write_all(format!("GET /v1/users HTTP/1.1\r\nHost: x\r\n{header}\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(sandbox.status("GET", "/users", &Value::Null), 200);
}

#[test]
fn nobody_else_reaches_it_unless_told() {
    let refused = run(rehome().args(["sandbox", "--listen", "0.0.0.0:0"])).exits(2);
    assert!(refused.stderr.contains("--allow-remote"), "{}", refused.stderr);
    run(rehome().args(["sandbox", "--faults", "nonsense"])).exits(2);
    run(rehome().args(["sandbox", "--extra-project", "p:k:users.destroy"])).exits(2);
}
