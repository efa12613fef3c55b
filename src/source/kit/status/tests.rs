use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source::kit::testing;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a literal")
}

#[test]
fn names_say_which_way_round_a_column_is() {
    for (names, expected) in [
        ("active is_active isActive ACTIVE enabled user_active account_enabled approved is_activated", Meaning::Allows),
        (
            "banned is_banned isBlocked disabled suspended locked banned_at lockedAt suspended_on date_banned inactive \
          nsAccountLock pwdAccountLockedTime isDisabled user_banned locked_time",
            Meaning::Bars,
        ),
        ("bloqueado bloque geblokkeerd gesperrt inativo заблокирован", Meaning::Bars),
        ("can_login canSignIn allow_login login_enabled login_allowed ativo habilitado", Meaning::Allows),
        ("status_id account_status_code user_state_id acc_state situacao", Meaning::State),
        ("estado etat", Meaning::StateOrRegion),
        (
            "banned_until bannedUntil ban_expires lockout_end suspended_till ban_expires_at LockoutEnd",
            Meaning::BarsUntil,
        ),
        ("deleted deleted_at deletedAt is_deleted date_deleted discarded_at", Meaning::Deletes),
        ("status account_status user_status accountStatus pw_user_status inetUserStatus user_state", Meaning::State),
        ("state State", Meaning::StateOrRegion),
        ("valid is_valid isvalid isactive useractive accountnonlocked account_non_expired isenabled", Meaning::Allows),
        (
            "access_revoked access_denied isbanned userbanned accountlocked is_withdrawn lockedat disabled_at quarantined \
          deny_login nologin deceased",
            Meaning::Bars,
        ),
        ("accountstatus userstatus userstate", Meaning::State),
        (
            "account_expires accountExpires accountexpires user_expiry valid_until active_until login_expires_at expired \
          is_expired account_expired accountExpirationDate",
            Meaning::Ends,
        ),
        ("banneduntil", Meaning::BarsUntil),
        ("isdeleted deletedat", Meaning::Deletes),
        ("cust_active customer_active kunde_aktiv mitglied_aktiv", Meaning::Allows),
        (
            "geloescht_am gelöscht_am excluido_em supprime_le verwijderd_op gdpr_erased Date-de-suppression",
            Meaning::Deletes,
        ),
        ("sperrdatum gesperrt_am gesperrt_seit bloqueado_em", Meaning::Bars),
        ("gesperrt_bis", Meaning::BarsUntil),
        ("userAccountControl useraccountcontrol", Meaning::AccountControl),
        ("guest is_guest", Meaning::Guest),
    ] {
        for name in names.split_whitespace() {
            assert_eq!(meaning(name), Some(expected), "{name}");
        }
    }
    for name in [
        "id",
        "email",
        "last_active_at",
        "active_subscription",
        "ban_reason",
        "state_id",
        "status_message",
        "lastactive",
        "lockout_enabled",
        "failed_attempts",
        "email_verified",
        "marital_status",
        "activated_at",
        "is_admin",
        "blocklist",
        "locked_by",
        "delete_after_days",
        "deleted_by",
        "active_until_release",
        "expires_at",
        "hidden",
        "email_valid",
        "mail_valid",
        "banner",
        "maritalstatus",
        "validation",
        "has_usable_password",
        "password_expires_at",
        "access_token_revoked_at",
        "subscription_expires",
        "statement",
        "deactivation_policy",
        "locker",
        "lastactive_at",
        "credentials_non_expired",
        "block_count",
    ] {
        assert_eq!(meaning(name), None, "{name}");
    }
}

