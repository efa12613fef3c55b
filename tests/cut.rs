//! A file that was cut is said to be, by every command, and never with exit code 0.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{rehome, run};

const HASH: &str = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";

fn bson(members: &[(&str, &str)]) -> Vec<u8> {
    let mut inner = Vec::new();
    for (name, text) in members {
        inner.push(2);
        inner.extend(name.bytes().chain([0]));
        inner.extend(u32::try_from(text.len() + 1).expect("short").to_le_bytes());
        inner.extend(text.bytes().chain([0]));
    }
    let length = u32::try_from(inner.len() + 5).expect("short").to_le_bytes();
    [&length[..], &inner, &[0]].concat()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text).expect("in memory");
    gzip.finish().expect("in memory")
}

/// Files of thirty people, each cut at the byte that is given from its end.
fn cut_files() -> Vec<(&'static str, Vec<u8>)> {
    let each = |row: &dyn Fn(usize) -> String| (0..30).map(row).collect::<String>();
    let csv =
        format!("id,email,password,name\n{}", each(&|at| format!("{at},u{at}@example.com,{HASH},\"Name {at}\"\n")));
    let object = |at: usize| format!("{{\"id\":\"{at}\",\"email\":\"u{at}@example.com\",\"password\":\"{HASH}\"}}");
    let json = format!("[{}]", (0..30).map(object).collect::<Vec<_>>().join(","));
    let ndjson = each(&|at| object(at) + "\n");
    let tuples = (0..30).map(|at| format!("({at},'u{at}@example.com','{HASH}')")).collect::<Vec<_>>().join(",");
    let mysql = format!(
        "-- MySQL dump 10.13\nCREATE TABLE `users` (`id` int, `email` varchar(99), `password` varchar(99));\n\
         INSERT INTO `users` VALUES {tuples};\n-- Dump completed on 2026-11-20\n"
    );
    let copy = format!(
        "--\n-- PostgreSQL database dump\n--\n\nCOPY public.users (id, email, password) FROM stdin;\n{}\\.\n\n--\n\
         -- PostgreSQL database dump complete\n--\n",
        each(&|at| format!("{at}\tu{at}@example.com\t{HASH}\n"))
    );
    let xml = format!(
        "<?xml version=\"1.0\"?>\n<resultset statement=\"select\">\n{}</resultset>\n",
        each(&|at| format!(
            "<row><field name=\"id\">{at}</field><field name=\"email\">u{at}@example.com</field><field name=\"password\">{HASH}</field></row>\n"
        ))
    );
    let ldif = each(&|at| {
        format!("dn: uid=u{at},dc=x\nuid: u{at}\nmail: u{at}@example.com\nuserPassword: {{CRYPT}}{HASH}\n\n")
    });
    let collection: Vec<u8> = (0..30)
        .flat_map(|at| bson(&[("_id", &at.to_string()), ("email", &format!("u{at}@example.com")), ("password", HASH)]))
        .collect();
    let shorter = |bytes: &[u8], by: usize| bytes[..bytes.len() - by].to_vec();
    vec![
        ("quote.csv", shorter(csv.as_bytes(), 4)),
        ("row.csv", shorter(csv.as_bytes(), 40)),
        ("a.json", shorter(json.as_bytes(), 30)),
        ("bracket.json", shorter(json.as_bytes(), 1)),
        ("a.ndjson", shorter(ndjson.as_bytes(), 30)),
        ("mysql.sql", shorter(mysql.as_bytes(), 33)),
        ("tuple.sql", shorter(mysql.as_bytes(), 90)),
        ("copy.sql", shorter(copy.as_bytes(), 60)),
        ("line.sql", shorter(copy.as_bytes(), 300)),
        ("a.xml", shorter(xml.as_bytes(), 13)),
        ("a.ldif", shorter(ldif.as_bytes(), 87)),
        ("users.bson", shorter(&collection, 20)),
        ("a.csv.gz", shorter(&packed(csv.as_bytes()), 20)),
        ("a.sql.gz", shorter(&packed(mysql.as_bytes()), 20)),
    ]
}

