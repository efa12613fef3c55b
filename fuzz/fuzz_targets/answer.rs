//! An answer of any bytes to each kind of request: it has a meaning, and only a user's own id proves a create.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehome::appwrite::answer::Answer;
use rehome::appwrite::verdict::{Verdict, judge};
use rehome::appwrite::wire::{Create, CreateBody, Request, Step, User, limit};
use rehome::appwrite::Endpoint;

fuzz_target!(|data: &[u8]| {
    let [a, b, body @ ..] = data else { return };
    let status = 100 + (u16::from_le_bytes([*a, *b]) % 500);
    let answer = Answer::of(status, body.to_vec().into());
    let create = CreateBody { user_id: "u1".into(), email: None, phone: None, name: None, password: None };
    let create = Create { endpoint: Endpoint::Bcrypt, body: create }.request();
    let step = Step::Disable.request("u1");
    for request in [&create, &step, &Request::read("u1"), &Request::delete("u1"), &Request::list(&[limit(1)])] {
        let done = matches!(judge(request, Ok(&answer)), Verdict::Done);
        assert!(!done || answer.is_success());
        let user: Option<User> = answer.read();
        assert!(!done || !std::ptr::eq(request, &create) || user.is_none_or(|user| user.id == "u1"));
        assert!(!done || !std::ptr::eq(request, &step) || user_is_disabled(&answer));
    }
});

fn user_is_disabled(answer: &Answer) -> bool {
    answer.read::<User>().is_some_and(|user| user.id == "u1" && user.status == Some(false))
}
