//! A world that does not play along: firewalls, proxies, clocks and servers that answer as none should. Nobody is lost,
//! doubled, blamed or called done who is not, and whatever was believed wrongly is repaired.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rehome::appwrite::wire::Request;
use serde_json::{Value, json};

use super::import::meanwhile;
use super::proxy::{Act, Passing, Proxy, error, html};
use super::soak::{assert_holds, listed, users};
use super::util::{Run, Sandbox, rehome, run};

/// Users of most tests.
const N: usize = 40;

/// An export, a sandbox, and something between it and rehome.
pub struct World {
    pub home: tempfile::TempDir,
    pub expected: HashMap<String, Value>,
    pub sandbox: Sandbox,
    pub proxy: Proxy,
}

impl World {
    pub fn with(n: usize, decide: impl Fn(&Passing) -> Act + Send + Sync + 'static) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let (csv, expected) = users(n);
        std::fs::write(home.path().join("export.csv"), csv).expect("written");
        let sandbox = Sandbox::start(&[]);
        let proxy = Proxy::before(&sandbox, decide);
        Self { home, expected, sandbox, proxy }
    }

    pub fn run_folder(&self) -> std::path::PathBuf {
        self.home.path().join("run")
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", &self.proxy.endpoint).args(words);
        command
    }

    /// `import`, giving up after a second of nothing good.
    pub fn import(&self) -> Run {
        let mut command = self.command(&["import", "--give-up-after", "1"]);
        run(command.arg(self.home.path().join("export.csv")).arg("--run").arg(self.run_folder()))
    }

    pub fn on_run(&self, words: &[&str]) -> Run {
        run(self.command(words).arg(self.run_folder()))
    }

    #[track_caller]
    pub fn counts<const K: usize>(&self, names: [&str; K]) -> [u64; K] {
        let mut status = rehome();
        let status = run(status.args(["status", "--format", "json"]).arg(self.run_folder())).exits(0).json();
        names.map(|name| status[name].as_u64().expect("a count"))
    }

    /// The run ended because nobody could be served; nobody is blamed, and once the world is well, all is.
    #[track_caller]
    pub fn stopped_and_repaired(&self, run: Run, says: &str) {
        let run = run.exits(4);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert_eq!(self.counts(["failed", "refused", "done"])[..2], [0, 0]);
        self.proxy.now(|_| Act::Pass);
        self.on_run(&["resume"]).exits(0);
        assert_holds(&self.sandbox, &self.expected);
    }

    /// The rejects' lines.
    pub fn rejects(&self) -> String {
        std::fs::read_to_string(self.run_folder().join("rejects.log.ndjson")).unwrap_or_default()
    }
}

