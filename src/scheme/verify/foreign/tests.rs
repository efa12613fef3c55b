//! What real libraries hashed, that no endpoint takes: right with its password, and with no other.

use std::collections::BTreeMap;

use super::*;
use crate::appwrite::Version;
use crate::scheme::{Kept, Verdict, record, resolve};

fn verdict_scheme(input: &HashInput<'_>) -> Option<&'static str> {
    match resolve(input, Version::NEWEST.profile()) {
        Verdict::Refused(refusal) => refusal.scheme,
        Verdict::Maps(_) => None,
    }
}

#[test]
fn the_unmappable_hashes_of_the_corpus_are_proven_by_their_passwords() {
    let (mut proven, mut open) = (0, BTreeMap::new());
    for line in include_str!("../../../../fixtures/hashes/corpus.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let only_a_layout = line["generator"].as_str().is_some_and(|generator| generator.starts_with("layout only"));
        if !line["appwrite"].is_null() || only_a_layout {
            continue;
        }
        let mut input = record::read(line["as_exported"].as_object().expect("an object")).expect("a hash");
        let declared = match (line["source"].as_str(), line["scheme"].as_str()) {
            (Some("meteor"), _) => Some("meteor"),
            (Some("dropbox-style"), _) => Some("bcrypt-sha512"),
            (Some("nodebb (shaWrapped)"), _) => Some("nodebb"),
            (Some("windows"), _) => Some("ntlm"),
            (Some("cisco"), _) => Some("cisco"),
            (Some("custom app"), Some("ripemd160-hex")) => Some("ripemd160"),
            (Some("custom app"), Some("sha256-hex-utf16le")) => Some("utf16-digest"),
            (Some("custom app"), Some("sha1(md5)" | "sha256(sha256)")) => Some("nested-digest"),
            _ => None,
        };
        input.declared = declared.map(Into::into);
        if line["scheme"] == "pg-md5" {
            // The role's name is hashed too, and stands in the row.
            input.salt = Some("alice".into());
        }
        let password = line["password_plain"].as_str().expect("text");
        let scheme = verdict_scheme(&input).or(declared).unwrap_or_default();
        match verify(scheme, &input, password.as_bytes()) {
            Some(true) => {
                proven += 1;
                // What is kept of it says the same without the export.
                let kept = Kept::exported(scheme, &input).expect("can be kept");
                let kept = Kept::decode(&kept.encode()).expect("the same");
                if kept.work().millis < 50.0 {
                    assert_eq!(kept.verify(password.as_bytes()), Some(true), "{scheme}");
                }
                assert_eq!(kept.verify(format!("x{password}").as_bytes()), Some(false), "{scheme} takes a wrong one");
            }
            Some(false) => panic!("{} | {}: {scheme} says no", line["source"], line["scheme"]),
            None => *open.entry(line["scheme"].as_str().expect("text").to_owned()).or_insert(0) += 1,
        }
    }
    assert_eq!((proven, open.values().sum::<i32>()), (62, 5), "{open:?}");
}

#[test]
fn the_published_vectors_of_these_schemes_are_proven() {
    let (mut proven, mut denied) = (BTreeMap::new(), Vec::new());
    for line in include_str!("../../../../fixtures/hashes/published.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (name, hash) = (line["scheme"].as_str().expect("text"), line["hash"].as_str().expect("text"));
        if !line["appwrite"].is_null() || line["user"].is_string() {
            continue;
        }
        let input = record::bare(hash);
        let Some(scheme) = verdict_scheme(&input) else { continue };
        let password = line["password_plain"].as_str().expect("text");
        match verify(scheme, &input, password.as_bytes()) {
            Some(true) => *proven.entry(scheme).or_insert(0) += 1,
            Some(false) => denied.push(format!("{name}: {scheme}")),
            None => {}
        }
    }
    assert!(denied.is_empty(), "{denied:?}");
    assert_eq!(proven.values().sum::<i32>(), 130, "{proven:?}");
}

/// Hashed by Python's bcrypt 5.0 (of the first 72 bytes, which is all that it reads), passlib 1.7.4 and the reference Argon2
/// of argon2-cffi, with the secrets that stand here.
#[test]
fn a_secret_of_the_application_is_hashed_as_each_system_does() {
    const FLASK: &str = "146585145368132386173505678016728509634";
    for (scheme, secret, password, hash) in [
        (
            "bcrypt-peppered",
            "a pepper of the app",
            "devise-pass",
            "$2a$04$x2taIRP6E2ymOBNWLUROcOD3Q7AjCLqcuvaD/Vp337il66k2Dkhgi",
        ),
        ("flask-security", FLASK, "flask-pass", "$2b$04$//by34Qj0MQKjLL/xQWX9.h69JAiDM4ATnIB14ruk0F1MNr72Rp1W"),
        (
            "flask-security",
            FLASK,
            "flask-pass",
            "$pbkdf2-sha512$10$VGpNiREC4FyrldJ6L2WMEQ$A1rjnxK6qc/3TQRwzvale7GlLv2.UVTOkUvIM8YlEfMdyJ4xIS4EKis5taZyr5FV22ym2C/\
             BG27FKkTSiW3Wjw",
        ),
        (
            "argon2-peppered",
            "a secret",
            "argon-pass",
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$D2aHs5dyxRioqPzM6JR/sCLn/daw9Slcoo6IAqOfT5Q",
        ),
        // hmac.new(b"key", b"password", "sha256").hexdigest(), hashlib.md5(b"cookie" + b"password").hexdigest()
        ("hmac-sha256", "key", "password", "4d42fb9ffc8d7d0a245429438b4bc73db1007a167026a0a0c6a74fa58e8e86ca"),
        ("prestashop", "cookie", "password", "ed38857afcb1dab679b62f6098d57f8e"),
    ] {
        let check = |secret: &str| {
            peppered::check(scheme, hash, pepper::Secret::new(secret.as_bytes().to_vec())).expect("a hash")
        };
        assert!(check(secret).fits(password.as_bytes()), "{scheme}");
        assert!(!check(secret).fits(b"another password"), "{scheme}");
        assert!(!check("another secret").fits(password.as_bytes()), "{scheme}");
    }
}

/// By the formulas of Spring Security 6 (`{pbkdf2}`), Shopware 5.7.19 (`Sha256`), Vanilla 4.0 (`vbulletin`), Mattermost 11 (`$pbkdf2$f=…`), Matomo 5.2 (Argon2 of an MD5) and
/// Myth:Auth (Argon2 of a SHA-384), computed by Python's hashlib and argon2-cffi 25.1.
#[test]
fn systems_with_a_writing_of_their_own_are_proven() {
    for (scheme, declared, password, hash) in [
        (
            "salted-sha256",
            true,
            "shop-pass",
            "100:lOvbGxoQkjBhT3wr:2a33aa82bfb40ecdbf2375fa460d2934e2ddda5b32186be4d2d7f60df9c7165e",
        ),
        (
            "pbkdf2",
            false,
            "spring-pass",
            "{pbkdf2}73616c7473616c746c32ec8733a346870f89ebbb876f46b15d7ff4db64454a96f2f1ef0b01cdb529",
        ),
        ("salted-md5", true, "forum-pass", "92f45bccfa22cad5e3aae48650e26d7ea1b"),
        (
            "pbkdf2-sha256",
            false,
            "matter-pass",
            "$pbkdf2$f=SHA256,w=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$uGHqJ0jTU9/E7ZQEFudXO2RYqjMyb37goGFSUpb64H4",
        ),
        (
            "bcrypt-digest",
            true,
            "matomo-pass",
            "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$J+lynFx7t1NslOTXXz2ESw",
        ),
        (
            "bcrypt-sha384",
            true,
            "myth-pass",
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$oKvGOhV/BT8C9TCRRJgCNg",
        ),
    ] {
        let mut input = record::bare(hash);
        input.declared = declared.then(|| scheme.into());
        assert_eq!(verdict_scheme(&input), Some(scheme), "{hash}");
        assert_eq!(verify(scheme, &input, password.as_bytes()), Some(true), "{hash}");
        assert_ne!(verify(scheme, &input, b"another password"), Some(true), "{hash}");
    }
}
