//! One request as its handler sees it: who asks, for which project, with which parameters.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::caller::Caller;
use super::view::{Audience, UserView};
use crate::appwrite::Version;
use crate::sandbox::data::projects::Project;
use crate::sandbox::data::queries::{self, Queries};
use crate::sandbox::data::schema::Schema;
use crate::sandbox::data::store::Store;
use crate::sandbox::data::target::WithTargets;
use crate::sandbox::data::user::{User, by_id};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::params::{Rule, truthy};
use crate::sandbox::php;
use crate::sandbox::settings::Settings;
use crate::sandbox::state::State;
use crate::sandbox::traits::{Nulls, Traits};

/// The longest search term.
const SEARCH_MAX: usize = 256;

/// One request.
pub struct Call {
    /// What all requests share.
    pub state: Arc<State>,
    /// The project of the request.
    pub project: Arc<Project>,
    /// What an administrator set for the project.
    pub settings: Arc<Settings>,
    /// The role of the request, and its user.
    pub caller: Caller,
    /// The client's address.
    pub ip: IpAddr,
    /// The host that the client meant, without its port.
    pub host: String,
    /// The client speaks TLS, to a proxy in front.
    pub tls: bool,
    /// The host of the page that asks; empty where none does.
    pub origin_host: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The values of the route's placeholders, as they stand in the path.
    pub path: Vec<(&'static str, String)>,
    /// The body's parameters; the query string's of a GET.
    pub parameters: Map<String, Value>,
}

impl Call {
    /// The data.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// The one user whom the path names, for a job on the store.
    ///
    /// # Errors
    /// 400 if what the path names is no id.
    pub fn single(&self) -> ApiResult<Single> {
        self.single_by(Rule::Uid)
    }

    /// The same, where the path is validated by a rule of its own.
    pub fn single_by(&self, rule: Rule<'_>) -> ApiResult<Single> {
        let id = self.path_value("userId", rule)?;
        Ok(Single { store: self.state.store.clone(), project: self.project.number, id })
    }

