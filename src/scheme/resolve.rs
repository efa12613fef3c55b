//! The order of recognition: what is said of a hash first, then what its string says of itself, then its shape. What is
//! written around a hash is taken off a layer a turn.

use std::borrow::Cow;

use super::grammar::{argon2, bcrypt, crypt, digest, encoded, firebase, scrypt, systems, wrapper};
use super::job::{Behind, Job, Parts, Step};
use super::marker::unusable_marker;
use super::mask::is_mask;
use super::registry::{self, Becomes};
use super::verdict::{Mapped, Verdict, plain};
use super::{encoding, itoa64};
use crate::account::{HashInput, Hint};
use crate::appwrite::{Endpoint, Profile};
use crate::bytes::is_hex;
use crate::code::{Code, Note, Refusal};

/// Wrappers within wrappers; real ones go two deep (`{ldap}{CRYPT}`).
const MAX_WRAPPERS: u8 = 4;

/// Decides what a hash becomes on a version of Appwrite. Pure, total and linear in the input's length; what passes
/// unchanged is borrowed.
#[must_use]
pub fn resolve<'a>(input: &HashInput<'a>, profile: &Profile) -> Verdict<'a> {
    let borrowed = |text: &Cow<'a, str>| match text {
        Cow::Borrowed(text) => Some(*text),
        Cow::Owned(_) => None,
    };
    // All of the record's strings live as long as the verdict, or none is borrowed by it.
    let all = || -> Option<[Option<&'a str>; 4]> {
        let optional = |text: &Option<Cow<'a, str>>| match text {
            None => Some(None),
            Some(text) => borrowed(text).map(Some),
        };
        Some([
            Some(borrowed(&input.hash)?),
            optional(&input.salt)?,
            optional(&input.signer_key)?,
            optional(&input.salt_separator)?,
        ])
    };
    if let Some(strings) = all() {
        return resolve_strings(input, strings, profile);
    }
    let strings =
        [Some(&*input.hash), input.salt.as_deref(), input.signer_key.as_deref(), input.salt_separator.as_deref()];
    resolve_strings(input, strings, profile).into_owned()
}

fn resolve_strings<'s>(
    input: &HashInput<'_>,
    [hash, salt, signer_key, salt_separator]: [Option<&'s str>; 4],
    profile: &Profile,
) -> Verdict<'s> {
    let name = input.declared.as_deref().map(crate::bytes::trim).filter(|name| !name.is_empty());
    let declared = name.and_then(registry::find);
    if let (Some(name), None) = (name, declared) {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        return Verdict::Refused(Refusal::new(Code::UnknownScheme, format!("`{shown}` is no scheme rehome knows")));
    }
    let parts = Parts { declared, salt, signer_key, salt_separator, input };
    let mut job = Job { parts, profile, conversion: Vec::new(), notes: Vec::new(), unwrapped: 0, named: false };
    let step = first(&mut job, hash.unwrap_or_default());
    let mut verdict = run(&mut job, step);
    if let Verdict::Maps(mapped) = &mut verdict {
        tell_of_prepared(mapped, input.hints);
    }
    verdict
}

/// Says of SHA and of DES what the source does to a password first; phpass says it of itself.
fn tell_of_prepared(mapped: &mut Mapped<'_>, hints: &[Hint]) {
    let concerned = mapped.scheme == "descrypt" || mapped.endpoint == Endpoint::Sha;
    let how = hints.iter().find_map(|hint| if let Hint::Prepared(how) = hint { Some(*how) } else { None });
    if let Some(how) = how.filter(|_| concerned) {
        mapped.notes.push(Note::new(Code::PasswordPrepared, how));
    }
}

/// Declares a scheme for every hash of an export, `--scheme`: it holds where the record declares none and the string is
/// not one that says itself to be something else (exports hold old digests beside newer bcrypt).
///
/// Says whether it holds.
pub fn declare(input: &mut HashInput<'_>, scheme: &str) -> bool {
    let says_itself = input.hash.trim_ascii_start().starts_with(['$', '{']);
    let declared = registry::find(scheme).map_or(scheme, |scheme| scheme.name);
    let shapeless =
        registry::digest_length(declared).is_some() || matches!(declared, "descrypt" | "scrypt" | "firebase-scrypt");
    if let Some(own) = &input.declared {
        return own == scheme || registry::find(own).is_some_and(|own| own.name == declared);
    }
    if says_itself && shapeless {
        return false;
    }
    input.declared = Some(Cow::Owned(scheme.to_owned()));
    true
}

