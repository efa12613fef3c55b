//! LDAP directories: what `slapcat`, `ldapsearch` and the tools of other servers write as LDIF (RFC 2849).
//!
//! Attribute names do not distinguish case (RFC 4512 §2.5). A `userPassword` without `{…}` is the password itself
//! (RFC 4519 §2.41).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{Format, Record, TableSample, Value};
use crate::source::kit::common::{self, CREATED, HASH, LAST_SEEN, ROLES};
use crate::source::{Context, Detection, Fate, Role, Source};

/// LDIF.
pub struct Ldif;

/// How the object classes of people end: `inetOrgPerson`, `posixAccount`, `mailUser`, `CourierMailAccount`, `zimbraAccount`.
/// Everything else (units, groups, hosts) is none of ours.
const PEOPLE: [&str; 4] = ["person", "account", "user", "mailrecipient"];

/// Object classes of machines and services, which are `user` or `account` as well.
const MACHINES: [&str; 4] = ["computer", "device", "ipservice", "sambadomain"];

/// Object classes of entries that were deleted and are kept for replication: 389's tombstones.
const DELETED: [&str; 1] = ["nstombstone"];

/// What only an entry of a person has, where the export leaves the object classes out.
const NAMES: [&str; 6] = ["uid", "cn", "sn", "givenName", "sAMAccountName", "displayName"];

/// Object classes of what is no person, whatever else it may have.
const THINGS: [&str; 10] = [
    "organization",
    "organizationalunit",
    "organizationalrole",
    "dcobject",
    "domain",
    "groupofnames",
    "groupofuniquenames",
    "posixgroup",
    "group",
    "applicationprocess",
];

/// What is kept in the preferences: what describes a person, nothing that the server keeps for itself.
const PREFS: [&str; 17] = [
    "uid",
    "title",
    "description",
    "telephoneNumber",
    "o",
    "ou",
    "l",
    "st",
    "c",
    "street",
    "postalCode",
    "departmentNumber",
    "department",
    "employeeNumber",
    "employeeType",
    "preferredLanguage",
    "labeledURI",
];

