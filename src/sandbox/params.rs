//! The validators of these endpoints' parameters, with Appwrite's exact messages.

use std::borrow::Cow;

use serde_json::Value;

use crate::appwrite::rules;
use crate::sandbox::php;
use crate::sandbox::settings::Strength;
use crate::sandbox::traits::Traits;

/// A validator.
#[derive(Debug, Clone, Copy)]
pub enum Rule<'a> {
    /// An id that may be chosen: `unique()` or a key.
    CustomId,
    /// An id that exists.
    Uid,
    /// An address; `allow_empty` for `PATCH`.
    Email { allow_empty: bool },
    /// A number; `allow_empty` for `PATCH`.
    Phone { allow_empty: bool },
    /// A hash, or the password of a sign-in: 8 to 256 bytes.
    Password,
    /// A plain password that is going to be hashed.
    PlainPassword { allow_empty: bool, strength: &'a Strength },
    /// So many code points.
    Text { min: usize, max: usize },
    /// A JSON integer.
    Integer,
    /// A JSON boolean; loose ones are `"true"`, `"false"`, `"1"`, `"0"`, `1`, `0` too.
    Boolean { loose: bool },
    /// An integer, or a string that PHP reads as one.
    Range(i64, i64),
    /// One of these, without case.
    OneOf(&'a [&'a str]),
    /// Preferences: an object, not a list, of limited size.
    Object,
    /// A list of labels.
    Labels,
    /// The other, or `null`.
    OrNull(&'a Rule<'a>),
}

const ID: &str = "must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, ";

impl Rule<'_> {
    /// Whether the value passes.
    pub fn accepts(&self, value: &Value, traits: &Traits) -> bool {
        let text = value.as_str();
        match *self {
            // `true == 'unique()'` holds in PHP.
            Self::CustomId => {
                *value == Value::Bool(true)
                    || text.is_some_and(|id| id == "unique()" || rules::user_id(id, traits.profile))
            }
            Self::Uid => text.is_some_and(|id| rules::user_id(id, traits.profile)),
            Self::Email { allow_empty } => text.is_some_and(|t| (allow_empty && t.is_empty()) || email(t, traits)),
            Self::Phone { allow_empty } => {
                text.is_some_and(|t| (allow_empty && t.is_empty()) || rules::phone(t, traits.profile))
            }
            Self::Password => text.is_some_and(|t| is_password(t, traits)),
            Self::PlainPassword { allow_empty, strength } => {
                text.is_some_and(|t| (allow_empty && t.is_empty()) || (is_password(t, traits) && strength.accepts(t)))
            }
            Self::Text { min, max } => text.is_some_and(|t| (min..=max).contains(&t.chars().count())),
            Self::Integer => value.as_i64().is_some_and(|n| !traits.integers_32_bit || i32::try_from(n).is_ok()),
            Self::Boolean { loose } => value.is_boolean() || (loose && loose_boolean(value)),
            Self::Range(min, max) => php::integer(value).is_some_and(|n| (min..=max).contains(&n)),
            Self::OneOf(list) => text.is_some_and(|t| list.iter().any(|item| item.eq_ignore_ascii_case(t))),
            Self::Object => is_object(value) && !(traits.empty_prefs_refused && is_empty(value)),
            Self::Labels => php::elements(value).is_some_and(|labels| {
                labels.len() <= traits.profile.max_labels
                    && labels.iter().all(|label| label.as_str().is_some_and(rules::label))
            }),
            Self::OrNull(rule) => value.is_null() || rule.accepts(value, traits),
        }
    }

    /// The sentence of a refusal.
    pub fn description(&self, traits: &Traits) -> Cow<'static, str> {
        match *self {
            Self::CustomId => {
                format!("Parameter {ID}period, hyphen, and underscore. Can't start with a special char").into()
            }
            Self::Uid => format!("UID {ID}and underscore. Can't start with a leading underscore").into(),
            Self::Email { .. } => "Value must be a valid email address".into(),
            Self::Phone { .. } => "Phone number must start with a '+' can have a maximum of fifteen digits.".into(),
            Self::PlainPassword { .. } if traits.dictionary_in_message => {
                "Password must be between 8 and 265 characters long, and should not be one of the commonly used \
                 password."
                    .into()
            }
            Self::Password => "Password must be between 8 and 256 characters long.".into(),
            Self::PlainPassword { strength, .. } => strength.description().into(),
            Self::Text { min: 0, max } => format!("Value must be a valid string and no longer than {max} chars").into(),
            Self::Text { min, max } => {
                format!("Value must be a valid string and at least {min} chars and no longer than {max} chars").into()
            }
            Self::Integer if traits.integers_32_bit => {
                "Value must be a valid signed 32-bit integer between -2,147,483,648 and 2,147,483,647".into()
            }
            Self::Integer => "Value must be a valid integer".into(),
            Self::Boolean { .. } => "Value must be a valid boolean".into(),
            Self::Range(min, max) => format!(
                "Value must be a valid range between {} and {}",
                php::number_format(min),
                php::number_format(max)
            )
            .into(),
            Self::OneOf(list) => format!("Value must be one of ({})", list.join(", ")).into(),
            Self::Object => "Value must be a valid object.".into(),
            Self::Labels => labels_description(traits).into(),
            Self::OrNull(rule) if traits.nullable_in_message => format!("{} or null", rule.description(traits)).into(),
            Self::OrNull(rule) => rule.description(traits),
        }
    }
}

