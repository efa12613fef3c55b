//! Exports read from files on the disk, as the commands do it.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;

/// What became of one record: its number, line, raw bytes, and its address or the reason why there is none.
type Seen = (u64, u64, Vec<u8>, Result<String, String>);

fn open(dir: &tempfile::TempDir, files: &[(&str, &[u8])], from: Option<&str>) -> Result<Export, RunError> {
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, content)| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            path
        })
        .collect();
    Export::open(&paths, ReadOptions { from: from.map(str::to_owned), ..ReadOptions::default() })
}

fn scan(export: &Export, threads: usize) -> (Vec<Seen>, Result<(), RunError>) {
    let mut all = Vec::new();
    let end = export.scan(
        threads,
        &Silent,
        Vec::new,
        |seen: &mut Vec<Seen>, item| {
            let outcome = match item.account {
                Ok(account) => Ok(account.email.map(Cow::into_owned).unwrap_or_default()),
                Err(refusal) => Err(refusal.text.into_owned()),
            };
            seen.push((item.position.record, item.position.line, item.raw.to_vec(), outcome));
        },
        |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        },
    );
    (all, end)
}

use std::borrow::Cow;

fn emails(name: &str, content: &[u8]) -> Vec<Result<String, String>> {
    let dir = tempfile::tempdir().unwrap();
    // Of people without passwords in a dump, somebody has to say that they are users.
    let from = (name == "a.sql").then_some("generic");
    let export = open(&dir, &[(name, content)], from).unwrap();
    let (seen, end) = scan(&export, 2);
    end.unwrap();
    seen.into_iter().map(|(.., outcome)| outcome).collect()
}

fn ok(addresses: &[&str]) -> Vec<Result<String, String>> {
    addresses.iter().map(|a| Ok((*a).to_owned())).collect()
}

