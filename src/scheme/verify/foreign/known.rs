//! Known answers of the schemes that few systems have, each from the library that is named.

use super::*;
use crate::account::HashInput;
use crate::appwrite::Version;
use crate::scheme::{Verdict, resolve};

fn check_of(scheme: &str, hash: &str, salt: Option<&str>, password: &str) {
    let input = HashInput {
        hash: hash.to_owned().into(),
        salt: salt.map(|salt| salt.to_owned().into()),
        ..HashInput::default()
    };
    assert_eq!(verify(scheme, &input, password.as_bytes()), Some(true), "{scheme} {hash} {password}");
    let wrong = format!("{password}?");
    assert_ne!(verify(scheme, &input, wrong.as_bytes()), Some(true), "{scheme} {hash} takes {wrong}");
    assert_ne!(verify(scheme, &input, b"another"), Some(true), "{scheme} {hash} takes another");
}

/// libxcrypt 4.5.2, `test/ka-table.inc`; that of `$gy$j9T$` was made by libxcrypt 4.4.33.
#[test]
fn gost_yescrypt_and_sm3crypt() {
    for (scheme, hash, password) in [
        ("sm3crypt", "$sm3$rounds=1000$saltstring$rA2ewUHqiQH5Le9o318IWjgsADyZCgfFXofbx1T1NCD", "abc"),
        ("gost-yescrypt", "$gy$j75$.......$XH2YP.u9tPw6ObDCXTRJiUfyrAEZ/TGIF0CjnxNW3h/", "abc"),
        (
            "gost-yescrypt",
            "$gy$j9T$p3zjnZs1THaA2bvAA3a4/1$LgQWbqIHvq0zKkqp9cxnujLToNBah10/OBhArQiX3a.",
            "correct horse battery staple",
        ),
    ] {
        check_of(scheme, hash, None, password);
    }
}

/// `pwdhash` of 389-ds 2.3.1 (Debian 12); `ForgeRock`'s forgeops, `make-users.sh`; the last two by the rules of `OpenDJ`'s
/// `PBKDF2PasswordStorageScheme` and of what Oracle's IDCS takes, with Python's hashlib.
#[test]
fn directories_with_all_in_one_base64() {
    for (scheme, hash, password) in [
        (
            "pbkdf2-sha256",
            "{PBKDF2_SHA256}AAAgAFQD+wERjQDVTZjZBBykmd1XTGYSXbfdcChDGp+4KOKCB6kBy/ytRFSNKscpdqrVL5e2mtF5Ia8hK66//aDDlEYLFefIMxTIDQpIa2iI8BB66oKPu2AJzvVG/mPIItSOH4btncA6BAEhxA/Nwferzi7U51YNKVCIy1vcGIyRiRui3dKyp4ZN+Eq3lKSSrT5fr7J3+Zh1S6TCbdFStcUrf3Wo0x4y5McAhKgfMrUKjoF4ufNUpnliZOQI26klo8RRL61PwKONnRh+VLqCvD3O+uyJHblWPJkVzS6oY6I1xF9rtvIWpQug6Rp5/8USMPtYh8dHRwn6mhrUtuzWLlovs8TJUfvaIUs/y6e0pWkZ8PubJUBsz2gVCZY2Vw3pCH+FgL4DjZcZxRbYaAfVm6RVjsWprW+1dSE1Zpn2c65Fm5Vk",
            "rehome-1",
        ),
        (
            "pbkdf2-sha512",
            "{PBKDF2-SHA512}10000$V7szVzEnBRHprOfnDMw/A899b3/AcrUI$DOV27irjVF+njJI7to7TYML4o3EeTgpXULSOj2yhyza9WP4/sWwCsoQJkXZ6A73EsHdQ+/pW7c41wCUnh8wRfQ==",
            "rehome-1",
        ),
        (
            "pbkdf2-sha256",
            "{PBKDF2-HMAC-SHA256}10000:xKsMmlzVLRYdYzcgBuD3ZIAeSj8tNhjDHGFDqhth8Kcbw5qjL5UZxaiS2awL1HjO",
            "password",
        ),
        ("pbkdf2", "{PBKDF2}10000:4Jc+CdG1PkoX8Qw2wY724Yof1iwAAQIDBAUGBw==", "changeit"),
        (
            "pbkdf2-sha512",
            "{PBKDF2-HMAC-SHA512}1000$z9ueTYKd8TQY5ROiRpEjnfzWd4v7AJ+mWYhunHZP3EAZgVIbBIw7pvojwP1HC/5zEFIxzNMJ4OqWZ7xENDlVkgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "Welcome1",
        ),
    ] {
        check_of(scheme, hash, None, password);
        let input = HashInput { hash: hash.into(), ..HashInput::default() };
        let Verdict::Refused(refusal) = resolve(&input, Version::NEWEST.profile()) else { panic!("{hash} maps") };
        assert_eq!(refusal.scheme, Some(scheme), "{hash}");
    }
    for cut in [
        "{PBKDF2_SHA256}AAAgAA==",
        "{PBKDF2_SHA256}",
        "{PBKDF2-HMAC-SHA256}10000:",
        "{PBKDF2}10000:AAAA",
        "{PBKDF2-HMAC-ÄÖ}1:AAAA",
    ] {
        let input = HashInput { hash: cut.to_owned().into(), ..HashInput::default() };
        assert_ne!(verify("pbkdf2-sha256", &input, b"password"), Some(true), "{cut}");
    }
}

