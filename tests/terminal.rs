//! What a person sees at a terminal: the question before a real target, and screens that fit. Python's `pty` is the terminal; where
//! it is missing, that is said.

use std::process::Command;

use super::forward_proxy::{Forward, HOST};
use super::import::prepared;
use super::soak::{assert_holds, listed};
use super::util::{Run, Sandbox, fixture, rehome, run};

/// A terminal of so many columns, which types something once it is asked.
const TERMINAL: &str = r"
import fcntl, os, pty, signal, struct, sys, termios
columns, typed, argv = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    # What runs in the background of a script has it ignored, and a terminal's programs have not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
    os.execvp(argv[0], argv)
out, asked = b'', False
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
    if not asked and b'/N] ' in out:
        os.write(fd, typed.encode() + b'\n')
        asked = True
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(out.replace(b'\r\n', b'\n'))
sys.exit(status)
";

/// Runs a command at a terminal; `None` where there is none.
fn at_a_terminal(columns: usize, typed: &str, command: &Command) -> Option<Run> {
    let there = Command::new("python3").args(["-c", "import pty, os; os.waitstatus_to_exitcode"]).output();
    if !there.is_ok_and(|out| out.status.success()) {
        println!("skipped: this machine has no python3 with a pty");
        return None;
    }
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, &columns.to_string(), typed]).arg(command.get_program()).args(command.get_args());
    python.current_dir(command.get_current_dir().expect("a folder")).env("TERM", "xterm");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    Some(run(&mut python))
}

#[test]
fn before_a_real_target_a_person_is_asked_and_may_have_ten_first() {
    let (home, expected) = prepared(30);
    let sandbox = Sandbox::start(&[]);
    let proxy = Forward::before(&sandbox.endpoint, None);
    let import = |words: &[&str]| {
        let mut command = sandbox.rehome();
        command
            .env("APPWRITE_ENDPOINT", format!("http://{HOST}/v1"))
            .env("HTTP_PROXY", format!("http://{}", proxy.address))
            .arg("import")
            .arg(home.path().join("export.csv"))
            .arg("--run")
            .arg(home.path().join("run"))
            .args(words);
        command
    };
    let Some(no) = at_a_terminal(80, "", &import(&[])) else { return };
    let no = no.exits(130);
    for told in ["at a real target", "http://appwrite.test/v1", "sandbox", "30 of 30 records", "create 30 users?"] {
        assert!(no.stdout.contains(told), "{told}: {}", no.stdout);
    }
    assert!(no.stdout.contains("nothing was sent") && listed(&sandbox).is_empty(), "{}", no.stdout);
    let ten = at_a_terminal(80, "t", &import(&[])).expect("a terminal").exits(0);
    assert!(ten.stdout.contains("first look: sign in as one of them"), "{}", ten.stdout);
    assert_eq!(listed(&sandbox).len(), 10);
    let all = at_a_terminal(80, "y", &import(&[])).expect("a terminal").exits(0);
    assert!(all.stdout.contains("create 20 users?") && all.stdout.contains("10 are there already"), "{}", all.stdout);
    assert_holds(&sandbox, &expected);
    // Nobody is left to be created, so nobody is asked.
    let again = at_a_terminal(80, "", &import(&[])).expect("a terminal").exits(0);
    assert!(!again.stdout.contains("real target"), "{}", again.stdout);
}