    /// The behaviour of this server's version.
    pub fn traits(&self) -> &Traits {
        &self.state.traits
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The version in whose form the client wants its answers.
    pub fn format(&self) -> Option<Version> {
        response_format(&self.headers).map(|(_, version)| version)
    }

    /// `User-Agent`.
    pub fn user_agent(&self) -> &str {
        self.header("user-agent").unwrap_or("UNKNOWN")
    }

    /// A placeholder of the path, validated as an existing id.
    pub fn path_id(&self, name: &str) -> ApiResult<String> {
        self.path_value(name, Rule::Uid)
    }

    /// A placeholder of the path.
    pub fn path_value(&self, name: &str, rule: Rule<'_>) -> ApiResult<String> {
        let value = self.path.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let value = Value::String(value);
        self.check(name, &value, rule)?;
        match value {
            Value::String(value) => Ok(value),
            _ => Err(ApiError::server_error()),
        }
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str, rule: Rule<'_>) -> ApiResult<&Value> {
        let value = self.parameters.get(name).ok_or_else(|| ApiError::missing(name))?;
        self.check(name, value, rule)?;
        Ok(value)
    }

    /// A text that must be there. `true` becomes `"1"`, as PHP passes it on where a validator lets it pass.
    pub fn required_text(&self, name: &str, rule: Rule<'_>) -> ApiResult<String> {
        Ok(match self.required(name, rule)? {
            Value::String(text) => text.clone(),
            Value::Bool(true) => "1".to_owned(),
            _ => return Err(ApiError::server_error()),
        })
    }

    /// A parameter that may be left out. Where `null` reaches a handler that takes none, the server fails; that failure
    /// comes after the validation of all parameters, so it is returned inside.
    pub fn optional(&self, name: &str, rule: Rule<'_>) -> ApiResult<Given<'_>> {
        let Some(value) = self.parameters.get(name) else { return Ok(Given::Absent) };
        if value.is_null() && self.traits().nulls == Nulls::Skipped {
            return Ok(Given::Null);
        }
        self.check(name, value, rule)?;
        Ok(if value.is_null() { Given::Null } else { Given::Value(value) })
    }

    /// The parameter `total`: whether to count.
    pub fn total(&self) -> ApiResult<bool> {
        if !self.traits().total_parameter {
            return Ok(true);
        }
        Ok(match self.optional("total", Rule::Boolean { loose: true })? {
            Given::Value(value) => truthy(value),
            Given::Absent | Given::Null => true,
        })
    }

    fn check(&self, name: &str, value: &Value, rule: Rule<'_>) -> ApiResult<()> {
        if rule.accepts(value, self.traits()) {
            return Ok(());
        }
        Err(ApiError::invalid(name, &rule.description(self.traits())))
    }

    /// What a key's holder is shown of a user.
    pub fn view<'a>(&'a self, (user, targets): &'a WithTargets) -> UserView<'a> {
        UserView { user, targets, traits: self.traits(), audience: Audience::Server, format: self.format() }
    }

    /// The parameter `queries` of a list.
    pub fn queries(&self, schema: &Schema) -> ApiResult<Queries> {
        let given = self.parameters.get("queries");
        let texts = match given {
            None => Vec::new(),
            Some(value) => match php::elements(value) {
                Some(texts) => texts,
                None => return Err(ApiError::invalid("queries", "Queries must be an array")),
            },
        };
        queries::parse(&texts, schema, self.traits())
    }

    /// The parameter `search` of a list.
    pub fn search(&self) -> ApiResult<Option<String>> {
        let given = self.optional("search", Rule::Text { min: 1, max: SEARCH_MAX })?;
        // PHP's `empty("0")`.
        Ok(given.text().filter(|term| *term != "0").map(str::to_owned))
    }
}

/// The one user whom a path names: what most handlers are about.
pub struct Single {
    store: Store,
    project: i64,
    /// The id, as it stands in the path.
    pub id: String,
}

impl Single {
    /// Runs a job with the user, which refuses, if it does, before it writes.
    ///
    /// # Errors
    /// 404 `user_not_found`, and what the job says.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, User) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let (project, id) = (self.project, self.id.clone());
        self.store.run(move |c| job(c, by_id(c, project, &id)?)).await
    }

    /// Runs a job with the user, which may refuse when it has written.
    ///
    /// # Errors
    /// As [`Single::run`].
    pub async fn run_undoable<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, User) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let (project, id) = (self.project, self.id.clone());
        self.store.run_undoable(move |c| job(c, by_id(c, project, &id)?)).await
    }
}

/// `X-Appwrite-Response-Format`, as it stands and as a version: what is none comes before all.
pub fn response_format(headers: &HeaderMap) -> Option<(&str, Version)> {
    let text = headers.get("x-appwrite-response-format")?.to_str().ok().filter(|text| !text.is_empty())?;
    Some((text, text.parse().unwrap_or(Version::new(0, 0, 0))))
}

/// An optional parameter.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// Left out.
    Absent,
    /// `null`.
    Null,
    /// A value that passed.
    Value(&'a Value),
}

impl<'a> Given<'a> {
    /// The value; `None` where it is left out or `null`.
    pub const fn value(self) -> Option<&'a Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The text; `None` where it is left out or `null`.
    pub fn text(self) -> Option<&'a str> {
        self.value().and_then(Value::as_str)
    }

    /// Fails on `null`, as a handler does whose argument is not nullable.
    pub const fn not_null(self) -> ApiResult<Self> {
        match self {
            Self::Null => Err(ApiError::server_error()),
            other => Ok(other),
        }
    }
}

/// The value of an optional parameter as an owned text.
pub fn owned(given: Given<'_>) -> Option<String> {
    given.value().and_then(Value::as_str).map(str::to_owned)
}
