//! [`Account`] → [`Plan`] (one create and the follow-up requests the user needs) or a refusal. Pure: no I/O, no clock.

mod alike;
mod answer;
mod barring;
pub mod clashes;
pub mod duplicates;
mod facts;
pub mod judge;
pub mod line;
mod normalize;
mod plain;
pub mod planner;
pub mod proof;
pub mod shard;

pub use crate::appwrite::wire::{Create, CreateBody, Step};
pub use facts::Facts;
pub use normalize::{derive_id, email as stored_address};

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem::take;

use smallvec::SmallVec;

use crate::account::{Account, Credential};
use crate::appwrite::wire::PasswordFields;
use crate::appwrite::{Endpoint, Profile, rules};
use crate::code::{Code, Note, Refusal, Severity};
use crate::policy::{Ids, Unsupported};
use crate::scheme::verify::foreign::needs_pepper;
use crate::scheme::{self, Kept, Mapped, Verdict, registry};

/// What is sent for one user.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The source's own id.
    pub source_id: Cow<'a, str>,
    /// The id the user gets: the source's where Appwrite accepts it, else derived from it.
    pub user_id: Cow<'a, str>,
    /// Trimmed and lower-cased.
    pub email: Option<Cow<'a, str>>,
    /// E.164.
    pub phone: Option<Cow<'a, str>>,
    /// The scheme's name; `none` for users without a password, `plain` for plain-text ones.
    pub scheme: &'static str,
    /// Every rewrite of the hash, in order.
    pub conversion: Vec<&'static str>,
    /// The request that creates the user.
    pub create: Create<'a>,
    /// The requests after it, in an order that never undoes an earlier one. Most users need one or none.
    pub steps: SmallVec<[Step<'a>; 1]>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// What the sign-in bridge keeps of the user.
    pub bridged: Option<Box<Bridged>>,
}

/// What the sign-in bridge keeps of a user.
#[derive(Debug, Clone)]
pub struct Bridged {
    /// What a password is tried on.
    pub kept: Kept,
    /// The name that the user signed in with, where the source has one.
    pub login: Option<String>,
}

/// Whose hashes are kept for the sign-in bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nobody's.
    Nobodys,
    /// Of users whom Appwrite cannot let in.
    Unsupported,
    /// Those that Appwrite verifies as well, for passwords that it would not take at the door.
    All,
}

/// A plan, or the refusal of its record.
#[derive(Debug, Clone)]
pub enum Planned<'a> {
    /// One create and its steps.
    Create(Plan<'a>),
    /// Nothing is sent.
    Refused(Box<Refused<'a>>),
}

/// A record for which nothing is sent.
#[derive(Debug, Clone)]
pub struct Refused<'a> {
    /// The source's own id.
    pub source_id: Cow<'a, str>,
    /// The address, where one is known.
    pub email: Option<Cow<'a, str>>,
    /// The reason, with its code and remedy.
    pub refusal: Refusal,
}

impl<'a> Planned<'a> {
    fn refused(source_id: Cow<'a, str>, email: Option<Cow<'a, str>>, refusal: Refusal) -> Self {
        // An export taken for another system's has hashes where ids and addresses should be: they are not to be shown.
        let is_secret = |text: &str| {
            crate::source::kit::cell::kind(text).is_some() || text.len() >= 32 && !text.contains(['@', ' ', '-', '|'])
        };
        let email = email.filter(|email| !is_secret(email) && !email.starts_with('$'));
        let source_id = if is_secret(&source_id) && source_id.contains('$') { Cow::Borrowed("") } else { source_id };
        Self::Refused(Box::new(Refused { source_id, email, refusal }))
    }
}

/// What becomes of the password.
struct Secret<'a> {
    scheme: &'static str,
    endpoint: Endpoint,
    fields: Option<PasswordFields<'a>>,
    conversion: Vec<&'static str>,
    bridged: Option<Box<Bridged>>,
}

impl Secret<'_> {
    /// No password is sent.
    const fn none(scheme: &'static str) -> Self {
        Self { scheme, endpoint: Endpoint::Plain, fields: None, conversion: Vec::new(), bridged: None }
    }
}

// An account is large, so it stays where it is and is planned in two halves, one after the other.

