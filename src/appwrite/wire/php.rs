//! When two values are the same to a server in PHP, which keeps JSON in arrays of its own: an empty object comes back as
//! an empty list, one whose members are called 0, 1, 2 … in this order as the list of their values, and 1.0 as 1. All of
//! that at every depth.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Whether there is nothing in it.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Labels are a set: the server merges those that are equal.
#[must_use]
pub fn same_set(planned: &[Cow<'_, str>], labels: &Value) -> bool {
    let Some(labels) = labels.as_array() else { return false };
    planned.iter().all(|label| labels.iter().any(|l| l.as_str() == Some(label)))
        && labels.iter().all(|l| l.as_str().is_some_and(|l| planned.iter().any(|label| label == l)))
}

/// Preferences beside what the server has.
#[must_use]
pub fn same_members(a: &Map<String, Value>, b: &Value) -> bool {
    match (list(a), b) {
        (Some(a), Value::Array(b)) => same_items(&a, b),
        (Some(a), Value::Object(b)) if !a.is_empty() => {
            list(b).is_some_and(|b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)))
        }
        (_, Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (_, b) => a.is_empty() && is_empty(b),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(_) | Value::Array(_)) => same_members(a, b),
        (Value::Array(_), Value::Object(b)) => same_members(b, a),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn same_items(a: &[&Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// A text that is equal for values that are the same, and for no others.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let list = |items: Vec<&Value>| format!("[{}]", items.into_iter().map(canonical).collect::<Vec<_>>().join(","));
    match value {
        Value::Array(items) => list(items.iter().collect()),
        Value::Object(members) => {
            if let Some(items) = self::list(members) {
                return list(items);
            }
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// The values of an object that PHP takes for a list.
fn list(members: &Map<String, Value>) -> Option<Vec<&Value>> {
    let in_order = members.keys().enumerate().all(|(i, name)| *name == i.to_string());
    in_order.then(|| members.values().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn prefs(a: Value, b: &Value) -> bool {
        let Value::Object(a) = a else { panic!("preferences are an object") };
        same_members(&a, b)
    }

    #[test]
    fn what_php_does_is_no_difference() {
        for (sent, kept) in [
            (json!({"steps": {"0": "x"}}), json!({"steps": ["x"]})),
            (json!({"a": {"b": {"0": {"0": 1, "1": {}}}}}), json!({"a": {"b": [[1, []]]}})),
            (json!({"ratio": 1.0}), json!({"ratio": 1})),
            (json!({}), json!([])),
            (json!({"a": ["x"]}), json!({"a": ["x"]})),
        ] {
            assert!(prefs(sent.clone(), &kept), "{sent} {kept}");
        }
        for (sent, kept) in [
            (json!({"steps": {"1": "x"}}), json!({"steps": ["x"]})),
            (json!({"steps": {"1": "y", "0": "x"}}), json!({"steps": ["x", "y"]})),
            (json!({"steps": {"0": "x"}}), json!({"steps": ["y"]})),
            (json!({"steps": {}}), json!({"steps": ["y"]})),
            (json!({"a": 1}), json!({"a": "1"})),
            (json!({"a": 1}), json!([])),
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
        ] {
            assert!(!prefs(sent.clone(), &kept), "{sent} {kept}");
        }
    }

    /// As `json_encode(json_decode($text, true))` gives it.
    fn kept(value: &Value) -> Value {
        match value {
            Value::Object(members) => match list(members) {
                Some(items) => items.into_iter().map(kept).collect(),
                None => members.iter().map(|(name, value)| (name.clone(), kept(value))).collect(),
            },
            Value::Array(items) => items.iter().map(kept).collect(),
            other => other.clone(),
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(null)), any::<bool>().prop_map(Value::from), (0..3i64).prop_map(Value::from)];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[012a]", inner), 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn preferences_are_what_php_kept_of_them(sent in value(), other in value()) {
            let wrapped = Map::from_iter([("p".to_owned(), sent.clone())]);
            let back = json!({"p": kept(&sent)});
            prop_assert!(same_members(&wrapped, &back));
            prop_assert_eq!(same_members(&wrapped, &json!({"p": kept(&other)})), kept(&sent) == kept(&other));
        }
    }
}
