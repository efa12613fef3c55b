//! The rules that the recorded hashes do not reach.

mod written;

use std::borrow::Cow;

use serde_json::json;

use super::{Mapped, SCHEMES, Verdict, plain, record, resolve, unusable_marker};
use crate::account::{HashInput, Hint, SaltEncoding};
use crate::appwrite::{Endpoint, Profile, Version};
use crate::code::Code;

fn profile(version: &str) -> &'static Profile {
    version.parse::<Version>().expect("a version").profile()
}

fn new() -> &'static Profile {
    Version::NEWEST.profile()
}

fn declared(hash: &str, scheme: &'static str) -> HashInput<'static> {
    HashInput { declared: Some(scheme.into()), ..record::bare(hash) }
}

fn maps(input: &HashInput<'static>, profile: &Profile) -> Mapped<'static> {
    match resolve(input, profile) {
        Verdict::Maps(mapped) => mapped,
        Verdict::Refused(refusal) => panic!("refused: {} {}", refusal.code, refusal.text),
    }
}

fn refused(input: &HashInput<'_>, profile: &Profile) -> (Code, Option<&'static str>) {
    match resolve(input, profile) {
        Verdict::Maps(mapped) => panic!("maps to {}", mapped.endpoint.path()),
        Verdict::Refused(refusal) => (refusal.code, refusal.scheme),
    }
}

const BCRYPT: &str = "$2y$05$PRpmI0Nj2RScPNAQ5I46Z.r642AvIBHLf55.Ze58tj92szVmPwquu";
const ARGON2: &str = "$argon2i$v=19$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI";
const PHPASS: &str = "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.";
const MD5: &str = "482c811da5d5b4bc6d497ffa98491e38";

#[test]
fn what_passes_unchanged_is_borrowed() {
    let digest = "ab".repeat(32);
    for (hash, scheme) in [(BCRYPT, "bcrypt"), (ARGON2, "argon2"), (PHPASS, "phpass"), (&digest, "sha256")] {
        let input = HashInput { hash: hash.into(), declared: Some(scheme.into()), ..HashInput::default() };
        let Verdict::Maps(mapped) = resolve(&input, new()) else { panic!("maps") };
        assert!(matches!(mapped.fields.password, Cow::Borrowed(same) if std::ptr::eq(same, hash)), "{scheme}");
        assert_eq!((mapped.conversion.capacity(), mapped.notes.capacity()), (0, 0));
    }
}

#[test]
fn bits_that_carry_nothing_are_written_as_php_compares_them() {
    let odd = "$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeX";
    let mapped = maps(&record::bare(odd), new());
    assert_eq!(mapped.fields.password, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    assert_eq!(mapped.conversion, ["canonicalise bcrypt's unused bits"]);
    assert_eq!(mapped.login(b"U*U", new()), super::verify::Login::Match);
}

#[test]
fn a_bare_bcrypt_string_is_taken_for_bcrypt_and_says_so() {
    let codes = |input: &HashInput<'static>| maps(input, new()).notes.iter().map(|n| n.code).collect::<Vec<_>>();
    assert_eq!(codes(&record::bare(BCRYPT)), [Code::SchemeAssumed]);
    assert_eq!(codes(&declared(BCRYPT, "bcrypt")), []);
    assert_eq!(codes(&HashInput { hints: Hint::KNOWN, ..record::bare(BCRYPT) }), []);
    assert_eq!(
        codes(&HashInput { hints: &[Hint::PepperPossible("a pepper")], ..record::bare(BCRYPT) }),
        [Code::PepperPossible]
    );
    assert_eq!(codes(&declared(&BCRYPT.replace("$2y$", "$2x$"), "bcrypt")), [Code::SignExtension]);
}

#[test]
fn what_may_hold_a_secret_as_well_is_assumed_of_the_bare_password() {
    let argon2 = "$argon2id$v=19$m=65536,t=3,p=1$9dV0d/YkUNFbVnTBvrRkpg$clxaaohzmPoZ2j6SiHzAfXe8x3rOcHIOa1HquGBxvrU";
    let codes = |input: &HashInput<'static>| maps(input, new()).notes.iter().map(|n| n.code).collect::<Vec<_>>();
    assert_eq!(codes(&record::bare(argon2)), [Code::SchemeAssumed]);
    assert_eq!(codes(&declared(argon2, "argon2")), []);
    assert_eq!(codes(&HashInput { hints: Hint::KNOWN, ..record::bare(argon2) }), []);
}

#[test]
fn quotes_around_a_hash_are_no_part_of_it() {
    let bcrypt = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    for quoted in [
        "\"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\"\n",
        "'$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'",
    ] {
        let mapped = maps(&declared(quoted, "bcrypt"), new());
        assert_eq!(mapped.fields.password, bcrypt);
        assert!(mapped.conversion.contains(&"strip quotes"));
    }
}

#[test]
fn a_digest_of_magento_without_a_salt_is_of_the_password_alone() {
    let sha = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8::1";
    let mapped = maps(&HashInput { hash: sha.into(), hints: &[Hint::Digest("md5")], ..HashInput::default() }, new());
    assert_eq!((mapped.scheme, &*mapped.fields.password), ("sha256", &sha[..64]));
    let md5 = HashInput {
        hash: "5f4dcc3b5aa765d61d8327deb882cf99:".into(),
        hints: &[Hint::Digest("md5")],
        ..HashInput::default()
    };
    assert_eq!(maps(&md5, new()).scheme, "md5");
    let salted = HashInput { hash: "5f4dcc3b5aa765d61d8327deb882cf99:a".into(), ..md5 };
    assert_eq!(refused(&salted, new()), (Code::UnsupportedScheme, Some("salted-md5")));
}

#[test]
fn damaged_hashes_are_malformed() {
    for hash in [
        &BCRYPT[..59],
        &format!("{BCRYPT}."),
        &BCRYPT.replace("$05$", "$03$"),
        &BCRYPT.replace("$05$", "$5$"),
        &BCRYPT.replace('Z', "é"),
        &ARGON2.replace("t=3,", ""),
        &ARGON2.replace("t=3", "t=3,t=3"),
        &ARGON2.replace("m=20", "m=12"),
        &ARGON2.replace("v=19", "v=18"),
        &ARGON2.replace("iexI", "iexJ"),
        &ARGON2.replace("m=20", "m=020"),
        &PHPASS[..33],
        &PHPASS.replace("$P$B", "$P$4"),
        "$1$ninechars$AKwFMD.2fYe3L05OKjZ4P.",
        "$6$salt$short",
        "$7$C6..../....salt$short",
        "$scrypt$ln=99,r=8,p=1$c2FsdA$c2FsdA",
        "scrypt:16384:8$salt$00",
    ] {
        assert_eq!(refused(&record::bare(hash), new()).0, Code::MalformedHash, "{hash}");
    }
}

#[test]
fn a_declared_scheme_decides_and_must_fit() {
    assert_eq!(maps(&declared(MD5, "MD5"), new()).endpoint, Endpoint::Md5);
    for (hash, scheme) in [
        (MD5, "sha256"),
        (MD5, "bcrypt"),
        (BCRYPT, "argon2"),
        (BCRYPT, "sha512"),
        (ARGON2, "phpass"),
        (PHPASS, "md5"),
        ("not a hash", "better-auth"),
        ("password1", "descrypt"),
    ] {
        assert_eq!(refused(&declared(hash, scheme), new()).0, Code::MalformedHash, "{scheme}");
    }
    assert_eq!(refused(&declared(MD5, "rot13"), new()), (Code::UnknownScheme, None));
    assert_eq!(refused(&declared(BCRYPT, "meteor"), new()), (Code::UnsupportedScheme, Some("meteor")));
    // A system's name does not contradict a string that says itself what it is.
    assert_eq!(maps(&declared(BCRYPT, "better-auth"), new()).endpoint, Endpoint::Bcrypt);
}

#[test]
fn what_only_a_length_tells_is_ambiguous() {
    for (bytes, first) in [(16, "md5"), (20, "sha1"), (28, "sha224"), (32, "sha256"), (48, "sha384"), (64, "sha512")] {
        let Verdict::Refused(refusal) = resolve(&record::bare(&"ab".repeat(bytes)), new()) else { panic!("refused") };
        assert_eq!((refusal.code, refusal.ambiguous[0]), (Code::AmbiguousScheme, first));
        for name in refusal.ambiguous {
            assert!(SCHEMES.iter().any(|scheme| scheme.name == name), "{name} is not listed");
        }
    }
    let key = format!("{}:{}", "0f".repeat(16), "ab".repeat(64));
    assert_eq!(refused(&record::bare(&key), new()).0, Code::AmbiguousScheme);
    let lucia = HashInput { hints: &[Hint::SaltedKey("lucia")], ..record::bare(&key) };
    assert_eq!(maps(&lucia, new()).fields.password_memory, Some(16));
    assert_eq!(maps(&declared(&key, "lucia-v1"), new()).fields.password_memory, Some(8));
    assert_eq!(refused(&record::bare("N1tQbOFcM5fpg"), new()).0, Code::AmbiguousScheme);
    assert_eq!(maps(&declared("N1tQbOFcM5fpg", "descrypt"), new()).endpoint, Endpoint::Phpass);
}

#[test]
fn a_scheme_for_the_whole_export_leaves_strings_alone_that_say_what_they_are() {
    let with = |hash: &str, scheme: &str| {
        let mut input = record::bare(hash);
        super::declare(&mut input, scheme);
        input.declared.map(Cow::into_owned)
    };
    assert_eq!(with(MD5, "md5").as_deref(), Some("md5"));
    assert_eq!(with(BCRYPT, "md5"), None);
    assert_eq!(with(BCRYPT, "meteor").as_deref(), Some("meteor"));
    let mut own = declared(MD5, "ntlm");
    super::declare(&mut own, "md5");
    assert_eq!(own.declared.as_deref(), Some("ntlm"));
}

#[test]
fn a_line_of_a_password_file_loses_its_user() {
    for (line, scheme) in [
        ("bob:N1tQbOFcM5fpg", Some("descrypt")),
        ("bob:N1tQbOFcM5fpg:19000:0:99999:7:::", Some("crypt")),
        ("bob:$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1:19000:0", None),
        ("bob:{SHA}3jrbW5owwe/vIJdRjQFGSWnDAQw=", None),
    ] {
        let mapped = maps(&HashInput { declared: scheme.map(Into::into), ..record::bare(line) }, new());
        assert_eq!(mapped.conversion[0], "strip \"user:\"");
    }
    assert_eq!(refused(&record::bare("bob:!$6$salt$hash"), new()).0, Code::UnrecognisedHash);
    let locked = HashInput { hints: &[Hint::Crypt], ..record::bare("bob:!$6$salt$hash:19000") };
    assert_eq!(refused(&locked, new()).0, Code::UnusablePassword);
}

#[test]
fn a_key_may_have_its_salt_in_another_column() {
    let input = HashInput { salt: Some("00ff".into()), ..declared(&"AB".repeat(64), "better-auth") };
    let mapped = maps(&input, new());
    assert_eq!((mapped.fields.password_salt.as_deref(), mapped.fields.password_memory), (Some("00ff"), Some(16)));
    assert_eq!(mapped.fields.password, "ab".repeat(64));
}

#[test]
fn a_salt_beside_a_digest_is_a_salted_digest() {
    for (scheme, name) in [(None, "salted-md5"), (Some("md5"), "salted-md5")] {
        let input = HashInput { salt: Some("pepper".into()), declared: scheme.map(Cow::Borrowed), ..record::bare(MD5) };
        assert_eq!(refused(&input, new()), (Code::UnsupportedScheme, Some(name)));
    }
}

#[test]
fn a_mask_hides_a_password_that_there_is() {
    for mask in ["********", "[FILTERED]", "<memory at 0x7f1c2e>"] {
        assert_eq!(refused(&record::bare(mask), new()).0, Code::RedactedHash, "{mask}");
    }
}

#[test]
fn markers_never_become_passwords() {
    for marker in ["", " ", "*", "!", "!!", "!$6$salt$hash", "x", "*LK*", "NP", "{SASL}alice@EXAMPLE"] {
        assert!(unusable_marker(marker), "{marker}");
        assert_eq!(refused(&record::bare(marker), new()).0, Code::UnusablePassword, "{marker}");
    }
    assert_eq!(refused(&record::bare("{CRYPT}!"), new()).0, Code::UnusablePassword);
    let mysql = "*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E19".get(..41).expect("ASCII");
    assert_eq!(refused(&record::bare(mysql), new()), (Code::UnsupportedScheme, Some("mysql41")));
}

/// What `slappasswd -h {CRYPT}` of OpenLDAP 2.5 writes where crypt() is libxcrypt's.
#[test]
fn crypt_in_braces_is_never_a_token() {
    for bare in ["B7rVa.rCN8zYkRAGkIRt4cV2", "ByNfsWKGJ/G.291iVlprObLg30zc1zp0ANE"] {
        let wrapped = format!("{{CRYPT}}{bare}");
        assert_eq!(refused(&record::bare(&wrapped), new()), (Code::UnsupportedScheme, Some("bigcrypt")), "{wrapped}");
        assert_eq!(refused(&record::bare(bare), new()).0, Code::AmbiguousScheme, "{bare}");
    }
}

#[test]
fn plain_text_obeys_the_rule_of_a_login() {
    assert_eq!(maps(&record::bare("{noop}correct horse"), new()).fields.password, "correct horse");
    assert_eq!(refused(&record::bare("{noop}short"), new()), (Code::PasswordLength, Some("plain")));
    // Dovecot's encodings of any scheme: what is encoded is no password, and no hash yet.
    assert_eq!(maps(&record::bare("{PLAIN.b64}Y29ycmVjdCBob3JzZQ=="), new()).fields.password, "correct horse");
    assert_eq!(maps(&record::bare("{PLAIN.HEX}636f727265637420686f727365"), new()).fields.password, "correct horse");
    let bcrypt = maps(
        &record::bare(
            "{BLF-CRYPT.B64}JDJhJDA0JDFjcmhVeEU3eXMuRjhQM1I3ci9BQ3VNWlM3RjYvaFgudlFadWFrcXFTNjcwY3MzR2t4OU11",
        ),
        new(),
    );
    assert_eq!(bcrypt.fields.password, "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu");
    let long = "x".repeat(257);
    assert_eq!(refused(&declared(&long, "plain"), new()).0, Code::PasswordLength);
    assert!(matches!(plain(long.into(), profile("1.4.13")), Verdict::Maps(_)));
    // Blanks belong to a plain password.
    assert_eq!(maps(&declared(" spaced out ", "plain"), new()).fields.password, " spaced out ");
}

fn scrypt(salt: &str, encoding: SaltEncoding, cost: (u64, u64, u64), bytes: usize) -> HashInput<'static> {
    HashInput {
        salt: Some(salt.to_owned().into()),
        salt_encoding: encoding,
        scrypt_n: Some(cost.0),
        scrypt_r: Some(cost.1),
        scrypt_p: Some(cost.2),
        ..declared(&"0f".repeat(bytes), "scrypt")
    }
}

#[test]
fn scrypt_that_no_server_evaluates_is_refused() {
    let code = |input| refused(&input, new()).0;
    for cost in [(0, 8, 1), (1, 8, 1), (1000, 8, 1), (1024, 0, 1), (1024, 8, 0), (1024, 1 << 20, 1 << 12)] {
        assert_eq!(code(scrypt("salt", SaltEncoding::Utf8, cost, 32)), Code::UnsupportedScheme, "{cost:?}");
    }
    assert_eq!(code(scrypt("salt", SaltEncoding::Utf8, (1 << 24, 8, 1), 32)), Code::TooExpensive);
    assert_eq!(code(scrypt("salt", SaltEncoding::Utf8, (1024, 8, 1), 15)), Code::UnsupportedScheme);
    assert_eq!(code(scrypt("", SaltEncoding::Utf8, (1024, 8, 1), 32)), Code::UnsupportedScheme);
    assert_eq!(code(scrypt("xyz", SaltEncoding::Hex, (1024, 8, 1), 32)), Code::MalformedHash);
    assert_eq!(code(scrypt("fffe", SaltEncoding::Hex, (1024, 8, 1), 32)), Code::UnsupportedScheme);
    assert_eq!(
        code(HashInput { scrypt_r: None, ..scrypt("salt", SaltEncoding::Utf8, (1024, 8, 1), 32) }),
        Code::ParametersMissing
    );
    assert_eq!(
        code(HashInput { scrypt_length: Some(64), ..scrypt("salt", SaltEncoding::Utf8, (1024, 8, 1), 32) }),
        Code::MalformedHash
    );
    let warned = maps(&scrypt("salt", SaltEncoding::Utf8, (1 << 18, 8, 1), 32), new());
    assert_eq!(warned.notes[0].code, Code::CostlyLogin);
}

#[test]
fn a_salt_of_0_goes_by_version() {
    let input = scrypt("0", SaltEncoding::Utf8, (1024, 8, 1), 32);
    assert_eq!(maps(&input, profile("1.8.0")).fields.password_salt.as_deref(), Some("0"));
    assert_eq!(refused(&input, profile("1.8.1")).0, Code::UnsupportedScheme);
}

#[test]
fn salts_beyond_text_go_through_scrypt_modified() {
    let binary = maps(&scrypt("fffe", SaltEncoding::Hex, (16384, 8, 1), 64), new());
    assert_eq!(binary.endpoint, Endpoint::ScryptModified);
    assert_eq!(binary.fields.password_salt.as_deref(), Some("/w=="));
    assert_eq!(binary.fields.password_salt_separator.as_deref(), Some("/g=="));
    let long = maps(&scrypt(&"s".repeat(192), SaltEncoding::Utf8, (16384, 8, 1), 32), new());
    assert_eq!(long.fields.password_salt.as_deref().map(str::len), Some(128));
    assert_eq!(long.fields.password_salt_separator.as_deref().map(str::len), Some(128));
    let too_long = scrypt(&"s".repeat(193), SaltEncoding::Utf8, (16384, 8, 1), 32);
    assert_eq!(refused(&too_long, new()).0, Code::UnsupportedScheme);
    // 128 characters are counted, not bytes.
    assert_eq!(maps(&scrypt(&"ü".repeat(128), SaltEncoding::Utf8, (1024, 8, 1), 32), new()).endpoint, Endpoint::Scrypt);
    let notes = |v| maps(&scrypt("fffe", SaltEncoding::Hex, (16384, 8, 1), 64), profile(v)).notes;
    assert_eq!(notes("1.4.13")[0].code, Code::AsciiOnly);
    assert!(notes("1.5.0").is_empty());
}

#[test]
fn long_scrypt_output_is_cut_to_what_a_field_takes() {
    let whole = maps(&scrypt("salt", SaltEncoding::Utf8, (1024, 8, 1), 128), new());
    assert_eq!((whole.fields.password.len(), whole.fields.password_length), (256, Some(128)));
    let cut = maps(&scrypt("salt", SaltEncoding::Utf8, (1024, 8, 1), 129), new());
    assert_eq!((cut.fields.password.len(), cut.fields.password_length), (128, Some(64)));
}

fn firebase(change: impl FnOnce(&mut HashInput<'static>)) -> HashInput<'static> {
    let mut input = HashInput {
        salt: Some("UxLMreBr6tYyjQ==".into()),
        signer_key: Some(
            "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==".into(),
        ),
        salt_separator: Some("Bw==".into()),
        hints: &[Hint::Firebase],
        ..record::bare("UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ==")
    };
    change(&mut input);
    input
}

#[test]
fn firebase_hashes_keep_or_lose_their_login_by_their_parameters() {
    let url_safe = |text: &str| text.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
    let mapped = maps(&firebase(|_| {}), new());
    assert!(mapped.conversion.is_empty());
    let same = maps(
        &firebase(|i| {
            i.signer_key = i.signer_key.as_deref().map(|key| url_safe(key).into());
            i.salt_separator = Some("Bw".into());
        }),
        new(),
    );
    assert!(same.fields == mapped.fields);
    assert_eq!(same.conversion, ["URL-safe base64 -> standard base64 with padding"]);
    for (rounds, mem_cost) in [(4, 14), (8, 12)] {
        let other = firebase(|i| (i.rounds, i.mem_cost) = (Some(rounds), Some(mem_cost)));
        assert_eq!(refused(&other, new()), (Code::UnsupportedScheme, Some("firebase-scrypt")));
    }
    assert_eq!(refused(&firebase(|i| i.salt = None), new()).0, Code::ParametersMissing);
    assert_eq!(refused(&firebase(|i| i.signer_key = None), new()).0, Code::HashConfigMissing);
    assert_eq!(refused(&firebase(|i| i.salt_separator = Some("!".into())), new()).0, Code::MalformedHash);
    assert_eq!(refused(&firebase(|i| i.signer_key = Some("Bw==".into())), new()).0, Code::MalformedHash);
    assert_eq!(refused(&firebase(|i| i.hash = "UkVEQUNURUQ=".into()), new()).0, Code::RedactedHash);
    // A project's parameters stand beside hashes that are not its own.
    assert_eq!(maps(&firebase(|i| i.hash = BCRYPT.into()), new()).endpoint, Endpoint::Bcrypt);
}

#[test]
fn sha512_truncated_goes_by_version() {
    let input = declared(&"AB".repeat(28), "sha512/224");
    let mapped = maps(&input, profile("1.8.0"));
    assert_eq!((mapped.fields.password_version, mapped.conversion), (Some("sha512/224"), vec!["lowercase hex"]));
    assert_eq!(refused(&input, profile("1.8.1")), (Code::UnsupportedScheme, Some("sha512/224")));
}

#[test]
fn a_hash_over_256_bytes_goes_by_version() {
    let long = format!("$argon2id$v=19$m=64,t=1,p=1${}${}", "AAAA".repeat(40), "AAAA".repeat(20));
    assert_eq!(refused(&record::bare(&long), new()).0, Code::HashLength);
    assert_eq!(maps(&record::bare(&long), profile("1.4.13")).endpoint, Endpoint::Argon2);
}

#[test]
fn memory_and_time_that_no_login_has_are_refused() {
    for hash in [
        ARGON2.replace("m=20", "m=2097152"),
        ARGON2.replace("t=3", "t=4294967295"),
        BCRYPT.replace("$05$", "$31$"),
        PHPASS.replace("$P$B", "$P$S"),
        "$6$rounds=999999999$salt$brpGeDh9LiFtXK.P23eZ/TfxZH.Po.JI6zD0dwjwwYy2cp6XiwajzGpFObdK6KpnFneUUG0p88xcizZarFfj..".into(),
    ] {
        assert_eq!(refused(&record::bare(&hash), new()).0, Code::TooExpensive, "{hash}");
    }
    let few =
        "$6$rounds=999$salt$brpGeDh9LiFtXK.P23eZ/TfxZH.Po.JI6zD0dwjwwYy2cp6XiwajzGpFObdK6KpnFneUUG0p88xcizZarFfj..";
    assert_eq!(refused(&record::bare(few), new()), (Code::UnsupportedScheme, Some("sha512crypt")));
}

#[test]
fn keycloak_credentials_are_read_as_objects_too() {
    let credential = |kind: &str| {
        json!({
            "credentialData": {"hashIterations": 5, "algorithm": "argon2", "additionalParameters":
                {"memory": ["7168"], "type": [kind], "version": ["1.3"], "parallelism": ["1"]}},
            "secretData": {"value": "sRnxsJG7O4J6U/I68tevl3pe31lxjAp2mAVNt47bRdE=", "salt": "2rioG2+wu7y8lUuDvWbGRQ=="},
        })
        .to_string()
    };
    assert_eq!(maps(&record::bare(&credential("i")), new()).endpoint, Endpoint::Argon2);
    assert_eq!(refused(&record::bare(&credential("d")), new()), (Code::UnsupportedScheme, Some("argon2d")));
    assert_eq!(refused(&record::bare("{\"type\":\"otp\"}"), new()).0, Code::UnrecognisedHash);
    assert_eq!(
        refused(&record::bare("{\"hashedSaltedValue\":\"x\"}"), new()),
        (Code::UnsupportedScheme, Some("pbkdf2"))
    );
}
