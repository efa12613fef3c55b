//! The application's secret, which is looked up by its name whenever it is needed, and kept nowhere.

use zeroize::Zeroizing;

/// The application's secret.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// The secret that `env:NAME` stands for; none where the variable is not set or empty.
pub(super) fn secret(reference: &str) -> Option<Secret> {
    let value = std::env::var(reference.strip_prefix("env:")?).ok()?;
    Some(Zeroizing::new(value.into_bytes())).filter(|secret| !secret.is_empty())
}