#[test]
fn all_creates_failing_stops_the_run_whatever_they_are_answered() {
    let stopped = |decide: fn(&Passing) -> Act| {
        let world = World::with(N, move |passing| if passing.creates() { decide(passing) } else { Act::Pass });
        let run = world.import();
        assert_eq!(listed(&world.sandbox).len(), 0);
        world.stopped_and_repaired(run, "no proper answer");
    };
    let answers: [fn(&Passing) -> Act; 6] = [
        |_| Act::Say(200, "application/json", r#"{"status":"blocked"}"#.into()),
        |_| Act::Say(201, "application/json", r#"{"$id":"somebody","email":"else@example.com","status":true}"#.into()),
        |_| html(200),
        |_| html(504),
        |_| error(500, "general_unknown", "Server Error"),
        |_| Act::Say(200, "application/json", String::new()),
    ];
    std::thread::scope(|scope| {
        let running: Vec<_> = answers.into_iter().map(|answer| scope.spawn(move || stopped(answer))).collect();
        for test in running {
            test.join().expect("it holds");
        }
    });
}

#[test]
fn a_step_that_only_says_it_was_done_is_not_believed() {
    let world = World::with(N, |passing| {
        if passing.path.ends_with("/status") {
            Act::Say(200, "application/json", r#"{"status":"blocked"}"#.into())
        } else {
            Act::Pass
        }
    });
    let run = world.import();
    world.stopped_and_repaired(run, "to any follow-up");
}

#[test]
fn a_deletion_that_only_says_it_was_done_is_not_believed() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    world.proxy.now(|passing| if passing.method == "DELETE" { html(200) } else { Act::Pass });
    let run = world.on_run(&["rollback", "--yes", "--give-up-after", "1"]);
    let run = if run.code == 2 { world.on_run(&["rollback", "--yes"]) } else { run };
    assert!(matches!(run.code, 3 | 4), "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("40 users deleted"), "{}", run.stdout);
    assert_holds(&world.sandbox, &world.expected);
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(listed(&world.sandbox).len(), 0);
}

/// Deletions that are carried out and never confirmed, as by a rollback that is killed: nobody is called done whom it may
/// have taken.
#[test]
fn whom_a_rollback_may_have_deleted_is_made_again_by_the_next_run() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    let seen = Mutex::new(std::collections::HashSet::new());
    world.proxy.now(move |passing| match passing.method == "DELETE" {
        true if seen.lock().expect("a lock").insert(passing.path.clone()) => {
            Act::PassAndSay(503, "text/html", String::new())
        }
        true => html(503),
        false => Act::Pass,
    });
    world.on_run(&["rollback", "--yes"]).exits(4);
    assert!(listed(&world.sandbox).len() < N, "nobody was deleted");
    let [done, failed, left] = world.counts(["done", "failed", "left"]);
    assert!(done <= listed(&world.sandbox).len() as u64, "{done} done, {failed} failed, {left} left");
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["resume"]).exits(0);
    assert_holds(&world.sandbox, &world.expected);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(listed(&world.sandbox).len(), 0);
}

#[test]
fn what_verify_found_missing_or_different_is_repaired_by_the_next_run() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    // As a run has left it that believed a firewall: one was never created, one never disabled.
    let disabled = world.expected.iter().filter(|(_, user)| user["status"] == false).map(|(id, _)| id.clone());
    let disabled: Vec<_> = disabled.take(2).collect();
    meanwhile(&world.sandbox, &Request::patch(format!("/users/{}/status", disabled[0]), &json!({"status": true})));
    meanwhile(&world.sandbox, &Request::delete(&disabled[1]));
    let found = world.on_run(&["verify", "--format", "json"]).exits(3).json()["verify"].clone();
    assert_eq!([&found["missing"], &found["different"]], [1, 1], "{found}");
    world.import().exits(0);
    assert_holds(&world.sandbox, &world.expected);
    world.on_run(&["verify"]).exits(0);
    // One of them is repaired by `resume` just as well, and all are this run's still.
    meanwhile(&world.sandbox, &Request::delete(&disabled[0]));
    world.on_run(&["verify"]).exits(3);
    world.on_run(&["resume"]).exits(0);
    assert_holds(&world.sandbox, &world.expected);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(listed(&world.sandbox).len(), 0);
}

#[test]
fn a_proxy_whose_backend_restarts_costs_nobody_anything() {
    for answer in [|| Act::Say(404, "text/plain", "404 page not found".into()), || html(403), || html(503)] {
        let since = Mutex::new(None);
        let world = World::with(N, move |passing| {
            let mut since = since.lock().expect("a lock");
            if since.is_none() && passing.creates() && passing.number > 20 {
                *since = Some(passing.at);
            }
            // For two seconds, everything.
            let on = since.is_some_and(|since| passing.at < since + Duration::from_secs(2));
            if on { answer() } else { Act::Pass }
        });
        let mut command = world.command(&["import", "--give-up-after", "20"]);
        run(command.arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder())).exits(0);
        assert_holds(&world.sandbox, &world.expected);
    }
}

