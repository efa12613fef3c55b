//! The n-th user of every generated export.

/// What two exports of different kinds say alike about user *n*.
#[derive(Clone, Copy)]
pub struct User(pub u64);

impl User {
    /// The users of an export, from 1.
    pub fn all(count: u64) -> impl Iterator<Item = Self> {
        (1..=count).map(Self)
    }

    /// 28 letters and digits, as Firebase generates them, and no two users alike.
    pub fn id(self) -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        // A product with an odd number is different for every n, so the first eleven digits alone are unique.
        let mut rest = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = fastrand::Rng::with_seed(self.0);
        let digit = |index| {
            let digit = if index < 11 { rest % 62 } else { random.u64(..62) };
            rest /= 62;
            char::from(DIGITS[digit as usize])
        };
        (0..28).map(digit).collect()
    }

    pub fn email(self) -> String {
        format!("user{}@example.com", self.0)
    }

    pub fn name(self) -> String {
        const FIRST: [&str; 8] = ["Alice", "Bob", "Carol", "Дейв", "Erin", "Zoë", "Grace", "Heidi"];
        const LAST: [&str; 8] = ["Adams", "Brown", "Müller", "Davis", "Evans", "Иванов", "Garcia", "O'Neil"];
        let n = self.0 as usize;
        [FIRST[n % 8], LAST[n / 8 % 8]].join(" ")
    }

    /// Every tenth user has one, in E.164.
    pub fn phone(self) -> Option<String> {
        self.0.is_multiple_of(10).then(|| format!("+1{}", 2_000_000_000 + self.0))
    }

    pub fn verified(self) -> bool {
        !self.0.is_multiple_of(3)
    }

    pub fn disabled(self) -> bool {
        self.0.is_multiple_of(50)
    }

    /// Every fourth user is an editor, with preferences.
    pub fn editor(self) -> bool {
        self.0.is_multiple_of(4)
    }

    /// When the user signed up, in seconds of the Unix epoch.
    pub fn created(self) -> u64 {
        1_500_000_000 + self.0 * 7 % 200_000_000
    }
}

/// Which of `schemes` kinds of hashes user *n* has, and which entry of its pool: all pairs come up in turn.
pub fn turn(user: User, schemes: usize) -> (usize, usize) {
    let n = user.0 as usize;
    ((n + n / super::pool::SIZE) % schemes, n % super::pool::SIZE)
}