/// Takes off one wrapper a turn until something answers.
fn run<'s>(job: &mut Job<'s, '_>, mut step: Step<'s>) -> Verdict<'s> {
    loop {
        let (behind, text) = match step {
            Step::Answer(verdict) => return verdict,
            Step::Behind(behind, text) => (behind, text),
        };
        step = match text {
            Cow::Borrowed(text) => within(job, behind, text),
            // A string that was put together here lives no longer than this turn.
            Cow::Owned(text) => {
                let (conversion, notes) = (std::mem::take(&mut job.conversion), std::mem::take(&mut job.notes));
                let Job { parts, profile, unwrapped, named, .. } = *job;
                let mut job = Job { parts, profile, conversion, notes, unwrapped, named };
                let step = within(&mut job, behind, &text);
                return run(&mut job, step).into_owned();
            }
        }
    }
}

/// The string as it came.
fn first<'s>(job: &mut Job<'s, '_>, hash: &'s str) -> Step<'s> {
    if job.declared() == Some("plain") {
        return plain(Cow::Borrowed(hash.strip_prefix("{noop}").unwrap_or(hash)), job.profile).into();
    }
    let mut text = hash.trim_ascii();
    if text.len() != hash.len() {
        job.converted("trim whitespace");
    }
    // Doubled quoting of an exporter; no hash begins or ends with one.
    if let [opening @ (b'"' | b'\''), .., closing] = text.as_bytes()
        && opening == closing
    {
        job.converted("strip quotes");
        text = text[1..text.len() - 1].trim_ascii();
    }
    if unusable_marker(text) {
        let text = "the string is a marker for an account without a usable password";
        return Verdict::Refused(Refusal::new(Code::UnusablePassword, text)).into();
    }
    if is_mask(text) {
        return Verdict::Refused(Refusal::new(Code::RedactedHash, "a mask stands in the place of the password")).into();
    }
    if let Some(scheme) = job.parts.declared
        && (matches!(scheme.becomes, Becomes::Nothing(_)) || scheme.on(job.profile).is_err())
    {
        return if lacks_its_salt(job, scheme.name, text) {
            job.refuse(
                Code::ParametersMissing,
                scheme.name,
                "a salt is hashed with the password, and none is read beside the hash",
            )
        } else {
            job.unsupported(scheme.name)
        }
        .into();
    }
    if let Some(step) = encoded::uncover(job, text) {
        return step;
    }
    let says_itself = text.starts_with(['$', '{']);
    let firebase = match job.declared() {
        Some(name) => name == "firebase-scrypt" && !text.starts_with("$fbscrypt$"),
        None => !says_itself && (job.has(Hint::Firebase) || job.parts.signer_key.is_some()),
    };
    if firebase {
        return firebase::resolve(job, text);
    }
    let row = match job.declared() {
        Some(name) => name == "scrypt" && !says_itself && !text.starts_with("scrypt"),
        None => !says_itself && job.parts.input.scrypt_n.is_some(),
    };
    if row {
        return scrypt::row(job, text).into();
    }
    recognise(job, text)
}

/// Whether a hash of a scheme whose salt stands in a column of its own, or within the string, has it in neither.
fn lacks_its_salt(job: &Job<'_, '_>, scheme: &str, text: &str) -> bool {
    let is_bare = match scheme {
        "salted-md5" | "salted-sha1" | "salted-sha256" | "salted-sha384" | "salted-sha512" => {
            digest::shape(text).is_some()
        }
        "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" => digest::is_bare(text),
        _ => false,
    };
    is_bare && job.salt().is_none()
}

