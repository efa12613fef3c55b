//! A project of Firebase, read by a service account: beside a stand-in for what the emulator has not (tokens, pages, refusals),
//! and from the real Auth emulator of firebase-tools where REHOME_FIREBASE_TOOLS names its `firebase`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::servers::{Server, wait_until};
use super::util::{Run, fixture, rehome, run};

/// A request as a stand-in sees it.
struct Asked {
    path: String,
    query: HashMap<String, String>,
    bearer: String,
    body: String,
}

type Answers = dyn Fn(&Asked) -> (u16, Value) + Send + Sync;

/// Serves these answers until the process ends; gives the port.
fn serve(answers: Arc<Answers>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || answer(stream, &*answers));
        }
    });
    port
}

fn answer(stream: TcpStream, answers: &Answers) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
    let mut asked = Asked { path: path.to_owned(), query: query.collect(), bearer: String::new(), body: String::new() };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.trim_start_matches("Bearer ").clone_into(&mut asked.bearer),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    let (status, json) = answers(&asked);
    let text = json.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nretry-after: 0\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
    .ok()
}

fn users() -> Vec<Value> {
    let file: Value =
        serde_json::from_slice(&std::fs::read(fixture("firebase/users.json")).expect("users")).expect("JSON");
    file["users"].as_array().expect("a list").clone()
}

/// The parameters of the samples, as the project's configuration has them.
fn config() -> Value {
    let text = std::fs::read_to_string(fixture("firebase/hash_config.txt")).expect("a block");
    let of = |name: &str| {
        text.split_once(&format!("{name}: ")).and_then(|(_, rest)| rest.split_once(',')).expect("a member").0
    };
    json!({"name": "projects/1/config", "signIn": {"email": {"enabled": true}, "hashConfig": {
        "algorithm": "SCRYPT", "signerKey": of("base64_signer_key"), "saltSeparator": of("base64_salt_separator"), "rounds": 8,
        "memoryCost": 14,
    }}})
}

/// What a project is told by, beside what its users are.
#[derive(Default)]
struct Stand {
    requests: Mutex<Vec<String>>,
    tokens: Mutex<u32>,
}

