//! YAML (Django's `dumpdata`, Authelia's users): read as a whole, written as JSON.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value as Json};

/// No more is read, as all of it has to be in memory.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How much may be made of it, with what aliases repeat, in bytes of text and 32 for each value: aliases of aliases would be more than
/// any memory holds.
const MAX_MADE: usize = 512 * 1024 * 1024;

/// Values within each other.
const MAX_DEPTH: usize = 200;

/// The JSON. Users who stand under their names in a mapping become a list, with the name as `id`; several documents become one
/// list.
///
/// # Errors
/// What is wrong with it and where, as the second half of a sentence that quotes nothing of it.
pub(super) fn to_json(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is YAML that is no UTF-8")?;
    let mut documents = Builder::default().read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let json = match documents.len() {
        1 => documents.swap_remove(0),
        _ => documents
            .into_iter()
            .flat_map(|document| if let Json::Array(items) = document { items } else { vec![document] })
            .collect(),
    };
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
        Json::Object(own) => {
            // Rails' fixtures have `password_digest` or `encrypted_password`.
            own.keys().any(|name| name.contains("password")) && own.values().any(|value| !value.is_object())
        }
        _ => false,
    };
    let (users, others): (Vec<_>, Vec<_>) = members.iter().partition(|(_, member)| is_user(member));
    !users.is_empty()
        && others.iter().all(|(name, other)| name.starts_with('_') && !other.is_object() && !other.is_array())
}

/// What is open, from the outside in.
#[derive(Default)]
struct Builder {
    open: Vec<(Open, usize)>,
    documents: Vec<Json>,
    anchors: HashMap<usize, (Json, usize)>,
    /// As [`MAX_MADE`] counts, so far.
    made: usize,
}

enum Open {
    List(Vec<Json>),
    /// The members, the name of the one that comes, and what is merged.
    Mapping(Map<String, Json>, Option<String>, Vec<Json>),
}

