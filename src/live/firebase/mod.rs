//! Firebase Authentication by a service account: `accounts:batchGet`, page by page, and the hash parameters of the project's
//! configuration. What comes is kept in an unlinked temporary file, as the JSON that `firebase auth:export` writes.

mod token;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::token::{ServiceAccount, Token};
use super::Access;
use crate::appwrite::authorities;
use crate::appwrite::client::{describe, plain};
use crate::error::RunError;
use crate::escape::shown;
use crate::source::FirebaseHashConfig;
use crate::source::systems::firebase_config;

/// Users a page: the most that is given.
const PAGE: u32 = 1000;
/// How often a request is sent that finds no answer or a busy server.
const TRIES: u32 = 7;
/// The pause after the first of them; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that is kept because a server asks for it.
const LONGEST: Duration = Duration::from_secs(60);
/// No page is longer.
const MOST_BYTES: usize = 256 * 1024 * 1024;

const SCHEME: &str = "firebase:";
const API: &str = "https://identitytoolkit.googleapis.com/";

/// Whether this names a project of Firebase.
pub(super) fn is_one(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with(SCHEME))
}

/// What was fetched of a project.
pub(super) struct Fetched {
    /// `{"users": […]}`
    pub users: File,
    /// Its hash parameters, if it says them.
    pub config: Option<FirebaseHashConfig>,
    pub findings: Vec<String>,
}

/// Fetches everybody of `firebase:PROJECT` or `firebase:PROJECT/TENANT`.
///
/// # Errors
/// [`RunError::usage`] for a name that is none, and without a service account; [`RunError::export`] where the project cannot be
/// read to its end.
pub(super) async fn fetch(path: &Path, access: Access<'_>) -> Result<Fetched, RunError> {
    let asks_for_config = !access.has_hash_config;
    let text = path.to_str().unwrap_or_default();
    let (project, tenant) = project(text)?;
    let emulator = std::env::var("FIREBASE_AUTH_EMULATOR_HOST").ok().filter(|host| !host.is_empty());
    let named = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from).filter(|_| emulator.is_none());
    let account = match access.service_account.map(Path::to_owned).or(named) {
        // A token would go there unsealed.
        Some(_) if emulator.as_deref().is_some_and(|host| !is_loopback(host)) => {
            return Err(RunError::usage("FIREBASE_AUTH_EMULATOR_HOST names another machine, to which no key is sent")
                .remedy("unset it to read the project, or leave --service-account out to read that emulator"));
        }
        Some(path) => Some(ServiceAccount::read(&path)?),
        None if emulator.is_some() => None,
        None => {
            return Err(RunError::usage("a Firebase project is read with the key of a service account").remedy(
                "add --service-account FILE.json (Project settings → Service accounts → Generate new private key)",
            ));
        }
    };
    let base = emulator
        .as_ref()
        .map_or_else(|| API.to_owned(), |host| format!("http://{host}/identitytoolkit.googleapis.com/"));
    let base = Url::parse(&base).map_err(|_| RunError::usage("FIREBASE_AUTH_EMULATOR_HOST is like 127.0.0.1:9099"))?;
    let owner =
        tenant.map_or_else(|| format!("projects/{project}"), |tenant| format!("projects/{project}/tenants/{tenant}"));
    let authorities = access.ca_file.map_or_else(|| Ok(Vec::new()), authorities::read)?;
    let mut api = Api { name: text.to_owned(), account, token: None, base, authorities };
    let mut fetched = Fetched {
        users: tempfile::tempfile().map_err(RunError::io(std::env::temp_dir()))?,
        config: None,
        findings: Vec::new(),
    };
    if let Some(host) = &emulator {
        let host = crate::escape::shown(host, 80);
        fetched.findings.push(format!(
            "this is not the project but the emulator at {host}, as FIREBASE_AUTH_EMULATOR_HOST says: unset that to read the project"
        ));
    }
    if asks_for_config {
        let of_config = if tenant.is_some() { format!("v2/{owner}") } else { format!("v2/{owner}/config") };
        let said = api.get(&of_config, &[]).await?;
        match firebase_config::parse(&String::from_utf8_lossy(&said)) {
            Ok(config) => fetched.config = Some(config),
            // Its users' passwords stand there as they were typed.
            Err(_) if emulator.is_some() => {}
            Err(why) => fetched.findings.push(format!(
                "the project's configuration holds no hash parameters ({why}): the service account needs \
                 firebaseauth.configs.getHashConfig, or pass them with --firebase-hash-config"
            )),
        }
    }
    api.users(&owner, &mut fetched.users).await?;
    Ok(fetched)
}

/// Whether `HOST:PORT` is on this machine.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The project and the tenant of a name.
fn project(name: &str) -> Result<(&str, Option<&str>), RunError> {
    let rest = name.strip_prefix(SCHEME).unwrap_or(name);
    let (project, tenant) = rest.split_once('/').map_or((rest, None), |(project, tenant)| (project, Some(tenant)));
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:.".contains(&b));
    if is_id(project) && tenant.is_none_or(is_id) {
        Ok((project, tenant))
    } else {
        Err(RunError::usage("a Firebase project is named as firebase:PROJECT, with its id, or firebase:PROJECT/TENANT"))
    }
}

/// One page of users, each as it was written.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(rename = "nextPageToken", default)]
    next: Option<String>,
}

struct Api {
    name: String,
    /// `None`: the emulator's owner.
    account: Option<ServiceAccount>,
    token: Option<Token>,
    base: Url,
    /// `--ca-file`: authorities that are believed besides the system's.
    authorities: Vec<Certificate>,
}

