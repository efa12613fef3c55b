//! The sources without an exporter of their own to sample: exports in their documented shape, with real hashes.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;
use crate::scheme::verify::Login;
use crate::source::Source;
use crate::source::describe::{self, Mapping};

/// An export of a system: `fixtures/SYSTEM/STEM.anything`, and what it is read as, `fixtures/SYSTEM/STEM.accounts.json`.
struct Exported {
    system: &'static str,
    export: String,
    accounts: String,
}

/// All of them, found by looking: the folders that are called as a source is.
fn exported() -> Vec<Exported> {
    // Theirs are several files each, or of other names, and have tests of their own.
    const APART: [&str; 11] = [
        "appwrite",
        "auth0",
        "better-auth",
        "clerk",
        "firebase",
        "htpasswd",
        "keycloak",
        "ldif",
        "shadow",
        "supabase",
        "wordpress",
    ];
    let systems = crate::source::ALL.iter().map(|source| source.name()).filter(|name| !APART.contains(name));
    systems.flat_map(in_folder).collect()
}

fn in_folder(system: &'static str) -> Vec<Exported> {
    let Ok(entries) = std::fs::read_dir(fixture(system)) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().expect("a name in UTF-8")).collect();
    names.sort();
    let stems: Vec<_> = names.iter().filter_map(|name| name.strip_suffix(".accounts.json")).collect();
    let exports = names.iter().filter(|name| !name.ends_with(".accounts.json") && !name.starts_with("README"));
    // Of stems that begin alike, the longest is meant.
    let read_as = |export: &String| {
        let own = stems.iter().filter(|stem| export.strip_prefix(**stem).is_some_and(|rest| rest.starts_with('.')));
        let stem = own.max_by_key(|stem| stem.len())?;
        let (export, accounts) = (format!("{system}/{export}"), format!("{system}/{stem}.accounts.json"));
        Some(Exported { system, export, accounts })
    };
    exports.filter_map(read_as).collect()
}

#[test]
fn every_other_source_is_detected_and_read() {
    let exported = exported();
    assert!(exported.len() > 30, "{}", exported.len());
    for Exported { system, export, accounts } in exported {
        golden(system, &accounts, &[&export]);
    }
}

/// The table of what is taken for what is empty off its diagonal, and no two systems are as sure of one export.
#[test]
fn no_export_is_taken_for_another_systems() {
    let mut confused = Vec::new();
    for Exported { system, export, .. } in exported() {
        let opened = open(&[&export]);
        let sources = crate::source::ALL.iter();
        let claim = |source: &&dyn Source| Some((source.detect(&opened.tables)?.score, source.name()));
        let mut claims: Vec<_> = sources.filter_map(claim).collect();
        claims.sort_unstable();
        let surest =
            claims.iter().rev().take_while(|(score, _)| Some(*score) == claims.last().map(|(score, _)| *score));
        let surest: Vec<_> = surest.map(|(_, name)| *name).collect();
        if surest != [system] {
            confused.push(format!("{export}: {claims:?}"));
        }
    }
    assert!(confused.is_empty(), "{confused:#?}");
}

#[test]
fn every_format_of_the_other_sources_gives_the_same_users() {
    let dumped = accounts(&["django/dumpdata.auth.json"]);
    assert_eq!(accounts(&["django/dumpdata.auth.xml"]), dumped);
    // A table alone has no groups beside it.
    let groups = ["roles"];
    let table = ["django/auth_user.sqlite-select.csv"];
    assert_eq!(without(&table, &groups), without(&["django/dumpdata.auth.json"], &groups));
    assert_eq!(without(&["laravel/users.csv"], &groups), without(&["laravel/app.mysqldump.sql"], &groups));
}

fn mapped() -> Export {
    let paths = [fixture("mapping/people.csv")];
    let mapping = Mapping::read(&fixture("mapping/people.toml")).unwrap();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    Export::open(&paths, ReadOptions { mapping: Some(mapping), keep_dates: true, now, ..ReadOptions::default() })
        .unwrap()
}

#[test]
fn a_mapping_reads_what_no_source_describes() {
    compare("mapping/people.accounts.json", &accounts_of(&mapped()));
}

#[test]
fn the_generic_starting_map_says_what_generic_exports_mean() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.toml");
    std::fs::write(&map, describe::example::example("generic")).unwrap();
    let mapping = Some(Mapping::read(&map).unwrap());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let paths = [fixture("generic/users.csv")];
    let export = Export::open(&paths, ReadOptions { mapping, now, ..ReadOptions::default() }).unwrap();
    assert_eq!(accounts_of(&export), accounts(&["generic/users.csv"]));
}

/// Everybody whose password is known and whose hash Appwrite or the sign-in bridge verifies, unless that takes long: rounds by
/// the hundred thousand are not optimised in a test. Hashes that were `tried` in another export are not tried again.
fn proven(export: &Export, known: &str, tried: &Mutex<BTreeSet<String>>) -> BTreeSet<String> {
    let text = std::fs::read_to_string(fixture(known)).unwrap();
    let listed: Vec<Json> = serde_json::from_str(&text).unwrap();
    let each = |proven: &mut BTreeSet<String>, item: Item<'_>| {
        let Ok(Account { email: Some(email), credential: Credential::Hash(input), .. }) = item.account else { return };
        let verdict = scheme::resolve(&input, Version::NEWEST.profile());
        let email = email.trim().to_lowercase();
        let is_theirs = |entry: &&Json| {
            // Django's are listed by user name.
            let name = entry["email"].as_str().or(entry["username"].as_str()).unwrap_or_default();
            email == name.to_lowercase() || email.strip_suffix("@example.com") == Some(name)
        };
        let Some(password) = listed.iter().find(is_theirs).and_then(|entry| entry["password"].as_str()) else { return };
        let is_new = tried.lock().expect("nobody panics with it").insert(input.hash.to_string());
        let login = match &verdict {
            _ if !is_new => Login::Match,
            // Appwrite hashes it itself.
            Verdict::Maps(mapped) if mapped.scheme == "plain" => {
                if mapped.fields.password == password {
                    Login::Match
                } else {
                    Login::Mismatch
                }
            }
            Verdict::Maps(mapped) => mapped.login(password.as_bytes(), Version::NEWEST.profile()),
            Verdict::Refused(refusal) => {
                let kept = scheme::Kept::refused(&input, refusal).filter(|kept| kept.work().millis < 100.0);
                let Some(kept) = kept else { return };
                if kept.verify(password.as_bytes()) == Some(true) { Login::Match } else { Login::Mismatch }
            }
        };
        assert_eq!(login, Login::Match, "{known}: {email}");
        proven.insert(email);
    };
    let mut all = BTreeSet::new();
    let sink = |batch| {
        all.extend::<BTreeSet<String>>(batch);
        Ok(ControlFlow::Continue(()))
    };
    export.scan(2, &Silent, BTreeSet::new, each, sink).unwrap();
    all
}

#[test]
fn every_known_password_signs_in_at_appwrite_or_the_bridge() {
    let tried = Mutex::default();
    let mut count = proven(&mapped(), "mapping/passwords.json", &tried).len();
    for Exported { system, export, .. } in exported() {
        let known = format!("{system}/passwords.json");
        if fixture(&known).exists() {
            count += proven(&open(&[&export]), &known, &tried).len();
        }
    }
    assert!(count >= 80, "{count}");
}