/// The first half of planning: address and phone number as Appwrite stores them, and what becomes of the password.
/// Numbers of the calling codes in `refused` are left out, as others that the server would not take; whoever would be left
/// with nothing to sign in with is refused instead.
fn begin<'a>(
    account: &mut Account<'a>,
    facts: &mut Facts,
    unsupported: Unsupported,
    keep: Keep,
    profile: &Profile,
    refused: &BTreeSet<u16>,
) -> Result<Secret<'a>, Refusal> {
    account.email = account.email.take().map(normalize::email).filter(|e| !e.is_empty());
    account.phone = account.phone.take().map(normalize::phone).filter(|p| !p.is_empty());
    if account.email.as_ref().is_some_and(|address| !rules::email(address, profile)) {
        let refusal = Refusal::new(Code::InvalidEmail, "the e-mail address is not one that Appwrite accepts");
        let is_link = account.email.as_ref().is_some_and(|address| address.starts_with("mailto:"));
        return Err(if is_link {
            refusal.hint("it is a link: take `mailto:` off in the source or the rejects file")
        } else {
            refusal
        });
    }
    let code = account.phone.as_deref().map(rules::calling_code);
    facts.calling_code = code.flatten();
    match code {
        Some(None) => {
            account.phone = None;
            let text = "the phone number is not in the form +COUNTRYNUMBER and is left out";
            account.notes.push(Note::new(Code::InvalidPhone, text));
        }
        Some(Some(code)) if refused.contains(&code) && account.email.is_none() => {
            let text =
                format!("the user has a phone number alone, and the target refuses numbers that begin with +{code}");
            return Err(Refusal::new(Code::PhoneRefused, text));
        }
        Some(Some(code)) if refused.contains(&code) => {
            account.phone = None;
            let text = format!("the target refuses numbers that begin with +{code}; it is left out");
            account.notes.push(Note::new(Code::RefusedCallingCode, text));
        }
        Some(Some(code)) if rules::refused_by_newer_servers(code) => {
            let text = format!("numbers that begin with +{code} are refused by Appwrite 2.0 and newer");
            account.notes.push(Note::new(Code::RefusedCallingCode, text));
        }
        _ => {}
    }
    let sign_in = SignIn::with(account.email.is_some(), account.phone.is_some());
    if sign_in == SignIn::Nothing && matches!(account.credential, Credential::None(_)) {
        let text =
            "nobody can sign in as this user, or find them but by their id: there is no address, number or password";
        account.notes.push(Note::new(Code::NoSignIn, text));
    }
    // One place that is written once: a secret is large.
    let mut secret = password(&account.credential, sign_in, keep, profile, &mut account.notes);
    if let Err(refusal) = secret {
        secret = in_place_of_a_password(account, facts, refusal, unsupported, keep, profile);
    }
    if let Ok(Secret { bridged: Some(bridged), fields, .. }) = &mut secret
        && let Err(refusal) = with_login(bridged, fields.is_none(), account, sign_in)
    {
        secret = Err(refusal);
    }
    secret
}

/// What a user gets whose password Appwrite does not take.
#[cold]
fn in_place_of_a_password<'a>(
    account: &mut Account<'a>,
    facts: &mut Facts,
    refusal: Refusal,
    unsupported: Unsupported,
    keep: Keep,
    profile: &Profile,
) -> Result<Secret<'a>, Refusal> {
    let sign_in = SignIn::with(account.email.is_some(), account.phone.is_some());
    // Whoever has nothing to sign in with there is refused with the bridge as well.
    let kept = refused_but_kept(&account.credential, &refusal, sign_in, profile)
        .filter(|_| sign_in != SignIn::Nothing || login(account, sign_in).is_some());
    if keep == Keep::Nobodys {
        facts.bridgeable = kept.is_some();
    }
    let refusal = match (&kept, &account.credential) {
        (Some(_), _) => refusal.hint(BRIDGEABLE),
        (None, Credential::Hash(input)) if input.pepper.is_none() && refusal.scheme.is_some_and(needs_pepper) => {
            refusal.hint(PEPPERABLE)
        }
        _ => refusal,
    };
    match (kept.filter(|_| keep != Keep::Nobodys), unsupported) {
        (Some(kept), _) => {
            let scheme = registry::find(kept.scheme()).map_or("none", |scheme| scheme.name);
            Ok(Secret { bridged: Some(Box::new(Bridged { kept, login: None })), ..Secret::none(scheme) })
        }
        (None, Unsupported::WithoutPassword) => {
            let text = format!("created without a password: {}", refusal.text);
            // What is not about a scheme is counted by itself.
            if refusal.scheme.is_none() {
                account.notes.push(Note::new(refusal.code, refusal.text));
            }
            account.notes.push(Note::new(Code::NeedsReset, text));
            Ok(Secret::none(refusal.scheme.unwrap_or("none")))
        }
        (None, _) => Err(refusal),
    }
}

