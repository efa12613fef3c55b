//! The eight create endpoints.

/// A create endpoint of the Users API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Endpoint {
    /// `POST /users`: no password, or a plain one that the server hashes.
    #[serde(rename = "/users")]
    Plain,
    /// `POST /users/argon2`
    #[serde(rename = "/users/argon2")]
    Argon2,
    /// `POST /users/bcrypt`
    #[serde(rename = "/users/bcrypt")]
    Bcrypt,
    /// `POST /users/md5`
    #[serde(rename = "/users/md5")]
    Md5,
    /// `POST /users/phpass`
    #[serde(rename = "/users/phpass")]
    Phpass,
    /// `POST /users/scrypt`
    #[serde(rename = "/users/scrypt")]
    Scrypt,
    /// `POST /users/scrypt-modified`
    #[serde(rename = "/users/scrypt-modified")]
    ScryptModified,
    /// `POST /users/sha`
    #[serde(rename = "/users/sha")]
    Sha,
}

impl Endpoint {
    /// All of them, plain first.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Argon2,
        Self::Bcrypt,
        Self::Md5,
        Self::Phpass,
        Self::Scrypt,
        Self::ScryptModified,
        Self::Sha,
    ];

    /// The path below `/v1`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Plain => "/users",
            Self::Argon2 => "/users/argon2",
            Self::Bcrypt => "/users/bcrypt",
            Self::Md5 => "/users/md5",
            Self::Phpass => "/users/phpass",
            Self::Scrypt => "/users/scrypt",
            Self::ScryptModified => "/users/scrypt-modified",
            Self::Sha => "/users/sha",
        }
    }

    /// The `hash` that `GET /users/{id}` shows before the first login (a plain password is stored as argon2).
    #[must_use]
    pub const fn stored_as(self) -> &'static str {
        match self {
            Self::Plain | Self::Argon2 => "argon2",
            Self::Bcrypt => "bcrypt",
            Self::Md5 => "md5",
            Self::Phpass => "phpass",
            Self::Scrypt => "scrypt",
            Self::ScryptModified => "scryptMod",
            Self::Sha => "sha",
        }
    }
}
