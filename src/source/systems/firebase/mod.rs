//! Firebase Authentication and Identity Platform: `firebase auth:export` (JSON and CSV), what the REST API and the Admin
//! SDK answer, and the emulator's export.
//!
//! <https://firebase.google.com/docs/cli/auth>, firebase-tools `src/accountExporter.ts`.

mod layout;

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use self::layout::{Layout, PROVIDERS};
use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::bytes::split_once;
use crate::code::{Code, Refusal};
use crate::format::{ColumnList, Fields, Format, Record, TableSample, Value};
use crate::source::kit::cell;
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN};
use crate::source::{Context, Detection, Fate, Mender, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Firebase];

/// Firebase.
pub struct Firebase;

/// What accounts are made of, under the names of CLI, REST API and Admin SDK; the last ones are the Python SDK's attributes.
static COLUMNS: ColumnList<32> = ColumnList::new([
    "localId",
    "uid",
    "email",
    "emailVerified",
    "phoneNumber",
    "displayName",
    "disabled",
    "passwordHash",
    "salt",
    "passwordSalt",
    "version",
    "photoUrl",
    "photoURL",
    "tenantId",
    "customAttributes",
    "customClaims",
    "providerUserInfo",
    "providerData",
    "createdAt",
    "lastSignedInAt",
    "lastLoginAt",
    "metadata",
    "email_verified",
    "phone_number",
    "display_name",
    "password_hash",
    "password_salt",
    "photo_url",
    "tenant_id",
    "custom_claims",
    "provider_data",
    "user_metadata",
]);

/// Base64 of `REDACTED`, which stands for a hash that the exporting account may not read.
const REDACTED: &str = "UkVEQUNURUQ";

