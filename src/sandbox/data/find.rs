//! Queries as SQL: filters, order, cursor, page and count.

use std::borrow::Cow;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::Value;

use crate::sandbox::data::collation;
use crate::sandbox::data::queries::{Filter, Order, Queries};
use crate::sandbox::data::schema::{Attribute, Kind};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::traits::Database;

/// Documents that a list returns when nobody says how many.
const DEFAULT_LIMIT: i64 = 25;

/// Totals are counted no further.
const MAX_TOTAL: i64 = 5000;

/// A table of the store, as far as lists need it.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of the SELECT, with commas between.
    pub columns: &'static str,
    /// What messages call a document: `User`.
    pub document: &'static str,
}

/// A condition under construction: SQL and its values.
#[derive(Default)]
pub struct Condition {
    sql: String,
    values: Vec<Sql>,
}

impl Condition {
    /// A column has a value.
    pub fn equal(column: &str, value: impl Into<Sql>) -> Self {
        Self { sql: format!("{column} = ?"), values: vec![value.into()] }
    }

    /// A text column has a value, as the database compares it.
    pub fn equal_text(column: &str, value: &str) -> Self {
        let value = Sql::Text(value.to_owned());
        Self { sql: format!("key({column}) = key(?) AND same({column}, ?)"), values: vec![value.clone(), value] }
    }

    /// Words are found in the expression, as a full-text search finds them.
    pub fn found(term: &str, expression: &str) -> Self {
        Self { sql: format!("found(?, {expression})"), values: vec![term.to_owned().into()] }
    }

    /// Both hold.
    pub fn and(&mut self, other: Self) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(&other.sql);
        self.values.extend(other.values);
    }

    fn join(conditions: Vec<Self>, with: &str) -> Self {
        let mut joined = Self::default();
        for condition in conditions {
            if !joined.sql.is_empty() {
                joined.sql.push_str(with);
            }
            joined.sql.push_str(&condition.sql);
            joined.values.extend(condition.values);
        }
        joined.sql = format!("({})", joined.sql);
        joined
    }
}

/// What a list answers with.
pub struct Page<T> {
    /// The documents of the page.
    pub documents: Vec<T>,
    /// How many there are, up to [`MAX_TOTAL`]; 0 if not asked for.
    pub total: i64,
}

/// Finds the documents that satisfy a condition and the queries.
pub fn find<T>(
    connection: &Connection,
    table: &Table,
    mut condition: Condition,
    queries: &Queries,
    count: bool,
    from_row: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> ApiResult<Page<T>> {
    let cursor = match &queries.cursor {
        Some((id, after)) => Some((cursor_row(connection, table, &condition, id)?, *after)),
        None => None,
    };
    if let Some(error) = &queries.late {
        return Err(error.clone());
    }
    for filter in &queries.filters {
        condition.and(sql_of(filter, queries.database));
    }
    let total = if count {
        let sql =
            format!("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} LIMIT {MAX_TOTAL})", table.name, condition.sql);
        connection.prepare_cached(&sql)?.query_row(params_from_iter(&condition.values), |row| row.get(0))?
    } else {
        0
    };
    let before = matches!(cursor, Some((_, false)));
    let keys = order_keys(queries);
    if let Some((sequence, _)) = cursor {
        condition.and(beyond(connection, table, &keys, sequence, before)?);
    }
    let random = queries.order.iter().any(|order| matches!(order, Order::Random));
    let order: Vec<String> = keys
        .iter()
        .map(|key| format!("{} {}", key.expression, if key.descending == before { "ASC" } else { "DESC" }))
        .collect();
    let order = if random { "random()".to_owned() } else { order.join(", ") };
    let sql = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {order} LIMIT ? OFFSET ?",
        table.columns, table.name, condition.sql
    );
    condition.values.push(queries.limit.unwrap_or(DEFAULT_LIMIT).into());
    condition.values.push(queries.offset.unwrap_or(0).into());
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&condition.values), from_row)?;
    let mut documents = rows.collect::<Result<Vec<_>, _>>()?;
    if before {
        documents.reverse();
    }
    Ok(Page { documents, total })
}

