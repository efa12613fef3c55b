//! What happens at the door, in the text format of Prometheus. It names nobody.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::sign_in::{End, Why};
use crate::bridge::{State, Status};

/// Which way somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In Appwrite's place.
    Takeover,
    /// After it.
    Miss,
}

const SHAPES: [&str; 2] = ["takeover", "miss"];
const ENDS: [&str; 10] =
    ["moved", "token", "blocked", "unknown", "settled", "limited", "wrong", "gone", "other-address", "superseded"];

/// The counters.
#[derive(Default)]
pub struct Metrics {
    ends: [[AtomicU64; ENDS.len()]; 2],
    forgotten: AtomicU64,
    troubles: AtomicU64,
}

impl Metrics {
    /// A sign-in that Appwrite had refused ended like that.
    pub fn count(&self, shape: Shape, end: &End) {
        let place = match end {
            End::Moved => 0,
            End::Token { .. } => 1,
            End::Blocked => 2,
            End::Stands(why) => match why {
                Why::Unknown => 3,
                Why::Settled => 4,
                Why::Limited => 5,
                Why::Wrong => 6,
                Why::Gone => 7,
                Why::OtherAddress => 8,
                Why::Superseded | Why::JustSet => 9,
            },
        };
        self.ends[shape as usize][place].fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody signed in at Appwrite, and what was sealed for them was forgotten.
    pub fn forgotten(&self, forgotten: bool) {
        self.forgotten.fetch_add(u64::from(forgotten), Ordering::Relaxed);
    }

    /// Something could not be done.
    pub fn trouble(&self) {
        self.troubles.fetch_add(1, Ordering::Relaxed);
    }

    /// All of it.
    #[must_use]
    pub fn text(&self, status: &Status, verifying: usize) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        let name = "rehome_bridge_sign_ins_total";
        head(&mut text, name, "counter", "Sign-ins that Appwrite refused, by what came of them here.");
        for (shape, ends) in SHAPES.iter().zip(&self.ends) {
            for (end, count) in ENDS.iter().zip(ends) {
                let count = count.load(Ordering::Relaxed);
                let _ = writeln!(text, "{name}{{shape=\"{shape}\",end=\"{end}\"}} {count}");
            }
        }
        let name = "rehome_bridge_users";
        head(&mut text, name, "gauge", "Users of the store by state.");
        for state in State::ALL {
            let _ = writeln!(text, "{name}{{state=\"{}\"}} {}", state.name(), status.count(state));
        }
        for (name, kind, help, value) in [
            (
                "rehome_bridge_forgotten_total",
                "counter",
                "Hashes forgotten because Appwrite itself let their users in.",
                self.forgotten.load(Ordering::Relaxed),
            ),
            (
                "rehome_bridge_troubles_total",
                "counter",
                "Requests that the bridge could not serve.",
                self.troubles.load(Ordering::Relaxed),
            ),
            ("rehome_bridge_verifying", "gauge", "Passwords that are verified or wait for it.", verifying as u64),
        ] {
            head(&mut text, name, kind, help);
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}
