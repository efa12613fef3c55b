//! Firebase's *password hash parameters*: the console's text block as it is copied, or the same as JSON.

use crate::source::FirebaseHashConfig;

/// Reads the console's block, `hash_config { algorithm: SCRYPT, base64_signer_key: …, … }`, or a JSON object of the same
/// members in `snake_case` or `camelCase`, bare or under `hash_config`/`hashConfig`, or the answer of the REST API's
/// `projects.getConfig` with all of it under `signIn`.
///
/// # Errors
/// A sentence that names the member which is missing, repeated in vain or not a number. Never the key itself.
pub fn parse(text: &str) -> Result<FirebaseHashConfig, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let members = if text.starts_with('{') && text.contains('"') { json(text)? } else { block(text) };
    let find = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let either = |a: &str, b: &str| find(a).or_else(|| find(b));

    if let Some(algorithm) = find("algorithm")
        && !algorithm.eq_ignore_ascii_case("SCRYPT")
    {
        return Err(format!("the algorithm is `{algorithm}`; Appwrite verifies Firebase's SCRYPT alone"));
    }
    let signer_key = either("base64signerkey", "signerkey").filter(|key| !key.is_empty()).ok_or(
        "base64_signer_key is missing: copy the whole block from Authentication → Users → ⋮ → Password hash parameters",
    )?;
    let salt_separator = either("base64saltseparator", "saltseparator").unwrap_or_default();
    let number = |name: &str, shown: &str| match find(name) {
        None | Some("") => Err(format!("{shown} is missing")),
        Some(value) => value.parse::<u64>().map_err(|_| format!("{shown} is not a number")),
    };
    Ok(FirebaseHashConfig {
        signer_key: signer_key.to_owned(),
        salt_separator: salt_separator.to_owned(),
        rounds: number("rounds", "rounds")?,
        mem_cost: number("memcost", "mem_cost")
            .or_else(|e| if find("memorycost").is_some() { number("memorycost", "memory_cost") } else { Err(e) })?,
    })
}

/// Lower-case without underscores, so that `base64_signer_key` and `base64SignerKey` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

fn json(text: &str) -> Result<Vec<(String, String)>, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| format!("not JSON (line {}, column {})", e.line(), e.column()))?;
    // The project's whole configuration, as the REST API answers, has it under its way of signing in.
    let value = value.get("signIn").unwrap_or(&value);
    let object = ["hash_config", "hashConfig"].iter().find_map(|n| value.get(n)).unwrap_or(value);
    let members = object.as_object().ok_or("not an object of hash parameters")?;
    Ok(members
        .iter()
        .map(|(name, value)| (plain(name), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect())
}

/// `name: value` pairs up to a comma or the line's end; braces, quotes and trailing commas are decoration.
fn block(text: &str) -> Vec<(String, String)> {
    text.split(['\n', ',', '{', '}'])
        .filter_map(|part| part.split_once(':'))
        .map(|(name, value)| {
            let bare = |s: &str| s.trim().trim_matches(['"', '\'', ';']).trim().to_owned();
            (plain(&bare(name)), bare(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==";

    #[test]
    fn the_console_block_reads_as_it_is_copied() {
        let text = format!(
            "hash_config {{\n  algorithm: SCRYPT,\n  base64_signer_key: {KEY},\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}}\n"
        );
        let config = parse(&text).expect("a config");
        assert_eq!((config.signer_key.as_str(), config.salt_separator.as_str()), (KEY, "Bw=="));
        assert_eq!((config.rounds, config.mem_cost), (8, 14));
    }

    #[test]
    fn json_reads_in_either_spelling() {
        for text in [
            format!(r#"{{"base64_signer_key":"{KEY}","base64_salt_separator":"Bw==","rounds":8,"mem_cost":14}}"#),
            format!(
                r#"{{"hashConfig":{{"algorithm":"SCRYPT","signerKey":"{KEY}","saltSeparator":"Bw==","rounds":8,"memoryCost":14}}}}"#
            ),
            format!(
                r#"{{"hash_config":{{"base64SignerKey":"{KEY}","base64SaltSeparator":"Bw==","rounds":"8","memCost":"14"}}}}"#
            ),
        ] {
            let config = parse(&text).expect("a config");
            assert_eq!((config.signer_key.as_str(), config.rounds, config.mem_cost), (KEY, 8, 14));
        }
    }

    #[test]
    fn what_is_missing_is_named_and_the_key_is_not() {
        assert!(parse("").is_err_and(|e| e.contains("base64_signer_key")));
        let error = parse(&format!("base64_signer_key: {KEY}\nrounds: 8")).err().expect("no mem_cost");
        assert!(error.contains("mem_cost") && !error.contains(KEY));
        assert!(parse(&format!("algorithm: BCRYPT\nbase64_signer_key: {KEY}")).is_err_and(|e| e.contains("BCRYPT")));
    }
}
