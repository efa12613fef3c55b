//! ASP.NET Identity: `AspNetUsers` with `AspNetUserRoles` and `AspNetRoles`, by SSMS's CSV, `bcp` or scripts.
//!
//! SSMS writes NULL as the text `NULL`.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, FACTOR, Fates, GROUP, MEMBER, NAME_PART, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// ASP.NET Identity.
pub struct AspNetIdentity;

const FATES: Fates = &[
    ("Id", shape::ID),
    ("UserName", shape::USERNAME),
    ("NormalizedUserName", shape::INTERNAL),
    ("Email", shape::EMAIL),
    ("NormalizedEmail", shape::INTERNAL),
    ("EmailConfirmed", shape::EMAIL_VERIFIED),
    ("PasswordHash", shape::HASH),
    ("SecurityStamp", TOKEN),
    ("ConcurrencyStamp", TOKEN),
    ("PhoneNumber", shape::PHONE),
    ("PhoneNumberConfirmed", shape::PHONE_VERIFIED),
    ("TwoFactorEnabled", FACTOR),
    ("LockoutEnd", shape::ENABLED),
    ("LockoutEndDateUtc", shape::ENABLED),
    ("LockoutEnabled", shape::ENABLED),
    ("AccessFailedCount", shape::INTERNAL),
    ("Discriminator", shape::INTERNAL),
    ("Name", shape::NAME),
    ("FullName", shape::NAME),
    ("DisplayName", shape::NAME),
    ("FirstName", NAME_PART),
    ("LastName", NAME_PART),
];

impl Source for AspNetIdentity {
    fn name(&self) -> &'static str {
        "aspnet-identity"
    }

    fn about(&self) -> &'static str {
        "ASP.NET Identity: AspNetUsers with its roles; its PBKDF2 maps to nothing"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns PasswordHash and SecurityStamp";
        shape::detection(tables, |table| self.role(table), 90, telling, "ASP.NET Identity's AspNetUsers")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["Id", "Email", "PasswordHash", "SecurityStamp"]) {
            Role::Users
        } else if shape::has(table, &["UserId", "RoleId"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["Id", "Name"]) && table.columns.len() <= 5 {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            GROUP => shape::group(record, "Id", "Name"),
            _ => shape::member(record, "UserId", "RoleId"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("Id").unwrap_or_default();
        let (email, username) = shape::sign_in(text("Email"), text("UserName"));
        let end = record.get("LockoutEnd").or_else(|| record.get("LockoutEndDateUtc"));
        let may_lock = record.get("LockoutEnabled").and_then(common::truth).unwrap_or(true);
        let locked = may_lock && end.is_some_and(|end| common::is_ahead(end, context.now));
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.into());
        let mut notes = Vec::new();
        let roles = shape::groups_of(&source_id, context, &mut notes);
        if locked {
            notes.push(Note::new(Code::LockedInSource, "LockoutEnd lies ahead: created disabled"));
        }
        Ok(Account {
            email,
            email_verified: common::flag(record, "EmailConfirmed"),
            phone: text("PhoneNumber"),
            phone_verified: common::flag(record, "PhoneNumberConfirmed"),
            name: ["DisplayName", "FullName", "Name"]
                .into_iter()
                .find_map(text)
                .or_else(|| common::join_name([text("FirstName"), text("LastName")])),
            enabled: !locked,
            roles,
            prefs,
            credential: common::credential(text("PasswordHash"), self.hints()),
            notes,
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;

    #[test]
    fn null_is_text_and_a_lockout_ends() {
        let columns = [
            "Id",
            "UserName",
            "Email",
            "EmailConfirmed",
            "PasswordHash",
            "PhoneNumber",
            "LockoutEnd",
            "LockoutEnabled",
        ];
        for (end, enabled, expected) in [
            ("NULL", "1", true),
            ("2999-12-31 23:59:59.0000000 +00:00", "1", false),
            ("2999-12-31 23:59:59.0000000 +00:00", "0", true),
            ("2020-01-01 00:00:00.0000000 +00:00", "True", true),
        ] {
            let cells = ["5d3a", "ann", "ann@example.com", "True", "NULL", "NULL", end, enabled];
            let record = testing::row("AspNetUsers", &columns, &cells);
            let account = AspNetIdentity.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert_eq!(account.enabled, expected, "{end} {enabled}");
            assert!(account.email_verified && account.phone.is_none());
            assert!(matches!(account.credential, Credential::None(_)));
        }
    }
}
