//! Where the hashes are, and what made them.

use sha2::{Digest as _, Sha256};

use super::{HASHES, proposed};
use crate::declared::{Table, hex};
use crate::util::{rehome, run};

/// Of several hashes of somebody the one that counts is taken; where nothing tells which that is, it is asked.
#[test]
fn a_hash_that_counts_no_more_is_not_taken() {
    let home = tempfile::tempdir().expect("a folder");
    let [old, new] = HASHES;
    let users =
        "CREATE TABLE users (id int, email text);\nINSERT INTO users VALUES (1,'a@example.com'),(2,'b@example.com');\n";
    let with = |table: &str, column: &str, [past, now]: [&str; 2]| {
        format!(
            "{users}CREATE TABLE {table} (id int, user_id int, password_hash text, {column} text);\n\
             INSERT INTO {table} VALUES (5,1,'{old}',{past}),(6,1,'{new}',{now}),(7,2,'{old}',{now});\n"
        )
    };
    let day = "'2024-01-02 03:04:05'";
    for (column, cells) in [
        ("revoked_at", [day, "NULL"]),
        ("replaced_on", [day, "NULL"]),
        ("is_current", ["0", "1"]),
        ("active", ["'f'", "'t'"]),
        ("superseded", ["'t'", "'f'"]),
        ("expires_at", [day, "NULL"]),
    ] {
        let (proposal, planned) = proposed(home.path(), "a.sql", &with("credentials", column, cells));
        let of = |who: &str| planned[who].pointer("/create/body/password").cloned();
        assert_eq!(of("a@example.com"), Some(new.into()), "{column}\n{proposal}");
        assert_eq!(of("b@example.com"), Some(old.into()), "{column}\n{proposal}");
    }
    for (table, column) in [("credentials", "created_at"), ("password_history", "revoked_at")] {
        let export = home.path().join("b.sql");
        std::fs::write(&export, with(table, column, [day, "NULL"])).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        assert!(proposal.contains("hash = \"?\""), "{proposal}");
    }
}

/// A column beside bare digests in which every row has a text of its own is proposed as their salt, with a mark; known passwords
/// say which scheme it is, without a question, or that nothing fits.
#[test]
fn known_passwords_say_what_made_the_digests() {
    let home = tempfile::tempdir().expect("a folder");
    let map = |table: &Table, known: bool| {
        let mut command = rehome();
        command.arg("map").arg(table.write(home.path()));
        if known {
            command.arg("--known").arg(home.path().join("known.csv"));
        }
        run(&mut command)
    };
    let salted = Table::salted("grain");
    let asked = map(&salted, false).exits(0).stdout;
    assert!(asked.contains("salt = \"grain\"") && asked.contains("  # ? is called like one"), "{asked}");
    let asked = map(&Table::salted("extra"), false).exits(0).stdout;
    assert!(asked.contains("salt = \"extra\"") && asked.contains("  # ? has 16 hexadecimal digits"), "{asked}");
    for (table, lines) in [
        (&salted, "scheme = \"salted-sha256\"  # proven: all 3 known passwords fit\nsalt = \"grain\"\n"),
        (&Table::bare("sha1"), "scheme = \"sha1\""),
        (&Table::pbkdf2(), "scheme = \"pbkdf2-sha512\""),
    ] {
        let proven = map(table, true).exits(0).stdout;
        assert!(proven.contains(lines) && !proven.contains("[password] scheme"), "{lines}\n{proven}");
    }
    let open = map(&Table::pbkdf2(), false).exits(0).stdout;
    assert!(open.contains("scheme = \"?\"") && open.contains("params = { rounds = \"iterations\" }"), "{open}");
    // Of columns that may be hashes the passwords say which are, and which number is how often they were run.
    let elsewhere = Table::pbkdf2().called("id,email,cle", "extra,tours");
    assert!(map(&elsewhere, false).exits(0).stdout.contains("hash = \"?\""));
    let found = map(&elsewhere, true).exits(0).stdout;
    for line in ["hash = \"cle\"", "scheme = \"pbkdf2-sha512\"", "salt = \"extra\"", "params = { rounds = \"tours\" }"]
    {
        assert!(found.contains(line) && !found.contains("\"?\""), "{line}: {found}");
    }
    // Nothing that is known makes what nobody knows.
    let unknown = map(
        &Table::salted("grain").with(|password, salt| hex(&Sha256::digest(format!("{salt}/{password}/of-nobody")))),
        true,
    )
    .exits(3);
    assert!(unknown.stderr.contains("fit nothing that rehome knows of 32 bytes in hexadecimal"), "{}", unknown.stderr);
    // A hash that says itself what it is needs nothing to be proposed.
    let bcrypt = map(&Table::bcrypt(), true).exits(0).stdout;
    assert!(bcrypt.contains("# proven: 1 known password verifies"), "{bcrypt}");
    // With a secret of the application's it is another scheme, whose hashes look the same.
    let export = Table::peppered().write(home.path());
    let mut command = rehome();
    command.arg("map").arg(&export).arg("--known").arg(home.path().join("known.csv"));
    assert!(run(&mut command).exits(3).stderr.contains("--pepper env:NAME"));
    let peppered =
        run(command.args(["--pepper", "env:PEPPER_OF_A_TEST"]).env("PEPPER_OF_A_TEST", "pfeffer")).exits(0).stdout;
    assert!(peppered.contains("scheme = \"bcrypt-peppered\"") && !peppered.contains("pfeffer"), "{peppered}");
}
