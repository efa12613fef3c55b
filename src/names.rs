//! Names and their places, found quickly: columns of a table, spellings of schemes.

/// A list of names in order, and where each first stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    list: Vec<String>,
    /// By digest and open addressing: sources ask for twenty columns a row, by name.
    slots: Vec<Option<u32>>,
}

impl Names {
    /// These names, in order. Repeated ones keep their places, but only the first is found.
    #[must_use]
    pub fn new(list: Vec<String>) -> Self {
        let mut slots = vec![None; (list.len() * 4).next_power_of_two()];
        for (index, name) in list.iter().enumerate() {
            let slot = probe(&slots, &list, name);
            slots[slot].get_or_insert(index as u32);
        }
        Self { list, slots }
    }

    /// The names in order.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.list
    }

    /// Where that exact name first stands.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.slots[probe(&self.slots, &self.list, name)].map(|index| index as usize)
    }
}

/// The slot of a name, or the free one where it would stand. There is always one: three quarters are.
fn probe(slots: &[Option<u32>], list: &[String], name: &str) -> usize {
    let mut slot = digest(name) & (slots.len() - 1);
    while let Some(index) = slots[slot]
        && list[index as usize] != name
    {
        slot = (slot + 1) & (slots.len() - 1);
    }
    slot
}

/// A digest for names of ten or twenty bytes, which general ones take several times as long for.
fn digest(name: &str) -> usize {
    let mix = |digest: u64, word: u64| (digest.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = name.as_bytes();
    let (words, rest) = bytes.as_chunks::<8>();
    let whole = words.iter().fold(bytes.len() as u64, |digest, word| mix(digest, u64::from_le_bytes(*word)));
    let all = match bytes.last_chunk::<8>() {
        Some(last) => mix(whole, u64::from_le_bytes(*last)),
        None => mix(whole, rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
    };
    (all >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_the_first_of_equal_ones() {
        let list: Vec<String> = (0..500).map(|n| format!("c{}", n % 400)).collect();
        let names = Names::new(list.clone());
        for name in &list {
            assert_eq!(names.index(name), list.iter().position(|n| n == name), "{name}");
        }
        assert_eq!((names.index("c400"), names.index(""), Names::new(Vec::new()).index("c1")), (None, None, None));
    }
}
