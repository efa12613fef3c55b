//! Passwords are hashed and verified on threads of their own, as many as there are processors, so that sign-ins never
//! stall creates.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use crate::sandbox::errors::{ApiError, ApiResult};

/// The places in which passwords are hashed: one a core, so that hashing holds nothing else up.
pub struct Hashing {
    places: Arc<Semaphore>,
}

impl Hashing {
    /// One place a processor: each computation takes 64 MiB and a whole one.
    pub fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(available_parallelism().map_or(2, usize::from))) }
    }

    /// Computes when there is a place.
    ///
    /// # Errors
    /// 500 if the computation panics.
    pub async fn run<T: Send + 'static>(&self, compute: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| ApiError::server_error())?;
        let computed = tokio::task::spawn_blocking(move || {
            let _place = place;
            compute()
        });
        computed.await.map_err(|_| ApiError::server_error())
    }
}
