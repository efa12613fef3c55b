//! JSON Web Tokens of users: HS256 (RFC 7518 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::answer::Answer;
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::params::Rule;
use super::users::by_id;
use super::{clock, php, sessions};

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// Seconds a token is valid when nobody says how long, and at most.
const DEFAULT_SECONDS: i64 = 900;
const MAX_SECONDS: i64 = 3600;

/// `POST /users/{userId}/jwts`
pub async fn create(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let session = call.optional("sessionId", Rule::Uid)?;
    let duration = call.optional("duration", Rule::Range(0, MAX_SECONDS))?;
    let session = session.not_null()?.text().unwrap_or_default().to_owned();
    let seconds = duration.not_null()?.value().and_then(php::integer).unwrap_or(DEFAULT_SECONDS);
    let project = call.project.number;
    let (user, session) = call
        .app
        .store
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            let ids = sessions::ids_of(c, user.seq)?;
            let session = if session == "recent" { ids.last() } else { ids.iter().find(|id| **id == session) };
            Ok((user.id, session.cloned().unwrap_or_default()))
        })
        .await?;
    if seconds == 0 {
        // The server's library refuses to sign a token without a life.
        return Err(ApiError::server_error());
    }
    let claims = json!({ "userId": user, "sessionId": session, "exp": clock::now_ms() / 1000 + seconds });
    Answer::created(&json!({ "jwt": sign(&claims, &call.project.jwt_secret) }))
}

fn sign(claims: &Value, secret: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = mac(&signed, secret).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a token that this project signed and that has not run out.
pub fn verify(token: &str, secret: &str) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    if URL_SAFE_NO_PAD.decode(header).ok()? != HEADER.as_bytes() {
        return None;
    }
    mac(signed, secret).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    (claims.get("exp")?.as_i64()? > clock::now_ms() / 1000).then_some(claims)
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(text: &str, secret: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_with_its_secret_alone() {
        let token = sign(&json!({"userId": "u", "exp": clock::now_ms() / 1000 + 60}), "secret");
        assert_eq!(verify(&token, "secret").expect("valid").get("userId"), Some(&json!("u")));
        assert!(verify(&token, "other").is_none() && verify(&token[..token.len() - 2], "secret").is_none());
        assert!(verify(&sign(&json!({"exp": 1}), "secret"), "secret").is_none());
    }
}
