//! Reading in parallel: one thread frames, others decode and do the work, and the results come back in order.
//!
//! ```text
//! framing ──full──▶ workers ──done──▶ the caller, in order ──empty──▶ framing
//! ```
//! Batches go round in a ring of fixed size, which is all that bounds memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::RunError;
use crate::event::{Event, Listener};
use crate::format::decode::{Defect, Gate, Mend, Pieces, blank};
use crate::format::file::SourceFile;
use crate::format::frame::{Batch, Selection, Shape};
use crate::format::input::Consumed;

use crate::format::{Position, Record, TableSample};
use crate::source::{Role, Source};

/// So many records are taken through one step before the next begins. What is done for a record is more instructions than the
/// processor's first cache holds, but none of the steps is; more records at once would only be more data.
const GROUP: usize = 20;

/// What is read, and as what.
pub(super) struct Reading<'j> {
    pub files: &'j [SourceFile],
    pub tables: &'j [TableSample],
    /// One a table.
    pub roles: &'j [Role],
    pub source: &'static dyn Source,
    pub pass: Pass,
}

/// Which records are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Related,
    Users,
}

/// One record, decoded as far as it goes.
pub(super) struct Decoded<'r> {
    pub position: Position,
    pub raw: &'r [u8],
    /// What it is; in the pass over related tables, the kind.
    pub role: Role,
    /// The bytes are not UTF-8 and were read as Windows-1252.
    pub recoded: bool,
    pub record: Result<&'r Record<'r>, Defect>,
}

struct Loaded {
    number: u64,
    file: usize,
    batch: Batch,
    /// Bytes on the disk read for all batches so far.
    consumed: u64,
}

enum Done<B> {
    Batch { fold: B, batch: Batch, consumed: u64, records: u64, damage: Option<RunError> },
    Failed(RunError),
    Panicked(Box<dyn Any + Send>),
}

/// Reads the files on one thread and decodes and interprets on the others. See [`super::Export::scan`].
pub(super) fn drive<B: Send>(
    reading: &Reading<'_>,
    threads: usize,
    listener: &dyn Listener,
    init: &(impl Fn() -> B + Sync),
    each: &(impl Fn(&mut B, Vec<Decoded<'_>>) + Sync),
    mut sink: impl FnMut(B) -> Result<ControlFlow<()>, RunError>,
) -> Result<(), RunError> {
    let threads = threads.max(1);
    let (full, to_do) = channel::<Loaded>();
    let (empty, to_fill) = channel::<Batch>();
    let (done, finished) = channel::<(u64, Done<B>)>();
    for _ in 0..threads * 2 + 2 {
        empty.send(Batch::default()).map_err(|_| RunError::internal("the ring is broken"))?;
    }
    let (to_do, order) = (Mutex::new(to_do), Order::default());
    let total: u64 = reading.files.iter().map(|f| f.input.size()).sum();
    std::thread::scope(|scope| {
        let read_done = done.clone();
        scope.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| read(reading, &to_fill, &full, &read_done)));
            if let Err(panic) = result {
                let _ = read_done.send((u64::MAX, Done::Panicked(panic)));
            }
        });
        for _ in 0..threads {
            let (done, to_do, order) = (done.clone(), &to_do, &order);
            scope.spawn(move || work(reading, to_do, order, &done, init, each));
        }
        drop(done);
        // Both ends are dropped on return, which is what stops the threads.
        let (empty, finished) = (empty, finished);
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (number, result) in &finished {
            match result {
                Done::Panicked(panic) => resume_unwind(panic),
                result => waiting.insert(number, result),
            };
            while let Some(result) = waiting.remove(&next) {
                next += 1;
                match result {
                    Done::Batch { fold, batch, consumed, records, damage } => {
                        // The framing thread may be gone: it has nothing left to read.
                        let _ = empty.send(batch);
                        let flow = sink(fold)?;
                        listener.on(&Event::Read { bytes: consumed, of: total, records });
                        if flow.is_break() {
                            return Ok(());
                        }
                        if let Some(damage) = damage {
                            return Err(damage);
                        }
                    }
                    Done::Failed(error) => return Err(error),
                    Done::Panicked(panic) => resume_unwind(panic),
                }
            }
        }
        Ok(())
    })
}

