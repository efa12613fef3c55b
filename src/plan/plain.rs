//! The column that may be passwords in plain text: whether its cells are what people type, or tell something else, judged as a whole.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::{Planned, Refused};
use crate::bytes::{Initials, every, trim};
use crate::code::{Code, Severity};
use crate::escape;
use crate::format::{Record, Value};
use crate::scheme::registry;
use crate::source::kit::common;

/// What was seen of a column that is a password or its hash.
#[derive(Default)]
pub(super) struct Plain {
    /// The column that has the words.
    column: Option<String>,
    words: u64,
    /// Those that are their user's own address.
    addresses: u64,
    hashes: u64,
    masks: u64,
    /// Words of which a part is masked: `pa****rd`.
    starred: u64,
    /// Cells that say that there is no password.
    markers: u64,
    /// Words that are a day or a moment.
    dates: u64,
    /// Those that are several words.
    phrases: u64,
    /// Those that are a yes or a no, or name a scheme or a provider: they tell of a password.
    telling: u64,
    /// How often each of the first few thousand was seen, by digest.
    often: FxHashMap<u64, u32>,
    /// The length of all words, as long as they have one, and whether all are letters and digits.
    length: Option<usize>,
    lengths: bool,
    symbols: bool,
    /// Words beside something in a column of hashes, where either may be what people sign in with; and that column.
    rivals: u64,
    rival: Option<String>,
}

/// So many different passwords are counted.
const COUNTED: usize = 4096;

/// What became of a cell.
#[derive(PartialEq, Eq)]
enum Became {
    Words,
    /// A hash, and whether the user has it at the target.
    Hash {
        carried: bool,
    },
    Mask,
    Marker,
    Unknown,
}

impl Became {
    fn of(planned: &Planned<'_>) -> Self {
        let refused = match planned {
            Planned::Create(plan) => {
                let noted = |is: fn(Code) -> bool| plan.notes.iter().any(|note| is(note.code));
                return match (plan.scheme, &plan.create.body.password) {
                    ("plain", Some(_)) => Self::Words,
                    (_, Some(_)) => Self::Hash { carried: true },
                    (_, None) if noted(|code| code.severity() == Severity::NeedsReset) => Self::Hash { carried: false },
                    (_, None) if noted(|code| code == Code::NoPassword) => Self::Marker,
                    (_, None) => Self::Unknown,
                };
            }
            Planned::Refused(refused) => refused,
        };
        let Refused { refusal, .. } = &**refused;
        match refusal.code {
            _ if refusal.scheme == Some("plain") => Self::Words,
            Code::RedactedHash => Self::Mask,
            Code::UnrecognisedHash | Code::AmbiguousScheme | Code::UnsupportedScheme | Code::MalformedHash => {
                Self::Hash { carried: false }
            }
            _ if refusal.scheme.is_some() => Self::Hash { carried: false },
            _ => Self::Unknown,
        }
    }
}

impl Plain {
    /// Looks at a cell of the column, and at what a column of hashes has beside it.
    pub fn see(&mut self, record: &Record<'_>, value: &Value<'_>, rival: Option<&Value<'_>>, planned: &Planned<'_>) {
        let named =
            |value| record.iter().find(|(_, other)| std::ptr::eq(*other, value)).map(|(name, _)| name.to_owned());
        let became = Became::of(planned);
        if let Some(rival) = rival
            && matches!(became, Became::Words | Became::Hash { carried: false })
        {
            self.rivals += 1;
            self.rival = self.rival.take().or_else(|| named(rival));
            self.column = self.column.take().or_else(|| named(value));
        }
        match became {
            Became::Words => {
                self.column = self.column.take().or_else(|| named(value));
                match planned {
                    Planned::Create(plan) => {
                        let Some(fields) = &plan.create.body.password else { return };
                        self.addresses += u64::from(plan.email.as_deref() == Some(&*fields.password));
                        self.word(&fields.password);
                    }
                    // It is too short, or too long.
                    Planned::Refused(_) => self.word(&value.text().unwrap_or_default()),
                }
            }
            Became::Hash { .. } => self.hashes += 1,
            Became::Mask => self.masks += 1,
            Became::Marker => self.markers += 1,
            Became::Unknown => {}
        }
    }

    fn word(&mut self, text: &str) {
        let first = self.words == 0;
        self.words += 1;
        self.lengths |= !first && self.length != Some(text.len());
        self.length = Some(text.len());
        // Few have any of the signs.
        let may_be_starred = memchr::memchr3(b'*', "•".as_bytes()[0], b'x', text.as_bytes()).is_some();
        let is_starred = || ["***", "•••", "xxxx"].iter().any(|mask| text.contains(mask));
        self.starred += u64::from(may_be_starred && is_starred());
        self.symbols |= !every(text.as_bytes(), |b| b.is_ascii_alphanumeric());
        self.dates += u64::from(is_date(text));
        self.phrases += u64::from(memchr::memchr(b' ', trim(text).as_bytes()).is_some());
        self.telling += u64::from(tells_of_one(text));
        let digest = xxh3_64(text.as_bytes());
        if self.often.len() < COUNTED || self.often.contains_key(&digest) {
            *self.often.entry(digest).or_default() += 1;
        }
    }

