//! `rehome bridge serve`: the door at which those sign in whose hash could not be moved.
//!
//! A request is Appwrite's and passed on (`forward`) unless it is a sign-in by e-mail and password (`takeover`), the question
//! of an app whose sign-in was refused (`miss`), or about the bridge itself. What becomes of a password is in `sign_in`;
//! `limits`, `floor` and `verifiers` keep it from being guessed, told by time, or from keeping everybody waiting.

mod answer;
mod api;
pub mod cors;
mod floor;
mod forward;
pub mod limits;
mod metrics;
mod miss;
mod sign_in;
mod takeover;
mod verifiers;
pub mod visitor;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Status, Vault};
use crate::appwrite::{Client, Target};
use crate::error::RunError;
use crate::event::{Event, Listener};
use crate::listening::{self, Bounds};
use answer::{Answer, Broken, Refusal, said, whole};
use api::Api;
use cors::Origins;
use floor::Floor;
use forward::{Lost, Upstream};
use limits::Limits;
use metrics::Metrics;
pub use sign_in::ShortPasswords;
use sign_in::SignIns;
use verifiers::Verifiers;
use visitor::Proxies;

/// How long the body of a sign-in may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// Heads may take longer than proxies keep a connection.
const BOUNDS: Bounds = Bounds { head: Duration::from_secs(90), headers: 200, connections: 8192 };
/// How often purged hashes are wiped from the files, and how many such turns there are between looks at the clock.
const EVERY: Duration = Duration::from_secs(2);
const LOOKS: u32 = 10;
/// The turn in which it is tried whether the key may what the bridge does with it: whoever signs in goes first.
const TRY_KEY: u32 = 3;
/// How long counters are kept, in seconds: no limit is longer than a day.
const DAY: i64 = 86_400;
/// How often the same trouble is told at most.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// How the bridge is set up.
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether [`Config::listen`] may be reachable from other machines.
    pub allow_remote: bool,
    /// The server behind: `https://host:port`.
    pub upstream: String,
    /// Who is believed to say for whom they ask.
    pub proxies: Proxies,
    /// The pages that may use the miss endpoint.
    pub origins: Origins,
    /// What is done about passwords that no Appwrite takes.
    pub short_passwords: ShortPasswords,
    /// Passwords that are verified at a time.
    pub jobs: usize,
    /// Memory for verifying, in MiB.
    pub memory: u32,
    /// How often a password may be guessed.
    pub limits: Limits,
    /// The least time that a refusal takes.
    pub floor: Duration,
}

/// What all requests share.
struct Service {
    project: String,
    upstream: Upstream,
    origins: Origins,
    short_passwords: ShortPasswords,
    vaults: Vec<Arc<Vault>>,
    sign_ins: SignIns,
    verifiers: Arc<Verifiers>,
    floor: Floor,
    metrics: Metrics,
    over: AtomicBool,
    listener: Arc<dyn Listener>,
    told: Mutex<Option<(String, Instant)>>,
    warned_of: Mutex<Option<IpAddr>>,
}

/// Something that is neither the user's fault nor an answer: nothing is said of a password then. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble(String);

impl Trouble {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Trouble(trouble) => trouble,
            Lost::Request => Self::new("a body that was there is not"),
        }
    }
}

/// A bridge that accepts connections.
pub struct Running {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub listen: String,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
    watching: JoinHandle<()>,
}

impl Running {
    /// Stops: requests under way are answered.
    pub async fn stop(self) {
        // The receiver lives as long as the task that is waited for next.
        let _ = self.stop.send(());
        let _ = self.accepting.await;
        self.watching.abort();
    }
}