#[test]
fn the_same_users_in_every_format() {
    let two = ok(&["ann@example.com", "bob@example.com"]);
    assert_eq!(
        emails("a.csv", b"id,email,name\r\n1,ann@example.com,\"A, \"\"n\"\"\"\r\n2,bob@example.com,Bob\r\n"),
        two
    );
    assert_eq!(emails("a.csv", b"sep=;\nid;email;name\n1;ann@example.com;A\n2;bob@example.com;Bob"), two);
    assert_eq!(emails("a.csv", b"# a comment\nid,email,name,\n1,ann@example.com,A,\n2,bob@example.com,Bob,\n"), two);
    assert_eq!(emails("a.tsv", b"id\temail\tname\n1\tann@example.com\tA\\tb\n2\tbob@example.com\t\\N\n"), two);
    assert_eq!(emails("a.json", br#"[{"id":1,"email":"ann@example.com"},{"id":2,"email":"bob@example.com"}]"#), two);
    assert_eq!(
        emails(
            "a.json",
            br#"{"total":2,"users":[{"id":1,"email":"ann@example.com"},{"id":2,"email":"bob@example.com"}]}"#
        ),
        two
    );
    assert_eq!(
        emails("a.json", b"{\"id\":1,\"email\":\"ann@example.com\"}\r\n\n{\"id\":2,\"email\":\"bob@example.com\"}\n"),
        two
    );
    assert_eq!(
        emails("a.json", b"{\n\"id\":1,\n\"email\":\"ann@example.com\"}\n{\n\"id\":2,\"email\":\"bob@example.com\"}\n"),
        two
    );
    let utf16: Vec<u8> =
        "\u{feff}id,email\n1,ann@example.com\n2,bob@example.com\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(emails("a.csv", &utf16), two);
    assert_eq!(emails("a.csv", "\u{feff}id,email\n1,ann@example.com\n2,bob@example.com\n".as_bytes()), two);
}

#[test]
fn dumps_of_every_kind() {
    let two = ok(&["ann@example.com", "bob@example.com"]);
    let mysql = br"/*M!999999\- enable the sandbox mode */
-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `posts` (`id` int, `body` text DEFAULT 'a;b');
INSERT INTO `posts` VALUES (1,'it''s; (\'quoted\')'),(2,'INSERT INTO `users` VALUES (9,\'x@y.zz\')');
CREATE TABLE `users` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `email` varchar(100) NOT NULL DEFAULT '',
  `name` varchar(250) COMMENT 'a, b',
  PRIMARY KEY (`id`), KEY `e` (`email`(20),`id`)
) ENGINE=InnoDB;
LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES (1,'ann@example.com','A \'n\''),(2,_binary 'bob@example.com',NULL);
UNLOCK TABLES;
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.id = 'x'; END ;;
DELIMITER ;
";
    assert_eq!(emails("a.sql", mysql), two);
    let complete = br"INSERT INTO `users` (`email`, `id`) VALUES
('ann@example.com', 1),
(0x626f62406578616d706c652e636f6d, 2);
";
    assert_eq!(emails("a.sql", complete), two);
    let copy = b"-- PostgreSQL database dump\n\\restrict abc'\nSET standard_conforming_strings = on;\n\
        CREATE FUNCTION f() RETURNS int AS $_$ begin; 'x $_$ LANGUAGE sql;\n\
        COPY public.users (id, email, meta) FROM stdin;\n1\tann@example.com\t{\"a\\\\nb\": 1}\n2\tbob@example.com\t\\N\n\\.\n\n\
        COPY public.other (id) FROM stdin;\n1\n\\.\n\\unrestrict abc\n";
    assert_eq!(emails("a.sql", copy), two);
    let inserts = br"-- PostgreSQL database dump
CREATE TABLE public.users (id integer NOT NULL, email character varying(255), note text, CONSTRAINT c CHECK ((id > 0)));
INSERT INTO public.users VALUES (1, 'ann@example.com', 'back\slash''s');
INSERT INTO public.users VALUES (2, E'bob\x40example.com'::character varying(255), DEFAULT), (3, E'c\'d', NULL);
";
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[("a.sql", inserts)], None).unwrap();
    assert_eq!(export.tables()[0].columns, ["id", "email", "note"]);
    assert_eq!(export.tables()[0].records[0]["note"], "back\\slash's");
    let h2 = br#"CREATE CACHED TABLE PUBLIC.USERS(
    ID BIGINT NOT NULL,
    EMAIL VARCHAR(200),
    NOTE VARCHAR
);
INSERT INTO PUBLIC.USERS(ID, EMAIL, NOTE) VALUES
(1, 'ann@example.com', STRINGDECODE('A \"n\" \u00e9\ud83d\ude00\\ \n')),
(2, U&'bob\0040example.com', U&'\+01F600\\');
"#;
    assert_eq!(emails("a.sql", h2), two);
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[("a.sql", h2)], Some("generic")).unwrap();
    let notes = export.tables()[0].records.iter().map(|record| &record["NOTE"]);
    assert!(notes.eq(&["A \"n\" é😀\\ \n", "😀\\"]));
    let server = "USE [db]\r\nGO\r\nSET ANSI_NULLS ON\r\nGO\r\nINSERT [dbo].[Users] ([id], [email], [at]) VALUES \
        (N'1', N'ann@example.com', CAST(N'2024-01-01' AS DateTime2))\r\nGO\r\nINSERT [dbo].[Users] ([id], [email], [at]) \
        VALUES (N'2', N'bob@example.com', NULL)\r\nGO\r\n";
    assert_eq!(emails("a.sql", server.as_bytes()), two);
}

