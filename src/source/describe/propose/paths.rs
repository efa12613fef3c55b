//! Names of columns, and paths into objects and lists: what of them is the name, and what leads to it.

use std::borrow::Cow;

use crate::format::Value;

/// What tells an object of a list apart from the others: a member's name and what it says, with all members.
pub(super) type ToldApart<'v, 'a> = (&'v str, Cow<'v, str>, &'v [(Cow<'a, str>, Value<'a>)]);

/// The objects of a list whose members say what each is, no two the same: `[{"type": "email", "value": …}, …]`.
pub(super) fn told_apart<'v, 'a>(items: &'v [Value<'a>]) -> Vec<ToldApart<'v, 'a>> {
    const KEYS: [&str; 5] = ["type", "name", "key", "attribute", "medium"];
    const VALUES: [&str; 3] = ["value", "val", "address"];
    let mut kinds = Vec::new();
    for item in items {
        let Value::Object(members) = item else { return Vec::new() };
        let of =
            |names: &[&str]| members.iter().find(|(name, _)| names.iter().any(|key| name.eq_ignore_ascii_case(key)));
        let (Some((key, kind)), Some(_)) = (of(&KEYS), of(&VALUES)) else { return Vec::new() };
        let plain =
            |text: &str| text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:".contains(&b));
        let Some(kind) = kind.text().filter(|kind| plain(kind)) else { continue };
        if kinds.iter().all(|(_, other, _)| *other != kind) {
            kinds.push((&**key, kind, &**members));
        }
    }
    kinds
}

/// The path to a name, and the name: of `attributes.name=mail.value` and `profile.mail.value` it is `mail`, of `mails.0` it is
/// `mails`.
pub(super) fn parted(own: &str) -> (&str, String) {
    let Some((outer, last)) = own.rsplit_once('.') else { return ("", own.to_owned()) };
    let (before, kind) = outer.rsplit_once('.').unwrap_or(("", outer));
    match kind.split_once('=') {
        Some((_, kind)) if ["value", "val", "address"].iter().any(|name| last.eq_ignore_ascii_case(name)) => {
            (before, kind.to_owned())
        }
        Some((_, kind)) => (before, format!("{kind}_{last}")),
        None if last == "0" || last.eq_ignore_ascii_case("value") && kind.parse::<u32>().is_err() => {
            (before, kind.to_owned())
        }
        None => (outer, last.to_owned()),
    }
}

/// Objects whose members are about the account.
pub(super) const OF_ACCOUNTS: [&str; 21] = [
    "account",
    "auth",
    "user",
    "profile",
    "flags",
    "flag",
    "status",
    "state",
    "security",
    "login",
    "access",
    "data",
    "attributes",
    "meta",
    "member",
    "moderation",
    "traits",
    "local",
    "app_metadata",
    "fields",
    "identifiers",
];

/// What nearly all columns of a table begin with: up to six letters and an underscore.
pub(super) fn shared(columns: &[String]) -> &str {
    let Some(prefix) = columns.iter().find_map(|name| name.find('_').map(|at| &name[..=at])) else { return "" };
    let with = columns.iter().filter(|name| name.starts_with(prefix) && name.len() > prefix.len()).count();
    if columns.len() >= 4 && prefix.len() <= 7 && with * 10 >= columns.len() * 9 { prefix } else { "" }
}
