//! Which of Okta's addresses are proven: `credentials.emails` says of each whether it is VERIFIED.

use crate::account::Account;
use crate::code::Refusal;
use crate::format::{Record, Value};
use crate::source::Context;

#[expect(clippy::unnecessary_wraps, reason = "as all of these functions")]
pub(super) fn finish<'r>(record: &'r Record<'r>, _: &Context<'r>, account: &mut Account<'r>) -> Result<(), Refusal> {
    let mut emails = record.path("credentials.emails").into_iter().flat_map(Value::items);
    account.email_verified = emails.any(|entry| {
        let is = |name, expected| entry.member(name).and_then(Value::text).as_deref() == Some(expected);
        is("status", "VERIFIED") && account.email.as_deref().is_some_and(|email| is("value", email))
    });
    if account.email.as_deref() == account.prefs.get("login").and_then(|login| login.as_str()) {
        account.prefs.shift_remove("login");
    }
    Ok(())
}
