//! `rehome bridge serve` as apps meet it: in front of a sandbox, with a store of sealed hashes, killed and restarted.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rehome::account::HashInput;
use rehome::appwrite::Version;
use rehome::bridge::store::Durable;
use rehome::bridge::{Key, Place, STORE, Sealing, State, Store, Vault};
use rehome::scheme::{Kept, record, resolve};
use serde_json::{Value, json};

use super::http::{Answer, send};
use super::proxy::{Act, Proxy};
use super::util::{Sandbox, fixture, run};

/// SHA-1 of password and salt, LDAP's way: quick to verify.
pub(super) const SSHA: &str = "{SSHA}Ki+Q9Ri8Nn2QN1jUbcaqfsgK/pJOYUNs";
pub(super) const RIGHT: &str = "correct horse";

fn kept(input: &HashInput<'_>) -> Option<Kept> {
    Kept::of(input, &resolve(input, Version::NEWEST.profile()))
}

pub(super) fn plain() -> Kept {
    kept(&record::bare(SSHA)).expect("can be kept")
}

/// A sandbox whose users have no password, and the store that holds their hashes.
pub(super) struct Town {
    pub(super) home: tempfile::TempDir,
    pub(super) sandbox: Sandbox,
}

/// A bridge in a process of its own; killed when dropped.
pub(super) struct Bridge {
    pub(super) child: Child,
    /// `http://127.0.0.1:PORT/v1`
    pub(super) endpoint: String,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Town {
    /// The newest version that was read, whose own hashes are quick.
    pub(super) fn new(users: &[(&str, Kept)]) -> Self {
        Self::with(&["--appwrite-version", "2.6.2"], users)
    }

    pub(super) fn with(sandbox: &[&str], users: &[(&str, Kept)]) -> Self {
        let town = Self { home: tempfile::tempdir().expect("a folder"), sandbox: Sandbox::start(sandbox) };
        std::fs::create_dir(town.home.path().join("run")).expect("a folder");
        std::fs::create_dir(town.home.path().join("keys")).expect("a folder");
        let key = Key::generate().expect("a key");
        std::fs::write(town.key_file(), &*key.line()).expect("written");
        private(&town.key_file());
        let vault = town.vault_of(key);
        for (id, kept) in users {
            let email = format!("{id}@example.com");
            town.asks("POST", "/users", json!({"userId": id, "email": email, "name": id}), 201);
            let sealing = Sealing { user_id: id, email: Some(&email), login: Some(id), left: Some(""), kept };
            vault.seal([sealing]).expect("sealed");
        }
        town
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.home.path().join("keys/key")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.home.path().join("run").join(STORE)
    }

    pub(super) fn vault_of(&self, key: Key) -> Vault {
        let place = Place { endpoint: self.sandbox.endpoint.clone(), project: self.sandbox.project.clone() };
        Vault::create(&self.store(), key, &place, None).expect("a store")
    }

    /// Asks the sandbox with its key.
    pub(super) fn asks(&self, method: &str, path: &str, body: Value, status: u64) -> Value {
        let headers = [
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("X-Appwrite-Project".to_owned(), self.sandbox.project.clone()),
            ("X-Appwrite-Key".to_owned(), self.sandbox.key.clone()),
        ];
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let answer = send(&self.sandbox.endpoint, method, path, &headers, body.as_deref()).expect("an answer");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        answer.json()
    }

    pub(super) fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", endpoint).args(["bridge", "serve", "--format", "json"]);
        command.args(["--upstream", endpoint]);
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.arg("--store").arg(self.store()).arg("--bridge-key-file").arg(self.key_file()).args(args);
        command
    }

    /// A bridge in front of the sandbox, at whose refusals nobody waits longer than the work takes.
    pub(super) fn bridge(&self, args: &[&str]) -> Bridge {
        self.bridge_before(&self.sandbox.endpoint, args)
    }

    pub(super) fn bridge_before(&self, endpoint: &str, args: &[&str]) -> Bridge {
        let floor: &[&str] = if args.contains(&"--floor") { &[] } else { &["--floor", "0"] };
        Bridge::of(self.command(endpoint, args).args(floor))
    }

    pub(super) fn sign_in(&self, at: &Bridge, id: &str, password: &str) -> Answer {
        self.sign_in_with(at, id, password, &[])
    }

    pub(super) fn sign_in_with(&self, at: &Bridge, id: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({"email": format!("{id}@example.com"), "password": password});
        self.post(&at.endpoint, "/account/sessions/email", &body, headers).expect("an answer")
    }

    pub(super) fn miss(&self, at: &Bridge, body: &Value) -> Answer {
        self.post(&at.endpoint, "/rehome/sign-in", body, &[]).expect("an answer")
    }

