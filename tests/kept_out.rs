//! Whoever is kept out by what stands in another table, in the name of a group, of a sheet or of a file, or in a later statement:
//! read, or said before anything is sent, with lines of a mapping that do what they say.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{fixture, rehome, run};

/// bcrypt of `Correct-Horse-9`, cost 5.
pub(crate) const HASHES: [&str; 3] = [
    "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
    "$2b$05$eRN7Sb4mwoIBvfaZiUrp8.3josgiCQ9HUfJNPRl90zGYmewhwxcMe",
    "$2b$05$ZJYi8Hwlaw9SO3GgHfYOFuLj66pZeti1fjV5jLwXphljvki6V7chO",
];

/// What is planned for each (`bcrypt`, `off`, the code of a refusal), or why nothing is.
pub(crate) fn planned(paths: &[&Path], map: Option<&str>) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = rehome();
    command.arg("plan").args(paths);
    if let Some(map) = map {
        std::fs::write(home.path().join("map.toml"), map).expect("written");
        command.arg("--map").arg(home.path().join("map.toml"));
    }
    let plan = run(&mut command);
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

/// What is warned of with a mapping.
fn warned(path: &Path, map: &str) -> String {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("map.toml"), map).expect("written");
    run(rehome().arg("plan").arg(path).arg("--map").arg(home.path().join("map.toml"))).stderr
}

/// The lines of the mapping that a message tells, as a file.
pub(crate) fn told(said: &str) -> String {
    let lines = said.split("(--map, ").nth(1).unwrap_or_else(|| panic!("{said}"));
    let lines = lines.split("), --ignore").next().unwrap_or_default();
    // Sections follow each other with `and`; keys within one with a comma.
    let mut map = String::new();
    for section in lines.split(" and [").map(|section| section.trim_start_matches('[')) {
        let (name, rest) = section.split_once("] ").unwrap_or_else(|| panic!("{section}"));
        let rest = rest
            .trim_end_matches(';')
            .replace("\", key", "\"\nkey")
            .replace("\", of", "\"\nof")
            .replace("\", only", "\"\nonly");
        let _ = writeln!(map, "[{name}]\n{rest}");
    }
    map
}

pub(crate) fn people(with: &str, values: [&str; 3]) -> String {
    let rows: Vec<_> =
        (0..3).map(|at| format!("({},'u{at}@example.com','{}','{}')", at + 1, HASHES[at], values[at])).collect();
    format!(
        "CREATE TABLE members (id int, email varchar(99), password varchar(99), {with} varchar(9));\nINSERT INTO members VALUES {};\n",
        rows.join(",")
    )
}

pub(crate) fn table(name: &str, columns: &str, rows: &str) -> String {
    let columns: Vec<_> = columns.split(',').map(|column| format!("{column} varchar(99)")).collect();
    format!("CREATE TABLE {name} ({});\nINSERT INTO {name} VALUES {rows};\n", columns.join(", "))
}

