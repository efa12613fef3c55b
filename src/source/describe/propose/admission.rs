//! Who was invited, or asked to confirm, and has not come in yet; and whose time is over.

use super::activity::Activity;
use super::joins::counted;
use super::look::{Column, Row, Table};
use super::{list, number, quoted};
use crate::format::Value;
use crate::source::kit::common::truth;
use crate::source::kit::status;
use crate::source::kit::status::words::WAITING;
use crate::source::systems::generic::folded;

/// What columns say of it.
#[derive(Default)]
pub(super) struct Admission {
    /// What lets somebody in, as TOML, and why.
    pub flags: Vec<(String, String)>,
    /// What only a person can say.
    pub asked: Vec<String>,
    /// What would be one, if the application is so.
    pub remarks: Vec<String>,
    /// Such columns, and rules that name them, so that they are looked at no more.
    pub noted: Vec<(String, String)>,
}

/// What the table says of who is not in yet, or no more.
pub(super) fn of(table: &Table) -> Admission {
    let mut found = Admission::default();
    let activity = Activity::of(table);
    // Where the address has a flag of its own, another is of the same.
    let of_address = table
        .columns
        .iter()
        .any(|column| matches!(column.member(), Some(("email_verified", _))) && folded(&column.bare).contains("mail"));
    for column in table.columns.iter().filter(|column| column.filled > 0 && column.meaning.is_none()) {
        let name = folded(&column.bare);
        let from = quoted(&column.name);
        let truths = column.yes + column.no == column.filled;
        // In days: what is below today is over, and nothing in a mapping counts in them.
        let is_day = |text: &String| text.parse::<i64>().is_ok_and(|day| (0..25_000).contains(&day));
        if name == "shadowexpire" && column.values.as_ref().is_none_or(|values| values.keys().any(is_day)) {
            let today = jiff::Timestamp::now().as_second() / 86_400;
            let over = comparison(&format!("{} > {today}", column.name));
            let none = comparison(&format!("{} == null", column.name));
            found.asked.push(format!(
                "`{}` counts in days, of which today is {today}: {{ any = [{none}, {over}] }}",
                column.name
            ));
        } else if let Some(flag) = ends(table, column, &name) {
            found.flags.push(flag);
        } else if is_token_of_invitation(&name) && column.filled < table.looked {
            let column = &column.name;
            let accepted = table.columns.iter().find(|other| {
                let name = folded(&other.bare);
                name.contains("invit") && name.contains("accept")
            });
            let none = comparison(&format!("{column} == null"));
            let toml = accepted.map_or_else(
                || none.clone(),
                |accepted| {
                    let accepted = comparison(&format!("{} != null", accepted.name));
                    format!("{{ any = [{none}, {accepted}] }}")
                },
            );
            found.flags.push((toml, format!("whoever has a `{column}` has not accepted the invitation yet")));
        } else if truths && column.yes > 0 && is_asked(&name) {
            match confirmed(table, column) {
                Some(date) => {
                    let toml = format!(
                        "{{ any = [{}, {}] }}",
                        comparison(&format!("{} != true", column.name)),
                        comparison(&format!("{} != null", date.name))
                    );
                    let why = format!(
                        "of {} with `{}` those may whom `{}` names",
                        number(column.yes),
                        column.name,
                        date.name
                    );
                    found.flags.push((toml, why));
                }
                None if is_waiting(&name) => {
                    let why = format!("`{}`: {} are still to confirm", column.name, number(column.yes));
                    found.flags.push((format!("{{ from = {from}, as = \"not\" }}"), why));
                }
                None => {}
            }
        } else if let Some(values) = column.values.as_ref().filter(|values| {
            ["authorization", "authorisation", "authorized", "approval", "accountmode"]
                .iter()
                .any(|end| name.ends_with(end))
                && column.numbers == column.filled
                && values.len() > 1
        }) {
            let what = counted(values);
            let most = values.iter().max_by_key(|&(_, n)| n).map(|(value, _)| value.as_str()).unwrap_or_default();
            let (n, yes) = (values.get(most).copied().unwrap_or(0), list([most]));
            found.asked.push(format!(
                "`{}` ({what}): enabled = {{ from = {from}, true_values = {yes} }} lets in {} and keeps out {}; name whichever else may",
                column.name,
                number(n),
                number(column.filled - n)
            ));
        } else if let Some(waiting) = waiting(column, &name) {
            let when = format!("{} != {}", column.name, waiting.join(" | "));
            let why = format!("`{}`: {} is no role of somebody who may", column.name, waiting.join(", "));
            found.flags.push((comparison(&when), why));
        } else if is_confirmed(&name) && column.filled - column.no < table.looked {
            let no = |text: &String| truth(&Value::Text(text.as_str().into())) == Some(false);
            let is_confirmed = |row: &Row| row.get(&column.name).is_some_and(|text| !no(text));
            let signed = activity.as_ref().map(|activity| activity.among(&|row| !is_confirmed(row)));
            let how = if truths { "bool" } else { "nonempty" };
            let toml = format!("{{ from = {from}, as = \"{how}\", default = false }}");
            if signed == Some(0) && !of_address {
                let why =
                    format!("`{}`: of those who have not confirmed nobody is seen to have signed in", column.name);
                found.flags.push((toml, why));
            } else {
                if truths {
                    let when = quoted(&format!("{} == false", column.name));
                    found.noted.push((from.clone(), format!("{{ when = {when}, say = \"has not confirmed\" }}")));
                }
                let shown = if signed.is_some() { ", as some have" } else { "" };
                found.remarks.push(format!(
                    "whoever has not confirmed may sign in{shown}, unverified; where they may not: enabled = {toml}"
                ));
            }
        }
    }
    found
}

