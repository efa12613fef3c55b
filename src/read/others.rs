//! Tables beside the users' that look as if they held people, too: another guard of the application, its administrators.

use super::ReadOptions;
use super::tables::name;
use crate::error::RunError;
use crate::format::TableSample;
use crate::source::kit::status::{self, Meaning};
use crate::source::{Role, Source};

/// Stops at a table of people who are kept out, which nobody reads: they would come back enabled.
///
/// # Errors
/// [`RunError::usage`] with the lines of a mapping that read it.
pub(super) fn stop_at_bans(tables: &[TableSample], roles: &[Role], options: &ReadOptions) -> Result<(), RunError> {
    if options.mapping.is_some_and(crate::source::describe::Mapping::says_who_is_enabled) {
        return Ok(());
    }
    // What says it in the users' own table has its details there.
    let own = tables.iter().zip(roles).filter(|(_, role)| matches!(role, Role::Users | Role::Mixed));
    if own.flat_map(|(table, _)| &table.columns).any(|column| status::meaning(column) == Some(Meaning::Bars)) {
        return Ok(());
    }
    let bare = |table: &TableSample| match table.table.as_str() {
        "" => table.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        name => name.to_owned(),
    };
    let ignored = |name: &str| options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(name));
    for (table, _) in
        tables.iter().zip(roles).filter(|(table, role)| **role == Role::Ignored && !table.records.is_empty())
    {
        let called = bare(table);
        let Some(whose) = of_user(table).filter(|_| status::names_barred(&called) && !ignored(&called)) else {
            continue;
        };
        let join = called.to_ascii_lowercase();
        return Err(RunError::usage(format!(
            "{} says by `{whose}` of users that they are kept out, and is not read: a mapping file reads it (--map, [join.{join}] \
             table = \"{called}\", key = \"{whose}\", of = \"id\", and [user] enabled = {{ from = \"{join}.{whose}\", as = \
             \"empty\" }}), --ignore {called} leaves it out; nothing was sent",
            name(table)
        )));
    }
    Ok(())
}

/// The column that says whose row it is. One who blocks another is no administrator: rows of two users are their own affair.
fn of_user(table: &TableSample) -> Option<&str> {
    const USERS: [&str; 16] = [
        "userid",
        "memberid",
        "accountid",
        "customerid",
        "playerid",
        "personid",
        "clientid",
        "identityid",
        "uid",
        "user",
        "member",
        "account",
        "customer",
        "bannableid",
        "username",
        "email",
    ];
    let bare =
        |column: &String| column.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let is_user = |column: &&String| {
        let bare = bare(column);
        USERS.iter().any(|user| bare == *user || user.ends_with("id") && bare.ends_with(user))
    };
    let by = |column: &String| {
        let bare = bare(column);
        ["by", "admin", "mod", "created", "staff"].iter().any(|by| bare.contains(by))
    };
    let users: Vec<&String> = table.columns.iter().filter(is_user).filter(|column| !by(column)).collect();
    let both =
        users.len() > 1 && users.iter().any(|column| bare(column).contains("block") || bare(column).contains("target"));
    users.first().filter(|_| !both).map(|column| column.as_str())
}

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
