//! What an image from scratch relies on: the Containerfile says what the program needs, and the program needs no more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::soak::users;
use super::tls::encrypted;
use super::util::{Run, Sandbox, fixture, run};

const N: usize = 12;

/// The instructions of the Containerfile, one a line, without comments.
fn instructions() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Containerfile");
    let text = std::fs::read_to_string(path).expect("a Containerfile").replace("\\\n", "");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (instruction, rest) = line.split_once(' ').expect("an instruction");
            (instruction.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Those of the last stage.
fn last_stage() -> Vec<(String, String)> {
    let all = instructions();
    let from = all.iter().rposition(|(instruction, _)| instruction == "FROM").expect("a stage");
    all[from..].to_vec()
}

/// What an instruction of the last stage says.
fn said(instruction: &str) -> String {
    let found = last_stage().into_iter().find(|(name, _)| name == instruction);
    found.unwrap_or_else(|| panic!("the last stage has no {instruction}")).1
}

#[test]
fn the_containerfile_builds_what_it_starts() {
    let all = instructions();
    let bases: Vec<_> = all.iter().filter(|(name, _)| name == "FROM").map(|(_, base)| base.as_str()).collect();
    let (last, builders) = bases.split_last().expect("stages");
    assert_eq!(*last, "scratch");
    for base in builders {
        let image = base.split(' ').next().expect("an image");
        let tag = image.rsplit_once(':').unwrap_or_else(|| panic!("{image} has no tag")).1;
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()), "{image} is whatever its tag is moved to");
        // No older than what Cargo.toml asks for.
        let version = tag.split('-').next().unwrap_or_default();
        assert!(version.starts_with(env!("CARGO_PKG_RUST_VERSION")), "{image}");
    }
    let tracked =
        Command::new("git").args(["ls-files"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("git runs");
    let tracked = String::from_utf8_lossy(&tracked.stdout).into_owned();
    let ignored = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".dockerignore")).expect("a list");
    let (mut from_here, mut made) = (0, Vec::new());
    let context = tempfile::tempdir().expect("a folder");
    for (_, words) in all.iter().filter(|(name, _)| name == "COPY") {
        let words: Vec<_> = words.split(' ').collect();
        let paths: Vec<_> = words.iter().filter(|word| !word.starts_with("--")).collect();
        let (to, from) = paths.split_last().expect("two paths");
        if words.iter().any(|word| word.starts_with("--from=")) {
            made.extend(from.iter().map(|path| (**path).to_owned()));
            let made_there = all.iter().any(|(name, line)| name == "RUN" && line.contains(*from[0]));
            assert!(made_there, "{} is made by no RUN", from[0]);
            continue;
        }
        let _ = to;
        for path in from {
            from_here += 1;
            let there = tracked.lines().any(|file| file == **path || file.starts_with(&format!("{path}/")));
            assert!(there, "{path} is not in the repository");
            assert!(ignored.lines().any(|line| line == format!("!{path}")), ".dockerignore keeps {path} out");
            let of = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let copied = Command::new("cp").arg("-r").arg(of).arg(context.path()).status().expect("cp runs");
            assert!(copied.success(), "{path}");
        }
    }
    assert!(from_here > 3 && made.len() == 2, "{made:?}");
    // All that the manifest names has to be there, or nothing is built.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(context.path());
    let read = cargo.output().expect("cargo runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(said("ENTRYPOINT"), r#"["/rehome"]"#);
    assert!(last_stage().iter().any(|(name, line)| name == "COPY" && line == "--from=build /out/rehome /rehome"));
    let user = said("USER");
    assert!(
        user.split(':').all(|part| part.parse::<u32>().is_ok_and(|id| id > 0)),
        "USER {user}: numbers, for runAsNonRoot"
    );
}

/// The program: the static one of `tests/static`, else this build.
fn program() -> PathBuf {
    std::env::var_os("REHOME_STATIC").map_or_else(|| env!("CARGO_BIN_EXE_rehome").into(), PathBuf::from)
}

/// An image's root file system: the program, the libraries that this build of it is linked with, and the empty volume.
struct Image {
    root: tempfile::TempDir,
    volume: tempfile::TempDir,
}

impl Image {
    /// `None`, with a word, where nothing here can start a program in a root file system of its own.
    fn new() -> Option<Self> {
        let tried = Command::new("bwrap")
            .args(["--unshare-all", "--share-net", "--ro-bind", "/", "/", "true"])
            .stderr(Stdio::null())
            .status();
        if !tried.is_ok_and(|status| status.success()) {
            eprintln!("skipped: bubblewrap is not installed, or may not make namespaces here");
            return None;
        }
        let (root, volume) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(root.path().join("data")).expect("a folder");
        let program = program();
        std::fs::copy(&program, root.path().join("rehome")).expect("copied");
        let linked = Command::new("ldd").arg(&program).output().expect("ldd runs");
        for word in String::from_utf8_lossy(&linked.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
            let to = root.path().join(word.trim_start_matches('/'));
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            std::fs::copy(word, to).expect("copied");
        }
        Some(Self { root, volume })
    }

    /// A path in the volume, from outside.
    fn file(&self, name: &str) -> PathBuf {
        self.volume.path().join(name)
    }