/// A string that stood behind a wrapper.
fn within<'s>(job: &mut Job<'s, '_>, behind: Behind, text: &'s str) -> Step<'s> {
    job.unwrapped += 1;
    job.named |= behind != Behind::Same;
    if job.unwrapped > MAX_WRAPPERS {
        return Verdict::Refused(Refusal::new(Code::UnrecognisedHash, "the hash is wrapped too often")).into();
    }
    if behind != Behind::Plain && unusable_marker(text) {
        let text = "behind its wrapper stands a marker for an account without a usable password";
        return Verdict::Refused(Refusal::new(Code::UnusablePassword, text)).into();
    }
    match behind {
        Behind::Plain => {
            let mut verdict = plain(Cow::Borrowed(text), job.profile);
            if let Verdict::Maps(mapped) = &mut verdict {
                mapped.conversion = std::mem::take(&mut job.conversion);
            }
            verdict.into()
        }
        Behind::Digest(scheme) => digest::named(job, scheme, text).into(),
        Behind::Spring => scrypt::spring(job, text).into(),
        Behind::Crypt if text.len() == 13 => crypt::des_named(job, text).into(),
        Behind::Crypt if crypt::is_bigcrypt(text) && job.declared().is_none() => job.unsupported("bigcrypt").into(),
        Behind::Same | Behind::Itself | Behind::Crypt => recognise(job, text),
    }
}

fn recognise<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    // A declared digest may look like anything else by chance: `_…` in URL-safe base64, but in no alphabet is there a `$`.
    if !text.starts_with('$')
        && let Some(name) = job.declared().filter(|name| registry::digest_length(name).is_some())
        && digest::shape(text).is_some()
    {
        return digest::named(job, name, text).into();
    }
    // A key whose salt stands in a column of its own.
    if let Some(name @ ("better-auth" | "lucia" | "lucia-v1")) = job.declared()
        && let Some(salt) = job.parts.salt.filter(|_| is_hex(text) && text.len() == 128)
    {
        return scrypt::salt_and_key(job, name, salt, text).into();
    }
    if let Some(scheme) = systems::of_one_system(text) {
        return job.unsupported(scheme).into();
    }
    match text.as_bytes() {
        [b'$', ..] => modular(job, text),
        [b'{', b'"', ..] => systems::json(job, text),
        [b'[', b'"', ..] => systems::recipe(job, text),
        [b'{', ..] => wrapper::unwrap(job, text),
        [b'_', ..] if text.len() == 20 => crypt::bsdi(job, text).into(),
        [b':', ..] => systems::mediawiki(job, text),
        [b'*', digits @ ..] if digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit) => {
            job.unsupported("mysql41").into()
        }
        [b'a', b':', b'1'..=b'9', ..] => systems::xenforo(job, text),
        [version, b'|', ..] if version.is_ascii_digit() => {
            job.uncovered("strip version \"N|\"", Behind::Itself, &text[2..])
        }
        _ => match NAMED.iter().find(|(beginning, _)| text.starts_with(beginning)) {
            Some((_, system)) => system(job, text),
            None => shape(job, text),
        },
    }
}

/// Anything that begins with `$`, by the tag between its first two.
fn modular<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let tag = &text[1..];
    let tag = &tag[..tag.bytes().position(|b| b == b'$').unwrap_or(tag.len())];
    if matches!(tag, "2" | "5" | "6" | "7")
        && let Some(step) = systems::borrowed_tag(job, text)
    {
        return step;
    }
    let verdict = match tag {
        "2a" | "2b" | "2x" | "2y" => bcrypt::bcrypt(job, text),
        "argon2id" | "argon2i" => argon2::phc(job, text),
        "P" | "H" => crypt::phpass(job, text),
        "1" => crypt::salted(job, text, "md5crypt"),
        "5" => crypt::salted(job, text, "sha256crypt"),
        "6" => crypt::salted(job, text, "sha512crypt"),
        "7" => scrypt::crypt_7(job, text),
        "scrypt" => scrypt::phc(job, text),
        "bcrypt" => return bcrypt::phc(job, text),
        "s0" => scrypt::spring(job, &text[3..]),
        "fbscrypt" => firebase::supabase(job, text),
        // Mattermost: the digest is a parameter.
        "pbkdf2" if text.starts_with("$pbkdf2$f=SHA256,") => job.unsupported("pbkdf2-sha256"),
        "pbkdf2" if text.starts_with("$pbkdf2$f=SHA512,") => job.unsupported("pbkdf2-sha512"),
        // Spring's scrypt writes its parameters as the tag.
        _ if scrypt::spring_cost(tag).is_some() => scrypt::spring(job, text),
        _ => match UNSUPPORTED_TAGS.iter().find(|(tags, _)| tags.split(' ').any(|known| known == tag)) {
            Some((_, scheme)) => job.unsupported(scheme),
            None if tag.starts_with("md5,") => job.unsupported("sunmd5"),
            None => job.unrecognised(),
        },
    };
    verdict.into()
}

