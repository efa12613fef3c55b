//! Lists of words or numbers beside the users' own in a file of JSON, and files of nothing but such: no table, and nothing reads them.

use super::{Known, called, status};
use crate::error::RunError;
use crate::format::Format;
use crate::format::file::SourceFile;

/// So much at a file's end is looked at: more where the end of the users' list is not in it.
const TAIL_BYTES: [u64; 4] = [4096, 1 << 18, 1 << 22, 1 << 26];

impl Known<'_> {
    /// Lists that are called after people who are kept out.
    pub(super) fn stop_at_lists_of_the_barred(self) -> Result<(), RunError> {
        let is_out = |name: &str| {
            let ignored = self.options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(name));
            !ignored && (status::names_barred(name) || status::names_people_out(name))
        };
        let of_users = |at: usize| self.users().any(|(_, table)| usize::from(table.file) == at);
        let files = self.files.iter().enumerate().filter(|(at, _)| of_users(*at)).map(|(_, file)| file);
        let within = files.flat_map(|file| lists(file).into_iter().map(move |name| (file, name)));
        if let Some((file, name)) = within.into_iter().find(|(_, name)| is_out(name)) {
            return Err(said(&format!("{} beside the users in {}", status::quoted(&name), file.input.name()), &name));
        }
        let alone =
            self.others().find(|(_, table)| table.table.is_empty() && table.width == 1 && is_out(&called(table)));
        alone.map_or(Ok(()), |(_, table)| Err(said(&table.path.display().to_string(), &called(table))))
    }
}

fn said(what: &str, name: &str) -> RunError {
    RunError::usage(format!(
        "{what} is a list that is named after people who are kept out, and nothing reads it: pass a table with a column that says whose each \
         row is, {} leaves it out; nothing was sent",
        crate::escape::flag("--ignore", name)
    ))
}

/// The names of lists of words or numbers before and behind the one list of objects.
fn lists(file: &SourceFile) -> Vec<String> {
    if file.format() != Format::Json || file.input.is_converted() || !file.head.trim_start().starts_with('{') {
        return Vec::new();
    }
    let begins = |text: &str| {
        text.match_indices('[').find(|(at, _)| text[at + 1..].trim_start().starts_with('{')).map(|(at, _)| at)
    };
    let ends =
        |text: &str| text.rmatch_indices(']').find(|(at, _)| text[..*at].trim_end().ends_with('}')).map(|(at, _)| at);
    let before = &file.head[..begins(&file.head).unwrap_or(file.head.len())];
    let behind = TAIL_BYTES.iter().find_map(|most| {
        let tail = file.input.tail(*most);
        let tail = String::from_utf8_lossy(&tail);
        ends(&tail).map(|at| named(&tail[at..]))
    });
    named(before).into_iter().chain(behind.unwrap_or_default()).collect()
}

/// The names of lists in a piece of JSON.
fn named(text: &str) -> Vec<String> {
    let name = |(at, _): (usize, &str)| {
        let is_filled = !text[at + 1..].trim_start().starts_with([']', '{', '[']);
        let before = text[..at].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
        before.rsplit('"').next().filter(|_| is_filled).map(str::to_owned)
    };
    text.match_indices('[').filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_behind_and_before_the_users_however_long() {
        let numbers = (0..2000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let users = r#""users":[{"id":1,"email":"a@x.y"},{"id":2,"email":"b@x.y"}]"#;
        let barred = format!(r#""bannedUserIds":[{numbers}]"#);
        for text in [format!("{{{users},{barred}}}"), format!("{{{barred},{users}}}")] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.json");
            std::fs::write(&path, text).unwrap();
            assert_eq!(lists(&SourceFile::open(&path).unwrap()), ["bannedUserIds"]);
        }
    }

    #[test]
    fn lists_are_known_by_what_stands_before_them() {
        assert_eq!(named(r#"{"total":3,"bannedUserIds": [2, 3],"a":[],"b":[{"#), ["bannedUserIds"]);
        assert_eq!(named(r#"],"blocked" : ["u2"] }"#), ["blocked"]);
    }
}
