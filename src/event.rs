//! Everything that happens during a command, as one enum. Bars, plain lines and JSON are three consumers of it; nothing
//! that does work prints.

use crate::code::Code;

/// Log target of what a command does as a whole.
pub const RUN: &str = "rehome::run";
/// Log target of what becomes of a user.
pub const USER: &str = "rehome::user";
/// Log target of requests.
pub const HTTP: &str = "rehome::http";

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A sentence for the person: what was detected, what is about to happen.
    Said(String),
    /// Something that deserves attention but stops nothing.
    Warned(String),
    /// Bytes of the export read so far, of how many (0 if unknown), and the records they held.
    Read {
        /// Compressed bytes consumed.
        bytes: u64,
        /// Size of the files, 0 if unknown.
        of: u64,
        /// Records so far.
        records: u64,
    },
    /// How many users the run will touch, once known.
    Expecting {
        /// Users to do.
        users: u64,
    },
    /// A user reached a terminal state.
    UserDone {
        /// The record's number.
        record: u64,
    },
    /// A record for which nothing is created; the rejects say why.
    LeftOut {
        /// The record's number.
        record: u64,
    },
    /// A user could not be done.
    UserFailed {
        /// The record's number.
        record: u64,
        /// The stable code of the reason.
        code: Code,
        /// The sentence, without secrets.
        text: String,
    },
    /// The pace changed: requests in flight, and the pause everyone keeps, in milliseconds.
    Pace {
        /// Requests in flight at most.
        limit: usize,
        /// Milliseconds of a pause asked for by the server; 0 for none.
        pause_ms: u64,
    },
    /// A person holds the run: nobody new is begun until [`Event::GoneOn`].
    Held(String),
    /// The run goes on.
    GoneOn {
        /// The sentence for the person.
        text: String,
        /// For how many seconds it was held.
        seconds: f64,
    },
    /// The work is over: what follows is the result.
    Over,
}

/// Who listens. Cheap to call; never blocks the caller for long.
pub trait Listener: Sync + Send {
    /// Takes notice of an event.
    fn on(&self, event: &Event);
}

/// Listens to nothing.
pub struct Silent;

impl Listener for Silent {
    fn on(&self, _: &Event) {}
}
