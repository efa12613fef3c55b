//! Everybody whom the target has, and no plan explains.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::appwrite::Version;
use crate::appwrite::wire::user::Seen;
use crate::appwrite::wire::{cursor_after, limit};
use crate::error::RunError;
use crate::ledger::Reader;
use crate::run::context::{Context, Stopped};
use crate::run::engine::BEGAN;
use crate::run::feed::{date_ahead, id_digest};
use crate::run::findings::{Finding, Sink, Verified};

/// Users of the first page, and of every page of servers that load each user's tokens, sessions and targets with them.
const FIRST_PAGE: usize = 100;
/// Users of a page at most.
const LARGEST_PAGE: usize = 2000;
/// Bytes that a page is meant to have at most: a quarter of what an answer may have.
const PAGE_BYTES: usize = 8 << 20;
/// How exactly a ledger knows when its run began, in milliseconds: `Date` has whole seconds, and servers' clocks differ.
const EXACT: i64 = 3000;
/// Since then a list of users reads one table only.
const LEAN_LISTS: Version = Version::new(1, 8, 0);

/// Whom a run, or all the shards of one, may have made.
pub(super) struct Ours {
    /// [`id_digest`] of everybody in the ledgers, in order.
    ids: Vec<u64>,
    /// Since when, by the server's clock, in Unix milliseconds.
    began: i64,
}

impl Ours {
    /// Everybody in these ledgers.
    pub(super) fn of<'r>(readers: impl IntoIterator<Item = &'r Reader>) -> Result<Self, RunError> {
        let mut ours = Self { ids: Vec::new(), began: i64::MAX };
        for reader in readers {
            let mut after = 0;
            loop {
                let page = reader.page(after, 1000)?;
                let Some(entry) = page.last() else { break };
                after = entry.record;
                ours.ids.extend(page.iter().map(|entry| id_digest(&entry.user_id)));
            }
            let began = match reader.meta(BEGAN)? {
                Some(at) => at.parse::<i64>().ok().map(|at| Ok::<_, RunError>(at - date_ahead(reader)?)).transpose()?,
                // Older ledgers know only what this machine's clock said.
                None => reader
                    .meta("started")?
                    .and_then(|text| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())),
            };
            ours.began = ours.began.min(began.unwrap_or(i64::MIN));
        }
        ours.ids.sort_unstable();
        Ok(ours)
    }
}

/// Pages of users that may wait to be looked at.
const WAITING: usize = 64;

/// All users of the project, being paged through beside the comparison of everybody who is planned.
pub(super) struct Strays {
    pages: mpsc::Receiver<Unknown>,
    turning: JoinHandle<Result<(), Stopped>>,
    began: i64,
}

/// Those of a page whom no ledger knows.
struct Unknown {
    /// Of these, created before the run began.
    others: u64,
    users: Vec<Seen>,
}

impl Strays {
    /// Begins to page through all users of the project.
    pub(super) fn look_for(context: &Arc<Context>, runtime: &Runtime, ours: Ours, version: Version) -> Self {
        let (sender, pages) = mpsc::channel(WAITING);
        let (context, began) = (context.clone(), ours.began);
        let turning = async move { turn_pages(&context, ours, version, sender).await };
        Self { pages, turning: runtime.spawn(turning.in_current_span()), began }
    }

    /// Names those whom neither a ledger knows nor, in `elsewhere`, the plan of another shard.
    pub(super) fn name(
        mut self,
        mut elsewhere: Vec<u64>,
        context: &Context,
        runtime: &Runtime,
        found: &mut Verified,
        sink: Sink<'_>,
    ) -> Result<(), RunError> {
        elsewhere.sort_unstable();
        while let Some(page) = self.pages.blocking_recv() {
            found.others += page.others;
            for user in page.users {
                if elsewhere.binary_search(&id_digest(&user.id)).is_ok() {
                    found.elsewhere += 1;
                    continue;
                }
                found.counts.stray += 1;
                let since = user.created_at.is_none_or(|created| created >= self.began.saturating_add(EXACT));
                let when = if since { "since this run began" } else { "in the seconds in which this run began" };
                let text = format!("created {when}, and not by it");
                sink(Finding { record: 0, user_id: user.id, what: "stray", text })?;
            }
        }
        let turned = runtime.block_on(self.turning).map_err(|_| RunError::internal("paging through users died"))?;
        turned.map_err(|Stopped| context.stopped())
    }
}

async fn turn_pages(
    context: &Context,
    ours: Ours,
    version: Version,
    sender: mpsc::Sender<Unknown>,
) -> Result<(), Stopped> {
    let mut last: Option<String> = None;
    let mut size = FIRST_PAGE;
    loop {
        let mut queries = vec![limit(size)];
        queries.extend(last.as_deref().map(cursor_after));
        let (mut users, bytes) = context.list::<Seen>(&queries).await?;
        let (read, next) = (users.len(), users.last().map(|user| user.id.clone()));
        users.retain(|user| ours.ids.binary_search(&id_digest(&user.id)).is_err());
        let unknown = users.len();
        users.retain(|user| user.created_at.is_none_or(|created| created >= ours.began));
        let page = Unknown { others: (unknown - users.len()) as u64, users };
        // Whoever stopped listening has ended.
        if (page.others > 0 || !page.users.is_empty()) && sender.send(page).await.is_err() {
            return Ok(());
        }
        if next.is_some() && next == last {
            return Err(
                context.stop_run("the target gives the same page of users again: it ignores `cursorAfter`".into())
            );
        }
        last = next;
        if read < FIRST_PAGE || last.is_none() || context.stop.is_set() {
            return Ok(());
        }
        if version >= LEAN_LISTS {
            size = (PAGE_BYTES / (bytes / read).max(1)).clamp(FIRST_PAGE, LARGEST_PAGE);
        }
    }
}