/// The framing thread.
fn read<B>(reading: &Reading<'_>, empty: &Receiver<Batch>, full: &Sender<Loaded>, done: &Sender<(u64, Done<B>)>) {
    let consumed = Consumed::default();
    let mut number = 0;
    let mut spare = None;
    for (index, file) in reading.files.iter().enumerate() {
        let wanted: std::collections::HashSet<String> = reading
            .tables
            .iter()
            .zip(reading.roles)
            .filter(|(table, role)| usize::from(table.file) == index && reading.pass.takes(**role))
            .map(|(table, _)| table.table.clone())
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let mut batches = match file.batches(Selection::Tables(wanted), Consumed::clone(&consumed)) {
            Ok(batches) => batches,
            Err(error) => {
                let _ = done.send((number, Done::Failed(error)));
                return;
            }
        };
        loop {
            let Some(mut batch) = spare.take().or_else(|| empty.recv().ok()) else { return };
            match batches.next(&mut batch) {
                Ok(true) => {
                    let damaged = batch.cut.damage.is_some();
                    let consumed = consumed.load(Ordering::Relaxed);
                    if full.send(Loaded { number, file: index, batch, consumed }).is_err() || damaged {
                        return;
                    }
                    number += 1;
                }
                Ok(false) => {
                    spare = Some(batch);
                    break;
                }
                Err(error) => {
                    let _ = done.send((number, Done::Failed(file.input.unreadable(&error))));
                    return;
                }
            }
        }
    }
}

