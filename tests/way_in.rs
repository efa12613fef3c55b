//! Exports as people write them themselves, a kind a line: what becomes of the people in them, or why nothing is done.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{rehome, run};

/// bcrypt of `Correct-Horse-9`, cost 5.
const HASHES: [&str; 3] = [
    "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
    "$2b$05$eRN7Sb4mwoIBvfaZiUrp8.3josgiCQ9HUfJNPRl90zGYmewhwxcMe",
    "$2b$05$ZJYi8Hwlaw9SO3GgHfYOFuLj66pZeti1fjV5jLwXphljvki6V7chO",
];

/// What is planned for each, in their order (`bcrypt`, `off` for somebody disabled, `none`, the code of a refusal), or the
/// first sentence of why nothing is.
fn planned(folder: &Path, name: &str, export: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, export).expect("written");
    let plan = run(rehome().arg("plan").arg(&path));
    if plan.code == 1 || plan.code == 2 {
        return format!("stop: {}", plan.stderr);
    }
    let told = |line: &Value| match line.pointer("/refused/code") {
        Some(code) => code.as_str().unwrap_or_default().to_owned(),
        None if line["steps"].to_string().contains("\"status\":false") => "off".to_owned(),
        None => line["scheme"].as_str().unwrap_or_default().to_owned(),
    };
    plan.lines().iter().map(told).collect::<Vec<_>>().join(" ")
}

/// A CSV of three people with a column more.
fn with(column: &str, values: [&str; 3]) -> String {
    let mut csv = format!("id,email,password,{column}\n");
    for (at, value) in values.iter().enumerate() {
        let _ = writeln!(csv, "{at},u{at}@example.com,{},\"{}\"", HASHES[at], value.replace('"', "\"\""));
    }
    csv
}

/// A CSV of three people with these cells under `password`.
fn passwords(cells: [&str; 3]) -> String {
    let mut csv = String::from("id,email,password\n");
    for (at, cell) in cells.iter().enumerate() {
        let _ = writeln!(csv, "{at},u{at}@example.com,\"{}\"", cell.replace('"', "\"\""));
    }
    csv
}

/// The second of three is kept out; a `stop` names the column.
#[test]
fn nobody_who_is_kept_out_comes_back_in_whatever_language_says_it() {
    let home = tempfile::tempdir().expect("a folder");
    for (column, ok, out, expected) in [
        ("estado", "activo", "baneado", "bcrypt off bcrypt"),
        ("estado", "A", "B", "invalid-value invalid-value invalid-value"),
        ("estado", "activo", "baneadísimo", "stop"),
        ("estado", "Jalisco", "Oaxaca", "bcrypt bcrypt bcrypt"),
        ("state", "CA", "NY", "bcrypt bcrypt bcrypt"),
        ("状态", "正常", "禁用", "bcrypt off bcrypt"),
        ("durum", "aktif", "pasif", "bcrypt off bcrypt"),
        ("stav", "aktivní", "blokovaný", "bcrypt off bcrypt"),
        ("tila", "aktiivinen", "estetty", "bcrypt off bcrypt"),
        ("status", "aktiv", "spärrad", "bcrypt off bcrypt"),
        ("lifecycle", "onboarded", "offboarded", "stop"),
        ("access", "granted", "denied", "stop"),
        ("del_flag", "0", "2", "bcrypt invalid-value bcrypt"),
        ("is_del", "0", "1", "bcrypt skipped-by-source bcrypt"),
        ("ban_expires", "", "0", "stop"),
        ("ban_expires", "0", "0", "bcrypt bcrypt bcrypt"),
        ("attivo", "VERO", "FALSO", "bcrypt off bcrypt"),
        ("gesperrt", "FALSCH", "WAHR", "bcrypt off bcrypt"),
        ("active", "✓", "✗", "bcrypt off bcrypt"),
        ("sanctions", "[]", "[{\"type\":\"ban\"}]", "stop"),
        ("is_bot", "0", "1", "bcrypt skipped-by-source bcrypt"),
    ] {
        let found = planned(home.path(), "a.csv", &with(column, [ok, out, ok]));
        if expected == "stop" {
            assert!(found.starts_with("stop") && found.contains(column), "{column} {out}: {found}");
        } else {
            assert_eq!(found, expected, "{column} {out}");
        }
    }
}

