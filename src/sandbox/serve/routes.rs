//! All routes, in one table: method, path below `/v1`, what it needs, and who answers. The first that fits counts.

use std::future::Future;
use std::pin::Pin;

use hyper::Method;
use serde_json::Value;

use crate::sandbox::errors::ApiResult;
use crate::sandbox::handlers::account::{self, factors, sign_in};
use crate::sandbox::handlers::create;
use crate::sandbox::handlers::health;
use crate::sandbox::handlers::jwts;
use crate::sandbox::handlers::lists;
use crate::sandbox::handlers::mfa;
use crate::sandbox::handlers::patch;
use crate::sandbox::handlers::project;
use crate::sandbox::handlers::sessions;
use crate::sandbox::handlers::targets;
use crate::sandbox::handlers::tokens;
use crate::sandbox::handlers::users;
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::http::caller::Access;
use crate::sandbox::traits::Traits;

type Handler = fn(Call) -> Pin<Box<dyn Future<Output = ApiResult<Answer>> + Send>>;

/// A route.
pub struct Route {
    method: Method,
    path: &'static str,
    /// The scope or role that the caller must have.
    pub access: Access,
    /// The function that answers.
    pub handler: Handler,
    /// What requests without a key are limited by.
    pub quota: Option<Quota>,
}

/// So many requests an hour for each of something.
pub struct Quota {
    /// Requests an hour for each thing that is counted apart.
    pub limit: u32,
    /// Whether a success (201) resets it.
    pub success_resets: bool,
    /// Names what is counted apart, beside the route.
    of: fn(&Call) -> String,
    route: &'static str,
}

impl Quota {
    const fn new(route: &'static str, limit: u32, success_resets: bool, of: fn(&Call) -> String) -> Self {
        Self { limit, success_resets, of, route }
    }

    /// What this request is counted for.
    pub fn key(&self, call: &Call) -> String {
        format!("{} {}", self.route, (self.of)(call))
    }
}

/// A parameter as it was sent.
fn sent(call: &Call, name: &str) -> String {
    match call.parameters.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

const SIGN_IN: Quota = Quota::new("sign-in", 10, true, |call| sent(call, "email"));
const TOKEN: Quota = Quota::new("token", 10, false, |call| format!("{} {}", call.ip, sent(call, "userId")));
const RECOVERY: Quota = Quota::new("recovery", 10, false, |call| sent(call, "email"));
const PASSWORD: Quota = Quota::new("password", 10, false, |call| call.ip.to_string());
const JWT: Quota = Quota::new("jwt", 100, false, |call| {
    call.caller.user.as_ref().map(|signed_in| signed_in.user.id.clone()).unwrap_or_default()
});

macro_rules! quota {
    () => {
        None
    };
    ($quota:ident) => {
        Some($quota)
    };
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $($handler:ident)::+ $([$quota:ident])?;)*) => {
        static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            handler: |call| Box::pin($($handler)::+(call)),
            quota: quota!($($quota)?),
        }),*];
    };
}

