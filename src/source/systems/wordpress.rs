//! WordPress: SQL dumps of `wp_users` with or without `wp_usermeta`, phpMyAdmin's CSV and JSON, WP-CLI's CSV and JSON.
//!
//! Tables: <https://codex.wordpress.org/Database_Description>. A dump may hold several installations, whose tables and
//! capability keys begin with the prefix of each.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Hint};
use crate::code::{Code, Refusal};
use crate::format::{ColumnList, Format, Record, TableSample, Value, php};
use crate::source::kit::common::{self, CREATED, HASH, ROLES, TOKEN};
use crate::source::kit::shape;
use crate::source::kit::status::{self, Standing};
use crate::source::systems::generic::unescape_formula;
use crate::source::{Context, Detection, Fate, Found, Gate, Role, Source, texts};

/// What is known of its hashes.
const HINTS: &[Hint] = &[
    Hint::Bare,
    Hint::Digest("md5"),
    Hint::Prepared("WordPress trims a password and, in its forms, puts \\ before quotes"),
];

/// WordPress.
pub struct WordPress;

/// The columns of `wp_users` since WordPress 2.5; multisites have the last two as well.
const COLUMNS: [&str; 12] = [
    "ID",
    "user_login",
    "user_pass",
    "user_nicename",
    "user_email",
    "user_url",
    "user_registered",
    "user_activation_key",
    "user_status",
    "display_name",
    "spam",
    "deleted",
];

/// What is read of a user's row.
static CELLS: ColumnList<18> = ColumnList::new([
    "ID",
    "id",
    "source_user_id",
    "spam",
    "deleted",
    "roles",
    "role",
    "user_login",
    "user_pass",
    "user_email",
    "user_url",
    "user_registered",
    "user_status",
    "display_name",
    "first_name",
    "last_name",
    "nickname",
    "billing_phone",
]);

/// Rows of `wp_usermeta`.
const META: &str = "meta";

/// The columns of `wp_usermeta`.
const META_COLUMNS: [&str; 4] = ["umeta_id", "user_id", "meta_key", "meta_value"];

/// What is read of a row of it.
static META_CELLS: ColumnList<3> = ColumnList::new(["user_id", "meta_key", "meta_value"]);

