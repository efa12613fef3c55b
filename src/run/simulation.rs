//! The whole of it against worlds that do as they like: 10,000 users, each with answers of their own from a seed, some
//! worlds gone for good. In each, every user ends done, refused for a reason that is true, or left for the next run; and
//! the next run, in a world that is well, finishes everybody who can be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::RunFolder;
use super::compare::compare;
use super::context::Context;
use super::gate::{Gate, Limits};
use super::job::{Job, Noted};
use super::saga;
use super::stop::Stop;
use super::window::Hold;
use crate::appwrite::answer::{Answer, Lost};
use crate::appwrite::wire::{Create, CreateBody, PasswordFields, Request, Step, User};
use crate::appwrite::{Client, Endpoint, Target};
use crate::event::Silent;
use crate::folder::Locked;
use crate::ledger::{self, Entry, Event, Identity, State, Steps};
use crate::plan::Plan;

const WORLDS: u64 = 20;
const USERS: u64 = 500;
/// By the gate's own time: a thousand requests, since five of a rare kind in a row are no outage.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is wrong with a record for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    Well,
    /// The target refuses it.
    Invalid,
    /// Something in front of the target does.
    Blocked,
    /// The target chokes on it.
    Poison,
    /// Somebody else has the id, or the address.
    IdTaken,
    EmailTaken,
}

fn fate(record: u64) -> Fate {
    match record % 50 {
        7 => Fate::Invalid,
        17 => Fate::Blocked,
        27 => Fate::Poison,
        37 => Fate::IdTaken,
        47 => Fate::EmailTaken,
        _ => Fate::Well,
    }
}

fn job(record: u64) -> Job {
    let user_id = format!("user-{record}");
    let email = format!("{user_id}@example.com");
    let mut steps = Vec::new();
    if record.is_multiple_of(3) {
        steps.push(Step::Disable);
    }
    if record.is_multiple_of(4) {
        steps.push(Step::Phone(format!("+49151{record:08}").into()));
    }
    if record.is_multiple_of(5) {
        let Value::Object(prefs) = json!({"seat": record, "list": {"0": "x"}}) else { unreachable!() };
        steps.push(Step::Prefs(prefs));
    }
    if record.is_multiple_of(2) {
        steps.push(Step::VerifyEmail);
    }
    if record.is_multiple_of(7) {
        steps.push(Step::Labels(vec!["vip".into()]));
    }
    let password = PasswordFields { password: format!("{record:032x}").into(), ..Default::default() };
    let body = CreateBody {
        user_id: user_id.clone().into(),
        email: Some(email.clone().into()),
        phone: None,
        name: None,
        password: Some(password),
    };
    Job::new(
        record,
        &Plan {
            source_id: user_id.clone().into(),
            user_id: user_id.into(),
            email: Some(email.into()),
            phone: None,
            scheme: "md5",
            conversion: Vec::new(),
            create: Create { endpoint: Endpoint::Md5, body },
            steps: steps.into(),
            notes: Vec::new(),
            bridged: None,
        },
    )
}

/// The target, and what stands before it.
struct World {
    users: HashMap<String, Value>,
    rng: fastrand::Rng,
    /// How often something goes wrong.
    odds: f64,
    /// After so many requests nothing is ever answered again.
    until: u64,
    requests: u64,
    clock: crate::appwrite::Clock,
}

fn said(status: u16, body: &Value) -> Result<Answer, Lost> {
    Ok(Answer::of(status, Bytes::from(body.to_string())))
}

fn error(status: u16, kind: &str) -> Result<Answer, Lost> {
    said(status, &json!({"type": kind, "message": kind, "code": status}))
}

fn html(status: u16) -> Result<Answer, Lost> {
    Ok(Answer::of(status, Bytes::from_static(b"<html>")))
}

impl World {
    fn answer(&mut self, request: &Request) -> Result<Answer, Lost> {
        self.requests += 1;
        let (method, path, body) = request.parts();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if self.requests > self.until {
            return html(502);
        }
        let fault = if self.rng.f64() < self.odds { self.rng.u8(1..20) } else { 0 };
        match fault {
            1 => return Err(Lost::Unsent("refused".into())),
            2 => return Err(Lost::Unanswered("reset".into())),
            3 => return error(500, "general_unknown"),
            4 => return html(503),
            5 => return html(200),
            6 => return said(200, &json!({"status": "blocked"})),
            7 => return html(403),
            8 => return html(404),
            9 => return error(429, "general_rate_limit_exceeded"),
            // Of a user only: of everybody it would be the key's end.
            10 if path.contains("user-") || body["userId"].is_string() => {
                return error(401, "general_unauthorized_scope");
            }
            // A copy of the database that is behind.
            11 if method == "PATCH" => return error(404, "user_not_found"),
            _ => {}
        }
        let answer = self.done(method, path, &body);
        match fault {
            12 if method == "POST" => said(201, &json!({"$id": body["userId"], "hash": "sha", "status": true})),
            13 => Err(Lost::Unanswered("lost".into())),
            14 => error(500, "general_unknown"),
            15 => html(504),
            16 => html(200),
            17 => said(201, &json!({"$id": "somebody", "status": false, "emailVerification": true})),
            // Sent twice by something in between.
            18 | 19 => self.done(method, path, &body),
            _ => answer,
        }
    }

