//! What known passwords say that a bare digest or key is: of all schemes that write one like it, alone or with another column of its
//! record as the salt, the one that fits every one of them.

use std::borrow::Cow;

use super::columns::{ColumnRole, role_of};
use super::grammar::digest;
pub use super::grammar::digest::is_bare;
use super::registry::salted_digest;
use super::resolve::resolve;
use super::verdict::Verdict;
use super::verify::{Login, foreign};
use crate::account::{HashInput, SaltEncoding};
use crate::appwrite::{Profile, Version};
use crate::bytes::is_hex;

/// A hash that does not say what made it, the other cells of its record, and its password.
#[derive(Clone, Copy)]
pub struct Sample<'k> {
    /// The hash, and what is read beside it.
    pub input: &'k HashInput<'k>,
    /// The other columns and their texts.
    pub beside: &'k [(String, String)],
    /// The password.
    pub password: &'k str,
}

/// What fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// A name of `rehome schemes`.
    pub scheme: &'static str,
    /// The column that holds the salt, and how it is written; the column is empty where the salt that is read already fits.
    pub salt: Option<(String, SaltEncoding)>,
    /// How often the scheme runs its digest.
    pub rounds: Option<Rounds>,
}

/// Rounds that a column holds, or that are the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rounds {
    /// The column.
    Column(String),
    /// The number.
    All(u64),
}

/// What was found for hashes of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `32 bytes in hexadecimal`
    pub shape: String,
    /// How many known passwords were tried.
    pub tried: usize,
    /// What fits all of them, if anything does.
    pub fit: Option<Fit>,
    /// Whether the search was broken off, as it took too long.
    pub broken_off: bool,
}

/// So many passwords of one shape are tried, and so many columns of a record.
const TRIED: usize = 8;
const COLUMNS: usize = 32;

/// So many rounds are computed for hashes of one shape: some seconds.
const BUDGET: u64 = 40_000_000;

/// Rounds of PBKDF2 that are written nowhere, as programs have them built in.
const ROUNDS: [u64; 9] = [1000, 4096, 10_000, 25_000, 50_000, 100_000, 120_000, 150_000, 210_000];

/// Tries everything, for each shape of hashes by itself.
#[must_use]
pub fn find(samples: &[Sample<'_>]) -> Vec<Found> {
    let mut shapes: Vec<(usize, bool, Vec<Sample<'_>>)> = Vec::new();
    for &sample in samples {
        let hash = sample.input.hash.trim_ascii();
        let Some(bytes) = digest::bytes(hash) else { continue };
        let in_hex = is_hex(hash);
        match shapes.iter_mut().find(|(known, hex, _)| (*known, *hex) == (bytes, in_hex)) {
            Some((.., alike)) if alike.len() >= TRIED => {}
            Some((.., alike)) => alike.push(sample),
            None => shapes.push((bytes, in_hex, vec![sample])),
        }
    }
    let found = shapes.into_iter().map(|(bytes, in_hex, alike)| {
        let mut left = Some(BUDGET);
        let fit = fit(bytes, &alike, &mut left);
        let shape = format!("{bytes} bytes in {}", if in_hex { "hexadecimal" } else { "base64" });
        Found { shape, tried: alike.len(), broken_off: fit.is_none() && left.is_none(), fit }
    });
    found.collect()
}

/// `left`: so many rounds may still be computed; nothing once some would have been too many.
fn fit(bytes: usize, samples: &[Sample<'_>], left: &mut Option<u64>) -> Option<Fit> {
    let profile = Version::NEWEST.profile();
    let takes_a_salt = |name: &&str| name.starts_with("salted-") || matches!(*name, "smf" | "discourse");
    let is_digest = matches!(bytes, 16 | 20 | 28 | 32 | 48 | 64);
    let alone = |name: &&'static str| {
        let fits = |sample: &Sample<'_>| {
            let input = HashInput { salt: None, hints: &[], ..sample.input.clone() };
            fits(name, &input, sample.password, profile)
        };
        samples.iter().all(fits)
    };
    let candidates = if is_digest { digest::candidates(bytes) } else { &[] };
    if let Some(scheme) = candidates.iter().filter(|name| !takes_a_salt(name)).copied().find(|name| alone(name)) {
        return Some(Fit { scheme, salt: None, rounds: None });
    }
    let columns = columns(samples);
    let with = |column: &str, sample: &Sample<'_>, encoding: SaltEncoding, rounds: Option<u64>| {
        let salt = salt(sample, column)?;
        let input = HashInput {
            salt: Some(Cow::Owned(salt.to_owned())),
            salt_encoding: encoding,
            hints: &[],
            rounds: rounds.or(sample.input.rounds),
            ..sample.input.clone()
        };
        Some(input.into_owned())
    };
    let salted: Vec<&'static str> = if is_digest {
        [&[salted_digest(bytes)][..], if bytes == 20 { &["smf"] } else { &[] }].concat()
    } else {
        Vec::new()
    };
    for column in &columns {
        for &scheme in &salted {
            let fits = |sample: &Sample<'_>| {
                with(column, sample, SaltEncoding::Utf8, None)
                    .is_some_and(|input| fits(scheme, &input, sample.password, profile))
            };
            if samples.iter().all(fits) {
                return Some(Fit { scheme, salt: Some((column.clone(), SaltEncoding::Utf8)), rounds: None });
            }
        }
    }
    // A key that many rounds made.
    let is_count = |column: &&String| samples.iter().all(|sample| count(sample, column).is_some());
    let counted = columns.iter().filter(|column| !column.is_empty()).filter(is_count);
    let mut counted: Vec<&String> = counted.collect();
    counted.sort_by_key(|column| !matches!(role_of(column), Some(ColumnRole::Rounds | ColumnRole::Iterations)));
    let mut rounds: Vec<Rounds> = counted.into_iter().cloned().map(Rounds::Column).collect();
    let has_rounds = !rounds.is_empty() || samples.iter().all(|sample| sample.input.rounds.is_some());
    if samples.iter().all(|sample| sample.input.rounds.is_some()) {
        rounds.push(Rounds::Column(String::new()));
    } else if !has_rounds {
        rounds.extend(ROUNDS.map(Rounds::All));
    }
    // A salt is no number, and has some length.
    let may_be_salt = |column: &&String| {
        let is_text = |text: &str| text.len() >= 4 && text.parse::<f64>().is_err() && !text.contains('@');
        column.is_empty() || samples.iter().all(|sample| salt(sample, column).is_some_and(is_text))
    };
    let salts: Vec<&String> =
        columns.iter().filter(may_be_salt).filter(|column| has_rounds || is_called_salt(column)).collect();
    for rounds in &rounds {
        for &column in &salts {
            for scheme in ["pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2-sha1"] {
                for encoding in [SaltEncoding::Utf8, SaltEncoding::Hex, SaltEncoding::Base64] {
                    let fits = |sample: &Sample<'_>| {
                        let rounds = match rounds {
                            Rounds::All(rounds) => Some(*rounds),
                            Rounds::Column(column) => count(sample, column),
                        };
                        let Some(rounds) = rounds else { return false };
                        *left = left.and_then(|left| left.checked_sub(rounds));
                        if left.is_none() {
                            return false;
                        }
                        let input = with(column, sample, encoding, Some(rounds));
                        input.is_some_and(|input| fits(scheme, &input, sample.password, profile))
                    };
                    if samples.iter().all(fits) {
                        let rounds = Some(rounds.clone()).filter(|rounds| *rounds != Rounds::Column(String::new()));
                        return Some(Fit { scheme, salt: Some((column.clone(), encoding)), rounds });
                    }
                }
            }
        }
    }
    None
}