#[test]
fn before_a_sync_of_a_real_target_a_person_is_asked() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, rows: &[(&str, &str)]| {
        let rows: Vec<_> = rows
            .iter()
            .map(|(id, name)| format!("{id},{id}@example.com,{name},13e43df4e5b0697e8420ddfa28f009ef,md5\n"))
            .collect();
        let text = format!("id,email,name,password_hash,password_scheme\n{}", rows.concat());
        std::fs::write(home.path().join(name), text).expect("written");
    };
    let before = [("ann", "Ann"), ("bob", "Bob"), ("cy", "Cy"), ("dan", "Dan")];
    write("export.csv", &before);
    write("later.csv", &[("ann", "Anna"), ("bob", "Bob"), ("cy", "Cy"), ("eve", "Eve")]);
    let sandbox = Sandbox::start(&[]);
    let proxy = Forward::before(&sandbox.endpoint, None);
    let real = |words: &[&str], export: &str| {
        let mut command = sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", format!("http://{HOST}/v1"));
        command.env("HTTP_PROXY", format!("http://{}", proxy.address));
        command.args(words).arg(home.path().join(export)).arg("--run").arg(home.path().join("run"));
        command
    };
    run(&mut real(&["import", "--yes"], "export.csv")).exits(0);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let sync = ["sync", "--gone", "disable"];
    let Some(no) = at_a_terminal(80, "", &real(&sync, "later.csv")) else { return };
    let no = no.exits(130);
    for told in
        ["to a real target", "http://appwrite.test/v1", "2 of 4 records", "1: created", "1: disabled", "bring it over?"]
    {
        assert!(no.stdout.contains(told), "{told}: {}", no.stdout);
    }
    let names = || -> Vec<String> { listed(&sandbox).values().map(|user| user["name"].to_string()).collect() };
    assert!(!names().contains(&"\"Anna\"".to_owned()) && listed(&sandbox).len() == 4, "{:?}", names());
    // What only looks asks nothing, and neither does what has nothing to send.
    for (words, export) in [(&["sync", "--dry-run"][..], "later.csv"), (&["sync"], "export.csv")] {
        let told = at_a_terminal(80, "", &real(words, export)).expect("a terminal");
        assert!(!told.stdout.contains("real target") && [0, 3].contains(&told.code), "{}", told.stdout);
    }
    let yes = at_a_terminal(80, "y", &real(&sync, "later.csv")).expect("a terminal").exits(0);
    assert_eq!(yes.stdout.matches("real target").count(), 1, "{}", yes.stdout);
    assert!(names().contains(&"\"Anna\"".to_owned()) && listed(&sandbox)["dan"]["status"] == false);
    write("later.csv", &[("ann", "Anne"), ("bob", "Bob"), ("cy", "Cy"), ("eve", "Eve")]);
    let told = at_a_terminal(80, "", &real(&["sync", "--yes", "--gone", "disable"], "later.csv")).expect("a terminal");
    assert!(!told.exits(0).stdout.contains("real target"));
    assert!(names().contains(&"\"Anne\"".to_owned()));
}

/// A run at what looks like a real target, and what is asked of it at a terminal.
struct Asked {
    home: tempfile::TempDir,
    sandbox: Sandbox,
    proxy: Forward,
}

impl Asked {
    fn imported(people: &[&str]) -> Self {
        let sandbox = Sandbox::start(&[]);
        let proxy = Forward::before(&sandbox.endpoint, None);
        let asked = Self { home: tempfile::tempdir().expect("a folder"), sandbox, proxy };
        asked.write("export.csv", people);
        run(asked.command("import", "export.csv").arg("--yes")).exits(0);
        std::thread::sleep(std::time::Duration::from_millis(200));
        asked
    }

    fn write(&self, name: &str, people: &[&str]) {
        let row = |id: &&str| format!("{id},{id}@example.com,{id},13e43df4e5b0697e8420ddfa28f009ef,md5\n");
        let rows: String = people.iter().map(row).collect();
        let text = format!("id,email,name,password_hash,password_scheme\n{rows}");
        std::fs::write(self.home.path().join(name), text).expect("written");
    }

    fn command(&self, what: &str, export: &str) -> Command {
        let mut command = self.sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", format!("http://{HOST}/v1"));
        command.env("HTTP_PROXY", format!("http://{}", self.proxy.address));
        command.arg(what).arg(self.home.path().join(export)).arg("--run").arg(self.home.path().join("run"));
        command
    }

    /// A sync of this export with these words; what is typed is an answer.
    fn sync(&self, export: &str, words: &[&str], typed: &str) -> Option<Run> {
        at_a_terminal(80, typed, self.command("sync", export).args(words))
    }

    fn ledger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.home.path().join("run/ledger.sqlite")).expect("a ledger")
    }

    fn set(&self, key: &str, value: &str) {
        let set = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
        self.ledger().execute(set, [key, value]).expect("set");
    }
}

