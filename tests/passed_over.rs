//! What is read beside something else is said: a second hash, other tables of people, a flag that holds for nobody, drawn tables.

use crate::util::{Run, rehome, run};

const HASH: &str = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";

/// `rehome check` of a file of this name and text.
fn check(name: &str, text: &str, args: &[&str]) -> Run {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join(name);
    std::fs::write(&export, text).expect("written");
    let map = home.path().join("map.toml");
    let args = args.iter().map(|arg| match arg.strip_prefix("map:") {
        None => (*arg).to_owned(),
        Some(text) => {
            std::fs::write(&map, text).expect("written");
            map.display().to_string()
        }
    });
    let args: Vec<_> = args.collect();
    run(rehome().arg("check").arg(&export).arg("--run").arg(home.path().join("run")).args(args))
}

#[test]
fn a_second_hash_stops_until_somebody_says_which() {
    let csv = format!(
        "id,email,password,legacy_hash\n1,a@example.com,{HASH},5f4dcc3b5aa765d61d8327deb882cf99\n2,b@example.com,{HASH},\n"
    );
    let stopped = check("a.csv", &csv, &[]).exits(2);
    for said in ["column `password` looks like bcrypt in 1 cell and is not read", "--ignore password"] {
        assert!(stopped.stderr.contains(said), "{}", stopped.stderr);
    }
    check("a.csv", &csv, &["--ignore", "password"]).exits(3);
    check(
        "a.csv",
        &csv,
        &["--map", "map:[user]\nid = \"id\"\nemail = \"email\"\n[password]\nhash = [\"password\", \"legacy_hash\"]\n"],
    )
    .exits(0);
    // The same twice is one.
    let csv = format!("id,email,password,legacy_hash\n1,a@example.com,{HASH},{HASH}\n");
    check("a.csv", &csv, &[]).exits(0);
}

#[test]
fn a_scheme_that_holds_for_no_hash_is_said() {
    let csv = format!("id,email,password_hash\n1,a@example.com,{HASH}\n");
    let told = check("a.csv", &csv, &["--scheme", "md5"]).exits(0);
    assert!(told.stdout.contains("--scheme md5 holds for no hash"), "{}", told.stdout);
    let told = check("a.csv", &csv, &["--scheme", "bcrypt"]).exits(0);
    assert!(!told.stdout.contains("holds for no hash"), "{}", told.stdout);
    // A mapping that reads the hash is no way around it.
    let csv = "id,email,secret\n1,a@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n";
    let map = "map:[source]\nfrom = \"generic\"\n[password]\nhash = \"secret\"\n";
    let told = check("a.csv", csv, &["--map", map, "--scheme", "md5"]).exits(0);
    assert!(told.stdout.contains("/users/md5"), "{}", told.stdout);
}

#[test]
fn other_tables_of_people_are_said_until_they_are_left() {
    let dump = format!(
        "CREATE TABLE `users` (`id` int, `email` varchar(30), `password` varchar(60));\n\
         INSERT INTO `users` VALUES (1,'a@example.com','{HASH}');\n\
         CREATE TABLE `customers` (`id` int, `email` varchar(30), `password` varchar(60));\n\
         INSERT INTO `customers` VALUES (1,'b@example.com','{HASH}');\n"
    );
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("dump.sql");
    std::fs::write(&export, &dump).expect("written");
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    for line in ["leave = \"?\"", "leave = ["] {
        assert!(proposal.contains(line), "{proposal}");
    }
    let map = |leave: &str| {
        format!(
            "map:[source]\ntable = \"users\"\n{leave}\n[user]\nid = \"id\"\nemail = \"email\"\n[password]\nhash = \"password\"\n"
        )
    };
    let told = check("dump.sql", &dump, &["--map", &map("")]).exits(0);
    assert!(told.stdout.contains("table `customers` looks as if it held people, too"), "{}", told.stdout);
    let told = check("dump.sql", &dump, &["--map", &map("leave = [\"customers\"]")]).exits(0);
    assert!(!told.stdout.contains("customers"), "{}", told.stdout);
    let open = check("dump.sql", &dump, &["--map", &map("leave = \"?\"")]).exits(2);
    assert!(open.stderr.contains("[source] leave is still a question"), "{}", open.stderr);
}

