//! The key of a store: 32 random bytes as one line of text, and what is derived from it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::RunError;

/// The variable that holds the key.
pub const VARIABLE: &str = "REHOME_BRIDGE_KEY";
/// What the line begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "rehome-bridge-";
/// Bytes of a nonce of XChaCha20.
const NONCE: usize = 24;
/// Bytes of an HMAC that are kept: 2¹²⁸ are enough for no two addresses to meet.
const TAG: usize = 16;

/// What an address, a name or a credential looks like in the store: an HMAC that only the key can make again.
pub type Tag = [u8; TAG];

/// What a [`Tag`] is of. The number goes into the HMAC, so that tags of different things never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The key itself: tells it from another one.
    Key = 0,
    /// An e-mail address as Appwrite stores it.
    Address = 1,
    /// A login name, lower-cased.
    Login = 2,
    /// A credential as rehome left it at Appwrite.
    Credential = 3,
    /// Where requests come from, for a counter.
    Client = 4,
}

/// The key of a store.
pub struct Key {
    secret: Zeroizing<[u8; 32]>,
    tags: Zeroizing<[u8; 32]>,
    seals: XChaCha20Poly1305,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// A fresh one.
    ///
    /// # Errors
    /// [`RunError::internal`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, RunError> {
        let mut secret = Zeroizing::new([0; 32]);
        random(&mut secret[..])?;
        Ok(Self::of(secret))
    }

    fn of(secret: Zeroizing<[u8; 32]>) -> Self {
        let expand = |name: &[u8]| {
            let mut derived = Zeroizing::new([0; 32]);
            // Fails for more than 255 digests of output.
            let _ = Hkdf::<Sha256>::new(None, &secret[..]).expand(name, &mut derived[..]);
            derived
        };
        let seals = XChaCha20Poly1305::new((&*expand(b"rehome bridge seals 1")).into());
        Self { tags: expand(b"rehome bridge tags 1"), seals, secret }
    }

    /// The line of text, without its end.
    #[must_use]
    pub fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&self.secret[..])))
    }

    /// Reads the line that [`Key::line`] writes, whatever white space is around it.
    ///
    /// # Errors
    /// [`RunError::usage`] for anything else, which is not quoted.
    pub fn parse(line: &str) -> Result<Self, RunError> {
        let decode = || {
            let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(line.trim().strip_prefix(PREFIX)?).ok()?);
            Some(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?))
        };
        decode().map(Self::of).ok_or_else(|| {
            RunError::usage("that is no key of a bridge").remedy("`rehome bridge key` makes one: a line of text")
        })
    }

    /// The key in the file, or else in [`VARIABLE`]. `store` is where it will be used: the key must not lie beside it.
    ///
    /// # Errors
    /// [`RunError::usage`] without a key, for a file that others can read or that lies in the folder of the store, and as
    /// [`Key::parse`]; [`RunError::io`].
    pub fn find(file: Option<&Path>, store: &Path) -> Result<Self, RunError> {
        let Some(path) = file else {
            let line = Zeroizing::new(std::env::var(VARIABLE).unwrap_or_default());
            return if line.trim().is_empty() {
                Err(RunError::usage("no key for the bridge")
                    .remedy(format!("give --bridge-key-file FILE or set {VARIABLE}; `rehome bridge key` makes a key")))
            } else {
                Self::parse(&line)
            };
        };
        let shown = path.display();
        // What is no file (`<(…)`) has no folder either.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if folder(store).is_some_and(|folder| real.parent() == Some(&*folder)) {
            return Err(RunError::usage(format!("{shown} lies beside the store that it opens"))
                .remedy("keep the key elsewhere: whoever copies the folder would have both"));
        }
        if is_open(&real)? {
            return Err(RunError::usage(format!("other users of this machine can read the key in {shown}"))
                .remedy(format!("chmod 600 {shown}")));
        }
        let bytes = Zeroizing::new(std::fs::read(&real).map_err(RunError::io(path))?);
        // What is no text is no key either.
        Self::parse(std::str::from_utf8(&bytes).unwrap_or_default())
    }

    /// The tag of a thing.
    #[must_use]
    pub fn tag(&self, of: Of, parts: &[&str]) -> Tag {
        // HMAC takes keys of any length.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.tags[..]) else { return [0; TAG] };
        let mac = parts.iter().fold(mac.chain_update([of as u8]), |mac, part| {
            mac.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        let whole = mac.finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&whole[..TAG]);
        tag
    }

    /// Whether two tags are the same, in constant time.
    #[must_use]
    pub fn same(one: &Tag, other: &Tag) -> bool {
        one.ct_eq(other).into()
    }

    /// Encrypts: a fresh nonce, and the text with its authentication. `beside` must be the same at [`Key::open`].
    ///
    /// # Errors
    /// [`RunError::internal`] if the system gives no random bytes.
    pub fn seal(&self, text: &[u8], beside: &[u8]) -> Result<Vec<u8>, RunError> {
        let mut sealed = vec![0; NONCE];
        random(&mut sealed)?;
        let nonce = XNonce::try_from(&sealed[..]).map_err(RunError::bug("a nonce has 24 bytes"))?;
        let body = self
            .seals
            .encrypt(&nonce, Payload { msg: text, aad: beside })
            .map_err(|_| RunError::internal("a hash could not be sealed"))?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Decrypts; `None` for what was not sealed with this key beside the same.
    #[must_use]
    pub fn open(&self, sealed: &[u8], beside: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        self.seals.decrypt(&nonce, Payload { msg: body, aad: beside }).ok().map(Zeroizing::new)
    }
}

fn random(bytes: &mut [u8]) -> Result<(), RunError> {
    getrandom::fill(bytes).map_err(|error| RunError::internal("the system gives no random bytes").because(error))
}

/// The real folder of a file that need not be there.
fn folder(file: &Path) -> Option<std::path::PathBuf> {
    let parent = file.parent()?;
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    parent.canonicalize().ok()
}

#[cfg(unix)]
fn is_open(file: &Path) -> Result<bool, RunError> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(file).map_err(RunError::io(file))?;
    // A pipe (`<(…)`) belongs to one process.
    Ok(found.is_file() && found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> Result<bool, RunError> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_nothing_else_is() {
        let key = Key::generate().expect("a key");
        let again = Key::parse(&format!("  {}\n", *key.line())).expect("the same key");
        assert_eq!(*key.line(), *again.line());
        assert_ne!(*key.line(), *Key::generate().expect("a key").line());
        for wrong in ["", "rehome-bridge-", "hunter2", &key.line()[..30], &key.line()[PREFIX.len()..]] {
            let error = Key::parse(wrong).expect_err("no key").to_string();
            assert!(error.contains("`rehome bridge key` makes one"), "{error}");
            assert!(!error.contains("hunter2") && !error.contains(&key.line()[PREFIX.len()..30]), "{error}");
        }
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_beside_the_same_alone() {
        let key = Key::generate().expect("a key");
        let sealed = key.seal(b"text", b"beside").expect("sealed");
        assert_eq!(key.open(&sealed, b"beside").as_deref().map(Vec::as_slice), Some(&b"text"[..]));
        assert!(key.open(&sealed, b"beside it").is_none());
        assert!(Key::generate().expect("another").open(&sealed, b"beside").is_none());
        assert!(key.open(&sealed[..10], b"beside").is_none());
        assert_ne!(sealed, key.seal(b"text", b"beside").expect("sealed"), "a nonce is never used twice");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&flipped, b"beside").is_none(), "bit {bit}");
        }
    }

    #[test]
    fn tags_of_different_things_never_meet() {
        let key = Key::generate().expect("a key");
        let of = |of, parts: &[&str]| key.tag(of, parts);
        assert_eq!(of(Of::Address, &["a@b.c"]), of(Of::Address, &["a@b.c"]));
        assert_ne!(of(Of::Address, &["a@b.c"]), of(Of::Login, &["a@b.c"]));
        assert_ne!(of(Of::Credential, &["ab", "c"]), of(Of::Credential, &["a", "bc"]));
        assert_ne!(of(Of::Address, &["a@b.c"]), Key::generate().expect("another").tag(Of::Address, &["a@b.c"]));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_or_that_lies_beside_the_store_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (home, vault) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let store = home.path().join("bridge.sqlite");
        let write = |folder: &Path, mode: u32| {
            let file = folder.join("key");
            std::fs::write(&file, &*Key::generate().expect("a key").line()).expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("changed");
            file
        };
        for mode in [0o600, 0o400] {
            let file = write(vault.path(), mode);
            Key::find(Some(&file), &store).expect("taken");
            std::fs::remove_file(file).expect("removed");
        }
        let file = write(vault.path(), 0o640);
        let error = Key::find(Some(&file), &store).expect_err("readable").to_string();
        assert!(error.contains("chmod 600"), "{error}");
        let beside = write(home.path(), 0o600);
        let error = Key::find(Some(&beside), &store).expect_err("beside").to_string();
        assert!(error.contains("beside the store"), "{error}");
        std::os::unix::fs::symlink(&beside, vault.path().join("link")).expect("linked");
        Key::find(Some(&vault.path().join("link")), &store).expect_err("beside, by a link");
    }
}
