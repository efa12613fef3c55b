//! Whoever is kept out by an address in a list, an entry in a log, a role of their system, or a column of a table that is joined for
//! something else: read, or said before anything is sent, with lines of a mapping that do what they say.

use std::fmt::Write as _;

use serde_json::json;

use crate::kept_out::{HASHES, people, planned, table, told};

#[test]
fn whose_address_is_in_a_list_of_barred_ones_is_kept_out() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    let users = people("note", [""; 3]);
    for (name, column, address) in [
        ("banned_emails", "email", "U1@Example.com "),
        ("blocked_addresses", "address", "u1@example.com"),
        ("email_blacklist", "mail", "u1@example.com"),
        ("gesperrte_emails", "adresse", "u1@example.com"),
    ] {
        let columns = format!("{column},reason");
        std::fs::write(&path, format!("{users}{}", table(name, &columns, &format!("('{address}','spam')"))))
            .expect("written");
        let said = planned(&[&path], None);
        assert!(said.starts_with("stop") && said.contains("of 1 user"), "{said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
        // Nobody is found there.
        std::fs::write(&path, format!("{users}{}", table(name, &columns, "('else@example.com','spam')")))
            .expect("written");
        assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt", "{name}");
    }
    for (name, value) in
        [("blocked_ip_addresses", "10.0.0.1"), ("banned_email_domains", "example.com"), ("addresses", "u1@example.com")]
    {
        std::fs::write(&path, format!("{users}{}", table(name, "address", &format!("('{value}')")))).expect("written");
        assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt", "{name}");
    }
}

/// Where the users' own table says nothing, what was done to one is all there is.
#[test]
fn a_log_that_tells_of_a_ban_is_asked_about() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    let logged = |with: &str, values: [&str; 3], name: &str, event: &str| {
        let log = table(
            name,
            "id,user_id,action,at",
            &format!("('1','1','login','2024-01-01'),('2','2','{event}','2024-01-01')"),
        );
        std::fs::write(&path, format!("{}{log}", people(with, values))).expect("written");
        planned(&[&path], None)
    };
    for (name, event) in [
        ("audit_log", "user_banned"),
        ("events", "account.suspended"),
        ("activity_log", "USER_BLOCKED"),
        ("protokoll", "Benutzer gesperrt"),
    ] {
        let said = logged("note", [""; 3], name, event);
        assert!(said.starts_with("stop") && said.contains("a later one lets them back"), "{said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
        assert_eq!(logged("banned", ["0"; 3], name, event), "bcrypt bcrypt bcrypt", "{name}");
    }
    for event in ["login_blocked_by_rule", "password_changed", "user_unbanned", "comment_blocked", "email_banned"] {
        assert_eq!(logged("note", [""; 3], "audit_log", event), "bcrypt bcrypt bcrypt", "{event}");
    }
}

/// A column that nobody reads, of a table that is joined for something else.
#[test]
fn a_joined_table_of_people_keeps_out_as_their_own_does() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    let mut wasp = String::from("CREATE TABLE \"Auth\" (\"id\" text, \"userId\" int);\n");
    let _ = writeln!(
        wasp,
        "CREATE TABLE \"AuthIdentity\" (\"providerName\" text, \"providerUserId\" text, \"providerData\" text, \"authId\" text);"
    );
    let _ = writeln!(wasp, "CREATE TABLE \"User\" (\"id\" int, \"isAdmin\" boolean, \"isBanned\" boolean);");
    for (at, hash) in HASHES.iter().enumerate() {
        let _ = writeln!(wasp, "INSERT INTO \"Auth\" VALUES ('a{at}', {at});");
        let data = format!("{{\"hashedPassword\":\"{hash}\",\"isEmailVerified\":true}}");
        let _ =
            writeln!(wasp, "INSERT INTO \"AuthIdentity\" VALUES ('email', 'u{at}@example.com', '{data}', 'a{at}');");
        let _ = writeln!(wasp, "INSERT INTO \"User\" VALUES ({at}, {}, {});", at == 0, at == 1);
    }
    std::fs::write(&path, &wasp).expect("written");
    let said = planned(&[&path], None);
    assert!(said.starts_with("stop") && said.contains("`User` says in `isBanned` of 1 row"), "{said}");
    assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
    std::fs::write(&path, wasp.replace(", true);\nINSERT INTO \"Auth\" ", ", false);\nINSERT INTO \"Auth\" "))
        .expect("written");
    assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt");
    // One that a mapping joins is read by its own name.
    let profiles = table("profiles", "user_id,city,is_blocked", "('1','Bonn','0'),('2','Kiel','1'),('3','Ulm','0')");
    std::fs::write(&path, format!("{}{profiles}", people("note", [""; 3]))).expect("written");
    let map = "[source]\ntable = \"members\"\n[user]\nid = \"id\"\nemail = \"email\"\nprefs = [\"p.city\"]\n[password]\nhash = \"password\"\n\
               [join.p]\ntable = \"profiles\"\nkey = \"user_id\"\nof = \"id\"\n";
    let said = planned(&[&path], Some(map));
    assert!(said.starts_with("stop") && said.contains("from = \"p.is_blocked\""), "{said}");
    let read = map.replace("prefs", "enabled = { from = \"p.is_blocked\", as = \"not\" }\nprefs");
    assert_eq!(planned(&[&path], Some(&read)), "bcrypt off bcrypt");
}

