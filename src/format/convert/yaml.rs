//! YAML (Django's `dumpdata`, Authelia's users): read as a whole, written as JSON.

use serde_json::{Map, Value as Json};

/// No more is read, as all of it has to be in memory.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The JSON. Users who stand under their names in a mapping become a list, with the name as `id`.
///
/// # Errors
/// What is wrong with it and where, as the second half of a sentence.
pub(super) fn to_json(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is YAML that is no UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Json = serde_saphyr::from_str(text).map_err(|error| {
        // What it says beyond its first line shows the text, which may be a hash.
        let place = error.location().map(|at| format!(" in line {}, column {}", at.line(), at.column()));
        format!("it is YAML that cannot be read{}", place.unwrap_or_default())
    })?;
    let json = match json {
        Json::Object(members) if are_users(&members) => {
            let users = members.into_iter().filter(|(_, member)| member.is_object());
            users.map(|(name, member)| with_id(name, member)).collect()
        }
        Json::Object(members) => Json::Object(members.into_iter().map(|(name, value)| (name, listed(value))).collect()),
        other => other,
    };
    Ok(json.to_string())
}

/// Whether users stand under their names in the file itself (OctoPrint's `users.yaml`): mappings that hold plain values, beside
/// nothing but plain values of the file's own (`_version`).
fn are_users(members: &Map<String, Json>) -> bool {
    let is_user = |member: &Json| match member {
        Json::Object(own) => own.contains_key("password") && own.values().any(|value| !value.is_object()),
        _ => false,
    };
    let (users, others): (Vec<_>, Vec<_>) = members.iter().partition(|(_, member)| is_user(member));
    !users.is_empty()
        && others.iter().all(|(name, other)| name.starts_with('_') && !other.is_object() && !other.is_array())
}

/// A mapping of nothing but mappings, as the list of them.
fn listed(value: Json) -> Json {
    match value {
        Json::Object(members) if !members.is_empty() && members.values().all(Json::is_object) => {
            members.into_iter().map(|(name, member)| with_id(name, member)).collect()
        }
        other => other,
    }
}

fn with_id(name: String, member: Json) -> Json {
    let Json::Object(own) = member else { return member };
    let mut members = Map::new();
    if !own.contains_key("id") {
        members.insert("id".to_owned(), name.into());
    }
    members.extend(own);
    Json::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_users_under_their_names_become_json() {
        let django = "- model: auth.user\n  pk: 1\n  fields:\n    password: pbkdf2_sha256$1$a$b\n    is_active: true\n    last_login: null\n";
        assert_eq!(
            to_json(django.as_bytes()).unwrap(),
            r#"[{"model":"auth.user","pk":1,"fields":{"password":"pbkdf2_sha256$1$a$b","is_active":true,"last_login":null}}]"#
        );
        let authelia =
            "users:\n  ann:\n    disabled: false\n    password: '$argon2id$v=19$x'\n    groups: ['admins']\n";
        assert_eq!(
            to_json(authelia.as_bytes()).unwrap(),
            r#"{"users":[{"id":"ann","disabled":false,"password":"$argon2id$v=19$x","groups":["admins"]}]}"#
        );
        let octoprint = "_version: 2\n'1234':\n  password: $argon2id$v=19$x\n  settings: {}\n'no':\n  password: null\n";
        assert_eq!(
            to_json(octoprint.as_bytes()).unwrap(),
            r#"[{"id":"1234","password":"$argon2id$v=19$x","settings":{}},{"id":"no","password":null}]"#
        );
        let settings = "_version: 2\nserver:\n  host: a\n";
        assert_eq!(to_json(settings.as_bytes()).unwrap(), r#"{"_version":2,"server":{"host":"a"}}"#);
    }

    #[test]
    fn what_is_wrong_is_told_without_showing_it() {
        let said = to_json(b"users:\n  ann:\n    password: \"$2y$10$secret\n  bob: [\n").unwrap_err();
        assert!(said.contains("line") && !said.contains("secret"), "{said}");
    }

    /// Aliases that multiply are refused, and not written out.
    #[test]
    fn aliases_do_not_fill_the_memory() {
        let line = |n: usize| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10).trim_end_matches(", "));
        let text: String =
            std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()).chain((1..9).map(line)).collect();
        assert!(to_json(text.as_bytes()).is_err());
    }
}