#[test]
fn what_programs_write_for_what_they_cannot_show_is_no_password() {
    let home = tempfile::tempdir().expect("a folder");
    for cells in [
        ["<memory at 0x7f0000000001>", "<memory at 0x7f0000000002>", "<memory at 0x7f0000000003>"],
        ["<Buffer 24 32 62 24 31 30 ... 50 more bytes>", "<Buffer 24 32 62>", "<Buffer 24>"],
        ["[B@1b6d3586", "[B@4554617c", "[B@74a14482"],
        ["System.Byte[]", "System.Byte[]", "System.Byte[]"],
        ["[BLOB - 60 B]", "[BLOB - 61 B]", "[BLOB - 62 B]"],
        ["HASH(0x55d0c8a1)", "HASH(0x55d0c8a2)", "HASH(0x55d0c8a3)"],
        ["1.23457E+10", "1,5E+12", "4E+07"],
        ["#NAME?", "#VALUE!", "#REF!"],
        ["#<BCrypt::Password:0x01>", "#<BCrypt::Password:0x02>", "#<BCrypt::Password:0x03>"],
    ] {
        let found = planned(home.path(), "a.csv", &passwords(cells));
        assert_eq!(found, "redacted-hash redacted-hash redacted-hash", "{cells:?}");
    }
}

#[test]
fn a_hash_is_found_in_whatever_it_was_put() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    let sql = format!(
        "CREATE TABLE `users` (`id` int, `email` varchar(99), `password` binary(72));\nINSERT INTO `users` VALUES (1,'a@example.com','{hash}\\0\\0\\0');\n"
    );
    assert_eq!(planned(home.path(), "fixed.sql", &sql), "bcrypt");
    let base64 = "JDJiJDA1JFlkQTE3T0Y0ZHBjWEdFRGpadk1DZC4wU29HS2NWU2FBMS4uQnB6elVQOEVJSlFVMXFXTFI2";
    for cell in [format!("bytearray(b'{hash}')"), format!("BinData(0, \"{base64}\")"), format!("{hash}\0\0")] {
        let found = planned(home.path(), "a.csv", &passwords([&cell, &cell, &cell]));
        assert_eq!(found, "bcrypt bcrypt bcrypt", "{cell}");
    }
    for (credentials, expected) in [
        (json!([{ "type": "password", "value": hash }, { "type": "oauth", "value": "g-1" }]), "bcrypt"),
        (json!([hash]), "bcrypt"),
        (json!([hash, HASHES[1]]), "invalid-value"),
    ] {
        let record = json!([{ "id": 1, "email": "a@example.com", "credentials": credentials }]);
        assert_eq!(planned(home.path(), "a.json", &record.to_string()), expected, "{record}");
    }
    let found = planned(home.path(), "a.csv", &format!("id,email,auth\n1,a@example.com,local:{hash}\n"));
    assert!(found.starts_with("stop") && found.contains("`auth`") && !found.contains(hash), "{found}");
}

#[test]
fn what_stands_beside_a_key_says_how_it_was_made() {
    let home = tempfile::tempdir().expect("a folder");
    let key = "5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d88";
    for (header, cells, expected) in [
        ("password_hash,salt", format!("{key},ab12"), "unsupported-scheme salted-sha256"),
        ("password_hash,salt,iterations", format!("{key},ab12,1"), "unsupported-scheme salted-sha256"),
        ("password_hash,salt,iterations", format!("{key},ab12,5000"), "ambiguous-scheme "),
        ("password_hash,salt,algorithm", format!("{key},ab12,PBKDF2"), "unsupported-scheme pbkdf2"),
        ("password_hash,salt,algorithm", format!("{key},ab12,SHA256-x1000"), "unknown-scheme "),
        ("password_hash,algorithm", format!("{key},sha256"), "/users/sha"),
        ("password_hash,salt,algorithm,n,r,p", format!("{key},ab12,scrypt,1024,8,1"), "/users/scrypt"),
        ("password_hash,algorithm", format!("{},local", HASHES[0]), "/users/bcrypt"),
    ] {
        let csv = format!("id,email,{header}\n1,a@example.com,{cells}\n");
        std::fs::write(home.path().join("a.csv"), csv).expect("written");
        let plan = run(rehome().arg("plan").arg(home.path().join("a.csv")));
        let line = &plan.lines()[0];
        let text = |at: &str| line.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let found = match line.pointer("/create/path").and_then(Value::as_str) {
            Some(path) => path.to_owned(),
            None => format!("{} {}", text("/refused/code"), text("/refused/scheme")),
        };
        assert_eq!(found, expected, "{header}: {cells}");
    }
    let object = json!([{ "id": 1, "email": "a@example.com",
        "password": { "hash": key, "salt": "ab12", "iterations": 1000, "digest": "sha256" } }]);
    std::fs::write(home.path().join("a.json"), object.to_string()).expect("written");
    let plan = run(rehome().arg("plan").arg(home.path().join("a.json")));
    assert_eq!(plan.lines()[0]["refused"]["scheme"], "pbkdf2-sha256");
}

