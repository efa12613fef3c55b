//! The columns of `firebase auth:export users.csv`, which has no header, and how to mend the rows that it breaks.
//!
//! Every row is the fields joined by commas *and one more comma*. What firebase-tools writes has changed four times:
//!
//! | firebase-tools | fields | after the 23 common ones | quoting |
//! |---|---|---|---|
//! | 3, 4 | 28 | disabled, created, last sign-in, phone | none at all |
//! | 5 – 7.15 | 27 | created, last sign-in, phone | fields with commas, quotes inside not doubled |
//! | 7.16 – 15.18 | 29 | … and disabled, claims | the same; claims raw JSON, from 11.30 on quoted |
//! | 15.19 – | 53 | … and six more providers of four fields | RFC 4180, but not for photos and e-mails |
//!
//! All of them double no quote that follows a backslash inside claims, and before 15.19 a name may split its row. The two
//! epochs in milliseconds stand beside each other in all of them: they are what broken rows are mended around.

use std::borrow::Cow;

/// The fields before the epochs (in the oldest layout `disabled` follows them).
const COMMON: [&str; 23] = [
    "localId",
    "email",
    "emailVerified",
    "passwordHash",
    "salt",
    "displayName",
    "photoUrl",
    "google.com/rawId",
    "google.com/email",
    "google.com/displayName",
    "google.com/photoUrl",
    "facebook.com/rawId",
    "facebook.com/email",
    "facebook.com/displayName",
    "facebook.com/photoUrl",
    "twitter.com/rawId",
    "twitter.com/email",
    "twitter.com/displayName",
    "twitter.com/photoUrl",
    "github.com/rawId",
    "github.com/email",
    "github.com/displayName",
    "github.com/photoUrl",
];

/// The providers in the order of the columns: four before the epochs, six after the claims.
pub const PROVIDERS: [&str; 10] = [
    "google.com",
    "facebook.com",
    "twitter.com",
    "github.com",
    "apple.com",
    "microsoft.com",
    "gc.apple.com",
    "playgames.google.com",
    "linkedin.com",
    "yahoo.com",
];

/// Longer than any row an exporter writes (claims have at most 1,000 characters); nothing longer is mended.
const LONGEST_ROW: usize = 64 * 1024;

/// What a generation of firebase-tools writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// 28 fields.
    DisabledFirst,
    /// 27 fields.
    Plain,
    /// 29 fields.
    Claims,
    /// 53 fields.
    Wide,
}

impl Layout {
    const ALL: [Self; 4] = [Self::DisabledFirst, Self::Plain, Self::Claims, Self::Wide];

    /// The layout of a file that begins like this: the one in which most of its lines can be read.
    ///
    /// Lines, because the exporter's quotes do not tell where rows end.
    pub fn of_file(head: &str) -> Option<Self> {
        let lines: Vec<&str> = head.lines().take(64).collect();
        // A line that needs no mending says more.
        let weight = |layout: Self, line: &str| match quoted_fields(line) {
            Some(fields) if layout.fits(&fields) => 2,
            _ => usize::from(layout.mend(line).is_some()),
        };
        let read = |layout: Self| lines.iter().map(|line| weight(layout, line)).sum::<usize>();
        let (count, layout) =
            Self::ALL.map(|layout| (read(layout), layout)).into_iter().max_by_key(|(count, _)| *count)?;
        (count > 0).then_some(layout)
    }

    /// The layout with these columns.
    pub fn of_header(names: &[String]) -> Option<Self> {
        let layout = match names.len() {
            26 => Self::Plain,
            27 => Self::DisabledFirst,
            28 => Self::Claims,
            52 => Self::Wide,
            _ => return None,
        };
        let (after_common, last) = match layout {
            Self::DisabledFirst => ("disabled", "phoneNumber"),
            Self::Plain => ("createdAt", "phoneNumber"),
            Self::Claims => ("createdAt", "customAttributes"),
            Self::Wide => ("createdAt", "yahoo.com/photoUrl"),
        };
        let marks = [(0, "localId"), (23, after_common), (names.len() - 1, last)];
        marks.iter().all(|&(at, name)| names[at] == name).then_some(layout)
    }

