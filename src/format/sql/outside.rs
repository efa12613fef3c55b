//! What of an INSERT's rows stands outside strings. Sixty-four bytes are looked at together and every place is kept as one bit, so
//! that long strings with many escapes cost as little as short ones without any.

use wide::u8x16;

use crate::format::layout::Flavour;
use crate::format::marks::BLOCK;

/// The places outside strings that mean something: brackets, semicolons, what may begin a comment, and what this knows nothing of:
/// strings in `"`, PostgreSQL's `E'…'`, a backslash that escapes nothing. Line feeds are given within strings as well.
pub(super) struct Outside<'d> {
    data: &'d [u8],
    backslash: bool,
    /// Offset of the block's first byte.
    at: usize,
    /// Those of its bytes that are yet to be given, one bit each.
    found: u64,
    /// A string is open behind the block.
    open: bool,
    /// Its last byte is a backslash, which escapes the next one's first.
    escapes: bool,
}

/// Where a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Behind its bracket.
    pub end: usize,
    /// Whether there are line feeds in it.
    pub lines: bool,
}

impl<'d> Outside<'d> {
    /// From `at` on, where a string of the usual kind is open or none is.
    pub fn new(data: &'d [u8], at: usize, flavour: Flavour, open: bool) -> Self {
        let mut outside = Self { data, backslash: flavour.backslash, at, found: 0, open, escapes: false };
        outside.look();
        outside
    }

    /// Whether a string is open where the data ends.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Goes on at `at`, where no string is open, whatever was made of the bytes before.
    pub fn turn_to(&mut self, at: usize) {
        (self.at, self.open, self.escapes) = (at, false, false);
        self.look();
    }

    /// The row whose bracket stands at `at`, with nothing but commas and white space since the last one or [`Outside::turn_to`].
    /// `None`: it does not end in the data, or takes a closer look.
    pub fn row(&mut self, at: usize) -> Option<Row> {
        if at - self.at < BLOCK {
            self.found &= u64::MAX << (at - self.at);
        } else {
            self.turn_to(at);
        }
        let (mut depth, mut lines) = (1_usize, false);
        if self.next() != Some(at) {
            return None;
        }
        while let Some(place) = self.next() {
            match (self.data[place], self.data.get(place + 1)) {
                (b'(', _) => depth += 1,
                (b')', _) if depth == 1 => return Some(Row { end: place + 1, lines }),
                (b')', _) => depth -= 1,
                (b'\n', _) => lines = true,
                (b'-', Some(next)) if *next != b'-' => {}
                (b'/', Some(next)) if *next != b'*' => {}
                _ => return None,
            }
        }
        None
    }

    fn look(&mut self) {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let end;
        let block = if let Some(block) = rest.first_chunk() {
            block
        } else {
            let mut last = [0; BLOCK];
            last[..rest.len()].copy_from_slice(rest);
            end = last;
            &end
        };
        let Places { quotes, escapes, others, lines } = places(block, if self.backslash { b'\\' } else { b'E' });
        let escaped = if self.backslash { escaped(escapes, &mut self.escapes) } else { 0 };
        let quotes = quotes & !escaped;
        let within = odd_so_far(quotes) ^ if self.open { u64::MAX } else { 0 };
        self.open = within >> 63 == 1;
        let unknown = if self.backslash {
            escapes & !within
        } else {
            let before = self.at.checked_sub(1).and_then(|at| self.data.get(at));
            quotes & within & (escapes << 1 | u64::from(before.is_some_and(|b| b.eq_ignore_ascii_case(&b'E'))))
        };
        self.found = others & !within | unknown | lines;
    }
}

impl Iterator for Outside<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.data.len().saturating_sub(self.at) <= BLOCK {
                return None;
            }
            self.at += BLOCK;
            self.look();
        }
        let place = self.at + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(place)
    }
}

/// Places in a block, one bit a byte, the lowest for the first.
#[derive(Default)]
struct Places {
    quotes: u64,
    escapes: u64,
    /// `(`, `)`, `"`, `#`, `-`, `/` and `;`.
    others: u64,
    lines: u64,
}