/// Starts the bridge; it accepts connections when this returns.
///
/// # Errors
/// [`RunError::usage`] for an address that other machines reach, unless that is allowed, and for a server behind that is none;
/// [`RunError::internal`] if the address cannot be listened on; [`RunError::ledger`].
pub async fn start(
    config: Config,
    vaults: Vec<Vault>,
    target: Target,
    listener: Arc<dyn Listener>,
) -> Result<Running, RunError> {
    let listen = config.listen;
    if !listen.ip().is_loopback() && !config.allow_remote {
        return Err(RunError::usage(format!("{listen} can be reached from other machines")).remedy(
            "allow it with --allow-remote, where a proxy on the way keeps out who is to be kept out and speaks https",
        ));
    }
    let vaults: Vec<_> = vaults.into_iter().map(Arc::new).collect();
    let upstream = Upstream::new(&config.upstream, &target.authorities, config.proxies)?;
    let project = target.project.clone();
    let api = Api::new(Client::new(target, 64)?);
    let verifiers = Arc::new(Verifiers::new(config.jobs, config.memory));
    let service = Arc::new(Service {
        project,
        upstream,
        origins: config.origins,
        short_passwords: config.short_passwords,
        sign_ins: SignIns::new(vaults.clone(), api, verifiers.clone(), config.limits)?,
        vaults,
        verifiers,
        floor: Floor::new(config.floor),
        metrics: Metrics::default(),
        over: AtomicBool::new(false),
        listener,
        told: Mutex::default(),
        warned_of: Mutex::default(),
    });
    service.look_at_the_time()?;
    let socket = TcpListener::bind(listen)
        .await
        .map_err(|error| RunError::internal(format!("cannot listen on {listen}")).because(error))?;
    let address = socket.local_addr().map_err(RunError::bug("cannot tell the address"))?;
    let (stop, stopped) = oneshot::channel();
    Ok(Running {
        listen: format!("http://{address}"),
        stop,
        accepting: {
            let service = service.clone();
            listening::spawn(socket, BOUNDS, stopped, move |request, peer| service.clone().serve(request, peer))
        },
        watching: tokio::spawn(watch(service)),
    })
}

impl Service {
    /// Answers a request.
    async fn serve(self: Arc<Self>, request: Request<Incoming>, peer: IpAddr) -> Result<Answer, Infallible> {
        let began = Instant::now();
        self.notice(peer, &request);
        let path = request.uri().path();
        let answer = match (request.method(), path) {
            (&Method::GET | &Method::HEAD, "/healthz") => self.health().await,
            // Who comes through a proxy comes from elsewhere.
            (&Method::GET, "/metrics")
                if peer.to_canonical().is_loopback() && !request.headers().contains_key("x-forwarded-for") =>
            {
                self.figures().await
            }
            (_, miss::PATH) => {
                let (parts, body) = request.into_parts();
                match receive(body).await {
                    Ok(Received::Whole(body)) => miss::answer(&self, &parts, Some(body), peer, began).await,
                    Ok(Received::Longer(_)) => miss::answer(&self, &parts, None, peer, began).await,
                    Err(refusal) => refusal.answer(),
                }
            }
            _ => {
                let (parts, body) = request.into_parts();
                let short = body.size_hint().lower() <= takeover::LONGEST;
                if takeover::is_sign_in(&parts) && short && !self.is_over() {
                    match receive(body).await {
                        Ok(Received::Whole(body)) => takeover::answer(&self, &parts, body, peer, began).await,
                        Ok(Received::Longer(body)) => self.pass(peer, Request::from_parts(parts, body)).await,
                        Err(refusal) => refusal.answer(),
                    }
                } else {
                    self.pass(peer, Request::from_parts(parts, body)).await
                }
            }
        };
        Ok(answer)
    }

    /// Passes a request on.
    async fn pass<B>(&self, peer: IpAddr, request: Request<B>) -> Answer
    where
        B: hyper::body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Broken>,
    {
        let asked = request.headers().clone();
        self.upstream.pass(peer, request).await.unwrap_or_else(|lost| {
            let mut answer = match lost {
                Lost::Request => Refusal::BROKEN.answer(),
                Lost::Trouble(trouble) => {
                    self.trouble(&trouble);
                    Refusal::NOBODY_THERE.answer()
                }
            };
            cors::readable(&asked, answer.headers_mut());
            answer
        })
    }

    /// Whether the bridge can do its work.
    async fn health(&self) -> Answer {
        let vaults = self.vaults.clone();
        match tokio::task::spawn_blocking(move || vaults.iter().try_for_each(|vault| vault.until().map(|_| ()))).await {
            Ok(Ok(())) => said(StatusCode::OK, &json!({"status": "ok", "passing_through_only": self.is_over()})),
            _ => Refusal::TROUBLE.answer(),
        }
    }

    async fn figures(&self) -> Answer {
        let vaults = self.vaults.clone();
        let counted = tokio::task::spawn_blocking(move || {
            let each = vaults.iter().map(|vault| vault.status(0));
            each.reduce(|all, one| Ok(all?.with(one?))).unwrap_or_else(|| Ok(Status::default()))
        });
        let Ok(Ok(status)) = counted.await else { return Refusal::TROUBLE.answer() };
        let mut answer = Response::new(whole(self.metrics.text(&status, self.verifiers.here())));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }

