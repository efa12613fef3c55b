//! Who may sign in, and what is asked where nobody can know.

use super::{Fate, HASHES, people, proposed};
use crate::util::{rehome, run};

#[test]
fn what_nobody_can_know_is_a_question() {
    let home = tempfile::tempdir().expect("a folder");
    let propose = |csv: &str| {
        let export = home.path().join("people.csv");
        std::fs::write(&export, csv).expect("written");
        let proposal = run(rehome().args(["map", "--format", "json"]).arg(&export)).exits(0).json();
        (proposal["open"].clone(), proposal["map"].as_str().expect("a text").to_owned())
    };
    let (open, map) = propose(
        "id,email,password,status\n1,a@example.com,Some-Word-1,1\n2,b@example.com,Other-Word-2,2\n3,c@example.com,x,1\n",
    );
    assert_eq!(open, serde_json::json!(["[user] enabled", "[password] plain"]), "{map}");
    assert!(map.contains("1 ×2, 2 ×1"), "{map}");
    for secret in ["Some-Word-1", "Other-Word-2"] {
        assert!(!map.contains(secret), "{map}");
    }
    // Nobody is shown as the name of a column.
    let export = home.path().join("people.csv");
    std::fs::write(&export, "1,a@example.com,$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu\n")
        .expect("written");
    let told = run(rehome().arg("map").arg(&export));
    assert!(!told.stdout.contains("$2a$") && !told.stderr.contains("$2a$"), "{}{}", told.stdout, told.stderr);
}

/// What one look at a column does not tell is asked for, and what tells of itself is not.
#[test]
fn questions_are_asked_where_there_are_any_and_nowhere_else() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    let propose = |name: &str, text: &str| {
        let export = home.path().join(name);
        std::fs::write(&export, text).expect("written");
        run(rehome().arg("map").arg(&export)).exits(0).stdout
    };
    let with = |column: &str, cells: [&str; 3]| {
        let rows = cells.iter().enumerate().map(|(at, cell)| format!("{at},u{at}@example.com,{hash},{cell}\n"));
        propose("a.csv", &format!("id,email,password,{column}\n{}", rows.collect::<String>()))
    };
    for (column, cells, asks) in [
        ("estado", ["activo", "expulsadísimo", "activo"], false),
        ("estado", ["activo", "expulsadísimo", "expulsadísimo"], true),
        ("estado", ["Jalisco", "Oaxaca", "Jalisco"], false),
        ("ban_expires", ["", "0", ""], true),
        ("ban_expires", ["0", "0", "0"], false),
        ("user_type", ["0", "1", "0"], true),
        ("handle_clean", ["ann", "banned", "bo"], false),
        ("init", ["a@example.com", "blocked@example.com", "c@example.com"], false),
    ] {
        let map = with(column, cells);
        assert_eq!(map.contains("enabled = \"?\""), asks, "{column} {cells:?}: {map}");
    }
    // A nought where a day of deletion would stand is nobody's end.
    assert!(with("deleteat", ["0", "1704164645678", "0"]).contains("skip = [\"deleteat == date\"]"));
    // A word that is not understood keeps out, and is named.
    let map = with("estado", ["activo", "expulsadísimo", "activo"]);
    for line in ["`expulsadísimo` ×1 is not understood and kept out", "true_values = [\"activo\"]"] {
        assert!(map.contains(line), "{line}: {map}");
    }
    // Another column has the address that the first lacks; a program and a number below nought are nobody.
    let map = propose(
        "b.csv",
        &format!(
            "id,email,username,pw,type\n-1,,system,,bot\n1,a@example.com,ann,{hash},user\n2,,b@example.com,{hash},user\n"
        ),
    );
    for line in ["{ from = \"username\", as = \"address\" }", "type == 'bot'", "id < 0"] {
        assert!(map.contains(line), "{line}: {map}");
    }
    // Rows of several kinds: those that are people have ids of their own.
    let map = propose(
        "c.json",
        &format!(
            r#"[{{"model":"auth.group","pk":1,"fields":{{"name":"staff"}}}},
            {{"model":"auth.user","pk":1,"fields":{{"email":"a@example.com","password":"{hash}","groups":[["staff"]]}}}},
            {{"model":"auth.user","pk":2,"fields":{{"email":"b@example.com","password":"{hash}","groups":[]}}}}]"#
        ),
    );
    for line in ["id = \"pk\"", "model != 'auth.user'"] {
        assert!(map.contains(line), "{line}: {map}");
    }
    assert!(!map.contains("labels ="), "{map}");
    // Of several addresses the first is said to be; a ban that may be over is no ban for sure.
    let map = propose(
        "d.sql",
        &format!(
            "CREATE TABLE `users` (`id` int, `nick` varchar(9), `pw` varchar(60));\n\
             INSERT INTO `users` VALUES (1,'ann','{hash}'),(2,'bo','{hash}');\n\
             CREATE TABLE `mails` (`user_id` int, `email` varchar(30), `is_primary` int);\n\
             INSERT INTO `mails` VALUES (1,'x@example.com',0),(1,'a@example.com',1),(2,'b@example.com',1);\n\
             CREATE TABLE `bans` (`user_id` int, `ban_end` int);\nINSERT INTO `bans` VALUES (2,1600000000);\n"
        ),
    );
    for line in ["is_primary == 1", "enabled = \"?\"", "unless `ban_end` has lifted it"] {
        assert!(map.contains(line), "{line}: {map}");
    }
}

