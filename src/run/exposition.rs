//! The numbers of a session where a monitoring system finds them: in a file for node_exporter's textfile collector, and on an
//! address of this machine.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::gauges::Gauges;
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::ledger::Reader;
use crate::listening::{self, Bounds};
use crate::runtime;

/// How often the ledger is counted and the file written.
const EVERY: Duration = Duration::from_secs(15);
/// A monitoring system asks with one connection, and little else has a reason to.
const BOUNDS: Bounds = Bounds { head: Duration::from_secs(15), headers: 100, connections: 16 };
/// The text form.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the numbers go.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// `--metrics-file`
    pub file: Option<PathBuf>,
    /// `--metrics`
    pub listen: Option<SocketAddr>,
}

/// `9464`, which is 127.0.0.1:9464; another address only where it is named.
///
/// # Errors
/// A sentence for anything else.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let port = || text.parse().ok().map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    text.parse().ok().or_else(port).ok_or_else(|| "an address is written 127.0.0.1:9464, or 9464 alone".into())
}

/// What shows the numbers while a session works.
pub struct Exposition {
    shared: Arc<Shared>,
    /// Ends the thread, and the thread; none where nobody wants the numbers.
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

struct Shared {
    gauges: Gauges,
    labels: Vec<(&'static str, String)>,
    folder: PathBuf,
    file: Option<PathBuf>,
}

impl Exposition {
    /// Begins to show the numbers of the run of this folder, which need not be there yet.
    ///
    /// # Errors
    /// [`RunError::io`] where the file cannot be written, [`RunError::usage`] where the address cannot be listened on.
    pub fn begin(
        places: Places,
        gauges: Gauges,
        folder: &Path,
        shard: &str,
        listener: &Arc<dyn Listener>,
    ) -> Result<Self, RunError> {
        let name = std::path::absolute(folder).ok().and_then(|path| Some(path.file_name()?.display().to_string()));
        let mut labels = vec![("run", name.unwrap_or_default())];
        if !shard.is_empty() {
            labels.push(("shard", shard.to_owned()));
        }
        let shared = Arc::new(Shared { gauges, labels, folder: folder.to_owned(), file: places.file });
        if shared.file.is_none() && places.listen.is_none() {
            return Ok(Self { shared, thread: None });
        }
        shared.write()?;
        let runtime = runtime::errands()?;
        let socket = places.listen.map(|address| listen(&runtime, address, listener)).transpose()?;
        let (stop, stopped) = oneshot::channel();
        let (working, listener) = (shared.clone(), listener.clone());
        let thread = std::thread::spawn(move || runtime.block_on(show(working, socket, stopped, listener)));
        Ok(Self { shared, thread: Some((stop, thread)) })
    }

    /// Shows how the session ended, for the last time.
    pub fn end(self, ended: &Result<Finish, RunError>) {
        let Some((stop, thread)) = self.thread else { return };
        let code = ended.as_ref().map_or_else(RunError::exit_code, |finish| finish.exit_code());
        self.shared.gauges.ended(code);
        let _ = stop.send(());
        let _ = thread.join();
        self.shared.count();
        // What could not be written was said.
        let _ = self.shared.write();
    }
}

fn listen(
    runtime: &tokio::runtime::Runtime,
    address: SocketAddr,
    listener: &Arc<dyn Listener>,
) -> Result<TcpListener, RunError> {
    let failed = |error| {
        RunError::usage(format!("cannot show metrics on {address}"))
            .because(error)
            .remedy("name another port: --metrics")
    };
    let socket = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    listener.on(&Event::Said(format!("metrics: http://{address}/metrics")));
    if !address.ip().is_loopback() {
        listener.on(&Event::Warned(format!("whoever reaches {address} can read how the run goes")));
    }
    Ok(socket)
}

/// Works until the session ends.
async fn show(
    shared: Arc<Shared>,
    socket: Option<TcpListener>,
    mut stopped: oneshot::Receiver<()>,
    listener: Arc<dyn Listener>,
) {
    let (stop_serving, serving_stops) = oneshot::channel();
    let serving = socket.map(|socket| {
        let shared = shared.clone();
        listening::spawn(socket, BOUNDS, serving_stops, move |request: hyper::Request<_>, _| {
            let answer = shared.answer(request.method(), request.uri().path());
            async move { Ok::<_, Infallible>(answer) }
        })
    });
    let mut failed = false;
    loop {
        shared.count();
        if let Err(error) = shared.write()
            && !std::mem::replace(&mut failed, true)
        {
            listener.on(&Event::Warned(format!("metrics cannot be written any more: {error}")));
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = &mut stopped => break,
        }
    }
    let _ = stop_serving.send(());
    if let Some(serving) = serving {
        // Nobody is waited for who keeps a connection open.
        let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    }
}

impl Shared {
    /// Counts the ledger, once there is one.
    fn count(&self) {
        if let Ok(counts) = Reader::open(&self.folder).and_then(|reader| reader.counts()) {
            self.gauges.ledger_says(counts);
        }
    }

    fn text(&self) -> String {
        self.gauges.text(&self.labels)
    }

    /// Replaces the file, whole, readable by everybody: the collector is another user.
    fn write(&self) -> Result<(), RunError> {
        let Some(path) = &self.file else { return Ok(()) };
        let folder = path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            // The collector reads what ends in .prom.
            let mut file = tempfile::Builder::new().prefix(".rehome.").suffix(".tmp").tempfile_in(folder)?;
            file.write_all(self.text().as_bytes())?;
            #[cfg(unix)]
            file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(RunError::io(path))
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (status, text) = match (method, path) {
            (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, self.text()),
            (&Method::GET | &Method::HEAD, _) => (StatusCode::NOT_FOUND, "metrics are at /metrics\n".to_owned()),
            _ => (StatusCode::METHOD_NOT_ALLOWED, "GET /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(FORM));
        response
    }
}
