//! Dates as people and their spreadsheets write them: `31.12.2024`, `12/31/2024 10:00 AM`, `December 31, 2024`. Whether one has passed
//! is said only where all that it may mean has.

use jiff::{Timestamp, civil};

use crate::format::Value;
use crate::source::kit::common::{self, parse_moment, trim};

/// Whether a text is such a date.
pub(super) fn is_one(text: &str) -> bool {
    !days(text).is_empty()
}

/// The two ends of a range as databases and people write one, `[2020-01-01,2021-01-01)`, `2020-01-01..2021-01-01`; either may be open.
pub(super) fn range(text: &str) -> Option<[&str; 2]> {
    // Nearly no cell begins so.
    if text.len() < 10 || !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '[' | '(' | ' ')) {
        return None;
    }
    let text = trim(text);
    let inner = text.strip_prefix(['[', '(']).and_then(|rest| rest.strip_suffix([']', ')']));
    let (from, to) = match inner {
        Some(inner) => inner.split_once(',')?,
        None => text.split_once("..").or_else(|| text.split_once(" - ")).or_else(|| text.split_once(" to "))?,
    };
    let ends = [from, to].map(|end| end.trim_matches(['"', ' ']));
    let is_open = |end: &str| end.is_empty() || end.trim_start_matches('-').eq_ignore_ascii_case("infinity");
    let is_date = |end: &str| end.len() >= 8 && (parse_moment(end).is_some() || is_one(end));
    let are_ends = ends.iter().all(|end| is_open(end) || is_date(end)) && ends.iter().any(|end| is_date(end));
    are_ends.then(|| ends.map(|end| if is_open(end) { "" } else { end }))
}

/// Whether now is within a range; `None` where that is not sure.
pub(super) fn is_within(text: &str, now: Timestamp) -> Option<bool> {
    let [from, to] = range(text)?;
    let has_passed = |end: &str| {
        let value = Value::Text(end.to_owned().into());
        if parse_moment(end).is_some() { super::ended(&value, now) } else { passed(&value, now) }
    };
    let begun = if from.is_empty() { Some(true) } else { has_passed(from) };
    let over = if to.is_empty() { Some(false) } else { has_passed(to) };
    match (begun, over) {
        (Some(false), _) | (_, Some(true)) => Some(false),
        (Some(true), Some(false)) => Some(true),
        _ => None,
    }
}

/// Whether such a date has passed, wherever in the world, and whichever of its numbers is the month.
pub(super) fn passed(value: &Value<'_>, now: Timestamp) -> Option<bool> {
    let Value::Text(text) = value else { return None };
    let days = days(text);
    let at = |day: civil::Date| common::at(day.at(0, 0, 0, 0));
    let first = days.iter().min().copied().and_then(at)?;
    let last = days.iter().max().map(|day| day.saturating_add(jiff::Span::new().days(2))).and_then(at)?;
    match () {
        () if last <= now => Some(true),
        () if first > now => Some(false),
        () => None,
    }
}

/// The days that a text may mean: none, one, or two where nobody says which number is the month.
fn days(text: &str) -> Vec<civil::Date> {
    let text = trim(text);
    // What is written for programs is read as that.
    if parse_moment(text).is_some() || !(6..=64).contains(&text.len()) || !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let words = words(text);
    let number = |word: &str| word.parse::<i16>().ok();
    let named = words.iter().take(4).position(|word| month(word).is_some());
    let found = match (named, &words[..]) {
        // `Dec 31, 2024`, `Tue Dec 31 2024`
        (Some(at), words) if at + 2 < words.len() && number(&words[at + 1]).is_some_and(|day| day < 32) => {
            vec![(words[at + 2].as_str(), month(&words[at]), number(&words[at + 1]))]
        }
        // `31. Dezember 2024`, `31-DEC-24`
        (Some(at), words) if at > 0 && at + 1 < words.len() => {
            vec![(words[at + 1].as_str(), month(&words[at]), number(&words[at - 1]))]
        }
        (None, [year, month, day, ..]) if year.len() == 4 => vec![(year.as_str(), number(month), number(day))],
        (None, [a, b, year, ..]) if a.len() < 3 && b.len() < 3 && (year.len() == 4 || year.len() == 2) => {
            let (a, b) = (number(a), number(b));
            // With dots the day comes first wherever it is written so.
            if text.contains(['/', '-']) {
                vec![(year.as_str(), b, a), (year.as_str(), a, b)]
            } else {
                vec![(year.as_str(), b, a)]
            }
        }
        _ => Vec::new(),
    };
    let day = |(year, month, day): (&str, Option<i16>, Option<i16>)| {
        let century = if year.len() == 2 { 2000 } else { 0 };
        let (month, day) = (i8::try_from(month?).ok()?, i8::try_from(day?).ok()?);
        civil::Date::new(century + number(year)?, month, day).ok()
    };
    found.into_iter().filter_map(day).collect()
}

