//! `queries[]`: parsing and validation with the messages of utopia-php/database.

use serde_json::Value;

use crate::appwrite::body::decode_json;
use crate::sandbox::clock;
use crate::sandbox::data::schema::{Attribute, Kind, SEQUENCE, Schema};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::params::Rule;
use crate::sandbox::php;
use crate::sandbox::traits::{Database, Traits};

/// Values that one query may have.
const MAX_VALUES: usize = 500;

/// Values that the validator lets pass where the database counts them later.
const MAX_VALIDATED: usize = 5000;

/// A filter, with its attribute resolved.
#[derive(Debug)]
pub enum Filter {
    /// A comparison.
    Compare {
        /// The attribute.
        attribute: &'static Attribute,
        /// The method: `equal`, `startsWith`, …
        method: &'static str,
        /// Its values, dates in the store's form.
        values: Vec<Value>,
    },
    /// All of them.
    And(Vec<Filter>),
    /// Any of them.
    Or(Vec<Filter>),
}

/// What the queries of a request ask for.
#[derive(Debug, Default)]
pub struct Queries {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// By what they are ordered, in turn.
    pub order: Vec<Order>,
    /// The first `limit`.
    pub limit: Option<i64>,
    /// The first `offset`.
    pub offset: Option<i64>,
    /// The first cursor: an id, and whether it is `cursorAfter`.
    pub cursor: Option<(String, bool)>,
    /// What the database will find wrong with them.
    pub late: Option<ApiError>,
    /// The database that compares.
    pub database: Database,
}

/// One criterion of the order.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// By an attribute.
    By {
        /// The attribute.
        attribute: &'static Attribute,
        /// From the last to the first.
        descending: bool,
    },
    /// In no order.
    Random,
}

/// Every method: its name, and what kind of query it makes.
const METHODS: &[(&str, Type)] = &[
    ("equal", Type::Filter),
    ("notEqual", Type::Filter),
    ("lessThan", Type::Filter),
    ("lessThanEqual", Type::Filter),
    ("greaterThan", Type::Filter),
    ("greaterThanEqual", Type::Filter),
    ("contains", Type::Filter),
    ("search", Type::Filter),
    ("isNull", Type::Filter),
    ("isNotNull", Type::Filter),
    ("between", Type::Filter),
    ("startsWith", Type::Filter),
    ("endsWith", Type::Filter),
    ("notContains", Type::Negated),
    ("notSearch", Type::Negated),
    ("notStartsWith", Type::Negated),
    ("notEndsWith", Type::Negated),
    ("notBetween", Type::Negated),
    ("containsAny", Type::Any),
    ("containsAll", Type::Any),
    ("and", Type::Logical),
    ("or", Type::Logical),
    ("select", Type::Select),
    ("orderAsc", Type::Order),
    ("orderDesc", Type::Order),
    ("orderRandom", Type::Random),
    ("limit", Type::Limit),
    ("offset", Type::Offset),
    ("cursorAfter", Type::Cursor),
    ("cursorBefore", Type::Cursor),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Filter,
    Negated,
    Any,
    Logical,
    Select,
    Order,
    Random,
    Limit,
    Offset,
    Cursor,
}

impl Type {
    const fn is_filter(self) -> bool {
        matches!(self, Self::Filter | Self::Negated | Self::Any | Self::Logical)
    }

    const fn exists(self, traits: &Traits) -> bool {
        match self {
            Self::Negated | Self::Random => traits.negated_queries,
            Self::Any => traits.contains_any,
            _ => true,
        }
    }
}

/// A query as it came, of a known method.
struct Raw {
    method: &'static str,
    kind: Type,
    attribute: String,
    values: Vec<Value>,
    nested: Vec<Raw>,
}

/// Why a query is refused. The parameter's validator adds `Invalid query: ` itself.
type Refusal = String;

