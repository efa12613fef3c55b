//! What one login costs the target: read off the parameters of a hash, never off its digest.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Instant;

use super::verify::{argon2, crypt, phpass, scrypt};
use super::{PasswordFields, itoa64};
use crate::appwrite::Endpoint;
use crate::bytes::split;

/// The work factor of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cost {
    /// One round of a fast digest.
    Digest,
    /// phpass: 2^n rounds of MD5.
    Phpass(u8),
    /// bcrypt: 2^n rounds.
    Bcrypt(u8),
    /// crypt(3)'s `$5$` and `$6$`, and MD5 crypt's fixed thousand.
    Crypt(u32),
    /// scrypt: N, r, p.
    Scrypt(u32, u32, u32),
    /// Argon2: KiB of memory, passes, lanes.
    Argon2(u32, u32, u32),
}

/// What trying one password takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Milliseconds of one core: an order of magnitude, as [`Cost::millis`].
    pub millis: f64,
    /// Memory, in bytes.
    pub bytes: u64,
}

impl Work {
    /// A handful of digests.
    pub const DIGEST: Self = Self { millis: 0.01, bytes: 0 };

    /// So many rounds of a digest or an HMAC of one (PBKDF2-HMAC-SHA256: 100,000 in 56 ms, SHA-512: in 122 ms).
    #[must_use]
    pub fn rounds(rounds: u64, digest: &str) -> Self {
        let micros = if digest.contains("512") || digest.contains("384") { 1.22 } else { 0.56 };
        Self { millis: rounds as f64 * micros / 1000.0, bytes: 0 }
    }

    /// The same so many times over, one after the other.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { millis: self.millis * f64::from(times), ..self }
    }
}

impl From<Cost> for Work {
    fn from(cost: Cost) -> Self {
        Self { millis: cost.millis(), bytes: cost.mebibytes() << 20 }
    }
}

impl Cost {
    /// The cost of a credential as it is sent; `None` for plain passwords, which the server hashes its own way, and for
    /// parameters that cannot be read.
    #[must_use]
    pub fn of(endpoint: Endpoint, fields: &PasswordFields<'_>) -> Option<Self> {
        match endpoint {
            Endpoint::Plain => None,
            Endpoint::Md5 | Endpoint::Sha => Some(Self::Digest),
            Endpoint::Scrypt => {
                Some(Self::Scrypt(fields.password_cpu?, fields.password_memory?, fields.password_parallel?))
            }
            // The server computes these three and no others: utopia-php/auth, Hashes/ScryptModified.php.
            Endpoint::ScryptModified => Some(Self::Scrypt(16384, 8, 1)),
            // The three accept whatever PHP's password_verify and crypt accept, so the string decides.
            Endpoint::Argon2 | Endpoint::Bcrypt | Endpoint::Phpass => Self::of_string(&fields.password),
        }
    }

    /// The cost of a hash as Appwrite stores it: `password` and `hashOptions` of the user document.
    #[must_use]
    pub fn of_stored(hash: &str, options: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let number = |name: &str| options.get(name)?.as_u64().and_then(|n| u32::try_from(n).ok());
        match (number("costCpu"), options.contains_key("signerKey")) {
            (Some(n), _) => Some(Self::Scrypt(n, number("costMemory")?, number("costParallel")?)),
            (None, true) => Some(Self::Scrypt(16384, 8, 1)),
            (None, false) => Self::of_string(hash),
        }
    }

