//! Numbers as people read them.

use super::summary::{Known, Report, SignIn, Verify};

/// `1204331` → `1,204,331`
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 user`, `2 users`
#[must_use]
pub fn users(n: u64) -> String {
    plural(n, "user", "users")
}

/// `1 file`, `2 files`
#[must_use]
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `1 record`, `2 records`
#[must_use]
pub fn records(n: u64) -> String {
    plural(n, "record", "records")
}

/// `812 bytes`, `4.1 kB`, `398 MB`
#[must_use]
pub fn bytes(n: u64) -> String {
    let mut size = n as f64;
    let mut units = ["kB", "MB", "GB", "TB"].into_iter();
    let mut unit = None;
    while size >= 1_000.0
        && let Some(next) = units.next()
    {
        (size, unit) = (size / 1_000.0, Some(next));
    }
    match unit {
        None => plural(n, "byte", "bytes"),
        Some(unit) if size < 10.0 => format!("{size:.1} {unit}"),
        Some(unit) => format!("{size:.0} {unit}"),
    }
}

/// A share of a whole. Never rounds somebody away: anything is more than `0 %`, and less than all is less than `100 %`.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match part {
        0 => "0 %".into(),
        _ if part == whole => "100 %".into(),
        _ if percent < 0.1 => "< 0.1 %".into(),
        _ if percent > 99.9 => "> 99.9 %".into(),
        _ => format!("{percent:.1} %"),
    }
}

/// `45 s`, `12 min`, `6 h 41 min`, `2 d 3 h`
#[must_use]
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..90 => format!("{seconds} s"),
        90..3_600 => format!("{} min", seconds.div_ceil(60)),
        3_600..172_800 => {
            let minutes = seconds.div_ceil(60);
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
        _ => {
            let hours = seconds.div_ceil(3_600);
            format!("{} d {} h", hours / 24, hours % 24)
        }
    }
}

/// A fraction of a second counts as a second; nothing is negative.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    duration(whole(seconds.ceil()))
}

/// `0.3`, `7.5`, `361`
#[must_use]
pub fn rate(value: f64) -> String {
    if value >= 10.0 { count(whole(value.round())) } else { format!("{value:.1}") }
}

#[expect(clippy::cast_sign_loss, reason = "negative numbers become 0, which is what is wanted")]
fn whole(value: f64) -> u64 {
    value as u64
}

/// `0.4 ms`, `55 ms`, `1.2 s`
#[must_use]
pub fn millis(millis: f64) -> String {
    if millis < 0.1 {
        "< 0.1 ms".into()
    } else if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1_000.0)
    }
}

impl SignIn {
    /// `4,000 of 5,000 (80 %) sign in as before; 900 have no password, 100 are disabled`
    #[must_use]
    pub fn sentence(&self, known: Option<&Known>) -> String {
        let all = self.total();
        let mut text = format!("{} of {} ({})", count(self.as_before), count(all), share(self.as_before, all));
        let refuted =
            known.is_some_and(|known| known.proven == 0 && known.wrong.iter().any(|wrong| !wrong.hash_is_right));
        text += match self.as_before {
            n if n > 0 && refuted => " would sign in as before, which no known password proves",
            1 => " signs in as before",
            _ => " sign in as before",
        };
        let rest = [
            (self.through_bridge, "as before, through the bridge"),
            (self.no_password, "without a password"),
            (self.no_address, "without an address"),
            (self.needs_reset, "to be reset"),
            (self.disabled, "disabled"),
            (self.refused, "refused"),
        ];
        let rest: Vec<_> =
            rest.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n))).collect();
        if !rest.is_empty() {
            text = format!("{text}; {}", rest.join(", "));
        }
        if self.assumed > 0 && known.is_none_or(|known| known.proven == 0) {
            text = format!("{text}; {} as far as a hash can tell (--known proves it)", count(self.assumed));
        }
        if self.declared > 0 && known.is_none_or(|known| known.declared == 0) {
            text = format!("{text}; {} declared, not proven: give --known to prove it", count(self.declared));
        }
        if let Some(known) = known.filter(|known| !known.wrong.is_empty()) {
            let tried = known.proven + known.wrong.len() as u64;
            let passwords = if tried == 1 { "password" } else { "passwords" };
            text = format!("{text}; {} of {} known {passwords} proven", count(known.proven), count(tried));
        }
        text
    }
}

/// `, 2 gone from the source and not compared`; nothing where nobody is.
#[must_use]
pub fn gone(verify: &Verify) -> String {
    if verify.gone > 0 {
        format!(", {} gone from the source and not compared", count(verify.gone))
    } else {
        String::new()
    }
}

/// `; 12 known passwords: 10 signed in, 1 right and kept out, 1 did not`; nothing where none was tried.
#[must_use]
pub fn known_passwords(verify: &Verify) -> String {
    let Verify { signed_in, not_signed_in, kept_out, .. } = verify;
    let kept = if *kept_out > 0 { format!(", {} right and kept out", count(*kept_out)) } else { String::new() };
    match signed_in + not_signed_in + kept_out {
        0 => String::new(),
        n => {
            let passwords = plural(n, "known password", "known passwords");
            format!("; {passwords}: {} signed in{kept}, {} did not", count(*signed_in), count(*not_signed_in))
        }
    }
}

/// What the sign-in bridge does, or could do, for users whom Appwrite cannot let in.
#[must_use]
pub fn bridge(report: &Report) -> Option<String> {
    match (report.bridged, report.bridgeable) {
        (0, 0) => None,
        (0, n) => Some(format!("{} could keep the password through the bridge: --unsupported bridge", users(n))),
        (1, _) => Some("1 user is bridged: signs in as before, through the bridge".into()),
        (n, _) => Some(format!("{} are bridged: they sign in as before, through the bridge", users(n))),
    }
}

/// `admin 12, editor 3, and 5 more`, at most so many.
#[must_use]
pub fn labels(report: &Report, most: usize) -> String {
    let named = report.labels.iter().take(most).map(|label| format!("{} {}", label.label, count(label.users)));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if report.labels.len() > most {
        text = format!("{text}, and {} more", report.labels.len() - most);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::Wrong;

    #[test]
    fn nobody_is_said_to_sign_in_who_cannot() {
        let sign_in = SignIn { as_before: 3, assumed: 2, no_password: 4, disabled: 2, refused: 1, ..SignIn::default() };
        let proven = Known { proven: 1, ..Known::default() };
        let said = "3 of 10 (30.0 %) sign in as before; 4 without a password, 2 disabled, 1 refused";
        assert_eq!(sign_in.sentence(Some(&proven)), said);
        let wrong = Known { wrong: vec![Wrong::default(); 3], ..Known::default() };
        let would = said.replace(" sign in as before", " would sign in as before, which no known password proves");
        let refuted =
            format!("{would}; 2 as far as a hash can tell (--known proves it); 0 of 3 known passwords proven");
        assert_eq!(sign_in.sentence(Some(&wrong)), refuted);
        assert_eq!(sign_in.sentence(None), format!("{said}; 2 as far as a hash can tell (--known proves it)"));
    }

    #[test]
    fn nobody_is_rounded_away() {
        assert_eq!(share(1, 1_000_000), "< 0.1 %");
        assert_eq!(share(999_999, 1_000_000), "> 99.9 %");
        assert_eq!(share(0, 7), "0 %");
        assert_eq!(share(7, 7), "100 %");
        assert_eq!(share(0, 0), "–");
        assert_eq!(share(1, 3), "33.3 %");
    }

    #[test]
    fn numbers_read_easily() {
        assert_eq!([count(0), count(999), count(1_000), count(1_204_331)], ["0", "999", "1,000", "1,204,331"]);
        assert_eq!(
            [duration(0), duration(89), duration(90), duration(3_600), duration(24_087), duration(183_600)],
            ["0 s", "89 s", "2 min", "1 h 0 min", "6 h 42 min", "2 d 3 h"]
        );
        assert_eq!(
            [millis(0.001), millis(4.0), millis(55.2), millis(1_240.0)],
            ["< 0.1 ms", "4.0 ms", "55 ms", "1.2 s"]
        );
    }
}