#[test]
fn what_another_table_says_stops_and_is_read_by_the_lines_that_are_printed() {
    let home = tempfile::tempdir().expect("a folder");
    let dump = home.path().join("dump.sql");
    let plain = people("note", ["", "", ""]);
    for (own, other) in [
        // Groups by their names.
        (people("usergroup", ["2", "7", "2"]), table("usergroups", "gid,title", "('2','Members'),('7','Banned')")),
        (people("group_id", ["2", "7", "2"]), table("app_groups", "id,name", "('2','Users'),('7','Banned users')")),
        (people("role_id", ["2", "7", "2"]), table("roles", "id,name", "('2','user'),('7','suspended')")),
        (people("status_id", ["2", "7", "2"]), table("status", "id,bezeichnung", "('2','aktiv'),('7','gesperrt')")),
        (people("rang", ["2", "7", "2"]), table("rang", "id,name", "('2','Mitglied'),('7','Gesperrte')")),
        (
            plain.clone(),
            table("member_groups", "member_id,group_id", "('1','2'),('2','7')")
                + &table("groups", "id,name", "('2','Members'),('7','Banned')"),
        ),
        // Attributes.
        (plain.clone(), table("user_meta", "user_id,meta_key,meta_value", "('1','lang','en'),('2','banned','1')")),
        (
            plain.clone(),
            table("user_attributes", "user_id,name,value", "('1','status','active'),('2','status','blocked')"),
        ),
        (
            plain.clone(),
            table("member_settings", "member_id,setting,value", "('1','is_active','1'),('2','is_active','0')"),
        ),
        // A row a user.
        (plain.clone(), table("profiles", "user_id,nick,banned", "('1','a','0'),('2','b','1')")),
        (
            plain.clone(),
            table("profiles", "user_id,avatar_id,country_id,banned", "('1','3','4','0'),('2','3','4','1')"),
        ),
        (plain.clone(), table("profiles", "user_id,name,data,banned", "('1','a','','0'),('2','b','','1')")),
        // Of nobody the users' own table says it.
        (people("locked", ["0", "0", "0"]), table("bans", "id,user_id,reason", "('9','2','spam')")),
        (plain.clone(), table("user_status", "user_id,status", "('1','active'),('2','suspended')")),
        (plain.clone(), table("user_flags", "user_id,flag", "('2','banned')")),
        // Of several rows of a user every one counts, whichever comes first.
        (
            plain.clone(),
            table("user_flags", "user_id,flag", "('1','newsletter'),('2','newsletter'),('2','banned'),('3','vip')"),
        ),
        (
            plain.clone(),
            table("user_profile", "user_id,status", "('1','active'),('2','active'),('2','suspended'),('3','active')"),
        ),
        (
            plain.clone(),
            table("member_grp", "member_id,grp_id", "('1','1'),('2','1'),('2','2'),('3','3')")
                + &table("grp", "id,title", "('1','Kunden'),('2','Gesperrte Kunden'),('3','Admin')"),
        ),
        (plain.clone(), table("access", "user_id,active,since", "('1','1',''),('2','1',''),('2','0',''),('3','1','')")),
        (plain.clone(), table("access", "person_id,gesperrt", "('1','0'),('2','1')")),
        (plain.clone(), table("user_settings", "user_id,enabled,theme", "('1','1','dark'),('2','0','dark')")),
        // A ban that is over is none.
        (plain.clone(), table("blocks", "id,user_id,status", "('1','2','active'),('2','3','lifted')")),
        (plain.clone(), table("user_bans", "id,user_id,active,reason", "('1','2','1','spam'),('2','3','0','old')")),
        (
            plain.clone(),
            table("suspensions", "id,user_id,reason,lifted_at", "('1','2','spam',''),('2','3','spam','2020-02-01')"),
        ),
        // Groups whose members may not sign in, whatever they are called.
        (
            people("group_id", ["1", "4", "1"]),
            table("account_groups", "id,name,can_login", "('1','Customers','1'),('4','Former staff','0')"),
        ),
        (
            people("role_id", ["1", "2", "1"]),
            table("roles", "id,name,active", "('1','customer','1'),('2','dealer','0')"),
        ),
        (
            people("company_id", ["1", "2", "1"]),
            table("companies", "id,name,login_disabled", "('1','Acme','0'),('2','Gone Ltd','1')"),
        ),
        (plain.clone(), table("moderation_actions", "user_id,action", "('2','ban')")),
        // By the table's own name.
        (plain.clone(), table("sperrliste", "benutzer_id,grund", "('2','spam')")),
        (plain.clone(), table("user_sanctions", "user_id,type", "('2','ban')")),
        (plain.clone(), table("account_locks", "user_id,locked_at", "('2','2024-01-01')")),
        (plain.clone(), table("blacklist", "email", "('u1@example.com')")),
    ] {
        std::fs::write(&dump, format!("{own}{other}")).expect("written");
        let said = planned(&[&dump], None);
        assert!(said.starts_with("stop"), "{other}: {said}");
        let map = told(&said);
        assert_eq!(planned(&[&dump], Some(&map)), "bcrypt off bcrypt", "{other}\n{map}\n{said}");
        assert!(!warned(&dump, &map).contains("never occurs"), "{other}\n{map}");
    }
}

#[test]
fn what_says_nothing_of_the_account_stops_nobody() {
    let home = tempfile::tempdir().expect("a folder");
    let dump = home.path().join("dump.sql");
    let plain = people("note", ["", "", ""]);
    for (own, other) in [
        (people("group_id", ["2", "7", "2"]), table("groups", "id,name", "('2','Members'),('7','VIP'),('9','Banned')")),
        (plain.clone(), table("orders", "id,user_id,status", "('1','2','cancelled'),('2','2','closed')")),
        (plain.clone(), table("team_members", "user_id,team_id,status", "('2','4','suspended')")),
        (plain.clone(), table("user_devices", "user_id,device_id,blocked", "('2','4','1')")),
        (plain.clone(), table("api_keys", "user_id,is_active", "('2','0')")),
        (plain.clone(), table("user_roles", "user_id,role,active", "('2','editor','0')")),
        (plain.clone(), table("user_settings", "user_id,name,value", "('2','newsletter','0')")),
        (plain.clone(), table("access", "user_id,module,active", "('2','shop','0')")),
        (plain.clone(), table("blocks", "id,user_id,title,body,status", "('1','2','a','b','active')")),
        (people("company_id", ["1", "2", "1"]), table("companies", "id,name,active", "('1','Acme','1'),('2','B','0')")),
        (plain.clone(), table("accounts", "user_id,balance,status", "('2','4.50','closed')")),
        (
            people("locked", ["0", "1", "0"]).replace("'1')", "'0')"),
            table("notes", "id,user_id,text", "('9','2','spam')"),
        ),
        (plain.clone(), table("user_badges", "user_id,badge_id,blocked", "('2','4','1')")),
        (plain.clone(), table("user_blocks", "user_id,blocked_user_id", "('2','1')")),
    ] {
        std::fs::write(&dump, format!("{own}{other}")).expect("written");
        assert_eq!(planned(&[&dump], None), "bcrypt bcrypt bcrypt", "{other}");
    }
}