    pub(super) fn post(&self, endpoint: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut all = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        all.push(("X-Appwrite-Project".to_owned(), self.sandbox.project.clone()));
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        send(endpoint, "POST", path, &all, Some(body.to_string().as_bytes()))
    }

    pub(super) fn user(&self, id: &str) -> Value {
        self.asks("GET", &format!("/users/{id}"), Value::Null, 200)
    }

    pub(super) fn sessions(&self, id: &str) -> usize {
        let list = self.asks("GET", &format!("/users/{id}/sessions"), Value::Null, 200);
        list["sessions"].as_array().expect("a list").len()
    }

    /// How many users stand where.
    pub(super) fn count(&self, state: State) -> u64 {
        let store = Store::open(&self.store(), Durable::ByProcess).expect("a store");
        store.status(0).expect("counted").count(state)
    }
}

impl Bridge {
    pub(super) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the bridge starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let listen = ready["listen"].as_str().expect("an address");
        assert_eq!(ready.as_object().expect("an object").len(), 1);
        Self { child, endpoint: format!("{listen}/v1") }
    }

    pub(super) fn root(&self) -> &str {
        self.endpoint.trim_end_matches("/v1")
    }
}

#[cfg(unix)]
pub(super) fn private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("changed");
}

#[cfg(not(unix))]
pub(super) fn private(_: &Path) {}

pub(super) fn kind(answer: &Answer) -> (u64, String) {
    (answer.status, answer.json()["type"].as_str().unwrap_or_default().to_owned())
}

pub(super) fn wrong() -> (u64, String) {
    (401, "user_invalid_credentials".to_owned())
}

/// The hashes of the corpus that no endpoint takes and that their own passwords prove.
fn refused_hashes(mut wanted: impl FnMut(&str) -> bool) -> Vec<(String, Kept, String)> {
    let corpus = std::fs::read_to_string(fixture("hashes/corpus.jsonl")).expect("a fixture");
    let mut all = Vec::new();
    for line in corpus.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let mut input = record::read(line["as_exported"].as_object().expect("an object")).expect("a hash");
        input.declared = match (line["source"].as_str(), line["scheme"].as_str()) {
            (Some("meteor"), _) => Some("meteor".into()),
            (Some("dropbox-style"), _) => Some("bcrypt-sha512".into()),
            (Some("nodebb (shaWrapped)"), _) => Some("nodebb".into()),
            (Some("windows"), _) => Some("ntlm".into()),
            (Some("cisco"), _) => Some("cisco".into()),
            (Some("custom app"), Some("sha256-hex-utf16le")) => Some("utf16-digest".into()),
            (Some("custom app"), Some("sha1(md5)" | "sha256(sha256)")) => Some("nested-digest".into()),
            _ => None,
        };
        let password = line["password_plain"].as_str().expect("text");
        let scheme = line["scheme"].as_str().expect("text");
        if !line["appwrite"].is_null() || password.is_empty() || kept(&input).is_none() || !wanted(scheme) {
            continue;
        }
        let Some(kept) = kept(&input).filter(|kept| kept.verify(password.as_bytes()) == Some(true)) else { continue };
        all.push((scheme.to_owned(), kept, password.to_owned()));
    }
    all
}

/// Schemes that take a second or more without optimisation.
const SLOW: [&str; 4] = ["django-pbkdf2_sha256", "django-pbkdf2_sha1", "keycloak-pbkdf2-sha512", "sha1crypt"];

#[test]
fn every_scheme_that_no_endpoint_takes_lets_its_password_in_and_no_other() {
    let mut seen = std::collections::HashSet::from(SLOW.map(str::to_owned));
    let hashes = refused_hashes(|scheme| !seen.contains(scheme) && seen.insert(scheme.to_owned()));
    assert!(hashes.len() >= 35, "{}", hashes.len());
    lets_in(&hashes);
}

/// Takes minutes: `cargo test bridge_serve -- --ignored`.
#[test]
#[ignore = "hashes of a second each"]
fn every_hash_of_the_corpus_that_no_endpoint_takes_lets_its_password_in_and_no_other() {
    let hashes = refused_hashes(|_| true);
    assert!(hashes.len() >= 58, "{}", hashes.len());
    lets_in(&hashes);
}