/// Pages of five, trouble in between, and a token that is over after the second page.
fn project(stand: &Arc<Stand>, wrong: Option<(&'static str, u16)>) -> u16 {
    let stand = Arc::clone(stand);
    let users = users();
    serve(Arc::new(move |asked: &Asked| {
        let nth = {
            let mut requests = stand.requests.lock().expect("a lock");
            requests.push(format!("{} {}", asked.path, asked.query.get("nextPageToken").cloned().unwrap_or_default()));
            let last = requests.last().cloned();
            requests.iter().filter(|request| Some(*request) == last.as_ref()).count()
        };
        if let Some((path, status)) = wrong
            && asked.path.ends_with(path)
        {
            return (status, json!({"error": {"code": status, "message": "PERMISSION_DENIED : said by the stand-in"}}));
        }
        if asked.path == "/token" {
            assert!(
                asked.body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
            );
            verify(asked.body.rsplit_once('=').expect("an assertion").1);
            let mut tokens = stand.tokens.lock().expect("a lock");
            *tokens += 1;
            return (
                200,
                json!({"access_token": format!("token-{tokens}"), "expires_in": 3599, "token_type": "Bearer"}),
            );
        }
        let valid = format!("token-{}", stand.tokens.lock().expect("a lock"));
        let at: usize = asked
            .query
            .get("nextPageToken")
            .map_or(0, |token| token.trim_start_matches("page-").parse().expect("a page"));
        // The first token is over by the third page.
        if asked.bearer != valid || at == 10 && valid == "token-1" {
            return (
                401,
                json!({"error": {"code": 401, "message": "Request had invalid authentication credentials."}}),
            );
        }
        match asked.path.as_str() {
            "/identitytoolkit.googleapis.com/v2/projects/demo-rehome/config" => (200, config()),
            "/identitytoolkit.googleapis.com/v1/projects/demo-rehome/accounts:batchGet" => {
                assert_eq!(asked.query["maxResults"], "1000");
                match (at, nth) {
                    (5, 1) => return (503, json!({"error": {"code": 503, "message": "unavailable"}})),
                    (5, 2) => return (429, json!({"error": {"code": 429, "message": "slower"}})),
                    _ => {}
                }
                let page = &users[at.min(users.len())..(at + 5).min(users.len())];
                // As the real one: a token with every page that is not empty.
                let mut answer = json!({"kind": "identitytoolkit#DownloadAccountResponse"});
                if !page.is_empty() {
                    answer["users"] = page.into();
                    answer["nextPageToken"] = format!("page-{}", at + 5).into();
                }
                (200, answer)
            }
            other => panic!("nobody asks for {other}"),
        }
    }))
}

/// What is signed is what the key's owner signs, by OpenSSL.
fn verify(assertion: &str) {
    let decode = |part: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64")
    };
    let (signed, signature) = assertion.rsplit_once('.').expect("a signature");
    let claims: Value = serde_json::from_slice(&decode(signed.split_once('.').expect("claims").1)).expect("JSON");
    assert_eq!(claims["iss"], "reader@demo-rehome.iam.gserviceaccount.com");
    assert_eq!(claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time"), 3600);
    assert!(claims["scope"].as_str().is_some_and(|scope| scope.contains("auth/identitytoolkit")), "{claims}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("signature");
    std::fs::write(&file, decode(signature)).expect("written");
    let mut openssl = Command::new("openssl");
    openssl
        .args(["dgst", "-sha256", "-verify"])
        .arg(fixture("firebase/service-account.pub.pem"))
        .arg("-signature")
        .arg(&file);
    let Ok(mut child) = openssl.stdin(Stdio::piped()).stdout(Stdio::null()).spawn() else {
        eprintln!("skipped: openssl, which checks the signature, is not installed");
        return;
    };
    child.stdin.take().expect("piped").write_all(signed.as_bytes()).expect("written");
    assert!(child.wait().expect("an end").success(), "OpenSSL does not believe the signature");
}

/// The sample's key, with the stand-in's token endpoint.
fn account(folder: &Path, port: u16) -> PathBuf {
    let text = std::fs::read_to_string(fixture("firebase/service-account.json")).expect("a key");
    let path = folder.join("service-account.json");
    std::fs::write(
        &path,
        text.replace("https://oauth2.googleapis.com/token", &format!("http://127.0.0.1:{port}/token")),
    )
    .expect("written");
    path
}

fn plan(port: u16, account: &Path, more: &[&str]) -> Run {
    let mut command = rehome();
    command.args(["plan", "firebase:demo-rehome", "--reveal", "--service-account"]).arg(account).args(more);
    run(command.env("FIREBASE_AUTH_EMULATOR_HOST", format!("127.0.0.1:{port}")))
}

#[test]
fn a_project_gives_whom_its_export_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = Arc::new(Stand::default());
    let port = project(&stand, None);
    let account = account(folder.path(), port);
    let live = plan(port, &account, &[]);
    let mut export = rehome();
    export.arg("plan").arg(fixture("firebase/users.json")).arg("--reveal").arg("--firebase-hash-config");
    let export = run(export.arg(fixture("firebase/hash_config.txt")));
    assert_eq!(
        (live.code, live.stderr.lines().all(|line| line.contains("the emulator"))),
        (export.code, export.stderr.is_empty()),
        "{}{}",
        live.stderr,
        export.stderr
    );
    let plans = |run: &Run| {
        let mut lines = run.lines();
        for line in &mut lines {
            for place in ["line", "byte"] {
                line.as_object_mut().and_then(|line| line.remove(place));
            }
        }
        lines
    };
    assert_eq!(plans(&live), plans(&export));
    assert_eq!(*stand.tokens.lock().expect("a lock"), 2, "a second token, once the first was over");
    // A page each, what was repeated (503, 429, 401), an empty one at the end, and two tokens.
    let pages = users().len().div_ceil(5);
    assert_eq!(stand.requests.lock().expect("a lock").len(), 1 + pages + 1 + 3 + 2);

    // Nobody takes it for the project, and the key's token goes to no other machine.
    let mut check = rehome();
    check
        .args(["check", "firebase:demo-rehome", "--no-config", "--service-account"])
        .arg(&account)
        .current_dir(folder.path());
    let checked = run(check.env("FIREBASE_AUTH_EMULATOR_HOST", format!("127.0.0.1:{port}")));
    assert!(checked.stdout.contains("the emulator at 127.0.0.1"), "{}{}", checked.stdout, checked.stderr);
    let elsewhere = run(check.env("FIREBASE_AUTH_EMULATOR_HOST", "192.0.2.1:9099")).exits(2);
    assert!(elsewhere.stderr.contains("no key is sent"), "{}", elsewhere.stderr);

    // The whole way, with the key in no file of the run.
    let runs = folder.path().join("run");
    let with_emulator =
        |command: &mut Command| run(command.env("FIREBASE_AUTH_EMULATOR_HOST", format!("127.0.0.1:{port}")));
    let mut import = rehome();
    import
        .args(["import", "firebase:demo-rehome", "--sandbox", "--service-account"])
        .arg(&account)
        .arg("--run")
        .arg(&runs);
    let imported = with_emulator(&mut import);
    assert!([0, 3].contains(&imported.code), "{}{}", imported.stdout, imported.stderr);
    // Whoever is refused is told of again.
    with_emulator(rehome().args(["sync", "firebase:demo-rehome", "--run"]).arg(&runs)).exits(imported.code);
    for entry in std::fs::read_dir(&runs).expect("a folder").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        for secret in ["PRIVATE KEY", "pU3KGCUwux1tEyze1iN7LtkeP3I", "token-"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(
                !found || secret == "pU3KGCUwux1tEyze1iN7LtkeP3I" && entry.file_name() == "sandbox.sqlite",
                "{secret} in {:?}",
                entry.path()
            );
        }
    }
}

