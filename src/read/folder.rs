//! Folders given as exports, and files that belong to a dump beside them.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::unpack::Unpacked;
use crate::error::{Kind, RunError};
use crate::format::TableSample;
use crate::format::file::{Rows, SourceFile};
use crate::format::input::named_like_an_export;
use crate::scheme::columns::holds_password;

/// What a person should know of the files as such.
#[derive(Default)]
pub(super) struct Notes {
    pub findings: Vec<String>,
    /// Whether one of them says that users may be missing.
    pub incomplete: bool,
}

impl Notes {
    fn missing(&mut self, said: String) {
        self.findings.push(said);
        self.incomplete = true;
    }
}

/// One file to read.
pub(super) enum Entry {
    File(PathBuf),
    /// The rows of a dump's table.
    Rows(PathBuf, Rows),
}

/// Files as they are; archives of tar as folders; folders (Keycloak's `--users different_files`, the Firebase emulator's export, `mysqldump --tab`) as
/// the files in them that can be exports, in the order of their names and of the numbers in them.
pub(super) fn expanded(
    paths: &[PathBuf],
    archives: &mut Vec<Unpacked>,
    notes: &mut Notes,
) -> Result<VecDeque<Entry>, RunError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(of_folder(path, &path.display().to_string(), notes)?);
        } else if let Some(archive) = Unpacked::of(path)? {
            // What a folder's errors name is the temporary one.
            let inner = of_folder(&archive.path(), &path.display().to_string(), notes).map_err(|error| {
                if error.kind() == Kind::Usage {
                    return error;
                }
                let said = format!("{} holds no file that could be an export, or several folders", path.display());
                RunError::export(said).remedy("unpack it and pass the file or folder with the users")
            });
            files.extend(inner?);
            notes.findings.extend(archive.finding());
            archives.push(archive);
        } else {
            files.push(path.clone());
        }
    }
    // Rows that are named beside their table's dump are read with it.
    let dumps: Vec<PathBuf> = files.iter().filter(|path| has_ending(path, "sql")).cloned().collect();
    files.retain(|path| !(has_ending(path, "txt") && dumps.contains(&path.with_extension("sql"))));
    Ok(files.into_iter().map(Entry::File).collect())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Takes tables whose rows stand in a file of their own (`mysqldump --tab`, an unpacked archive of pg_dump) out of what a
/// dump holds, and puts that file next in the queue.
pub(super) fn add_rows(
    file: &SourceFile,
    sampled: &mut Vec<TableSample>,
    waiting: &mut VecDeque<Entry>,
    findings: &mut Vec<String>,
) {
    for rows in file.beside() {
        let Some(folder) = file.input.path.parent() else { continue };
        let found = ["", ".gz", ".zst"].iter().map(|packed| folder.join(format!("{}{packed}", rows.file)));
        let Some(path) = found.into_iter().find(|path| path.metadata().is_ok_and(|of| of.is_file() && of.len() > 0))
        else {
            if rows.named {
                let (name, missing) = (file.input.name(), &rows.file);
                findings.push(format!("{name}: the rows of `{}` are in {missing}, which is not beside it", rows.table));
            }
            continue;
        };
        sampled.retain(|table| table.table != rows.table);
        findings.push(format!("the rows of `{}` are read from {}", rows.table, path.display()));
        waiting.push_front(Entry::Rows(path, rows));
    }
}

