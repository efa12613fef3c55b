//! A listener for HTTP/1.1: one task a connection, with bounds for clients that are slow, large or many, and an end in order.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Bytes the head of a request may have: queries make long lines.
const MAX_HEAD: usize = 256 * 1024;
/// How long open requests may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait where the system gives no connection: out of descriptors, most likely, and others will close theirs.
const OUT_OF_CONNECTIONS: Duration = Duration::from_millis(20);

/// What a server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long the head of a request may take to arrive, and how long a connection may be idle.
    pub head: Duration,
    /// Headers a request may have.
    pub headers: usize,
    /// Connections at once; more wait.
    pub connections: u32,
}

/// Accepts connections until told to stop, and then finishes what is under way. `answer` is given a request and the address
/// that it came from; where it fails, the connection is closed.
pub fn spawn<A, F, B, E>(
    listener: TcpListener,
    bounds: Bounds,
    stop: oneshot::Receiver<()>,
    answer: A,
) -> JoinHandle<()>
where
    A: Fn(Request<Incoming>, IpAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    tokio::spawn(async move {
        let stopping = CancellationToken::new();
        let places = Arc::new(Semaphore::new(bounds.connections as usize));
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
                    let (answer, stopping) = (answer.clone(), stopping.clone());
                    tokio::spawn(async move {
                        serve(stream, peer, bounds, answer, stopping).await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(OUT_OF_CONNECTIONS).await,
            }
        }
        drop(listener);
        stopping.cancel();
        let _ = tokio::time::timeout(GRACE, places.acquire_many(bounds.connections)).await;
    })
}

/// Serves one connection to its end. It ends as its client likes; whatever is said about that is of no use here.
async fn serve<A, F, B, E>(stream: TcpStream, peer: SocketAddr, bounds: Bounds, answer: A, stopping: CancellationToken)
where
    A: Fn(Request<Incoming>, IpAddr) -> F,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Answers are small and written at once.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_headers(bounds.headers)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| answer(request, peer.ip())))
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
