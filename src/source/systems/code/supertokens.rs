//! Users whom SuperTokens imported from Firebase have `$f_scrypt$hash$salt$m=14$r=8$s=separator`; the signer key stands in
//! SuperTokens' configuration, so it has to be given as for Firebase.

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::Record;
use crate::source::Context;

pub(super) fn finish<'r>(_: &'r Record<'r>, context: &Context<'r>, account: &mut Account<'r>) -> Result<(), Refusal> {
    if let Credential::Hash(input) = &account.credential
        && input.hash.starts_with("$f_scrypt$")
    {
        account.credential = firebase(&input.hash, context)?;
    }
    Ok(())
}

fn firebase<'r>(hash: &str, context: &Context<'_>) -> Result<Credential<'r>, Refusal> {
    let damaged = || {
        Refusal::new(Code::MalformedHash, "$f_scrypt$ needs a hash, a salt, m=, r= and s=").scheme("firebase-scrypt")
    };
    let mut parts = hash.trim_start_matches("$f_scrypt$").split('$');
    let (hash, salt) = parts.next().zip(parts.next()).ok_or_else(damaged)?;
    let mut input = HashInput {
        hash: hash.to_owned().into(),
        declared: Some("firebase-scrypt".into()),
        hints: Hint::KNOWN,
        salt: Some(salt.to_owned().into()),
        salt_encoding: SaltEncoding::Base64,
        signer_key: context.firebase.map(|project| project.signer_key.clone().into()),
        ..HashInput::default()
    };
    for part in parts {
        match part.split_once('=') {
            Some(("m", memory)) => input.mem_cost = memory.parse().ok(),
            Some(("r", rounds)) => input.rounds = rounds.parse().ok(),
            Some(("s", separator)) => input.salt_separator = Some(separator.to_owned().into()),
            _ => return Err(damaged()),
        }
    }
    Ok(Credential::Hash(input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn the_parts_of_a_hash_are_taken_apart() {
        let read = |hash: &'static str| {
            let record = testing::record(json!({}));
            let input = HashInput { hash: hash.into(), ..HashInput::default() };
            let mut account = Account { credential: Credential::Hash(input), ..Account::default() };
            let rows = NoRelated;
            let done = finish(&record, &testing::context(&rows), &mut account);
            done.map(|()| match account.credential {
                Credential::Hash(input) => input.into_owned(),
                _ => panic!("a hash"),
            })
        };
        let hash = read("$f_scrypt$aGFzaA==$c2FsdA==$m=14$r=8$s=Bw==").unwrap();
        assert_eq!(
            (&*hash.hash, hash.salt.as_deref(), hash.salt_separator.as_deref()),
            ("aGFzaA==", Some("c2FsdA=="), Some("Bw=="))
        );
        assert_eq!((hash.rounds, hash.mem_cost), (Some(8), Some(14)));
        assert_eq!(read("$f_scrypt$aGFzaA==").unwrap_err().code, Code::MalformedHash);
        assert_eq!(&*read("$2a$10$x").unwrap().hash, "$2a$10$x");
    }
}
