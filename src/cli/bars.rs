//! The progress bars that are on the screen, for whoever else writes to it.

use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;

static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// From now on these are on the screen.
pub fn show(bars: MultiProgress) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = Some(bars);
}

/// Writes to standard error without spoiling the bars.
pub fn above<T>(write: impl FnOnce() -> T) -> T {
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bars {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}