impl Source for WordPress {
    fn name(&self) -> &'static str {
        "wordpress"
    }

    fn about(&self) -> &'static str {
        "WordPress: SQL dumps with or without usermeta, phpMyAdmin CSV/JSON, WP-CLI CSV/JSON, multisites; \
         roles become labels, and no address counts as proven"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let users = tables.iter().find(|table| self.role(table) == Role::Users)?;
        let meta = tables.iter().any(|table| self.role(table) == Role::Related(META));
        let what = match (users.columns.is_empty(), common::has(users, &["user_pass"])) {
            (true, _) => "the columns of wp_users without their names: phpMyAdmin",
            (false, true) => "user_login and user_pass",
            (false, false) => "user_login and user_email, without hashes: WP-CLI without --fields=…,user_pass",
        };
        let meta = if meta { ", with usermeta" } else { "" };
        Some(Detection { score: 90, why: format!("{}, {what}{meta}", users.format) })
    }

    fn role(&self, table: &TableSample) -> Role {
        let named = |end| table.table.is_empty() || table.table.to_ascii_lowercase().ends_with(end);
        let in_dump = matches!(table.format, Format::Sql | Format::Xml);
        let is_meta = common::has(table, &META_COLUMNS[1..]) && named("usermeta");
        if is_meta || is_nameless_meta(table) {
            Role::Related(META)
        } else if common::has(table, &["user_login", "user_pass"]) && named("users")
            || common::has(table, &["user_login", "user_email"]) && !in_dump
            || table.width >= 10 && self.headerless(table).is_some() && named("users")
        {
            Role::Users
        } else {
            Role::Ignored
        }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        let cell = |at: &str| table.records.first().and_then(|row| row.get(at)).and_then(Json::as_str).unwrap_or("");
        let is_users = table.columns.is_empty()
            && matches!(table.width, 10 | 12)
            // Other systems' users have as many columns, and other ones where WordPress has the address.
            && cell("4").contains('@')
            && cell("0").bytes().all(|b| b.is_ascii_digit())
            && cell("4").contains('@')
            && cell("6").len() == 19
            && cell("6").as_bytes().get(10) == Some(&b' ');
        let names: &[&str] = match (is_users, is_nameless_meta(table)) {
            (true, _) => &COLUMNS[..table.width],
            (_, true) => &META_COLUMNS,
            _ => return None,
        };
        Some(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let cells = record.columns(&META_CELLS).map(|cell| cell.and_then(Value::text).filter(|text| !text.is_empty()));
        let [Some(user), Some(key), Some(value)] = cells else { return None };
        let prefix = record.table.strip_suffix("usermeta").unwrap_or("");
        if is_read(&key) { found.add_texts(kind, &user, [prefix, &key, &value]) } else { None }
    }

    fn gate(&self, kind: &'static str) -> Option<Gate> {
        (kind == META).then_some(Gate { column: "meta_key", passes: is_read })
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let [
            upper_id,
            lower_id,
            source_user_id,
            spam,
            deleted,
            roles,
            role,
            login,
            pass,
            email,
            url,
            registered,
            status,
            display_name,
            first_name,
            last_name,
            nickname,
            billing_phone,
        ] = record.columns(&CELLS);
        for (value, is) in [(spam, "spam"), (deleted, "deleted")] {
            if value.and_then(common::truth).unwrap_or(false) {
                let text = format!("the network marks the user as {is}");
                // Spam may be a mistake that is taken back.
                return Err(if is == "deleted" { Refusal::deleted(text) } else { shape::skipped(text) });
            }
        }
        let text = |value: Option<&'r Value<'r>>| {
            value.and_then(Value::text).map(unescape_formula).filter(|t| !t.trim().is_empty() && t != "NULL")
        };
        let source_id = common::first_written([upper_id, lower_id, source_user_id]).unwrap_or_default();
        let mut meta = Meta::of(&source_id, record, context);
        let mut enabled = true;
        for (key, text) in meta.values.extract_if(.., |(key, _)| status::meaning(key).is_some()) {
            let value = Value::Text(Cow::Owned(text));
            match status::meaning(&key).map(|meaning| meaning.read(&value, context.now)) {
                Some(Standing::Disabled) => enabled = false,
                Some(Standing::Deleted) => {
                    let text = format!("`{key}` says that the user was deleted");
                    let deleted = status::marks_deleted(&key, &value, context.now);
                    return Err(if deleted { Refusal::deleted(text) } else { shape::skipped(text) });
                }
                Some(Standing::Unsure) => return Err(status::unsure(&key, &value, "wordpress")),
                _ => {}
            }
        }

        let mut labels = Vec::new();
        for value in [roles, role].into_iter().flatten() {
            common::add_roles(&mut labels, common::names(&common::json(value)));
        }
        common::add_roles(&mut labels, std::mem::take(&mut meta.roles));

        let either =
            |value, name: &str| text(value).or_else(|| meta.value(name).map(|text| Cow::Owned(text.to_owned())));
        let [first, last] = [either(first_name, "first_name"), either(last_name, "last_name")];
        let name = text(display_name)
            .or_else(|| common::join_name([first.clone(), last.clone()]))
            .or_else(|| either(nickname, "nickname"))
            .or_else(|| text(login));
        let phone = either(billing_phone, "billing_phone");

        let mut prefs = Map::with_capacity(4 + meta.values.len());
        let own = [either(login, "user_login"), either(url, "user_url"), first, last];
        for (column, value) in ["user_login", "user_url", "first_name", "last_name"].into_iter().zip(own) {
            common::keep(&mut prefs, column, value.map_or(Json::Null, Into::into));
        }
        for (column, value) in record.iter() {
            if column.starts_with("billing_") || column.starts_with("shipping_") {
                common::keep(&mut prefs, column, value.text().map_or(Json::Null, |t| unescape_formula(t).into()));
            }
        }
        for (name, value) in meta.values {
            if name != "nickname" {
                prefs.entry(name).or_insert_with(|| value.into());
            }
        }
        let credential = match (pass, text(pass)) {
            (None, _) => common::without(Code::HashNotExported, "the export has no column user_pass"),
            (_, None) => common::without(Code::NoPassword, "the source holds no password for this user"),
            _ => common::credential(pass.and_then(Value::text), HINTS),
        };
        Ok(Account {
            email: text(email),
            email_verified: false,
            phone_verified: false,
            // 1 is spam and 2 is not activated to BuddyPress and old multisites; the core has only 0.
            enabled: enabled && text(status).is_none_or(|status| status == "0"),
            created_at: registered.and_then(common::moment),
            last_seen: None,
            notes: Vec::new(),
            source_id,
            phone,
            name,
            roles: labels,
            prefs,
            credential,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "ID" | "id" | "source_user_id" => Fate::Carried("id"),
            "user_email" => Fate::Transformed { to: "email", how: "as not verified: WordPress records no proof" },
            "user_pass" => HASH,
            "display_name" => Fate::Carried("name"),
            "user_login" | "user_url" => Fate::Prefs,
            "first_name" | "last_name" => {
                Fate::Transformed { to: "name", how: "where there is no display_name; and prefs" }
            }
            "nickname" => Fate::Transformed { to: "name", how: "where there is no other" },
            "billing_phone" => Fate::Transformed { to: "phone", how: "not verified; and prefs" },
            "roles" | "role" => ROLES,
            "user_registered" => CREATED,
            "user_status" => {
                Fate::Transformed { to: "enabled", how: "0 is enabled, 1 (spam) and 2 (not activated) are not" }
            }
            "spam" | "deleted" => Fate::Transformed { to: "enabled", how: "such users are left out, and named" },
            "user_activation_key" => TOKEN,
            "user_nicename" => Fate::Dropped { why: "the slug of author pages, made from user_login" },
            "caps" => Fate::Dropped { why: "the roles once more, with what they may do" },
            _ if column.starts_with("billing_") || column.starts_with("shipping_") => Fate::Prefs,
            _ => Fate::Dropped { why: "not a column of WordPress's own" },
        }
    }
}

/// A dump without CREATE TABLE and column lists, or `mysqldump --tab`, whose files have the names of their tables.
fn is_nameless_meta(table: &TableSample) -> bool {
    let stem = table.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = if table.table.is_empty() { stem } else { &table.table };
    table.columns.is_empty() && table.width == META_COLUMNS.len() && name.to_ascii_lowercase().ends_with("usermeta")
}

/// Whether rows of `wp_usermeta` with such a key are read.
fn is_read(key: &str) -> bool {
    // Plugins that approve, suspend or ban say so here: account_status, pw_user_status, ja_disable_user.
    let standing = || status::meaning(key).is_some() && key != "state";
    matches!(key, "first_name" | "last_name" | "nickname" | "description" | "locale")
        || key.ends_with("capabilities")
        || key.starts_with("billing_")
        || key.starts_with("shipping_")
        || standing()
}

/// What `wp_usermeta` says of a user.
#[derive(Default)]
struct Meta {
    roles: Vec<Cow<'static, str>>,
    /// The last value of each key: there are a few, in the order of the first.
    values: Vec<(String, String)>,
}

impl Meta {
    fn of(id: &str, record: &Record<'_>, context: &Context<'_>) -> Self {
        let prefix = record.table.strip_suffix("users").unwrap_or("");
        let mut meta = Self::default();
        context.related.lists(META, id, &mut |list| {
            texts(list).for_each(|row| meta.take(prefix, row));
            Ok(())
        });
        meta
    }

    /// Takes a row of somebody of the installation whose tables begin with this prefix.
    fn take(&mut self, prefix: &str, [table_prefix, key, value]: [&str; 3]) {
        // Another installation in the same dump has users of its own with the same ids.
        if !prefix.is_empty() && !table_prefix.is_empty() && prefix != table_prefix {
            return;
        }
        let Some(owner) = key.strip_suffix("capabilities") else {
            match self.values.iter_mut().find(|(known, _)| *known == key) {
                Some((_, last)) => value.clone_into(last),
                None => self.values.push((key.to_owned(), value.to_owned())),
            }
            return;
        };
        // A second installation's table has its database before it.
        let base = |prefix| str::rsplit(prefix, '.').next().unwrap_or(prefix);
        let named = php::true_keys(value).unwrap_or_default().into_iter();
        let named: Vec<_> = match site(owner, base(if prefix.is_empty() { table_prefix } else { prefix })) {
            Site::Main => named.map(|role| Cow::Owned(role.into_owned())).collect(),
            Site::Number(site) => named.map(|role| Cow::Owned(format!("site{site}_{role}"))).collect(),
            Site::Foreign => return,
        };
        common::add_roles(&mut self.roles, named);
    }

    /// The value of a key.
    fn value(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Whose a capability key is.
#[derive(Debug, PartialEq, Eq)]
enum Site<'k> {
    /// `wp_`
    Main,
    /// `wp_2_`: a site of a network. An administrator of one site must not become one of everything, so its roles keep
    /// the number.
    Number(&'k str),
    /// Another installation's.
    Foreign,
}

fn site<'k>(owner: &'k str, prefix: &str) -> Site<'k> {
    let number = |rest: &'k str| {
        let digits = rest.strip_suffix('_').filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        digits.map(Site::Number)
    };
    if prefix.is_empty() {
        // A table without a name: what ends like a site is one, anything else is the main one.
        let base = owner.trim_end_matches('_').rsplit_once('_').map(|(base, _)| base.len() + 1);
        return base.and_then(|base| number(&owner[base..])).unwrap_or(Site::Main);
    }
    match owner.strip_prefix(prefix) {
        Some("") => Site::Main,
        Some(rest) => number(rest).unwrap_or(Site::Foreign),
        None => Site::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};
    use serde_json::json;

    const USERS: [&str; 5] = ["ID", "user_login", "user_pass", "user_email", "display_name"];

    #[test]
    fn capabilities_are_those_of_the_users_own_prefix() {
        let mut rows = Rows::default();
        for (table, key, role) in [
            ("wp_usermeta", "wp_capabilities", "author"),
            ("wp_usermeta", "wp_2_capabilities", "administrator"),
            ("wp_usermeta", "wpx9_capabilities", "editor"),
            ("wpx9_usermeta", "wpx9_capabilities", "editor"),
        ] {
            let value = format!("a:2:{{s:{}:\"{role}\";b:1;s:5:\"never\";b:0;}}", role.len());
            rows.relate(&WordPress, META, &testing::row(table, &META_COLUMNS[1..], &["7", key, &value]));
        }
        let user = testing::row("wp_users", &USERS, &["7", "alice", "$P$B", "alice@example.com", "Alice"]);
        let account = WordPress.interpret(&user, &testing::context(&rows)).expect("a person");
        assert_eq!(account.roles, ["author", "site2_administrator"]);
        let user = testing::row("wpx9_users", &USERS, &["7", "eve", "$P$B", "eve@example.com", "Eve"]);
        let account = WordPress.interpret(&user, &testing::context(&rows)).expect("a person");
        assert_eq!(account.roles, ["editor"]);
    }

    #[test]
    fn sites_of_tables_without_a_name_are_told_by_their_number() {
        assert_eq!(site("wp_", ""), Site::Main);
        assert_eq!(site("wp_2_", ""), Site::Number("2"));
        assert_eq!(site("", ""), Site::Main);
        assert_eq!(site("wp_12_", "wp_"), Site::Number("12"));
        assert_eq!(site("wp_b_", "wp_"), Site::Foreign);
    }

    #[test]
    fn a_name_is_made_of_what_there_is() {
        let mut rows = Rows::default();
        for (key, value) in [
            ("first_name", "Alice"),
            ("last_name", "Adams"),
            ("session_tokens", "secret"),
            ("billing_phone", "+14155550124"),
        ] {
            rows.relate(&WordPress, META, &testing::row("wp_usermeta", &META_COLUMNS[1..], &["7", key, value]));
        }
        let user = testing::row("wp_users", &USERS, &["7", "alice", "*", "alice@example.com", ""]);
        let account = WordPress.interpret(&user, &testing::context(&rows)).expect("a person");
        assert_eq!(account.name.as_deref(), Some("Alice Adams"));
        assert_eq!(account.phone.as_deref(), Some("+14155550124"));
        assert!(!account.prefs.contains_key("session_tokens"));
    }

    #[test]
    fn formulas_lose_the_apostrophe_that_wp_cli_put_before_them() {
        let user = testing::record(
            json!({ "ID": 7, "user_login": "'@bob", "user_email": "'+bob@example.com", "user_pass": "", "display_name": "'Tis me" }),
        );
        let account = WordPress.interpret(&user, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!(account.email.as_deref(), Some("+bob@example.com"));
        assert_eq!(account.name.as_deref(), Some("'Tis me"));
    }

    #[test]
    fn what_a_network_deleted_stays_deleted() {
        let user =
            testing::record(json!({ "ID": "7", "user_login": "x", "user_pass": "x", "spam": "0", "deleted": "1" }));
        let refusal = WordPress.interpret(&user, &testing::context(&crate::source::NoRelated)).expect_err("nobody");
        assert_eq!(refusal.code, Code::SkippedBySource);
    }
}
