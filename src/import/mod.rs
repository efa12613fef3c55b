//! The line from plans to outcomes: dispatcher, resume, verify, rollback.
