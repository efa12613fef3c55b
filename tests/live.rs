//! Users read from where they live: the same as from a dump, and a clear word where they cannot be read.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;

use super::servers::{MariaDb, Postgres, output};
use super::util::{Run, Sandbox, fixture, rehome, run, run_with_input};

const BCRYPT: &str = "$2y$10$48lB5MansssYbu7wgQUfguDxAtpK6pOsqE797oxZrqXCJ8qerW100";

fn plan(export: impl AsRef<std::ffi::OsStr>) -> Run {
    run(rehome().arg("plan").arg(export.as_ref()).arg("--reveal"))
}

/// The plans, without what tells where in a file a record stands.
fn plans(run: &Run) -> Vec<serde_json::Value> {
    let mut lines = run.lines();
    for line in &mut lines {
        for place in ["line", "byte", "file", "position"] {
            line.as_object_mut().and_then(|line| line.remove(place));
        }
    }
    lines
}

fn database(path: &Path, journal: &str) -> Connection {
    let database = Connection::open(path).expect("a database");
    database
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal}; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT);
             INSERT INTO users VALUES (1, 'ann@example.com', '{BCRYPT}'), (2, 'ben@example.com', '{BCRYPT}');"
        ))
        .expect("written");
    database
}

#[test]
fn every_command_takes_a_file_of_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, runs) = (folder.path().join("app.db"), folder.path().join("run"));
    let open = database(&file, "wal");
    assert_eq!(plan(&file).exits(0).lines().len(), 2);
    let map = run(rehome().arg("map").arg(&file)).exits(0);
    assert!(map.stdout.contains("email"), "{}", map.stdout);
    run(rehome().arg("check").arg(&file).arg("--run").arg(folder.path().join("check"))).exits(0);
    run(rehome().arg("import").arg(&file).args(["--sandbox", "--run"]).arg(&runs)).exits(0);
    // The same again: nothing has changed, and nothing is to be done.
    run(rehome().arg("import").arg(&file).args(["--sandbox", "--run"]).arg(&runs)).exits(0);
    open.execute_batch(
        "UPDATE users SET email = 'eve@example.com' WHERE id = 1; INSERT INTO users VALUES (3, 'new@example.com', '')",
    )
    .expect("changed");
    let changed = run(rehome().arg("import").arg(&file).args(["--sandbox", "--run"]).arg(&runs)).exits(5);
    assert!(changed.stderr.contains("rehome sync"), "{}", changed.stderr);
    let synced = run(rehome().arg("sync").arg(&file).arg("--run").arg(&runs)).exits(0);
    assert!(synced.stdout.contains("1  new at the source"), "{}", synced.stdout);
    run(rehome().arg("sync").arg(&file).arg("--run").arg(&runs)).exits(0);
}

#[test]
fn a_row_of_a_database_has_no_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.db");
    database(&file, "delete").execute_batch("UPDATE users SET email = 'no address' WHERE id = 2").expect("changed");
    let told = run(rehome().arg("check").arg(&file).arg("--run").arg(folder.path().join("check"))).exits(3);
    assert!(told.stdout.contains("record 2") && !told.stdout.contains("line "), "{}", told.stdout);
    let page = std::fs::read_to_string(folder.path().join("check/report.html")).expect("a report");
    assert!(page.contains("record 2") && !page.contains("(line "), "{page}");
}

#[test]
fn a_file_of_sqlite_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.db");
    let open = database(&file, "delete");
    let says = |run: Run, words: &[&str]| {
        let run = run.exits(1);
        assert!(words.iter().all(|word| run.stderr.contains(word)), "{words:?}: {}", run.stderr);
    };
    let bytes = std::fs::read(&file).expect("read");
    says(run_with_input(rehome().args(["plan", "-"]), &bytes), &["SQLite", "as a file"]);
    let other = folder.path().join("other.db");
    std::fs::write(&other, &bytes[..bytes.len() / 2]).expect("written");
    says(plan(&other), &["other.db", "damaged", ".recover"]);
    std::fs::write(&other, [b"SQLite format 3\0".as_slice(), &[0x5a; 2000]].concat()).expect("written");
    says(plan(&other), &["other.db"]);
    open.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    says(plan(&file), &["app.db", "locked", "copy"]);
}