/// A decoding thread.
fn work<B>(
    reading: &Reading<'_>,
    to_do: &Mutex<Receiver<Loaded>>,
    order: &Order,
    done: &Sender<(u64, Done<B>)>,
    init: &impl Fn() -> B,
    each: &impl Fn(&mut B, Vec<Decoded<'_>>),
) {
    let mut pieces = Pieces::default();
    loop {
        let received = lock(to_do).recv();
        let Ok(loaded) = received else { return };
        let number = loaded.number;
        let result = catch_unwind(AssertUnwindSafe(|| batch(reading, loaded, order, &mut pieces, init, each)));
        let result = result.unwrap_or_else(|panic| {
            order.abandon();
            Done::Panicked(panic)
        });
        if done.send((number, result)).is_err() {
            return;
        }
    }
}

fn batch<B>(
    reading: &Reading<'_>,
    loaded: Loaded,
    order: &Order,
    pieces: &mut Pieces,
    init: &impl Fn() -> B,
    each: &impl Fn(&mut B, Vec<Decoded<'_>>),
) -> Done<B> {
    let Loaded { number, file, batch, consumed } = loaded;
    let tables: Vec<(Role, Option<&TableSample>)> =
        batch.cut.shapes.iter().map(|shape| reading.table(file, &shape.table)).collect();
    let gates: Vec<Option<Gate>> =
        batch.cut.shapes.iter().zip(&tables).map(|(shape, (role, _))| reading.gate(shape, *role)).collect();
    let mender = reading.source.mender();
    let mend = |shape: usize, raw: &str| mender?(tables[shape].1?, raw);
    pieces.cut(&batch, mender.is_some().then_some(&mend as Mend<'_>));
    let texts = pieces.texts(&batch);
    let mut records: Vec<_> = (0..GROUP).map(|_| blank()).collect();
    // What each record of a mixed table is can only be told by decoding it.
    let mut roles = Vec::new();
    let mixed = tables.iter().any(|(role, _)| *role == Role::Mixed);
    if mixed {
        for (index, piece) in pieces.list.iter().enumerate() {
            let mut role = tables[piece.shape()].0;
            if role == Role::Mixed {
                let record = &mut records[0];
                let decoded = pieces.decode(index, &batch, &texts, record);
                role = if decoded.is_ok() { reading.source.role_of(record) } else { Role::Users };
            }
            roles.push(role);
        }
    }
    let users = if mixed {
        roles.iter().filter(|role| **role == Role::Users).count()
    } else {
        pieces.list.iter().filter(|piece| tables[piece.shape()].0 == Role::Users).count()
    } as u64;
    let before = order.pass(number, users);

    let mut fold = init();
    let mut at = before;
    let role = |index: usize| if mixed { roles[index] } else { tables[pieces.list[index].shape()].0 };
    let mut taken = (0..pieces.list.len()).filter(|&index| reading.pass.takes(role(index)));
    loop {
        let mut group = Vec::with_capacity(GROUP);
        let mut blanks = records.iter_mut();
        let mut blank = blanks.next();
        while let Some(record) = blank.take() {
            let Some(index) = taken.next() else { break };
            let (piece, role) = (&pieces.list[index], role(index));
            let decoded = pieces.decode_if(index, &batch, &texts, gates[piece.shape()], record);
            if decoded == Ok(false) {
                blank = Some(record);
                continue;
            }
            blank = blanks.next();
            at += u64::from(role == Role::Users);
            let position = Position {
                record: at,
                line: batch.line + piece.line(),
                byte: batch.byte + piece.range().start as u64,
                file: file as u16,
            };
            let raw = &batch.data[piece.range()];
            record.position = position;
            let recoded = texts.recoded(index);
            group.push(Decoded { position, raw, role, recoded, record: decoded.map(|_| &*record) });
        }
        if group.is_empty() {
            break;
        }
        each(&mut fold, group);
    }
    let damage = batch.cut.damage.as_ref().map(|damage| {
        let until = batch.data.len().min(damage.at);
        let line = batch.line + memchr::memchr_iter(b'\n', &batch.data[..until]).count() as u64;
        let place = format!("after record {}, line {line}, byte {}", before + users, batch.byte + damage.at as u64);
        RunError::export(format!("{} is damaged ({place}): {}", reading.files[file].input.name(), damage.what))
    });
    drop(records);
    drop(texts);
    Done::Batch { fold, batch, consumed, records: before + users, damage }
}

impl Pass {
    /// Whether tables or records of that role are read.
    fn takes(self, role: Role) -> bool {
        match role {
            Role::Users => self == Self::Users,
            Role::Related(_) => self == Self::Related,
            Role::Mixed => true,
            Role::Ignored => false,
        }
    }
}

impl Reading<'_> {
    /// Which rows of a shape are read.
    fn gate(&self, shape: &Shape, role: Role) -> Option<Gate> {
        let Role::Related(kind) = role else { return None };
        let gate = self.source.gate(kind)?;
        Some((shape.layout.header()?.index(gate.column)?, gate.passes))
    }

    fn table(&self, file: usize, name: &str) -> (Role, Option<&TableSample>) {
        let found = self.tables.iter().zip(self.roles).find(|(t, _)| usize::from(t.file) == file && t.table == name);
        found.map_or((Role::Ignored, None), |(table, role)| (*role, Some(table)))
    }
}

/// Gives batches their place in the numbering: only cutting a batch tells how many records are in it, and workers cut.
#[derive(Default)]
struct Order {
    state: Mutex<Count>,
    turn: Condvar,
}

#[derive(Default)]
struct Count {
    batches: u64,
    users: u64,
    abandoned: bool,
}

impl Order {
    /// Waits for all batches before this one; returns how many users they hold.
    fn pass(&self, batch: u64, users: u64) -> u64 {
        let mut count = lock(&self.state);
        while count.batches != batch && !count.abandoned {
            count = self.turn.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
        let before = count.users;
        count.users += users;
        count.batches += 1;
        drop(count);
        self.turn.notify_all();
        before
    }

    /// A batch will never pass: nobody is to wait for it.
    fn abandon(&self) {
        lock(&self.state).abandoned = true;
        self.turn.notify_all();
    }
}

/// Panics are carried to the caller by [`catch_unwind`]; what a lock guards is whole between its uses.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
