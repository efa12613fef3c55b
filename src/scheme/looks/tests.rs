use super::*;
use crate::scheme::record;

fn scheme(cell: &str) -> Option<&'static str> {
    match looks_like(cell) {
        Looks::Hash { scheme, .. } => Some(scheme),
        _ => None,
    }
}

#[test]
fn every_recorded_hash_is_no_password() {
    let corpus = include_str!("../../../fixtures/hashes/corpus.jsonl").lines();
    for line in corpus {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let record = line["as_exported"].as_object().expect("an object");
        let hash = record::read(record).expect("a hash").hash;
        if line["scheme"] != "plaintext" {
            assert!(scheme(&hash).is_some(), "{}: {hash}", line["scheme"]);
        }
    }
}

#[test]
fn masks_and_markers_are_no_passwords() {
    for mask in [
        "**********",
        "[FILTERED]",
        "REDACTED",
        "[REDACTED]",
        "[HIDDEN]",
        "••••••••",
        "●●●●●",
        "undefined",
        "null",
        "<hidden>",
        "(hidden)",
        "[object Object]",
        "xxxxxxxx",
        "[PROTECTED]",
        "<BINARY>",
        "NULL",
        "None",
        "[redacted]",
        "N/A",
        "<memory>",
    ] {
        assert_eq!(looks_like(mask), Looks::Masked, "{mask}");
    }
    for marker in ["", "!", "*", "x", "!!", "*LK*", "!$6$salt$hash"] {
        assert_eq!(looks_like(marker), Looks::Unusable, "{marker}");
    }
}

#[test]
fn passwords_stay_passwords() {
    for password in [
        "correct horse battery",
        "hunter2",
        "P@ssw0rd!",
        "password",
        "secret",
        "hidden",
        "Tr0ub4dor&3",
        "alice:secret99",
        "{curly}",
        "$dollar$",
        "Ann-secret-1",
        "pässwörd",
        "12345678",
        "a|b",
        "(secret)x",
        "qwerty",
        "**a**",
        "...",
    ] {
        assert_eq!(looks_like(password), Looks::Nothing, "{password}");
    }
    // What could be either is no sure thing.
    for either in ["summervacati", "sommerurlaub1", "correcthorsebatterysta", "deadbeefdeadbeef"] {
        assert!(!looks_like(either).is_no_password(), "{either}");
    }
}

proptest::proptest! {
    #[test]
    fn short_words_are_nothing_to_the_resolver(word in "[a-zA-Z0-9_.@!?#-]{1,12}") {
        let text = word.trim_ascii();
        if is_short_word(text) && !is_mask(text) && !unusable_marker(text) {
            proptest::prop_assert_eq!(resolved(text), Looks::Nothing);
        }
    }
}
