//! `rehome map`: proposals over the exports of systems that rehome reads by itself, which show what each must be read as.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::util::{fixture, rehome, run};

/// What becomes of somebody by a plan: whether they may sign in, and whether their password comes along.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Fate {
    In {
        password: bool,
    },
    Disabled {
        password: bool,
    },
    /// There is a hash that no endpoint takes: whichever code says why, they reset it.
    Reset,
    /// Left out, or an account that nobody could sign in to: without an address, a number and a password.
    Nobody,
}

fn people(lines: &[Value]) -> BTreeMap<String, Fate> {
    let who = |line: &Value| {
        let email = line.pointer("/create/body/email").or_else(|| line.get("email")).and_then(Value::as_str);
        email.or_else(|| line["source_id"].as_str()).unwrap_or_default().to_owned()
    };
    let fate = |line: &Value| {
        if let Some(code) = line.pointer("/refused/code").and_then(Value::as_str) {
            let of_hash = ["hash", "scheme", "password"].iter().any(|word| code.contains(word));
            return if of_hash { Fate::Reset } else { Fate::Nobody };
        }
        let has = |member: &str| line.pointer(&format!("/create/body/{member}")).is_some();
        let password = has("password");
        if line["steps"].to_string().contains("\"status\":false") {
            Fate::Disabled { password }
        } else if has("email") || has("phone") || password {
            Fate::In { password }
        } else {
            Fate::Nobody
        }
    };
    lines.iter().map(|line| (who(line), fate(line))).collect()
}

