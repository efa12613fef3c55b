//! What came back for a request, or why nothing did.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::said::{self, ErrorBody};
use super::wire::User;

/// An HTTP response, whole, with its errors fit to be shown.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// As it was sent, up to the size limit.
    pub body: Bytes,
    /// When the server wants to hear from us again: `Retry-After`, else `X-RateLimit-Reset`.
    pub retry_after: Option<Duration>,
    /// The error members of what is not a success, fit to be shown; empty for bodies that have none.
    pub said: ErrorBody,
    /// See [`Answer::user`].
    user: OnceLock<Option<Box<User>>>,
}

impl Answer {
    /// An answer without headers to a request without secrets.
    #[must_use]
    pub fn of(status: u16, body: Bytes) -> Self {
        let said = if (200..300).contains(&status) { ErrorBody::default() } else { said::error(&body, b"", "") };
        Self::new(status, body, None, said)
    }

    /// An answer whose errors are fit to be shown.
    pub(super) fn new(status: u16, body: Bytes, retry_after: Option<Duration>, said: ErrorBody) -> Self {
        Self { status, body, retry_after, said, user: OnceLock::new() }
    }

    /// 2xx
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body is of gzip, which no request of ours asks for.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.body.starts_with(&[0x1f, 0x8b])
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The user that the body is, which is read once, however many ask; `None` if it is something else.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.get_or_init(|| self.read().map(Box::new)).as_deref()
    }

    /// `$updatedAt` of the user that the body is (`PATCH prefs` answers with the preferences alone), in Unix milliseconds.
    #[must_use]
    pub fn updated_at(&self) -> Option<i64> {
        self.user()?.updated_at
    }

    /// The body as this; `None` if it is something else.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// No answer. The text holds neither key nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The request never left: the server cannot have acted on it.
    Unsent(String),
    /// The request may have arrived, and been acted on.
    Unanswered(String),
}

impl Lost {
    /// The network's own words, without the URL.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Unsent(text) | Self::Unanswered(text)) = self;
        text
    }
}
