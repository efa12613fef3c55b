//! `rehome plan`: one JSON line a record, in order, and the exit code that goes with it.

use crate::util::{fixture, rehome, run, run_with_input};

#[test]
fn a_missing_file_is_named() {
    let run = run(rehome().args(["plan", "no-such-file.json"])).exits(1);
    assert!(run.stderr.contains("no-such-file.json"), "{}", run.stderr);
}

#[test]
fn an_empty_export_is_said_to_be_empty() {
    let run = run_with_input(rehome().args(["plan", "-"]), b"").exits(1);
    assert!(run.stderr.contains("empty"), "{}", run.stderr);
}

#[test]
fn every_record_gives_one_line_in_order() {
    let csv = "id,email,password_scheme,password_hash\n\
               1,a@example.com,md5,5f4dcc3b5aa765d61d8327deb882cf99\n\
               2,not an address,md5,5f4dcc3b5aa765d61d8327deb882cf99\n\
               3,A@example.com ,md5,5f4dcc3b5aa765d61d8327deb882cf99\n";
    let run = run_with_input(rehome().args(["plan", "-", "--from", "generic"]), csv.as_bytes()).exits(3);
    let lines = run.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["record"], 1);
    assert_eq!(lines[0]["create"]["path"], "/users/md5");
    assert_eq!(lines[0]["create"]["body"]["password"], "redacted");
    assert_eq!(lines[1]["refused"]["code"], "invalid-email");
    assert_eq!(lines[2]["refused"]["code"], "duplicate-email");
    assert!(lines[2]["refused"]["text"].as_str().is_some_and(|t| t.contains("record 1")), "{}", lines[2]);
    assert!(!run.stdout.contains("5f4dcc3b"), "no hash without --reveal");
}

#[test]
fn of_a_file_that_is_cut_off_the_whole_records_are_printed() {
    let json = br#"{"users":[
        {"localId":"a1","email":"a@example.com"},{"localId":"a2","email":"A@example.com"},{"localId":"a3","em"#;
    let run = run_with_input(rehome().args(["plan", "-", "--unsupported", "without-password"]), json).exits(1);
    let lines = run.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["create"]["body"]["userId"], "a1");
    assert_eq!(lines[1]["refused"]["code"], "duplicate-email");
    assert!(run.stderr.contains("after record 2"), "{}", run.stderr);
}

#[test]
fn reveal_prints_what_is_sent() {
    let ndjson = br#"{"id":"u1","email":"a@example.com","password_scheme":"md5","password_hash":"5F4DCC3B5AA765D61D8327DEB882CF99","email_verified":true,"enabled":false,"phone":"+1 415 555 0123"}"#;
    let run = run_with_input(rehome().args(["plan", "-", "--reveal"]), ndjson).exits(0);
    let line = &run.lines()[0];
    assert_eq!(line["create"]["body"]["password"], "5f4dcc3b5aa765d61d8327deb882cf99");
    assert_eq!(line["conversion"].as_array().map(Vec::len), Some(1), "{line}");
    let paths: Vec<_> =
        line["steps"].as_array().expect("steps").iter().map(|s| s["path"].as_str().expect("a path")).collect();
    assert_eq!(
        paths,
        ["/users/u1/status", "/users/u1/phone", "/users/u1/verification"],
        "disabled before anything else"
    );
}

#[test]
fn a_phone_keeps_a_user_whose_password_has_no_address() {
    let csv = "id,email,phone,password_scheme,password_hash\n\
               1,,+14155550123,md5,5f4dcc3b5aa765d61d8327deb882cf99\n\
               2,,,md5,5f4dcc3b5aa765d61d8327deb882cf99\n";
    let run = run_with_input(rehome().args(["plan", "-"]), csv.as_bytes()).exits(3);
    let lines = run.lines();
    assert_eq!(lines[0]["create"]["path"], "/users");
    assert_eq!(lines[0]["create"]["body"]["phone"], "+14155550123");
    assert_eq!(lines[0]["notes"][0]["code"], "password-left-out");
    assert_eq!(lines[1]["refused"]["code"], "missing-email");
}

#[test]
fn a_scheme_nobody_knows_is_wrong_usage_and_refuses_nobody() {
    let said = run(rehome().arg("plan").arg(fixture("generic/users.csv")).args(["--scheme", "rot13"])).exits(2);
    assert!(said.stdout.is_empty() && said.stderr.contains("unknown scheme `rot13`"), "{}", said.stderr);
}

/// Every key that a mapping file may have, in one.
#[test]
fn a_mapping_may_say_what_holds_anyway() {
    let run = run(rehome()
        .arg("plan")
        .arg(fixture("mapping/proposal.csv"))
        .arg("--map")
        .arg(fixture("mapping/proposal.toml")))
    .exits(3);
    let lines = run.lines();
    let body = &lines[0]["create"]["body"];
    assert_eq!((&body["userId"], &body["email"], &body["name"]), (&"u7".into(), &"a@x.co".into(), &"Ann Lee".into()));
    let step = |path: &str| lines[0]["steps"].as_array().expect("steps").iter().find(|s| s["path"] == path).cloned();
    assert_eq!(step("/users/u7/phone").expect("a phone")["body"]["number"], "+14155550123");
    assert_eq!(step("/users/u7/labels").expect("labels")["body"]["labels"], serde_json::json!(["shopmanager"]));
    assert_eq!(step("/users/u7/prefs").expect("prefs")["body"]["prefs"]["created_at"], "2020-09-13T12:26:40Z");
    assert_eq!(lines[1]["refused"]["code"], "skipped-by-source");
    assert_eq!(lines[2]["create"]["path"], "/users", "on_unsupported = \"no-password\"");
}

#[test]
fn no_character_of_an_export_is_obeyed_by_the_terminal() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("users.csv");
    std::fs::write(&export, "id,email,name\nu1,a@example.com,A\u{202e}nn\u{200b} \u{9b}31m\n").expect("written");
    let planned = run(rehome().arg("plan").arg(&export)).exits(0);
    let obeyed = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
    assert!(!planned.stdout.contains(obeyed), "{}", planned.stdout.escape_debug());
    assert!(planned.lines()[0].to_string().contains("A\u{202e}nn"), "the value itself is what it was");
}