/// The way out for whom the sign-in bridge could keep.
const BRIDGEABLE: &str = "keep the password through the bridge (--unsupported bridge), or create without one (--unsupported without-password)";
/// The way out where a secret of the application's is missing for that.
const PEPPERABLE: &str =
    "name the secret that is hashed with it (--unsupported bridge --pepper env:NAME), or create without a password";

/// What can be kept of a credential that was refused.
fn refused_but_kept(
    credential: &Credential<'_>,
    refusal: &Refusal,
    sign_in: SignIn,
    profile: &Profile,
) -> Option<Kept> {
    match credential {
        Credential::Plain(password) if refusal.code == Code::PasswordLength => Kept::plain(password),
        // The hash was not even looked at.
        Credential::Hash(input) if sign_in != SignIn::Email => Kept::of(input, &scheme::resolve(input, profile)),
        Credential::Hash(input) => Kept::refused(input, refusal),
        _ => None,
    }
}

/// The preferences under which sources keep what a user signed in with, likeliest first.
const LOGIN_NAMES: [&str; 6] = ["username", "user_login", "login", "user_name", "uid", "sAMAccountName"];

/// What the user signs in with at the bridge, beside an address.
fn login(account: &Account<'_>, sign_in: SignIn) -> Option<String> {
    let names = LOGIN_NAMES.iter().filter_map(|key| account.prefs.get(*key)?.as_str());
    // Password files have their users' names for ids.
    let others = match sign_in {
        SignIn::Email => None,
        SignIn::Phone => account.phone.as_deref(),
        SignIn::Nothing => Some(&*account.source_id).filter(|id| is_name(id)),
    };
    let name = names.chain(others).map(str::trim).find(|name| !name.is_empty());
    name.map(str::to_owned)
}

/// Completes what the bridge keeps: by what the user signs in, who may have no address. Without anything to sign in with
/// the user is refused, as without a bridge. `alone`: nothing else lets the user in.
fn with_login(bridged: &mut Bridged, alone: bool, account: &mut Account<'_>, sign_in: SignIn) -> Result<(), Refusal> {
    bridged.login = login(account, sign_in);
    if bridged.login.is_none() && sign_in == SignIn::Nothing {
        return Err(Refusal::new(Code::MissingEmail, "a password needs an e-mail address or a name to sign in with"));
    }
    if alone {
        account.notes.push(Note::new(Code::Bridged, Code::Bridged.title()));
    }
    Ok(())
}

/// Whether somebody could have typed an id to sign in: numbers, UUIDs and other random ones are a database's own.
fn is_name(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let hex = id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let random = id.len() >= 16 && (hex || digits >= 4 && !id.contains(['@', '.', ' ']));
    digits < id.len() && !random
}

/// The second half, which empties the account that [`begin`] has seen to and the secret that it made: what is sent, and in which order. `origin` is the
/// source's name; it keeps ids derived from equal source ids of different systems apart.
fn finish<'a>(
    account: &mut Account<'a>,
    secret: &mut Result<Secret<'a>, Refusal>,
    origin: &str,
    ids: Ids,
    profile: &Profile,
) -> Planned<'a> {
    let (source_id, email, phone) = (take(&mut account.source_id), account.email.take(), account.phone.take());
    let secret = match secret {
        Ok(secret) => secret,
        Err(refusal) => return Planned::refused(source_id, email, refusal.clone()),
    };
    let Secret { scheme, endpoint, .. } = *secret;
    let (conversion, bridged) = (take(&mut secret.conversion), secret.bridged.take());
    let mut notes = take(&mut account.notes);
    let Some(user_id) = user_id(&source_id, email.as_deref(), phone.as_deref(), origin, ids, profile, &mut notes)
    else {
        let text = "the record has no id, no e-mail address and no phone number";
        return Planned::refused(source_id, email, Refusal::new(Code::NothingIdentifies, text));
    };
    let name = account.name.take().and_then(|n| normalize::name(n, &mut notes));
    let labels = normalize::labels(take(&mut account.roles), profile, &mut notes);
    let prefs = normalize::prefs(take(&mut account.prefs), &mut notes);

    // What resets something comes before it: a phone's change resets its verification. A disabled user is disabled
    // before anything else, so that nobody signs in between two requests.
    let many = prefs.is_some() || !labels.is_empty();
    let mut steps = SmallVec::with_capacity(if many { 6 } else { 1 });
    if !account.enabled {
        steps.push(Step::Disable);
    }
    if let Some(number) = &phone
        && endpoint != Endpoint::Plain
    {
        steps.push(Step::Phone(number.clone()));
    }
    // Answered with the preferences alone. All others are answered with the user, whose $updatedAt tells rollback later
    // whether somebody changed it since: so this one is not the last if there is another.
    if let Some(prefs) = prefs {
        steps.push(Step::Prefs(prefs));
    }
    if account.email_verified && email.is_some() {
        steps.push(Step::VerifyEmail);
    }
    if account.phone_verified && phone.is_some() {
        steps.push(Step::VerifyPhone);
    }
    if !labels.is_empty() {
        steps.push(Step::Labels(labels));
    }

    let body = CreateBody {
        user_id: user_id.clone(),
        email: email.clone(),
        phone: if endpoint == Endpoint::Plain { phone.clone() } else { None },
        name,
        password: secret.fields.take(),
    };
    let create = Create { endpoint, body };
    Planned::Create(Plan { source_id, user_id, email, phone, scheme, conversion, create, steps, notes, bridged })
}

