//! Every sample export, read as a whole and compared with what is known of it: `fixtures/*/*.accounts.json`.

mod databases;
mod dumps;
mod live;
mod others;
mod sqlite;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::account::{Account, Credential};
use crate::appwrite::Version;
use crate::event::Silent;
use crate::read::{Export, Item, ReadOptions};
use crate::scheme::known::{Proof, prove};
use crate::scheme::{self, Verdict};
use crate::source::systems::firebase_config;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

fn open(files: &[&str]) -> Export {
    let paths: Vec<PathBuf> = files.iter().map(|path| fixture(path)).collect();
    let config = std::fs::read_to_string(fixture("firebase/hash_config.txt")).unwrap();
    let options = ReadOptions {
        firebase: Some(firebase_config::parse(&config).unwrap()),
        email_domain: Some("example.com".into()),
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        ..ReadOptions::default()
    };
    Export::open(&paths, options).unwrap_or_else(|error| panic!("{files:?}: {error}"))
}

/// All accounts of an export, in order, without their secrets.
fn accounts(files: &[&str]) -> Vec<Json> {
    accounts_of(&open(files))
}

fn accounts_of(export: &Export) -> Vec<Json> {
    let mut all = Vec::new();
    let each = |batch: &mut Vec<Json>, item: Item<'_>| {
        batch.push(match item.account {
            Ok(account) => shown(&account),
            Err(refusal) => json!({ "record": item.position.record, "refused": refusal.code, "text": refusal.text }),
        });
    };
    export
        .scan(2, &Silent, Vec::new, each, |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    all
}

fn shown(account: &Account<'_>) -> Json {
    let password = match &account.credential {
        Credential::None(note) => format!("none: {} ({})", note.code, note.text),
        Credential::Plain(_) => "plain text".into(),
        Credential::Hash(input) => match scheme::resolve(input, Version::NEWEST.profile()) {
            Verdict::Maps(mapped) => format!("{} to {}", mapped.scheme, mapped.endpoint.path()),
            Verdict::Refused(refusal) => format!("{}: {}", refusal.scheme.unwrap_or("?"), refusal.code),
        },
    };
    let mut shown = json!({
        "id": account.source_id, "email": account.email, "email_verified": account.email_verified,
        "phone": account.phone, "phone_verified": account.phone_verified, "name": account.name,
        "enabled": account.enabled, "roles": account.roles, "prefs": account.prefs,
        "created_at": account.created_at.map(|moment| moment.to_string()),
        "last_seen": account.last_seen.map(|moment| moment.to_string()),
        "password": password,
        "notes": account.notes.iter().map(|note| note.code.name()).collect::<Vec<_>>(),
    });
    // What every account has like everybody else only stands in the way of reading.
    let usual = |value: &Json| value.is_null() || *value == json!([]) || *value == json!({});
    shown.as_object_mut().unwrap().retain(|_, value| !usual(value));
    shown
}

/// Compares an export's accounts with those in the fixture; `UPDATE_GOLDEN=1` writes them there.
fn golden(source: &str, name: &str, files: &[&str]) {
    assert_eq!(open(files).source().name(), source);
    compare(name, &accounts(files));
}

