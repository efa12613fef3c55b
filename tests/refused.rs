//! `--refused-ok`: refused users are named and no failure; anything else is one still.

use super::util::{Sandbox, rehome, run};

const HEAD: &str = "id,email,password_hash\n";
const ADA: &str = "u1,ada@example.com,$2b$10$abcdefghijklmnopqrstuuK5m8xkkSYHbQrIpqjeSuYuKWb3BXuzC\n";
/// No endpoint verifies this one.
const BOB: &str = "u2,bob@example.com,md5$salt$0123456789abcdef0123456789abcdef\n";

#[test]
fn refused_users_alone_are_no_failure_where_that_is_said() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, folder) = (home.path().join("users.csv"), home.path().join("run"));
    std::fs::write(&export, [HEAD, ADA, BOB].concat()).expect("written");
    let import =
        |more: &[&str]| run(rehome().args(["import", "--sandbox"]).arg(&export).arg("--run").arg(&folder).args(more));
    let fine = import(&["--refused-ok", "--format", "json"]).exits(0).json();
    assert_eq!((&fine["outcomes"]["refused"], &fine["import"]["created"]), (&1.into(), &1.into()));
    assert_eq!(std::fs::read_to_string(folder.join("rejects.csv")).expect("rejects"), [HEAD, BOB].concat());
    import(&[]).exits(3);
    run(rehome().arg("resume").arg(&folder).arg("--refused-ok")).exits(0);
    run(rehome().arg("resume").arg(&folder)).exits(3);
    // A later export with one more of them.
    std::fs::write(&export, [HEAD, ADA, BOB, &BOB.replace("bob", "eve").replace("u2", "u3")].concat())
        .expect("written");
    run(rehome().arg("sync").arg(&export).arg("--run").arg(&folder).arg("--refused-ok")).exits(0);
}

#[test]
fn whatever_else_is_amiss_is_a_failure_still() {
    let home = tempfile::tempdir().expect("a folder");
    let import = |name: &str, content: &str, more: &[&str]| {
        let export = home.path().join(name);
        std::fs::write(&export, content).expect("written");
        let folder = home.path().join(format!("{name}.run"));
        run(rehome().args(["import", "--sandbox", "--refused-ok"]).arg(&export).arg("--run").arg(folder).args(more))
    };
    // A dump that is cut off: nobody knows who is missing.
    let dump = "-- MySQL dump 10.13\nCREATE TABLE `users` (`id` int, `email` text, `password_hash` text);\n\
                INSERT INTO `users` VALUES (1,'ada@example.com','$2b$10$abcdefghijklmnopqrstuuK5m8xkkSYHbQrIpqjeSuYuKWb3BXuzC');\n";
    import("cut.sql", dump, &[]).exits(3);
    // A known password that does not fit its hash.
    let known = home.path().join("known.csv");
    std::fs::write(&known, "email,password\nada@example.com,another one\n").expect("written");
    let known = known.to_str().expect("text");
    import("one.csv", &[HEAD, ADA].concat(), &["--known", known, "--yes"]).exits(3);
}

/// Whom the plan refuses is named before anything is sent. That somebody else is at the target in their place, nobody has seen yet.
#[test]
fn whom_the_target_has_somebody_else_for_is_a_failure_still() {
    let home = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::start(&[]);
    let import = |name: &str, content: &str| {
        let export = home.path().join(name);
        std::fs::write(&export, content).expect("written");
        let folder = home.path().join(format!("{name}.run"));
        run(sandbox.rehome().args(["import", "--refused-ok"]).arg(&export).arg("--run").arg(folder))
    };
    import("first.csv", &[HEAD, ADA, BOB].concat()).exits(0);
    import("other.csv", &[HEAD, &ADA.replace("u1", "u9")].concat()).exits(3);
}

/// Where the bridge keeps nobody, nobody is told that it would.
#[test]
fn the_bridge_is_offered_to_those_alone_whom_it_would_keep() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("users.csv");
    // A hash that no endpoint verifies, with an address and without.
    let hash = "pbkdf2_sha256$600000$c2FsdHNhbHQ$3Yl8c3q3Yf2p1mJ0m7oE8g8mJk1q3Yl8c3q3Yf2p1mI=";
    let rows = format!("{HEAD}1,ada@example.com,{hash}\n2,,{hash}\n3,,{hash}\n");
    std::fs::write(&export, rows).expect("written");
    let check = |more: &[&str]| {
        let folder = home.path().join("run");
        run(rehome().arg("check").arg(&export).args(["--format", "json", "--run"]).arg(folder).args(more))
            .exits(3)
            .json()
    };
    let told = check(&[]);
    assert_eq!(told["bridgeable"], 1, "{told}");
    let next = told["next"].as_array().expect("steps");
    assert!(
        next.iter().any(|step| step["command"].as_str().is_some_and(|c| c.contains("--unsupported bridge"))),
        "{next:?}"
    );
    assert_eq!(check(&["--unsupported", "bridge"])["bridged"], 1);
}
