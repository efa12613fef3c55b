//! What the sources of plain tables share: recognising a table by its columns, and the usual fates.

use std::borrow::Cow;

use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::{Context, Detection, Fate, Found, Role};

pub(in crate::source) use crate::source::kit::common::{CREATED, FACTOR, HASH, LAST_SEEN, ROLES, TOKEN, has};

/// Columns with their fates, as [`fate`] looks them up.
pub(in crate::source) type Fates = &'static [(&'static str, Fate)];

/// The source's own id.
pub(in crate::source) const ID: Fate = Fate::Carried("id");
/// The address.
pub(in crate::source) const EMAIL: Fate = Fate::Carried("email");
/// A column that proves the address.
pub(in crate::source) const EMAIL_VERIFIED: Fate = Fate::Transformed { to: "email_verified", how: "verified if set" };
/// The number.
pub(in crate::source) const PHONE: Fate = Fate::Carried("phone");
/// A column that proves the number.
pub(in crate::source) const PHONE_VERIFIED: Fate = Fate::Transformed { to: "phone_verified", how: "verified if set" };
/// The name, or its only part.
pub(in crate::source) const NAME: Fate = Fate::Carried("name");
/// One part of the name.
pub(in crate::source) const NAME_PART: Fate = Fate::Transformed { to: "name", how: "joined with the other parts" };
/// A name that people sign in with, where Appwrite has the address.
pub(in crate::source) const USERNAME: Fate = Fate::Prefs;
/// What says that somebody may not sign in.
pub(in crate::source) const ENABLED: Fate =
    Fate::Transformed { to: "enabled", how: "disabled where the source would not let them in" };
/// What marks rows that are left out.
pub(in crate::source) const SKIP: Fate =
    Fate::Transformed { to: "record", how: "deleted or technical users are left out" };
/// What only the old system understands.
pub(in crate::source) const INTERNAL: Fate = Fate::Dropped { why: "only the old system understands it" };
/// A column the source itself does not define.
pub(in crate::source) const FOREIGN: Fate =
    Fate::Dropped { why: "not one of the source's own columns; use --map to carry it" };

/// The fate of a column by a source's list; [`FOREIGN`] if it is not in it.
pub(in crate::source) fn fate(fates: Fates, column: &str) -> Fate {
    fates.iter().find(|(name, _)| *name == column).map_or(FOREIGN, |(_, fate)| fate.clone())
}

/// Whether a table is of this name, with whatever prefix the installation has (`mdl_user`, `site1_users`), or of no name
/// at all, as in CSV.
pub(in crate::source) fn named(table: &TableSample, name: &str) -> bool {
    match table.table.strip_suffix(name) {
        Some(prefix) => prefix.is_empty() || prefix.ends_with(['_', '.']),
        // Convex calls each file `documents.jsonl`, and its folder after the table.
        None if table.table.is_empty() && table.path.file_name().is_some_and(|file| file == "documents.jsonl") => {
            table.path.parent().and_then(std::path::Path::file_name).is_none_or(|folder| folder == name)
        }
        None => table.table.is_empty(),
    }
}

/// A detection by the first table that `role` calls one of users. `telling` are the columns that gave it away.
pub(in crate::source) fn detection(
    tables: &[TableSample],
    role: impl Fn(&TableSample) -> Role,
    score: u8,
    telling: &str,
    product: &str,
) -> Option<Detection> {
    let table = tables.iter().find(|table| matches!(role(table), Role::Users | Role::Mixed))?;
    let place = if table.table.is_empty() { format!("{}", table.format) } else { format!("table `{}`", table.table) };
    Some(Detection { score, why: format!("{place} with {telling}: {product}") })
}

/// A user whom the source would not let in, or who is none.
pub(in crate::source) fn skipped(why: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(Code::SkippedBySource, why)
}

