//! How often a password may be guessed: for one user, and from one place. What is counted lies in the store and outlives a
//! restart, so that a crash is no way round it. Wrong passwords alone count: an office that signs in for the first time on a
//! Monday morning is no attack.

use std::net::IpAddr;
use std::str::FromStr;

use crate::bridge::{Entry, Vault};
use crate::error::RunError;

/// So many in so long: `10/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how many seconds, from the first on.
    pub seconds: i64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (count, per) = text.split_once('/')?;
            let seconds = match per.trim() {
                "s" | "sec" | "second" => 1,
                "m" | "min" | "minute" => 60,
                "h" | "hour" => 3600,
                "d" | "day" => 86_400,
                _ => return None,
            };
            let count = count.trim().parse().ok().filter(|count| *count > 0)?;
            Some(Self { count, seconds })
        };
        read().ok_or_else(|| "no rate like 10/h or 60/min".to_owned())
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per = match self.seconds {
            1 => "s",
            60 => "min",
            3600 => "h",
            _ => "d",
        };
        write!(f, "{}/{per}", self.count)
    }
}

/// The limits. Moments are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong passwords for one user.
    pub per_address: Rate,
    /// Wrong passwords from one place.
    pub per_ip: Rate,
}

/// The network that an attacker has at least: one address of version 4, and what version 6 gives to one household.
fn place(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

impl Limits {
    /// Whether too many wrong passwords have come from there.
    ///
    /// # Errors
    /// Those of the store, here and below.
    pub fn place_is_used_up(&self, vault: &Vault, ip: IpAddr, now: i64) -> Result<bool, RunError> {
        Ok(vault.counted_client(&place(ip), now, self.per_ip.seconds)? >= self.per_ip.count)
    }

    /// Whether too many wrong passwords have come for this user.
    #[must_use]
    pub const fn user_is_used_up(&self, entry: &Entry, now: i64) -> bool {
        entry.failures_at(now, self.per_address.seconds) >= self.per_address.count
    }

    /// The same for a name that the store does not wait for, so that the miss endpoint's 429 does not tell for whom it does.
    pub fn stranger_is_used_up(&self, vault: &Vault, name: &str, now: i64) -> Result<bool, RunError> {
        Ok(vault.counted_client(&stranger(name), now, self.per_address.seconds)? >= self.per_address.count)
    }

    /// Counts a wrong password by where it came from.
    pub fn count_place(&self, vault: &Vault, ip: IpAddr, now: i64) -> Result<(), RunError> {
        vault.count_client(&place(ip), now, self.per_ip.seconds).map(|_| ())
    }

    /// Counts a wrong password of a user.
    pub fn count_user(&self, vault: &Vault, user_id: &str, now: i64) -> Result<(), RunError> {
        vault.count_failure(user_id, now, self.per_address.seconds).map(|_| ())
    }

    /// Counts one for a name that the store does not wait for.
    pub fn count_stranger(&self, vault: &Vault, name: &str, now: i64) -> Result<(), RunError> {
        vault.count_client(&stranger(name), now, self.per_address.seconds).map(|_| ())
    }
}

fn stranger(name: &str) -> String {
    format!("name {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for text in ["10/h", "60/min", "1/s", "5/d"] {
            assert_eq!(text.parse::<Rate>().expect("a rate").to_string(), text);
        }
        for wrong in ["", "10", "0/h", "-1/h", "10/", "10/week", "ten/h", "1/0"] {
            wrong.parse::<Rate>().expect_err(wrong);
        }
    }

    #[test]
    fn a_household_is_one_place() {
        let place = |text: &str| place(text.parse().expect("an address"));
        assert_eq!(place("198.51.100.1"), place("::ffff:198.51.100.1"));
        assert_ne!(place("198.51.100.1"), place("198.51.100.2"));
        assert_eq!(place("2001:db8:0:1::5"), place("2001:db8:0:1:ffff::9"));
        assert_ne!(place("2001:db8:0:1::5"), place("2001:db8:0:2::5"));
    }
}
