//! The sandbox against what running Appwrite servers answered: `fixtures/conformance`, in six versions and on two databases.
//!
//! A scenario is a list of steps; a step is a request and what its answer must be. Text holds variables (`{{uid}}`, or
//! what an earlier step saved) and, in expectations, matchers (`{{iso8601}}`). The overrides of an older version replace
//! parts of expectations.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;
use rehome::appwrite::Version;
use rehome::sandbox::{Config, Database, Running, start};
use serde_json::{Map, Value, json};

use crate::http::{Answer, send as send_raw};

/// Scenarios replayed at the same time.
const PARALLEL: usize = 4;

#[test]
fn answers_as_1_6_2() {
    replay("1.6.2");
}

#[test]
fn answers_as_1_7_5() {
    replay("1.7.5");
}

#[test]
fn answers_as_1_8_0() {
    replay("1.8.0");
}

#[test]
fn answers_as_1_8_1() {
    replay("1.8.1");
}

#[test]
fn answers_as_1_9_6() {
    replay("1.9.6");
}

#[test]
fn answers_as_2_0_0() {
    replay("2.0.0");
}

#[test]
fn answers_as_2_0_0_on_postgresql() {
    let config = Config { database: Database::Postgresql, ..config("2.0.0") };
    replay_all(config, &scenarios("2.0.0", &["2.0.0", "postgresql-2.0.0"]), |_, _| {});
}

fn config(version: &str) -> Config {
    Config { version: version.parse().expect("a version"), ..Config::default() }
}

fn replay(version: &str) {
    let scenarios = scenarios(version, &[version]);
    assert!(scenarios.len() > 290, "only {} scenarios", scenarios.len());
    replay_all(config(version), &scenarios, |_, _| {});
}

/// Signing in and everything around it, on a project as it is made, and on projects with one thing set as an administrator
/// sets it.
#[test]
fn signs_in_as_2_0_0() {
    let scenarios: Vec<Value> =
        files("sign-in").iter().filter(|file| file.is_file()).flat_map(|file| parse(file)).collect();
    assert!(scenarios.len() > 120, "only {} scenarios", scenarios.len());
    // What computes hashes is replayed above, and takes most of the time here.
    let quick = |scenario: &&Value| {
        let steps = scenario["steps"].as_array().expect("steps");
        steps.iter().filter(|step| step["path"] == "/account/sessions/email").count() < 4
    };
    let scenarios: Vec<Value> = scenarios.iter().filter(quick).cloned().collect();
    replay_all(config("2.0.0"), &scenarios, |_, _| {});
}

const STRENGTH: &str = r#"{"min":12,"uppercase":true,"lowercase":true,"number":true,"symbols":true}"#;