/// The first of Logto's own tests (`password.test.ts`); PBKDF2 and the last by Python's hashlib.
#[test]
fn recipes() {
    for (scheme, hash, password) in [
        (
            "salted-digest",
            r#"["sha256", ["salt123", "@"], "c465f66c6ac481a7a17e9ed5b4e2e7e7288d892f12bf1c95c140901e9a70436e"]"#,
            "password123",
        ),
        ("salted-digest", r#"["sha1",["prefix","@","suffix"],"1e51b70835fc01a385d43117299e147203d098c6"]"#, "mypass"),
        (
            "pbkdf2-sha256",
            r#"["pbkdf2",["hex:80ff00414243","1000","32","sha256","@"],"75d87d232694f0918d8e1ae49bce5f0a665e862da3e23e8b3eddf368db16d2cf"]"#,
            "Password123!",
        ),
        (
            "pbkdf2-sha512",
            r#"["pbkdf2",["salt","1000","20","sha512","@"],"c22cc197faf3775efa2ab048f3286d42614b549f"]"#,
            "Password123!",
        ),
    ] {
        check_of(scheme, hash, None, password);
        let input = HashInput { hash: hash.into(), ..HashInput::default() };
        let Verdict::Refused(refusal) = resolve(&input, Version::NEWEST.profile()) else { panic!("{hash} maps") };
        assert_eq!(refusal.scheme, Some(scheme), "{hash}");
    }
    let firebase = r#"["firebase-scrypt",["42xEC+ixf3L2lw==","jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==","Bw==","8","14","@"],"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="]"#;
    for (hash, scheme, password) in [
        (firebase, "firebase-scrypt", "user1password"),
        (r#"["md5",["@"],"51533f457802f105fc615463db7f0e20"]"#, "md5", "simple_password"),
    ] {
        let input = HashInput { hash: hash.into(), ..HashInput::default() };
        let Verdict::Maps(mapped) = resolve(&input, Version::NEWEST.profile()) else { panic!("{hash} is refused") };
        assert_eq!(mapped.scheme, scheme);
        let login = |password: &str| mapped.login(password.as_bytes(), Version::NEWEST.profile());
        assert_eq!(login(password), Login::Match, "{hash}");
        assert_ne!(login("another-password"), Login::Match, "{hash}");
    }
    let endless = r#"["pbkdf2",["s","1","9223372036854775808","sha256","@"],""]"#;
    for other in [endless, "[\"sha256\",[\"salt\"],\"00\"]", "[\"a\"]", "[\"", "[\"nothing\",[\"@\"],\"zz\"]", "[1,2]"]
    {
        let input = HashInput { hash: other.into(), ..HashInput::default() };
        let Verdict::Refused(refusal) = resolve(&input, Version::NEWEST.profile()) else { panic!("{other} maps") };
        assert_eq!(refusal.scheme, None, "{other}");
    }
}

/// passlib 1.7.4 (`sun_md5_crypt`), and libxcrypt 4.4.33 for the last.
#[test]
fn suns_md5() {
    for (hash, password) in [
        ("$md5$zrdhpMlZ$$wBvMOEqbSjU.hu5T2VEP01", "Gpcs3_adm"),
        ("$md5$zrdhpMlZ$$Vp2FzKaRNMy8IF87wZOe//", "passwd"),
        ("$md5,rounds=34000$abc$$6uDjgMI5dpH0y6va34gjJ/", "Gpcs3_adm"),
        ("$md5$salt$$U5g1eQmhT4oW4oRt0OLMO.", "x"),
    ] {
        check_of("sunmd5", hash, None, password);
    }
}

/// passlib 1.7.4: `lmhash`, `msdcc`, `msdcc2`, `crypt16`, `oracle10`, `oracle11`; hashcat's modules 12300 and 2100.
#[test]
fn windows_ultrix_and_oracle() {
    for (scheme, hash, salt, password) in [
        ("lm", "855c3697d9979e78ac404c4ba2c66533", None, "passphrase"),
        ("lm", "fed6416bffc9750d48462b9d7aaac065", None, "ENCYCLOPÆDIA"),
        ("lm", "{LM}c9b81d939d6fd80cd408e6b105741864", None, "oldpassword"),
        ("msdcc", "2d9f0b052932ad18b87f315641921cda", Some("user"), "password"),
        ("msdcc", "10c938df7347730e2c534e42f03f3a3a", Some("Administrator"), "pässword"),
        ("msdcc", "$DCC2$10240#6848#e2829c8af2232fa53797e2f0e35e4626", None, "hashcat"),
        ("bigcrypt", "aaX/UmCcBrceQ0kQGGWKTbuE", None, "passphrase"),
        // OpenLDAP 2.5.13's slappasswd.
        ("bigcrypt", "{CRYPT}ByNfsWKGJ/G.291iVlprObLg30zc1zp0ANE", None, "Correct-Horse-017"),
        ("oracle", "67009F80B5ECF96E", Some("scott"), "password"),
        ("oracle", "S:DC8F58D3F0F40CEAAACF116A45C09FFB610239A1264A79845CAD91C3037A", None, "SHAlala"),
        (
            "oracle",
            "S:0000000000000000000000000000000000000000000000000000000000;H:00;T:8F75FBD166AFDB6D7587DAB89C2F15672AAC031C\
             5B0B5E65C0835FB130555F6FF4E0E5764976755558112246FFF306450C22F6B7746B9E9831ED97B3739\
             92F9157436180438417080374881414745255",
            None,
            "hashcat",
        ),
    ] {
        check_of(scheme, hash, salt, password);
    }
}

/// passlib 1.7.4 (`cisco_pix`, `cisco_asa`, `cisco_type7`), hashcat's modules 5700, 9200 and 9300.
#[test]
fn ciscos_types() {
    for (hash, name, password) in [
        ("$8$84486783037343$pYNyVrtyMalQrZLxRi7ZLQS1Fl.jkYCgASUi5P8JNb2", None, "hashcat"),
        ("$9$87023684531115$phio0TBQwaO7KZ8toQFyGFyDvyOzidaypRWN0uKX0hU", None, "hashcat"),
        ("2btjjy78REtmYkkW0csHUbJZOstRXoWdX1mGrmmfeHI", None, "hashcat"),
        ("06351A3149085123301517391C501918", None, "Supe&8ZUbeRp4SS"),
        ("06160E325F59060B01464058", None, "password123"),
        ("2KFQnbNIdI.2KYOU", None, "cisco"),
        ("3USUcOPFUiMCO4Jk", Some("cisco1"), "cisco"),
        (".7nfVBEIEu4KbF/1", Some("user1234"), "0123456789abcdef"),
        ("o5ej5c0/h/XiuLA4", Some("36"), "0123456789abcdefqwerty"),
        ("zynfWw3UtszxLMgL", Some("user1234"), "0123456789abcdefqwertyuiopa"),
        ("5hPT/iC6DnoBxo6a", None, "0123456789abcdefqwertyuiopasdfgh"),
    ] {
        check_of("cisco", hash, name, password);
    }
}

/// Every vector of passlib's for PIX and ASA, by the user whose name is hashed as well.
#[test]
fn all_of_passlibs_pix_and_asa() {
    let mut n = 0;
    for line in include_str!("../../../../fixtures/hashes/published.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if !line["scheme"].as_str().is_some_and(|name| name.starts_with("passlib cisco")) {
            continue;
        }
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        let (hash, password) = (text("hash").expect("a hash"), text("password_plain").expect("a password"));
        let input = HashInput { hash: hash.into(), salt: text("user").map(Into::into), ..HashInput::default() };
        assert_eq!(verify("cisco", &input, password.as_bytes()), Some(true), "{line}");
        n += 1;
    }
    assert!(n >= 50, "{n}");
}

/// libsodium's `crypto_pwhash` and hashlib, in the order of Magento 2.4.8's `Encryptor`, by PyNaCl 1.6.
#[test]
fn magentos_hash_of_a_hash() {
    for hash in [
        "ea45e2ab69ca04412422e5baef9c4bf5630377cda2572eceb3dc925b6e4cba24:FuhbVmYwTUsQpBp4ZwYtpCdr3BnfBbYd:1:2",
        "e0c1cf183aedd48e16cc0f8e36dc500cc5a29c22e4874a3037b26a79360d2ac0:short8ch:0:1:3_32_2_1048576",
        "746d9aa62ca25fd876a012c78f23c37fdcd7815fcc959a11d14a0518bf37d6cf:FuhbVmYwTUsQpBp4:1:3_32_1_65536",
    ] {
        check_of("magento2-chained", hash, None, "magento-pass");
    }
}

/// hashcat's modules 23200, 24100 and 24200, passlib 1.7.4 (`scram`), and rows of `system.users` made by RFC 5802's arithmetic in Python's hashlib.
#[test]
fn scram_as_servers_keep_it() {
    for (hash, name, password) in [
        (
            "$xmpp-scram$0$4096$45$353835323736323530353932363531393630313632353634313335323434323038393931323138373138343134\
             $6d5b543b985dc6c0645da3c83d114fce121aa51d",
            None,
            "hashcat",
        ),
        (
            "$mongodb-scram$*1*dXNlcg==*15000*qYaA1K1ZZSSpWfY+yqShlcTn0XVcrNipxiYCLQ==*QWVry9aTS/JW+y5CWCBr8lcEH9Kr/D4je60ncooPer8=",
            None,
            "hashcat",
        ),
        ("$scram$6400$0BojBCBE6P2/N4bQ$sha-1=YniLes.b8WFMvBhtSACZyyvxeCc", None, "\u{ad}IX \u{e0}"),
        (
            r#"{"SCRAM-SHA-1":{"iterationCount":1000,"salt":"MDEyMzQ1Njc4OWFiY2RlZg==","storedKey":"JRTSlUgkkquNaM8TeBh/LEzvTkE=","serverKey":"x"}}"#,
            Some("ann"),
            "mongo-pass",
        ),
        (
            r#"{"SCRAM-SHA-256":{"iterationCount":{"$numberInt":"1000"},"salt":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYg==","storedKey":"n+fZraRJVUS/cW291Bx9LnvzMzU19pub35dWRo3LbC8="}}"#,
            Some("ann"),
            "mongo-pass",
        ),
    ] {
        check_of("scram", hash, name, password);
    }
}

/// MySQL 8.4's own `authentication_string`, in hexadecimal where its salt is no text.
#[test]
fn mysqls_sha2() {
    check_of(
        "mysql-sha2",
        "$mysql$A$005*F9CC98CE08892924F50A213B6BC571A2C11778C5*\
         625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F",
        None,
        "hashcat",
    );
}

/// Request Tracker 5.0.3 (`RT::User`), Galaxy 26.1.2 (`galaxy.security.passwords`), AWL (DAViCal 1.1.12-2 of Debian,
/// `session_salted_sha1` and `session_salted_md5`), AuthEncoding 6.1 of Zope.
#[test]
fn systems_that_write_their_own() {
    for (scheme, hash, password) in [
        ("bcrypt-sha512", "!bcrypt!10!bxwaFtZZr4JPck/rzxPPguZLLgloKsU6Z8w6dh.eQPWKyXWeB8CxW", "Correct-Horse-9"),
        ("bcrypt-sha512", "!bcrypt!10!irlwGEOm21KiPMjS8Hdh7e6xr4WFcEVxox/rbS2ECgXdkmPg8foZS", "motdepasse-Été1"),
        (
            "salted-sha512",
            "!sha512!djjXfwTUgxFzy5Eu!EvJM5j6XU6Zhspa3+NSEYFAzPoU8Fm+VJOO4Jiu4A42C/SWVlgZLg+Hi2R1U/8LjKNffuPjV1Btu4w3LCLLqaw",
            "пароль-секрет",
        ),
        ("pbkdf2-sha256", "PBKDF2$sha256$100000$t5B5//SKIkrjf1Ci$AIhSTHDZOGRWZv+0cdu0vwIddN7Y2tve", "Correct-Horse-9"),
        ("salted-sha1", "*711aoJGkt*{SSHA}YonceL2/c89cwW16gFgNrjti3Cw3MTFhb0pHa3Q=", "Correct-Horse-9"),
        ("salted-md5", "*e3989f4d*38704e1d0c589352fc29f28db781bda5", "back\\slash\"quo'te8"),
        // In Latin-1.
        ("salted-sha1", "{SSHA}I8pJtZUC0/9Wl3eqhS1iJaVUYok5qEFsFi0y", "motdepasse-Été1"),
    ] {
        check_of(scheme, hash, None, password);
        let input = HashInput { hash: hash.into(), ..HashInput::default() };
        let Verdict::Refused(refusal) = resolve(&input, Version::NEWEST.profile()) else { panic!("{hash} maps") };
        assert_eq!(refusal.scheme, Some(scheme), "{hash}");
    }
}

/// `legacyHashPassword` of `@redwoodjs/auth-dbauth-api` 8.9.0: one iteration, the salt is its text.
#[test]
fn redwoods_key_before_version_7() {
    let input = HashInput {
        hash: "12520980561b761ca2a2218077aa98090414686e3d08a9960204828765a72d84".into(),
        salt: Some("277da1d830767d2dc0efd10e64cd0491811a623a0699ace63a28bd76da943bc8".into()),
        rounds: Some(1),
        ..HashInput::default()
    };
    assert_eq!(verify("pbkdf2-sha1", &input, "back\\slash\"quo'te8".as_bytes()), Some(true));
    assert_eq!(verify("pbkdf2-sha1", &input, b"back"), Some(false));
}
