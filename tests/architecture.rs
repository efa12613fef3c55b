//! The rooms of `src/` and their order, which `docs/architecture.md` tells: no room uses one that stands after it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The place of every room, and of the single files of the first, by the name that follows `crate::`.
fn order(document: &str) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    let rooms = document.lines().filter_map(|line| {
        let (number, room) = line.split_once(". `")?;
        Some((number.parse::<usize>().ok()?, room))
    });
    for (place, room) in rooms {
        let Some((name, rest)) = room.split_once("`: ") else { continue };
        if name == "base" {
            places.extend(rest.split('`').skip(1).step_by(2).map(|file| (file.to_owned(), place)));
        } else {
            places.insert(name.to_owned(), place);
        }
    }
    places
}

/// The names after `crate::` in a line of code, those of a group `crate::{a, b::c}` too.
fn used(line: &str) -> Vec<String> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return Vec::new();
    }
    let name =
        |text: &str| text.trim().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().map(str::to_owned);
    let mut names = Vec::new();
    for path in code.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            None => names.extend(name(path)),
            Some(group) => {
                let mut depth = 0;
                let mut first = true;
                for (at, c) in group.char_indices() {
                    if std::mem::take(&mut first) || (c == ',' && depth == 0) {
                        names.extend(name(group[at..].trim_start_matches(',')));
                    }
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        _ => {}
                    }
                }
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What is wrong with a file of this room, line by line.
fn faults(places: &HashMap<String, usize>, room: &str, text: &str) -> Vec<String> {
    let Some(own) = places.get(room) else { return vec![format!("`{room}` is no room of docs/architecture.md")] };
    let mut faults = Vec::new();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        // A group over several lines is read as one.
        let mut line = first.to_owned();
        let open = |line: &str| line.contains("crate::{") && line.matches('{').count() > line.matches('}').count();
        while open(&line) && !line.trim_start().starts_with("//") {
            let Some(next) = lines.next() else { break };
            line += next.trim();
        }
        for name in used(&line) {
            match places.get(&name) {
                Some(place) if place > own => faults.push(format!("`{room}` uses `{name}`: {}", line.trim())),
                Some(_) => {}
                // Something of lib.rs itself, such as a macro, has no room; everything else must have one.
                None => faults.push(format!("`{name}` has no place in docs/architecture.md: {}", line.trim())),
            }
        }
    }
    faults
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of src/") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_room_uses_one_that_stands_after_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/architecture.md")).expect("the document");
    let places = order(&document);
    assert!(places.len() > 15 && places["format"] < places["cli"], "{places:?}");
    let src = root.join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    assert!(found.len() > 200, "only {} files", found.len());
    let mut wrong = Vec::new();
    for path in found {
        let inner = path.strip_prefix(&src).expect("below src/");
        let room = inner.iter().next().and_then(|part| part.to_str()).expect("a name").trim_end_matches(".rs");
        if matches!(room, "lib" | "main") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        wrong.extend(faults(&places, room, &text).into_iter().map(|fault| format!("{}: {fault}", inner.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_of_a_later_room_is_found_wherever_it_stands() {
    let places = order("1. `base`: files: `code` `error`\n2. `plan`: what is sent\n3. `run`: one migration\n");
    assert_eq!(places.len(), 4);
    for planted in [
        "use crate::run::Limits;",
        "    pub(crate) use crate::run;",
        "fn f() { crate::run::go() }",
        "use crate::{code::Code, run::Limits};",
        "use crate::{error::{A, B}, run};",
        "use crate::{\n    code::Code,\n    run::Limits,\n};",
        "#[cfg(test)]\nmod tests {\n    use crate::run::Limits;\n}",
    ] {
        let found = faults(&places, "plan", planted);
        assert_eq!(found.len(), 1, "{planted}: {found:?}");
        assert!(found[0].contains("`plan` uses `run`"), "{found:?}");
    }
    assert!(faults(&places, "run", "use crate::{code::Code, plan::Plan};\nuse crate::run::job;").is_empty());
    assert!(faults(&places, "plan", "/// See [`crate::run`].\n// crate::run::x").is_empty());
    assert_eq!(faults(&places, "attic", "").len(), 1);
    assert_eq!(faults(&places, "plan", "use crate::attic::X;").len(), 1);
}
