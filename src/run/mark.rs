//! A user's attributes as [`Left`]: what is planned, and what the target has, so that equal attributes have equal values.
//!
//! A digest is four bytes of SHA-256 over a key that this ledger alone has, the attribute's name and its value as the
//! target keeps it. It finds a change but for one in four thousand million; it is no secret's keeper: whoever has the
//! ledger can try guesses of a *plain* or *unsalted* password against it, as they could against the export beside it.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use super::job::Job;
use crate::appwrite::Endpoint;
use crate::appwrite::wire::php::canonical;
use crate::appwrite::wire::{Create, Step, User};
use crate::error::RunError;
use crate::ledger::{DIGESTS, Entry, Field, Left, MARK_KEY, Reader, Steps};

/// Makes the digests of one ledger.
#[derive(Clone)]
pub struct Marker {
    /// What comes before a value, taken in: of each field that has a digest.
    heads: [Sha256; DIGESTS],
}

fn take_in(hash: &mut Sha256, parts: &[&str]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    hash.update((length as u64).to_le_bytes());
    for part in parts {
        hash.update(part);
    }
}

/// The address that a user has for a moment, while two have each other's: nobody's, and reserved for that (RFC 6761).
#[must_use]
pub fn parking(user_id: &str) -> String {
    format!("rehome-{:016x}@rehome.invalid", xxh3_64(user_id.as_bytes()))
}

impl Marker {
    /// The marker of a ledger.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn of(reader: &Reader) -> Result<Self, RunError> {
        let key = reader.meta(MARK_KEY)?.unwrap_or_default();
        let heads = std::array::from_fn(|place| {
            let mut hash = Sha256::new();
            take_in(&mut hash, &[&key]);
            take_in(&mut hash, &[Field::ALL[place].name()]);
            hash
        });
        Ok(Self { heads })
    }

    /// Of a text; 0 for an empty one, and for nothing else.
    fn text(&self, field: Field, text: &str) -> u32 {
        self.parts(field, &[text])
    }

    fn parts(&self, field: Field, parts: &[&str]) -> u32 {
        if parts.iter().all(|part| part.is_empty()) {
            return 0;
        }
        let mut hash = self.heads[field as usize].clone();
        take_in(&mut hash, parts);
        let digest = hash.finalize();
        u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]).max(1)
    }

    /// Of the address that a user has in between, while two have each other's.
    #[must_use]
    pub fn parked(&self, user_id: &str) -> u32 {
        self.text(Field::Email, &parking(user_id))
    }

    /// Of an address.
    #[must_use]
    pub fn email(&self, email: &str) -> u32 {
        self.text(Field::Email, email)
    }

    fn set(&self, mut labels: Vec<&str>) -> u32 {
        labels.sort_unstable();
        labels.dedup();
        self.text(Field::Labels, &labels.join("\n"))
    }

    fn prefs(&self, prefs: &Value) -> u32 {
        match prefs {
            Value::Null => 0,
            Value::Object(members) if members.is_empty() => 0,
            Value::Array(items) if items.is_empty() => 0,
            prefs => self.text(Field::Prefs, &canonical(prefs)),
        }
    }

    /// Of what is planned for a user.
    #[must_use]
    pub fn planned(&self, job: &Job) -> Left {
        self.of_plan(&job.create, &job.steps)
    }

    /// The same before anybody owns it.
    #[must_use]
    pub fn of_plan(&self, create: &Create<'_>, steps: &[Step<'_>]) -> Left {
        let mut left = Left::default();
        let body = &create.body;
        let password = body.password.as_ref().map(|fields| &*fields.password).unwrap_or_default();
        left.set(Field::Password, self.password(create.endpoint, password));
        left.set(Field::Email, self.text(Field::Email, body.email.as_deref().unwrap_or_default()));
        left.set(Field::Phone, self.text(Field::Phone, body.phone.as_deref().unwrap_or_default()));
        left.set(Field::Name, self.text(Field::Name, body.name.as_deref().unwrap_or_default()));
        left.set(Field::Status, 1);
        for step in steps {
            match step {
                Step::Labels(labels) => {
                    left.set(Field::Labels, self.set(labels.iter().map(AsRef::as_ref).collect()));
                }
                Step::Prefs(prefs) => left.set(Field::Prefs, self.prefs(&Value::Object(prefs.clone()))),
                // One that stands in the create as well is the same.
                Step::Phone(number) => left.set(Field::Phone, self.text(Field::Phone, number)),
                Step::Disable => left.set(Field::Status, 0),
                Step::VerifyEmail => left.set(Field::EmailVerification, 1),
                Step::VerifyPhone => left.set(Field::PhoneVerification, 1),
            }
        }
        left
    }

    /// Of a user as the target has them. Of a plain password the target keeps a hash of its own.
    #[must_use]
    pub fn there(&self, user: &User) -> Left {
        let mut left = Left::default();
        left.set(Field::Password, self.stored(&user.hash, &user.password));
        left.set(Field::Email, self.text(Field::Email, &user.email));
        left.set(Field::Phone, self.text(Field::Phone, &user.phone));
        left.set(Field::Name, self.text(Field::Name, &user.name));
        let labels = user.labels.as_array().map(|labels| labels.iter().filter_map(Value::as_str).collect());
        left.set(Field::Labels, self.set(labels.unwrap_or_default()));
        left.set(Field::Prefs, self.prefs(&user.prefs));
        left.set(Field::Status, u32::from(user.status.unwrap_or_default()));
        left.set(Field::EmailVerification, u32::from(user.email_verification.unwrap_or_default()));
        left.set(Field::PhoneVerification, u32::from(user.phone_verification.unwrap_or_default()));
        left
    }

    /// What of a user is not as the ledger says that it was left; nothing where it does not say. What was meant and not done is as
    /// it was.
    #[must_use]
    pub fn changed_since(&self, entry: &Entry, user: &User) -> Vec<Field> {
        let Some(left) = entry.left else { return Vec::new() };
        let (mut fresh, there) = (Left::default(), self.there(user));
        fresh.set(Field::Status, 1);
        let parked = left.get(Field::Email) == self.parked(&user.id);
        let changed = |field: &Field| {
            let (was, is) = (left.get(*field), there.get(*field));
            let undone = |step| !entry.steps.has(step) && is == fresh.get(*field);
            was != is
                && !match field {
                    // A sign-in makes another hash of the same password, and of a plain one none is known.
                    Field::Password => was == 0 || !user.has_new_password(),
                    Field::Email => parked,
                    Field::Name => false,
                    Field::Phone => undone(Steps::PHONE),
                    Field::Labels => undone(Steps::LABELS),
                    Field::Prefs => undone(Steps::PREFS),
                    Field::Status => undone(Steps::DISABLE),
                    Field::EmailVerification => parked || undone(Steps::VERIFY_EMAIL),
                    Field::PhoneVerification => undone(Steps::VERIFY_PHONE),
                }
        };
        Field::ALL.into_iter().filter(changed).collect()
    }

    fn password(&self, endpoint: Endpoint, password: &str) -> u32 {
        self.stored(if endpoint == Endpoint::Plain { "plain" } else { endpoint.stored_as() }, password)
    }

    fn stored(&self, hash: &str, password: &str) -> u32 {
        if password.is_empty() { 0 } else { self.parts(Field::Password, &[hash, " ", password]) }
    }
}
