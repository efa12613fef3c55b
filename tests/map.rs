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
        let known = has("email") || has("phone") || password;
        match line["steps"].to_string().contains("\"status\":false") {
            _ if !known => Fate::Nobody,
            true => Fate::Disabled { password },
            false => Fate::In { password },
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
        if proposal.stdout.is_empty() {
            // Nothing is proposed of an export from which nobody could sign in.
            if people(&known).values().all(|fate| *fate == Fate::Nobody) {
                exact += 1;
                continue;
            }
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
    assert!(exact * 100 >= all * 73, "{exact} of {all} are exact: {wrong:#?}");
    assert!(wrong.len() * 15 <= all, "{} of {all} need a correction: {wrong:#?}", wrong.len());
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
    assert!(check.stderr.contains(&format!("rehome map {} > map.toml\n", export.display())), "{}", check.stderr);
    let (_, core) = check.stderr.split_once("\n\n").expect("a core");
    let (core, _) = core.rsplit_once("\n\n").expect("an end");
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    for said in ["email = \"reach.to\"", "[join.reach]", "hash = \"pw\""] {
        assert!(proposal.contains(said) && core.contains(said), "{said}: {proposal}{core}");
    }
    let (enabled, disabled) = (Fate::In { password: true }, Fate::Disabled { password: true });
    let expected = [("ann@example.com", enabled), ("bo@example.com", disabled), ("cy@example.com", disabled)];
    for map_of in [core, &proposal] {
        std::fs::write(&map, map_of).expect("written");
        let planned = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
        let found = people(&planned.lines());
        assert_eq!(found, expected.map(|(who, fate)| (who.to_owned(), fate)).into(), "{map_of}");
    }
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
        // A join without `of` is by the id.
        let squeezed = proposal.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(["of", "id", "key"].iter().any(|by| squeezed.contains(&format!("{by} = \"{of}\""))), "{proposal}");
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
    // A name and a value in each row: which names there are is seen, and what one says of who may.
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
    let read = "enabled = { from = \"settings_enabled.value\", as = \"bool\" }";
    assert!(proposal.contains(read) && proposal.contains("key == 'enabled'"), "{proposal}");
}

/// What is planned by the proposal of an export, by address.
fn proposed(home: &Path, name: &str, text: &str) -> (String, BTreeMap<String, Value>) {
    let (export, map) = (home.join(name), home.join("map.toml"));
    std::fs::write(&export, text).expect("written");
    let proposal = run(rehome().arg("map").arg(&export)).exits(0).stdout;
    std::fs::write(&map, &proposal).expect("written");
    let planned = run(rehome().arg("plan").arg(&export).arg("--reveal").arg("--map").arg(&map)).exits(0);
    let of = |line: Value| (line["email"].as_str().unwrap_or_default().to_owned(), line);
    (proposal, planned.lines().into_iter().map(of).collect())
}

const HASHES: [&str; 2] = [
    "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu",
    "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6",
];

/// An address is proven where its own flag says so, and not by that of another address, of a number or of a name.
#[test]
fn flags_are_of_what_they_stand_beside() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    let exports = [
        (
            "a.json",
            format!(
                r#"[{{"id":1,"password":"{hash}","emails":[{{"address":"old@example.com","verified":true,"primary":false}},
                {{"address":"a@example.com","verified":false,"primary":true}}]}},
                {{"id":2,"password":"{hash}","emails":[{{"address":"b@example.com","verified":true,"primary":true}}]}}]"#
            ),
        ),
        (
            "b.json",
            format!(
                r#"[{{"id":1,"password":"{hash}","profile":{{"displayname":{{"value":"Ann","verified":true}},
                "email":{{"value":"a@example.com","verified":false}},"phone":{{"value":"+14155550123","verified":true}}}}}},
                {{"id":2,"password":"{hash}","profile":{{"displayname":{{"value":"Bo","verified":false}},
                "email":{{"value":"b@example.com","verified":true}},"phone":{{"value":"+14155550124","verified":false}}}}}}]"#
            ),
        ),
        (
            "c.sql",
            format!(
                "CREATE TABLE users (id int, nick text, pw text);\nINSERT INTO users VALUES (1,'ann','{hash}'),(2,'bo','{hash}');\n\
                 CREATE TABLE emails (id int, user_id int, email text, is_primary int, verified int);\n\
                 INSERT INTO emails VALUES (5,1,'old@example.com',0,1),(6,1,'a@example.com',1,0),(7,2,'b@example.com',1,1);\n"
            ),
        ),
        (
            "d.csv",
            format!(
                "id,email,password,phone,phone_verified,recovery_email,recovery_email_verified,email_verified\n\
                 1,a@example.com,{hash},+14155550123,1,x@example.com,1,0\n2,b@example.com,{hash},+14155550124,0,y@example.com,0,1\n"
            ),
        ),
    ];
    for (name, text) in exports {
        let (proposal, planned) = proposed(home.path(), name, &text);
        let proven = |who: &str, what: &str| planned[who]["steps"].to_string().contains(&format!("\"{what}\":true"));
        assert!(!proven("a@example.com", "emailVerification"), "{text}\n{proposal}");
        assert!(proven("b@example.com", "emailVerification"), "{text}\n{proposal}");
        if proposal.contains("phone_verified") {
            assert!(proven("a@example.com", "phoneVerification"), "{text}\n{proposal}");
            assert!(!proven("b@example.com", "phoneVerification"), "{text}\n{proposal}");
        }
    }
}

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