/// The address, or the user name where that is one; and the user name, where it is not the address.
pub(in crate::source) fn sign_in<'v>(
    email: Option<Cow<'v, str>>,
    username: Option<Cow<'v, str>>,
) -> (Option<Cow<'v, str>>, Option<Cow<'v, str>>) {
    let email = email.or_else(|| username.clone().and_then(address_like));
    let username = username.filter(|name| Some(name) != email.as_ref());
    (email, username)
}

/// A user name, where people use their address as one.
pub(in crate::source) fn address_like(name: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let (local, domain) = name.split_once('@')?;
    (!local.is_empty() && domain.contains('.') && !name.contains(char::is_whitespace)).then_some(name)
}

/// The text of a column, where SQL Server's and phpMyAdmin's bare `NULL` is none either.
pub(in crate::source) fn set<'v>(record: &'v Record<'_>, column: &str) -> Option<Cow<'v, str>> {
    record.text(column).filter(|text| text != "NULL")
}

/// The five entities that PHP's `htmlspecialchars` writes; `&amp;` last, so that nothing is decoded twice.
pub(in crate::source) fn decode_entities(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    Cow::Owned(pairs.iter().fold(text.into_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

/// The kind of rows that say which user is in which group: kept by [`member`].
pub(in crate::source) const MEMBER: &str = "member";
/// The kind of rows that say what a group is called: kept by [`group`].
pub(in crate::source) const GROUP: &str = "group";

/// Keeps a row of a table that joins users and groups, under the user's id.
pub(in crate::source) fn member(record: &Record<'_>, user: &str, group: &str, found: &mut Found) -> Option<()> {
    let id = |column| record.get(column).and_then(common::id);
    found.add(MEMBER, &id(user)?, &id(group)?)
}

/// Keeps the name of a group, under the group's id.
pub(in crate::source) fn group(record: &Record<'_>, id: &str, name: &str, found: &mut Found) -> Option<()> {
    found.add(GROUP, &record.get(id).and_then(common::id)?, &record.text(name)?)
}

/// The names of the groups a user is in. A group whose name the export does not hold is named in `notes` and is none: a label
/// grants access, and a number is nobody's name for it.
pub(in crate::source) fn groups_of(user: &str, context: &Context<'_>, notes: &mut Vec<Note>) -> Vec<Cow<'static, str>> {
    let memberships = context.related.rows(MEMBER, user);
    let ids = memberships.iter().filter_map(|row| row.as_str());
    ids.filter_map(|id| named_group(id, context, notes)).map(Cow::Owned).collect()
}

/// The name of a group: the one kept for its id, or the id itself where it is no number and so a name (Drupal's `editor`).
pub(in crate::source) fn named_group(id: &str, context: &Context<'_>, notes: &mut Vec<Note>) -> Option<String> {
    let is_number = id.bytes().all(|b| b.is_ascii_digit());
    let name = group_name(id, context).or_else(|| (!is_number).then(|| id.to_owned()));
    if name.is_none() {
        notes.push(Note::new(
            Code::LabelDropped,
            format!("the name of group {id} is not in the export: it is left out"),
        ));
    }
    name
}

/// The name kept for a group.
pub(in crate::source) fn group_name(id: &str, context: &Context<'_>) -> Option<String> {
    context.related.rows(GROUP, id).first().and_then(|name| name.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::source::kit::testing;

    #[test]
    fn prefixes_end_at_an_underscore() {
        for (table, name, expected) in [
            ("mdl_user", "user", true),
            ("user", "user", true),
            ("", "user", true),
            ("superuser", "user", false),
            ("users", "user", false),
        ] {
            assert_eq!(named(&testing::table(table, Format::Sql, &[]), name), expected, "{table}");
        }
    }

    #[test]
    fn user_names_are_addresses_only_if_they_look_like_one() {
        assert!(address_like("ivan@example.com".into()).is_some());
        for name in ["ivan", "@ivan.example", "ivan@host", "ivan @example.com"] {
            assert!(address_like(name.into()).is_none(), "{name}");
        }
    }
}