#[test]
fn raw_bytes_are_the_record_and_can_be_read_again() {
    let files: [(&str, &[u8]); 5] = [
        ("a.csv", b"id,email,name\r\n1,ann@example.com,\"A\r\nB\"\r\n2,bob@example.com,\r\n"),
        ("a.json", br#"{"users": [ {"id":1,"email":"ann@example.com"} , {"id":2,"email":"bob@example.com"}]}"#),
        ("a.ndjson", b"{\"id\":1,\"email\":\"ann@example.com\"}\n{\"id\":2,\"email\":\"bob@example.com\"}\n"),
        ("a.sql", b"CREATE TABLE `users` (`id` int, `email` text);\nINSERT INTO `users` VALUES (1,'ann@example.com'),(2,'bob@example.com');\n"),
        ("b.sql", b"COPY auth.users (id, email) FROM stdin;\n1\tann@example.com\n2\tbob@example.com\n\\.\n"),
    ];
    for (name, content) in files {
        let dir = tempfile::tempdir().unwrap();
        let export = open(&dir, &[(name, content)], None).unwrap();
        let (seen, end) = scan(&export, 1);
        end.unwrap();
        let frame = export.rejects_frame();
        let raws: Vec<&[u8]> = seen.iter().map(|(_, _, raw, _)| raw.as_slice()).collect();
        for raw in &raws {
            assert!(memchr::memmem::find(content, raw).is_some());
        }
        let again = [frame.head.as_slice(), &raws.join(frame.separator), frame.tail].concat();
        assert_eq!(
            emails(&format!("again.{}", frame.extension), &again),
            ok(&["ann@example.com", "bob@example.com"]),
            "{}",
            String::from_utf8_lossy(&again)
        );
    }
}

#[test]
fn xml_of_mysqldump_and_django() {
    let mysql = b"<?xml version=\"1.0\"?>\n<mysqldump xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
        <database name=\"d\">\n<table_structure name=\"users\"><field Field=\"id\" /></table_structure>\n\
        <table_data name=\"users\">\n<row>\n\t<field name=\"id\">1</field>\n\t<field name=\"email\">ann@example.com</field>\n\
        \t<field name=\"note\">a &lt;b&gt; &amp; &#233;</field>\n</row>\n<row><field name=\"id\">2</field>\
        <field name=\"email\">bob@example.com</field><field name=\"note\" xsi:nil=\"true\" /></row>\n</table_data>\n\
        </database>\n</mysqldump>\n";
    assert_eq!(emails("a.xml", mysql), ok(&["ann@example.com", "bob@example.com"]));
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[("a.xml", mysql)], None).unwrap();
    assert_eq!(export.tables()[0].table, "users");
    assert_eq!(export.tables()[0].records[0]["note"], "a <b> & é");
    assert!(export.tables()[0].records[1]["note"].is_null());

    for (open, row, cell) in [
        ("<RESULTS>", "ROW", "<COLUMN NAME=\"EMAIL\"><![CDATA[$]]></COLUMN>"),
        ("<RECORDS>", "RECORD", "<email>$</email>"),
        ("<!DOCTYPE users [\n<!ELEMENT users (DATA_RECORD*)>\n]>\n<users>", "DATA_RECORD", "<email>$</email>"),
    ] {
        let rows =
            ["ann", "bob"].map(|name| format!("<{row}>{}</{row}>", cell.replace('$', &format!("{name}@example.com"))));
        let close = format!("</{}>", open.rsplit('<').next().unwrap());
        let whole = format!("<?xml version='1.0'?>\n{open}{}{}", rows.concat(), close.replace(">>", ">"));
        assert_eq!(emails("a.xml", whole.as_bytes()), ok(&["ann@example.com", "bob@example.com"]));
    }

    let django = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<django-objects version=\"1.0\">\n\
        <object model=\"auth.user\" pk=\"1\"><field name=\"password\" type=\"CharField\">x</field>\
        <field name=\"last_login\" type=\"DateTimeField\"><None></None></field>\
        <field name=\"groups\" rel=\"ManyToManyRel\" to=\"auth.group\"><object pk=\"3\"></object></field>\
        <field name=\"perms\" rel=\"ManyToManyRel\" to=\"auth.p\"><object><natural>a</natural></object></field></object>\n\
        </django-objects>\n";
    let mut file = crate::format::file::SourceFile::open(&written(&dir, "d.xml", django)).unwrap();
    let record = &file.samples(0).unwrap()[0].records[0];
    let expected = serde_json::json!({"model": "auth.user", "pk": "1", "fields": {
        "password": "x", "last_login": null, "groups": ["3"], "perms": [["a"]]}});
    assert_eq!(serde_json::Value::Object(record.clone()), expected);
}

