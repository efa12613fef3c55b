//! Django: `manage.py dumpdata` in JSON, JSON Lines and XML, and the table itself.
//!
//! A serialized object is `{"model": "auth.user", "pk": 1, "fields": {…}}`
//! (<https://docs.djangoproject.com/en/5.2/topics/serialization/>). Projects have user models of their own under names of
//! their own, so an object is a user by its fields. `--natural-primary` leaves `pk` out and `--natural-foreign` writes
//! groups as `["name"]`.

use std::borrow::Cow;

use serde_json::json;

use crate::account::{Account, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, ENABLED, Fates, GROUP, MEMBER, NAME_PART, ROLES};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Digest("md5")];

/// Django.
pub struct Django;

/// django-allauth's addresses, which know what Django does not: whether somebody proved one.
const ADDRESS: &str = "address";

const FATES: Fates = &[
    ("model", Fate::Transformed { to: "record", how: "tells users from everything else" }),
    ("pk", shape::ID),
    ("id", shape::ID),
    ("fields", Fate::Transformed { to: "account", how: "each field as its column" }),
    ("password", shape::HASH),
    ("username", shape::USERNAME),
    ("email", shape::EMAIL),
    ("first_name", NAME_PART),
    ("last_name", NAME_PART),
    ("name", shape::NAME),
    ("full_name", shape::NAME),
    ("phone", shape::PHONE),
    ("phone_number", shape::PHONE),
    ("is_active", ENABLED),
    ("is_staff", ROLES),
    ("is_superuser", ROLES),
    ("groups", ROLES),
    ("user_permissions", Fate::Dropped { why: "single permissions have no place in Appwrite" }),
    ("date_joined", shape::CREATED),
    ("last_login", shape::LAST_SEEN),
];

