use std::borrow::Cow;

use serde_json::json;

use super::*;
use crate::account::{Credential, SaltEncoding};
use crate::format::Format;
use crate::source::NoRelated;
use crate::source::kit::testing;

fn parse(text: &str) -> Result<Mapping, String> {
    let environment = |name: &str| (name == "SIGNER_KEY").then(|| "a2V5\n".to_owned());
    Mapping::parse(text, &environment).map_err(|problem| problem.0)
}

fn mapping(text: &str) -> Mapping {
    parse(text).unwrap_or_else(|problem| panic!("{problem}"))
}

fn read<'r>(mapping: &Mapping, record: &'r Record<'r>) -> Account<'r> {
    mapping.interpret(record, &testing::context(&NoRelated)).unwrap()
}

const FULL: &str = r#"
[source]
null = ["", "NULL", "-"]
[where]
skip = ["is_bot == 'true'", "deleted_at != null"]
[user]
id             = { from = "legacy_id", prefix = "u" }
email          = ["mail", "login"]
email_verified = { from = "confirmed_at", as = "nonempty" }
phone          = { from = "tel", strip = " ()-", prefix = "+" }
name           = { join = ["first", "last"], sep = " ", fallback = "nick" }
enabled        = { from = "banned_until", as = "not_future" }
labels         = { from = "roles", split = ",", map = { shop_manager = "shopmanager", x = "" }, other = "drop", flags = { vip = "vip" } }
prefs          = { from = ["country", "age", "meta.plan"], rename = { country = "address.country" }, types = { age = "int" }, nest = "profile" }
created_at     = { from = "joined", as = "%d.%m.%Y" }
[password]
hash   = "pw"
scheme = { from = "hasher", map = { "1" = "scrypt" } }
salt   = { from = "salt", encoding = "hex" }
params = { cpu = 16384, memory = "r", parallel = { from = "p" }, length = 64, signer_key = "env:SIGNER_KEY" }
"#;

#[test]
fn a_mapping_renames_joins_and_transforms() {
    let mapping = mapping(FULL);
    let record = testing::record(json!({
        "legacy_id": 7, "mail": "NULL", "login": "a@example.com", "confirmed_at": "x", "tel": "1 (415) 555-0123",
        "first": "Ann", "last": "-", "banned_until": "2020-01-01", "roles": "shop_manager, x, other", "vip": "Y",
        "country": "DE", "age": "41", "meta": "{\"plan\":\"pro\"}", "joined": "31.01.2024",
        "pw": " 00ff ", "hasher": 1, "salt": "aa", "r": "8", "p": 1,
    }));
    let account = read(&mapping, &record);
    assert_eq!((&*account.source_id, account.email.as_deref()), ("u7", Some("a@example.com")));
    assert_eq!((account.phone.as_deref(), account.name.as_deref()), (Some("+14155550123"), Some("Ann")));
    assert!(account.email_verified && account.enabled && !account.phone_verified);
    assert_eq!(account.roles, ["shopmanager", "vip"]);
    assert_eq!(json!(account.prefs), json!({"profile": {"address": {"country": "DE"}, "age": 41, "plan": "pro"}}));
    assert_eq!(account.created_at, "2024-01-31T00:00:00Z".parse().ok());
    let Credential::Hash(hash) = account.credential else { panic!("a hash") };
    assert_eq!((&*hash.hash, hash.declared.as_deref(), hash.hints), (" 00ff ", Some("scrypt"), &[][..]));
    assert_eq!((hash.salt.as_deref(), hash.salt_encoding), (Some("aa"), SaltEncoding::Hex));
    assert_eq!((hash.scrypt_n, hash.scrypt_r, hash.scrypt_p), (Some(16384), Some(8), Some(1)));
    assert_eq!((hash.scrypt_length, hash.signer_key.as_deref()), (Some(64), Some("a2V5")));
}