/// Whoever signs in is the customer, and not the row with which they do.
#[test]
fn people_keep_the_id_that_others_know_them_by() {
    let home = tempfile::tempdir().expect("a folder");
    let [first, second] = HASHES;
    for (email_of_customers, email_of_logins) in [(true, false), (false, true)] {
        let own = |with: bool, who: &str| if with { format!(",'{who}@example.com'") } else { String::new() };
        let (c, l) = (email_of_customers, email_of_logins);
        let column = |with: bool| if with { ", email text" } else { "" };
        let text = format!(
            "CREATE TABLE customers (id int, first_name text, last_name text, active int{});\n\
             INSERT INTO customers VALUES (11,'Ann','A',1{}),(12,'Bo','B',0{}),(13,'Cy','C',1{});\n\
             CREATE TABLE logins (id int, customer_id int, password_hash text, last_login text{});\n\
             INSERT INTO logins VALUES (1,12,'{second}','2024-01-02'{}),(2,11,'{first}','2024-01-02'{}),(3,13,'{first}',NULL{});\n",
            column(c),
            own(c, "a"),
            own(c, "b"),
            own(c, "c"),
            column(l),
            own(l, "b"),
            own(l, "a"),
            own(l, "c"),
        );
        let (proposal, planned) = proposed(home.path(), "a.sql", &text);
        let of =
            |who: &str| (planned[who]["source_id"].clone(), planned[who].pointer("/create/body/password").cloned());
        assert_eq!(of("a@example.com"), ("11".into(), Some(first.into())), "{proposal}");
        assert_eq!(of("b@example.com"), ("12".into(), Some(second.into())), "{proposal}");
        assert!(planned["b@example.com"]["steps"].to_string().contains("\"status\":false"), "{proposal}");
    }
}

/// Roles become labels by their names, whichever table has them.
#[test]
fn roles_of_other_tables_are_labels() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    let users = |column: &str, cells: [&str; 3]| {
        let rows = ["a", "b", "c"].iter().zip(cells).enumerate();
        let rows: Vec<_> =
            rows.map(|(at, (who, cell))| format!("({},'{who}@example.com','{hash}'{cell})", at + 1)).collect();
        format!(
            "CREATE TABLE users (id int, email text, password text{column});\nINSERT INTO users VALUES {};\n",
            rows.join(",")
        )
    };
    let roles = "CREATE TABLE roles (id int, name text);\nINSERT INTO roles VALUES (1,'admin'),(2,'editor');\n";
    for text in [
        format!("{}{roles}", users(", role_id int", [",1", ",2", ",NULL"])),
        format!(
            "{}{roles}CREATE TABLE user_roles (user_id int, role_id int);\nINSERT INTO user_roles VALUES (1,1),(2,2);\n",
            users("", ["", "", ""])
        ),
        format!(
            "{}CREATE TABLE user_roles (user_id int, role text);\nINSERT INTO user_roles VALUES (1,'admin'),(2,'editor');\n",
            users("", ["", "", ""])
        ),
    ] {
        let (proposal, planned) = proposed(home.path(), "a.sql", &text);
        for (who, label) in [("a", Some("admin")), ("b", Some("editor")), ("c", None)] {
            let steps = planned[&format!("{who}@example.com")]["steps"].to_string();
            let has = |label: &str| steps.contains(&format!("\"labels\":[\"{label}\"]"));
            assert!(label.map_or(!steps.contains("labels"), has), "{who}: {steps}\n{proposal}");
        }
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
