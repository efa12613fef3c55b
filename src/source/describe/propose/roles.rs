//! Roles and groups, which labels are made of: words beside somebody, or in other tables by their keys.

use super::joins::{Joins, counted};
use super::links::Link;
use super::look::{Column, Table};
use super::names;
use super::{Line, join_name, literal, number, people, quoted};
use crate::format::Value;
use crate::source::kit::status::Trace;
use crate::source::kit::status::words::WAITING;
use crate::source::systems::generic::folded;

/// Adds the line of `labels`, and what is to be said of roles.
pub(super) fn lines(tables: &[Table], table: &Table, links: &[Link], joins: &mut Joins<'_>, lines: &mut Vec<Line>) {
    const ROLES: &str = "role roles rol rolle rollen userrole userroles rolename groups usergroups grp grps gruppe gruppen grupo grupos \
         groupe groupes gruppo gruppi groep groepen perfil perfiles perfis ruolo ruoli funcion usertype accounttype labels permissions";
    const FLAGS: [(&str, &str); 14] = [
        ("administrator", "admin"),
        ("isadministrator", "admin"),
        ("sysadmin", "sysadmin"),
        ("issysadmin", "sysadmin"),
        ("issuperadmin", "superadmin"),
        ("isadmin", "admin"),
        ("admin", "admin"),
        ("isstaff", "staff"),
        ("staff", "staff"),
        ("issuperuser", "superuser"),
        ("superuser", "superuser"),
        ("ismoderator", "moderator"),
        ("moderator", "moderator"),
        ("superadmin", "superadmin"),
    ];
    let mut parts = Vec::new();
    let mut why = Vec::new();
    for column in &table.columns {
        let name = folded(&column.bare);
        if ROLES.split(' ').any(|role| role == name) && column.filled > 0 {
            let listed = column.lists == column.filled || is_written_list(table, column);
            if column.objects == 0 && (listed || column.lists == 0 && column.values.is_some() && column.numbers == 0) {
                parts.push(format!("from = {}", quoted(&column.name)));
                why.extend(column.values.as_ref().map(counted));
                break;
            }
            if named(tables, table, column).is_some() {
                continue;
            }
            let text = format!(
                "`{}` holds numbers, or many values: labels grant access, so say which is which with map",
                column.name
            );
            lines.push(Line::new("", text));
        }
    }
    let flags = table.columns.iter().filter_map(|column| {
        let (_, label) = FLAGS.iter().find(|(flag, _)| folded(&column.bare) == *flag)?;
        let all = column.filled > 0 && column.yes + column.no == column.filled;
        all.then(|| (format!("{} = {}", key(&column.name), quoted(label)), format!("{} {label}", number(column.yes))))
    });
    let (flags, said): (Vec<_>, Vec<_>) = flags.unzip();
    if !flags.is_empty() {
        parts.push(format!("flags = {{ {} }}", flags.join(", ")));
        why.extend(said);
    }
    let mut tables_of: Vec<String> = Vec::new();
    if !parts.is_empty() {
        tables_of.push(format!("{{ {} }}", parts.join(", ")));
    }
    if let Some((toml, said)) = by_key(tables, table, joins) {
        tables_of.push(toml);
        why.push(said);
    }
    for &link in links {
        if let Some((toml, said)) = membership(tables, link, joins) {
            tables_of.push(toml);
            why.push(said);
        }
    }
    match &tables_of[..] {
        [] => {}
        [one] => lines.push(Line::new(format!("labels = {one}"), why.join(", "))),
        several => lines.push(Line::new(format!("labels = [{}]", several.join(", ")), why.join(", "))),
    }
}