/// Reads and validates all queries of a request.
pub fn parse(texts: &[&Value], schema: &Schema, traits: &Traits) -> ApiResult<Queries> {
    let refused = |why: Refusal| ApiError::invalid("queries", &why);
    let mut queries = Queries { database: traits.database, ..Queries::default() };
    for text in texts {
        let raw = parse_one(text, traits).map_err(|why| refused(format!("Invalid query: {why}")))?;
        let mut late = None;
        let checker = Checker { schema, traits, late: &mut late };
        collect(raw, checker, &mut queries).map_err(refused)?;
        queries.late = queries.late.or_else(|| late.map(|why| schema.refusal(why, traits)));
    }
    Ok(queries)
}

fn parse_one(text: &Value, traits: &Traits) -> Result<Raw, Refusal> {
    let Some(text) = text.as_str() else {
        let name = php::type_name(text);
        return Err(format!(
            "Utopia\\Database\\Query::parse(): Argument #1 ($query) must be of type string, {name} given"
        ));
    };
    match decode_json(text.as_bytes()) {
        None => Err("Invalid query: Syntax error".into()),
        Some(decoded) => parse_query(&decoded, traits),
    }
}

fn parse_query(decoded: &Value, traits: &Traits) -> Result<Raw, Refusal> {
    let member = |name: &str| match decoded {
        Value::Object(members) => members.get(name).filter(|v| !v.is_null()),
        _ => None,
    };
    if !decoded.is_object() && !decoded.is_array() {
        return Err(format!("Invalid query. Must be an array, got {}", php::type_name(decoded)));
    }
    let wrong = |what: &str, must: &str, value: &Value| {
        format!("Invalid query {what}. Must be {must}, got {}", php::type_name(value))
    };
    let method = match member("method") {
        None => "",
        Some(Value::String(method)) => method,
        Some(other) => return Err(wrong("method", "a string", other)),
    };
    let Some((method, kind)) = METHODS.iter().find(|(name, kind)| *name == method && kind.exists(traits)) else {
        return Err(format!("Invalid query method: {method}"));
    };
    let attribute = match member("attribute") {
        None => String::new(),
        Some(Value::String(attribute)) => attribute.clone(),
        Some(other) => return Err(wrong("attribute", "a string", other)),
    };
    let values: Vec<Value> = match member("values") {
        None => Vec::new(),
        Some(value) => match php::elements(value) {
            Some(values) => values.into_iter().cloned().collect(),
            None => return Err(wrong("values", "an array", value)),
        },
    };
    let nested = if *kind == Type::Logical {
        values.iter().map(|value| parse_query(value, traits)).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(Raw { method, kind: *kind, attribute, values, nested })
}

struct Checker<'a> {
    schema: &'a Schema,
    traits: &'a Traits,
    /// What the database will find, if nothing is found while validating.
    late: &'a mut Option<String>,
}

/// Validates one query and adds it to the others.
fn collect(raw: Raw, mut checker: Checker<'_>, queries: &mut Queries) -> Result<(), Refusal> {
    let value = raw.values.first();
    let invalid = |why: String| format!("Invalid query: {why}");
    let unsupported = || format!("Invalid query method: {}", raw.method);
    let only_pages = checker.schema.attributes.is_empty();
    match raw.kind {
        Type::Limit => {
            let limit = page(value, 1, "limit").map_err(invalid)?;
            queries.limit.get_or_insert(limit);
        }
        Type::Offset => {
            let offset = page(value, 0, "offset").map_err(invalid)?;
            queries.offset.get_or_insert(offset);
        }
        _ if only_pages => return Err(unsupported()),
        Type::Select => return Err(unsupported()),
        Type::Cursor => {
            let Some(id) = value.filter(|v| Rule::Uid.accepts(v, checker.traits)).and_then(Value::as_str) else {
                return Err(invalid(format!("Invalid cursor: {}", Rule::Uid.description(checker.traits))));
            };
            queries.cursor.get_or_insert((id.to_owned(), raw.method == "cursorAfter"));
        }
        Type::Order => {
            // An order by nothing is the order of creation.
            let attribute = match raw.attribute.as_str() {
                "" => &SEQUENCE,
                name => checker.attribute(name, "order by").map_err(invalid)?,
            };
            queries.order.push(Order::By { attribute, descending: raw.method == "orderDesc" });
        }
        Type::Random => queries.order.push(Order::Random),
        _ => queries.filters.push(checker.filter(raw)?),
    }
    Ok(())
}

