//! The store as a whole: nobody is lost, nobody is read by whom they are not meant for.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::account::HashInput;
use crate::appwrite::Version;
use crate::scheme::{Kept, Verdict, resolve};

const DJANGO: &str = "pbkdf2_sha256$1000$saltsalt$VrX+V8xNYZpZr+ZHHMVdUZkNvBhZUFSBLUMKYlXqCtE=";

fn kept(hash: &str) -> Kept {
    let input = HashInput { hash: hash.to_owned().into(), ..HashInput::default() };
    let Verdict::Refused(refusal) = resolve(&input, Version::NEWEST.profile()) else { panic!("is mapped") };
    Kept::exported(refusal.scheme.expect("a scheme"), &input).expect("can be kept")
}

fn place(project: &str) -> Place {
    Place { endpoint: "http://localhost/v1".into(), project: project.into() }
}

fn again(key: &Key) -> Key {
    Key::parse(&key.line()).expect("the same key")
}

struct Home {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    key: Key,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { path: folder.path().join(STORE), _folder: folder, key: Key::generate().expect("a key") }
    }

    fn vault(&self) -> Vault {
        Vault::create(&self.path, again(&self.key), &place("p"), None).expect("a store")
    }

    fn sealed(&self, users: &[&str]) -> Vault {
        let (vault, kept) = (self.vault(), kept(DJANGO));
        let mails: Vec<String> = users.iter().map(|user| format!("{user}@example.com")).collect();
        let sealings = users.iter().zip(&mails).map(|(user, mail)| Sealing {
            user_id: user,
            email: Some(mail),
            login: Some(user),
            left: Some(""),
            kept: &kept,
        });
        vault.seal(sealings).expect("sealed");
        vault
    }

    fn edit(&self, statement: &str) {
        rusqlite::Connection::open(&self.path).and_then(|c| c.execute_batch(statement)).expect("edited");
    }
}

fn refused<T>(result: Result<T, crate::error::RunError>) -> (u8, String) {
    match result {
        Ok(_) => panic!("was taken"),
        Err(error) => (error.exit_code(), error.to_string()),
    }
}

#[test]
fn a_user_is_found_by_address_and_by_name_however_they_are_written() {
    let home = Home::new();
    let vault = home.sealed(&["ada", "bob"]);
    for address in ["ada@example.com", " Ada@Example.COM "] {
        assert_eq!(vault.by_address(address).expect("looked up").expect("there").user_id, "ada", "{address}");
    }
    let entry = vault.by_login("BOB").expect("looked up").expect("there");
    assert_eq!((entry.user_id.as_str(), entry.state, entry.scheme.as_str()), ("bob", State::Pending, "pbkdf2-sha256"));
    assert!(vault.by_address("eve@example.com").expect("looked up").is_none());
    assert!(vault.is_as_left(&entry, "") && !vault.is_as_left(&entry, "$argon2id$"));
    assert!(vault.unseal(&entry).expect("unsealed").expect("there") == kept(DJANGO));
}

#[test]
fn a_name_that_several_have_finds_nobody() {
    let home = Home::new();
    let (vault, kept) = (home.vault(), kept(DJANGO));
    let twins =
        ["1", "2"].map(|user_id| Sealing { user_id, email: None, login: Some("Twin"), left: Some(""), kept: &kept });
    vault.seal(twins).expect("sealed");
    assert!(vault.by_login("twin").expect("looked up").is_none());
}

#[test]
fn another_key_another_project_and_another_file_are_refused() {
    let home = Home::new();
    drop(home.sealed(&["ada"]));
    let other = Key::generate().expect("another");
    let (code, text) = refused(Vault::open(&home.path, other, &place("p")));
    assert!(code == 5 && text.contains("another key"), "{text}");
    let (code, text) = refused(Vault::open(&home.path, again(&home.key), &place("q")));
    assert!(code == 5 && text.contains("of project p, not of q"), "{text}");
    let (code, text) = refused(Vault::create(&home.path, again(&home.key), &place("q"), None));
    assert!(code == 5 && text.contains("of project p, not of q"), "{text}");
    home.edit("PRAGMA user_version = 2");
    assert_eq!(refused(Store::open(&home.path, store::Durable::ByProcess)).0, 5);
    home.edit("PRAGMA application_id = 1");
    assert_eq!(refused(Store::open(&home.path, store::Durable::ByProcess)).0, 5);
    std::fs::write(&home.path, "no database at all, but long enough to be looked at by somebody who would know one")
        .expect("written");
    assert_eq!(refused(Store::open(&home.path, store::Durable::ByProcess)).0, 5);
    std::fs::write(&home.path, "").expect("written");
    let (code, text) = refused(Store::open(&home.path, store::Durable::ByProcess));
    assert!(code == 2 && text.contains("holds nothing yet"), "{text}");
    drop(Store::create(&home.path, store::Durable::Fully).expect("completed"));
    assert_eq!(refused(Store::open(Path::new("/nowhere/bridge.sqlite"), store::Durable::ByProcess)).0, 2);
}