/// `name`: as a person knows the folder.
fn of_folder(folder: &Path, name: &str, notes: &mut Notes) -> Result<Vec<PathBuf>, RunError> {
    // Written by `firebase emulators:export`: beside the accounts lies the emulator's own configuration. A table may be called
    // accounts, too.
    for export in [folder.join("auth_export"), folder.to_owned()] {
        let accounts = export.join("accounts.json");
        if accounts.is_file() && export.join("config.json").is_file() {
            return Ok(vec![accounts]);
        }
    }
    let (mut files, mut empty, mut yaml) = (Vec::new(), Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(RunError::io(folder))? {
        let entry = entry.map_err(RunError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_file() || name.starts_with('.') {
            continue;
        }
        if ["yaml", "yml"].iter().any(|ending| has_ending(&entry.path(), ending)) {
            yaml.push((natural(&name), entry.path()));
        }
        if named_like_an_export(&name) {
            match entry.metadata() {
                Ok(of) if of.len() == 0 => empty.push(name),
                _ => files.push((natural(&name), entry.path())),
            }
        }
    }
    // `pg_dump -Fd`: what its files are stands in there.
    let contents = folder.join("toc.dat");
    if files.is_empty() && contents.is_file() {
        return Ok(vec![contents]);
    }
    // Grav has a file for everybody; beside exports YAML is settings, sooner.
    if files.is_empty() {
        files = yaml;
    } else {
        let people: Vec<_> =
            yaml.iter().filter(|(_, path)| is_somebody(path)).map(|(_, path)| file_name(path)).collect();
        if !people.is_empty() {
            notes.missing(format!(
                "{name}: {} seem to be people, a file for everybody, and are not read beside other files: users may be missing; put them \
                 into a folder of their own",
                some_of(&people)
            ));
        }
    }
    let inner = subfolders(folder)?;
    // `mariadb-dump --dir` makes one folder a database.
    if let ([only], true) = (inner.as_slice(), files.is_empty()) {
        return of_folder(only, name, notes);
    }
    if files.is_empty() && !inner.is_empty() {
        let names: Vec<_> = inner.iter().take(5).map(|path| path.display().to_string()).collect();
        return Err(RunError::export(format!(
            "{} holds no file that could be an export, but folders",
            folder.display()
        ))
        .remedy(format!("pass the one with the users ({})", names.join(", "))));
    }
    if files.is_empty() {
        return Err(RunError::export(format!("{} holds no file that could be an export", folder.display())));
    }
    // Every collection is a file of its own, and says nowhere what its documents are.
    let collections: Vec<_> = files.iter().map(|(_, path)| path).filter(|path| is_collection(path)).collect();
    if let [one, other, ..] = collections[..] {
        let names = [one, other].map(|path| file_name(path));
        let said = format!("{name} holds {} collections ({}, …)", collections.len(), names.join(", "));
        return Err(RunError::usage(said).remedy("pass the file of the one with the users"));
    }
    if !inner.is_empty() {
        let names: Vec<_> =
            inner.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
        notes.findings.push(format!("{name}: what is in the folders within it is not read: {}", names.join(", ")));
    }
    empty.sort();
    // A table without rows is written so, as JSON a line each; a part of one is empty where a disk was full or a copy was cut off.
    let is_part = |empty: &String| files.iter().any(|(_, path)| unnumbered(&file_name(path)) == unnumbered(empty));
    let (parts, tables): (Vec<_>, Vec<_>) = empty.into_iter().partition(is_part);
    if !tables.is_empty() {
        notes.findings.push(format!("{name}: nothing is in {}", tables.join(", ")));
    }
    if !parts.is_empty() {
        notes.missing(format!(
            "{name}: nothing is in {}, and there are other parts: users may be missing",
            parts.join(", ")
        ));
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// A collection as mongodump writes it, compressed or not.
fn is_collection(path: &Path) -> bool {
    has_ending(path, "bson") || has_ending(path, "gz") && has_ending(&path.with_extension(""), "bson")
}

/// The folders in a folder, but for a database server's own.
fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    const SYSTEM: [&str; 4] = ["mysql", "sys", "performance_schema", "information_schema"];
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(RunError::io(folder))? {
        let entry = entry.map_err(RunError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link could lead around in circles.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && !SYSTEM.contains(&name.as_str()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The first of many names.
fn some_of(names: &[String]) -> String {
    let more = if names.len() > 5 { ", …" } else { "" };
    format!("{}{more}", names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Whether a file of YAML has somebody's address or password, and no settings: those stand within something.
fn is_somebody(path: &Path) -> bool {
    let mut head = Vec::new();
    let Ok(file) = std::fs::File::open(path) else { return false };
    if file.take(64 * 1024).read_to_end(&mut head).is_err() {
        return false;
    }
    let says = |line: &str| {
        let Some((key, value)) = line.split_once(':') else { return false };
        !value.trim().is_empty()
            && !key.starts_with(char::is_whitespace)
            && (["email", "mail"].iter().any(|of| key.eq_ignore_ascii_case(of)) || holds_password(key))
    };
    String::from_utf8_lossy(&head).lines().any(says)
}

/// A name without what counts parts: `users-2.csv` and `users-10.csv` are parts of one.
fn unnumbered(name: &str) -> String {
    name.chars().filter(|c| c.is_alphabetic()).collect()
}

/// A name's text and numbers in turn, so that `users-2` comes before `users-10`.
fn natural(name: &str) -> Vec<(String, Option<u64>)> {
    let mut parts: Vec<(String, Option<u64>)> = Vec::new();
    for c in name.chars() {
        match (c.to_digit(10), parts.last_mut()) {
            (Some(digit), Some((_, number))) => {
                *number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit)));
            }
            (Some(digit), None) => parts.push((String::new(), Some(u64::from(digit)))),
            (None, Some((text, None))) => text.push(c),
            (None, _) => parts.push((c.to_string(), None)),
        }
    }
    parts
}