#[test]
fn contents_say_what_they_say() {
    use Meaning::{AccountControl, Allows, Bars, BarsUntil, Deletes, Ends, Guest, State};
    let now = now();
    for (meaning, values, expected) in [
        (Allows, json!([true, 1, "1", "t", "yes", "Y", "TRUE", "active", "2024-01-01"]), Standing::Enabled),
        (Allows, json!([false, 0, "0", "f", "no", "inactive", "disabled"]), Standing::Disabled),
        (Allows, json!([2, "2", "maybe", "-1", "x"]), Standing::Unsure),
        (
            Bars,
            json!([
                true,
                1,
                "t",
                "2024-01-01 10:00:00",
                1_700_000_000,
                "1700000000000",
                "20240101000000Z",
                "blocked",
                "infinity"
            ]),
            Standing::Disabled,
        ),
        (Bars, json!([false, 0, "f", "0000-00-00 00:00:00", "never", "no"]), Standing::Enabled),
        (Bars, json!([3, "permanent", {"by": "x"}]), Standing::Unsure),
        (State, json!([{ "enabled": false }, { "enabled": true, "banned_at": "2024-01-01" }]), Standing::Disabled),
        (State, json!([{ "enabled": true, "note": "x" }]), Standing::Enabled),
        (BarsUntil, json!(["2030-01-01", "infinity", 1_900_000_000]), Standing::Disabled),
        (BarsUntil, json!(["2020-01-01", 0, "0000-00-00", 1_600_000_000]), Standing::Enabled),
        (BarsUntil, json!([1, "-1", "soon", true]), Standing::Unsure),
        (Deletes, json!([true, "2024-01-01", 1]), Standing::Deleted),
        (Ends, json!(["2025-12-31", 133_000_000_000_000_000_i64, "19000", true, 1_700_000_000]), Standing::Disabled),
        (Ends, json!(["2026-01-02", 0, "9223372036854775807", "-1", "never", false, "20500"]), Standing::Enabled),
        (Ends, json!([7, "soon"]), Standing::Unsure),
        (AccountControl, json!([514, "514", "66050"]), Standing::Disabled),
        (AccountControl, json!([512, "66048"]), Standing::Enabled),
        (Guest, json!([true, "1"]), Standing::Deleted),
        (Guest, json!([false, "0", "x"]), Standing::Silent),
        (Deletes, json!([false, 0, "f"]), Standing::Enabled),
        (State, json!(["active", "Active", "ENABLED", "approved", true]), Standing::Enabled),
        (
            State,
            json!([
                "blocked",
                "banned",
                "ldap_blocked",
                "blocked_pending_approval",
                "awaiting_admin_review",
                "inactive",
                "Temporarily suspended",
                false
            ]),
            Standing::Disabled,
        ),
        (State, json!(["deleted", "REMOVED"]), Standing::Deleted),
        (
            State,
            json!([1, 0, "1", "10", "CA", "Berlin", "not active", "never banned", "unconfirmed", "Hey there!"]),
            Standing::Unsure,
        ),
    ] {
        for value in values.as_array().expect("a list") {
            assert_eq!(meaning.read(&testing::value(value.clone()), now), expected, "{meaning:?}: {value}");
        }
    }
    for (text, expected) in [("blocked", Standing::Disabled), ("CA", Standing::Silent), ("active", Standing::Enabled)] {
        assert_eq!(Meaning::StateOrRegion.read(&Value::Text(text.into()), now), expected, "{text}");
    }
    assert_eq!(Meaning::StateOrRegion.read(&testing::value(json!(2)), now), Standing::Unsure);
    for nothing in [json!(null), json!(""), json!("NULL"), json!("\\N"), json!(" ")] {
        for meaning in [Allows, Bars, BarsUntil, Deletes, State] {
            assert_eq!(meaning.read(&testing::value(nothing.clone()), now), Standing::Silent);
        }
    }
}

#[test]
fn a_line_of_a_mapping_fits_its_column() {
    for (column, example, reading) in [
        ("hidden", "1", "as = \"not\""),
        ("ban_reason", "sent spam, twice", "as = \"empty\""),
        ("left_at", "2025-06-30", "as = \"future\", default = true"),
        ("cancelled_at", "2025-06-30 10:00:00", "as = \"empty\""),
        ("expires_at", "2025-06-30", "as = \"future\", default = true"),
        ("is_current", "false", "as = \"bool\""),
        ("level", "-1", "false_values = [\"-1\"]"),
        ("role", "banned", "false_values = [\"banned\"]"),
        ("banned_until", "soon", "as = \"not_future\""),
        ("status", "7", "true_values = [\"…\"]"),
        ("approved_at", "", "as = \"nonempty\""),
        ("access_level", "none", "false_values = [\"none\"]"),
        ("reg_status", "deactivated", "false_values = [\"deactivated\"]"),
    ] {
        let expected = format!("[user] enabled = {{ from = \"{column}\", {reading} }}");
        assert_eq!(line(column, column, &Seen::of([example]), "mapping"), expected, "{column}");
        assert_eq!(
            line(column, column, &Seen::of([example]), "laravel"),
            format!("[source] from = \"laravel\" and {expected}")
        );
    }
}

