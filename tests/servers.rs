//! Database servers in temporary folders, for tests that read from them: `REHOME_DATABASES=1` asks for it, as in `.ci/run`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whether such tests are asked for and can run; else what is missing is said.
pub fn asked(tools: &[&str]) -> bool {
    let is_there = |tool: &&&str| {
        Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().is_ok_and(|o| o.status.success())
    };
    let wanted = std::env::var_os("REHOME_DATABASES").is_some() && tools.iter().all(|tool| is_there(&tool));
    if !wanted {
        eprintln!("skipped: it needs REHOME_DATABASES=1 and {}", tools.join(", "));
    }
    wanted
}

/// Runs a program that has to succeed; what it printed.
pub fn output(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).starts_with(b"0")
}

/// A process that is asked to stop by this signal when dropped: what ends PostgreSQL at once means nothing to MariaDB.
pub struct Server(pub Child, pub &'static str);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args([self.1, &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// Waits for a server to answer.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} does not start");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// PostgreSQL on a socket and a port of loopback.
pub struct Postgres {
    _server: Server,
    folder: tempfile::TempDir,
    /// Of loopback.
    pub port: u16,
}

impl Postgres {
    /// Starts one, with these lines in its pg_hba.conf before `trust` on the socket. `None`: skipped, with a word.
    pub fn start(hba: &str) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let bin = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let (true, Some(bin)) = (asked(&["psql", "pg_dump"]), bin) else { return None };
        let folder = tempfile::tempdir().expect("a folder");
        let root = is_root();
        if root {
            output(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let tool = |tool: &str| {
            let path = bin.join(tool);
            if !root {
                return Command::new(path);
            }
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(path).current_dir("/");
            command
        };
        let data = folder.path().join("data");
        output(
            tool("initdb")
                .args(["-U", "postgres", "--encoding=UTF8", "--locale=C", "--auth=trust", "-N", "-D"])
                .arg(&data),
        );
        std::fs::write(data.join("pg_hba.conf"), format!("{hba}\nlocal all all trust\n")).expect("written");
        for (name, file) in [("server.pem", "cert.pem"), ("server.key", "key.pem")] {
            let copy = data.join(file);
            std::fs::copy(super::util::fixture("tls").join(name), &copy).expect("copied");
            output(Command::new("chmod").arg("600").arg(&copy));
            if root {
                output(Command::new("chown").arg("postgres").arg(&copy));
            }
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let mut server = tool("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string(), "-c", "fsync=off"]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"]);
        server.args(["-c", "ssl_cert_file=cert.pem", "-c", "ssl_key_file=key.pem"]);
        let server = Server(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server"), "-INT");
        let started = Self { _server: server, folder, port };
        let ask = || started.client("psql", "postgres").args(["-c", "SELECT 1"]).output();
        wait_until("postgres", || ask().is_ok_and(|output| output.status.success()));
        Some(started)
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A tool of PostgreSQL, as the superuser of this database.
    pub fn client(&self, tool: &str, database: &str) -> Command {
        let mut command = Command::new(tool);
        command.env("PGHOST", self.folder.path()).env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        command.env("PGCLIENTENCODING", "UTF8").arg("-d").arg(database).stdin(Stdio::null());
        command
    }

    /// Runs statements; what they print.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let mut psql = self.client("psql", database);
        let text = output(psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql]));
        String::from_utf8_lossy(&text).trim().to_owned()
    }

    /// Runs a file as far as it goes.
    pub fn load(&self, database: &str, file: &Path) {
        output(self.client("psql", database).args(["-q", "-f"]).arg(file));
    }

    /// The address of a database on its socket.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@/{database}?host={}&port={}", self.folder.path().display(), self.port)
    }

    /// What pg_dump writes of a database, in a file.
    pub fn dump(&self, database: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{database}.dump.sql"));
        std::fs::write(&path, output(&mut self.client("pg_dump", database))).expect("written");
        path
    }
}

/// MariaDB on a socket.
pub struct MariaDb {
    _server: Server,
    folder: tempfile::TempDir,
}

impl MariaDb {
    /// Starts one. `None`: skipped, with a word.
    pub fn start() -> Option<Self> {
        if !asked(&["mariadbd", "mariadb-install-db", "mariadb-dump", "mariadb"]) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let as_user = |command: &mut Command| {
            if is_root() {
                command.arg("--user=mysql");
            }
        };
        if is_root() {
            output(Command::new("chown").arg("mysql").arg(folder.path()));
        }
        let data = format!("--datadir={}", folder.path().join("data").display());
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data]);
        as_user(&mut install);
        output(&mut install);
        let mut server = Command::new("mariadbd");
        server.args(["--no-defaults", "--skip-networking", "--innodb-buffer-pool-size=16M", &data]);
        server.arg(format!("--socket={}", folder.path().join("s").display()));
        as_user(&mut server);
        let server = Server(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server"), "-TERM");
        let started = Self { _server: server, folder };
        let ask = || started.client("mariadb").args(["-e", "SELECT 1"]).output();
        wait_until("mariadbd", || ask().is_ok_and(|output| output.status.success()));
        Some(started)
    }

    /// A tool of MariaDB, as root.
    pub fn client(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4"]);
        command.arg(format!("--socket={}", self.folder.path().join("s").display())).stdin(Stdio::null());
        command
    }
}