/// Whether a column of yes and no, which nothing else is made of, could say who may sign in.
pub(super) fn may_say(column: &Column) -> bool {
    const ELSE: [&str; 48] = [
        "newsletter",
        "verif",
        "owner",
        "agent",
        "confirm",
        "marketing",
        "consent",
        "optin",
        "optout",
        "subscri",
        "gdpr",
        "dsgvo",
        "privacy",
        "terms",
        "tos",
        "agb",
        "accept",
        "agree",
        "admin",
        "staff",
        "vip",
        "premium",
        "moderator",
        "superuser",
        "gender",
        "sex",
        "notif",
        "sms",
        "mailing",
        "contact",
        "public",
        "private",
        "visible",
        "show",
        "hide",
        "dark",
        "theme",
        "factor",
        "2fa",
        "mfa",
        "totp",
        "otp",
        "tax",
        "wholesale",
        "online",
        "price",
        "autologin",
        "remember",
    ];
    let name = folded(&column.bare);
    let known = column.meaning.is_some() || column.role.is_some() || column.member().is_some();
    let named =
        ["has", "allow", "wants", "use", "email", "mail", "receive", "send"].iter().any(|word| name.starts_with(word));
    let both = column.yes > 0 && column.no > 0 && column.yes + column.no == column.filled && column.objects == 0;
    both && !known
        && !named
        && !ELSE.iter().any(|word| name.contains(word))
        && !column.name.contains('.')
        && !name.ends_with("id")
}

/// `{ when = "…" }`
fn comparison(text: &str) -> String {
    format!("{{ when = {} }}", quoted(text))
}

/// The end of somebody's time, where another column is its beginning: nought is none.
fn ends(table: &Table, column: &Column, name: &str) -> Option<(String, String)> {
    const WINDOWS: [(&str, &str); 8] = [
        ("endtime", "starttime"),
        ("enddate", "startdate"),
        ("endsat", "startsat"),
        ("endat", "startat"),
        ("validto", "validfrom"),
        ("validuntil", "validfrom"),
        ("validtill", "validfrom"),
        ("stoptime", "starttime"),
    ];
    let starts = |start: &str| table.columns.iter().any(|other| folded(&other.bare) == start);
    let has = WINDOWS.iter().any(|&(end, start)| end == name && starts(start));
    if !has || column.dates == 0 || column.dates + column.no < column.filled {
        return None;
    }
    let name = &column.name;
    let whens =
        [format!("{name} == null"), format!("{name} == 0"), format!("{name} > now")].map(|when| comparison(&when));
    let why = format!("`{name}`: {} have an end, which lets them in until then", number(column.dates));
    Some((format!("{{ any = [{}] }}", whens.join(", ")), why))
}