/// What a user can sign in with, beside a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignIn {
    Email,
    Phone,
    Nothing,
}

impl SignIn {
    const fn with(email: bool, phone: bool) -> Self {
        match (email, phone) {
            (true, _) => Self::Email,
            (false, true) => Self::Phone,
            (false, false) => Self::Nothing,
        }
    }
}

fn password<'a>(
    credential: &Credential<'a>,
    sign_in: SignIn,
    keep: Keep,
    profile: &Profile,
    notes: &mut Vec<Note>,
) -> Result<Secret<'a>, Refusal> {
    let verdict = match credential {
        Credential::None(note) if note.code.severity() == Severity::Refused => {
            return Err(Refusal::new(note.code, note.text.clone()));
        }
        Credential::None(note) => {
            notes.push(note.clone());
            if note.code.severity() == Severity::NeedsReset && note.code != Code::NeedsReset {
                notes.push(Note::new(Code::NeedsReset, "created without a password"));
            }
            return Ok(Secret::none("none"));
        }
        _ if sign_in == SignIn::Phone && keep == Keep::Nobodys => {
            let text = "Appwrite takes a password with an e-mail address only; the user signs in by phone";
            notes.push(Note::new(Code::PasswordLeftOut, text));
            return Ok(Secret::none("none"));
        }
        _ if sign_in != SignIn::Email => {
            return Err(Refusal::new(Code::MissingEmail, "a password needs an e-mail address to sign in with"));
        }
        Credential::Plain(password) => scheme::plain(password.clone(), profile),
        Credential::Hash(input) => scheme::resolve(input, profile),
    };
    match verdict {
        Verdict::Refused(refusal) => Err(refusal),
        Verdict::Maps(mapped) => {
            let bridged = match (keep, credential) {
                (Keep::All, Credential::Hash(input)) => {
                    let kept = Kept::sent(&mapped, input.hints);
                    Some(Box::new(Bridged { kept, login: None }))
                }
                _ => None,
            };
            let Mapped { scheme, endpoint, fields, conversion, notes: said } = mapped;
            notes.extend(said);
            Ok(Secret { scheme, endpoint, fields: Some(fields), conversion, bridged })
        }
    }
}

fn user_id<'a>(
    source_id: &Cow<'a, str>,
    email: Option<&str>,
    phone: Option<&str>,
    origin: &str,
    ids: Ids,
    profile: &Profile,
    notes: &mut Vec<Note>,
) -> Option<Cow<'a, str>> {
    if source_id.is_empty() {
        let (kind, value) = email.map(|e| ("email", e)).or(phone.map(|p| ("phone", p)))?;
        return Some(Cow::Owned(normalize::derive_id(kind, value)));
    }
    if ids == Ids::Derive {
        return Some(Cow::Owned(normalize::derive_id(origin, source_id)));
    }
    if rules::user_id(source_id, profile) && !rules::is_route(source_id) {
        return Some(source_id.clone());
    }
    notes
        .push(Note::new(Code::DerivedId, "the source id is not one Appwrite accepts; a stable one is derived from it"));
    Some(Cow::Owned(normalize::derive_id(origin, source_id)))
}
