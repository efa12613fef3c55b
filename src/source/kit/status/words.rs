//! The words that systems have for it, in the languages that were met.

/// Words in front of a name that change nothing: `is_active`, `user_status`, `pwdAccountLockedTime`.
#[rustfmt::skip]
pub(super) const BEFORE: &[&str] = &[
    "is", "was", "has", "been", "user", "users", "usr", "account", "acct", "member", "customer", "client", "person",
    "login", "signin", "u", "pw", "pwd", "um", "wp", "ns", "inet", "mail", "flag", "record", "row", "profile", "auth",
    "ja", "acc", "access", "ms", "ds", "cust", "customers", "clients", "members", "kunde", "kunden", "mitglied", "konto",
    "benutzer", "nutzer", "cliente", "clientes", "usuario", "utilisateur", "compte", "membre", "cuenta", "utente", "conta",
    "employee", "staff", "student", "zugang", "subscriber", "gdpr", "dsgvo", "rgpd", "lgpd",
    "ucet", "ucty", "hesap", "hesabi", "tili", "fiok", "cont", "conto", "konta", "lietotajs", "kasutaja", "uzivatel", "uzytkownik", "bruker",
    "bruger", "anvandare", "kayttaja", "kullanici", "felhasznalo", "utilizator", "аккаунт", "аккаунта", "пользователь", "пользователя",
    "користувач", "користувача", "χρηστησ", "λογαριασμοσ", "jest",
];

/// Words after a name that change nothing: `active_flag`, `locked_yn`.
pub(super) const AFTER: &[&str] =
    &["flag", "yn", "user", "account", "login", "ind", "indicator", "akun", "الحساب", "حساب"];

/// Words after a name that make a date of it.
#[rustfmt::skip]
pub(super) const SINCE: &[&str] = &[
    "at", "on", "date", "time", "since", "timestamp", "ts", "when", "datetime", "am", "em", "le", "el", "il", "op", "seit",
    "desde", "depuis", "dal", "datum", "data", "fecha", "dato", "dnia", "utc", "gmt", "zum", "per", "dne", "tarihi", "tarih", "дата", "pvm",
];

/// Words after a name that make the beginning of it.
#[rustfmt::skip]
pub(super) const FROM: &[&str] = &[
    "from", "start", "starts", "starting", "begin", "begins", "beginning", "ab", "von", "vanaf", "van", "fra", "från", "fran", "od", "mula",
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
    "habilitada", "unbanned", "unblocked", "erlaubt", "gültig", "gueltig", "valido", "válido", "valide", "geldig", "gyldig", "giltig",
    "platny", "platný", "wazny", "ważny", "ervenyes", "érvényes", "gecerli", "geçerli", "voimassa", "ενεργοσ", "действителен", "aktywna",
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
    "lockedout", "sperrvermerk", "zugangssperre", "kontosperre", "entzogen", "bannissement", "banissement", "exclu",
    "radié", "radie", "révoqué", "revoque", "désactivation", "desactivation", "expulsado", "vetado", "inhabilitado",
    "expulso", "desabilitado", "inabilitado", "espulso", "radiato", "geschorst", "verbannen", "uitgeschakeld",
    "zawieszony", "zbanowany", "spærret", "spaerret", "spærring", "udelukket", "spärrat", "blockerad",
    "αποκλεισμένος", "αποκλεισμένη", "ανενεργός", "блокиран", "блокирана", "blokeeritud", "užblokuotas",
    "uzblokuotas", "blokuotas", "bloķēts", "blokets", "bloķēta", "bloquejat", "bloquejada", "bikhoa", "bịkhóa",
    "diblokir", "blokir", "nonaktif", "dinonaktifkan", "ditangguhkan", "zabranjen", "забаненный", "отстранен",
    "заблокированный", "бан", "блокировка", "baja", "pending", "permaban", "permabanned", "inactiv", "inactief", "låst", "laast", "engelli",
];