/// The columns that all have beside their hash, those called like a salt first; the empty one stands for the salt that is read.
fn columns(samples: &[Sample<'_>]) -> Vec<String> {
    let Some((first, others)) = samples.split_first() else { return Vec::new() };
    let has =
        |sample: &Sample<'_>, column: &str| salt(sample, column).is_some_and(|text| (1..=128).contains(&text.len()));
    let all = std::iter::once("").chain(first.beside.iter().map(|(name, _)| name.as_str()));
    let mut columns: Vec<String> = all
        .filter(|column| has(first, column) && others.iter().all(|sample| has(sample, column)))
        .map(str::to_owned)
        .collect();
    columns.sort_by_key(|column| !column.is_empty() && !is_called_salt(column));
    columns.truncate(COLUMNS);
    columns
}

fn is_called_salt(column: &str) -> bool {
    role_of(column) == Some(ColumnRole::Salt)
}

/// What stands in a column of a record; in the empty one, the salt that is read.
fn salt<'k>(sample: &Sample<'k>, column: &str) -> Option<&'k str> {
    if column.is_empty() {
        return sample.input.salt.as_deref();
    }
    sample.beside.iter().find(|(name, _)| name == column).map(|(_, text)| text.as_str())
}

/// How often a column says that a digest was run; the empty one stands for what is read.
fn count(sample: &Sample<'_>, column: &str) -> Option<u64> {
    let rounds = match column {
        "" => sample.input.rounds,
        column => salt(sample, column)?.parse().ok(),
    };
    rounds.filter(|rounds| (500..=2_000_000).contains(rounds))
}

/// Whether the password is that of the hash, if it is of this scheme.
fn fits(scheme: &'static str, input: &HashInput<'_>, password: &str, profile: &Profile) -> bool {
    let declared = HashInput { declared: Some(Cow::Borrowed(scheme)), ..input.clone() };
    match resolve(&declared, profile) {
        Verdict::Maps(mapped) => mapped.login(password.as_bytes(), profile) == Login::Match,
        Verdict::Refused(_) => foreign::check(scheme, input).is_some_and(|check| check.fits(password.as_bytes())),
    }
}

