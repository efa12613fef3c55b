//! Real hashes of a few passwords, at the lowest costs that make sense: an import checks the shape of a hash and never
//! computes one, so only `--known` would feel higher costs.

use std::fmt::Write as _;
use std::thread;

use aes::cipher::{KeyIvInit, StreamCipher};
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine};
use md5::{Digest, Md5};
use sha2::Sha256;

/// How many passwords there are.
pub const SIZE: usize = 64;

/// The project key of every generated Firebase export.
pub const SIGNER_KEY: [u8; 64] = *b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
/// The separator between salt and password of the same project.
pub const SALT_SEPARATOR: [u8; 1] = [7];

/// A hash and, where it stands in a member of its own, its salt.
#[derive(Clone)]
pub struct Hash {
    pub hash: String,
    pub salt: String,
}

/// The password of user *n*.
pub fn password(n: usize) -> String {
    format!("password-{:02}", n % SIZE)
}

/// One hash of every password.
pub fn pool(scheme: fn(&[u8], &mut fastrand::Rng) -> Hash) -> Vec<Hash> {
    let one = |n: usize| scheme(password(n).as_bytes(), &mut fastrand::Rng::with_seed(n as u64));
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let indices: Vec<usize> = (0..SIZE).collect();
    thread::scope(|scope| {
        let parts: Vec<_> = indices
            .chunks(SIZE.div_ceil(threads))
            .map(|part| scope.spawn(move || part.iter().map(|n| one(*n)).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("hashing does not panic")).collect()
    })
}

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn bytes<const N: usize>(random: &mut fastrand::Rng) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

fn text(random: &mut fastrand::Rng, length: usize) -> String {
    (0..length).map(|_| random.alphanumeric()).collect()
}

pub fn plain(password: &[u8], _: &mut fastrand::Rng) -> Hash {
    Hash { hash: String::from_utf8_lossy(password).into_owned(), salt: String::new() }
}

pub fn md5(password: &[u8], _: &mut fastrand::Rng) -> Hash {
    Hash { hash: hex(&Md5::digest(password)), salt: String::new() }
}

pub fn sha256(password: &[u8], _: &mut fastrand::Rng) -> Hash {
    Hash { hash: hex(&Sha256::digest(password)), salt: String::new() }
}

pub fn bcrypt(password: &[u8], random: &mut fastrand::Rng) -> Hash {
    let parts = bcrypt::hash_with_salt(password, 4, bytes(random)).expect("4 is the lowest cost");
    Hash { hash: parts.format_for_version(bcrypt::Version::TwoY), salt: String::new() }
}

pub fn argon2id(password: &[u8], random: &mut fastrand::Rng) -> Hash {
    let params = argon2::Params::new(64, 1, 1, Some(32)).expect("64 KiB, one pass, one lane are valid");
    let salt: [u8; 16] = bytes(random);
    let mut output = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password, &salt, &mut output)
        .expect("salt and output have valid lengths");
    let (salt, output) = (BASE64_STANDARD_NO_PAD.encode(salt), BASE64_STANDARD_NO_PAD.encode(output));
    Hash { hash: format!("$argon2id$v=19$m=64,t=1,p=1${salt}${output}"), salt: String::new() }
}

/// Portable phpass with 2⁷ rounds, the fewest there are.
pub fn phpass(password: &[u8], random: &mut fastrand::Rng) -> Hash {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let salt = text(random, 8);
    let mut digest = Md5::digest([salt.as_bytes(), password].concat());
    for _ in 0..1 << 7 {
        digest = Md5::digest([&digest, password].concat());
    }
    let mut hash = format!("$P${}{salt}", char::from(ALPHABET[7]));
    // Groups of three bytes, lowest bits first; the sixteenth byte stands alone and gives two digits.
    for group in digest.chunks(3) {
        let value = group.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte));
        hash.extend((0..=group.len()).map(|digit| char::from(ALPHABET[value >> (6 * digit) & 63])));
    }
    Hash { hash, salt: String::new() }
}

/// N = 16, r = 8, p = 1, 32 bytes in hex.
pub fn scrypt(password: &[u8], random: &mut fastrand::Rng) -> Hash {
    let salt = text(random, 16);
    let mut output = [0; 32];
    derive(4, password, salt.as_bytes(), &mut output);
    Hash { hash: hex(&output), salt }
}

/// Firebase's: the project's key, encrypted by what scrypt derives from the password.
pub fn firebase(password: &[u8], random: &mut fastrand::Rng) -> Hash {
    let salt: [u8; 10] = bytes(random);
    let mut derived = [0; 32];
    derive(14, password, &[&salt[..], &SALT_SEPARATOR].concat(), &mut derived);
    let mut hash = SIGNER_KEY;
    ctr::Ctr128BE::<aes::Aes256>::new(&derived.into(), &[0; 16].into()).apply_keystream(&mut hash);
    Hash { hash: base64(&hash), salt: base64(&salt) }
}

fn derive(log_n: u8, password: &[u8], salt: &[u8], output: &mut [u8]) {
    let params = scrypt::Params::new(log_n, 8, 1).expect("these parameters are valid");
    scrypt::scrypt(password, salt, &params, output).expect("the output has a valid length");
}
