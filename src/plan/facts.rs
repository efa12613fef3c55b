//! What an account shows that its plan no longer does.

use crate::account::Account;
use crate::bytes::{split_once, trim};

/// Taken before planning, which empties the account and cleans what it takes from it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// The year in which they signed up, in UTC.
    pub created_year: Option<i16>,
    /// The number begins with neither `+` nor `00`.
    pub phone_without_country: bool,
    /// A spreadsheet has rewritten the id, the address or the number.
    pub rewritten_by_spreadsheet: bool,
    /// The country calling code of the number; known once the account is planned.
    pub calling_code: Option<u16>,
    /// The sign-in bridge could keep the password, and was not asked to; known once the account is planned.
    pub bridgeable: bool,
}

impl Facts {
    /// What is to be remembered of an account that is about to be planned.
    #[must_use]
    pub fn of(account: &Account<'_>) -> Self {
        let email = account.email.as_deref().unwrap_or_default();
        let phone = trim(account.phone.as_deref().unwrap_or_default());
        Self {
            created_year: account.created_at.map(year),
            phone_without_country: !phone.is_empty() && !phone.starts_with('+') && !phone.starts_with("00"),
            rewritten_by_spreadsheet: [&*account.source_id, email, phone].into_iter().any(rewritten_by_spreadsheet),
            calling_code: None,
            bridgeable: false,
        }
    }
}

/// The year of a moment in UTC: counted in days from the first of March of the year 0, of which the leap day is a year's last.
fn year(moment: jiff::Timestamp) -> i16 {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = moment.as_second().div_euclid(86_400) + 719_468;
    let (centuries, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    (centuries * 400 + year + i64::from(day >= 306)) as i16
}

fn rewritten_by_spreadsheet(value: &str) -> bool {
    // Nearly all values are ids and addresses, which the first byte tells apart.
    match value.as_bytes() {
        [b'#', ..] => {
            return matches!(value, "#NAME?" | "#REF!" | "#VALUE!" | "#N/A" | "#NUM!" | "#DIV/0!" | "#NULL!");
        }
        [b'0'..=b'9' | b'.' | b',', ..] => {}
        _ => return false,
    }
    let Some((mantissa, exponent)) = split_once(value, b'+') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    mantissa.strip_suffix('E').is_some_and(digits) && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_year_is_the_calendars(second in -377_705_023_201..=253_402_207_200_i64) {
            let moment = jiff::Timestamp::from_second(second).unwrap();
            proptest::prop_assert_eq!(year(moment), jiff::tz::Offset::UTC.to_datetime(moment).year());
        }
    }

    #[test]
    fn the_first_and_the_last_day_of_a_year_are_its_own() {
        for (day, expected) in [
            ("1999-12-31T23:59:59Z", 1999),
            ("2000-01-01T00:00:00Z", 2000),
            ("2000-02-29T12:00:00Z", 2000),
            ("-000001-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(year(day.parse().unwrap()), expected);
        }
    }

    #[test]
    fn numbers_in_scientific_notation_and_error_values_are_a_spreadsheets() {
        for value in ["1.41555E+10", "4,9E+11", "#NAME?", "#N/A"] {
            assert!(rewritten_by_spreadsheet(value), "{value}");
        }
        for value in ["", "+4915112345678", "E+", "ABE+1", "#1", "9QeWE+1x", "alice@example.com"] {
            assert!(!rewritten_by_spreadsheet(value), "{value}");
        }
    }
}