#[test]
fn tables_of_tokens_are_no_people() {
    let home = tempfile::tempdir().expect("a folder");
    for csv in [
        "session_id,email,token,expires_at\ns1,a@example.com,0123456789abcdef0123456789abcdef,2030-01-01\n".to_owned(),
        format!("email,token,created_at\na@example.com,{},2024-01-01\n", HASHES[0]),
        "booking_id,email,product,currency\n1,a@example.com,Tea,EUR\n".to_owned(),
    ] {
        let found = planned(home.path(), "a.csv", &csv);
        assert!(found.starts_with("stop"), "{csv}: {found}");
    }
}

/// The table that is named is the one that is read.
#[test]
fn the_screen_names_the_table_that_is_read() {
    let home = tempfile::tempdir().expect("a folder");
    let [one, two, _] = HASHES;
    let sql = format!(
        "-- MySQL dump 10.13  Distrib 8.0.33, for Linux (x86_64)\n\
         CREATE TABLE `admins` (`id` int, `email` varchar(99), `password` varchar(99));\n\
         INSERT INTO `admins` VALUES (1,'root@example.com','{one}');\n\
         CREATE TABLE `customers` (`id` int, `email` varchar(99), `password` varchar(99));\n\
         INSERT INTO `customers` VALUES (1,'a@example.com','{two}');\n\
         -- Dump completed on 2026-01-01  0:00:00\n"
    );
    std::fs::write(home.path().join("shop.sql"), sql).expect("written");
    let mut check = rehome();
    check.arg("check").arg(home.path().join("shop.sql")).arg("--run").arg(home.path().join("run"));
    let screen = run(&mut check).exits(0).stdout;
    assert!(screen.contains("table `customers`, with the members"), "{screen}");
    assert!(screen.contains("table `admins` looks as if it held people, too"), "{screen}");
}

