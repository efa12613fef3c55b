//! The same people from real servers, in every way that their tools dump them. `REHOME_DATABASES=1` asks for it: servers are
//! installed, started on a socket in a temporary folder, and stopped again.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::bytes::hex;

/// Names that tools have to escape in their ways.
const NAMES: [&str; 22] = [
    "Ann",
    "O'Neil \"Q\"",
    "back\\slash",
    "ends in \\",
    "two\nlines",
    "cr\r\nlf",
    "a\ttab",
    "NULL",
    "\\N",
    "\\.",
    "''",
    "`tick`",
    "semi; colon",
    "),(9,'x@y.z','",
    ");\nINSERT INTO users VALUES (9,'x');",
    "-- no comment",
    "/* none */",
    "Zoë 😀 Crème",
    "comma, dot.",
    "%_wild",
    "<b>&amp;</b>",
    "{\"a\": \"b\\nc\"}",
];

struct Person {
    id: usize,
    email: String,
    name: &'static str,
    hash: String,
}

fn people() -> Vec<Person> {
    let person = |(at, name): (usize, &&'static str)| Person {
        id: at + 1,
        email: format!("p{}@example.com", at + 1),
        name,
        hash: format!("$2y$10$48lB5MansssYbu7wgQUfguDxAtpK6pOsqE797oxZrqXCJ8qerW{:03}", at + 100),
    };
    NAMES.iter().enumerate().map(person).collect()
}

/// Statements that make the table, where `text` makes a literal of hexadecimal digits.
fn statements(table: &str, text: impl Fn(&str) -> String) -> String {
    let rows: Vec<String> = people()
        .iter()
        .map(|p| {
            format!(
                "({},{},{},{})",
                p.id,
                text(&hex(p.email.as_bytes())),
                text(&hex(p.name.as_bytes())),
                text(&hex(p.hash.as_bytes()))
            )
        })
        .collect();
    format!("{table};\nINSERT INTO users (id, email, name, password_hash) VALUES\n{};\n", rows.join(",\n"))
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn run_with(command: &mut Command, input: &str) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
}

/// What is read of a dump: id, address, name and hash of everybody.
fn read(path: &Path) -> Vec<[String; 4]> {
    let options = ReadOptions { from: Some("generic".into()), ..ReadOptions::default() };
    let export =
        Export::open(&[path.to_owned()], options).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!export.is_incomplete(), "{}: {:?}", path.display(), export.findings());
    let mut all = Vec::new();
    let each = |batch: &mut Vec<_>, item: Item<'_>| {
        let record = item.record.unwrap_or_else(|| panic!("{}: {:?}", path.display(), item.account.err()));
        batch.push(
            ["id", "email", "name", "password_hash"].map(|name| record.text(name).unwrap_or_default().into_owned()),
        );
    };
    export
        .scan(2, &Silent, Vec::new, each, |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    all.sort_by_key(|[id, ..]| id.parse::<u64>().unwrap_or(0));
    all
}

