//! `rehome map`: what it asks, and takes for nothing that it is not, where a table is easily misread.

use crate::util::{rehome, run};

const HASHES: [&str; 2] = [
    "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu",
    "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
];

/// The proposal of one export; `H1` and `H2` in it are hashes.
fn map(name: &str, text: &str) -> String {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join(name), text.replace("H1", HASHES[0]).replace("H2", HASHES[1])).expect("written");
    run(rehome().current_dir(home.path()).args(["map", name])).exits(0).stdout
}

#[test]
fn hashes_of_something_else_and_of_two_columns_are_asked_for() {
    for (columns, rows, line) in [
        ("security_answer_hash", ["H1", "H2"], "hash = \"?\""),
        ("pin_hash", ["H1", "H2"], "hash = \"?\""),
        ("sicherheitsantwort", ["H1", "H2"], "hash = \"?\""),
        ("password_old,password_new", ["H1,", "H2,H1"], "hash = [\"password_new\", \"password_old\"]"),
        ("passwort,passwort_neu", ["H1,", "H2,H1"], "hash = \"?\""),
        ("password,legacy_password", ["H1,", "H2,H1"], "hash = [\"password\", \"legacy_password\"]"),
        ("password,password_hash", ["H1,H2", "H2,H1"], "hash = \"?\""),
    ] {
        let text = format!("id,email,{columns}\n1,a@example.com,{}\n2,b@example.com,{}\n", rows[0], rows[1]);
        let map = map("a.csv", &text);
        assert!(map.contains(line), "{columns}: {map}");
    }
    // Those whose own is empty have theirs in another table.
    let map = map(
        "a.sql",
        "CREATE TABLE users (id int, email text, password text);\n\
         INSERT INTO users VALUES (1,'a@example.com','H1'),(2,'b@example.com',''),(3,'c@example.com','');\n\
         CREATE TABLE legacy_login (user_id int, legacy_hash text);\n\
         INSERT INTO legacy_login VALUES (2,'H1'),(3,'H2');\n",
    );
    for said in ["hash = \"?\"", "2 of whom that is empty have a hash in `legacy_hash` of `legacy_login`"] {
        assert!(map.contains(said), "{map}");
    }
}

#[test]
fn a_flag_is_no_id_and_what_was_is_not_read_for_what_is() {
    let users = |name: &str, rows: &str| {
        format!(
            "CREATE TABLE {name} (id int, email text, password text, active int);\nINSERT INTO {name} VALUES {rows};\n"
        )
    };
    let (first, second) = (
        "(1,'a@example.com','H1',1),(2,'b@example.com','H2',0)",
        "(1,'z@example.com','H2',0),(2,'b@example.com','H1',1)",
    );
    let two = map("a.sql", &format!("{}{}", users("shop1_users", first), users("shop2_users", second)));
    assert!(two.contains("table = \"?\"") && two.contains("id = \"id\""), "{two}");
    let archive = map(
        "a.sql",
        &format!(
            "CREATE TABLE users (id int, email text, password text);\nINSERT INTO users VALUES (1,'a@example.com','H1');\n{}",
            users("users_archive", "(2,'y@example.com','H1',1),(3,'z@example.com','H2',1)")
        ),
    );
    assert!(archive.contains("table = \"users\""), "{archive}");
    // A row that stands once more has its id still.
    let again = map(
        "a.sql",
        &users("users", "(1,'a@example.com','H1',1),(2,'b@example.com','H2',1),(2,'b@example.com','H2',0)"),
    );
    assert!(again.contains("id = \"id\""), "{again}");
    let members: Vec<_> = (1..=20).map(|n| format!("m{n},u{n}@example.com,H1,{}\n", n % 2)).collect();
    let members = map("a.csv", &format!("member,mail,password,active\n{}", members.concat()));
    assert!(members.contains("id = \"member\""), "{members}");
    // What a role is called is nobody's name.
    let roles = map(
        "a.sql",
        "CREATE TABLE users (id int, email text, password text, role_id int);\n\
         INSERT INTO users VALUES (1,'a@example.com','H1',1),(2,'b@example.com','H2',2);\n\
         CREATE TABLE roles (id int, name text, active int);\nINSERT INTO roles VALUES (1,'customer',1),(2,'dealer',0);\n",
    );
    assert!(!roles.contains("name = \"roles.name\""), "{roles}");
}

