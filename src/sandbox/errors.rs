//! Appwrite's errors: type, status and message of each that these endpoints answer with.

use std::borrow::Cow;

use serde::Serialize;

use crate::sandbox::traits::Traits;

/// An error answer.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// Appwrite's stable `type`.
    pub kind: &'static str,
    /// The English sentence, as Appwrite words it.
    pub message: Cow<'static, str>,
}

/// The result of everything that can answer with an error.
pub type ApiResult<T> = Result<T, ApiError>;

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $status:literal $kind:literal $message:literal;)*) => {
        impl ApiError {
            $($(#[$doc])* pub const fn $name() -> Self {
                Self { status: $status, kind: $kind, message: Cow::Borrowed($message) }
            })*
        }
    };
}

errors! {
    /// Anything the server did not foresee; its own log alone says what.
    server_error = 500 "general_unknown" "Server Error";
    /// `--limit` or the limit of sign-ins per address.
    rate_limited = 429 "general_rate_limit_exceeded"
        "Rate limit for the current endpoint has been exceeded. Please try again after some time.";
    /// The injected 503.
    unavailable = 503 "general_service_disabled"
        "The requested service is disabled. You can enable the service from the Appwrite console.";
    /// The injected 503 of the service that knows breached passwords.
    pwned_unavailable = 503 "general_pwned_passwords_unavailable"
        "The breached passwords service is unavailable. Please try again later.";
    /// The body is larger than the server takes.
    too_large = 413 "general_argument_invalid" "The request body is too large.";
    /// The body did not arrive in time.
    timeout = 408 "general_argument_invalid" "The request body did not arrive in time.";
    /// An unknown `X-Appwrite-Project`.
    project_not_found = 404 "project_not_found"
        "Project with the requested ID could not be found. Please check the value of the X-Appwrite-Project header to ensure the correct project ID is being used.";
    /// A key without a project.
    project_id_missing = 403 "project_id_missing"
        "When using project API key, make sure to pass x-appwrite-project header with your project ID.";
    /// A wrong key, or a document the role may not touch.
    unauthorized = 401 "user_unauthorized" "The current user is not authorized to perform the requested action.";
    /// No such user.
    user_not_found = 404 "user_not_found" "User with the requested ID could not be found.";
    /// Id, e-mail or phone is taken: the answer never says which.
    user_already_exists = 409 "user_already_exists"
        "A user with the same id, email, or phone already exists in this project.";
    /// The unique column at `PATCH email`.
    email_already_exists = 409 "user_email_already_exists"
        "A user with the same email already exists in the current project.";
    /// The unique column at `PATCH phone`.
    phone_already_exists = 409 "user_phone_already_exists"
        "A user with the same phone number already exists in the current project.";
    /// Sign-in: wrong address or password.
    invalid_credentials = 401 "user_invalid_credentials" "Invalid credentials. Please check the email and password.";
    /// Sign-in while signed in.
    session_already_exists = 401 "user_session_already_exists"
        "Creation of a session is prohibited when a session is active.";
    /// No such session.
    session_not_found = 404 "user_session_not_found" "The current user session could not be found.";
    /// A second factor is missing.
    more_factors_required = 401 "user_more_factors_required"
        "More factors are required to complete the sign in process.";
    /// What is asked for needs a second factor given within half an hour.
    challenge_required = 401 "user_challenge_required"
        "A recently succeessful challenge is required to complete this action. A challenge is considered recent for 5 minutes.";
    /// A secret that is none, is used, or has run out.
    invalid_token = 401 "user_invalid_token" "Invalid token passed in the request.";
    /// Signing in by address and password is switched off.
    email_password_disabled = 501 "user_auth_method_unsupported"
        "Email / Password authentication is disabled for this project";
    /// The policy on personal data.
    personal_data = 400 "password_personal_data"
        "The password you are trying to use contains references to your name, email, phone or userID. For your security, please choose a different password and try again.";
    /// The policy on earlier passwords.
    recently_used = 400 "password_recently_used"
        "The password you are trying to use is similar to your previous password. For your security, please choose a different password and try again.";
    /// The right password, which a policy wants changed.
    password_reset_required = 412 "user_password_reset_required"
        "The current user requires a password reset.";
    /// A breached password.
    password_pwned = 400 "password_pwned"
        "The password you are trying to use has appeared in a data breach. For your security, please choose a different password and try again.";
    /// The policy on free addresses.
    email_free = 400 "user_email_free" "Emails from free email providers are not allowed for this project.";
    /// The policy on throw-away addresses.
    email_disposable = 400 "user_email_disposable" "Emails from disposable email providers are not allowed for this project.";
    /// The policy on aliases.
    email_not_canonical = 400 "user_email_not_canonical" "Aliased emails are not allowed for this project.";
    /// The policy that lets in corporate addresses alone.
    email_not_corporate = 400 "user_email_not_corporate" "Only corporate emails are allowed for this project.";
    /// A factor without an address.
    email_not_found = 400 "user_email_not_found" "The current user does not have an email associated with their account.";
    /// A factor whose address is not verified.
    email_not_verified = 400 "user_email_not_verified" "The current user's email is not verified.";
    /// A factor without a number.
    phone_not_found = 400 "user_phone_not_found" "The current user does not have a phone number associated with their account.";
    /// A factor whose number is not verified.
    phone_not_verified = 400 "user_phone_not_verified" "The current user's phone number is not verified.";
    /// No such target, or not this user's.
    target_not_found = 404 "user_target_not_found" "The target could not be found.";
    /// The id or the identifier of a target is taken.
    target_already_exists = 409 "user_target_already_exists" "A target with the same ID already exists.";
    /// 1.6: the identifier of a changed target is taken.
    document_already_exists = 409 "document_already_exists"
        "Document with the requested ID already exists. Try again with a different ID or use ID.unique() to generate a unique ID.";
    /// No such identity.
    identity_not_found = 404 "user_identity_not_found"
        "The identity could not be found. Please sign in with OAuth provider to create identity first.";
    /// The user has no TOTP authenticator.
    authenticator_not_found = 404 "user_authenticator_not_found"
        "Authenticator could not be found on the current user.";
    /// The user has no recovery codes.
    recovery_codes_not_found = 404 "user_recovery_codes_not_found"
        "Recovery codes could not be found on the current user.";
    /// The user has recovery codes.
    recovery_codes_already_exist = 409 "user_recovery_codes_already_exists"
        "The current user already generated recovery codes and they can only be read once for security reasons.";
    /// An e-mail target's identifier.
    invalid_email = 400 "general_invalid_email" "Value must be a valid email address.";
    /// An SMS target's identifier.
    invalid_phone = 400 "general_invalid_phone"
        "Value must be a valid phone number. Format this number with a leading '+' and a country code, e.g., +16175551212.";
    /// A target changed to a messaging provider that does not exist.
    provider_not_found = 404 "provider_not_found" "Provider with the requested ID could not be found.";
    /// A target's type in the wrong case.
    provider_incorrect_type = 400 "provider_incorrect_type"
        "Provider with the requested ID is of the incorrect type.";
}