#[test]
fn what_hits_one_record_is_that_records() {
    let answers: [fn() -> Act; 5] = [
        || html(403),
        || error(401, "general_unauthorized_scope", "missing scope"),
        || Act::Say(404, "text/plain", "no".into()),
        || error(500, "general_unknown", "Server Error"),
        || html(413),
    ];
    let holds =
        |answer: fn() -> Act| {
            let world = World::with(N, move |passing| {
                if passing.creates() && passing.body.contains("person5@") { answer() } else { Act::Pass }
            });
            world.import().exits(3);
            assert_eq!(world.counts(["failed", "done", "left"]), [1, N as u64 - 1, 0]);
            assert!(world.rejects().contains(r#""record":6,"#), "{}", world.rejects());
            world.proxy.now(|_| Act::Pass);
            world.on_run(&["resume"]).exits(0);
            assert_holds(&world.sandbox, &world.expected);
        };
    std::thread::scope(|scope| {
        let running: Vec<_> = answers.into_iter().map(|answer| scope.spawn(move || holds(answer))).collect();
        for test in running {
            test.join().expect("it holds");
        }
    });
}

#[test]
fn a_key_that_is_taken_away_stops_the_run() {
    let world =
        World::with(
            N,
            |passing| {
                if passing.number > 30 { error(401, "project_key_expired", "expired") } else { Act::Pass }
            },
        );
    let run = world.import();
    world.stopped_and_repaired(run, "the API key has expired");
}

#[test]
fn whose_create_is_answered_by_409_alone_was_created_by_somebody_else() {
    // As by another importer that is a moment ahead with every second user.
    let ahead = |passing: &Passing| passing.creates() && passing.body.contains("2@");
    let world = World::with(N, move |passing| if ahead(passing) { Act::Twice } else { Act::Pass });
    // One is there already, the very same.
    let same = json!({"userId": "user-3", "email": "person3@example.com", "name": "Person 3", "password": format!("{:032x}", 3)});
    meanwhile(&world.sandbox, &Request::post("/users/md5", &same));
    world.import().exits(0);
    assert_holds(&world.sandbox, &world.expected);
    assert_eq!(world.counts(["created", "present", "done", "failed"]), [N as u64 - 5, 5, N as u64, 0]);
    world.on_run(&["rollback", "--yes"]).exits(0);
    let mut left: Vec<_> = listed(&world.sandbox).into_keys().collect();
    left.sort();
    assert_eq!(left, ["user-12", "user-2", "user-22", "user-3", "user-32"]);
}

#[test]
fn answers_that_are_lost_or_endless_are_read_back() {
    let huge = || Act::Say(201, "application/json", " ".repeat(100 << 20));
    let lost = || Act::PassAndSay(200, "text/html", "<html>".into());
    for (act, how_many) in [(|| Act::PassAndDrop) as fn() -> Act, || Act::Endless, || Act::EndlessHead, huge, lost]
        .into_iter()
        .zip([N, N, N, 4, N])
    {
        let seen = Mutex::new(std::collections::HashSet::new());
        let world = World::with(N, move |passing| {
            // The first of each.
            let mut seen = seen.lock().expect("a lock");
            let first = passing.method != "GET"
                && seen.len() < how_many
                && seen.insert(format!("{}{}", passing.path, passing.body));
            if first && passing.body.len() > 2 { act() } else { Act::Pass }
        });
        let mut command = world.command(&["import", "--give-up-after", "20"]);
        run(command.arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder())).exits(0);
        assert_holds(&world.sandbox, &world.expected);
        assert_eq!(world.counts(["created", "done", "failed"]), [N as u64, N as u64, 0]);
    }
}

/// A body that comes a byte at a time is given up after a minute, and the user read back.
#[test]
#[ignore = "takes a minute: cargo test -- --ignored a_body_that_trickles"]
fn a_body_that_trickles_is_not_waited_for() {
    let slow = AtomicUsize::new(0);
    let world = World::with(N, move |passing| {
        let first = passing.creates() && slow.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Act::Slow(100_000, Duration::from_millis(500)) } else { Act::Pass }
    });
    let mut command = world.command(&["import", "--give-up-after", "20"]);
    run(command.arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder())).exits(0);
    assert_holds(&world.sandbox, &world.expected);
}

/// The target's clock is hours off, or what a proxy writes into `Date` is: a run that was cut off knows its own again.
#[test]
fn the_targets_clock_decides_who_is_ours() {
    let later: [fn(i64) -> Act; 2] = [Act::Later, Act::DateLater];
    for (hours, act) in [(2, later[0]), (-2, later[0]), (2, later[1]), (-2, later[1])] {
        let seconds = hours * 3600;
        let created = AtomicUsize::new(0);
        let world = World::with(N, move |passing| {
            if !passing.creates() {
                return act(seconds);
            }
            // The first ten are answered; of all others the target hears, and the run does not.
            if created.fetch_add(1, Ordering::Relaxed) < 10 { act(seconds) } else { Act::PassAndDrop }
        });
        world.proxy.seen();
        // It is not read back either.
        let run = world.import();
        assert!(matches!(run.code, 0 | 4), "{}", run.stderr);
        world.proxy.now(move |_| act(seconds));
        world.on_run(&["resume"]).exits(0);
        assert_eq!(world.counts(["created", "done", "failed"]), [N as u64, N as u64, 0], "{hours} hours");
        assert_holds(&world.sandbox, &world.expected);
        world.on_run(&["verify"]).exits(0);
        world.on_run(&["rollback", "--yes"]).exits(0);
        assert_eq!(listed(&world.sandbox).len(), 0);
    }
}