#[test]
fn a_table_that_was_chosen_does_not_hide_hashes_in_another() {
    let dump = format!(
        "CREATE TABLE `customer` (`id` int, `email` varchar(30));\nINSERT INTO `customer` VALUES (1,'a@example.com');\n\
         CREATE TABLE `provider_identity` (`id` int, `entity_id` varchar(30), `meta` text);\n\
         INSERT INTO `provider_identity` VALUES (1,'a@example.com','{{\"password\": \"{HASH}\"}}');\n"
    );
    let stopped = check("dump.sql", &dump, &["--table", "customer"]).exits(2);
    assert!(stopped.stderr.contains("`provider_identity` has bcrypt in `meta`"), "{}", stopped.stderr);
    check("dump.sql", &dump, &["--table", "customer", "--ignore", "provider_identity"]).exits(0);
}

/// What `sqlite3 FILE .dump` writes of a database without tables (3.40): no CSV of one column.
#[test]
fn a_dump_of_an_empty_database_has_no_rows() {
    let stopped = check("a.sql", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCOMMIT;\n", &[]).exits(1);
    assert!(stopped.stderr.contains("there are no rows in it"), "{}", stopped.stderr);
}

#[test]
fn a_guest_is_nobody() {
    let csv = format!(
        "id,email,password,role,name\n1,a@example.com,{HASH},user,Ann\n2,,,guest,\n3,,,,Anonymous\n4,,,user,Dan\n"
    );
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("a.csv");
    std::fs::write(&export, csv).expect("written");
    let lines = run(rehome().arg("plan").arg(&export)).lines();
    let codes: Vec<_> =
        lines.iter().map(|line| line.pointer("/refused/code").and_then(serde_json::Value::as_str)).collect();
    assert_eq!(codes, [None, Some("skipped-by-source"), Some("skipped-by-source"), None]);
}

#[test]
fn one_column_of_json_is_read_and_drawn_tables_are_named() {
    let record = format!("{{\"id\":1,\"email\":\"a@example.com\",\"password\":\"{HASH}\"}}");
    for (name, text) in [
        ("a.csv", format!("row_to_json\n\"{}\"\n", record.replace('"', "\"\""))),
        ("b.csv", format!("json_agg\n\"[{}]\"\n", record.replace('"', "\"\""))),
        ("c.txt", format!("    json_agg    \n----------------\n [{record}]\n(1 row)\n")),
    ] {
        let told = check(name, &text, &[]).exits(0);
        assert!(told.stdout.contains("1 of 1 (100 %) signs in as before"), "{name}: {}", told.stdout);
    }
    for (text, tool) in [
        (
            format!("| id |     email     | password |\n|----|---------------|---|\n| 1 | a@example.com | {HASH} |\n"),
            "-markdown",
        ),
        (format!("+----+---------------+\n| id | email |\n+----+---------------+\n| 1 | {HASH} |\n"), "sqlite3 -csv"),
        ("id  email\n--  -------------\n1   a@example.com\n".to_owned(), "-column"),
    ] {
        let told = check("a.txt", &text, &[]).exits(1);
        assert!(told.stderr.contains(tool), "{}", told.stderr);
    }
}

#[test]
fn a_link_is_no_address_and_a_right_hash_is_not_wrong() {
    let home = tempfile::tempdir().expect("a folder");
    let csv = format!("id,email,password_hash\n1,mailto:a@example.com,{HASH}\n");
    let export = home.path().join("a.csv");
    std::fs::write(&export, csv).expect("written");
    let plan = run(rehome().arg("plan").arg(&export));
    assert!(plan.stdout.contains("take `mailto:` off"), "{}", plan.stdout);
    // MD5 of `abc`: right, and too short for any login.
    let csv = "id,email,password_hash,password_scheme\n1,a@example.com,900150983cd24fb0d6963f7d28e17f72,md5\n";
    let known = home.path().join("known.csv");
    std::fs::write(&known, "email,password\na@example.com,abc\n").expect("written");
    let told = check("a.csv", csv, &["--known", &known.display().to_string()]).exits(3);
    assert!(told.stdout.contains("0 wrong, 1 right but unable to sign in"), "{}", told.stdout);
}

/// Whatever a column is called, the flag that is printed for it does what is said of it when it is pasted into bash.
#[test]
fn a_flag_that_is_printed_works_where_it_is_pasted() {
    if std::process::Command::new("bash").arg("--version").output().is_err() {
        eprintln!("bash is not there: skipped");
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("a.json");
    for name in [
        "old pass",
        "it's old",
        "-x",
        "--old",
        "$$deleted",
        "$HOME",
        "a\"b",
        "back\\slash",
        "semi;colon",
        "star*",
        "#1",
        "~root",
        "!bang",
        "a&b|c",
        "`id`",
        "(old)",
        "tab\tname",
        "two\nlines",
        "ünïcode",
        "\u{202e}turned",
        "{a,b}",
        "a=b",
        "x\u{7f}y",
    ] {
        let mut user = serde_json::json!({ "id": "1", "email": "a@example.com", "password": HASH });
        user[name] = HASH.into();
        std::fs::write(&export, serde_json::json!([user]).to_string()).expect("written");
        let said = run(rehome().arg("plan").arg(&export)).exits(2).stderr;
        let flag = said.rsplit("), ").next().and_then(|rest| rest.split(" leaves it out").next()).unwrap_or_default();
        assert!(flag.starts_with("--ignore"), "{name:?}: {said}");
        let line = format!("{} plan {} {flag}", env!("CARGO_BIN_EXE_rehome"), export.display());
        let pasted = run(std::process::Command::new("bash").args(["--norc", "-c", &line]).env("HOME", home.path()));
        assert_eq!(pasted.code, 0, "{name:?}: {flag}: {}", pasted.stderr);
    }
}

/// A name that nothing in the export has is a mistake of somebody's.
#[test]
fn tables_and_columns_that_are_not_there_are_told() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("users.csv");
    std::fs::write(
        &file,
        "id,email,password,nickname\n1,a@example.com,$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6,a\n",
    )
    .expect("written");
    let plan = |words: &[&str]| run(rehome().arg("plan").arg(&file).args(words)).stderr;
    let said = plan(&["--ignore", "nicknam"]);
    assert!(said.contains("--ignore nicknam: no column or table is called that; did you mean `nickname`?"), "{said}");
    for there in ["NICKNAME", "users", "nickname.x"] {
        assert!(!plan(&["--ignore", there]).contains("--ignore"), "{there}");
    }
    let said = plan(&["--table", "people"]);
    assert!(said.contains("--table people: no such table") && said.contains("there is users"), "{said}");
    let said = plan(&["--table", "user"]);
    assert!(said.contains("did you mean `users`?"), "{said}");
}

/// Words beside hashes: dates, flags, names of schemes. The hash is what people sign in with.
#[test]
fn words_never_come_before_a_hash() {
    let digest = "5f4dcc3b5aa765d61d8327deb882cf99";
    for (words, hashes, dates) in [
        ("passwort", "hash", ["2023-01-02", "2022-11-05"]),
        ("kennwort", "kennwort_hash", ["2023-01-02", "2022-11-05"]),
        ("password", "hash", ["bcrypt-2020", "bcrypt-2021"]),
        ("password", "password_hash", ["hund1234", "katze999"]),
    ] {
        let [a, b] = dates;
        let csv = format!("id,email,{words},{hashes}\n1,a@example.com,{a},{HASH}\n2,b@example.com,{b},{HASH}\n");
        for insisting in [&[][..], &["--plain-passwords"]] {
            let told = check("a.csv", &csv, insisting).exits(0);
            assert!(told.stdout.contains("/users/bcrypt") && !told.stdout.contains(" plain "), "{csv}{}", told.stdout);
        }
        // What may be a hash or not: both are named, and each remedy reads one of them.
        for hash in [digest, "pbkdf2_sha256$600000$saltsaltsalt$gTzWFiWdsJLEXy8nF4ByCBAK7dSMNYSLRFbaUMFPcbE="] {
            let csv = csv.replace(HASH, hash);
            let stopped = check("a.csv", &csv, &[]).exits(2);
            for said in
                [format!("`{words}`"), format!("`{hashes}`"), format!("--ignore {words}"), format!("--ignore {hashes}")]
            {
                assert!(stopped.stderr.contains(&said), "{said}: {}", stopped.stderr);
            }
            let told = check("a.csv", &csv, &["--ignore", words]);
            assert!(!told.stdout.contains(" plain "), "{}", told.stdout);
        }
    }
    let csv = format!("id,email,password,hash\n1,a@example.com,hund1234,{digest}\n2,b@example.com,katze999,{digest}\n");
    let told = check("a.csv", &csv, &["--ignore", "hash"]).exits(0);
    assert!(told.stdout.contains(" plain "), "{}", told.stdout);
    // Where some have words alone, either may be old.
    let csv = format!(
        "id,email,passwort,hash\n1,a@example.com,ja,{HASH}\n2,b@example.com,nein,\n3,c@example.com,ja,{HASH}\n"
    );
    let stopped = check("a.csv", &csv, &[]).exits(2);
    assert!(stopped.stderr.contains("--ignore passwort"), "{}", stopped.stderr);
    let told = check("a.csv", &csv, &["--ignore", "passwort"]);
    assert!(told.stdout.contains("/users/bcrypt") && !told.stdout.contains(" plain "), "{}", told.stdout);
}

/// What tells of a password, instead of being one, is said before anybody gets it for one.
#[test]
fn notes_and_dates_are_nobodys_passwords() {
    for cells in [
        &["muss zurückgesetzt werden", "kein Kennwort", "über Google", "unbekannt"][..],
        &["must be reset", "same as before", "signs in by Google", "not migrated yet"],
        &["2023-01-02", "2022-11-05", "2021-02-03"],
        &["02.01.2023", "5.11.2022"],
        &["2023-01-02T10:00:00Z", "2022-11-05 10:00:00"],
        &["1672653600", "1667642400"],
        &["ja", "nein"],
        &["yes", "no", "yes"],
        &["bcrypt", "argon2id"],
        &["google", "facebook", "hund1234"],
        &["temporary", "initial1", "temporary", "initial1", "changed1", "changed1"],
    ] {
        let rows: Vec<_> =
            cells.iter().zip('a'..).map(|(cell, who)| format!("{who},{who}@example.com,{cell}\n")).collect();
        for column in ["password", "kennwort"] {
            let csv = format!("id,email,{column}\n{}", rows.concat());
            let stopped = check("a.csv", &csv, &[]).exits(2);
            for said in ["--plain-passwords", &format!("--ignore {column}")] {
                assert!(stopped.stderr.contains(said), "{cells:?}: {}", stopped.stderr);
            }
            let told = check("a.csv", &csv, &["--ignore", column]);
            assert!(!told.stdout.contains(" plain "), "{}", told.stdout);
        }
    }
    // What people type stays what it is.
    let csv = "id,email,password\n1,a@example.com,hund1234\n2,b@example.com,correct horse\n3,c@example.com,Start2023!\n4,d@example.com,01021990\n";
    check("a.csv", csv, &[]).exits(0);
}

/// A dump that changes rows it wrote before stops, in whatever statement that stands; what changes nobody does not.
#[test]
fn what_changes_rows_in_other_words_is_said() {
    let rows = format!(
        "CREATE TABLE users (id int, email varchar(99), password varchar(99), active int);\n\
         INSERT INTO users VALUES (1,'a@example.com','{HASH}',1),(2,'b@example.com','{HASH}',1);\n"
    );
    for statement in [
        "WITH old AS (SELECT 2 AS id) DELETE FROM users USING old WHERE users.id=old.id;",
        ";WITH x AS (SELECT * FROM users WHERE id=2) UPDATE x SET active=0;",
        "DO $$ BEGIN UPDATE users SET active=0 WHERE id=2; END $$;",
        "BEGIN\n UPDATE users SET active=0 WHERE id=2;\nEND;\n/",
        "BEGIN TRANSACTION UPDATE users SET active=0 WHERE id=2 COMMIT",
        "IF EXISTS (SELECT 1 FROM users) UPDATE users SET active=0 WHERE id=2\nGO",
        "PREPARE s FROM 'UPDATE users SET active=0 WHERE id=2'; EXECUTE s;",
        "/*!40000 DELETE FROM `users` WHERE id=2 */;",
        "EXPLAIN ANALYZE DELETE FROM users WHERE id=2;",
        "ALTER TABLE users EXCHANGE PARTITION p0 WITH TABLE u2;",
        "CALL deactivate_user(2);",
        "EXEC dbo.DeactivateUser @id=2\nGO",
        "SELECT public.deactivate_user(2);",
        "\\i deactivate.sql",
    ] {
        let stopped = check("a.sql", &format!("{rows}{statement}\n"), &[]).exits(1);
        let said = ["takes back rows of `users`", "calls what is not in the dump"];
        assert!(said.iter().any(|said| stopped.stderr.contains(said)), "{statement}: {}", stopped.stderr);
    }
    for statement in [
        "SELECT pg_catalog.setval('public.users_id_seq', 2, true);",
        "GRANT UPDATE ON users TO shop;",
        "COMMENT ON TABLE users IS 'who was deleted: DELETE FROM users';",
        "DO $$ BEGIN CREATE TYPE a AS ENUM ('users'); EXCEPTION WHEN duplicate_object THEN null; END $$;",
        "EXEC sys.sp_addextendedproperty @name=N'MS_Description', @level1name=N'users'\nGO",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE users SET active=0; END $$ LANGUAGE plpgsql;",
        "/*!40000 ALTER TABLE `users` ENABLE KEYS */;",
        "BEGIN;\nCOMMIT;",
    ] {
        check("a.sql", &format!("{rows}{statement}\n"), &[]).exits(0);
    }
}

/// Whoever insists that what is called changes no users says so by its name, and of each.
#[test]
fn what_is_called_is_taken_for_harmless_by_its_name() {
    let rows = format!(
        "CREATE TABLE users (id int, email varchar(99), password varchar(99));\n\
         INSERT INTO users VALUES (1,'a@example.com','{HASH}');\n"
    );
    for (statement, word) in [
        ("CALL refresh(2);", "refresh"),
        ("EXEC dbo.Refresh\nGO", "refresh"),
        ("\\i rest.sql", "rest.sql"),
        (".read rest.sql", "rest.sql"),
    ] {
        let sql = format!("{rows}{statement}\n");
        let said = check("a.sql", &sql, &[]).exits(1).stderr;
        assert!(said.contains(&format!("--ignore {word}")), "{said}");
        let said = check("a.sql", &sql, &["--ignore", word]).exits(0);
        assert!(!said.stdout.contains("no column or table"), "{}", said.stdout);
        let more = format!("{sql}CALL ban_all();\n");
        let said = check("a.sql", &more, &["--ignore", word]).exits(1).stderr;
        assert!(said.contains("CALL ban_all"), "{said}");
    }
}

/// Rows hold what they leave out by its default, and so do those before a column that is added.
#[test]
fn a_default_that_keeps_people_out_is_one_of_their_columns() {
    let table =
        |column: &str| format!("CREATE TABLE users (id int, email varchar(99), password varchar(99){column});\n");
    let rows = format!(
        "INSERT INTO users (id, email, password) VALUES (1,'a@example.com','{HASH}'),(2,'b@example.com','{HASH}');\n"
    );
    let copied = format!("COPY users (id, email, password) FROM stdin;\n1\ta@example.com\t{HASH}\n\\.\n");
    let added = |what: &str| format!("{}{rows}ALTER TABLE users {what};\n", table(""));
    for (sql, column) in [
        (format!("{}{rows}", table(", status varchar(9) NOT NULL DEFAULT 'pending'")), "status"),
        (format!("{}{rows}", table(", is_active bit NOT NULL DEFAULT ((0))")), "is_active"),
        (format!("{}{copied}", table(", banned boolean DEFAULT true")), "banned"),
        (format!("{}ALTER TABLE users ADD banned boolean DEFAULT true;\n{rows}", table("")), "banned"),
        (added("ADD COLUMN active int NOT NULL DEFAULT 0"), "active"),
        (added("ADD (note text, active int DEFAULT 0)"), "active"),
        (added("ADD note text, ADD active tinyint(1) DEFAULT '0'"), "active"),
        (added("ADD COLUMN IF NOT EXISTS status text DEFAULT 'disabled'::text"), "status"),
    ] {
        let said = check("a.sql", &sql, &[]).exits(1).stderr;
        assert!(said.contains(&format!("`{column}`")) && said.contains("load the dump into a database"), "{sql}{said}");
        let ignored = check("a.sql", &sql, &["--ignore", column]).exits(0);
        assert!(!ignored.stdout.contains("no column or table"), "{}", ignored.stdout);
    }
    for harmless in [
        format!(
            "{}{rows}",
            table(", status varchar(9) DEFAULT 'active', deleted int DEFAULT 0, created timestamp DEFAULT now()")
        ),
        format!("{}{rows}", table(", banned boolean DEFAULT NULL, locale text DEFAULT 'de'")),
        added("ADD COLUMN active int NOT NULL DEFAULT 1"),
        added("ADD CONSTRAINT c DEFAULT (0) FOR active"),
        added("ADD PRIMARY KEY (id)"),
    ] {
        check("a.sql", &harmless, &[]).exits(0);
    }
}

/// Rows that a statement has a database read from a file are not in the dump.
#[test]
fn rows_that_are_elsewhere_are_said() {
    let rows = format!(
        "CREATE TABLE users (id int, email varchar(99), password varchar(99));\n\
         INSERT INTO users VALUES (1,'a@example.com','{HASH}');\n"
    );
    for statement in [
        "\\copy users FROM 'more.csv' CSV",
        "\\copy public.users (id, email) from /srv/more.csv with (format csv)",
        "COPY users FROM '/srv/more.csv' WITH (FORMAT csv);",
        "LOAD DATA LOCAL INFILE '/srv/more.csv' IGNORE INTO TABLE users FIELDS TERMINATED BY ',';",
        "BULK INSERT dbo.users FROM 'C:\\srv\\more.csv' WITH (FORMAT = 'CSV');",
        ".import --csv more.csv users",
    ] {
        let said = check("a.sql", &format!("{rows}{statement}\n"), &[]).exits(3).stdout;
        assert!(said.contains("rows of `users` are in more.csv"), "{statement}: {said}");
    }
    let others =
        format!("{rows}CREATE TABLE products (id int, name varchar(9));\n\\copy products FROM 'more.csv' CSV\n");
    check("a.sql", &others, &[]).exits(0);
}