#[test]
fn seals_that_were_changed_or_are_another_users_are_refused() {
    let home = Home::new();
    let vault = home.sealed(&["ada", "bob"]);
    let entry = |user: &str| vault.by_id(user).expect("looked up").expect("there");
    home.edit("UPDATE entry SET sealed = (SELECT sealed FROM entry WHERE user_id = 'bob') WHERE user_id = 'ada'");
    let (_, text) = refused(vault.unseal(&entry("ada")));
    assert!(text.contains("was changed, or is another user's") && !text.contains("pbkdf2"), "{text}");
    vault.unseal(&entry("bob")).expect("untouched");
    home.edit("UPDATE entry SET sealed = CAST(substr(sealed, 1, 60) || x'00' || substr(sealed, 62) AS BLOB) WHERE user_id = 'bob'");
    refused(vault.unseal(&entry("bob")));
    // Another project's row, in a store that says it is of this project.
    drop(vault);
    home.edit("UPDATE meta SET value = 'q' WHERE key = 'project'");
    let vault = Vault::open(&home.path, again(&home.key), &place("q")).expect("opened");
    refused(vault.unseal(&vault.by_id("bob").expect("looked up").expect("there")));
}

#[test]
fn neither_file_nor_log_holds_an_address_a_name_or_a_hash() {
    let home = Home::new();
    let vault = home.sealed(&["1", "2", "3"]);
    vault.count_client("192.0.2.1", 100, 60).expect("counted");
    vault.settle("1", State::Migrated, "migrated").expect("settled");
    let mut looked = 0;
    for end in ["", "-wal"] {
        let Ok(bytes) = std::fs::read(format!("{}{end}", home.path.display())) else { continue };
        looked += bytes.len();
        for secret in ["example.com", "saltsalt", "VrX+V8xN", "pbkdf2_sha256", "192.0.2.1"] {
            let found = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "{secret} stands in the store{end}");
        }
    }
    assert!(looked > 4096, "nothing was looked at");
    #[cfg(unix)]
    for end in ["", "-wal", "-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(format!("{}{end}", home.path.display())).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{end}");
    }
}

#[test]
fn a_settled_user_keeps_no_hash_and_is_not_sealed_again() {
    let home = Home::new();
    let vault = home.sealed(&["a", "b", "c", "d", "e"]);
    let before = vault.by_id("a").expect("looked up").expect("there").sealed.expect("sealed");
    assert!(vault.settle("a", State::Migrated, "migrated").expect("settled"));
    assert!(!vault.settle("a", State::Superseded, "late").expect("too late"));
    assert!(vault.settle("b", State::TokenOnly, "token").expect("settled"));
    assert!(vault.settle("c", State::Superseded, "superseded").expect("settled"));
    assert!(vault.settle("d", State::Gone, "gone").expect("settled"));
    assert!(!vault.settle("nobody", State::Gone, "gone").expect("nobody"));
    vault.checkpoint().expect("checkpoint");
    for end in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{end}", home.path.display())).expect("read");
        assert!(!bytes.windows(before.len()).any(|window| window == before), "the seal is still in the store{end}");
    }
    drop(vault);
    let vault = home.sealed(&["a", "b", "c", "d", "e"]);
    let of = |user: &str| vault.by_id(user).expect("looked up").expect("there");
    for (user, state, holds) in [
        ("a", State::Migrated, false),
        ("b", State::TokenOnly, true),
        ("c", State::Superseded, false),
        ("d", State::Pending, true),
        ("e", State::Pending, true),
    ] {
        assert_eq!((of(user).state, vault.unseal(&of(user)).expect("unsealed").is_some()), (state, holds), "{user}");
    }
    assert!(vault.settle("b", State::Migrated, "migrated").expect("settled"));
    let status = vault.status(7).expect("counted");
    let counts = State::ALL.map(|state| status.count(state));
    assert_eq!(counts, [2, 0, 2, 1, 0, 0]);
    assert_eq!(status.by_day[0].1["migrated"], 2);
}

