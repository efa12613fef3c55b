//! The parts of a run, one thread each: `cargo bench --bench parts`. `benches/measure` measures the whole.
//!
//! * `read`: bytes cut into records, decoded, and understood by their source.
//! * `plan`: the same, and every user planned.
//! * `duplicates`: the digests of keys, noted and compared.
//! * `ledger`: rows made durable, by groups of a thousand.

#![expect(clippy::expect_used, reason = "what a test or a bench cannot do without ends it")]

#[path = "generate/firebase.rs"]
#[expect(dead_code, reason = "the generator writes more than is read here")]
mod firebase;
#[path = "generate/generic.rs"]
#[expect(dead_code, reason = "the generator writes more than is read here")]
mod generic;
#[path = "generate/pool.rs"]
mod pool;
#[path = "generate/user.rs"]
mod user;
#[path = "generate/wordpress.rs"]
#[expect(dead_code, reason = "the generator writes more than is read here")]
mod wordpress;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rehome::appwrite::Version;
use rehome::event::Silent;
use rehome::ledger::{Entry, Identity, State, Steps};
use rehome::plan::clashes::Duplicates;
use rehome::plan::duplicates::KeyLog;
use rehome::plan::planner::Planner;
use rehome::policy::Policies;
use rehome::read::{Export, ReadOptions};
use rehome::run::RunFolder;

const USERS: u64 = 20_000;

/// Writes the export of a number of users.
type Writer = fn(&mut dyn Write, u64) -> io::Result<()>;

const EXPORTS: [(&str, Writer); 5] = [
    ("firebase.json", firebase::json),
    ("firebase.csv", firebase::csv),
    ("generic.csv", generic::csv),
    ("generic.ndjson", generic::ndjson),
    ("wordpress.sql", wordpress::mysqldump),
];

/// Runs `measure` on an export of each format.
fn exports(c: &mut Criterion, group: &str, measure: impl Fn(&Export)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group(group);
    group.sample_size(20);
    for (name, write) in EXPORTS {
        let path: PathBuf = folder.path().join(name);
        let mut bytes = Vec::new();
        write(&mut bytes, USERS).expect("memory takes everything");
        std::fs::write(&path, &bytes).expect("the temporary folder is writable");
        let export = Export::open(&[path], ReadOptions::default()).expect("what the generator writes is read");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &export, |b, export| b.iter(|| measure(export)));
    }
}

fn read(c: &mut Criterion) {
    exports(c, "read", |export| {
        let mut accounts = 0;
        let count = |batch| {
            accounts += batch;
            Ok(ControlFlow::Continue(()))
        };
        export
            .scan(1, &Silent, || 0, |batch, item| *batch += u64::from(item.account.is_ok()), count)
            .expect("what the generator writes is whole");
        assert_eq!(accounts, USERS);
    });
}

fn plan(c: &mut Criterion) {
    exports(c, "plan", |export| {
        let mut planner = Planner::new(export, Policies::default(), Version::NEWEST.profile());
        planner.threads = 1;
        let mut lines = 0;
        let count = |batch| {
            lines += batch;
            Ok(ControlFlow::Continue(()))
        };
        planner
            .scan(&Duplicates::default(), &Silent, || 0, |batch, _| *batch += 1, count)
            .expect("what the generator writes is whole");
        assert_eq!(lines, USERS);
    });
}

fn duplicates(c: &mut Criterion) {
    const KEYS: u64 = 1_000_000;
    let mut group = c.benchmark_group("duplicates");
    group.sample_size(10);
    group.throughput(Throughput::Elements(KEYS));
    group.bench_function("a million keys", |b| {
        b.iter(|| {
            let mut log = KeyLog::default();
            for n in 0..KEYS {
                // An odd factor keeps them different, the shift within 56 bits.
                log.push(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12).expect("a temporary file");
            }
            log.suspects(1)
        });
    });
}

fn ledger(c: &mut Criterion) {
    const GROUP: u64 = 1000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = RunFolder::create(folder.path()).expect("the temporary folder is writable");
    let identity = Identity {
        export: String::new(),
        reading: String::new(),
        hash_config: String::new(),
        endpoint: String::new(),
        project: String::new(),
        shard: String::new(),
    };
    let (ledger, _) = run.ledger(&identity, "", "LATER", Arc::new(Silent)).expect("an empty folder takes a ledger");
    let sender = ledger.sender();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    let mut record = 0;
    let mut group = c.benchmark_group("ledger");
    group.throughput(Throughput::Elements(GROUP));
    group.bench_function("a thousand intents", |b| {
        b.iter(|| {
            let entry = |record| Entry {
                record,
                user_id: user::User(record).id(),
                source_id: user::User(record).id(),
                state: State::Intended,
                steps: Steps::default(),
                at: 1_763_750_000_000,
                code: None,
                text: None,
                left: None,
            };
            let entries = (record..record + GROUP).map(entry).collect();
            record += GROUP;
            runtime.block_on(sender.intend(entries)).expect("the disk has room");
        });
    });
    group.finish();
    drop(sender);
    ledger.close().expect("the disk has room");
}

criterion_group!(parts, read, plan, duplicates, ledger);
criterion_main!(parts);