impl Builder {
    fn read(mut self, text: &str) -> Result<Vec<Json>, String> {
        for event in Parser::new_from_str(text) {
            let (event, span) =
                event.map_err(|error| format!("it is YAML that cannot be read in line {}", error.marker().line()))?;
            self.take(event)
                .map_err(|what| format!("it is YAML that cannot be read in line {}: {what}", span.start.line()))?;
        }
        if self.documents.is_empty() { Err("it is YAML with nothing in it".into()) } else { Ok(self.documents) }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.made += 32 + text.len();
                self.put(if plain { scalar(&text) } else { text.into_owned().into() }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Open::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => self.begin(Open::Mapping(Map::new(), None, Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let (open, anchor) = self.open.pop().ok_or("a value ends that did not begin")?;
                let value = match open {
                    Open::List(items) => items.into(),
                    Open::Mapping(mut members, _, merged) => {
                        merged.into_iter().try_for_each(|others| merge(&mut members, others))?;
                        members.into()
                    }
                };
                self.made += 32;
                self.put(value, anchor)
            }
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).ok_or("an alias is of what comes later")?;
                self.made += size;
                self.enough()?;
                let value = value.clone();
                self.put(value, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= MAX_DEPTH {
            return Err("its values are nested too deep");
        }
        self.open.push((open, anchor));
        Ok(())
    }

    fn enough(&self) -> Result<(), &'static str> {
        if self.made > MAX_MADE { Err("its aliases make too much of it") } else { Ok(()) }
    }

    fn put(&mut self, value: Json, anchor: usize) -> Result<(), &'static str> {
        if anchor != 0 {
            let size = size(&value);
            self.made += size;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        self.enough()?;
        match self.open.last_mut() {
            None => self.documents.push(value),
            Some((Open::List(items), _)) => items.push(value),
            Some((Open::Mapping(members, name, merged), _)) => match name.take() {
                None => *name = Some(name_of(value)?),
                Some(name) if name == "<<" => merged.push(value),
                Some(name) => {
                    if members.contains_key(&name) {
                        return Err("a name stands twice");
                    }
                    members.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

fn name_of(value: Json) -> Result<String, &'static str> {
    match value {
        Json::String(name) => Ok(name),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(is) => Ok(is.to_string()),
        Json::Null => Ok("null".to_owned()),
        Json::Array(_) | Json::Object(_) => Err("a name is no text"),
    }
}

/// YAML 1.1's `<<`: members of others that it has not itself.
fn merge(members: &mut Map<String, Json>, value: Json) -> Result<(), &'static str> {
    match value {
        Json::Object(others) => {
            for (name, value) in others {
                members.entry(name).or_insert(value);
            }
            Ok(())
        }
        Json::Array(many) => many.into_iter().try_for_each(|one| merge(members, one)),
        _ => Err("what is merged is no mapping"),
    }
}

/// As [`MAX_MADE`] counts.
fn size(value: &Json) -> usize {
    32 + match value {
        Json::Array(items) => items.iter().map(size).sum(),
        Json::Object(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
        Json::String(text) => text.len(),
        _ => 0,
    }
}

/// What a scalar without quotes is: nothing, yes or no, a number as anybody writes it, and else the text that it is. YAML has more
/// numbers than that (`007`, `1e5`, `0x1f`), of which one may be a password.
fn scalar(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => {
            let whole: Option<i64> = text.parse().ok();
            whole.filter(|number| number.to_string() == text).map_or_else(|| text.into(), Json::from)
        }
    }
}

/// A mapping of nothing but mappings, as the list of them; of one that wraps another (`credentials: usernames: …`), that one.
fn listed(value: Json) -> Json {
    match value {
        Json::Object(members) if members.len() == 1 && members.values().all(holds_people) => {
            members.into_iter().map(|(name, value)| (name, listed(value))).collect()
        }
        Json::Object(members) if !members.is_empty() && members.values().all(Json::is_object) => {
            members.into_iter().map(|(name, member)| with_id(name, member)).collect()
        }
        other => other,
    }
}

/// Whether all that it holds are mappings with plain values of their own, and the names of those are mostly the same.
fn holds_people(value: &Json) -> bool {
    let Json::Object(people) = value else { return false };
    let mut people = people.values();
    let Some(Json::Object(first)) = people.next() else { return false };
    let alike = |other: &Json| match other {
        Json::Object(other) => first.keys().filter(|name| other.contains_key(*name)).count() * 2 >= first.len(),
        _ => false,
    };
    first.values().any(|value| !value.is_object()) && people.all(alike)
}

fn with_id(name: String, member: Json) -> Json {
    let Json::Object(own) = member else { return member };
    // People sign in with the name, also where they have a number of their own.
    let called = ["id", "username"].into_iter().find(|called| !own.contains_key(*called));
    let mut members: Map<_, _> = called.map(|called| (called.to_owned(), name.into())).into_iter().collect();
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
        assert_eq!(
            to_json(b"users:\n  bob:\n    id: 8\n  eve:\n    id: 9\n    username: Eve\n").unwrap(),
            r#"{"users":[{"username":"bob","id":8},{"id":9,"username":"Eve"}]}"#
        );
        let streamlit = "cookie:\n  key: k\ncredentials:\n  usernames:\n    ann:\n      email: a@b.c\n    bob:\n      email: b@b.c\n";
        assert_eq!(
            to_json(streamlit.as_bytes()).unwrap(),
            r#"{"cookie":{"key":"k"},"credentials":{"usernames":[{"id":"ann","email":"a@b.c"},{"id":"bob","email":"b@b.c"}]}}"#
        );
        let parts = "users:\n  ann:\n    profile:\n      email: a@b.c\n    auth:\n      hash: x\n";
        assert_eq!(
            to_json(parts.as_bytes()).unwrap(),
            r#"{"users":[{"id":"ann","profile":{"email":"a@b.c"},"auth":{"hash":"x"}}]}"#
        );
        let octoprint = "_version: 2\n'1234':\n  password: $argon2id$v=19$x\n  settings: {}\n'no':\n  password: null\n";
        assert_eq!(
            to_json(octoprint.as_bytes()).unwrap(),
            r#"[{"id":"1234","password":"$argon2id$v=19$x","settings":{}},{"id":"no","password":null}]"#
        );
        let fixtures = "ann:\n  id: 1\n  email: a@b.c\n  password_digest: $2a$04$x\n";
        assert_eq!(
            to_json(fixtures.as_bytes()).unwrap(),
            r#"[{"username":"ann","id":1,"email":"a@b.c","password_digest":"$2a$04$x"}]"#
        );
        let settings = "_version: 2\nserver:\n  host: a\n";
        assert_eq!(to_json(settings.as_bytes()).unwrap(), r#"{"_version":2,"server":{"host":"a"}}"#);
    }

    /// A password of digits and letters that YAML has for a number, too.
    #[test]
    fn what_is_no_plain_number_keeps_its_text() {
        for text in ["00123456", "007", "0x12345678", "12345678e5", "1.2345678900", ".nan", "1_000", "+1", "2024-01-01"]
        {
            assert_eq!(to_json(format!("- pw: {text}\n").as_bytes()).unwrap(), format!("[{{\"pw\":\"{text}\"}}]"));
        }
        assert_eq!(
            to_json(b"- {a: 12, b: -3, c: '12', d: ~, e: yes}\n").unwrap(),
            r#"[{"a":12,"b":-3,"c":"12","d":null,"e":"yes"}]"#
        );
    }

    #[test]
    fn documents_anchors_and_merges_are_read() {
        assert_eq!(to_json(b"---\na: 1\n---\na: 2\n").unwrap(), r#"[{"a":1},{"a":2}]"#);
        let text =
            b"users:\n  ann: &one\n    groups: [x]\n    disabled: false\n  bob:\n    <<: *one\n    disabled: true\n";
        assert_eq!(
            to_json(text).unwrap(),
            r#"{"users":[{"id":"ann","groups":["x"],"disabled":false},{"id":"bob","disabled":true,"groups":["x"]}]}"#
        );
        // Of two of one name, one would be lost.
        assert!(
            to_json(b"users:\n  ann: {a: 1}\n  ann: {a: 2}\n").unwrap_err().contains("line 3: a name stands twice")
        );
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
        let (long, many) = ("x".repeat(1024 * 1024), "*a, ".repeat(1_000));
        assert!(
            to_json(format!("a: &a {long}\nb: [{many}x]\n").as_bytes()).unwrap_err().contains("line 2: its aliases")
        );
    }
}
