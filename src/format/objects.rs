//! Objects that have the members of one before them, in their order, as nearly all of a JSON file have: their names are
//! compared and not kept, and what is found out about names is found out once.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::record::{Header, Value};
use super::value::{MAX_MEMBERS, Seed};

/// Lists of names that are remembered; objects of further ones are read by themselves.
const KEPT: usize = 32;

/// The lists of names that one reader has met.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    known: Vec<Arc<Header>>,
    /// Of the last object.
    last: usize,
}

/// The members of an object.
pub(crate) enum Found<'t> {
    /// Under names that were met before; the values are where they were asked to be.
    Known(Arc<Header>),
    /// With their names.
    New(Vec<(Cow<'t, str>, Value<'t>)>),
}

impl Objects {
    /// Reads an object's members; those under known names into `values`, which is empty. `None`: it is for
    /// [`super::value::members`] to read, or to say why not.
    pub fn read<'t>(&mut self, text: &'t str, values: &mut Vec<Value<'t>>) -> Option<Found<'t>> {
        let rounded = Cell::new(false);
        let mut json = serde_json::Deserializer::from_str(text);
        let found = json.deserialize_map(Follow { objects: self, values, rounded: &rounded });
        let found = found.and_then(|found| json.end().map(|()| found)).ok().filter(|_| !rounded.get())?;
        if let Found::New(members) = &found
            && self.known.len() < KEPT
        {
            self.last = self.known.len();
            self.known.push(Arc::new(Header::new(members.iter().map(|(name, _)| name.to_string()).collect())));
        }
        Some(found)
    }

    fn names(&self, at: usize) -> &[String] {
        self.known.get(at).map_or(&[], |header| header.names())
    }

    /// Another list that begins as the last one does so far, and goes on with this name or ends.
    fn turn(&self, so_far: usize, next: Option<&str>) -> Option<usize> {
        let begun = self.names(self.last).get(..so_far)?;
        self.known.iter().position(|header| {
            let names = header.names();
            names.get(so_far).map(String::as_str) == next && names.get(..so_far) == Some(begun)
        })
    }
}

/// Reads an object along the names of the last one, and of others from where they part.
struct Follow<'o, 'v, 't, 'c> {
    objects: &'o mut Objects,
    values: &'v mut Vec<Value<'t>>,
    rounded: &'c Cell<bool>,
}

impl<'t> Visitor<'t> for Follow<'_, '_, 't, '_> {
    type Value = Found<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Found<'t>, A::Error> {
        let Self { objects, values, rounded } = self;
        // Names that nobody knows end the following; the first object has none to follow.
        let mut new = None;
        loop {
            let expected = objects.names(objects.last).get(values.len());
            let (is_end, other) = match map.next_key_seed(Expected(expected.map(String::as_str)))? {
                None if expected.is_none() && !objects.known.is_empty() => break,
                None => (true, None),
                Some(None) => (false, None),
                Some(Some(name)) => (false, Some(name)),
            };
            if is_end || other.is_some() {
                let Some(turned) = objects.turn(values.len(), other.as_deref()) else {
                    new = Some(other);
                    break;
                };
                objects.last = turned;
                if is_end {
                    break;
                }
            }
            values.push(map.next_value_seed(Seed(rounded))?);
        }
        let Some(mut name) = new else { return Ok(Found::Known(Arc::clone(&objects.known[objects.last]))) };
        let names = objects.names(objects.last).iter().map(|name| Cow::Owned(name.clone()));
        let mut members: Vec<_> = names.zip(values.drain(..)).collect();
        while let Some(next) = name {
            members.push((next, map.next_value_seed(Seed(rounded))?));
            if members.len() > MAX_MEMBERS {
                return Err(serde::de::Error::custom("too many members"));
            }
            name = map.next_key_seed(Expected(None))?.flatten();
        }
        Ok(Found::New(members))
    }
}

/// A member's name, unless it is the expected one.
struct Expected<'n>(Option<&'n str>);

impl<'de> DeserializeSeed<'de> for Expected<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Expected<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok((self.0 != Some(name)).then_some(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.0 != Some(name)).then(|| Cow::Owned(name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::value;

    fn read(objects: &mut Objects, text: &str) -> Option<Vec<(String, serde_json::Value)>> {
        let mut values = Vec::new();
        Some(match objects.read(text, &mut values)? {
            Found::Known(header) => {
                assert_eq!(header.names().len(), values.len(), "{text}");
                header.names().iter().cloned().zip(values.iter().map(Value::to_json)).collect()
            }
            Found::New(members) => members.into_iter().map(|(n, v)| (n.into_owned(), v.to_json())).collect(),
        })
    }

    proptest! {
        /// Whatever was read before, an object is what it is alone.
        #[test]
        fn an_object_reads_as_it_does_alone(
            all in prop::collection::vec(
                prop::collection::vec((0..4_usize, prop_oneof![Just("1"), Just("\"x\\n\""), Just("[{\"a\":2}]"), Just("18446744073709551616")]), 0..6),
                1..60,
            ),
        ) {
            let mut objects = Objects::default();
            for members in all {
                let members: Vec<_> = members.iter().map(|(n, v)| format!("\"{}\": {v}", ["a", "b", "c\\u0064", "e"][*n])).collect();
                let text = format!("{{{}}}", members.join(","));
                let alone = value::members(&text).expect("an object");
                let alone: Vec<_> = alone.into_iter().map(|(n, v)| (n.into_owned(), v.to_json())).collect();
                if let Some(found) = read(&mut objects, &text) {
                    prop_assert_eq!(found, alone);
                } else {
                    prop_assert!(text.contains("18446744073709551616"), "{}", text);
                }
            }
        }
    }

    #[test]
    fn objects_of_known_names_share_them() {
        let mut objects = Objects::default();
        let mut header = |text: &'static str| {
            let mut values = Vec::new();
            match objects.read(text, &mut values).expect("an object") {
                Found::Known(header) => Some((Arc::as_ptr(&header), values.len())),
                Found::New(_) => None,
            }
        };
        let texts = [r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, r#"{"a":1}"#, "{}"];
        for text in texts {
            assert_eq!(header(text), None, "{text}");
        }
        let first: Vec<_> = texts.iter().map(|text| header(text).expect("known")).collect();
        for at in [3, 0, 2, 1, 1, 0, 3] {
            assert_eq!(header(texts[at]), Some(first[at]));
        }
        assert_eq!(first.iter().map(|(_, values)| *values).collect::<Vec<_>>(), [2, 2, 1, 0]);
    }

    #[test]
    fn what_is_no_object_is_left_to_be_explained() {
        let mut objects = Objects::default();
        for text in ["null", "[1]", "{\"a\":1", "{\"a\":1} x", "{\"a\" 1}", ""] {
            assert!(read(&mut objects, text).is_none() && value::members(text).is_err(), "{text}");
        }
    }
}