/// What a system calls a role of theirs.
#[test]
fn a_role_of_a_system_keeps_out_by_its_name() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    let mut users =
        String::from("CREATE TABLE users (id int, name text, email text, password text, remember_token text);\n");
    for (at, hash) in HASHES.iter().enumerate() {
        let _ = writeln!(users, "INSERT INTO users VALUES ({}, 'Ann', 'u{at}@example.com', '{hash}', NULL);", at + 1);
    }
    let given = table(
        "model_has_roles",
        "role_id,model_type,model_id",
        "('1','App\\Models\\User','1'),('2','App\\Models\\User','2')",
    );
    for (role, expected) in [
        ("banned", "bcrypt off bcrypt"),
        ("Gesperrte Kunden", "bcrypt off bcrypt"),
        ("ROLE_SUSPENDED", "bcrypt off bcrypt"),
        ("editor", "bcrypt bcrypt bcrypt"),
        ("banned-words-editor", "bcrypt bcrypt bcrypt"),
        ("ban users", "bcrypt bcrypt bcrypt"),
    ] {
        let roles = table("roles", "id,name,guard_name", &format!("('1','user','web'),('2','{role}','web')"));
        std::fs::write(&path, format!("{users}{roles}{given}")).expect("written");
        assert_eq!(planned(&[&path], None), expected, "{role}");
    }
    // Of tables that are no system's the same is asked.
    let users = people("note", [""; 3]);
    let roles = table("roles", "id,name,guard_name", "('1','user','web'),('2','banned','web')");
    std::fs::write(&path, format!("{users}{roles}{given}")).expect("written");
    let said = planned(&[&path], None);
    assert!(said.starts_with("stop") && said.contains("`role_id`"), "{said}");
}

/// A list beside the users, a file that is called so and no more, a table in words of its own.
#[test]
fn what_is_called_after_the_barred_is_no_matter_of_course() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let users: Vec<_> = (1..4)
        .map(|at| json!({ "id": at, "email": format!("u{at}@example.com"), "password_hash": HASHES[at - 1] }))
        .collect();
    let beside = json!({ "total": 3, "users": users, "bannedUserIds": [2] }).to_string();
    let path = write("users.json", &beside);
    let said = planned(&[&path], None);
    assert!(said.starts_with("stop") && said.contains("\"bannedUserIds\" beside the users"), "{said}");
    for harmless in [
        beside.replace("[2]", "[]"),
        beside.replace("bannedUserIds", "blockedDomains"),
        beside.replace("bannedUserIds", "scopes"),
    ] {
        assert_eq!(planned(&[&write("users.json", &harmless)], None), "bcrypt bcrypt bcrypt", "{harmless}");
    }
    let row = |at: usize| format!("{at},u{at}@example.com,{}\n", HASHES[at]);
    let head = "id,email,password_hash\n";
    let active = write("active.csv", &format!("{head}{}{}", row(0), row(2)));
    for name in ["deactivated.csv", "banned.csv", "export-gesperrt-2024.csv", "former.csv"] {
        let out = write(name, &format!("{head}{}", row(1)));
        let said = planned(&[&active, &out], None);
        assert!(said.starts_with("stop") && said.contains("named after people who are kept out"), "{name}: {said}");
    }
    assert_eq!(
        planned(&[&active, &write("archive-2024.csv", &format!("{head}{}", row(1)))], None),
        "bcrypt bcrypt bcrypt"
    );
    let users = write("users.csv", &format!("{head}{}{}{}", row(0), row(1), row(2)));
    let said = planned(&[&users, &write("blocked.txt", "2\n")], None);
    assert!(said.starts_with("stop") && said.contains("blocked.txt is a list"), "{said}");
    for (name, columns, rows) in [
        ("ausgeschlossene_mitglieder", "mitglied,grund", "('2','Betrug')"),
        ("members_on_hold", "member_id,since", "('2','2024-01-01')"),
        ("account_closures", "user_id,closed_at,reason", "('2','2024-01-01','asked')"),
        ("deletion_requests", "user_id,requested_at,completed_at", "('2','2024-01-01','2024-01-03')"),
        ("moderation_cases", "user_id,verdict,expires", "('2','permanent_ban','')"),
        ("strikes", "user_id,kind", "('2','ban')"),
    ] {
        let path = write("dump.sql", &format!("{}{}", people("note", [""; 3]), table(name, columns, rows)));
        let said = planned(&[&path], None);
        assert!(said.starts_with("stop") && said.contains(name), "{name}: {said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
    }
    for (name, columns, rows) in [
        ("user_devices", "user_id,device,blocked", "('2','x','1')"),
        ("friend_blocks", "user_id,blocked_user_id", "('2','3')"),
        ("sessions", "user_id,revoked,expires", "('2','1','2020-01-01')"),
        ("subscriptions", "user_id,status", "('2','cancelled')"),
        ("comments", "id,user_id,is_spam", "('1','2','1')"),
    ] {
        let path = write("dump.sql", &format!("{}{}", people("note", [""; 3]), table(name, columns, rows)));
        assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt", "{name}");
    }
}

