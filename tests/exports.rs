//! Exports as their programs really write them, each with something in it that once was misread.

use std::path::PathBuf;

use serde_json::Value;

use super::util::{Run, fixture, rehome, run};

const BCRYPT: &str = "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

fn planned(name: &str, content: &str, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join(name);
    std::fs::write(&file, content).expect("a file");
    run(rehome().arg("plan").arg(&file).arg("--reveal").args(arguments))
}

fn emails(run: &Run) -> Vec<String> {
    run.lines().iter().map(|line| line["email"].as_str().unwrap_or_default().to_owned()).collect()
}

fn labels(line: &Value) -> Vec<&str> {
    let steps = line["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["path"].as_str().is_some_and(|path| path.ends_with("/labels")));
    step.and_then(|step| step["body"]["labels"].as_array()).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn an_applications_own_users_are_not_those_of_the_authentication() {
    let dump = format!(
        "--\n-- PostgreSQL database dump\n--\n\n\
         CREATE TABLE auth.users (id uuid NOT NULL, email text, encrypted_password text, raw_app_meta_data jsonb,\n    \
         raw_user_meta_data jsonb);\n\
         CREATE TABLE public.users (id uuid NOT NULL, email text);\n\
         INSERT INTO auth.users VALUES ('11111111-2222-4333-8444-000000000001', 'a@example.com', '{BCRYPT}', '{{}}', '{{}}');\n\
         INSERT INTO public.users VALUES ('11111111-2222-4333-8444-000000000001', 'a@example.com');\n\
         --\n-- PostgreSQL database dump complete\n--\n"
    );
    assert_eq!(emails(&planned("dump.sql", &dump, &[]).exits(0)), ["a@example.com"]);
    let old = dump.replace("auth.users", "users").replace("public.users", "users");
    let (head, rest) = old.split_once("CREATE TABLE users (id uuid NOT NULL, email text);").expect("both tables");
    let (auth, public) = rest.split_once("'{}');\n").expect("both inserts");
    // As pg_dump wrote schemas before 10.3.
    let old = format!(
        "{head}SET search_path = public, pg_catalog;\nCREATE TABLE users (id uuid NOT NULL, email text);\n\
         SET search_path = auth, pg_catalog;{auth}'{{}}');\nSET search_path = public, pg_catalog;\n{public}"
    )
    .replacen("CREATE TABLE", "SET search_path = auth, pg_catalog;\nCREATE TABLE", 1);
    assert_eq!(emails(&planned("old.sql", &old, &[]).exits(0)), ["a@example.com"]);
}

#[test]
fn nobody_gets_the_roles_of_another_databases_user() {
    let site = |name: &str, id: u8, role: &str| {
        format!(
            "USE `{name}`;\n\
             INSERT INTO `wp_users` (`ID`,`user_login`,`user_pass`,`user_email`,`display_name`) VALUES\n\
             ({id},'{name}','{BCRYPT}','{name}@example.com','N');\n\
             INSERT INTO `wp_usermeta` (`umeta_id`,`user_id`,`meta_key`,`meta_value`) VALUES\n\
             (1,1,'wp_capabilities','a:1:{{s:{}:\\\"{role}\\\";b:1;}}'),(2,2,'wp_capabilities','a:1:{{s:{}:\\\"{role}\\\";b:1;}}');\n",
            role.len(),
            role.len()
        )
    };
    let dump = format!(
        "-- MySQL dump 10.13\n{}{}-- Dump completed on 2026-01-01\n",
        site("one", 1, "author"),
        site("two", 2, "administrator")
    );
    let run = planned("sites.sql", &dump, &[]).exits(0);
    let lines = run.lines();
    assert_eq!(emails(&run), ["one@example.com", "two@example.com"]);
    assert_eq!(labels(&lines[0]), ["author"]);
    assert_eq!(labels(&lines[1]), ["administrator"]);
}

#[test]
fn complaints_before_the_data_are_passed_over() {
    let notices = "PHP Notice:  Undefined index: a, b in /srv/x.php on line 12\n\n<br />\n<b>Warning</b>: [x] {y}<br />\n\
                   Deprecated: f() is deprecated in /srv/y.php on line 3\n";
    let csv = format!("{notices}\u{feff}ID,user_login,user_pass,user_email\n1,a,{BCRYPT},a@example.com\n");
    let json = format!(
        r#"{notices}[{{"ID":1,"user_login":"a","user_pass":"{BCRYPT}","user_email":"a@example.com","user_status":"0"}}]"#
    );
    let ndjson = "Warning: x\n{\"id\":1,\"email\":\"a@example.com\"}\n{\"id\":2,\"email\":\"b@example.com\"}\n";
    let run = planned("users.csv", &csv, &[]).exits(0);
    assert_eq!((emails(&run), &run.lines()[0]["user_id"]), (vec!["a@example.com".to_owned()], &Value::from("1")));
    assert_eq!(emails(&planned("users.json", &json, &[]).exits(0)), ["a@example.com"]);
    assert_eq!(emails(&planned("users.ndjson", ndjson, &[]).exits(0)), ["a@example.com", "b@example.com"]);
}

#[test]
fn djangos_users_may_do_without_their_last_login() {
    let dump = r#"[{"model":"mail.server","pk":1,"fields":{"password":"x","email":"m@example.com"}},
        {"model":"accounts.user","pk":7,"fields":{"password":"!abc","email":"a@example.com"}},
        {"model":"shop.customer","pk":8,"fields":{"password":"!abc","email":"b@example.com","is_active":true}}]"#;
    assert_eq!(emails(&planned("dump.json", dump, &[]).exits(0)), ["a@example.com", "b@example.com"]);
}

#[test]
fn a_realm_without_users_says_so_and_a_user_with_a_realm_is_one() {
    let realm = r#"{"realm":"demo","enabled":true,"roles":{"realm":[{"id":"1","name":"a"}]},"clients":[{"id":"x"}]}"#;
    let run = planned("demo-realm.json", realm, &[]).exits(1);
    assert!(run.stderr.contains("a realm file without users"), "{}", run.stderr);
    for users in [
        r#"[{"id":"1","email":"a@example.com","realm":"x","roles":["b"]}]"#,
        r#"{"users":[{"id":"1","email":"a@example.com","realm":"x","roles":["b"]}]}"#,
    ] {
        assert_eq!(emails(&planned("users.json", users, &[]).exits(0)), ["a@example.com"]);
    }
}

#[test]
fn a_firebase_row_broken_in_more_than_one_way_is_one_user() {
    let row = |id: &str, name: &str, claims: &str| {
        format!(
            "{id},{id}@example.com,true,oImB+kFqFbNbhk478Oz+kSB+QtzWAL6Vv1y1RvLL676Tfr4ucYpPbVRCChacQnQcwlae5ujasyF11Ejr8GpnEg==,\
             nuSRxbEL7LVWOw==,{name},,,,,,,,,,,,,,,,,,1600000000000,1700000000000,,,{claims},\r\n"
        )
    };
    // Line feeds in a name without quotes, quotes undoubled, a quote after a backslash in the claims.
    let csv = row("uid1", "A\n\nB \"C\"", r#""{""role"":""a"",""note"":""\"x\", y""}""#)
        + &row("uid2", "\"Bob \"B\", Jr.\"", "")
        + &row("uid3", "Z\nY", r#"{"role":"b","n":[1,2]}"#);
    let config = fixture("firebase/hash_config.txt");
    let run = planned("users.csv", &csv, &["--firebase-hash-config", config.to_str().expect("text")]).exits(0);
    let names: Vec<_> = run.lines().iter().map(|line| line["create"]["body"]["name"].clone()).collect();
    assert_eq!(names, ["A\n\nB \"C\"", "Bob \"B\", Jr.", "Z\nY"]);
    let roles: Vec<_> = run.lines().iter().map(|line| labels(line).join(" ")).collect();
    assert_eq!(roles, ["a", "", "b"]);
}

#[test]
fn a_torn_firebase_row_is_mended_wherever_it_stands() {
    let row = |i: usize| {
        let name = if i.is_multiple_of(2) { "A" } else { "A\nB" };
        format!("uid{i:05},u{i}@example.com,true,,,{name},,,,,,,,,,,,,,,,,,1600000000000,1700000000000,,,,\n")
    };
    let csv: String = (0..12_000).map(row).collect();
    let lines = planned("users.csv", &csv, &[]).exits(0).lines();
    assert_eq!(lines.len(), 12_000);
    assert!(lines.iter().enumerate().all(|(i, line)| line["source_id"] == format!("uid{i:05}")));
}

#[test]
fn what_a_database_calls_password_is_not_plain_text() {
    let dump = "-- MySQL dump\nINSERT INTO `members` (`id`,`email`,`password`) VALUES (1,'a@example.com','c29tZXRoaW5nIGhhc2hlZA==');\n";
    let lines = planned("app.sql", dump, &[]).exits(3).lines();
    assert_eq!(lines[0]["refused"]["code"], "ambiguous-scheme", "{}", lines[0]);
    let digest = "id,email,password\n1,a@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n2,b@example.com,correct horse\n";
    let stopped = planned("app.csv", digest, &[]).exits(2);
    assert!(stopped.stderr.contains("--plain-passwords"), "{}", stopped.stderr);
    let lines = planned("app.csv", digest, &["--plain-passwords"]).exits(3).lines();
    assert_eq!(lines[0]["refused"]["code"], "ambiguous-scheme", "{}", lines[0]);
    assert_eq!(lines[1]["create"]["body"]["password"], "correct horse");
}

#[test]
fn an_auth0_hash_of_utf16_bytes_is_not_promised_a_login() {
    let row = |encoding: &str, hash: &str| {
        format!(
            r#"{{"_id":{{"$oid":"5dea{encoding}"}},"email":"{encoding}@example.com","custom_password_hash":{{"algorithm":"md5","hash":{{"value":"{hash}","encoding":"hex"}},"password":{{"encoding":"{encoding}"}}}}}}"#
        )
    };
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    let lines =
        planned("hashes.json", &[row("utf8", md5), row("utf16le", md5), row("utf16be", BCRYPT)].join("\n"), &[])
            .exits(3)
            .lines();
    assert_eq!(lines[0]["create"]["path"], "/users/md5");
    assert_eq!(lines[1]["refused"]["scheme"], "utf16-digest");
    assert!(lines[2]["refused"].is_object(), "{}", lines[2]);
}

#[test]
fn auth0_hashes_without_their_user_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (profiles, hashes) = (folder.path().join("users.ndjson"), folder.path().join("hashes.ndjson"));
    let profile = |id: &str, more: &str| format!(r#"{{"user_id":"{id}","email":"{}@example.com"{more}}}"#, &id[6..]);
    let linked = r#","identities":[{"provider":"auth0","user_id":"a"},{"provider":"auth0","user_id":"b","profileData":{"email":"other@example.com"}}]"#;
    let own = format!(r#","passwordHash":"{BCRYPT}""#);
    let users = [profile("auth0|a", linked), profile("auth0|c", &own), profile("auth0|z", "")];
    std::fs::write(&profiles, users.join("\n")).expect("a file");
    let row = |id: &str| format!(r#"{{"_id":{{"$oid":"{id}"}},"email":"x@example.com","passwordHash":"{BCRYPT}"}}"#);
    let empty = r#"{"_id":{"$oid":"empty"},"passwordHash":null}"#.to_owned();
    let rows = ["a", "b", "c", "gone", "=gone"].map(row);
    std::fs::write(&hashes, [&rows[..], &[empty]].concat().join("\n")).expect("a file");
    let into = folder.path().join("run");
    let with = |command: &str| {
        let mut rehome = rehome();
        rehome.arg(command).args([&profiles, &hashes]).arg("--run").arg(&into);
        rehome
    };
    let list = || std::fs::read_to_string(into.join("unmatched-hashes.csv"));
    let expected = "source_id\nauth0|gone\nauth0|=gone\n";
    let finding = "2 password hashes lack their users (unmatched-hashes.csv): deleted since, or pass a newer export";

    let check = run(&mut with("check")).exits(0);
    assert!(check.stdout.contains(finding), "{}", check.stdout);
    assert_eq!(list().expect("a list"), expected);
    std::fs::remove_dir_all(&into).expect("removed");
    let import = run(with("import").arg("--sandbox")).exits(0);
    assert!(import.stderr.contains(finding) && import.stdout.contains(finding), "{}{}", import.stdout, import.stderr);
    assert_eq!(list().expect("a list"), expected);

    std::fs::write(&hashes, ["a", "b", "c"].map(row).join("\n")).expect("a file");
    std::fs::remove_dir_all(&into).expect("removed");
    let check = run(&mut with("check")).exits(0);
    assert!(!check.stdout.contains("unmatched-hashes") && list().is_err(), "{}", check.stdout);
}

#[test]
fn a_column_that_stands_twice_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users.csv");
    std::fs::write(&file, "id,email,name,email\n1,a@example.com,A,b@example.com\n").expect("a file");
    let check = run(rehome().arg("check").arg(&file).arg("--run").arg(folder.path().join("run"))).exits(0);
    let said = format!("{}{}", check.stdout, check.stderr);
    assert!(said.contains("two columns are called `email`"), "{said}");
}

#[test]
fn an_archive_that_is_none_inside_is_named_for_what_it_begins_as() {
    let mut archive = vec![b'x'; 1024];
    archive[257..262].copy_from_slice(b"ustar");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("backup.tar");
    std::fs::write(&file, archive).expect("a file");
    let plan = run(rehome().arg("plan").arg(&file)).exits(1);
    assert!(plan.stderr.contains("tar archive that is cut off or damaged"), "{}", plan.stderr);
}