/// Both ways in: right passwords, and wrong ones before them.
fn lets_in(hashes: &[(String, Kept, String)]) {
    let ids: Vec<[String; 2]> = (0..hashes.len()).map(|n| [format!("take{n}"), format!("miss{n}")]).collect();
    let users: Vec<(&str, Kept)> = ids
        .iter()
        .zip(hashes)
        .flat_map(|(ids, (_, kept, _))| ids.iter().map(|id| (id.as_str(), kept.clone())))
        .collect();
    let town = Town::new(&users);
    let bridge = town.bridge(&["--per-ip", "100000/h"]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((ids, (scheme, _, password))) = {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    ids.get(n).zip(hashes.get(n))
                } {
                    let [take, miss] = ids;
                    let fits = (8..=256).contains(&password.len());
                    let other = format!("x{password}");
                    let refused = town.sign_in(&bridge, take, &other);
                    assert!(matches!(refused.status, 400 | 401), "{scheme}: {}", refused.text);
                    assert_eq!(town.sign_in(&bridge, take, password).status, 201, "{scheme}");
                    assert_eq!(town.user(take)["password"] != "", fits, "{scheme}: Appwrite has it");
                    let body = |password: &str| json!({"email": format!("{miss}@example.com"), "password": password});
                    assert_eq!(kind(&town.miss(&bridge, &body(&other))), wrong(), "{scheme}");
                    let answer = town.miss(&bridge, &body(password));
                    assert_eq!(answer.status, 200, "{scheme}: {}", answer.text);
                    let session = if fits {
                        assert_eq!(answer.json(), json!({"retry": true}));
                        let typed = json!({"email": format!("{miss}@example.com"), "password": password});
                        town.post(&town.sandbox.endpoint, "/account/sessions/email", &typed, &[])
                    } else {
                        town.post(&town.sandbox.endpoint, "/account/sessions/token", &answer.json(), &[])
                    };
                    assert_eq!(session.expect("an answer").status, 201, "{scheme}");
                }
            });
        }
    });
    let held = 2 * hashes.iter().filter(|(.., password)| !(8..=256).contains(&password.len())).count();
    assert_eq!((town.count(State::Pending), town.count(State::TokenOnly)), (0, held as u64));
    assert_eq!(town.count(State::Migrated), 2 * hashes.len() as u64 - held as u64);
    let mut schemes = BTreeMap::<&str, usize>::new();
    for (scheme, ..) in hashes {
        *schemes.entry(scheme).or_default() += 1;
    }
    println!("{} hashes of {} schemes: {schemes:?}", hashes.len(), schemes.len());
}

#[test]
fn thirty_two_at_once_set_the_password_once_and_all_of_them_get_in() {
    let town = Town::new(&[("ann", plain()), ("bob", plain())]);
    let seen = Proxy::before(&town.sandbox, |_| Act::Pass);
    let bridge = town.bridge_before(&seen.endpoint, &[]);
    let all_at_once = |id: &str| {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..32).map(|_| scope.spawn(|| town.sign_in(&bridge, id, RIGHT))).collect();
            all.into_iter().map(|one| one.join().expect("an answer").status).collect::<Vec<_>>()
        })
    };
    assert_eq!(all_at_once("ann"), [201; 32]);
    let patches = |seen: &Proxy, id: &str| {
        let patch = format!("PATCH /v1/users/{id}/password");
        seen.seen().iter().filter(|(_, line)| *line == patch).count()
    };
    assert_eq!(patches(&seen, "ann"), 1);
    assert_eq!(town.sessions("ann"), 10, "as many as the project allows");
    town.asks("PATCH", "/project/policies/session-limit", json!({"total": 50}), 200);
    assert_eq!(all_at_once("bob"), [201; 32]);
    assert_eq!((patches(&seen, "bob"), town.sessions("bob")), (1, 32));
}

#[test]
fn a_password_set_in_between_is_the_one_that_counts() {
    let town = Town::new(&[("ann", plain()), ("bob", plain())]);
    let bridge = town.bridge(&[]);
    for (id, miss) in [("ann", false), ("bob", true)] {
        town.asks("PATCH", &format!("/users/{id}/password"), json!({"password": "something newer"}), 200);
        let before = town.user(id)["password"].clone();
        let old = if miss {
            town.miss(&bridge, &json!({"email": format!("{id}@example.com"), "password": RIGHT}))
        } else {
            town.sign_in(&bridge, id, RIGHT)
        };
        assert_eq!(kind(&old), wrong());
        assert_eq!(town.user(id)["password"], before);
        assert_eq!(town.sign_in(&bridge, id, "something newer").status, 201);
    }
    assert_eq!((town.count(State::Superseded), town.count(State::Pending)), (2, 0));
}

