//! Which table of an export holds the people who sign in. Dumps hold many with addresses: orders, contact forms,
//! newsletters, suppliers.

use std::borrow::Cow;

use super::columns::{COLUMNS, at, folded};
use crate::format::{Format, TableSample};
use crate::source::kit::{cell, shape};
use crate::source::{Detection, Role, Settled};

/// What a table has of a person who signs in.
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct Evidence {
    address: bool,
    phone: bool,
    /// A user name.
    login: bool,
    credential: bool,
    /// Columns of something else than people.
    thing: bool,
    /// Rows tell of somebody's having tried to sign in: when, from where, and what came of it.
    attempt: bool,
}

fn evidence(table: &TableSample) -> Evidence {
    const THINGS: &str = "orderid invoiceno invoicenumber invoiceid ordernumber total grandtotal subtotal price amount quantity \
         qty sku stock message subject enquiry inquiry comment body subscribed subscribedat unsubscribed unsubscribedat \
         optin optedin newsletter listid campaignid invitedby inviterid invitationtoken invitetoken inviteid supplierid \
         supplierrank vendorid vatnumber taxid iban shippingaddress billingaddress trackingnumber token sessionid \
         sessiontoken refreshtoken accesstoken useragent payload otp otpcode verificationcode bookingid ticketid \
         reservationid appointmentid rating review votes amountpaid donation eventid productid productname itemid \
         paymentid transactionid paymentstatus paymentmethod currency discount coupon refund formid submittedat \
         submissionid sentat openedat bouncedat clickedat campaign";
    const ATTEMPTS: [&str; 3] = [
        "result success successful succeeded outcome ok failed failure failreason failurereason loginresult attemptresult",
        "ip ipaddress ipaddr remoteaddr remoteip clientip useragent host hostname",
        "ts time timestamp date datetime attemptedat attempttime loginat loggedat occurredat createdat when",
    ];
    let found = COLUMNS.among(&table.columns);
    let has = |at: usize| found[at] != u32::MAX;
    let is_in = |words: &str| table.columns.iter().any(|column| words.split(' ').any(|word| word == folded(column)));
    let thing = |column: &String| THINGS.split_whitespace().any(|word| word == folded(column));
    Evidence {
        address: has(at::EMAIL),
        phone: has(at::PHONE),
        login: has(at::USERNAME),
        credential: [at::HASH, at::PASSWORD, at::PLAIN].into_iter().any(has) || holds_hashes(table),
        thing: table.columns.iter().any(thing),
        attempt: ATTEMPTS.into_iter().all(is_in),
    }
}

/// Whether a column of another name has hashes in the first rows: people of a second table, whom nobody may pass over.
fn holds_hashes(table: &TableSample) -> bool {
    const ONCE: [&str; 9] = ["token", "otp", "recovery", "backup", "session", "key", "code", "invit", "activation"];
    let is_hash = |value: &serde_json::Value| value.as_str().is_some_and(|text| cell::kind(text).is_some());
    let for_once = |column: &str| ONCE.iter().any(|word| column.to_ascii_lowercase().contains(word));
    let columns = || table.columns.iter().filter(|column| !for_once(column));
    table.records.iter().any(|record| columns().any(|column| record.get(column.as_str()).is_some_and(is_hash)))
}

/// A column of another name in which most cells of the first rows are addresses, where no column is known for the users' own: who has a password then could not
/// sign in, and by what is said of the values `rehome map` finds it.
fn unread_addresses(table: &TableSample) -> Option<&str> {
    const ANOTHERS: [&str; 16] = [
        "invit",
        "refer",
        "manager",
        "parent",
        "supervisor",
        "sponsor",
        "creat",
        "updat",
        "modif",
        "added",
        "approv",
        "assign",
        "backup",
        "recover",
        "second",
        "old",
    ];
    let cells = |column: &str| -> Vec<&str> {
        let all = table.records.iter().filter_map(|record| record.get(column)?.as_str());
        all.map(str::trim).filter(|text| !text.is_empty() && *text != "NULL").collect()
    };
    let holds_addresses = |column: &str| {
        let cells = cells(column);
        let is_address = |text: &&&str| shape::address_like(Cow::Borrowed(**text)).is_some();
        !cells.is_empty() && cells.iter().filter(is_address).count() * 2 > cells.len()
    };
    let found = COLUMNS.among(&table.columns);
    let own = [at::EMAIL, at::USERNAME].map(|at| table.columns.get(found[at] as usize));
    if own[0].is_some() || own[1].is_some_and(|column| holds_addresses(column)) {
        return None;
    }
    let names = table.columns.iter().map(String::as_str);
    names.filter(|name| !ANOTHERS.iter().any(|word| folded(name).contains(word))).find(|name| holds_addresses(name))
}

impl Evidence {
    fn signs_in(&self) -> bool {
        self.credential && self.reachable() && !self.attempt
    }

    /// Who may be a person, if somebody says so.
    fn reachable(&self) -> bool {
        self.address || self.phone || self.login
    }
}

/// A table alone: one that can hold sign-ins, or people with addresses or numbers and nothing that says otherwise.
pub(super) fn role(table: &TableSample) -> Role {
    let found = evidence(table);
    let people = (found.address || found.phone) && !found.thing && !found.attempt;
    if found.signs_in() || people { Role::Users } else { Role::Ignored }
}

