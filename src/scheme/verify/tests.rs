//! The login's rules by stored name and version. Vectors: Appwrite's end-to-end tests (`UsersBase.php`); the password
//! is "appwrite" throughout.

use serde_json::{Map, Value, json};

use super::*;
use crate::appwrite::Version;

fn profile(version: &str) -> &'static Profile {
    version.parse::<Version>().expect("a version").profile()
}

fn options(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn answer(hash: &str, password: &str, opts: Value, typed: &str, version: &str) -> Login {
    login(Stored { hash, password, options: &options(opts) }, typed.as_bytes(), profile(version))
}

const SHA512: &str = "4243da0a694e8a2f727c8060fe0507c8fa01ca68146c76d2c190805b638c20c6bf6ba04e21f11ae138785d0bff63c416e6f87badbffad37f6dee50094cc38c70";
const SCRYPT: &str = "3fdef49701bc4cfaacd551fe017283513284b4731e6945c263246ef948d3cf63b5d269c31fd697246085111a428245e24a4ddc6b64c687bc60a8910dbafc1d5b";
const SCRYPT_MODIFIED: &str =
    "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ==";

fn scrypt_options() -> Value {
    json!({"salt": "appwrite", "costCpu": 16384, "costMemory": 13, "costParallel": 2, "length": 64})
}

fn firebase_options() -> Value {
    json!({"salt": "UxLMreBr6tYyjQ==", "saltSeparator": "Bw==",
        "signerKey": "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ=="})
}

#[test]
fn appwrites_own_vectors_sign_in_on_every_version() {
    for version in ["1.4.13", "1.7.5", "1.8.1", "1.9.6"] {
        for (hash, password, opts) in [
            ("md5", "144fa7eaa4904e8ee120651997f70dcc", json!({})),
            ("argon2", "$argon2i$v=19$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI", json!({})),
            ("sha", SHA512, json!({"version": "sha512"})),
            ("phpass", "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.", json!({})),
            ("scrypt", SCRYPT, scrypt_options()),
            ("scryptMod", SCRYPT_MODIFIED, firebase_options()),
        ] {
            assert_eq!(answer(hash, password, opts.clone(), "appwrite", version), Login::Match, "{hash} {version}");
            assert_eq!(answer(hash, password, opts, "Appwrite", version), Login::Mismatch, "{hash} {version}");
        }
    }
    let bcrypt = "$2a$15$xX/myGbFU.ZSKHSi6EHdBOySTdYm8QxBLXmOPHrYMwV0mHRBBSBOq";
    assert_eq!(answer("bcrypt", bcrypt, json!({}), "appwrite", "1.9.6"), Login::Match);
}

#[test]
fn which_endpoint_takes_which_string() {
    let argon2 = "$argon2i$v=19$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI";
    assert_eq!(answer("bcrypt", argon2, json!({}), "appwrite", "1.9.6"), Login::Match);
    assert_eq!(answer("phpass", argon2, json!({}), "appwrite", "1.9.6"), Login::Mismatch);
    let des = "N1tQbOFcM5fpg"; // "test"
    for hash in ["bcrypt", "argon2", "phpass"] {
        assert_eq!(answer(hash, des, json!({}), "test", "1.9.6"), Login::Match);
    }
    let phpass = "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.";
    assert_eq!(answer("bcrypt", phpass, json!({}), "appwrite", "1.9.6"), Login::Mismatch);
    assert_eq!(answer("unheard-of", phpass, json!({}), "appwrite", "1.9.6"), Login::ServerError);
}

#[test]
fn upper_case_hex_never_signs_in() {
    assert_eq!(answer("md5", "144FA7EAA4904E8EE120651997F70DCC", json!({}), "appwrite", "1.9.6"), Login::Mismatch);
    let sha = answer("sha", &SHA512.to_uppercase(), json!({"version": "sha512"}), "appwrite", "1.9.6");
    assert_eq!(sha, Login::Mismatch);
    assert_eq!(answer("scrypt", &SCRYPT.to_uppercase(), scrypt_options(), "appwrite", "1.9.6"), Login::Mismatch);
}

#[test]
fn the_default_version_of_sha_changed_with_1_8_1() {
    let sha256 = hex(&sha("sha256", b"appwrite").expect("known"));
    let sha3 = hex(&sha("sha3-512", b"appwrite").expect("known"));
    assert_eq!(answer("sha", &sha256, json!({}), "appwrite", "1.8.1"), Login::Match);
    assert_eq!(answer("sha", &sha256, json!({}), "appwrite", "1.8.0"), Login::Mismatch);
    assert_eq!(answer("sha", &sha3, json!({}), "appwrite", "1.8.0"), Login::Match);
}

#[test]
fn sha_names_outside_the_list_are_server_errors_from_1_8_1() {
    for name in ["sha512/256", "SHA256"] {
        let digest = hex(&sha(&name.to_lowercase(), b"appwrite").expect("known"));
        assert_eq!(answer("sha", &digest, json!({"version": name}), "appwrite", "1.8.0"), Login::Match);
        assert_eq!(answer("sha", &digest, json!({"version": name}), "appwrite", "1.8.1"), Login::ServerError);
    }
    assert_eq!(answer("sha", "00000000", json!({"version": "md5"}), "appwrite", "1.9.6"), Login::ServerError);
}

#[test]
fn impossible_scrypt_parameters_are_server_errors() {
    for (name, value) in [
        ("costCpu", json!(0)),
        ("costCpu", json!(3)),
        ("costCpu", json!(-2)),
        ("costCpu", json!(1_u64 << 40)),
        ("costMemory", json!(0)),
        ("costParallel", json!(0)),
        ("length", json!(15)),
    ] {
        let mut opts = scrypt_options();
        opts[name] = value;
        assert_eq!(answer("scrypt", SCRYPT, opts, "appwrite", "1.7.5"), Login::ServerError, "{name}");
    }
}

#[test]
fn a_salt_of_0_works_up_to_1_8_0() {
    let derived = scrypt::derive(b"appwrite", b"0", Cost { n: 2, r: 1, p: 1 }, 64).expect("possible");
    let opts = json!({"salt": "0", "costCpu": 2, "costMemory": 1, "costParallel": 1, "length": 64});
    assert_eq!(answer("scrypt", &hex(&derived), opts.clone(), "appwrite", "1.8.0"), Login::Match);
    assert_eq!(answer("scrypt", &hex(&derived), opts, "appwrite", "1.8.1"), Login::ServerError);
}

#[test]
fn url_safe_base64_is_mis_decoded_up_to_1_8_0_and_an_error_after() {
    let mut opts = firebase_options();
    opts["signerKey"] = json!(opts["signerKey"].as_str().expect("text").replace('/', "_").replace('+', "-"));
    assert_eq!(answer("scryptMod", SCRYPT_MODIFIED, opts.clone(), "appwrite", "1.8.0"), Login::Mismatch);
    assert_eq!(answer("scryptMod", SCRYPT_MODIFIED, opts, "appwrite", "1.8.1"), Login::ServerError);
    let mut newline = firebase_options();
    newline["signerKey"] = json!(format!("{}\n", newline["signerKey"].as_str().expect("text")));
    assert_eq!(answer("scryptMod", SCRYPT_MODIFIED, newline, "appwrite", "1.9.6"), Login::Match);
}

#[test]
fn non_ascii_firebase_passwords_fail_on_1_4() {
    let salt = [scrypt::base64_lax("UxLMreBr6tYyjQ=="), vec![7]].concat();
    let derived = scrypt::derive("pässwörd".as_bytes(), &salt, Cost::FIREBASE, 64).expect("possible");
    let key = scrypt::base64_lax(firebase_options()["signerKey"].as_str().expect("text"));
    let hash = scrypt::sign(&derived, &key).expect("64 bytes");
    assert_eq!(answer("scryptMod", &hash, firebase_options(), "pässwörd", "1.5.0"), Login::Match);
    assert_eq!(answer("scryptMod", &hash, firebase_options(), "pässwörd", "1.4.13"), Login::Mismatch);
}
