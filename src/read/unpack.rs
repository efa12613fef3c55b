//! Archives of tar, packed or not: their files, in a private temporary folder for as long as the export is read.

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
    /// The archive, as a person knows it.
    archive: String,
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
        let folder = private_folder().map_err(RunError::temporary)?;
        let damaged = |error: std::io::Error| {
            RunError::export(format!("{} is a tar archive that is cut off or damaged", input.name())).because(error)
        };
        let mut archive = tar::Archive::new(Watched { bytes, last: [1; BLOCK], at: 0 });
        archive.set_preserve_permissions(false);
        archive.set_preserve_mtime(false);
        let mut files = 0;
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            // Links could lead out of the folder, and what is no file is no export.
            if !entry.header().entry_type().is_file() {
                continue;
            }
            files += 1;
            if files > MAX_FILES {
                let said = format!("{} holds more than {MAX_FILES} files", input.name());
                return Err(RunError::export(said).remedy("unpack it and pass the ones that belong to the export"));
            }
            // Names that lead out of the folder are passed over.
            entry.unpack_in(folder.path()).map_err(damaged)?;
        }
        // Between two members a cut looks like the end, but for the block of nothing that the end is.
        if archive.into_inner().last != [0; BLOCK] {
            let said = format!("{} is a tar archive that is cut off: it has no end", input.name());
            return Err(RunError::export(said).remedy("make it anew, or unpack it and pass the files"));
        }
        Ok(Some(Self { folder, archive: input.name() }))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// How a person knows a file in it.
    pub(super) fn shown(&self, path: &Path) -> Option<PathBuf> {
        let inner = path.strip_prefix(self.folder.path()).ok()?;
        Some(format!("{}:{}", self.archive, inner.display()).into())
    }
}

/// Nobody else of this machine looks into it.
fn private_folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
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
