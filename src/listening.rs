//! A listener for HTTP/1.1: one task a connection, with bounds for clients that are slow, large or many, and an end in order.
//! Whoever holds a connection and asks for nothing makes room for whoever comes.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Bytes the head of a request may have: queries make long lines.
const MAX_HEAD: usize = 256 * 1024;
/// How long open requests may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// How long what was answered may take to go out where somebody else needs the place.
const LEAVE: Duration = Duration::from_millis(100);
/// How long to wait where the system gives no connection: out of descriptors, most likely, and others will close theirs.
const OUT_OF_CONNECTIONS: Duration = Duration::from_millis(20);

/// What a server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long the head of a request may take to arrive, and how long a connection may be idle.
    pub head: Duration,
    /// Headers a request may have.
    pub headers: usize,
    /// Connections at once. Another takes the place of the one that has asked for nothing the longest, or waits where all are busy.
    pub connections: u32,
}

/// The connections that ask for nothing, those first that have done so the longest.
#[derive(Default)]
struct Idle {
    connections: Mutex<BTreeMap<u64, CancellationToken>>,
    next: AtomicU64,
    /// One of them has come to be idle.
    rested: Notify,
}

impl Idle {
    fn connections(&self) -> MutexGuard<'_, BTreeMap<u64, CancellationToken>> {
        // One call changes it, whole.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection that has been idle the longest, if one is.
    fn make_room(&self) -> bool {
        let longest = self.connections().pop_first();
        longest.inspect(|(_, longest)| longest.cancel()).is_some()
    }
}

/// A connection among the others. Idle until it is told otherwise.
struct Seat {
    idle: Arc<Idle>,
    number: AtomicU64,
    /// Somebody else needs the place.
    leave: CancellationToken,
}

impl Seat {
    fn new(idle: &Arc<Idle>) -> Arc<Self> {
        let seat = Self { idle: Arc::clone(idle), number: AtomicU64::new(0), leave: CancellationToken::new() };
        seat.rest();
        Arc::new(seat)
    }

    fn rest(&self) {
        let number = self.idle.next.fetch_add(1, Ordering::Relaxed);
        self.number.store(number, Ordering::Relaxed);
        self.idle.connections().insert(number, self.leave.clone());
        self.idle.rested.notify_one();
    }

    /// Busy until what this gives is dropped.
    fn work(self: &Arc<Self>) -> Working {
        self.idle.connections().remove(&self.number.load(Ordering::Relaxed));
        Working(Arc::clone(self))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.idle.connections().remove(&self.number.load(Ordering::Relaxed));
    }
}

/// Keeps a connection from being taken for an idle one.
struct Working(Arc<Seat>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.rest();
    }
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
        let idle = Arc::<Idle>::default();
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let connection = listener.accept().await;
                (place(&places, &idle).await, connection)
            };
            let (place, connection) = tokio::select! {
                accepted = accepted => accepted,
                _ = &mut stop => break,
            };
            match connection {
                Ok((stream, peer)) => {
                    let (answer, stopping, seat) = (answer.clone(), stopping.clone(), Seat::new(&idle));
                    tokio::spawn(async move {
                        serve(stream, peer, bounds, answer, seat, stopping).await;
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

/// A place for one more connection: a free one, else that of whoever is idle, now or as soon as somebody is.
async fn place(places: &Arc<Semaphore>, idle: &Idle) -> Option<OwnedSemaphorePermit> {
    let mut made = false;
    loop {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        made = made || idle.make_room();
        tokio::select! {
            place = Arc::clone(places).acquire_owned() => return place.ok(),
            () = idle.rested.notified() => {}
        }
    }
}

/// Serves one connection to its end. It ends as its client likes; whatever is said about that is of no use here.
async fn serve<A, F, B, E>(
    stream: TcpStream,
    peer: SocketAddr,
    bounds: Bounds,
    answer: A,
    seat: Arc<Seat>,
    stopping: CancellationToken,
) where
    A: Fn(Request<Incoming>, IpAddr) -> F,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Answers are small and written at once.
    let _ = stream.set_nodelay(true);
    let answering = |request| {
        let working = seat.work();
        let answer = answer(request, peer.ip());
        async move {
            // Until the last of the body is on its way.
            answer.await.map(|response| {
                response.map(|body| {
                    body.map_err(move |error| {
                        let _still = &working;
                        error
                    })
                })
            })
        }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_headers(bounds.headers)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(answering))
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = seat.leave.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(LEAVE, connection).await;
            return;
        }
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::Ipv4Addr;

    use bytes::Bytes;
    use http_body_util::Full;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn asks(stream: &mut TcpStream, path: &str) {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.expect("written");
    }

    async fn hears(stream: &mut TcpStream) -> String {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    /// Nobody waits for connections that ask for nothing, and none that is answered makes room for anybody.
    #[tokio::test]
    async fn whoever_asks_for_nothing_makes_room() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let address = listener.local_addr().expect("an address");
        let bounds = Bounds { head: Duration::from_secs(3600), headers: 10, connections: 3 };
        let (stop, stopped) = oneshot::channel();
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, waits) = (begun.clone(), go.clone());
        let server = spawn(listener, bounds, stopped, move |request: Request<_>, _| {
            let (told, waits) = (told.clone(), waits.clone());
            async move {
                if request.uri().path() == "/slow" {
                    told.notify_one();
                    waits.notified().await;
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"here"))))
            }
        });
        let connect = || async { TcpStream::connect(address).await.expect("a connection") };
        let mut slow = connect().await;
        asks(&mut slow, "/slow").await;
        begun.notified().await;
        // Half a head is no question, and a connection that is kept after its answer asks for nothing either.
        let mut half = connect().await;
        half.write_all(b"GET / HT").await.expect("written");
        for _ in 0..8 {
            let mut other = connect().await;
            asks(&mut other, "/").await;
            assert!(hears(&mut other).await.ends_with("here"));
            std::mem::forget(other);
        }
        assert_eq!(hears(&mut half).await, "", "it made room");
        go.notify_one();
        assert!(hears(&mut slow).await.ends_with("here"), "it was answered");
        let _ = stop.send(());
        server.await.expect("it ends");
    }
}
