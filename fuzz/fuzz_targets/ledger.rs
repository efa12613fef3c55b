//! A ledger in which some bytes are others: it is read as it is or called damaged, and its pages come to an end.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use rehome::event::Silent;
use rehome::folder::{Folder, Locked};
use rehome::ledger::{Entry, Identity, LEDGER, Reader, State, Steps};

const ROWS: u64 = 60;

fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Locked::take(Folder::open(home.path()).expect("a folder")).expect("a lock").expect("free");
        let (ledger, _) = rehome::ledger::open(&folder, &Identity::default(), "{}", "LATER", Arc::new(Silent)).expect("a ledger");
        let rows = (1..=ROWS).map(|record| Entry {
            record,
            user_id: format!("user-{record}"),
            source_id: format!("source-{record}"),
            state: State::Done,
            steps: Steps::CREATED,
            at: 1_763_750_000_000,
            code: None,
            text: None,
            left: None,
        });
        // A runtime of one thread is all that a sender needs.
        {
            let sender = ledger.sender();
            let mut rows = std::pin::pin!(sender.intend(rows.collect()));
            let waker = std::task::Waker::noop();
            while std::future::Future::poll(rows.as_mut(), &mut std::task::Context::from_waker(waker)).is_pending() {
                std::thread::yield_now();
            }
        }
        drop(ledger);
        rusqlite::Connection::open(home.path().join(LEDGER))
            .and_then(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
            .expect("checkpointed");
        std::fs::read(home.path().join(LEDGER)).expect("the ledger")
    })
}

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = whole().to_vec();
    for change in data.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] ^= change[2];
    }
    FOLDER.with(|folder| {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("{LEDGER}{end}")));
        }
        std::fs::write(folder.path().join(LEDGER), &bytes).expect("written");
        let Ok(reader) = Reader::open(folder.path()) else { return };
        let _ = reader.counts();
        let (mut after, mut pages) = (0, 0);
        while let Ok(page) = reader.page(after, 7) {
            let Some(last) = page.last() else { break };
            after = last.record;
            pages += 1;
            assert!(pages <= ROWS * 4, "it does not end");
        }
    });
});
