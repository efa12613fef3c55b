//! Which rows of a table are no people: programs, other kinds of things, former versions, and those who could not sign in.

use std::collections::{BTreeMap, BTreeSet};

use super::links::{self, Link};
use super::look::{Column, Table, is_address};
use super::people::{self, address, secret};
use crate::format::Value;
use crate::source::kit::common::truth;
use crate::source::kit::status::Meaning;
use crate::source::systems::generic::folded;

/// What the rows seem to be where they are no people, by their columns: orders, or addresses of a mailing list.
pub(super) fn things(table: &Table) -> Option<String> {
    const ORDERS: [&str; 14] = [
        "orderid",
        "orderno",
        "ordernumber",
        "orderdate",
        "total",
        "subtotal",
        "grandtotal",
        "amount",
        "invoiceid",
        "invoiceno",
        "sku",
        "quantity",
        "qty",
        "coupon",
    ];
    const LISTS: [&str; 13] = [
        "subscribed",
        "issubscribed",
        "subscribedat",
        "unsubscribed",
        "unsubscribedat",
        "optin",
        "optindate",
        "optinat",
        "optintime",
        "optinip",
        "listid",
        "campaignid",
        "bounces",
    ];
    let signs_in = table.columns.iter().any(|column| matches!(column.member(), Some(("username", _))));
    let named = |names: &[&str]| table.columns.iter().find(|column| names.contains(&&*folded(&column.bare)));
    let of = |what: &str, column: &Column| format!("`{}` is a column of {what}", column.name);
    let found = named(&ORDERS).map(|column| of("orders", column));
    found.or_else(|| named(&LISTS).map(|column| of("a mailing list", column))).filter(|_| !signs_in)
}

/// The columns that say of a row that a program uses it, and how: `is_system == true`.
pub(super) fn machines(table: &Table) -> Vec<String> {
    const FLAGS: [&str; 10] = [
        "issystem",
        "isservice",
        "isserviceaccount",
        "serviceaccount",
        "systemgenerated",
        "isbot",
        "test",
        "istest",
        "testuser",
        "istestuser",
    ];
    const NOBODY: [&str; 3] = ["anonymous", "guest", "__system__"];
    let mut found = Vec::new();
    for column in &table.columns {
        let name = folded(&column.name);
        if FLAGS.contains(&&*name) && column.yes > 0 && column.yes + column.no == column.filled {
            found.push(format!("{} == true", column.name));
        } else if name.starts_with("serviceaccount")
            && name.ends_with("id")
            && (1..table.looked).contains(&column.filled)
        {
            found.push(format!("{} != null", column.name));
        }
        // In whose name programs do what nobody signed in for.
        if matches!(column.member(), Some(("id" | "username", _))) {
            let rows = table.kept.iter().filter_map(|row| row.get(&column.name));
            let nobody = rows.filter(|text| NOBODY.contains(&&*text.to_lowercase()));
            found.extend(nobody.take(1).map(|text| format!("{} == '{text}'", column.name)));
        }
    }
    found
}

/// The kinds of rows that are programs, by the column that says so.
pub(super) fn programs(table: &Table) -> Vec<(&str, &str)> {
    const PROGRAMS: [&str; 11] = [
        "bot",
        "service",
        "service_account",
        "serviceaccount",
        "system",
        "app",
        "location",
        "thing",
        "room",
        "resource",
        "equipment",
    ];
    let kinds = table.columns.iter().filter(|column| ["type", "kind", "usertype"].contains(&&*folded(&column.name)));
    let several = |column: &Column, kinds: usize| kinds > 1 || column.filled < table.looked;
    let of = |column: &'_ Column| {
        column.values.as_ref().filter(|values| several(column, values.len())).cloned().unwrap_or_default()
    };
    kinds
        .flat_map(|column| {
            let values = of(column);
            let programs = PROGRAMS.iter().filter(move |program| values.contains_key(**program));
            programs.map(|program| (column.name.as_str(), *program))
        })
        .collect()
}

/// Whether the rows of a kind have each a value of their own, as far as rows were kept.
pub(super) fn is_own_in(table: &Table, (by, of): &(String, String), column: &Column) -> bool {
    let mut seen = BTreeSet::new();
    let mut rows = table.kept.iter().filter(|row| row.get(by) == Some(of)).peekable();
    rows.peek().is_some() && rows.all(|row| row.get(&column.name).is_some_and(|value| seen.insert(value)))
}

