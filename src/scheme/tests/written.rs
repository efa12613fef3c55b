//! What packages write around hashes, beside them and in their place.

use super::*;
use crate::scheme::itoa64;
use crate::scheme::verify::Login;

/// Strings as real packages wrote them, and the password that all of them are of.
const WRITTEN: &[(&str, Endpoint)] = &[
    // @adonisjs/hash 10.1.1, its scrypt and its bcrypt driver
    (
        "$scrypt$n=16384,r=8,p=1$5vE/4OzjaARhDiJY7Bcthw$Tmyi8lzCiLuFkm3AgqdueqceKhDIwObgm2xgEbE1zxtis2f5y9ruKLvbjH0LFPZCDdvDeaoUZY2ys3UBCgnq9g",
        Endpoint::ScryptModified,
    ),
    ("$bcrypt$v=98$r=10$H+9p37mTBzlqqeqVuzEPLw$4uLSHuVGOYcHg166/i/G8BnLyPREFTY", Endpoint::Bcrypt),
    // secure-password 4.0.0 as @blitzjs/auth stores it
    (
        "JGFyZ29uMmlkJHY9MTkkbT02NTUzNix0PTIscD0xJE1vVDUraHdJOGE0aUpBb0NsM3UxL2ckVEdBQ3BZbmQvRERRU1dNb2g1Z3lmcHhSQWFudjVhbTRJck9zN0hiUk1vQQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        Endpoint::Argon2,
    ),
    // firebase-tools' emulator, a user imported with bcrypt
    ("JDJiJDA0JDJ3YUc2S3VZbmxwdmFYMHF1SGVud2VUWGZXVE9tMHRwdUJ3ODh3OXdGVHE1Lnc5YWNSNDhh", Endpoint::Bcrypt),
    // the same bcrypt as bytes of a Python driver, of PostgreSQL and of MySQL; behind pagure's version, behind a name
    ("b'$2b$04$2waG6KuYnlpvaX0quHenweTXfWTOm0tpuBw88w9wFTq5.w9acR48a'", Endpoint::Bcrypt),
    ("$2$$2b$04$2waG6KuYnlpvaX0quHenweTXfWTOm0tpuBw88w9wFTq5.w9acR48a", Endpoint::Bcrypt),
    ("bcrypt:$2b$04$2waG6KuYnlpvaX0quHenweTXfWTOm0tpuBw88w9wFTq5.w9acR48a", Endpoint::Bcrypt),
    ("{plaintext}Correct-Horse-9 battery", Endpoint::Plain),
];

#[test]
fn what_packages_write_around_a_hash_is_taken_off_without_loss() {
    for &(text, endpoint) in WRITTEN {
        let mapped = maps(&record::bare(text), new());
        assert_eq!(mapped.endpoint, endpoint, "{text}");
        if endpoint == Endpoint::Plain {
            assert_eq!(mapped.fields.password, "Correct-Horse-9 battery");
        } else {
            assert_eq!(mapped.login(b"Correct-Horse-9 battery", new()), Login::Match, "{text}");
        }
        assert!(!mapped.conversion.is_empty(), "{text}");
    }
    let bcrypt = "$2b$04$2waG6KuYnlpvaX0quHenweTXfWTOm0tpuBw88w9wFTq5.w9acR48a";
    let digits = crate::bytes::hex(bcrypt.as_bytes());
    for written in [format!("\\x{digits}"), format!("0x{digits}"), digits.to_uppercase()] {
        assert_eq!(maps(&record::bare(&written), new()).fields.password, bcrypt);
    }
}

#[test]
fn a_key_of_redwood_has_its_parameters_behind_it_and_its_salt_beside_it() {
    // @redwoodjs/auth-dbauth-api 8.9.0
    let key = "f374bec06b020d1dcc2c78ed2331e1d3a8307f21ddfbd19320503cb9437d919b|16384|8|1";
    let salt = "de2cf99b4bdc70b371e643c48fd1881189e2544ea050da94bf95aa17556dde42";
    let input = HashInput { salt: Some(salt.into()), ..record::bare(key) };
    let mapped = maps(&input, new());
    assert_eq!((mapped.endpoint, mapped.fields.password_length), (Endpoint::Scrypt, Some(32)));
    assert_eq!(mapped.login(b"Correct-Horse-9 battery", new()), Login::Match);
    assert_eq!(refused(&record::bare(key), new()).0, Code::ParametersMissing);
}

#[test]
fn openldaps_md5_of_bsd_is_md5_crypt_in_base64() {
    // The digest's bytes of passlib's vector, in front of its salt.
    let hash = "$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1";
    let written: String = {
        use base64::Engine as _;
        let six = |at: usize| u32::from(itoa64::value(hash.as_bytes()[12 + at]).expect("of the alphabet"));
        let mut digest = [0_u8; 16];
        for (group, (a, b, c)) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)].into_iter().enumerate() {
            let bits = (0..4).fold(0, |bits, i| bits | six(group * 4 + i) << (6 * i));
            let [_, high, middle, low] = bits.to_be_bytes();
            (digest[a], digest[b], digest[c]) = (high, middle, low);
        }
        digest[11] = (six(20) | six(21) << 6).to_be_bytes()[3];
        let body = base64::engine::general_purpose::STANDARD.encode([&digest[..], b"SuMrG47N"].concat());
        format!("{{BSDMD5}}{body}")
    };
    assert_eq!(maps(&record::bare(&written), new()).fields.password, hash);
}

