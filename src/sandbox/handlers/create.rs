//! The eight create endpoints.

use serde_json::{Map, Value, json};

use crate::appwrite::rules::TEXT_MAX;
use crate::sandbox::clock;
use crate::sandbox::data::target::{Target, WithTargets, by_identifier};
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::{Call, Given, owned};
use crate::sandbox::http::password;
use crate::sandbox::params::Rule;
use crate::sandbox::secrets;
use crate::sandbox::traits::{Costs, Nulls, Traits};

/// A salt, a separator, a key or a name.
const TEXT: Rule<'_> = Rule::Text { min: 1, max: TEXT_MAX };

const SHA_VERSIONS: &[&str] = &[
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512/224",
    "sha512/256",
    "sha512",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
];

/// A password in the form that is stored.
struct Credential {
    password: Option<String>,
    hash: &'static str,
    options: Map<String, Value>,
}

/// The parameters that every endpoint has.
struct Person {
    id: String,
    email: Option<String>,
    phone: Option<String>,
    name: String,
}

impl Person {
    /// What the project's policies say: to the address, and to personal data in a password, for which the server takes a
    /// hash as well.
    fn check(&self, call: &Call, password: Option<&str>) -> ApiResult<()> {
        let Self { id, email, phone, name } = self;
        if let Some(password) = password {
            let person = password::Person { id, email: email.as_deref(), name, phone: phone.as_deref() };
            password::refuse_personal(&call.settings, &person, password)?;
        }
        email.as_deref().map_or(Ok(()), |email| call.refuse_email(email))
    }
}

/// `POST /users`
pub async fn plain(call: Call) -> ApiResult<Answer> {
    let id = call.required_text("userId", Rule::CustomId)?;
    let email = owned(call.optional("email", Rule::OrNull(&Rule::Email { allow_empty: false }))?);
    let phone = owned(call.optional("phone", Rule::OrNull(&Rule::Phone { allow_empty: false }))?);
    let password = call.typed_password(false, false)?;
    let name = name(&call)?;
    let person = Person { id, email, phone, name: name? };
    person.check(&call, password.as_deref())?;
    let costs = call.traits().own_costs;
    let password = match password {
        Some(password) => Some(call.state.hashing.run(move || secrets::argon2id(password.as_bytes(), costs)).await??),
        None => None,
    };
    let options = own_options(costs, call.traits());
    store(call, person, Credential { password, hash: "argon2", options }).await
}

/// `POST /users/argon2`
pub async fn argon2(call: Call) -> ApiResult<Answer> {
    hashed(call, "argon2", |_, traits| {
        Ok(Ok(if traits.php_hash_options {
            own_options(traits.own_costs, traits)
        } else {
            members(json!({"type": "argon2"}))
        }))
    })
    .await
}

/// `POST /users/bcrypt`
pub async fn bcrypt(call: Call) -> ApiResult<Answer> {
    hashed(call, "bcrypt", |_, traits| {
        let mut options = members(json!({"type": "bcrypt"}));
        if traits.php_hash_options {
            options.insert("cost".into(), 8.into());
        }
        Ok(Ok(options))
    })
    .await
}

/// `POST /users/md5`
pub async fn md5(call: Call) -> ApiResult<Answer> {
    hashed(call, "md5", |_, _| Ok(Ok(members(json!({"type": "md5"}))))).await
}

/// `POST /users/phpass`
pub async fn phpass(call: Call) -> ApiResult<Answer> {
    hashed(call, "phpass", |_, traits| {
        let mut options = members(json!({"type": "phpass"}));
        if traits.php_hash_options {
            let now = clock::now_ms();
            options.insert("iteration_count_log2".into(), 8.into());
            options.insert("portable_hashes".into(), false.into());
            // PHP's microtime().
            let random_state = format!("0.{:03}00000 {}", now % 1000, now / 1000);
            options.insert("random_state".into(), random_state.into());
        }
        Ok(Ok(options))
    })
    .await
}

/// `POST /users/sha`
pub async fn sha(call: Call) -> ApiResult<Answer> {
    hashed(call, "sha", |call, traits| {
        let version = match call.optional("passwordVersion", Rule::OneOf(SHA_VERSIONS))? {
            // Validated, `null` is none of the list; skipped, the handler takes none.
            Given::Null => return Ok(Err(ApiError::server_error())),
            given => owned(given),
        };
        Ok(sha_options(version, traits))
    })
    .await
}