#[test]
fn nobody_is_sent_where_a_database_is_refused() {
    for (address, words) in [
        ("postgres://ann:hunter2@127.0.0.1/app", ["PGPASSWORD", "password"]),
        ("postgres://ann@127.0.0.1/app?password=hunter2", ["PGPASSWORD", "password"]),
        ("postgres://ann@127.0.0.1/app?nonsense=1", ["nonsense", "address"]),
        ("mysql://ann:hunter2@127.0.0.1/app", ["mysqldump", "check -"]),
    ] {
        let refused = plan(address).exits(2);
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let none = plan(format!("postgres://ann@127.0.0.1:{unused}/app")).exits(1);
    assert!(none.stderr.contains("no connection"), "{}", none.stderr);
}

/// The tables that a dump of data alone leaves out, by the heads of its COPYs.
fn tables_of(dump: &str) -> String {
    if dump.contains("CREATE TABLE") {
        return String::new();
    }
    let heads = dump.lines().filter_map(|line| line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;"));
    let tables = heads.filter_map(|head| {
        let (name, columns) = head.split_once(" (")?;
        let schema = name.split_once('.').map_or("public", |(schema, _)| schema);
        let columns = columns.trim_end_matches(')').replace(", ", " text, ");
        Some(format!("CREATE SCHEMA IF NOT EXISTS {schema};\nCREATE TABLE {name} ({columns} text);\n"))
    });
    tables.collect()
}

/// Every dump of PostgreSQL among the samples, loaded, read from there, and dumped again.
#[test]
fn postgresql_has_whom_its_dumps_have() {
    let Some(server) = Postgres::start("") else { return };
    let mut compared = 0;
    for (number, dump) in [
        "kinds/devise-two-guards.sql",
        "kinds/keycloak-database.sql",
        "kinds/devise-gitlab.sql",
        "supertokens/supertokens.pg_dump.sql",
        "fusionauth/fusionauth.pg_dump.sql",
        "cases/odoo/dump.sql",
        "cases/database-tools/bytea.sql",
        "cases/rails-password_digest/dump.sql",
        "cases/nextauth-hashedPassword/app.sql",
        "cases/fastapi-users/dump.sql",
        "supabase/users.pg_dump-copy.sql",
        "discourse/dump.sql",
        "dumps/partitions/partitions.sql",
        "devise/users.pg_dump.sql",
        "strapi/pg_dump.sql",
        "directus/pg_dump.sql",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("d{number}");
        let text = std::fs::read_to_string(fixture(dump)).expect("a dump");
        let file = server.folder().join("load.sql");
        std::fs::write(&file, format!("CREATE DATABASE {name};\n\\c {name}\n{}{text}", tables_of(&text)))
            .expect("written");
        server.load("postgres", &file);
        let (dumped, live) = (plan(server.dump(&name)), plan(server.url("postgres", &name)));
        assert_eq!(live.code, dumped.code, "{dump}: {}{}", live.stderr, dumped.stderr);
        assert_eq!(plans(&live), plans(&dumped), "{dump}");
        compared += usize::from(!live.stdout.is_empty());
        eprintln!("{dump}: {} users", live.lines().len());
    }
    assert!(compared >= 10, "only {compared} could be loaded");
}

#[test]
fn postgresql_is_read_whatever_its_tables_are_like() {
    let Some(server) = Postgres::start("") else { return };
    let wide: Vec<String> = (0..1000).map(|n| format!("c{n} text")).collect();
    server.run(
        "postgres",
        &format!(
            "CREATE SCHEMA auth; CREATE SCHEMA \"odd \"\"one\";
             CREATE TABLE auth.users (id int, email text, encrypted_password text, raw_app_meta_data jsonb, raw_user_meta_data jsonb);
             INSERT INTO auth.users VALUES (1, 'auth@example.com', '{BCRYPT}', '{{}}', '{{}}');
             CREATE TABLE public.users (id int, email text, password_hash text, doubled text GENERATED ALWAYS AS (email || email) STORED);
             INSERT INTO public.users VALUES (1, 'public@example.com', '{BCRYPT}');
             CREATE TABLE parted (id int, email text, password_hash text) PARTITION BY RANGE (id);
             CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (0) TO (10);
             CREATE TABLE parted_b PARTITION OF parted DEFAULT;
             INSERT INTO parted SELECT n, 'p' || n || '@example.com', '{BCRYPT}' FROM generate_series(1, 20) n;
             CREATE TABLE \"odd \"\"one\".\"my \"\"people\" (id int, \"E-mail \"\"x\" text, email text, password_hash text, {});
             INSERT INTO \"odd \"\"one\".\"my \"\"people\" (id, email, password_hash, c7) VALUES (1, 'wide@example.com', '{BCRYPT}', E'\\\\.\\n\\t\\\\N');
             CREATE VIEW seen AS SELECT * FROM public.users; CREATE TABLE empty (id int, email text, password text);",
            wide.join(", ")
        ),
    );
    let url = server.url("postgres", "postgres");
    let emails = |arguments: &[&str]| {
        let run = run(rehome().args(["plan", &url, "--reveal"]).args(arguments)).exits(0);
        run.lines().iter().map(|line| line["email"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(emails(&["--from", "generic", "--table", "public.users"]), ["public@example.com"]);
    assert_eq!(emails(&["--from", "generic", "--table", "my \"people"]), ["wide@example.com"]);
    assert_eq!(emails(&["--from", "generic", "--table", "parted"]).len(), 20);
    let dumped = plan(server.dump("postgres"));
    let live = plan(&url);
    assert_eq!((live.code, plans(&live)), (dumped.code, plans(&dumped)), "{}", live.stderr);
}

#[test]
fn postgresql_hides_nobody_silently() {
    let Some(server) = Postgres::start("") else { return };
    server.run(
        "postgres",
        &format!(
            "CREATE ROLE ann LOGIN; CREATE ROLE ben LOGIN; CREATE ROLE cyd LOGIN; ALTER ROLE cyd SET statement_timeout = 1;
             CREATE TABLE users (id int, email text, password_hash text, note text);
             INSERT INTO users SELECT n, 'p' || n || '@example.com', '{BCRYPT}', 'x' FROM generate_series(1, 3000) n;
             ALTER TABLE users ENABLE ROW LEVEL SECURITY;
             CREATE POLICY few ON users TO ann USING (id < 10);
             GRANT SELECT ON users TO ann;
             CREATE TABLE people (id int, email text, password_hash text, note text);
             INSERT INTO people SELECT n, 'p' || n || '@example.com', '{BCRYPT}', 'x' FROM generate_series(1, 30000) n;
             GRANT SELECT (id, email, password_hash) ON people TO ben; GRANT SELECT ON people TO cyd;"
        ),
    );
    let hidden = plan(server.url("ann", "postgres")).exits(1);
    assert!(hidden.stderr.contains("row-level security") && hidden.stderr.contains("BYPASSRLS"), "{}", hidden.stderr);
    assert_eq!(hidden.stdout, "");
    let checked = run(rehome().arg("check").arg(server.url("ben", "postgres")).args(["--format", "json"])).exits(0);
    let found = checked.json()["source"]["findings"].to_string();
    assert!(found.contains("public.people (note), public.users (id and 3 more)"), "{found}");
    assert_eq!(plan(server.url("cyd", "postgres")).exits(0).lines().len(), 30_000);
}

#[test]
fn postgresql_is_told_who_asks() {
    let hba = "hostssl all ann 127.0.0.1/32 scram-sha-256\nhostnossl all ben 127.0.0.1/32 md5\n\
               hostnossl all cyd 127.0.0.1/32 password\nhostnossl all dan 127.0.0.1/32 scram-sha-256";
    let Some(server) = Postgres::start(hba) else { return };
    server.run(
        "postgres",
        &format!(
            "CREATE TABLE users (id int, email text, password_hash text);
             INSERT INTO users VALUES (1, 'a@example.com', '{BCRYPT}');
             CREATE ROLE ann LOGIN PASSWORD 'geheim ü­x'; CREATE ROLE cyd LOGIN PASSWORD 'c'; CREATE ROLE dan LOGIN PASSWORD 'd';
             SET password_encryption = 'md5'; CREATE ROLE ben LOGIN PASSWORD 'b';
             GRANT SELECT ON users TO ann, ben, cyd, dan;"
        ),
    );
    let port = server.port;
    let url = |user: &str, more: &str| format!("postgres://{user}@127.0.0.1:{port}/postgres{more}");
    let ask = |url: &str, password: &str| run(rehome().args(["plan", url]).env("PGPASSWORD", password));
    let ca = fixture("tls/ca.pem").display().to_string();
    let verified = format!("?sslmode=verify-full&sslrootcert={ca}");
    ask(&url("ann", &verified), "geheim ü\u{ad}x").exits(0);
    // The same authority for every command that reads there.
    let unnamed = url("ann", "?sslmode=verify-full");
    let import = ["import", "--sandbox"];
    for command in [&["check"][..], &["plan"], &["map"], &import] {
        let ask = |more: &[&str]| {
            let mut words = rehome();
            words.args(command).arg(&unnamed).args(more).env("PGPASSWORD", "geheim \u{fc}\u{ad}x");
            run(&mut words)
        };
        assert!(ask(&[]).exits(1).stderr.contains("certificate"), "{command:?}");
        assert_eq!(ask(&["--ca-file", &ca]).code, 0, "{command:?}: {}", ask(&["--ca-file", &ca]).stderr);
    }
    for command in ["plan", "map"] {
        let useless = run(rehome().args([command, "users.csv", "--ca-file", &ca])).exits(2);
        assert!(useless.stderr.contains("over the network"), "{}", useless.stderr);
    }
    ask(&url("ben", ""), "b").exits(0);
    ask(&url("cyd", ""), "c").exits(0);
    ask(&url("dan", ""), "d").exits(0);
    for (user, more, words) in [
        ("ann", verified.as_str(), "28P01"),
        ("ann", "?sslmode=require", "no TLS"),
        ("ann", "", "sslmode=verify-full"),
        ("dan", "", "PGPASSWORD"),
    ] {
        let refused = ask(&url(user, more), "wrong").exits(1);
        assert!(refused.stderr.contains(words) && !refused.stderr.contains("wrong"), "{}", refused.stderr);
    }
    let nobody =
        run(rehome().args(["plan", &url("dan", "")]).env_remove("PGPASSWORD").env("HOME", "/nonexistent")).exits(2);
    assert!(nobody.stderr.contains("asks for a password"), "{}", nobody.stderr);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pass");
    std::fs::write(&file, format!("127.0.0.1:{port}:*:dan:d\n")).expect("written");
    let by_file = || run(rehome().args(["plan", &url("dan", "")]).env("PGPASSFILE", &file));
    output(Command::new("chmod").arg("644").arg(&file));
    assert!(by_file().exits(2).stderr.contains("chmod 600"));
    output(Command::new("chmod").arg("600").arg(&file));
    by_file().exits(0);
}

/// What stands before the server and breaks the connection after so many bytes of its answers.
fn breaks_after(server: u16, bytes: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let upstream = TcpStream::connect(("127.0.0.1", server)).expect("the server");
            let (mut from, mut to) = (client.try_clone().expect("a clone"), upstream.try_clone().expect("a clone"));
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to, mut left) = (upstream, client, bytes);
            let mut part = [0; 4096];
            while let Ok(read) = from.read(&mut part) {
                let passed = read.min(left);
                if read == 0 || to.write_all(&part[..passed]).is_err() || passed < read {
                    break;
                }
                left -= passed;
            }
            let _ = (from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both));
        }
    });
    port
}

