//! What comes to the bridge's door besides the usual: forms, broken requests, several stores, what is left in the files.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rehome::bridge::{Key, Place, STORE, Sealing, State, Vault};
use serde_json::{Value, json};

use super::bridge_serve::{Bridge, RIGHT, SSHA, Town, kind, plain, private, wrong};
use super::http::send;
use super::util::{Sandbox, run};

/// Waits for something that takes its time on a busy machine, but not for ever.
fn soon(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn forms_sign_in_as_json_does() {
    let town = Town::new(&[("form", plain()), ("parts", plain())]);
    let bridge = town.bridge(&[]);
    let parts = |email: &str, password: &str| {
        let part = |name, value| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        format!("{}{}--B--\r\n", part("email", email), part("password", password))
    };
    for (kind, right, other) in [
        (
            "application/x-www-form-urlencoded",
            "email=form%40example.com&password=correct+horse".to_owned(),
            "email=form%40example.com&password=another+word".to_owned(),
        ),
        (
            "multipart/form-data; boundary=B",
            parts("parts@example.com", RIGHT),
            parts("parts@example.com", "another word"),
        ),
    ] {
        let status = |body: &str| {
            let headers = [
                ("Content-Type".to_owned(), kind.to_owned()),
                ("X-Appwrite-Project".to_owned(), town.sandbox.project.clone()),
            ];
            let path = "/account/sessions/email";
            send(&bridge.endpoint, "POST", path, &headers, Some(body.as_bytes())).expect("an answer").status
        };
        assert_eq!((status(&other), status(&right), status(&right)), (401, 201, 201), "{kind}");
    }
    assert_eq!(town.count(State::Migrated), 2);
}

/// By a token, too, the session is asked for in JSON, whatever the sign-in was sent as.
#[test]
fn a_form_with_a_short_password_is_let_in_by_a_token() {
    let short = rehome::scheme::Kept::plain("short").expect("kept");
    let town = Town::new(&[("ann", short)]);
    let bridge = town.bridge(&[]);
    let headers = [
        ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ("X-Appwrite-Project".to_owned(), town.sandbox.project.clone()),
    ];
    let body = b"email=ann%40example.com&password=short";
    let answer = send(&bridge.endpoint, "POST", "/account/sessions/email", &headers, Some(body)).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(town.count(State::TokenOnly), 1);
}

#[test]
fn a_body_that_is_none_is_the_clients_fault_and_no_trouble() {
    let town = Town::new(&[("ann", plain())]);
    let bridge = town.bridge(&[]);
    for path in ["/v1/account/sessions/email", "/v1/rehome/sign-in", "/v1/users"] {
        let address = bridge.root().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("connected");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 400", "{path}");
    }
    let figures = send(&format!("{}/", bridge.root()), "GET", "metrics", &[], None).expect("an answer");
    assert!(figures.text.contains("rehome_bridge_troubles_total 0"), "{}", figures.text);
}

/// Sealed bytes are not only unlinked: neither the file nor its log holds them once somebody has come, nor after a kill.
#[test]
fn what_was_purged_is_wiped_from_the_files() {
    let town = Town::new(&[("ann", plain()), ("bob", plain())]);
    let key = || Key::parse(&std::fs::read_to_string(town.key_file()).expect("a key")).expect("a key");
    let seal = |id: &str| -> Vec<u8> {
        let store = rusqlite::Connection::open(town.store()).expect("opened");
        store.query_row("SELECT sealed FROM entry WHERE user_id = ?1", [id], |row| row.get(0)).expect("a seal")
    };
    let holds = |seal: &[u8]| {
        ["", "-wal"].iter().any(|end| {
            let bytes = std::fs::read(format!("{}{end}", town.store().display())).unwrap_or_default();
            // What fits a page's slack is looked for, too.
            bytes.windows(32).any(|window| window == &seal[..32] || window == &seal[seal.len() - 32..])
        })
    };
    let (ann, bob) = (seal("ann"), seal("bob"));
    assert!(holds(&ann) && holds(&bob));
    let bridge = town.bridge(&[]);
    assert_eq!(town.sign_in(&bridge, "ann", RIGHT).status, 201);
    soon("the seal is wiped while the bridge serves", || !holds(&ann));
    assert!(holds(&bob));
    assert_eq!(town.sign_in(&bridge, "bob", RIGHT).status, 201);
    // Killed, perhaps before it was wiped.
    drop(bridge);
    let _bridge = town.bridge(&[]);
    soon("the next one wipes it", || !holds(&bob));
    let vault = town.vault_of(key());
    assert!(vault.by_id("ann").expect("read").is_some_and(|entry| entry.state == State::Migrated));
}

/// An old short password is as slow to be refused as any other, also in the minute after another was set.
#[test]
fn an_old_password_under_eight_bytes_is_no_quicker_to_be_refused() {
    let short = rehome::scheme::Kept::plain("short").expect("kept");
    let town = Town::new(&[("ann", short.clone()), ("bob", short)]);
    let bridge = town.bridge(&["--floor", "600"]);
    assert_eq!(town.sign_in(&bridge, "ann", "short").status, 201);
    for id in ["ann", "bob"] {
        town.asks("PATCH", &format!("/users/{id}/password"), json!({"password": "long enough"}), 200);
        let began = Instant::now();
        assert_eq!(town.sign_in(&bridge, id, "short").status, 400, "{id}");
        assert!(began.elapsed() >= Duration::from_millis(600), "{id}: {:?}", began.elapsed());
    }
    assert_eq!(town.count(State::Superseded), 2);
}

#[test]
fn an_app_that_asks_late_is_told_to_try_again_and_a_blocked_user_that_they_are() {
    let town = Town::new(&[("ann", plain()), ("bob", rehome::scheme::Kept::plain("short").expect("kept"))]);
    let bridge = town.bridge(&[]);
    let miss = |id: &str, password: &str| {
        town.miss(&bridge, &json!({"email": format!("{id}@example.com"), "password": password}))
    };
    for _ in 0..3 {
        assert_eq!(miss("ann", RIGHT).json(), json!({"retry": true}));
    }
    assert_eq!(kind(&miss("ann", "another word")), wrong());
    town.asks("PATCH", "/users/bob/status", json!({"status": false}), 200);
    assert_eq!(kind(&miss("bob", "short")), (403, "user_blocked".into()));
    assert_eq!(kind(&miss("bob", "shirt")), wrong());
}

/// Shards, or runs after one another: one bridge serves all that one key has sealed.
#[test]
fn several_stores_are_served_together() {
    let town = Town::new(&[("ann", plain())]);
    let folder = town.home.path().join("other");
    std::fs::create_dir(&folder).expect("a folder");
    let key = Key::parse(&std::fs::read_to_string(town.key_file()).expect("a key")).expect("a key");
    let place = Place { endpoint: town.sandbox.endpoint.clone(), project: town.sandbox.project.clone() };
    let other = Vault::create(&folder.join(STORE), key, &place, None).expect("a store");
    town.asks("POST", "/users", json!({"userId": "bob", "email": "bob@example.com", "name": "bob"}), 201);
    let seal = |vault: &Vault, id: &str| {
        let email = format!("{id}@example.com");
        let sealing = Sealing { user_id: id, email: Some(&email), login: Some(id), left: Some(""), kept: &plain() };
        vault.seal([sealing]).expect("sealed")
    };
    // Whom both have is one user.
    assert_eq!((seal(&other, "bob"), seal(&other, "ann")), (1, 1));
    let folder = folder.to_str().expect("text");
    let bridge = town.bridge(&["--store", folder]);
    for id in ["ann", "bob"] {
        assert_eq!(kind(&town.sign_in(&bridge, id, "another word")), wrong(), "{id}");
        assert_eq!(town.sign_in(&bridge, id, RIGHT).status, 201, "{id}");
    }
    assert_eq!(town.count(State::Migrated), 1);
    // They signed in once more at Appwrite itself, which is when the second entry goes.
    assert_eq!(town.sign_in(&bridge, "ann", RIGHT).status, 201);
    assert!(other.by_id("ann").expect("read").is_some_and(|entry| entry.state == State::Migrated));
    let figures = send(&format!("{}/", bridge.root()), "GET", "metrics", &[], None).expect("an answer");
    assert!(figures.text.contains(r#"rehome_bridge_users{state="migrated"} 3"#), "{}", figures.text);
    let missing =
        run(town.command(&town.sandbox.endpoint, &["--store", "/nowhere/bridge.sqlite"]).arg("--floor").arg("0"));
    assert!(missing.exits(2).stderr.contains("/nowhere/bridge.sqlite is not there"));
}

#[test]
fn a_key_that_may_not_is_told_at_the_start() {
    let town = Town::new(&[("ann", plain())]);
    let log = town.home.path().join("log");
    let mut command = town.command(&town.sandbox.endpoint, &["--floor", "0"]);
    command.env("APPWRITE_API_KEY", &town.sandbox.limited_key);
    let child = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).expect("a file")).spawn();
    let _bridge = Bridge { child: child.expect("it starts"), endpoint: String::new() };
    let said = || std::fs::read_to_string(&log).expect("a log");
    soon("the key is refused", || said().contains("refuses the API key, or users.read"));
}

/// Whoever has no address signs in by the name that the export has for them.
#[test]
fn who_has_no_address_signs_in_by_the_name_in_the_export() {
    let home = tempfile::tempdir().expect("a folder");
    let at = |name: &str| home.path().join(name);
    let sandbox = Sandbox::start(&["--appwrite-version", "2.6.2"]);
    let export = format!(
        "id,email,phone,username,password\np1,,+14155550101,,{SSHA}\np2,,+14155550102,Byron,{SSHA}\np3,,,Ada.L,{SSHA}\n"
    );
    std::fs::write(at("export.csv"), export).expect("written");
    std::fs::create_dir(at("keys")).expect("a folder");
    let key = run(Command::new(env!("CARGO_BIN_EXE_rehome")).args(["bridge", "key"])).exits(0).stdout;
    std::fs::write(at("keys/key"), key).expect("written");
    private(&at("keys/key"));
    let mut import = sandbox.rehome();
    import.arg("import").arg(at("export.csv")).args(["--unsupported", "bridge", "--yes", "--bridge-key-file"]);
    run(import.arg(at("keys/key")).arg("--run").arg(at("run"))).exits(0);
    let mut serve = sandbox.rehome();
    serve.args(["bridge", "serve", "--format", "json", "--listen", "127.0.0.1:0", "--floor", "0", "--upstream"]);
    serve.arg(&sandbox.endpoint).arg("--store").arg(at("run")).arg("--bridge-key-file").arg(at("keys/key"));
    let bridge = Bridge::of(&mut serve);
    for (login, id) in [("+14155550101", "p1"), ("byron", "p2"), ("Ada.L", "p3")] {
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let body = json!({"login": login, "password": RIGHT}).to_string();
        let answer = send(&bridge.endpoint, "POST", "/rehome/sign-in", &headers, Some(body.as_bytes()));
        let answer: Value = answer.expect("an answer").json();
        assert_eq!(answer["userId"], id, "{login}: {answer}");
    }
}