#[test]
fn guesses_are_limited_across_restarts_and_whatever_headers_say() {
    let users: Vec<(String, Kept)> = (0..9).map(|n| (format!("user{n}"), plain())).collect();
    let users: Vec<(&str, Kept)> = users.iter().map(|(id, kept)| (id.as_str(), kept.clone())).collect();
    let town = Town::new(&users);
    let forged = |n: usize| format!("203.0.113.{n}");
    let bridge = town.bridge(&["--per-address", "5/h"]);
    for n in 0..5 {
        let answer = town.sign_in_with(&bridge, "user0", "guess number one", &[("X-Forwarded-For", &forged(n))]);
        assert_eq!(kind(&answer), wrong());
    }
    assert_eq!(kind(&town.sign_in(&bridge, "user0", RIGHT)), wrong(), "none is looked at any more");
    let miss = json!({"email": "user0@example.com", "password": RIGHT});
    assert_eq!(kind(&town.miss(&bridge, &miss)), (429, "general_rate_limit_exceeded".into()));
    drop(bridge);
    let bridge = town.bridge(&["--per-address", "5/h"]);
    assert_eq!(kind(&town.sign_in(&bridge, "user0", RIGHT)), wrong(), "a crash is no way round it");
    assert_eq!(town.sign_in(&bridge, "user1", RIGHT).status, 201, "others are others");
    drop(bridge);
    // Five are counted by then.
    let bridge = town.bridge(&["--per-ip", "8/d"]);
    for n in 0..3 {
        town.sign_in_with(&bridge, "nobody", "guess number one", &[("X-Forwarded-For", &forged(n))]);
    }
    drop(bridge);
    let bridge = town.bridge(&["--per-ip", "8/d"]);
    let forged =
        [("X-Forwarded-For", "203.0.113.77"), ("X-Real-IP", "203.0.113.77"), ("Forwarded", "for=203.0.113.77")];
    assert_eq!(kind(&town.sign_in_with(&bridge, "user2", RIGHT, &forged)), wrong());
    drop(bridge);
    let bridge = town.bridge(&["--per-ip", "8/d", "--trusted-proxy", "127.0.0.1"]);
    assert_eq!(town.sign_in_with(&bridge, "user2", RIGHT, &forged[..1]).status, 201, "said by somebody believed");
    assert_eq!(town.asks("GET", "/users/user2/sessions", Value::Null, 200)["sessions"][0]["ip"], "203.0.113.77");
    // Whoever sends the header through a proxy that adds to it stands before what the proxy adds.
    let added = [("X-Forwarded-For", "203.0.113.99, 203.0.113.78")];
    assert_eq!(town.sign_in_with(&bridge, "user3", RIGHT, &added).status, 201);
    assert_eq!(town.asks("GET", "/users/user3/sessions", Value::Null, 200)["sessions"][0]["ip"], "203.0.113.78");
}

#[test]
fn what_appwrite_does_not_take_is_let_in_by_a_token() {
    let short = {
        use base64::Engine as _;
        use sha1::Digest as _;
        let mut digest = sha1::Sha1::digest(b"shortNaCl").to_vec();
        digest.extend(b"NaCl");
        kept(&record::bare(&format!("{{SSHA}}{}", base64::engine::general_purpose::STANDARD.encode(digest))))
    };
    let short = short.expect("can be kept");
    let town = Town::new(&[("ann", plain()), ("bob", short.clone()), ("cid", plain()), ("dan", short)]);
    town.asks("PATCH", "/project/policies/password-strength", json!({"min": 20}), 200);
    let bridge = town.bridge(&[]);
    for (id, password, refusal) in [("ann", RIGHT, wrong()), ("bob", "short", (400, "general_argument_invalid".into()))]
    {
        for _ in 0..2 {
            let answer = town.sign_in(&bridge, id, password);
            assert_eq!((answer.status, &answer.json()["provider"]), (201, &json!("token")), "{id}: {}", answer.text);
            assert!(answer.headers.contains_key("set-cookie"));
        }
        assert_eq!(kind(&town.sign_in(&bridge, id, &password.to_uppercase())), refusal, "{id}");
    }
    assert_eq!(town.count(State::TokenOnly), 2);
    let answer = town.miss(&bridge, &json!({"email": "cid@example.com", "password": RIGHT}));
    assert_eq!(answer.json()["userId"], "cid", "{}", answer.text);
    let by_name = town.miss(&bridge, &json!({"login": "CID", "password": RIGHT})).json();
    assert_eq!(
        town.post(&town.sandbox.endpoint, "/account/sessions/token", &by_name, &[]).expect("an answer").status,
        201
    );
    // Whoever is blocked, or where nobody may sign in by password, no token is a way round that.
    town.asks("PATCH", "/users/ann/status", json!({"status": false}), 200);
    assert_eq!(kind(&town.sign_in(&bridge, "ann", RIGHT)), (403, "user_blocked".into()));
    let at_miss = town.miss(&bridge, &json!({"email": "ann@example.com", "password": RIGHT}));
    assert_eq!(kind(&at_miss), (403, "user_blocked".into()));
    town.asks("PATCH", "/project/auth-methods/email-password", json!({"enabled": false}), 200);
    assert_eq!(kind(&town.sign_in(&bridge, "bob", "short")).0, 501);
    drop(bridge);
    let bridge = town.bridge(&["--short-passwords", "refuse"]);
    assert_eq!(town.miss(&bridge, &json!({"email": "bob@example.com", "password": "short"})).status, 501);
    town.asks("PATCH", "/project/auth-methods/email-password", json!({"enabled": true}), 200);
    assert_eq!(town.sign_in(&bridge, "dan", "short").status, 400);
    assert_eq!(town.count(State::TokenOnly), 3);
}

