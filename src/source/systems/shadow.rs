//! Unix accounts: `shadow`, joined by name with `passwd`; BSD's `master.passwd`; a `passwd` of old with its hashes.
//!
//! shadow(5), passwd(5). A `!` before a hash locks the password, which is valid without it (usermod -L).

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common;
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Crypt];

/// shadow and passwd.
pub struct Shadow;

/// Rows of `passwd`.
const PASSWD: &str = "passwd";

/// The first id of a person; below are the system's own (login.defs, `UID_MIN`).
const FIRST_PERSON: u32 = 1000;

/// `nobody`.
const NOBODY: u32 = 65534;

const SHADOW_FIELDS: [&str; 9] =
    ["name", "hash", "last_change", "minimum", "maximum", "warning", "inactive", "expire", "reserved"];
const PASSWD_FIELDS: [&str; 7] = ["name", "hash", "uid", "gid", "gecos", "home", "shell"];
const MASTER_FIELDS: [&str; 10] =
    ["name", "hash", "uid", "gid", "class", "change", "expire_time", "gecos", "home", "shell"];

impl Source for Shadow {
    fn name(&self) -> &'static str {
        "shadow"
    }

    fn about(&self) -> &'static str {
        "Unix: shadow joined with passwd by name; addresses are made with --email-domain; accounts below uid 1000 are left out"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let roles = self.roles(tables);
        let (table, _) = tables.iter().zip(&roles).find(|(_, role)| **role == Role::Users)?;
        let joined = if roles.contains(&Role::Related(PASSWD)) { ", with passwd" } else { "" };
        let what = match fields(table)?.len() {
            9 => "shadow",
            7 => "passwd",
            _ => "master.passwd",
        };
        Some(Detection { score: 80, why: format!("{} fields between colons: {what}{joined}", fields(table)?.len()) })
    }

    fn role(&self, table: &TableSample) -> Role {
        match fields(table).map(<[&str]>::len) {
            Some(7) => Role::Related(PASSWD),
            Some(_) => Role::Users,
            None => Role::Ignored,
        }
    }

    /// A `passwd` alone is all there is.
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let mut roles: Vec<Role> = tables.iter().map(|table| self.role(table)).collect();
        if !roles.contains(&Role::Users) {
            for role in roles.iter_mut().filter(|role| **role == Role::Related(PASSWD)) {
                *role = Role::Users;
            }
        }
        roles
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        Some(fields(table)?.iter().map(|&name| name.to_owned()).collect())
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let kept = json!({ "uid": record.text("uid"), "gecos": record.text("gecos") });
        found.add(kind, &record.text("name")?, &kept)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let name = record.text("name").unwrap_or_default();
        let rows = context.related.rows(PASSWD, &name);
        let passwd = |member: &str| {
            let row = rows.first().and_then(|row| row.get(member)).and_then(Json::as_str);
            row.map(|text| Cow::Owned(text.to_owned())).or_else(|| record.text(member))
        };
        let uid = passwd("uid").and_then(|uid| uid.parse::<u32>().ok());
        let hash = record.text("hash").unwrap_or_default();
        if uid.is_some_and(|uid| uid < FIRST_PERSON || uid == NOBODY) || (uid.is_none() && is_system(&hash)) {
            return Err(Refusal::new(Code::SkippedBySource, "a system account, not a person"));
        }
        let locked = hash.strip_prefix('!').map(|rest| rest.trim_start_matches('!')).filter(|rest| is_hash(rest));
        let is_locked = locked.is_some();
        let credential = credential(locked.map(|rest| Cow::Owned(rest.to_owned())).unwrap_or(hash));

        // GECOS: full name, room, work phone, home phone.
        let gecos = passwd("gecos").unwrap_or_default();
        let mut parts = gecos.split(',').map(|part| Some(part.trim()).filter(|part| !part.is_empty()));
        let [full_name, room, work, home] = std::array::from_fn(|_| parts.next().flatten().map(str::to_owned));
        let mut prefs = Map::new();
        common::keep(&mut prefs, "room", room.map_or(Json::Null, Json::from));
        let email = if name.contains('@') {
            Some(name.clone())
        } else {
            context.email_domain.map(|domain| Cow::Owned(format!("{name}@{domain}")))
        };
        Ok(Account {
            email_verified: false,
            phone: work.or(home).map(Cow::Owned),
            phone_verified: false,
            name: full_name.map(Cow::Owned).or_else(|| Some(name.clone())),
            enabled: !is_locked && !has_expired(record, context),
            roles: Vec::new(),
            created_at: None,
            last_seen: None,
            notes: Vec::new(),
            source_id: name,
            email,
            prefs,
            credential,
        })
    }

    /// The name is the id; `uid` is not.
    fn who<'r>(&self, record: &'r Record<'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        (record.text("name"), None)
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "name" => Fate::Transformed { to: "id", how: "and the address, with --email-domain" },
            "hash" => Fate::Transformed { to: "password", how: "without the ! of locked accounts, which are disabled" },
            "expire" | "expire_time" => Fate::Transformed { to: "enabled", how: "expired accounts are disabled" },
            "gecos" => Fate::Transformed { to: "name", how: "and the phone number; the room goes to the preferences" },
            "uid" => Fate::Transformed { to: "record", how: "accounts below 1000 are left out, and named" },
            "last_change" | "minimum" | "maximum" | "warning" | "inactive" | "change" => {
                Fate::Dropped { why: "Appwrite's passwords do not age" }
            }
            "gid" | "class" | "home" | "shell" => Fate::Dropped { why: "about the machine, not the person" },
            "reserved" => Fate::Dropped { why: "always empty" },
            _ => Fate::Dropped { why: "not a field of shadow or passwd" },
        }
    }
}

