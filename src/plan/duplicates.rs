//! Users that the target would take for one another: equal ids (without case), e-mail addresses or phone numbers.
//!
//! Finding them must not cost memory that grows much with the file, and must never drop a user by mistake:
//!
//! 1. While planning, a 56-bit digest of each key is noted in a [`KeyLog`], six bytes a key; beyond a few million keys they
//!    are in a file.
//! 2. At the end, digests that occur twice are *suspects*: true duplicates, or (once in 300 files of ten million users) a
//!    collision of digests.
//! 3. Only if there are suspects the export is read again, and the suspects' keys are compared by cryptographic
//!    digests ([`Clashes`]). What is not equal there is no duplicate.
//!
//! [`Clashes`]: super::clashes::Clashes

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ScopedJoinHandle;

use tempfile::SpooledTempFile;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::clashes::Claim;
use super::{Plan, Planned};
use crate::error::RunError;

/// A field that has to be unique on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The user id, without case.
    Id,
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
}

/// A 56-bit digest of one field's value.
pub type KeyDigest = u64;

const DIGEST_BITS: u32 = 56;
/// So few segments that the ends of all stay in the processor's first cache.
const SEGMENT_BITS: u32 = 8;
const STORED_BYTES: usize = 6;
const CHUNK_BYTES: usize = 4080;

/// Chunks beyond this go to the disk.
const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// The digests of the fields that have to be unique.
pub fn digests(plan: &Plan<'_>) -> impl Iterator<Item = (Field, KeyDigest)> {
    // Ids are compared without case; no planned one is longer than that.
    let mut lower = [0; 64];
    let id = plan.user_id.as_bytes();
    let id = match lower.get_mut(..id.len()) {
        Some(lower) => {
            lower.copy_from_slice(id);
            lower.make_ascii_lowercase();
            &*lower
        }
        None => id,
    };
    let digest = |field: Field, value: &[u8]| (field, xxh3_64_with_seed(value, field as u64) >> (64 - DIGEST_BITS));
    [
        Some(digest(Field::Id, id)),
        plan.email.as_ref().map(|e| digest(Field::Email, e.as_bytes())),
        plan.phone.as_ref().map(|p| digest(Field::Phone, p.as_bytes())),
    ]
    .into_iter()
    .flatten()
}

/// All digests of an export: six bytes each, in segments by their first 8 bits so that looking for equal ones is local.
pub struct KeyLog {
    segments: Vec<Segment>,
    /// Chunks of [`CHUNK_BYTES`], in memory as long as they are few, then in a file without a name.
    chunks: SpooledTempFile,
    /// Entries written so far.
    written: u32,
}

#[derive(Default)]
struct Segment {
    /// The places of its chunks.
    full: Vec<u32>,
    last: Vec<[u8; STORED_BYTES]>,
}

impl Default for KeyLog {
    fn default() -> Self {
        Self::with_memory(MEMORY_BYTES)
    }
}

impl KeyLog {
    fn with_memory(bytes: usize) -> Self {
        Self {
            segments: (0..1 << SEGMENT_BITS).map(|_| Segment::default()).collect(),
            chunks: SpooledTempFile::new(bytes),
            written: 0,
        }
    }

    /// Notes a digest.
    ///
    /// # Errors
    /// [`RunError::io`] of the temporary file.
    pub fn push(&mut self, digest: KeyDigest) -> Result<(), RunError> {
        let segment = &mut self.segments[(digest >> (DIGEST_BITS - SEGMENT_BITS)) as usize];
        if segment.last.capacity() == 0 {
            segment.last.reserve_exact(CHUNK_BYTES / STORED_BYTES);
        }
        let bytes = digest.to_le_bytes();
        segment.last.push(std::array::from_fn(|at| bytes[at]));
        if segment.last.len() == CHUNK_BYTES / STORED_BYTES {
            self.chunks.write_all(segment.last.as_flattened()).map_err(RunError::temporary)?;
            segment.last.clear();
            segment.full.push(self.written);
            self.written += 1;
        }
        Ok(())
    }

    /// The digests that were noted more than once.
    ///
    /// # Errors
    /// [`RunError::io`] of the temporary file.
    pub fn suspects(self, threads: usize) -> Result<Suspects, RunError> {
        let threads = threads.clamp(1, self.segments.len());
        let chunks = Mutex::new(self.chunks);
        let segments = Mutex::new(self.segments.into_iter().enumerate());
        let work = || -> io::Result<Vec<KeyDigest>> {
            let mut found = Vec::new();
            loop {
                let next = lock(&segments).next();
                let Some((index, segment)) = next else { return Ok(found) };
                found.extend(segment.repeated(index as u64, &chunks)?);
            }
        };
        let found = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let join = |worker: ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().map(join).collect::<io::Result<Vec<_>>>()
        });
        Ok(Suspects { digests: found.map_err(RunError::temporary)?.into_iter().flatten().collect() })
    }
}