/// Who was invited, or asked to confirm, and who is there only for a time: the second person of each.
#[test]
fn whoever_is_not_in_yet_or_no_more_is_not_let_in() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.csv"), home.path().join("map.toml"));
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    for (columns, first, second) in [
        ("invite_token,invite_accepted_at", ",2024-01-02 03:04:05", "9a8b7c6d5e4f,"),
        ("invitation_token,x", ",y", "9a8b7c6d5e4f,y"),
        ("double_opt_in_registration,double_opt_in_confirm_date", "1,2024-01-02 03:04:05", "1,"),
        ("activation_required,x", "0,y", "1,y"),
        ("starttime,endtime", "0,0", "0,1600000000"),
        ("role,x", "user,y", "pending,y"),
        ("enabled,x", "on,y", ",y"),
        ("temp_ban,x", "0,y", "-1,y"),
    ] {
        let others = ["c", "d", "e"].map(|who| format!("{who},{who}@example.com,{hash},{first}\n")).concat();
        let text = format!(
            "id,email,password,{columns}\na,a@example.com,{hash},{first}\nb,b@example.com,{hash},{second}\n{others}"
        );
        std::fs::write(&export, &text).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        std::fs::write(&map, &proposal).expect("written");
        let plan = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map));
        if plan.code == 2 && plan.stderr.contains("enabled is still a question") {
            continue;
        }
        let found = people(&plan.exits(0).lines());
        let fate = |who: &str| found[&format!("{who}@example.com")];
        assert_eq!(fate("a"), Fate::In { password: true }, "{text}\n{proposal}");
        assert_eq!(fate("b"), Fate::Disabled { password: true }, "{text}\n{proposal}");
    }
    // Numbers of the application's own are asked for.
    for column in ["customers_authorization", "accountmode"] {
        let text = format!(
            "id,email,password,{column}\n1,a@example.com,{hash},0\n2,b@example.com,{hash},4\n3,c@example.com,{hash},0\n"
        );
        std::fs::write(&export, text).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        assert!(proposal.contains("enabled = \"?\""), "{column}: {proposal}");
    }
}

