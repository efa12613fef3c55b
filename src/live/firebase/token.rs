//! A service account's key, and the access token that it signs for (RFC 7523, Google's *Using OAuth 2.0 for Server to Server
//! Applications*).

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::RunError;

/// What is asked for: reading users with their hashes, and the project's configuration.
const SCOPES: &str = "https://www.googleapis.com/auth/identitytoolkit https://www.googleapis.com/auth/cloud-platform";

/// How long a token is asked for, in seconds: the longest that is given.
const LIFETIME: i64 = 3600;

/// The members of a service account's key file that are of use.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    token_uri: String,
}

impl Drop for ServiceAccount {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

/// An access token.
pub(super) struct Token {
    pub text: Zeroizing<String>,
    until: Instant,
}

impl Token {
    /// The emulator's, which lets everybody in who says this.
    pub fn of_emulator() -> Self {
        Self { text: Zeroizing::new("owner".into()), until: Instant::now() + Duration::from_secs(u32::MAX.into()) }
    }

    /// Whether another one has to be asked for.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Of the token endpoint's answer.
    pub fn of(answer: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            #[serde(default)]
            expires_in: u64,
        }
        let Answer { access_token, expires_in } = serde_json::from_slice(answer).ok()?;
        // Not to be caught by its end in the middle of a request.
        let until = Instant::now() + Duration::from_secs(expires_in.saturating_sub(60));
        Some(Self { text: Zeroizing::new(access_token), until })
    }
}

impl ServiceAccount {
    /// Of the file that the console gives out.
    ///
    /// # Errors
    /// [`RunError::io`]; [`RunError::usage`] for what is no such file, or asks for its token elsewhere than by https.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(RunError::io(path))?);
        let no_key = |what: &str| {
            RunError::usage(format!("{}: {what}", path.display())).remedy(
                "--service-account takes the JSON of Project settings → Service accounts → Generate new private key",
            )
        };
        // What serde says may quote the key.
        let account: Self = serde_json::from_str(&text).map_err(|_| no_key("it is no service account's key"))?;
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !account.token_uri.starts_with("https://") && !local.iter().any(|start| account.token_uri.starts_with(start))
        {
            return Err(no_key("its token_uri is no https address"));
        }
        Ok(account)
    }

    /// Where its tokens come from.
    pub fn endpoint(&self) -> &str {
        &self.token_uri
    }

    /// The body of the request for a token: what the key signs at this moment, in seconds since 1970.
    ///
    /// # Errors
    /// [`RunError::usage`] for a key that is no RSA key.
    pub fn request(&self, now: i64) -> Result<Zeroizing<String>, RunError> {
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.private_key_id});
        let claims = json!({
            "iss": self.client_email, "scope": SCOPES, "aud": self.token_uri, "iat": now, "exp": now + LIFETIME,
        });
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let no_key = || RunError::usage("the service account's private_key is no RSA key");
        let key = PrivateKeyDer::from_pem_slice(self.private_key.as_bytes()).map_err(|_| no_key())?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| no_key())?;
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or_else(no_key)?;
        let signature = signer.sign(signed.as_bytes()).map_err(|_| no_key())?;
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        Ok(Zeroizing::new(format!("grant_type={grant}&assertion={signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}
