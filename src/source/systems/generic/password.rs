//! The credential of a record: which of its columns holds it, and whether that is a hash, plain text, or a mask.

use std::borrow::Cow;

use super::columns::{COLUMNS, COUNT, at};
use crate::account::{Credential, HashInput};
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, Value};
use crate::scheme::{is_mask, registry};
use crate::source::kit::cell::{self, Cell};
use crate::source::kit::common;
use crate::source::kit::mark::{Mark, mark};
use crate::source::kit::strict::{self, unclear};
use crate::source::{Context, FirebaseHashConfig};

type Members<'r> = [Option<&'r Value<'r>>; COUNT];

/// The credential. What a column called `password` holds is decided cell by cell here, and for the column as a whole when
/// all have been seen ([`crate::plan::judge`]), before anything is sent.
///
/// # Errors
/// A mask, and what no one can understand.
pub(super) fn of<'r>(
    record: &'r Record<'r>,
    members: &Members<'r>,
    by_phone: bool,
    context: &Context<'r>,
) -> Result<Credential<'r>, Refusal> {
    let declares = members[at::SCHEME].is_some_and(|scheme| !scheme.is_empty());
    let mut hash = members[at::HASH].map(if declares { cell::look_declared } else { cell::look });
    if let Some(text) = members[at::PLAIN].and_then(Value::text).filter(|text| !text.is_empty()) {
        return plain("plain_password", text);
    }
    let mut undeclared = members[at::PASSWORD].map(cell::look);
    if !context.ignore.is_empty() && matches!(undeclared, Some(Cell::Words(_))) {
        if is_ignored(members[at::HASH], record, context) {
            hash = None;
        } else if is_ignored(members[at::PASSWORD], record, context) {
            undeclared = None;
        }
    }
    let has_hash = !matches!(hash, None | Some(Cell::Empty));
    // Words beside what is a hash for sure are no password: a date, a note, a flag.
    let is_sure = |hash: &Option<Cell<'_>>| match hash {
        Some(Cell::Hash(text)) => context.scheme.is_some() || cell::kind(text).is_some(),
        _ => false,
    };
    let (hash, column, value) = match (undeclared, hash) {
        (Some(Cell::Words(text)), ref hash)
            if !is_sure(hash) && !says_hash(members) && !common::is_unusable(&text) && !is_locked(&text, record) =>
        {
            return Ok(Credential::Plain(bare(text)));
        }
        (Some(Cell::Hash(text)), _) if text.starts_with("{noop}") => return Ok(Credential::Plain(bare(text))),
        (Some(Cell::Hash(text)), _)
            if context.plain_passwords && !has_hash && !says_hash(members) && is_typed(&text) =>
        {
            return Ok(Credential::Plain(text));
        }
        (_, Some(hash)) if has_hash => (hash, "password_hash", members[at::HASH]),
        (Some(cell), _) if cell != Cell::Empty => (cell, "password", members[at::PASSWORD]),
        (Some(_), _) | (_, Some(_)) => {
            return Ok(Credential::None(Note::new(Code::NoPassword, "the source holds no password for this user")));
        }
        (None, None) if by_phone => {
            return Ok(Credential::None(Note::new(Code::NoPassword, "the user signs in by phone")));
        }
        (None, None) => {
            return Ok(Credential::None(Note::new(Code::HashNotExported, "the export has no column with passwords")));
        }
    };
    let hash = match hash {
        Cell::Hash(text) | Cell::Words(text) => text,
        Cell::Empty => return Ok(Credential::default()),
        Cell::Masked => {
            let text = format!("column `{column}` holds a mask, or what a program wrote in the place of the password");
            return Err(Refusal::new(Code::RedactedHash, text)
                .hint("export the column as the database holds it, with an account that may read it"));
        }
        Cell::Structure => {
            let kind = if matches!(value, Some(Value::List(_))) { "a list" } else { "an object" };
            let found = match value.and_then(cell::kind_in) {
                Some(hash) => {
                    format!("holds {kind} of more than one hash ({hash}), and nothing says which is in force")
                }
                None => format!("holds {kind} in which no hash is found"),
            };
            return Err(unclear(column, found));
        }
    };
    let rest = match mark(&hash, record) {
        Mark::None => None,
        Mark::Locked(rest) => Some(rest.to_owned()),
        Mark::Unknown => return Err(strict::before_a_hash(column)),
    };
    let hash = rest.map_or(hash, Cow::Owned);
    if common::is_unusable(&hash) {
        return Ok(Credential::None(Note::new(Code::NoPassword, "the export marks the password as unusable")));
    }
    input(hash, value, record, members, context).map(Credential::Hash)
}