/// Nothing is on at the question that would have to be finished, and nothing was made.
#[test]
fn whoever_is_asked_before_a_sync_may_leave_by_ctrl_c() {
    let town = Asked::imported(&["ann", "bob"]);
    town.write("later.csv", &["ann", "bob", "cy"]);
    let words = ["--stale-passwords", "bridge"];
    let Some(left) = town.sync("later.csv", &words, "\u{3}") else { return };
    assert!(left.stdout.contains("bring it over?") && !left.stdout.contains("nothing was sent"), "{}", left.stdout);
    // A process that a signal has ended.
    assert_eq!(left.code, 254, "{}", left.stdout);
    let no = town.sync("later.csv", &words, "n").expect("a terminal").exits(130);
    assert!(no.stdout.contains("nothing was sent"), "{}", no.stdout);
    let made: Vec<_> = std::fs::read_dir(town.home.path().join("run"))
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .filter(|name| name.contains("bridge"))
        .collect();
    assert!(made.is_empty(), "{made:?}");
    assert_eq!(listed(&town.sandbox).len(), 2);
}

/// Whoever goes on has agreed to the sync that was cut off, and to no other.
#[test]
fn another_sync_than_the_one_that_was_cut_off_is_asked_about() {
    let town = Asked::imported(&["ann", "bob", "cy"]);
    town.write("later.csv", &["ann", "bob"]);
    let Some(kept) = town.sync("later.csv", &["--gone", "disable"], "y") else { return };
    assert!(kept.exits(0).stdout.contains("bring it over?"));
    let identity: String =
        town.ledger().query_row("SELECT value FROM meta WHERE key = 'identity'", [], |row| row.get(0)).expect("one");
    let identity: serde_json::Value = serde_json::from_str(&identity).expect("JSON");
    let (export, path) = (identity["export"].as_str().expect("a fingerprint"), town.home.path().join("later.csv"));
    let (same, other) = (format!("{} --gone disable", path.display()), path.display().to_string());
    for (words, fingerprint, asks) in
        [(&same, export, false), (&other, export, true), (&same, "of another export", true)]
    {
        town.set("syncing", words);
        town.set("syncing_export", fingerprint);
        let told = town.sync("later.csv", &["--gone", "disable"], "y").expect("a terminal").exits(0);
        assert_eq!(told.stdout.contains("bring it over?"), asks, "{words} {fingerprint}: {}", told.stdout);
    }
}

/// A sync of the import's own export goes on with an import that was cut off, and asks as that does.
#[test]
fn an_import_that_was_cut_off_is_asked_about_by_a_sync_too() {
    let town = Asked::imported(&["ann", "bob", "cy"]);
    let cut_off = || {
        town.ledger().execute("UPDATE users SET state = 3 WHERE user_id = 'cy'", []).expect("set");
        town.set("agreed", "2");
    };
    cut_off();
    let Some(no) = town.sync("export.csv", &[], "n") else { return };
    assert!(no.exits(130).stdout.contains("create 1 user?"));
    cut_off();
    let yes = town.sync("export.csv", &[], "y").expect("a terminal").exits(0);
    assert_eq!(yes.stdout.matches("create 1 user?").count(), 1, "{}", yes.stdout);
    // A script has nobody who could answer.
    cut_off();
    let script = run(&mut town.command("sync", "export.csv")).exits(0);
    assert!(!script.stderr.contains("create 1 user?"), "{}", script.stderr);
}

#[test]
fn whoever_has_said_yes_or_cannot_answer_or_is_on_this_machine_is_not_asked() {
    let (home, expected) = prepared(5);
    let sandbox = Sandbox::start(&[]);
    let proxy = Forward::before(&sandbox.endpoint, None);
    let import = |run: &str| {
        let mut command = sandbox.rehome();
        command.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join(run));
        command
    };
    let real = |run: &str| {
        let mut command = import(run);
        command.env("APPWRITE_ENDPOINT", format!("http://{HOST}/v1"));
        command.env("HTTP_PROXY", format!("http://{}", proxy.address));
        command
    };
    let script = run(&mut real("script")).exits(0);
    assert!(!script.stderr.contains("real target"), "{}", script.stderr);
    assert_holds(&sandbox, &expected);
    let mut yes = real("yes");
    yes.arg("--yes");
    for command in [yes, import("here")] {
        let Some(told) = at_a_terminal(80, "", &command) else { return };
        assert!(!told.exits(0).stdout.contains("real target"));
    }
}

/// The text of a screen, without colours and what bars leave behind.
fn lines(screen: &str) -> Vec<String> {
    let codes = regex::Regex::new("\x1b\\[[0-9;?]*[A-Za-z]").expect("a pattern");
    codes.replace_all(screen, "").split(['\n', '\r']).map(str::to_owned).collect()
}

