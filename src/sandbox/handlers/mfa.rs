//! Second factors: recovery codes are kept, authenticators cannot be added through this API.

use serde_json::{Value, json};

use crate::sandbox::clock;
use crate::sandbox::data::user::User;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::http::answer::Answer;
use crate::sandbox::http::call::Call;
use crate::sandbox::params::Rule;
use crate::sandbox::secrets::hex_secret;
use crate::sandbox::traits::Traits;

/// How many recovery codes there are, and how long each is.
const CODES: usize = 6;
const CODE_LENGTH: usize = 10;

/// `GET /users/{userId}/mfa/factors`
pub async fn factors(call: Call) -> ApiResult<Answer> {
    let user = call.single()?.run(|_, user| Ok(user)).await?;
    Answer::ok(&factors_of(&user, call.traits()))
}

/// The second factors that a user has.
pub fn factors_of(user: &User, traits: &Traits) -> Value {
    let has = |value: &Option<String>| value.as_ref().is_some_and(|text| !text.is_empty());
    let mut factors = json!({
        "totp": false,
        "phone": has(&user.phone) && user.phone_verification,
        "email": has(&user.email) && user.email_verification,
        // The server never fills it in.
        "recoveryCode": false,
    });
    if traits.custom_factor {
        factors["custom"] = false.into();
    }
    factors
}

/// `DELETE /users/{userId}/mfa/authenticators/{type}`
pub async fn delete_authenticator(call: Call) -> ApiResult<Answer> {
    let single = call.single()?;
    call.path_value("type", Rule::OneOf(&["totp"]))?;
    single.run(|_, _| Ok(())).await?;
    Err(ApiError::authenticator_not_found())
}

/// `GET /users/{userId}/mfa/recovery-codes`
pub async fn codes(call: Call) -> ApiResult<Answer> {
    let user = call.single()?.run(|_, user| Ok(user)).await?;
    let codes: Vec<Value> = serde_json::from_str(&user.recovery_codes)?;
    if codes.is_empty() {
        return Err(ApiError::recovery_codes_not_found());
    }
    Answer::ok(&json!({ "recoveryCodes": codes }))
}

/// `PATCH /users/{userId}/mfa/recovery-codes`
pub async fn create_codes(call: Call) -> ApiResult<Answer> {
    new_codes(call, |exist| if exist { Err(ApiError::recovery_codes_already_exist()) } else { Ok(()) }).await
}

/// `PUT /users/{userId}/mfa/recovery-codes`
pub async fn regenerate_codes(call: Call) -> ApiResult<Answer> {
    new_codes(call, |exist| if exist { Ok(()) } else { Err(ApiError::recovery_codes_not_found()) }).await
}

/// New recovery codes.
pub fn fresh_codes() -> ApiResult<Vec<String>> {
    (0..CODES).map(|_| hex_secret(CODE_LENGTH)).collect()
}

async fn new_codes(call: Call, check: fn(bool) -> ApiResult<()>) -> ApiResult<Answer> {
    let single = call.single()?;
    let codes = fresh_codes()?;
    let stored = serde_json::to_string(&codes)?;
    single
        .run(move |c, mut user| {
            check(user.recovery_codes != "[]")?;
            user.recovery_codes = stored;
            user.update(c, clock::now())
        })
        .await?;
    Answer::ok(&json!({ "recoveryCodes": codes }))
}