    /// The program, as an image starts it: a read-only root without /etc, /proc, /dev and /tmp, the user, the folder and the
    /// environment of the Containerfile, and nothing else of this machine but its network.
    fn command(&self, environment: &HashMap<&str, &str>) -> Command {
        let (user, group) =
            said("USER").split_once(':').map(|(u, g)| (u.to_owned(), g.to_owned())).expect("two numbers");
        let folder = said("WORKDIR");
        let mut command = Command::new("bwrap");
        command.args([
            "--die-with-parent",
            "--unshare-all",
            "--share-net",
            "--uid",
            &user,
            "--gid",
            &group,
            "--clearenv",
        ]);
        for (_, line) in last_stage().iter().filter(|(name, _)| name == "ENV") {
            for (name, value) in line.split(' ').filter_map(|pair| pair.split_once('=')) {
                command.args(["--setenv", name, value]);
            }
        }
        for (name, value) in environment {
            command.args(["--setenv", name, value]);
        }
        command.arg("--ro-bind").arg(self.root.path()).arg("/").arg("--bind").arg(self.volume.path()).arg(&folder);
        command.args(["--chdir", &folder]).arg(said("ENTRYPOINT").trim_matches(['[', ']', '"']));
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, environment: &HashMap<&str, &str>, args: &[&str]) -> Run {
        run(self.command(environment).args(args))
    }
}

#[test]
fn it_needs_nothing_of_the_machine_but_its_volume() {
    let Some(image) = Image::new() else { return };
    let nothing = HashMap::new();
    std::fs::write(image.file("users.csv"), users(N).0).expect("written");
    std::fs::write(image.file("earlier.csv"), users(N - 1).0).expect("written");
    std::fs::copy(fixture("tls/ca.pem"), image.file("ca.pem")).expect("copied");

    image.run(&nothing, &["check", "users.csv"]).exits(0);
    assert!(image.file("rehome-run/report.html").exists());
    // What is spilled has a place.
    image.run(&nothing, &["check", "users.csv", "--since", "earlier.csv", "--run", "since"]).exits(0);
    image.run(&nothing, &["import", "users.csv", "--sandbox", "--run", "rehearsal"]).exits(0);

    let sandbox = Sandbox::start(&[]);
    let target = HashMap::from([
        ("APPWRITE_ENDPOINT", sandbox.endpoint.as_str()),
        ("APPWRITE_PROJECT_ID", sandbox.project.as_str()),
        ("APPWRITE_API_KEY", sandbox.key.as_str()),
    ]);
    image.run(&target, &["import", "users.csv", "--run", "plain", "--limit", "3"]).exits(0);
    // Mozilla's list is the only one there is, and does not know this server; an authority of one's own is believed.
    let endpoint = encrypted(&sandbox);
    let mut target = target;
    target.insert("APPWRITE_ENDPOINT", &endpoint);
    let unknown = image.run(&target, &["import", "users.csv", "--run", "tls", "--give-up-after", "1"]).exits(4);
    assert!(unknown.stderr.contains("certificate"), "{}", unknown.stderr);
    let believed = image.run(&target, &["import", "users.csv", "--run", "tls", "--ca-file", "ca.pem"]).exits(0);
    assert!(believed.stderr.contains("Mozilla's list"), "{}", believed.stderr);
    image.run(&target, &["verify", "tls"]).exits(0);
    image.run(&target, &["report", "tls", "--to", "both"]).exits(0);
    image.run(&target, &["rollback", "tls", "--yes"]).exits(0);
    // Nothing was left behind, not even what was spilled.
    let mut left: Vec<_> = std::fs::read_dir(image.volume.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    let made = ["both", "ca.pem", "earlier.csv", "plain", "rehearsal", "rehome-run", "since", "tls", "users.csv"];
    assert_eq!(left, made);
}

#[test]
fn what_cannot_be_spilled_says_where_it_could_be() {
    let Some(image) = Image::new() else { return };
    std::fs::write(image.file("users.csv"), users(N).0).expect("written");
    let nowhere = HashMap::from([("TMPDIR", "/tmp")]);
    let told = image.run(&nowhere, &["check", "users.csv", "--since", "users.csv"]).exits(1);
    assert!(told.stderr.contains("TMPDIR"), "{}", told.stderr);
}

/// What `cargo install` gets: everything that the program is built with, and nothing that only tests it.
#[test]
fn the_package_holds_the_program_alone() {
    let mut list = Command::new(env!("CARGO"));
    list.args(["package", "--list", "--offline", "--allow-dirty"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let listed = run(&mut list).exits(0).stdout;
    let files: Vec<_> = listed.lines().collect();
    for file in
        ["Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs", "src/report/html/style.css", "LICENSE", "README.md"]
    {
        assert!(files.contains(&file), "{file}: {listed}");
    }
    let systems =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/systems")).expect("a folder");
    let systems = systems
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "toml")));
    let is_toml = |file: &str| Path::new(file).extension().is_some_and(|end| end == "toml");
    let packed = files.iter().filter(|file| file.starts_with("src/source/systems/") && is_toml(file)).count();
    assert_eq!(packed, systems.count());
    for folder in ["fixtures", "tests", "benches", "fuzz", "findings", ".ci"] {
        assert!(!files.iter().any(|file| file.starts_with(&format!("{folder}/"))), "{folder}");
    }
}
