//! Exports that people write themselves, under rehome's own member names. What cannot be understood is refused, for that
//! record alone: a file that a person wrote can be corrected by a person.

use std::borrow::Cow;

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{ColumnList, Format, Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::strict;
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[];

/// CSV, JSON and NDJSON under rehome's own member names.
pub struct Generic;

/// Every member that is understood, with what becomes of it.
const MEMBERS: [(&str, Fate); 23] = [
    ("id", Fate::Carried("id")),
    ("email", Fate::Carried("email")),
    ("email_verified", Fate::Carried("email_verified")),
    ("phone", Fate::Carried("phone")),
    ("phone_verified", Fate::Carried("phone_verified")),
    ("name", Fate::Carried("name")),
    ("enabled", Fate::Carried("enabled")),
    ("labels", Fate::Carried("labels")),
    ("prefs", Fate::Carried("prefs")),
    ("created_at", Fate::Transformed { to: "prefs", how: "only with --keep-dates: Appwrite sets its own date" }),
    ("password_hash", Fate::Carried("password")),
    ("password_scheme", HASH_PARAMETER),
    ("password_salt", HASH_PARAMETER),
    ("password_salt_encoding", HASH_PARAMETER),
    ("scrypt_n", HASH_PARAMETER),
    ("scrypt_r", HASH_PARAMETER),
    ("scrypt_p", HASH_PARAMETER),
    ("scrypt_length", HASH_PARAMETER),
    ("signer_key", HASH_PARAMETER),
    ("salt_separator", HASH_PARAMETER),
    ("rounds", HASH_PARAMETER),
    ("mem_cost", HASH_PARAMETER),
    ("password", Fate::Transformed { to: "password", how: "plain text, hashed by Appwrite" }),
];

/// The names of all members, in that order.
static COLUMNS: ColumnList<{ MEMBERS.len() }> = ColumnList::new({
    let (mut names, mut n) = ([""; MEMBERS.len()], 0);
    while n < names.len() {
        names[n] = MEMBERS[n].0;
        n += 1;
    }
    names
});

const HASH_PARAMETER: Fate = Fate::Transformed { to: "password", how: "in the form its endpoint takes" };

impl Source for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn about(&self) -> &'static str {
        "any export under rehome's own member names (id, email, password_hash, …); others with --map"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let table = tables.iter().find(|table| self.role(table) == Role::Users)?;
        let known = table.columns.iter().filter(|column| is_member(column)).map(String::as_str);
        let why = format!("{} with the members {}", table.format, known.collect::<Vec<_>>().join(", "));
        Some(Detection { score: 1, why })
    }

    /// Dumps hold many tables with an `id`, so there only an `email` makes a table one of users.
    fn role(&self, table: &TableSample) -> Role {
        let has = |name: &str| table.columns.iter().any(|column| column == name);
        let users = match table.format {
            // What a database calls `password` is a hash of a kind that only the application knows.
            Format::Sql | Format::Xml => has("email") && (has("password_hash") || !has("password")),
            _ => has("email") || has("id") || has("phone"),
        };
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        let [
            id,
            email,
            email_verified,
            phone,
            phone_verified,
            name,
            enabled,
            labels,
            prefs,
            created_at,
            credential @ ..,
        ] = record.columns(&COLUMNS);
        let (created_at, notes) = date("created_at", created_at, context)?;
        Ok(Account {
            source_id: strict::digits_intact("id", id)?.unwrap_or_default(),
            email: strict::scalar("email", email)?,
            email_verified: strict::boolean("email_verified", email_verified)?.unwrap_or(false),
            phone: strict::digits_intact("phone", phone)?.map(unescape_formula),
            phone_verified: strict::boolean("phone_verified", phone_verified)?.unwrap_or(false),
            name: strict::scalar("name", name)?,
            enabled: strict::boolean("enabled", enabled)?.unwrap_or(true),
            roles: strict::words("labels", labels, &[',', '|', ';'])?,
            prefs: strict::object("prefs", prefs)?,
            created_at,
            last_seen: None,
            credential: password(credential, context)?,
            notes,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        MEMBERS
            .iter()
            .find(|(name, _)| *name == column)
            .map_or(Fate::Dropped { why: "not a member of generic exports; use --map to carry it" }, |(_, fate)| {
                fate.clone()
            })
    }
}

fn is_member(column: &str) -> bool {
    MEMBERS.iter().any(|(name, _)| *name == column)
}

/// A plain-text password comes before a hash: Appwrite can always hash it.
fn password<'r>(members: [Option<&'r Value<'r>>; 13], context: &Context<'r>) -> Result<Credential<'r>, Refusal> {
    let [hash, scheme, salt, encoding, n, r, p, length, signer_key, salt_separator, rounds, mem_cost, plaintext] =
        members;
    let text = |value: Option<&'r Value<'r>>| value.and_then(Value::text).filter(|text| !text.is_empty());
    if let Some(text) = text(plaintext) {
        return plain("password", text);
    }
    let Some(hash) = text(hash) else { return Ok(Credential::default()) };
    if common::is_unusable(&hash) {
        return Ok(Credential::None(Note::new(Code::NoPassword, "the export marks the password as unusable")));
    }
    let mut input = HashInput {
        hash,
        declared: strict::scalar("password_scheme", scheme)?,
        hints: &[],
        salt: text(salt),
        salt_encoding: strict::salt_encoding("password_salt_encoding", encoding)?,
        scrypt_n: strict::number("scrypt_n", n)?,
        scrypt_r: strict::number("scrypt_r", r)?,
        scrypt_p: strict::number("scrypt_p", p)?,
        scrypt_length: strict::number("scrypt_length", length)?,
        signer_key: strict::scalar("signer_key", signer_key)?,
        salt_separator: salt_separator.and_then(Value::text),
        rounds: strict::number("rounds", rounds)?,
        mem_cost: strict::number("mem_cost", mem_cost)?,
    };
    if let Some(project) = context.firebase.filter(|_| input.signer_key.is_none()) {
        fill_firebase(&mut input, project);
    }
    Ok(Credential::Hash(input))
}