    /// How many fields a row has, the empty one at its end included.
    pub const fn width(self) -> usize {
        match self {
            Self::DisabledFirst => 28,
            Self::Plain => 27,
            Self::Claims => 29,
            Self::Wide => 53,
        }
    }

    /// The columns under the names that the JSON export has for them, without the empty one at the end.
    pub fn names(self) -> Vec<Cow<'static, str>> {
        let mut names: Vec<Cow<'static, str>> = COMMON.iter().map(|&name| Cow::Borrowed(name)).collect();
        if self == Self::DisabledFirst {
            names.push("disabled".into());
        }
        names.extend(["createdAt", "lastSignedInAt", "phoneNumber"].map(Cow::Borrowed));
        if self.has_claims() {
            names.extend(["disabled", "customAttributes"].map(Cow::Borrowed));
        }
        if self == Self::Wide {
            for provider in &PROVIDERS[4..] {
                names.extend(
                    ["rawId", "email", "displayName", "photoUrl"].map(|f| Cow::Owned(format!("{provider}/{f}"))),
                );
            }
        }
        names
    }

    /// For a person.
    pub const fn versions(self) -> &'static str {
        match self {
            Self::DisabledFirst => "firebase-tools 3 or 4",
            Self::Plain => "firebase-tools 5 to 7.15",
            Self::Claims => "firebase-tools 7.16 to 15.18",
            Self::Wide => "firebase-tools ≥ 15.19",
        }
    }

    const fn has_claims(self) -> bool {
        matches!(self, Self::Claims | Self::Wide)
    }

    /// [`Self::holds`] of fields that stand side by side.
    fn fits<S: AsRef<str>>(self, fields: &[S]) -> bool {
        self.holds(fields.len(), |at| fields.get(at).map_or("", AsRef::as_ref))
    }

    /// Whether so many fields say in their own places what this layout has there.
    pub fn holds<'f>(self, fields: usize, field: impl Fn(usize) -> &'f str) -> bool {
        let flag = |at: usize| matches!(field(at), "true" | "false" | "");
        let epochs = if self == Self::DisabledFirst { 24 } else { 23 };
        (fields == self.width() || fields + 1 == self.width())
            && flag(2)
            && is_epoch(field(epochs), true)
            && is_epoch(field(epochs + 1), true)
            && is_phone(field(epochs + 2))
            && (self != Self::DisabledFirst || flag(23))
            && (!self.has_claims() || (flag(26) && is_claims(field(27))))
            && (fields < self.width() || field(self.width() - 1).is_empty())
    }

    /// The fields of a row that its exporter broke, where only one reading of it is possible.
    pub fn mend(self, row: &str) -> Option<Vec<String>> {
        let row = row.trim_end_matches(['\r', '\n']);
        if row.len() > LONGEST_ROW || row.lines().skip(1).any(begins_a_row) {
            return None;
        }
        let mut readings = Vec::new();
        if let Some(fields) = quoted_fields(row) {
            readings.push(fields.into_iter().map(Cow::into_owned).collect());
        }
        // A row has one pair of epochs; a few more could stand in a name.
        for (left, created, last, right) in epoch_pairs(row).take(8) {
            let Some((mut fields, mut rest)) = self.left(left).zip(self.right(right)) else { continue };
            fields.extend([created.to_owned(), last.to_owned()]);
            fields.append(&mut rest);
            readings.push(fields);
        }
        readings.retain(|fields| self.fits(fields));
        for fields in &mut readings {
            fields.resize(self.width() - 1, String::new());
        }
        readings.dedup();
        let [reading] = <[Vec<String>; 1]>::try_from(readings).ok()?;
        Some(reading)
    }

    /// What stands before the epochs: `localId` to the last of GitHub's fields (and `disabled`).
    fn left(self, text: &str) -> Option<Vec<String>> {
        let (text, disabled) = match self {
            Self::DisabledFirst => text.rsplit_once(',').map(|(text, disabled)| (text, Some(disabled)))?,
            _ => (text, None),
        };
        let mut parts = text.splitn(6, ',');
        let mut fields: Vec<String> = parts.by_ref().take(5).map(str::to_owned).collect();
        let rest = parts.next()?;
        match quoted_fields(rest) {
            Some(profile) if profile.len() == 18 => fields.extend(profile.into_iter().map(Cow::into_owned)),
            _ => fields.extend(profile(rest)?),
        }
        fields.extend(disabled.map(str::to_owned));
        Some(fields)
    }

    /// What stands after the epochs: the phone number and all that follows.
    fn right(self, text: &str) -> Option<Vec<String>> {
        if !self.has_claims() {
            return Some(text.split(',').map(str::to_owned).collect());
        }
        let mut parts = text.splitn(3, ',');
        let mut fields = vec![parts.next()?.to_owned(), parts.next()?.to_owned()];
        let (claims, rest) = claims(parts.next()?)?;
        fields.push(claims);
        if let Some(rest) = rest.strip_prefix(',') {
            fields.extend(quoted_fields(rest)?.into_iter().map(Cow::into_owned));
        } else if !rest.is_empty() {
            return None;
        }
        Some(fields)
    }
}