#[test]
fn trouble_is_never_told_as_a_wrong_password() {
    let town = Town::new(&[("ann", plain())]);
    let busy = Arc::new(AtomicBool::new(false));
    let is_busy = busy.clone();
    let seen = Proxy::before(&town.sandbox, move |passing| {
        if is_busy.load(Ordering::SeqCst) && passing.method == "PATCH" {
            super::proxy::error(503, "general_pwned_passwords_unavailable", "not now")
        } else {
            Act::Pass
        }
    });
    // A key that may not.
    let mut command = town.command(&town.sandbox.endpoint, &[]);
    let bridge = Bridge::of(command.env("APPWRITE_API_KEY", &town.sandbox.limited_key));
    let answer = town.sign_in_with(&bridge, "ann", RIGHT, &[("Origin", "http://localhost:3000")]);
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["code"], 503);
    assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3000");
    assert_eq!(town.miss(&bridge, &json!({"email": "ann@example.com", "password": RIGHT})).status, 503);
    drop(bridge);
    // A service behind the server is away.
    busy.store(true, Ordering::SeqCst);
    let bridge = town.bridge_before(&seen.endpoint, &[]);
    assert_eq!(town.sign_in(&bridge, "ann", RIGHT).status, 503);
    assert_eq!(kind(&town.sign_in(&bridge, "ann", "another word")), wrong(), "that much is known");
    busy.store(false, Ordering::SeqCst);
    assert_eq!(town.sign_in(&bridge, "ann", RIGHT).status, 201);
    drop(bridge);
    // Nobody is there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let bridge = town.bridge_before(&format!("http://{nobody}/v1"), &[]);
    for path in ["/account/sessions/email", "/users"] {
        let body = json!({"email": "ann@example.com", "password": RIGHT});
        let answer =
            town.post(&bridge.endpoint, path, &body, &[("Origin", "http://localhost:3000")]).expect("an answer");
        assert_eq!((answer.status, &answer.json()["code"]), (503, &json!(503)), "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3000");
    }
}

#[test]
fn another_key_or_project_opens_nothing() {
    let town = Town::new(&[("ann", plain())]);
    let other = town.home.path().join("keys/other");
    std::fs::write(&other, &*Key::generate().expect("a key").line()).expect("written");
    private(&other);
    let mut command = town.sandbox.rehome();
    command.args(["bridge", "serve", "--listen", "127.0.0.1:0", "--upstream", &town.sandbox.endpoint, "--store"]);
    command.arg(town.store());
    assert!(run(&mut command).exits(2).stderr.contains("REHOME_BRIDGE_KEY"));
    run(command.arg("--bridge-key-file").arg(&other)).exits(5);
    run(town.command(&town.sandbox.endpoint, &[]).env("APPWRITE_PROJECT_ID", "another")).exits(5);
    let said = run(&mut town.command(&town.sandbox.endpoint, &["--listen", "0.0.0.0:0"])).exits(2);
    assert!(said.stderr.contains("--allow-remote"), "{}", said.stderr);
}

#[test]
fn the_miss_endpoint_answers_pages_that_it_knows_and_its_own_project() {
    let town = Town::new(&[("ann", plain())]);
    let bridge = town.bridge(&["--miss-origin", "https://app.example.com"]);
    let body = json!({"email": "ann@example.com", "password": "another word"});
    let asked =
        |origin: &str| town.post(&bridge.endpoint, "/rehome/sign-in", &body, &[("Origin", origin)]).expect("an answer");
    let known = asked("https://app.example.com");
    assert_eq!(kind(&known), wrong());
    assert_eq!(known.headers["access-control-allow-origin"], "https://app.example.com");
    let unknown = asked("https://evil.example");
    assert_eq!(kind(&unknown), (403, "general_unknown_origin".into()));
    assert!(!unknown.headers.contains_key("access-control-allow-origin"));
    let headers = [("Origin".to_owned(), "https://app.example.com".to_owned())];
    let preflight = send(&bridge.endpoint, "OPTIONS", "/rehome/sign-in", &headers, None).expect("an answer");
    assert_eq!((preflight.status, preflight.headers["access-control-allow-methods"].as_str()), (204, "POST"));
    assert_eq!(send(&bridge.endpoint, "GET", "/rehome/sign-in", &[], None).expect("an answer").status, 405);
    let elsewhere = [("X-Appwrite-Project".to_owned(), "another".to_owned())];
    let body = body.to_string();
    let answer =
        send(&bridge.endpoint, "POST", "/rehome/sign-in", &elsewhere, Some(body.as_bytes())).expect("an answer");
    assert_eq!(kind(&answer), (404, "project_not_found".into()));
    for nothing in ["", "[]", r#"{"email":"ann@example.com"}"#, r#"{"password":"x"}"#] {
        let answer =
            send(&bridge.endpoint, "POST", "/rehome/sign-in", &[], Some(nothing.as_bytes())).expect("an answer");
        assert_eq!(answer.status, 400, "{nothing}");
    }
}