    /// As Appwrite does it.
    fn done(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer, Lost> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let at = jiff::Timestamp::from_millisecond(self.clock.now())
            .expect("a moment")
            .strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00");
        let at = json!(at.to_string());
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = path.trim_start_matches("/users").trim_start_matches('/').splitn(2, '/');
        let (id, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match method {
            "GET" if id.is_empty() => {
                let found = self.users.values().filter(|user| {
                    ["email", "phone"].iter().any(|name| {
                        user[name]
                            .as_str()
                            .filter(|v| !v.is_empty())
                            .is_some_and(|v| query.contains(&v.replace('@', "%40").replace('+', "%2B")))
                    })
                });
                said(200, &json!({"users": found.collect::<Vec<_>>()}))
            }
            "GET" => self.users.get(id).map_or_else(|| error(404, "user_not_found"), |user| said(200, user)),
            "POST" => {
                let (id, email) = (text("userId"), text("email"));
                let record = id.strip_prefix("user-").and_then(|n| n.parse().ok());
                match record.map(fate) {
                    None | Some(Fate::Invalid) => return error(400, "general_argument_invalid"),
                    Some(Fate::Blocked) => return html(403),
                    Some(Fate::Poison) => return error(500, "general_unknown"),
                    _ => {}
                }
                if self.users.contains_key(&id) || self.users.values().any(|user| user["email"] == email) {
                    return error(409, "user_already_exists");
                }
                let user = json!({
                    "$id": id, "$createdAt": at, "$updatedAt": at, "email": email, "phone": "", "name": "", "hash": "md5",
                    "password": body["password"], "status": true, "emailVerification": false,
                    "phoneVerification": false, "labels": [], "prefs": [],
                });
                self.users.insert(id.clone(), user);
                said(201, &self.users[&id])
            }
            _ => {
                let Some(user) = self.users.get_mut(id) else { return error(404, "user_not_found") };
                user["$updatedAt"] = at;
                match rest {
                    "phone" if user["phone"] == body["number"] => return error(409, "user_target_already_exists"),
                    "phone" => user["phone"] = body["number"].clone(),
                    "prefs" => {
                        // PHP makes a list of it.
                        user["prefs"] = body["prefs"].clone();
                        user["prefs"]["list"] = json!(["x"]);
                        return said(200, &user["prefs"]);
                    }
                    _ => {
                        for (name, value) in body.as_object().expect("an object") {
                            user[name] = value.clone();
                        }
                    }
                }
                said(200, user)
            }
        }
    }
}

/// Brings all users who are not settled as far as they come; whether the run was stopped.
fn session(folder: &Locked, world: &Arc<Mutex<World>>, target: &Target) -> (Option<String>, HashMap<u64, Entry>) {
    let identity = Identity {
        export: String::new(),
        reading: String::new(),
        hash_config: String::new(),
        endpoint: String::new(),
        project: String::new(),
        shard: String::new(),
    };
    let (ledger, reader) = ledger::open(folder, &identity, "{}", "LATER", Arc::new(Silent)).expect("a ledger");
    let known: HashMap<u64, Entry> = reader.range(1, USERS).expect("rows").into_iter().map(|e| (e.record, e)).collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let answering = world.clone();
    let client = Client::scripted(target.clone(), move |request| answering.lock().expect("a lock").answer(request));
    let limits = Limits { concurrency: 32, rate: None, give_up_after: PATIENCE };
    let stop = Stop::default();
    let done = reader.done_before().expect("rows");
    let context = Arc::new(Context {
        gate: Gate::new(client, limits, Arc::new(Silent)),
        ledger: ledger.sender(),
        stop: stop.clone(),
        hold: Hold::default(),
    });
    context.gate.remember(done);
    runtime.block_on(async {
        let mut jobs = Vec::new();
        let mut rows = Vec::new();
        for record in 1..=USERS {
            let mut job = job(record);
            let entry = known.get(&record);
            let (state, steps, at) = entry.map_or((State::Planned, Steps::NONE, 0), |e| (e.state, e.steps, e.at));
            if state.is_settled() {
                continue;
            }
            (job.state, job.known) = state.next(steps, Event::Intend).expect("it can be begun");
            job.given_up_before = entry.is_some_and(Entry::was_given_up);
            job.tried_since =
                matches!(state, State::Intended | State::Created | State::Failed).then_some(Noted { at, ahead: 0 });
            rows.push(Entry {
                record,
                user_id: job.user_id().to_owned(),
                source_id: job.source_id.clone(),
                state: job.state,
                steps: job.known,
                at: job.tried_since.map_or_else(|| context.gate.clock().earliest(), |noted| noted.at),
                code: None,
                text: None,
                left: None,
            });
            jobs.push(job);
        }
        context.ledger.intend(rows).await.expect("durable");
        let places = Arc::new(tokio::sync::Semaphore::new(64));
        let mut running = tokio::task::JoinSet::new();
        for job in jobs {
            let place = places.clone().acquire_owned().await.expect("open");
            if stop.is_set() {
                break;
            }
            let context = context.clone();
            running.spawn(async move {
                let _ = saga::run(&context, job).await;
                drop(place);
            });
        }
        running.join_all().await;
        context.ledger.sync().await.expect("durable");
    });
    drop(context);
    drop(runtime);
    ledger.close().expect("written");
    let entries = reader.range(1, USERS).expect("rows").into_iter().map(|e| (e.record, e)).collect();
    (stop.take_reason().map(|reason| reason.to_string()), entries)
}

#[test]
fn ten_thousand_users_end_done_or_truly_refused_or_left() {
    let mut seen: HashMap<(State, Fate), u64> = HashMap::new();
    for seed in 0..WORLDS {
        let target = Target::new("http://127.0.0.1/v1", "p", "k");
        target.clock.saw_stamp(Instant::now(), jiff::Timestamp::now().as_millisecond() + 7_200_000);
        let mut users = HashMap::new();
        for record in 1..=USERS {
            let id = match fate(record) {
                Fate::IdTaken => format!("user-{record}"),
                Fate::EmailTaken => format!("other-{record}"),
                _ => continue,
            };
            let email =
                if id.starts_with("user") { format!("x{record}@x.test") } else { format!("user-{record}@example.com") };
            let user =
                json!({"$id": id, "$createdAt": "2020-01-01T00:00:00.000+00:00", "email": email, "status": true});
            users.insert(id, user);
        }
        let world = World {
            users,
            rng: fastrand::Rng::with_seed(seed),
            odds: [0.05, 0.2, 0.4, 0.6][(seed % 4) as usize],
            until: if seed % 5 == 4 { 300 + 100 * seed } else { u64::MAX },
            requests: 0,
            clock: target.clock.clone(),
        };
        let ends = world.until < u64::MAX;
        let world = Arc::new(Mutex::new(world));
        let home = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::create(home.path()).expect("a folder of a run");
        let (stopped, entries) = session(&folder, &world, &target);
        assert_eq!(stopped.is_some(), ends, "world {seed}: {stopped:?}");
        for record in 1..=USERS {
            check(seed, record, &entries[&record], &world, stopped.is_some());
            *seen.entry((entries[&record].state, fate(record))).or_default() += 1;
        }
        // The next run, in a world that is well.
        {
            let mut world = world.lock().expect("a lock");
            (world.odds, world.until) = (0.0, u64::MAX);
        }
        let (stopped, entries) = session(&folder, &world, &target);
        assert_eq!(stopped, None, "world {seed} is well");
        for record in 1..=USERS {
            let entry = &entries[&record];
            check(seed, record, entry, &world, false);
            let expected = match fate(record) {
                // One that something sent twice, and whose first answer nobody saw.
                Fate::Well if entry.state == State::Present => State::Present,
                Fate::Well => State::Done,
                Fate::Invalid => State::Refused,
                Fate::Blocked | Fate::Poison => State::Failed,
                Fate::IdTaken | Fate::EmailTaken => State::Conflict,
            };
            assert_eq!(entry.state, expected, "world {seed}, record {record}: {entry:?}");
        }
    }
    // All of it did happen.
    for state in [State::Done, State::Refused, State::Failed, State::Conflict, State::Intended] {
        assert!(seen.iter().any(|((s, _), n)| *s == state && *n > 0), "{state:?}: {seen:?}");
    }
}

/// What the ledger says is so.
fn check(seed: u64, record: u64, entry: &Entry, world: &Mutex<World>, stopped: bool) {
    let world = world.lock().expect("a lock");
    let there = world.users.get(&entry.user_id);
    let what = format!("world {seed}, record {record}, {:?}: {entry:?}", fate(record));
    let text = entry.text.as_deref().unwrap_or_default();
    match entry.state {
        State::Done | State::Present => {
            let user: User = serde_json::from_value(there.expect(&what).clone()).expect("a user");
            assert!(compare(&job(record), &user).is_same(), "{what}");
        }
        State::Refused => assert!(fate(record) == Fate::Invalid && there.is_none(), "{what}"),
        State::Conflict => {
            assert!(matches!(fate(record), Fate::IdTaken | Fate::EmailTaken), "{what}");
            assert!(text.contains("belongs to the target's user"), "{what}");
        }
        State::Failed => assert!(text.contains("given up after"), "{what}"),
        State::Intended | State::Created => assert!(stopped, "{what}"),
        State::Planned | State::RolledBack => panic!("{what}"),
    }
}