impl Segment {
    fn repeated(self, index: u64, chunks: &Mutex<SpooledTempFile>) -> io::Result<Vec<KeyDigest>> {
        let mut bytes = vec![0; self.full.len() * CHUNK_BYTES];
        {
            let mut chunks = lock(chunks);
            for (place, chunk) in self.full.iter().zip(bytes.chunks_exact_mut(CHUNK_BYTES)) {
                chunks.seek(SeekFrom::Start(u64::from(*place) * CHUNK_BYTES as u64))?;
                chunks.read_exact(chunk)?;
            }
        }
        bytes.extend(self.last.as_flattened());
        let digests = bytes.chunks_exact(STORED_BYTES).map(|b| {
            let mut word = [0; 8];
            word[..STORED_BYTES].copy_from_slice(b);
            u64::from_le_bytes(word) | (index << (DIGEST_BITS - SEGMENT_BITS))
        });
        Ok(repeated(&digests.collect::<Vec<_>>()))
    }
}

/// What stands in the list more than once. Equal digests have equal last bits, and there are eight places or more for each
/// digest to mark by its own: only the few whose place others marked too have to be sorted.
fn repeated(digests: &[KeyDigest]) -> Vec<KeyDigest> {
    let words = (digests.len() / 8).next_power_of_two();
    let (mut marked, mut shared) = (vec![0_u64; words], vec![0_u64; words]);
    let place = |digest: KeyDigest| ((digest >> 6) as usize & (words - 1), 1 << (digest & 63));
    for &digest in digests {
        let (word, bit) = place(digest);
        shared[word] |= marked[word] & bit;
        marked[word] |= bit;
    }
    let mut candidates: Vec<_> = digests
        .iter()
        .copied()
        .filter(|&digest| {
            let (word, bit) = place(digest);
            shared[word] & bit != 0
        })
        .collect();
    candidates.sort_unstable();
    let mut repeated: Vec<_> = candidates.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    repeated.dedup();
    repeated
}

/// What these locks guard is whole between its uses.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Digests that occur more than once.
#[derive(Debug, Default)]
pub struct Suspects {
    digests: HashSet<KeyDigest>,
}

impl Suspects {
    /// Whether nothing occurs twice.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The record with all its keys, if any of them is suspect.
    #[must_use]
    pub fn claim(&self, record: u64, file: u16, planned: &Planned<'_>) -> Option<Claim> {
        let Planned::Create(plan) = planned else { return None };
        if self.digests.is_empty() || !digests(plan).any(|(_, d)| self.digests.contains(&d)) {
            return None;
        }
        Some(Claim::of(record, file, plan))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_occurs_twice_is_found_and_nothing_else(
            once in prop::collection::hash_set(any::<u64>(), 0..300),
            twice in prop::collection::hash_set(0..500_u64, 0..40),
        ) {
            let all: Vec<u64> = once.iter().chain(&twice).chain(&twice).copied().collect();
            let mut counts = std::collections::BTreeMap::new();
            for digest in &all {
                *counts.entry(*digest).or_insert(0) += 1;
            }
            let expected: Vec<u64> = counts.into_iter().filter(|(_, n)| *n > 1).map(|(digest, _)| digest).collect();
            prop_assert_eq!(repeated(&all), expected);
        }
    }

    proptest! {
        /// Against a plain set: what occurs twice is suspect, and nothing else is. Few segments, so that they have chunks,
        /// and little memory, so that these are in the file.
        #[test]
        fn the_log_finds_exactly_what_repeats(digests in prop::collection::vec(0_u64..1 << 42, 0..3000), extra in 0_usize..50) {
            let mut all = digests.clone();
            all.extend(digests.iter().take(extra));
            let mut log = KeyLog::with_memory(4 * CHUNK_BYTES);
            for d in &all {
                log.push(*d).unwrap();
            }
            let mut seen = HashSet::new();
            let expected: HashSet<u64> = all.iter().copied().filter(|d| !seen.insert(*d)).collect();
            prop_assert_eq!(log.suspects(3).unwrap().digests, expected);
        }
    }
}