impl Source for Firebase {
    fn name(&self) -> &'static str {
        "firebase"
    }

    fn about(&self) -> &'static str {
        "Firebase Authentication: auth:export JSON and CSV of every firebase-tools, REST and Admin SDK dumps, emulator export; \
         claims `role`, `roles` and those that are true become labels"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        tables.iter().find_map(|table| {
            if let Some(layout) = headerless_layout(table) {
                let why = format!("CSV, {} fields, no header: {}", layout.width(), layout.versions());
                return Some(Detection { score: 95, why });
            }
            let why = |what: &str| Some(Detection { score: 95, why: format!("{}: {what}", table.format) });
            if common::has(table, &["localId"]) && table.format != Format::Csv {
                let emulator = table.head.contains("\"fakeHash:salt=");
                why(if emulator {
                    "localId, and fakeHash: the emulator's accounts, with their passwords"
                } else {
                    "localId: accounts of firebase auth:export or the Identity Toolkit API"
                })
            } else if common::has(table, &["uid", "metadata"])
                && ["providerData", "passwordSalt", "customClaims"].iter().any(|name| common::has(table, &[name]))
            {
                why("uid, metadata, providerData: the Admin SDK's listUsers")
            } else if common::has(table, &["uid", "email_verified"])
                && ["password_salt", "custom_claims", "provider_data"].iter().any(|name| common::has(table, &[name]))
            {
                why("uid, email_verified, password_salt: attributes of the Python Admin SDK's users")
            } else if common::has(table, &["localId", "email"]) {
                why("localId: firebase auth:export with a header line")
            } else {
                None
            }
        })
    }

    fn role(&self, table: &TableSample) -> Role {
        let named = common::has(table, &["localId"]) || common::has(table, &["uid"]);
        if named || headerless_layout(table).is_some() { Role::Users } else { Role::Ignored }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        Some(headerless_layout(table)?.names().into_iter().map(Cow::into_owned).collect())
    }

    fn mender(&self) -> Option<Mender> {
        Some(|table, raw| Layout::of_header(&table.columns)?.mend(raw))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        refuse_shifted(record)?;
        let [
            local_id,
            uid,
            email,
            email_verified,
            phone,
            name,
            disabled,
            hash,
            salt,
            password_salt,
            version,
            photo,
            photo_upper,
            tenant,
            attributes,
            claimed,
            provider_info,
            provider_data,
            created_at,
            last_signed_in,
            last_login,
            metadata,
            snake_verified,
            snake_phone,
            snake_name,
            snake_hash,
            snake_salt,
            snake_photo,
            snake_tenant,
            snake_claims,
            snake_providers,
            snake_metadata,
        ] = record.columns(&COLUMNS);
        let metadata = metadata.or(snake_metadata);
        let text = |value: Option<&'r Value<'r>>| value.and_then(Value::text).filter(|text| !text.is_empty());
        let flag = |value: Option<&Value<'_>>| value.and_then(common::truth).unwrap_or(false);
        let within = |name: &str| metadata.and_then(|metadata| metadata.member(name));
        let first_moment = |values: [Option<&Value<'_>>; 4]| values.into_iter().flatten().find_map(common::moment);

        let mut prefs = Map::new();
        let roles = claims([("customAttributes", attributes), ("customClaims", claimed.or(snake_claims))], &mut prefs);
        let providers = providers(record, [provider_info, provider_data.or(snake_providers)]);
        let (email, phone) = (text(email), text(phone.or(snake_phone)));
        let credential = match text(hash.or(snake_hash)) {
            Some(hash) => password(hash, common::first_written([salt, password_salt, snake_salt]), version, context),
            None => without_hash(email.is_some(), !providers.is_empty(), phone.is_some()),
        };
        if let Some(photo) = common::first_written([photo, photo_upper, snake_photo]) {
            common::keep(&mut prefs, "photoUrl", photo.into());
        }
        common::keep(&mut prefs, "providers", Json::Array(providers));
        if let Some(tenant) = tenant.or(snake_tenant) {
            common::keep(&mut prefs, "tenantId", common::json(tenant));
        }
        Ok(Account {
            source_id: common::first_written([local_id, uid]).unwrap_or_default(),
            email_verified: flag(email_verified.or(snake_verified)),
            phone_verified: phone.is_some(),
            name: text(name.or(snake_name)),
            enabled: !flag(disabled),
            created_at: first_moment([
                created_at,
                within("creationTime"),
                within("createdAt"),
                within("creation_timestamp"),
            ]),
            last_seen: first_moment([last_signed_in, last_login, within("lastSignInTime"), within("lastLoginAt")])
                .or_else(|| within("last_sign_in_timestamp").and_then(common::moment)),
            notes: Vec::new(),
            email,
            phone,
            roles,
            prefs,
            credential,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "localId" | "uid" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "emailVerified" | "email_verified" => Fate::Carried("email_verified"),
            "phoneNumber" | "phone_number" => Fate::Carried("phone"),
            "displayName" | "display_name" => Fate::Carried("name"),
            "disabled" => Fate::Transformed { to: "enabled", how: "turned around" },
            "passwordHash" | "salt" | "passwordSalt" | "password_hash" | "password_salt" => HASH,
            "version" => {
                Fate::Transformed { to: "password", how: "0 is the project's own scrypt, all else is refused" }
            }
            "customAttributes" | "customClaims" | "custom_claims" => Fate::Transformed {
                to: "labels",
                how: "claims `role`, `roles` and those that are true; the others go to the preferences",
            },
            "photoUrl" | "photoURL" | "tenantId" | "photo_url" | "tenant_id" => Fate::Prefs,
            "providerUserInfo" | "providerData" | "provider_data" => {
                Fate::Transformed { to: "prefs", how: "as `providers`, without password and phone" }
            }
            "createdAt" => CREATED,
            "lastSignedInAt" | "lastLoginAt" => LAST_SEEN,
            "metadata" | "user_metadata" => {
                Fate::Transformed { to: "prefs", how: "creation and last sign-in, only with --keep-dates" }
            }
            "mfaInfo" | "multiFactor" => FACTOR,
            "validSince" | "tokensValidAfterTime" | "tokens_valid_after_timestamp" | "lastRefreshAt" => {
                Fate::Dropped { why: "about Firebase's sessions, which end with the move" }
            }
            "passwordUpdatedAt" => Fate::Dropped { why: "Appwrite sets its own date" },
            _ if column.split_once('/').is_some_and(|(provider, _)| PROVIDERS.contains(&provider)) => {
                Fate::Transformed { to: "prefs", how: "as `providers`" }
            }
            _ => Fate::Dropped { why: "not a member that is known of Firebase" },
        }
    }
}

fn headerless_layout(table: &TableSample) -> Option<Layout> {
    let is_nameless = table.format == Format::Csv && table.columns.is_empty();
    is_nameless.then(|| Layout::of_file(&table.head))?
}

/// A row whose fields are as many as they should be may still have them in the wrong places.
fn refuse_shifted(record: &Record<'_>) -> Result<(), Refusal> {
    let Fields::Row { header, cells } = &record.fields else { return Ok(()) };
    let Some(layout) = Layout::of_header(header.names()) else { return Ok(()) };
    let cell = |at: usize| match cells.get(at) {
        Some(Value::Text(text)) => text,
        _ => "",
    };
    if layout.holds(cells.len(), cell) {
        return Ok(());
    }
    Err(Refusal::new(Code::DamagedRecord, "the fields of the row are not where firebase-tools puts them")
        .hint("export as JSON, which firebase-tools does not break"))
}

/// Claims: `role`, `roles` and whatever is `true` are roles, all else goes to the preferences under its own name.
fn claims<'r>(columns: [(&str, Option<&'r Value<'r>>); 2], prefs: &mut Map<String, Json>) -> Vec<Cow<'r, str>> {
    let mut roles: Vec<Cow<'r, str>> = Vec::new();
    for (column, value) in columns {
        let members = match value.map(common::json) {
            None => continue,
            Some(Json::Object(members)) => members,
            // Text that is no JSON is still somebody's data.
            Some(other) => {
                common::keep(prefs, column, other);
                continue;
            }
        };
        for (name, value) in members {
            let named = match (name.as_str(), &value) {
                ("role" | "roles", _) => common::names(&value),
                (_, Json::Bool(true)) => vec![Cow::Owned(name.clone())],
                _ => Vec::new(),
            };
            if named.is_empty() {
                common::keep(prefs, &name, value);
            }
            common::add_roles(&mut roles, named);
        }
    }
    roles
}

/// The federated providers, sorted by name, so that JSON and CSV say the same.
fn providers(record: &Record<'_>, lists: [Option<&Value<'_>>; 2]) -> Vec<Json> {
    let mut providers = Vec::new();
    for list in lists {
        let parsed = list.map(common::json);
        for provider in parsed.as_ref().and_then(Json::as_array).into_iter().flatten() {
            let Some(id) = provider.get("providerId").and_then(Json::as_str) else { continue };
            if matches!(id, "password" | "phone" | "emailLink" | "anonymous" | "firebase") {
                continue;
            }
            let mut kept = Map::from_iter([("providerId".to_owned(), id.into())]);
            for (from, to) in [
                ("rawId", "rawId"),
                ("uid", "rawId"),
                ("email", "email"),
                ("displayName", "displayName"),
                ("photoUrl", "photoUrl"),
                ("photoURL", "photoUrl"),
            ] {
                common::keep(&mut kept, to, provider.get(from).cloned().unwrap_or_default());
            }
            providers.push(Json::Object(kept));
        }
    }
    // Columns of the CSV: `google.com/rawId`, the fields of a provider side by side.
    if let Fields::Row { header, cells } = &record.fields {
        let listed = providers.len();
        let filled = header.slashed().iter().filter(|&&at| cells.get(at).is_some_and(|value| !value.is_empty()));
        for (column, value) in filled.map(|&at| (&header.names()[at], &cells[at])) {
            let Some((provider, field)) = split_once(column, b'/') else { continue };
            let Some(text) = value.text().filter(|_| PROVIDERS.contains(&provider)) else { continue };
            let at = providers[listed..].iter().position(|known| known["providerId"] == provider);
            let at = at.map_or(providers.len(), |at| listed + at);
            if at == providers.len() {
                providers.push(json!({ "providerId": provider }));
            }
            providers[at][field] = text.into();
        }
    }
    providers.sort_by(|a, b| a["providerId"].as_str().cmp(&b["providerId"].as_str()));
    providers
}

