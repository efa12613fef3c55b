//! The black-box tests: the built binary, run as its user would, against the sandbox. One module a command.

mod architecture;
mod broken;
mod browser;
mod cases;
mod check;
mod conformance;
mod docs;
mod exports;
mod faults;
mod folder;
mod http;
mod identify;
mod import;
mod kinds;
mod log;
mod phones;
mod plan;
mod proxy;
mod readme;
mod report;
mod sandbox;
mod secrets;
mod soak;
mod sources;
mod targets;
mod util;
