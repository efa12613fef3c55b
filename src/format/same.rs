//! Whether a file is still the one that was fingerprinted: read block by block, and no byte is handed on before its block is
//! known to be the same.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// How much is compared at a time, in bytes: small beside memory, large beside what a hash costs to begin.
const BLOCK: usize = 256 * 1024;

/// What a file's blocks were when the export was fingerprinted; nothing is compared before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    blocks: OnceLock<Vec<u128>>,
    /// Told beside the error, which what unpacks may tell in words of its own.
    changed: AtomicBool,
}

/// Text that comes block by block.
pub(crate) trait Text: BufRead {
    /// Appends what comes next: about `most` bytes, and nothing at the end alone.
    fn append(&mut self, data: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
        append_buffered(self, data, most)
    }
}

fn append_buffered(text: &mut (impl BufRead + ?Sized), data: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
    let next = text.fill_buf()?;
    let taken = next.len().min(most);
    data.extend_from_slice(&next[..taken]);
    text.consume(taken);
    Ok(taken)
}

impl<R: Read> Text for BufReader<R> {}

impl<R: BufRead> Text for std::io::Take<R> {}

#[cfg(any(test, fuzzing))]
impl<B: AsRef<[u8]>> Text for std::io::Cursor<B> {}

impl<T: Text + ?Sized> Text for Box<T> {
    fn append(&mut self, data: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
        (**self).append(data, most)
    }
}

/// What changes when a file does, as the system tells without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: Option<std::time::SystemTime>,
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

impl Stamp {
    /// Of an open file.
    pub fn of(file: &File) -> std::io::Result<Self> {
        let found = file.metadata()?;
        Ok(Self {
            size: found.len(),
            modified: found.modified().ok(),
            #[cfg(unix)]
            node: {
                use std::os::unix::fs::MetadataExt;
                (found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
            },
        })
    }
}

impl Blocks {
    /// Reads all of a file into `hash`, and remembers its blocks.
    pub fn take(&self, mut file: impl Read, hash: &mut Xxh3) -> std::io::Result<()> {
        let mut blocks = Vec::new();
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            if !block.is_empty() {
                hash.update(&block);
                blocks.push(xxh3_128(&block));
            }
            if block.len() < BLOCK {
                break;
            }
        }
        // A second fingerprint is of bytes that were compared with the first.
        let _ = self.0.blocks.set(blocks);
        Ok(())
    }

    /// Whether somebody has read as far as where the file is another one now.
    pub fn changed(&self) -> bool {
        self.0.changed.load(Ordering::Relaxed)
    }

    /// A file from byte `start` on, as it was when it was fingerprinted.
    pub fn compare(&self, mut file: File, start: u64) -> std::io::Result<Same> {
        let first = start / BLOCK as u64;
        file.seek(SeekFrom::Start(first * BLOCK as u64))?;
        let skip = usize::try_from(start % BLOCK as u64).unwrap_or(0);
        Ok(Same {
            file,
            known: self.clone(),
            number: usize::try_from(first).unwrap_or(usize::MAX),
            block: Vec::new(),
            at: 0,
            skip,
        })
    }
}

/// A file that is compared while it is read. Ends with an error before the first block that differs.
pub(crate) struct Same {
    file: File,
    known: Blocks,
    /// Of the block that is read next.
    number: usize,
    block: Vec<u8>,
    at: usize,
    skip: usize,
}

impl Same {
    fn next_block(&mut self) -> std::io::Result<()> {
        let mut block = std::mem::take(&mut self.block);
        block.clear();
        let read = self.read_block(&mut block);
        self.at = std::mem::take(&mut self.skip).min(block.len());
        self.block = block;
        read.map(drop)
    }

    /// Appends the next block, unless it is not what it was.
    fn read_block(&mut self, data: &mut Vec<u8>) -> std::io::Result<usize> {
        let start = data.len();
        data.reserve(BLOCK);
        let read = self.file.by_ref().take(BLOCK as u64).read_to_end(data);
        // What was not compared is handed to nobody.
        let read = read.inspect_err(|_| data.truncate(start))?;
        // Before the fingerprint, whoever reads does so for the first time.
        if let Some(known) = self.known.0.blocks.get()
            && (read > 0).then(|| xxh3_128(&data[start..])).as_ref() != known.get(self.number)
        {
            data.truncate(start);
            self.known.0.changed.store(true, Ordering::Relaxed);
            return Err(std::io::Error::other("the file was changed while it was read"));
        }
        self.number += usize::from(read > 0);
        Ok(read)
    }
}

impl Text for Same {
    fn append(&mut self, data: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
        // Whole blocks go where they are wanted.
        if self.at == self.block.len() && self.skip == 0 && most >= BLOCK {
            return self.read_block(data);
        }
        append_buffered(self, data, most)
    }
}

impl BufRead for Same {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.block.len() {
            self.next_block()?;
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.block.len());
    }
}

impl Read for Same {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file.rewind().expect("at its beginning");
        file
    }

    fn read(blocks: &Blocks, bytes: &[u8], start: u64) -> (Vec<u8>, bool) {
        let mut read = Vec::new();
        let ended = blocks.compare(file(bytes), start).expect("opened").read_to_end(&mut read);
        (read, ended.is_ok())
    }

    #[test]
    fn nothing_of_a_block_that_differs_is_handed_on() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let blocks = Blocks::default();
            blocks.take(file(&bytes), &mut Xxh3::new()).expect("read");
            assert_eq!(read(&blocks, &bytes, 0), (bytes.clone(), true), "{length}");
            let middle = length / 2;
            assert_eq!(read(&blocks, &bytes, middle as u64), (bytes[middle..].to_vec(), true), "{length}");
            // Longer, shorter, and one bit.
            let longer = [&bytes[..], b"x"].concat();
            assert_eq!(read(&blocks, &longer, 0), (bytes[..length / BLOCK * BLOCK].to_vec(), false), "{length}");
            if length > 0 {
                assert!(!read(&blocks, &bytes[..length - 1], 0).1, "{length}");
                for at in [0, length / 2, length - 1] {
                    let mut other = bytes.clone();
                    other[at] ^= 1;
                    assert_eq!(
                        read(&blocks, &other, 0),
                        (bytes[..at / BLOCK * BLOCK].to_vec(), false),
                        "{length} {at}"
                    );
                }
            }
        }
    }
}
