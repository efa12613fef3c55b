//! A folder that only its owner can look into, with files that appear whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::RunError;

const UNFINISHED: &str = ".part";
/// Held while a command works on the folder.
pub const LOCK: &str = "lock";

/// A folder whose files are written for its owner alone. Whoever writes into the folder of a run has it as [`Locked`].
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes one that is there. One that is empty, or holds any of the files called `ours`, is closed
    /// to others; one that is used for something else keeps its permissions (every file that is written into it is
    /// closed to others anyway).
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made.
    pub fn create(path: &Path, ours: &[&str]) -> Result<Self, RunError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(RunError::io(path))?;

        let folder = Self { path: path.to_owned() };
        let mut names = fs::read_dir(path).map_err(RunError::io(path))?.filter_map(Result::ok).map(|e| e.file_name());
        let ours = ours.iter().any(|name| folder.file(name).exists()) || names.next().is_none();
        #[cfg(unix)]
        if ours {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            fs::set_permissions(path, mode).map_err(RunError::io(path))?;
        }
        Ok(folder)
    }

    /// A folder that must be there.
    ///
    /// # Errors
    /// [`RunError::usage`] if it is not.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        if path.is_dir() {
            return Ok(Self { path: path.to_owned() });
        }
        Err(RunError::usage(format!("{} is not a run folder", path.display()))
            .remedy("`rehome check` or `rehome import` makes one"))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file of the folder for reading and writing, as it is, or makes it, readable by its owner only. What stands
    /// under the name must be a file of this person's own: nothing is written through a link that somebody has laid, nor
    /// into what others can change.
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] for anything else, [`RunError::io`].
    pub fn own_file(&self, name: &str) -> Result<File, RunError> {
        let path = self.file(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Making a file never follows a link, not even one that leads nowhere.
        match options.clone().create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(RunError::io(path)),
        }
        self.check_file(name)?;
        let found = fs::symlink_metadata(&path).map_err(RunError::io(&path))?;
        let file = options.open(&path).map_err(RunError::io(&path))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let opened = file.metadata().map_err(RunError::io(&path))?;
            // Made on the spot, since some file systems call everybody by another name.
            let mine =
                tempfile::tempfile_in(&self.path).and_then(|file| file.metadata()).map_err(RunError::io(&path))?;
            if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
                return Err(foreign(&path, "was replaced while it was opened"));
            }
            if opened.uid() != mine.uid() {
                return Err(foreign(&path, "belongs to another user of this machine"));
            }
        }
        Ok(file)
    }

    /// That what stands under the name, if anything does, is a file that nobody but its owner and their group can change.
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] if it is not, [`RunError::io`].
    pub fn check_file(&self, name: &str) -> Result<(), RunError> {
        let path = self.file(name);
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.map_err(RunError::io(&path))?,
        };
        if found.is_symlink() {
            return Err(foreign(&path, "is a symbolic link"));
        }
        if !found.is_file() {
            return Err(foreign(&path, "is no regular file"));
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&found) & 0o002 != 0 {
            return Err(foreign(&path, "can be changed by every user of this machine"));
        }
        Ok(())
    }

    /// The contents of a file that a run writes; `None` where there is none.
    ///
    /// # Errors
    /// As [`Folder::check_file`].
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, RunError> {
        self.check_file(name)?;
        match fs::read(self.file(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::io(self.file(name))(error)),
        }
    }

    /// Begins a file that appears under its name, whole, when it is finished.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made.
    pub fn begin(&self, name: &str) -> Result<Unfinished, RunError> {
        let path = self.file(name);
        let temporary = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(UNFINISHED)
            .tempfile_in(&self.path)
            .map_err(RunError::io(&path))?;
        // Held until the end: tells a file in the making from one that a killed run left behind.
        let _ = temporary.as_file().try_lock();
        Ok(Unfinished { writer: BufWriter::with_capacity(1 << 16, temporary), path })
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn write(&self, name: &str, contents: &[u8]) -> Result<(), RunError> {
        let mut file = self.begin(name)?;
        file.write_all(contents).map_err(RunError::io(&file.path))?;
        file.finish()
    }

    /// Removes a file if it is there.
    ///
    /// # Errors
    /// [`RunError::io`] if it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), RunError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::io(path)(error)),
            _ => Ok(()),
        }
    }

    /// Removes what a killed run left unfinished: it may hold rejected rows. Failing to must not stop the next run.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file()) {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let unfinished = name.starts_with('.') && name.ends_with(UNFINISHED);
            if unfinished && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// A folder, and the right of this process alone to write a run into it, for as long as the value lives (or until the process
/// dies).
#[derive(Debug)]
pub struct Locked {
    folder: Folder,
    _lock: File,
}