/// Whether a column holds lists of words as text: `["admin", "editor"]`.
fn is_written_list(table: &Table, column: &Column) -> bool {
    let is_words = |text: &String| {
        let list = serde_json::from_str::<serde_json::Value>(text).ok();
        list.as_ref()
            .and_then(serde_json::Value::as_array)
            .is_some_and(|items| items.iter().all(serde_json::Value::is_string))
    };
    let mut cells = table.kept.iter().filter_map(|row| row.get(&column.name)).peekable();
    // What is longer was cut.
    cells.peek().is_some()
        && column.objects == 0
        && cells.all(|text| is_words(text) || text.len() > 60 && text.starts_with("[\""))
}

/// Words for what labels are made of, in names of tables.
const GROUPS: [&str; 23] = [
    "grp",
    "grps",
    "gruppe",
    "gruppen",
    "grupo",
    "grupos",
    "groupe",
    "groupes",
    "rolle",
    "rollen",
    "perfil",
    "perfiles",
    "role",
    "roles",
    "group",
    "groups",
    "usergroup",
    "usergroups",
    "userrole",
    "userroles",
    "membergroups",
    "membership",
    "memberships",
];

/// Whether a table's rows are of what many people have, or are in, by its name.
pub(super) fn is_of_many(table: &Table) -> bool {
    const MANY: [&str; 14] = [
        "company",
        "companies",
        "organization",
        "organizations",
        "organisation",
        "organisations",
        "team",
        "teams",
        "tenant",
        "tenants",
        "department",
        "departments",
        "plan",
        "plans",
    ];
    is_of_groups(table) || names::words(table).iter().any(|word| MANY.contains(&word.as_str()))
}

fn is_of_groups(table: &Table) -> bool {
    names::words(table).iter().any(|word| GROUPS.contains(&word.as_str()))
}

/// The table whose key a column holds, if that names roles or groups: its key, and the column of the names.
fn named<'t>(tables: &'t [Table], table: &Table, column: &Column) -> Option<(&'t Table, &'t Column, &'t Column)> {
    const NAMES: [&str; 13] = [
        "name",
        "title",
        "slug",
        "label",
        "code",
        "key",
        "titel",
        "bezeichnung",
        "nombre",
        "nom",
        "titre",
        "titulo",
        "nome",
    ];
    let far = |far: &&Table| far.name != table.name && far.rows > 0 && is_of_groups(far);
    tables.iter().filter(far).find_map(|far| {
        let holds = |id: &&Column| {
            is_called_id(id) && id.is_unique() && column.filled > 0 && column.among(id) == column.distinct()
        };
        let id = far.columns.iter().find(holds)?;
        let rank = |other: &&Column| {
            let name = folded(&other.bare);
            NAMES.iter().position(|of| name.ends_with(of)).unwrap_or(NAMES.len())
        };
        let is_name = |other: &&Column| {
            other.name != id.name
                && rank(other) < NAMES.len()
                && other.filled == far.looked
                && other.numbers == 0
                && other.objects + other.lists == 0
        };
        far.columns.iter().filter(is_name).min_by_key(rank).map(|name| (far, id, name))
    })
}

fn is_key_of_groups(column: &Column) -> bool {
    let name = folded(&column.bare);
    let of_group = GROUPS.iter().any(|group| name.contains(group));
    of_group && (is_called_id(column) || column.numbers == column.filled) && column.objects + column.lists == 0
}

/// `group_id`, `id_perfil`, `gid`.
fn is_called_id(column: &Column) -> bool {
    let name = folded(&column.bare);
    name.ends_with("id") || name.starts_with("id")
}

fn kinds(n: usize) -> String {
    format!("of {n} {}", if n == 1 { "group" } else { "groups" })
}