#[test]
fn scripts_of_other_databases_are_read() {
    let home = tempfile::tempdir().expect("a folder");
    let [one, two, _] = HASHES;
    let sql_server = format!(
        "USE [Shop]\r\nGO\r\nSET ANSI_NULLS ON\r\nGO\r\nSET IDENTITY_INSERT [dbo].[Users] ON \r\n\r\n\
         INSERT [dbo].[Users] ([Id], [Email], [PasswordHash], [IsLocked], [Created]) VALUES (1, N'a@example.com', N'{one}', 0, \
         CAST(N'2020-01-01T00:00:00.000' AS DateTime))\r\n\
         INSERT [dbo].[Users] ([Id], [Email], [PasswordHash], [IsLocked], [Created]) VALUES (2, N'b@example.com', N'{two}', 1, \
         CAST(N'2020-01-01T00:00:00.000' AS DateTime))\r\nSET IDENTITY_INSERT [dbo].[Users] OFF\r\n"
    );
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(sql_server.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(home.path().join("utf16.sql"), utf16).expect("written");
    let plan = run(rehome().arg("plan").arg(home.path().join("utf16.sql"))).exits(0);
    assert_eq!(plan.lines().len(), 2, "{}", plan.stdout);
    assert_eq!(planned(home.path(), "server.sql", &sql_server), "bcrypt off");
    let oracle = format!(
        "REM INSERTING into APP.USERS\nSET DEFINE OFF;\n\
         Insert into APP.USERS (ID,EMAIL,PASSWORD_HASH,BANNED,CREATED,CHANGED) values (1,'a@example.com','{one}',0,\
         to_date('01-JAN-20','DD-MON-RR'),SYSDATE);\n\
         Insert into APP.USERS (ID,EMAIL,PASSWORD_HASH,BANNED,CREATED,CHANGED) values (2,'b@example.com','{two}',1,\
         DATE '2020-01-01',to_timestamp('01-JAN-20 01.02.03','DD-MON-RR HH24.MI.SS'));\n"
    );
    assert_eq!(planned(home.path(), "oracle.sql", &oracle), "bcrypt off");
}

#[test]
fn what_names_nobody_says_what_would() {
    let home = tempfile::tempdir().expect("a folder");
    let keyed = json!({ "users": { "k1": { "email": "a@example.com", "passwordHash": HASHES[0] } } });
    let said = planned(home.path(), "keyed.json", &keyed.to_string());
    assert!(said.contains("to_entries") && said.contains("keyed.json"), "{said}");
    for (shown, remedy) in [
        ("{\"_id\":ObjectId(\"65f0c0ffee65f0c0ffee65f1\"),\"email\":\"a@example.com\"}\n", "mongoexport"),
        ("[{'id': 1, 'email': 'a@example.com', 'active': True}]\n", "json.dumps"),
    ] {
        let said = planned(home.path(), "shown.json", shown);
        assert!(said.starts_with("stop") && said.contains(remedy), "{said}");
    }
    // Nobody types their address for a password, and nobody all do.
    let addresses = passwords(["u0@example.com", "u1@example.com", "u2@example.com"]);
    let said = planned(home.path(), "a.csv", &addresses);
    assert!(said.starts_with("stop") && said.contains("their users' addresses"), "{said}");
    let rows = format!("INSERT INTO `users` VALUES (1,'Ann','a@example.com',NULL,'{}','2020-01-01');\n", HASHES[0]);
    let said = planned(home.path(), "rows.sql", &rows);
    assert!(said.starts_with("stop") && said.contains("dump again without --no-create-info"), "{said}");
    assert!(!said.contains(HASHES[0]), "{said}");
}

#[test]
fn what_the_emulator_of_firebase_keeps_is_what_was_typed_or_imported() {
    let home = tempfile::tempdir().expect("a folder");
    let fake = "fakeHash:salt=fakeSaltAbc123:password=hunter22";
    std::fs::write(home.path().join("a.csv"), passwords([fake, fake, fake])).expect("written");
    let plan = run(rehome().args(["plan", "--reveal", "--plain-passwords"]).arg(home.path().join("a.csv"))).exits(0);
    assert_eq!(plan.lines()[0]["create"]["body"]["password"], "hunter22");
    let bcrypt = "JDJiJDA1JFlkQTE3T0Y0ZHBjWEdFRGpadk1DZC4wU29HS2NWU2FBMS4uQnB6elVQOEVJSlFVMXFXTFI2";
    let users = json!({ "users": [{ "localId": "a1", "email": "a@example.com", "passwordHash": bcrypt }] });
    assert_eq!(planned(home.path(), "emulator.json", &users.to_string()), "bcrypt");
}

#[test]
fn verifiers_digests_of_unknown_columns_and_numbers_of_one_shop_are_what_they_are() {
    let home = tempfile::tempdir().expect("a folder");
    let key = "5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d88";
    let csv = format!("id,email,salt,verifier\n1,a@example.com,{key},{key}\n");
    std::fs::write(home.path().join("a.csv"), csv).expect("written");
    let plan = run(rehome().arg("plan").arg(home.path().join("a.csv")));
    assert_eq!(plan.lines()[0]["refused"]["scheme"], "srp");
    // Where nothing is called a password, a digest may be one.
    let found = planned(home.path(), "a.csv", &format!("id,email,field7\n1,a@example.com,{key}\n"));
    assert!(found.starts_with("stop") && found.contains("`field7`") && !found.contains(key), "{found}");
    for csv in [
        format!("id,email,avatar_hash\n1,a@example.com,{key}\n"),
        format!("id,email,password,field7\n1,a@example.com,{},{key}\n", HASHES[0]),
    ] {
        assert!(!planned(home.path(), "a.csv", &csv).starts_with("stop"), "{csv}");
    }
    let [one, two, _] = HASHES;
    let opencart = format!(
        "customer_id,customer_group_id,store_id,firstname,email,password,salt,status,date_added\n\
         1,1,0,Ann,a@example.com,{one},,1,2024-01-01\n2,1,0,Bo,b@example.com,{two},,0,2024-01-01\n"
    );
    assert_eq!(planned(home.path(), "a.csv", &opencart), "bcrypt off");
}

/// A box that was not ticked is a no in many programs, and empty: nobody is let in for that, unless a no is written
/// otherwise, or there is no cell at all.
#[test]
fn an_empty_cell_beside_nothing_but_yes_lets_nobody_in() {
    let home = tempfile::tempdir().expect("a folder");
    for (column, yes) in [
        ("enabled", "on"),
        ("enabled", "1"),
        ("enabled", "true"),
        ("is_active", "t"),
        ("active", "Y"),
        ("approved", "yes"),
    ] {
        let found = planned(home.path(), "a.csv", &with(column, [yes, "", yes]));
        assert!(found.starts_with("stop") && found.contains(&format!("`{column}`")), "{column} {yes}: {found}");
        assert!(found.contains("default = false"), "{column} {yes}: {found}");
        assert_eq!(planned(home.path(), "a.csv", &with(column, [yes, yes, yes])), "bcrypt bcrypt bcrypt");
        assert_eq!(planned(home.path(), "a.csv", &with(column, ["", "", ""])), "bcrypt bcrypt bcrypt");
    }
    assert_eq!(planned(home.path(), "a.csv", &with("is_active", ["1", "", "0"])), "bcrypt bcrypt off");
    let dump = format!(
        "CREATE TABLE `user_auth` (`id` int, `email` varchar(40), `password` varchar(60), `enabled` char(3) NOT NULL DEFAULT 'on');\n\
         INSERT INTO `user_auth` VALUES (1,'a@example.com','{}','on'),(2,'b@example.com','{}','');\n",
        HASHES[0], HASHES[1]
    );
    let found = planned(home.path(), "a.sql", &dump);
    assert!(found.starts_with("stop") && found.contains("`enabled`"), "{found}");
    // Objects that lack a member say nothing with it.
    let users = json!([
        { "id": "1", "email": "a@example.com", "password": HASHES[0], "enabled": true },
        { "id": "2", "email": "b@example.com", "password": HASHES[1] },
    ]);
    assert_eq!(planned(home.path(), "a.json", &users.to_string()), "bcrypt bcrypt");
    // What is printed does what it says, and `map` takes it for a no.
    let (csv, map) = (home.path().join("a.csv"), home.path().join("map.toml"));
    std::fs::write(&csv, with("enabled", ["on", "", "on"])).expect("written");
    std::fs::write(
        &map,
        "source.from = \"generic\"\nuser.enabled = { from = \"enabled\", as = \"status\", default = false }\n",
    )
    .expect("written");
    let plan = run(rehome().arg("plan").arg(&csv).arg("--map").arg(&map)).exits(0);
    let off = |line: &Value| line["steps"].to_string().contains("\"status\":false");
    assert_eq!(plan.lines().iter().map(off).collect::<Vec<_>>(), [false, true, false]);
    let proposal = run(rehome().arg("map").arg(&csv)).exits(0).stdout;
    assert!(proposal.contains("default = false"), "{proposal}");
}

/// A sign before a hash makes no marker of it, and a marker is nobody's password.
#[test]
fn only_what_is_nothing_else_marks_that_there_is_no_password() {
    let home = tempfile::tempdir().expect("a folder");
    let salted = ["*9f2d01ac*38704e1d0c589352fc29f28db781bda5", "*kT3xQ9*{SSHA}9f8Xk2m1Qw7rT5yU3iO0pA6sD4gHjKlZ"];
    let named = [
        "!bcrypt!10!bxwaQm0oZkq9rD8sT7uV6wX5yZ4aB3cD2eF1gH0iJ9kL8mN7oP6qR",
        "!sha512!Zb3kQ9xW7c!9f8Xk2m1Qw7rT5yU3iO0pA6",
    ];
    for (cells, expected) in [
        ([salted[0], salted[1], "*"], "unsupported-scheme unsupported-scheme none"),
        ([named[0], named[1], "*NO-PASSWORD*"], "unsupported-scheme unsupported-scheme none"),
        ([HASHES[0], "!!", "*LK*"], "bcrypt none none"),
        // Whoever's hash is locked may not sign in.
        ([HASHES[0], "!$6$saltsalt$abcdefghijklmnop", "!zM8oKq0bX2cV4nB6mL8kJ0hG2fD4sA6pO8iU0yT2"], "bcrypt off none"),
        ([HASHES[0], "*LK*$5$saltsalt$abcdefghijklmnop", "x"], "bcrypt off none"),
    ] {
        for column in ["password", "password_hash"] {
            let csv = passwords(cells).replace("id,email,password", &format!("id,email,{column}"));
            assert_eq!(planned(home.path(), "a.csv", &csv), expected, "{column} {cells:?}");
        }
    }
    for cells in [
        [salted[0], "**Gr4ce, with a comma", salted[1]],
        [named[0], "Correct horse 9", "*NO-PASSWORD*"],
        ["*NO-PASSWORD*", "Correct horse 9", "!"],
    ] {
        let found = planned(home.path(), "a.csv", &passwords(cells));
        assert!(found.starts_with("stop") && found.contains("--plain-passwords"), "{cells:?}: {found}");
    }
    // Whoever insists makes no password of a marker either.
    std::fs::write(home.path().join("a.csv"), passwords(["*NO-PASSWORD*", "Correct horse 9", "!"])).expect("written");
    let plan = run(rehome().args(["plan", "--reveal", "--plain-passwords"]).arg(home.path().join("a.csv"))).exits(0);
    let sent: Vec<_> = plan.lines().iter().map(|line| line["create"]["body"]["password"].clone()).collect();
    assert_eq!(sent, [Value::Null, "Correct horse 9".into(), Value::Null]);
}

/// The line that is printed for a column, put into a mapping file as it stands, keeps out whom it should and lets nobody in
/// of whom nothing is known.
#[test]
fn the_line_that_is_printed_reads_the_column_as_it_has_to_be_read() {
    let home = tempfile::tempdir().expect("a folder");
    let (csv, map) = (home.path().join("a.csv"), home.path().join("map.toml"));
    for (column, values, expected) in [
        ("retired", ["0", "2", "0"], "bcrypt off bcrypt"),
        ("retired", ["0", "1", "0"], "bcrypt off bcrypt"),
        ("ban_reason", ["", "spam", ""], "bcrypt off bcrypt"),
        ("action_token", ["", "account-blocked", "reset-mail"], "bcrypt off invalid-value"),
    ] {
        let export = with(column, values);
        let found = planned(home.path(), "a.csv", &export);
        let line = found
            .split("(--map, [source] from = \"generic\" and [user] ")
            .nth(1)
            .and_then(|rest| rest.split("})").next());
        let line = line.unwrap_or_else(|| panic!("{column}: {found}"));
        std::fs::write(&map, format!("[source]\nfrom = \"generic\"\n[user]\n{line}}}\n")).expect("written");
        let plan = run(rehome().arg("plan").arg(&csv).arg("--map").arg(&map));
        let told = |line: &Value| match line.pointer("/refused/code") {
            Some(code) => code.as_str().unwrap_or_default().to_owned(),
            None if line["steps"].to_string().contains("\"status\":false") => "off".to_owned(),
            None => line["scheme"].as_str().unwrap_or_default().to_owned(),
        };
        assert_eq!(
            plan.lines().iter().map(told).collect::<Vec<_>>().join(" "),
            expected,
            "{column}: {line} {}",
            plan.stderr
        );
    }
}

/// Two files with a list of one name, of other things: people are not doubled, and none are left out.
#[test]
fn lists_of_one_name_are_one_only_where_their_rows_are_alike() {
    let home = tempfile::tempdir().expect("a folder");
    let file = |name: &str, users: Value| {
        let path = home.path().join(name);
        std::fs::write(&path, json!({ "version": 1, "data": { "users": users } }).to_string()).expect("written");
        path
    };
    let people = file(
        "auth.json",
        json!([{ "id": "u1", "name": "Ann", "is_active": true }, { "id": "u2", "name": "Bo", "is_active": false }]),
    );
    let logins = file(
        "provider.json",
        json!([{ "username": "ann", "password": HASHES[0] }, { "username": "bo", "password": HASHES[1] }]),
    );
    let said = run(rehome().arg("plan").args([&people, &logins])).exits(2).stderr;
    assert!(said.contains("without a member in common") && said.contains("--map"), "{said}");
    let part = |name: &str, id: usize| {
        file(name, json!([{ "id": id, "email": format!("u{id}@example.com"), "password": HASHES[id] }]))
    };
    let parts = run(rehome().arg("plan").args([part("one.json", 0), part("two.json", 1)])).exits(0);
    assert_eq!(parts.lines().len(), 2);
}

/// PostgreSQL fills `CHAR(80)` up with blanks, and others write a line feed: what is not read is a hash all the same.
#[test]
fn a_hash_with_blanks_about_it_is_not_passed_over() {
    let home = tempfile::tempdir().expect("a folder");
    for (at, (before, after)) in [("", " "), ("  ", ""), ("", "\n"), ("", "                    ")].iter().enumerate() {
        let cell = |hash: &str| format!("\"{before}{hash}{after}\"");
        let rows: Vec<String> =
            HASHES.iter().map(|hash| format!("{0},u{0}@example.com,{1}", hash.len(), cell(hash))).collect();
        let csv = format!("id,email,foo\n{}\n", rows.join("\n"));
        let answer = planned(home.path(), &format!("{at}.csv"), &csv);
        assert!(answer.starts_with("stop: ") && answer.contains("`foo`"), "{before:?} {after:?}: {answer}");
    }
}

/// A database's own number or random id is nothing that anybody types at a door: no way in through the bridge is promised by it.
#[test]
fn whoever_has_no_address_comes_through_the_bridge_by_a_name_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = "pbkdf2_sha256$1000$salt$qX7s0Wk3uF0bK3kZQm3S2gB1u0Y3nM1m0m1v2w3x4y4=";
    for (id, expected) in [
        ("7", "refused"),
        ("a28226f6-94d5-4c6e-9a53-1f0c5b1d2e3f", "refused"),
        ("5f2b9c0e1d3a4b5c6d7e8f90", "refused"),
        ("clh3x9k2p0000qzrm8f4t1abc", "refused"),
        ("bob", "bridged"),
        ("ann.lee", "bridged"),
    ] {
        let path = home.path().join("users.csv");
        std::fs::write(&path, format!("id,email,password_hash\n{id},,{hash}\n")).expect("written");
        let plan = run(rehome().args(["plan", "--unsupported", "bridge"]).arg(&path));
        let line = &plan.lines()[0];
        let said = if line["refused"].is_object() { "refused" } else { "bridged" };
        assert_eq!(said, expected, "{id}: {line}");
    }
}

