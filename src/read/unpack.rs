//! Archives of tar, packed or not: their files, in a private temporary folder for as long as the export is read.

use std::fs::File;
use std::io::{Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::RunError;
use crate::format::input::Input;

/// Files in one archive; no export has more.
const MAX_FILES: usize = 10_000;

/// A folder with an archive's files.
pub(super) struct Unpacked {
    folder: TempDir,
    /// Held while it is read.
    _lock: File,
    /// The archive, as a person knows it.
    archive: String,
    /// What of it is no file that was unpacked.
    passed_over: Vec<String>,
}

impl Unpacked {
    /// Unpacks a file, if it is an archive of tar.
    ///
    /// # Errors
    /// [`RunError::io`]; [`RunError::export`] for an archive that is damaged or holds more files than anybody's.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, RunError> {
        // Standard input is read once, and what is no file is told of where files are opened.
        if path == Path::new("-") || !path.is_file() {
            return Ok(None);
        }
        let input = Input::open(path)?;
        let Some(bytes) = tar_in(&input)? else { return Ok(None) };
        let (folder, lock) = private_folder().map_err(RunError::temporary)?;
        let damaged = |error: std::io::Error| {
            RunError::export(format!("{} is a tar archive that is cut off or damaged", input.name())).because(error)
        };
        let mut archive = tar::Archive::new(Watched { bytes, last: [1; BLOCK], at: 0 });
        archive.set_preserve_permissions(false);
        archive.set_preserve_mtime(false);
        let (mut files, mut passed_over) = (0, Vec::new());
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                continue;
            }
            // Links could lead out of the folder, and what else there is is no export.
            if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
                passed_over.push(crate::escape::shown(&String::from_utf8_lossy(&entry.path_bytes()), 200).into_owned());
                continue;
            }
            files += 1;
            if files > MAX_FILES {
                let said = format!("{} holds more than {MAX_FILES} files", input.name());
                return Err(RunError::export(said).remedy("unpack it and pass the ones that belong to the export"));
            }
            // Names that lead out of the folder are not followed.
            if !entry.unpack_in(files_of(&folder)).map_err(damaged)? {
                passed_over.push(crate::escape::shown(&String::from_utf8_lossy(&entry.path_bytes()), 200).into_owned());
            }
        }
        // Between two members a cut looks like the end, but for the block of nothing that the end is.
        if archive.into_inner().last != [0; BLOCK] {
            let said = format!("{} is a tar archive that is cut off: it has no end", input.name());
            return Err(RunError::export(said).remedy("make it anew, or unpack it and pass the files"));
        }
        Ok(Some(Self { folder, _lock: lock, archive: input.name(), passed_over }))
    }

    pub(super) fn path(&self) -> PathBuf {
        files_of(&self.folder)
    }

    /// What a person has to know of what was not unpacked.
    pub(super) fn finding(&self) -> Option<String> {
        let first = self.passed_over.first()?;
        let others = match self.passed_over.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Some(format!(
            "{}: {first}{others} is not read, being a link, or no file, or outside of the archive's folder: pass what belongs to the \
             export itself",
            self.archive
        ))
    }

    /// How a person knows a file in it.
    pub(super) fn shown(&self, path: &Path) -> Option<PathBuf> {
        let inner = path.strip_prefix(self.path()).ok()?;
        Some(format!("{}:{}", self.archive, inner.display()).into())
    }
}

fn files_of(folder: &TempDir) -> PathBuf {
    folder.path().join(FILES)
}

/// What the names of such folders begin with.
const PREFIX: &str = "rehome-unpacked-";

/// The folder in it with an archive's files, whatever those are called.
const FILES: &str = "files";

/// The file in such a folder that is locked for as long as somebody reads there.
const LOCK: &str = ".rehome-lock";

/// Nobody else of this machine looks into it. Whoever is killed while they read leaves theirs to the next.
fn private_folder() -> std::io::Result<(TempDir, File)> {
    sweep(&std::env::temp_dir());
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir()?;
    std::fs::create_dir(folder.path().join(FILES))?;
    // It has its name once it is locked.
    let unnamed = folder.path().join(".new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    std::fs::rename(unnamed, folder.path().join(LOCK))?;
    Ok((folder, lock))
}

/// Removes folders that nobody reads any more. What cannot be removed is somebody else's.
fn sweep(among: &Path) {
    let Ok(entries) = std::fs::read_dir(among) else { return };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        // One without a lock is just being made.
        let Ok(lock) = File::open(folder.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

/// What tar's archives consist of, in bytes.
const BLOCK: usize = 512;

/// Remembers the last block that was read.
struct Watched<R> {
    bytes: R,
    last: [u8; BLOCK],
    /// Where in a block the next byte stands.
    at: usize,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        for byte in &buffer[..read] {
            self.last[self.at] = *byte;
            self.at = (self.at + 1) % BLOCK;
        }
        Ok(read)
    }
}

/// The bytes of a file that begins as archives of tar do.
fn tar_in(input: &Input) -> Result<Option<Chain<Cursor<Vec<u8>>, impl Read>>, RunError> {
    let mut bytes = input.unpacked(None)?;
    let mut head = Vec::with_capacity(BLOCK);
    // Whatever is wrong with it is told where it is read.
    if bytes.by_ref().take(BLOCK as u64).read_to_end(&mut head).is_err() || head.get(257..262) != Some(b"ustar") {
        return Ok(None);
    }
    Ok(Some(Cursor::new(head).chain(bytes)))
}
