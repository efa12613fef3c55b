//! Which columns beside a bare digest may be its salt: by their names in any language, and because every row has a short text of
//! its own that nobody wrote.

use crate::names::words_of;
use crate::scheme::columns::{ColumnRole, role_of};

/// Names that mean a salt and nothing else, as words of a column's name or at its end.
const NAMES: [&str; 14] =
    ["salt", "salz", "zout", "grain", "nonce", "saltet", "suola", "соль", "сіль", "αλάτι", "盐", "鹽", "塩", "소금"];

/// Words of names of what else has a text of its own in every row.
const ELSE: [&str; 40] = [
    "id",
    "uuid",
    "guid",
    "token",
    "session",
    "api",
    "avatar",
    "image",
    "photo",
    "icon",
    "code",
    "coupon",
    "ref",
    "referral",
    "confirm",
    "confirmation",
    "activation",
    "reset",
    "invite",
    "invitation",
    "login",
    "user",
    "username",
    "name",
    "nick",
    "remember",
    "unsubscribe",
    "ip",
    "phone",
    "tel",
    "zip",
    "iban",
    "mail",
    "email",
    "url",
    "link",
    "slug",
    "etag",
    "checksum",
    "fingerprint",
];

/// The lengths of salts.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=64;

/// Why a column may be a salt, by its name and the cells of some rows; `None` where nothing speaks for it.
pub(crate) fn may_be<'c>(name: &str, cells: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let cells: Vec<&str> = cells.into_iter().map(str::trim).filter(|cell| !cell.is_empty()).collect();
    if cells.is_empty() {
        return None;
    }
    if is_named(name) {
        return Some("is called like one".to_owned());
    }
    let words = words_of(last(name));
    if words.iter().any(|word| ELSE.contains(&word.as_str())) || name.to_lowercase().ends_with("id") {
        return None;
    }
    let length = cells[0].len();
    let is_one = |cell: &&str| cell.len() == length && LENGTHS.contains(&length) && is_random(cell);
    let mut seen = std::collections::HashSet::new();
    // Numbers that are counted up have one beginning.
    let beginning = cells[0].as_bytes().first_chunk::<2>();
    let counted = cells.len() > 2 && cells.iter().all(|cell| cell.as_bytes().first_chunk() == beginning);
    let own = cells.len() >= 2 && cells.iter().all(|cell| seen.insert(*cell));
    // A short one may be of letters or digits alone by chance.
    let mixed = cells.iter().filter(|cell| is_mixed(cell)).count() * 2 > cells.len();
    if !own || counted || !mixed || !cells.iter().all(is_one) {
        return None;
    }
    let what = if cells.iter().all(|cell| crate::bytes::is_hex(cell)) {
        "hexadecimal digits"
    } else if cells.iter().all(|cell| cell.bytes().all(|b| b.is_ascii_alphanumeric())) {
        "letters and digits"
    } else {
        "characters"
    };
    Some(format!("has {length} {what} of their own in every row"))
}

/// Whether a column is called like a salt.
pub(crate) fn is_named(name: &str) -> bool {
    // `salt2` is one, too.
    let words: Vec<_> = words_of(last(name))
        .iter()
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned())
        .collect();
    let whole: String = words.concat();
    role_of(name) == Some(ColumnRole::Salt)
        || words.iter().any(|word| NAMES.contains(&word.as_str()))
        || NAMES.iter().any(|salt| whole.ends_with(salt) && whole.len() > salt.len())
}

/// The last name of a path.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a text has no blanks, and is no address, number, day or UUID.
fn is_random(text: &str) -> bool {
    let is_uuid = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    let is_day = text.bytes().all(|b| b.is_ascii_digit() || b"-:./ T".contains(&b));
    text.is_ascii() && !text.contains([' ', '@']) && !is_uuid && !is_day
}

/// Whether letters stand beside digits, or in both cases beyond the first.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let upper_within = text.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) || upper_within && has(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_told_by_its_name_or_by_a_short_text_of_each_rows_own() {
        for (name, cells, expected) in [
            ("grain", ["9f3a", "01bc"], true),
            ("pw_salt", ["aa", "bb"], true),
            ("Salz", ["aa", "bb"], true),
            ("passwordSalt2", ["aa", "bb"], true),
            ("extra", ["9f3ac41d22b0e871", "01bc77d0aa95e3f2"], true),
            ("extra", ["k3;Q9z", "Xa\"12b"], true),
            ("extra", ["Berlin", "London"], false),
            ("extra", ["9f3ac41d22b0e871", "9f3ac41d22b0e871"], false),
            ("extra", ["9f3ac41d22b0e871", "01bc"], false),
            ("joined", ["2024-01-02", "2024-01-03"], false),
            ("customer_id", ["9f3ac41d22b0e871", "01bc77d0aa95e3f2"], false),
            ("avatarToken", ["9f3ac41d22b0e871", "01bc77d0aa95e3f2"], false),
            ("extra", ["", ""], false),
        ] {
            assert_eq!(may_be(name, cells).is_some(), expected, "{name} {cells:?}");
        }
    }
}