fn expect_everybody(what: &str, path: &Path) {
    // Where nothing tells a text from a word for nothing, it is taken for the word.
    let is_delimited = path.extension().is_some_and(|ending| ending == "csv" || ending == "tsv");
    let expected: Vec<[String; 4]> =
        people().into_iter().map(|p| [p.id.to_string(), p.email, p.name.to_owned(), p.hash]).collect();
    let found = read(path);
    for (found, expected) in found.iter().zip(&expected) {
        let is_word = is_delimited && matches!(expected[2].as_str(), "NULL" | "\\N") && found[2].is_empty();
        assert!(found == expected || is_word, "{what}: {found:?}, not {expected:?}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to stop, a server leaves nothing behind.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not start");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn asked(tools: &[&str]) -> bool {
    let missing: Vec<_> = tools
        .iter()
        .filter(|tool| {
            !Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().is_ok_and(|o| o.status.success())
        })
        .collect();
    let wanted = std::env::var_os("REHOME_DATABASES").is_some();
    if !wanted || !missing.is_empty() {
        eprintln!("skipped: real dumps need REHOME_DATABASES=1 and {}", tools.join(", "));
    }
    wanted && missing.is_empty()
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).starts_with(b"0")
}

#[test]
fn sqlite_dumps_the_same_people() {
    if !asked(&["sqlite3"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("a.db");
    let table = "CREATE TABLE users (id integer primary key, email text, name text, password_hash text, \
                 both text generated always as (name || email))";
    run_with(Command::new("sqlite3").arg(&database), &statements(table, |digits| format!("CAST(x'{digits}' AS text)")));
    for (arguments, name) in [
        (&[".dump"][..], "dump.sql"),
        (&["-header", "-csv", "SELECT * FROM users"], "a.csv"),
        (&["-json", "SELECT * FROM users"], "a.json"),
        (&["-cmd", ".mode insert users", "SELECT id, email, name, password_hash FROM users"], "insert.sql"),
    ] {
        let path = dir.path().join(name);
        let mut text = run(Command::new("sqlite3")
            .args(if arguments.len() > 1 { &arguments[..arguments.len() - 1] } else { &[] })
            .arg(&database)
            .arg(arguments[arguments.len() - 1]));
        if name == "insert.sql" {
            text = [b"CREATE TABLE users (id, email, name, password_hash);\n".as_slice(), &text].concat();
        }
        std::fs::write(&path, text).unwrap();
        expect_everybody(name, &path);
    }
}

#[test]
fn mariadb_dumps_the_same_people() {
    if !asked(&["mariadbd", "mariadb-install-db", "mariadb-dump", "mariadb"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (data, socket) = (dir.path().join("data"), dir.path().join("s"));
    let user = if is_root() { "mysql" } else { "" };
    if !user.is_empty() {
        run(Command::new("chown").arg(user).arg(dir.path()));
    }
    let as_user = |command: &mut Command| {
        if !user.is_empty() {
            command.arg(format!("--user={user}"));
        }
    };
    let mut install = Command::new("mariadb-install-db");
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.arg(format!("--datadir={}", data.display()));
    as_user(&mut install);
    run(&mut install);
    let mut server = Command::new("mariadbd");
    server.args([
        "--no-defaults",
        "--skip-networking",
        "--innodb-buffer-pool-size=16M",
        "--sql-mode=NO_BACKSLASH_ESCAPES",
    ]);
    server.arg(format!("--datadir={}", data.display())).arg(format!("--socket={}", socket.display()));
    as_user(&mut server);
    let _server = Server(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let client = |tool: &str| {
        let mut command = Command::new(tool);
        command.args(["--no-defaults", "--user=root"]).arg(format!("--socket={}", socket.display()));
        command
    };
    wait_until("mariadbd", || client("mariadb").args(["-e", "SELECT 1"]).output().is_ok_and(|o| o.status.success()));
    let table = "CREATE DATABASE app CHARACTER SET utf8mb4; USE app; CREATE TABLE users (id int primary key, email varchar(100), \
                 name varchar(200), password_hash varchar(100), both_ varchar(400) AS (concat(name, email)))";
    run_with(&mut client("mariadb"), &statements(table, |digits| format!("CONVERT(x'{digits}' USING utf8mb4)")));

    let utf8 = "--default-character-set=utf8mb4";
    for options in [
        &[][..],
        &["--skip-extended-insert"],
        &["--complete-insert", "--no-create-info"],
        &["--compact"],
        &["--hex-blob"],
        &["--insert-ignore"],
        &["--replace"],
        &["--compatible=ansi"],
        &["--skip-opt"],
        &["--skip-comments"],
        &["--xml"],
        &["--single-transaction", "--routines", "--triggers", "--events"],
    ] {
        let xml = options.contains(&"--xml");
        let path = dir.path().join(if xml { "a.xml" } else { "a.sql" });
        std::fs::write(&path, run(client("mariadb-dump").arg(utf8).args(options).arg("app"))).unwrap();
        expect_everybody(&format!("mariadb-dump {options:?}"), &path);
    }
    let path = dir.path().join("all.sql");
    std::fs::write(&path, run(client("mariadb-dump").args([utf8, "--all-databases"]))).unwrap();
    expect_everybody("mariadb-dump --all-databases", &path);

    let tab = dir.path().join("tab");
    std::fs::create_dir(&tab).unwrap();
    if !user.is_empty() {
        run(Command::new("chown").arg(user).arg(&tab));
    }
    run(client("mariadb-dump").arg(utf8).arg(format!("--tab={}", tab.display())).arg("app"));
    expect_everybody("mariadb-dump --tab", &tab);

    let columns = "id, email, name, password_hash";
    for (name, format) in [("-B", "--batch"), ("--xml", "--xml")] {
        let path = dir.path().join(if name == "-B" { "b.tsv" } else { "b.xml" });
        let select = format!("SELECT {columns} FROM users");
        std::fs::write(&path, run(client("mariadb").args([utf8, format, "-e", &select, "app"]))).unwrap();
        expect_everybody(&format!("mariadb {name}"), &path);
    }
    for (name, escaped) in [("backslash", "'\\'"), ("quote", "'\"'")] {
        let path = dir.path().join("data").join(format!("{name}.csv"));
        let header = "SELECT 'id', 'email', 'name', 'password_hash' UNION ALL";
        let fields = format!("FIELDS TERMINATED BY ',' ENCLOSED BY '\"' ESCAPED BY {escaped}");
        let file = path.display();
        let select =
            format!("{header} SELECT {columns} FROM users INTO OUTFILE '{file}' CHARACTER SET utf8mb4 {fields}");
        run(client("mariadb").args([utf8, "-e", &select, "app"]));
        expect_everybody(&format!("INTO OUTFILE escaped by {name}"), &path);
    }
    let path = dir.path().join("j.ndjson");
    let select =
        "SELECT json_object('id', id, 'email', email, 'name', name, 'password_hash', password_hash) FROM users";
    std::fs::write(&path, run(client("mariadb").args([utf8, "--batch", "-N", "-e", select, "app"]))).unwrap();
    expect_everybody("mariadb -B json_object", &path);
}

#[test]
fn postgresql_dumps_the_same_people() {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let bin = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
    let (true, Some(bin)) = (asked(&["psql", "pg_dump"]), bin) else { return };
    let dir = tempfile::tempdir().unwrap();
    let root = is_root();
    if root {
        run(Command::new("chown").arg("postgres").arg(dir.path()));
    }
    let server_tool = |tool: &str| {
        let path = bin.join(tool);
        if !root {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(path).current_dir("/");
        command
    };
    let data = dir.path().join("data");
    run(server_tool("initdb")
        .args(["-U", "postgres", "--encoding=UTF8", "--locale=C", "--auth=trust", "-N", "-D"])
        .arg(&data));
    let mut server = server_tool("postgres");
    server.arg("-D").arg(&data).arg("-k").arg(dir.path()).args(["-c", "listen_addresses=", "-c", "fsync=off"]);
    let _server = Server(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let client = |tool: &str| {
        let mut command = Command::new(tool);
        command.env("PGHOST", dir.path()).env("PGUSER", "postgres").env("PGCLIENTENCODING", "UTF8");
        command
    };
    wait_until("postgres", || client("psql").args(["-c", "SELECT 1"]).output().is_ok_and(|o| o.status.success()));
    let table = "CREATE TABLE users (id int, email text, name text, password_hash text, \
                 both_ text GENERATED ALWAYS AS (name || email) STORED) PARTITION BY RANGE (id);\
                 CREATE TABLE users_a PARTITION OF users FOR VALUES FROM (0) TO (10);\
                 CREATE TABLE users_b PARTITION OF users DEFAULT";
    let text = |digits: &str| format!("convert_from(decode('{digits}','hex'),'UTF8')");
    run_with(client("psql").args(["-q", "-v", "ON_ERROR_STOP=1"]), &statements(table, text));

    let path = dir.path().join("a.sql");
    for (strings, options) in [
        ("on", &[][..]),
        ("on", &["--inserts"]),
        ("on", &["--column-inserts"]),
        ("on", &["--rows-per-insert=7"]),
        ("off", &["--inserts"]),
        ("off", &["--column-inserts"]),
        ("on", &["--load-via-partition-root", "--quote-all-identifiers"]),
        ("on", &["--no-comments", "--clean", "--if-exists"]),
    ] {
        let mut dump = client("pg_dump");
        dump.env("PGOPTIONS", format!("-c standard_conforming_strings={strings}")).args(options);
        std::fs::write(&path, run(&mut dump)).unwrap();
        expect_everybody(&format!("pg_dump {options:?}, standard_conforming_strings={strings}"), &path);
    }
    std::fs::write(&path, run(&mut client("pg_dumpall"))).unwrap();
    expect_everybody("pg_dumpall", &path);

    let columns = "id, email, name, password_hash";
    for (name, statement) in [
        ("a.csv", format!("COPY (SELECT {columns} FROM users) TO STDOUT (FORMAT csv, HEADER)")),
        ("a.tsv", format!("COPY (SELECT {columns} FROM users) TO STDOUT (HEADER)")),
        ("a.ndjson", format!("COPY (SELECT row_to_json(u) FROM (SELECT {columns} FROM users) u) TO STDOUT")),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, run(client("psql").args(["-c", &statement]))).unwrap();
        expect_everybody(&statement, &path);
    }
    let path = dir.path().join("p.csv");
    std::fs::write(&path, run(client("psql").args(["--csv", "-c", &format!("SELECT {columns} FROM users")]))).unwrap();
    expect_everybody("psql --csv", &path);
}