/// A ban that lasts for ever is one, however that is written; one that is over is none. So it is in rows that a mapping chooses.
#[test]
fn the_end_of_a_ban_is_read_as_what_it_is() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.csv");
    for (until, fate) in [
        ("9999-12-31", "off"),
        ("9999-12-31 23:59:59", "off"),
        ("9999-12-31T23:59:59.999Z", "off"),
        ("31.12.9999", "off"),
        ("253402300799", "off"),
        ("infinity", "off"),
        ("2020-01-01", "bcrypt"),
        ("", "bcrypt"),
    ] {
        std::fs::write(&file, format!("id,email,password,banned_until\n1,a@example.com,{},{until}\n", HASHES[0]))
            .expect("written");
        assert_eq!(planned(&[&file], None), fate, "{until}");
    }
    let dump = home.path().join("dump.sql");
    let bans = "('1','2020-01-01'),('2','2999-01-01'),('3','9999-12-31')";
    std::fs::write(&dump, people("note", ["", "", ""]) + &table("bans", "user_id,expires_at", bans)).expect("written");
    let of = |of: &str, only: &str| {
        format!(
            "[user]\nid = \"id\"\nemail = \"email\"\nenabled = {{ from = \"bans.user_id\", as = \"empty\" }}\n[password]\nhash = \"password\"\n\
             [join.bans]\ntable = \"bans\"\nkey = \"user_id\"\nof = \"{of}\"\nonly = [\"expires_at {only} now\"]\n"
        )
    };
    assert_eq!(planned(&[&dump], Some(&of("id", ">"))), "bcrypt off off");
    assert_eq!(planned(&[&dump], Some(&of("id", "<"))), "off bcrypt bcrypt");
    // Rows that are found by a column that is not there would be nobody's.
    let said = planned(&[&dump], Some(&of("ident", ">")));
    assert!(said.contains("the column `ident`, which the export does not have"), "{said}");
}