/// `limit` and `offset`: both complain of a limit when the value is no number.
fn page(value: Option<&Value>, min: i64, name: &str) -> Result<i64, Refusal> {
    let value = value.unwrap_or(&Value::Null);
    if !php::is_numeric(value) {
        return Err("Invalid limit: Value must be a valid number".into());
    }
    let range = format!("Value must be a valid range between {min} and {}", php::number_format(i64::MAX));
    php::integer(value).filter(|n| *n >= min).ok_or_else(|| format!("Invalid {name}: {range}"))
}

/// `ucfirst()` of a method.
fn label(method: &str) -> String {
    format!("{}{}", method[..1].to_uppercase(), &method[1..])
}

impl Checker<'_> {
    fn attribute(&self, name: &str, verb: &str) -> Result<&'static Attribute, Refusal> {
        if let Some(attribute) = self.schema.find(name, self.traits) {
            return Ok(attribute);
        }
        let top = name.split('.').next().unwrap_or_default();
        if top != name && self.schema.find(top, self.traits).is_some() {
            let nested = if verb == "query" { "query nested attribute on" } else { "order by nested attribute" };
            return Err(format!("Cannot {nested}: {top}"));
        }
        Err(format!("Attribute not found in schema: {top}"))
    }

    fn filter(&mut self, raw: Raw) -> Result<Filter, Refusal> {
        if raw.kind == Type::Logical { self.logical(raw) } else { self.comparison(raw) }
    }

    /// The queries inside are validated first, and by the same rules as those outside.
    fn logical(&mut self, raw: Raw) -> Result<Filter, Refusal> {
        let refused = |why: &str| format!("Invalid query: {} queries {why}", label(raw.method));
        let count = raw.nested.len();
        let mut filters = Vec::new();
        let mut inner = Queries::default();
        for nested in raw.nested {
            let is_filter = nested.kind.is_filter();
            let checker = Checker { schema: self.schema, traits: self.traits, late: self.late };
            collect(nested, checker, &mut inner)?;
            if is_filter {
                filters.append(&mut inner.filters);
            }
        }
        if filters.len() != count {
            return Err(refused("can only contain filter queries"));
        }
        if count < 2 {
            return Err(refused("require at least two queries"));
        }
        Ok(if raw.method == "and" { Filter::And(filters) } else { Filter::Or(filters) })
    }

    fn comparison(&mut self, raw: Raw) -> Result<Filter, Refusal> {
        self.checked(raw).map_err(|why| format!("Invalid query: {why}"))
    }

    fn checked(&mut self, raw: Raw) -> Result<Filter, Refusal> {
        let method = raw.method;
        let label = || label(method);
        let count = raw.values.len();
        match method {
            "between" | "notBetween" if count != 2 => {
                return Err(format!("{} queries require exactly two values.", label()));
            }
            "isNull" | "isNotNull" | "between" | "notBetween" => {}
            "equal" | "contains" | "notContains" | "containsAny" | "containsAll" => {
                let first = raw.values.first();
                if first.is_none_or(|v| php::elements(v).is_some_and(|e| e.is_empty())) {
                    return Err(format!("{} queries require at least one value.", label()));
                }
            }
            _ if count != 1 => return Err(format!("{} queries require exactly one value.", label())),
            _ => {}
        }
        let attribute = self.attribute(&raw.attribute, "query")?;
        let values = self.values(attribute, method, raw.values)?;
        if matches!(method, "search" | "notSearch") {
            let name = attribute.name;
            self.late.get_or_insert_with(|| format!("Searching by attribute \"{name}\" requires a fulltext index."));
        }
        Ok(Filter::Compare { attribute, method, values })
    }

    fn values(&mut self, attribute: &Attribute, method: &str, values: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let name = attribute.name;
        let too_many = |max: usize| format!("Query on attribute has greater than {max} values: {name}");
        let validated = if self.traits.values_counted_late { MAX_VALIDATED } else { MAX_VALUES };
        if values.len() > validated {
            return Err(too_many(validated));
        }
        if values.len() > MAX_VALUES {
            self.late.get_or_insert_with(|| format!("Invalid query: {}", too_many(MAX_VALUES)));
        }
        let values: Option<Vec<Value>> = values.into_iter().map(|value| checked(attribute.kind, value)).collect();
        let values = values.ok_or_else(|| format!("Query value is invalid for attribute \"{name}\""))?;
        let contains = matches!(method, "contains" | "notContains" | "containsAny" | "containsAll");
        match attribute.kind {
            Kind::List if !contains && !matches!(method, "isNull" | "isNotNull") => {
                Err(format!("Cannot query {method} on attribute \"{name}\" because it is an array."))
            }
            Kind::Boolean | Kind::Date | Kind::Sequence if contains => {
                let method = if method == "notContains" { method } else { "contains" };
                let not =
                    if self.traits.php_hash_options { "an array, string, or object" } else { "an array or string" };
                Err(format!("Cannot query {method} on attribute \"{name}\" because it is not {not}."))
            }
            _ => Ok(values),
        }
    }
}