impl Source for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn about(&self) -> &'static str {
        "Django: manage.py dumpdata (JSON, JSON Lines, XML), or the auth_user table with its groups"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let mixed = tables.iter().any(|table| self.role(table) == Role::Mixed);
        let (telling, product) = if mixed {
            ("objects of model, pk and fields", "Django's dumpdata")
        } else {
            ("the columns is_superuser, is_active and last_login", "Django's user table")
        };
        shape::detection(tables, |table| self.role(table), 90, telling, product)
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["model", "fields"]) {
            Role::Mixed
        } else if (shape::has(table, &["password", "last_login", "is_superuser"])
            || shape::has(table, &["password", "last_login", "is_active"]))
            // Metabase's `core_user` is much alike, but for its salt.
            && !shape::has(table, &["password_salt"])
        {
            Role::Users
        } else if shape::has(table, &["user_id", "group_id"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "name"]) && (table.table == "auth_group" || table.table == "auth.group") {
            Role::Related(GROUP)
        } else if shape::has(table, &["user_id", "email", "verified", "primary"]) {
            Role::Related(ADDRESS)
        } else {
            Role::Ignored
        }
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        match record.text("model").as_deref() {
            Some("auth.group") => Role::Related(GROUP),
            Some("account.emailaddress") => Role::Related(ADDRESS),
            // Models of users may drop `last_login`; what else has a password (a mail server's settings) has none of these.
            Some(model) if field(record, "password").is_some() => {
                let telling = ["last_login", "is_active"].iter().any(|name| field(record, name).is_some());
                if telling || model.ends_with("user") { Role::Users } else { Role::Ignored }
            }
            _ => Role::Ignored,
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        match kind {
            MEMBER => shape::member(record, "user_id", "group_id", found),
            GROUP => {
                let name = field(record, "name")?.text()?;
                found.add(kind, own_id(record).as_ref().unwrap_or(&name), &name)
            }
            _ => {
                let user = field(record, "user").or_else(|| record.get("user_id"))?;
                let verified = field(record, "verified").and_then(common::truth).unwrap_or(false);
                let email = field(record, "email")?.text()?.to_lowercase();
                found.add(kind, &reference(user)?, &json!({"email": email, "verified": verified}))
            }
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |name| field(record, name).and_then(Value::text).filter(|t| !t.is_empty());
        let is = |name| field(record, name).and_then(common::truth);
        let source_id = own_id(record).or_else(|| text("username")).unwrap_or_default();
        let mut notes = Vec::new();
        let (email, username) = shape::sign_in(text("email"), text("username"));
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.into());
        Ok(Account {
            email_verified: email.as_deref().is_some_and(|email| is_proven(&source_id, email, context)),
            phone: text("phone_number").or_else(|| text("phone")),
            name: common::join_name([text("first_name"), text("last_name")])
                .or_else(|| text("name"))
                .or_else(|| text("full_name")),
            enabled: is("is_active").unwrap_or(true),
            roles: roles(record, &source_id, context, &mut notes),
            notes,
            prefs,
            created_at: field(record, "date_joined").and_then(common::moment),
            last_seen: field(record, "last_login").and_then(common::moment),
            // To Django, whatever begins so fits no password.
            credential: match text("password") {
                Some(hash) if hash.starts_with('!') => {
                    common::without(Code::NoPassword, "the source marks the password as unusable")
                }
                hash => common::credential(hash, self.hints()),
            },
            source_id,
            email,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// A field of a serialized object, or a column.
fn field<'v, 'a>(record: &'v Record<'a>, name: &str) -> Option<&'v Value<'a>> {
    match record.get("fields") {
        Some(fields) => fields.member(name),
        None => record.get(name),
    }
}

fn own_id<'v>(record: &'v Record<'_>) -> Option<Cow<'v, str>> {
    record.get("pk").or_else(|| record.get("id")).and_then(common::id)
}

/// What a foreign key names: an id, or the natural key's first part.
fn reference<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    value.items().next().and_then(Value::text).filter(|text| !text.is_empty())
}

fn is_proven(user: &str, email: &str, context: &Context<'_>) -> bool {
    let email = email.trim().to_lowercase();
    let rows = context.related.rows(ADDRESS, user);
    rows.iter().any(|row| row["verified"] == true && row["email"] == *email)
}

fn roles<'r>(record: &'r Record<'r>, user: &str, context: &Context<'_>, notes: &mut Vec<Note>) -> Vec<Cow<'r, str>> {
    let is = |name| field(record, name).and_then(common::truth).unwrap_or(false);
    let flags = [("is_superuser", "superuser"), ("is_staff", "staff")];
    let mut roles: Vec<_> = flags.iter().filter(|(flag, _)| is(flag)).map(|(_, role)| Cow::Borrowed(*role)).collect();
    let groups: Vec<String> = match field(record, "groups") {
        // django-import-export writes the ids of all groups into one cell.
        Some(Value::Text(cell)) => {
            let listed = cell.trim_matches(['[', ']']).split([',', '|']);
            listed.map(|id| id.trim().trim_matches(['\'', '"']).to_owned()).filter(|id| !id.is_empty()).collect()
        }
        groups => groups.into_iter().flat_map(Value::items).filter_map(reference).map(Cow::into_owned).collect(),
    };
    roles.extend(groups.iter().filter_map(|id| shape::named_group(id, context, notes)).map(Cow::Owned));
    roles.extend(shape::groups_of(user, context, notes));
    roles
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::account::Credential;
    use crate::format::Format;
    use crate::source::NoRelated;
    use crate::source::kit::testing::{self, Rows};

    fn dumped(pk: Json, fields: Json) -> Record<'static> {
        let mut object = json!({"model": "auth.user", "fields": fields});
        if !pk.is_null() {
            object["pk"] = pk;
        }
        testing::record(object)
    }

    #[test]
    fn flags_and_groups_are_roles_whether_by_key_or_by_name() {
        let mut rows = Rows::default();
        let group = testing::record(json!({"model": "auth.group", "pk": 2, "fields": {"name": "Sales team"}}));
        assert_eq!(Django.role_of(&group), Role::Related(GROUP));
        rows.relate(&Django, GROUP, &group);
        let fields = json!({"password": "!", "last_login": null, "is_staff": true, "is_superuser": true, "groups": [2, ["editors"]]});
        let record = dumped(json!(1), fields);
        assert_eq!(Django.role_of(&record), Role::Users);
        let account = Django.interpret(&record, &testing::context(&rows)).unwrap();
        assert_eq!(account.roles, ["superuser", "staff", "Sales team", "editors"]);
    }

    #[test]
    fn natural_keys_replace_ids_and_user_names_may_be_addresses() {
        let fields = json!({"username": "ivan@example.com", "email": "", "password": "", "is_active": false, "first_name": "I", "last_name": ""});
        let record = dumped(Json::Null, fields);
        let account = Django.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((&*account.source_id, account.email.as_deref()), ("ivan@example.com", Some("ivan@example.com")));
        assert!(!account.enabled && account.prefs.is_empty());
        assert_eq!(account.name.as_deref(), Some("I"));
        assert!(matches!(account.credential, Credential::None(_)));
    }

    #[test]
    fn an_address_is_proven_only_by_allauth() {
        let mut rows = Rows::default();
        let proof = json!({"model": "account.emailaddress", "pk": 9, "fields": {"user": 3, "email": "C@example.com", "verified": true, "primary": true}});
        rows.relate(&Django, ADDRESS, &testing::record(proof));
        for (pk, expected) in [(3, true), (4, false)] {
            let record = dumped(json!(pk), json!({"email": "c@example.com", "password": "x"}));
            let account = Django.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!(account.email_verified, expected, "{pk}");
        }
    }

    #[test]
    fn the_table_is_read_too() {
        let columns = ["id", "password", "last_login", "is_superuser", "username", "email", "is_active", "date_joined"];
        assert_eq!(Django.role(&testing::table("", Format::Csv, &columns)), Role::Users);
        let cells = ["7", "md5$salt$00", "", "1", "grace", "g@example.com", "1", "2021-01-07 12:00:00.123000"];
        let record = testing::row("", &columns, &cells);
        let account = Django.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((&*account.source_id, account.prefs["username"].as_str()), ("7", Some("grace")));
        assert_eq!(account.roles, ["superuser"]);
        assert_eq!(account.created_at, "2021-01-07T12:00:00.123Z".parse().ok());
        assert!(matches!(account.credential, Credential::Hash(hash) if hash.hints == HINTS));
    }
}
