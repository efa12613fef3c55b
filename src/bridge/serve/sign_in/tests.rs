//! The way of a password, against a server that is a function: what is asked of it, in which order, and what is left in the
//! store.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::account::HashInput;
use crate::appwrite::answer::{Answer, Lost};
use crate::appwrite::wire::Request;
use crate::appwrite::{Client, Target, Version};
use crate::bridge::{Place, STORE, Sealing};
use crate::scheme::{Kept, resolve};

/// SHA-1 of salt and password, LDAP's way: quick.
const SSHA: &str = "{SSHA}Ki+Q9Ri8Nn2QN1jUbcaqfsgK/pJOYUNs";
const RIGHT: &str = "correct horse";

/// A user at a server, as far as the bridge looks.
#[derive(Default)]
struct World {
    user: Mutex<Value>,
    asked: Mutex<Vec<String>>,
    /// What the server says to a new password.
    policy: Mutex<Option<(u16, &'static str)>>,
    patches: AtomicUsize,
    /// Answers to new passwords that are lost after they were done.
    lost: AtomicUsize,
}

impl World {
    fn answer(&self, request: &Request) -> Result<Answer, Lost> {
        let (method, path, body) = request.parts();
        locked(&self.asked).push(format!("{method} {path}"));
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let said = |status: u16, body: Value| Ok(Answer::of(status, body.to_string().into()));
        let mut user = locked(&self.user);
        match (method, path) {
            _ if user.is_null() => said(404, json!({"type": "user_not_found", "message": "m"})),
            ("GET", "/users/ann") => said(200, user.clone()),
            ("PATCH", "/users/ann/password") => {
                self.patches.fetch_add(1, Ordering::SeqCst);
                if let Some((status, kind)) = *locked(&self.policy) {
                    return said(status, json!({"type": kind, "message": "m"}));
                }
                user["password"] = format!("hash of {}", body["password"].as_str().expect("text")).into();
                user["passwordUpdate"] = "2020-01-01T00:00:00.000+00:00".into();
                if self.lost.load(Ordering::SeqCst) > 0 {
                    self.lost.fetch_sub(1, Ordering::SeqCst);
                    return Err(Lost::Unanswered("reset".into()));
                }
                said(200, user.clone())
            }
            ("POST", "/users/ann/tokens") => said(201, json!({"secret": "s3cret"})),
            _ => said(404, json!({"type": "general_route_not_found", "message": "m"})),
        }
    }

    fn set(&self, name: &str, value: impl Into<Value>) {
        locked(&self.user)[name] = value.into();
    }
}

struct Home {
    _folder: tempfile::TempDir,
    world: Arc<World>,
    vault: Arc<Vault>,
    sign_ins: Arc<SignIns>,
}

fn home() -> Home {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place { endpoint: "http://127.0.0.1/v1".into(), project: "p".into() };
    let key = Key::generate().expect("a key");
    let vault = Arc::new(Vault::create(&folder.path().join(STORE), key, &place, None).expect("a store"));
    let input = HashInput { hash: SSHA.into(), ..HashInput::default() };
    let kept = Kept::of(&input, &resolve(&input, Version::NEWEST.profile())).expect("can be kept");
    assert_eq!(kept.verify(RIGHT.as_bytes()), Some(true), "the test's own hash");
    let ann =
        Sealing { user_id: "ann", email: Some("ann@example.com"), login: Some("annie"), left: Some(""), kept: &kept };
    vault.seal([ann]).expect("sealed");
    let world = Arc::new(World::default());
    *locked(&world.user) = json!({"$id": "ann", "email": "ann@example.com", "password": "", "status": true});
    let asked = world.clone();
    let target = Target::new("http://127.0.0.1/v1", "p", "k");
    let client = Client::scripted(target, move |request| asked.answer(request));
    let rate = |text: &str| text.parse().expect("a rate");
    let limits = Limits { per_address: rate("3/h"), per_ip: rate("6/min") };
    let sign_ins = SignIns::new(vec![vault.clone()], Api::new(client), Arc::new(Verifiers::new(2, 64)), limits);
    Home { _folder: folder, world, vault, sign_ins: Arc::new(sign_ins.expect("set up")) }
}

impl Home {
    async fn tries(&self, password: &str) -> End {
        self.comes(&attempt(Who::Address("Ann@Example.com".into()), password)).await
    }

