//! The strings of each family of schemes. None of these files knows another: what stands behind a wrapper is
//! [`super::resolve()`]'s business.

pub(super) mod argon2;
pub(super) mod bcrypt;
pub(super) mod crypt;
pub(super) mod digest;
pub(super) mod encoded;
pub(super) mod firebase;
pub(super) mod scrypt;
pub(super) mod systems;
pub(super) mod wrapper;
