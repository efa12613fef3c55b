//! The words that systems have for it, in the languages that were met.

/// Words in front of a name that change nothing: `is_active`, `user_status`, `pwdAccountLockedTime`.
#[rustfmt::skip]
pub(super) const BEFORE: &[&str] = &[
    "is", "was", "has", "been", "user", "users", "usr", "account", "acct", "member", "customer", "client", "person",
    "login", "signin", "u", "pw", "pwd", "um", "wp", "ns", "inet", "mail", "flag", "record", "row", "profile", "auth",
    "ja", "acc", "access", "ms", "ds", "cust", "customers", "clients", "members", "kunde", "kunden", "mitglied", "konto",
    "benutzer", "nutzer", "cliente", "clientes", "usuario", "utilisateur", "compte", "membre", "cuenta", "utente", "conta",
    "employee", "staff", "student", "zugang", "subscriber", "gdpr", "dsgvo", "rgpd", "lgpd",
];

/// Words after a name that change nothing: `active_flag`, `locked_yn`.
pub(super) const AFTER: &[&str] = &["flag", "yn", "user", "account", "login", "ind", "indicator"];

/// Words after a name that make a date of it.
#[rustfmt::skip]
pub(super) const SINCE: &[&str] = &[
    "at", "on", "date", "time", "since", "timestamp", "ts", "when", "datetime", "am", "em", "le", "el", "il", "op", "seit",
    "desde", "depuis", "dal", "datum", "data", "fecha", "dato", "dnia",
];

/// Words after a name that make the end of it.
#[rustfmt::skip]
pub(super) const UNTIL: &[&str] = &[
    "until", "till", "end", "ends", "expires", "expire", "expiry", "expiration", "lifted", "to", "bis", "hasta", "até",
    "fino", "tot",
];

#[rustfmt::skip]
pub(super) const ALLOWS: &[&str] = &[
    "active", "enabled", "enable", "activated", "approved", "allowed", "aktiv", "actif", "activo", "ativo", "attivo",
    "actief", "aktywny", "habilitado", "freigeschaltet", "активен", "valid", "permitted", "authorized", "authorised",
    "usable", "activa", "attiva", "ativa", "actiu", "aktivní", "aktivni", "aktif", "etkin", "aktiivinen", "aktivan",
    "aktiven", "aktívny", "activ", "activat", "активный", "активна", "активний", "активно", "enabledyn", "attivato",
    "habilitada", "unbanned", "unblocked", "erlaubt",
];

#[rustfmt::skip]
pub(super) const BARS: &[&str] = &[
    "banned", "ban", "blocked", "block", "disabled", "disable", "suspended", "suspension", "suspend", "locked",
    "lock", "lockout", "inactive", "deactivated", "inactivated", "blacklisted", "barred", "frozen", "closed",
    "archived", "terminated", "revoked", "rejected", "unapproved", "expelled", "spam", "spammer", "gesperrt",
    "inaktiv", "bloqueado", "inactivo", "suspendido", "desactivado", "deshabilitado", "inativo", "suspenso",
    "desativado", "bloqué", "bloque", "inactif", "suspendu", "désactivé", "desactive", "bloccato", "sospeso",
    "inattivo", "disabilitato", "geblokkeerd", "zablokowany", "заблокирован", "denied", "disallowed", "prohibited",
    "forbidden", "excluded", "withdrawn", "quarantined", "blocklisted", "shadowbanned", "deceased", "dismissed",
    "resigned", "departed", "evicted", "deaktiviert", "unauthorized", "unauthorised", "baneado", "baneada", "banido",
    "banida", "bannato", "bannata", "banni", "bannie", "verbannt", "zabanowany", "забанен", "забанена", "bloqueada",
    "bloquée", "bloquee", "bloccata", "blockiert", "blokiran", "blokirano", "blokovaný", "blokovany", "zablokovaný",
    "zablokovany", "zablokowana", "блокирован", "заблокирована", "заблоковано", "заблокований", "blokkert",
    "blokeret", "sperret", "spärrad", "sparrad", "avstängd", "utestengt", "estetty", "lukittu", "letiltva",
    "letiltott", "blocat", "blocată", "engelli", "engellendi", "engellenmiş", "pasif", "yasaklı", "askıda",
    "suspendida", "sospesa", "suspendue", "suspendiert", "suspendat", "inactiva", "inattiva", "inativa", "inactivé",
    "inaktivní", "neaktivní", "neaktivni", "nieaktywny", "неактивен", "неактивный", "отключен", "отключён",
    "desactivada", "deshabilitada", "desativada", "disattivato", "disattivata", "désactivée", "deaktiveret",
    "deaktiverad", "deaktivovaný", "verrouillé", "verrouillée", "verrouille", "sperre", "sperrdatum", "sperrgrund", "sperrung",
    "bann", "bloqueo", "bloqueio", "blocage", "blocco", "blokkade", "suspensión", "suspensão",
];