/// Puts a project's parameters where the record has none of its own.
pub(in crate::source) fn fill_firebase<'r>(input: &mut HashInput<'r>, project: &'r crate::source::FirebaseHashConfig) {
    input.signer_key = Some(Cow::Borrowed(&project.signer_key));
    input.salt_separator = Some(Cow::Borrowed(&project.salt_separator));
    input.rounds.get_or_insert(project.rounds);
    input.mem_cost.get_or_insert(project.mem_cost);
}

/// A plain-text password, out of Spring's `{noop}` where it stands in one.
///
/// # Errors
/// What has the shape of a hash or of an unusable marker: many systems call the column of their hashes `password`, and
/// taken as plain text such a hash would become the password.
pub(in crate::source) fn plain<'r>(column: &str, text: Cow<'r, str>) -> Result<Credential<'r>, Refusal> {
    if let Some(bare) = text.strip_prefix("{noop}") {
        return Ok(Credential::Plain(Cow::Owned(bare.to_owned())));
    }
    let long = |rest: &str| rest.len() >= 16 && !rest.contains(char::is_whitespace);
    let is_tag =
        |tag: &str| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let tagged = |open: char, close: char| {
        let (tag, rest) = text.strip_prefix(open)?.split_once(close)?;
        (is_tag(tag) && long(rest)).then_some(())
    };
    let django = ["pbkdf2_sha", "bcrypt$$", "bcrypt_sha256$$", "argon2$argon2"].iter().any(|p| text.starts_with(p));
    let marker =
        text.strip_prefix('!').is_some_and(|rest| rest.len() >= 40 && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    let digest = matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if tagged('$', '$').is_some() || tagged('{', '}').is_some() || django || marker || digest {
        return Err(strict::unclear(column, "is for plain-text passwords and holds what looks like a hash")
            .hint("it belongs under password_hash, or under `hash` in a mapping file's [password]"));
    }
    Ok(Credential::Plain(text))
}

/// A moment; one that cannot be understood costs the user nothing but itself, and is only named where it was wanted.
fn date(
    column: &str,
    value: Option<&Value<'_>>,
    context: &Context<'_>,
) -> Result<(Option<jiff::Timestamp>, Vec<Note>), Refusal> {
    let moment = value.and_then(common::moment);
    let unread = context.keep_dates && moment.is_none() && strict::scalar(column, value)?.is_some();
    let notes =
        unread.then(|| Note::new(Code::InvalidDate, format!("column `{column}` holds no date that is understood")));
    Ok((moment, notes.into_iter().collect()))
}

