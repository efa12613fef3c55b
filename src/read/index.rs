//! Where the groups of a file stand, by a digest of their keys: sorted, in memory if they are few, and else in a file of their own,
//! of which every page's first is known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// Entries in memory; 12 bytes each.
const IN_MEMORY: usize = 1024 * 1024;

/// Entries that are read at a time.
const PAGE: usize = 341;

/// The bytes of an entry.
const WIDTH: usize = 12;

/// A digest's first 56 bits, and the 40 bits of a place: in this order, entries are sorted by digest, and those of one by place.
type Entry = [u32; 3];

/// The entries of one file.
#[derive(Default)]
pub(super) struct Index {
    /// All of them, if they are few, or those since the last run.
    entries: Vec<Entry>,
    /// Sorted runs, one after the other in a file, until they are made one.
    runs: Vec<Range<usize>>,
    /// Entries in the file.
    spilled: usize,
    file: Option<File>,
    /// Of each page of the file, the first entry.
    first: Vec<Entry>,
    /// Digests of several groups.
    repeated: Repeated,
    /// Where in memory the entries begin whose digests begin with each number of so many bits: a look-up reads a few that stand
    /// side by side, and not half a dozen from all over.
    starts: Vec<u32>,
}

/// Entries for each of [`Index::starts`], about.
const APIECE: usize = 8;

/// So many digests of several groups are remembered: dumps that have rows in any order have more.
const REMEMBERED: usize = 256 * 1024;

/// Digests that stand more than once in a sorted list.
#[derive(Default)]
struct Repeated {
    last: Option<[u32; 2]>,
    several: FxHashSet<[u32; 2]>,
    /// There are too many: any may be one of them.
    without_end: bool,
}

impl Repeated {
    /// Takes the next of the list.
    fn see(&mut self, entry: Entry) {
        let digest = Some(key(entry));
        if digest == self.last && !self.without_end {
            self.several.extend(digest);
            self.without_end = self.several.len() > REMEMBERED;
        }
        self.last = digest;
    }
}

impl Index {
    /// Adds a group; offsets rise.
    ///
    /// # Errors
    /// A file of a tebibyte, and one that cannot be written.
    pub fn add(&mut self, digest: u64, offset: u64) -> io::Result<()> {
        if self.entries.len() >= IN_MEMORY {
            self.spill()?;
        }
        if offset >> 40 != 0 {
            return Err(io::Error::other("the related rows take more than a tebibyte"));
        }
        let [first, second] = words(digest);
        self.entries.push([first, second | (offset >> 32) as u32, offset as u32]);
        Ok(())
    }

    /// To be called after the last, before the first look-up.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn complete(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.entries.sort_unstable();
            self.entries.iter().for_each(|entry| self.repeated.see(*entry));
            let bits = (self.entries.len() / APIECE).max(1).ilog2();
            let starts =
                (0..=1_u64 << bits).map(|n| self.entries.partition_point(|e| u64::from(e[0]) < n << (32 - bits)));
            self.starts = starts.map(|at| at as u32).collect();
            return Ok(());
        }
        self.spill()?;
        self.entries = Vec::new();
        self.merge()
    }

    /// Whether several groups may have this digest.
    pub fn repeats(&self, digest: u64) -> bool {
        self.repeated.without_end || self.repeated.several.contains(&words(digest))
    }

    /// Where the groups of this digest begin, in the order of the file. Others may have the same.
    ///
    /// # Errors
    /// What reading the file says.
    pub fn find(&self, digest: u64) -> io::Result<SmallVec<[u64; 2]>> {
        let wanted = words(digest);
        let mut found = SmallVec::new();
        let Some(file) = &self.file else {
            let bits = self.starts.len().saturating_sub(1).max(1).ilog2();
            let at = (u64::from(wanted[0]) >> (32 - bits)) as usize;
            let first = self.starts.get(at).map_or(0, |&first| first as usize);
            let from = self.entries.iter().skip(first).skip_while(|entry| key(**entry) < wanted);
            found.extend(from.take_while(|entry| key(**entry) == wanted).map(|entry| offset(*entry)));
            return Ok(found);
        };
        let mut page = Vec::new();
        let after = self.first.partition_point(|first| key(*first) < wanted);
        for at in after.saturating_sub(1)..self.first.len() {
            if key(self.first[at]) > wanted {
                break;
            }
            let begin = at * PAGE;
            read(file, begin..(begin + PAGE).min(self.spilled), &mut page)?;
            found.extend(page.iter().filter(|entry| key(**entry) == wanted).map(|entry| offset(*entry)));
        }
        Ok(found)
    }

    /// Writes what is in memory behind the runs before.
    fn spill(&mut self) -> io::Result<()> {
        self.entries.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut writer = BufWriter::new(file);
        for entry in &self.entries {
            write(&mut writer, *entry)?;
        }
        writer.flush()?;
        let begin = self.spilled;
        self.spilled += self.entries.len();
        self.runs.push(begin..self.spilled);
        self.entries.clear();
        Ok(())
    }

    /// Makes the runs one, in another file.
    fn merge(&mut self) -> io::Result<()> {
        let Some(parts) = self.file.take() else { return Ok(()) };
        let merged = tempfile::tempfile()?;
        let mut writer = BufWriter::new(&merged);
        let mut runs: Vec<_> = self.runs.iter().map(|run| Reader { left: run.clone(), page: Vec::new() }).collect();
        let mut next = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            next.extend(run.next(&parts)?.map(|entry| Reverse((entry, at))));
        }
        let mut written = 0;
        while let Some(Reverse((entry, at))) = next.pop() {
            if written % PAGE == 0 {
                self.first.push(entry);
            }
            self.repeated.see(entry);
            write(&mut writer, entry)?;
            written += 1;
            next.extend(runs[at].next(&parts)?.map(|entry| Reverse((entry, at))));
        }
        writer.flush()?;
        drop(writer);
        self.runs.clear();
        self.file = Some(merged);
        Ok(())
    }
}