/// Whether a line, which could be the rest of a name, has an address or a truth value where a row has them.
fn begins_a_row(line: &str) -> bool {
    let mut fields = line.split(',').skip(1);
    fields.next().is_some_and(|email| email.contains('@')) || matches!(fields.next(), Some("true" | "false"))
}

/// Milliseconds since 1970 in thirteen digits, as every moment since 2001 has; `0` and nothing where `never` is possible.
fn is_epoch(text: &str, never: bool) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (text.len() == 13 && digits(text)) || (never && (text.is_empty() || text == "0"))
}

fn is_phone(text: &str) -> bool {
    text.is_empty() || text.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Nothing, or a JSON object.
fn is_claims(text: &str) -> bool {
    text.is_empty() || (text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// `,created,last,` wherever it could stand, with what is left and right of it.
fn epoch_pairs(row: &str) -> impl Iterator<Item = (&str, &str, &str, &str)> {
    row.match_indices(',').filter_map(move |(comma, _)| {
        let mut parts = row[comma + 1..].splitn(3, ',');
        let (created, last, right) = (parts.next()?, parts.next()?, parts.next()?);
        (is_epoch(created, false) && is_epoch(last, true)).then(|| (&row[..comma], created, last, right))
    })
}

/// The fields of a row by RFC 4180; `None` where a quoted field does not end at a comma.
fn quoted_fields(row: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = Vec::new();
    let mut rest = row;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            None => {
                let (field, _) = rest.split_once(',').unwrap_or((rest, ""));
                (Cow::Borrowed(field), &rest[field.len()..])
            }
            Some(quoted) => {
                let mut from = 0;
                let end = loop {
                    let quote = from + quoted[from..].find('"')?;
                    if !quoted[quote + 1..].starts_with('"') {
                        break quote;
                    }
                    from = quote + 2;
                };
                (Cow::Owned(quoted[..end].replace("\"\"", "\"")), &quoted[end + 1..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// `displayName`, `photoUrl` and sixteen empty provider fields, where commas or quotes in the name have not been escaped.
fn profile(text: &str) -> Option<Vec<String>> {
    let plain: Vec<&str> = text.split(',').collect();
    if plain.len() == 18 {
        return Some(plain.into_iter().map(str::to_owned).collect());
    }
    let (name, photo) = match text.strip_suffix(&",".repeat(16))? {
        text if text.ends_with(',') => (&text[..text.len() - 1], ""),
        text => {
            let at = text.find(",http://").into_iter().chain(text.find(",https://")).min()?;
            (&text[..at], &text[at + 1..])
        }
    };
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).filter(|name| name.contains(','));
    let mut fields = vec![quoted.unwrap_or(name).to_owned(), photo.to_owned()];
    fields.resize(18, String::new());
    Some(fields)
}

/// Claims at the beginning of `text`, raw or quoted, and what follows them.
fn claims(text: &str) -> Option<(String, &str)> {
    if text.starts_with('{') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
        values.next()?.ok()?;
        let end = values.byte_offset();
        return Some((text[..end].to_owned(), &text[end..]));
    }
    let Some(quoted) = text.strip_prefix('"') else {
        return (text.is_empty() || text.starts_with(',')).then(|| (String::new(), text));
    };
    // The exporter doubles every quote but those after a backslash.
    let bytes = quoted.as_bytes();
    let (mut json, mut copied, mut at) = (String::new(), 0, 0);
    loop {
        at += quoted[at..].find('"')?;
        if at > 0 && bytes[at - 1] == b'\\' {
            at += 1;
        } else if bytes.get(at + 1) == Some(&b'"') {
            json.push_str(&quoted[copied..=at]);
            at += 2;
            copied = at;
        } else {
            json.push_str(&quoted[copied..at]);
            return Some((json, &quoted[at + 1..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str =
        "oImB+kFqFbNbhk478Oz+kSB+QtzWAL6Vv1y1RvLL676Tfr4ucYpPbVRCChacQnQcwlae5ujasyF11Ejr8GpnEg==,nuSRxbEL7LVWOw==";

    fn row(name: &str, tail: &str) -> String {
        format!("9QeWJKY40uvSwMFLZDe1f8rESQed,a@example.com,true,{HASH},{name},,,,,,,,,,,,,,,,,,{tail}")
    }

    fn mended(layout: Layout, row: &str, columns: &[&str]) -> Option<Vec<String>> {
        let fields = layout.mend(row)?;
        assert_eq!(fields.len() + 1, layout.width());
        let names = layout.names();
        let at = |column: &str| names.iter().position(|name| name == column).expect("a column");
        Some(columns.iter().map(|column| fields[at(column)].clone()).collect())
    }

    #[test]
    fn widths_are_those_of_the_names() {
        for layout in [Layout::DisabledFirst, Layout::Plain, Layout::Claims, Layout::Wide] {
            let names: Vec<String> = layout.names().into_iter().map(Cow::into_owned).collect();
            assert_eq!(names.len() + 1, layout.width(), "{layout:?}");
            assert_eq!(Layout::of_header(&names), Some(layout));
        }
    }

    #[test]
    fn layouts_are_told_apart_by_what_can_be_read() {
        let of = |rows: &[String]| Layout::of_file(&rows.join("\r\n"));
        let plain = "1600000000000,1700000000000,,";
        assert_eq!(of(&[row("A", plain)]), Some(Layout::Plain));
        assert_eq!(
            of(&[row("A", "1600000000000,1700000000000,")]),
            Some(Layout::Plain),
            "without the comma at the end"
        );
        assert_eq!(of(&[row("Bob, Jr.", plain), row("A", plain), row("B", plain)]), Some(Layout::Plain));
        assert_eq!(of(&[row("A", "false,1600000000000,1700000000000,,")]), Some(Layout::DisabledFirst));
        assert_eq!(of(&[row("A", ",1600000000000,0,")]), Some(Layout::DisabledFirst), "without the comma at the end");
        assert_eq!(of(&[row("A", "1600000000000,1700000000000,,,,")]), Some(Layout::Claims));
        let raw = "1600000000000,1700000000000,,,{\"admin\":true,\"roles\":[\"x\",\"y\"]},";
        assert_eq!(of(&[row("A", raw), row("\"Bob, Jr.\"", raw)]), Some(Layout::Claims));
        assert_eq!(of(&[row("A", &format!("1600000000000,1700000000000,{}", ",".repeat(27)))]), Some(Layout::Wide));
        assert_eq!(of(&["a,b,c".into()]), None);
    }

    #[test]
    fn a_backslash_before_a_quote_in_claims_is_mended() {
        // Row `heidi` of firebase-tools 11.30 and 15.34.
        let tail = r#"1600777601107,1700032400063,,,"{""note"":""he said \"hi\", ok"",""n"":1}","#;
        let claims = r#"{"note":"he said \"hi\", ok","n":1}"#;
        let columns = ["customAttributes", "lastSignedInAt", "disabled", "displayName"];
        let expected = Some([claims, "1700032400063", "", "Heidi"].map(str::to_owned).to_vec());
        assert_eq!(mended(Layout::Claims, &row("Heidi", tail), &columns), expected);
        assert_eq!(mended(Layout::Wide, &row("Heidi", &format!("{tail}{}", ",".repeat(24))), &columns), expected);
        let apple = format!("{tail}001.ab,x@example.com{}", ",".repeat(23));
        assert_eq!(
            mended(Layout::Wide, &row("Heidi", &apple), &["apple.com/email", "yahoo.com/photoUrl"]),
            Some(vec!["x@example.com".into(), String::new()])
        );
    }

    #[test]
    fn raw_claims_are_mended() {
        let tail = r#"1600000000000,0,+14155550101,true,{"admin":true,"roles":["a","b"]},"#;
        assert_eq!(
            mended(Layout::Claims, &row("A", tail), &["customAttributes", "phoneNumber", "disabled"]),
            Some([r#"{"admin":true,"roles":["a","b"]}"#, "+14155550101", "true"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn commas_and_quotes_in_names_are_mended() {
        let name = |layout, name: &str, tail: &str| {
            mended(layout, &row(name, tail), &["displayName", "createdAt"]).map(|f| f[0].clone())
        };
        let (old, plain) = ("false,1600000000000,1700000000000,,", "1600000000000,1700000000000,,");
        assert_eq!(name(Layout::DisabledFirst, "Bob, Jr.", old).as_deref(), Some("Bob, Jr."));
        assert_eq!(name(Layout::Plain, r#""Bob "B", Jr.""#, plain).as_deref(), Some(r#"Bob "B", Jr."#));
        assert_eq!(name(Layout::Plain, r#"Bob "B" Smith"#, plain).as_deref(), Some(r#"Bob "B" Smith"#));
        assert_eq!(name(Layout::Plain, "Grace\nNewline", plain).as_deref(), Some("Grace\nNewline"));
        assert_eq!(name(Layout::Plain, r#""Bob, Jr.""#, plain).as_deref(), Some("Bob, Jr."));
    }

    #[test]
    fn a_name_over_lines_does_not_keep_claims_from_being_mended() {
        let tail = r#"1500000000000,1500000000002,,,"{""role"":""adm"",""x"":""\\"}","#;
        let columns = ["displayName", "customAttributes"];
        let expected = Some(["A\n\nB", r#"{"role":"adm","x":"\\"}"#].map(str::to_owned).to_vec());
        assert_eq!(mended(Layout::Claims, &row("A\n\nB", tail), &columns), expected);
        let broken = row("A", "").trim_end_matches(',').to_owned();
        let swallowed = format!("{broken}\n{}", row("B", tail));
        assert_eq!(mended(Layout::Claims, &swallowed, &columns), None, "the second line is a user of their own");
    }

    #[test]
    fn a_row_that_can_be_read_in_two_ways_is_not_mended() {
        // The comma could stand in the name or in the provider's name.
        let row = format!(
            "id,a@example.com,true,{HASH},Erin,,,,,,1,e@example.com,Erin, Google,,,,,,,,,,false,1600000000000,0,,"
        );
        assert_eq!(Layout::DisabledFirst.mend(&row), None);
        assert_eq!(Layout::Plain.mend("nothing,of,the,kind"), None);
        assert_eq!(Layout::Claims.mend(&row.repeat(1000)), None, "longer than any row");
    }

    proptest! {
        #[test]
        fn whatever_is_mended_holds(name in "[a-z,\"\\\\ ]{0,12}", claims in "[a-z{}:,\"\\\\]{0,20}") {
            let row = row(&name, &format!("1600000000000,1700000000000,,,{claims},"));
            if let Some(fields) = Layout::Claims.mend(&row) {
                prop_assert!(Layout::Claims.fits(&fields));
            }
        }
    }
}
