use super::*;
use crate::account::{Credential, SaltEncoding};
use crate::format::Format;
use crate::source::NoRelated;
use crate::source::kit::testing;
use serde_json::json;

fn read(record: serde_json::Value) -> Result<String, String> {
    let record = testing::record(record);
    let account = Generic.interpret(&record, &testing::context(&NoRelated));
    account.map(|a| format!("{a:?}")).map_err(|refusal| refusal.text.into_owned())
}

#[test]
fn all_members_are_understood() {
    let record = testing::record(json!({
        "id": 7, "email": " Alice@Example.com ", "email_verified": "yes", "phone": "'+14155550123", "phone_verified": 1,
        "name": "Alice", "enabled": "f", "labels": "admin;staff", "prefs": "{\"plan\":\"pro\"}",
        "created_at": "2024-01-02 03:04:05", "password_hash": "00ff", "password_scheme": "scrypt",
        "password_salt": "c2FsdA==", "password_salt_encoding": "base64", "scrypt_n": "16384", "scrypt_r": 8,
        "scrypt_p": 1, "scrypt_length": 64, "signer_key": "a2V5", "salt_separator": "", "rounds": 8, "mem_cost": 14,
    }));
    let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
    assert_eq!((&*account.source_id, account.email.as_deref()), ("7", Some("Alice@Example.com")));
    assert_eq!((account.phone.as_deref(), account.name.as_deref()), (Some("+14155550123"), Some("Alice")));
    assert!(account.email_verified && account.phone_verified && !account.enabled);
    assert_eq!((account.roles, account.prefs["plan"].as_str()), (vec!["admin".into(), "staff".into()], Some("pro")));
    assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
    let Credential::Hash(hash) = account.credential else { panic!("a hash") };
    assert_eq!((&*hash.hash, hash.declared.as_deref(), hash.hints), ("00ff", Some("scrypt"), &[][..]));
    assert_eq!((hash.salt.as_deref(), hash.salt_encoding), (Some("c2FsdA=="), SaltEncoding::Base64));
    assert_eq!((hash.scrypt_n, hash.scrypt_r, hash.scrypt_p), (Some(16384), Some(8), Some(1)));
    assert_eq!((hash.scrypt_length, hash.rounds, hash.mem_cost), (Some(64), Some(8), Some(14)));
    assert_eq!((hash.signer_key.as_deref(), hash.salt_separator.as_deref()), (Some("a2V5"), Some("")));
}

#[test]
fn a_member_that_is_not_there_means_nothing_bad() {
    let record = testing::record(json!({ "email": "a@example.com", "enabled": null, "labels": "" }));
    let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
    assert!(account.enabled && !account.email_verified && account.source_id.is_empty());
    assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
}

#[test]
fn what_cannot_be_understood_is_refused_by_the_name_of_its_column() {
    for (column, value) in [
        ("email_verified", json!("maybe")),
        ("enabled", json!("?")),
        ("phone_verified", json!(2)),
        ("scrypt_n", json!("2^14")),
        ("password_salt_encoding", json!("rot13")),
        ("id", json!("1.41555E+10")),
        ("phone", json!("1.41555E+10")),
        ("email", json!(["a@example.com", "b@example.com"])),
        ("labels", json!([{"name": "x"}])),
        ("prefs", json!("[1]")),
    ] {
        let mut record = json!({ "email": "a@example.com", "password_hash": "00ff" });
        record[column] = value;
        let text = read(record).unwrap_err();
        assert!(text.contains(&format!("`{column}`")), "{text}");
    }
}

#[test]
fn markers_and_hashes_never_become_passwords() {
    for marker in ["!", "!LOCKED!", "*", "*NO-PASSWORD*"] {
        let record = testing::record(json!({ "email": "a@example.com", "password_hash": marker }));
        let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(matches!(account.credential, Credential::None(_)), "{marker}");
    }
    for hash in ["$2y$10$abcdefghijklmnopqrstuv", "pbkdf2_sha256$1000000$salt$hash", "$argon2id$v=19$m=1,t=1,p=1$a$b"] {
        let record = testing::record(json!({ "email": "a@example.com", "password": hash }));
        let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(matches!(account.credential, Credential::Hash(input) if input.hash == hash));
        let text = read(json!({ "email": "a@example.com", "plain_password": hash })).unwrap_err();
        assert!(!text.contains(hash), "{text}");
    }
    for (password, expected) in
        [("$ecret$money$", "$ecret$money$"), ("!Hello-World!", "!Hello-World!"), ("{noop}pass word", "pass word")]
    {
        let record = testing::record(json!({ "email": "a@example.com", "password": password }));
        let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(matches!(account.credential, Credential::Plain(plain) if plain == expected));
    }
}

proptest::proptest! {
    #[test]
    fn any_values_are_understood_or_refused_and_no_secret_is_quoted(
        cells in proptest::collection::vec("\\PC{0,24}", columns::COUNT),
    ) {
        let columns: Vec<&str> = columns::MEMBERS.iter().map(|(name, ..)| *name).collect();
        let values: Vec<&str> = cells.iter().map(String::as_str).collect();
        let record = testing::row("", &columns, &values);
        if let Err(refusal) = Generic.interpret(&record, &testing::context(&NoRelated)) {
            for (column, value) in columns.iter().zip(&values) {
                let secret = ["password", "password_hash", "password_salt", "signer_key"].contains(column);
                proptest::prop_assert!(!secret || value.len() < 8 || !refusal.text.contains(value));
            }
        }
    }
}