    /// Whether the hashes are purged.
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Purges the hashes when their time is up.
    fn look_at_the_time(&self) -> Result<(), RunError> {
        let now = Timestamp::now();
        let (mut over, mut purged, mut last) = (true, 0, 0);
        for vault in &self.vaults {
            vault.sweep_counters(now.as_second() - DAY)?;
            match vault.until()? {
                Some(until) if until <= now.as_second() => {
                    purged += super::farewell::expire(vault)?;
                    last = last.max(until);
                }
                _ => over = false,
            }
        }
        let was_over = self.over.swap(over, Ordering::Relaxed);
        if purged > 0 || (over && !was_over) {
            // A day ends as the next one begins.
            let date =
                Timestamp::from_second(last - 1).map(|date| date.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            self.listener.on(&Event::Warned(format!(
                "the time of {} was up on {date}: {purged} {} purged{}",
                if over { "this bridge" } else { "a store" },
                if purged == 1 { "hash is" } else { "hashes are" },
                if over { ", and every request is passed on as it is" } else { "" }
            )));
        }
        Ok(())
    }

    /// Wipes what was purged out of the files.
    fn wipe(&self) -> Result<(), RunError> {
        self.vaults.iter().try_for_each(|vault| vault.wipe())
    }

    /// Tells whoever runs the bridge what could not be done.
    fn trouble(&self, Trouble(text): &Trouble) {
        self.metrics.trouble();
        let mut told = locked(&self.told);
        let again = told.as_ref().is_some_and(|(last, at)| last == text && at.elapsed() < TOLD_EVERY);
        if !again {
            self.listener.on(&Event::Warned(text.clone()));
            *told = Some((text.clone(), Instant::now()));
        }
    }

    /// Warns of a proxy that nobody has told us to believe.
    fn notice<B>(&self, peer: IpAddr, request: &Request<B>) {
        if !self.upstream.proxies().seems_untold(peer, request.headers()) {
            return;
        }
        let mut warned_of = locked(&self.warned_of);
        if warned_of.is_none() {
            *warned_of = Some(peer);
            drop(warned_of);
            self.listener.on(&Event::Warned(format!(
                "{peer} says for whom it asks (X-Forwarded-For) and is not believed: everybody behind it counts as one. If \
                 it is your proxy, start the bridge with --trusted-proxy {peer}"
            )));
        }
    }
}

/// Looks at the key once, and from time to time at the clock and at what is to be wiped.
async fn watch(service: Arc<Service>) {
    for turn in 1_u32.. {
        tokio::time::sleep(EVERY).await;
        if turn == TRY_KEY
            && let Some(trouble) = service.sign_ins.api().key_trouble().await
        {
            service.trouble(&trouble);
        }
        let service = service.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let looked = if turn.is_multiple_of(LOOKS) { service.look_at_the_time() } else { Ok(()) };
            if let Err(error) = looked.and_then(|()| service.wipe()) {
                service.trouble(&Trouble::new(error.to_string()));
            }
        });
        let _ = looked.await;
    }
}

/// A body that was read, as far as it is short.
enum Received {
    /// All of it.
    Whole(Bytes),
    /// It is longer than anything that is looked at.
    Longer(Joined),
}

/// Reads a body of up to [`takeover::LONGEST`] bytes.
async fn receive(mut body: Incoming) -> Result<Received, Refusal> {
    let read = async {
        let mut begun = BytesMut::new();
        while let Some(frame) = body.frame().await {
            // Trailers say nothing of a sign-in.
            if let Ok(data) = frame.map_err(|_| Refusal::BROKEN)?.into_data() {
                begun.extend_from_slice(&data);
            }
            if begun.len() as u64 > takeover::LONGEST {
                return Ok(Received::Longer(Joined { begun: Some(begun.freeze()), rest: body }));
            }
        }
        Ok(Received::Whole(begun.freeze()))
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(Refusal::INCOMPLETE))
}

/// A body whose beginning was read already.
struct Joined {
    begun: Option<Bytes>,
    rest: Incoming,
}

impl hyper::body::Body for Joined {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.begun.take() {
            Some(begun) => Poll::Ready(Some(Ok(Frame::data(begun)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
