//! The durable truth of a run, in SQLite: what was meant, what was sent, what came back.
//!
//! `RUN/ledger.sqlite` has one row a record and a few rows about the run itself:
//!
//! ```sql
//! PRAGMA application_id = 0x72656869;  -- "rehi"
//! PRAGMA user_version   = 2;           -- the schema; a newer one is refused, an older one gets what it lacks
//! CREATE TABLE meta  (key TEXT PRIMARY KEY, value TEXT NOT NULL);
//! CREATE TABLE users (
//!   record    INTEGER PRIMARY KEY,     -- the record's number in the export, from 1
//!   user_id   TEXT NOT NULL,           -- the Appwrite id; '' where none was planned
//!   source_id TEXT,                    -- the source's id, NULL where it is the same
//!   state     INTEGER NOT NULL,        -- State: 2 intended … 9 rolled back
//!   steps     INTEGER NOT NULL,        -- Steps: what the target is known to have done
//!   at        INTEGER NOT NULL,        -- Unix ms: of the intent, later the server's own $updatedAt
//!   code      TEXT,                    -- why not, for everything but done
//!   text      TEXT,                    -- the sentence to it
//!   left      BLOB                     -- Left: what was sent of each attribute, as digests
//! );
//! ```
//!
//! Three rules keep a run whole whatever kills it:
//!
//! * *Intent before request*: a user's row is durable (`fsync`) before the first byte about them is sent.
//! * *Outcome before count*: nobody counts as done before the row that says so is durable.
//! * *One table decides*: every change of a row, also in recovery, is a [`State::next`] of it.
//!
//! A row whose state is not terminal means "ask the target": what was sent after the last commit is not known here.
//! The ledger holds no password, hash, salt or key. Integers that change are written so that they never grow (see
//! [`Steps`]): a row that grows in place would split its page and nearly double the file.

mod adopt;
mod counts;
mod identity;
mod left;
mod notes;
mod standing;
pub mod state;
mod store;
mod writer;

pub use adopt::{NoPlan, Places, adopt, end_sync};
pub use counts::Counts;
pub use identity::{Identity, MARK_KEY, going_on, open, reopen, reopen_unseen};
pub use left::{DIGESTS, Field, Left};
pub use notes::Note;
pub use standing::Standing;
pub use state::{Event, IllegalTransition, State, Steps};
pub use store::{
    ENDED, Entry, FIRST_EXPORT, HELD, LEDGER, PAUSED, Reader, SYNCED, SYNCING, SYNCING_EXPORT, UNTIL, holds_run,
};
pub(crate) use store::{is_beyond, not_begun};
pub use writer::{Change, Ledger, Sender};