/// The exports of systems among the fixtures: a file each.
fn exports() -> Vec<PathBuf> {
    const OTHERS: [&str; 13] = [
        "cases",
        "kinds",
        "dumps",
        "broken",
        "conformance",
        "hashes",
        "report",
        "tls",
        "packed",
        "converted",
        "mapping",
        "generic",
        "appwrite",
    ];
    const BESIDE: [&str; 7] = ["README", "accounts.json", "passwords.json", "known", "config", ".gz", ".zst"];
    let listed = |path: &Path| -> Vec<PathBuf> {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").path()).collect();
        entries.sort();
        entries
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let systems = listed(&fixture("")).into_iter().filter(|path| path.is_dir() && !OTHERS.contains(&&*name(path)));
    let files = systems.flat_map(|system| listed(&system));
    files.filter(|path| path.is_file() && !BESIDE.iter().any(|beside| name(path).contains(beside))).collect()
}

/// Where a proposal rightly ends otherwise than the system's own file: what that knows stands in no cell.
const KNOWN_TO_THE_SYSTEM: [(&str, &str); 4] = [
    ("ldif/", "that what says no scheme is a password in plain text, which a proposal never takes untold"),
    ("moodle/", "which words stand for no password, and that whoever has not confirmed the address may not sign in"),
    ("privacyidea/", "that a secret of the server is hashed with each password: plan says of each that it is assumed"),
    ("davical/", "that two stars stand before a password in plain text, and who is a room"),
];

/// Whoever ends otherwise; whoever is left out need not be in the other.
fn differing(known: &BTreeMap<String, Fate>, found: &BTreeMap<String, Fate>) -> Vec<String> {
    let who: std::collections::BTreeSet<&String> = known.keys().chain(found.keys()).collect();
    let of = |people: &BTreeMap<String, Fate>, who: &String| people.get(who).copied().unwrap_or(Fate::Nobody);
    let differs = who.into_iter().filter(|who| of(known, who) != of(found, who));
    differs.map(|who| format!("    {who}: {:?}, proposed {:?}", of(known, who), of(found, who))).collect()
}

/// Whether no name and no value says that somebody is kept out, who has only not confirmed an address: of two systems with the same
/// columns one lets them in (Devise), and one does not (Yii's usuario, Moodle). The proposal says so, and how to keep them out.
fn is_only_unconfirmed(export: &Path, who: &str) -> bool {
    [("yii2/usuario.sql", "bo@example.com"), ("moodle/mdl_user.mysqldump.sql", "new@example.com")]
        .iter()
        .any(|(file, person)| export.ends_with(file) && *person == who)
}

/// Whether a proposal says in a comment what it does not know, and gives nobody more than the system does: which digest made what
/// is hexadecimal alone, and which country numbers without a + are of.
fn is_left_open(proposal: &str, known: &BTreeMap<String, Fate>, found: &BTreeMap<String, Fate>) -> bool {
    let says = ["which does not say what made them", "has no country code"].iter().any(|said| proposal.contains(said));
    let less = |who: &String| matches!(found.get(who), None | Some(Fate::Reset | Fate::Nobody));
    says && known.keys().chain(found.keys()).all(|who| known.get(who) == found.get(who) || less(who))
}

/// With their detection switched off, nobody who is kept out comes back, and no hash is lost, by what is proposed for the
/// exports of all systems; most that ask nothing need no correction.
#[test]
fn proposals_enable_nobody_who_is_banned_and_lose_no_hash() {
    let home = tempfile::tempdir().expect("a folder");
    let map = home.path().join("map.toml");
    let (mut exact, mut open, mut wrong) = (0, Vec::new(), Vec::new());
    for export in exports() {
        let at = export.strip_prefix(fixture("")).expect("a fixture").display().to_string();
        // Both are told what no export holds.
        let config = export.with_file_name("hash_config.txt");
        let plan = || {
            let mut command = rehome();
            command.arg("plan").arg(&export);
            if config.is_file() {
                command.arg("--firebase-hash-config").arg(&config);
            }
            command
        };
        let known = run(&mut plan()).lines();
        if known.is_empty() {
            continue;
        }
        let proposal = run(rehome().arg("map").arg(&export));
        if proposal.code != 0 {
            wrong.push(format!("{at}: {}", proposal.stderr.trim()));
            continue;
        }
        std::fs::write(&map, &proposal.stdout).expect("written");
        let planned = run(plan().arg("--map").arg(&map));
        if proposal.stdout.contains("= \"?\"") {
            // Whoever does not answer is not let through.
            assert_eq!((planned.code, &*planned.stdout), (2, ""), "{at}: {}", planned.stderr);
            assert!(planned.stderr.contains("is still a question"), "{at}: {}", planned.stderr);
            open.push(at);
            continue;
        }
        assert!([0, 2, 3].contains(&planned.code), "{at}: {}\n{}", planned.stderr, proposal.stdout);
        if planned.code == 2 {
            open.push(format!("{at}: {}", planned.stderr.trim()));
            continue;
        }
        let (known, found) = (people(&known), people(&planned.lines()));
        let differing = differing(&known, &found);
        match KNOWN_TO_THE_SYSTEM.iter().find(|(of, _)| at.starts_with(of)) {
            _ if differing.is_empty() => exact += 1,
            _ if is_left_open(&proposal.stdout, &known, &found) => {
                open.push(format!("{at}, in a comment\n{}", differing.join("\n")));
            }
            Some((_, why)) => wrong.push(format!("{at}: the system knows {why}\n{}", differing.join("\n"))),
            None => wrong.push(format!("{at}\n{}", differing.join("\n"))),
        }
        for (who, fate) in &known {
            let now = found.get(who);
            match fate {
                Fate::Disabled { .. } if is_only_unconfirmed(&export, who) => {
                    assert!(proposal.stdout.contains("where they may not: enabled ="), "{at}: {}", proposal.stdout);
                }
                Fate::Disabled { .. } => {
                    assert!(!matches!(now, Some(Fate::In { .. })), "{at} enables {who}\n{}", proposal.stdout);
                }
                Fate::In { password: true } => {
                    assert_ne!(
                        now,
                        Some(&Fate::In { password: false }),
                        "{at} loses the hash of {who}\n{}",
                        proposal.stdout
                    );
                }
                _ => {}
            }
        }
    }
    for (what, list) in [("left open", &open), ("to be corrected", &wrong)] {
        println!("{what}:\n  {}", list.join("\n  "));
    }
    let all = exact + open.len() + wrong.len();
    println!("{all} exports: {exact} exact, {} left open, {} to be corrected", open.len(), wrong.len());
    assert!(exact * 100 >= all * 72, "{exact} of {all} are exact: {wrong:#?}");
    assert!(wrong.len() * 10 <= all, "{} of {all} need a correction: {wrong:#?}", wrong.len());
}

/// What other tables hold is found by its key, each column by its values.
#[test]
fn tables_beside_the_users_are_joined() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("dump.sql"), home.path().join("map.toml"));
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    let dump = format!(
        "CREATE TABLE `people` (`person_id` int, `nick` varchar(9), `pw` varchar(60), `on_hold` int, `state` varchar(9));\n\
         INSERT INTO `people` VALUES (1,'ann','{hash}',NULL,'active'),(2,'bo','{hash}',NULL,'blocked'),(3,'cy','{hash}',NULL,'active');\n\
         CREATE TABLE `reach` (`id` int, `person_id` int, `kind` varchar(9), `to` varchar(30));\n\
         INSERT INTO `reach` VALUES (7,1,'phone','0301234'),(8,1,'mail','ann@example.com'),(9,2,'mail','bo@example.com'),(10,3,'mail','cy@example.com');\n\
         CREATE TABLE `bans` (`id` int, `person_id` int, `why` varchar(9));\n\
         INSERT INTO `bans` VALUES (1,3,'spam');\n"
    );
    std::fs::write(&export, dump).expect("written");
    // check says what it takes, and the command that writes it.
    let check = run(rehome().arg("check").arg(&export).arg("--run").arg(home.path().join("run")));
    assert_ne!(check.code, 0);
    for said in ["rehome map", "email = \"reach.to\"", "[join.reach]", "hash = \"pw\""] {
        assert!(check.stderr.contains(said), "{said}: {}", check.stderr);
    }
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    std::fs::write(&map, &proposal).expect("written");
    let planned = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
    let found = people(&planned.lines());
    let (enabled, disabled) = (Fate::In { password: true }, Fate::Disabled { password: true });
    let expected = [("ann@example.com", enabled), ("bo@example.com", disabled), ("cy@example.com", disabled)];
    assert_eq!(found, expected.map(|(who, fate)| (who.to_owned(), fate)).into(), "{proposal}");
}

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

