//! An export of any bytes: recognised, framed, decoded and interpreted, twice the same.
#![no_main]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use libfuzzer_sys::fuzz_target;
use rehome::event::Silent;
use rehome::read::{Export, ReadOptions};

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

fuzz_target!(|data: &[u8]| {
    let path = FOLDER.with(|folder| folder.path().join("export"));
    std::fs::write(&path, data).expect("written");
    let Ok(export) = Export::open(&[path], ReadOptions::default()) else { return };
    let read = || {
        let good = AtomicU64::new(0);
        let mut records = 0_u64;
        let end = export.scan(
            1,
            &Silent,
            || 0_u64,
            |seen, item| {
                *seen += 1;
                good.fetch_add(u64::from(item.account.is_ok()), Ordering::Relaxed);
            },
            |seen| {
                records += seen;
                Ok(ControlFlow::Continue(()))
            },
        );
        (records, good.load(Ordering::Relaxed), end.is_ok())
    };
    assert_eq!(read(), read());
});
