//! Reading and deleting users.

use serde::Serialize;

use crate::sandbox::data::find::{Condition, Table, find};
use crate::sandbox::data::schema::{self};
use crate::sandbox::data::target::{WithTargets, targets_of, with_targets};
use crate::sandbox::data::user::{USER_COLUMNS, User};
use crate::sandbox::errors::ApiResult;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::view::{UserView, raw};

const TABLE: Table = Table { name: "users", columns: USER_COLUMNS, document: "User" };

/// What the full-text index of users holds: the labels too, each as `label:…`.
const SEARCH_TEXT: &str = "id || ' ' || coalesce(email, '') || ' ' || name || ' ' || coalesce(phone, '') || ' '
    || replace(replace(labels, '[\"', 'label:'), '\",\"', ' label:')";

/// `GET /users/{userId}`
pub async fn get(call: Call) -> ApiResult<Answer> {
    let user = call.single()?.run(with_targets).await?;
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
        .store()
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
    let prefs = call.single()?.run(|_, user| Ok(user.prefs)).await?;
    Answer::ok(&raw(&prefs))
}

/// `DELETE /users/{userId}`
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let leave_targets = call.traits().delete_leaves_targets;
    call.single()?
        .run(move |c, user| {
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
