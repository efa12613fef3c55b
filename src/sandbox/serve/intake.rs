//! Taking in bodies, within bounds: nobody who has no key makes the sandbox hold much, and all together not more than it
//! has room for.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sandbox::errors::{ApiError, ApiResult};

/// The largest body of a key's holder, in bytes; Appwrite's limit is about this.
const MAX_BODY: usize = 12 * 1024 * 1024;

/// The largest body of anybody else, in bytes: sign-ins are small.
const MAX_WITHOUT_KEY: usize = 256 * 1024;

/// How much of a body is read at most: a client that sends more is cut off.
const MAX_READ: usize = 8 * MAX_BODY;

/// How long a body may take to arrive, and how long one may wait for room.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Room is given out in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// Bytes that bodies with a key may hold at once, and bodies without.
const ROOM: usize = 128 * 1024 * 1024;
const ROOM_WITHOUT_KEY: usize = 32 * 1024 * 1024;

/// The room for bodies.
pub struct Intake {
    keyed: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

/// A body, and its part of the room, which it keeps until it is dropped.
pub struct Received {
    /// All of the body, as it was sent.
    pub bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Intake {
    /// All of the room.
    pub fn new() -> Self {
        Self {
            keyed: Arc::new(Semaphore::new(ROOM / PIECE)),
            others: Arc::new(Semaphore::new(ROOM_WITHOUT_KEY / PIECE)),
        }
    }

    /// Receives a body.
    ///
    /// # Errors
    /// 413 for one that is too large, 408 for one that does not arrive in time.
    pub async fn receive(&self, body: Incoming, has_key: bool) -> ApiResult<Received> {
        let (room, max) = if has_key { (&self.keyed, MAX_BODY) } else { (&self.others, MAX_WITHOUT_KEY) };
        let within = async {
            // One without a stated length may grow to the limit.
            let stated = body.size_hint().exact().map_or(max, |length| usize::try_from(length).unwrap_or(usize::MAX));
            let pieces = u32::try_from(stated.min(max).div_ceil(PIECE)).unwrap_or(u32::MAX);
            let room = match pieces {
                0 => None,
                pieces => {
                    Some(Arc::clone(room).acquire_many_owned(pieces).await.map_err(|_| ApiError::server_error())?)
                }
            };
            Ok(Received { bytes: collect(body, max).await?, _room: room })
        };
        tokio::time::timeout(BODY_TIMEOUT, within).await.unwrap_or_else(|_| Err(ApiError::timeout()))
    }
}

/// The whole body. Of one that is too large the rest is read and thrown away, because most clients look for an answer only
/// when they have sent everything.
async fn collect(mut body: Incoming, max: usize) -> ApiResult<Vec<u8>> {
    let (mut whole, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ApiError::server_error())?.into_data() else { continue };
        length += data.len();
        if length > MAX_READ {
            break;
        } else if length > max {
            whole = Vec::new();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > max { Err(ApiError::too_large()) } else { Ok(whole) }
}