/// The words of a column of roles that say that somebody has none yet, or no more.
fn waiting(column: &Column, name: &str) -> Option<Vec<String>> {
    const ROLES: [&str; 8] = ["role", "roles", "userrole", "group", "usergroup", "level", "rank", "membership"];
    let values = column.values.as_ref().filter(|values| ROLES.contains(&name) && values.len() > 1)?;
    let is_out = |value: &&String| WAITING.contains(&&*value.to_lowercase()) || status::names_somebody_out(value);
    let found = values.keys().filter(is_out);
    let found: Vec<_> = found.map(|value| format!("'{value}'")).collect();
    (!found.is_empty()).then_some(found)
}

fn is_token_of_invitation(name: &str) -> bool {
    ["invitetoken", "invitationtoken", "invitelinktoken", "invitationlinktoken", "invitehash", "invitationhash"]
        .iter()
        .any(|token| name.ends_with(token))
}

/// Whether a yes says that somebody was asked to confirm who they are.
fn is_asked(name: &str) -> bool {
    const WHAT: [&str; 5] = ["optin", "confirm", "activation", "verification", "approval"];
    const ASKED: [&str; 3] = ["registration", "register", "requested"];
    WHAT.iter().any(|what| name.contains(what)) && (is_waiting(name) || ASKED.iter().any(|word| name.ends_with(word)))
}

/// Whether a yes says that this is still to be done.
fn is_waiting(name: &str) -> bool {
    name.ends_with("required") || name.ends_with("needed") || name.contains("pending") || name.contains("awaiting")
}

/// The day on which it was done: `double_opt_in_confirm_date` of `double_opt_in_registration`.
fn confirmed<'t>(table: &'t Table, asked: &Column) -> Option<&'t Column> {
    let stem = folded(&asked.bare);
    let same = |name: &str| stem.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count() >= 5;
    table.columns.iter().find(|other| {
        let name = folded(&other.bare);
        name.contains("confirm") && !name.contains("sent") && other.name != asked.name && same(&name)
    })
}

/// Whether a column says that somebody has confirmed the account, which some programs ask before anybody signs in.
fn is_confirmed(name: &str) -> bool {
    ["confirmed", "isconfirmed", "confirmedat", "confirmedon"].contains(&name)
}

/// The reason for what another column says: `suspend_reason` beside `suspended_until`.
pub(super) fn is_reason_of(reason: &Column, others: &[Column]) -> bool {
    const WHY: [&str; 6] = ["reason", "message", "msg", "note", "comment", "by"];
    let name = folded(&reason.bare);
    let Some(stem) = WHY.iter().find_map(|why| name.strip_suffix(why)).filter(|stem| stem.len() >= 3) else {
        return false;
    };
    others.iter().any(|other| {
        let decides = other.disabled + other.enabled > 0 && other.unsure + other.beside == 0;
        other.meaning.is_some() && decides && folded(&other.bare).starts_with(stem) && other.filled >= reason.filled
    })
}

/// A column of numbers of which nought lets in nearly everybody: whoever has another is kept out until somebody says what it
/// means.
pub(super) fn naught(column: &Column) -> Option<(String, String)> {
    let values = column.values.as_ref()?;
    let (zero, others) = (values.get("0").copied().unwrap_or(0), values.len().saturating_sub(1));
    let most = zero * 2 > column.filled && column.numbers == column.filled && (1..=4).contains(&others);
    most.then(|| {
        let kept: Vec<_> = values.iter().filter(|(value, _)| *value != "0").collect();
        let named: Vec<_> = kept.iter().map(|(value, n)| format!("`{value}` ×{}", number(**n))).collect();
        let why =
            format!("`{}`: {} have nought; whoever has {} is kept out", column.name, number(zero), named.join(", "));
        (format!("{{ from = {}, true_values = {}, default = true }}", quoted(&column.name), list(["0"])), why)
    })
}