/// Reads a run from its beginning to its end.
struct Reader {
    left: Range<usize>,
    /// Of what was read, the last first.
    page: Vec<Entry>,
}

impl Reader {
    fn next(&mut self, file: &File) -> io::Result<Option<Entry>> {
        if self.page.is_empty() {
            let page = self.left.start..(self.left.start + PAGE).min(self.left.end);
            self.left.start = page.end;
            read(file, page, &mut self.page)?;
            self.page.reverse();
        }
        Ok(self.page.pop())
    }
}

fn write(writer: &mut impl Write, entry: Entry) -> io::Result<()> {
    entry.iter().try_for_each(|word| writer.write_all(&word.to_le_bytes()))
}

/// Reads at most a page of entries.
fn read(file: &File, of: Range<usize>, entries: &mut Vec<Entry>) -> io::Result<()> {
    let mut bytes = [0; PAGE * WIDTH];
    let bytes = &mut bytes[..of.len() * WIDTH];
    read_at(file, bytes, (of.start * WIDTH) as u64)?;
    let (words, _) = bytes.as_chunks::<4>();
    let (found, _) = words.as_chunks::<3>();
    entries.clear();
    entries.extend(found.iter().map(|entry| entry.map(u32::from_le_bytes)));
    Ok(())
}

/// Fills the buffer from there on.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < buffer.len() {
            match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], offset + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}

/// A digest as entries have it.
const fn words(digest: u64) -> [u32; 2] {
    [(digest >> 32) as u32, digest as u32 & !0xff]
}

const fn key([first, second, _]: Entry) -> [u32; 2] {
    [first, second & !0xff]
}

fn offset([_, high, low]: Entry) -> u64 {
    u64::from(high & 0xff) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_in_memory_and_in_runs() {
        let mut index = Index::default();
        let digest = |n: u64| (n % 400).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for n in 0..1_100_u64 {
            index.add(digest(n), n * 1_000_000_000).unwrap();
            if n == 700 || n == 1_000 {
                index.spill().unwrap();
            }
        }
        index.complete().unwrap();
        assert!(index.add(1, 1 << 40).is_err());
        for n in 0..400_u64 {
            let expected: Vec<u64> = (n..1_100).step_by(400).map(|n| n * 1_000_000_000).collect();
            assert_eq!(index.find(digest(n)).unwrap().to_vec(), expected, "{n}");
            assert!(index.repeats(digest(n)) && !index.repeats(digest(n) ^ 1 << 8));
        }
    }

    #[test]
    fn digests_that_are_alike_come_in_the_order_of_the_file() {
        let mut index = Index::default();
        for n in 0..3_000 {
            index.add(u64::MAX - n % 3, n).unwrap();
            if n == 2_000 {
                index.spill().unwrap();
            }
        }
        index.complete().unwrap();
        // The last eight bits do not count: what is found is compared with its key.
        let found = index.find(u64::MAX).unwrap();
        assert_eq!(found.to_vec(), (0..3_000).collect::<Vec<_>>());
        assert!(index.find(7).unwrap().is_empty());
    }
}
