//! Archives of `pg_dump -Fc` and `-Fd`: PostgreSQL's own `pg_restore` makes SQL of them, where it is installed.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::RunError;
use crate::format::input::{Input, Packing};

/// The table of contents of an archive that is a folder.
const CONTENTS: &str = "toc.dat";

/// The other files of an archive that is a folder, which hold its rows.
pub(super) fn beside(input: &Input) -> Vec<PathBuf> {
    let folder = input.path.parent().filter(|_| input.path.file_name() == Some(CONTENTS.as_ref()));
    let entries =
        folder.and_then(|folder| std::fs::read_dir(if folder == Path::new("") { Path::new(".") } else { folder }).ok());
    let files = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.is_file() && path.file_name() != Some(CONTENTS.as_ref())).collect();
    files.sort();
    files
}

/// The SQL of an archive. `None`: there is no `pg_restore`.
///
/// # Errors
/// What `pg_restore` says of the archive; what reading says.
pub(super) fn restored(input: &Input) -> Result<Option<File>, RunError> {
    let mut command = Command::new("pg_restore");
    // What comes after the rows (indexes, keys) is of no interest.
    command.args(["--file=-", "--section=pre-data", "--section=data", "--no-owner", "--no-privileges"]);
    let folder = (input.path.file_name() == Some(CONTENTS.as_ref())).then(|| input.path.parent()).flatten();
    if let Some(folder) = folder {
        // A name that begins with a dash is no option.
        command.arg(if folder == Path::new("") { Path::new(".") } else { folder }).stdin(Stdio::null());
    } else {
        let file = if input.packing == Packing::None {
            input.file()?
        } else {
            let mut unpacked = tempfile::tempfile().map_err(RunError::temporary)?;
            std::io::copy(&mut input.unpacked(None)?, &mut unpacked).map_err(|error| input.unreadable(&error))?;
            unpacked.rewind().map_err(RunError::temporary)?;
            unpacked
        };
        command.stdin(file);
    }
    let sql = tempfile::tempfile().map_err(RunError::temporary)?;
    command.stdout(sql.try_clone().map_err(RunError::temporary)?).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        started => started.map_err(RunError::io("pg_restore"))?,
    };
    let mut said = Vec::new();
    if let Some(errors) = child.stderr.take() {
        // More than that is nothing that anybody reads.
        errors.take(64 * 1024).read_to_end(&mut said).map_err(RunError::io("pg_restore"))?;
    }
    if child.wait().map_err(RunError::io("pg_restore"))?.success() {
        return Ok(Some(sql));
    }
    let said = String::from_utf8_lossy(&said);
    let said = said.lines().find(|line| line.contains("error")).or(said.lines().next()).unwrap_or("it failed");
    Err(RunError::export(format!("{}: pg_restore cannot read the archive: {said}", input.name())).remedy(
        "take the pg_restore of the PostgreSQL that wrote it, or a newer one, or dump as SQL: `pg_dump` without -F",
    ))
}
