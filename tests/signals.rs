//! What ends a process: also one that the system ends for no signal, as the first one of a container.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::Duration;

use super::servers::wait_until;
use super::util::rehome;

/// The first process of a namespace, without privileges where the system lets anybody have one.
fn first_of_a_container() -> Option<Command> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    let mut tried = Command::new("unshare");
    tried.args(["--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", "true"]);
    tried.output().is_ok_and(|output| output.status.success()).then_some(unshare)
}

#[test]
fn the_first_process_of_a_container_ends_when_it_is_told_to() {
    let Some(mut unshare) = first_of_a_container() else {
        return println!("skipped: no namespaces here");
    };
    let home = tempfile::tempdir().expect("a folder");
    let program = rehome().get_program().to_owned();
    // It waits for standard input, which nobody writes to: nothing is read, and nothing begun.
    let mut waiting = unshare
        .arg(program)
        .args(["check", "-", "--no-config", "--run"])
        .arg(home.path().join("run"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let child = || {
        let children = format!("/proc/{0}/task/{0}/children", waiting.id());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        children.split_whitespace().next().map(str::to_owned)
    };
    let mut first = None;
    wait_until("the first process", || {
        first = child().filter(|id| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default();
            // SIGTERM, the fifteenth.
            status.starts_with("Name:\trehome") && caught & 1 << 14 != 0
        });
        first.is_some()
    });
    let first = first.expect("a process");
    assert!(Command::new("kill").args(["-TERM", &first]).status().expect("kill").success());
    let mut ended = None;
    wait_until("its end", || {
        ended = waiting.try_wait().expect("a process");
        std::thread::sleep(Duration::from_millis(20));
        ended.is_some()
    });
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