#[test]
fn a_column_that_nobody_reads_still_tells_of_somebody_kept_out() {
    for (column, value) in [
        ("ban_reason", json!("fraud")),
        ("deleted_by", json!(9)),
        ("is_blocked_by_admin", json!("1")),
        ("not_active", json!(true)),
        ("role", json!("banned")),
        ("lifecycle", json!("Suspended")),
        ("membership", json!("inactive")),
        ("flags", json!(["vip", "banned"])),
        ("account", json!({ "banned": true })),
        ("auth", json!({ "local": { "status": "banned" } })),
        ("notes", json!("banned for spam")),
        ("perfil", json!("bloqueado")),
        ("expires_at", json!("2020-01-01")),
        ("end_date", json!("2025-06-30")),
        ("left_at", json!("2025-06-30")),
        ("cancelled", json!(true)),
        ("is_void", json!("1")),
        ("hidden", json!("yes")),
        ("obsolete", json!("t")),
        ("level", json!(-1)),
        ("role", json!("-1")),
        ("has_access", json!("no")),
        ("is_current", json!(false)),
        ("metadata", json!("{\"banned\": true}")),
        ("account", json!({ "active": false })),
        ("is_suspended_until_review", json!("1")),
        ("employment_end_date", json!("2020-01-01")),
        ("date_of_leaving", json!("2020-01-01")),
        ("is_fraud", json!(1)),
        ("access_level", json!("none")),
        ("approved_at", json!("")),
        ("activated_at", json!(null)),
        ("reg_status", json!("DEACT")),
        ("lifecycle_status", json!("pending removal")),
        ("bans", json!([{ "until": null, "by": 4 }])),
        ("account_revoked_by", json!("root")),
        ("removed_by", json!("root")),
        ("trashed_by", json!(4)),
        ("deletion_reason", json!("asked for it")),
        ("erasure_cause", json!("GDPR")),
    ] {
        assert!(trace(column).is_in(&testing::value(value.clone()), now()), "{column}: {value}");
    }
    for (column, value) in [
        ("ban_reason", json!("")),
        ("deleted_by", json!(null)),
        ("removed_reason", json!("")),
        ("blocked_users", json!([4, 9])),
        ("lock_version", json!(3)),
        ("lockout_enabled", json!(true)),
        ("notifications", json!("disabled")),
        ("two_factor", json!("disabled")),
        ("subscription", json!("inactive")),
        ("subscription", json!({ "status": "suspended" })),
        ("settings", json!({ "mail": { "enabled": false } })),
        ("about", json!("I was banned from a casino once")),
        ("role", json!("not banned")),
        ("failed_attempts", json!(3)),
        ("disabled_notifications", json!(1)),
        ("expires_at", json!("2031-01-01")),
        ("expires_at", json!("never")),
        ("password_expires_at", json!("2020-01-01")),
        ("trial_ends_at", json!("2020-01-01")),
        ("cancelled", json!(false)),
        ("hidden", json!("0")),
        ("left", json!(12)),
        ("level", json!(0)),
        ("access", json!("0")),
        ("email_hidden", json!(true)),
        ("metadata", json!("{\"active\": true}")),
        ("bans", json!([])),
        ("calendar", json!("2020-01-01")),
        ("last_login", json!("2020-01-01")),
        ("approved_at", json!("2020-01-01")),
        ("access_level", json!("full")),
        ("order_status", json!("cancelled")),
        ("marital_status", json!("married")),
        ("last_active_at", json!("")),
        ("is_fraud", json!(0)),
    ] {
        assert!(!trace(column).is_in(&testing::value(value.clone()), now()), "{column}: {value}");
    }
}

proptest! {
    /// Whatever a column holds: a word that bars never lets somebody in.
    #[test]
    fn no_decoration_lets_a_banned_user_in(word in "(banned|blocked|suspended|disabled|locked)", more in "[a-z_ ]{0,12}") {
        let now = now();
        for text in [format!("{word} {more}"), format!("{more} {word}"), word.to_uppercase()] {
            let standing = Meaning::State.read(&Value::Text(text.clone().into()), now);
            prop_assert!(standing != Standing::Enabled && standing != Standing::Silent, "{}", text);
        }
    }

    #[test]
    fn no_name_panics(name in ".{0,60}") {
        let _ = meaning(&name);
    }
}

