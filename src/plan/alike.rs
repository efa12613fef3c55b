//! Salted hashes that many users share: nobody's salt is another's, so that one was copied over the others. And such as have no
//! capital in any of them, which a column without case has made of them.

use super::Planned;

/// The hashes that are shared by more than a fifth of all, if any are; each by its last bytes.
#[derive(Debug, Default)]
pub(super) struct Alike {
    often: [(u64, u64); 4],
    seen: u64,
    /// Hashes in base64, and whether there is a capital in one.
    of_letters: u64,
    has_capitals: bool,
}

/// So many in small letters are not by chance; one alone is not.
const SMALL: u64 = 20;

impl Alike {
    pub(super) fn see(&mut self, planned: &Planned<'_>) {
        let Planned::Create(plan) = planned else { return };
        if !matches!(plan.scheme, "bcrypt" | "argon2" | "phpass" | "scrypt") {
            return;
        }
        let Some(fields) = &plan.create.body.password else { return };
        let Some(last) = fields.password.as_bytes().last_chunk() else { return };
        self.seen += 1;
        if matches!(plan.scheme, "bcrypt" | "argon2") {
            self.of_letters += 1;
            self.has_capitals = self.has_capitals || fields.password.bytes().any(|byte| byte.is_ascii_uppercase());
        }
        self.add(u64::from_ne_bytes(*last), 1);
    }

    /// Counts as Misra and Gries do: whatever is more frequent than one in five is among the four in the end.
    fn add(&mut self, hash: u64, n: u64) {
        if let Some((_, often)) = self.often.iter_mut().find(|(known, often)| *often > 0 && *known == hash) {
            *often += n;
        } else if let Some(free) = self.often.iter_mut().find(|(_, often)| *often == 0) {
            *free = (hash, n);
        } else {
            let least = self.often.iter().map(|(_, often)| *often).min().unwrap_or(0).min(n);
            self.often.iter_mut().for_each(|(_, often)| *often -= least);
            if n > least {
                self.add(hash, n - least);
            }
        }
    }

    /// Adds what another batch saw.
    pub(super) fn merge(&mut self, other: &Self) {
        self.seen += other.seen;
        self.of_letters += other.of_letters;
        self.has_capitals |= other.has_capitals;
        other.often.iter().filter(|(_, often)| *often > 0).for_each(|(hash, often)| self.add(*hash, *often));
    }

    /// Why none of the hashes can ever fit a password.
    pub(super) fn in_small_letters(&self) -> Option<String> {
        (self.of_letters >= SMALL && !self.has_capitals).then(|| {
            format!(
                "none of {} hashes has a capital letter, which is never so by chance: something wrote them in small letters, and none fits \
                 its password; export them as they are stored, or --ignore with their column leaves them out",
                self.of_letters
            )
        })
    }

    /// What is to be said of it.
    pub(super) fn said(&self) -> Option<String> {
        let most =
            self.often.iter().map(|(_, often)| *often).max().filter(|most| *most >= 6 && most * 5 > self.seen)?;
        Some(format!(
            "{most} users or more have the very same hash, which salted ones never are by chance: one was copied over the others, and all of \
             them sign in with one password"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_many_have_is_found_among_others() {
        let all = |of: &dyn Fn(u64) -> u64| {
            let mut alike = Alike::default();
            for batch in 0..10 {
                let mut one = Alike::default();
                for n in 0..100 {
                    one.seen += 1;
                    one.add(of(batch * 100 + n), 1);
                }
                alike.merge(&one);
            }
            alike.said().is_some()
        };
        assert!(all(&|_| 7), "everybody");
        assert!(all(&|n| if n % 2 == 0 { 7 } else { n }), "every second");
        assert!(!all(&|n| n), "nobody");
        assert!(!all(&|n| if n % 50 == 0 { 7 } else { n }), "a few");
    }
}
