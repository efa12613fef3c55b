//! Tables beside the users' that look as if they held people, too: another guard of the application, its administrators.

use super::ReadOptions;
use crate::format::TableSample;
use crate::source::{Role, Source};

/// What is said of each: nobody in it is read, and nobody should learn that afterwards.
pub(super) fn findings(
    source: &dyn Source,
    tables: &[TableSample],
    roles: &[Role],
    options: &ReadOptions,
) -> Vec<String> {
    // A mapping of a table of one's own says itself which, but not that it knew of the others.
    let own = options.mapping.is_some_and(|mapping| mapping.base.is_none());
    let called = |table: &TableSample| match table.table.as_str() {
        "" => table.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        name => name.to_owned(),
    };
    let is_known = |table: &TableSample| {
        let name = called(table);
        options.mapping.is_some_and(|mapping| mapping.leaves_out(&name))
            || options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(&name))
    };
    let named = |table: &TableSample| {
        const NAMES: [&str; 6] = ["user", "users", "member", "members", "people", "persons"];
        source.name() == "generic" && NAMES.contains(&&*table.table.to_ascii_lowercase()) && !table.records.is_empty()
    };
    let has_people =
        |table: &TableSample| !own && (source.role(table) == Role::Users || named(table)) || holds_people(table);
    let passed_over = tables
        .iter()
        .zip(roles)
        .filter(|(table, role)| **role == Role::Ignored && has_people(table) && !is_known(table));
    let said = passed_over.map(|(table, _)| {
        let name = match table.table.as_str() {
            "" => table.path.display().to_string(),
            name => format!("table `{name}`"),
        };
        let how = if own {
            format!("a mapping of its own reads it, [source] leave = [\"{}\"] says that it is left out", called(table))
        } else {
            "[source] table of a mapping reads it".to_owned()
        };
        format!("{name} looks as if it held people, too, and is not read ({how})")
    });
    said.collect()
}

/// An address and something that is called a password, in one row.
fn holds_people(table: &TableSample) -> bool {
    let has = |list: &[&str]| table.columns.iter().any(|column| list.contains(&column.to_ascii_lowercase().as_str()));
    has(&["email", "mail", "user_email", "email_address", "emailaddress"])
        && has(&[
            "password", "passwd", "pass", "password_hash", "passwordhash", "password_digest", "encrypted_password",
            "hashed_password", "user_pass", "user_password", "pwd", "crypted_password",
        ])
        // Tokens for a new password are no people.
        && !has(&["token", "reset_token"])
}