/// Whether what stands before the hash says that the user may not sign in.
pub(super) fn locks(record: &Record<'_>, members: &Members<'_>) -> bool {
    [at::HASH, at::PASSWORD].into_iter().any(|at| match members[at] {
        Some(Value::Text(text)) => is_locked(text, record),
        // No number has such a sign.
        _ => false,
    })
}

fn is_locked(text: &str, record: &Record<'_>) -> bool {
    matches!(mark(text, record), Mark::Locked(_))
}

/// Everything that the record says of the hash.
fn input<'r>(
    hash: Cow<'r, str>,
    whole: Option<&'r Value<'r>>,
    record: &'r Record<'r>,
    members: &Members<'r>,
    context: &Context<'r>,
) -> Result<HashInput<'r>, Refusal> {
    let [
        ..,
        scheme,
        salt,
        encoding,
        n,
        r,
        p,
        length,
        signer_key,
        salt_separator,
        rounds,
        mem_cost,
        iterations,
        _,
        _,
        _,
        _,
        _,
    ] = *members;
    // A hash that is an object has its scheme and salt in there.
    let inner = |names: &[&str]| {
        let object = whole.filter(|value| matches!(value, Value::Object(_)))?;
        names.iter().find_map(|name| object.member(name))
    };
    let outer = || record.get("custom_password_hash")?.member("algorithm")?.text();
    let declared = strict::scalar("password_scheme", scheme)?
        .or_else(|| inner(&["algorithm", "scheme", "hasher", "type"]).and_then(Value::text))
        .or_else(outer);
    // Other systems' columns hold names and numbers of their own; only under rehome's name is each a scheme.
    let own = match record.column_name(&COLUMNS, at::SCHEME) {
        Some(name) if declared.is_some() => name == "password_scheme",
        _ => declared.is_some() && record.get("password_scheme").is_some(),
    };
    let says_itself = || cell::kind(&hash).is_some();
    let declared =
        if declared.is_none() && is_verifier(record) && !says_itself() { Some("srp".into()) } else { declared };
    let declared = declared.filter(|name| own || !says_itself() && (registry::find(name).is_some() || is_scheme(name)));
    let scrypt = || declared.as_deref().and_then(registry::find).is_some_and(|scheme| scheme.name == "scrypt");
    let [n, r, p] = match (n, r, p) {
        // Names that mean nothing else beside a scrypt key alone.
        (None, None, None) if scrypt() => [["n", "N"], ["r", "R"], ["p", "P"]]
            .map(|names| inner(&names).or_else(|| names.iter().find_map(|name| record.get(name)))),
        stated => stated.into(),
    };
    let stated = [salt, encoding, n, r, p, length, signer_key, salt_separator, rounds, mem_cost, iterations];
    // Most hashes say all themselves.
    if stated.iter().all(|cell| strict::is_blank(*cell)) && whole.is_none_or(|value| matches!(value, Value::Text(_))) {
        let mut input = HashInput { hash, declared, ..HashInput::default() };
        if let Some(project) = context.firebase {
            fill_firebase(&mut input, project);
        }
        return Ok(input);
    }
    let text = |value: Option<&'r Value<'r>>| value.and_then(Value::text).filter(|text| !text.is_empty());
    let inner_salt = || inner(&["salt"]).and_then(|salt| salt.member("value").or(Some(salt))).and_then(Value::text);
    let mut input = HashInput {
        hash,
        declared,
        hints: &[],
        salt: text(salt).or_else(inner_salt),
        salt_encoding: strict::salt_encoding("password_salt_encoding", encoding)?,
        scrypt_n: strict::number("scrypt_n", n)?,
        scrypt_r: strict::number("scrypt_r", r)?,
        scrypt_p: strict::number("scrypt_p", p)?,
        scrypt_length: strict::number("scrypt_length", length)?,
        signer_key: strict::scalar("signer_key", signer_key)?,
        salt_separator: salt_separator.and_then(Value::text),
        rounds: strict::number("rounds", rounds)?,
        mem_cost: strict::number("mem_cost", mem_cost)?,
        pepper: None,
    };
    if let Some(iterations) = iterations.or_else(|| inner(&["iterations", "iter"])) {
        let digest = || inner(&["digest", "prf", "hash_algorithm"]).and_then(Value::text);
        iterated(&mut input, strict::number("iterations", Some(iterations))?, digest)?;
    }
    if let Some(project) = context.firebase.filter(|_| input.signer_key.is_none()) {
        fill_firebase(&mut input, project);
    }
    Ok(input)
}

/// Whether the hash stands in a column that is called as SRP calls what it keeps.
fn is_verifier(record: &Record<'_>) -> bool {
    const NAMES: [&str; 5] = ["verifier", "srp_verifier", "srpVerifier", "password_verifier", "passwordVerifier"];
    match record.column_name(&COLUMNS, at::HASH) {
        Some(name) => name
            .len()
            .checked_sub("verifier".len())
            .and_then(|at| name.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case("verifier")),
        None => NAMES.iter().any(|name| record.get(name).is_some()),
    }
}