#[test]
fn what_may_be_no_people_or_say_who_may_is_asked() {
    for text in [
        "order_id,customer_email,total,coupon\n1001,a@example.com,12.90,SUMMER\n1002,a@example.com,7.00,\n1003,b@example.com,9.99,\n",
        "email,first_name,subscribed\na@example.com,Ann,yes\nb@example.com,Bo,no\n",
    ] {
        assert!(map("a.csv", text).contains("id = \"?\""), "{}", map("a.csv", text));
    }
    for (column, asks) in [
        ("zarovnan", true),
        ("permaban2", true),
        ("newsletter", false),
        ("has_shop", false),
        ("is_vip", false),
        ("is_test", false),
    ] {
        let map = map(
            "a.csv",
            &format!("id,email,password,{column}\n1,a@example.com,H1,1\n2,b@example.com,H2,0\n3,c@example.com,H1,0\n"),
        );
        assert_eq!(map.contains("enabled = \"?\""), asks, "{column}: {map}");
    }
    let ldif = |day: &str| {
        format!(
            "dn: uid=a,dc=x\nuid: a\nmail: a@example.com\nuserPassword: {{CRYPT}}H1\n\ndn: uid=b,dc=x\nuid: b\nmail: b@example.com\n\
         userPassword: {{CRYPT}}H2\nshadowExpire: {day}\n"
        )
    };
    assert!(map("a.ldif", &ldif("1")).contains("enabled = \"?\""), "{}", map("a.ldif", &ldif("1")));
    assert!(!map("a.ldif", &ldif("99999")).contains("enabled = \"?\""));
}

/// An address is the same in whatever case, also where it is a key.
#[test]
fn whoever_is_barred_by_an_address_in_another_case_is_out() {
    let home = tempfile::tempdir().expect("a folder");
    let text = "CREATE TABLE users (id int, email text, password text);\n\
         INSERT INTO users VALUES (1,'a@example.com','H1'),(2,'b@example.com','H2');\n\
         CREATE TABLE banned_emails (email text, reason text);\nINSERT INTO banned_emails VALUES (' B@Example.com','spam');\n";
    std::fs::write(home.path().join("a.sql"), text.replace("H1", HASHES[0]).replace("H2", HASHES[1])).expect("written");
    let proposal = run(rehome().current_dir(home.path()).args(["map", "a.sql"])).exits(0).stdout;
    std::fs::write(home.path().join("map.toml"), &proposal).expect("written");
    let planned = run(rehome().current_dir(home.path()).args(["plan", "a.sql", "--map", "map.toml"])).exits(0);
    let out: Vec<bool> =
        planned.lines().iter().map(|line| line["steps"].to_string().contains("\"status\":false")).collect();
    assert_eq!(out, [false, true], "{proposal}");
}

/// Every file of Convex is called the same: whose documents they are its folder says.
#[test]
fn other_documents_of_convex_are_nobody() {
    let home = tempfile::tempdir().expect("a folder");
    for (table, rows) in [
        ("users", "{\"_id\":\"k1\",\"_creationTime\":1735787045123.0,\"email\":\"a@example.com\"}\n"),
        ("leads", "{\"_id\":\"k2\",\"_creationTime\":1735787045123.0,\"email\":\"lead@example.com\"}\n"),
        (
            "authAccounts",
            "{\"_id\":\"j1\",\"_creationTime\":1.0,\"userId\":\"k1\",\"provider\":\"github\",\"providerAccountId\":\"7\"}\n",
        ),
    ] {
        std::fs::create_dir(home.path().join(table)).expect("a folder");
        std::fs::write(home.path().join(table).join("documents.jsonl"), rows).expect("written");
    }
    let files = ["users", "leads", "authAccounts"].map(|table| format!("{table}/documents.jsonl"));
    let planned = run(rehome().current_dir(home.path()).arg("plan").args(files));
    assert!(
        planned.stdout.contains("a@example.com") && !planned.stdout.contains("lead@example.com"),
        "{}{}",
        planned.stdout,
        planned.stderr
    );
}