#[test]
fn a_mapping_leaves_out_whom_it_says() {
    let mapping = mapping(FULL);
    for member in ["is_bot", "deleted_at"] {
        let mut record = json!({ "legacy_id": 7, "mail": "a@example.com" });
        record[member] = json!("true");
        let record = testing::record(record);
        let refusal = mapping.interpret(&record, &testing::context(&NoRelated)).unwrap_err();
        assert_eq!(refusal.code, Code::SkippedBySource);
        assert!(refusal.text.contains(member), "{}", refusal.text);
        assert_eq!(mapping.who(&record), (Some("u7".into()), Some("a@example.com".into())));
    }
}

#[test]
fn a_wrong_mapping_says_what_was_probably_meant() {
    for (text, expected) in [
        ("[user]\nemial = \"x\"\nid = \"id\"", "unknown key `emial` in [user]; did you mean `email`?"),
        ("[usr]\nid = \"id\"\n[user]\nid = \"id\"", "unknown key `usr` in the file; did you mean `user`?"),
        ("[user]\nid = { form = \"id\" }", "[user] id needs one of from, join and const"),
        ("[user]\nid = { from = \"id\", prefx = \"u\" }", "unknown key `prefx` in [user] id; did you mean `prefix`?"),
        ("[user]\nname = \"n\"", "[user] needs at least one of id, email and phone"),
        ("[user]\nid = 5", "[user] id is a text, not an integer"),
        ("[user]\nid = \"id\"\nenabled = { from = \"x\", as = \"maybe\" }", "[user] enabled as is `maybe`"),
        ("[user]\nid = \"id\"\nlabels = { other = \"burn\" }", "there are keep and drop"),
        ("[user]\nid = \"id\"\n[password]\nhash = \"h\"\nparams = { cpus = 1 }", "did you mean `cpu`?"),
        ("[user]\nid = \"id\"\n[password]\nparams = { signer_key = \"env:NOWHERE\" }", "NOWHERE, which is not set"),
        ("[user]\nid = \"id\"\n[where]\nskip = \"x\"", "one of =="),
        ("[user", "TOML parse error"),
    ] {
        let Err(problem) = parse(text) else { panic!("{text}") };
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_column_that_no_table_has_is_refused_by_its_name() {
    let mapping = mapping("[user]\nemail = \"mial\"\nid = [\"id\", \"ID\"]");
    let record = testing::row("", &["id", "mail"], &["7", "a@example.com"]);
    let refusal = mapping.interpret(&record, &testing::context(&NoRelated)).unwrap_err();
    assert!(refusal.text.contains("`mial`"), "{}", refusal.text);
}

#[test]
fn a_hash_in_a_later_item_of_a_list_is_not_lost() {
    let by = |path: &str| mapping(&format!("[user]\nid = \"id\"\nemail = \"email\"\n[password]\nhash = \"{path}\"\n"));
    let hash = "$2a$04$V6fgsg0SSPNbaZswNcL/a.Lg6pyDP3.bcMCTkLycz/vk1DbVIUEDu";
    let of = |logins: serde_json::Value| testing::record(json!({"id": 1, "email": "a@example.com", "logins": logins}));
    let both = of(json!([{"kind": "google"}, {"kind": "password", "hash": hash}]));
    let none = of(json!([{"kind": "google"}, {"kind": "github", "hash": null}]));
    let context = testing::context(&NoRelated);
    let refusal = by("logins.0.hash").interpret(&both, &context).unwrap_err();
    assert!(refusal.text.starts_with("column `logins.1.hash` holds a password"), "{}", refusal.text);
    assert!(matches!(read(&by("logins.kind=password.hash"), &both).credential, Credential::Hash(_)));
    assert!(matches!(read(&by("logins.0.hash"), &none).credential, Credential::None(_)));
}

#[test]
fn a_misspelt_column_ends_the_run_before_it_begins_where_the_table_says_all() {
    let table = |format| testing::table("", format, &["id", "mail", "confirmed"]);
    for (map, expected) in [
        ("[user]\nid = \"id\"\nemail = \"mial\"", Some("`mial`, which the export does not have; did you mean `mail`?")),
        ("[user]\nid = \"id\"\nemail = [\"mial\", \"mail\"]", None),
        (
            "[user]\nid = \"id\"\nemail_verified = { from = \"x\", as = \"nonempty\" }",
            Some("there are id, mail, confirmed"),
        ),
        ("[user]\nid = \"id\"\n[where]\nskip = \"confirmd == null\"", Some("did you mean `confirmed`?")),
        ("[user]\nid = \"id\"\nname = \"confirmed.name\"", None),
        ("[user]\nid = \"id\"\n[where]\nskip = [\"gone == missing\", \"ban* != null\"]", None),
    ] {
        let found = mapping(map).check(&[table(Format::Csv)], |_| true).err().map(|error| error.to_string());
        match expected {
            None => assert_eq!(found, None, "{map}"),
            Some(expected) => assert!(found.is_some_and(|text| text.contains(expected)), "{map}"),
        }
        assert!(mapping(map).check(&[table(Format::Ndjson)], |_| true).is_ok());
    }
}

#[test]
fn a_lenient_mapping_takes_a_missing_column_for_an_empty_one() {
    let map = "[source]\nmissing = \"ignore\"\n[user]\nid = \"id\"\nemail = \"mail\"\nname = \"nobody\"";
    let lenient = mapping(map);
    assert!(lenient.check(&[testing::table("", Format::Csv, &["id", "mail"])], |_| true).is_ok());
    let record = testing::row("", &["id", "mail"], &["7", "a@example.com"]);
    assert_eq!(read(&lenient, &record).name, None);
    assert!(parse(&map.replace("ignore", "explode")).is_err());
}

#[test]
fn flags_are_read_as_the_mapping_says() {
    let now_2026 = [
        ("\"x\"", "yes", Some(true)),
        ("\"x\"", "", None),
        ("\"x\"", "perhaps", None),
        ("{ from = \"x\", as = \"not\" }", "1", Some(false)),
        ("{ from = \"x\", as = \"empty\" }", "", Some(true)),
        ("{ from = \"x\", as = \"future\" }", "2999-01-01", Some(true)),
        ("{ from = \"x\", as = \"not_future\" }", "0000-00-00 00:00:00", Some(true)),
        ("{ from = \"x\", as = \"not_future\" }", "soon", None),
        ("{ from = \"x\", true_values = [\"active\"] }", "Active", Some(true)),
        ("{ from = \"x\", true_values = [\"active\"] }", "gone", Some(false)),
        ("{ from = \"x\", true_values = [\"a\"], false_values = [\"b\"] }", "c", None),
        ("{ from = \"x\", default = true }", "", Some(true)),
        // A date for none is as an empty cell.
        ("{ from = \"x\", as = \"future\", default = true }", "0000-00-00", Some(true)),
        ("{ from = \"x\", as = \"future\", default = true }", "", Some(true)),
        ("{ from = \"x\", as = \"future\" }", "0000-00-00", Some(false)),
        // One word that bars is enough, among others that let in.
        ("{ from = \"x\", true_values = [\"active\"] }", "active,beta", Some(true)),
        ("{ from = \"x\", true_values = [\"active\"] }", "active,banned", Some(false)),
        ("{ from = \"x\", true_values = [\"active\"] }", "active;suspended", Some(false)),
        ("{ from = \"x\", true_values = [\"active\"] }", "[\"banned\",\"active\"]", Some(false)),
        ("{ from = \"x\", true_values = [\"active\", \"locked\"] }", "{active,locked}", Some(true)),
        ("{ from = \"x\", false_values = [\"spam\"] }", "[\"beta\",\"spam\"]", Some(false)),
        ("{ from = \"x\", false_values = [\"spam\"] }", "[\"beta\"]", Some(true)),
        ("{ from = \"x\", false_values = [\"spam\"] }", "[\"banned\"]", None),
        // An object is no word.
        ("{ from = \"x\", false_values = [\"banned\"] }", "[{\"name\":\"x\"},{\"name\":\"banned\"}]", None),
        ("{ from = \"x\", false_values = [\"banned\"] }", "[{\"name\":\"banned\"}]", None),
        ("{ from = \"x\", false_values = [\"banned\"] }", "{\"name\":\"banned\"}", None),
        ("{ from = \"x\", true_values = [\"{}\"] }", "{}", Some(true)),
        ("true", "", Some(true)),
    ];
    for (written, cell, expected) in now_2026 {
        let value: toml::Table = format!("v = {written}").parse().unwrap();
        let Ok(flag) = Flag::read("v", value["v"].clone()) else { panic!("{written}") };
        let record = testing::row("", &["x"], &[cell]);
        let context = testing::context(&NoRelated);
        let manner = Manner::default();
        let read = flag.of(Row::new(&record, &manner, None, &context), None).ok().flatten();
        assert_eq!(read, expected, "{written} of `{cell}`");
    }
}

#[test]
fn labels_come_from_serialized_php_too() {
    let mapping = mapping("[user]\nid = \"id\"\nlabels = \"caps\"");
    for (caps, expected) in [
        ("a:2:{s:6:\"editor\";b:1;s:6:\"author\";b:0;}", &["editor"][..]),
        ("a:1:{i:0;s:5:\"admin\";}", &["admin"]),
        ("[\"a\",\"b\"]", &["a", "b"]),
    ] {
        let record = testing::row("", &["id", "caps"], &["1", caps]);
        assert_eq!(read(&mapping, &record).roles, expected, "{caps}");
    }
}

#[test]
fn the_table_is_the_named_one_or_the_one_with_the_columns() {
    let table = |name, columns: &[&str]| testing::table(name, Format::Sql, columns);
    let by_columns = mapping("[user]\nemail = \"contact.mail\"");
    assert_eq!(by_columns.role(&table("a", &["contact"])), Role::Users);
    assert_eq!(by_columns.role(&table("b", &["id"])), Role::Ignored);
    let by_name = mapping("[source]\ntable = \"people\"\n[user]\nid = \"id\"");
    assert_eq!(by_name.role(&table("people", &["id"])), Role::Users);
    assert_eq!(by_name.role(&table("posts", &["id"])), Role::Ignored);
    assert!(by_name.detect(&[table("posts", &["id"])]).is_none());
    assert_eq!(by_name.fate("id"), Fate::Carried("id"));
    assert!(matches!(by_name.fate("x"), Fate::Dropped { .. }));
}

#[test]
fn plain_text_passwords_stay_as_they_are() {
    let mapping = mapping("[user]\nemail = \"e\"\n[password]\nplain = \"p\"");
    let record = testing::row("", &["e", "p"], &["a@example.com", " 1E+10 pass "]);
    let account = read(&mapping, &record);
    assert!(matches!(account.credential, Credential::Plain(Cow::Borrowed(" 1E+10 pass "))));
}

#[test]
fn every_starting_map_is_a_mapping() {
    for source in crate::source::ALL.iter() {
        if let Err(problem) = parse(&example::example(source.name())) {
            panic!("{}: {problem}", source.name());
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_mapping_or_a_problem(text in "\\PC{0,200}", key in "[a-z_]{1,12}", value in "\\PC{0,20}") {
        let _ = parse(&text);
        let section = format!("[user]\nid = \"id\"\n{key} = {value:?}\n[where]\nskip = {value:?}\n");
        let _ = parse(&section);
    }

    #[test]
    fn any_record_is_read_or_refused(cells in proptest::collection::vec("\\PC{0,24}", 17)) {
        let mapping = mapping(FULL);
        let columns = [
            "legacy_id", "mail", "login", "confirmed_at", "tel", "first", "last", "nick", "banned_until", "roles", "vip",
            "country", "age", "meta", "joined", "pw", "hasher",
        ];
        let values: Vec<&str> = cells.iter().map(String::as_str).collect();
        let record = testing::row("", &columns, &values);
        let _ = mapping.interpret(&record, &testing::context(&NoRelated));
        let _ = mapping.who(&record);
    }
}

/// Rows of two other tables, one found by way of the other.
struct Groups;

impl crate::source::Related for Groups {
    fn lists(&self, kind: &'static str, key: &str, each: &mut dyn FnMut(&[u8]) -> serde_json::Result<()>) {
        let lists: &[&str] = match (kind, key) {
            ("join 2", "7") => &[r#"["","a@example.com"]"#],
            ("join 1", "7") => &["[1]", "[2]"],
            // Columns in the order in which they are read; which joins hold the row stands before.
            ("join 3", "1") => &[r#"[[4,null,"1"]]"#],
            ("join 3", "2") => &[r#"[[12,"{\"why\":\"spam\"}","1"]]"#],
            _ => &[],
        };
        for list in lists {
            each(list.as_bytes()).unwrap();
        }
    }
}

const JOINED: &str = r#"
[user]
id      = "id"
email   = "mail.to"
name    = "other.say.why"
enabled = [{ from = "banned", as = "not" }, { from = "shut.shut", as = "not" }]
[join.in]
table = "members"
key   = "user"
[join.mail]
table = "contacts"
key   = "user"
[join.other]
table = "groups"
key   = "id"
of    = "in.group"
[join.shut]
table = "groups"
key   = "id"
of    = "in.group"
only  = ["shut == 1"]
"#;

#[test]
fn rows_of_other_tables_are_found_by_their_keys() {
    let mapping = mapping(JOINED);
    for (banned, id, email, enabled, name) in [
        ("f", "7", Some("a@example.com"), false, Some("spam")),
        ("f", "8", None, true, None),
        ("t", "8", None, false, None),
    ] {
        let record = testing::record(json!({ "id": id, "banned": banned }));
        let account = mapping.interpret(&record, &testing::context(&Groups)).unwrap();
        assert_eq!(
            (account.email.as_deref(), account.enabled, account.name.as_deref()),
            (email, enabled, name),
            "{id}"
        );
    }
    let mut found = crate::source::Found::default();
    for record in [json!({ "id": 2, "shut": 1, "say": "x", "more": 1 }), json!({ "id": 1, "shut": 0 })] {
        mapping.relate("join 3", &testing::record(record), &mut found).unwrap();
    }
    let kept: Vec<_> = found.groups().collect();
    assert_eq!(kept, [("join 3", &b"2"[..], &br#"[[12,"x",1]]"#[..]), ("join 3", b"1", b"[[4,null,0]]")]);
}

#[test]
fn a_join_may_be_by_several_columns_and_by_keys_within_json() {
    let mapping = mapping(
        r#"
[user]
id    = "id"
email = ["chosen.email", "any.email"]
name  = "identity.name"
[join.chosen]
table = "address"
key   = "user"
also  = { id = "address" }
[join.any]
table = "address"
key   = "user"
[join.identity]
table = "identity"
key   = ["meta.customer", "meta.user"]
"#,
    );
    let mut rows = testing::Rows::default();
    for (id, user, email) in [(1, 7, "first@example.com"), (2, 7, "second@example.com"), (3, 8, "other@example.com")] {
        rows.relate(&mapping, "join 2", &testing::record(json!({ "id": id, "user": user, "email": email })));
        rows.relate(&mapping, "join 1", &testing::record(json!({ "id": id, "user": user, "email": email })));
    }
    for (meta, name) in [(r#"{"customer":"7"}"#, "Ann"), (r#"{"customer":null,"user":8}"#, "Bob"), ("{}", "Nobody")] {
        let identity = testing::record(json!({ "meta": meta, "name": name }));
        for kind in ["join 1", "join 2", "join 3"] {
            rows.relate(&mapping, kind, &identity);
        }
    }
    for (id, address, email, name) in [
        (7, json!(2), "second@example.com", "Ann"),
        (7, json!(null), "first@example.com", "Ann"),
        // Somebody else's.
        (7, json!(3), "first@example.com", "Ann"),
        (8, json!(3), "other@example.com", "Bob"),
    ] {
        let record = testing::record(json!({ "id": id, "address": address }));
        let account = mapping.interpret(&record, &testing::context(&rows)).unwrap();
        assert_eq!((account.email.as_deref(), account.name.as_deref()), (Some(email), Some(name)), "{id} {address}");
    }
}

#[test]
fn a_join_that_cannot_be_is_told() {
    for (join, said) in [
        ("table = \"t\"", "[join.x] needs key"),
        ("key = \"k\"", "[join.x] needs table"),
        ("table = \"t\"\nkey = \"k\"\nonly = [\"k\"]", "write column"),
        ("table = \"t\"\nkey = \"k\"\n[join.y]\ntable = \"t\"\nkey = \"l\"", "a table has one key"),
    ] {
        let told = parse(&format!("[user]\nid = \"id\"\n[join.x]\n{join}\n")).err().expect(join);
        assert!(told.contains(said), "{told}");
    }
    let told = parse("[user]\nid = { from = \"id\", prefix = \"u\" }\n[join.x]\ntable = \"t\"\nkey = \"k\"\n").err();
    assert_eq!(told.as_deref(), Some("[join.x] needs of"));
}

#[test]
fn a_status_is_read_by_the_name_of_its_column() {
    let mapping = mapping("[user]\nid = \"id\"\nenabled = { from = \"x.banned_at\", as = \"status\" }\n");
    for (banned, enabled) in
        [(json!("2024-01-02"), true), (json!("0000-00-00"), false), (json!(""), false), (json!(true), true)]
    {
        let record = testing::record(json!({ "id": 7, "x": { "banned_at": banned } }));
        assert_eq!(read(&mapping, &record).enabled, !enabled, "{banned}");
    }
    let record = testing::record(json!({ "id": 7, "x": { "banned_at": "perhaps" } }));
    let refused = mapping.interpret(&record, &testing::context(&NoRelated)).unwrap_err();
    assert_eq!(refused.code, Code::InvalidValue);
    let told = parse("[user]\nid = \"id\"\nenabled = { from = \"kind\", as = \"status\" }\n").err();
    assert!(told.is_some_and(|told| told.contains("does not say by its name")));
    for key in ["enabled = \"?\"", "email = \"?\""] {
        let told = parse(&format!("[user]\nid = \"id\"\n{key}\n")).err();
        assert!(told.is_some_and(|told| told.contains("is still a question")), "{key}");
    }
}

/// The files of all systems that are files, by name.
fn systems() -> &'static [(&'static str, &'static str)] {
    crate::source::systems::data::FILES
}

#[test]
fn every_built_in_file_is_read_and_says_its_own_name() {
    for (name, text) in systems() {
        let mapping = Mapping::of_system(text).unwrap_or_else(|problem| panic!("{name}.toml: {problem}"));
        assert!(mapping.is_system(), "{name}.toml has no [system]");
        assert_eq!(mapping.name(), *name, "{name}.toml: [system] name");
        let head = Head::of_system(text).unwrap_or_else(|problem| panic!("{name}.toml: {problem}"));
        let after = text.split("\n[user]").nth(1).unwrap_or_default();
        assert!(
            !after.contains("[[users]]") && !after.contains("[system]"),
            "{name}.toml: [user] comes after [[users]]"
        );
        assert_eq!(head.about(), mapping.about());
    }
}

#[test]
fn a_broken_file_is_told_with_its_line_and_what_was_meant() {
    let (_, whole) = systems().iter().find(|(name, _)| *name == "mybb").expect("a system");
    let line = |text: &str| whole.lines().position(|line| line.starts_with(text)).expect("a line") + 1;
    for (from, to, at, said) in [
        (
            "created_at =",
            "craeted_at =",
            "created_at",
            "unknown key `craeted_at` in [user]; did you mean `created_at`?",
        ),
        ("unnamed", "unamed", "labels", "unknown key `unamed` in [user] labels; did you mean `unnamed`?"),
        ("key     = \"gid\"", "kye     = \"gid\"", "[join.group]", "[join.group] needs key"),
        ("token ", "tokens ", "token", "did you mean `token`?"),
        ("\"ban.lifted > now\"", "\"ban.lifted > soon\"", "when = \"ban.lifted > now\"", "a number, true"),
        ("columns = [\"uid\", \"username\"", "colums = [\"uid\", \"username\"", "columns", "did you mean `columns`?"),
    ] {
        let broken = whole.replacen(from, to, 1);
        let problem = Mapping::of_system(&broken).err().unwrap_or_else(|| panic!("{to} is read"));
        assert!(problem.starts_with(&format!("line {}: ", line(at))), "{to}: {problem}");
        assert!(problem.contains(said), "{problem}");
    }
}

/// Rows that a system kept of hostile records, for whoever asks.
struct Kept(Vec<serde_json::Value>);

impl crate::source::Related for Kept {
    fn lists(&self, _: &'static str, _: &str, each: &mut dyn FnMut(&[u8]) -> serde_json::Result<()>) {
        let _ = each(&serde_json::to_vec(&self.0).unwrap());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    #[test]
    fn no_system_falls_over_values_of_the_wrong_kinds(
        values in proptest::collection::vec(crate::source::kit::hostile::anything(), 8),
        shift in 0_usize..8,
    ) {
        static READ: std::sync::LazyLock<Vec<Mapping>> = std::sync::LazyLock::new(|| {
            systems().iter().map(|(_, text)| Mapping::of_system(text).expect("a system")).collect()
        });
        for mapping in READ.iter() {
            let mut object = serde_json::Map::new();
            mapping.visit(&mut |columns, _, _| {
                for column in columns {
                    let value = &values[(object.len() + shift) % values.len()];
                    object.insert(column.first().to_owned(), value.clone());
                    object.insert(column.path().to_owned(), value.clone());
                }
            });
            let record = testing::record(serde_json::Value::Object(object.clone()));
            let mut found = crate::source::Found::default();
            for kind in ["table 1", "table 2", "table 3", "table 4"] {
                mapping.relate(kind, &record, &mut found);
            }
            let kept = found.groups().map(|(_, _, rows)| serde_json::from_slice(rows).unwrap());
            let rows = Kept(kept.chain(values.iter().cloned()).collect());
            let context = testing::context(&rows);
            let _ = (mapping.interpret(&record, &context), mapping.who(&record), mapping.role_of(&record));
            let mut table = testing::table("", Format::Json, &object.keys().map(String::as_str).collect::<Vec<_>>());
            table.records = vec![object];
            let _ = (mapping.detect(std::slice::from_ref(&table)), mapping.roles(&[table]));
        }
    }

}

proptest::proptest! {
    #[test]
    fn a_mutated_file_is_read_or_told_where_it_is_broken(
        which in 0_usize..1000,
        edits in proptest::collection::vec((0_u8..6, 0_usize..10_000, 0_usize..10_000), 1..4),
        cell in "\\PC{0,12}",
    ) {
        let (_, whole) = systems()[which % systems().len()];
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        for (kind, at, other) in edits {
            let (at, other) = (at % lines.len(), other % lines.len());
            match kind {
                0 => drop(lines.remove(at)),
                1 => lines.swap(at, other),
                2 => lines[at] = lines[other].clone(),
                // The value of another key.
                3 => if let (Some((key, _)), Some((_, value))) = (lines[at].split_once('='), lines[other].split_once('=')) {
                    lines[at] = format!("{key}={value}");
                },
                4 => {
                    let cut: String = lines[at].chars().take(other % 40).collect();
                    lines[at] = cut;
                }
                _ => lines[at] = lines[at].replace(['"', ','], ""),
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
        }
        match Mapping::of_system(&lines.join("\n")) {
            Err(problem) => assert!(problem.contains(['`', '[']) || problem.contains("line"), "{problem}"),
            Ok(mapping) => {
                let columns = ["id", "uid", "_key", "email", "data", "member", "password", "status", "extra"];
                let cells = [cell.as_str(); 9];
                for format in [Format::Csv, Format::Json, Format::Colon] {
                    let table = testing::table("users", format, &columns);
                    let _ = (mapping.detect(std::slice::from_ref(&table)), mapping.roles(&[table]));
                }
                let record = testing::row("users", &columns, &cells);
                let nested = json!({ "id": [cell], "email": { "address": cell }, "data": { "email": cell }, "profile": {} });
                for record in [record, testing::record(nested)] {
                    let _ = (mapping.interpret(&record, &testing::context(&Groups)), mapping.who(&record));
                    let _ = (mapping.role_of(&record), mapping.fate(&cell));
                    for kind in ["table 1", "table 2", "join 1"] {
                        let _ = mapping.relate(kind, &record, &mut crate::source::Found::default());
                    }
                }
            }
        }
    }
}
