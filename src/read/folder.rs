//! Folders given as exports.

use std::path::{Path, PathBuf};

use crate::error::RunError;
use crate::format::input::named_like_an_export;

/// Files as they are; folders (Keycloak's `--users different_files`, the Firebase emulator's export) as the files in them
/// that can be exports, in the order of their names and of the numbers in them.
pub(super) fn expanded(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RunError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(of_folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    // Written by `firebase emulators:export`: beside the accounts lies the emulator's own configuration.
    for accounts in ["auth_export/accounts.json", "accounts.json"] {
        let accounts = folder.join(accounts);
        if accounts.is_file() {
            return Ok(vec![accounts]);
        }
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(RunError::io(folder))? {
        let entry = entry.map_err(RunError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.starts_with('.') && named_like_an_export(&name) {
            files.push((natural(&name), entry.path()));
        }
    }
    if files.is_empty() {
        return Err(RunError::export(format!("{} holds no file that could be an export", folder.display())));
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
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