fn sha_options(version: Option<String>, traits: &Traits) -> ApiResult<Map<String, Value>> {
    let mut options = Map::new();
    let checked = !traits.profile.sha512_truncated;
    if checked {
        let version = version.unwrap_or_else(|| traits.profile.sha_default.to_owned());
        let truncated = matches!(version.as_str(), "sha512/224" | "sha512/256");
        if truncated || !SHA_VERSIONS.contains(&version.as_str()) {
            return Err(ApiError::server_error());
        }
        options.insert("version".into(), version.into());
        return Ok(options);
    }
    if let Some(version) = version {
        options.insert("version".into(), version.into());
    }
    options.insert("type".into(), "sha".into());
    Ok(options)
}

/// `POST /users/scrypt`
pub async fn scrypt(call: Call) -> ApiResult<Answer> {
    hashed(call, "scrypt", |call, traits| {
        let salt = call.required_text("passwordSalt", TEXT)?;
        let integer = |name| call.required(name, Rule::Integer).map(|v| v.as_i64().unwrap_or_default());
        let (cpu, memory) = (integer("passwordCpu")?, integer("passwordMemory")?);
        let (parallel, length) = (integer("passwordParallel")?, integer("passwordLength")?);
        let possible = cpu > 1 && cpu & (cpu - 1) == 0 && memory > 0 && parallel > 0 && length >= 16 && salt != "0";
        if !possible && !traits.profile.scrypt_unchecked {
            return Ok(Err(ApiError::server_error()));
        }
        Ok(Ok(members(json!({
            "type": "scrypt",
            "costCpu": cpu,
            "costMemory": memory,
            "costParallel": parallel,
            "length": length,
            "salt": salt,
        }))))
    })
    .await
}

/// `POST /users/scrypt-modified`
pub async fn scrypt_modified(call: Call) -> ApiResult<Answer> {
    hashed(call, "scryptMod", |call, traits| {
        let salt = call.required_text("passwordSalt", TEXT)?;
        let separator = call.required_text("passwordSaltSeparator", TEXT)?;
        let signer_key = call.required_text("passwordSignerKey", TEXT)?;
        scrypt_modified_options(&salt, &separator, &signer_key, traits)
    })
    .await
}

