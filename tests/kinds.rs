//! Exports of kinds that were read wrongly once: what becomes of everybody in them, `fixtures/kinds/expected.txt`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::util::{fixture, rehome, run};

/// An export's files and the arguments it is read with; files among the arguments are fixtures too.
const KINDS: &[&[&str]] = &[
    &["devise-gitlab.sql"],
    &["laravel-flags.sql"],
    &["laravel-status-number.csv"],
    &["laravel-status-number.csv", "--map", "laravel-status-number.toml"],
    &["wordpress-members.sql"],
    &["devise-two-guards.sql"],
    &["keycloak-database.sql"],
    &["keycloak-federated.json"],
    &["auth0-social.ndjson", "auth0-social.hashes.ndjson"],
    &["ldif-without-passwords.ldif"],
    &["active-directory.ldif"],
    &["mail-users.ldif"],
    &["ldif-without-classes.ldif"],
    &["firebase-rest.json", "--firebase-hash-config", "firebase-rest.config.json"],
    &["firebase-admin.json", "--firebase-hash-config", "firebase-rest.config.json"],
    &["firebase-admin-node.json", "--firebase-hash-config", "firebase-rest.config.json"],
    &["dovecot.passwd"],
    &["dokuwiki.auth.php"],
    &["strapi.ndjson"],
    &["joomla-sha256.sql"],
    &["drupal6.sql"],
    &["moodle-ldap.csv"],
    &["fusionauth-import.json"],
    &["accounts-js.ndjson"],
    &["accounts-js.ndjson", "--scheme", "bcrypt"],
    &["better-auth-joined.csv"],
    &["verdaccio.htpasswd", "--email-domain", "example.com"],
    &["appwrite-to-dict.json"],
    &["django-import-export.csv"],
    &["supabase-repr.csv"],
    &["supabase-gotrue.sql"],
    &["flask-security.csv"],
    &["myth-auth.sql"],
    &["smf.csv"],
];

fn command(of: &str, kind: &[&str]) -> std::process::Command {
    let mut command = rehome();
    command.arg(of);
    for word in kind {
        let file = fixture(&format!("kinds/{word}"));
        if file.is_file() {
            command.arg(file)
        } else {
            command.arg(word)
        };
    }
    command
}

/// One user as a line: id, address, where they go, what was said.
fn told(line: &Value) -> String {
    let text = |at: &str| line.pointer(at).and_then(Value::as_str).unwrap_or("-").to_owned();
    if line.get("refused").is_some() {
        return format!("refused {} {}: {}", text("/refused/code"), text("/refused/scheme"), text("/refused/text"));
    }
    let steps = line["steps"].to_string();
    let disabled = if steps.contains("\"status\":false") { " DISABLED" } else { "" };
    let labels = line["steps"].as_array().into_iter().flatten().find_map(|step| step.pointer("/body/labels"));
    let labels = labels.map(|labels| format!(" labels {labels}")).unwrap_or_default();
    let notes: Vec<_> =
        line["notes"].as_array().into_iter().flatten().filter_map(|note| note["code"].as_str()).collect();
    let (id, email) = (text("/create/body/userId"), text("/create/body/email"));
    format!("{id} {email} {} {}{disabled}{labels} {}", text("/create/path"), text("/scheme"), notes.join(","))
}

#[test]
fn everybody_becomes_what_they_are() {
    let home = tempfile::tempdir().expect("a folder");
    let mut found = String::new();
    for kind in KINDS {
        let planned = run(&mut command("plan", kind));
        let _ = writeln!(found, "== {}: plan {}", kind.join(" "), planned.code);
        for line in planned.lines() {
            let _ = writeln!(found, "{}", told(&line).trim_end());
        }
        let known = fixture(&format!("kinds/{}.known.csv", kind[0].split('.').next().unwrap_or_default()));
        let mut check = command("check", kind);
        check.args(["--format", "json", "--run"]).arg(home.path().join("run"));
        if known.is_file() {
            check.arg("--known").arg(known);
        }
        let checked = run(&mut check);
        let report = checked.json();
        let _ =
            writeln!(found, "check {}: {}, sign in {}", checked.code, report["source"]["dialect"], report["sign_in"]);
        for finding in report["source"]["findings"].as_array().into_iter().flatten() {
            let _ = writeln!(found, "finding {finding}");
        }
        if let Some(known) = report.get("known") {
            let _ = writeln!(found, "known {}: {}", known["proven"], known["wrong"]);
        }
    }
    let path = fixture("kinds/expected.txt");
    if std::env::var_os("REHOME_BLESS").is_some() {
        std::fs::write(&path, &found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).expect("the expected lines");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

/// Nobody whom a password is said to be of may be planned without one, refused, or not be there.
#[test]
fn a_known_password_that_cannot_be_tried_is_wrong() {
    let home = tempfile::tempdir().expect("a folder");
    let known = home.path().join("known.csv");
    std::fs::write(&known, "email,password\nbo@example.com,Some-Password-1\nnobody@example.com,Some-Password-1\n")
        .expect("written");
    let mut check = command("check", &["moodle-ldap.csv", "--format", "json", "--known"]);
    let report = run(check.arg(&known).arg("--run").arg(home.path().join("run"))).exits(3).json();
    let wrong = report["known"]["wrong"].as_array().expect("a list");
    assert_eq!(
        (wrong.len(), &wrong[0]["email"], &wrong[1]["email"]),
        (2, &"bo@example.com".into(), &"nobody@example.com".into())
    );
    let screen = run(rehome().arg("report").arg(home.path().join("run"))).exits(0).stdout;
    assert!(screen.contains("bo@example.com: created without a password"), "{screen}");
    assert!(screen.contains("nobody in the export"), "{screen}");
}

#[test]
fn keys_that_never_occur_and_values_that_no_key_takes_are_said() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.csv"), home.path().join("map.toml"));
    std::fs::write(&export, "id,mail,staff,banned\n1,a@example.com,t,f\n2,b@example.com,f,t\n").expect("written");
    std::fs::write(
        &map,
        "[user]\nid = \"id\"\nemail = \"mail\"\nenabled = \"banned\"\nlabels = { from = \"staff\", map = { true = \"staff\" }, other = \"drop\" }\n",
    )
    .expect("written");
    let mut check = rehome();
    check.arg("check").arg(&export).arg("--map").arg(&map).arg("--run").arg(home.path().join("run"));
    let screen = run(&mut check).exits(0).stdout;
    assert!(screen.contains("[user] labels map: `true` never occurs; did you mean `t`?"), "{screen}");
    assert!(screen.contains("no key takes `f`, `t`: dropped"), "{screen}");
    // The flag was meant the other way round: that half of them are disabled is on the screen.
    assert!(screen.contains("0 of 2 (0 %) sign in as before; 1 without a password, 1 disabled"), "{screen}");
}