/// `escape` is found in either case, if it is a letter.
#[inline]
fn places(block: &[u8; BLOCK], escape: u8) -> Places {
    let is = |bytes: u8x16, mask: u8, value: u8| (bytes & u8x16::splat(mask)).simd_eq(u8x16::splat(value));
    let case = if escape.is_ascii_alphabetic() { 0xdf } else { 0xff };
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().enumerate().fold(Places::default(), |found, (index, lane)| {
        let bytes = u8x16::new(*lane);
        let bits = |equal: u8x16| u64::from(equal.to_bitmask()) << (16 * index);
        // Two that differ in one bit are found as one.
        let others = is(bytes, 0xfe, b'(') | is(bytes, 0xfe, b'"') | is(bytes, 0xfd, b'-') | is(bytes, 0xff, b';');
        Places {
            quotes: found.quotes | bits(is(bytes, 0xff, b'\'')),
            escapes: found.escapes | bits(is(bytes, case, escape)),
            others: found.others | bits(others),
            lines: found.lines | bits(is(bytes, 0xff, b'\n')),
        }
    })
}

/// Of each place, whether those up to it, with it, are odd in number: between a quote that opens and the one that closes.
const fn odd_so_far(mut places: u64) -> u64 {
    let mut width = 1;
    while width < u64::BITS {
        places ^= places << width;
        width *= 2;
    }
    places
}

/// The places behind backslashes that are not escaped themselves: every second of a run. `before` is whether the block begins so,
/// and then whether the next one does.
const fn escaped(backslashes: u64, before: &mut bool) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let first = *before as u64;
    let backslashes = backslashes & !first;
    let behind = backslashes << 1 | first;
    // Adding to a run's first place carries through the run, so that its parity shows behind it.
    let (sum, carried) = (backslashes & !EVEN & !behind).overflowing_add(backslashes);
    *before = carried;
    (EVEN ^ sum << 1) & behind
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lexer::tuple_end;
    use super::*;

    const FLAVOURS: [Flavour; 3] = [Flavour::MYSQL, Flavour::STANDARD, Flavour { backslash: false, ..Flavour::MYSQL }];

    proptest! {
        /// Whatever stands before, and wherever blocks begin.
        #[test]
        fn rows_end_where_they_do_byte_by_byte(
            row in proptest::collection::vec(0..14_usize, 0..150), padding in 0..70_usize, flavour in 0..3_usize,
        ) {
            let signs = ["a", "'", "'", "\\", "\\", "(", ")", "'',", "E'", "\"", "--", "-", "\n", "0123456789 and so on"];
            let row: String = row.iter().map(|sign| signs[*sign]).collect();
            let (before, flavour) = (format!("({}),", "x".repeat(padding)), FLAVOURS[flavour]);
            let data = format!("{before}({row}),");
            let mut outside = Outside::new(data.as_bytes(), 0, flavour, false);
            prop_assert_eq!(outside.row(0), Some(Row { end: before.len() - 1, lines: false }));
            let rest = &data.as_bytes()[before.len()..];
            if let Some(found) = outside.row(before.len()) {
                let length = tuple_end(rest, flavour);
                prop_assert_eq!(Some(found.end - before.len()), length);
                prop_assert_eq!(found.lines, rest[..length.unwrap()].contains(&b'\n'));
            }
        }
    }

    #[test]
    fn rows_of_strings_and_numbers_take_no_closer_look() {
        for (row, flavour) in [
            (r"(1,-2,'it\'s','\\','\\\\\'','a(b;c--d#e/f','',NULL,0x2f)", Flavour::MYSQL),
            (r"(1,-2,'it''s','\','a(b;c--d#e/f','',NULL, now())", Flavour::STANDARD),
        ] {
            for padding in 0..130 {
                let data = format!("{row},({}),{row}", "x".repeat(padding));
                let mut outside = Outside::new(data.as_bytes(), 0, flavour, false);
                for at in [0, row.len() + 1, data.len() - row.len()] {
                    let end = at + tuple_end(&data.as_bytes()[at..], flavour).unwrap();
                    assert_eq!(outside.row(at), Some(Row { end, lines: false }), "{data} {at}");
                }
            }
        }
    }
}