fn compare(name: &str, accounts: &[Json]) {
    let lines: Vec<String> = accounts.iter().map(Json::to_string).collect();
    let found = format!("[\n{}\n]\n", lines.join(",\n"));
    let path = fixture(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{name}, record {number}");
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{name}");
}

/// Every file is taken for what it is, and for nothing else that comes near.
#[test]
fn samples_are_recognised_without_rivals() {
    for (source, file) in [
        ("firebase", "firebase/users.json"),
        ("firebase", "firebase/users.v15.csv"),
        ("firebase", "firebase/users.v11.csv"),
        ("firebase", "firebase/emulator-export"),
        ("wordpress", "wordpress/wp_users-usermeta.mysqldump.sql"),
        ("wordpress", "wordpress/phpmyadmin.wp_users.csv"),
        ("wordpress", "wordpress/wp-cli.with-pass.json"),
        ("supabase", "supabase/users.copy-header.csv"),
        ("auth0", "auth0/users-export.json"),
        ("auth0", "auth0/password-hashes.ndjson"),
        ("clerk", "clerk/users.csv"),
        ("keycloak", "keycloak/demo-realm.json"),
        ("nhost", "nhost/users.copy-header.csv"),
        ("better-auth", "better-auth/user.json"),
        ("ldif", "ldif/slapcat.ldif"),
        ("shadow", "shadow/shadow"),
        ("htpasswd", "htpasswd/htpasswd"),
    ] {
        let export = open(&[file]);
        let scores = crate::source::ALL.iter().filter_map(|d| Some((d.detect(export.tables())?.score, d.name())));
        let rivals: Vec<_> = scores.filter(|(score, name)| *name != source && *score >= 40).collect();
        assert_eq!((export.source().name(), rivals), (source, Vec::new()), "{file}");
    }
}

/// What becomes of every column is said of that column, not by the phrase for those that nobody knows.
#[test]
fn every_column_of_the_samples_has_a_fate() {
    for file in [
        "firebase/users.json",
        "firebase/users.v15.csv",
        "firebase/api-downloadAccount-response.input.json",
        "firebase/emulator-export",
        "wordpress/wp-cli.with-pass.json",
        "supabase/users.row_to_json.ndjson",
        "auth0/users-export.json",
        "auth0/password-hashes.ndjson",
        "clerk/users.csv",
        "keycloak/demo-realm.json",
        "nhost/users.copy-header.csv",
        "better-auth/user.json",
        "shadow/shadow",
        "htpasswd/htpasswd",
    ] {
        let export = open(&[file]);
        let source = export.source();
        let unknown = source.fate("\u{0}");
        for (table, role) in export.tables().iter().zip(source.roles(export.tables())) {
            if role == crate::source::Role::Users {
                let lost: Vec<_> = table.columns.iter().filter(|column| source.fate(column) == unknown).collect();
                assert!(lost.is_empty(), "{file}: {lost:?}");
            }
        }
    }
}

/// Every password that is known of a sample signs in with what is planned for its user.
#[test]
fn known_passwords_verify() {
    for (known, files) in [
        ("firebase", &["firebase/users.v11.csv"][..]),
        ("wordpress", &["wordpress/wp_users-usermeta.mysqldump.sql"]),
        ("supabase", &["supabase/users.pg_dump-copy.sql"]),
        ("auth0", &["auth0/users-export.json", "auth0/password-hashes.ndjson"]),
        ("clerk", &["clerk/users.csv"]),
        ("keycloak", &["keycloak/demo-realm.json"]),
        ("nhost", &["nhost/users.copy-header.csv"]),
        ("better-auth", &["better-auth/user.json", "better-auth/account.json"]),
        ("ldif", &["ldif/slapcat.ldif"]),
        ("shadow", &["shadow/shadow", "shadow/passwd"]),
        ("htpasswd", &["htpasswd/htpasswd"]),
    ] {
        let mut passwords: HashMap<String, String> = csv::Reader::from_path(fixture(&format!("{known}/known.csv")))
            .unwrap()
            .deserialize()
            .map(|row: Result<(String, String), _>| row.unwrap())
            .map(|(email, password)| (email.to_lowercase(), password))
            .collect();
        let profile = Version::NEWEST.profile();
        let each = |proofs: &mut Vec<(String, Proof)>, item: Item<'_>| {
            let Ok(Account { email: Some(email), credential, .. }) = item.account else { return };
            let email = email.to_lowercase();
            let Some(password) = passwords.get(&email) else { return };
            let proof = match credential {
                Credential::Hash(input) => prove(&input, &scheme::resolve(&input, profile), password, profile),
                Credential::Plain(plain) if plain == *password => Proof::Proven,
                other => panic!("{email} has {other:?}"),
            };
            proofs.push((email, proof));
        };
        let mut proofs = Vec::new();
        let fold = |batch| {
            proofs.extend(batch);
            Ok(ControlFlow::Continue(()))
        };
        open(files).scan(2, &Silent, Vec::new, each, fold).unwrap();
        for (email, proof) in proofs {
            passwords.remove(&email);
            // better-auth hashes the NFKC form of what is typed.
            if (known, email.as_str()) == ("better-auth", "bob@example.com") {
                assert!(matches!(&proof, Proof::Wrong(why) if why.contains("NFKC")), "{proof:?}");
            } else {
                // Some are shorter than Appwrite's eight bytes; their hashes are right all the same.
                assert!(matches!(proof, Proof::Proven | Proof::CannotSignIn(_)), "{known}: {email}: {proof:?}");
            }
        }
        assert!(passwords.is_empty(), "{known}: nobody has {:?}", passwords.keys());
    }
}