fn without_hash<'r>(has_email: bool, has_provider: bool, has_phone: bool) -> Credential<'r> {
    match (has_email, has_provider, has_phone) {
        (_, true, _) => common::without(Code::NoPassword, "signs in through a provider and has no password"),
        (_, _, true) => common::without(Code::NoPassword, "signs in by phone and has no password"),
        (true, ..) => common::without(
            Code::HashNotExported,
            "an e-mail user without hash and provider: imported with a foreign hash, an e-mail link, or oidc/saml, \
             none of which the export carries",
        ),
        _ => common::without(Code::NoPassword, "an anonymous user"),
    }
}

fn password<'r>(
    hash: Cow<'r, str>,
    salt: Option<Cow<'r, str>>,
    version: Option<&Value<'_>>,
    context: &Context<'r>,
) -> Credential<'r> {
    if hash.strip_prefix(REDACTED).is_some_and(|rest| rest.bytes().all(|b| b == b'=')) {
        return common::without(
            Code::RedactedHash,
            "the hash reads REDACTED: the exporting account may not read hashes",
        );
    }
    if let Some((_, password)) = hash.strip_prefix("fakeHash:salt=").and_then(|salted| salted.split_once(":password="))
    {
        return Credential::Plain(Cow::Owned(password.to_owned()));
    }
    if version.and_then(Value::text).is_some_and(|version| !matches!(&*version, "" | "0" | "0.0")) {
        return common::without(
            Code::ForeignHashVersion,
            "the hash's version is not 0: not of the project's own algorithm",
        );
    }
    // The emulator keeps bcrypt that was imported as it came; no scrypt of Firebase's reads `$2` in base64.
    if hash.starts_with("JDJ")
        && cell::unwrapped(&Value::Text(Cow::Borrowed(&hash))).is_some_and(|text| text.starts_with("$2"))
    {
        return Credential::Hash(HashInput { hash, hints: &[Hint::Bare], ..HashInput::default() });
    }
    let Some(project) = context.firebase else {
        return common::without(Code::HashConfigMissing, "the project's hash parameters are not known");
    };
    Credential::Hash(HashInput {
        hash,
        declared: Some(Cow::Borrowed("firebase-scrypt")),
        hints: HINTS,
        salt,
        salt_encoding: SaltEncoding::Base64,
        signer_key: Some(Cow::Borrowed(&project.signer_key)),
        salt_separator: Some(Cow::Borrowed(&project.salt_separator)),
        rounds: Some(project.rounds),
        mem_cost: Some(project.mem_cost),
        ..HashInput::default()
    })
}
