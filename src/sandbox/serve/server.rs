//! The listener: one task a connection, with limits for clients that are slow, large or many.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::Service;

/// How long the head of a request may take to arrive, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Headers a request may have.
const MAX_HEADERS: usize = 100;

/// Bytes the head of a request may have: queries make long lines.
const MAX_HEAD: usize = 256 * 1024;

/// Connections at once; more wait.
const MAX_CONNECTIONS: usize = 1024;

/// How long open requests may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Accepts connections until told to stop, and then finishes what is under way.
pub fn spawn(app: Arc<Service>, listener: TcpListener, stop: oneshot::Receiver<()>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, connection) = tokio::select! {
                accepted = accepted => accepted,
                _ = &mut stop => break,
            };
            match connection {
                Ok((stream, peer)) => {
                    let served = graceful.watch(connection_of(Arc::clone(&app), stream, peer));
                    tokio::spawn(async move {
                        // A connection ends as its client likes; whatever it says about that is of no use here.
                        let _ = served.await;
                        drop(place);
                    });
                }
                // Out of descriptors, most likely: others will close theirs.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        drop(listener);
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    })
}

fn connection_of(
    app: Arc<Service>,
    stream: TcpStream,
    peer: SocketAddr,
) -> impl hyper_util::server::graceful::GracefulConnection + Send {
    // Answers are small and written at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| Arc::clone(&app).serve(request, peer.ip()));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
}