#[test]
fn tables_of_all_others_are_not_of_those_who_are_kept_out() {
    for name in [
        "users_except_banned",
        "active_users_excl_blocked",
        "not_blocked_users",
        "nicht_gesperrte_kunden",
        "users_without_banned",
    ] {
        assert!(!names_people_out(name) && !names_barred(name), "{name}");
    }
    for name in ["banned_users", "blocked-customers", "gesperrte_kunden"] {
        assert!(names_people_out(name), "{name}");
    }
    for name in ["bans", "user_bans", "blacklist", "account_locks"] {
        assert!(names_barred(name), "{name}");
    }
}

/// A ban says it by its members, whatever it is called within; who was unbanned is in.
#[test]
fn the_members_of_a_ban_are_read_as_a_bans() {
    let read = |value: serde_json::Value| Meaning::Bars.read(&testing::value(value), now());
    for out in [
        json!({ "status": "banned" }),
        json!({ "status": "active" }),
        json!({ "active": true, "reason": "x" }),
        json!({ "until": null, "reason": "spam" }),
        json!({ "expires_at": null, "by": 4 }),
        json!({ "until": "2999-01-01" }),
    ] {
        assert!(!matches!(read(out.clone()), Standing::Enabled | Standing::Silent), "{out}");
    }
    for within in
        [json!({ "active": false, "reason": "x" }), json!({ "status": "inactive" }), json!({ "until": "2001-01-01" })]
    {
        assert_eq!(read(within.clone()), Standing::Enabled, "{within}");
    }
}

/// Names of files and tables: a word before the barring one takes it back, others do not; what only begins alike is nobody's ban.
#[test]
fn names_of_tables_say_who_is_in_them() {
    for out in
        ["banned_users", "banned_users_without_refund", "blocked-customers", "gesperrte_kunden", "utilisateurs_bannis"]
    {
        assert!(tables::names_people_out(out), "{out}");
    }
    for within in ["users_except_banned", "not_banned_users", "unbanned_users", "users_without_banned"] {
        assert!(!tables::names_people_out(within) && !tables::names_barred(within), "{within}");
    }
    for other in ["bosses", "basins", "bonsai", "bananas", "bonsai_users"] {
        assert!(!tables::names_people_out(other) && !tables::names_barred(other), "{other}");
    }
}

/// A word for each in the languages of most exports, as its column would be called: bent, with and without accents.
#[rustfmt::skip]
const WORDS: [(&str, &str); 24] = [
    ("de", "gelöscht geloescht gesperrt deaktiviert gekündigt gekuendigt storniert abgelaufen inaktiv nicht_aktiv anonymisiert \
            löschkennzeichen loeschkennzeichen sperrkennzeichen papierkorb"),
    ("fr", "supprimé supprimee bloqué verrouillé désactivé résilié expiré inactif date_fermeture"),
    ("es", "eliminado borrado bloqueada desactivado cancelado caducado inactivo fecha_baja baja"),
    ("pt", "excluído apagado bloqueado desativado cancelado expirado inativo"),
    ("it", "eliminato cancellato bloccato disattivato annullato scaduto inattivo data_eliminazione"),
    ("nl", "verwijderd geblokkeerd gedeactiveerd uitgeschakeld geannuleerd verlopen inactief geschorst"),
    ("pl", "usunięty usuniety data_usuniecia zablokowany zablokowane dezaktywowany anulowany wygasły nieaktywny"),
    ("cs", "smazáno smazano smazany blokován blokovan zablokovaná deaktivován zrušeno zruseno vypršelo neaktivní"),
    ("sk", "vymazaný zablokovany deaktivovany zrušený expirovany neaktívny"),
    ("hu", "törölt torolt letiltva zárolt deaktivált lejárt inaktív felfüggesztett"),
    ("ro", "șters sters blocat dezactivat anulat expirat inactiv"),
    ("sv", "borttagen raderad spärrad avstängd inaktiverad uppsagd utgången inaktiv"),
    ("no", "slettet sperret blokkert låst deaktivert oppsagt utløpt inaktiv"),
    ("da", "slettet spærret blokeret deaktiveret opsagt udløbet inaktiv"),
    ("fi", "poistettu lukittu estetty deaktivoitu peruutettu vanhentunut"),
    ("el", "διαγραμμένος διεγραμμένος_διαγραφή αποκλεισμένος κλειδωμένος απενεργοποιημένος ακυρωμένος ανενεργός"),
    ("tr", "silindi silinmiş engellendi kilitli iptal pasif devre_dışı"),
    ("ru", "удалён удален удалено заблокирован отключена деактивирован отменён просрочен неактивен"),
    ("uk", "видалено видалений заблоковано вимкнено деактивовано скасовано прострочено неактивний"),
    ("ar", "محذوف محظور مقفل معطل"),
    ("ja", "削除フラグ 削除済み 退会日 無効フラグ 凍結 停権 期限切れ"),
    ("zh", "已删除 已刪除 是否禁用 是否冻结 停用 注销时间 已过期 锁定"),
    ("ko", "삭제여부 탈퇴여부 탈퇴일 차단 정지 비활성"),
    ("sap", "LVORM LOEVM"),
];