#[test]
fn firebase() {
    golden("firebase", "firebase/users.accounts.json", &["firebase/users.json"]);
    golden("firebase", "firebase/users.v15.accounts.json", &["firebase/users.v15.csv"]);
    golden("firebase", "firebase/users.v11.accounts.json", &["firebase/users.v11.csv"]);
    golden("firebase", "firebase/api.accounts.json", &["firebase/api-downloadAccount-response.input.json"]);
    golden("firebase", "firebase/emulator.accounts.json", &["firebase/emulator-export/auth_export/accounts.json"]);
}

#[test]
fn wordpress() {
    for (name, file) in [
        ("dump", "wp_users-usermeta.mysqldump.sql"),
        ("nocreate", "wp_users-usermeta.nocreate.sql.gz"),
        ("phpmyadmin", "phpmyadmin.wp_users.csv"),
        ("wp-cli", "wp-cli.with-pass.json"),
    ] {
        golden("wordpress", &format!("wordpress/{name}.accounts.json"), &[&format!("wordpress/{file}")]);
    }
}

/// Without what only some of the formats carry.
fn without(files: &[&str], members: &[&str]) -> Vec<Json> {
    let mut all = accounts(files);
    for account in &mut all {
        for member in members {
            account.as_object_mut().unwrap().remove(*member);
        }
    }
    all
}

#[test]
fn the_same_users_in_every_format() {
    let users = accounts(&["firebase/users.json"]);
    assert_eq!(accounts(&["firebase/users.v15.csv"]), users);
    // firebase-tools 11 knows four providers; it also breaks two rows, which are mended.
    assert_eq!(without(&["firebase/users.v11.csv"], &["prefs"]), without(&["firebase/users.json"], &["prefs"]));

    let dump = "wordpress/wp_users-usermeta.mysqldump.sql";
    assert_eq!(accounts(&["wordpress/wp_users-usermeta.nocreate.sql.gz"]), accounts(&[dump]));
    assert_eq!(accounts(&["wordpress/phpmyadmin.wp_users.json"]), accounts(&["wordpress/phpmyadmin.wp_users.csv"]));
    // The table of users alone has no roles and names; WP-CLI was asked for some of them.
    let only_in_meta = ["roles", "prefs", "phone"];
    let users = without(&[dump], &only_in_meta);
    assert_eq!(without(&["wordpress/phpmyadmin.wp_users.csv"], &only_in_meta), users);
    assert_eq!(without(&["wordpress/wp-cli.with-pass.csv"], &only_in_meta), users);
    assert_eq!(without(&["wordpress/wp-cli.with-pass.json"], &only_in_meta), users);

    let users = accounts(&["supabase/users.pg_dump-copy.sql"]);
    assert_eq!(accounts(&["supabase/users.copy-header.csv"]), users);
    assert_eq!(accounts(&["supabase/users.row_to_json.ndjson"]), users);

    let hashes = "auth0/password-hashes.ndjson";
    assert_eq!(accounts(&["auth0/users-export.json.gz", hashes]), accounts(&[hashes, "auth0/users-export.json"]));
}

#[test]
fn supabase() {
    golden("supabase", "supabase/users.accounts.json", &["supabase/users.pg_dump-copy.sql"]);
}

#[test]
fn auth0() {
    golden("auth0", "auth0/users.accounts.json", &["auth0/users-export.json", "auth0/password-hashes.ndjson"]);
    golden("auth0", "auth0/hashes.accounts.json", &["auth0/password-hashes.ndjson"]);
}

#[test]
fn clerk() {
    golden("clerk", "clerk/users.accounts.json", &["clerk/users.csv"]);
}

#[test]
fn keycloak() {
    golden("keycloak", "keycloak/users.accounts.json", &["keycloak/demo-realm.json"]);
}

#[test]
fn nhost() {
    golden("nhost", "nhost/users.accounts.json", &["nhost/users.copy-header.csv"]);
}

#[test]
fn better_auth() {
    golden("better-auth", "better-auth/users.accounts.json", &["better-auth/user.json", "better-auth/account.json"]);
}

#[test]
fn ldif() {
    golden("ldif", "ldif/people.accounts.json", &["ldif/slapcat.ldif"]);
}

#[test]
fn shadow() {
    golden("shadow", "shadow/users.accounts.json", &["shadow/shadow", "shadow/passwd"]);
}

#[test]
fn htpasswd() {
    golden("htpasswd", "htpasswd/users.accounts.json", &["htpasswd/htpasswd"]);
}