impl Source for Ldif {
    fn name(&self) -> &'static str {
        "ldif"
    }

    fn about(&self) -> &'static str {
        "LDIF: the people of a directory (person, inetOrgPerson, posixAccount …), with their first address; groups that \
         memberOf names become labels"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        tables.iter().find(|table| table.format == Format::Ldif)?;
        Some(Detection { score: 80, why: "LDIF: entries of a directory".into() })
    }

    fn role(&self, table: &TableSample) -> Role {
        if table.format == Format::Ldif { Role::Mixed } else { Role::Ignored }
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        let classes: Vec<String> = values(record, "objectClass").map(|class| class.to_ascii_lowercase()).collect();
        let is = |list: &[&str]| classes.iter().any(|class| list.contains(&class.as_str()));
        let has = |name: &'static str| values(record, name).any(|value| !value.trim().is_empty());
        let is_machine = is(&MACHINES)
            // What binds to the directory and has no address is a program.
            || is(&["simplesecurityobject"]) && !has("mail")
            || ["uid", "sAMAccountName"].into_iter().any(|name| values(record, name).any(|name| name.ends_with('$')));
        if is_machine || is(&DELETED) {
            return Role::Ignored;
        }
        let is_person = classes.iter().any(|class| PEOPLE.iter().any(|end| class.ends_with(end)));
        // `ldapsearch … uid cn mail userPassword` asks for no object class, and every mail server has classes of its own.
        let signs_in = has("userPassword") || classes.is_empty();
        let is_somebody = !is(&THINGS) && signs_in && ["mail", "uid", "sAMAccountName"].into_iter().any(has);
        let is_nameless = classes.is_empty() && has("userPassword") && NAMES.into_iter().any(has);
        if is_person || is_somebody || is_nameless { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let first = |name: &'static str| values(record, name).find(|value| !value.trim().is_empty());
        let mut notes = Vec::new();
        let readable = context.columns.iter().any(|column| column.eq_ignore_ascii_case("userPassword"));
        let (credential, locked_hash) = credential(record, readable, &mut notes);
        let source_id = ["entryUUID", "nsUniqueId", "ipaUniqueID", "uid", "sAMAccountName", "dn"];
        let email = first("mail").or_else(|| first("userPrincipalName").filter(|name| name.contains('@')));

        let mut prefs = Map::new();
        for name in PREFS {
            let all: Vec<Json> = values(record, name).map(Json::from).collect();
            let value = if all.len() == 1 { all.into_iter().next().unwrap_or_default() } else { Json::Array(all) };
            common::keep(&mut prefs, name, value);
        }
        let others = values(record, "mail").filter(|mail| Some(mail) != email.as_ref()).map(Json::from).collect();
        common::keep(&mut prefs, "other_mail", others);

        let name = first("displayName")
            .or_else(|| first("cn"))
            .or_else(|| common::join_name([first("givenName"), first("sn")]))
            .or_else(|| first("uid"));
        let groups = values(record, "memberOf").filter_map(|group| common_name(&group).map(Cow::Owned));
        Ok(Account {
            source_id: source_id.iter().find_map(|name| values(record, name).next()).unwrap_or_default(),
            email_verified: false,
            phone: first("mobile").or_else(|| first("telephoneNumber")),
            phone_verified: false,
            enabled: !locked_hash && !is_locked(record, context.now),
            roles: groups.collect(),
            created_at: first("createTimestamp").or_else(|| first("whenCreated")).and_then(|t| generalized_time(&t)),
            last_seen: first("authTimestamp").or_else(|| first("pwdLastSuccess")).and_then(|t| generalized_time(&t)),
            email,
            name,
            prefs,
            credential,
            notes,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        let bare = column.split(';').next().unwrap_or(column).to_ascii_lowercase();
        match bare.as_str() {
            "entryuuid" | "nsuniqueid" | "ipauniqueid" => Fate::Carried("id"),
            "dn" | "samaccountname" => {
                Fate::Transformed { to: "id", how: "where there is no unique id in text and no uid" }
            }
            "mail" => {
                Fate::Transformed { to: "email", how: "the first, as not verified; the others go to the preferences" }
            }
            "mobile" => Fate::Carried("phone"),
            "telephonenumber" => Fate::Transformed { to: "phone", how: "where there is no mobile; and prefs" },
            "displayname" | "cn" => Fate::Carried("name"),
            "givenname" | "sn" => Fate::Transformed { to: "name", how: "where there is no cn" },
            "userpassword" => HASH,
            "memberof" => ROLES,
            name if LOCKS.contains(&name) => Fate::Transformed { to: "enabled", how: "locked accounts are disabled" },
            name if ENDS.contains(&name) => {
                Fate::Transformed { to: "enabled", how: "accounts that have ended are disabled" }
            }
            "createtimestamp" | "whencreated" => CREATED,
            "authtimestamp" | "pwdlastsuccess" => LAST_SEEN,
            "objectclass" => Fate::Transformed { to: "record", how: "people are read, all else is not" },
            "jpegphoto" | "thumbnailphoto" | "usercertificate" | "objectguid" | "objectsid" | "guid" => {
                Fate::Dropped { why: "binary" }
            }
            "sambantpassword" | "sambalmpassword" | "krbprincipalkey" => {
                Fate::Dropped { why: "a hash of Windows or Kerberos" }
            }
            _ if PREFS.iter().any(|name| name.eq_ignore_ascii_case(&bare)) => Fate::Prefs,
            _ => Fate::Dropped { why: "kept by the directory for itself, or not about the person" },
        }
    }
}

/// The values of an attribute, whatever its case and options (`cn;lang-en`).
fn values<'v>(record: &'v Record<'_>, name: &str) -> impl Iterator<Item = Cow<'v, str>> {
    let is = move |attribute: &str| attribute.split(';').next().is_some_and(|bare| bare.eq_ignore_ascii_case(name));
    record
        .iter()
        .filter(move |(attribute, _)| is(attribute))
        .flat_map(|(_, value)| value.items())
        .filter_map(Value::text)
}

/// `cn=admins,ou=groups,dc=example,dc=com` → `admins`.
fn common_name(dn: &str) -> Option<String> {
    let (kind, rest) = dn.split_once('=')?;
    // RFC 4514: a comma within a value is escaped.
    let end = rest.match_indices(',').map(|(at, _)| at).find(|&at| !rest[..at].ends_with('\\')).unwrap_or(rest.len());
    let is_name = ["cn", "ou"].iter().any(|name| kind.trim().eq_ignore_ascii_case(name));
    is_name.then(|| rest[..end].replace('\\', ""))
}

/// `20261121164521.521332Z`, `202611211645Z` (RFC 4517 §3.3.13).
fn generalized_time(text: &str) -> Option<jiff::Timestamp> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !matches!(digits, 10 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).filter(|_| to <= digits).unwrap_or("00");
    let zone = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    let date =
        format!("{}-{}-{}T{}:{}:{}", &text[..4], part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14));
    format!("{date}{}", if zone.is_empty() { "Z" } else { zone }).parse().ok()
}