#[test]
fn so_it_is_with_lists_files_and_sheets() {
    let home = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let users: Vec<_> = (0..3)
        .map(|at| json!({ "id": at.to_string(), "email": format!("u{at}@example.com"), "password": HASHES[at], "roleId": (if at == 1 { "r7" } else { "r2" }) }))
        .collect();
    let roles = json!([{ "id": "r2", "name": "member" }, { "id": "r7", "name": "banned" }]);
    let export = file("a.json", &json!({ "users": users, "roles": roles }).to_string());
    let said = planned(&[&export], None);
    assert_eq!(planned(&[&export], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
    let row = |at: usize| format!("{at},u{at}@example.com,{},{}\n", HASHES[at], ["2", "7", "2"][at]);
    let rows: Vec<String> = (0..3).map(row).collect();
    let members = file("members.csv", &format!("id,email,password,rank_id\n{}", rows.concat()));
    let ranks = file("ranks.csv", "id,title\n2,Member\n7,Banned\n");
    let said = planned(&[&members, &ranks], None);
    assert_eq!(planned(&[&members, &ranks], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
    // People of whom the name of their file says it.
    let out = file("banned_users.csv", &format!("id,email,password\n9,z@example.com,{}\n", HASHES[0]));
    let others = file("users.csv", &format!("id,email,password\n1,a@example.com,{}\n", HASHES[1]));
    let said = planned(&[&others, &out], None);
    assert!(said.starts_with("stop") && said.contains("named after people who are kept out"), "{said}");
    assert_eq!(planned(&[&out], Some("[source]\nfrom = \"generic\"\n[user]\nenabled = false\n")), "off");
    // A workbook's sheets are tables, but for notes and what is hidden.
    let sheets = fixture("converted/sheets.xlsx");
    let said = planned(&[&sheets], None);
    assert!(said.starts_with("stop") && said.contains("`banned`"), "{said}");
    assert_eq!(planned(&[&sheets], Some(&told(&said))), "bcrypt off", "{said}");
    let chosen = run(rehome().arg("plan").arg(&sheets).args(["--table", "people", "--ignore", "banned"])).exits(0);
    assert_eq!(chosen.lines().len(), 2);
    for said in ["sheets `people`, `banned` are read as tables", "hidden sheets are not read: `old`"] {
        assert!(chosen.stderr.contains(said), "{}", chosen.stderr);
    }
}

/// Only a database can do what a statement does to rows that stand before it.
#[test]
fn a_dump_that_changes_what_it_wrote_stops() {
    let home = tempfile::tempdir().expect("a folder");
    let dump = home.path().join("dump.sql");
    let rows = |banned: usize| {
        let rows =
            (0..3).map(|at| format!("({at},'u{at}@example.com','{}',{})", HASHES[at], usize::from(at == banned)));
        format!("INSERT INTO users (id,email,password,banned) VALUES {};\n", rows.collect::<Vec<_>>().join(","))
    };
    let create = "CREATE TABLE users (id int, email varchar(99), password varchar(99), banned int);\n";
    let one = format!("users (id,email,password,banned) VALUES (1,'u1@example.com','{}',1)", HASHES[1]);
    for (later, found) in [
        ("UPDATE users SET banned = 1 WHERE id = 1;\n".to_owned(), "UPDATE"),
        ("UPDATE ONLY \"public\".\"users\" SET banned = 1;\n".to_owned(), "UPDATE"),
        ("DELETE FROM users WHERE id = 1;\n".to_owned(), "DELETE"),
        (format!("TRUNCATE TABLE users;\n{}", rows(1)), "TRUNCATE"),
        (format!("DROP TABLE IF EXISTS `users`;\n{create}{}", rows(1)), "DROP TABLE"),
        (format!("ALTER TABLE users RENAME TO users_old;\n{create}{}", rows(1)), "RENAME"),
        (format!("REPLACE INTO {one};\n"), "records 2 and 4"),
        (format!("INSERT INTO {one} ON DUPLICATE KEY UPDATE banned = 1;\n"), "records 2 and 4"),
        (format!("INSERT INTO {one} ON CONFLICT (id) DO UPDATE SET banned = 1;\n"), "records 2 and 4"),
    ] {
        std::fs::write(&dump, format!("{create}{}{later}", rows(9))).expect("written");
        let said = planned(&[&dump], None);
        assert!(said.starts_with("stop") && said.contains(found), "{later}: {said}");
    }
    // What dumps begin with, and statements on other tables, change nothing.
    let usual = format!(
        "DROP TABLE IF EXISTS users;\n{create}DELETE FROM users;\n{}DELETE FROM sqlite_sequence;\nUPDATE settings SET a = 1;\n\
         ALTER TABLE users ADD PRIMARY KEY (id);\n",
        rows(9)
    );
    std::fs::write(&dump, usual).expect("written");
    assert_eq!(planned(&[&dump], None), "bcrypt bcrypt bcrypt");
    std::fs::write(&dump, format!("BEGIN TRANSACTION;\n{create}{}ROLLBACK; -- due to errors\n", rows(9)))
        .expect("written");
    let said = run(rehome().arg("plan").arg(&dump)).exits(3).stderr;
    assert!(said.contains("ROLLBACK"), "{said}");
}

#[test]
fn of_two_columns_of_one_name_nobody_guesses_which_is_in_force() {
    let home = tempfile::tempdir().expect("a folder");
    let csv = home.path().join("a.csv");
    for column in ["banned", "password", "status"] {
        std::fs::write(
            &csv,
            format!("id,email,password_hash,{column},name,{column}\n1,a@example.com,{},0,Ann,1\n", HASHES[0]),
        )
        .expect("written");
        let said = planned(&[&csv], None);
        assert!(said.starts_with("stop") && said.contains(&format!("two columns called \"{column}\"")), "{said}");
    }
    std::fs::write(&csv, format!("id,email,password,name,name\n1,a@example.com,{},Ann,Bo\n", HASHES[0]))
        .expect("written");
    assert_eq!(planned(&[&csv], None), "bcrypt");
}

/// A mapping has the last word on what it names; what it does not name is looked at as ever.
#[test]
fn a_mapping_that_says_who_is_enabled_silences_what_it_names_and_nothing_else() {
    let home = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let rows = |column: &str, cell: &str| {
        let row = |at: usize| format!("{at},u{at}@example.com,{},1,{}\n", HASHES[at], if at == 1 { cell } else { "" });
        format!("id,email,password,active,{column}\n{}", (0..3).map(row).collect::<String>())
    };
    let map = |user: &str| format!("[user]\nid = \"id\"\nemail = \"email\"\n{user}\n[password]\nhash = \"password\"\n");
    let active = "enabled = { from = \"active\" }";
    for (column, cell, fate) in [
        ("banned", "1", "bcrypt off bcrypt"),
        ("ban_reason", "spam", "stop"),
        ("meta", r#""{""banned"":true}""#, "stop"),
    ] {
        let export = file("users.csv", &rows(column, cell));
        let said = planned(&[&export], Some(&map(active)));
        assert!(said.starts_with(fate), "{column}: {said}");
        let said = planned(&[&export], Some(&map("enabled = true")));
        assert!(said.starts_with(fate), "{column}: {said}");
        for named in [
            "prefs = { from = [\"it\"] }",
            "labels = { from = \"it\" }",
            "enabled = [{ from = \"active\" }, { from = \"it\", as = \"nonempty\", default = true }]",
        ] {
            let named = if named.starts_with("enabled") { named.to_owned() } else { format!("{active}\n{named}") };
            let said = planned(&[&export], Some(&map(&named.replace("it", column))));
            assert_eq!(said, "bcrypt bcrypt bcrypt", "{column}: {named}");
        }
    }
    // Part of an object is not all of it.
    let export = file("users.csv", &rows("meta", r#""{""banned"":true,""plan"":""pro""}""#));
    let part = planned(&[&export], Some(&map(&format!("{active}\nprefs = {{ from = [\"meta.plan\"] }}"))));
    assert!(part.starts_with("stop") && part.contains("meta.banned"), "{part}");
    let whole = planned(&[&export], Some(&map(&format!("{active}\nprefs = {{ json = [\"meta\"] }}"))));
    assert_eq!(whole, "bcrypt bcrypt bcrypt");
    // Other files, whether their rows are taken for people or not.
    let users = file("users.csv", &rows("note", ""));
    for bans in ["user_id,reason\n1,spam\n", "email,reason\nu1@example.com,spam\n"] {
        let bans = file("banned.csv", bans);
        let said = planned(&[&users, &bans], Some(&map(active)));
        assert!(said.starts_with("stop") && said.contains("banned.csv"), "{said}");
        let joined = told(&said).replace("[user]\nenabled = ", "\n[user]\nid = \"id\"\nemail = \"email\"\nenabled = ");
        let joined = format!("{joined}\n[password]\nhash = \"password\"\n");
        assert_eq!(planned(&[&users, &bans], Some(&joined)), "bcrypt off bcrypt", "{joined}");
        let mut ignored = rehome();
        std::fs::write(home.path().join("map.toml"), map(active)).expect("written");
        ignored.arg("plan").args([&users, &bans]).arg("--map").arg(home.path().join("map.toml"));
        assert_eq!(run(ignored.args(["--ignore", "banned"])).exits(0).lines().len(), 3);
        // A proposal reads it, and is of the one table.
        let proposal = run(rehome().arg("map").args([&users, &bans])).exits(0).stdout;
        assert_eq!(planned(&[&users, &bans], Some(&proposal)), "bcrypt off bcrypt", "{proposal}");
    }
}

/// Whatever column says it, and in whatever form: it is read, or stops with lines that read it as they stand.
#[test]
fn the_line_that_is_printed_keeps_out_whoever_it_is_about() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.json");
    for (column, others, theirs) in [
        ("permissions", json!({ "login": true, "post": true }), json!({ "login": false, "post": true })),
        ("permissions", json!("{\"login\":true}"), json!("{\"login\":false}")),
        ("access", json!({ "sign_in": 1 }), json!({ "sign_in": 0 })),
        ("permissions.login", json!("true"), json!("false")),
        ("bann", json!(""), json!("2024-01-01")),
        ("fraud_hold", json!(false), json!(true)),
        ("on_hold", json!("f"), json!("t")),
        ("account_hold", json!(0), json!(1)),
        ("merged_into_id", json!(null), json!(5)),
        ("merged_into_id", json!(""), json!("1")),
        ("merged_into", json!(null), json!("u0")),
        ("duplicate_of", json!(null), json!(7)),
        ("flags", json!("{beta}"), json!("{banned,beta}")),
        ("roles", json!("[\"beta\"]"), json!("[\"beta\",\"banned\"]")),
        ("tags", json!(["beta"]), json!(["beta", "banned"])),
        ("tags", json!(""), json!("beta;banned")),
        ("labels", json!("a,b"), json!("a,banned")),
        ("capabilities", json!("a:1:{s:4:\"user\";b:1;}"), json!("a:1:{s:6:\"banned\";b:1;}")),
        ("metadata", json!({ "plan": 1 }), json!({ "banned": true, "plan": 1 })),
        ("metadata", json!("{}"), json!("{\"banned\":true}")),
        ("metadata", json!({}), json!({ "moderation": { "status": "banned" } })),
        ("metadata", json!({}), json!({ "flags": ["x", "banned"] })),
        ("custom", json!({ "is_active": true }), json!({ "is_active": false })),
        ("prefs", json!({}), json!({ "banned": true })),
        ("ban", json!(null), json!({ "active": true, "reason": "spam" })),
        ("ban", json!({ "active": false }), json!({ "until": "2999-01-01" })),
        ("ban_reason", json!("0"), json!("spam, and more of it")),
        ("role", json!("user"), json!("banned")),
        ("status", json!({ "code": "OK" }), json!({ "code": "BLOCKED", "reason": "fraud" })),
        ("austrittsdatum", json!(""), json!("31.12.2021")),
        ("access_level", json!("1"), json!("-1")),
        ("rolle", json!("user"), json!("inaktiv")),
        ("type", json!("person"), json!("bot")),
        ("invitation_token", json!(""), json!("Zk3jdk39dkfj")),
        ("aktivierungscode", json!(""), json!("8f3k2")),
        ("gekuendigt", json!("nein"), json!("ja")),
        ("bestaetigt", json!("ja"), json!("nein")),
        (
            "logins",
            json!([{ "provider": "local", "status": "active" }]),
            json!([{ "provider": "local", "status": "blocked" }]),
        ),
        ("accounts", json!([{ "type": "local", "disabled": false }]), json!([{ "type": "local", "disabled": true }])),
        ("Blocked?", json!("No"), json!("Yes")),
        ("Blocked?", json!("-"), json!("x")),
    ] {
        let person = |at: usize| {
            let cell = if at == 1 { &theirs } else { &others };
            json!({ "id": format!("u{at}"), "email": format!("u{at}@example.com"), "password": HASHES[at], column: cell })
        };
        let people: Vec<_> = (0..3).map(person).collect();
        std::fs::write(&file, json!(people).to_string()).expect("written");
        let said = planned(&[&file], None);
        if said != "bcrypt off bcrypt" {
            assert!(said.starts_with("stop"), "{column} {theirs}: {said}");
            let read = planned(&[&file], Some(&told(&said)));
            let fates: Vec<_> = read.split(' ').collect();
            // What else stands there may be for a person to say: nobody is let in by a guess, and the line asks.
            let asks = ["?\"", "\"…\""].iter().any(|question| said.contains(question));
            let others = if asks { "invalid-value" } else { "bcrypt" };
            assert_eq!(fates, [others, "off", others], "{column} {theirs}: {read} by {said}");
        }
    }
}

/// Of two records of one address the one that is created may not let in whom the other keeps out.
#[test]
fn a_record_of_the_same_address_that_keeps_out_is_not_passed_over() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.csv");
    let people = |banned: [u8; 2], first: &str| {
        let text = format!(
            "id,email,password,banned\n1,a@example.com,{first},{}\n2,A@example.com,{},{}\n",
            banned[0], HASHES[1], banned[1]
        );
        std::fs::write(&file, text).expect("written");
        planned(&[&file], None)
    };
    assert!(people([0, 1], HASHES[0]).contains("(records 1 and 2)"));
    assert_eq!(people([1, 0], HASHES[0]), "off duplicate-email");
    assert!(people([1, 0], "").contains("(records 2 and 1)"));
    assert_eq!(people([0, 1], ""), "duplicate-email off");
    assert_eq!(people([0, 0], HASHES[0]), "bcrypt duplicate-email");
}

/// People's tables in their own languages, as far as they were met; each was read as if nobody were kept out.
#[test]
fn so_it_is_in_other_languages() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.csv");
    for (column, others, theirs) in [
        ("zugang_entzogen", "0", "1"),
        ("date_bannissement", "", "2024-01-01"),
        ("fecha_baja", "", "2023-01-01"),
        ("dado_de_baja", "0", "1"),
        ("spærret", "0", "1"),
        ("αποκλεισμένος", "όχι", "ναι"),
        ("是否禁用", "否", "是"),
        ("封号", "0", "1"),
        ("利用停止", "いいえ", "はい"),
        ("退会日", "", "2024-01-01"),
        ("차단여부", "N", "Y"),
        ("bi_khoa", "0", "1"),
        ("diblokir", "0", "1"),
        ("محظور", "لا", "نعم"),
        ("חסום", "0", "1"),
        ("ถูกระงับ", "0", "1"),
        ("блокиран", "0", "1"),
        ("užblokuotas", "0", "1"),
        ("bloquejat", "0", "1"),
        ("left_company_on", "", "2024-02-02"),
        ("metadata", "{}", "{'banned': True}"),
    ] {
        let row = |at: usize| {
            format!("{at},u{at}@example.com,{},\"{}\"\n", HASHES[at], if at == 1 { theirs } else { others })
        };
        let rows: String = (0..3).map(row).collect();
        std::fs::write(&file, format!("id,email,password,{column}\n{rows}")).expect("written");
        let said = planned(&[&file], None);
        if said != "bcrypt off bcrypt" {
            assert!(said.starts_with("stop"), "{column}: {said}");
            assert_eq!(planned(&[&file], Some(&told(&said))), "bcrypt off bcrypt", "{column}: {said}");
        }
    }
    let dump = home.path().join("dump.sql");
    for (name, columns) in [
        ("usuarios_bloqueados", "id,usuario_id,motivo"),
        ("utilisateurs_bannis", "id,utilisateur_id,raison"),
        ("gesperrte_benutzer", "id,benutzer_id,grund"),
        ("zablokowani_uzytkownicy", "id,uzytkownik_id,powod"),
        ("terminated_employees", "employee_id,user_id,why"),
        ("fraud_users", "id,user_id,score"),
        ("punishments", "player_uuid,user_id,type"),
    ] {
        std::fs::write(&dump, people("note", ["", "", ""]) + &table(name, columns, "('9','2','ban')"))
            .expect("written");
        let said = planned(&[&dump], None);
        assert!(said.starts_with("stop") && said.contains(name), "{name}: {said}");
        assert_eq!(planned(&[&dump], Some(&told(&said))), "bcrypt off bcrypt", "{name}: {said}");
    }
}

/// What stands before a hash, or was written over an address, keeps out; the hash is kept.
#[test]
fn a_locked_hash_and_a_tombstone_are_nobody_who_may_sign_in() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.csv");
    for (before, fate) in [
        ("", "bcrypt"),
        ("a:", "bcrypt"),
        ("!", "off"),
        ("*LOCKED*", "off"),
        ("locked:", "off"),
        ("gesperrt:", "off"),
        ("DISABLED:", "off"),
        ("OLD:", "invalid-value"),
    ] {
        std::fs::write(&file, format!("id,email,password_hash\n1,a@example.com,{before}{}\n", HASHES[0]))
            .expect("written");
        assert_eq!(planned(&[&file], None), fate, "{before}");
        let map = "[user]\nid = \"id\"\nemail = \"email\"\n[password]\nhash = \"password_hash\"\n";
        assert_eq!(planned(&[&file], Some(map)), fate, "{before}");
    }
    for (email, name) in
        [("deleted_2_b@example.com", "b"), ("b@example.com.deleted", "b"), ("b@example.com", "Gelöschter Benutzer")]
    {
        std::fs::write(&file, format!("id,email,name,password_hash\n1,{email},{name},{}\n", HASHES[0]))
            .expect("written");
        assert_eq!(planned(&[&file], None), "off", "{email} {name}");
    }
}

/// Within a ban, what is active keeps out.
#[test]
fn a_ban_that_is_active_keeps_out_by_the_line_that_is_printed() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.json");
    let user = |at: usize| {
        let ban = json!({ "ban": { "active": at == 1, "reason": "x" } });
        json!({ "id": at, "email": format!("u{at}@example.com"), "password_hash": HASHES[at], "moderation": ban })
    };
    std::fs::write(&file, json!((0..3).map(user).collect::<Vec<_>>()).to_string()).expect("written");
    let said = planned(&[&file], None);
    assert!(said.starts_with("stop") && said.contains("as = \"not\""), "{said}");
    assert_eq!(planned(&[&file], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
}

/// Silence is no promise: what may be a status and is not understood is said.
#[test]
fn columns_of_yes_and_no_that_nobody_understands_are_named() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("people.csv");
    let row = |at: usize| format!("{at},u{at}@example.com,{},{},{at}x\n", HASHES[at], usize::from(at == 1));
    std::fs::write(&file, format!("id,email,password_hash,zorg,note\n{}", (0..3).map(row).collect::<String>()))
        .expect("written");
    let check = run(rehome().arg("check").arg(&file).current_dir(home.path()));
    let said = format!("{}{}", check.stdout, check.stderr);
    assert!(said.contains("nobody is kept out by it: `zorg`") && !said.contains("`note`"), "{said}");
}

/// A table of the users' own keys, of which the second and the third are kept out.
fn profiles(name: &str, columns: &str, keys: [&str; 3]) -> String {
    let rows = format!("('{}','x','0'),('{}','x','1'),('{}','x','1')", keys[0], keys[1], keys[2]);
    table(name, columns, &rows)
}

#[test]
fn a_table_that_has_the_users_own_keys_is_joined_by_them() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    for (name, columns, keys) in [
        ("profiles", "id,bio,is_banned", ["1", "2", "3"]),
        ("user_details", "id,bio,blocked", ["1", "2", "3"]),
        // What they are called there is nobody's key here.
        ("profiles", "id,username,is_banned", ["1", "2", "3"]),
    ] {
        std::fs::write(&path, people("city", ["a", "b", "c"]) + &profiles(name, columns, keys)).expect("written");
        let said = planned(&[&path], None);
        assert!(said.contains("key = \"id\", of = \"id\""), "{name} {columns}: {said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off off", "{name} {columns}");
    }
    // Rows of their own, and of customers of whom nobody knows that they are users.
    for (name, columns, keys) in
        [("profiles", "id,bio,is_banned", ["71", "72", "73"]), ("customers", "id,bio,is_banned", ["1", "2", "3"])]
    {
        std::fs::write(&path, people("city", ["a", "b", "c"]) + &profiles(name, columns, keys)).expect("written");
        assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt", "{name}");
    }
}

#[test]
fn a_join_that_finds_nobody_is_told_of_where_it_says_who_may_sign_in() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    let dump = people("city", ["a", "b", "c"]) + &profiles("profiles", "id,username,is_banned", ["1", "2", "3"]);
    std::fs::write(&path, dump).expect("written");
    let map = |key: &str| {
        format!(
            "[source]\nfrom = \"generic\"\n[join.profiles]\ntable = \"profiles\"\nkey = \"{key}\"\nof = \"id\"\n\
             [user]\nenabled = {{ from = \"profiles.is_banned\", as = \"not\" }}\n"
        )
    };
    let said = planned(&[&path], Some(&map("username")));
    assert!(said.contains("[join.profiles] found nobody"), "{said}");
    assert_eq!(planned(&[&path], Some(&map("id"))), "bcrypt off off");
}

#[test]
fn what_an_application_keeps_beside_a_systems_own_is_looked_at() {
    let home = tempfile::tempdir().expect("a folder");
    let user = |at: usize, with: &str, metadata: Value| {
        let mut user = json!({"id": format!("00000000-0000-4000-8000-00000000000{at}"), "aud": "authenticated", "email": format!("u{at}@example.com"),
            "encrypted_password": HASHES[at], "email_confirmed_at": "2024-01-01T00:00:00Z", "raw_app_meta_data": {}, "raw_user_meta_data": {}});
        user[with] = metadata;
        user
    };
    let path = home.path().join("users.json");
    for (column, good, bad) in [
        ("raw_app_meta_data", json!({"banned": false}), json!({"banned": true})),
        ("raw_app_meta_data", json!({"banned": ["false"]}), json!({"banned": ["true"]})),
        ("raw_user_meta_data", json!({"status": "active"}), json!({"status": "banned"})),
    ] {
        let users = json!([user(0, column, good.clone()), user(1, column, bad), user(2, column, good)]);
        std::fs::write(&path, users.to_string()).expect("written");
        let said = planned(&[&path], None);
        assert!(said.contains("says in 1 cell") && said.contains(column), "{column}: {said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{said}");
    }
    // Of what is a label, the role itself keeps out.
    let users = json!([
        user(0, "raw_app_meta_data", json!({"role": "member"})),
        user(1, "raw_app_meta_data", json!({"role": "banned"}))
    ]);
    std::fs::write(&path, users.to_string()).expect("written");
    assert_eq!(planned(&[&path], None), "bcrypt off");
}

#[test]
fn of_two_members_of_one_name_nobody_guesses_which_is_in_force() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("users.json");
    let user = |at: usize, with: &str| {
        format!(r#"{{"id":{at},"email":"u{at}@example.com","password_hash":"{}"{with}}}"#, HASHES[at % 3])
    };
    let twice = r#","banned":false,"banned":true"#;
    for rows in [
        [user(1, ""), user(2, twice), user(3, twice), user(4, r#","city":"a","city":"a""#)],
        [user(1, twice), user(2, ""), user(3, twice), user(4, "")],
    ] {
        std::fs::write(&path, format!("[{}]", rows.join(","))).expect("written");
        let plan = run(rehome().arg("plan").arg(&path));
        let refused =
            |row: &Value| row.pointer("/refused/detail").or_else(|| row.get("refused")).map(ToString::to_string);
        let said: Vec<_> = plan.lines().iter().map(|line| refused(line).unwrap_or_default()).collect();
        assert_eq!(said.iter().filter(|said| said.contains("`banned` stands twice")).count(), 2, "{said:?}");
        assert_eq!(said.iter().filter(|said| said.is_empty()).count(), 2, "{said:?}");
    }
}

#[test]
fn a_log_says_to_whom_it_was_done_by_several_names() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    for (columns, done) in [
        ("id,target_id,action", "account_disabled"),
        ("id,subject_id,description", "User banned"),
        ("id,user_id,event", "account_disabled"),
        ("id,target_user_id,action", "user_banned"),
    ] {
        let log =
            table("audit_log", columns, &format!("('1','1','login'),('2','2','{done}'),('3','3','account_created')"));
        std::fs::write(&path, people("city", ["a", "b", "c"]) + &log).expect("written");
        let said = planned(&[&path], None);
        assert!(said.starts_with("stop: "), "{columns}: {said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{columns}: {said}");
    }
}

#[test]
fn other_models_of_one_list_are_looked_at_as_tables_are() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("all.json");
    let user = |at: usize| {
        json!({"model": "auth.user", "pk": at, "fields": {"password": format!("bcrypt${}", HASHES[at - 1]), "last_login": null, "is_superuser": false,
            "username": format!("u{at}"), "email": format!("u{at}@example.com"), "is_active": true, "groups": []}})
    };
    let profile = |model: &str, at: usize, fields: Value| json!({"model": model, "pk": at + 40, "fields": fields});
    for (model, own, others) in [
        (
            "accounts.profile",
            "accounts_profile.json",
            vec![json!({"user": 1, "is_banned": false}), json!({"user": 2, "is_banned": true})],
        ),
        (
            "accounts.userprofile",
            "accounts_user_profile.json",
            vec![json!({"user": 1, "status": "active"}), json!({"user": 2, "status": "banned"})],
        ),
        ("accounts.userban", "accounts_user_ban.json", vec![json!({"user": 2, "reason": "x"})]),
        ("members.sanction", "members_sanction.json", vec![json!({"member": 2, "reason": "x"})]),
    ] {
        let models = others.iter().enumerate().map(|(at, fields)| profile(model, at, fields.clone()));
        let all: Vec<Value> = (1..=3).map(user).chain(models).collect();
        std::fs::write(&path, Value::from(all).to_string()).expect("written");
        let said = planned(&[&path], None);
        assert!(
            said.contains(&format!("model `{model}` says")) && said.contains("jq '[.[] | select"),
            "{model}: {said}"
        );
        // What the command makes of it is a table, and the lines for that are printed.
        assert!(said.contains(&format!(" > {own}`")), "{model}: {said}");
        let own = home.path().join(own);
        std::fs::write(&own, Value::from(others).to_string()).expect("written");
        let ignored = run(rehome().arg("plan").args([&path, &own]).args(["--ignore", model]));
        assert!(ignored.code == 2 && ignored.stderr.contains("of = \"pk\""), "{model}: {}", ignored.stderr);
        let map = home.path().join("map.toml");
        std::fs::write(&map, told(&ignored.stderr)).expect("written");
        let plan = run(rehome().arg("plan").args([&path, &own]).args(["--ignore", model, "--map"]).arg(&map));
        assert_eq!((plan.code, plan.stdout.matches("\"status\":false").count()), (0, 1), "{model}: {}", plan.stderr);
    }
    let all: Vec<Value> =
        (1..=3).map(user).chain([profile("shop.order", 1, json!({"user": 2, "status": "blocked"}))]).collect();
    std::fs::write(&path, Value::from(all).to_string()).expect("written");
    assert_eq!(planned(&[&path], None), "bcrypt bcrypt bcrypt");
}

#[test]
fn a_number_of_a_table_of_states_is_read_by_what_that_calls_it() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("dump.sql");
    for (column, name, columns, barred) in [
        ("zustand_nr", "kundenzustand", "nr,bezeichnung", "gesperrt"),
        ("sost", "sostoyaniya", "id,nazvanie", "заблокирован"),
        ("status_id", "statuses", "id,name", "Suspended"),
        ("state_id", "states", "id,name", "Banned"),
        ("status_id", "user_statuses", "id,title", "Suspended"),
    ] {
        let states = table(name, columns, &format!("('1','ok'),('2','{barred}')"));
        std::fs::write(&path, people(column, ["1", "2", "1"]) + &states).expect("written");
        let said = planned(&[&path], None);
        assert!(said.contains(&format!("[join.{name}]")), "{column}: {said}");
        assert_eq!(planned(&[&path], Some(&told(&said))), "bcrypt off bcrypt", "{column}: {said}");
    }
    // A customer's number is none of the states of customers.
    let states = table("kundenzustand", "nr,bezeichnung", "('1','ok'),('2','gesperrt')");
    let members = people("zustand_nr", ["1", "1", "2"]).replace("(id int", "(kundennr int");
    std::fs::write(&path, members + &states).expect("written");
    let said = planned(&[&path], None);
    assert!(said.contains("of = \"zustand_nr\""), "{said}");
}