fn written(dir: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// What sources are shown of a file.
fn samples(name: &str, content: &[u8]) -> Vec<TableSample> {
    let dir = tempfile::tempdir().unwrap();
    crate::format::file::SourceFile::open(&written(&dir, name, content)).unwrap().samples(0).unwrap()
}

#[test]
fn ldif_is_unfolded_and_decoded() {
    let ldif =
        b"version: 1\r\n\r\n# a comment\r\n that goes on\r\ndn: uid=ann,dc=example\r\nmail: ann@example.c\r\n om\r\n\
        mail: a2@example.com\r\ncn:: w4lsb8Ov\r\nuserPassword:: e1NIQX1hYmM=\r\njpegPhoto:: /9j/\r\n\r\n\
        dn: uid=bob,dc=example\r\nMail: bob@example.com\r\n\r\n# search result\r\nsearch: 2\r\nresult: 0 Success";
    let tables = samples("a.ldif", ldif);
    assert_eq!(tables[0].format, crate::format::Format::Ldif);
    let expected = serde_json::json!([
        {"dn": "uid=ann,dc=example", "mail": ["ann@example.com", "a2@example.com"], "cn": "Éloï",
         "userPassword": "{SHA}abc", "jpegPhoto": "/9j/"},
        {"dn": "uid=bob,dc=example", "Mail": "bob@example.com"}
    ]);
    assert_eq!(serde_json::json!(tables[0].records), expected);
}

#[test]
fn colon_files_have_their_own_widths() {
    let shadow = samples("shadow", b"root:*:19000:0:99999:7:::\nann:$6$x$y:19700:0:99999:7:::\n");
    assert_eq!((shadow[0].format, shadow[0].width), (crate::format::Format::Colon, 9));
    assert_eq!(shadow[0].records[1]["1"], "$6$x$y");
    let passwd = samples("passwd", b"ann:x:1000:1000:Ann A,1,2:/home/ann:/bin/sh\n");
    assert_eq!(passwd[0].width, 7);
    let htpasswd = samples("htpasswd", b"# users\nann@example.com:$2y$05$x\nbob:plain:with:colons\n");
    assert_eq!(htpasswd[0].width, 2);
    assert_eq!(htpasswd[0].records[1]["1"], "plain:with:colons");
}

#[test]
fn json_lists_are_found_wherever_they_are() {
    let admin = br#"[{"type":"header","version":"5.2"},{"type":"database","name":"w"},
        {"type":"table","name":"wp_users","database":"w","data":[{"ID":"1"},{"ID":"2"}]},
        {"type":"table","name":"wp_usermeta","database":"w","data":[]}]"#;
    let tables = samples("a.json", admin);
    assert_eq!(
        tables.iter().map(|t| (t.table.as_str(), t.records.len())).collect::<Vec<_>>(),
        [("wp_users", 2), ("wp_usermeta", 0)]
    );
    let ghost = br#"{"db":[{"meta":{"version":"5"},"data":{"posts":[{"id":1,"html":"}]"}],"users":[{"id":"a"}]}}]}"#;
    let tables = samples("a.json", ghost);
    assert_eq!(tables.iter().map(|t| t.table.as_str()).collect::<Vec<_>>(), ["posts", "users"]);
    let realm =
        br#"{"id":"x","realm":"demo","roles":{"realm":[{"name":"r"}]},"users":[{"username":"a"}],"clients":[]}"#;
    let tables = samples("a.json", realm);
    assert_eq!(tables.iter().map(|t| t.table.as_str()).collect::<Vec<_>>(), ["realm", "users", "clients"]);
    let pages = br#"[{"total":2,"users":[{"$id":"a"}]},{"total":2,"users":[{"$id":"b"}]}]"#;
    assert_eq!(samples("a.json", pages)[0].records.len(), 2);
    // What comes first in a user is no matter, and people's own lists are no pages.
    for pages in [
        &br#"[{"users":[{"id":1,"email":"a@example.com"},{"id":2,"email":"b@example.com"}],"next":null}]"#[..],
        br#"[{"results":[{"email":"a@example.com"},{"email":"b@example.com"}],"success":true,"meta":{"id":1}}]"#,
        br#"{"result":[{"results":[{"email":"a@example.com"},{"email":"b@example.com"}],"success":true}],"errors":[]}"#,
    ] {
        let tables = samples("a.json", pages);
        assert!(tables.iter().any(|table| table.records.len() == 2 && table.columns.contains(&"email".to_owned())));
    }
    for people in [
        &br#"[{"id":1,"items":[{"email":"a@example.com"}]},{"id":2,"items":[]}]"#[..],
        br#"[{"email":"a@example.com","users":[{"id":3}]},{"email":"b@example.com","users":[]}]"#,
        br#"[{"x":{"id":1},"emails":[{"email":"a@example.com"}]},{"emails":[]}]"#,
    ] {
        let tables = samples("a.json", people);
        assert_eq!((tables[0].table.as_str(), tables[0].records.len()), ("", 2));
    }
    let one = br#"{"_id":{"$oid":"x"},"emails":[{"address":"a@example.com"}]}"#;
    assert_eq!(samples("a.json", one)[0].format, crate::format::Format::Ndjson);
}