struct Key {
    expression: Cow<'static, str>,
    name: &'static str,
    descending: bool,
}

/// The order asked for, made unique by the sequence.
fn order_keys(queries: &Queries) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for order in &queries.order {
        if let Order::By { attribute, descending } = order {
            keys.push(Key {
                expression: attribute.expression(queries.database),
                name: attribute.name,
                descending: *descending,
            });
        }
    }
    if !keys.iter().any(|key| matches!(key.name, "$id" | "$sequence")) {
        keys.push(Key { expression: "seq".into(), name: "$sequence", descending: false });
    }
    keys
}

fn cursor_row(connection: &Connection, table: &Table, scope: &Condition, id: &str) -> ApiResult<i64> {
    let mut condition = Condition { sql: scope.sql.clone(), values: scope.values.clone() };
    condition.and(Condition::equal_text("id", id));
    let sql = format!("SELECT seq FROM {} WHERE {}", table.name, condition.sql);
    let found = connection.prepare_cached(&sql)?.query_row(params_from_iter(&condition.values), |row| row.get(0));
    match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => Err(ApiError::cursor(table.document, id)),
        other => Ok(other?),
    }
}

/// Behind (or before) the cursor in the order: the first key is beyond, or it is equal and the next key is, and so on.
fn beyond(connection: &Connection, table: &Table, keys: &[Key], cursor: i64, before: bool) -> ApiResult<Condition> {
    let mut alternatives = Vec::new();
    let mut equal: Vec<Condition> = Vec::new();
    for key in keys {
        let sql = format!("SELECT {} FROM {} WHERE seq = ?", key.expression, table.name);
        let value: Sql = connection.prepare_cached(&sql)?.query_row([cursor], |row| row.get(0))?;
        if value == Sql::Null {
            return Err(ApiError::order_null(key.name));
        }
        let sign = if key.descending == before { ">" } else { "<" };
        let mut parts: Vec<Condition> =
            equal.iter().map(|c| Condition { sql: c.sql.clone(), values: c.values.clone() }).collect();
        parts.push(Condition { sql: format!("{} {sign} ?", key.expression), values: vec![value.clone()] });
        alternatives.push(Condition::join(parts, " AND "));
        equal.push(Condition { sql: format!("{} = ?", key.expression), values: vec![value] });
    }
    Ok(Condition::join(alternatives, " OR "))
}

fn sql_of(filter: &Filter, database: Database) -> Condition {
    let all = |filters: &[Filter]| filters.iter().map(|filter| sql_of(filter, database)).collect();
    match filter {
        Filter::And(filters) => Condition::join(all(filters), " AND "),
        Filter::Or(filters) => Condition::join(all(filters), " OR "),
        Filter::Compare { attribute, method, values } => compare(attribute, method, values, database),
    }
}

