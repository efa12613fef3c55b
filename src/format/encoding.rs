//! What characters the bytes of a file stand for.

use std::io::Read;

/// How a file's characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// UTF-8 with a byte-order mark.
    Utf8Marked,
    Utf16Le,
    Utf16Be,
    /// As a mark is missing, zero bytes tell.
    Utf16LeUnmarked,
    Utf16BeUnmarked,
    /// What calls itself Latin-1 is Windows-1252 in practice: MySQL's `latin1` is, and so are browsers'.
    Windows1252,
    /// As a dump or document says of itself.
    Stated(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// Tells the encoding by its mark, or else by what cannot be UTF-8. `whole`: `head` is all there is.
    pub fn of(head: &[u8], whole: bool) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Marked,
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            // Every second byte of what is mostly ASCII.
            [first, 0, second, 0, ..] if *first > 0 && *second > 0 => Self::Utf16LeUnmarked,
            [0, first, 0, second, ..] if *first > 0 && *second > 0 => Self::Utf16BeUnmarked,
            _ => match std::str::from_utf8(head) {
                // Where some is UTF-8 and some is not, records are of two encodings: each is decoded by itself.
                Err(error) if whole || error.error_len().is_some() => {
                    let mixed = head.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
                    if mixed { Self::Utf8 } else { Self::Windows1252 }
                }
                _ => Self::Utf8,
            },
        }
    }

    /// The encoding that a dump or document means by that name; nothing where it is UTF-8, or none that is known.
    ///
    /// The names are PostgreSQL's and MySQL's where they are not the web's.
    pub fn stated(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace([' ', '_'], "-");
        let label = match name.as_str() {
            "latin1" | "latin-1" | "iso-8859-1" => "windows-1252",
            "latin2" => "iso-8859-2",
            "latin3" => "iso-8859-3",
            "latin4" => "iso-8859-4",
            // PostgreSQL's is ISO 8859-9, and so is MySQL's.
            "latin5" => "windows-1254",
            "latin6" => "iso-8859-10",
            "latin7" => "iso-8859-13",
            "latin8" => "iso-8859-14",
            "latin9" => "iso-8859-15",
            "latin10" => "iso-8859-16",
            "greek" => "iso-8859-7",
            "hebrew" => "iso-8859-8",
            "koi8r" => "koi8-r",
            "koi8u" => "koi8-u",
            "cp932" | "shift-jis-2004" | "mskanji" => "shift-jis",
            "ujis" | "eucjpms" | "euc-jis-2004" => "euc-jp",
            "euckr" | "uhc" => "euc-kr",
            "euc-cn" => "gbk",
            "tis620" => "windows-874",
            other => match other.strip_prefix("win").or_else(|| other.strip_prefix("cp")) {
                Some(page) if page.len() == 4 => &format!("windows-{page}"),
                _ => other,
            },
        };
        let found = encoding_rs::Encoding::for_label(label.as_bytes())?;
        let unicode = [encoding_rs::UTF_8, encoding_rs::UTF_16LE, encoding_rs::UTF_16BE, encoding_rs::REPLACEMENT];
        (!unicode.contains(&found)).then_some(Self::Stated(found))
    }

    /// The byte-order mark.
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 | Self::Windows1252 | Self::Stated(_) | Self::Utf16LeUnmarked | Self::Utf16BeUnmarked => &[],
            Self::Utf8Marked => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        }
    }

    pub fn decoder(self) -> Option<encoding_rs::Decoder> {
        match self {
            Self::Utf8 | Self::Utf8Marked => None,
            Self::Utf16Le | Self::Utf16LeUnmarked => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Self::Utf16Be | Self::Utf16BeUnmarked => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
            Self::Windows1252 => Some(encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling()),
            Self::Stated(stated) => Some(stated.new_decoder_without_bom_handling()),
        }
    }

    /// Whether it is one of UTF-16.
    pub fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be | Self::Utf16LeUnmarked | Self::Utf16BeUnmarked)
    }

    /// What a person is told; nothing about what is usual.
    pub fn said(self) -> Option<String> {
        match self {
            Self::Utf8 | Self::Utf8Marked => None,
            Self::Utf16Le | Self::Utf16Be | Self::Utf16LeUnmarked | Self::Utf16BeUnmarked => {
                Some("read as UTF-16".into())
            }
            Self::Windows1252 => Some("it is not UTF-8, so it is read as Latin-1 (Windows-1252)".into()),
            Self::Stated(stated) => Some(format!("read as {}, as it says of itself", stated.name())),
        }
    }
}

/// Gives UTF-8, whatever the encoding of the bytes below.
pub(crate) struct Transcoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    from: usize,
    to: usize,
    eof: bool,
    done: bool,
    /// Decoded bytes that did not fit into the caller's buffer.
    spare: Vec<u8>,
    spare_from: usize,
}

impl<R> Transcoded<R> {
    pub fn new(inner: R, decoder: encoding_rs::Decoder) -> Self {
        Self {
            inner,
            decoder,
            raw: vec![0; 64 * 1024],
            from: 0,
            to: 0,
            eof: false,
            done: false,
            spare: Vec::new(),
            spare_from: 0,
        }
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.spare_from < self.spare.len() {
                let take = buffer.len().min(self.spare.len() - self.spare_from);
                buffer[..take].copy_from_slice(&self.spare[self.spare_from..self.spare_from + take]);
                self.spare_from += take;
                return Ok(take);
            }
            if self.done {
                return Ok(0);
            }
            if self.from == self.to && !self.eof {
                (self.from, self.to) = (0, self.inner.read(&mut self.raw)?);
                self.eof = self.to == 0;
            }
            self.spare.resize(3 * self.raw.len() + 16, 0);
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.raw[self.from..self.to], &mut self.spare, self.eof);
            self.from += read;
            self.spare.truncate(written);
            self.spare_from = 0;
            // A decoder may not be asked again after its last piece.
            self.done = self.eof && result == encoding_rs::CoderResult::InputEmpty;
        }
    }
}
