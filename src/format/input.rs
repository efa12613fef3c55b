//! The bytes of one file: where they come from, and how they are unpacked.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::encoding::{Encoding, Transcoded};
use super::frame::Selection;
use super::live::{self, Live};
use super::same::{Blocks, Same, Stamp, Text};
use super::{foreign, zstd};
use crate::error::RunError;

/// One file, which can be read any number of times.
pub(crate) struct Input {
    /// As given; `-` for standard input.
    pub path: PathBuf,
    /// As a person knows it, if not by its path.
    pub shown: Option<PathBuf>,
    /// As it lies on the disk.
    size: u64,
    /// Where the users live, if that is no file.
    live: Option<Arc<Live>>,
    /// Standard input, what was fetched, or the text that the file was made into, spooled.
    spooled: Option<File>,
    /// Whether the text is one that the file was made into: the file at the path is what is known again.
    converted: bool,
    /// What it was made of beside that file.
    beside: Vec<PathBuf>,
    pub packing: Packing,
    pub encoding: Encoding,
    /// As it was opened first.
    stamp: Option<Stamp>,
    blocks: Blocks,
}

/// How a file is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    /// An archive that is a workbook: its bytes as they are.
    Workbook,
    /// One or several gzip members.
    Gzip,
    /// Any number of zstd frames.
    Zstd,
    /// One entry of a zip archive.
    Zip {
        name: String,
        start: u64,
        size: u64,
        deflated: bool,
    },
}

/// What is read of a compressed file at a time, in bytes.
const PART: usize = 256 * 1024;

/// What the framing thread has read of the file on the disk.
pub(crate) type Consumed = Arc<AtomicU64>;

