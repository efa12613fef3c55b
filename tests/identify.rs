//! `rehome identify`: pasted hashes and records.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::util::{fixture, rehome, run, run_with_input};

fn identify(arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let input: String = lines
        .iter()
        .map(|line| match line {
            Value::String(bare) => format!("{bare}\n"),
            object => format!("{object}\n"),
        })
        .collect();
    let run = run_with_input(rehome().args(["identify", "--format", "json"]).args(arguments), input.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

#[test]
fn every_line_of_input_gives_one_line_in_order() {
    let answers = identify(
        &[],
        &[
            json!("$2y$05$PRpmI0Nj2RScPNAQ5I46Z.r642AvIBHLf55.Ze58tj92szVmPwquu"),
            json!(""),
            json!("482c811da5d5b4bc6d497ffa98491e38"),
            json!({"email": "no@hash.here"}),
            json!("  $P$Br387rwferoKN7uwHZqNMu98q3U8RO. "),
        ],
    );
    let told: Vec<_> =
        answers.iter().map(|a| (a["line"].as_u64(), a["endpoint"].as_str(), a["code"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(1), Some("/users/bcrypt"), None),
            (Some(2), None, Some("unusable-password")),
            (Some(3), None, Some("ambiguous-scheme")),
            (Some(4), None, Some("unrecognised-hash")),
            (Some(5), Some("/users/phpass"), None),
        ]
    );
    assert_eq!(answers[2]["ambiguous"][0], "md5");
    assert_eq!(answers[4]["conversion"], json!(["trim whitespace"]));
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let row = json!({"salt": "sält", "hash": "ab".repeat(32), "N": 1024, "r": 8, "p": 1});
    let hidden = &identify(&[], std::slice::from_ref(&row))[0]["fields"];
    assert_eq!(
        hidden,
        &json!({"password": "redacted", "passwordSalt": "redacted", "passwordCpu": 1024,
        "passwordMemory": 8, "passwordParallel": 1, "passwordLength": 32})
    );
    let shown = &identify(&["--reveal"], &[row])[0]["fields"];
    assert_eq!(shown["passwordSalt"], "sält");
    assert_eq!(shown["password"], "ab".repeat(32));
}

#[test]
fn source_scheme_and_version_decide_what_the_string_cannot() {
    let md5 = json!("482C811DA5D5B4BC6D497FFA98491E38");
    assert_eq!(identify(&["--from", "django"], std::slice::from_ref(&md5))[0]["endpoint"], "/users/md5");
    let declared = identify(&["--scheme", "md5"], &[md5]);
    assert_eq!(declared[0]["conversion"], json!(["lowercase hex"]));
    let truncated = json!({"password_hash": "ab".repeat(32), "password_scheme": "sha512/256"});
    let new = identify(&[], std::slice::from_ref(&truncated));
    assert_eq!((&new[0]["code"], &new[0]["scheme"]), (&json!("unsupported-scheme"), &json!("sha512/256")));
    assert_eq!(identify(&["--appwrite-version", "1.8.0"], &[truncated])[0]["endpoint"], "/users/sha");
}

#[test]
fn a_firebase_record_takes_the_projects_parameters_from_the_file() {
    let config = fixture("hashes/firebase-hash-config.txt");
    let record = json!({"localId": "a", "passwordHash":
        "DI6FDF0GlLcVAiVMxg80VZEZwkbvC07i0+taqvcyRAND4XwG5EQluU09duAhrN6grS2+766QA4ziCTb3VIQVVQ==", "salt": "NpPzThJ5KxUL1w=="});
    let without = identify(&[], std::slice::from_ref(&record));
    assert_eq!(without[0]["code"], "hash-config-missing");
    let with = identify(&["--firebase-hash-config", config.to_str().expect("a path")], &[record]);
    assert_eq!(with[0]["endpoint"], "/users/scrypt-modified");
}

#[test]
fn unknown_names_are_usage_errors_that_say_where_the_names_are() {
    for (arguments, says) in [(["--from", "atlantis"], "rehome sources"), (["--scheme", "rot13"], "rehome schemes")] {
        let run = run(rehome().arg("identify").args(arguments));
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn the_table_lists_every_scheme_and_code_that_identify_answers_with() {
    let run = run(rehome().args(["schemes", "--format", "json"]));
    let table: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let schemes: HashMap<&str, &Value> =
        table["schemes"].as_array().expect("a list").iter().map(|s| (s["name"].as_str().expect("a name"), s)).collect();
    for name in [
        "md5",
        "sha512/224",
        "sha3-512",
        "better-auth",
        "lucia",
        "werkzeug",
        "meteor",
        "nodebb",
        "smf",
        "prestashop",
        "blake2b-512",
        "aspnet-identity",
        "pbkdf2-sha256",
        "descrypt",
        "firebase-scrypt",
    ] {
        assert!(schemes.contains_key(name), "{name}");
    }
    assert_eq!(schemes["sha512/256"]["on"]["1.5–1.8.0"]["endpoint"], "/users/sha");
    assert_eq!(schemes["sha512/256"]["on"]["1.8.1"]["endpoint"], Value::Null);
    let corpus = std::fs::read_to_string(fixture("hashes/corpus.jsonl")).expect("a fixture");
    let records: Vec<Value> =
        corpus.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")["as_exported"].clone()).collect();
    let codes: Vec<_> = table["codes"].as_array().expect("a list").iter().map(|code| &code["name"]).collect();
    for answer in identify(&[], &records) {
        assert!(answer["scheme"].as_str().is_none_or(|name| schemes.contains_key(name)), "{answer}");
        assert!(answer.get("code").is_none_or(|code| codes.contains(&code)), "{answer}");
    }
}