/// A group that is called after those who are kept out keeps out, wherever it stands, and however many others somebody is in.
#[test]
fn whoever_is_in_a_group_that_is_out_is_out() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    let users = |column: &str, cells: [&str; 2]| {
        format!(
            "CREATE TABLE users (id int, email text, password text{column});\n\
             INSERT INTO users VALUES (1,'a@example.com','{hash}'{}),(2,'b@example.com','{hash}'{});\n",
            cells[0], cells[1]
        )
    };
    let groups = "CREATE TABLE groups (id int, title text);\nINSERT INTO groups VALUES (1,'Members'),(2,'Banned'),(3,'Pending approval');\n";
    for text in [
        format!("{}{groups}", users(", group_id int", [",1", ",2"])),
        format!("{}{groups}", users(", group_id int", [",1", ",3"])),
        format!(
            "{}{groups}CREATE TABLE user_groups (user_id int, group_id int);\nINSERT INTO user_groups VALUES (1,1),(2,1),(2,2);\n",
            users("", ["", ""])
        ),
        format!(
            "{}CREATE TABLE banned_emails (email text, reason text);\nINSERT INTO banned_emails VALUES ('b@example.com','spam'),('x@example.com','spam');\n",
            users("", ["", ""])
        ),
        format!(
            "{}CREATE TABLE blacklist (id int, user_email text);\nINSERT INTO blacklist VALUES (9,'b@example.com');\n",
            users("", ["", ""])
        ),
        format!(
            "{}CREATE TABLE users_roles (user_id int, role text);\nINSERT INTO users_roles VALUES (1,'user'),(2,'user'),(2,'blocked');\n",
            users("", ["", ""])
        ),
    ] {
        let (proposal, planned) = proposed(home.path(), "a.sql", &text);
        let out = |who: &str| planned[who]["steps"].to_string().contains("\"status\":false");
        assert!(out("b@example.com") && !out("a@example.com"), "{text}\n{proposal}");
    }
}

/// Who has signed in may; where everybody did but those who have not confirmed, these may not. Of a status in numbers the one
/// that lets in is that of all who signed in last, if most have it.
#[test]
fn sign_ins_tell_who_may() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, hash) = (home.path().join("a.csv"), HASHES[0]);
    let propose = |head: &str, cells: &[&str]| {
        let rows = cells.iter().enumerate().map(|(at, cell)| format!("{at},u{at}@example.com,{hash},{cell}\n"));
        std::fs::write(&export, format!("id,email,password,{head}\n{}", rows.collect::<String>())).expect("written");
        run(rehome().arg("map").arg(&export)).exits(0).stdout
    };
    let day = "2024-01-02 03:04:05";
    for (cells, line) in [
        ([format!("{day},{day}"), ",".into(), format!("{day},")], "default = false }"),
        ([format!("{day},{day}"), ",2025-01-02".into(), format!("{day},")], "# no column says who may sign in"),
        ([format!("{day},"), ",".into(), format!("{day},")], "# no column says who may sign in"),
        ([format!("{day},{day}"), format!(",{day}"), format!("{day},{day}")], "default = false }"),
    ] {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let map = propose("confirmed_at,last_login", &cells);
        assert!(map.contains(line), "{map}");
    }
    let (signed, late) = (format!("1,{day}"), "2,2025-01-02 03:04:05");
    let map = propose("status,last_login", &[&signed, &signed, "2,", "1,", "3,2020-01-02 03:04:05"]);
    assert!(map.contains("enabled = { from = \"status\", true_values = [\"1\"] }"), "{map}");
    assert!(map.contains("`2` ×1, `3` ×1 is kept out"), "{map}");
    for cells in
        [[&*signed, &signed, late, "1,", "1,"], [&signed, "2,", "2,", "2,", "1,"], ["1,", "1,", "1,", "2,", "1,"]]
    {
        let map = propose("status,last_login", &cells);
        assert!(map.contains("enabled = \"?\""), "{map}");
    }
}

/// Rows of a name and a value say who may sign in, if all of it is understood and of one application.
#[test]
fn a_setting_says_who_may() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    let text = |app: &str| {
        format!(
            "CREATE TABLE users (id int, email text, password text);\n\
             INSERT INTO users VALUES (1,'a@example.com','{hash}'),(2,'b@example.com','{hash}'),(3,'c@example.com','{hash}');\n\
             CREATE TABLE preferences (userid int, appid text, configkey text, configvalue text);\n\
             INSERT INTO preferences VALUES (1,'core','lang','de'),(2,'core','enabled','false'),(2,'core','lang','de'),\
             (3,'{app}','enabled','true'),(1,'settings','email','x@example.com');\n"
        )
    };
    let (proposal, planned) = proposed(home.path(), "a.sql", &text("core"));
    let out = |who: &str| planned[who]["steps"].to_string().contains("\"status\":false");
    assert!(out("b@example.com") && !out("a@example.com") && !out("c@example.com"), "{proposal}");
    std::fs::write(home.path().join("a.sql"), text("files")).expect("written");
    let proposal = run(rehome().arg("map").arg(home.path().join("a.sql"))).exits(0).stdout;
    assert!(proposal.contains("enabled = \"?\""), "{proposal}");
}

