//! Zstandard (RFC 8878): all frames of a file, one after another.

use std::io::{self, BufRead, ErrorKind, Read};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

/// What libzstd asks for of a frame's header before it says more (`ZSTD_startingInputLength`), in bytes.
const HEADER: usize = 5;

/// Unpacks frames that follow each other (`cat a.zst b.zst`) and passes over skippable ones, which `pzstd` and seekable
/// archives put between them. Checksums and lengths that frames state are held against what came out.
///
/// Memory is bounded by the largest window that is accepted: 128 MiB, as `zstd` itself takes without `--long=31`.
pub(super) struct Frames<R> {
    packed: R,
    decoder: Decoder<'static>,
    /// How many bytes are taken next: a block at a time, since libzstd keeps back what stood before a damaged one in the same call.
    next: usize,
    /// Whether a frame has begun and is not at its end.
    within: bool,
}

impl<R: BufRead> Frames<R> {
    /// # Errors
    ///
    /// Where there is no memory for a decoder.
    pub fn new(packed: R) -> io::Result<Self> {
        Ok(Self { packed, decoder: Decoder::new()?, next: HEADER, within: false })
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let packed = self.packed.fill_buf()?;
            let at_end = packed.is_empty();
            if at_end && !self.within {
                break;
            }
            let mut input = InBuffer::around(&packed[..packed.len().min(self.next)]);
            let mut output = OutBuffer::around(&mut *buffer);
            let next = self.decoder.run(&mut input, &mut output).map_err(|error| trouble(&error))?;
            let (taken, written) = (input.pos(), output.pos());
            self.packed.consume(taken);
            self.within = next > 0;
            self.next = if self.within { next } else { HEADER };
            if written > 0 {
                return Ok(written);
            }
            if at_end {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// Tells what is damaged from what asks for what is not there. libzstd's errors are names alone.
fn trouble(error: &io::Error) -> io::Error {
    let said = error.to_string();
    let (kind, text) = match said.as_str() {
        "Frame requires too much memory for decoding" => (
            ErrorKind::Unsupported,
            "unpacking takes more memory than the 128 MiB that are granted: unpack it with `zstd -d --long=31` first",
        ),
        "Dictionary mismatch" => {
            (ErrorKind::Unsupported, "it was packed with a dictionary: unpack it with `zstd -d -D` first")
        }
        "Unknown frame descriptor" => (ErrorKind::InvalidData, "something else follows the compressed data"),
        "Restored data doesn't match checksum" => (ErrorKind::InvalidData, "its checksum does not fit its content"),
        _ => (ErrorKind::InvalidData, "a block of the compressed data cannot be unpacked"),
    };
    io::Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/fixtures/packed/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// The users that the fixtures hold, by README.md there.
    fn users(count: usize) -> Vec<u8> {
        let rows = (1..=count).map(|n| format!("u{n},u{n}@example.com\n"));
        std::iter::once("id,email\n".to_owned()).chain(rows).collect::<String>().into_bytes()
    }

    /// What comes out, and the error it ends with.
    fn unpack(packed: &[u8]) -> (Vec<u8>, Option<io::Error>) {
        let mut out = Vec::new();
        let error = Frames::new(packed).unwrap().read_to_end(&mut out).err();
        (out, error)
    }

    fn whole(packed: &[u8]) -> Vec<u8> {
        let (out, error) = unpack(packed);
        assert!(error.is_none(), "{error:?}");
        out
    }

    #[test]
    fn every_frame_is_unpacked() {
        let (many, two) = (fixture("users.csv.zst"), fixture("pzstd.csv.zst"));
        assert!(whole(&many) == users(20_000));
        assert_eq!(whole(&two), users(2));
        assert_eq!(whole(&fixture("long-27.csv.zst")), users(2));
        assert_eq!(whole(&fixture("empty.zst")), b"");
        // RFC 8878, 3.1.2: the magic number of a skippable frame, its length, anything.
        let skipped = b"\x5e\x2a\x4d\x18\x05\0\0\0seek.".to_vec();
        let frames = [many, fixture("empty.zst"), skipped.clone(), two, skipped].concat();
        assert!(whole(&frames) == [users(20_000), users(2)].concat());
    }

    #[test]
    fn of_a_file_that_is_cut_off_everything_before_the_cut_comes_out() {
        let (packed, plain) = (fixture("users.csv.zst"), users(20_000));
        let mut shortest = plain.len();
        for length in (5..packed.len()).step_by(997).chain([packed.len() - 1]).rev() {
            let (out, error) = unpack(&packed[..length]);
            assert_eq!(error.unwrap().kind(), ErrorKind::UnexpectedEof, "{length}");
            assert!(plain.starts_with(&out) && out.len() <= shortest, "{length}");
            // A block unpacks to 128 KiB.
            assert!(out.len() + 128 * 1024 > plain.len() * length / packed.len(), "{length}: {}", out.len());
            shortest = out.len();
        }
        assert_eq!(unpack(b"\x5e\x2a\x4d\x18\x05\0\0\0see").1.unwrap().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn damage_is_told() {
        let (packed, plain) = (fixture("users.csv.zst"), users(20_000));
        for at in (10..packed.len()).step_by(499).chain([packed.len() - 1]) {
            let mut packed = packed.clone();
            packed[at] ^= 0x10;
            let (out, error) = unpack(&packed);
            let kind = error.unwrap_or_else(|| panic!("a changed byte {at} goes unnoticed")).kind();
            assert!(matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof), "{at}: {kind}");
            assert!(out.len() <= plain.len() + 128 * 1024, "{at}");
        }
        let behind = [fixture("pzstd.csv.zst"), b"u3,u3@example.com\n".to_vec()].concat();
        let (out, error) = unpack(&behind);
        assert_eq!((out, error.unwrap().kind()), (users(2), ErrorKind::InvalidData));
    }

    #[test]
    fn what_cannot_be_unpacked_here_says_how_it_can() {
        for (name, remedy) in [("long-31.csv.zst", "128 MiB"), ("dictionary.csv.zst", "dictionary")] {
            let (out, error) = unpack(&fixture(name));
            let error = error.unwrap();
            assert!(out.is_empty() && error.kind() == ErrorKind::Unsupported, "{name}: {error}");
            assert!(error.to_string().contains(remedy), "{name}: {error}");
        }
    }
}