impl Fit {
    /// Its lines of `[password]`, key and value.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut lines = vec![("scheme", quoted(self.scheme))];
        if let Some((column, encoding)) = self.salt.as_ref().filter(|(column, _)| !column.is_empty()) {
            lines.push(match encoding {
                SaltEncoding::Utf8 => ("salt", quoted(column)),
                SaltEncoding::Hex => ("salt", format!("{{ from = {}, encoding = \"hex\" }}", quoted(column))),
                SaltEncoding::Base64 => ("salt", format!("{{ from = {}, encoding = \"base64\" }}", quoted(column))),
            });
        }
        match &self.rounds {
            Some(Rounds::Column(column)) => lines.push(("params", format!("{{ rounds = {} }}", quoted(column)))),
            Some(Rounds::All(rounds)) => lines.push(("params", format!("{{ rounds = {rounds} }}"))),
            None => {}
        }
        lines
    }

    /// How it is used: the flag alone where nothing but the password is hashed, or the lines of a mapping file.
    #[must_use]
    pub fn how(&self) -> String {
        if self.salt.is_none() && self.rounds.is_none() {
            return format!("--scheme {}", self.scheme);
        }
        let lines: Vec<_> = self.lines().into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("[password] {} in a mapping file (--map)", lines.join(", "))
    }
}

impl Found {
    /// What it says, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let tried = self.tried;
        let (passwords, fit) = if tried == 1 { ("known password", "fits") } else { ("known passwords", "fit") };
        match &self.fit {
            None if self.broken_off => format!(
                "{tried} {passwords} {fit} nothing of {} that was tried before the search took too long: say in a mapping (--map) which \
                 columns are the salt and the rounds",
                self.shape
            ),
            None => format!(
                "{tried} {passwords} {fit} nothing that rehome knows of {}, alone or with any column beside it as the salt",
                self.shape
            ),
            Some(found) => {
                let salt = match &found.salt {
                    Some((column, _)) if !column.is_empty() => format!(" with `{column}` as the salt"),
                    _ => String::new(),
                };
                let all = if tried == 1 { "the" } else { "all" };
                let tried = if tried == 1 { String::new() } else { format!("{tried} ") };
                format!("{all} {tried}{passwords} {fit} {}{salt}: {}", found.scheme, found.how())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::scheme::verify::sha;

    fn found(hashes: &[(String, &str)], salts: &[&str]) -> Vec<Found> {
        let inputs: Vec<_> =
            hashes.iter().map(|(hash, _)| HashInput { hash: hash.as_str().into(), ..HashInput::default() }).collect();
        let beside: Vec<_> = salts
            .iter()
            .enumerate()
            .map(|(at, salt)| vec![("n".to_owned(), at.to_string()), ("grain".to_owned(), (*salt).to_owned())])
            .collect();
        let samples = inputs.iter().zip(&beside).zip(hashes);
        let samples: Vec<_> =
            samples.map(|((input, beside), (_, password))| Sample { input, beside, password }).collect();
        find(&samples)
    }

    fn digest(name: &str, text: &str) -> String {
        hex(&sha(name, text.as_bytes()).expect("a digest"))
    }

    #[test]
    fn the_scheme_is_the_one_that_fits_all() {
        let salts = ["9f3a", "01bc"];
        let hashes =
            [(digest("sha256", "9f3afirst-one"), "first-one"), (digest("sha256", "01bcsecond-one"), "second-one")];
        let one = &found(&hashes, &salts)[0];
        let fit = one.fit.as_ref().expect("fits");
        assert_eq!(
            (fit.scheme, fit.salt.as_ref().map(|(column, _)| column.as_str())),
            ("salted-sha256", Some("grain"))
        );
        assert_eq!(
            one.sentence(),
            "all 2 known passwords fit salted-sha256 with `grain` as the salt: [password] scheme = \"salted-sha256\", salt = \"grain\" \
             in a mapping file (--map)"
        );
        let bare = [(digest("sha1", "first-one"), "first-one"), (digest("sha1", "second-one"), "second-one")];
        assert_eq!(found(&bare, &salts)[0].sentence(), "all 2 known passwords fit sha1: --scheme sha1");
        // One that does not is enough.
        let wrong = [hashes[0].clone(), (hashes[1].0.clone(), "third-one")];
        let none = &found(&wrong, &salts)[0];
        assert_eq!(none.fit, None);
        assert!(
            none.sentence().contains("nothing that rehome knows of 32 bytes in hexadecimal"),
            "{}",
            none.sentence()
        );
    }

    #[test]
    fn a_key_of_many_rounds_is_found_with_its_column_of_rounds() {
        // RFC 7914, 11: PBKDF2-HMAC-SHA-256 of `Password` and `NaCl`, 80,000 rounds, cut at 32 bytes.
        let key_of_rfc = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56";
        let input = HashInput { hash: key_of_rfc.into(), ..HashInput::default() };
        let beside = [("extra".to_owned(), "NaCl".to_owned()), ("iterations".to_owned(), "80000".to_owned())];
        let sample = Sample { input: &input, beside: &beside, password: "Password" };
        let fit = find(&[sample])[0].fit.clone().expect("fits");
        assert_eq!(
            fit.how(),
            "[password] scheme = \"pbkdf2-sha256\", salt = \"extra\", params = { rounds = \"iterations\" } in a mapping file (--map)"
        );
    }
}