impl Deref for Locked {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Locked {
    /// Takes the folder's lock; `None` while another process has it. What a killed run left unfinished goes.
    ///
    /// # Errors
    /// As [`Folder::own_file`].
    pub fn take(folder: Folder) -> Result<Option<Self>, RunError> {
        let lock = folder.own_file(LOCK)?;
        match lock.try_lock() {
            Ok(()) => {
                folder.sweep();
                Ok(Some(Self { folder, _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(RunError::io(folder.file(LOCK))(error)),
        }
    }

    /// Whether a process has the lock of the folder now.
    #[must_use]
    pub fn is_taken(path: &Path) -> bool {
        let path = path.join(LOCK);
        // What is no file, a pipe for example, would be waited for.
        path.is_file()
            && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn foreign(path: &Path, why: &str) -> RunError {
    RunError::foreign_ledger(format!("{} {why}", path.display()))
        .remedy("find out who put it there and remove it, or give this run a folder of its own with --run")
}

/// A file that is not there yet. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Unfinished {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Unfinished {
    /// The name it will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it under its name, readable by its owner only, in place of what was there.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written to the end.
    pub fn finish(self) -> Result<(), RunError> {
        let Self { writer, path } = self;
        let finish = || -> io::Result<()> {
            let temporary = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            temporary.as_file().sync_all()?;
            temporary.persist(&path)?;
            // The name is durable once the folder is.
            #[cfg(unix)]
            if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        finish().map_err(RunError::io(&path))
    }
}

impl Write for Unfinished {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.writer.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Whether a file is neither this person's nor the administrator's. Where nothing tells who this person is, it is not.
#[cfg(unix)]
#[must_use]
pub fn is_anothers(path: &Path, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made on the spot where that can be, since some file systems call everybody by another name.
    let mine = tempfile::tempfile_in(folder)
        .and_then(|file| file.metadata())
        .or_else(|_| fs::metadata("/proc/self"))
        .or_else(|_| tempfile::tempfile().and_then(|file| file.metadata()));
    found.uid() != 0 && mine.is_ok_and(|mine| mine.uid() != found.uid())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MINE: &str = "list.csv";

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_a_run() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("a/run");
        let folder = Folder::create(&path, &[MINE]).expect("made");
        folder.write(MINE, b"{}").expect("written");
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&folder.file(MINE)), 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
        Folder::create(&path, &[MINE]).expect("taken");
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn a_folder_used_for_something_else_keeps_its_permissions() {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("notes.txt"), "x").expect("written");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("changed");
        Folder::create(home.path(), &[]).expect("taken");
        assert_eq!(mode(home.path()), 0o755);
    }

    #[test]
    fn only_a_file_of_ones_own_is_opened() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let elsewhere = home.path().join("elsewhere");
        let open = |says: &str| {
            let error = folder.own_file(MINE).expect_err(says);
            assert!(error.exit_code() == 5 && error.to_string().contains(says), "{error}");
        };
        std::os::unix::fs::symlink(&elsewhere, folder.file(MINE)).expect("linked");
        open("is a symbolic link");
        assert!(!elsewhere.exists(), "made through the link");
        fs::write(&elsewhere, "theirs").expect("written");
        open("is a symbolic link");
        fs::remove_file(folder.file(MINE)).expect("removed");
        fs::create_dir(folder.file(MINE)).expect("made");
        open("is no regular file");
        fs::remove_dir(folder.file(MINE)).expect("removed");

        folder.own_file(MINE).expect("made").write_all(b"mine").expect("written");
        assert_eq!(mode(&folder.file(MINE)), 0o600);
        // A volume that is mounted for a group makes everything writable for it.
        fs::set_permissions(folder.file(MINE), fs::Permissions::from_mode(0o660)).expect("changed");
        folder.own_file(MINE).expect("opened as it is");
        assert_eq!(fs::read(folder.file(MINE)).expect("read"), b"mine");
        fs::set_permissions(folder.file(MINE), fs::Permissions::from_mode(0o666)).expect("changed");
        open("can be changed by every user");
        fs::set_permissions(folder.file(MINE), fs::Permissions::from_mode(0o600)).expect("changed");
        // Only the system's administrator can give a file away.
        if std::os::unix::fs::chown(folder.file(MINE), Some(12345), None).is_ok() {
            open("belongs to another user");
        }
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        folder.write(MINE, b"old").expect("written");
        let mut file = folder.begin(MINE).expect("begun");
        file.write_all(b"half").expect("written");
        drop(file);
        assert_eq!(fs::read(folder.file(MINE)).expect("is there"), b"old");
        assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_unfinished_is_removed_but_nothing_in_the_making() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let stale = home.path().join(".rejects.csv.x1.part");
        fs::write(&stale, "row").expect("written");
        let alive = folder.begin(MINE).expect("begun");
        folder.sweep();
        assert!(!stale.exists());
        alive.finish().expect("finished");
        assert!(folder.file(MINE).exists());
    }
}
