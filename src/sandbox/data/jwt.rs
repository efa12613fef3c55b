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
///
/// # Errors
/// The sentence of the server's library.
pub fn verify(token: &str, secret: &str) -> Result<Map<String, Value>, &'static str> {
    const SYNTAX: &str = "JSON failed: Syntax error";
    let mut parts = token.splitn(3, '.');
    let (Some(header), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("Invalid token: Incomplete segments");
    };
    let decode = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
    };
    match decode(header).ok_or(SYNTAX)?.get("alg") {
        None => return Err("Invalid token: Missing header algo"),
        Some(algorithm) if algorithm != "HS256" => return Err("Invalid token: Unsupported header algo"),
        Some(_) => {}
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    mac(&format!("{header}.{claims}"), secret)
        .verify_slice(&signature)
        .map_err(|_| "Invalid token: Signature failed")?;
    let claims = decode(claims).ok_or(SYNTAX)?;
    let alive = claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp > clock::now_ms() / 1000);
    if alive { Ok(claims) } else { Err("Invalid token: Expired") }
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
        assert_eq!(verify(&token, "other"), Err("Invalid token: Signature failed"));
        assert!(verify(&token[..token.len() - 2], "secret").is_err());
        assert_eq!(verify("a.b.c", "secret"), Err("JSON failed: Syntax error"));
        assert_eq!(verify("a.b", "secret"), Err("Invalid token: Incomplete segments"));
        assert_eq!(verify(&sign(&json!({"exp": 1}), "secret"), "secret"), Err("Invalid token: Expired"));
    }
}
