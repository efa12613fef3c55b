//! The durable truth of a run, in SQLite: what was meant, what was sent, what came back.