#[test]
fn everything_else_passes_as_it_is() {
    let town = Town::new(&[("ann", plain())]);
    let bridge = town.bridge(&[]);
    let key = [
        ("X-Appwrite-Project".to_owned(), town.sandbox.project.clone()),
        ("X-Appwrite-Key".to_owned(), town.sandbox.key.clone()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Origin".to_owned(), "http://localhost:3000".to_owned()),
    ];
    let long = json!({"prefs": {"text": "x".repeat(50_000)}}).to_string();
    let both = |method: &str, path: &str, body: Option<&str>| {
        let [one, other] = [&town.sandbox.endpoint, &bridge.endpoint].map(|endpoint| {
            let answer = send(endpoint, method, path, &key, body.map(str::as_bytes)).expect("an answer");
            let mut headers: Vec<_> = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
            headers.sort();
            (answer.status, headers, answer.text)
        });
        assert_eq!(one, other, "{method} {path}");
        one.0
    };
    assert_eq!(
        both("GET", "/users?queries%5B%5D=%7B%22method%22%3A%22limit%22%2C%22values%22%3A%5B1%5D%7D", None),
        200
    );
    assert_eq!(both("PATCH", "/users/ann/prefs", Some(&long)), 200);
    assert_eq!(both("GET", "/users/ann/prefs", None), 200);
    assert_eq!(both("GET", "/users/nobody", None), 404);
    assert_eq!(both("GET", "/nowhere", None), 404);
    assert_eq!(both("OPTIONS", "/account/sessions/email", None), 204);
    assert_eq!(both("POST", "/account/sessions/email", Some("{")), 400);
    let other = r#"{"email":"ann@example.com","password":"correct horse","project":"another"}"#;
    assert!(both("POST", "/account/sessions/email", Some(other)) >= 400);
    // A sign-in of another shape, or longer than any is.
    let padded = json!({"email": "ann@example.com", "password": RIGHT, "more": "x".repeat(70_000)}).to_string();
    assert_eq!(both("POST", "/account/sessions/email", Some(&padded)), 401);
    let health = send(&format!("{}/", bridge.root()), "GET", "healthz", &[], None).expect("an answer");
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    assert_eq!(town.count(State::Pending), 1);
    let alias = json!({"email": "ann@example.com", "password": RIGHT});
    assert_eq!(town.post(&bridge.endpoint, "/account/sessions", &alias, &[]).expect("an answer").status, 201);
    assert_eq!(town.count(State::Migrated), 1);
}

#[test]
fn a_connection_that_changes_its_language_is_joined() {
    use std::io::{Read as _, Write as _};
    let town = Town::new(&[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).expect("a line"), 0);
        }
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(switch.as_bytes()).expect("written");
        let mut word = [0; 4];
        reader.read_exact(&mut word).expect("a word");
        stream.write_all(&word).expect("written");
        head.to_lowercase()
    });
    let bridge = town.bridge_before(&format!("http://{address}/v1"), &[]);
    let mut stream = std::net::TcpStream::connect(bridge.root().trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let asked = "GET /v1/realtime?project=p HTTP/1.1\r\nHost: app.example.com\r\nConnection: keep-alive, Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
    stream.write_all(asked.as_bytes()).expect("written");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(b"ping").expect("written");
    let mut word = [0; 4];
    stream.read_exact(&mut word).expect("a word");
    assert_eq!(&word, b"ping");
    let head = server.join().expect("it ends");
    for line in ["host: app.example.com", "upgrade: websocket", "sec-websocket-key: x", "get /v1/realtime?project=p "] {
        assert!(head.contains(line), "{head}");
    }
}