#[test]
fn only_a_table_of_sign_ins_is_one_of_people() {
    let table = |name, format, columns: &[&str]| {
        let mut table = testing::table(name, format, columns);
        table.records = vec![columns.iter().map(|column| ((*column).to_owned(), json!("x"))).collect()];
        table
    };
    let settled = |tables: &[TableSample]| Generic.settle(tables, false);
    for things in [&["id", "title"][..], &["id", "sku", "price"], &["name", "email", "message"], &["email", "optin"]] {
        assert!(Generic.detect(&[table("", Format::Csv, things)]).is_none(), "{things:?}");
    }
    for people in [&["Email", "Name"][..], &["id", "mail"], &["login", "PasswordHash"], &["phone"]] {
        assert_eq!(Generic.detect(&[table("", Format::Csv, people)]).unwrap().score, 1, "{people:?}");
    }
    let users = table("users", Format::Sql, &["id", "email", "password"]);
    let orders = table("orders", Format::Sql, &["id", "email", "total"]);
    let staff = table("staff", Format::Sql, &["login", "passwd"]);
    assert_eq!(settled(&[orders.clone(), users.clone()]), Settled::Roles(vec![Role::Ignored, Role::Users]));
    let open = |tables: &[TableSample]| match settled(tables) {
        Settled::Open { candidates, .. } => candidates,
        Settled::Roles(roles) => panic!("{roles:?}"),
    };
    assert_eq!(open(&[orders.clone(), users.clone(), staff]), [1, 2]);
    assert_eq!(open(&[orders.clone(), table("news", Format::Sql, &["email"])]), [0, 1]);
    let parts = [&["id", "email"][..], &["id", "email"]].map(|columns| table("", Format::Csv, columns));
    assert_eq!(settled(&parts), Settled::Roles(vec![Role::Users; 2]));
    assert!(matches!(Generic.fate("favourite_colour"), Fate::Dropped { why } if why.contains("--map")));
}

#[test]
fn a_password_column_is_read_as_what_its_cells_are() {
    let credential = |record| {
        let record = testing::record(record);
        match Generic.interpret(&record, &testing::context(&NoRelated)) {
            Ok(Account { credential: Credential::Plain(_), .. }) => "plain".to_owned(),
            Ok(Account { credential: Credential::Hash(_), .. }) => "hash".to_owned(),
            Ok(Account { credential: Credential::None(note), .. }) => note.code.name().to_owned(),
            Err(refusal) => refusal.code.name().to_owned(),
        }
    };
    for (record, expected) in [
        (json!({ "email": "a@example.com", "Password": "correct horse" }), "plain"),
        (json!({ "email": "a@example.com", "passwd": 12_345_678 }), "plain"),
        (json!({ "email": "a@example.com", "password": "**********" }), "redacted-hash"),
        (json!({ "email": "a@example.com", "password": ["x"] }), "invalid-value"),
        (json!({ "email": "a@example.com", "password": { "isSet": true } }), "redacted-hash"),
        (json!({ "email": "a@example.com", "password": null }), "no-password"),
        (json!({ "email": "a@example.com", "password": "hunter2", "salt": "x" }), "hash"),
        (json!({ "email": "a@example.com", "passwordHash": "[FILTERED]" }), "redacted-hash"),
        (json!({ "email": "a@example.com", "name": "Ann" }), "hash-not-exported"),
        (json!({ "phone": "+14155550123" }), "no-password"),
    ] {
        assert_eq!(credential(record.clone()), expected, "{record}");
    }
}

/// Passwords whose addresses stand in a column of no usual name: nobody could sign in, and `rehome map` tells it by its values.
#[test]
fn a_table_whose_addresses_nobody_would_read_is_not_taken() {
    let table = |columns: [&str; 3], cells: [&str; 3]| {
        let record = columns.iter().zip(cells).map(|(column, cell)| ((*column).to_owned(), json!(cell)));
        let records = vec![record.collect()];
        crate::format::TableSample { records, ..testing::table("", Format::Csv, &columns) }
    };
    let hash = "$2b$04$mdEiNiB8e.klQMiTlQyl4.BlpTy8hiph.D56BjXXi0xsP/pkzAwOO";
    for unusual in ["kontakt", "adresse_elektronisch", "courriel_pro"] {
        let of = table([unusual, "telefon", "kennwort"], ["ada@example.com", "", hash]);
        assert!(Generic.detect(&[of]).is_none(), "{unusual}");
    }
    for (usual, cell) in [
        ("email_adresse", "ada@example.com"),
        ("correo_electronico", "ada@example.com"),
        ("username", "ada@example.com"),
        ("username", "ada"),
        ("created_by", "ada@example.com"),
    ] {
        let of = table([usual, "telefon", "kennwort"], [cell, "+491701234567", hash]);
        assert!(Generic.detect(&[of]).is_some(), "{usual} {cell}");
    }
}