#[test]
fn a_project_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, status, words) in [
        ("accounts:batchGet", 403, ["403", "role"]),
        ("accounts:batchGet", 404, ["404", "id"]),
        ("config", 403, ["403", "role"]),
        ("/token", 400, ["no access token", "clock"]),
    ] {
        let port = project(&Arc::default(), Some((path, status)));
        let refused = plan(port, &account(folder.path(), port), &[]).exits(1);
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{path}: {}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    let without = |name: &str, more: &[&str]| run(rehome().args(["plan", name]).args(more)).exits(2).stderr;
    assert!(without("firebase:demo", &[]).contains("--service-account"));
    assert!(without("firebase:a/b/c", &[]).contains("firebase:PROJECT"));
    let file = folder.path().join("no-key.json");
    std::fs::write(&file, r#"{"type": "service_account", "private_key": "hunter2"}"#).expect("written");
    let said = without("firebase:demo", &["--service-account", file.to_str().expect("text")]);
    assert!(said.contains("no service account's key") && !said.contains("hunter2"), "{said}");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let text = std::fs::read_to_string(fixture("firebase/service-account.json")).expect("a key");
    std::fs::write(&file, text.replace("https://oauth2.googleapis.com/token", "http://example.com/token"))
        .expect("written");
    let said = plan(port, &file, &[]).exits(2);
    assert!(said.stderr.contains("https"), "{}", said.stderr);
}

/// The real emulator, with users of its own making; the same users from it and from the export that it writes.
#[test]
fn the_emulator_gives_whom_its_export_gives() {
    let Some(firebase) = std::env::var_os("REHOME_FIREBASE_TOOLS") else {
        eprintln!("skipped: it needs REHOME_FIREBASE_TOOLS, the path of firebase-tools' `firebase`");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let free = || TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let (port, hub, logging) = (free(), free(), free());
    let settings = json!({"emulators": {"auth": {"host": "127.0.0.1", "port": port}, "hub": {"port": hub}, "logging": {"port": logging},
        "ui": {"enabled": false}, "singleProjectMode": false}});
    std::fs::write(folder.path().join("firebase.json"), settings.to_string()).expect("written");
    let tool = |arguments: &[&str]| {
        let mut command = Command::new(&firebase);
        command.current_dir(folder.path()).env("HOME", folder.path()).env("FIREBASE_CLI_DISABLE_UPDATE_CHECK", "1");
        command.args(arguments).args(["--project", "demo-rehome", "--non-interactive"]).stdin(Stdio::null());
        command
    };
    let mut emulator = tool(&["emulators:start", "--only", "auth"]);
    let log = std::fs::File::create(folder.path().join("log")).expect("a log");
    let _emulator = Server(emulator.stdout(log).stderr(Stdio::null()).spawn().expect("firebase"), "-INT");
    wait_until("the emulator", || TcpStream::connect(("127.0.0.1", port)).is_ok());

    let n = 1203;
    let user = |i: usize| {
        json!({"localId": format!("user{i}"), "email": format!("p{i}@example.com"), "emailVerified": i.is_multiple_of(2), "displayName": format!("P \"{i}\""),
            "rawPassword": format!("secret-{i}"), "disabled": i.is_multiple_of(7), "createdAt": "1600000000000", "lastLoginAt": "1700000000000",
            "customAttributes": if i.is_multiple_of(5) { "{\"role\":\"editor\"}" } else { "{}" },
            "phoneNumber": if i.is_multiple_of(3) { json!(format!("+49151{i:08}")) } else { Value::Null }})
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    for part in (0..n).collect::<Vec<_>>().chunks(500) {
        let users: Vec<Value> = part
            .iter()
            .map(|i| {
                let mut user = user(*i);
                user.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
                user
            })
            .collect();
        let url = format!(
            "http://127.0.0.1:{port}/identitytoolkit.googleapis.com/v1/projects/demo-rehome/accounts:batchCreate"
        );
        let sent = client.post(url).bearer_auth("owner").header("content-type", "application/json");
        let text = runtime.block_on(async {
            sent.body(json!({"users": users, "allowOverwrite": true}).to_string()).send().await?.text().await
        });
        assert!(!text.as_ref().expect("an answer").contains("\"error\":{"), "{text:?}");
    }
    let mut live = rehome();
    live.args(["plan", "firebase:demo-rehome", "--reveal"])
        .env("FIREBASE_AUTH_EMULATOR_HOST", format!("127.0.0.1:{port}"));
    let live = run(&mut live).exits(0);
    let exported = folder.path().join("export");
    let mut export = tool(&["emulators:export", exported.to_str().expect("text")]);
    super::servers::output(&mut export);
    let export = run(rehome().arg("plan").arg(&exported).arg("--reveal")).exits(0);
    let plans = |run: &Run| {
        let mut plans: Vec<Value> = run.lines().into_iter().map(|line| line["create"].clone()).collect();
        plans.sort_by_key(Value::to_string);
        plans
    };
    assert_eq!(live.lines().len(), n);
    assert_eq!(plans(&live), plans(&export));
}