/// The value in the store's form, if its type fits.
fn checked(kind: Kind, value: Value) -> Option<Value> {
    match kind {
        Kind::Text | Kind::List => value.is_string().then_some(value),
        Kind::Boolean => value.is_boolean().then_some(value),
        Kind::Date => clock::parse(value.as_str()?).map(Value::String),
        // The server validates sequences as if its database had no type for them.
        Kind::Sequence => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::Version;
    use crate::sandbox::data::schema::USERS;

    fn message(query: &str) -> String {
        let traits = Traits::of(Version::NEWEST);
        let text = Value::String(query.into());
        let error = parse(&[&text], &USERS, &traits).map_or_else(Some, |queries| queries.late);
        error.map_or_else(|| "ok".into(), |error| error.message.into_owned())
    }

    /// Observed on a running 1.9.6.
    #[test]
    fn refusals_are_worded_as_the_server_words_them() {
        for (query, expected) in [
            ("limit(2)", "Invalid query: Invalid query: Syntax error"),
            ("1", "Invalid query: Invalid query. Must be an array, got integer"),
            ("{}", "Invalid query: Invalid query method: "),
            (r#"{"method":5}"#, "Invalid query: Invalid query method. Must be a string, got integer"),
            (
                r#"{"method":"limit","values":[0]}"#,
                "Invalid query: Invalid limit: Value must be a valid range between 1 and 9,223,372,036,854,775,807",
            ),
            (r#"{"method":"offset","values":["x"]}"#, "Invalid query: Invalid limit: Value must be a valid number"),
            (
                r#"{"method":"equal","attribute":"nope","values":["x"]}"#,
                "Invalid query: Attribute not found in schema: nope",
            ),
            (
                r#"{"method":"equal","attribute":"labels","values":["x"]}"#,
                "Invalid query: Cannot query equal on attribute \"labels\" because it is an array.",
            ),
            (
                r#"{"method":"or","values":[{"method":"limit","values":[1]},{"method":"equal","attribute":"status","values":[true]}]}"#,
                "Invalid query: Or queries can only contain filter queries",
            ),
            (r#"{"method":"or","values":[]}"#, "Invalid query: Or queries require at least two queries"),
        ] {
            assert_eq!(message(query), format!("Invalid `queries` param: {expected}"), "{query}");
        }
        assert_eq!(
            message(r#"{"method":"select","values":["name"]}"#),
            "Invalid `queries` param: Invalid query method: select"
        );
        assert_eq!(
            message(r#"{"method":"search","attribute":"name","values":["x"]}"#),
            "Searching by attribute \"name\" requires a fulltext index."
        );
        assert_eq!(message(r#"{"method":"limit","values":["2"]}"#), "ok");
    }
}