#[test]
fn settings_are_those_that_an_administrator_sends() {
    let on = r#"{"enabled":true}"#;
    let policy = |policy: &str, body: &str| ("PATCH", format!("/project/policies/{policy}"), body.to_owned());
    let platform = |host: &str| ("POST", "/project/platforms/web".to_owned(), format!(r#"{{"hostname":"{host}"}}"#));
    let off = ("PATCH", "/project/auth-methods/email-password".to_owned(), r#"{"enabled":false}"#.to_owned());
    for (name, requests) in [
        ("invalidation-off", vec![policy("session-invalidation", r#"{"enabled":false}"#)]),
        ("history", vec![policy("password-history", r#"{"total":3}"#)]),
        ("dictionary", vec![policy("password-dictionary", on)]),
        ("personal-data", vec![policy("password-personal-data", on)]),
        ("strength", vec![policy("password-strength", STRENGTH)]),
        (
            "all-policies",
            vec![
                policy("password-strength", STRENGTH),
                policy("password-dictionary", on),
                policy("password-personal-data", on),
                policy("password-history", r#"{"total":3}"#),
            ],
        ),
        ("session-limit-2", vec![policy("session-limit", r#"{"total":2}"#)]),
        ("session-duration-3600", vec![policy("session-duration", r#"{"duration":3600}"#)]),
        ("email-password-off", vec![off]),
        ("web-platform", vec![platform("app.example.com"), platform("*.shop.example.com")]),
        ("abuse", vec![]),
    ] {
        let scenarios: Vec<Value> =
            files(&format!("sign-in/settings/{name}")).iter().flat_map(|file| parse(file)).collect();
        let config = Config { abuse_limit: name == "abuse", ..config("2.0.0") };
        replay_all(config, &scenarios, |sandbox, _| {
            for (method, path, body) in &requests {
                let headers = [
                    ("X-Appwrite-Project".to_owned(), sandbox.project.clone()),
                    ("X-Appwrite-Key".to_owned(), sandbox.key.clone()),
                    ("Content-Type".to_owned(), "application/json".to_owned()),
                ];
                let answer = send_raw(&sandbox.endpoint, method, path, &headers, Some(body.as_bytes()));
                let status = answer.expect("an answer").status;
                assert!(matches!(status, 200 | 201), "{name}: {method} {path} {body}: {status}");
            }
        });
    }
}

fn parse(file: &Path) -> Vec<Value> {
    serde_json::from_str(&read(file).replace("\"1.9.6\"", "\"2.0.0\"")).expect("JSON")
}

fn replay_all(config: Config, scenarios: &[Value], set_up: impl FnOnce(&Running, &Config)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(start(config.clone())).expect("a sandbox");
    set_up(&sandbox, &config);
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = run(&sandbox, scenario);
                    failures.lock().expect("no panic holds it").extend(found);
                }
            });
        }
    });
    runtime.block_on(sandbox.stop());
    let failures = failures.into_inner().expect("no panic holds it");
    assert!(failures.is_empty(), "{} steps differ:\n{}", failures.len(), failures.join("\n"));
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn full_name(scenario: &Value) -> String {
    format!("{}/{}", scenario["area"].as_str().expect("area"), scenario["name"].as_str().expect("name"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = fixtures().join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// The scenarios that nobody recorded, which say themselves how the versions differ.
fn extra(version: &str) -> Vec<Value> {
    let parse = |version: &str| version.parse::<Version>().expect("a version");
    let mut all: Vec<Value> =
        files("extra").iter().flat_map(|file| serde_json::from_str::<Vec<Value>>(&read(file)).expect("JSON")).collect();
    for step in all.iter_mut().flat_map(|scenario| scenario["steps"].as_array_mut().expect("steps")) {
        let until = step.get("until").and_then(Value::as_object).into_iter().flatten();
        let other = until.filter(|(until, _)| parse(version) <= parse(until)).min_by_key(|(until, _)| parse(until));
        if let Some(expect) = other.map(|(_, expect)| expect.clone()) {
            step["expect"] = expect;
        }
    }
    all
}

/// All scenarios, as this version answers them.
fn scenarios(version: &str, overrides: &[&str]) -> Vec<Value> {
    let file = |name: &&str| fixtures().join("overrides").join(format!("{name}.json"));
    let overrides: Vec<Value> = overrides
        .iter()
        .map(file)
        .filter(|file| file.exists())
        .map(|file| serde_json::from_str(&read(&file)).expect("JSON"))
        .collect();
    let mut differences: HashMap<(String, u64), &Value> = HashMap::new();
    for difference in overrides.iter().flat_map(|file| file["differences"].as_array().expect("a list")) {
        let scenario = difference["scenario"].as_str().expect("scenario").to_owned();
        differences.insert((scenario, difference["step"].as_u64().expect("step")), difference);
    }
    // Computing hashes takes most of the time, and there are two sets of rules for them: up to 1.8.0, and from 1.8.1 on.
    let skips_hashes = !matches!(version, "1.8.0" | "1.9.6");
    let about_hashes = |name: &str| {
        name.strip_prefix("login/")
            .is_some_and(|name| !["log", "session", "blocked"].iter().any(|word| name.contains(word)))
    };
    let skipped = |name: &str| skips_hashes && about_hashes(name);
    let left_out: Vec<&str> =
        overrides.iter().filter_map(|file| file["left_out"].as_array()).flatten().filter_map(Value::as_str).collect();
    let mut all = Vec::new();
    for file in files("scenarios") {
        // `version` stands in every error body.
        let text = read(&file).replace("\"1.9.6\"", &format!("\"{version}\""));
        let scenarios: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        all.extend(scenarios.into_iter().filter(|s| {
            let name = full_name(s);
            !left_out.contains(&name.as_str()) && !skipped(&name)
        }));
    }
    all.extend(extra(version));
    for scenario in &mut all {
        let name = full_name(scenario);
        let steps = scenario["steps"].as_array_mut().expect("steps");
        let mut number = 0;
        steps.retain_mut(|step| {
            number += 1;
            differences.get(&(name.clone(), number)).is_none_or(|difference| amend(step, difference))
        });
    }
    all
}

/// Replaces what differs in a step's expectation; `false` if the step was not run.
fn amend(step: &mut Value, difference: &Value) -> bool {
    let observed = &difference["observed"];
    if observed["notRun"] == json!(true) {
        return false;
    }
    if let Some(status) = observed["status"].as_u64() {
        let kept =
            ["status", "type", "message"].iter().filter_map(|k| Some(((*k).to_owned(), observed.get(k)?.clone())));
        step["expect"] = Value::Object(kept.collect());
        if status >= 400 {
            step.as_object_mut().expect("a step").remove("save");
        }
        return true;
    }
    let expect = step["expect"].as_object_mut().expect("expectations");
    for member in ["type", "message", "text"] {
        if let Some(value) = observed.get(member) {
            expect.insert(member.to_owned(), value.clone());
        }
    }
    for (path, value) in observed["body"].as_object().into_iter().flatten() {
        // A length alone was recorded where lists differ by chance.
        let is_length = value.as_object().is_some_and(|v| v.len() == 1 && v.contains_key("length"));
        let value = if is_length { json!("{{list}}") } else { value.clone() };
        *slot(expect.get_mut("body").expect("a body"), path) = value;
    }
    for (name, value) in observed["headers"].as_object().into_iter().flatten() {
        expect["headers"][name] = value.clone();
    }
    if observed.get("contains").is_some() {
        expect.remove("contains");
    }
    for (path, keys) in observed["keys"].as_object().into_iter().flatten() {
        let Some(extra) = keys.get("extra").and_then(Value::as_array) else { continue };
        let missing = &difference["expected_in_196"]["keys"][path]["missing"];
        let missing = missing.as_array().cloned().unwrap_or_default();
        let wanted = if path == "$" { expect.get_mut("keys") } else { expect["keysAt"].get_mut(path) };
        let wanted = wanted.and_then(Value::as_array_mut).expect("keys");
        wanted.retain(|key| !missing.contains(key));
        for key in extra {
            if !wanted.contains(key) {
                wanted.push(key.clone());
            }
        }
    }
    true
}

/// The parts of `$.a.b[0]`.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('$').split(['.', '[', ']']).filter(|part| !part.is_empty())
}

/// The place that a path names, made if need be.
fn slot<'a>(mut value: &'a mut Value, path: &str) -> &'a mut Value {
    for part in parts(path) {
        value = match (part.parse::<usize>(), value.is_array()) {
            (Ok(index), true) => &mut value[index],
            _ => &mut value[part],
        };
    }
    value
}

fn at<'a>(mut value: &'a Value, path: &str) -> Option<&'a Value> {
    for part in parts(path) {
        value = match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => value.get(part)?,
        };
    }
    Some(value)
}

// ── variables ────────────────────────────────────────────────────────────────────────────────────────────────────────

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{\{([^{}]+)\}\}").expect("a pattern"));

type Variables = HashMap<String, Value>;

fn variables(sandbox: &Running) -> Variables {
    static NUMBER: AtomicUsize = AtomicUsize::new(10_000_000);
    let number = NUMBER.fetch_add(7, Ordering::Relaxed);
    let mut uid = String::from("u");
    uid.extend((0..9).map(|_| fastrand::alphanumeric().to_ascii_lowercase()));
    HashMap::from([
        ("UID".to_owned(), uid.to_uppercase().into()),
        ("uid".to_owned(), uid.into()),
        ("num".to_owned(), number.to_string().into()),
        ("project".to_owned(), sandbox.project.as_str().into()),
        ("host".to_owned(), "127.0.0.1".into()),
    ])
}

fn lookup(name: &str, variables: &Variables) -> Option<Value> {
    if let Some(value) = variables.get(name) {
        return Some(value.clone());
    }
    let (text, times) = name.strip_prefix("repeat:")?.rsplit_once(':')?;
    Some(text.repeat(times.parse().ok()?).into())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Text with its variables replaced; what is no variable stays.
fn fill(text: &str, variables: &Variables) -> String {
    let value = |captures: &regex::Captures<'_>| {
        lookup(&captures[1], variables).map_or_else(|| captures[0].to_owned(), |value| plain(&value))
    };
    VARIABLE.replace_all(text, value).into_owned()
}

/// A request's value with its variables replaced; a text that is one variable takes its type.
fn filled(value: &Value, variables: &Variables) -> Value {
    match value {
        Value::String(text) => {
            let whole = VARIABLE.captures(text).filter(|captures| captures[0].len() == text.len());
            whole.and_then(|captures| lookup(&captures[1], variables)).unwrap_or_else(|| fill(text, variables).into())
        }
        Value::Array(items) => items.iter().map(|item| filled(item, variables)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (fill(name, variables), filled(value, variables)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

// ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────

fn run(sandbox: &Running, scenario: &Value) -> Vec<String> {
    let mut variables = variables(sandbox);
    let mut failures = Vec::new();
    for (i, step) in scenario["steps"].as_array().expect("steps").iter().enumerate() {
        let answer = send(sandbox, step, &variables);
        let is_json = answer.headers.get("content-type").is_some_and(|value| value.contains("json"));
        let document = if is_json { serde_json::from_str::<Value>(&answer.text).ok() } else { None };
        let mut check = Check { root: document.as_ref(), variables: &variables, differences: Vec::new() };
        check.answer(&step["expect"], &answer);
        let title = format!("{} #{} {} {}", full_name(scenario), i + 1, step["method"], step["path"]);
        failures.extend(check.differences.iter().map(|difference| format!("{title}: {difference}")));
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let path = path.as_str().expect("a path");
            let value = match path.strip_prefix('@') {
                Some(header) => answer.headers.get(&header.to_lowercase()).map(|value| value.as_str().into()),
                None => document.as_ref().and_then(|document| at(document, path)).cloned(),
            };
            match value {
                Some(value) => drop(variables.insert(name.clone(), value)),
                None => failures.push(format!("{title}: nothing at {path}")),
            }
        }
    }
    failures
}

/// Sends a step's request.
fn send(sandbox: &Running, step: &Value, variables: &Variables) -> Answer {
    let mut headers: Vec<(String, String)> = vec![("User-Agent".into(), "conformance".into())];
    let who = step["as"].as_str().unwrap_or("key");
    if who != "noproject" {
        headers.push(("X-Appwrite-Project".into(), sandbox.project.clone()));
    }
    match who {
        "key" | "noproject" => headers.push(("X-Appwrite-Key".into(), sandbox.key.clone())),
        "badkey" => headers.push(("X-Appwrite-Key".into(), format!("standard_{}", "0".repeat(256)))),
        "otherscope" => headers.push(("X-Appwrite-Key".into(), sandbox.limited_key.clone())),
        "guest" => {}
        other => panic!("who is {other}?"),
    }
    let body = step.get("body").map(|body| {
        headers.push(("Content-Type".into(), "application/json".into()));
        match (body.get("raw").and_then(Value::as_str), body.get("rawHex").and_then(Value::as_str)) {
            (Some(raw), _) => fill(raw, variables).into_bytes(),
            (_, Some(hex)) => {
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect()
            }
            _ => filled(body, variables).to_string().into_bytes(),
        }
    });
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name));
        if let Some(value) = value.as_str() {
            headers.push((name.clone(), fill(value, variables)));
        }
    }
    let mut path = fill(step["path"].as_str().expect("path"), variables);
    if let Some(query) = step.get("query") {
        path.push('?');
        path.push_str(&query_string(&filled(query, variables)));
    }
    let method = step["method"].as_str().expect("method");
    send_raw(&sandbox.endpoint, method, &escape(&path, PATH), &headers, body.as_deref()).expect("an answer")
}

const PATH: &str = "_.-~%/:?&=+,;@!$'()*[]#|";
const VALUE: &str = "_.-~";

fn escape(text: &str, safe: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || (c.is_ascii() && safe.contains(c)) {
            out.push(c);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn query_string(query: &Value) -> String {
    let Some(members) = query.as_object() else { return plain(query) };
    let mut pairs = Vec::new();
    for (name, value) in members {
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        pairs.extend(values.iter().map(|value| format!("{}={}", escape(name, VALUE), escape(&plain(value), VALUE))));
    }
    pairs.join("&")
}

// ── expectations ─────────────────────────────────────────────────────────────────────────────────────────────────────

struct Check<'a> {
    root: Option<&'a Value>,
    variables: &'a Variables,
    differences: Vec<String>,
}

impl Check<'_> {
    fn answer(&mut self, expect: &Value, answer: &Answer) {
        if let Some(status) = expect["status"].as_u64()
            && status != answer.status
        {
            self.differences.push(format!("status {} instead of {status}: {}", answer.status, answer.text));
            return;
        }
        for member in ["type", "message"] {
            if let Some(wanted) = expect.get(member) {
                self.value(member, wanted, self.root.and_then(|root| root.get(member)));
            }
        }
        if let Some(wanted) = expect.get("body") {
            self.value("$", wanted, self.root);
        }
        let keys_at = expect["keysAt"].as_object().into_iter().flatten().map(|(path, keys)| (path.as_str(), keys));
        for (path, wanted) in keys_at.chain(expect.get("keys").map(|keys| ("$", keys))) {
            self.keys(path, wanted);
        }
        for (name, wanted) in expect["headers"].as_object().into_iter().flatten() {
            let value = answer.headers.get(&name.to_lowercase()).map(|value| Value::from(value.as_str()));
            self.value(name, wanted, value.as_ref());
        }
        if let Some(wanted) = expect.get("text") {
            self.value("text", wanted, Some(&answer.text.as_str().into()));
        }
        for wanted in expect["contains"].as_array().into_iter().flatten() {
            let wanted = fill(wanted.as_str().expect("text"), self.variables);
            if !answer.text.contains(&wanted) {
                self.differences.push(format!("the body does not contain {wanted}"));
            }
        }
    }

    fn keys(&mut self, path: &str, wanted: &Value) {
        let found = self.root.and_then(|root| at(root, path)).and_then(Value::as_object);
        let mut found: Vec<String> = found.map_or_else(Vec::new, |members| members.keys().cloned().collect());
        let wanted = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut wanted: Vec<String> = wanted.map(|key| fill(key, self.variables)).collect();
        found.sort();
        wanted.sort();
        if found != wanted {
            self.differences.push(format!("{path}: keys {found:?} instead of {wanted:?}"));
        }
    }

    fn value(&mut self, path: &str, wanted: &Value, found: Option<&Value>) {
        let fits = match wanted {
            Value::String(text) => self.text(text, found),
            Value::Object(members) if members.len() == 1 && members.contains_key("{{jwt}}") => {
                let claims = found.and_then(Value::as_str).and_then(claims).map(Value::Object);
                let keys = |value: &Value| value.as_object().map_or(0, Map::len);
                let same = claims.as_ref().is_some_and(|claims| keys(claims) == keys(&members["{{jwt}}"]));
                self.value(path, &members["{{jwt}}"], claims.as_ref());
                same
            }
            Value::Object(members) => {
                let object = found.is_some_and(Value::is_object);
                for (name, wanted) in members.iter().filter(|_| object) {
                    let name = fill(name, self.variables);
                    self.value(&format!("{path}.{name}"), wanted, found.and_then(|found| found.get(&name)));
                }
                object
            }
            Value::Array(items) => {
                let found = found.and_then(Value::as_array).filter(|found| found.len() == items.len());
                for (i, (wanted, found)) in items.iter().zip(found.into_iter().flatten()).enumerate() {
                    self.value(&format!("{path}[{i}]"), wanted, Some(found));
                }
                found.is_some()
            }
            // 1 and 1.0 are the same number.
            Value::Number(number) => found.and_then(Value::as_f64).is_some_and(|found| Some(found) == number.as_f64()),
            other => found == Some(other),
        };
        if !fits {
            let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
            self.differences.push(format!("{path}: {found} instead of {wanted}"));
        }
    }

    fn text(&self, wanted: &str, found: Option<&Value>) -> bool {
        let found_text = found.and_then(Value::as_str);
        if let Some(pattern) = wanted.strip_prefix("{{re:").and_then(|rest| rest.strip_suffix("}}")) {
            return found_text.is_some_and(|text| whole(pattern).is_match(text));
        }
        if let Some(captures) = VARIABLE.captures(wanted).filter(|captures| captures[0].len() == wanted.len()) {
            return match lookup(&captures[1], self.variables) {
                Some(value) => found == Some(&value),
                None => self.matcher(&captures[1], found),
            };
        }
        let (mut pattern, mut position) = (String::new(), 0);
        for captures in VARIABLE.captures_iter(wanted) {
            let variable = captures.get(0).expect("the match");
            pattern.push_str(&regex::escape(&wanted[position..variable.start()]));
            position = variable.end();
            let inner = match (&captures[1], lookup(&captures[1], self.variables)) {
                (_, Some(value)) => regex::escape(&plain(&value)),
                ("any" | "string", None) => ".*?".to_owned(),
                ("int", None) => r"-?\d+".to_owned(),
                (name, None) => match name.strip_prefix("hex:") {
                    Some(digits) => format!("[0-9a-f]{{{digits}}}"),
                    None => panic!("what is {name}?"),
                },
            };
            pattern.push_str(&inner);
        }
        pattern.push_str(&regex::escape(&wanted[position..]));
        found_text.is_some_and(|text| whole(&pattern).is_match(text))
    }

    fn matcher(&self, name: &str, found: Option<&Value>) -> bool {
        let text = found.and_then(Value::as_str);
        let (name, argument) = name.split_once(':').unwrap_or((name, ""));
        match name {
            "any" => found.is_some(),
            "absent" => found.is_none(),
            "null" => found.is_some_and(Value::is_null),
            "string" => text.is_some(),
            "int" => found.is_some_and(Value::is_i64),
            "bool" => found.is_some_and(Value::is_boolean),
            "list" => found.is_some_and(Value::is_array),
            "object" => found.is_some_and(Value::is_object),
            "iso8601" if argument.is_empty() => text.and_then(seconds).is_some(),
            "iso8601" => {
                let (path, later) = argument.rsplit_once('+').expect("seconds");
                let base = self.root.and_then(|root| at(root, path)).and_then(Value::as_str).and_then(seconds);
                let later: f64 = later.parse().expect("seconds");
                text.and_then(seconds).zip(base).is_some_and(|(time, base)| (time - base - later).abs() <= 5.0)
            }
            "epoch" => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
                let later: f64 = argument.trim_start_matches('+').parse().expect("seconds");
                found.and_then(Value::as_f64).is_some_and(|time| (time - now - later).abs() <= 60.0)
            }
            "hex" => text.is_some_and(|text| whole(&format!("[0-9a-f]{{{argument}}}")).is_match(text)),
            "len" => text.is_some_and(|text| text.chars().count().to_string() == argument),
            other => panic!("what is {other}?"),
        }
    }
}

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("(?s)^(?:{pattern})$")).expect("a pattern")
}

/// Seconds since 1970 of `2026-01-31T12:00:00.000+00:00`, and of nothing else.
fn seconds(text: &str) -> Option<f64> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| whole(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"));
    let time: jiff::Timestamp = FORM.is_match(text).then(|| text.parse().ok())??;
    Some(time.as_millisecond() as f64 / 1000.0)
}

fn claims(jwt: &str) -> Option<Map<String, Value>> {
    let payload = jwt.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