pub(super) fn detect(tables: &[TableSample]) -> Option<Detection> {
    let is_one = |is: fn(&Evidence) -> bool| tables.iter().find(move |table| is(&evidence(table)));
    let taken = match settle(tables, false) {
        Settled::Roles(roles) => roles.iter().position(|role| *role == Role::Users).map(|at| &tables[at]),
        Settled::Open { .. } => None,
    };
    let table = taken.filter(|table| role(table) == Role::Users).or_else(|| is_one(Evidence::signs_in));
    let table = table.or_else(|| tables.iter().find(|table| role(table) == Role::Users));
    // Of many tables with addresses, which hold people is a question worth asking.
    let table = table.or_else(|| is_one(|found| found.address).filter(|_| tables.len() > 1))?;
    // Passwords without the addresses that stand beside them are not what anybody wants to move.
    if evidence(table).credential && unread_addresses(table).is_some() {
        return None;
    }
    let known = table.columns.iter().filter(|column| COLUMNS.place(column).is_some()).map(String::as_str);
    let place = if table.table.is_empty() { String::new() } else { format!(", table `{}`,", table.table) };
    let why = format!("{}{place} with the members {}", table.format, known.collect::<Vec<_>>().join(", "));
    Some(Detection { score: 1, why })
}

/// The one table of customers beside those of a shop's own people, who are told of as tables that are not read.
fn customers(tables: &[TableSample], candidates: &[usize]) -> Option<usize> {
    const STAFF: [&str; 10] = [
        "employee",
        "employees",
        "user",
        "users",
        "admin",
        "admins",
        "staff",
        "operator",
        "operators",
        "administrators",
    ];
    let last = |at: usize| {
        let name = tables[at].table.to_ascii_lowercase();
        name.rsplit(['_', '.']).next().unwrap_or_default().to_owned()
    };
    let (customers, others): (Vec<usize>, Vec<usize>) =
        candidates.iter().partition(|&&at| ["customer", "customers"].contains(&&*last(at)));
    match customers[..] {
        [one] if others.iter().all(|&at| STAFF.contains(&&*last(at))) => Some(one),
        _ => None,
    }
}

/// Lists of one name in two files of JSON: they are one only where their rows have something in common.
fn are_parts(columns: &[String], table: &TableSample) -> bool {
    let shared = || table.columns.iter().any(|column| columns.contains(column));
    matches!(table.format, Format::Json | Format::Ndjson)
        && (columns.is_empty() || table.columns.is_empty() || shared())
}

/// What each table is, or which could be the one: several files of the same columns are one table.
pub(super) fn settle(tables: &[TableSample], asked: bool) -> Settled {
    let mut groups: Vec<(&str, &[String])> = Vec::new();
    let group = |table: &TableSample, groups: &mut Vec<(&str, &[String])>| {
        groups.iter().position(|(name, columns)| {
            *name == table.table && (*columns == table.columns || are_parts(columns, table))
        })
    };
    let mut of = Vec::new();
    for table in tables {
        let at = group(table, &mut groups).unwrap_or_else(|| {
            groups.push((&table.table, &table.columns));
            groups.len() - 1
        });
        of.push(at);
    }
    let those = |is: &dyn Fn(&TableSample) -> bool| -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (table, &at) in tables.iter().zip(&of) {
            if is(table) && !found.contains(&at) {
                found.push(at);
            }
        }
        found
    };
    let taken = |chosen: usize| {
        Settled::Roles(of.iter().map(|&at| if at == chosen { Role::Users } else { Role::Ignored }).collect())
    };
    let listed = |groups: &[usize]| -> Vec<usize> {
        groups.iter().filter_map(|group| of.iter().position(|at| at == group)).collect()
    };
    let is_json =
        |table: &TableSample| matches!(table.format, Format::Json | Format::Ndjson) && !table.table.is_empty();
    let apart = |at: usize| {
        (0..tables.len())
            .any(|other| of[other] != of[at] && tables[other].table == tables[at].table && is_json(&tables[other]))
    };
    let candidates: Vec<usize> = (0..tables.len()).filter(|&at| is_json(&tables[at]) && apart(at)).collect();
    if !asked && !candidates.is_empty() {
        let why = "lists of one name have rows without a member in common, and are no parts of one: what the others say of \
                   the people of one is joined to them with a mapping file (--map), or each file is passed alone";
        return Settled::Open { candidates, why };
    }
    // An empty table holds nobody, whatever its columns.
    let mut sign_ins = those(&|table| evidence(table).signs_in() && !table.records.is_empty());
    if sign_ins.is_empty() {
        sign_ins = those(&|table| evidence(table).signs_in());
    }
    match sign_ins[..] {
        [one] => return taken(one),
        [] => {}
        _ => {
            if let Some(one) = customers(tables, &listed(&sign_ins)) {
                return taken(of[one]);
            }
            let why = "several tables could hold the users";
            return Settled::Open { candidates: listed(&sign_ins), why };
        }
    }
    let reachable = those(&|table| evidence(table).reachable());
    let filled = those(&|table| evidence(table).reachable() && !table.records.is_empty());
    match reachable[..] {
        // There is nobody to ask about.
        [one, ..] if filled.is_empty() => taken(one),
        // A table on its own is what somebody chose to pass.
        [one] if asked || groups.len() == 1 && role(&tables[0]) == Role::Users => taken(one),
        [] => Settled::Roles(vec![Role::Ignored; tables.len()]),
        _ => Settled::Open {
            candidates: listed(&reachable),
            why: "no table has passwords beside addresses or user names, and whether its people are users nobody can tell",
        },
    }
}
