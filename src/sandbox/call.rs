//! One request as its handler sees it: who asks, for which project, with which parameters.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use serde_json::{Map, Value};

use super::app::App;
use super::auth::Caller;
use super::errors::{ApiError, ApiResult};
use super::params::{Rule, truthy};
use super::projects::Project;
use super::traits::{Nulls, Traits};
use crate::appwrite::Version;

/// One request.
pub struct Call {
    /// The server.
    pub app: Arc<App>,
    /// The project of the request.
    pub project: Arc<Project>,
    /// Who asks.
    pub caller: Caller,
    /// The client's address.
    pub ip: IpAddr,
    /// The headers.
    pub headers: HeaderMap,
    /// The values of the route's placeholders, as they stand in the path.
    pub path: Vec<(&'static str, String)>,
    /// The body's parameters; the query string's of a GET.
    pub parameters: Map<String, Value>,
}

impl Call {
    /// The behaviour of this server's version.
    pub fn traits(&self) -> &Traits {
        &self.app.traits
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