#[test]
fn nobody_is_gone_before_they_have_come() {
    let home = Home::new();
    let vault = home.sealed(&["ada"]);
    vault.set_importing(true).expect("said");
    assert!(!vault.settle("ada", State::Gone, "gone").expect("not yet"));
    assert_eq!(vault.by_id("ada").expect("looked up").expect("there").state, State::Pending);
    vault.set_importing(false).expect("said");
    assert!(vault.settle("ada", State::Gone, "gone").expect("settled"));
}

#[test]
fn failures_count_within_their_window_and_survive_a_restart() {
    let home = Home::new();
    let vault = home.sealed(&["ada"]);
    assert_eq!([1000, 1001, 4599].map(|now| vault.count_failure("ada", now, 3600).expect("counted")), [1, 2, 3]);
    assert_eq!([7, 8].map(|now| vault.count_client("192.0.2.1", now, 60).expect("counted")), [1, 2]);
    drop(vault);
    let vault = Vault::open(&home.path, again(&home.key), &place("p")).expect("opened");
    let entry = || vault.by_id("ada").expect("looked up").expect("there");
    assert_eq!((entry().failures_at(4599, 3600), entry().failures_at(4600, 3600)), (3, 0));
    assert_eq!(vault.counted_client("192.0.2.1", 66, 60).expect("looked up"), 2);
    assert_eq!(vault.counted_client("192.0.2.1", 67, 60).expect("looked up"), 0);
    assert_eq!(vault.count_failure("ada", 4600, 3600).expect("counted"), 1);
    vault.forgive("ada").expect("forgiven");
    assert_eq!(entry().failures_at(4600, 3600), 0);
    vault.sweep_counters(100).expect("swept");
    assert_eq!(vault.counted_client("192.0.2.1", 8, 60).expect("looked up"), 0);
}

#[test]
fn forgotten_users_leave_nothing_and_a_new_user_takes_an_address_over() {
    let home = Home::new();
    let vault = home.sealed(&["ada", "bob"]);
    assert_eq!(vault.forget(["ada", "eve"]).expect("forgotten"), 1);
    assert!(vault.by_address("ada@example.com").expect("looked up").is_none());
    let kept = kept(DJANGO);
    let sealing = Sealing { user_id: "bob2", email: Some("bob@example.com"), login: None, left: Some(""), kept: &kept };
    vault.seal([sealing]).expect("sealed");
    assert_eq!(vault.by_address("bob@example.com").expect("looked up").expect("there").user_id, "bob2");
    assert!(vault.by_id("bob").expect("looked up").is_none());
}

#[test]
fn an_ended_bridge_knows_who_stood_where_and_nothing_else() {
    let home = Home::new();
    let vault = home.sealed(&["ada", "bob"]);
    vault.settle("ada", State::Migrated, "migrated").expect("settled");
    assert_eq!(vault.holding("", 10).expect("looked up"), ["bob"]);
    assert_eq!(vault.end().expect("ended"), 1);
    let status = vault.status(7).expect("counted");
    assert_eq!((status.count(State::Migrated), status.count(State::Expired), status.until), (1, 1, None));
    assert!(vault.by_address("bob@example.com").expect("looked up").is_none());
    drop(vault);
    let (code, text) = refused(Vault::open(&home.path, again(&home.key), &place("p")));
    assert!(code == 5 && text.contains("was ended"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_kept_comes_back_the_same(digest in "[0-9a-f]{64}", salt in proptest::option::of("\\PC{1,20}"), rounds: Option<u64>) {
        let input = HashInput { hash: format!("{digest}:s").into(), salt: salt.map(Into::into), rounds, ..HashInput::default() };
        let kept = Kept::exported("salted-sha256", &input).expect("can be kept");
        prop_assert!(Kept::decode(&kept.encode()).as_ref() == Some(&kept));
    }

    #[test]
    fn what_nobody_wrote_is_not_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Kept::decode(&bytes).is_none());
    }
}