#[test]
fn every_command_says_of_a_cut_file_that_it_is_one() {
    let home = tempfile::tempdir().expect("a folder");
    for (name, bytes) in cut_files() {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let folder = |command: &str| home.path().join(format!("{command}-{name}"));
        for command in ["plan", "map", "check", "import"] {
            let mut run_it = rehome();
            run_it.arg(command).arg(&path);
            if command != "plan" && command != "map" {
                run_it.arg("--run").arg(folder(command));
            }
            if command == "import" {
                run_it.arg("--sandbox");
            }
            let said = run(&mut run_it);
            assert!(
                [1, 3].contains(&said.code),
                "{command} {name} exits {}: {}{}",
                said.code,
                said.stdout,
                said.stderr
            );
            let text = format!("{}{}", said.stdout, said.stderr).to_lowercase();
            let tells = ["cut", "ends", "damaged", "may be missing", "unexpected end", "truncated"];
            assert!(tells.iter().any(|word| text.contains(word)), "{command} {name}: {text}");
        }
    }
}

/// Whoever is missing from a part of an export is not gone from the source, and nobody is deleted for it.
#[test]
fn a_sync_takes_nobody_for_gone_by_a_part_of_an_export() {
    let home = tempfile::tempdir().expect("a folder");
    let (path, folder) = (home.path().join("users.sql"), home.path().join("run"));
    let dump = |users: usize, end: &str| {
        let rows = (0..users).map(|at| format!("({at},'u{at}@example.com','{HASH}')")).collect::<Vec<_>>().join(",");
        format!("-- MySQL dump 10.13\nINSERT INTO `users` (`id`,`email`,`password`) VALUES {rows};\n{end}")
    };
    let whole = "-- Dump completed on 2026-11-20\n";
    std::fs::write(&path, dump(4, whole)).expect("written");
    run(rehome().arg("import").arg(&path).arg("--sandbox").arg("--run").arg(&folder)).exits(0);
    let sync = |gone: &str| run(rehome().arg("sync").arg(&path).arg("--run").arg(&folder).args(["--gone", gone]));
    std::fs::write(&path, dump(2, "")).expect("written");
    let said = sync("delete").exits(1).stderr;
    assert!(said.contains("would be taken for gone"), "{said}");
    let said = sync("keep").exits(3).stderr;
    assert!(said.contains("users may be missing"), "{said}");
    std::fs::write(&path, dump(3, whole)).expect("written");
    sync("delete").exits(0);
}

/// What an API answers is one page of several, and says so beside its list.
#[test]
fn a_page_is_not_the_whole_book() {
    let home = tempfile::tempdir().expect("a folder");
    let users = |from: usize| {
        let user = |at: usize| json!({ "id": at.to_string(), "email": format!("u{at}@example.com"), "password": HASH });
        Value::Array((from..from + 3).map(user).collect())
    };
    let write = |name: &str, page: &Value| {
        let path = home.path().join(name);
        std::fs::write(&path, page.to_string()).expect("written");
        path
    };
    for page in [
        json!({ "page": 1, "per_page": 3, "total_pages": 5, "data": users(0) }),
        json!({ "users": users(0), "has_more": true, "next_cursor": "abc" }),
        json!({ "total": 500, "users": users(0) }),
        json!({ "data": users(0), "links": { "self": "?page=1", "next": "https://api.example.com/users?page=2" } }),
        json!({ "nextPageToken": "Cg", "users": users(0) }),
        json!({ "count": 1000, "next": "https://api.example.com/?page=2", "previous": null, "results": users(0) }),
    ] {
        let path = write("page.json", &page);
        let folder = tempfile::tempdir().expect("a folder");
        let check = run(rehome().arg("check").arg(&path).arg("--run").arg(folder.path())).exits(3);
        assert!(check.stdout.contains("users are missing"), "{page}: {}", check.stdout);
        let plan = run(rehome().arg("plan").arg(&path)).exits(3);
        assert!(plan.stderr.contains("users are missing"), "{page}: {}", plan.stderr);
    }
    for page in [
        json!({ "total": 3, "users": users(0) }),
        json!({ "count": 3, "next": null, "results": users(0) }),
        json!({ "page": 1, "total_pages": 1, "data": users(0) }),
        json!({ "has_more": false, "users": users(0) }),
    ] {
        run(rehome().arg("plan").arg(write("page.json", &page))).exits(0);
    }
    let pages = [
        write("one.json", &json!({ "total": 6, "has_more": true, "users": users(0) })),
        write("two.json", &json!({ "total": 6, "has_more": false, "users": users(3) })),
    ];
    assert_eq!(run(rehome().arg("plan").args(&pages)).exits(0).lines().len(), 6);
}

