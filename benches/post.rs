//! The fastest import there could be: a bare loop that posts the requests of `rehome plan --reveal`, to compare with.
//!
//! ```sh
//! rehome plan users.json --reveal > plan.ndjson
//! APPWRITE_API_KEY=… cargo bench --bench post -- http://127.0.0.1:8090/v1 PROJECT CONCURRENCY < plan.ndjson
//! ```
//!
//! Each of so many workers takes the next user, sends the create and then the steps, one after the other, as an import
//! must; nothing is recorded, checked or retried. With `--echo` it is the other side instead: a server that parses a body
//! and answers it, to compare the sandbox with.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use axum::Json;
use axum::http::StatusCode;
use serde_json::Value;

/// Whatever goes wrong ends the measurement.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A request as it goes out.
struct Request {
    method: reqwest::Method,
    url: String,
    body: Vec<u8>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    // cargo adds `--bench` to the arguments of every benchmark.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match &args[..] {
        [echo] if echo == "--echo" => serve().await,
        [endpoint, project, concurrency] => post(endpoint, project, concurrency.parse()?).await,
        // A plain `cargo bench` runs this too.
        [] => {
            println!("post: cargo bench --bench post -- ENDPOINT PROJECT CONCURRENCY < plan.ndjson, or --echo");
            Ok(())
        }
        _ => Err("wants an endpoint, a project and a concurrency".into()),
    }
}

/// Prints one line like the sandbox's when it is ready.
async fn serve() -> Outcome<()> {
    async fn echo(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
        (StatusCode::CREATED, Json(body))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!(r#"{{"endpoint":"http://{}/v1","project":"bench","key":"none"}}"#, listener.local_addr()?);
    Ok(axum::serve(listener, axum::Router::new().fallback(echo)).await?)
}

async fn post(endpoint: &str, project: &str, concurrency: usize) -> Outcome<()> {
    // Fails only where a provider is installed already, and then there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = std::env::var("APPWRITE_API_KEY").unwrap_or_default();
    let headers = [("x-appwrite-project", project), ("x-appwrite-key", &key), ("content-type", "application/json")]
        .into_iter()
        .map(|(name, value)| Ok((name.parse()?, value.parse()?)))
        .collect::<Outcome<reqwest::header::HeaderMap>>()?;
    let client = reqwest::Client::builder().default_headers(headers).no_proxy().build()?;

    let users = read(endpoint)?;
    let (next, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = Arc::new((client, users, next, refused));
    let start = Instant::now();
    let workers: Vec<_> = (0..concurrency).map(|_| tokio::spawn(worker(Arc::clone(&work)))).collect();
    for worker in workers {
        worker.await??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let (_, users, _, refused) = &*work;
    let requests: usize = users.iter().map(Vec::len).sum();
    println!(
        r#"{{"users":{},"requests":{requests},"refused":{},"seconds":{seconds:.3}}}"#,
        users.len(),
        refused.load(Ordering::Relaxed)
    );
    Ok(())
}

async fn worker(work: Arc<(reqwest::Client, Vec<Vec<Request>>, AtomicUsize, AtomicU64)>) -> Outcome<()> {
    let (client, users, next, refused) = &*work;
    while let Some(requests) = users.get(next.fetch_add(1, Ordering::Relaxed)) {
        for request in requests {
            let request = client.request(request.method.clone(), &request.url).body(request.body.clone());
            let answer = request.send().await?;
            refused.fetch_add(u64::from(!answer.status().is_success()), Ordering::Relaxed);
            answer.bytes().await?;
        }
    }
    Ok(())
}

/// The requests of every user that has any.
fn read(endpoint: &str) -> Outcome<Vec<Vec<Request>>> {
    let mut users = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let plan: Value = serde_json::from_str(&line?)?;
        let Some(create) = plan.get("create") else { continue };
        let steps = plan["steps"].as_array().map_or(&[][..], Vec::as_slice);
        let requests = std::iter::once(create).chain(steps).map(|request| {
            Ok(Request {
                method: request["method"].as_str().unwrap_or("POST").parse()?,
                url: format!("{endpoint}{}", request["path"].as_str().unwrap_or_default()),
                body: serde_json::to_vec(&request["body"])?,
            })
        });
        users.push(requests.collect::<Outcome<_>>()?);
    }
    Ok(users)
}