fn compare(attribute: &Attribute, method: &str, values: &[Value], database: Database) -> Condition {
    let (column, compared) = (attribute.column, attribute.expression(database));
    let value = |value: &Value| match (attribute.kind, value) {
        (Kind::Text, Value::String(text)) if database == Database::Mariadb => {
            Sql::Text(collation::key(text, database).into_owned())
        }
        _ => sql_value(value),
    };
    let one = |sql: String| Condition { sql, values: values.iter().map(value).collect() };
    let any = |sql: &str, with: &str, value: fn(&Value) -> Sql| {
        Condition::join(
            values.iter().map(|v| Condition { sql: sql.replace('#', column), values: vec![value(v)] }).collect(),
            with,
        )
    };
    match method {
        // Found by their keys, which are indexed, and compared exactly then.
        "equal" if database == Database::Postgresql && attribute.kind == Kind::Text => {
            let marks = vec!["key(?)"; values.len()].join(", ");
            let sql = format!("(key({column}) IN ({marks}) AND {column} IN ({}))", vec!["?"; values.len()].join(", "));
            Condition { sql, values: values.iter().chain(values).map(sql_value).collect() }
        }
        "equal" => one(format!("{compared} IN ({})", vec!["?"; values.len()].join(", "))),
        "notEqual" => one(format!("{compared} <> ?")),
        "lessThan" => one(format!("{compared} < ?")),
        "lessThanEqual" => one(format!("{compared} <= ?")),
        "greaterThan" => one(format!("{compared} > ?")),
        "greaterThanEqual" => one(format!("{compared} >= ?")),
        "isNull" => Condition { sql: format!("{column} IS NULL"), values: Vec::new() },
        "isNotNull" => Condition { sql: format!("{column} IS NOT NULL"), values: Vec::new() },
        "between" => one(format!("{compared} BETWEEN ? AND ?")),
        "notBetween" => one(format!("{compared} NOT BETWEEN ? AND ?")),
        "startsWith" => any(LIKE, " OR ", |v| like("", v, "%")),
        "endsWith" => any(LIKE, " OR ", |v| like("%", v, "")),
        "notStartsWith" => any(NOT_LIKE, " AND ", |v| like("", v, "%")),
        "notEndsWith" => any(NOT_LIKE, " AND ", |v| like("%", v, "")),
        "contains" | "containsAny" if attribute.kind == Kind::List => any(MEMBER, " OR ", sql_value),
        "containsAll" if attribute.kind == Kind::List => any(MEMBER, " AND ", sql_value),
        "notContains" if attribute.kind == Kind::List => any(NO_MEMBER, " AND ", sql_value),
        "contains" | "containsAny" => any(LIKE, " OR ", |v| like("%", v, "%")),
        "containsAll" => any(LIKE, " AND ", |v| like("%", v, "%")),
        "notContains" => any(NOT_LIKE, " AND ", |v| like("%", v, "%")),
        // `search` and `notSearch` never come here: no attribute has the index they need.
        _ => Condition { sql: "0".into(), values: Vec::new() },
    }
}

const LIKE: &str = "fold(CAST(# AS TEXT)) LIKE ? ESCAPE '\\'";
const NOT_LIKE: &str = "fold(CAST(# AS TEXT)) NOT LIKE ? ESCAPE '\\'";
const MEMBER: &str = "EXISTS(SELECT 1 FROM json_each(#) WHERE value = ?)";
const NO_MEMBER: &str = "NOT EXISTS(SELECT 1 FROM json_each(#) WHERE value = ?)";

fn like(before: &str, value: &Value, after: &str) -> Sql {
    // PHP's `true` as text is `1`, its `false` nothing.
    let text = value.as_str().unwrap_or(if value.as_bool() == Some(true) { "1" } else { "" });
    let text = collation::fold(text).into_owned();
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Sql::Text(format!("{before}{escaped}{after}"))
}

