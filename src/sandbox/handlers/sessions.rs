//! Sessions of a user, as a server sees them.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::sandbox::data::session::{Client, Fresh, Way, end, end_all, ids_of};
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::view::raw;
use crate::sandbox::params::Rule;

#[derive(Serialize)]
struct List<'a> {
    total: usize,
    sessions: Vec<&'a RawValue>,
}

/// `GET /users/{userId}/sessions`
pub async fn list(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let count = call.total()?;
    let sessions = single
        .run(|c, user| {
            let mut statement = c.prepare_cached("SELECT document FROM sessions WHERE user = ?1 ORDER BY seq")?;
            let rows = statement.query_map([user.seq], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    let sessions: Vec<_> = sessions.iter().filter_map(|document| raw(document)).collect();
    Answer::ok(&List { total: if count { sessions.len() } else { 0 }, sessions })
}

/// `POST /users/{userId}/sessions`
pub async fn create(call: Call) -> ApiResult<Answer> {
    let single = call.single_by(Rule::CustomId)?;
    let project = call.project.number;
    let seconds = call.settings.session_duration;
    let (ip, user_agent) = (call.ip.to_string(), call.user_agent().to_owned());
    let session = single
        .run(move |c, user| {
            let client = Client { ip: &ip, user_agent: &user_agent };
            let way = Way { provider: "server", uid: "", factor: "server", seconds };
            let session = Fresh::new(&user.id, &way, &client)?;
            session.insert(c, project, user.seq)?;
            Ok(session)
        })
        .await?;
    Answer::created(&session.shown(call.caller.is_server(), false))
}

/// `DELETE /users/{userId}/sessions/{sessionId}`: up to 1.9 of whichever user the session is.
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    let session = call.path_id("sessionId")?;
    let project = call.project.number;
    // Nobody but servers (and their owners) sees the documents.
    let visible = call.caller.is_server();
    let belongs = call.traits().session_belongs_to_user;
    single
        .run(move |c, user| {
            let anybodys = "DELETE FROM sessions WHERE project = ?1 AND key(id) = key(?2)";
            let deleted = visible
                && if belongs {
                    end(c, user.seq, &session)?
                } else {
                    c.prepare_cached(anybodys)?.execute((project, session))? > 0
                };
            if deleted { Ok(()) } else { Err(ApiError::session_not_found()) }
        })
        .await?;
    Ok(Answer::no_content())
}

/// `DELETE /users/{userId}/sessions`
pub async fn delete_all(call: Call) -> ApiResult<Answer> {
    let allowed = call.caller.is_server();
    call.single()?
        .run(move |c, user| {
            if !allowed && !ids_of(c, user.seq)?.is_empty() {
                return Err(ApiError::unauthorized());
            }
            end_all(c, user.seq, None)
        })
        .await?;
    Ok(Answer::no_content())
}