#[test]
fn a_server_that_goes_away_is_not_the_end_of_its_users() {
    let Some(server) = Postgres::start("host all all 127.0.0.1/32 trust") else { return };
    server.run(
        "postgres",
        &format!(
            "CREATE TABLE users (id int, email text, password_hash text);
             INSERT INTO users SELECT n, 'p' || n || '@example.com', '{BCRYPT}' FROM generate_series(1, 20000) n;"
        ),
    );
    let folder = tempfile::tempdir().expect("a folder");
    // Before anything is known, in the middle of the rows, shortly before their end.
    for bytes in [30, 3_000, 700_000, 1_600_000] {
        let port = breaks_after(server.port, bytes);
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let run_folder = folder.path().join(bytes.to_string());
        let ended = run(rehome().args(["import", &url, "--sandbox", "--run"]).arg(&run_folder)).exits(1);
        assert!(ended.stderr.contains("went away"), "{bytes}: {}", ended.stderr);
        let checked = run(rehome().args(["check", &url])).exits(1);
        assert!(checked.stderr.contains("went away"), "{bytes}: {}", checked.stderr);
    }
    // With the server itself it goes through.
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let there = run(rehome().args(["check", &url])).exits(0);
    assert!(there.stdout.contains("20,000"), "{}", there.stdout);
}

