//! Sealing for the sign-in bridge: how long so many users take, and how many bytes each.
//!
//! ```sh
//! cargo bench --bench bridge -- [USERS]
//! ```
//!
//! Every user has a hash, an address and a name of their own; they are sealed in batches, as `rehome bridge add` does,
//! each durable before the next. Users are found again by address, and their hash is unsealed, to see that it was not for nothing.

use std::time::Instant;

use rehome::account::HashInput;
use rehome::appwrite::Version;
use rehome::bridge::{Key, Place, STORE, Sealing, Vault};
use rehome::scheme::{Kept, resolve};

/// Users of a batch, as `rehome bridge add` has it.
const BATCH: usize = 50_000;

/// Whatever goes wrong ends the measurement.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct User {
    id: String,
    email: String,
    login: String,
    kept: Kept,
}

fn user(n: usize) -> Outcome<User> {
    // As Django writes them: 22 characters of salt, 44 of key.
    let (salt, key) = (format!("{:022x}", n.wrapping_mul(0x9e37_79b9)), format!("{n:043}="));
    let hash = format!("pbkdf2_sha256$870000${salt}${key}");
    let input = HashInput { hash: hash.into(), ..HashInput::default() };
    let kept = Kept::of(&input, &resolve(&input, Version::NEWEST.profile())).ok_or("can be kept")?;
    // Ids of twenty characters, in no order.
    let id = format!("{:020x}", (n as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c) % (1 << 80));
    Ok(User { id, email: format!("user{n}@example.com"), login: format!("user{n}"), kept })
}

fn main() -> Outcome<()> {
    // cargo adds `--bench` to the arguments of every benchmark.
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    // A plain `cargo bench` runs this too, and wants no million.
    let users: usize = args.next().map_or(Ok(20_000), |n| n.parse())?;
    let folder = tempfile::tempdir()?;
    let place = Place { endpoint: "http://127.0.0.1/v1".into(), project: "bench".into() };
    let path = folder.path().join(STORE);
    let vault = Vault::create(&path, Key::generate()?, &place, None)?;

    let started = Instant::now();
    for first in (0..users).step_by(BATCH) {
        let batch: Vec<User> = (first..users.min(first + BATCH)).map(user).collect::<Outcome<_>>()?;
        let sealings = batch.iter().map(|user| Sealing {
            user_id: &user.id,
            email: Some(&user.email),
            login: Some(&user.login),
            left: Some(""),
            kept: &user.kept,
        });
        vault.seal(sealings)?;
    }
    vault.checkpoint()?;
    let sealed = started.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&path)?.len() as f64 / users as f64;

    let looks = users.min(20_000);
    let started = Instant::now();
    for n in (0..users).step_by((users / looks).max(1)) {
        let entry = vault.by_address(&format!("USER{n}@example.com"))?.ok_or("a user is lost")?;
        vault.unseal(&entry)?.ok_or("a hash is lost")?;
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / looks as f64;
    println!(
        "{users} users sealed in {sealed:.1} s, {bytes:.0} bytes a user; found and unsealed in {micros:.0} µs each"
    );
    Ok(())
}