#[test]
fn a_folder_is_its_files_in_natural_order() {
    let dir = tempfile::tempdir().unwrap();
    for (name, email) in
        [("r-users-10.json", "c"), ("r-users-0.json", "a"), ("r-users-2.json", "b"), ("notes.txt", "x")]
    {
        fs::write(dir.path().join(name), format!(r#"{{"users":[{{"id":"{email}","email":"{email}@example.com"}}]}}"#))
            .unwrap();
    }
    let export = Export::open(&[dir.path().to_owned()], ReadOptions::default()).unwrap();
    let (seen, _) = scan(&export, 2);
    let seen: Vec<_> = seen.into_iter().map(|(record, .., email)| (record, email.unwrap())).collect();
    let expected = [(1, "a@example.com"), (2, "b@example.com"), (3, "c@example.com")];
    assert_eq!(seen, expected.map(|(n, email)| (n, email.to_owned())));
}

#[test]
fn tables_of_a_folder_may_be_empty_and_called_as_those_of_the_emulator() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("accounts.json", r#"[{"id":7,"userId":1,"provider":"google"}]"#),
        ("posts.ndjson", ""),
        ("users.json", r#"[{"id":1,"email":"ann@example.com","password_hash":"x"}]"#),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let open = || {
        Export::open(&[dir.path().to_owned()], ReadOptions { table: Some("users".into()), ..ReadOptions::default() })
    };
    let export = open().unwrap();
    assert!(export.tables().iter().any(|table| table.path.ends_with("users.json")));
    assert!(
        export.findings().iter().any(|said| said.ends_with("nothing is in posts.ndjson")),
        "{:?}",
        export.findings()
    );
    fs::write(dir.path().join("config.json"), "{}").unwrap();
    assert!(open().is_err(), "the emulator's accounts are read alone");
}

#[test]
fn an_empty_part_and_people_beside_a_file_are_missing() {
    let users: &[u8] = b"id,email,password\n1,a@x.y,x\n";
    let json: &[u8] = br#"[{"id":1,"email":"a@x.y","password":"x"}]"#;
    let somebody: &[u8] = b"email: b@x.y\nhashed_password: x\n";
    for (files, missing) in [
        (&[("users-1.csv", users), ("users-2.csv", b"")][..], true),
        (&[("users_000.json", json), ("users_001.json", b"")], true),
        (&[("users.csv", users), ("posts.csv", b"")], false),
        (&[("users.json", json), ("bob.yaml", somebody)], true),
        (&[("users.json", json), ("settings.yml", b"mail:\n  password: x\n")], false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let export = Export::open(&[dir.path().to_owned()], ReadOptions::default()).unwrap();
        let said = export.findings();
        assert_eq!(export.is_incomplete(), missing, "{said:?}");
        assert_eq!(said.iter().any(|said| said.contains("users may be missing")), missing, "{said:?}");
    }
}

/// Where nobody says what a column is called, nothing is guessed: of two databases, each has its own.
#[test]
fn rows_without_names_get_those_of_their_own_table_or_none() {
    let schema = |column: &str, more: &str| {
        format!("CREATE TABLE `users` (`id` int, `email` varchar(99), `password` varchar(99), `{column}` int{more});\n")
    };
    let rows = "INSERT INTO `users` VALUES (1,'a@x.y','x',1);\n";
    let columns = |files: &[(&str, &str)]| {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let export = open(&dir, &files, Some("generic"))?;
        let filled = export.tables().iter().filter(|table| !table.records.is_empty());
        Ok::<_, RunError>(filled.map(|table| table.columns.last().cloned().unwrap_or_default()).collect::<Vec<_>>())
    };
    let (active, banned) = (schema("active", ""), schema("banned", ""));
    let two = [("a.users-schema.sql", &*active), ("b.users-schema.sql", &*banned)];
    let with = |more: &[(&'static str, &'static str)]| {
        let mut files = two.to_vec();
        files.extend(more);
        columns(&files)
    };
    let both = with(&[("a.users.00000.sql", rows), ("b.users.00000.sql", rows)]).unwrap_err().to_string();
    assert!(both.contains("password, active)") && both.contains("password, banned)"), "each has its own: {both}");
    assert_eq!(with(&[("b.users.00000.sql", rows)]).unwrap(), ["banned"]);
    assert!(with(&[("rows.sql", rows)]).is_err(), "of which of them is not said");
    assert_eq!(columns(&[("schema.sql", &active), ("rows.sql", rows)]).unwrap(), ["active"]);
    // What rows leave out counts in another file as well.
    let off = schema("active", " NOT NULL DEFAULT 0");
    let short = "INSERT INTO `users` (`id`,`email`,`password`) VALUES (1,'a@x.y','x');\n";
    assert!(columns(&[("schema.sql", &off), ("rows.sql", short)]).is_err());
    // Columns are where later statements have put them, or nobody knows.
    for (change, expected) in [
        ("ADD `banned` int DEFAULT 0 AFTER `password`", Some(["id", "email", "password", "banned", "active"])),
        ("ADD COLUMN banned int FIRST, ADD KEY (`email`)", Some(["banned", "id", "email", "password", "active"])),
        (
            "ADD banned int, MODIFY `id` int NOT NULL AUTO_INCREMENT",
            Some(["id", "email", "password", "active", "banned"]),
        ),
        ("ADD banned int AFTER nothing", None),
        ("DROP COLUMN `active`, ADD `x` int, ADD `y` int", None),
        ("MODIFY active int FIRST, ADD x int", None),
        ("CHANGE active banned int, ADD x int", None),
        ("RENAME COLUMN active TO banned, ADD x int", None),
    ] {
        let dump = format!("{active}ALTER TABLE `users` {change};\nINSERT INTO `users` VALUES (1,'a@x.y','x',1,0);\n");
        let dir = tempfile::tempdir().unwrap();
        let found = open(&dir, &[("a.sql", dump.as_bytes())], Some("generic"));
        let found = found.ok().map(|export| export.tables()[0].columns.clone());
        assert_eq!(found, expected.map(|names| names.map(str::to_owned).to_vec()), "{change}");
    }
}

/// A file that lies among those that are passed, and that nobody reads, is as missing as one that does not.
#[test]
fn rows_of_a_file_that_nobody_reads_are_missing() {
    let dump: &[u8] = b"CREATE TABLE `users` (`id` int, `email` varchar(99), `password` varchar(99));\n\
        INSERT INTO `users` VALUES (1,'a@x.y','x');\nLOAD DATA INFILE 'more.csv' INTO TABLE `users`;\n";
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[("a.sql", dump), ("more.csv", b"3,c@x.y,x\n4,d@x.y,x\n")], Some("generic")).unwrap();
    assert!(export.is_incomplete(), "{:?}", export.findings());
}

/// As Grav keeps them, a file for everybody: nobody is called `email` or `hashed_password`.
#[test]
fn a_mapping_of_yaml_is_one_person_and_no_htpasswd() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["ann", "bob"] {
        let text = format!(
            "email: {name}@example.com\nfullname: '{name} A'\nstate: enabled\naccess:\n  site:\n    login: true\n\
             hashed_password: $2y$10$GOQp48IB2Fo.OT8K/fs79OZxcE38j/N/zxMYplEEfGujbsAJqdjYS\n"
        );
        fs::write(dir.path().join(format!("{name}.yaml")), text).unwrap();
    }
    let export = Export::open(&[dir.path().to_owned()], ReadOptions::default()).unwrap();
    let (seen, end) = scan(&export, 1);
    end.unwrap();
    let seen: Vec<_> = seen.into_iter().map(|(.., outcome)| outcome).collect();
    assert_eq!(seen, ok(&["ann@example.com", "bob@example.com"]));
}

#[test]
fn latin_1_is_read_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let export = open(&dir, &[("a.csv", b"id,email,name\n1,ann@example.com,\"Ren\xe9e, \"\"R\"\"\"\n")], None).unwrap();
    assert_eq!(export.tables()[0].records[0]["name"], "Renée, \"R\"");
    assert!(export.findings()[0].contains("Latin-1"), "{:?}", export.findings());

    // A byte that is not UTF-8 long after the sample, in a file that is.
    let mut late = b"id,email,name\n".to_vec();
    for n in 0..40_000 {
        late.extend(format!("{n},u{n}@example.com,Zoë {n}\n").into_bytes());
    }
    late.extend(b"x,late@example.com,\"Ren\xe9e, \"\"R\"\"\"\n");
    let export = open(&dir, &[("b.csv", &late)], None).unwrap();
    let notes = std::sync::Mutex::new(Vec::new());
    let each = |(): &mut (), item: Item<'_>| {
        let account = item.account.unwrap();
        if !account.notes.is_empty() {
            notes.lock().unwrap().push((
                item.position.record,
                account.name.unwrap().into_owned(),
                account.notes[0].code,
            ));
        }
    };
    export.scan(3, &Silent, || (), each, |()| Ok(ControlFlow::Continue(()))).unwrap();
    assert_eq!(*notes.lock().unwrap(), [(40_001, "Renée, \"R\"".to_owned(), Code::NotUtf8)]);
}

