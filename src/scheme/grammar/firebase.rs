//! Firebase's scrypt: the CLI's export, the Admin SDK's, Supabase's `$fbscrypt$` and Clerk's six fields.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::appwrite::{Endpoint, rules};
use crate::code::{Code, Refusal};
use crate::scheme::encoding;
use crate::scheme::job::{Behind, Job, Step};
use crate::scheme::verdict::{PasswordFields, Verdict};

const NAME: &str = "firebase-scrypt";

/// What a Firebase hash is made of.
struct FirebaseHash<'s> {
    hash: &'s str,
    salt: &'s str,
    signer_key: &'s str,
    separator: &'s str,
    rounds: u64,
    mem_cost: u64,
}

/// A hash with its parameters beside it. Rounds and mem_cost that nobody gave are what every Firebase project has.
pub fn resolve<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    if text == "UkVEQUNURUQ=" {
        let text = "the exporter wrote REDACTED in the place of the hash";
        return Verdict::Refused(Refusal::new(Code::RedactedHash, text).scheme(NAME)).into();
    }
    if let Some(password) = text.strip_prefix("fakeHash:").and_then(|rest| rest.split_once(":password=")) {
        return job.uncovered("take the emulator's plain password", Behind::Plain, password.1);
    }
    if memchr::memchr(b'$', text.as_bytes()).is_some() {
        return clerk(job, text).into();
    }
    let Some(salt) = job.parts.salt.filter(|salt| !salt.is_empty()) else {
        return job.refuse(Code::ParametersMissing, NAME, "the record has no salt beside its Firebase hash").into();
    };
    let (Some(signer_key), Some(separator)) = (job.parts.signer_key, job.parts.salt_separator) else {
        let text = "a Firebase hash needs the project's signer key and salt separator";
        return Verdict::Refused(Refusal::new(Code::HashConfigMissing, text).scheme(NAME)).into();
    };
    let (rounds, mem_cost) = (job.parts.input.rounds.unwrap_or(8), job.parts.input.mem_cost.unwrap_or(14));
    finish(job, FirebaseHash { hash: text, salt, signer_key, separator, rounds, mem_cost }).into()
}

/// Supabase: `$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$hash`, in which n is mem_cost and r is rounds.
pub fn supabase<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let parse = || {
        let mut fields = text.strip_prefix("$fbscrypt$")?.split('$');
        let (parameters, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        let (mut row, mut p) = (FirebaseHash { hash, salt, signer_key: "", separator: "", rounds: 0, mem_cost: 0 }, 1);
        for parameter in parameters.split(',') {
            match parameter.split_once('=')? {
                ("v", "1") => {}
                ("n", n) => row.mem_cost = encoding::decimal(n)?,
                ("r", r) => row.rounds = encoding::decimal(r)?,
                ("p", value) => p = encoding::decimal::<u64>(value)?,
                ("ss", separator) => row.separator = separator,
                ("sk", key) => row.signer_key = key,
                _ => return None,
            }
        }
        (fields.next().is_none() && p == 1 && !row.signer_key.is_empty()).then_some(row)
    };
    let Some(row) = parse() else {
        return job.malformed(NAME, "$fbscrypt$ needs v=1, n, r, p=1, ss, sk, a salt and a hash");
    };
    job.converted("split $fbscrypt$ string");
    finish(job, row)
}

/// Clerk: `hash$salt$signer key$separator$rounds$mem_cost`.
fn clerk<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let fields: Vec<&str> = text.splitn(7, '$').collect();
    let [hash, salt, signer_key, separator, rounds, mem_cost] = fields[..] else {
        return job.unrecognised();
    };
    let (Some(rounds), Some(mem_cost)) = (encoding::decimal(rounds), encoding::decimal(mem_cost)) else {
        return job.malformed(NAME, "rounds and mem_cost are not numbers");
    };
    job.converted("split hash$salt$key$separator$rounds$mem_cost");
    finish(job, FirebaseHash { hash, salt, signer_key, separator, rounds, mem_cost })
}

fn finish<'s>(job: &mut Job<'s, '_>, row: FirebaseHash<'s>) -> Verdict<'s> {
    if (row.rounds, row.mem_cost) != (8, 14) {
        let text = format!(
            "Appwrite computes Firebase's scrypt with rounds 8 and mem_cost 14 alone; this project has {} and {}",
            row.rounds, row.mem_cost
        );
        return job.refuse(Code::UnsupportedScheme, NAME, text);
    }
    let mut rewritten = false;
    let mut standard = |text: &'s str| {
        let (text, length) = encoding::standard(text)?;
        rewritten |= matches!(text, Cow::Owned(_));
        Some((text, length))
    };
    let (Some((password, hash_length)), Some((salt, salt_length)), Some((signer_key, key_length))) =
        (standard(row.hash), standard(row.salt), standard(row.signer_key))
    else {
        return job.malformed(NAME, "hash, salt and signer key are base64");
    };
    let separator = if row.separator.is_empty() { Some((Cow::Borrowed(""), 0)) } else { standard(row.separator) };
    let Some((separator, _)) = separator else { return job.malformed(NAME, "the salt separator is base64") };
    if hash_length != key_length {
        return job.malformed(NAME, "the hash is as long as the signer key, which it encrypts; these two are not");
    }
    if rewritten {
        job.converted("URL-safe base64 -> standard base64 with padding");
    }
    let (salt, separator) = if separator.is_empty() {
        if salt_length < 2 {
            return job.malformed(NAME, "the salt is too short to do without a separator");
        }
        // The server concatenates the two and refuses an empty separator.
        job.converted("move the salt's last byte into the empty separator");
        let mut bytes = encoding::base64(&salt).unwrap_or_default();
        let last = bytes.split_off(bytes.len().saturating_sub(1));
        (Cow::Owned(STANDARD.encode(bytes)), Cow::Owned(STANDARD.encode(last)))
    } else {
        (salt, separator)
    };
    if [&salt, &separator, &signer_key].iter().any(|text| text.len() > rules::TEXT_MAX) {
        return job.refuse(
            Code::UnsupportedScheme,
            NAME,
            "salt, separator and signer key may have 128 characters of base64 each",
        );
    }
    job.ascii_only();
    let fields = PasswordFields {
        password,
        password_salt: Some(salt),
        password_salt_separator: Some(separator),
        password_signer_key: Some(signer_key),
        ..PasswordFields::default()
    };
    job.maps_fields(NAME, Endpoint::ScryptModified, fields)
}