impl Input {
    /// Opens a file, spooling standard input (`-`) into an unlinked temporary file.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        if let Some(said) = foreign::not_a_file(path).filter(|_| !path.exists()) {
            return Err(RunError::usage(said));
        }
        let spooled = if path == Path::new("-") { Some(spool()?) } else { None };
        Self { spooled, ..Self::named(path) }.begin()
    }

    /// Opens what was fetched into a temporary file.
    pub fn fetched(name: &Path, file: &File) -> Result<Self, RunError> {
        let file = file.try_clone().map_err(RunError::io(name))?;
        Self { spooled: Some(file), ..Self::named(name) }.begin()
    }

    /// Opens what is read while it is in use.
    pub fn live(live: Arc<Live>) -> Self {
        let named = Self::named(&live.name);
        Self { live: Some(live), ..named }
    }

    fn named(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            shown: None,
            size: 0,
            live: None,
            spooled: None,
            converted: false,
            beside: Vec::new(),
            packing: Packing::None,
            encoding: Encoding::Utf8,
            stamp: None,
            blocks: Blocks::default(),
        }
    }

    fn begin(mut self) -> Result<Self, RunError> {
        let input = &mut self;
        let path = &input.path.clone();
        let mut file = input.file()?;
        input.stamp = Some(Stamp::of(&file).map_err(RunError::io(path))?);
        input.size = file.metadata().map_err(RunError::io(path))?.len();
        if input.size == 0 {
            return Err(RunError::export(format!("{} is empty: there is no export in it", input.name())));
        }
        let mut magic = Vec::with_capacity(4);
        file.by_ref().take(4).read_to_end(&mut magic).map_err(RunError::io(path))?;
        input.packing = match magic.as_slice() {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            // `pzstd` begins with a frame that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Packing::Zstd,
            [b'P', b'K', 3, 4] => input.zip_entry(file)?,
            _ => Packing::None,
        };
        Ok(self)
    }

    /// What it is, if it is read while it is in use.
    pub fn system(&self) -> Option<&'static str> {
        self.live.as_ref().map(|live| live.system)
    }

    /// How many bytes there are to read; 0 if that is not known.
    pub fn size(&self) -> u64 {
        self.live.as_ref().map_or(self.size, |live| live.size())
    }

    /// The path as a person knows it.
    pub fn name(&self) -> String {
        match &self.shown {
            _ if self.path == Path::new("-") => "standard input".to_owned(),
            shown => shown.as_ref().unwrap_or(&self.path).display().to_string(),
        }
    }

    /// An error met while unpacking: what the system said, or that the archive is cut off or damaged.
    pub fn unreadable(&self, error: &std::io::Error) -> RunError {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        if self.blocks.changed() {
            return self.changed();
        }
        if self.live.is_some() {
            return live::failed(error);
        }
        match error.kind() {
            UnexpectedEof if self.packing != Packing::None => {
                RunError::export(format!("{} is cut off: the compressed data ends too early", self.name()))
            }
            InvalidData | InvalidInput if self.packing != Packing::None => {
                RunError::export(format!("{} is damaged", self.name()))
                    .because(std::io::Error::new(error.kind(), error.to_string()))
            }
            kind => RunError::io(&self.path)(std::io::Error::new(kind, error.to_string())),
        }
    }

    /// Reads this text from now on, which the file was made into, with others beside it.
    pub fn become_text(&mut self, text: File, beside: Vec<PathBuf>) -> Result<(), RunError> {
        self.size = text.metadata().map_err(RunError::io(&self.path))?.len();
        (self.spooled, self.converted, self.packing) = (Some(text), self.path != Path::new("-"), Packing::None);
        self.beside = beside;
        Ok(())
    }

    /// The bytes as they lie on the disk.
    pub fn file(&self) -> Result<File, RunError> {
        let spool = match &self.live {
            Some(live) => Some(live.spooled().ok_or_else(|| RunError::internal("nothing was read yet"))?),
            None => self.spooled.as_ref(),
        };
        match spool {
            None => File::open(&self.path).map_err(RunError::io(&self.path)),
            Some(file) => {
                let mut file = file.try_clone().map_err(RunError::io(&self.path))?;
                file.seek(SeekFrom::Start(0)).map_err(RunError::io(&self.path))?;
                Ok(file)
            }
        }
    }

    fn changed(&self) -> RunError {
        RunError::export(format!("{} was changed while it was read", self.name())).remedy(
            "nobody was sent from the part that differs; put back what it was and go on with the run, or begin another with \
             --run",
        )
    }

    /// Reads all bytes as they lie on the disk into `hash`, after their number. Whatever is read from now on is compared with
    /// them. Of what is read while it is in use these are the bytes of the tables that are read.
    ///
    /// # Errors
    /// [`RunError::io`]; [`RunError::export`] if the file is no longer as it was when it was opened.
    pub fn fingerprint(&self, tables: &HashSet<String>, hash: &mut xxhash_rust::xxh3::Xxh3) -> Result<(), RunError> {
        if let Some(live) = &self.live {
            live.keep(tables)?;
        }
        hash.update(&self.size().to_le_bytes());
        let unreadable = |error: std::io::Error| self.unreadable(&error);
        let open = |path: &PathBuf| File::open(path).map_err(RunError::io(path));
        let file = if self.converted { open(&self.path)? } else { self.file()? };
        let stamp = || Stamp::of(&file).ok();
        let before = stamp();
        if self.converted {
            // What is made of the same files may differ from time to time (pg_restore puts a random word in).
            Blocks::default().take(&file, hash).map_err(unreadable)?;
            for path in &self.beside {
                Blocks::default().take(open(path)?, hash).map_err(unreadable)?;
            }
            self.blocks.take(self.file()?, &mut xxhash_rust::xxh3::Xxh3::new()).map_err(unreadable)?;
        } else {
            self.blocks.take(&file, hash).map_err(unreadable)?;
        }
        // What was sampled, joined and converted before is of these bytes, too. A spool is nobody else's.
        let is_ours = self.live.is_some() || self.spooled.is_some() && !self.converted;
        if !is_ours && (before != self.stamp || stamp() != self.stamp) {
            return Err(self.changed());
        }
        Ok(())
    }

    fn compared(&self, file: File, start: u64) -> Result<Same, RunError> {
        self.blocks.compare(file, start).map_err(RunError::io(&self.path))
    }

    /// The bytes unpacked, in whatever encoding they are, and how many were read of the disk where somebody wants to know.
    pub fn unpacked(&self, consumed: Option<Consumed>) -> Result<Box<dyn Text + Send>, RunError> {
        let start = if let Packing::Zip { start, .. } = &self.packing { *start } else { 0 };
        let file = self.compared(self.file()?, start)?;
        let Some(consumed) = consumed.or_else(|| (self.packing != Packing::None).then(Consumed::default)) else {
            return Ok(Box::new(file));
        };
        let counted = Counted { inner: file, consumed };
        Ok(match &self.packing {
            Packing::None | Packing::Workbook => Box::new(counted),
            Packing::Gzip => buffered(flate2::bufread::MultiGzDecoder::new(counted)),
            Packing::Zstd => buffered(zstd::Frames::new(counted).map_err(RunError::io(&self.path))?),
            Packing::Zip { size, deflated, .. } => {
                let entry = counted.take(*size);
                if *deflated { buffered(flate2::bufread::DeflateDecoder::new(entry)) } else { Box::new(entry) }
            }
        })
    }

    /// Whether the text is one that the file was made into.
    pub const fn is_converted(&self) -> bool {
        self.converted
    }

    /// The last bytes of a file that is not compressed; nothing of others.
    pub fn tail(&self, most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.packing == Packing::None
            && let Ok(mut file) = self.file()
            && file.seek(SeekFrom::Start(self.size.saturating_sub(most))).is_ok()
        {
            // Whatever is wrong with it is told where it is read.
            let _ = file.take(most).read_to_end(&mut bytes);
        }
        bytes
    }

    /// The text of what is selected, or of more: [`Input::text`] of all there is, for whoever is no database.
    pub fn selected(&self, of: &Selection, consumed: Consumed) -> Result<Box<dyn Text + Send>, RunError> {
        if let Some(live) = &self.live
            && let Some(inner) = live.text(of)?
        {
            return Ok(Box::new(Counted { inner, consumed }));
        }
        self.text(Some(consumed))
    }

    /// The text: unpacked, in UTF-8, without byte-order mark.
    pub fn text(&self, consumed: Option<Consumed>) -> Result<Box<dyn Text + Send>, RunError> {
        let mut bytes = self.unpacked(consumed)?;
        let mut mark = vec![0; self.encoding.mark().len()];
        bytes.read_exact(&mut mark).map_err(RunError::io(&self.path))?;
        Ok(match self.encoding.decoder() {
            None => bytes,
            Some(decoder) => buffered(Transcoded::new(bytes, decoder)),
        })
    }

    /// The one file of an archive, or the one whose name says that it may be an export.
    fn zip_entry(&self, file: File) -> Result<Packing, RunError> {
        let broken =
            |e: zip::result::ZipError| RunError::export(format!("{} is a damaged zip archive", self.name())).because(e);
        let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
        let mut entries = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(broken)?;
            let name = entry.name().map_err(broken)?.into_owned();
            if entry.is_file() && !name.starts_with("__MACOSX/") {
                entries.push((index, name));
            }
        }
        // An archive that is read as a whole.
        let is_part = |name: &str| name == "xl/workbook.xml" || name == "xl/workbook.bin" || name == "content.xml";
        if entries.iter().any(|(_, name)| is_part(name)) {
            return Ok(Packing::Workbook);
        }
        let fitting: Vec<_> = entries.iter().filter(|(_, name)| named_like_an_export(name)).collect();
        let (index, name) = match (entries.as_slice(), fitting.as_slice()) {
            ([one], _) => one.clone(),
            (_, [one]) => (*one).clone(),
            ([], _) => return Err(RunError::export(format!("{} holds no files", self.name()))),
            _ => {
                let names: Vec<_> = entries.iter().take(5).map(|(_, name)| name.as_str()).collect();
                return Err(RunError::export(format!("{} holds several files ({})", self.name(), names.join(", ")))
                    .remedy("unpack it and pass the ones that belong to the export"));
            }
        };
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let deflated = match entry.compression() {
            zip::CompressionMethod::Stored => false,
            zip::CompressionMethod::Deflated => true,
            other => {
                return Err(RunError::export(format!(
                    "{}: `{name}` is packed by a method ({other}) that is not read",
                    self.name()
                ))
                .remedy("unpack it first"));
            }
        };
        if entry.encrypted() {
            return Err(RunError::export(format!("{}: `{name}` is encrypted", self.name())).remedy("unpack it first"));
        }
        let start = entry
            .data_start()
            .ok_or_else(|| RunError::export(format!("{}: `{name}` cannot be found in the archive", self.name())))?;
        Ok(Packing::Zip { size: entry.compressed_size(), name, start, deflated })
    }
}

/// Whether a file of a folder or archive could be an export by its name.
pub(crate) fn named_like_an_export(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    // Of a collection, mongodump writes what its indexes are, too.
    !name.ends_with(".metadata.json")
        && ["csv", "tsv", "json", "jsonl", "ndjson", "sql", "xml", "ldif", "bson"]
            .iter()
            .any(|ending| name.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.')))
}

fn spool() -> Result<File, RunError> {
    let mut file = tempfile::tempfile().map_err(RunError::temporary)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file).map_err(RunError::io("-"))?;
    Ok(file)
}

/// What comes out of a decoder, as much as the caches hold at a time.
fn buffered(decoder: impl Read + Send + 'static) -> Box<dyn Text + Send> {
    Box::new(BufReader::with_capacity(PART, decoder))
}

struct Counted<R> {
    inner: R,
    consumed: Consumed,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.inner.consume(bytes);
        self.consumed.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl<R: Text> Text for Counted<R> {
    fn append(&mut self, data: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
        let read = self.inner.append(data, most)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
