//! `--refused-ok`: refused users are named and no failure; anything else is one still.

use super::util::{rehome, run};

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