routes! {
    GET    "health/version"                            Public        health::version;

    POST   "users"                                     UsersWrite    create::plain;
    POST   "users/argon2"                              UsersWrite    create::argon2;
    POST   "users/bcrypt"                              UsersWrite    create::bcrypt;
    POST   "users/md5"                                 UsersWrite    create::md5;
    POST   "users/phpass"                              UsersWrite    create::phpass;
    POST   "users/scrypt"                              UsersWrite    create::scrypt;
    POST   "users/scrypt-modified"                     UsersWrite    create::scrypt_modified;
    POST   "users/sha"                                 UsersWrite    create::sha;

    GET    "users"                                     UsersRead     users::list;
    GET    "users/identities"                          UsersRead     lists::identities;
    DELETE "users/identities/{identityId}"             UsersWrite    lists::delete_identity;
    GET    "users/{userId}"                            UsersRead     users::get;
    DELETE "users/{userId}"                            UsersWrite    users::delete;

    PATCH  "users/{userId}/email"                      UsersWrite    patch::email;
    PATCH  "users/{userId}/phone"                      UsersWrite    patch::phone;
    PATCH  "users/{userId}/name"                       UsersWrite    patch::name;
    PATCH  "users/{userId}/password"                   UsersWrite    patch::password;
    PATCH  "users/{userId}/status"                     UsersWrite    patch::status;
    PUT    "users/{userId}/labels"                     UsersWrite    patch::labels;
    GET    "users/{userId}/prefs"                      UsersRead     users::prefs;
    PATCH  "users/{userId}/prefs"                      UsersWrite    patch::prefs;
    PATCH  "users/{userId}/verification"               UsersWrite    patch::email_verification;
    PATCH  "users/{userId}/verification/phone"         UsersWrite    patch::phone_verification;
    PATCH  "users/{userId}/impersonator"               UsersWrite    patch::impersonator;
    PATCH  "users/{userId}/mfa"                        UsersWrite    patch::mfa;

    GET    "users/{userId}/logs"                       UsersRead     lists::logs;
    GET    "users/{userId}/memberships"                UsersRead     lists::memberships;

    GET    "users/{userId}/sessions"                   SessionsRead  sessions::list;
    POST   "users/{userId}/sessions"                   SessionsWrite sessions::create;
    DELETE "users/{userId}/sessions"                   SessionsWrite sessions::delete_all;
    DELETE "users/{userId}/sessions/{sessionId}"       SessionsWrite sessions::delete;
    POST   "users/{userId}/jwts"                       UsersWrite    jwts::create;
    POST   "users/{userId}/tokens"                     UsersWrite    tokens::create;

    GET    "users/{userId}/mfa/factors"                UsersRead     mfa::factors;
    GET    "users/{userId}/mfa/recovery-codes"         UsersRead     mfa::codes;
    PATCH  "users/{userId}/mfa/recovery-codes"         UsersWrite    mfa::create_codes;
    PUT    "users/{userId}/mfa/recovery-codes"         UsersWrite    mfa::regenerate_codes;
    DELETE "users/{userId}/mfa/authenticators/{type}"  UsersWrite    mfa::delete_authenticator;

    GET    "users/{userId}/targets"                    TargetsRead   targets::list;
    POST   "users/{userId}/targets"                    TargetsWrite  targets::create;
    GET    "users/{userId}/targets/{targetId}"         TargetsRead   targets::get;
    PATCH  "users/{userId}/targets/{targetId}"         TargetsWrite  targets::update;
    DELETE "users/{userId}/targets/{targetId}"         TargetsWrite  targets::delete;

    POST   "account/sessions/email"                    SignIn        sign_in::by_password [SIGN_IN];
    POST   "account/sessions"                          SignIn        sign_in::by_password [SIGN_IN];
    POST   "account/sessions/token"                    SignIn        sign_in::by_token [TOKEN];
    GET    "account/sessions"                          Account       account::sessions::list;
    DELETE "account/sessions"                          Account       account::sessions::delete_all;
    GET    "account/sessions/{sessionId}"              Account       account::sessions::get;
    PATCH  "account/sessions/{sessionId}"              Account       account::sessions::extend;
    DELETE "account/sessions/{sessionId}"              HalfAccount   account::sessions::delete;
    GET    "account"                                   Account       account::get;
    GET    "account/prefs"                             Account       account::prefs;
    POST   "account/jwts"                              Account       account::jwt [JWT];
    POST   "account/jwt"                               Account       account::jwt [JWT];
    PATCH  "account/password"                          Account       account::password::change [PASSWORD];
    POST   "account/recovery"                          SignIn        account::password::recover [RECOVERY];
    PUT    "account/recovery"                          SignIn        account::password::finish_recovery [PASSWORD];
    PATCH  "account/mfa"                               Account       factors::switch;
    GET    "account/mfa/factors"                       HalfAccount   factors::list;
    GET    "account/mfa/recovery-codes"                Account       factors::codes;
    POST   "account/mfa/recovery-codes"                Account       factors::create_codes;
    PATCH  "account/mfa/recovery-codes"                Account       factors::regenerate_codes;
    POST   "account/mfa/challenges"                    HalfAccount   factors::challenge;
    PUT    "account/mfa/challenges"                    HalfAccount   factors::answer_challenge;
    POST   "account/mfa/challenge"                     HalfAccount   factors::challenge;
    PUT    "account/mfa/challenge"                     HalfAccount   factors::answer_challenge;

    GET    "project/policies"                          PoliciesRead  project::list_policies;
    GET    "project/policies/{policyId}"               PoliciesRead  project::policy;
    PATCH  "project/policies/{policyId}"               PoliciesWrite project::set_policy;
    PATCH  "project/auth-methods/{methodId}"           ProjectWrite  project::set_method;
    POST   "project/platforms/web"                     PlatformsWrite project::add_platform;
}

/// The values of a path's placeholders, by name.
pub type Placeholders = Vec<(&'static str, String)>;

/// Finds the route of a request, and the values of its placeholders as they stand in the path. Slashes at the end and
/// doubled ones do not count.
pub fn find(method: &Method, path: &str, traits: &Traits) -> Option<(&'static Route, Placeholders)> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    if segments.next() != Some("v1") {
        return None;
    }
    let segments: Vec<&str> = segments.collect();
    let route = |route: &'static Route| {
        if route.method != *method {
            return None;
        }
        let placeholders = fit(route.path, &segments)?;
        Some((route, placeholders))
    };
    let found = ROUTES.iter().find_map(route)?;
    let exists = match found.0.path {
        "users/{userId}/impersonator" => traits.impersonator_route,
        "users/{userId}/logs" => traits.user_logs_route,
        path => traits.project_routes || !path.starts_with("project/"),
    };
    exists.then_some(found)
}

fn fit(pattern: &'static str, segments: &[&str]) -> Option<Placeholders> {
    let mut placeholders = Vec::new();
    let mut segments = segments.iter();
    for part in pattern.split('/') {
        let segment = *segments.next()?;
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => placeholders.push((name, segment.to_owned())),
            None if part == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(placeholders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::{Endpoint, Version};

    fn path_of(method: Method, path: &str) -> Option<&'static str> {
        find(&method, path, &Traits::of(Version::NEWEST)).map(|(route, _)| route.path)
    }

    #[test]
    fn literal_segments_come_before_placeholders() {
        assert_eq!(path_of(Method::GET, "/v1/users/identities"), Some("users/identities"));
        assert_eq!(path_of(Method::GET, "/v1/users/md5"), Some("users/{userId}"));
        assert_eq!(path_of(Method::GET, "/v1//users/"), Some("users"));
        for unknown in ["/v1/Users", "/v1/users/a/b/c/d", "/users", "/v1"] {
            assert_eq!(path_of(Method::GET, unknown), None, "{unknown}");
        }
        assert_eq!(path_of(Method::PUT, "/v1/users"), None);
    }

    #[test]
    fn every_create_endpoint_has_a_route() {
        for endpoint in Endpoint::ALL {
            assert!(path_of(Method::POST, &format!("/v1{}", endpoint.path())).is_some(), "{endpoint:?}");
        }
    }
}
