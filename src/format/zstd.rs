//! Zstandard (RFC 8878): all frames of a file, one after another.

use std::error::Error;
use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What a block that cannot be decoded may have written before that shows: its literals and one match too many.
const SPOILT: usize = 3 * 128 * 1024;

/// Unpacks frames that follow each other (`cat a.zst b.zst`) and passes over skippable ones, which `pzstd` and seekable
/// archives put between them. Checksums and lengths that frames state are held against what came out.
///
/// Memory is bounded by the largest window that is accepted: 128 MiB, as `zstd` itself takes without `--long=31`.
pub(super) struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    within: bool,
    /// How much of this frame was handed out.
    length: u64,
    /// Told once what was whole before it is handed out.
    failed: Option<io::Error>,
    /// What is not handed out because it may be wrong.
    spoilt: usize,
}

impl<R: BufRead> Frames<R> {
    pub fn new(packed: R) -> Self {
        Self { packed, decoder: FrameDecoder::new(), within: false, length: 0, failed: None, spoilt: 0 }
    }

    /// Goes to the next frame with content; false at the end of the file.
    fn enter(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => {
                    self.length = 0;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())? < length {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(trouble(&error)),
            }
        }
        Ok(false)
    }

    /// Decodes a block, or goes on to the next frame; false at the end of the file.
    fn step(&mut self) -> io::Result<bool> {
        if !self.within {
            self.within = self.enter()?;
            return Ok(self.within);
        }
        if self.decoder.is_finished() {
            self.verify()?;
            self.within = false;
        } else {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            self.decoder.decode_blocks(&mut self.packed, one).map_err(|error| trouble(&error))?;
        }
        Ok(true)
    }

    fn fail(&mut self, error: io::Error) {
        if error.kind() == ErrorKind::InvalidData {
            self.spoilt = SPOILT;
        }
        self.failed = Some(error);
        if self.within && !self.decoder.is_finished() {
            // What was decoded is kept for later blocks to refer to; an empty last block (and a checksum) lets go of it.
            let last = [1, 0, 0, 0, 0, 0, 0];
            let _ = self.decoder.decode_blocks(last.as_slice(), BlockDecodingStrategy::All);
        }
    }

    /// Holds a frame that was read against what it says of itself.
    fn verify(&self) -> io::Result<()> {
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(damaged("its checksum does not fit its content"));
        }
        // 0 also stands for a frame that does not say.
        if ![0, self.length].contains(&self.decoder.content_size()) {
            return Err(damaged("its content is not as long as it says"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.decoder.can_collect().saturating_sub(self.spoilt).min(buffer.len());
            if ready > 0 || buffer.is_empty() {
                let read = self.decoder.read(&mut buffer[..ready])?;
                self.length += read as u64;
                return Ok(read);
            }
            if let Some(error) = &self.failed {
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                Err(error) => self.fail(error),
            }
        }
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// Tells a file that ends too early or cannot be read from one that is damaged or asks for what is not there.
fn trouble(error: &FrameDecoderError) -> io::Error {
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, max } => {
            let text = format!(
                "unpacking takes {} MiB of memory, and no more than {} are granted: unpack it with `zstd -d --long=31` first",
                requested >> 20,
                max >> 20
            );
            return io::Error::new(ErrorKind::Unsupported, text);
        }
        FrameDecoderError::DictNotProvided { .. } => {
            let text = "it was packed with a dictionary: unpack it with `zstd -d -D` first";
            return io::Error::new(ErrorKind::Unsupported, text);
        }
        FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)) => {
            return damaged("something else follows the compressed data");
        }
        _ => {}
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return io::Error::new(error.kind(), error.to_string());
        }
        cause = error.source();
    }
    damaged("a block of the compressed data cannot be unpacked")
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
        let error = Frames::new(packed).read_to_end(&mut out).err();
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
        for (name, remedy) in [("long-31.csv.zst", "2048 MiB"), ("dictionary.csv.zst", "dictionary")] {
            let (out, error) = unpack(&fixture(name));
            let error = error.unwrap();
            assert!(out.is_empty() && error.kind() == ErrorKind::Unsupported, "{name}: {error}");
            assert!(error.to_string().contains(remedy), "{name}: {error}");
        }
    }
}
