//! The black-box tests: the built binary, run as its user would, against the sandbox. One module a command.

#![expect(clippy::expect_used, reason = "what a test or a bench cannot do without ends it")]

mod architecture;
mod backup;
mod bridge;
mod bridge_door;
mod bridge_serve;
mod bridge_sync;
mod broken;
mod browser;
mod cases;
mod check;
mod completions;
mod conformance;
mod docs;
mod doubts;
mod exports;
mod faults;
mod folder;
mod forward_proxy;
mod http;
mod identify;
mod import;
mod kinds;
mod ledger;
mod log;
mod man;
mod map;
mod night;
mod phones;
mod plan;
mod proxy;
mod readme;
mod refused;
mod report;
mod sandbox;
mod secrets;
mod settings;
mod soak;
mod sources;
mod sync;
mod targets;
mod tls;
mod util;
mod verify;
mod way_in;
