//! What holds for any input: it is answered, in linear time and without a panic; what was rewritten is stable; what maps
//! fits the fields of its endpoint.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::{Mapped, SCHEMES, Verdict, record, resolve};
use crate::account::{HashInput, Hint, SaltEncoding};
use crate::appwrite::{Endpoint, Profile, Version};

fn profile(version: &str) -> &'static Profile {
    version.parse::<Version>().expect("a version").profile()
}

fn new() -> &'static Profile {
    Version::NEWEST.profile()
}

#[test]
fn a_megabyte_of_anything_is_answered() {
    for (head, unit) in [
        ("", "a"),
        ("", "0"),
        ("", "$"),
        ("", ":"),
        ("", "{"),
        ("", "{ldap}"),
        ("", "{\"a\":"),
        ("", "1|"),
        ("", "a:1:{i:0;"),
        ("", "\0"),
        ("", "é"),
        ("", " x"),
        ("$6$", "rounds=1$"),
        ("$argon2id$v=19$", "m=1,"),
        ("$argon2id$v=19$m=64,t=1,p=1$", "A"),
        ("$7$", "."),
        ("$fbscrypt$", "v=1,"),
        ("scrypt:", "1:"),
        ("s2:", "00:"),
        (":argon2:", ":argon2:"),
        ("crypt$", "$"),
        ("$scrypt$", "ln=1,"),
    ] {
        let text = format!("{head}{}", unit.repeat((1 << 20) / unit.len()));
        for scheme in [None, Some("firebase-scrypt"), Some("scrypt"), Some("better-auth")] {
            let input = HashInput {
                declared: scheme.map(Cow::Borrowed),
                salt: Some(text.as_str().into()),
                signer_key: Some("Bw==".into()),
                salt_separator: Some(text.as_str().into()),
                ..HashInput {
                    hash: text.as_str().into(),
                    scrypt_n: Some(1024),
                    scrypt_r: Some(8),
                    scrypt_p: Some(1),
                    ..HashInput::default()
                }
            };
            assert!(matches!(resolve(&input, new()), Verdict::Refused(_)), "{head}{unit} {scheme:?}");
        }
    }
}