fn sql_value(value: &Value) -> Sql {
    match value {
        Value::Bool(b) => Sql::Integer(i64::from(*b)),
        Value::Number(n) => n.as_i64().map_or(Sql::Null, Sql::Integer),
        Value::String(s) => Sql::Text(s.clone()),
        _ => Sql::Null,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::appwrite::Version;
    use crate::sandbox::data::queries;
    use crate::sandbox::data::schema::USERS;
    use crate::sandbox::data::store::tests::connection;
    use crate::sandbox::data::user::{USER_COLUMNS, User};
    use crate::sandbox::errors::ApiError;
    use crate::sandbox::traits::Traits;

    const TABLE: Table = Table { name: "users", columns: USER_COLUMNS, document: "User" };

    /// Three users: `a` and `b` with addresses, `c` without.
    fn users() -> Connection {
        let connection = connection();
        for (id, email, name) in
            [("a", Some("a@x.org"), "Ann"), ("b", Some("b@x.org"), "bob"), ("c", None, "Émile 50%")]
        {
            connection
                .execute(
                    "INSERT INTO users(project, id, created, updated, name, email, email_verification, phone_verification,
                         status, labels, prefs, hash, hash_options, registration, mfa, impersonator, recovery_codes)
                     VALUES(1, ?1, 't', 't', ?3, ?2, 0, 0, 1, '[\"vip\"]', '{}', 'argon2', '{}', 't', 0, 0, '[]')",
                    (id, email, name),
                )
                .expect("a user");
        }
        connection
    }

    fn ids(connection: &Connection, texts: &[Value]) -> ApiResult<Vec<String>> {
        let texts: Vec<Value> = texts.iter().map(|query| Value::String(query.to_string())).collect();
        let texts: Vec<&Value> = texts.iter().collect();
        let queries = queries::parse(&texts, &USERS, &Traits::of(Version::NEWEST))?;
        let page = find(connection, &TABLE, Condition::equal("project", 1), &queries, true, User::from_row)?;
        Ok(page.documents.into_iter().map(|user| user.id).collect())
    }

    #[test]
    fn filters_orders_and_cursors_find_what_they_should() {
        let connection = users();
        let found = |texts: &[Value]| ids(&connection, texts).expect("a list").join("");
        let filter = |method: &str, attribute: &str, value: Value| {
            found(&[json!({"method": method, "attribute": attribute, "values": [value]})])
        };
        assert_eq!(filter("equal", "name", json!("ANN")), "a");
        assert_eq!(filter("notEqual", "email", json!("a@x.org")), "b");
        assert_eq!(filter("startsWith", "name", json!("emile")), "c");
        assert_eq!(filter("endsWith", "name", json!("%")), "c");
        assert_eq!(filter("contains", "labels", json!("vip")), "abc");
        assert_eq!(filter("notContains", "labels", json!("vip")), "");
        assert_eq!(found(&[json!({"method": "isNull", "attribute": "email"})]), "c");
        let by_name = json!({"method": "orderDesc", "attribute": "name"});
        assert_eq!(found(std::slice::from_ref(&by_name)), "cba");
        assert_eq!(found(&[by_name.clone(), json!({"method": "cursorAfter", "values": ["C"]})]), "ba");
        assert_eq!(found(&[by_name, json!({"method": "cursorBefore", "values": ["a"]})]), "cb");
        let by_email = json!({"method": "orderAsc", "attribute": "email"});
        let error =
            ids(&connection, &[by_email, json!({"method": "cursorAfter", "values": ["c"]})]).expect_err("no order");
        assert_eq!(error.kind, "database_query_order_null");
    }

    fn query() -> impl Strategy<Value = Value> {
        let method = prop::sample::select(vec![
            "equal",
            "notEqual",
            "lessThan",
            "lessThanEqual",
            "greaterThan",
            "greaterThanEqual",
            "contains",
            "isNull",
            "isNotNull",
            "between",
            "startsWith",
            "endsWith",
            "notContains",
            "notStartsWith",
            "notEndsWith",
            "notBetween",
            "containsAny",
            "containsAll",
            "orderAsc",
            "orderDesc",
            "orderRandom",
            "limit",
            "offset",
            "cursorAfter",
            "cursorBefore",
        ]);
        let attribute = prop::sample::select(vec![
            "name",
            "email",
            "phone",
            "status",
            "labels",
            "registration",
            "accessedAt",
            "$id",
            "$createdAt",
            "$sequence",
        ]);
        let value = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            (-3_i64..30).prop_map(Value::from),
            "[a-c%_'\"é ]{0,4}".prop_map(Value::from),
            Just(json!("2026-01-01T00:00:00.000+00:00")),
        ];
        let plain = (method, attribute, prop::collection::vec(value, 0..4)).prop_map(
            |(method, attribute, values)| json!({"method": method, "attribute": attribute, "values": values}),
        );
        plain.prop_recursive(3, 12, 3, |inner| {
            (prop::sample::select(vec!["and", "or"]), prop::collection::vec(inner, 0..4))
                .prop_map(|(method, values)| json!({"method": method, "values": values}))
        })
    }

    proptest! {
        /// Whatever passes validation is SQL that SQLite understands.
        #[test]
        fn no_queries_break_the_store(queries in prop::collection::vec(query(), 0..5)) {
            thread_local!(static USERS: Connection = users());
            let kind = USERS.with(|connection| ids(connection, &queries).err().map(|error: ApiError| error.kind));
            prop_assert_ne!(kind, Some("general_unknown"), "{:?}", queries);
        }
    }
}
