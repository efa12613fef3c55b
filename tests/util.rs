//! Running the built binary as its user would, and a sandbox in a process of its own to run it against.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// A file of `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// The binary with a clean environment, in a folder of its own: nothing of the person's own project, key or run folder
/// reaches a test, and `./rehome-run` of one test is none of another's.
pub fn rehome() -> Command {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(std::process::id().to_string()).join(call);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    command.current_dir(folder);
    for name in [
        "APPWRITE_ENDPOINT",
        "APPWRITE_PROJECT_ID",
        "APPWRITE_API_KEY",
        "JOB_COMPLETION_INDEX",
        "JOB_COMPLETIONS",
        "REHOME_BRIDGE_KEY",
        "REHOME_LOG",
        "REHOME_LOG_FORMAT",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ] {
        command.env_remove(name);
    }
    // Sentences are looked for whole.
    command.env("COLUMNS", "100").stdin(Stdio::null());
    command
}

/// Runs to the end and gives exit code, standard output and standard error.
pub fn run(command: &mut Command) -> Run {
    Run::of(command.output().expect("the binary runs"))
}

/// Runs with this on standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Run {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // In a thread of its own: neither side may wait for the other with full pipes.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the binary ends");
    let _ = writer.join();
    Run::of(output)
}

/// What a run said.
pub struct Run {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the exit code is this.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}:\n{}", self.stdout))
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// A `rehome sandbox` in a process of its own; stopped when dropped.
pub struct Sandbox {
    child: Child,
    /// `http://127.0.0.1:PORT/v1`
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// A key with all scopes.
    pub key: String,
    /// A key with `health.read` alone.
    pub limited_key: String,
}

impl Sandbox {
    /// Starts one with these arguments beside `--listen 127.0.0.1:0 --format json`.
    pub fn start(args: &[&str]) -> Self {
        Self::start_with(args, Stdio::null())
    }

    /// The same, with standard error in this file.
    pub fn start_logged(args: &[&str], log: &Path) -> Self {
        Self::start_with(args, std::fs::File::create(log).expect("a log file").into())
    }

    fn start_with(args: &[&str], stderr: Stdio) -> Self {
        let mut child = rehome()
            .args(["sandbox", "--format", "json"])
            .args(if args.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .args(args)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the sandbox starts");
        let stdout = child.stdout.take().expect("piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned();
        let (endpoint, project) = (text("endpoint"), text("project"));
        let (key, limited_key) = (text("key"), text("limited_key"));
        Self { child, endpoint, project, key, limited_key }
    }

    /// The binary, pointed at this sandbox.
    pub fn rehome(&self) -> Command {
        let mut command = rehome();
        command
            .env("APPWRITE_ENDPOINT", &self.endpoint)
            .env("APPWRITE_PROJECT_ID", &self.project)
            .env("APPWRITE_API_KEY", &self.key);
        command
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
