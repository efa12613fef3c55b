//! Dates and ids in Appwrite's form.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now, in whole milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// A date for what is written now, as [`format()`] writes it, and later than every other. A server takes longer than a
/// millisecond for each write, so that whoever writes one thing after another finds them in that order; here they would tie.
/// Where everybody writes at once dates tie as they do there: none is ahead of its time for long.
pub fn now() -> String {
    static LAST: AtomicI64 = AtomicI64::new(0);
    const AHEAD: i64 = 50;
    let now = now_ms();
    let later = |last: i64| if last < now { now } else { (last + 1).min(now + AHEAD) };
    // The closure always gives a value.
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last))).unwrap_or(now);
    format(later(last))
}

/// `2026-01-31T12:00:00.000+00:00`. Such texts sort as their moments do.
pub fn format(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned_datetime(TimeZone::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`, for cookies.
pub fn http_date(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned_datetime(TimeZone::UTC);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads a date of a query, with or without a time and an offset, into [`format()`]'s form.
pub fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(format(timestamp.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    // A timestamp cannot be in the last hours of 9999, which are what people write for "never".
    let zoned = civil.to_zoned_datetime(TimeZone::UTC).map(|zoned| format(zoned.timestamp().as_millisecond()));
    Some(zoned.unwrap_or_else(|_| civil.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()))
}

/// Twenty hexadecimal digits, of which the first thirteen are the time: PHP's `uniqid()` and a random rest.
pub fn unique_id() -> String {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros();
    // uniqid(): eight digits of seconds, five of microseconds.
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    format!("{seconds:08x}{rest:05x}{:07x}", fastrand::u32(..1 << 28))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_milliseconds_and_an_offset() {
        assert_eq!(format(0), "1970-01-01T00:00:00.000+00:00");
        assert_eq!(parse("2020-01-01T02:00:00.5+02:00").as_deref(), Some("2020-01-01T00:00:00.500+00:00"));
        assert_eq!(parse("2020-01-01").as_deref(), Some("2020-01-01T00:00:00.000+00:00"));
        assert_eq!(parse("2020-01-01 10:00:00").as_deref(), Some("2020-01-01T10:00:00.000+00:00"));
        assert_eq!(parse("9999-12-31T23:59:59.9994+00:00").as_deref(), Some("9999-12-31T23:59:59.999+00:00"));
        assert_eq!(parse("9999-12-31").as_deref(), Some("9999-12-31T00:00:00.000+00:00"));
        assert_eq!(parse("soon"), None);
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn dates_in_a_row_are_in_order_and_not_far_ahead() {
        let dates: Vec<String> = (0..20).map(|_| now()).collect();
        assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "{dates:?}");
        let last = (0..10_000).fold(String::new(), |_, _| now());
        assert!(last <= format(now_ms() + 50));
    }

    #[test]
    fn ids_are_twenty_digits() {
        let id = unique_id();
        assert!(id.len() == 20 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
}
