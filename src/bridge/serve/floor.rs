//! How long it takes to be turned away: as long for somebody whom nobody knows as for somebody whose hash takes a second to
//! compute. Time is slept and not worked, so that nobody can make the bridge busy by guessing.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::locked;

/// Floors are raised by steps of this, so that they do not tell how long something took either.
const STEP: Duration = Duration::from_millis(250);
/// What is slower than this is trouble, and nothing that everybody is to wait for.
const HIGHEST: Duration = Duration::from_secs(5);
/// How long a floor stays where something slow has raised it.
const STAYS: Duration = Duration::from_secs(600);

/// The least time that a refusal takes.
pub struct Floor {
    least: Duration,
    raised: Mutex<Option<(Duration, Instant)>>,
}

impl Floor {
    /// One that is never lower than this.
    #[must_use]
    pub const fn new(least: Duration) -> Self {
        Self { least, raised: Mutex::new(None) }
    }

    /// The floor at this moment.
    fn at(&self, now: Instant) -> Duration {
        match *locked(&self.raised) {
            Some((raised, until)) if now < until => raised.max(self.least),
            _ => self.least,
        }
    }

    /// When whoever has asked `began` is to be answered, at the earliest. What has taken longer than the floor raises it for
    /// everybody.
    fn due(&self, began: Instant, now: Instant) -> Instant {
        let took = now.duration_since(began);
        let floor = self.at(now);
        if took <= floor {
            return began + floor;
        }
        let steps = took.as_nanos().div_ceil(STEP.as_nanos()).min(1000);
        let next = STEP.saturating_mul(u32::try_from(steps).unwrap_or(1000));
        if next <= HIGHEST {
            *locked(&self.raised) = Some((next.max(floor), now + STAYS));
        }
        began + next
    }

    /// Waits until a refusal may be told to whoever has asked `began`.
    pub async fn wait(&self, began: Instant) {
        tokio::time::sleep_until(self.due(began, Instant::now()).into()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_waits_for_the_slowest_of_late() {
        let floor = Floor::new(Duration::from_millis(600));
        let began = Instant::now();
        let after = |ms| began + Duration::from_millis(ms);
        assert_eq!(floor.due(began, after(1)), after(600));
        assert_eq!(floor.due(began, after(600)), after(600));
        assert_eq!(floor.due(began, after(601)), after(750));
        assert_eq!(floor.due(began, after(1)), after(750));
        assert_eq!(floor.due(began, after(1240)), after(1250));
        assert_eq!(floor.due(began, after(2)), after(1250));
        // A minute is trouble.
        assert_eq!(floor.due(began, after(60_001)), after(60_250));
        assert_eq!(floor.due(began, after(2)), after(1250));
        let later = after(620_000);
        assert_eq!(floor.due(later, later), later + Duration::from_millis(600));
    }
}
