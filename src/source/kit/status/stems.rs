//! What words of many languages say, by how they begin: languages bend their words, and no list has every form. Each stands for the
//! English word that the lists of [`super::words`] have.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::words;

/// Beginnings, without accents, by the word that they stand for.
#[rustfmt::skip]
const STEMS: &[(&str, &[&str])] = &[
    ("deleted", &[
        "gelosch", "geloesch", "losch", "loesch", "supprim", "efface", "eliminad", "elimina", "borrad", "excluid", "apagad",
        "cancellat", "cancellaz", "verwijder", "gewist", "slett", "borttag", "raderad", "raderin", "poistet", "poisto", "usuniet", "usunieci",
        "skasowan", "smazan", "smaza", "vymazan", "odstranen", "torolt", "torles", "sters", "steargere", "izbrisan", "obrisan", "silin", "silme",
        "удал", "видален", "изтрит", "διαγραμμ", "διαγραφ", "anonymis", "anonymiz", "anonimiz", "papierkorb", "papelera", "corbeille", "cestino",
        "prullenbak", "lvorm", "loevm", "dihapus", "daxoa", "kustutatud", "istrint", "dzests",
    ]),
    ("blocked", &[
        "gesperr", "sperr", "verrouill", "bloque", "bloquea", "bloccat", "geblokk", "vergrendel", "blokkert", "blokeret", "blockera", "sparrad",
        "sparrat", "avstangd", "utestengt", "lukit", "estett", "zablok", "blokow", "blokov", "zamknie", "uzamcen",
        "zamcen", "letilt", "zarol", "felfuggeszt", "blocat", "blokira", "zakljucan", "zakljucen", "engellen", "engelle", "kilitl", "yasakl",
        "заблок", "блокир", "забан", "замкнен", "αποκλεισ", "κλειδωμ", "μπλοκαρ", "terkunci", "diblokir", "jäädyt", "jaadyt", "khoá", "khóa", "ukinut", "blokla", "бұғатта", "бугатта",
    ]),
    ("expelled", &["ausgeschloss", "espuls", "uitgeslot", "wykluczon", "vyloucen", "исключен"]),
    ("suspended", &["suspendi", "suspendu", "suspenso", "suspens", "sospes", "geschors", "zawiesz", "pozastav", "suspendat", "приостан", "призупин", "askiya", "dibekukan", "dibeku", "тоқтат", "спрян"]),
    ("deactivated", &[
        "deaktiv", "deactiv", "gedeactiv", "gedesactiv", "desactiv", "desativ", "disattiv", "disabilit", "deshabilit", "desabilit", "uitgeschakel", "deaktyw", "wylaczon",
        "dezaktyw", "dezactiv", "kikapcsol", "deaktivoi", "devredisi", "devre", "отключ", "деактив", "деактивир", "вимкн", "απενεργοπ", "απενεργοποιημεν", "onemogucen",
        "stillgeleg", "abgeschalt", "zneplatn", "zneakt",
    ]),
    ("inactive", &["inaktiv", "inactif", "inactivad", "inativ", "inattiv", "nieaktyw", "neaktiv", "nieczynn", "inaktiivi", "ikkeaktiv", "pasif", "неактив", "ανενεργ", "neaktyv"]),
    ("closed", &["geschloss", "ferme", "cloture", "cerrad", "encerrad", "fechado", "fechada", "fechamento", "chius", "gesloten", "lukket", "suljet", "zamkniet", "uzavren", "lezart", "inchis", "kapatil", "закрыт", "закрит", "κλεισ"]),
    ("expired", &[
        "abgelauf", "expire", "expirad", "caduc", "vencid", "scadut", "verlopen", "udlob", "utlopt", "utgang", "vanhentun", "wygas", "przetermin",
        "vyprse", "propadl", "lejart", "expirat", "expirov", "istekao", "istekla", "istekl", "suresidol", "просроч", "истек", "прострочен", "ληγμ", "εληξ", "kedaluwarsa",
    ]),
    ("cancelled", &[
        "gekundig", "gekuendig", "stornier", "resili", "annul", "cancelad", "opgezegd", "opgezeg", "geannul", "opsagt", "oppsagt", "uppsagd",
        "avslut", "irtisan", "peruut", "anulow", "zrusen", "stornov", "lemondt", "torolve", "anulat", "otkazan", "iptal", "отмен", "аннулир", "скасован",
        "ακυρω", "dibatalkan",
    ]),
    ("active", &["ενεργοσ", "ενεργο", "activad", "habilitad", "freigeschalt"]),
    ("confirmed", &["bestatig", "bestaetig", "confirme", "confirmad", "confermat", "bevestig", "bekreft", "bekraft", "vahvist", "potwierdz", "potvrz", "megeros", "potvrd", "onaylan", "подтвер", "підтвер", "επιβεβαι"]),
    ("banned", &["verbann", "banniss", "bannit", "kitilt", "zbanow"]),
];