/// People who stand in an object under their ids are no list, and beside a list they are not passed over without a word.
#[test]
fn people_in_an_object_beside_a_list_are_named() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.json");
    let person = |more: &str| format!("{{\"email\":\"ann@example.com\",\"pwhash\":\"{}\"{more}}}", HASHES[0]);
    for list in
        [format!("\"admins\":[{}]", person(",\"id\":1")), "\"indexes\":[{\"id\":1,\"email\":\"x@example.com\"}]".into()]
    {
        for whole in [
            format!("{{\"users\":{{\"ann\":{}}},{list}}}", person("")),
            format!("{{{list},\"users\":{{\"ann\":{}}}}}", person("")),
        ] {
            std::fs::write(&path, &whole).expect("written");
            let check = run(rehome().args(["check", "--format", "json"]).arg(&path));
            let said = check.stdout + &check.stderr;
            assert!(said.contains("`ann`") && said.contains("users may be missing"), "{whole}: {said}");
        }
    }
}

/// What programs write around rows and addresses costs nobody anything; what is no person is none.
#[test]
fn habits_of_other_programs_are_read_as_they_are_meant() {
    let home = tempfile::tempdir().expect("a folder");
    let [a, b, _] = HASHES;
    for (name, text, expected) in [
        ("ends.csv", format!("id;email;password;\n1;a@example.com;{a};\n2;b@example.com;{b};\n"), "bcrypt bcrypt"),
        ("mail.csv", format!("id,email,password\n1,Ann <a@example.com>,{a}\n2,\"\"\"B, Bo\"\" <b@example.com>\",{b}\n"), "bcrypt bcrypt"),
        (
            "columns.json",
            json!({ "majorDimension": "COLUMNS", "values": [["id", "1", "2"], ["email", "a@example.com", "b@example.com"], ["password", a, b]] })
                .to_string(),
            "bcrypt bcrypt",
        ),
    ] {
        assert_eq!(planned(home.path(), name, &text), expected, "{name}");
    }
    // Windows' PowerShell writes what the AWS CLI answers in UTF-16.
    let item = |id: &str, hash: &str| json!({ "id": { "S": id }, "email": { "S": format!("u{id}@example.com") }, "password": { "S": hash } });
    let page = json!({ "Items": [item("1", a), item("2", b)], "Count": 2 }).to_string();
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(page.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(home.path().join("wide.json"), wide).expect("written");
    let plan = run(rehome().arg("plan").arg(home.path().join("wide.json"))).exits(0);
    assert_eq!(plan.lines().len(), 2);
    let log = "ts,email,password,result,ip\n2024-01-01 10:00,a@example.com,hunter2!x,ok,10.0.0.1\n\
               2024-01-01 10:01,b@example.com,Secret9x,failed,10.0.0.2\n";
    let said = planned(home.path(), "log.csv", log);
    assert!(said.starts_with("stop"), "attempts to sign in are nobody: {said}");
    let rows = (0..60).map(|at| format!("{at},u{at}@example.com,{a}\n")).collect::<Vec<_>>().concat();
    std::fs::write(home.path().join("same.csv"), format!("id,email,password\n{rows}")).expect("written");
    let plan = run(rehome().arg("plan").arg(home.path().join("same.csv")));
    assert!(plan.stderr.contains("60 users or more have the very same hash"), "{}", plan.stderr);
    // A second table has the hashes of those who have none in the first.
    let users = format!(
        "CREATE TABLE users (id int, email text, password text);\nINSERT INTO users VALUES (1,'a@example.com','{a}'),(2,'b@example.com','');\n"
    );
    let with = |table: &str, whose: &str| {
        let sql = format!(
            "{users}CREATE TABLE {table} (user_id int, legacy_hash text);\nINSERT INTO {table} VALUES ({whose},'{b}');\n"
        );
        planned(home.path(), "dump.sql", &sql)
    };
    let said = with("legacy_login", "2");
    assert!(said.starts_with("stop") && said.contains("not everybody in table `users` has a password"), "{said}");
    assert_eq!(with("password_history", "2"), "bcrypt none");
    // People's own keys are nobody's business.
    let people = json!([{ "id": 1, "email": "a@example.com", "password": a, "groups": { "ann.secret@example.com": { "banned": true } } }]);
    let said = planned(home.path(), "people.json", &people.to_string());
    assert!(said.starts_with("stop") && said.contains("column `groups`") && !said.contains("ann.secret"), "{said}");
    // Who is refused for an address that somebody disabled has is told so.
    let path = home.path().join("twice.csv");
    std::fs::write(&path, format!("id,email,password,banned\n1,a@example.com,{a},1\n2,a@example.com,{b},0\n"))
        .expect("written");
    let plan = run(rehome().arg("plan").arg(&path));
    assert!(plan.stdout.contains("the same e-mail address as record 1, who may not sign in"), "{}", plan.stdout);
}

/// People are known by their address and kept out by their record, in whatever either is wrapped.
#[test]
fn whoever_is_kept_out_stays_so_in_whatever_it_is_wrapped() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    // CouchDB's documents, within the rows of an answer.
    let document = |name: &str, more: &str| {
        let (id, key) = (format!("org.couchdb.user:{name}"), "5ec02b91a4b59c6f59dd5fbe4ca649ece4fa8568");
        format!(
            r#"{{"id":"{id}","key":"{id}","value":{{"rev":"1"}},"doc":{{"_id":"{id}","name":"{name}","email":"{name}@example.com","roles":[],"type":"user"{more},"password_scheme":"pbkdf2","iterations":10,"derived_key":"{key}","salt":"abcd"}}}}"#
        )
    };
    let rows = [("ann", r#","banned":true"#), ("bob", r#","disabled":true"#), ("cy", "")]
        .map(|(name, more)| document(name, more));
    let path = home.path().join("all_docs.json");
    std::fs::write(&path, format!(r#"{{"total_rows":3,"offset":0,"rows":[{}]}}"#, rows.join(","))).expect("written");
    let plan = run(rehome().arg("plan").arg(&path).args(["--unsupported", "without-password"])).exits(0).lines();
    let is_off = |line: &Value| line["steps"].to_string().contains("\"status\":false");
    assert_eq!(plan.iter().map(is_off).collect::<Vec<_>>(), [true, true, false], "{plan:?}");
    // A list behind the users, longer than what is looked at first.
    let users = format!(
        r#""users":[{{"id":1,"email":"a@example.com","password":"{hash}"}},{{"id":2,"email":"b@example.com","password":"{hash}"}}]"#
    );
    let numbers = (2..2000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let found = planned(home.path(), "list.json", &format!(r#"{{{users},"bannedUserIds":[{numbers}]}}"#));
    assert!(found.starts_with("stop: "), "{found}");
    // An address as mail programs write it.
    let csv = format!("id,email,password\n1,Gone <deleted_2_b@example.com>,{hash}\n2,Ann <ann@example.com>,{hash}\n");
    assert_eq!(planned(home.path(), "boxes.csv", &csv), "off bcrypt");
    let one = format!(r#""users":[{{"id":1,"email":"Bad Man <bad@example.com>","password":"{hash}"}}]"#);
    let found = planned(
        home.path(),
        "barred.json",
        &format!(r#"{{{one},"banned_emails":[{{"id":7,"email":"bad@example.com"}}]}}"#),
    );
    assert!(found.starts_with("stop: "), "{found}");
    // A word beside `active` that nobody knows.
    for status in [r#"{"value":"active","name":"Under review"}"#, r#"{"state":"active","status":"on_review"}"#] {
        let export = format!(r#"[{{"id":1,"email":"a@example.com","password":"{hash}","status":{status}}}]"#);
        let found = planned(home.path(), "status.json", &export);
        assert!(!found.contains("bcrypt"), "{status}: {found}");
    }
    let export =
        format!(r#"[{{"id":1,"email":"a@example.com","password":"{hash}","status":{{"id":7,"name":"active"}}}}]"#);
    assert_eq!(planned(home.path(), "status.json", &export), "bcrypt");
    // Whoever has lost a password is in; what merely stands behind a number is not known.
    for (key, is_in) in [("1700000000:$P$Babcdefghijklmnopqrstuvwxyz0123", true), ("1700000000:deadbeefcafe", false)] {
        let found = planned(home.path(), "keys.csv", &with("activation_key", ["", key, ""]));
        assert_eq!(found == "bcrypt bcrypt bcrypt", is_in, "{key}: {found}");
    }
    // People who have members are no page of them.
    let owner = |n: u8| {
        format!(
            r#"{{"customer_no":"{n}","phone":"+491511234567{n}","password_hash":"{hash}","members":[{{"email":"kid{n}@example.com"}}]}}"#
        )
    };
    let found = planned(home.path(), "owners.json", &format!("[{},{}]", owner(1), owner(2)));
    assert_eq!(found, "none none", "their numbers, and no children");
}