/// Tags of what no endpoint verifies.
const UNSUPPORTED_TAGS: &[(&str, &str)] = &[
    ("wp", "wp-bcrypt"),
    ("2", "bcrypt-2"),
    ("argon2d", "argon2d"),
    ("y", "yescrypt"),
    ("gy", "gost-yescrypt"),
    ("sm3", "sm3crypt"),
    ("sm3y", "sm3-yescrypt"),
    ("apr1", "apr1"),
    ("sha1", "sha1crypt"),
    ("md5", "sunmd5"),
    ("S", "drupal7"),
    ("3", "ntlm"),
    ("A", "mysql-sha2"),
    ("bcrypt-sha256", "bcrypt-sha256"),
    ("pbkdf2 pbkdf2-sha1 pbkdf2-hmac-sha1 p5k2", "pbkdf2-sha1"),
    ("pbkdf2-sha256 pbkdf2-hmac-sha256", "pbkdf2-sha256"),
    ("pbkdf2-sha512 pbkdf2-hmac-sha512 ml", "pbkdf2-sha512"),
    ("scram xmpp-scram mongodb-scram", "scram"),
    ("SHA", "salted-sha256"),
    ("B PHPS", "salted-md5"),
    ("episerver", "salted-sha1"),
    ("BLAKE2", "blake2b-512"),
    ("DCC2", "msdcc"),
    ("cram_md5", "cram"),
    ("8 9 14", "cisco"),
];

