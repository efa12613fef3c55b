//! Writes exports of any size for benchmarks and soak tests:
//!
//! ```sh
//! cargo bench --bench generate -- firebase 1000000 > users.json
//! ```
//!
//! The same arguments give the same bytes on every machine, in constant memory. The hashes are real: user *n* signs in
//! with `password-NN`, where NN is *n* modulo 64; `known` writes that list for `--known`.

#![expect(clippy::expect_used, reason = "what a test or a bench cannot do without ends it")]

mod firebase;
mod generic;
mod pool;
mod user;
mod wordpress;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Writes the export of a number of users.
type Writer = fn(&mut dyn Write, u64) -> io::Result<()>;

const KINDS: &[(&str, Writer)] = &[
    ("firebase", firebase::json),
    ("firebase-csv", firebase::csv),
    ("firebase-config", firebase::config),
    ("csv", generic::csv),
    ("ndjson", generic::ndjson),
    ("wordpress", wordpress::mysqldump),
    ("wordpress-meta", wordpress::with_more_meta),
    ("known", generic::known),
];

fn main() -> ExitCode {
    // cargo adds `--bench` to the arguments of every benchmark.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let answer = match &args[..] {
        [kind, count] => generate(kind, count),
        // A plain `cargo bench` runs this too.
        [] => {
            println!("{}", usage());
            Ok(())
        }
        _ => Err(io::Error::other(usage())),
    };
    let Err(error) = answer else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn usage() -> String {
    let kinds: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
    format!("generate: cargo bench --bench generate -- {} COUNT > FILE", kinds.join("|"))
}

fn generate(kind: &str, count: &str) -> io::Result<()> {
    let write = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, write)| write);
    let (Some(write), Ok(count)) = (write, count.parse()) else { return Err(io::Error::other(usage())) };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    write(&mut out, count)?;
    out.flush()
}