    /// Adds what another batch saw.
    pub fn merge(&mut self, other: Self) {
        if other.words > 0 {
            self.lengths |= other.lengths || self.words > 0 && self.length != other.length;
            self.length = other.length;
            self.symbols |= other.symbols;
        }
        self.column = self.column.take().or(other.column);
        self.rival = self.rival.take().or(other.rival);
        self.words += other.words;
        self.addresses += other.addresses;
        self.hashes += other.hashes;
        self.masks += other.masks;
        self.starred += other.starred;
        self.markers += other.markers;
        self.dates += other.dates;
        self.phrases += other.phrases;
        self.telling += other.telling;
        self.rivals += other.rivals;
        for (digest, n) in other.often {
            if self.often.len() < COUNTED || self.often.contains_key(&digest) {
                *self.often.entry(digest).or_default() += n;
            }
        }
    }

    /// Words and hashes of the same people, of which nobody can say which they sign in with.
    pub fn rivalry(&self, ignores: impl Fn(&str) -> bool) -> Option<String> {
        let [words, hashes] = [&self.column, &self.rival].map(|name| name.as_deref().unwrap_or_default());
        if self.rivals == 0 || ignores(words) || ignores(hashes) {
            return None;
        }
        Some(format!(
            "column `{words}` holds words in {} beside something in `{hashes}` that is no hash Appwrite can be given, and which of both \
             people sign in with nobody can tell: {} reads `{hashes}`, {} reads `{words}`",
            cells(self.rivals),
            escape::flag("--ignore", words),
            escape::flag("--ignore", hashes),
        ))
    }

    /// What speaks against plain text, if anything would be sent as that.
    pub fn doubt(&self) -> Option<String> {
        if self.words == 0 {
            return None;
        }
        let most = u64::from(self.often.values().copied().max().unwrap_or(0));
        let different = self.often.len() as u64;
        let mostly = |n: u64| n >= 2 && n * 2 >= self.words;
        let sign = match () {
            () if self.hashes > 0 => format!(" beside {} that are hashed", cells(self.hashes)),
            () if self.masks > 0 => format!(" beside {} that are masked", cells(self.masks)),
            () if mostly(self.starred) => format!(", {} of them masked in part", self.starred),
            () if mostly(self.addresses) => format!(", {} of them their users' addresses", self.addresses),
            // A column of plain text has no markers but by chance.
            () if self.markers >= self.words => {
                format!(" beside {} that say that there is no password", cells(self.markers))
            }
            () if mostly(self.dates) => format!(", {} of them dates", self.dates),
            () if mostly(self.telling) => {
                format!(", {} of them a yes, a no, or the name of a scheme or provider", self.telling)
            }
            // Two may be what two people chose.
            () if mostly(self.phrases) && self.phrases > 2 => format!(", {} of them several words", self.phrases),
            () if most >= 2 && most == self.words || most >= 3 && most * 3 >= self.words => {
                format!(", {most} of them the same")
            }
            () if self.words >= 6 && different * 2 <= self.words && different < COUNTED as u64 => {
                format!(", only {different} of them different")
            }
            () if self.words >= 4 && !self.lengths && !self.symbols && self.length.is_some_and(|n| n >= 16) => {
                format!(", all of {} letters and digits", self.length.unwrap_or_default())
            }
            () => return None,
        };
        let left_out =
            self.column.as_deref().map(|column| format!(", {} leaves them out", escape::flag("--ignore", column)));
        Some(format!(
            "the password column holds {} of plain text{sign}: whether they are what people type nobody can tell; \
             --plain-passwords takes them for that{}",
            cells(self.words),
            left_out.unwrap_or_default()
        ))
    }
}

/// Whether it is a day, or a moment: digits between dashes, dots or slashes, or the seconds since 1970 of this century.
fn is_date(text: &str) -> bool {
    let text = trim(text);
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) || text.len() < 6 {
        return false;
    }
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let parts = || day.split(['-', '.', '/']);
    let is_part = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts().count() == 3 && parts().all(is_part)
        || matches!(text.len(), 10 | 13) && text.starts_with('1') && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether it tells of a password instead of being one: a yes or a no, the name of a scheme (`bcrypt-2020`), who signs in with whom.
fn tells_of_one(text: &str) -> bool {
    const PROVIDERS: [&str; 14] = [
        "google",
        "facebook",
        "apple",
        "github",
        "gitlab",
        "microsoft",
        "twitter",
        "linkedin",
        "ldap",
        "saml",
        "oauth",
        "oauth2",
        "oidc",
        "sso",
    ];
    static INITIALS: Initials = Initials::of(&[&PROVIDERS]);
    let text = trim(text);
    if text.len() > 24 {
        return false;
    }
    let end = text.bytes().position(|b| matches!(b, b'-' | b'_' | b' ' | b':' | b'/' | b'(')).unwrap_or(text.len());
    let word = &text[..end];
    common::truth(&Value::Text(text.into())).is_some()
        || INITIALS.may_be(word) && PROVIDERS.iter().any(|name| word.eq_ignore_ascii_case(name))
        || word.len() >= 3 && registry::find(word).is_some()
}

/// A number of cells, in words.
pub(super) fn cells(n: u64) -> String {
    if n == 1 { "1 cell".to_owned() } else { format!("{n} cells") }
}