/// Whether an address is accepted: from 1.9 blanks around it are overlooked, though they are stored.
pub fn email(text: &str, traits: &Traits) -> bool {
    rules::email(if traits.profile.email_blanks_stored { php::trim(text) } else { text }, traits.profile)
}

fn is_password(text: &str, traits: &Traits) -> bool {
    text.len() >= rules::PASSWORD_MIN && (!traits.profile.max_256_bytes || text.len() <= rules::PASSWORD_MAX)
}

fn loose_boolean(value: &Value) -> bool {
    matches!(value.as_str(), Some("true" | "false" | "1" | "0")) || matches!(value.as_i64(), Some(0 | 1))
}

/// PHP's cast to `bool`, which is what a loose boolean becomes.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty() && s != "0",
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// `{}`; `[]` passes all the same.
fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn is_object(value: &Value) -> bool {
    let is_map = match value {
        Value::Object(members) => members.is_empty() || !php::is_list(members),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    is_map && rules::php_json_len(&php::normalize(value.clone())) <= rules::PREFS_MAX
}

fn labels_description(traits: &Traits) -> String {
    let characters: Vec<String> =
        ('0'..='9').chain('A'..='Z').chain('a'..='z').map(|character| character.to_string()).collect();
    format!(
        "Value must a valid array no longer than {} items and Value must be a valid string and at least 1 chars and no \
         longer than {} chars and only consist of '{}' chars",
        traits.profile.max_labels,
        rules::LABEL_MAX,
        characters.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::appwrite::Version;

    fn newest() -> Traits {
        Traits::of(Version::NEWEST)
    }

    /// Observed on a running 1.9.6.
    #[test]
    fn odd_types_pass_where_php_lets_them() {
        let t = newest();
        assert!(Rule::CustomId.accepts(&json!(true), &t));
        assert!(!Rule::CustomId.accepts(&json!(123), &t));
        let loose = Rule::Boolean { loose: true };
        for good in [json!("true"), json!("0"), json!(1), json!(false)] {
            assert!(loose.accepts(&good, &t), "{good}");
        }
        for bad in [json!("TRUE"), json!(1.0), json!(2), json!(""), json!([])] {
            assert!(!loose.accepts(&bad, &t), "{bad}");
        }
        let range = Rule::Range(0, 3600);
        assert!(range.accepts(&json!("60"), &t) && !range.accepts(&json!(1.5), &t) && !range.accepts(&json!(true), &t));
        assert!(Rule::Object.accepts(&json!({"1": "b"}), &t) && Rule::Object.accepts(&json!([]), &t));
        assert!(!Rule::Object.accepts(&json!({}), &t));
        assert!(Rule::Object.accepts(&json!({}), &Traits::of(Version::new(1, 9, 6))));
        assert!(!Rule::Object.accepts(&json!({"0": "a"}), &t) && !Rule::Object.accepts(&json!("x"), &t));
        assert!(Rule::Labels.accepts(&json!({"a": "b"}), &t));
    }

    #[test]
    fn sizes_of_preferences_are_those_of_php() {
        let t = newest();
        assert!(Rule::Object.accepts(&json!({"k": "é".repeat(10_921)}), &t));
        assert!(!Rule::Object.accepts(&json!({"k": "é".repeat(10_922)}), &t));
        assert!(!Rule::Object.accepts(&json!({"k": "/".repeat(32_764)}), &t));
    }

    #[test]
    fn messages_change_with_the_version() {
        let old = Traits::of(Version::new(1, 6, 2));
        assert!(
            Rule::PlainPassword { allow_empty: false, strength: &Strength::default() }
                .description(&old)
                .contains("265")
        );
        assert_eq!(Rule::Integer.description(&old), "Value must be a valid integer");
        let nullable = Rule::OrNull(&Rule::Email { allow_empty: false });
        assert_eq!(nullable.description(&old), "Value must be a valid email address");
        assert_eq!(nullable.description(&newest()), "Value must be a valid email address or null");
    }
}