/// Tables of people's own, in the ways that they are written: what they are read as by their proposals, without a correction.
#[test]
fn tables_of_all_sorts_are_understood() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.txt"), home.path().join("map.toml"));
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    let md5 = ["5f4dcc3b5aa765d61d8327deb882cf99", "482c811da5d5b4bc6d497ffa98491e38"];
    let exports = [
        format!(
            "uid;mail;clave;nombre;apellidos;estado;rol\n1;a@example.com;{hash};Ana;A;activo;admin\n2;b@example.com;{hash};Bo;B;bloqueado;user\n"
        ),
        format!("Id,EMail,PwdHash,AccountLocked\n1,a@example.com,{hash},N\n2,b@example.com,{hash},Y\n"),
        format!(
            r#"[{{"_id":{{"$oid":"65f0c0ffee65f0c0ffee65f1"}},"contact":{{"email":"a@example.com"}},"auth":{{"hash":"{hash}"}},"flags":{{"banned":false}}}},
            {{"_id":{{"$oid":"65f0c0ffee65f0c0ffee65f2"}},"contact":{{"email":"b@example.com"}},"auth":{{"hash":"{hash}"}},"flags":{{"banned":true}}}}]"#
        ),
        format!(
            "INSERT INTO `t_user` (`f_id`, `f_email`, `f_pwd`, `f_name`, `f_active`) VALUES (1,'a@example.com','{hash}','A',1),(2,'b@example.com','{hash}','B',0);\n"
        ),
        format!(
            "nr\tmail\thash\talgo\tbanned_at\n1\ta@example.com\t{}\tmd5\t\n2\tb@example.com\t{}\tmd5\t2024-01-02 03:04:05\n",
            md5[0], md5[1]
        ),
        format!(
            "id,email,password_digest,expired,created\n1,a@example.com,{hash},0,2024-01-02\n2,b@example.com,{hash},1,2024-01-02\n"
        ),
    ];
    for text in exports {
        std::fs::write(&export, &text).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        std::fs::write(&map, &proposal).expect("written");
        let planned = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
        let found = people(&planned.lines());
        let expected =
            [("a@example.com", Fate::In { password: true }), ("b@example.com", Fate::Disabled { password: true })];
        assert_eq!(found, expected.map(|(who, fate)| (who.to_owned(), fate)).into(), "{text}\n{proposal}");
    }
}

/// Numbers that people are given stand for them where each row has its own, and for nobody where they repeat.
#[test]
fn a_number_that_is_somebodys_is_their_id() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("people.csv");
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    for (name, second, found) in
        [("account_no", "A-2", true), ("Kundennummer", "A-2", true), ("account_no", "A-1", false)]
    {
        let text = format!(
            "{name},contact_email,pw_hash,signup_at\nA-1,a@example.com,{hash},2024-01-02 03:04:05\n{second},b@example.com,{hash},2024-02-02 03:04:05\n"
        );
        std::fs::write(&export, text).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        assert_eq!(proposal.contains(&format!("id = \"{name}\"")), found, "{proposal}");
        assert!(proposal.contains("created_at = \"signup_at\""), "{proposal}");
    }
}

/// Rows are joined by the key that is called the same in both, and not by a number that fits as well: passwords go to whom they
/// belong, in the mapping that `check` shows, too.
#[test]
fn nobody_is_given_somebody_elses_password() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("dump.sql"), home.path().join("map.toml"));
    let hashes = [
        "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
        "$2b$05$eRN7Sb4mwoIBvfaZiUrp8.3josgiCQ9HUfJNPRl90zGYmewhwxcMe",
    ];
    for (people, key, logins) in
        [("persons", "person_id", "login_data"), ("customers", "id", "logins"), ("persons", "person_id", "credential")]
    {
        let of = if key == "id" { "customer_id" } else { key };
        let text = format!(
            "CREATE TABLE {people} ({key} int, email text);\nINSERT INTO {people} VALUES (1,'ann@example.com'),(2,'bob@example.com');\n\
             CREATE TABLE {logins} (id int, {of} int, pw_hash text);\nINSERT INTO {logins} VALUES (1,2,'{}'),(2,1,'{}');\n",
            hashes[1], hashes[0]
        );
        std::fs::write(&export, &text).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        std::fs::write(&map, &proposal).expect("written");
        let planned = run(rehome().arg("plan").arg(&export).arg("--reveal").arg("--map").arg(&map)).exits(0);
        for line in planned.lines() {
            let whose = usize::from(line["create"]["body"]["email"] == "bob@example.com");
            assert_eq!(line["create"]["body"]["password"], hashes[whose], "{text}{proposal}");
        }
        let shown = run(rehome().current_dir(&home).arg("check").arg(&export)).stderr;
        // A join without `of` is by the id.
        assert!(["of", "id"].iter().any(|by| shown.contains(&format!("{by} = \"{of}\""))), "{shown}");
    }
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