type System = for<'s, 'p> fn(&mut Job<'s, 'p>, &'s str) -> Step<'s>;

/// Beginnings that no digest and no user name has. The first that fits decides.
const NAMED: &[(&str, System)] = &[
    ("argon2$argon2", |job, text| job.uncovered("strip leading \"argon2\"", Behind::Itself, &text["argon2".len()..])),
    ("bcrypt$$2", |job, text| job.uncovered("strip leading \"bcrypt$\"", Behind::Itself, &text["bcrypt$".len()..])),
    ("bcrypt_sha256$", |job, _| job.unsupported("bcrypt-sha256").into()),
    ("pbkdf2_sha256$", |job, _| job.unsupported("pbkdf2-sha256").into()),
    ("pbkdf2_sha1$", |job, _| job.unsupported("pbkdf2-sha1").into()),
    ("pbkdf2_sha512$", |job, _| job.unsupported("pbkdf2-sha512").into()),
    ("pbkdf2_", |job, _| job.unsupported("pbkdf2").into()),
    ("pbkdf2:sha1:", |job, _| job.unsupported("pbkdf2-sha1").into()),
    ("pbkdf2:sha256:", |job, _| job.unsupported("pbkdf2-sha256").into()),
    ("pbkdf2:sha512:", |job, _| job.unsupported("pbkdf2-sha512").into()),
    ("pbkdf2-sha256-", |job, _| job.unsupported("pbkdf2-sha256").into()),
    ("pbkdf2-sha512-", |job, _| job.unsupported("pbkdf2-sha512").into()),
    ("pbkdf2", |job, _| job.unsupported("pbkdf2").into()),
    ("bcrypt:$2", |job, text| job.uncovered("strip \"bcrypt:\"", Behind::Itself, &text["bcrypt:".len()..])),
    ("argon2:$argon2", |job, text| job.uncovered("strip \"argon2:\"", Behind::Itself, &text["argon2:".len()..])),
    // npm scrypt-kdf: base64 of a header that begins with the word.
    ("c2NyeXB0A", |job, _| job.unsupported("scrypt-kdf").into()),
    ("grub.pbkdf2.", |job, _| job.unsupported("pbkdf2-sha512").into()),
    ("sha1:1000:", |job, _| job.unsupported("pbkdf2-sha1").into()),
    ("sha256:1000:", |job, _| job.unsupported("pbkdf2-sha256").into()),
    ("sha512:1000:", |job, _| job.unsupported("pbkdf2-sha512").into()),
    ("md5:1000:", |job, _| job.unsupported("pbkdf2").into()),
    ("scrypt$", |job, text| scrypt::django(job, text).into()),
    ("scrypt:", |job, text| scrypt::werkzeug(job, text).into()),
    ("md5$", systems::django_digest),
    ("sha1$", systems::django_digest),
    ("sha256$", |job, _| job.unsupported("salted-sha256").into()),
    ("sha512$", |job, _| job.unsupported("salted-sha512").into()),
    ("crypt$", systems::django_crypt),
    ("s2:", |job, text| scrypt::lucia_2(job, text).into()),
    ("U$S$", |job, _| job.unsupported("drupal7").into()),
    ("U$P$", |job, _| job.unsupported("drupal7").into()),
    ("SCRAM-SHA-", |job, _| job.unsupported("scram").into()),
    ("0x0100", |job, _| job.unsupported("mssql").into()),
    ("0x0200", |job, _| job.unsupported("mssql").into()),
    ("S:", |job, _| job.unsupported("oracle").into()),
    ("T:", |job, _| job.unsupported("oracle").into()),
    ("SCRYPT:", |job, _| job.unrecognised().into()),
];

/// What is left are strings that only their shape tells apart.
fn shape<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    if let Some((size, _)) = digest::shape(text) {
        return digest::undeclared(job, text, size).into();
    }
    if text.len() == 13 && itoa64::is_valid(text) {
        return crypt::des(job, text).into();
    }
    if let Some(step) = scrypt::joined(job, text) {
        return step.into();
    }
    if let Some((before, after)) = text.split_once(':') {
        return if after.len() == 128 && is_hex(after) {
            scrypt::colons(job, before, after).into()
        } else {
            systems::colons(job, before, after)
        };
    }
    if text.len() == 16 && is_hex(text) {
        return job.unsupported("mysql323").into();
    }
    if text.len() == 35 && text.strip_prefix("md5").is_some_and(is_hex) {
        return job.unsupported("postgres-md5").into();
    }
    if crypt::is_bigcrypt(text) {
        return match job.declared() {
            None if job.has(Hint::Crypt) => job.unsupported("bigcrypt").into(),
            // Longer ones are base64 of something, sooner.
            None if text.len() > 46 => job.unrecognised().into(),
            None => job
                .ambiguous(&["bigcrypt", "plain"], "so many characters of ./0-9A-Za-z are bigcrypt or a token")
                .into(),
            Some(_) => job.unrecognised().into(),
        };
    }
    if is_hex(text) && text.len() >= 24 && job.declared().is_none() {
        let text = format!(
            "{} bytes in hexadecimal are the output of a key derivation, of which nothing says",
            text.len() / 2
        );
        return job.ambiguous(&["pbkdf2", "scrypt", "nested-digest"], text).into();
    }
    if is_aspnet_identity(text) {
        return job.unsupported("aspnet-identity").into();
    }
    job.unrecognised().into()
}

/// ASP.NET Identity's `PasswordHasher`: base64 of a marker byte, 0 (version 2: 16 bytes of salt, 32 of key) or 1
/// (version 3: PRF, iterations and salt length as 32-bit numbers).
fn is_aspnet_identity(text: &str) -> bool {
    if text.len() > 512 {
        return false;
    }
    match encoding::base64(text).as_deref() {
        Some([0, rest @ ..]) => rest.len() == 48,
        Some([1, 0, 0, 0, 0..=3, _, _, _, _, 0, 0, 0, salt, rest @ ..]) => rest.len() >= usize::from(*salt) + 16,
        _ => false,
    }
}