#[test]
fn what_a_target_repeats_of_a_request_is_never_shown() {
    let secret = format!("{:032x}", 0x5eed_c0de_dead_beef_u64);
    let world = World::with(4, |passing| {
        if passing.creates() {
            let message = format!("cannot store {} \u{1b}[2J\u{202e}", passing.body);
            error(400, "general_argument_invalid", &message)
        } else {
            Act::Pass
        }
    });
    let file = world.home.path().join("export.csv");
    let csv = std::fs::read_to_string(&file).expect("the export").replace(&format!("{:032x}", 1), &secret);
    std::fs::write(&file, csv).expect("written");
    let said = [world.import().exits(3), world.on_run(&["status"]).exits(0), world.on_run(&["verify"])];
    for run in &said {
        assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret), "{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains(['\u{1b}', '\u{202e}']), "{}", run.stderr);
        assert!(!run.stderr.contains("@example.com") && !run.stderr.contains("Person"), "{}", run.stderr);
    }
    assert!(world.rejects().contains("[redacted]"), "{}", world.rejects());
    for entry in std::fs::read_dir(world.run_folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let holds = memchr::memmem::find(&std::fs::read(&path).expect("readable"), secret.as_bytes()).is_some();
        assert_eq!(holds, path.ends_with("rejects.csv"), "{}", path.display());
    }
}

#[test]
fn an_absurd_pause_is_capped_and_told() {
    let creates = AtomicUsize::new(0);
    let world = World::with(N, move |passing| {
        let first = passing.creates() && creates.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Act::SayWith(429, "Retry-After: 86400".into(), "{}".into()) } else { Act::Pass }
    });
    let run = world.import().exits(0);
    assert!(run.stderr.contains("asks for a pause of 86400 seconds; it is asked again after 5"), "{}", run.stderr);
    assert_holds(&world.sandbox, &world.expected);
}

#[test]
fn a_target_that_only_says_slower_is_not_waited_for_without_end() {
    let world =
        World::with(
            N,
            |passing| {
                if passing.creates() { error(429, "general_rate_limit_exceeded", "slower") } else { Act::Pass }
            },
        );
    let run = world.import();
    world.stopped_and_repaired(run, "no proper answer");
}

#[test]
fn a_step_that_is_held_obeys_a_pause() {
    let throttled = std::sync::Arc::new(Mutex::new(Vec::new()));
    let told = throttled.clone();
    let world = World::with(N, move |passing| {
        let mut told = told.lock().expect("a lock");
        let on = told.first().is_none_or(|(since, _)| passing.at < *since + Duration::from_secs(3));
        if on && passing.path.ends_with("/status") {
            told.push((passing.at, passing.path.clone()));
            return Act::SayWith(429, "Retry-After: 3".into(), "{}".into());
        }
        Act::Pass
    });
    world.import().exits(0);
    assert_holds(&world.sandbox, &world.expected);
    // Whoever was on the way already may come once, and nobody again before the pause is over.
    let mut told: Vec<_> = throttled.lock().expect("a lock").iter().map(|(_, path)| path.clone()).collect();
    let came = told.len();
    told.sort();
    told.dedup();
    assert!(came > 0 && told.len() == came, "{told:?}");
}

#[test]
fn a_conflict_of_a_step_is_told_as_what_it_is() {
    let world = World::with(N, |passing| {
        if passing.path.ends_with("/user-6/prefs") {
            error(409, "general_conflict", "too many at once")
        } else {
            Act::Pass
        }
    });
    world.import().exits(3);
    let log = world.rejects();
    assert!(log.contains("preferences: too many at once") && !log.contains("phone number"), "{log}");
}

#[test]
fn a_list_that_does_not_turn_its_pages_ends_verify() {
    let world = World::with(120, |_| Act::Pass);
    world.import().exits(0);
    world.proxy.now(|passing| match passing.path.split_once("&queries%5B%5D=%7B%22method%22%3A%22cursorAfter") {
        Some((path, _)) => Act::Rewrite(path.to_owned()),
        None => Act::Pass,
    });
    assert!(world.on_run(&["verify"]).exits(4).stderr.contains("same page of users again"));
}