/// Import from a server, changes there, and the evening's sync; everything from one moment although people go on.
#[test]
fn an_import_and_a_sync_come_from_a_server_in_use() {
    let Some(server) = Postgres::start("") else { return };
    server.run(
        "postgres",
        &format!(
            "CREATE TABLE users (id int primary key, email text, password_hash text, name text);
             INSERT INTO users SELECT n, 'p' || n || '@example.com', '{BCRYPT}', 'N' || n FROM generate_series(1, 300) n;"
        ),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let (url, runs) = (server.url("postgres", "postgres"), folder.path().join("run"));
    let import = || run(rehome().args(["import", &url, "--sandbox", "--run"]).arg(&runs));
    import().exits(0);
    import().exits(0);
    server.run(
        "postgres",
        "UPDATE users SET name = 'Other' WHERE id <= 7; DELETE FROM users WHERE id = 300;
         INSERT INTO users VALUES (301, 'new@example.com', NULL, 'New')",
    );
    assert!(import().exits(5).stderr.contains("rehome sync"));
    // Somebody signs up every moment.
    let mut busy = server.client("psql", "postgres");
    let statement = folder.path().join("busy.sql");
    let insert =
        "INSERT INTO users VALUES ((SELECT max(id) + 1 FROM users), 'b' || random() || '@example.com') \\watch 0.05\n";
    std::fs::write(&statement, insert).expect("written");
    busy.args(["-q", "-f"]).arg(&statement);
    let mut busy = busy.stdout(Stdio::null()).spawn().expect("psql");
    let synced = run(rehome().args(["sync", &url, "--run"]).arg(&runs));
    let _ = busy.kill();
    let _ = busy.wait();
    let synced = synced.exits(3);
    assert!(synced.stdout.contains("7  changed at the source"), "{}", synced.stdout);
    run(rehome().args(["sync", &url, "--gone", "delete", "--run"]).arg(&runs)).exits(0);
    let checked = run(rehome().arg("verify").arg(&runs));
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}

/// The pipes that stand in docs/live.md for MySQL and MariaDB.
#[test]
fn mariadb_is_read_through_a_pipe() {
    let Some(server) = MariaDb::start() else { return };
    let people: Vec<String> =
        (1..=2000).map(|n| format!("({n}, 'p{n}@example.com', 'O\\'Neil\\n\\\\ {n}', '{BCRYPT}')")).collect();
    let statements = format!(
        "CREATE DATABASE app CHARACTER SET utf8mb4; USE app; CREATE TABLE users (id int primary key, email varchar(100), name varchar(200), \
         password_hash varchar(100)) ENGINE=InnoDB; INSERT INTO users VALUES {}; CREATE TABLE orders (id int, email text);",
        people.join(",")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users.sql");
    std::fs::write(&file, statements).expect("written");
    output(server.client("mariadb").stdin(std::fs::File::open(&file).expect("statements")));
    let dump =
        output(server.client("mariadb-dump").args(["--single-transaction", "--skip-lock-tables", "app", "users"]));
    let query = "SELECT id, email, name, password_hash FROM users";
    let batch = output(server.client("mariadb").args(["--batch", "app", "-e", query]));
    std::fs::write(&file, &dump).expect("written");
    let of_file = plans(&plan(&file).exits(0));
    assert_eq!(of_file.len(), 2000);
    for piped in [dump, batch] {
        let run = run_with_input(rehome().args(["plan", "-", "--reveal"]), &piped).exits(0);
        let bodies = |plans: &[serde_json::Value]| plans.iter().map(|plan| plan["create"].clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&plans(&run)), bodies(&of_file));
    }
}

/// An import from a source in use that is killed, and whose users are others by then: a sync finishes it.
#[test]
fn an_import_that_was_killed_is_finished_by_a_sync() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, runs) = (folder.path().join("app.db"), folder.path().join("run"));
    let open = database(&file, "wal");
    let more: Vec<String> = (3..=900).map(|n| format!("({n}, 'p{n}@example.com', '{BCRYPT}')")).collect();
    open.execute_batch(&format!("INSERT INTO users VALUES {}", more.join(","))).expect("written");
    let sandbox = Sandbox::start(&["--faults", "delay=1:15ms"]);
    let mut import = sandbox.rehome();
    import.arg("import").arg(&file).args(["--concurrency", "8", "--run"]).arg(&runs);
    let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let ledger = runs.join("ledger.sqlite");
    let done = || {
        let ledger = Connection::open_with_flags(&ledger, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        ledger.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0)).ok()
    };
    super::servers::wait_until("the import", || done().is_some_and(|done| done > 60));
    import.kill().expect("killed");
    import.wait().expect("an end");
    open.execute_batch(
        "UPDATE users SET email = 'x' || email WHERE id % 50 = 7; DELETE FROM users WHERE id = 899;
         INSERT INTO users VALUES (901, 'new@example.com', '')",
    )
    .expect("changed");
    let refused = run(sandbox.rehome().arg("resume").arg(&runs)).exits(5);
    assert!(refused.stderr.contains("rehome sync"), "{}", refused.stderr);
    let synced = run(sandbox.rehome().arg("sync").arg(&file).arg("--run").arg(&runs));
    assert!([0, 3].contains(&synced.code), "{}{}", synced.stdout, synced.stderr);
    let there = super::soak::listed(&sandbox);
    let everybody: Vec<(i64, String)> = open
        .prepare("SELECT id, email FROM users")
        .and_then(|mut users| users.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .expect("users");
    assert_eq!(everybody.len(), 900);
    let other: Vec<&(i64, String)> = everybody
        .iter()
        .filter(|(id, email)| there.get(&id.to_string()).is_none_or(|user| user["email"] != **email))
        .collect();
    // Whoever was on the way when it was killed and changed then is named, and not lost.
    let named = std::fs::read_to_string(runs.join("changes.csv")).unwrap_or_default()
        + &std::fs::read_to_string(runs.join("rejects.log.ndjson")).unwrap_or_default();
    assert!(
        other.len() <= 8
            && other.iter().all(|(id, _)| there.contains_key(&id.to_string()) || named.contains(&id.to_string())),
        "{other:?}"
    );
    run(sandbox.rehome().arg("sync").arg(&file).arg("--run").arg(&runs));
    assert!(super::soak::listed(&sandbox).len() >= 900);
}
