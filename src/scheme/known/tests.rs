//! Each mistake that really happens is made here once, and must be named.

use serde_json::json;

use super::*;
use crate::account::SaltEncoding;
use crate::appwrite::Version;
use crate::scheme::record;

fn profile() -> &'static Profile {
    Version::NEWEST.profile()
}

fn proof(input: &HashInput<'_>, password: &str) -> Proof {
    prove(input, &resolve(input, profile()), password, profile())
}

fn names(input: &HashInput<'_>, password: &str, mistake: &str) {
    match proof(input, password) {
        Proof::Wrong(text) => assert!(text.contains(mistake), "{text}"),
        other => panic!("{other:?}"),
    }
}

fn declared(hash: &str, scheme: &'static str) -> HashInput<'static> {
    HashInput { declared: Some(scheme.into()), ..record::bare(hash) }
}

fn bcrypt(password: &[u8]) -> HashInput<'static> {
    let parts = ::bcrypt::hash_with_salt(password, 4, [7; 16]).expect("a hash");
    declared(&parts.format_for_version(::bcrypt::Version::TwoY), "bcrypt")
}

fn firebase(separator: &str) -> HashInput<'static> {
    // Appwrite's end-to-end test; the password is "appwrite", the separator `Bw==`.
    let record = json!({
        "passwordHash": "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ==",
        "salt": "UxLMreBr6tYyjQ==",
        "hash_config": {
            "base64_signer_key":
                "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==",
            "base64_salt_separator": separator, "rounds": 8, "mem_cost": 14},
    });
    record::read(record.as_object().expect("an object")).expect("a hash")
}

#[test]
fn a_right_pair_is_proven() {
    assert_eq!(proof(&bcrypt(b"correct horse"), "correct horse"), Proof::Proven);
    assert_eq!(proof(&firebase("Bw=="), "appwrite"), Proof::Proven);
    assert_eq!(proof(&declared("swordfish", "plain"), "swordfish"), Proof::Proven);
}

#[test]
fn a_wrong_password_is_no_mistake_of_the_export() {
    names(&bcrypt(b"correct horse"), "battery staple", "another password");
    names(&firebase("Bw=="), "battery staple", "another password");
    names(&declared("swordfish", "plain"), "pufferfish", "another password");
}

#[test]
fn lengths_that_a_login_refuses_get_their_own_answer() {
    for password in ["seven77", "seven 6", &"x".repeat(257)] {
        let proof = proof(&bcrypt(password.as_bytes()), password);
        assert!(matches!(&proof, Proof::CannotSignIn(text) if text.contains("must be reset")), "{proof:?}");
    }
}

#[test]
fn firebase_parameters_of_another_project_are_named() {
    names(&firebase("CA=="), "appwrite", "the salt separator is `Bw==`");
    names(&firebase(""), "appwrite", "the salt separator is `Bw==`");
}