    async fn comes(&self, attempt: &Attempt) -> End {
        self.sign_ins.first(attempt).await.expect("no trouble")
    }

    fn state(&self) -> (State, bool) {
        let entry = self.vault.by_id("ann").expect("looked up").expect("there");
        (entry.state, self.vault.unseal(&entry).expect("unsealed").is_some())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.world.asked))
    }
}

fn attempt(who: Who, password: &str) -> Attempt {
    let from = "198.51.100.7".parse().expect("an address");
    Attempt { who, password: Zeroizing::new(password.to_owned()), from, began: Instant::now(), is_miss: false }
}

#[tokio::test]
async fn the_right_password_moves_and_its_hash_is_forgotten() {
    let home = home();
    assert_eq!(home.tries(RIGHT).await, End::Moved);
    assert_eq!(home.asked(), ["GET /users/ann", "PATCH /users/ann/password"]);
    assert_eq!(home.state(), (State::Migrated, false));
    assert_eq!(locked(&home.world.user)["password"], "hash of correct horse");
    assert_eq!(home.tries(RIGHT).await, End::Stands(Why::Settled));
    assert!(home.asked().is_empty(), "Appwrite alone knows it from now on");
}

#[tokio::test]
async fn wrong_passwords_ask_nothing_and_are_limited() {
    let home = home();
    for password in ["wrong", "correct horse ", "Correct horse"] {
        assert_eq!(home.tries(password).await, End::Stands(Why::Wrong), "{password}");
    }
    assert_eq!(home.tries(RIGHT).await, End::Stands(Why::Limited));
    for _ in 0..3 {
        let stranger = attempt(Who::Address("eve@example.com".into()), RIGHT);
        assert_eq!(home.comes(&stranger).await, End::Stands(Why::Unknown));
    }
    let seventh = attempt(Who::Address("eve@example.com".into()), RIGHT);
    assert_eq!(home.comes(&seventh).await, End::Stands(Why::Limited), "six from one place");
    assert!(home.asked().is_empty());
    assert_eq!(home.state(), (State::Pending, true));
}