#[test]
fn a_kill_at_any_step_loses_nobody() {
    let steps = ["POST /v1/account/sessions/email", "GET /v1/users/", "PATCH /v1/users/"];
    // Before the request is done, and after it is done and before the bridge knows.
    let points: Vec<(usize, bool)> = (0..steps.len()).flat_map(|step| [(step, false), (step, true)]).collect();
    let ids: Vec<String> = points.iter().map(|(step, after)| format!("user-{step}-{after}")).collect();
    let users: Vec<(&str, Kept)> = ids.iter().map(|id| (id.as_str(), plain())).collect();
    let town = Town::new(&users);
    for ((step, after), id) in points.into_iter().zip(&ids) {
        let bridge = Arc::new(std::sync::Mutex::new(None::<Bridge>));
        let (victim, begins) = (bridge.clone(), steps[step].to_owned());
        let seen = Proxy::before(&town.sandbox, move |passing| {
            if !format!("{} {}", passing.method, passing.path).starts_with(&begins) {
                return Act::Pass;
            }
            let victim = victim.clone();
            let kill = move || drop(victim.lock().expect("a lock").take());
            if after {
                return Act::PassAndThen(Box::new(kill));
            }
            kill();
            Act::PassAndDrop
        });
        *bridge.lock().expect("a lock") = Some(town.bridge_before(&seen.endpoint, &[]));
        let endpoint = bridge.lock().expect("a lock").as_ref().expect("a bridge").endpoint.clone();
        let body = json!({"email": format!("{id}@example.com"), "password": RIGHT});
        let answer = town.post(&endpoint, "/account/sessions/email", &body, &[]);
        assert!(answer.is_none(), "{id}");
        let bridge = town.bridge(&[]);
        assert_eq!(town.sign_in(&bridge, id, RIGHT).status, 201, "{id}");
        let store = Store::open(&town.store(), Durable::ByProcess).expect("a store");
        assert_eq!(store.by_id(id).expect("looked up").expect("there").state, State::Migrated, "{id}");
    }
    assert_eq!((town.count(State::Pending), town.count(State::Migrated)), (0, ids.len() as u64));
}

/// Takes minutes: `cargo test bridge_serve -- --ignored`.
#[test]
#[ignore = "two hundred kills"]
fn two_hundred_kills_lose_nobody() {
    let ids: Vec<String> = (0..200).map(|n| format!("user{n}")).collect();
    let users: Vec<(&str, Kept)> = ids.iter().map(|id| (id.as_str(), plain())).collect();
    let town = Town::new(&users);
    let mut told = 0;
    for (n, id) in ids.iter().enumerate() {
        let mut bridge = town.bridge(&[]);
        let endpoint = bridge.endpoint.clone();
        let body = json!({"email": format!("{id}@example.com"), "password": RIGHT});
        let answer = std::thread::scope(|scope| {
            let town = &town;
            let asked = scope.spawn(move || town.post(&endpoint, "/account/sessions/email", &body, &[]));
            std::thread::sleep(Duration::from_millis(n as u64 % 100));
            let _ = bridge.child.kill();
            let _ = bridge.child.wait();
            // The kill may come before the connection.
            asked.join().ok().flatten()
        });
        let store = Store::open(&town.store(), Durable::ByProcess).expect("a store");
        if let Some(answer) = answer.filter(|answer| answer.status != 0) {
            assert_eq!(answer.status, 201, "{id}: {}", answer.text);
            assert_eq!(store.by_id(id).expect("looked up").expect("there").state, State::Migrated, "{id}");
            told += 1;
        }
        let bridge = town.bridge(&[]);
        assert_eq!(town.sign_in(&bridge, id, RIGHT).status, 201, "{id}");
        assert_eq!(store.by_id(id).expect("looked up").expect("there").state, State::Migrated, "{id}");
    }
    println!("{told} of {} were let in before the kill", ids.len());
    assert_eq!(town.count(State::Migrated), 200);
}

#[test]
fn refusals_take_as_long_for_everybody() {
    let town = Town::new(&[("ann", plain()), ("bob", plain())]);
    let bridge = town.bridge(&["--floor", "700"]);
    assert_eq!(town.sign_in(&bridge, "bob", RIGHT).status, 201);
    for (id, at_miss) in [("nobody", false), ("ann", false), ("bob", false), ("nobody", true), ("ann", true)] {
        let began = Instant::now();
        let answer = if at_miss {
            town.miss(&bridge, &json!({"email": format!("{id}@example.com"), "password": "another word"}))
        } else {
            town.sign_in(&bridge, id, "another word")
        };
        assert_eq!(kind(&answer), wrong());
        assert!(began.elapsed() >= Duration::from_millis(700), "{id}: {:?}", began.elapsed());
    }
}

#[test]
fn when_the_time_is_up_hashes_are_purged_and_requests_pass() {
    let town = Town::new(&[("ann", plain())]);
    let bridge = town.bridge(&["--bridge-until", "2020-01-01"]);
    assert_eq!(kind(&town.sign_in(&bridge, "ann", RIGHT)), wrong());
    assert_eq!((town.count(State::Expired), town.count(State::Pending)), (1, 0));
    // Nobody has this address.
    let said = run(&mut town.command(&town.sandbox.endpoint, &["--allow-remote", "--listen", "192.0.2.1:1"])).exits(1);
    assert!(said.stderr.contains("2020-01-01"), "{}", said.stderr);
}