#[test]
fn a_plain_list_of_people_in_xml_is_read() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("users.xml");
    for (root, one) in [("users", "user"), ("benutzerliste", "benutzer"), ("UserList", "User"), ("export", "customer")]
    {
        let row = |at: usize, off: &str| {
            format!(
                "<{one} id=\"{at}\"><email>u{at}@example.com</email><password>{}</password><blocked>{off}</blocked></{one}>",
                HASHES[at]
            )
        };
        let rows = [row(0, "no"), row(1, "yes"), row(2, "no")].concat();
        std::fs::write(&path, format!("<?xml version=\"1.0\"?>\n<{root}>\n{rows}</{root}>\n")).expect("written");
        assert_eq!(planned(&[&path], None), "bcrypt off bcrypt", "{root}");
    }
}

#[test]
fn hashes_that_lost_their_capitals_are_told_of() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("users.csv");
    let write = |of: usize, small: bool| {
        let hash = |at: usize| if small { HASHES[at % 3].to_lowercase() } else { HASHES[at % 3].to_owned() };
        let rows = (0..of).map(|at| format!("{at},u{at}@example.com,{}\n", hash(at))).collect::<Vec<_>>().concat();
        std::fs::write(&path, format!("id,email,password_hash\n{rows}")).expect("written");
        planned(&[&path], None)
    };
    assert!(write(20, true).contains("has a capital letter"));
    assert!(write(19, true).starts_with("bcrypt") && write(20, false).starts_with("bcrypt"));
}