#[test]
fn what_cannot_be_verified_is_named() {
    for (text, scheme) in [
        ("{APR1}$apr1$20wHykKU$yIrE82xKyC0UkyiFCf3bz1", "apr1"),
        ("{GOST_YESCRYPT}$gy$j9T$p3zjnZs1THaA2bvAA3a4/1$LgQWbqIHvq0zKkqp9cxnujLToNBah10/OBhArQiX3a.", "gost-yescrypt"),
        ("$sm3$rounds=5000$salt$hash", "sm3crypt"),
        (
            "{PBKDF2S5}250000$O0/bq3YdbQTwbUoBPQDEpqedJOo$5/N3pzXS7EteocUbE.zkZiTYuo5MvhunOarNPdoEwHxRhyPH890udJwPFYAR6.9XZFo4Gf9sCdK4F4QvLeUGxg",
            "pbkdf2-sha512",
        ),
        ("{BCRYPTKDF}c2FsdA==", "bcrypt-pbkdf"),
        ("{MYSQL}*11F6AD8EC52A2984ABAAFD7C3B516503785C2072", "mysql41"),
        (
            "$7$101$c2FsdHNhbHRzYWx0$3tIlyhQhlXEzTfQO5uLhYBZKfkV8o0lT3sF4P5tTJ3YxJ4vY2oYy1h7yQp7VgO0mB2qZ3n1kq8H1b5xJt0Yx3w==",
            "pbkdf2-sha512",
        ),
        ("$5$b0df2f6a0f6a$5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "salted-sha256"),
        ("{SHA256}5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8:J0omlaSalt", "salted-sha256"),
        ("pbkdf2-sha256-v1:364295b68a7f2b62e82ac142745e1c1c4da7b33bcf6031e85bd8f7377251518a", "pbkdf2-sha256"),
        (
            "c2NyeXB0AJBouA9oXw0yAY7wgbbea7zFSUiWDD+iyLbVa2XTRcxOu5f9jspik0hmro6p+r1BvuyNn6xWy+pqOjCtsaxrmmWHAtZ+nC+5VKSTsa2eWAlO/WBRONN19NI8",
            "scrypt-kdf",
        ),
        ("sha1$a4c3a0ad$1$c470e7de468d601a68743e9cce0e35ff96aafc69", "hmac-sha1"),
        ("pbkdf2(1000,20,sha512)$aaf$0a1b", "pbkdf2"),
    ] {
        assert_eq!(refused(&record::bare(text), new()), (Code::UnsupportedScheme, Some(scheme)), "{text}");
    }
    let pre_hashed: [(&'static [Hint], &str); 2] =
        [(&[Hint::PreHashed("flask-security")], ARGON2), (&[Hint::PreHashed("smf-bcrypt")], BCRYPT)];
    for (hints, hash) in pre_hashed {
        assert_eq!(refused(&HashInput { hints, ..record::bare(hash) }, new()).0, Code::UnsupportedScheme);
    }
}

#[test]
fn a_second_salt_beside_a_hash_that_has_its_own_stops_unless_the_scheme_is_declared() {
    for hash in [BCRYPT, ARGON2] {
        let beside = |salt: &str| HashInput { salt: Some(salt.to_owned().into()), ..record::bare(hash) };
        assert_eq!(refused(&beside("k3Jf9aQ1"), new()).0, Code::AmbiguousScheme);
        // The salt of the string itself, kept once more.
        assert!(matches!(resolve(&beside(&hash[..hash.len() - 32]), new()), Verdict::Maps(_)));
        assert!(matches!(resolve(&beside(""), new()), Verdict::Maps(_)));
        let name = if hash == BCRYPT { "bcrypt" } else { "argon2" };
        let declared = HashInput { declared: Some(name.into()), ..beside("k3Jf9aQ1") };
        assert_eq!(maps(&declared, new()).notes[0].code, Code::PepperPossible);
    }
}

#[test]
fn a_tutorials_key_and_salt_map_where_they_are_declared() {
    // crypto.scryptSync("password123", "0123456789abcdef", 64) and (…, 32), the salt as text
    for text in ["aa.0123456789abcdef", "0123456789abcdef.aa", "0123456789abcdef:aa"] {
        let text = text.replace("aa", &"ab".repeat(if text.contains(':') { 32 } else { 64 }));
        let Verdict::Refused(refusal) = resolve(&record::bare(&text), new()) else { panic!("refused") };
        assert!(refusal.ambiguous.contains(&"node-crypto"), "{text}: {:?}", refusal.ambiguous);
        let mapped = maps(&declared(&text, "node-crypto"), new());
        assert_eq!(mapped.fields.password_salt.as_deref(), Some("0123456789abcdef"));
    }
}