/// What says that an account is locked, in small letters: OpenLDAP's password policy, 389 and `FreeIPA` (the roles are what `ns-inactivate.pl` and the
/// console gave), Active Directory, eDirectory, `OpenDJ` and `ForgeRock`, Oracle, Samba.
const LOCKS: [&str; 9] = [
    "pwdaccountlockedtime",
    "nsaccountlock",
    "nsroledn",
    "nsrole",
    "logindisabled",
    "ds-pwp-account-disabled",
    "orclisenabled",
    "sambaacctflags",
    "useraccountcontrol",
];

/// What says on which day an account ends, in small letters: `FreeIPA`, `OpenDJ` and `ForgeRock`, Oracle, and days since 1970 of shadow(5).
const ENDS: [&str; 4] =
    ["krbprincipalexpiration", "ds-pwp-account-expiration-time", "orclactiveenddate", "shadowexpire"];

fn is_locked(record: &Record<'_>, now: jiff::Timestamp) -> bool {
    let locks = |name: &str, value: &str| match name {
        "pwdaccountlockedtime" => !value.is_empty(),
        "nsroledn" | "nsrole" => common_name(value).is_some_and(|role| {
            ["nsManagedDisabledRole", "nsDisabledRole"].iter().any(|name| role.eq_ignore_ascii_case(name))
        }),
        "orclisenabled" => ["disabled", "inactive"].iter().any(|word| value.eq_ignore_ascii_case(word)),
        "sambaacctflags" => value.starts_with('[') && value.contains('D'),
        // ACCOUNTDISABLE: learn.microsoft.com, UserAccountControl property flags.
        "useraccountcontrol" => value.parse::<u32>().is_ok_and(|flags| flags & 2 != 0),
        _ => value.eq_ignore_ascii_case("true"),
    };
    let ended = |name: &str, value: &str| match name {
        // shadow(5): an empty field and -1 stand for never.
        "shadowexpire" => value.parse::<i64>().is_ok_and(|days| days >= 0 && days * 86_400 <= now.as_second()),
        _ => generalized_time(value).is_some_and(|end| end <= now),
    };
    LOCKS.iter().any(|name| values(record, name).any(|value| locks(name, value.trim())))
        || ENDS.iter().any(|name| values(record, name).any(|value| ended(name, value.trim())))
}

/// The password that is best carried, and whether it stands behind the `!` of a locked account. `readable`: whoever exported
/// was shown the passwords of others.
fn credential<'r>(record: &'r Record<'r>, readable: bool, notes: &mut Vec<Note>) -> (Credential<'r>, bool) {
    let passwords: Vec<Cow<'r, str>> = values(record, "userPassword").filter(|password| !password.is_empty()).collect();
    if passwords.len() > 1 {
        let text =
            format!("the entry has {} passwords; the first of the kind that is best carried is taken", passwords.len());
        notes.push(Note::new(Code::SeveralPasswords, text));
    }
    let Some(password) = passwords.into_iter().min_by_key(|password| rank(password)) else {
        let windows = ["sAMAccountName", "userAccountControl", "objectGUID"].into_iter();
        let text = if windows.into_iter().any(|name| values(record, name).next().is_some()) {
            "Active Directory shows nobody its passwords"
        } else if readable {
            return (common::without(Code::NoPassword, "the entry has no userPassword"), false);
        } else {
            "no entry has userPassword: export with an account that may read it"
        };
        return (common::without(Code::HashNotExported, text), false);
    };
    let Some((scheme, body)) = password.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        // Whatever RFC 4519 says: some servers store what other systems made, without a name before it.
        if password.starts_with(['$', '_', '*']) || common::is_hash(&password) {
            return (Credential::Hash(HashInput { hash: password, hints: Hint::KNOWN, ..HashInput::default() }), false);
        }
        return (Credential::Plain(password), false);
    };
    if scheme.eq_ignore_ascii_case("SASL") {
        return (
            common::without(Code::HashNotExported, "the directory passes sign-ins on ({SASL}) and has no hash"),
            false,
        );
    }
    if ["CLEARTEXT", "CLEAR", "PLAIN"].iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
        return (Credential::Plain(Cow::Owned(body.to_owned())), false);
    }
    let locked = body.strip_prefix('!').filter(|_| scheme.eq_ignore_ascii_case("CRYPT"));
    let is_locked = locked.is_some();
    if body.is_empty() || body == "*" || locked.is_some_and(|hash| !hash.starts_with('$')) {
        return (common::without(Code::NoPassword, "the entry marks the password as unusable"), is_locked);
    }
    let hash = locked.map(|hash| Cow::Owned(format!("{{{scheme}}}{hash}"))).unwrap_or(password);
    (Credential::Hash(HashInput { hash, hints: Hint::KNOWN, ..HashInput::default() }), is_locked)
}

