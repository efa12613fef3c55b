//! What the target's own settings and database do to users: ids that differ in case, policies, services that are away.

use rehome::appwrite::wire::Request;
use std::fmt::Write as _;

use super::util::{Sandbox, run};

/// An export of these ids and addresses, with hashes.
fn export_of(home: &std::path::Path, name: &str, users: &[(&str, &str)]) -> std::path::PathBuf {
    let path = home.join(name);
    let mut csv = String::from("id,email,password_hash,password_scheme\n");
    for (i, (id, email)) in users.iter().enumerate() {
        writeln!(csv, "{id},{email},{i:032x},md5").expect("written");
    }
    std::fs::write(&path, csv).expect("written");
    path
}

#[test]
fn ids_that_differ_in_case_are_found_on_every_database() {
    let home = tempfile::tempdir().expect("a folder");
    let there =
        export_of(home.path(), "there.csv", &[("AbCd-1", "a@x.test"), ("small-2", "b@x.test"), ("same-3", "c@x.test")]);
    let wanted = [("abcd-1", "d@x.test"), ("SMALL-2", "e@x.test"), ("same-3", "f@x.test"), ("free-4", "g@x.test")];
    let wanted = export_of(home.path(), "wanted.csv", &wanted);
    for database in ["mariadb", "postgresql"] {
        let sandbox = Sandbox::start(&["--database", database]);
        let folder = home.path().join(database);
        run(sandbox.rehome().arg("import").arg(&there).arg("--run").arg(&folder)).exits(0);
        let check = |folder: &str| {
            let mut command = sandbox.rehome();
            command.args(["check", "--live", "--format", "json"]).arg(&wanted);
            run(command.arg("--run").arg(home.path().join(folder))).exits(0).json()
        };
        let report = check(&format!("{database}-check"));
        assert_eq!(report["live"]["taken"], 3, "{database}: {report}");
        let folder = home.path().join(format!("{database}-2"));
        run(sandbox.rehome().arg("import").arg(&wanted).arg("--run").arg(&folder)).exits(3);
        let status = run(sandbox.rehome().args(["status", "--format", "json"]).arg(&folder)).exits(0).json();
        assert_eq!((&status["done"], &status["conflicts"], &status["failed"]), (&1.into(), &3.into(), &0.into()));
    }
}

#[test]
fn addresses_that_a_projects_policies_refuse_are_counted_before_and_named_after() {
    let home = tempfile::tempdir().expect("a folder");
    let users = [("a", "a@gmail.com"), ("b", "b+tag@gmail.com"), ("c", "c@mailinator.com"), ("d", "d@x.test")];
    let export = export_of(home.path(), "export.csv", &users);
    let sandbox = Sandbox::start(&["--appwrite-version", "2.2.0"]);
    let target = rehome::appwrite::Target::new(&*sandbox.endpoint, &*sandbox.project, &*sandbox.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = rehome::appwrite::Client::new(target, 1).expect("a client");
        for policy in ["deny-disposable-email", "deny-aliased-email"] {
            let request = Request::patch(format!("/project/policies/{policy}"), &serde_json::json!({"enabled": true}));
            assert_eq!(client.send(&request).await.expect("an answer").status, 200, "{policy}");
        }
    });
    let command = |words: &[&str], folder: &str| {
        let mut command = sandbox.rehome();
        run(command.args(words).arg(&export).arg("--run").arg(home.path().join(folder)))
    };
    let report = command(&["check", "--live", "--format", "json"], "check").exits(0).json();
    assert_eq!(report["live"]["refused"], serde_json::json!({"email-aliased": 1, "email-disposable": 1}));
    let told = |report: &serde_json::Value, code: &str| {
        report["reasons"]
            .as_array()
            .expect("reasons")
            .iter()
            .any(|reason| reason["code"] == code && reason["count"] == 1)
    };
    assert!(told(&report, "email-aliased") && told(&report, "email-disposable"), "{report}");
    command(&["import"], "run").exits(3);
    let report = std::fs::read(home.path().join("run/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert!(told(&report, "email-aliased") && told(&report, "email-disposable"), "{report}");
    assert_eq!((&report["import"]["done"], &report["import"]["failed"]), (&2.into(), &2.into()));
}

#[test]
fn a_service_of_breached_passwords_that_is_away_is_waited_for() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, known) = (home.path().join("export.csv"), home.path().join("known.csv"));
    // MD5 of the known password.
    let csv = "id,email,password_hash,password_scheme\na,a@x.test,88e4ddd2402d92d50e1879d6ecd9ffd4,md5\n";
    std::fs::write(&export, csv).expect("written");
    std::fs::write(&known, "email,password\na@x.test,correct horse battery\n").expect("written");
    let sandbox = Sandbox::start(&["--faults", "seed=3,pwned-503=0.6"]);
    let folder = home.path().join("run");
    run(sandbox.rehome().arg("import").arg(&export).arg("--known").arg(&known).arg("--run").arg(&folder)).exits(0);
    run(sandbox.rehome().arg("verify").arg(&folder)).exits(0);
    let report = std::fs::read(folder.join("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!((&report["verify"]["signed_in"], &report["verify"]["not_signed_in"]), (&1.into(), &0.into()));
}
