//! Saying who one is, without saying the password where that can be done: SCRAM-SHA-256 (RFC 5802, RFC 7677) and `md5`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::bytes::hex;
use crate::scheme::verify::foreign::saslprep;

/// What is answered to `AuthenticationMD5Password`: `md5` and the digest of the digest of password and user, and the salt.
pub(super) fn md5_answer(user: &str, password: &str, salt: [u8; 4]) -> String {
    let inner = hex(&Md5::digest([password.as_bytes(), user.as_bytes()].concat()));
    format!("md5{}", hex(&Md5::digest([inner.as_bytes(), &salt].concat())))
}

/// A conversation of SCRAM-SHA-256.
pub(super) struct Scram {
    first: String,
    password: String,
    /// What the server has to prove in its last word.
    expected: Option<[u8; 32]>,
}

/// A SCRAM server may ask for so many rounds; PostgreSQL's own default is 4096.
const MOST_ROUNDS: u32 = 10_000_000;

impl Scram {
    pub fn new(password: &str, nonce: [u8; 18]) -> Self {
        let first = format!("n=,r={}", STANDARD.encode(nonce));
        Self { first, password: saslprep(password), expected: None }
    }

    /// The first message. Nothing binds it to the connection: the server's certificate was looked at.
    pub fn first(&self) -> String {
        format!("n,,{}", self.first)
    }

    /// What is answered to the server's first message. `None`: it is none.
    pub fn answer(&mut self, server: &str) -> Option<String> {
        let mut fields = server.split(',');
        let nonce = fields.next()?.strip_prefix("r=")?;
        let salt = STANDARD.decode(fields.next()?.strip_prefix("s=")?).ok()?;
        let rounds: u32 = fields.next()?.strip_prefix("i=")?.parse().ok()?;
        let (_, own) = self.first.split_once(",r=")?;
        if !(1..=MOST_ROUNDS).contains(&rounds) || !nonce.starts_with(own) || nonce.len() == own.len() {
            return None;
        }
        let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(self.password.as_bytes(), &salt, rounds);
        let client_key = mac(&salted, b"Client Key");
        let last = format!("c=biws,r={nonce}");
        let signed = format!("{},{server},{last}", self.first);
        let signature = mac(&Sha256::digest(client_key), signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
        self.expected = Some(mac(&mac(&salted, b"Server Key"), signed.as_bytes()));
        Some(format!("{last},p={}", STANDARD.encode(proof)))
    }

    /// Whether the server's last message shows that it knows the password, too.
    pub fn proves(&self, server: &str) -> bool {
        let signature = server.strip_prefix("v=").and_then(|text| STANDARD.decode(text.split(',').next()?).ok());
        let (Some(signature), Some(expected)) = (signature, &self.expected) else { return false };
        signature.ct_eq(expected).into()
    }
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677_comes_out() {
        // RFC 7677, section 3, which has a user name where PostgreSQL wants none.
        let first = "n=user,r=rOprNGfwEbeRWgbNEkqO".into();
        let mut scram = Scram { first, password: "pencil".into(), expected: None };
        let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert!(!scram.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert_eq!(scram.answer(server).as_deref(), Some(answer));
        assert!(scram.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.proves("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.proves("e=other-error"));
    }

    #[test]
    fn a_server_with_another_nonce_or_no_rounds_is_not_answered() {
        let mut scram = Scram::new("pencil", [7; 18]);
        let own = STANDARD.encode([7; 18]);
        for server in [
            format!("r={own},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".into(),
            format!("r={own}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0"),
            format!("r={own}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000"),
            "e=unknown-user".into(),
        ] {
            assert_eq!(scram.answer(&server), None, "{server}");
        }
    }

    #[test]
    fn md5_is_that_of_the_manual() {
        // PostgreSQL 15, section 55.2.1: concat('md5', md5(concat(md5(concat(password, username)), random-salt))); worked out
        // with md5sum.
        assert_eq!(md5_answer("ann", "secret", [1, 2, 3, 4]), "md59009ce60b9ca97f1e752376843d1309e");
    }
}