#[rustfmt::skip]
pub(super) const DELETES: &[&str] = &[
    "deleted", "del", "delete", "removed", "discarded", "trashed", "erased", "destroyed", "anonymized", "anonymised",
    "purged", "gelöscht", "geloescht", "eliminado", "borrado", "supprimé", "supprime", "excluido", "verwijderd",
    "удален", "tombstoned", "tombstone", "softdeleted", "eliminada", "borrada", "supprimée", "supprimee", "eliminato",
    "cancellato", "apagado", "excluída", "excluído", "удалена", "видалено", "slettet", "raderad", "smazaný",
    "usunięty", "usuniety", "törölt", "silindi", "sters", "suppression", "löschung", "loeschung", "löschdatum", "loeschdatum",
    "eliminacion", "eliminación", "exclusao", "exclusão", "cancellazione", "verwijdering", "deletion", "removal", "erasure",
    "anonymization", "anonymisation", "lvorm", "loevm",
];

#[rustfmt::skip]
pub(super) const STATE: &[&str] = &[
    "status", "state", "standing", "zustand", "situacao", "situação", "stato", "статус", "stav", "tila", "durum",
    "durumu", "stare", "állapot", "allapot", "olek", "busena", "būsena", "statusas", "statuss", "statut", "κατάσταση",
    "tilstand", "stanje", "состояние", "състояние", "стан", "状态", "狀態", "状態", "상태", "สถานะ", "الحالة", "حالة",
    "סטטוס", "trangthai", "tinhtrang",
    "holat", "holati", "статусі", "күйі", "وضعیت", "स्थिति", "statusi",
    "tìnhtrạng", "trạngthái", "situatie", "situație", "sytuacja",
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
    "bloqueados", "blokeret", "blokkert", "spærret", "blockerad", "diblokir", "zbanowany", "забаненный",
    "expulsado", "expulsada", "blokeeritud", "bloķēts", "užblokuotas", "bloquejat", "engelli", "yasaklı", "letiltott", "блокиран",
];

/// Words that say that of a state, a role or a kind.
#[rustfmt::skip]
pub(super) const SOFT: &[&str] = &[
    "offboarded", "ban", "permaban", "inactive", "disabled", "locked", "deleted", "terminated", "inaktiv", "inactivo",
    "inactif", "inativo", "inattivo", "denied", "revoked", "forbidden", "disallowed", "prohibited", "fraud",
    "fraudulent", "inactiva",
    "suspend", "deactivate", "terminate", "block",
    "closed", "expired",
];

