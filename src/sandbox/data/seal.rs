//! What the store encrypts before it reaches a file, as Appwrite does with its `encrypt` filter: hashes and their
//! parameters, recovery codes, keys.
//!
//! The key lies in the same file, made with it. Whoever has the whole file can open it; what this keeps out is whoever
//! searches files, backups and logs for something that looks like a hash or a key.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

/// Begins what is sealed; anything else stands in the clear.
const MARK: &str = "sealed:";

/// An empty list hides nothing, and every user has one.
const EMPTY: &str = "[]";

/// Bytes of the counter's first block.
const NONCE: usize = 16;

/// A store's key.
#[derive(Clone, Copy)]
struct Seal([u8; 32]);

/// Gives the connection `sealed(text)` and `opened(text)`, with the key of this store, which is made if it has none.
pub fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS seal(key BLOB NOT NULL) STRICT")?;
    let stored = connection.query_row("SELECT key FROM seal", [], |row| row.get(0)).optional()?;
    let seal = if let Some(key) = stored {
        Seal(key)
    } else {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| rusqlite::Error::UserFunctionError(error.to_string().into()))?;
        connection.execute("INSERT INTO seal(key) VALUES(?1)", [key])?;
        Seal(key)
    };
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("sealed", 1, flags, move |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| seal.close(text)))
    })?;
    connection.create_scalar_function("opened", 1, flags, move |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| seal.open(text)))
    })
}

impl Seal {
    /// The same text always gives the same, so that what is sealed can still be unique.
    fn close(self, text: &str) -> String {
        if text == EMPTY {
            return text.to_owned();
        }
        let digest = Sha256::new().chain_update(self.0).chain_update(text).finalize();
        let mut bytes = digest[..NONCE].to_vec();
        bytes.extend_from_slice(text.as_bytes());
        self.apply(&mut bytes);
        format!("{MARK}{}", STANDARD_NO_PAD.encode(bytes))
    }

    fn open(self, text: &str) -> String {
        let opened = || {
            let mut bytes = STANDARD_NO_PAD.decode(text.strip_prefix(MARK)?).ok()?;
            self.apply(&mut bytes);
            String::from_utf8(bytes.get(NONCE..)?.to_vec()).ok()
        };
        opened().unwrap_or_else(|| text.to_owned())
    }

    /// Encrypts or decrypts what follows the nonce.
    fn apply(self, bytes: &mut [u8]) {
        if let Some((nonce, text)) = bytes.split_first_chunk_mut::<NONCE>() {
            Ctr128BE::<Aes256>::new(&self.0.into(), &(*nonce).into()).apply_keystream(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_cannot_be_searched_for() {
        let seal = Seal([7; 32]);
        for text in ["", "$2y$10$abc", "ü\0"] {
            let sealed = seal.close(text);
            assert_eq!(seal.open(&sealed), text);
            assert_eq!(seal.close(text), sealed);
            assert!(text.is_empty() || !sealed.contains(text));
        }
        assert_ne!(seal.close("a"), Seal([8; 32]).close("a"));
        for clear in ["{}", "sealed:", "sealed:AAAA", "sealed:?"] {
            assert_eq!(seal.open(clear), clear);
        }
    }
}
