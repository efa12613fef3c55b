//! Reading and deleting users.

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, Given};
use super::errors::{ApiError, ApiResult};
use super::find::{Condition, Table, find};
use super::model::{Audience, TARGET_COLUMNS, Target, USER_COLUMNS, User, UserView, raw};
use super::params::Rule;
use super::php;
use super::queries::{self, Queries};
use super::schema::{self, Schema};

const TABLE: Table = Table { name: "users", columns: USER_COLUMNS, document: "User" };

/// The longest search term.
const SEARCH_MAX: usize = 256;

/// What the full-text index of users holds: the labels too, each as `label:…`.
const SEARCH_TEXT: &str = "id || ' ' || coalesce(email, '') || ' ' || name || ' ' || coalesce(phone, '') || ' '
    || replace(replace(labels, '[\"', 'label:'), '\",\"', ' label:')";

/// A user by id, in whatever case; 404 if there is none.
pub fn by_id(connection: &Connection, project: i64, id: &str) -> ApiResult<User> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE project = ?1 AND key(id) = key(?2)");
    let found = connection.prepare_cached(&sql)?.query_row((project, id), User::from_row).optional()?;
    found.ok_or_else(ApiError::user_not_found)
}

/// The targets of a user, in the order of their creation.
pub fn targets_of(connection: &Connection, user: &User) -> ApiResult<Vec<Target>> {
    let sql = format!("SELECT {TARGET_COLUMNS} FROM targets WHERE key(user_id) = key(?1) AND user = ?2 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((&user.id, user.seq), Target::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A user and its targets.
pub type WithTargets = (User, Vec<Target>);

/// A user by id, with its targets.
pub fn with_targets(connection: &Connection, project: i64, id: &str) -> ApiResult<WithTargets> {
    let user = by_id(connection, project, id)?;
    let targets = targets_of(connection, &user)?;
    Ok((user, targets))
}

impl Call {
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

/// `GET /users/{userId}`
pub async fn get(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let project = call.project.number;
    let user = call.app.store.run(move |c| with_targets(c, project, &id)).await?;
    Answer::ok(&call.view(&user))
}

#[derive(Serialize)]
struct List<'a> {
    total: i64,
    users: Vec<UserView<'a>>,
}

/// `GET /users`
pub async fn list(call: Call) -> ApiResult<Answer> {
    let queries = call.queries(&schema::USERS)?;
    let search = call.search()?;
    let count = call.total()?;
    let project = call.project.number;
    let (users, total) = call
        .app
        .store
        .run(move |c| {
            let mut condition = Condition::equal("project", project);
            if let Some(term) = &search {
                condition.and(Condition::found(term, SEARCH_TEXT));
            }
            let page = find(c, &TABLE, condition, &queries, count, User::from_row)?;
            let users = page.documents.into_iter().map(|user| {
                let targets = targets_of(c, &user)?;
                Ok((user, targets))
            });
            Ok((users.collect::<ApiResult<Vec<WithTargets>>>()?, page.total))
        })
        .await?;
    Answer::ok(&List { total, users: users.iter().map(|user| call.view(user)).collect() })
}

/// `GET /users/{userId}/prefs`
pub async fn prefs(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let project = call.project.number;
    let user = call.app.store.run(move |c| by_id(c, project, &id)).await?;
    Answer::ok(&raw(&user.prefs))
}

/// `DELETE /users/{userId}`
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let project = call.project.number;
    let leave_targets = call.traits().delete_leaves_targets;
    call.app
        .store
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            c.prepare_cached("DELETE FROM users WHERE seq = ?1")?.execute([user.seq])?;
            c.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([user.seq])?;
            if !leave_targets {
                c.prepare_cached("DELETE FROM targets WHERE key(user_id) = key(?1) AND user = ?2")?
                    .execute((&user.id, user.seq))?;
            }
            Ok(())
        })
        .await?;
    Ok(Answer::no_content())
}

/// The value of an optional parameter as an owned text.
pub fn owned(given: Given<'_>) -> Option<String> {
    given.value().and_then(Value::as_str).map(str::to_owned)
}
