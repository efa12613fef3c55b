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

/// What a command leaves behind where it was tried is no part of the program.
#[test]
fn nothing_stands_in_src_but_sources() {
    fn all(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of src/") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { all(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let is_source = |path: &Path| {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let within = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
        match end {
            "rs" => true,
            "toml" => within("systems"),
            "css" | "js" => within("html"),
            // What SunMD5 hashes of Hamlet.
            "txt" => path.ends_with("foreign/hamlet.txt"),
            _ => false,
        }
    };
    found.retain(|path| !is_source(path));
    assert!(found.is_empty(), "{found:?}");
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

/// The modules that the files of a room are: their names below `src/`, and their text without tests.
fn modules(room: &str) -> HashMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&src.join(room), &mut found);
    let module = |path: PathBuf| {
        let inner = path.strip_prefix(&src).expect("below src/").with_extension("");
        let name = inner.to_str().expect("a name").replace(std::path::MAIN_SEPARATOR, "::");
        let text = std::fs::read_to_string(&path).expect("a file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join(" ");
        (name.trim_end_matches("::mod").to_owned(), code)
    };
    found.into_iter().map(module).collect()
}

/// The paths that a list of `use` stands for: `{a, b::{c, d}}` is `a`, `b::c` and `b::d`.
fn expand(text: &str, before: &str, paths: &mut Vec<String>) {
    let end = text.find([';', ' ', ',', '(', ')', '<', '>', '}', '&']).unwrap_or(text.len());
    let Some(open) = text.find('{').filter(|&open| open <= end && text[..open].ends_with("::")) else {
        paths.push(format!("{before}{}", &text[..end]));
        return;
    };
    let before = format!("{before}{}", &text[..open]);
    let (mut depth, mut first) = (0, true);
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if std::mem::take(&mut first) || (c == ',' && depth == 1) {
            expand(text[open + at + 1..].trim_start(), &before, paths);
        }
        if depth == 0 {
            return;
        }
    }
}

/// The other modules of its room that a module names, but for those that it stands in.
fn named(module: &str, code: &str, modules: &HashMap<String, String>) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        // The first of `super::super::` is where the path begins.
        if !code[..at].ends_with("::") {
            expand(&code[at..], "", &mut paths);
        }
    }
    let mut named = Vec::new();
    for path in paths {
        let (mut from, mut rest) = (module, path.as_str());
        while let Some(after) = rest.strip_prefix("super::") {
            (from, rest) = (from.rsplit_once("::").map_or("", |(parent, _)| parent), after);
        }
        let whole = rest.strip_prefix("crate::").map_or_else(|| format!("{from}::{rest}"), str::to_owned);
        let ends = whole.match_indices("::").map(|(at, _)| at).chain([whole.len()]);
        let longest = ends.map(|end| &whole[..end]).filter(|name| modules.contains_key(*name)).last();
        named.extend(
            longest.filter(|name| *name != module && !module.starts_with(&format!("{name}::"))).map(str::to_owned),
        );
    }
    named
}

/// A module that leads back to itself, with the way.
fn circle(modules: &HashMap<String, String>) -> Option<String> {
    let named: HashMap<&str, Vec<String>> =
        modules.iter().map(|(module, code)| (module.as_str(), named(module, code, modules))).collect();
    named.keys().find_map(|start| {
        let mut ways = vec![vec![*start]];
        let mut met = std::collections::HashSet::new();
        while let Some(way) = ways.pop() {
            for next in &named[way[way.len() - 1]] {
                if next == start {
                    return Some(format!("{} → {start}", way.join(" → ")));
                }
                if met.insert(next.as_str()) {
                    ways.push(way.iter().copied().chain([next.as_str()]).collect());
                }
            }
        }
        None
    })
}

#[test]
fn no_file_of_a_room_leads_back_to_itself() {
    let document = include_str!("../docs/architecture.md");
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: Vec<String> = order(document).into_keys().filter(|room| src.join(room).is_dir()).collect();
    assert!(rooms.len() > 12, "{rooms:?}");
    for room in &rooms {
        let modules = modules(room);
        assert!(modules.len() > 1, "{room}");
        assert_eq!(circle(&modules), None, "files of {room}/ know each other in a circle");
    }
}

#[test]
fn a_circle_of_files_is_found_however_it_is_written() {
    for (a, b) in [
        ("use crate::r::b::B;", "use crate::r::{c, a::{A, X}};"),
        ("use super::b;", "fn f() { super::a::go() }"),
        ("use super::{d, b::B};", "fn f() -> super::a::A { todo() }"),
    ] {
        let modules = |b: &str| HashMap::from([("r::a".to_owned(), a.to_owned()), ("r::b".to_owned(), b.to_owned())]);
        assert!(circle(&modules(b)).is_some_and(|way| way.contains("r::a → r::b")), "{a} {b}");
        assert_eq!(circle(&modules("use super::c;")), None);
    }
}