/// A parent's address, or that of somebody's reader, is not theirs: whoever reads it could take the account.
#[test]
fn nobody_is_proposed_an_address_that_is_somebody_elses() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";
    for other in ["parent_email", "kindle_mail", "manager_email", "emergency_email"] {
        for first in ["mum@example.com", ""] {
            let path = home.path().join("users.csv");
            let rows = format!("1,a@example.com,{first},{hash}\n2,,dad@example.com,{hash}\n");
            std::fs::write(&path, format!("id,email,{other},password\n{rows}")).expect("written");
            let map = run(rehome().arg("map").arg(&path));
            let line = map.stdout.lines().find(|line| line.starts_with("email")).expect("a line");
            assert!(!line.contains(other), "{line}");
        }
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
        let found = people(&run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0).lines());
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

/// The people stand where what they may stands, whatever table has their addresses and hashes.
#[test]
fn tables_are_told_apart_by_what_leads_where() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("dump.sql"), home.path().join("map.toml"));
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    let dumps = [
        // Identities of users, of which tokens are some.
        format!(
            "CREATE TABLE `users` (`id` int, `username` varchar(9), `is_banned` int);\n\
             INSERT INTO `users` VALUES (1,'ann',0),(2,'bo',1);\n\
             CREATE TABLE `auth_identities` (`id` int, `user_id` int, `type` varchar(9), `secret` varchar(30), `secret2` varchar(60));\n\
             INSERT INTO `auth_identities` VALUES (5,1,'email','a@example.com','{hash}'),(6,2,'email','b@example.com','{hash}'),\
             (7,1,'token','0a1b2c',NULL);\n"
        ),
        // A person of each user.
        format!(
            "CREATE TABLE `person` (`id` int, `email` varchar(30), `active` int);\n\
             INSERT INTO `person` VALUES (21,'a@example.com',1),(22,'b@example.com',0),(23,'c@example.com',1);\n\
             CREATE TABLE `users` (`id` int, `login` varchar(9), `person_id` int, `password` varchar(60));\n\
             INSERT INTO `users` VALUES (1,'ann',21,'{hash}'),(2,'bo',22,'{hash}');\n"
        ),
        // A row for everything, under the keys of people, too.
        format!(
            "CREATE TABLE `elements` (`id` int, `type` varchar(20), `suspended` int);\n\
             INSERT INTO `elements` VALUES (1,'app\\\\User',0),(2,'app\\\\User',1),(3,'app\\\\Entry',0);\n\
             CREATE TABLE `users` (`id` int, `email` varchar(30), `password` varchar(60));\n\
             INSERT INTO `users` VALUES (1,'a@example.com','{hash}'),(2,'b@example.com','{hash}');\n"
        ),
    ];
    for dump in dumps {
        std::fs::write(&export, &dump).expect("written");
        let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
        std::fs::write(&map, &proposal).expect("written");
        let planned = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
        let expected =
            [("a@example.com", Fate::In { password: true }), ("b@example.com", Fate::Disabled { password: true })];
        assert_eq!(
            people(&planned.lines()),
            expected.map(|(who, fate)| (who.to_owned(), fate)).into(),
            "{dump}\n{proposal}"
        );
    }
    // A name and a value in each row: which names there are is seen, and asked of.
    std::fs::write(
        &export,
        format!(
            "CREATE TABLE `users` (`id` int, `email` varchar(30), `password` varchar(60));\n\
             INSERT INTO `users` VALUES (1,'a@example.com','{hash}'),(2,'b@example.com','{hash}');\n\
             CREATE TABLE `settings` (`user_id` int, `key` varchar(20), `value` varchar(20));\n\
             INSERT INTO `settings` VALUES (1,'lang','de'),(1,'theme','dark'),(2,'enabled','false'),(2,'lang','en');\n"
        ),
    )
    .expect("written");
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    assert!(proposal.contains("enabled = \"?\"") && proposal.contains("key == 'enabled'"), "{proposal}");
}