fn scrypt_modified_options(
    salt: &str,
    separator: &str,
    signer_key: &str,
    traits: &Traits,
) -> ApiResult<ApiResult<Map<String, Value>>> {
    if !traits.profile.base64_unchecked {
        let base64 = [salt, separator, signer_key].into_iter().all(is_base64);
        if !base64 || salt == "0" || signer_key == "0" {
            let refused = ApiError::argument("Invalid base64 in the parameters of scrypt-modified.".into());
            return Ok(Err(if traits.bad_base64_is_400 { refused } else { ApiError::server_error() }));
        }
    }
    // The server writes this JSON by hand up to 1.8.0: a quote in a value ends it, and may begin another member.
    let text =
        format!(r#"{{"type":"scryptMod","salt":"{salt}","saltSeparator":"{separator}","signerKey":"{signer_key}"}}"#);
    Ok(serde_json::from_str(&text).map_err(|_| ApiError::server_error()))
}

/// `^[A-Za-z0-9+/]+={0,2}$`, in which PHP's `$` lets one line feed pass at the end.
fn is_base64(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// Parameters come first, in their order; what the endpoint makes of its own may fail after all of them are valid.
async fn hashed(
    call: Call,
    hash: &'static str,
    own: impl FnOnce(&Call, &Traits) -> ApiResult<ApiResult<Map<String, Value>>> + Send,
) -> ApiResult<Answer> {
    let id = call.required_text("userId", Rule::CustomId)?;
    let email = call.required_text("email", Rule::Email { allow_empty: false })?;
    let password = call.required_text("password", Rule::Password)?;
    let options = own(&call, call.traits())?;
    let name = name(&call)??;
    let person = Person { id, email: Some(email), phone: None, name };
    person.check(&call, Some(&password))?;
    let credential = Credential { password: Some(password), hash, options: options? };
    store(call, person, credential).await
}

/// The name: validated, then, where `null` fails, failing.
fn name(call: &Call) -> ApiResult<ApiResult<String>> {
    let given = call.optional("name", TEXT)?;
    let refuses_null = call.traits().nulls == Nulls::Skipped && !call.traits().name_nullable;
    Ok(match given {
        Given::Null if refuses_null => Err(ApiError::server_error()),
        given => Ok(owned(given).unwrap_or_default()),
    })
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// `hashOptions` of a password that the server itself hashed. Up to 1.8.0 they show costs that were never used.
pub fn own_options(costs: Costs, traits: &Traits) -> Map<String, Value> {
    members(if traits.php_hash_options {
        json!({"type": "argon2", "memory_cost": costs.memory, "time_cost": costs.passes, "threads": costs.lanes})
    } else {
        json!({"type": "argon2", "memoryCost": 2048, "timeCost": 4, "threads": 3})
    })
}

async fn store(call: Call, person: Person, credential: Credential) -> ApiResult<Answer> {
    let project = call.project.number;
    let now = clock::now();
    let id = if person.id == "unique()" { clock::unique_id() } else { person.id };
    let mut user = User {
        seq: 0,
        id,
        created: now.clone(),
        updated: now.clone(),
        name: person.name,
        email: person.email.map(|email| email.to_ascii_lowercase()),
        phone: person.phone,
        email_verification: false,
        phone_verification: false,
        status: true,
        labels: "[]".into(),
        prefs: "{}".into(),
        password_update: credential.password.as_ref().map(|_| now.clone()),
        password: credential.password,
        hash: credential.hash.into(),
        hash_options: Value::Object(credential.options).to_string(),
        registration: now,
        accessed_at: None,
        mfa: false,
        impersonator: false,
        recovery_codes: "[]".into(),
        password_history: "[]".into(),
        password_pwned: None,
    };
    if let Some(hash) = &user.password {
        user.password_history = password::remembered(&call.settings, &user.password_history, hash);
    }
    let created = call
        .store()
        .run(move |c| {
            if !user.insert(c, project)? {
                return Err(ApiError::user_already_exists());
            }
            let mut targets = Vec::with_capacity(2);
            for (provider_type, identifier) in [("email", &user.email), ("sms", &user.phone)] {
                if let Some(identifier) = identifier {
                    let mut target = Target::own(&user, provider_type, identifier, &user.created);
                    // Somebody else's target with this identifier stays theirs, and the answer shows it.
                    let shown =
                        if target.insert(c, project)? { Some(target) } else { by_identifier(c, project, identifier)? };
                    targets.extend(shown);
                }
            }
            let created: WithTargets = (user, targets);
            Ok(created)
        })
        .await?;
    Answer::created(&call.view(&created))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::Version;

    /// Observed on running servers.
    #[test]
    fn scrypt_modified_parameters_are_checked_from_1_8_1() {
        fn options(salt: &str, key: &str, traits: &Traits) -> ApiResult<Map<String, Value>> {
            scrypt_modified_options(salt, "Bw==", key, traits).expect("parameters that are there")
        }

        let (old, new) = (Traits::of(Version::new(1, 8, 0)), Traits::of(Version::new(1, 8, 1)));
        for odd in ["ab-_", "a b=", "====", "ab===", "ü", "a\nb", "a=b"] {
            assert!(options(odd, "AA==", &new).is_err(), "{odd}");
        }
        assert!(options("ab-_", "AA==", &old).is_ok());
        assert!(options("a\"b", "AA==", &old).is_err());
        let injected = options("a\",\"x\":\"1", "AA==", &old).expect("a member more");
        assert_eq!(injected.get("x"), Some(&json!("1")));
        assert!(scrypt_modified_options("A", "0", "A", &new).is_ok_and(|options| options.is_ok()));
        assert!(options("0", "A", &new).is_err());
        let status = |version| {
            let traits = Traits::of(version);
            options("ab-_", "AA==", &traits).expect_err("refused").status
        };
        assert_eq!((status(Version::new(2, 0, 0)), status(Version::new(2, 2, 0))), (500, 400));
    }

    #[test]
    fn sha_versions_are_checked_from_1_8_1() {
        let (old, new) = (Traits::of(Version::new(1, 8, 0)), Traits::of(Version::NEWEST));
        let options =
            |version: Option<&str>, traits| sha_options(version.map(str::to_owned), traits).map(Value::Object);
        assert_eq!(options(None, &new).ok(), Some(json!({"version": "sha256"})));
        assert_eq!(options(None, &old).ok(), Some(json!({"type": "sha"})));
        assert!(options(Some("SHA256"), &new).is_err() && options(Some("sha512/256"), &new).is_err());
        assert_eq!(options(Some("SHA256"), &old).ok(), Some(json!({"version": "SHA256", "type": "sha"})));
    }
}