/// The last page of one list is not that of another one beside it, and what nobody reads has as many as it likes.
#[test]
fn the_last_page_of_another_list_is_not_the_last() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, page: &Value| {
        let path = home.path().join(name);
        std::fs::write(&path, page.to_string()).expect("written");
        path
    };
    let user = |id: u64| json!({ "id": id, "email": format!("u{id}@example.com"), "password": HASH });
    let more = json!({ "users": [user(1), user(2)], "has_more": true });
    let last = json!({ "users": [user(3)], "has_more": false });
    let orders = json!({ "orders": [{ "order": 7, "sum": 5 }], "has_more": false, "total": 4000 });
    let more_orders = json!({ "orders": [{ "order": 7, "sum": 5 }], "has_more": true, "total": 4000 });
    let plan = |pages: [&Value; 2]| {
        let paths = [write("users.json", pages[0]), write("others.json", pages[1])];
        run(rehome().arg("plan").args(&paths))
    };
    let said = plan([&more, &orders]).exits(3).stderr;
    assert!(said.contains("users.json is one page of several (`has_more`)"), "{said}");
    assert_eq!(plan([&more, &last]).exits(0).lines().len(), 3);
    assert_eq!(plan([&last, &more_orders]).exits(0).lines().len(), 1);
    // DynamoDB's lists have no names.
    let item = |id: &str| json!({ "id": { "S": id }, "email": { "S": format!("u{id}@example.com") }, "password": { "S": HASH } });
    let more = json!({ "Items": [item("1"), item("2")], "LastEvaluatedKey": { "id": { "S": "2" } } });
    let orders = json!({ "Items": [{ "order": { "N": "7" }, "sum": { "N": "5" } }], "Count": 1 });
    let said = plan([&more, &orders]).exits(3).stderr;
    assert!(said.contains("users.json is one page of several"), "{said}");
}