/// Every line of what is on a screen fits, and none is cut.
#[track_caller]
fn fits(columns: usize, what: &str, told: &Run) {
    let lines = lines(&told.stdout);
    // What is cut is cut at the last column.
    let cut = |line: &str| line.ends_with('…') && line.chars().count() == columns;
    let long: Vec<_> = lines.iter().filter(|line| line.chars().count() > columns || cut(line)).collect();
    assert!(long.is_empty(), "{what} at {columns} columns: {long:#?}\n{}", told.stdout);
}

/// Each command's words, the command itself first.
fn commands(command: &clap::Command, before: &[String], found: &mut Vec<Vec<String>>) {
    found.push(before.to_vec());
    for below in command.get_subcommands() {
        commands(below, &[before, &[below.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn the_help_of_every_command_fits_its_terminal() {
    let mut all = Vec::new();
    commands(&<rehome::cli::Cli as clap::CommandFactory>::command(), &[], &mut all);
    assert!(all.len() > 20, "{all:?}");
    for columns in [80, 120] {
        // At 120 it is the same text.
        for words in all.iter().filter(|words| columns == 80 || words.len() < 2) {
            let Some(told) = at_a_terminal(columns, "", rehome().args(words).arg("--help")) else { return };
            fits(columns, &words.join(" "), &told.exits(0));
        }
        for words in [&["sources"][..], &["schemes"], &["sources", "--example", "django"], &["sources", "frob"]] {
            let told = at_a_terminal(columns, "", rehome().args(words)).expect("a terminal");
            fits(columns, &words.join(" "), &told);
        }
    }
}

/// An evening, as it is seen: with people who are refused, disabled, to be reset, in need of the bridge, and changed later.
#[test]
fn every_screen_of_an_evening_fits_its_terminal() {
    for columns in [80, 120] {
        let home = tempfile::tempdir().expect("a folder");
        let export = "people of the shop with a rather long name.csv";
        std::fs::copy(fixture("piccolo/piccolo_user.csv"), home.path().join(export)).expect("copied");
        std::fs::copy(fixture("broken/wrong-checksum.csv.zst"), home.path().join("damaged.csv.zst")).expect("copied");
        let told = |words: &[&str]| {
            let told = at_a_terminal(columns, "y", rehome().current_dir(home.path()).args(words))?;
            fits(columns, &words.join(" "), &told);
            Some(told)
        };
        if told(&["check", export]).is_none() {
            return;
        }
        told(&["check", "damaged.csv.zst"]);
        told(&["import", export]);
        let done = told(&["import", export, "--sandbox", "--unsupported", "without-password", "--run", "evening"]);
        assert!(done.is_some_and(|done| done.stdout.contains("rehome verify")));
        for words in [
            &["status", "evening"][..],
            &["status", "nowhere"],
            &["verify", "evening"],
            &["report", "evening"],
            &["backup", "evening", "a folder of copies with a rather long name of its own that is long"],
            &["sync", export, "--run", "evening", "--dry-run"],
            &["sync", export, "--run", "evening"],
            &["bridge", "status", "--store", "evening"],
            &["rollback", "evening"],
            &["resume", "evening", "--until", "noon"],
        ] {
            told(words);
        }
    }
}

/// Whatever export it is, at whatever width: what helps is there whole, and commands are those that a shell reads.
#[test]
fn a_screen_fits_its_terminal_and_cuts_no_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    for export in [
        "firebase/users.json",
        "django/dumpdata.auth.xml",
        "mailman/dump.sql",
        "kinds/appwrite-to-dict.json",
        "frappe/dump.sql",
    ] {
        for columns in [80, 94, 120] {
            let mut check = rehome();
            check.current_dir(home.path()).arg("check").arg("export").args(["--run", "run"]);
            std::fs::copy(fixture(export), home.path().join("export")).expect("copied");
            check.arg("--firebase-hash-config").arg(fixture("firebase/hash_config.txt"));
            let Some(told) = at_a_terminal(columns, "", &check) else { return };
            // A path that is longer than a line is a word that nobody cuts.
            let told = Run { stdout: told.stdout.replace(env!("CARGO_MANIFEST_DIR"), ""), ..told };
            fits(columns, export, &told);
        }
    }
}
