//! Tables beside the users' that look as if they held people, too: another guard of the application, its administrators.

use crate::format::TableSample;
use crate::source::{Role, Source};

/// What is said of each: nobody in it is read, and nobody should learn that afterwards.
pub(super) fn findings(source: &dyn Source, tables: &[TableSample], roles: &[Role]) -> Vec<String> {
    let passed_over = tables
        .iter()
        .zip(roles)
        .filter(|(table, role)| **role == Role::Ignored && (source.role(table) == Role::Users || holds_people(table)));
    let said = passed_over.map(|(table, _)| {
        let name = match table.table.as_str() {
            "" => table.path.display().to_string(),
            name => format!("table `{name}`"),
        };
        format!("{name} looks as if it held people, too, and is not read ([source] table of a mapping reads it)")
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
