//! JSON Web Tokens of users: HS256 (RFC 7518 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::sandbox::clock;

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// A token with these claims.
pub fn sign(claims: &Value, secret: &str) -> String {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_verifies_with_its_secret_alone() {
        let token = sign(&json!({"userId": "u", "exp": clock::now_ms() / 1000 + 60}), "secret");
        assert_eq!(verify(&token, "secret").expect("valid").get("userId"), Some(&json!("u")));
        assert!(verify(&token, "other").is_none() && verify(&token[..token.len() - 2], "secret").is_none());
        assert!(verify(&sign(&json!({"exp": 1}), "secret"), "secret").is_none());
    }
}