#[test]
fn the_log_and_the_figures_name_nobody_and_a_signal_ends_it_in_order() {
    let town = Town::new(&[("ann", plain())]);
    let log = town.home.path().join("log");
    let mut command = town.command(&town.sandbox.endpoint, &["--floor", "0"]);
    command.env("REHOME_LOG", "trace").stdout(Stdio::piped()).stderr(std::fs::File::create(&log).expect("a file"));
    let mut child = command.spawn().expect("the bridge starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a ready line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    let mut bridge = Bridge { child, endpoint: format!("{}/v1", ready["listen"].as_str().expect("an address")) };
    for password in ["another word", RIGHT] {
        town.sign_in(&bridge, "ann", password);
    }
    let figures = send(&format!("{}/", bridge.root()), "GET", "metrics", &[], None).expect("an answer");
    assert_eq!(figures.status, 200, "{}", figures.text);
    for line in [
        r#"rehome_bridge_sign_ins_total{shape="takeover",end="moved"} 1"#,
        r#"rehome_bridge_sign_ins_total{shape="takeover",end="wrong"} 1"#,
        r#"rehome_bridge_users{state="migrated"} 1"#,
    ] {
        assert!(figures.text.contains(line), "{}", figures.text);
    }
    let through = [("X-Forwarded-For".to_owned(), "203.0.113.1".to_owned())];
    let outside = send(&format!("{}/", bridge.root()), "GET", "metrics", &through, None).expect("an answer");
    assert_eq!(outside.status, 404);
    let pid = bridge.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    assert_eq!(bridge.child.wait().expect("it ends").code(), Some(0));
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("/users/{id}/password"), "{log}");
    for secret in [RIGHT, "another word", "ann@", "example.com", &town.sandbox.key, "Ki+Q9Ri8", "$argon2id"] {
        assert!(!log.contains(secret) && !figures.text.contains(secret), "{secret} in {log}");
    }
}

/// The whole way of a user: imported, looked at, signed in through the bridge and looked at again.
#[test]
fn an_import_is_verified_through_its_bridge() {
    let home = tempfile::tempdir().expect("a folder");
    let at = |name: &str| home.path().join(name);
    let sandbox = Sandbox::start(&["--appwrite-version", "2.6.2"]);
    std::fs::write(
        at("export.csv"),
        format!("id,email,password\nann,ann@example.com,{SSHA}\nbob,bob@example.com,{SSHA}\n"),
    )
    .expect("written");
    std::fs::write(at("known.csv"), format!("email,password\nann@example.com,{RIGHT}\nbob@example.com,another word\n"))
        .expect("written");
    std::fs::create_dir(at("keys")).expect("a folder");
    let key = run(Command::new(env!("CARGO_BIN_EXE_rehome")).args(["bridge", "key"])).exits(0).stdout;
    std::fs::write(at("keys/key"), key).expect("written");
    private(&at("keys/key"));
    let mut import = sandbox.rehome();
    import.arg("import").arg(at("export.csv")).args(["--unsupported", "bridge", "--yes", "--bridge-key-file"]);
    run(import.arg(at("keys/key")).arg("--run").arg(at("run"))).exits(0);
    let mut serve = sandbox.rehome();
    serve.args(["bridge", "serve", "--format", "json", "--listen", "127.0.0.1:0", "--floor", "0", "--upstream"]);
    serve
        .arg(&sandbox.endpoint)
        .arg("--store")
        .arg(at("run/bridge.sqlite"))
        .arg("--bridge-key-file")
        .arg(at("keys/key"));
    let bridge = Bridge::of(&mut serve);
    let verify = |through: &[&str]| {
        let mut verify = sandbox.rehome();
        verify.arg("verify").arg(at("run")).arg("--known").arg(at("known.csv")).args(through);
        run(verify.args(["--format", "json"]))
    };
    let said = verify(&["--through", bridge.root()]).exits(3);
    let counts = &said.json()["verify"];
    assert_eq!((&counts["signed_in"], &counts["not_signed_in"]), (&json!(1), &json!(1)), "{}", said.stderr);
    // Ann has a password at Appwrite by now, which is as it should be.
    let counts = verify(&["--through", bridge.root()]).json()["verify"].clone();
    assert_eq!((&counts["different"], &counts["signed_in"]), (&json!(0), &json!(1)), "{counts}");
    let mut status = sandbox.rehome();
    let status = run(status.args(["bridge", "status", "--format", "json", "--store"]).arg(at("run/bridge.sqlite")))
        .exits(0)
        .json();
    assert_eq!((&status["migrated"], &status["pending"]), (&json!(1), &json!(1)), "{status}");
}