/// The numbers and words of a date, and no sentence: what else stands in it is a clock's.
fn words(text: &str) -> Vec<String> {
    const SEPARATORS: [char; 8] = ['.', '/', '-', ',', ' ', '年', '月', '日'];
    let words = text.split(SEPARATORS).filter(|word| !word.is_empty());
    words.take(12).map(str::to_lowercase).filter(|word| word != "de").collect()
}

/// The month of this name, in the languages of most exports.
fn month(word: &str) -> Option<i16> {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "jän", "ene", "gen"],
        &["feb", "fev", "fév"],
        &["mar", "mär", "mrz", "maa"],
        &["apr", "avr", "abr"],
        &["may", "mai", "mag", "mei"],
        &["jun", "juin", "giu"],
        &["jul", "juil", "lug"],
        &["aug", "aoû", "aou", "ago"],
        &["sep", "set"],
        &["oct", "okt", "out", "ott"],
        &["nov"],
        &["dec", "dez", "déc", "dic"],
    ];
    let is_word = word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
    let found = MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name)))?;
    is_word.then(|| i16::try_from(found + 1).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_people_are_told_from_what_is_none() {
        for (text, expected) in [
            ("31.12.2024", vec!["2024-12-31"]),
            ("31.12.24 10:11", vec!["2024-12-31"]),
            ("12/31/2024 10:00 AM", vec!["2024-12-31"]),
            ("01/02/2024", vec!["2024-02-01", "2024-01-02"]),
            ("31-DEC-24", vec!["2024-12-31"]),
            ("Dec 31, 2024", vec!["2024-12-31"]),
            ("December 31, 2024, 10:00 AM", vec!["2024-12-31"]),
            ("Tue Dec 31 2024 10:00:00 GMT+0100 (CET)", vec!["2024-12-31"]),
            ("2024/12/31", vec!["2024-12-31"]),
            ("2024年12月31日", vec!["2024-12-31"]),
            ("31 de diciembre de 2024", vec!["2024-12-31"]),
            ("31. Dezember 2024", vec!["2024-12-31"]),
            ("1.2.3", vec![]),
            ("192.168.0.1", vec![]),
            ("by marta on a whim", vec![]),
            ("32.13.2024", vec![]),
            ("spam", vec![]),
        ] {
            let found: Vec<_> = days(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_may_be_either_has_not_passed_until_both_have() {
        let now: Timestamp = "2024-06-15T12:00:00Z".parse().unwrap();
        let passed = |text: &'static str| passed(&Value::Text(text.into()), now);
        assert_eq!(passed("31.12.2023"), Some(true));
        assert_eq!(passed("31.12.2099"), Some(false));
        assert_eq!(passed("05/07/2024"), None, "in May or in July");
        assert_eq!(passed("15.06.2024"), None, "today, somewhere");
        assert_eq!(passed("01/02/2023"), Some(true));
    }

    #[test]
    fn ranges_hold_now_or_do_not() {
        let now: Timestamp = "2024-06-15T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("[2020-01-01,2021-01-01)", Some(false)),
            ("[2020-01-01,2099-01-01)", Some(true)),
            ("[\"2020-01-01 00:00:00+00\",\"2021-01-01 00:00:00+00\")", Some(false)),
            ("[2020-01-01,)", Some(true)),
            ("(,2021-01-01]", Some(false)),
            ("[2020-01-01,infinity)", Some(true)),
            ("[2099-01-01,)", Some(false)),
            ("2020-01-01..2021-01-01", Some(false)),
            ("01.01.2020 - 31.12.2023", Some(false)),
            ("2020-01-01 to 2099-01-01", Some(true)),
            ("[1,5)", None),
            ("[user,admin]", None),
            ("(,)", None),
            ("2020-01-01", None),
        ] {
            assert_eq!(is_within(text, now), expected, "{text}");
        }
    }
}
