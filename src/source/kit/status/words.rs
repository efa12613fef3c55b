//! The words that systems have for it, in the languages that were met.

/// Words in front of a name that change nothing: `is_active`, `user_status`, `pwdAccountLockedTime`.
pub(super) const BEFORE: &[&str] = &[
    "is", "was", "has", "been", "user", "users", "usr", "account", "acct", "member", "customer", "client", "person",
    "login", "signin", "u", "pw", "pwd", "um", "wp", "ns", "inet", "mail", "flag", "record", "row", "profile", "auth",
    "ja", "acc",
];

/// Words after a name that change nothing: `active_flag`, `locked_yn`.
pub(super) const AFTER: &[&str] = &["flag", "yn", "user", "account", "login", "ind", "indicator"];

/// Words after a name that make a date of it.
pub(super) const SINCE: &[&str] = &["at", "on", "date", "time", "since", "timestamp", "ts", "when", "datetime"];

/// Words after a name that make the end of it.
pub(super) const UNTIL: &[&str] =
    &["until", "till", "end", "ends", "expires", "expire", "expiry", "expiration", "lifted", "to"];

pub(super) const ALLOWS: &[&str] = &[
    "active",
    "enabled",
    "enable",
    "activated",
    "approved",
    "allowed",
    "aktiv",
    "actif",
    "activo",
    "ativo",
    "attivo",
    "actief",
    "aktywny",
    "habilitado",
    "freigeschaltet",
    "активен",
];

pub(super) const BARS: &[&str] = &[
    "banned",
    "ban",
    "blocked",
    "block",
    "disabled",
    "disable",
    "suspended",
    "suspension",
    "suspend",
    "locked",
    "lock",
    "lockout",
    "inactive",
    "deactivated",
    "inactivated",
    "blacklisted",
    "barred",
    "frozen",
    "closed",
    "archived",
    "terminated",
    "revoked",
    "rejected",
    "unapproved",
    "expelled",
    "spam",
    "spammer",
    "gesperrt",
    "inaktiv",
    "bloqueado",
    "inactivo",
    "suspendido",
    "desactivado",
    "deshabilitado",
    "inativo",
    "suspenso",
    "desativado",
    "bloqué",
    "bloque",
    "inactif",
    "suspendu",
    "désactivé",
    "desactive",
    "bloccato",
    "sospeso",
    "inattivo",
    "disabilitato",
    "geblokkeerd",
    "zablokowany",
    "заблокирован",
];

pub(super) const DELETES: &[&str] = &[
    "deleted",
    "delete",
    "removed",
    "discarded",
    "trashed",
    "erased",
    "destroyed",
    "anonymized",
    "anonymised",
    "purged",
    "gelöscht",
    "geloescht",
    "eliminado",
    "borrado",
    "supprimé",
    "supprime",
    "excluido",
    "verwijderd",
    "удален",
];

pub(super) const STATE: &[&str] =
    &["status", "state", "standing", "zustand", "situacao", "situação", "stato", "статус"];

/// A state in languages where the word is that of a country or region, too.
pub(super) const STATE_OR_REGION: &[&str] = &["state", "estado", "etat", "état"];

/// Words after `status` that make its number or letter of it.
pub(super) const CODED: &[&str] = &["id", "code", "cd", "type", "key", "num", "no", "name"];

pub(super) const MAY: &[&str] = &["can", "may", "allow", "allows", "allowed", "enable", "permit"];

/// Words that make a name one of somebody or something else than the user.
pub(super) const ABOUT_OTHERS: &[&str] = &[
    "count",
    "counts",
    "counter",
    "attempts",
    "attempt",
    "score",
    "version",
    "limit",
    "policy",
    "after",
    "days",
    "hours",
    "minutes",
    "seconds",
    "duration",
    "notify",
    "notification",
    "notifications",
    "newsletter",
    "comments",
    "posts",
    "ads",
    "messages",
    "files",
    "items",
    "users",
    "contacts",
    "senders",
    "accounts",
    "friends",
    "members",
    "people",
    "domains",
    "list",
    "ips",
    "ids",
    "words",
    "countries",
    "amount",
    "balance",
    "funds",
    "be",
    "mfa",
    "2fa",
    "otp",
    "factor",
    "totp",
    "two",
    "subscription",
    "plan",
    "billing",
    "payment",
    "order",
    "card",
    "enabled",
    "features",
    "feature",
    "fields",
    "columns",
    "message",
    "template",
    "theme",
    "color",
    "until",
];

/// Words that say of nothing but a person that they are kept out.
pub(super) const HARD: &[&str] = &[
    "banned",
    "blocked",
    "suspended",
    "deactivated",
    "blacklisted",
    "expelled",
    "gesperrt",
    "bloqueado",
    "bloqueada",
    "suspendido",
    "suspendida",
    "suspendu",
    "bloqué",
    "geblokkeerd",
    "bloccato",
    "sospeso",
    "zablokowany",
    "заблокирован",
];

/// Words that say that of a state, a role or a kind.
pub(super) const SOFT: &[&str] = &[
    "inactive",
    "disabled",
    "locked",
    "deleted",
    "terminated",
    "inaktiv",
    "inactivo",
    "inactif",
    "inativo",
    "inattivo",
];
