//! JSON whose values are handed on as they are written: numbers keep their digits, and a name that stands there twice stays two.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::format::value::Name;

/// An object, member by member.
pub(super) struct Members<'t>(pub Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key_seed(Name)? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// The members of a value, if it is an object.
pub(super) fn members(value: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let text = value.get().starts_with('{').then(|| value.get())?;
    Some(serde_json::from_str::<Members<'_>>(text).ok()?.0)
}

/// The items of a value, if it is a list.
pub(super) fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok())?
}

/// Writes a value as it stands, on one line: between values, a line's end is a blank like others.
pub(super) fn write(value: &RawValue, out: &mut impl Write) -> std::io::Result<()> {
    for (at, part) in value.get().split(['\n', '\r']).enumerate() {
        out.write_all(if at == 0 { b"" } else { b" " })?;
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// Writes an object, each member's value by `write`.
pub(super) fn write_object<'m, V, W: Write>(
    members: impl IntoIterator<Item = (&'m str, V)>,
    out: &mut W,
    mut write: impl FnMut(V, &mut W) -> std::io::Result<()>,
) -> std::io::Result<()> {
    out.write_all(b"{")?;
    for (at, (name, value)) in members.into_iter().enumerate() {
        out.write_all(if at == 0 { b"" } else { b"," })?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        write(value, out)?;
    }
    out.write_all(b"}")
}