impl ApiError {
    /// A bad `X-Appwrite-JWT`, with what the server's library says of it.
    pub fn jwt_invalid(why: &str) -> Self {
        Self { status: 401, kind: "user_jwt_invalid", message: Cow::Owned(format!("Failed to verify JWT. {why}")) }
    }

    /// A page that may not ask.
    pub const fn unknown_origin(message: String) -> Self {
        Self { status: 403, kind: "general_unknown_origin", message: Cow::Owned(message) }
    }

    /// A required parameter is not there.
    pub fn missing(name: &str) -> Self {
        Self::argument(format!("Param \"{name}\" is not optional."))
    }

    /// A parameter's value is refused.
    pub fn invalid(name: &str, why: &str) -> Self {
        Self::argument(format!("Invalid `{name}` param: {why}"))
    }

    /// Parameters that are refused.
    pub const fn argument(message: String) -> Self {
        Self { status: 400, kind: "general_argument_invalid", message: Cow::Owned(message) }
    }

    /// A query that passes validation and then cannot be answered.
    pub fn query(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, kind: "general_query_invalid", message: message.into() }
    }

    /// A cursor that names nothing.
    pub fn cursor(what: &str, id: &str) -> Self {
        let message = Cow::Owned(format!("{what} '{id}' for the 'cursor' value not found."));
        Self { status: 400, kind: "general_cursor_not_found", message }
    }

    /// A cursor whose document has no value in the attribute that orders.
    pub fn order_null(attribute: &str) -> Self {
        let message = Cow::Owned(format!(
            "The order attribute '{attribute}' had a null value. Cursor pagination requires all documents order \
             attribute values are non-null."
        ));
        Self { status: 400, kind: "database_query_order_null", message }
    }

    /// Scopes that the bearer does not hold.
    pub fn missing_scopes(who: &str, role: &str, scopes: &[&str], traits: &Traits) -> Self {
        let scopes = if traits.scopes_as_list {
            format!("missing scopes ([\"{}\"])", scopes.join("\",\""))
        } else {
            format!("missing scope ({})", scopes.join(", "))
        };
        let message = Cow::Owned(format!("{who} (role: {role}) {scopes}"));
        Self { status: 401, kind: "general_unauthorized_scope", message }
    }

    /// A sign-in of a blocked user with the right password.
    pub const fn blocked(traits: &Traits) -> Self {
        if traits.blocked_is_403 {
            let message = Cow::Borrowed("The current user has been blocked.");
            return Self { status: 403, kind: "user_blocked", message };
        }
        let message = Cow::Borrowed(
            "The current user has been blocked. You can unblock the user by making a request to the User API's \
             \"Update User Status\" endpoint or in the Appwrite Console's Auth section.",
        );
        Self { status: 401, kind: "user_blocked", message }
    }

    /// An unknown route, where the answer is JSON.
    pub const fn route_not_found(traits: &Traits) -> Self {
        Self { status: 404, kind: "general_route_not_found", message: Cow::Borrowed(traits.not_found_message) }
    }

    /// The body, in production (no file, line or trace).
    pub fn body(&self, traits: &Traits) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            message: &'a str,
            code: u16,
            r#type: &'a str,
            version: String,
        }
        let body =
            Body { message: &self.message, code: self.status, r#type: self.kind, version: traits.version.to_string() };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(_: rusqlite::Error) -> Self {
        Self::server_error()
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(_: serde_json::Error) -> Self {
        Self::server_error()
    }
}
