//! Passwords known in advance: proof that hashes will verify, before anybody is imported.
//!
//! A pair that fails is tried with the mistakes that exports and settings really have, and the one that fits is named.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use unicode_normalization::UnicodeNormalization as _;

use super::cost::Cost;
use super::verify::{self, Login, foreign, scrypt};
use super::{Mapped, Verdict, encoding, resolve};
use crate::account::{HashInput, Hint};
use crate::appwrite::{Endpoint, Profile, rules};
use crate::bytes::{hex, is_hex, unhex};
use crate::code::Code;
use crate::error::RunError;

/// How long the search for one pair's mistake may take, in milliseconds of one core, roughly.
const BUDGET: f64 = 6000.0;

/// What a known password proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It verifies: this user signs in.
    Proven,
    /// It verifies, but Appwrite refuses a password of this length before it looks at the hash.
    CannotSignIn(Cow<'static, str>),
    /// It verifies together with the secret of the application that was named, by this scheme, which Appwrite does not.
    Peppered(&'static str),
    /// It does not verify. The sentence names the mistake that explains it, where one does.
    Wrong(Cow<'static, str>),
    /// There is no hash to try it on.
    Untested(Cow<'static, str>),
}

/// Tries a password on the hash of its user. Bounded: the search for a mistake stops after some seconds of one core.
#[must_use]
pub fn prove(input: &HashInput<'_>, verdict: &Verdict<'_>, password: &str, profile: &Profile) -> Proof {
    let mapped = match verdict {
        Verdict::Maps(mapped) => mapped,
        Verdict::Refused(refusal) if refusal.code == Code::AmbiguousScheme => {
            return match candidate(input, &refusal.ambiguous, password, profile) {
                Some(name) => Proof::Wrong(format!("verifies when the scheme is declared: --scheme {name}").into()),
                None if let Some(name) = refusal
                    .ambiguous
                    .iter()
                    .find(|name| foreign::verify(name, input, password.as_bytes()) == Some(true)) =>
                {
                    Proof::Wrong(
                        format!(
                            "the hash is {name} and the password is right, but no endpoint of Appwrite verifies it"
                        )
                        .into(),
                    )
                }
                None => Proof::Untested(
                    "nothing says of which scheme the hash is, and none that Appwrite verifies fits".into(),
                ),
            };
        }
        Verdict::Refused(refusal) => {
            let scheme = refusal.scheme.unwrap_or_default();
            return match foreign::verify(scheme, input, password.as_bytes()) {
                Some(true) => Proof::CannotSignIn(format!("the hash is right, but {}", refusal.text).into()),
                _ if let Some(bare) = bare(input, password, profile) => Proof::Wrong(
                    format!(
                        "the hash is of the password itself: verifies when the scheme is declared, --scheme {bare}"
                    )
                    .into(),
                ),
                Some(false) => Proof::Wrong(
                    format!("is no password of this {scheme} hash, which Appwrite could not verify either").into(),
                ),
                None => Proof::Untested(refusal.text.clone()),
            };
        }
    };
    if mapped.endpoint == Endpoint::Plain {
        return if mapped.fields.password == password {
            Proof::Proven
        } else {
            Proof::Wrong("the export holds another password in plain text".into())
        };
    }
    let length = password.len();
    let accepted = length >= rules::PASSWORD_MIN && !(profile.max_256_bytes && length > rules::PASSWORD_MAX);
    match mapped.login(password.as_bytes(), profile) {
        Login::Match if accepted => Proof::Proven,
        Login::Match => Proof::CannotSignIn(
            format!(
                "the hash is right, but the password is {length} bytes long and a login takes 8 to 256: it must be reset"
            )
            .into(),
        ),
        Login::ServerError => Proof::Wrong("the server would fail on the parameters of this hash".into()),
        Login::Mismatch if let Some(scheme) = peppered(mapped, input, password) => Proof::Peppered(scheme),
        Login::Mismatch => Proof::Wrong(match Search::new(mapped, profile).run(input, password) {
            Some(mistake) => format!("does not verify as it is; verifies when {mistake}").into(),
            None => none_fits(mapped).into(),
        }),
    }
}

/// The scheme by which the password itself fits a string that the source says to be of something else.
fn bare(input: &HashInput<'_>, password: &str, profile: &Profile) -> Option<&'static str> {
    let pre_hashed = input.hints.iter().any(|hint| matches!(hint, Hint::PreHashed(_)));
    let alone = HashInput { hints: Hint::KNOWN, declared: None, ..input.clone() };
    match resolve(&alone, profile) {
        Verdict::Maps(mapped) if pre_hashed && mapped.login(password.as_bytes(), profile) == Login::Match => {
            Some(mapped.scheme)
        }
        _ => None,
    }
}

/// The scheme by which the password fits together with the secret that was named, `--pepper`.
fn peppered(mapped: &Mapped<'_>, input: &HashInput<'_>, password: &str) -> Option<&'static str> {
    input.pepper.as_ref()?;
    let scheme = match mapped.endpoint {
        Endpoint::Argon2 => "argon2-peppered",
        Endpoint::Bcrypt if mapped.scheme == "bcrypt" => "bcrypt-peppered",
        _ => return None,
    };
    (foreign::verify(scheme, input, password.as_bytes()) == Some(true)).then_some(scheme)
}

fn none_fits(mapped: &Mapped<'_>) -> &'static str {
    match mapped.endpoint {
        Endpoint::ScryptModified => {
            "does not verify, and no usual mistake explains it: another password, or another project's signer key"
        }
        Endpoint::Bcrypt | Endpoint::Argon2 => {
            "does not verify, and no usual mistake explains it: another password, or a pepper (--pepper env:NAME tries one)"
        }
        _ => "does not verify, and no usual mistake explains it: most likely another password",
    }
}

/// The candidate that verifies, of those an ambiguous string has.
fn candidate(
    input: &HashInput<'_>,
    candidates: &[&'static str],
    password: &str,
    profile: &Profile,
) -> Option<&'static str> {
    candidates.iter().copied().find(|name| {
        let declared = HashInput { declared: Some(Cow::Borrowed(name)), ..input.clone() };
        match resolve(&declared, profile) {
            Verdict::Maps(mapped) => mapped.login(password.as_bytes(), profile) == Login::Match,
            Verdict::Refused(_) => false,
        }
    })
}

/// The search for the mistake behind one failed pair.
struct Search<'m, 'a> {
    mapped: &'m Mapped<'a>,
    profile: &'m Profile,
    /// Logins that may still be computed.
    left: u32,
}

impl<'m, 'a> Search<'m, 'a> {
    fn new(mapped: &'m Mapped<'a>, profile: &'m Profile) -> Self {
        let millis = Cost::of(mapped.endpoint, &mapped.fields).map_or(1.0, Cost::millis);
        #[expect(clippy::cast_sign_loss, reason = "both are positive, and the result is clamped")]
        let left = (BUDGET / millis).clamp(4.0, 200.0) as u32;
        Self { mapped, profile, left }
    }

    fn run(&mut self, input: &HashInput<'_>, password: &str) -> Option<Cow<'static, str>> {
        self.parameters(input, password).or_else(|| {
            variants(password, self.mapped.endpoint, input.salt.as_deref())
                .into_iter()
                .find(|(bytes, _)| bytes != password.as_bytes() && self.verifies(self.mapped, bytes))
                .map(|(_, mistake)| mistake.into())
        })
    }

    fn verifies(&mut self, mapped: &Mapped<'_>, password: &[u8]) -> bool {
        self.spend() && mapped.login(password, self.profile) == Login::Match
    }

    fn spend(&mut self) -> bool {
        let affordable = self.left > 0;
        self.left = self.left.saturating_sub(1);
        affordable
    }

    /// The password is right and a parameter beside the hash is not.
    fn parameters(&mut self, input: &HashInput<'_>, password: &str) -> Option<Cow<'static, str>> {
        match self.mapped.endpoint {
            Endpoint::ScryptModified if self.mapped.scheme == "firebase-scrypt" => self.firebase(input, password),
            Endpoint::Scrypt | Endpoint::ScryptModified => self.scrypt(input, password),
            Endpoint::Argon2 => self.argon2(password),
            Endpoint::Md5 | Endpoint::Sha => self.digest(password),
            Endpoint::Bcrypt => self.sign_extension(password),
            Endpoint::Phpass | Endpoint::Plain => None,
        }
    }

    fn firebase(&mut self, input: &HashInput<'_>, password: &str) -> Option<Cow<'static, str>> {
        let fields = &self.mapped.fields;
        let given = input.salt_separator.as_deref().unwrap_or_default();
        let decode = |text: &str| encoding::base64(text).unwrap_or_default();
        let (first, second) = (fields.password_salt.as_deref()?, fields.password_salt_separator.as_deref()?);
        // The salt as the record has it: an empty separator has taken its last byte.
        let salt = if given.is_empty() { [decode(first), decode(second)].concat() } else { decode(first) };
        let signer_key = fields.password_signer_key.as_deref()?;
        let separator = decode(given);
        let written = input.salt.as_deref().unwrap_or_default().as_bytes();
        let attempts: [(&[u8], &[u8], &str, &'static str); 5] = [
            (&salt, &[7], signer_key, "the salt separator is `Bw==`"),
            (&salt, &[], signer_key, "the salt separator is empty"),
            (written, &separator, signer_key, "the salt is taken as text instead of base64"),
            (&salt, &decode(signer_key), given, "signer key and salt separator change places"),
            (&salt, given.as_bytes(), signer_key, "the salt separator is taken as text instead of base64"),
        ];
        attempts.into_iter().find_map(|(salt, separator, key, mistake)| {
            if !self.spend() {
                return None;
            }
            let salt = [salt, separator].concat();
            let derived = scrypt::derive(password.as_bytes(), &salt, scrypt::Cost::FIREBASE, 64)?;
            let fits = scrypt::sign(&derived, &decode(key)).is_some_and(|hash| hash == fields.password);
            fits.then_some(mistake.into())
        })
    }

    fn scrypt(&mut self, input: &HashInput<'_>, password: &str) -> Option<Cow<'static, str>> {
        let (n, r, p) = match (input.scrypt_n, input.scrypt_r, input.scrypt_p) {
            (Some(n), Some(r), Some(p)) => (n, r, p),
            _ => (
                self.mapped.fields.password_cpu?.into(),
                self.mapped.fields.password_memory?.into(),
                self.mapped.fields.password_parallel?.into(),
            ),
        };
        let text = input.salt.as_deref().or(self.mapped.fields.password_salt.as_deref())?;
        let hash = match input.salt {
            Some(_) => input.hash.trim_ascii(),
            None => &self.mapped.fields.password,
        };
        let expected = if is_hex(hash) { unhex(hash) } else { encoding::base64(hash) }?;
        let salts = [
            (Some(text.as_bytes().to_vec()), "the salt is text (password_salt_encoding utf8)"),
            (unhex(text), "the salt is hexadecimal of bytes (password_salt_encoding hex)"),
            (encoding::base64(text), "the salt is base64 of bytes (password_salt_encoding base64)"),
        ];
        let costs = [(n, r, p), (n, 8, 1), (n, 16, 1), (n, p, r), (16384, 8, 1), (16384, 16, 1), (32768, 8, 1)];
        for (i, cost) in costs.into_iter().enumerate() {
            if costs[..i].contains(&cost) {
                continue;
            }
            let (n, r, p) = cost;
            for (salt, mistake) in &salts {
                let Some(salt) = salt.as_deref().filter(|_| self.spend()) else { continue };
                let derived =
                    scrypt::derive(password.as_bytes(), salt, scrypt::Cost { n, r, p }, expected.len().min(4096));
                if derived.as_deref() == Some(&expected) {
                    return Some(match i {
                        0 => (*mistake).into(),
                        _ => format!("N={n}, r={r}, p={p} and {mistake}").into(),
                    });
                }
            }
        }
        None
    }

    fn argon2(&mut self, password: &str) -> Option<Cow<'static, str>> {
        let hash = &self.mapped.fields.password;
        let decoded = verify::argon2::decode(hash)?;
        let (t, p) = (decoded.time, decoded.lanes);
        let version = if decoded.version == 0x10 {
            if hash.contains("$v=16$") { hash.replace("$v=16$", "$v=19$") } else { hash.replacen("$m=", "$v=19$m=", 1) }
        } else {
            hash.replace("$v=19$", "$v=16$")
        };
        let kind = if hash.starts_with("$argon2id") {
            hash.replacen("$argon2id", "$argon2i", 1)
        } else {
            hash.replacen("$argon2i", "$argon2id", 1)
        };
        let swapped = hash.replacen(&format!("t={t},p={p}"), &format!("t={p},p={t}"), 1);
        [
            (version, "the version is the other one (v=16 or v=19)"),
            (kind, "the type is the other one (argon2i or argon2id)"),
            (swapped, "passes and lanes change places"),
        ]
        .into_iter()
        .find(|(other, _)| {
            *other != **hash && self.spend() && verify::argon2::verify(password.as_bytes(), other) == Login::Match
        })
        .map(|(_, mistake)| mistake.into())
    }

    /// Another digest of the same length.
    fn digest(&mut self, password: &str) -> Option<Cow<'static, str>> {
        let names = [
            "sha224",
            "sha512/224",
            "sha3-224",
            "sha256",
            "sha512/256",
            "sha3-256",
            "sha384",
            "sha3-384",
            "sha512",
            "sha3-512",
        ];
        names
            .into_iter()
            .find(|name| {
                verify::sha(name, password.as_bytes()).is_some_and(|digest| hex(&digest) == self.mapped.fields.password)
            })
            .map(|name| format!("the digest is {name} (--scheme {name})").into())
            .or_else(|| {
                let keccak = foreign::verify(
                    "keccak",
                    &HashInput { hash: (&*self.mapped.fields.password).into(), ..HashInput::default() },
                    password.as_bytes(),
                );
                (keccak == Some(true))
                    .then(|| format!("the digest is Keccak, as it was before it became SHA-3{PRE_HASHED}").into())
            })
    }

    fn sign_extension(&mut self, password: &str) -> Option<Cow<'static, str>> {
        let hash = &self.mapped.fields.password;
        if password.is_ascii() || !hash.starts_with("$2") {
            return None;
        }
        let (other, mistake) = if hash.starts_with("$2x$") {
            ("$2y$", "its label is $2y$: the hash is right and was relabelled $2x$")
        } else {
            ("$2x$", "its label is $2x$: the hash was made by an old crypt_blowfish")
        };
        let relabelled = format!("{other}{}", hash.get(4..)?);
        let verifies = self.spend() && verify::crypt::password_verify(password.as_bytes(), &relabelled) == Login::Match;
        verifies.then_some(mistake.into())
    }
}

const PRE_HASHED: &str = "; no endpoint of Appwrite repeats that";

/// What a source may have hashed instead of the password as it is typed, likeliest first.
fn variants(password: &str, endpoint: Endpoint, salt: Option<&str>) -> Vec<(Vec<u8>, String)> {
    let bytes = password.as_bytes();
    let mut out: Vec<(Vec<u8>, String)> = Vec::new();
    let mut text = |variant: String, mistake: &str| out.push((variant.into_bytes(), mistake.to_owned()));
    text(password.trim().to_owned(), "blanks around the password are removed");
    text(password.nfkc().collect(), "the password is in Unicode's NFKC form");
    text(password.nfc().collect(), "the password is in Unicode's NFC form");
    text(password.nfd().collect(), "the password is in Unicode's NFD form");
    let entities = password.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text(entities.clone(), "& < > and quotes of the password are HTML entities");
    text(entities.replace('\'', "&#039;"), "& < > and quotes of the password are HTML entities");
    let slashed: String =
        password.chars().flat_map(|c| matches!(c, '\'' | '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    text(slashed, "quotes and backslashes of the password have a backslash before them");
    text(format!("{password}\n"), "a line feed stands behind the password");
    text(password.to_lowercase(), "the password is in lower case");
    text(password.to_uppercase(), "the password is in upper case");
    let mut pre_hashed = |digest: &[u8], name: &str| {
        out.push((
            hex(digest).into_bytes(),
            format!("the password is replaced by its {name} in hexadecimal{PRE_HASHED}"),
        ));
    };
    let md5 = Md5::digest(bytes);
    let sha = |name| verify::sha(name, bytes).unwrap_or_default();
    pre_hashed(&sha("sha256"), "SHA-256");
    pre_hashed(&md5, "MD5");
    pre_hashed(&sha("sha512"), "SHA-512");
    pre_hashed(&sha("sha1"), "SHA-1");
    for (name, digest) in [("SHA-256", sha("sha256")), ("SHA-512", sha("sha512")), ("SHA-384", sha("sha384"))] {
        let mistake = format!("the password is replaced by its {name} in base64{PRE_HASHED}");
        out.push((STANDARD.encode(digest).into_bytes(), mistake));
    }
    if let Some(salt) = salt.filter(|salt| !salt.is_empty()) {
        let mut salted = |bytes: Vec<u8>, place: &str| {
            out.push((bytes, format!("the salt of its column stands {place} the password{PRE_HASHED}")));
        };
        salted([salt.as_bytes(), bytes].concat(), "before");
        salted([bytes, salt.as_bytes()].concat(), "behind");
    }
    if endpoint == Endpoint::Bcrypt {
        out.push((foreign::wordpress(bytes), format!("the hash is WordPress's and gets its $wp back{PRE_HASHED}")));
    }
    if matches!(endpoint, Endpoint::Md5 | Endpoint::Sha) {
        let utf16 = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        out.push((utf16, format!("the password is in UTF-16{PRE_HASHED}")));
    }
    let latin1: Option<Vec<u8>> = password.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    if let Some(latin1) = latin1 {
        out.push((latin1, format!("the password is in Latin-1{PRE_HASHED}")));
    }
    out
}

/// One line of `--known`.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownPassword {
    /// The address, where the file has that column.
    pub email: Option<String>,
    /// The source's id, where the file has that column.
    pub id: Option<String>,
    /// The password.
    pub password: String,
}

// A password must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for KnownPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownPassword").field("email", &self.email).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads `--known`: CSV with a header that has `password` and one or both of `email` and `id`, in any order. Passwords
/// are taken as they stand, blanks included.
///
/// # Errors
/// [`RunError::io`] where the file cannot be read; [`RunError::usage`] for a header without these columns and for lines
/// that are no CSV, by their number.
pub fn read(path: &Path) -> Result<Vec<KnownPassword>, RunError> {
    let usage = |text: String| RunError::usage(format!("{}: {text}", path.display()));
    let bytes = std::fs::read(path).map_err(RunError::io(path))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let no_header = |e| RunError::usage(path.display().to_string()).because(e);
    let header = reader.headers().map_err(no_header)?.clone();
    let column = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
    let Some(password) = column("password") else { return Err(usage("the header has no column `password`".into())) };
    let (email, id) = (column("email"), column("id"));
    if email.is_none() && id.is_none() {
        return Err(usage("the header has neither a column `email` nor a column `id`".into()));
    }
    let mut known = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| match e.position() {
            // The error's own text may quote the line.
            Some(position) => usage(format!("line {} is not CSV of the header's width", position.line())),
            None => usage("not CSV".into()),
        })?;
        let value = |index: Option<usize>| {
            index.and_then(|i| row.get(i)).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned)
        };
        let password = row.get(password).unwrap_or_default().to_owned();
        known.push(KnownPassword { email: value(email), id: value(id), password });
    }
    Ok(known)
}

#[cfg(test)]
mod tests;