/// The record that a generic export would hold for what was planned.
fn back(mapped: &Mapped<'_>) -> HashInput<'static> {
    let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
    let fields = &mapped.fields;
    let scheme = match mapped.endpoint {
        Endpoint::Scrypt => "scrypt",
        Endpoint::ScryptModified => "firebase-scrypt",
        _ => mapped.scheme,
    };
    HashInput {
        declared: Some(scheme.into()),
        salt: own(&fields.password_salt),
        scrypt_n: fields.password_cpu.map(Into::into),
        scrypt_r: fields.password_memory.map(Into::into),
        scrypt_p: fields.password_parallel.map(Into::into),
        scrypt_length: fields.password_length.map(Into::into),
        signer_key: own(&fields.password_signer_key),
        salt_separator: own(&fields.password_salt_separator),
        ..record::bare(&fields.password)
    }
}

fn is_stable(input: &HashInput<'_>, profile: &Profile) -> Result<(), TestCaseError> {
    let Verdict::Maps(mapped) = resolve(input, profile) else { return Ok(()) };
    match resolve(&back(&mapped), profile) {
        Verdict::Maps(again) => {
            prop_assert!(again.fields == mapped.fields && again.endpoint == mapped.endpoint);
            let rewritten = &again.conversion;
            prop_assert!(rewritten.is_empty(), "rewritten again: {rewritten:?}");
            Ok(())
        }
        Verdict::Refused(refusal) => {
            Err(TestCaseError::fail(format!("{} is refused: {} {}", mapped.scheme, refusal.code, refusal.text)))
        }
    }
}

fn fixtures() -> Vec<Value> {
    let lines = include_str!("../../fixtures/hashes/corpus.jsonl").lines();
    lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")["as_exported"].clone()).collect()
}

#[test]
fn what_was_rewritten_is_not_rewritten_again() {
    for record in fixtures() {
        let input = record::read(record.as_object().expect("an object")).expect("a hash");
        for version in ["1.4.13", "1.8.0", "1.9.6"] {
            is_stable(&input, profile(version)).expect("stable");
        }
    }
}

fn any_input() -> impl Strategy<Value = HashInput<'static>> {
    let hashes: Vec<String> = fixtures()
        .iter()
        .filter_map(|record| record::read(record.as_object()?).ok())
        .map(|input| input.hash.into_owned())
        .collect();
    let mutated = (prop::sample::select(hashes), any::<prop::sample::Index>(), any::<char>(), 0..4_u8).prop_map(
        |(hash, at, character, how)| {
            let mut characters: Vec<char> = hash.chars().collect();
            let at = at.index(characters.len());
            match how {
                0 => characters[at] = character,
                1 => {
                    characters.remove(at);
                }
                2 => characters.insert(at, character),
                _ => characters.truncate(at),
            }
            characters.into_iter().collect::<String>()
        },
    );
    let hash = prop_oneof![4 => mutated, 1 => ".{0,80}", 1 => "[$:{}a-z0-9=,|/.]{0,60}"];
    let names: Vec<Option<&'static str>> =
        SCHEMES.iter().map(|scheme| Some(scheme.name)).chain([None; 60]).chain([Some("no such scheme")]).collect();
    let text = || prop::option::of(prop_oneof![".{0,20}", "[A-Za-z0-9+/_-]{0,24}={0,2}"]);
    let number = || prop::option::of(prop_oneof![any::<u64>(), 0..64_u64, Just(16384)]);
    let hints: Vec<&'static [Hint]> = vec![
        &[],
        Hint::KNOWN,
        &[Hint::Firebase],
        &[Hint::Bare, Hint::Digest("md5"), Hint::Prepared("it is trimmed")],
        &[Hint::Crypt],
        &[Hint::SaltedKey("lucia")],
        &[Hint::PreHashed("meteor")],
        &[Hint::Digest("discourse"), Hint::PepperPossible("a pepper")],
    ];
    let hints = prop::sample::select(hints);
    let encoding = prop::sample::select(vec![SaltEncoding::Utf8, SaltEncoding::Hex, SaltEncoding::Base64]);
    (
        hash,
        prop::sample::select(names),
        hints,
        encoding,
        [text(), text(), text()],
        [number(), number(), number(), number()],
    )
        .prop_map(|(hash, declared, hints, salt_encoding, texts, [n, r, p, length])| {
            let [salt, signer_key, salt_separator] = texts.map(|text| text.map(Cow::Owned));
            HashInput {
                hash: hash.into(),
                declared: declared.map(Cow::Borrowed),
                hints,
                salt,
                salt_encoding,
                scrypt_n: n,
                scrypt_r: r,
                scrypt_p: p,
                scrypt_length: length,
                signer_key,
                salt_separator,
                rounds: None,
                mem_cost: None,
                pepper: None,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_panics_and_what_maps_is_stable(input in any_input()) {
        for version in ["1.4.13", "1.8.0", "1.9.6"] {
            is_stable(&input, profile(version))?;
        }
    }

    #[test]
    fn what_maps_fits_the_fields_of_the_endpoint(input in any_input()) {
        if let Verdict::Maps(mapped) = resolve(&input, new()) {
            prop_assert!((8..=256).contains(&mapped.fields.password.len()));
            let texts = [&mapped.fields.password_salt, &mapped.fields.password_salt_separator, &mapped.fields.password_signer_key];
            for text in texts.into_iter().flatten() {
                prop_assert!((1..=128).contains(&text.chars().count()));
            }
            let salted = matches!(mapped.endpoint, Endpoint::Scrypt | Endpoint::ScryptModified);
            prop_assert_eq!(mapped.fields.password_salt.is_some(), salted);
            prop_assert_eq!(mapped.fields.password_version.is_some(), mapped.endpoint == Endpoint::Sha);
        }
    }
}