fn fields(table: &TableSample) -> Option<&'static [&'static str]> {
    if table.format != Format::Colon {
        return None;
    }
    match table.width {
        9 => Some(&SHADOW_FIELDS),
        7 => Some(&PASSWD_FIELDS),
        10 => Some(&MASTER_FIELDS),
        _ => None,
    }
}

/// How the system's own accounts stand in a shadow file: nobody ever could or will sign in.
fn is_system(hash: &str) -> bool {
    matches!(hash, "*" | "!*" | "*LK*" | "NP" | "*NP*")
}

/// Whether something stands before a hash that keeps it from fitting.
fn is_locked(text: &str) -> bool {
    text.starts_with("*LK*") || text.strip_prefix('!').is_some_and(|rest| is_hash(rest.trim_start_matches('!')))
}

/// What crypt(3) writes: a `$…` string, or thirteen characters of traditional DES.
fn is_hash(text: &str) -> bool {
    text.starts_with('$') || text.len() == 13
}

fn credential(hash: Cow<'_, str>) -> Credential<'_> {
    match &*hash {
        "" => common::without(Code::NoPassword, "signs in without any password"),
        "x" => common::without(Code::HashNotExported, "the hash is in the shadow file: pass that as well"),
        text if common::is_unusable(text) || is_system(text) || is_locked(text) => {
            common::without(Code::NoPassword, "the password is locked and was never set")
        }
        text if text.len() == 13 => {
            let declared = Some(Cow::Borrowed("descrypt"));
            Credential::Hash(HashInput { hash, declared, hints: HINTS, ..HashInput::default() })
        }
        _ => Credential::Hash(HashInput { hash, hints: HINTS, ..HashInput::default() }),
    }
}

/// shadow counts days since 1970, master.passwd seconds.
fn has_expired(record: &Record<'_>, context: &Context<'_>) -> bool {
    let number = |column| record.text(column).and_then(|text| text.parse::<i64>().ok()).filter(|number| *number > 0);
    let seconds = number("expire").map(|days| days.saturating_mul(86_400)).or_else(|| number("expire_time"));
    seconds.is_some_and(|seconds| seconds < context.now.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    fn read(hash: &str, expire: &str) -> (String, bool) {
        let record = testing::row("", &SHADOW_FIELDS, &["alice", hash, "19700", "0", "99999", "7", "", expire, ""]);
        match Shadow.interpret(&record, &testing::context(&crate::source::NoRelated)) {
            Err(refusal) => (refusal.code.to_string(), false),
            Ok(account) => match account.credential {
                Credential::Hash(input) => (input.hash.into_owned(), account.enabled),
                Credential::Plain(_) => ("plain".into(), account.enabled),
                Credential::None(note) => (note.code.to_string(), account.enabled),
            },
        }
    }

    #[test]
    fn locked_hashes_are_valid_without_their_mark() {
        assert_eq!(read("$6$a$b", ""), ("$6$a$b".into(), true));
        assert_eq!(read("!$6$a$b", ""), ("$6$a$b".into(), false));
        assert_eq!(read("!!$6$a$b", ""), ("$6$a$b".into(), false));
        assert_eq!(read("!", ""), ("no-password".into(), true));
        assert_eq!(read("!!", ""), ("no-password".into(), true));
        assert_eq!(read("", ""), ("no-password".into(), true));
        assert_eq!(read("x", ""), ("hash-not-exported".into(), true));
        assert_eq!(read("*", ""), ("skipped-by-source".into(), false));
        assert_eq!(read("!*", ""), ("skipped-by-source".into(), false));
    }

    #[test]
    fn expired_accounts_are_disabled() {
        assert_eq!(read("$6$a$b", "20000"), ("$6$a$b".into(), false), "4 October 2024");
        assert_eq!(read("$6$a$b", "30000"), ("$6$a$b".into(), true));
    }

    #[test]
    fn passwd_tells_people_from_the_system() {
        let mut rows = Rows::default();
        for (name, uid, gecos) in
            [("alice", "1001", "Alice Adams,Room 1,+1 415 555 0101,"), ("root", "0", "root"), ("nobody", "65534", "")]
        {
            rows.relate(
                &Shadow,
                PASSWD,
                &testing::row("", &PASSWD_FIELDS, &[name, "x", uid, "1", gecos, "/", "/bin/sh"]),
            );
        }
        let read = |name: &str| {
            let record = testing::row("", &SHADOW_FIELDS[..2], &[name, "$6$a$b"]);
            let mut context = testing::context(&rows);
            context.email_domain = Some("example.com");
            Shadow
                .interpret(&record, &context)
                .map(|a| (a.email.map(Cow::into_owned), a.name.map(Cow::into_owned), a.phone.map(Cow::into_owned)))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("alice"), Ok((text("alice@example.com"), text("Alice Adams"), text("+1 415 555 0101"))));
        assert_eq!(read("bob"), Ok((text("bob@example.com"), text("bob"), None)));
        assert_eq!(read("root").map_err(|refusal| refusal.code), Err(Code::SkippedBySource));
        assert_eq!(read("nobody").map_err(|refusal| refusal.code), Err(Code::SkippedBySource));
    }
}