/// Keeps out whoever is in a group that is called after those who are: `Banned`, `pending`.
pub(super) fn barred(tables: &[Table], table: &Table, links: &[Link], joins: &mut Joins<'_>) -> Vec<(String, String)> {
    let is_out = |name: &str| {
        let waiting = || name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| WAITING.contains(&word));
        Trace::State.is_in(&Value::Text(name.into()), jiff::Timestamp::UNIX_EPOCH) || waiting()
    };
    // What the column holds for such a group, and what that is called.
    let out_by = |of: &Table, column: &Column| -> Vec<(String, String)> {
        if let Some((far, id, name)) = named(tables, of, column).filter(|_| is_key_of_groups(column)) {
            let rows = far.kept.iter().filter_map(|row| Some((row.get(&id.name)?, row.get(&name.name)?)));
            return rows.filter(|(_, name)| is_out(name)).map(|(id, name)| (id.clone(), name.clone())).collect();
        }
        let words = column.values.as_ref().filter(|_| is_word(column)).into_iter().flat_map(|values| values.keys());
        words.filter(|word| is_out(word)).map(|word| (word.clone(), word.clone())).collect()
    };
    let said = |out: &[(String, String)]| {
        let (values, names): (Vec<_>, Vec<_>) =
            out.iter().map(|(value, name)| (literal(value), format!("`{name}`"))).unzip();
        (values.join(" | "), format!("whoever is in {} may not", names.join(", ")))
    };
    let mut found = Vec::new();
    for column in table.columns.iter().filter(|column| is_key_of_groups(column)) {
        let out = out_by(table, column);
        if !out.is_empty() {
            let (values, why) = said(&out);
            found.push((format!("{{ when = {} }}", quoted(&format!("{} != {values}", column.name))), why));
        }
    }
    for &link in links {
        let other = &tables[link.table];
        let key = &other.columns[link.key].name;
        for column in other.columns.iter().filter(|column| column.name != *key && is_of_groups(other)) {
            let out = out_by(other, column);
            if !out.is_empty() {
                let (values, why) = said(&out);
                let path = joins.apart(link, "out", key, vec![format!("{} == {values}", column.name)]);
                found.push((format!("{{ from = {}, as = \"empty\" }}", quoted(&path)), why));
            }
        }
    }
    found
}

/// Whether a column says in words who is in which group.
fn is_word(column: &Column) -> bool {
    let name = folded(&column.bare);
    let word = ["role", "rolename", "group", "groupname", "name"].contains(&&*name);
    word && column.values.is_some() && column.numbers == 0 && column.objects + column.lists == 0
}

/// The role of each, by its number.
fn by_key(tables: &[Table], table: &Table, joins: &mut Joins<'_>) -> Option<(String, String)> {
    let mut keys = table.columns.iter().filter(|column| is_key_of_groups(column));
    let (column, (far, id, name)) = keys.find_map(|column| Some((column, named(tables, table, column)?)))?;
    joins.names(&far.name, &id.name, column.name.clone())?;
    let names = format!("{}.{}", join_name(&far.name), name.name);
    Some((format!("{{ from = {}, names = {} }}", quoted(&column.name), quoted(&names)), kinds(column.distinct())))
}

/// The roles of each, where a table says who has which.
fn membership(tables: &[Table], link: Link, joins: &mut Joins<'_>) -> Option<(String, String)> {
    let other = &tables[link.table];
    let is_read = joins.read.contains_key(&other.name);
    if is_read || !is_of_groups(other) || people::address(other).is_some() || people::secret(other).is_some() {
        return None;
    }
    let key = &other.columns[link.key].name;
    let is_key = |column: &&Column| column.name != *key && (is_key_of_groups(column) || is_called_id(column));
    let mut keys = other.columns.iter().filter(is_key);
    if let Some((column, (far, id, name))) = keys.find_map(|column| Some((column, named(tables, other, column)?))) {
        if far.name == joins.users.name {
            return None;
        }
        let path = joins.path(link, &column.name);
        joins.names(&far.name, &id.name, path.clone())?;
        let names = format!("{}.{}", join_name(&far.name), name.name);
        return Some((format!("{{ from = {}, names = {} }}", quoted(&path), quoted(&names)), kinds(column.distinct())));
    }
    let column = other.columns.iter().find(|column| column.name != *key && is_word(column))?;
    let said = column.values.as_ref().map(counted).unwrap_or_default();
    Some((format!("{{ from = {} }}", quoted(&joins.path(link, &column.name))), said))
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}
