//! The black-box tests: one module a command, against the sandbox.