/// Whether a name is that of some scheme, if of none that is known: it must not be passed over.
fn is_scheme(name: &str) -> bool {
    const PARTS: [&str; 8] = ["sha", "md5", "crypt", "argon", "pbkdf", "hmac", "blake", "digest"];
    let lower = name.to_ascii_lowercase();
    name.len() <= 40 && PARTS.iter().any(|part| lower.contains(part))
}

/// What many iterations make of a bare key or digest: PBKDF2, where the record says so, and no digest of one salt and one
/// password in any case.
fn iterated<'r>(
    input: &mut HashInput<'r>,
    iterations: Option<u64>,
    digest: impl FnOnce() -> Option<Cow<'r, str>>,
) -> Result<(), Refusal> {
    let is_digest = |name: &str| {
        registry::find(name)
            .is_some_and(|scheme| registry::digest_length(scheme.name).is_some() || scheme.name.starts_with("salted-"))
    };
    let bare = input.declared.as_deref().is_none_or(is_digest);
    if iterations.is_none_or(|n| n <= 1) || !bare || cell::kind(&input.hash).is_some() {
        return Ok(());
    }
    // A member called so is the digest that PBKDF2 runs.
    let run = digest().filter(|_| input.declared.is_none()).filter(|name| is_digest(name));
    if let Some(run) = run.as_deref().and_then(registry::find) {
        input.declared = Some(Cow::Owned(format!("pbkdf2-{}", run.name)));
        return Ok(());
    }
    let text = "a key of many iterations is PBKDF2's or an iterated digest's, and nothing says which";
    Err(Refusal::new(Code::AmbiguousScheme, text).hint("declare it: --scheme NAME or a password_scheme column"))
}

/// Whether what stands beside a password says that it is a hash: a scheme, a salt, a cost.
fn says_hash(members: &Members<'_>) -> bool {
    let filled = |at: usize| members[at].filter(|value| !value.is_empty());
    let written = |at: usize| filled(at).and_then(Value::text).filter(|text| !text.trim().is_empty());
    let scheme = written(at::SCHEME);
    let is_plain = scheme.as_deref().is_some_and(|name| registry::find(name).is_some_and(|s| s.name == "plain"));
    !is_plain && (at::SCHEME..at::PASSWORD).any(|at| written(at).is_some())
}

/// Whether a value stands in a column that is left out.
#[cold]
fn is_ignored(value: Option<&Value<'_>>, record: &Record<'_>, context: &Context<'_>) -> bool {
    value
        .and_then(|value| record.iter().find(|(_, other)| std::ptr::eq(*other, value)))
        .is_some_and(|(name, _)| context.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)))
}

/// Whether somebody who insists may have typed it: it looks like a hash by its length and letters alone.
fn is_typed(text: &str) -> bool {
    cell::kind(text).is_none() && text.len() < 16 && !text.contains(['$', '{', ':', '='])
}

/// Puts a project's parameters where the record has none of its own.
pub(in crate::source) fn fill_firebase<'r>(input: &mut HashInput<'r>, project: &'r FirebaseHashConfig) {
    input.signer_key = Some(Cow::Borrowed(&project.signer_key));
    input.salt_separator = Some(Cow::Borrowed(&project.salt_separator));
    input.rounds.get_or_insert(project.rounds);
    input.mem_cost.get_or_insert(project.mem_cost);
}

/// A password out of Spring's `{noop}`, where it stands in one.
fn bare(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.strip_prefix("{noop}") {
        Some(bare) => Cow::Owned(bare.to_owned()),
        None => text,
    }
}

/// A password of a column that is declared to hold plain text.
///
/// # Errors
/// What is a mask or a hash all the same: taken as plain text such a hash would become the password.
pub(in crate::source) fn plain<'r>(column: &str, text: Cow<'r, str>) -> Result<Credential<'r>, Refusal> {
    if text.starts_with("{noop}") {
        return Ok(Credential::Plain(bare(text)));
    }
    // A word between stars is a marker whatever the column is called.
    if text.starts_with('*') && text.ends_with('*') && text.len() >= 3 && common::is_unusable(&text) && !is_mask(&text)
    {
        return Ok(common::without(Code::NoPassword, "the export marks the password as unusable"));
    }
    if is_mask(&text) {
        let said = format!("column `{column}` holds a mask in the place of the password");
        return Err(Refusal::new(Code::RedactedHash, said).hint("export the column with an account that may read it"));
    }
    if cell::is_hash(&text) && !is_typed(&text) {
        return Err(unclear(column, "is for plain-text passwords and holds what looks like a hash")
            .hint("it belongs under password_hash, or under `hash` in a mapping file's [password]"));
    }
    Ok(Credential::Plain(text))
}
