//! Every record of `fixtures/hashes`: what maps signs in with its password and with no other, what does not is refused,
//! and nothing is promised that cannot sign in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use super::verify::Login;
use super::{Mapped, Verdict, record, resolve};
use crate::account::{HashInput, Hint, SaltEncoding};
use crate::appwrite::{Profile, Version};
use crate::code::Code;

const CORPUS: &str = include_str!("../../fixtures/hashes/corpus.jsonl");
const PUBLISHED: &str = include_str!("../../fixtures/hashes/published.jsonl");

fn new() -> &'static Profile {
    Version::NEWEST.profile()
}

fn old() -> &'static Profile {
    Version::new(1, 6, 2).profile()
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("fixtures are JSON")).collect()
}

fn text<'v>(record: &'v Value, name: &str) -> &'v str {
    record[name].as_str().unwrap_or_default()
}

fn signs_in(mapped: &Mapped<'_>, password: &str, profile: &Profile) -> Login {
    mapped.login(password.as_bytes(), profile)
}

/// What a person who has this corpus record in hand would say of it, where its columns do not.
fn say(record: &Value, input: &mut HashInput<'static>) {
    let (source, scheme) = (text(record, "source"), text(record, "scheme"));
    let mut declare = |name: &'static str| input.declared = Some(name.into());
    match (source, scheme) {
        ("better-auth", _) => declare("better-auth"),
        ("lucia v3 / oslo", "oslo-scrypt") => declare("lucia"),
        ("meteor", _) => declare("meteor"),
        ("dropbox-style", _) => declare("dropbox"),
        ("rails devise (pepper)", _) => declare("bcrypt-peppered"),
        ("node (argon2) secret", _) => declare("argon2-peppered"),
        ("windows", _) => declare("ntlm"),
        ("cisco", _) => declare("cisco"),
        ("custom app", "plaintext") => declare("plain"),
        ("custom app", "sha256-hex-utf16le") => declare("utf16-digest"),
        ("custom app", "ripemd160-hex") => declare("ripemd160"),
        ("custom app", "md5-salted-prefix") => {}
        ("custom app", _) => {
            let name = scheme.trim_end_matches("-upper").trim_end_matches("-hex").trim_end_matches("-base64");
            input.declared = Some(match name {
                "sha1(md5)" | "sha256(sha256)" | "md5(md5)" => "nested-digest".into(),
                name => name.to_owned().into(),
            });
        }
        ("magento1", _) => input.hints = &[Hint::Digest("md5")],
        ("unix" | "bigcrypt", _) => input.hints = &[Hint::Crypt],
        (source, _) if source.starts_with("django") => input.hints = &[Hint::Digest("md5")],
        (source, _) if source.starts_with("nodebb") => declare("nodebb"),
        (_, "node-scrypt-rawsalt") => input.salt_encoding = SaltEncoding::Hex,
        _ => {}
    }
}