    /// The cost of a string that says its parameters itself.
    pub(super) fn of_string(hash: &str) -> Option<Self> {
        // The two whose place says all, before anything is cut.
        match hash.as_bytes() {
            [b'$', b'2', _, b'$', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'$', ..] => {
                return Some(Self::Bcrypt((tens - b'0') * 10 + (ones - b'0')));
            }
            [b'$', b'P' | b'H', b'$', log2, ..] => return itoa64::value(*log2).map(Self::Phpass),
            _ => {}
        }
        let mut parts = split(hash, b'$').skip(1);
        match parts.next() {
            None => (hash.len() == 13).then_some(Self::Crypt(25)),
            Some("1") => Some(Self::Crypt(1000)),
            Some("5" | "6") => match parts.next()?.strip_prefix("rounds=") {
                Some(rounds) => rounds.parse().ok().map(Self::Crypt),
                None => Some(Self::Crypt(5000)),
            },
            Some(prefix) if prefix.starts_with("argon2") => {
                let parameters = parts.find(|part| part.starts_with("m="))?;
                let number = |name: &str| {
                    split(parameters, b',').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok())
                };
                Some(Self::Argon2(number("m")?, number("t")?, number("p")?))
            }
            Some(_) => None,
        }
    }

    /// The parameters in the field's own notation.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Digest => "one digest".into(),
            Self::Phpass(log2) => format!("2^{log2} rounds"),
            Self::Bcrypt(cost) => format!("cost {cost}"),
            Self::Crypt(rounds) => format!("{rounds} rounds"),
            Self::Scrypt(n, r, p) => format!("N={n} r={r} p={p}"),
            Self::Argon2(m, t, p) => format!("m={m} t={t} p={p}"),
        }
    }

    /// Milliseconds one core needs to verify one password: an order of magnitude, scaled linearly from measurements
    /// (bcrypt 10: 108 ms, Argon2 64 MiB × 4: 310 ms, scrypt 16384/8/1: 55 ms, phpass 2^13: 4 ms, `$6$` 5000: 4 ms).
    #[must_use]
    pub fn millis(self) -> f64 {
        match self {
            Self::Digest => 0.001,
            Self::Phpass(log2) => 4.0 * 2f64.powi(i32::from(log2) - 13),
            Self::Bcrypt(cost) => 108.0 * 2f64.powi(i32::from(cost) - 10),
            Self::Crypt(rounds) => 4.0 * f64::from(rounds) / 5000.0,
            Self::Scrypt(n, r, p) => 55.0 * f64::from(n) * f64::from(r) * f64::from(p) / (16384.0 * 8.0),
            Self::Argon2(m, t, _) => 310.0 * f64::from(m) * f64::from(t) / (65536.0 * 4.0),
        }
    }

    /// Milliseconds that this machine needs to verify one password: [`Self::millis`], corrected by how long one small
    /// computation of the same family took here. Measured once a family and process, in a few milliseconds each.
    #[must_use]
    pub fn measured(self) -> f64 {
        static SPEEDS: [OnceLock<f64>; 5] = [const { OnceLock::new() }; 5];
        let Some((family, sample)) = self.sample() else { return self.millis() };
        let speed = SPEEDS[family].get_or_init(|| {
            // The faster of two is the one that less else was going on beside.
            let runs = (0..2).map(|_| {
                let start = Instant::now();
                sample.compute();
                start.elapsed().as_secs_f64() * 1000.0
            });
            runs.fold(f64::INFINITY, f64::min) / sample.millis()
        });
        self.millis() * speed
    }

    /// Measures the families of all of these at once, so that [`Self::measured`] answers immediately.
    pub fn measure(costs: impl IntoIterator<Item = Self>) {
        let samples: HashMap<_, _> = costs.into_iter().filter_map(Self::sample).collect();
        std::thread::scope(|scope| {
            for sample in samples.into_values() {
                scope.spawn(move || sample.measured());
            }
        });
    }

    /// The family, and its small computation.
    fn sample(self) -> Option<(usize, Self)> {
        match self {
            Self::Digest => None,
            Self::Phpass(_) => Some((0, Self::Phpass(11))),
            Self::Bcrypt(_) => Some((1, Self::Bcrypt(4))),
            Self::Crypt(_) => Some((2, Self::Crypt(5000))),
            Self::Scrypt(..) => Some((3, Self::Scrypt(512, 8, 1))),
            Self::Argon2(..) => Some((4, Self::Argon2(2048, 1, 1))),
        }
    }

    /// One computation with these parameters, whose result nobody wants.
    fn compute(self) {
        use std::hint::black_box;
        const PASSWORD: &[u8] = b"correct horse battery staple";
        match self {
            Self::Digest => {}
            Self::Phpass(_) => {
                black_box(phpass::portable(PASSWORD, "$P$9saltsalt"));
            }
            Self::Bcrypt(cost) => {
                black_box(bcrypt::bcrypt(cost.into(), [7; 16], PASSWORD));
            }
            Self::Crypt(_) => {
                black_box(crypt::password_verify(PASSWORD, "$6$saltsalt$"));
            }
            Self::Scrypt(n, r, p) => {
                let cost = scrypt::Cost { n: n.into(), r: r.into(), p: p.into() };
                black_box(scrypt::derive(PASSWORD, b"saltsalt", cost, 32));
            }
            Self::Argon2(m, t, p) => {
                let digest = "A".repeat(43);
                let hash = format!("$argon2id$v=19$m={m},t={t},p={p}$c2FsdHNhbHQ${digest}");
                black_box(argon2::verify(PASSWORD, &hash));
            }
        }
    }

    /// Memory that one login takes, in MiB.
    #[must_use]
    pub fn mebibytes(self) -> u64 {
        match self {
            Self::Scrypt(n, r, _) => (128 * u64::from(n) * u64::from(r)) >> 20,
            Self::Argon2(m, ..) => u64::from(m) >> 10,
            Self::Digest | Self::Phpass(_) | Self::Bcrypt(_) | Self::Crypt(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(endpoint: Endpoint, password: &str) -> Option<String> {
        let fields = PasswordFields { password: password.to_owned().into(), ..Default::default() };
        Cost::of(endpoint, &fields).map(Cost::label)
    }

    #[test]
    fn a_measurement_scales_with_the_parameters() {
        for (small, large, factor) in [
            (Cost::Bcrypt(8), Cost::Bcrypt(11), 8.0),
            (Cost::Scrypt(16384, 8, 1), Cost::Scrypt(32768, 8, 3), 6.0),
            (Cost::Argon2(1024, 2, 1), Cost::Argon2(2048, 4, 1), 4.0),
            (Cost::Crypt(5000), Cost::Crypt(10_000), 2.0),
            (Cost::Phpass(13), Cost::Phpass(15), 4.0),
        ] {
            let (small, large) = (small.measured(), large.measured());
            assert!(small > 0.0 && (large / small - factor).abs() < 0.01, "{small} {large}");
        }
    }

    #[test]
    fn parameters_are_read_off_the_string_whatever_the_endpoint() {
        let label = |endpoint, text| of(endpoint, text).unwrap_or_default();
        assert_eq!(label(Endpoint::Bcrypt, "$2y$12$abcdefghijklmnopqrstuv"), "cost 12");
        assert_eq!(label(Endpoint::Bcrypt, "$6$rounds=10000$salt$x"), "10000 rounds");
        assert_eq!(label(Endpoint::Phpass, "$6$salt$x"), "5000 rounds");
        assert_eq!(label(Endpoint::Phpass, "$P$Bsaltsalt"), "2^13 rounds");
        assert_eq!(label(Endpoint::Argon2, "$argon2id$v=19$m=65536,t=4,p=1$c2FsdA$x"), "m=65536 t=4 p=1");
        assert_eq!(label(Endpoint::Argon2, "$argon2i$m=512,t=2,p=2$c2FsdA$x"), "m=512 t=2 p=2");
        assert_eq!(label(Endpoint::Sha, "00"), "one digest");
        assert_eq!(of(Endpoint::Bcrypt, "$2y"), None);
        assert_eq!(of(Endpoint::Plain, "secret"), None);
    }
}