/// Exporters guard spreadsheets with an apostrophe before what would be a formula: `'+14155550123`.
pub(in crate::source) fn unescape_formula(text: Cow<'_, str>) -> Cow<'_, str> {
    let guarded = |t: &str| t.strip_prefix('\'').is_some_and(|rest| rest.starts_with(['=', '+', '-', '@']));
    match text {
        Cow::Borrowed(text) if guarded(text) => Cow::Borrowed(&text[1..]),
        Cow::Owned(text) if guarded(&text) => Cow::Owned(text[1..].to_owned()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::SaltEncoding;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    fn read(record: serde_json::Value) -> Result<String, String> {
        let record = testing::record(record);
        let account = Generic.interpret(&record, &testing::context(&NoRelated));
        account.map(|a| format!("{a:?}")).map_err(|refusal| refusal.text.into_owned())
    }

    #[test]
    fn all_members_are_understood() {
        let record = testing::record(json!({
            "id": 7, "email": " Alice@Example.com ", "email_verified": "yes", "phone": "'+14155550123", "phone_verified": 1,
            "name": "Alice", "enabled": "f", "labels": "admin;staff", "prefs": "{\"plan\":\"pro\"}",
            "created_at": "2024-01-02 03:04:05", "password_hash": "00ff", "password_scheme": "scrypt",
            "password_salt": "c2FsdA==", "password_salt_encoding": "base64", "scrypt_n": "16384", "scrypt_r": 8,
            "scrypt_p": 1, "scrypt_length": 64, "signer_key": "a2V5", "salt_separator": "", "rounds": 8, "mem_cost": 14,
        }));
        let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((&*account.source_id, account.email.as_deref()), ("7", Some("Alice@Example.com")));
        assert_eq!((account.phone.as_deref(), account.name.as_deref()), (Some("+14155550123"), Some("Alice")));
        assert!(account.email_verified && account.phone_verified && !account.enabled);
        assert_eq!(
            (account.roles, account.prefs["plan"].as_str()),
            (vec!["admin".into(), "staff".into()], Some("pro"))
        );
        assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
        let Credential::Hash(hash) = account.credential else { panic!("a hash") };
        assert_eq!((&*hash.hash, hash.declared.as_deref(), hash.hints), ("00ff", Some("scrypt"), &[][..]));
        assert_eq!((hash.salt.as_deref(), hash.salt_encoding), (Some("c2FsdA=="), SaltEncoding::Base64));
        assert_eq!((hash.scrypt_n, hash.scrypt_r, hash.scrypt_p), (Some(16384), Some(8), Some(1)));
        assert_eq!((hash.scrypt_length, hash.rounds, hash.mem_cost), (Some(64), Some(8), Some(14)));
        assert_eq!((hash.signer_key.as_deref(), hash.salt_separator.as_deref()), (Some("a2V5"), Some("")));
    }

    #[test]
    fn a_member_that_is_not_there_means_nothing_bad() {
        let record = testing::record(json!({ "email": "a@example.com", "enabled": null, "labels": "" }));
        let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(account.enabled && !account.email_verified && account.source_id.is_empty());
        assert!(matches!(account.credential, Credential::None(note) if note.code == Code::NoPassword));
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_the_name_of_its_column() {
        for (column, value) in [
            ("email_verified", json!("maybe")),
            ("enabled", json!("?")),
            ("phone_verified", json!(2)),
            ("scrypt_n", json!("2^14")),
            ("password_salt_encoding", json!("rot13")),
            ("id", json!("1.41555E+10")),
            ("phone", json!("1.41555E+10")),
            ("email", json!(["a@example.com"])),
            ("labels", json!([{"name": "x"}])),
            ("prefs", json!("[1]")),
        ] {
            let mut record = json!({ "email": "a@example.com", "password_hash": "00ff" });
            record[column] = value;
            let text = read(record).unwrap_err();
            assert!(text.contains(&format!("`{column}`")), "{text}");
        }
    }

    #[test]
    fn markers_and_hashes_never_become_passwords() {
        for marker in ["!", "!abc", "*"] {
            let record = testing::record(json!({ "email": "a@example.com", "password_hash": marker }));
            let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert!(matches!(account.credential, Credential::None(_)), "{marker}");
        }
        for hash in
            ["$2y$10$abcdefghijklmnopqrstuv", "pbkdf2_sha256$1000000$salt$hash", "$argon2id$v=19$m=1,t=1,p=1$a$b"]
        {
            let text = read(json!({ "email": "a@example.com", "password": hash })).unwrap_err();
            assert!(!text.contains(hash), "{text}");
        }
        for (password, expected) in
            [("$ecret$money$", "$ecret$money$"), ("!Hello-World!", "!Hello-World!"), ("{noop}pass word", "pass word")]
        {
            let record = testing::record(json!({ "email": "a@example.com", "password": password }));
            let account = Generic.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert!(matches!(account.credential, Credential::Plain(plain) if plain == expected));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_values_are_understood_or_refused_and_no_secret_is_quoted(
            cells in proptest::collection::vec("\\PC{0,24}", MEMBERS.len()),
        ) {
            let columns: Vec<&str> = MEMBERS.iter().map(|(name, _)| *name).collect();
            let values: Vec<&str> = cells.iter().map(String::as_str).collect();
            let record = testing::row("", &columns, &values);
            if let Err(refusal) = Generic.interpret(&record, &testing::context(&NoRelated)) {
                for (column, value) in columns.iter().zip(&values) {
                    let secret = ["password", "password_hash", "password_salt", "signer_key"].contains(column);
                    proptest::prop_assert!(!secret || value.len() < 8 || !refusal.text.contains(value));
                }
            }
        }
    }

    #[test]
    fn a_dump_is_generic_only_by_its_addresses() {
        let table = |format, columns: &[&str]| testing::table("t", format, columns);
        assert!(Generic.detect(&[table(Format::Csv, &["id", "x"])]).is_some());
        assert!(Generic.detect(&[table(Format::Sql, &["id", "x"])]).is_none());
        assert_eq!(Generic.detect(&[table(Format::Sql, &["id", "email"])]).unwrap().score, 1);
        assert!(matches!(Generic.fate("favourite_colour"), Fate::Dropped { why } if why.contains("--map")));
    }
}