/// Ends of contracts, ranges of days, long lists, and states in scripts without blanks: kept out, or asked about.
#[test]
fn a_column_that_keeps_out_does_so_in_whatever_form() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("people.csv");
    let with = |column: &str, [others, theirs]: [&str; 2]| {
        let row = |at: usize| {
            let cell = if at == 1 { theirs } else { others };
            format!("{at},u{at}@example.com,{},\"{}\"\n", HASHES[at], cell.replace('"', "\"\""))
        };
        let rows: String = (0..3).map(row).collect();
        std::fs::write(&path, format!("id,email,password,{column}\n{rows}")).expect("written");
        planned(&[&path], None)
    };
    let many = (0..900).map(|n| format!("role{n},")).collect::<Vec<_>>().concat();
    for (column, cells) in [
        ("fin_contrat", ["2099-12-31", "2020-12-31"]),
        ("vertragsende", ["", "31.12.2020"]),
        ("data_cessazione", ["", "31/12/2020"]),
        ("fecha_fin_acceso", ["", "2020-01-01"]),
        ("resign_date", ["", "2020-01-01"]),
        ("death_date", ["", "2021-01-01"]),
        ("off_boarded_at", ["", "2021-01-01"]),
        ("valid", ["2020-01-01..2099-01-01", "2020-01-01..2021-01-01"]),
        ("valid_period", ["[2020-01-01,)", "[2020-01-01,2021-01-01)"]),
        ("membership", ["[2020-01-01,2099-01-01)", "[2020-01-01,2021-01-01)"]),
        ("roles", ["user", "{banned,org:42}"]),
        ("roles", ["user", "{\"banned\",\"org:42\"}"]),
        ("roles", ["user", &format!("{many}banned")]),
        ("roles", ["user", &many.repeat(20)]),
        ("会員状態", ["有効", "退会済み"]),
        ("账号状态", ["正常", "已封禁"]),
        ("회원상태", ["정상", "이용정지"]),
        ("status_akun", ["aktif", "dibekukan"]),
        ("статусі", ["белсенді", "бұғатталған"]),
    ] {
        let said = with(column, cells);
        assert!(
            said == "bcrypt off bcrypt" || said.starts_with("stop") && said.contains(column),
            "{column} {cells:?}: {said}"
        );
    }
    for (column, cells) in [
        ("trial_ends_at", ["2099-01-01", "2020-01-01"]),
        ("password_expires_at", ["2099-01-01", "2020-01-01"]),
        ("session_end", ["", "2020-01-01"]),
        ("end", ["", "left"]),
        ("roles", ["user", "{admin,org:42}"]),
        ("price_range", ["[1,5)", "[2,9)"]),
        ("lock_version", ["0", "3"]),
        ("status_message", ["hi", "blocked in traffic"]),
        ("marital_status", ["single", "divorced"]),
    ] {
        assert_eq!(with(column, cells), "bcrypt bcrypt bcrypt", "{column} {cells:?}");
    }
}