/// A question says what its answer does, and its line can be pasted as it is; dots that stand for values cannot.
#[test]
fn an_answer_is_a_line_that_says_what_it_does() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("a.csv"), home.path().join("map.toml"));
    let rows = |column: &str, cells: &[&str]| {
        let row = |(at, cell): (usize, &&str)| format!("{at},u{at}@example.com,{},{cell}\n", HASHES[0]);
        let rows: String = cells.iter().enumerate().map(row).collect();
        std::fs::write(&export, format!("id,email,pw_hash,{column}\n{rows}")).expect("written");
        run(rehome().arg("map").arg(&export)).exits(0).stdout
    };
    let asked = rows("state", &["1", "1", "1", "0", "2"]);
    let answer = "enabled = { from = \"state\", true_values = [\"1\"] }";
    assert!(asked.contains(&format!("{answer} lets in 3 and keeps out 2: `0` ×1, `2` ×1")), "{asked}");
    std::fs::write(&map, asked.replace("enabled = \"?\"", answer)).expect("written");
    let planned = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
    let out = people(&planned.lines()).into_values().filter(|fate| matches!(fate, Fate::Disabled { .. })).count();
    assert_eq!(out, 2);
    let flag = rows("foo", &["1", "1", "1", "0"]);
    assert!(flag.contains("as = \"bool\" } lets in 3 and keeps out 1"), "{flag}");
    std::fs::write(&map, asked.replace("enabled = \"?\"", "enabled = { from = \"state\", true_values = [\"…\"] }"))
        .expect("written");
    let dots = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(2);
    assert!(dots.stderr.contains("[user] enabled still has an …"), "{}", dots.stderr);
    // What check gives to be pasted keeps out whoever has a word that is not understood.
    rows("estado", &["activo", "activo", "bloqueado", "pendiente"]);
    let check = run(rehome().arg("check").arg(&export).arg("--run").arg(home.path().join("run")));
    assert!(
        check.stderr.contains("[user] enabled = { from = \"estado\", true_values = [\"activo\"] }"),
        "{}",
        check.stderr
    );
}

/// What may keep somebody out is no question where another column keeps out the same people, or they have nothing to sign in with.
#[test]
fn nothing_is_asked_that_changes_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    for (second, asks) in [("0", false), ("1", true)] {
        let csv = format!(
            "id,email,pw_hash,active,activation_code\n1,a@example.com,{hash},1,\n2,b@example.com,{hash},{second},c0de\n3,c@example.com,{hash},1,\n"
        );
        let export = home.path().join("a.csv");
        std::fs::write(&export, csv).expect("written");
        let map = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        assert_eq!(map.contains("enabled = \"?\""), asks, "{second}: {map}");
    }
}

/// Numbers alone are nobody's template: a status is settled as Yii's where its tokens stand beside it, and most come in by it.
#[test]
fn a_status_of_ten_is_settled_where_the_table_is_of_yii() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    for (columns, token, of_ten, settled) in
        [("", "", 2, false), ("", "", 28, false), (",auth_key", "k", 2, false), (",auth_key", "k", 28, true)]
    {
        let row = |n: u8| {
            let status = if n < of_ten { 10 } else { 0 };
            let token = if token.is_empty() { String::new() } else { format!(",{token}{n}abcdefghijklmnopqrstuvwxyz") };
            format!("{n},u{n}@example.com,{hash},{status}{token}")
        };
        let rows = (0..30).map(row).collect::<Vec<_>>().join("\n");
        let csv = format!("id,email,password_hash,status{columns}\n{rows}\n");
        let path = home.path().join("a.csv");
        std::fs::write(&path, csv).expect("written");
        let map = run(rehome().arg("map").arg(&path)).stdout;
        assert_eq!(!map.contains("enabled = \"?\""), settled, "{of_ten} {columns}: {map}");
    }
}