#[test]
fn packed_files_are_told_by_their_first_bytes() {
    use std::io::Write;
    let two = ok(&["ann@example.com", "bob@example.com"]);
    let (first, second) = (b"id,email\n1,ann@example.com\n".as_slice(), b"2,bob@example.com\n".as_slice());
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    // `cat a.gz b.gz` is a gzip file of two members.
    assert_eq!(emails("a.csv", &[gzip(first), gzip(second)].concat()), two);
    let whole = [first, second].concat();
    let zstd = |bytes| zstd::encode_all(bytes, 1).unwrap();
    assert_eq!(emails("a.csv", &zstd(whole.as_slice())), two);
    // What `pzstd` writes begins with a skippable frame.
    let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0size".to_vec();
    assert_eq!(emails("a.csv", &[skipped, zstd(first), zstd(second)].concat()), two);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("__MACOSX/users.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.start_file("users.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&whole).unwrap();
    assert_eq!(emails("a.csv", &zip.finish().unwrap().into_inner()), two);
}

#[test]
fn rows_of_two_encodings_are_each_read_in_their_own() {
    let csv = [&b"id,email,name\n1,zo\xeb@example.com,x\n2,"[..], "дейв@example.com,y\n".as_bytes()].concat();
    assert_eq!(emails("a.csv", &csv), ok(&["zoë@example.com", "дейв@example.com"]));
}