#[test]
fn preferences_that_php_keeps_as_lists_are_no_difference() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("users.jsonl");
    let user = json!({"id": "u1", "email": "a@example.com", "prefs": {"steps": {"0": "x"}, "deep": {"a": {"0": {}, "1": 1.0}}}});
    std::fs::write(&export, format!("{user}\n")).expect("written");
    let sandbox = Sandbox::start(&[]);
    let folder = home.path().join("run");
    let mut import = sandbox.rehome();
    run(import.arg("import").arg(&export).arg("--run").arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox)["u1"]["prefs"]["steps"], json!(["x"]));
    let found = run(sandbox.rehome().args(["verify", "--format", "json"]).arg(&folder)).exits(0).json();
    assert_eq!(found["verify"]["same"], 1, "{found}");
}

#[test]
fn credentials_in_an_endpoint_are_refused_and_open_doors_warned_of() {
    let world = World::with(3, |_| Act::Pass);
    let with = world.proxy.endpoint.replace("http://", "http://somebody:hunter22@");
    let mut command = world.command(&["import", "--endpoint", &with]);
    let refused = run(command.arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder())).exits(2);
    assert!(
        refused.stderr.contains("user name or password") && !refused.stderr.contains("hunter22"),
        "{}",
        refused.stderr
    );
    assert!(!Path::new(&world.run_folder()).join("report.json").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = world.home.path().join("key");
        std::fs::write(&key, &world.sandbox.key).expect("written");
        for (mode, warned) in [(0o644, true), (0o600, false)] {
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
            let mut command = world.command(&["import", "--key-file"]);
            let said =
                run(command.arg(&key).arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder()));
            assert_eq!(said.exits(0).stderr.contains("can read the key in"), warned);
        }
    }
}

#[test]
fn an_id_that_is_a_route_can_be_rolled_back() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("users.csv");
    let rows = ["identities", "usage", "bcrypt", "Identities"].map(|id| format!("{id},{id}{}@example.com\n", id.len()));
    std::fs::write(&export, format!("id,email\n{}", rows[..3].concat())).expect("written");
    let sandbox = Sandbox::start(&[]);
    let folder = home.path().join("run");
    run(sandbox.rehome().arg("import").arg(&export).arg("--run").arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox).len(), 3);
    run(sandbox.rehome().arg("verify").arg(&folder)).exits(0);
    run(sandbox.rehome().args(["rollback", "--yes"]).arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox).len(), 0);
}

/// Somebody writes another export over the one that is being imported.
#[test]
fn nobody_is_sent_from_a_file_that_is_no_longer_the_same() {
    // Rows so long that most of them are read long after the first users are sent.
    const N: usize = 2500;
    let world = World::with(N, |_| Act::Pass);
    let path = world.home.path().join("export.csv");
    let pad = "x".repeat(8000);
    let (header, rows) = std::fs::read_to_string(&path)
        .expect("the export")
        .split_once('\n')
        .map(|(h, r)| (h.to_owned(), r.to_owned()))
        .expect("rows");
    let padded = |rows: &str| {
        let rows: Vec<String> = rows.lines().map(|row| format!("{row},{pad}\n")).collect();
        format!("{header},notes\n{}", rows.concat())
    };
    let (whole, other) = (padded(&rows), padded(&rows.replace("Person", "Parson")));
    assert_eq!(whole.len(), other.len());
    // All of it before anything is sent; the later half, and a shorter file, while users are sent.
    let half = whole.len() / 2;
    let changes = [(0, other.clone()), (50, whole[..half].to_owned() + &other[half..]), (50, whole[..half].to_owned())];
    for (after, changed) in changes {
        std::fs::write(&path, &whole).expect("written");
        let (to, creates) = (path.clone(), AtomicUsize::new(0));
        let done = std::sync::atomic::AtomicBool::new(false);
        world.proxy.now(move |passing| {
            let now = creates.fetch_add(usize::from(passing.creates()), Ordering::Relaxed);
            if now >= after && !done.swap(true, Ordering::Relaxed) {
                std::fs::write(&to, &changed).expect("written");
            }
            Act::Pass
        });
        let run = world.import().exits(1);
        assert!(run.stderr.contains("export.csv was changed while it was read"), "{}", run.stderr);
        let there = listed(&world.sandbox);
        assert!(there.len() < N, "nobody was sent after the change");
        assert!(there.values().all(|user| user["name"].as_str().is_some_and(|name| name.starts_with("Person"))));
        assert_eq!(there.is_empty(), after == 0, "{}", there.len());
        if after == 0 {
            std::fs::remove_dir_all(world.run_folder()).expect("removed");
        }
    }
    std::fs::write(&path, &whole).expect("written");
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["resume"]).exits(0);
    assert_holds(&world.sandbox, &world.expected);
}