/// The columns by which somebody could sign in, if there are rows without any of them: those are nobody's. `elsewhere` are
/// tables with addresses or hashes of the same people, by the column that has them.
pub(super) fn nobody(
    tables: &[Table],
    table: &Table,
    kind: Option<&(String, String)>,
    elsewhere: &[(Link, &Column)],
) -> Option<Vec<String>> {
    const PROVIDERS: [&str; 14] = [
        "provider", "identit", "social", "google", "facebook", "github", "apple", "twitter", "openid", "oauth", "saml",
        "sso", "external", "ldap",
    ];
    let told = |name: &str| PROVIDERS.iter().any(|word| name.to_ascii_lowercase().contains(word));
    let is_read = |at: usize| elsewhere.iter().any(|(link, _)| link.table == at);
    let by_provider = |link: &Link| {
        let name = tables[link.table].name.to_ascii_lowercase();
        !is_read(link.table)
            && (told(&name) || ["account", "login", "auth", "credential"].iter().any(|word| name.contains(word)))
    };
    let table_at = tables.iter().position(|other| std::ptr::eq(other, table))?;
    if links::of(tables, table_at).iter().any(by_provider) {
        return None;
    }
    let (own, secret) = (address(table), secret(table));
    let has = |is: fn(&Table) -> bool| elsewhere.iter().any(|(link, _)| is(&tables[link.table]));
    let reachable = own.is_some() || has(|table| address(table).is_some());
    let secret_is_text = secret.is_none_or(|column| column.objects + column.lists == 0);
    if !reachable || !secret_is_text || !(secret.is_some() || has(|table| people::secret(table).is_some())) {
        return None;
    }
    // Where few have an address, others are known by their name.
    let few = own.is_some_and(|own| own.filled * 10 < table.looked * 6);
    let known = |column: &&Column| {
        matches!(column.member(), Some(("email" | "phone", _)))
            || few && matches!(column.member(), Some(("username", _)))
            || column.is_secret()
            || column.addresses > 0 && column.addresses * 2 >= column.filled
            || told(&column.name) && column.filled > 0
    };
    let mut by: Vec<String> = table.columns.iter().filter(known).map(|column| column.name.clone()).collect();
    by.extend([own, secret].into_iter().flatten().map(|column| column.name.clone()));
    by.sort_unstable();
    by.dedup();
    // What is no text is not among the rows that were kept.
    let is_text = |name: &String| table.column(name).is_none_or(|column| column.objects + column.lists == 0);
    if !by.iter().all(is_text) {
        return None;
    }
    let of_kind = |row: &&BTreeMap<String, String>| kind.is_none_or(|(by, of)| row.get(by) == Some(of));
    let found_elsewhere = |row: &BTreeMap<String, String>| {
        elsewhere.iter().any(|(link, column)| {
            let (other, key) = (&tables[link.table], row.get(&table.columns[link.of].name));
            let whole = other.looked <= other.kept.len() as u64;
            let of_row = |theirs: &&BTreeMap<String, String>| theirs.get(&other.columns[link.key].name) == key;
            !whole || other.kept.iter().filter(of_row).any(|theirs| theirs.contains_key(&column.name))
        })
    };
    let is_nobody = |row: &BTreeMap<String, String>| {
        by.iter().all(|column| row.get(column).is_none_or(|text| text.trim().is_empty())) && !found_elsewhere(row)
    };
    // Some may be known by an address in another column, which an expression would not see.
    if table.kept.iter().any(|row| is_nobody(row) && row.values().any(|text| is_address(text))) {
        return None;
    }
    table.kept.iter().filter(of_kind).any(is_nobody).then_some(by)
}

/// The kind of rows that are people, in a table that holds several: the column that says it, and its value.
pub(super) fn kind(table: &Table) -> Option<(String, String)> {
    const KINDS: [&str; 12] = [
        "model",
        "type",
        "kind",
        "class",
        "entity",
        "object",
        "typename",
        "doctype",
        "documenttype",
        "collection",
        "objectclass",
        "structuralobjectclass",
    ];
    let own = [secret(table), address(table)];
    let is_person = |row: &BTreeMap<String, String>| own.iter().flatten().any(|column| row.contains_key(&column.name));
    let by = |column: &&Column| {
        KINDS.contains(&&*folded(&column.bare)) && column.filled == table.looked && column.values.is_some()
    };
    let found = table.columns.iter().filter(by).find_map(|column| {
        let of: BTreeSet<&String> =
            table.kept.iter().filter(|row| is_person(row)).filter_map(|row| row.get(&column.name)).collect();
        let others = column.values.as_ref().is_some_and(|values| values.len() > 1);
        let one = of.first().filter(|of_one| of.len() == 1 && others && !of_one.contains('\''))?;
        Some((column.name.clone(), (*one).clone()))
    });
    found.or_else(|| version(table))
}

/// Where a row stands for each language or revision of somebody: the column that tells the one that counts, and its yes.
fn version(table: &Table) -> Option<(String, String)> {
    const TOLD: [&str; 6] =
        ["defaultlangcode", "isdefaultlanguage", "iscurrent", "currentversion", "islatest", "latest"];
    let told = |column: &&Column| {
        TOLD.contains(&&*folded(&column.bare))
            && column.no > 0
            && column.yes + column.no == column.filled
            && column.filled == table.looked
    };
    let column = table.columns.iter().find(told)?;
    let yes = column.values.as_ref()?.keys().find(|text| truth(&Value::Text(text.as_str().into())) == Some(true))?;
    let kind = (column.name.clone(), yes.clone());
    let is_key = |key: &&Column| matches!(key.member(), Some(("id", _))) && !key.is_unique();
    let key = table.columns.iter().find(is_key)?;
    is_own_in(table, &kind, key).then_some(kind)
}

/// Whether a status has the numbers of Yii's template, in a table that has its tokens too, and most may come in.
pub(super) fn is_of_yii(column: &Column, table: &Table) -> bool {
    const TOKENS: [&str; 3] = ["authkey", "passwordresettoken", "verificationtoken"];
    if !table.columns.iter().any(|other| TOKENS.contains(&&*folded(&other.bare))) {
        return false;
    }
    let values = column.values.as_ref().filter(|values| values.len() > 1 && values.contains_key("10"));
    let states = matches!(column.meaning, Some(Meaning::State | Meaning::StateOrRegion));
    let most =
        |values: &BTreeMap<String, u64>| values.iter().all(|(_, n)| values.get("10").is_some_and(|ten| n <= ten));
    let known = |values: &BTreeMap<String, u64>| values.keys().all(|value| ["0", "9", "10"].contains(&value.as_str()));
    states && values.is_some_and(|values| known(values) && most(values))
}

/// Whether what a column of kinds says against somebody is that they are a program.
pub(super) fn says_programs_alone(column: &Column) -> bool {
    column.meaning.is_none_or(|meaning| meaning == Meaning::Guest) && column.unsure == 0
}