/// So do DynamoDB's and Firestore's, of which the last page names no other.
#[test]
fn a_page_of_typed_json_is_not_the_whole_book() {
    let home = tempfile::tempdir().expect("a folder");
    let item = |id: &str| json!({ "id": { "S": id }, "email": { "S": format!("u{id}@example.com") }, "password": { "S": HASH } });
    let document = |id: &str| {
        let fields =
            json!({ "email": { "stringValue": format!("u{id}@example.com") }, "password": { "stringValue": HASH } });
        json!({ "name": format!("projects/p/databases/d/documents/users/{id}"), "fields": fields })
    };
    let write = |name: &str, pages: &[Value]| {
        let path = home.path().join(name);
        let pages: Vec<String> = pages.iter().map(|page| format!("{page:#}\n")).collect();
        std::fs::write(&path, pages.concat()).expect("written");
        path
    };
    let first = json!({ "Items": [item("1"), item("2")], "Count": 2, "LastEvaluatedKey": { "id": { "S": "2" } } });
    let last = json!({ "Items": [item("3")], "Count": 1, "ScannedCount": 1, "ConsumedCapacity": null });
    for page in [
        first.clone(),
        json!({ "Items": [item("1")], "Count": 2, "NextToken": "eyJ" }),
        json!({ "documents": [document("1")], "nextPageToken": "x" }),
    ] {
        let plan = run(rehome().arg("plan").arg(write("page.json", &[page]))).exits(3);
        assert!(plan.stderr.contains("users are missing"), "{}", plan.stderr);
        assert!(!plan.lines().is_empty());
    }
    run(rehome().arg("plan").arg(write("page.json", &[json!({ "documents": [document("1")] })]))).exits(0);
    let both = run(rehome().arg("plan").arg(write("page.json", &[first.clone(), last.clone()]))).exits(0);
    assert_eq!(both.lines().len(), 3);
    let pages = [write("one.json", &[first]), write("two.json", &[last])];
    assert_eq!(run(rehome().arg("plan").args(&pages)).exits(0).lines().len(), 3);
}

#[test]
fn a_whole_file_is_none() {
    let home = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("quote.csv", format!("id,email,password,name\n1,a@example.com,{HASH},\"Ann\"")),
        ("stray.csv", format!("id,email,password,name\n1,a@example.com,{HASH},5\" Ann\n")),
        ("lines.csv", format!("id,email,password,name\n1,a@example.com,{HASH},\"Ann\nArcher\"")),
    ] {
        std::fs::write(home.path().join(name), text).expect("written");
        let plan = run(rehome().arg("plan").arg(home.path().join(name))).exits(0);
        assert_eq!(plan.lines().len(), 1, "{name}");
    }
}

#[test]
fn a_database_that_is_shorter_than_it_says_is_not_read() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("users.db");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database
        .execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT); BEGIN")
        .expect("a table");
    for at in 0..200 {
        let row = (at, format!("u{at}@example.com"), HASH);
        database.execute("INSERT INTO users VALUES (?1, ?2, ?3)", row).expect("a row");
    }
    database.execute_batch("COMMIT").expect("committed");
    drop(database);
    let whole = std::fs::read(&path).expect("the database");
    assert_eq!(run(rehome().arg("plan").arg(&path)).exits(0).lines().len(), 200);
    std::fs::write(&path, &whole[..whole.len() - 4096]).expect("written");
    let said = run(rehome().arg("plan").arg(&path)).exits(1).stderr;
    assert!(said.contains("cut off"), "{said}");
}

/// Whoever is killed while they read an archive cannot tidy up; the next who reads one does.
#[test]
fn what_a_killed_run_unpacked_is_gone_after_the_next() {
    let home = tempfile::tempdir().expect("a folder");
    let mut archive = tar::Builder::new(std::fs::File::create(home.path().join("a.tar")).expect("a file"));
    let csv = format!("id,email,password\n1,a@example.com,{HASH}\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(csv.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    archive.append_data(&mut header, "users.csv", csv.as_bytes()).expect("appended");
    archive.finish().expect("an archive");
    let temporary = home.path().join("temporary");
    let left = temporary.join("rehome-unpacked-killed");
    std::fs::create_dir_all(left.join("files")).expect("a folder");
    std::fs::write(left.join(".rehome-lock"), "").expect("a file");
    std::fs::write(left.join("files/users.csv"), &csv).expect("a file");
    // One that somebody still reads.
    let held = temporary.join("rehome-unpacked-held");
    std::fs::create_dir_all(&held).expect("a folder");
    let lock = std::fs::File::create(held.join(".rehome-lock")).expect("a file");
    lock.lock().expect("locked");
    run(rehome().env("TMPDIR", &temporary).arg("plan").arg(home.path().join("a.tar"))).exits(0);
    assert_eq!(names(&temporary), ["rehome-unpacked-held"]);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
