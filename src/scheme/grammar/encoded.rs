//! Cells that stand for the bytes of a hash: Python's `b'…'`, PostgreSQL's and MySQL's hexadecimal, base64 (also of a
//! string padded with NULs, as libsodium's are).

use crate::bytes::{is_hex, unhex};
use crate::scheme::encoding;
use crate::scheme::job::{Behind, Job, Step};

/// What stands in the cell, where it is one of these.
pub fn uncover<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Option<Step<'s>> {
    let (how, inner) = match text.as_bytes() {
        [b'b', quote @ (b'\'' | b'"'), .., end] if quote == end && text.len() > 10 => {
            return Some(job.uncovered("strip Python's b'…'", Behind::Same, &text[2..text.len() - 1]));
        }
        // Firebase's emulator keeps what was typed.
        [b'f', b'a', b'k', b'e', b'H', ..] => {
            let (_, password) = text.strip_prefix("fakeHash:salt=")?.split_once(":password=")?;
            return Some(job.uncovered("take the emulator's plain password", Behind::Plain, password));
        }
        [b'\\', b'x', ..] => ("hexadecimal of bytes -> text", unhex(&text[2..])),
        [b'\\', b'\\', b'x', ..] => ("hexadecimal of bytes -> text", unhex(&text[3..])),
        [b'0', b'x' | b'X', ..] => {
            let digits = &text[2..];
            // A digest in the notation of a database's binary column.
            if is_hex(digits) && matches!(digits.len(), 32 | 40 | 56 | 64 | 96 | 128) {
                return Some(job.uncovered("strip 0x", Behind::Same, digits));
            }
            ("hexadecimal of bytes -> text", unhex(digits))
        }
        // A digest may begin as `$` and `{` do in hexadecimal.
        _ if matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && is_hex(text) => return None,
        [b'2', b'4', ..] | [b'7', b'b' | b'B', ..] if text.len() > 40 => ("hexadecimal of bytes -> text", unhex(text)),
        [b'J' | b'e', ..] if text.len() > 40 && text.len() < 1024 => ("base64 -> text", encoding::base64(text)),
        _ => return None,
    };
    let inner = String::from_utf8(inner?).ok()?;
    let inner = inner.trim_end_matches('\0');
    let hash = inner.starts_with(['$', '{']) && inner.len() >= 13 && inner.bytes().all(|b| b.is_ascii_graphic());
    hash.then(|| job.uncovered(how, Behind::Same, inner.to_owned()))
}