impl Api {
    async fn users(&mut self, owner: &str, file: &mut File) -> Result<(), RunError> {
        let io = || RunError::io(std::env::temp_dir());
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        out.write_all(b"{\"users\": [").map_err(io())?;
        let (mut count, mut next) = (0_u64, String::new());
        loop {
            let size = PAGE.to_string();
            let mut query = vec![("maxResults", size.as_str())];
            if !next.is_empty() {
                query.push(("nextPageToken", &next));
            }
            let body = self.get(&format!("v1/{owner}/accounts:batchGet"), &query).await?;
            let page: Page<'_> = serde_json::from_slice(&body)
                .map_err(|_| RunError::export(format!("{}: a page of users is no JSON that is known", self.name)))?;
            for user in &page.users {
                out.write_all(if count == 0 { b"\n" } else { b",\n" }).map_err(io())?;
                out.write_all(user.get().as_bytes()).map_err(io())?;
                count += 1;
            }
            tracing::info!(target: crate::event::RUN, users = count, "fetched");
            match page.next.filter(|token| !token.is_empty()) {
                Some(token) if token == next => {
                    return Err(RunError::export(format!(
                        "{}: the same page of users comes again and again",
                        self.name
                    )));
                }
                // Firebase gives a token with the last full page, too, and an empty one after it.
                Some(token) if !page.users.is_empty() => next = token,
                _ => break,
            }
        }
        out.write_all(b"\n]}\n").and_then(|()| out.flush()).map_err(io())
    }

    /// The body of what is at this path, asked for until there is one.
    async fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, RunError> {
        let mut url = self.base.join(path).map_err(|_| RunError::internal("no path"))?;
        url.query_pairs_mut().extend_pairs(query);
        let mut renewed = false;
        loop {
            if self.token.as_ref().is_none_or(Token::is_over) {
                self.token = Some(self.new_token().await?);
            }
            let bearer = self.token.as_ref().map(|token| token.text.as_str()).unwrap_or_default();
            let (status, body) = self.asked(Method::GET, &url, Some(bearer), None).await?;
            if status.is_success() {
                return Ok(body);
            }
            if status == StatusCode::UNAUTHORIZED && !renewed && self.account.is_some() {
                renewed = true;
                self.token = None;
                continue;
            }
            let remedy = match status.as_u16() {
                401 => "the service account's key is no longer valid: make another one",
                403 => {
                    "give the service account the role Firebase Authentication Admin, which reads users with their hashes"
                }
                404 => "is this the project's id, and does it use Firebase Authentication?",
                _ => "try again, or export with `firebase auth:export users.json`",
            };
            return Err(RunError::export(format!("{}: {}", self.name, said(status, &body))).remedy(remedy));
        }
    }

    async fn new_token(&self) -> Result<Token, RunError> {
        let Some(account) = &self.account else { return Ok(Token::of_emulator()) };
        let url = Url::parse(account.endpoint())
            .map_err(|_| RunError::usage("the service account's token_uri is no address"))?;
        let request = account.request(jiff::Timestamp::now().as_second())?;
        let (status, body) = self.asked(Method::POST, &url, None, Some(&request)).await?;
        let token = Token::of(&body).filter(|_| status.is_success());
        token.ok_or_else(|| {
            RunError::export(format!("{}: no access token: {}", self.name, said(status, &body))).remedy(
                "is the key still there under Project settings → Service accounts, and this machine's clock right?",
            )
        })
    }

    /// Sends a request until there is an answer that another try would not change.
    async fn asked(
        &self,
        method: Method,
        url: &Url,
        bearer: Option<&str>,
        form: Option<&str>,
    ) -> Result<(StatusCode, Vec<u8>), RunError> {
        let client = plain(url, &self.authorities)?;
        let mut pause = PAUSE;
        for last in (0..TRIES).map(|tried| tried + 1 == TRIES) {
            let mut request = client.request(method.clone(), url.clone());
            if let Some(bearer) = bearer {
                request = request.bearer_auth(bearer);
            }
            if let Some(form) = form {
                request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
            }
            let wait = match request.send().await {
                Ok(response) => {
                    let status = response.status();
                    let after =
                        response.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
                    match body_of(response).await {
                        Ok(None) => return Err(RunError::export(format!("{}: an answer is too long", self.name))),
                        Ok(Some(body))
                            if last || !(status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS) =>
                        {
                            return Ok((status, body));
                        }
                        Ok(Some(_)) => after.map(Duration::from_secs),
                        Err(error) if last => return Err(self.unanswered(&error)),
                        Err(_) => None,
                    }
                }
                Err(error) if last => return Err(self.unanswered(&error)),
                Err(_) => None,
            };
            tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST)).await;
            pause *= 2;
        }
        Err(RunError::internal("no try was the last"))
    }

    fn unanswered(&self, error: &reqwest::Error) -> RunError {
        RunError::export(format!("{}: no answer: {}", self.name, describe(error)))
            .remedy("run the same command again: nothing was taken from a part")
    }
}

/// The body, unless it is of more than [`MOST_BYTES`].
async fn body_of(mut response: reqwest::Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > MOST_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&part);
    }
    Ok(Some(body))
}

/// What an answer says that is no success: Google's words, without what it may quote.
fn said(status: StatusCode, body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &json["error"];
    let text = error["message"].as_str().or_else(|| json["error_description"].as_str()).or_else(|| error.as_str());
    format!("HTTP {}{}", status.as_u16(), text.map_or_else(String::new, |text| format!(", {}", shown(text, 200))))
}
