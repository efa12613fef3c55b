//! Answers of an API in the place of an export, which are often one page of several: what stands beside the list says so.

use std::collections::HashMap;
use std::path::Path;

use crate::format::file::SourceFile;
use crate::format::{Format, TableSample};
use crate::source::Role;

/// What files say of the pages that they are of.
#[derive(Default)]
pub(super) struct Pages {
    /// Of each list that has more than its files hold, one of those and the member that says that another page comes.
    more: Vec<(String, String)>,
    /// How many users there are in all.
    total: Option<u64>,
}

/// The pages of one list: the last of them says nothing of another's.
#[derive(Default)]
struct Run {
    more: Option<(String, String)>,
    /// Whether a file says that it is the last.
    last: bool,
    total: Option<u64>,
}

/// So much after the list is looked at.
const TAIL_BYTES: u64 = 4096;

/// Members that hold something where there is another page.
const NEXT: [&str; 18] = [
    "has_more",
    "hasMore",
    "has_next",
    "hasNext",
    "hasNextPage",
    "has_next_page",
    "next",
    "next_page",
    "nextPage",
    "nextPageToken",
    "next_page_token",
    "next_cursor",
    "nextCursor",
    "next_page_url",
    "nextLink",
    "@odata.nextLink",
    "LastEvaluatedKey",
    "NextToken",
];

/// The number of a page, and that of the last.
const NUMBERS: [(&[&str], &[&str]); 1] = [(
    &["page", "current_page", "currentPage", "page_number", "pageNumber"],
    &["total_pages", "totalPages", "last_page", "lastPage", "page_count", "pageCount", "pages"],
)];

const TOTALS: [&str; 8] =
    ["total", "total_count", "totalCount", "totalElements", "total_results", "totalResults", "recordsTotal", "count"];

impl Pages {
    pub(super) fn of(files: &[SourceFile], tables: &[TableSample], roles: &[Role]) -> Self {
        let mut runs: HashMap<(Role, &str), Run> = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            let tables = tables.iter().zip(roles).filter(|(table, _)| usize::from(table.file) == at);
            let is_users = |role: Role| matches!(role, Role::Users | Role::Mixed);
            let read = tables.filter(|(_, role)| **role != Role::Ignored);
            // What stands beside several lists of a file is said of the users.
            let Some((table, role)) = read.max_by_key(|(_, role)| is_users(**role)) else { continue };
            let run = runs.entry((*role, &table.table)).or_default();
            run.see(file, table.path.file_name().map_or(&table.path, Path::new));
            run.total = run.total.filter(|_| is_users(*role));
        }
        let mut more: Vec<_> = runs.values().filter(|run| !run.last).filter_map(|run| run.more.clone()).collect();
        more.sort();
        Self { more, total: runs.values().filter_map(|run| run.total).max() }
    }

    /// What is to be said, now that so many records were read.
    pub(super) fn said(&self, records: u64) -> Option<String> {
        if let Some(total) = self.total.filter(|total| records > 0 && *total > records) {
            return Some(format!(
                "the file says that there are {total} in all, and {records} are in it: users are missing; export all pages and pass \
                 them together"
            ));
        }
        let (file, more) = self.more.first()?;
        let others = match self.more.len() {
            1 => String::new(),
            n => format!(", and so it is with {} more of the lists", n - 1),
        };
        Some(format!(
            "{file} is one page of several (`{more}`){others}: users are missing, or something that is read of them; export the other \
             pages and pass them together"
        ))
    }
}

impl Run {
    fn see(&mut self, file: &SourceFile, path: &Path) {
        // Such a page names the next, or is the last.
        for page in &file.pages {
            self.last |= self.is_last(path, |name| member(page, name)).unwrap_or(true);
        }
        if file.format() != Format::Json || file.input.is_converted() {
            return;
        }
        let tail = file.input.tail(TAIL_BYTES);
        let tail = String::from_utf8_lossy(&tail);
        let before = file.head.split('[').next().unwrap_or_default();
        let after = tail.rsplit(']').next().filter(|_| tail.contains(']')).unwrap_or_default();
        // What stands in the first object of a list of none is no answer's.
        if before.trim_start().starts_with('{') && before.len() < file.head.len() {
            self.last |= self.is_last(path, |name| member(before, name).or_else(|| member(after, name))) == Some(true);
        }
    }

    /// Whether a page is the last, by what stands beside its list; `None` where that says nothing of others.
    fn is_last<'t>(&mut self, path: &Path, beside: impl Fn(&str) -> Option<&'t str>) -> Option<bool> {
        let number = |names: &[&str]| names.iter().find_map(|name| beside(name)?.parse::<u64>().ok());
        self.total = self.total.max(number(&TOTALS));
        let more = if let Some((name, value)) = NEXT.iter().find_map(|name| Some((*name, beside(name)?))) {
            says_more(value).then(|| name.to_owned())
        } else {
            let (page, of) = NUMBERS.iter().find_map(|(page, of)| number(page).zip(number(of)))?;
            (page < of).then(|| format!("page {page} of {of}"))
        };
        let is_last = more.is_none();
        self.more = self.more.take().or(more.map(|more| (path.display().to_string(), more)));
        Some(is_last)
    }
}

fn says_more(value: &str) -> bool {
    !["null", "false", "0", "", "[]", "{}"].contains(&value)
}

/// The value of a member in a piece of JSON, without its quotes.
fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let quoted = format!("\"{name}\"");
    let at = text.find(&quoted)? + quoted.len();
    let value = text[at..].trim_start().strip_prefix(':')?.trim_start();
    match value.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => value.split([',', '}', '\n', '\r', ' ']).next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_beside_a_list() {
        let text = "{\"total\": 15,\n \"links\": {\"next\" : \"https://api.example.com/?page=2\"}, \"has_more\":false, \"cursor\": null}";
        assert_eq!(member(text, "total"), Some("15"));
        assert_eq!(member(text, "next"), Some("https://api.example.com/?page=2"));
        assert_eq!(member(text, "has_more"), Some("false"));
        assert_eq!(member(text, "more"), None);
        assert!(says_more("https://api.example.com/?page=2") && !says_more("false"));
    }
}
