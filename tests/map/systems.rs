//! Proposals over the exports of systems that rehome reads by itself, which show what each must be read as.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Fate, people};
use crate::util::{fixture, rehome, run};

/// The exports of systems among the fixtures: a file each.
fn exports() -> Vec<PathBuf> {
    const OTHERS: [&str; 13] = [
        "cases",
        "kinds",
        "dumps",
        "broken",
        "conformance",
        "hashes",
        "report",
        "tls",
        "packed",
        "converted",
        "mapping",
        "generic",
        "appwrite",
    ];
    const BESIDE: [&str; 7] = ["README", "accounts.json", "passwords.json", "known", "config", ".gz", ".zst"];
    let listed = |path: &Path| -> Vec<PathBuf> {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").path()).collect();
        entries.sort();
        entries
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let systems = listed(&fixture("")).into_iter().filter(|path| path.is_dir() && !OTHERS.contains(&&*name(path)));
    let files = systems.flat_map(|system| listed(&system));
    files.filter(|path| path.is_file() && !BESIDE.iter().any(|beside| name(path).contains(beside))).collect()
}

/// Where a proposal rightly ends otherwise than the system's own file: what that knows stands in no cell.
const KNOWN_TO_THE_SYSTEM: [(&str, &str); 4] = [
    ("ldif/", "that what says no scheme is a password in plain text, which a proposal never takes untold"),
    ("moodle/", "which words stand for no password, and that whoever has not confirmed the address may not sign in"),
    ("privacyidea/", "that a secret of the server is hashed with each password: plan says of each that it is assumed"),
    ("davical/", "that two stars stand before a password in plain text, and who is a room"),
];

/// Whoever ends otherwise; whoever is left out need not be in the other.
fn differing(known: &BTreeMap<String, Fate>, found: &BTreeMap<String, Fate>) -> Vec<String> {
    let who: std::collections::BTreeSet<&String> = known.keys().chain(found.keys()).collect();
    let of = |people: &BTreeMap<String, Fate>, who: &String| people.get(who).copied().unwrap_or(Fate::Nobody);
    let differs = who.into_iter().filter(|who| of(known, who) != of(found, who));
    differs.map(|who| format!("    {who}: {:?}, proposed {:?}", of(known, who), of(found, who))).collect()
}

/// Whether a proposal says in a comment what it does not know, and gives nobody more than the system does: which digest made what
/// is hexadecimal alone, and which country numbers without a + are of.
fn is_left_open(proposal: &str, known: &BTreeMap<String, Fate>, found: &BTreeMap<String, Fate>) -> bool {
    let says = ["which does not say what made them", "has no country code"].iter().any(|said| proposal.contains(said));
    let less = |who: &String| matches!(found.get(who), None | Some(Fate::Reset | Fate::Nobody));
    says && known.keys().chain(found.keys()).all(|who| known.get(who) == found.get(who) || less(who))
}

/// With their detection switched off, nobody who is kept out comes back, and no hash is lost, by what is proposed for the
/// exports of all systems; most that ask nothing need no correction.
#[test]
fn proposals_enable_nobody_who_is_banned_and_lose_no_hash() {
    let home = tempfile::tempdir().expect("a folder");
    let map = home.path().join("map.toml");
    let (mut exact, mut open, mut wrong) = (0, Vec::new(), Vec::new());
    for export in exports() {
        let at = export.strip_prefix(fixture("")).expect("a fixture").display().to_string();
        // Both are told what no export holds.
        let config = export.with_file_name("hash_config.txt");
        let plan = || {
            let mut command = rehome();
            command.arg("plan").arg(&export);
            if config.is_file() {
                command.arg("--firebase-hash-config").arg(&config);
            }
            command
        };
        let known = run(&mut plan()).lines();
        if known.is_empty() {
            continue;
        }
        let proposal = run(rehome().arg("map").arg(&export));
        if proposal.stdout.is_empty() {
            // Nothing is proposed of an export from which nobody could sign in.
            if people(&known).values().all(|fate| *fate == Fate::Nobody) {
                exact += 1;
                continue;
            }
            wrong.push(format!("{at}: {}", proposal.stderr.trim()));
            continue;
        }
        std::fs::write(&map, &proposal.stdout).expect("written");
        let planned = run(plan().arg("--map").arg(&map));
        if proposal.stdout.contains("= \"?\"") {
            // Whoever does not answer is not let through.
            assert_eq!((planned.code, &*planned.stdout), (2, ""), "{at}: {}", planned.stderr);
            assert!(planned.stderr.contains("is still a question"), "{at}: {}", planned.stderr);
            open.push(at);
            continue;
        }
        assert!([0, 2, 3].contains(&planned.code), "{at}: {}\n{}", planned.stderr, proposal.stdout);
        if planned.code == 2 {
            open.push(format!("{at}: {}", planned.stderr.trim()));
            continue;
        }
        let (known, found) = (people(&known), people(&planned.lines()));
        let differing = differing(&known, &found);
        match KNOWN_TO_THE_SYSTEM.iter().find(|(of, _)| at.starts_with(of)) {
            _ if differing.is_empty() => exact += 1,
            _ if is_left_open(&proposal.stdout, &known, &found) => {
                open.push(format!("{at}, in a comment\n{}", differing.join("\n")));
            }
            Some((_, why)) => wrong.push(format!("{at}: the system knows {why}\n{}", differing.join("\n"))),
            None => wrong.push(format!("{at}\n{}", differing.join("\n"))),
        }
        for (who, fate) in &known {
            let now = found.get(who);
            match fate {
                Fate::Disabled { .. } => {
                    assert!(!matches!(now, Some(Fate::In { .. })), "{at} enables {who}\n{}", proposal.stdout);
                }
                Fate::In { password: true } => {
                    assert_ne!(
                        now,
                        Some(&Fate::In { password: false }),
                        "{at} loses the hash of {who}\n{}",
                        proposal.stdout
                    );
                }
                _ => {}
            }
        }
    }
    for (what, list) in [("left open", &open), ("to be corrected", &wrong)] {
        println!("{what}:\n  {}", list.join("\n  "));
    }
    let all = exact + open.len() + wrong.len();
    println!("{all} exports: {exact} exact, {} left open, {} to be corrected", open.len(), wrong.len());
    assert!(exact * 100 >= all * 77, "{exact} of {all} are exact: {wrong:#?}");
    assert!(wrong.len() * 14 <= all, "{} of {all} need a correction: {wrong:#?}", wrong.len());
}