/// What a sick dump must not do to the people in it: each case with the addresses that are read, in order, and how many records
/// are refused.
#[test]
fn damage_costs_its_record_and_no_other() {
    let cases: [(&str, &[u8], &[&str], usize); 9] = [
        ("a comment between rows", b"INSERT INTO `users` (`id`, `email`) VALUES\n(1,'a@x.y'), -- it's a comment\n/* ; */ (2,'b@x.y'),\n# and ('3\n(3,'c@x.y');\n", &["a@x.y", "b@x.y", "c@x.y"], 0),
        ("an unwanted table with comments", b"INSERT INTO `posts` (`id`, `body`) VALUES\n(1,'p'), -- it's\n(2,'q');\nINSERT INTO `users` (`id`, `email`) VALUES (1,'a@x.y');\n", &["a@x.y"], 0),
        ("INSERT SET", b"INSERT INTO `users` SET `id`=1, `email`='a@x.y', `name`='; SET';\nINSERT INTO `users` SET `id`=2,`email`='b@x.y',`name`=NULL ON DUPLICATE KEY UPDATE id=1;\n", &["a@x.y", "b@x.y"], 0),
        ("REPLACE and IGNORE", b"REPLACE INTO `users` (`id`, `email`) VALUES (1,'a@x.y');\nINSERT  IGNORE INTO `users` (`id`, `email`) VALUES (2,'b@x.y');\nINSERT OR REPLACE INTO \"users\" (id, email) VALUES (3,'c@x.y');\nINSERT /*!32312 IGNORE */ INTO users (id, email) VALUES (4,'d@x.y');\n", &["a@x.y", "b@x.y", "c@x.y", "d@x.y"], 0),
        ("a quote lost", b"INSERT INTO `users` (`id`, `email`) VALUES\n(1,'a@x.y'),\n(2,'o'neil@x.y'),\n(3,'c@x.y');\nINSERT INTO `users` (`id`, `email`) VALUES (4,'d@x.y');\n", &["a@x.y", "c@x.y", "d@x.y"], 1),
        ("a quote lost at the end", b"INSERT INTO `users` (`id`, `email`) VALUES\n(1,'a@x.y'),\n(2,'b@x.y),\n(3,'c@x.y');\n", &["a@x.y", "c@x.y"], 1),
        ("words between rows", b"INSERT INTO `users` (`id`, `email`) VALUES\n(1,'a@x.y'), oops\n,(2,'b@x.y');\n", &["a@x.y", "b@x.y"], 1),
        ("a zero byte", b"id,email\n1,a@x.y\n2,b\0@x.y\n3,c@x.y\n", &["a@x.y", "b\0@x.y", "c@x.y"], 0),
        ("backslashes without a sign of whose they are", b"INSERT INTO users (id, email, name) VALUES (1,'a@x.y','O\\'Neil');\nINSERT INTO users (id, email, name) VALUES (2,'b@x.y','it\\'s, (so)');\n", &["a@x.y", "b@x.y"], 0),
    ];
    for (what, dump, addresses, refused) in cases {
        let found = emails(if dump.starts_with(b"id,") { "a.csv" } else { "a.sql" }, dump);
        let (read, damaged): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        assert_eq!(read, ok(addresses), "{what}");
        assert_eq!(damaged.len(), refused, "{what}: {damaged:?}");
    }
}

