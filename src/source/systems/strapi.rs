//! Strapi: the entities of `strapi export`, one JSON object a line, in which every content type stands beside the others.

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Strapi.
pub struct Strapi;

/// What the users of an application are; `admin::user` are those of the editors.
const USER: &str = "plugin::users-permissions.user";

const FATES: Fates = &[
    ("type", shape::SKIP),
    ("id", shape::ID),
    ("data", Fate::Transformed { to: "email", how: "and password, name and whether they are blocked" }),
];

impl Source for Strapi {
    fn name(&self) -> &'static str {
        "strapi"
    }

    fn about(&self) -> &'static str {
        "Strapi: the entities of `strapi export`; its up_users table is read as generic"
    }

    fn hints(&self) -> &'static [Hint] {
        &[Hint::Bare]
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let found = tables.iter().any(|table| self.role(table) == Role::Mixed);
        found
            .then(|| Detection { score: 90, why: "lines of type, id and data: entities of `strapi export`".to_owned() })
    }

    fn role(&self, table: &TableSample) -> Role {
        let is_type = |text: &str| ["plugin::", "api::", "admin::"].iter().any(|space| text.starts_with(space));
        let types = table.records.iter().filter_map(|record| record.get("type")?.as_str());
        let entities = shape::has(table, &["type", "id", "data"]) && types.into_iter().any(is_type);
        if entities { Role::Mixed } else { Role::Ignored }
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        if record.text("type").as_deref() == Some(USER) { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let at = |path| record.path(path);
        let text = |path| at(path).and_then(Value::text).filter(|text| !text.is_empty());
        let yes = |path| at(path).and_then(common::truth);
        Ok(Account {
            source_id: text("id").unwrap_or_default(),
            email: text("data.email"),
            email_verified: yes("data.confirmed").unwrap_or(false),
            name: text("data.username"),
            enabled: !yes("data.blocked").unwrap_or(false),
            created_at: at("data.createdAt").and_then(common::moment),
            credential: common::credential(text("data.password"), self.hints()),
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}