#[test]
fn what_the_source_did_to_the_password_is_named() {
    for (hashed, typed, mistake) in [
        ("trimmed pass", " trimmed pass ", "blanks"),
        ("Tom &amp; Jerry", "Tom & Jerry", "HTML entities"),
        ("it\\'s mine", "it's mine", "backslash"),
        ("cafe\u{301} noir", "café noir", "NFD"),
        ("ﬁnished".nfkc().collect::<String>().as_str(), "ﬁnished", "NFKC"),
        ("password\n", "password", "line feed"),
        ("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "password", "SHA-256 in hexadecimal"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "password", "MD5 in hexadecimal"),
    ] {
        names(&bcrypt(hashed.as_bytes()), typed, mistake);
    }
    names(&bcrypt(&foreign::wordpress(b"password")), "password", "$wp");
    names(&bcrypt(&"pässwörd".chars().map(|c| c as u8).collect::<Vec<_>>()), "pässwörd", "Latin-1");
}

#[test]
fn a_digest_of_another_kind_is_named() {
    let sha3 = hex(&verify::sha("sha3-256", b"password").expect("known"));
    names(&declared(&sha3, "sha256"), "password", "--scheme sha3-256");
    names(&record::bare(&sha3), "password", "--scheme sha3-256");
    names(&record::bare("5f4dcc3b5aa765d61d8327deb882cf99"), "password", "--scheme md5");
    assert!(matches!(proof(&record::bare(&sha3), "another password"), Proof::Untested(_)));
}

#[test]
fn a_salt_that_was_read_in_the_wrong_way_is_named() {
    let cost = scrypt::Cost { n: 1024, r: 8, p: 1 };
    let row = |salt: &[u8], encoding, cost: scrypt::Cost| HashInput {
        hash: hex(&scrypt::derive(b"password", salt, cost, 32).expect("possible")).into(),
        salt: Some("00112233445566778899aabbccddeeff".into()),
        salt_encoding: encoding,
        scrypt_n: Some(1024),
        scrypt_r: Some(8),
        scrypt_p: Some(1),
        ..HashInput::default()
    };
    let bytes = unhex("00112233445566778899aabbccddeeff").expect("hex");
    names(&row(&bytes, SaltEncoding::Utf8, cost), "password", "password_salt_encoding hex");
    let other = scrypt::Cost { r: 16, ..cost };
    names(&row(b"00112233445566778899aabbccddeeff", SaltEncoding::Utf8, other), "password", "r=16");
}

#[test]
fn argon2_with_the_wrong_version_is_named() {
    let hash = "$argon2i$v=16$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI";
    names(&declared(hash, "argon2"), "appwrite", "the version");
    names(&declared(&hash.replace("v=16$", ""), "argon2"), "appwrite", "the version");
}

#[test]
fn a_relabelled_bcrypt_hash_is_named() {
    let hash = bcrypt("pässwörd".as_bytes()).hash.replace("$2y$", "$2x$");
    names(&declared(&hash, "bcrypt"), "pässwörd", "relabelled");
}

#[test]
fn schemes_that_appwrite_cannot_verify_are_proven_all_the_same() {
    // wp_hash_password() of PHP 8.4
    let hash = record::bare("$wp$2y$05$nIv25rjgfzApr7xQAOR/0.pmdYv4a89VaPDf7s6l.hkNdoYF1hLEK");
    let right = proof(&hash, "correct horse battery staple");
    assert!(matches!(&right, Proof::CannotSignIn(text) if text.contains("the hash is right")), "{right:?}");
    names(&hash, "password", "no password of this wp-bcrypt hash");
    // A pepper is nobody's guess.
    let peppered = declared("$2y$05$nIv25rjgfzApr7xQAOR/0.pmdYv4a89VaPDf7s6l.hkNdoYF1hLEK", "bcrypt-peppered");
    assert!(matches!(proof(&peppered, "password"), Proof::Untested(_)));
}

#[test]
fn a_salt_that_was_hashed_with_the_password_is_named() {
    let input = HashInput { salt: Some("k3Jf9aQ1".into()), ..bcrypt(b"k3Jf9aQ1correct horse") };
    names(&input, "correct horse", "stands before the password");
    let undeclared = HashInput { declared: None, ..input };
    names(&undeclared, "correct horse", "bcrypt-salted");
}

#[test]
fn the_file_of_known_passwords_is_read_by_its_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("known.csv");
    let write = |text: &str| std::fs::write(&path, text).expect("a file");
    write("\u{feff}Password,Email\n\" spaced, pass \",a@example.com\nplain,\n");
    let known = read(&path).expect("sound");
    assert_eq!(known[0].email.as_deref(), Some("a@example.com"));
    assert_eq!((known[0].password.as_str(), known[1].email.as_deref()), (" spaced, pass ", None));
    assert!(!format!("{known:?}").contains("spaced"));
    for (text, says) in [
        ("email,pass\na,b\n", "no column `password`"),
        ("name,password\na,b\n", "neither"),
        ("email,password\na,secret,too-many\n", "line 2"),
    ] {
        write(text);
        let error = read(&path).expect_err("refused").to_string();
        assert!(error.contains(says) && !error.contains("secret"), "{error}");
    }
}

/// Flask-Security 5.9.2 with SECURITY_PASSWORD_SINGLE_HASH hashes the password itself, and nothing in the export says so.
#[test]
fn a_hash_that_the_source_is_said_to_make_of_something_else() {
    let alone = HashInput { declared: None, hints: &[Hint::PreHashed("flask-security")], ..bcrypt(b"correct horse") };
    names(&alone, "correct horse", "--scheme bcrypt");
    let told = HashInput { declared: Some("bcrypt".into()), ..alone.clone() };
    assert_eq!(proof(&told, "correct horse"), Proof::Proven);
    assert!(matches!(proof(&alone, "another one"), Proof::Untested(_) | Proof::Wrong(_)));
}