/// Which of several passwords is best carried: one in the clear, then what Appwrite can verify, then the others.
fn rank(password: &str) -> u8 {
    let Some((scheme, body)) = password.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return 0 };
    match scheme.to_ascii_uppercase().as_str() {
        "CLEARTEXT" | "CLEAR" | "PLAIN" => 0,
        "CRYPT" if body.starts_with('!') || body == "*" => 4,
        "CRYPT" if body.starts_with("$y$") || body.starts_with("$7$") || body.starts_with("$apr1$") => 3,
        "CRYPT" | "ARGON2" | "BCRYPT" | "BLF-CRYPT" => 1,
        "SHA" | "SHA256" | "SHA384" | "SHA512" | "MD5" => 2,
        "SASL" => 5,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    fn read(passwords: Json) -> (String, bool) {
        let record = testing::record(
            json!({ "dn": "uid=a", "objectclass": ["top", "inetOrgPerson"], "userpassword": passwords }),
        );
        assert_eq!(Ldif.role_of(&record), Role::Users);
        let account = Ldif.interpret(&record, &testing::context(&NoRelated)).expect("a person");
        let credential = match account.credential {
            Credential::Hash(input) => input.hash.into_owned(),
            Credential::Plain(password) => format!("plain {password}"),
            Credential::None(note) => note.code.to_string(),
        };
        (credential, account.enabled)
    }

    #[test]
    fn passwords_without_a_scheme_are_passwords() {
        assert_eq!(read(json!("secret!")), ("plain secret!".into(), true));
        assert_eq!(read(json!("{CLEARTEXT}secret!")), ("plain secret!".into(), true));
        assert_eq!(read(json!("{SSHA}abc")), ("{SSHA}abc".into(), true));
        assert_eq!(read(json!("{SASL}nina@EXAMPLE.COM")), ("hash-not-exported".into(), true));
        assert_eq!(read(json!([])), ("hash-not-exported".into(), true));
        for hash in ["$2y$10$nOUIs5kJ7naTuTFkBy1veuK0kSxUFXfuaOKdOKf9xYT0KKIGSJwFa", "5f4dcc3b5aa765d61d8327deb882cf99"]
        {
            assert_eq!(read(json!(hash)), (hash.into(), true));
        }
    }

    #[test]
    fn locked_hashes_are_carried_and_disabled() {
        assert_eq!(read(json!("{CRYPT}!$6$abc$def")), ("{CRYPT}$6$abc$def".into(), false));
        assert_eq!(read(json!("{crypt}!")), ("no-password".into(), false));
        assert_eq!(read(json!("{CRYPT}*")), ("no-password".into(), true));
    }

    #[test]
    fn whoever_a_directory_keeps_out_is_disabled() {
        let enabled = |name: &str, value: &str| {
            let entry = json!({ "dn": "uid=a", "objectClass": "inetOrgPerson", "uid": "a", name: value });
            let record = testing::record(entry);
            Ldif.interpret(&record, &testing::context(&NoRelated)).expect("a person").enabled
        };
        for (name, out, others) in [
            ("nsAccountLock", "TRUE", ["FALSE", ""]),
            ("nsRoleDN", "cn=nsManagedDisabledRole,dc=example,dc=com", ["cn=staff,dc=example,dc=com", ""]),
            ("nsRole", "cn=nsdisabledrole,dc=example,dc=com", ["cn=nsDisabledRoles,dc=example", "cn=x"]),
            ("ds-pwp-account-disabled", "true", ["false", ""]),
            ("orclIsEnabled", "DISABLED", ["ENABLED", ""]),
            ("sambaAcctFlags", "[UD         ]", ["[U          ]", "D"]),
            ("userAccountControl", "514", ["512", "x"]),
            ("pwdAccountLockedTime", "000001010000Z", ["", " "]),
            ("krbPrincipalExpiration", "20200101000000Z", ["29990101000000Z", ""]),
            ("ds-pwp-account-expiration-time", "20200101000000Z", ["29990101000000Z", "never"]),
            ("orclActiveEndDate", "20200101000000Z", ["29990101000000Z", ""]),
            ("shadowExpire", "1", ["-1", "99999999"]),
        ] {
            assert!(!enabled(name, out), "{name}: {out}");
            for other in others {
                assert!(enabled(name, other), "{name}: {other}");
            }
        }
    }

    #[test]
    fn of_several_passwords_the_one_that_is_best_carried_is_taken() {
        assert_eq!(read(json!(["{SSHA}abc", "{SHA}def"])).0, "{SHA}def");
        assert_eq!(read(json!(["{SHA}def", "{CRYPT}$6$x$y", "{CRYPT}$y$x$y"])).0, "{CRYPT}$6$x$y");
        assert_eq!(read(json!(["{SSHA}first", "{SSHA}second"])).0, "{SSHA}first");
    }

    #[test]
    fn an_entry_without_a_password_had_none_only_where_others_show_theirs() {
        let code = |entry: Json, columns: &[String]| {
            let record = testing::record(entry);
            let context = Context { columns, ..testing::context(&NoRelated) };
            let account = Ldif.interpret(&record, &context).expect("a person");
            let Credential::None(note) = account.credential else { panic!("a password") };
            note.code
        };
        let readable = ["uid".to_owned(), "userpassword".to_owned()];
        let person = || json!({ "dn": "uid=a", "objectClass": "inetOrgPerson", "uid": "a" });
        assert_eq!(code(person(), &readable), Code::NoPassword);
        assert_eq!(code(person(), &readable[..1]), Code::HashNotExported);
        let windows =
            json!({ "dn": "cn=a", "objectClass": "user", "sAMAccountName": "a", "userAccountControl": "512" });
        assert_eq!(code(windows, &readable), Code::HashNotExported);
    }

    #[test]
    fn people_are_told_by_their_classes_or_without_them_by_what_they_have() {
        for entry in [
            json!({ "dn": "x", "objectClass": ["top", "mailUser"] }),
            json!({ "dn": "x", "objectClass": ["account", "simpleSecurityObject"], "mail": "a@example.com" }),
            json!({ "dn": "x", "objectClass": "CourierMailAccount" }),
            json!({ "dn": "x", "uid": "a", "mail": "a@example.com" }),
            json!({ "dn": "x", "cn": "A", "userPassword": "{SSHA}x" }),
        ] {
            assert_eq!(Ldif.role_of(&testing::record(entry.clone())), Role::Users, "{entry}");
        }
        for entry in [
            json!({ "dn": "ou=people", "ou": "people" }),
            json!({ "dn": "cn=staff", "cn": "staff", "memberUid": ["a"] }),
            json!({ "dn": "x", "objectClass": ["account", "simpleSecurityObject"], "uid": "backup" }),
            json!({ "dn": "x", "objectClass": ["user"], "sAMAccountName": "PC01$" }),
            json!({ "dn": "nsuniqueid=x,uid=a", "objectClass": ["inetOrgPerson", "nsTombstone"], "uid": "a", "mail": "a@example.com" }),
        ] {
            assert_eq!(Ldif.role_of(&testing::record(entry.clone())), Role::Ignored, "{entry}");
        }
    }

    #[test]
    fn units_groups_and_machines_are_nobody() {
        for classes in
            [json!("organizationalUnit"), json!(["top", "groupOfNames"]), json!(["user", "computer"]), json!(null)]
        {
            assert_eq!(Ldif.role_of(&testing::record(json!({ "dn": "x", "objectClass": classes }))), Role::Ignored);
        }
    }

    #[test]
    fn groups_are_named_by_their_first_part() {
        assert_eq!(common_name("cn=admins,ou=groups,dc=example").as_deref(), Some("admins"));
        assert_eq!(common_name("CN=Sales\\, EU,DC=example").as_deref(), Some("Sales, EU"));
        assert_eq!(common_name("uid=x,dc=example"), None);
    }

    #[test]
    fn times_are_generalized() {
        let moment: Option<jiff::Timestamp> = "2026-11-21T16:45:21Z".parse().ok();
        assert_eq!(generalized_time("20261121164521Z"), moment);
        assert_eq!(generalized_time("20261121164521.521332Z"), moment);
        assert_eq!(generalized_time("20261121174521+0100"), moment);
        assert_eq!(generalized_time("202611211645Z"), "2026-11-21T16:45:00Z".parse().ok());
        assert_eq!(generalized_time("soon"), None);
    }
}
