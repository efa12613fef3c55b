//! What queries may name: the attributes of each kind of document, and the columns behind them.

use std::borrow::Cow;

use crate::sandbox::errors::ApiError;
use crate::sandbox::traits::{Database, Traits};

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, compared without case.
    Text,
    /// True or false.
    Boolean,
    /// A date.
    Date,
    /// A JSON list of text.
    List,
    /// `$sequence`.
    Sequence,
}

/// A filterable attribute and its column.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The name in queries.
    pub name: &'static str,
    /// The column of the store.
    pub column: &'static str,
    /// The type of its values, which decides the methods that it can be queried by.
    pub kind: Kind,
}

/// The attributes of one kind of document. An empty one takes `limit` and `offset` alone.
pub struct Schema {
    /// The attributes.
    pub attributes: &'static [Attribute],
    /// Attributes that came later: the name, and whether this version has it.
    pub later: fn(&str, &Traits) -> bool,
    /// Whether an answer says what the database finds wrong with a valid query.
    pub errors_shown: fn(&Traits) -> bool,
}

impl Attribute {
    /// What SQL compares and orders by: on MariaDB a text's key, as indexes hold it, or the column itself.
    pub fn expression(&self, database: Database) -> Cow<'static, str> {
        match self.kind {
            Kind::Text if database == Database::Mariadb => format!("key({})", self.column).into(),
            _ => self.column.into(),
        }
    }
}

const fn attribute(name: &'static str, column: &'static str, kind: Kind) -> Attribute {
    Attribute { name, column, kind }
}

const ID: Attribute = attribute("$id", "id", Kind::Text);
const CREATED: Attribute = attribute("$createdAt", "created", Kind::Date);
const UPDATED: Attribute = attribute("$updatedAt", "updated", Kind::Date);
/// The order of creation.
pub const SEQUENCE: Attribute = attribute("$sequence", "seq", Kind::Sequence);

fn sequence_is_later(name: &str, traits: &Traits) -> bool {
    name != "$sequence" || traits.negated_queries
}

/// The attributes of users.
pub const USERS: Schema = Schema {
    attributes: &[
        attribute("name", "name", Kind::Text),
        attribute("email", "email", Kind::Text),
        attribute("phone", "phone", Kind::Text),
        attribute("status", "status", Kind::Boolean),
        attribute("passwordUpdate", "password_update", Kind::Date),
        attribute("registration", "registration", Kind::Date),
        attribute("emailVerification", "email_verification", Kind::Boolean),
        attribute("phoneVerification", "phone_verification", Kind::Boolean),
        attribute("labels", "labels", Kind::List),
        attribute("accessedAt", "accessed_at", Kind::Date),
        attribute("impersonator", "impersonator", Kind::Boolean),
        attribute("passwordPwned", "password_pwned", Kind::Boolean),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    later: |name, traits| {
        sequence_is_later(name, traits)
            && match name {
                "impersonator" => traits.contains_any,
                "accessedAt" => traits.accessed_at_queries,
                "passwordPwned" => traits.password_pwned_field,
                _ => true,
            }
    },
    errors_shown: |traits| traits.user_query_errors_shown,
};

/// The attributes of targets.
pub const TARGETS: Schema = Schema {
    attributes: &[
        attribute("userId", "user_id", Kind::Text),
        attribute("providerId", "NULL", Kind::Text),
        attribute("identifier", "identifier", Kind::Text),
        attribute("providerType", "provider_type", Kind::Text),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    later: sequence_is_later,
    errors_shown: |traits| traits.other_query_errors_shown,
};

/// The attributes of identities, of which the sandbox has none.
pub const IDENTITIES: Schema = Schema {
    attributes: &[
        attribute("userId", "NULL", Kind::Text),
        attribute("provider", "NULL", Kind::Text),
        attribute("providerUid", "NULL", Kind::Text),
        attribute("providerEmail", "NULL", Kind::Text),
        attribute("providerAccessTokenExpiry", "NULL", Kind::Date),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    later: sequence_is_later,
    errors_shown: |traits| traits.other_query_errors_shown,
};

/// The attributes of memberships, of which the sandbox has none.
pub const MEMBERSHIPS: Schema = Schema {
    attributes: &[
        attribute("userId", "NULL", Kind::Text),
        attribute("teamId", "NULL", Kind::Text),
        attribute("invited", "NULL", Kind::Date),
        attribute("joined", "NULL", Kind::Date),
        attribute("confirm", "NULL", Kind::Boolean),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    later: sequence_is_later,
    errors_shown: |traits| traits.other_query_errors_shown,
};

/// The attributes of logs: none.
pub const LOGS: Schema = Schema { attributes: &[], later: |_, _| true, errors_shown: |_| true };

impl Schema {
    /// What the database's refusal of a valid query is to the client.
    pub fn refusal(&self, why: String, traits: &Traits) -> ApiError {
        if (self.errors_shown)(traits) { ApiError::query(why) } else { ApiError::server_error() }
    }

    /// An attribute that this version has.
    pub fn find(&self, name: &str, traits: &Traits) -> Option<&'static Attribute> {
        self.attributes.iter().find(|a| a.name == name && (self.later)(name, traits))
    }
}