#[test]
fn who_is_kept_out_is_known_in_the_languages_of_most_exports() {
    let (mut said, mut silent) = (0, Vec::new());
    let names = WORDS.iter().flat_map(|(language, words)| words.split_whitespace().map(move |word| (language, word)));
    for (language, word) in names {
        for name in [word.to_owned(), word.to_uppercase(), format!("is_{word}")] {
            let keeps_out = match meaning(&name) {
                Some(meaning) => meaning.read(&Value::Text("1".into()), now()) >= Standing::Disabled,
                None => trace(&name).is_in(&Value::Text("1".into()), now()),
            };
            if keeps_out { said += 1 } else { silent.push(format!("{language} {name}")) }
        }
    }
    assert!(silent.is_empty(), "{said} say it; not {silent:?}");
}

/// Names of something else, in which such a word begins.
#[test]
fn a_beginning_is_no_word() {
    for name in [
        "last",
        "lastname",
        "last_name",
        "fecha_de_alta",
        "fechadealta",
        "activity",
        "активность",
        "engel",
        "expiry_policy",
        "confirmation",
        "bloquete_de_notas",
        "language",
        "location",
        "loss",
        "cancel_url",
        "address",
        "aesthetic",
        "annual",
        "resilience",
        "newsletter",
        "gender",
        "on_hold_music_count",
    ] {
        assert_eq!(meaning(name), None, "{name}");
    }
}

#[test]
fn what_begins_on_a_day_to_come_has_not_begun() {
    for name in ["valid_from", "active_from", "gueltig_ab", "gültig_ab", "aktiv_von", "valido_desde_start"] {
        let Some(meaning) = meaning(name) else { continue };
        assert_eq!(meaning.read(&Value::Text("2099-01-01".into()), now()), Standing::Disabled, "{name}");
        assert_eq!(meaning.read(&Value::Text("2019-01-01".into()), now()), Standing::Enabled, "{name}");
        assert_eq!(meaning.read(&Value::Text("01.01.2099".into()), now()), Standing::Disabled, "{name}");
    }
    for name in ["valid_from", "active_from", "gueltig_ab", "LockoutEndDateUtc"] {
        assert_eq!(meaning(name), Some(Meaning::BarsUntil), "{name}");
    }
}

#[test]
fn who_was_asked_to_come_in_or_has_not_confirmed_is_asked_about() {
    for (name, value) in [
        ("bestaetigt", "nein"),
        ("registration_complete", "0"),
        ("double_opt_in", "0"),
        ("access_level", "-1"),
        ("rolle", "inaktiv"),
        ("type", "bot"),
        ("deletion_requested", "1"),
        ("activation_key", "8f3k2"),
        ("invitation_token", "Zk3jdk39"),
        ("aktivierungscode", "8f3k2"),
    ] {
        assert!(trace(name).is_in(&Value::Text(value.into()), now()), "{name}");
    }
    assert_eq!(trace("unbanned_at"), Trace::Nothing);
}

#[test]
fn within_a_ban_what_is_active_keeps_out() {
    for path in [
        "ban.active",
        "moderation.ban.active",
        "blocks.status",
        "user_bans.active",
        "lock.enabled",
        "suspension.status",
    ] {
        assert_eq!(meaning_at(path), Some(Meaning::BarsWhile), "{path}");
    }
    assert_eq!(meaning_at("profile.active"), Some(Meaning::Allows));
    assert_eq!(meaning_at("bans.until"), Some(Meaning::BarsUntil));
    assert_eq!(Meaning::BarsWhile.read(&Value::Text("active".into()), now()), Standing::Disabled);
    assert_eq!(Meaning::BarsWhile.read(&Value::Bool(false), now()), Standing::Enabled);
}