#[test]
fn a_dump_that_was_cut_is_said_to_be() {
    let mysql = "-- MySQL dump 10.13\nINSERT INTO `users` (`id`, `email`) VALUES (1,'a@x.y');\n";
    let postgres = "--\n-- PostgreSQL database dump\n--\nCOPY public.users (id, email) FROM stdin;\n1\ta@x.y\n\\.\n";
    let sqlite = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nINSERT INTO users (id, email) VALUES (1,'a@x.y');\n";
    for (dump, last) in [
        (mysql, "\n-- Dump completed on 2026-11-27\n"),
        (postgres, "--\n-- PostgreSQL database dump complete\n--\n"),
        (sqlite, "COMMIT;\n"),
    ] {
        for (dump, cut) in [(dump.to_owned(), true), (format!("{dump}{last}"), false)] {
            let dir = tempfile::tempdir().unwrap();
            let export = open(&dir, &[("a.sql", dump.as_bytes())], None).unwrap();
            assert_eq!(export.is_incomplete(), cut, "{dump}");
            assert_eq!(
                export.findings().iter().any(|said| said.contains("may be missing")),
                cut,
                "{:?}",
                export.findings()
            );
            assert_eq!(scan(&export, 1).0.len(), 1);
        }
    }
}

#[test]
fn encodings_are_what_the_dump_says() {
    let latin =
        b"/*!40101 SET NAMES latin1 */;\nINSERT INTO `users` (`id`, `email`, `name`) VALUES (1,'a@x.y','Zo\xeb');\n";
    let cyrillic = b"SET client_encoding = 'WIN1251';\nCOPY public.users (id, email, name) FROM stdin;\n1\ta@x.y\t\xc0\xed\xed\xe0\n\\.\n";
    let kanji = b"SET NAMES sjis;\nINSERT INTO `users` (`id`, `email`, `name`) VALUES (1,'a@x.y','\x95\x5c');\n";
    // What mysqldump writes where latin1 columns hold UTF-8.
    let mistaken =
        "/*!40101 SET NAMES latin1 */;\nINSERT INTO `users` (`id`, `email`, `name`) VALUES (1,'a@x.y','Zoë');\n";
    for (dump, name) in [(latin.as_slice(), "Zoë"), (cyrillic, "Анна"), (kanji, "表"), (mistaken.as_bytes(), "Zoë")]
    {
        let dir = tempfile::tempdir().unwrap();
        let export = open(&dir, &[("a.sql", dump)], None).unwrap();
        assert_eq!(export.tables()[0].records[0]["name"], name);
    }
}

#[test]
fn databases_with_the_same_tables_stay_apart() {
    let of = |database: &str, address: &str| {
        format!(
            "CREATE DATABASE `{database}`;\nUSE `{database}`;\nCREATE TABLE `users` (`id` int, `email` text);\nINSERT INTO `users` VALUES (1,'{address}');\n"
        )
    };
    let dump = of("shop", "a@x.y") + &of("blog", "b@x.y");
    let dir = tempfile::tempdir().unwrap();
    let cluster = "\\connect shop\nCOPY public.users (id, email) FROM stdin;\n1\ta@x.y\n\\.\n\\connect -reuse-previous=on \"dbname='blog'\"\nCOPY public.users (id, email) FROM stdin;\n1\tb@x.y\n\\.\n";
    for dump in [dump.as_bytes(), cluster.as_bytes()] {
        // Which of the two holds the users is for a person to say.
        let said = open(&dir, &[("a.sql", dump)], None).err().unwrap().to_string();
        assert!(said.contains("`users` (1 row: id, email); `blog.users` (1 row: id, email)"), "{said}");
    }
}

#[test]
fn nobody_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content, words) in [
        ("a.csv", "id,email\n", "a.csv"),
        (
            "a.sql",
            "CREATE TABLE `users` (`id` int, `email` text);\nCREATE TABLE `posts` (`id` int);\nINSERT INTO `posts` VALUES (1);\n",
            "`posts`",
        ),
        ("a.ldif", "dn: ou=people,dc=x\nobjectClass: organizationalUnit\nou: people\n", "organizationalUnit"),
    ] {
        let (seen, end) = scan(&open(&dir, &[(name, content.as_bytes())], None).unwrap(), 1);
        let said = end.unwrap_err().to_string();
        assert!(seen.is_empty() && said.contains("nobody is in") && said.contains(words), "{said}");
    }
    let people = "dn: uid=a,dc=x\nuid: a\nmail: a@x.y\nuserPassword: {SSHA}x\n\ndn: mail=b@x.y,dc=x\nobjectClass: mailUser\nmail: b@x.y\nuserPassword: {SSHA}x\n\ndn: cn=g\nobjectClass: posixGroup\ncn: g\n";
    assert_eq!(emails("a.ldif", people.as_bytes()), ok(&["a@x.y", "b@x.y"]));
}