#[tokio::test]
async fn many_at_once_move_it_once_and_all_hear_so() {
    let home = home();
    let all = (0..32).map(|n| {
        let sign_ins = home.sign_ins.clone();
        let password = if n % 8 == 7 { "wrong" } else { RIGHT };
        let attempt = attempt(Who::Address("ann@example.com".into()), password);
        tokio::spawn(async move { (password, sign_ins.first(&attempt).await.expect("no trouble")) })
    });
    for one in all.collect::<Vec<_>>() {
        let (password, end) = one.await.expect("it ends");
        if password == RIGHT {
            assert_eq!(end, End::Moved);
        } else {
            assert!(matches!(end, End::Stands(Why::Wrong | Why::Settled | Why::Limited)), "{end:?}");
        }
    }
    assert_eq!(home.world.patches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_newer_password_is_never_overwritten() {
    for (moment, why) in [("2020-01-01T00:00:00.000+00:00".to_owned(), Why::Superseded), (stamp(), Why::JustSet)] {
        let home = home();
        home.world.set("password", "$argon2id$newer");
        home.world.set("passwordUpdate", moment);
        assert_eq!(home.tries(RIGHT).await, End::Stands(why));
        assert_eq!(home.asked(), ["GET /users/ann"]);
        if why == Why::JustSet {
            // Whoever came through another bridge has set this very one: Appwrite says.
            assert_eq!(home.state(), (State::Pending, true));
            assert!(home.sign_ins.overtaken("ann@example.com").await.expect("no trouble"));
        }
        assert_eq!(home.state(), (State::Superseded, false));
    }
}

fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000+00:00").to_string()
}

#[tokio::test]
async fn what_appwrite_does_not_take_becomes_a_token_and_stays() {
    for kind in ["general_argument_invalid", "password_recently_used", "password_personal_data", "password_pwned"] {
        let home = home();
        *locked(&home.world.policy) = Some((400, kind));
        for first in [true, false] {
            let End::Token { user_id, secret } = home.tries(RIGHT).await else { panic!("no token for {kind}") };
            assert_eq!((user_id.as_str(), secret.as_str()), ("ann", "s3cret"));
            assert_eq!(home.state(), (State::TokenOnly, true));
            let set = home.asked().iter().any(|request| request.starts_with("PATCH"));
            assert_eq!(set, first, "a new password ends sessions, so that it is not tried each time");
        }
    }
}

#[tokio::test]
async fn a_login_name_needs_the_bridge_each_time() {
    let home = home();
    let annie = || attempt(Who::Login("Annie".into()), RIGHT);
    assert!(matches!(home.comes(&annie()).await, End::Token { .. }));
    assert!(matches!(home.comes(&annie()).await, End::Token { .. }));
    assert_eq!(home.world.patches.load(Ordering::SeqCst), 0);
    let address = home.comes(&attempt(Who::Login("ann@example.com".into()), RIGHT)).await;
    assert!(matches!(address, End::Token { .. }), "they have the way by a token now");
}

#[tokio::test]
async fn who_left_or_handed_their_address_on_is_nobody_here() {
    let home = home();
    home.world.set("email", "ann@elsewhere.example");
    assert_eq!(home.tries(RIGHT).await, End::Stands(Why::OtherAddress));
    assert_eq!(home.state(), (State::Pending, true));
    *locked(&home.world.user) = Value::Null;
    assert_eq!(home.tries(RIGHT).await, End::Stands(Why::Gone));
    assert_eq!(home.state(), (State::Gone, false));
}

#[tokio::test]
async fn who_is_blocked_gets_no_token() {
    let home = home();
    home.world.set("status", false);
    *locked(&home.world.policy) = Some((400, "general_argument_invalid"));
    assert_eq!(home.tries(RIGHT).await, End::Blocked);
    assert!(!home.asked().iter().any(|request| request.starts_with("POST")));
    *locked(&home.world.policy) = None;
    assert_eq!(home.tries(RIGHT).await, End::Moved, "Appwrite says itself that they are blocked");
}

#[tokio::test]
async fn trouble_is_no_answer() {
    for (status, kind) in
        [(401, "general_unauthorized_scope"), (503, "general_pwned_passwords_unavailable"), (429, "x")]
    {
        let home = home();
        *locked(&home.world.policy) = Some((status, kind));
        let attempt = attempt(Who::Address("ann@example.com".into()), RIGHT);
        let trouble = home.sign_ins.first(&attempt).await.expect_err("trouble");
        assert!(!trouble.0.contains(RIGHT), "{trouble:?}");
        assert_eq!(home.state(), (State::Pending, true), "{kind}");
        *locked(&home.world.policy) = None;
        assert_eq!(home.tries(RIGHT).await, End::Moved, "nothing was counted");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let home = home();
    home.world.lost.store(1, Ordering::SeqCst);
    assert_eq!(home.tries(RIGHT).await, End::Moved);
    assert_eq!(home.world.patches.load(Ordering::SeqCst), 1, "a second one could be refused by the history");
    assert_eq!(home.state(), (State::Migrated, false));
}

#[tokio::test]
async fn short_passwords_and_names_that_nobody_has_at_the_miss_endpoint() {
    let home = home();
    let miss = |name: &str| Attempt { is_miss: true, ..attempt(Who::Address(name.into()), "wrong") };
    for name in ["eve@example.com", "ann@example.com"] {
        let home = self::home();
        for n in 0..4 {
            let end = home.comes(&miss(name)).await;
            let limited = matches!(end, End::Stands(Why::Limited));
            assert_eq!(limited, n == 3, "{name}: the limit does not tell who is waited for");
        }
    }
    let again = attempt(Who::Address("ann@example.com".into()), RIGHT);
    assert_eq!(home.comes(&again).await, End::Moved);
    home.sign_ins.signed_in("ann@example.com").await.expect("no trouble");
}

#[tokio::test]
async fn who_signs_in_at_appwrite_is_forgotten_here() {
    let home = home();
    assert!(home.sign_ins.signed_in("ANN@example.com").await.expect("no trouble"));
    assert_eq!(home.state(), (State::Migrated, false));
    assert!(!home.sign_ins.signed_in("ann@example.com").await.expect("no trouble"));
    assert!(!home.sign_ins.signed_in("eve@example.com").await.expect("no trouble"));
}