/// Values that let somebody in.
#[rustfmt::skip]
pub(super) const IN: &[&str] = &[
    "active", "activated", "enabled", "approved", "normal", "ok", "okay", "confirmed", "verified", "valid", "open",
    "live", "current", "good", "allowed", "aktiv", "actif", "activo", "true", "unlocked", "unblocked", "unbanned",
    "online", "offline", "away", "busy", "idle", "dnd", "invisible", "ativo", "attivo", "actief", "aktywny",
    "habilitado", "активен", "正常", "启用", "啟用", "有效", "激活", "已激活", "有効", "利用中", "활성", "정상", "granted",
    "aktif", "aktívny", "aktivní", "aktivan", "hoatdong",
    "نشط", "פעיל", "ปกติ", "सक्रिय", "فعال", "faol", "белсенді", "hoạtđộng", "ใช้งาน",
    "aktyvus", "aktīvs", "aktiivne", "aktywne", "aktywna", "사용", "사용중", "käytössä", "利用可", "مفعل", "đanghoạtđộng",
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
    "zablokovaný", "geschorst", "diblokir", "nonaktif", "pasif", "askıda", "banni", "bikhoa", "spærret", "blockerad",
    "zawieszony", "блокиран",
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
#[rustfmt::skip]
pub(super) const MAY_ALLOW: &[&str] = &[
    "access", "current", "live", "visible", "working", "present", "listed", "confirmed", "complete", "completed", "finished",
];

/// Words before one of those that are about becoming a user.
pub(super) const BECOMING: &[&str] =
    &["registration", "signup", "enrollment", "registrierung", "anmeldung", "inscription"];

/// What stands for somebody who was asked to come in, or to confirm, and has not: codes and keys that are taken away then.
pub(super) const ASKED: &[&str] =
    &["activation", "aktivierung", "invitation", "einladung", "activacion", "attivazione", "aktywacj"];

/// Words for roles, groups and tables of people who are not let in yet.
pub(crate) const WAITING: &[&str] =
    &["pending", "unconfirmed", "unverified", "unapproved", "awaiting", "invited", "unactivated", "validating"];

/// Words for what is done about a request to be deleted or let go.
pub(super) const DONE: &[&str] =
    &["requested", "confirmed", "approved", "scheduled", "pending", "done", "completed", "executed", "processed"];

/// What users of a kind are that are no people.
pub(super) const MACHINES: &[&str] = &["bot", "robot", "system", "service"];

/// Columns of what users are among others, in which a word may say that they are kept out.
#[rustfmt::skip]
pub(super) const KINDS: &[&str] = &[
    "role", "roles", "group", "groups", "type", "kind", "class", "level", "rank", "membership", "condition", "flag", "flags", "tag", "tags",
    "access", "permission", "permissions", "usertype", "userlevel", "userrole", "usergroup", "lifecycle", "sanction", "sanctions",
    "punishments", "infractions", "penalties", "restrictions", "rolle", "rollen", "gruppe", "typ", "art", "rol", "rôle", "grupo", "groupe",
    "tipo", "rola", "rolle", "роль", "группа", "ρολοσ",
];

/// Words for the day on which somebody may stop being one.
#[rustfmt::skip]
pub(super) const ENDS: &[&str] = &[
    "expires", "expire", "expiry", "expiration", "end", "ends", "termination", "exit", "leave", "leaving", "left",
    "resignation", "departure", "departed", "offboarding", "deactivation", "closure", "kündigung", "kuendigung", "austritt",
    "kündigungsdatum", "kuendigungsdatum", "austrittsdatum", "baja",
    "fin", "ende", "vertragsende", "arbeitsende", "dienstende", "cessazione", "cierre", "einde", "opzegging", "scadenza", "kundigung", "resign", "resigned", "death", "died", "sterbedatum", "todestag", "fallecimiento", "deces", "décès", "konec", "koniec", "slutdato", "slutdatum", "vervaldatum",
];

/// What of an employer's or a member's own has an end that is theirs, and what stands between such words.
#[rustfmt::skip]
pub(super) const OF_A_CONTRACT: &[&str] = &[
    "company", "organization", "organisation", "employment", "firm", "service", "contract", "job", "work", "contrat", "vertrag", "contratto",
    "contrato", "contracto", "arbeitsvertrag", "mitgliedschaft", "acceso", "acces", "accès", "accesso", "acesso", "cuenta", "de", "del", "du", "da", "della",
    "of", "the", "des", "der", "di",
];

/// Words without which the end of something is not known to be that of the account.
pub(super) const ACCOUNTS: &[&str] = &["account", "acct", "acc", "user", "usr", "login", "access", "signin", "entry"];

/// Words for keeping somebody from signing in.
pub(super) const DENY: &[&str] =
    &["deny", "disallow", "prevent", "block", "no", "forbid", "disable", "refuse", "reject"];

/// Words after one that keeps somebody out, which tell more of it.
pub(super) const REASONS: &[&str] = &["reason", "by", "msg", "note", "comment", "count", "id"];

/// Columns in which stands which attribute of a user a row is about.
#[rustfmt::skip]
pub(crate) const ATTRIBUTES: &[&str] = &[
    "key", "metakey", "name", "attribute", "attributename", "setting", "option", "field", "fieldname", "property",
    "code", "param",
];

/// Columns in which stands what such an attribute is.
#[rustfmt::skip]
pub(crate) const VALUES: &[&str] = &[
    "value", "metavalue", "val", "attributevalue", "settingvalue", "data", "content", "fieldvalue",
];

/// What people belong to, or have, which may be blocked without them.
#[rustfmt::skip]
pub(crate) const OWNERS: &[&str] = &[
    "team", "org", "organization", "organisation", "company", "tenant", "workspace", "project", "device", "room",
    "channel", "course", "forum", "topic", "thread", "session", "token", "site", "shop", "club", "event", "list",
    "product", "subscription", "app", "service", "server", "chat",
];

/// Columns in which a word may say what was done about a user.
#[rustfmt::skip]
pub(crate) const ACTIONS: &[&str] = &[
    "action", "type", "kind", "flag", "restriction", "sanction", "penalty", "punishment", "event", "eventtype", "eventname", "activity",
    "operation",
    "verdict", "decision", "outcome", "measure", "consequence",
];

/// Columns that say what a group is called.
#[rustfmt::skip]
pub(crate) const TITLES: &[&str] = &[
    "name", "title", "titel", "label", "code", "slug", "description", "bezeichnung", "nombre", "nom", "nome",
    "groupname", "grouptitle", "rolename", "usertitle", "statusname", "rank", "value", "text", "beschreibung",
];

/// Words for what groups people, in names of tables and of their keys.
#[rustfmt::skip]
pub(crate) const GROUPS: &[&str] = &[
    "group", "role", "rank", "level", "class", "type", "status", "state", "grupp", "roll", "grupo", "rol", "statut",
    "estado", "membership", "rang",
];

/// Columns that say whose row it is.
#[rustfmt::skip]
pub(crate) const WHOSE: &[&str] = &[
    "userid", "memberid", "accountid", "customerid", "playerid", "personid", "clientid", "identityid", "benutzerid",
    "nutzerid", "kundenid", "usuarioid", "uid", "user", "member", "account", "customer", "bannableid", "username",
    "email",
    "utilisateurid", "uzytkownikid", "clienteid", "utenteid", "gebruikerid", "brugerid", "membreid", "socioid",
    "kundeid", "modelid",
    "mitglied", "mitgliedid", "benutzer", "nutzer", "kunde", "usuario", "cliente", "utilisateur", "membre", "socio", "gebruiker", "bruker", "bruger", "uzytkownik", "uzivatel", "uzivatelid",
];

/// Words for people, in names of tables.
#[rustfmt::skip]
pub(crate) const PEOPLE: &[&str] = &[
    "user", "users", "usr", "account", "accounts", "member", "members", "customer", "customers", "profile",
    "profiles", "person", "persons", "people", "login", "logins", "client", "clients", "player", "players", "student",
    "students", "employee", "employees", "auth", "credentials", "identity", "identities", "benutzer", "nutzer",
    "mitglieder", "kunden", "konten", "usuarios", "clientes", "membres",
    "utilisateurs", "utilisateur", "usuario", "utenti", "gebruikers", "uzytkownicy", "użytkownicy", "brugere",
    "användare", "socios", "miembros", "membros", "clienti", "klienci", "пользователи", "benutzern",
    "mitglied", "nutzers", "kunde", "usuário", "usuários", "gebruiker", "uzytkownik", "uzivatele", "uživatelé",
];

/// Words for what is told of them there.
#[rustfmt::skip]
pub(crate) const TOLD: &[&str] = &[
    "meta", "metadata", "data", "info", "infos", "information", "detail", "details", "extra", "extras", "attribute",
    "attributes", "attr", "attrs", "field", "fields", "property", "properties", "option", "options", "setting",
    "settings", "preferences", "prefs", "state", "states", "status", "statuses", "flag", "flags", "restriction",
    "restrictions", "sanction", "sanctions", "punishments", "penalties", "moderation", "action", "actions", "access",
    "security", "lifecycle", "values", "role", "roles", "group", "groups",
    "permission", "permissions", "rights", "history",
    "strikes", "infractions", "warnings", "cases", "verdicts",
];

/// Words for tables whose rows are of roles.
pub(crate) const PARTS: &[&str] = &["role", "roles", "group", "groups"];

/// Words for tables whose rows are of settings and rights, where a column says of which.
#[rustfmt::skip]
pub(crate) const PARTS_BY_NAME: &[&str] = &["access", "setting", "settings", "option", "options", "preferences", "prefs"];

/// Columns that say of which.
#[rustfmt::skip]
pub(crate) const WHICH: &[&str] = &["module", "resource", "area", "feature", "scope", "object", "page", "role", "group", "channel", "section"];

/// Words for tables of people who are kept out.
#[rustfmt::skip]
pub(crate) const BANS: &[&str] = &[
    "ban", "bans", "banned", "banlist", "suspension", "suspensions", "suspended", "blacklist", "blacklists",
    "blacklisted", "blocklist", "blocked", "deactivated", "deactivations", "disabled", "lockouts", "locked",
    "sperren", "gesperrt", "banlists", "bannings", "bannlist", "denylist", "sperrliste", "sperrungen", "sanctions",
    "punishments", "banishments",
    "expelled",
    "jail", "jails", "exile", "timeouts",
];

/// Words for such tables, if they are of accounts.
#[rustfmt::skip]
pub(crate) const LOCKS: &[&str] = &[
    "locks", "lock", "blocks", "block", "deletions", "deactivation", "restrictions", "sanction",
    "hold", "holds", "closure", "closures", "deletion", "erasure", "erasures", "terminations",
];

/// What else may be banned and blocked.
#[rustfmt::skip]
pub(crate) const OF_OTHERS: &[&str] = &[
    "ip", "ips", "address", "addresses", "email", "emails", "domain", "domains", "word", "words", "token", "tokens",
    "jwt", "sender", "senders", "host", "hosts", "country",
];

/// Those of them by which people are found.
pub(crate) const ADDRESSES: &[&str] = &["address", "addresses", "email", "emails", "sender", "senders"];

/// Words for tables of what was done, or was so before.
#[rustfmt::skip]
pub(crate) const LOGS: &[&str] = &[
    "log", "logs", "audit", "audits", "history", "histories", "event", "events", "activity", "activities", "journal", "trail", "timeline",
    "changes", "protokoll", "verlauf", "historie", "historique", "historial",
];

/// Words of a file's name that say nothing of what is in it.
#[rustfmt::skip]
pub(crate) const OF_A_FILE: &[&str] = &["export", "exports", "dump", "list", "liste", "lista", "data", "all", "only", "table", "tbl", "csv", "json", "copy", "final", "new"];

/// Words by which a name is of all others: `users_except_banned`, `nicht_gesperrte_kunden`.
#[rustfmt::skip]
pub(crate) const UNLESS: &[&str] = &[
    "not", "non", "never", "except", "excepting", "exceptions", "exempt", "exemptions", "without", "excl",
    "excluding", "wo", "no", "un", "minus", "ohne", "ausser", "außer", "nicht", "sans", "sauf", "pas", "sin",
    "excepto", "salvo", "sem", "exceto", "senza", "tranne", "zonder", "behalve", "bez", "кроме", "без", "unbanned",
    "unblocked", "unlocked",
];

/// Parts of names by which people are kept out, in languages that write words without blanks, or bend them.
#[rustfmt::skip]
pub(super) const WITHIN: &[&str] = &[
    "禁用", "封禁", "封号", "封號", "冻结", "凍結", "停用", "拉黑", "黑名单", "黑名單", "锁定", "鎖定", "注销", "註銷", "停権", "利用停止", "退会", "利用禁止",
    "アカウント停止", "차단", "정지", "탈퇴", "비활성", "محظور", "حظر", "موقوف", "معطل", "חסום", "מושעה", "ระงับ", "แบน", "مسدود", "प्रतिबंध", "अवरुद्ध", "заблок", "забан",
];

/// Words for people who are no more, or may not, beside those that say it of anybody.
#[rustfmt::skip]
pub(super) const GONE_PEOPLE: &[&str] = &[
    "deleted", "inactive", "disabled", "locked", "archived", "former", "gelöschte", "gesperrte", "terminated", "fraud", "fraudulent", "closed",
    "resigned", "dismissed", "revoked", "eliminados", "supprimés",
];
