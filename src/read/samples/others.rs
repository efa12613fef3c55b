//! The sources without an exporter of their own to sample: exports in their documented shape, with real hashes.

use std::collections::BTreeSet;

use super::*;
use crate::scheme::verify::Login;
use crate::source::describe::{self, Mapping};

/// Source, name of the accounts file, export.
const EXPORTS: &[(&str, &str, &str)] = &[
    ("django", "dumpdata", "django/dumpdata.auth.json"),
    ("django", "natural", "django/dumpdata.natural.jsonl"),
    ("laravel", "app", "laravel/app.mysqldump.sql"),
    ("devise", "users", "devise/users.pg_dump.sql"),
    ("drupal", "drupal10", "drupal/drupal10.mysqldump.sql"),
    ("drupal", "drupal7", "drupal/drupal7.mysqldump.sql"),
    ("joomla", "joomla", "joomla/joomla.mysqldump.sql"),
    ("phpbb", "phpbb", "phpbb/phpbb.mysqldump.sql"),
    ("magento", "magento1", "magento/magento1.mysqldump.sql"),
    ("magento", "magento2", "magento/magento2.mysqldump.sql"),
    ("moodle", "mdl_user", "moodle/mdl_user.mysqldump.sql"),
    ("discourse", "dump", "discourse/dump.sql"),
    ("ghost", "staff", "ghost/site.ghost.json"),
    ("ghost", "members", "ghost/members.csv"),
    ("parse", "user", "parse/_User.mongoexport.json"),
    ("pocketbase", "users", "pocketbase/users.csv"),
    ("supertokens", "recipes", "supertokens/supertokens.pg_dump.sql"),
    ("fusionauth", "database", "fusionauth/fusionauth.pg_dump.sql"),
    ("fusionauth", "search", "fusionauth/search.json"),
    ("meteor", "users", "meteor/users.mongoexport.json"),
    ("nodebb", "objects", "nodebb/objects.mongoexport.json"),
    ("aspnet-identity", "users", "aspnet-identity/AspNetUsers.csv"),
    ("okta", "users", "okta/users.json"),
    ("cognito", "list-users", "cognito/list-users.json"),
    ("cognito", "csv", "cognito/users.csv"),
    ("mediawiki", "wiki", "mediawiki/wiki.mysqldump.sql"),
    ("xenforo", "xenforo", "xenforo/xenforo.mysqldump.sql"),
    ("vbulletin", "vb4", "vbulletin/vb4.mysqldump.sql"),
    ("mybb", "mybb", "mybb/mybb.mysqldump.sql"),
    ("generic", "users", "generic/users.csv"),
];

fn folder(export: &str) -> &str {
    export.split('/').next().unwrap_or(export)
}

#[test]
fn every_other_source_is_detected_and_read() {
    for (source, name, export) in EXPORTS {
        golden(source, &format!("{}/{name}.accounts.json", folder(export)), &[export]);
    }
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
    assert_eq!(accounts(&["devise/users.csv"]), accounts(&["devise/users.pg_dump.sql"]));
    assert_eq!(accounts(&["pocketbase/users.json"]), accounts(&["pocketbase/users.csv"]));
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

/// Everybody whose hash maps and whose password is known.
fn proven(export: &Export, folder: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(fixture(&format!("{folder}/passwords.json"))).unwrap();
    let known: Vec<Json> = serde_json::from_str(&text).unwrap();
    let each = |proven: &mut BTreeSet<String>, item: Item<'_>| {
        let Ok(Account { email: Some(email), credential: Credential::Hash(input), .. }) = item.account else { return };
        let Verdict::Maps(mapped) = scheme::resolve(&input, Version::NEWEST.profile()) else { return };
        let email = email.trim().to_lowercase();
        let is_theirs = |entry: &&Json| {
            // Django's are listed by user name.
            let name = entry["email"].as_str().or(entry["username"].as_str()).unwrap_or_default();
            email == name || email.strip_suffix("@example.com") == Some(name)
        };
        let Some(password) = known.iter().find(is_theirs).and_then(|entry| entry["password"].as_str()) else { return };
        let login = mapped.login(password.as_bytes(), Version::NEWEST.profile());
        assert_eq!(login, Login::Match, "{folder}: {email}");
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
fn every_known_password_whose_hash_maps_signs_in() {
    let mut count = 0;
    for (_, _, export) in EXPORTS.iter().filter(|(.., export)| fixture(folder(export)).join("passwords.json").exists())
    {
        count += proven(&open(&[export]), folder(export)).len();
    }
    count += proven(&mapped(), "mapping").len();
    assert_eq!(count, 33);
}
