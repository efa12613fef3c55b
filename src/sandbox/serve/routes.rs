//! All routes, in one table: method, path below `/v1`, what it needs, and who answers. The first that fits counts.

use std::future::Future;
use std::pin::Pin;

use hyper::Method;

use crate::sandbox::errors::ApiResult;
use crate::sandbox::handlers::account;
use crate::sandbox::handlers::create;
use crate::sandbox::handlers::health;
use crate::sandbox::handlers::jwts;
use crate::sandbox::handlers::lists;
use crate::sandbox::handlers::mfa;
use crate::sandbox::handlers::patch;
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
    /// What it needs.
    pub access: Access,
    /// Who answers.
    pub handler: Handler,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $($handler:ident)::+;)*) => {
        static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            handler: |call| Box::pin($($handler)::+(call)),
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

    POST   "account/sessions/email"                    SignIn        account::sign_in;
    GET    "account"                                   Account       account::get;
    DELETE "account/sessions/{sessionId}"              Account       account::sign_out;
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
    (traits.impersonator_route || !found.0.path.ends_with("/impersonator")).then_some(found)
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