/// Runs every record on as many threads as there are, and gives back what `each` complains of.
fn all(records: &[Value], each: impl Fn(&Value) -> Result<&'static str, String> + Sync) -> BTreeMap<&'static str, u32> {
    let (counts, complaints) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (counts, complaints, each) = (&counts, &complaints, &each);
            scope.spawn(move || {
                for record in records.iter().skip(thread).step_by(threads) {
                    match each(record) {
                        Ok(kind) => *counts.lock().expect("no panic").entry(kind).or_default() += 1,
                        Err(complaint) => complaints.lock().expect("no panic").push(complaint),
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("no panic");
    assert!(complaints.is_empty(), "{} records:\n{}", complaints.len(), complaints.join("\n"));
    counts.into_inner().expect("no panic")
}

#[test]
fn every_corpus_record_gets_the_matrix_answer() {
    let records = records(CORPUS);
    let counts = all(&records, |record| {
        let name = format!("{} | {}", text(record, "source"), text(record, "scheme"));
        let complain = |what: &str| Err(format!("{name}: {what}"));
        let mut input = record::read(record["as_exported"].as_object().expect("an object")).expect("a hash");
        say(record, &mut input);
        let password = text(record, "password_plain");
        let mut kind = "refused";
        let mut last = None;
        for (profile, expected) in [(new(), &record["expect_login_new"]), (old(), &record["expect_login_old"])] {
            let expected = expected.as_bool().expect("true or false");
            match resolve(&input, profile) {
                Verdict::Maps(mapped) if mapped.scheme == "plain" => kind = "plain text",
                Verdict::Maps(mapped) => {
                    let outside = password.len() < 8 || password.len() > 256;
                    // Only these read the version at a login; the others need not be computed twice.
                    let by_version = ["sha", "scrypt", "scryptMod"].contains(&mapped.endpoint.stored_as());
                    let same = last.as_ref().filter(|(fields, _)| !by_version && *fields == mapped.fields);
                    if let Some((_, signed)) = same {
                        if *signed != expected {
                            return complain("the versions differ");
                        }
                        continue;
                    }
                    let signs = !outside && signs_in(&mapped, password, profile) == Login::Match;
                    last = Some((mapped.fields.clone(), signs));
                    if signs != expected {
                        return complain(&format!("signs in: {signs}, expected {expected} on {}", profile.name));
                    }
                    if record["appwrite"].is_null() {
                        return complain("is mapped, but no lossless mapping exists");
                    }
                    if signs && signs_in(&mapped, &format!("x{password}"), profile) != Login::Mismatch {
                        return complain("signs in with a wrong password");
                    }
                    if expected {
                        let ours = mapped.endpoint.path().trim_start_matches("/users/");
                        let theirs = record["appwrite"]["endpoint"].as_str().unwrap_or_default();
                        // Appwrite's bcrypt and phpass ask the same crypt().
                        let same = ours == theirs || (ours, theirs) == ("bcrypt", "phpass");
                        if !same {
                            return complain(&format!("goes to {ours}, the matrix says {theirs}"));
                        }
                        kind = "signs in";
                    } else if kind == "refused" {
                        kind = "prepared by the source";
                    }
                }
                Verdict::Refused(refusal) => {
                    if expected {
                        return complain(&format!("refused: {} {}", refusal.code, refusal.text));
                    }
                    let known = [Code::UnsupportedScheme, Code::PasswordLength].contains(&refusal.code);
                    if !known {
                        return complain(&format!("refused for the wrong reason: {} {}", refusal.code, refusal.text));
                    }
                    if refusal.scheme.is_none() {
                        return complain("refused without naming the scheme");
                    }
                }
            }
        }
        Ok(kind)
    });
    // "Prepared" are hashes of something else than what was typed (trimmed, slashed, escaped, NFKC, relabelled) and
    // passwords that a login refuses for their length: the mapping is right, and Appwrite's classes said no as well.
    let expected = [("plain text", 1), ("prepared by the source", 6), ("refused", 69), ("signs in", 199)];
    assert_eq!(counts, BTreeMap::from(expected));
}

/// The scheme of a published vector that its string alone does not tell.
fn published_scheme(record: &Value) -> Option<&'static str> {
    Some(match text(record, "scheme") {
        "passlib hex_md5" | "hashcat 0 MD5" => "md5",
        "passlib hex_sha1" | "hashcat 100 SHA1" => "sha1",
        "passlib hex_sha256" | "hashcat 1400 SHA2-256" => "sha256",
        "passlib hex_sha512" | "hashcat 1700 SHA2-512" => "sha512",
        "hashcat 1300 SHA2-224" => "sha224",
        "hashcat 10800 SHA2-384" => "sha384",
        "hashcat 17300 SHA3-224" => "sha3-224",
        "hashcat 17400 SHA3-256" => "sha3-256",
        "hashcat 17500 SHA3-384" => "sha3-384",
        "hashcat 17600 SHA3-512" => "sha3-512",
        scheme if scheme.starts_with("passlib des_crypt") || scheme.starts_with("hashcat 1500") => "descrypt",
        _ => return None,
    })
}

#[test]
fn every_published_vector_gets_the_matrix_answer() {
    // hashcat modes whose hash is bcrypt of a digest: nothing in the string says so.
    const SHAPE: [&str; 5] = ["25600", "25800", "28400", "30600", "33800"];
    let records = records(PUBLISHED);
    let counts = all(&records, |record| {
        let name = text(record, "scheme");
        let complain = |what: &str| Err(format!("{name}: {what}"));
        let mut input = record::bare(text(record, "hash"));
        input.declared = published_scheme(record).map(Into::into);
        let mapped = match resolve(&input, new()) {
            Verdict::Refused(refusal) if record["appwrite"].is_null() || name.ends_with("scrypt") => {
                return Ok(refusal.code.name());
            }
            Verdict::Refused(refusal) => return complain(&format!("refused: {} {}", refusal.code, refusal.text)),
            Verdict::Maps(_) if record["appwrite"].is_null() => return complain("is mapped"),
            Verdict::Maps(mapped) => mapped,
        };
        let password = text(record, "password_plain");
        let signs = signs_in(&mapped, password, new());
        if SHAPE.iter().any(|mode| name.contains(mode)) {
            return if signs == Login::Mismatch { Ok("bcrypt of a digest") } else { complain("signs in") };
        }
        if signs != Login::Match {
            return complain(&format!("{signs:?}"));
        }
        if signs_in(&mapped, &format!("x{password}"), new()) != Login::Mismatch {
            return complain("signs in with a wrong password");
        }
        Ok("signs in")
    });
    // Most of what hashcat attacks is no password hash of an application: wallets, archives, disks, protocols.
    let expected = [
        ("ambiguous-scheme", 77),
        ("bcrypt of a digest", 4),
        ("signs in", 89),
        ("unrecognised-hash", 228),
        ("unsupported-scheme", 161),
        ("unusable-password", 2),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}
