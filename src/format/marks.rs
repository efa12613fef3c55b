//! Where delimiters stand. Cells are shorter than a search takes to begin, so sixty-four bytes are looked at together and
//! every place in them is kept as one bit.

use std::ops::Range;

use wide::u8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// Calls `each` with the places of those that are `wanted` in that part of `data`.
#[inline]
pub(super) fn each<const N: usize>(data: &[u8], part: Range<usize>, wanted: [u8; N], mut each: impl FnMut(usize)) {
    let mut at = part.start;
    while at < part.end {
        let mut found = block(data, at, wanted);
        let left = part.end - at;
        if left < BLOCK {
            found &= !(u64::MAX << left);
        }
        while found != 0 {
            each(at + found.trailing_zeros() as usize);
            found &= found - 1;
        }
        at += BLOCK;
    }
}

/// The places of either of two bytes, in order, for a reader that leaps ahead.
pub(super) struct Marks<'d> {
    data: &'d [u8],
    wanted: [u8; 2],
    /// Offset of the block's first byte.
    at: usize,
    /// Those of its bytes that are yet to be given, one bit each.
    found: u64,
}

impl<'d> Marks<'d> {
    /// Those of `wanted` in `data` from `from` on.
    pub fn new(data: &'d [u8], from: usize, wanted: [u8; 2]) -> Self {
        Self { data, wanted, at: from, found: block(data, from, wanted) }
    }

    /// Goes on at `to`, which is not before the block of the place that was given last.
    pub fn resume(&mut self, to: usize) {
        let ahead = to - self.at;
        if ahead < BLOCK {
            self.found &= u64::MAX << ahead;
        } else {
            (self.at, self.found) = (to, block(self.data, to, self.wanted));
        }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.data.len().saturating_sub(self.at) <= BLOCK {
                return None;
            }
            self.at += BLOCK;
            self.found = block(self.data, self.at, self.wanted);
        }
        let place = self.at + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(place)
    }
}

/// Where they stand in the block at `at`: one bit a byte, the lowest for the first.
#[inline(never)]
fn block<const N: usize>(data: &[u8], at: usize, wanted: [u8; N]) -> u64 {
    let rest = data.get(at..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return places(block, wanted);
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    places(&block, wanted) & !(u64::MAX << rest.len())
}

#[inline]
fn places<const N: usize>(block: &[u8; BLOCK], wanted: [u8; N]) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().enumerate().fold(0, |found, (index, lane)| {
        let bytes = u8x16::new(*lane);
        let equal = wanted.iter().fold(u8x16::ZERO, |equal, wanted| equal | bytes.simd_eq(u8x16::splat(*wanted)));
        found | u64::from(equal.to_bitmask()) << (16 * index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_place_is_found(data in proptest::collection::vec(0..6_u8, 0..300), from in 0..80_usize) {
            let data: Vec<u8> = data.iter().map(|kind| b",\n\xac\0a+"[usize::from(*kind)]).collect();
            let places = |bytes: &[u8]| -> Vec<usize> {
                (from..data.len()).filter(|&place| bytes.contains(&data[place])).collect()
            };
            for to in [from, from + 1, from + 64, data.len()] {
                let (mut found, part) = (Vec::new(), from..to.min(data.len()));
                each(&data, part.clone(), [b','], |place| found.push(place));
                let expected: Vec<_> = places(b",").into_iter().filter(|place| part.contains(place)).collect();
                proptest::prop_assert_eq!(found, expected);
            }
            proptest::prop_assert_eq!(Marks::new(&data, from, *b",\n").collect::<Vec<_>>(), places(b",\n"));
            // Going on later leaves out what stands before, and nothing else.
            for step in [1, 7, 63, 64, 65, 130] {
                let (mut marks, mut to) = (Marks::new(&data, from, *b",\0"), from);
                let mut expected = places(b",\0").into_iter();
                while let Some(place) = marks.next() {
                    proptest::prop_assert_eq!(expected.find(|&place| place >= to), Some(place));
                    to = place + step;
                    marks.resume(to);
                }
                proptest::prop_assert_eq!(expected.find(|&place| place >= to), None);
            }
        }
    }
}
