//! Which table holds the people, and what is joined to it.

use super::{Fate, people};
use crate::util::{rehome, run};

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