#[rustfmt::skip]
pub(super) const DELETES: &[&str] = &[
    "deleted", "del", "delete", "removed", "discarded", "trashed", "erased", "destroyed", "anonymized", "anonymised",
    "purged", "gelöscht", "geloescht", "eliminado", "borrado", "supprimé", "supprime", "excluido", "verwijderd",
    "удален", "tombstoned", "tombstone", "softdeleted", "eliminada", "borrada", "supprimée", "supprimee", "eliminato",
    "cancellato", "apagado", "excluída", "excluído", "удалена", "видалено", "slettet", "raderad", "smazaný",
    "usunięty", "usuniety", "törölt", "silindi", "sters", "suppression", "löschung", "loeschung", "löschdatum", "loeschdatum",
    "eliminacion", "eliminación", "exclusao", "exclusão", "cancellazione", "verwijdering", "deletion", "removal", "erasure",
    "anonymization", "anonymisation",
];

#[rustfmt::skip]
pub(super) const STATE: &[&str] = &[
    "status", "state", "standing", "zustand", "situacao", "situação", "stato", "статус", "stav", "tila", "durum",
    "durumu", "stare", "állapot", "allapot", "olek", "busena", "būsena", "statusas", "statuss", "statut", "κατάσταση",
    "tilstand", "stanje", "состояние", "състояние", "стан", "状态", "狀態", "状態", "상태", "สถานะ", "الحالة", "حالة",
    "סטטוס", "trangthai", "tinhtrang",
];

/// A state in languages where the word is that of a country or region, too.
pub(super) const STATE_OR_REGION: &[&str] = &["state", "estado", "etat", "état", "estat", "stan"];

/// Words after `status` that make its number or letter of it.
pub(super) const CODED: &[&str] = &["id", "code", "cd", "type", "key", "num", "no", "name"];

pub(super) const MAY: &[&str] = &["can", "may", "allow", "allows", "allowed", "enable", "permit"];

/// Words that make a name one of somebody or something else than the user.
#[rustfmt::skip]
pub(super) const ABOUT_OTHERS: &[&str] = &[
    "count", "counts", "counter", "attempts", "attempt", "score", "version", "limit", "policy", "after", "days",
    "hours", "minutes", "seconds", "duration", "notify", "notification", "notifications", "newsletter", "comments",
    "posts", "ads", "messages", "files", "items", "users", "contacts", "senders", "accounts", "friends", "members",
    "people", "domains", "list", "ips", "ids", "words", "countries", "amount", "balance", "funds", "be", "mfa", "2fa",
    "otp", "factor", "totp", "two", "subscription", "plan", "billing", "payment", "order", "card", "enabled",
    "features", "feature", "fields", "columns", "message", "template", "theme", "color",
];

/// Words that say of nothing but a person that they are kept out.
#[rustfmt::skip]
pub(super) const HARD: &[&str] = &[
    "banned", "blocked", "suspended", "deactivated", "blacklisted", "expelled", "gesperrt", "gesperrte", "bloqueado", "bloqueada",
    "suspendido", "suspendida", "suspendu", "bloqué", "geblokkeerd", "bloccato", "sospeso", "zablokowany",
    "заблокирован", "baneado", "baneada", "banido", "banida", "bannato", "banni", "verbannt", "zabanowany", "забанен",
    "blockiert", "blokiran", "zablokovaný", "spärrad", "suspendiert",
];

/// Words that say that of a state, a role or a kind.
#[rustfmt::skip]
pub(super) const SOFT: &[&str] = &[
    "offboarded", "ban", "permaban", "inactive", "disabled", "locked", "deleted", "terminated", "inaktiv", "inactivo",
    "inactif", "inativo", "inattivo", "denied", "revoked", "forbidden", "disallowed", "prohibited", "fraud",
    "fraudulent", "inactiva",
];

