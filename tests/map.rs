//! `rehome map`: what is proposed of exports, and what becomes of people by it.

mod passwords;
mod people;
mod standing;
mod systems;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::util::{rehome, run};

/// What becomes of somebody by a plan: whether they may sign in, and whether their password comes along.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Fate {
    In {
        password: bool,
    },
    Disabled {
        password: bool,
    },
    /// There is a hash that no endpoint takes: whichever code says why, they reset it.
    Reset,
    /// Left out, or an account that nobody could sign in to: without an address, a number and a password.
    Nobody,
}

fn people(lines: &[Value]) -> BTreeMap<String, Fate> {
    let who = |line: &Value| {
        let email = line.pointer("/create/body/email").or_else(|| line.get("email")).and_then(Value::as_str);
        email.or_else(|| line["source_id"].as_str()).unwrap_or_default().to_owned()
    };
    let fate = |line: &Value| {
        if let Some(code) = line.pointer("/refused/code").and_then(Value::as_str) {
            let of_hash = ["hash", "scheme", "password"].iter().any(|word| code.contains(word));
            return if of_hash { Fate::Reset } else { Fate::Nobody };
        }
        let has = |member: &str| line.pointer(&format!("/create/body/{member}")).is_some();
        let password = has("password");
        let known = has("email") || has("phone") || password;
        match line["steps"].to_string().contains("\"status\":false") {
            _ if !known => Fate::Nobody,
            true => Fate::Disabled { password },
            false => Fate::In { password },
        }
    };
    lines.iter().map(|line| (who(line), fate(line))).collect()
}

/// What is planned by the proposal of an export, by address.
fn proposed(home: &Path, name: &str, text: &str) -> (String, BTreeMap<String, Value>) {
    let (export, map) = (home.join(name), home.join("map.toml"));
    std::fs::write(&export, text).expect("written");
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    std::fs::write(&map, &proposal).expect("written");
    let planned = run(rehome().arg("plan").arg(&export).arg("--reveal").arg("--map").arg(&map)).exits(0);
    let of = |line: Value| (line["email"].as_str().unwrap_or_default().to_owned(), line);
    (proposal, planned.lines().into_iter().map(of).collect())
}

const HASHES: [&str; 2] = [
    "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu",
    "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
];
