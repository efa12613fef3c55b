//! Ids, addresses, flags of addresses, and labels.

use super::{HASHES, proposed};
use crate::util::{rehome, run};

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

/// A name in two parts is joined in whatever language; one of no known name is told by what stands there. Groups are labels whatever
/// they are called for short.
#[test]
fn names_and_groups_are_known_in_other_words() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = HASHES[0];
    for (columns, rows, line) in [
        ("nr,adres_email,haslo,imie,nazwisko", ["Anna,Abel", "Bo,Berg"], "name = { join = [\"imie\", \"nazwisko\"] }"),
        ("nr,courriel,mdp,prenom,nom", ["Anna,Abel", "Bo,Berg"], "name = { join = [\"prenom\", \"nom\"] }"),
        ("nr,contact,secret,display", ["Anna Abel", "Bo van Berg"], "name = \"contact\""),
        ("nr,contact,pw_hash,display", ["Anna Abel", "Bo Berg"], "name = \"display\""),
    ] {
        let [one, two] = rows;
        let csv = format!("{columns}\n7,a@example.com,{hash},{one}\n8,b@example.com,{hash},{two}\n");
        let (map, _) = proposed(home.path(), "people.csv", &csv);
        let expected = !line.contains("contact");
        assert_eq!(map.contains(line), expected, "{line}: {map}");
        assert!(map.contains("id = \"nr\""), "{map}");
    }
    let dump = format!(
        "CREATE TABLE people (pid int, contact varchar(80), secret varchar(60));\n\
         INSERT INTO people VALUES (1,'a@example.com','{hash}'),(2,'b@example.com','{hash}'),(3,'c@example.com','{hash}');\n\
         CREATE TABLE grps (gid int, title varchar(20));\nINSERT INTO grps VALUES (1,'reader'),(2,'writer');\n\
         CREATE TABLE people_grps (pid int, gid int);\nINSERT INTO people_grps VALUES (1,1),(2,2),(3,1);\n"
    );
    let (map, people) = proposed(home.path(), "dump.sql", &dump);
    assert!(people["b@example.com"].to_string().contains("writer"), "{map}");
    let csv = format!(
        "id,email,pw_hash,perfiles\n1,a@example.com,{hash},\"[\"\"admin\"\",\"\"editor\"\"]\"\n2,b@example.com,{hash},\"[\"\"editor\"\"]\"\n"
    );
    let (map, people) = proposed(home.path(), "people.csv", &csv);
    assert!(people["a@example.com"].to_string().contains("\"admin\""), "{map}");
}