/// Values that let somebody in.
#[rustfmt::skip]
pub(super) const IN: &[&str] = &[
    "active", "activated", "enabled", "approved", "normal", "ok", "okay", "confirmed", "verified", "valid", "open",
    "live", "current", "good", "allowed", "aktiv", "actif", "activo", "true", "unlocked", "unblocked", "unbanned",
    "online", "offline", "away", "busy", "idle", "dnd", "invisible", "ativo", "attivo", "actief", "aktywny",
    "habilitado", "активен", "正常", "启用", "啟用", "有效", "激活", "已激活", "有効", "利用中", "활성", "정상", "granted",
];

/// Values that keep somebody out.
#[rustfmt::skip]
pub(super) const OUT: &[&str] = &[
    "inactive", "deactivated", "inactivated", "disabled", "banned", "ban", "blocked", "block", "suspended", "locked",
    "lockedout", "closed", "frozen", "barred", "rejected", "denied", "declined", "unapproved", "pending", "awaiting",
    "waiting", "hold", "onhold", "expired", "terminated", "cancelled", "canceled", "archived", "revoked", "withdrawn",
    "quarantined", "blacklisted", "spam", "spammer", "fraud", "abuse", "deprovisioned", "inaktiv", "gesperrt",
    "desactivado", "false", "bloqueado", "suspendido", "inactivo", "baja", "inativo", "suspenso", "suspendu",
    "bloqué", "inactif", "désactivé", "bloccato", "sospeso", "inattivo", "geblokkeerd", "zablokowany", "заблокирован",
    "void", "voided", "invalid", "obsolete", "hidden", "retired", "resigned", "dismissed", "departed", "deceased",
    "dead", "forbidden", "disallowed", "prohibited", "excluded", "kicked", "expelled", "dormant", "defunct",
    "offboarded", "blocklisted", "unauthorized", "unauthorised", "gekündigt", "gelöscht", "archiviert", "deaktiviert",
    "deaktivated", "cancelado", "annulé", "résilié", "deact", "susp", "inact", "blk", "禁用", "停用", "封禁", "冻结", "凍結",
    "锁定", "鎖定", "注销", "註銷", "无效", "停止", "無効", "利用停止", "退会", "정지", "비활성", "탈퇴",
];

/// Values that mean that somebody is no more.
pub(super) const GONE: &[&str] =
    &["deleted", "removed", "erased", "trashed", "destroyed", "purged", "anonymized", "anonymised"];

/// Words that may say it of a person, or of something that they have or show: whoever knows the system has to say.
#[rustfmt::skip]
pub(super) const MAY_BAR: &[&str] = &[
    "cancelled", "canceled", "cancellation", "void", "voided", "obsolete", "retired", "hidden", "restricted",
    "flagged", "dormant", "defunct", "kicked", "quit", "left", "churned", "offboarded", "exited", "dead", "invalid",
    "outdated", "deprecated", "ended", "stopped", "dropped", "silenced", "jailed", "sanctioned", "gekündigt",
    "ausgetreten", "cancelado", "fraud", "fraudulent", "scammer", "abuser",
];

/// Words of which a *no* may say it.
pub(super) const MAY_ALLOW: &[&str] = &["access", "current", "live", "visible", "working", "present", "listed"];

/// Words for the day on which somebody may stop being one.
#[rustfmt::skip]
pub(super) const ENDS: &[&str] = &[
    "expires", "expire", "expiry", "expiration", "end", "ends", "termination", "exit", "leave", "leaving", "left",
    "resignation", "departure", "departed", "offboarding", "deactivation", "closure", "kündigung", "kuendigung", "austritt",
    "kündigungsdatum", "kuendigungsdatum", "austrittsdatum", "baja",
];

/// Words without which the end of something is not known to be that of the account.
pub(super) const ACCOUNTS: &[&str] = &["account", "acct", "acc", "user", "usr", "login", "access", "signin", "entry"];

/// Words for keeping somebody from signing in.
pub(super) const DENY: &[&str] =
    &["deny", "disallow", "prevent", "block", "no", "forbid", "disable", "refuse", "reject"];

/// Words after one that keeps somebody out, which tell more of it.
pub(super) const REASONS: &[&str] = &["reason", "by", "msg", "note", "comment", "count", "id"];
