//! Text that no file holds: what a source that is still in use says of one moment, written as a dump of it would be.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::frame::Selection;
use super::same::Text;
use crate::error::RunError;

/// How many bytes are read or written of a spool at a time.
const PART: usize = 256 * 1024;

/// A source at one moment: however often it is asked, it gives the same.
pub(crate) trait Moment: Send + Sync {
    /// The tables, each with up to so many rows, as a dump.
    fn sample(&self, rows: usize) -> Result<Box<dyn Text + Send>, RunError>;

    /// The same dump with all rows of these tables, which are called as a dump's are, and no others.
    fn tables(&self, wanted: &HashSet<String>) -> Result<Box<dyn Text + Send>, RunError>;
}

/// A source that is read while it is in use. Once it was fingerprinted, what was read stands in an unlinked temporary file, and
/// the source is let go: a migration takes hours, and nobody's database is held for as long.
pub(crate) struct Live {
    /// What it is called where a file has its path. Without secrets.
    pub name: PathBuf,
    /// What it is.
    pub system: &'static str,
    /// What a person should know of it.
    pub findings: Vec<String>,
    sample: Mutex<File>,
    /// Gone once it was spooled.
    moment: Mutex<Option<Box<dyn Moment>>>,
    spool: OnceLock<Spool>,
}

/// Everything that was read of a source.
struct Spool {
    file: File,
    tables: HashSet<String>,
    bytes: u64,
}

impl Live {
    /// Of a source that was opened; samples it.
    ///
    /// # Errors
    /// What keeps it from being read, and [`RunError::io`] for the temporary file.
    pub fn new(
        name: PathBuf,
        system: &'static str,
        findings: Vec<String>,
        moment: Box<dyn Moment>,
        rows: usize,
    ) -> Result<Arc<Self>, RunError> {
        let (sample, _) = kept(moment.sample(rows)?)?;
        let moment = Mutex::new(Some(moment));
        Ok(Arc::new(Self { name, system, findings, sample: Mutex::new(sample), moment, spool: OnceLock::new() }))
    }

    fn moment(&self) -> MutexGuard<'_, Option<Box<dyn Moment>>> {
        self.moment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file with everything, once there is one.
    pub fn spooled(&self) -> Option<&File> {
        self.spool.get().map(|spool| &spool.file)
    }

    /// How many bytes are to be read; 0 while that is unknown.
    pub fn size(&self) -> u64 {
        self.spool.get().map_or(0, |spool| spool.bytes)
    }

    /// What is selected, from the source itself. `None`: the spool has it.
    pub fn text(&self, of: &Selection) -> Result<Option<Box<dyn Text + Send>>, RunError> {
        match of {
            Selection::Sample(_) => {
                let file = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
                let mut file = file.try_clone().map_err(RunError::io(std::env::temp_dir()))?;
                file.seek(SeekFrom::Start(0)).map_err(RunError::io(std::env::temp_dir()))?;
                Ok(Some(Box::new(BufReader::with_capacity(PART, file))))
            }
            Selection::Tables(tables) => match (&*self.moment(), self.spool.get()) {
                (Some(moment), _) => moment.tables(tables).map(Some),
                (None, Some(spool)) if tables.is_subset(&spool.tables) => Ok(None),
                (None, _) => Err(RunError::internal("tables are asked for that were not read")),
            },
        }
    }

    /// Reads all of these tables into an unlinked temporary file, and lets the source go.
    ///
    /// # Errors
    /// What keeps it from being read to its end.
    pub fn keep(&self, tables: &HashSet<String>) -> Result<(), RunError> {
        let mut moment = self.moment();
        let Some(open) = &*moment else { return Ok(()) };
        let (file, bytes) = kept(open.tables(tables)?)?;
        let _ = self.spool.set(Spool { file, tables: tables.clone(), bytes });
        *moment = None;
        Ok(())
    }
}

/// All of a text in an unlinked temporary file, and how many bytes that are.
fn kept(mut text: Box<dyn Text + Send>) -> Result<(File, u64), RunError> {
    let folder = std::env::temp_dir;
    let mut file = tempfile::tempfile().map_err(RunError::io(folder()))?;
    let (mut part, mut bytes) = (Vec::with_capacity(PART), 0);
    loop {
        part.clear();
        if text.append(&mut part, PART).map_err(|error| failed(&error))? == 0 {
            return Ok((file, bytes));
        }
        bytes += part.len() as u64;
        file.write_all(&part).map_err(RunError::io(folder()))?;
    }
}

/// What became of a source while it was read.
pub(crate) fn failed(error: &std::io::Error) -> RunError {
    RunError::export(error.to_string())
}

/// Text that another thread writes; it ends where that thread says so, and nowhere else.
pub(crate) struct Written {
    parts: std::sync::mpsc::Receiver<Part>,
    block: Vec<u8>,
    at: usize,
    ended: bool,
}

/// What a writing thread hands over.
pub(crate) enum Part {
    Bytes(Vec<u8>),
    /// All was written.
    End,
    /// Nothing more will come, and this is why.
    Failed(RunError),
}

impl Written {
    pub fn new(parts: std::sync::mpsc::Receiver<Part>) -> Self {
        Self { parts, block: Vec::new(), at: 0, ended: false }
    }
}

impl std::io::Read for Written {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Written {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.at == self.block.len() && !self.ended {
            match self.parts.recv() {
                Ok(Part::Bytes(block)) => (self.block, self.at) = (block, 0),
                Ok(Part::End) => self.ended = true,
                Ok(Part::Failed(error)) => return Err(std::io::Error::other(error)),
                // A thread that panicked is no end of the text.
                Err(_) => return Err(std::io::Error::other("what read the source ended before it did")),
            }
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.block.len());
    }
}

impl Text for Written {}