/// Parts by which a name says it in writings without blanks between words, or with what stands before and after a word.
#[rustfmt::skip]
const PARTS: &[(&str, &[&str])] = &[
    ("status", &["állapot", "状态", "狀態", "状態", "상태", "สถานะ", "وضعیت", "สถานภาพ"]),
    ("expires", &["到期", "만료", "有効期限"]),
    ("deleted", &["削除", "删除", "刪除", "삭제", "محذوف", "حذف", "נמחק", "מחוק", "ลบแล้ว", "ถูกลบ", "हटाया"]),
    ("blocked", &["禁用", "封禁", "封号", "封號", "拉黑", "冻结", "凍結", "锁定", "鎖定", "ロック", "차단", "잠금", "محظور", "حظر", "مقفل", "חסום", "נעול", "مسدود", "अवरुद्ध"]),
    ("deactivated", &["停用", "無効", "无效", "失效", "利用停止", "アカウント停止", "停権", "비활성", "정지", "معطل", "غيرنشط", "מושבת", "ปิดใช้งาน", "ระงับ", "निलंबित", "निष्क्रिय", "غیرفعال", "이용정지", "ยกเลิก"]),
    ("closed", &["注销", "註銷", "退会", "解約", "탈퇴", "해지"]),
    ("expired", &["期限切れ", "过期", "過期", "منتهي"]),
];

/// What a compound may end in, behind a stem: `löschkennzeichen`, `sperrdatum`.
const TAILS: &[&str] = &[
    "kennzeichen",
    "kz",
    "datum",
    "flag",
    "vermerk",
    "marke",
    "markierung",
    "zeitpunkt",
    "status",
    "grund",
    "date",
    "dato",
    "pvm",
];

/// So many letters of a word may follow its stem: what bends it.
const ENDING: usize = 5;

/// The word of the lists that a word stands for; itself where it is in one, or in none.
pub(super) fn in_english(word: &str) -> Cow<'_, str> {
    if LISTED.contains(word) {
        return Cow::Borrowed(word);
    }
    let bare = if word.is_ascii() { Cow::Borrowed(word) } else { Cow::Owned(without_accents(word)) };
    let bends = |stem: &&str| {
        let rest = bare.strip_prefix(*stem);
        rest.is_some_and(|rest| rest.chars().count() <= ENDING || TAILS.iter().any(|tail| rest.ends_with(tail)))
    };
    let stem = || STEMS.iter().find(|(_, stems)| stems.iter().any(bends));
    let part = || PARTS.iter().find(|(_, parts)| !word.is_ascii() && parts.iter().any(|part| word.contains(part)));
    match stem().or_else(part) {
        Some((english, _)) => Cow::Borrowed(english),
        None if LISTED.contains(&*bare) => Cow::Owned(bare.into_owned()),
        None => Cow::Borrowed(word),
    }
}

/// The words that are known as they are: no stem changes them.
static LISTED: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    let lists = [
        words::BEFORE,
        words::AFTER,
        words::SINCE,
        words::UNTIL,
        words::FROM,
        words::ALLOWS,
        words::BARS,
        words::DELETES,
        words::STATE,
        words::STATE_OR_REGION,
        words::CODED,
        words::MAY,
        words::ABOUT_OTHERS,
        words::HARD,
        words::SOFT,
        words::GONE,
        words::MAY_BAR,
        words::MAY_ALLOW,
        words::ENDS,
        words::ACCOUNTS,
        words::DENY,
        words::REASONS,
        words::KINDS,
        &["expired", "guest", "mail"],
    ];
    lists.into_iter().flatten().copied().collect()
});

/// A word without accents, composed or not, and with one form of the letters that have several.
fn without_accents(word: &str) -> String {
    const PLAIN: [(&str, char); 24] = [
        ("áàâäãåāăą", 'a'),
        ("çćč", 'c'),
        ("ďđ", 'd'),
        ("éèêëēėęě", 'e'),
        ("ğ", 'g'),
        ("íìîïīı", 'i'),
        ("łľĺ", 'l'),
        ("ñńň", 'n'),
        ("óòôöõøōő", 'o'),
        ("řŕ", 'r'),
        ("śšşș", 's'),
        ("ťţț", 't'),
        ("úùûüūůű", 'u'),
        ("ýÿ", 'y'),
        ("źžż", 'z'),
        ("ά", 'α'),
        ("έ", 'ε'),
        ("ή", 'η'),
        ("ίϊΐ", 'ι'),
        ("ό", 'ο'),
        ("ύϋΰ", 'υ'),
        ("ώ", 'ω'),
        ("ς", 'σ'),
        ("ё", 'е'),
    ];
    let plain = |c: char| PLAIN.iter().find(|(letters, _)| letters.contains(c)).map_or(c, |(_, plain)| *plain);
    let is_mark = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    word.chars().filter(|c| !is_mark(c)).map(plain).collect()
}
