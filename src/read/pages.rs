//! Answers of an API in the place of an export, which are often one page of several: what stands beside the list says so.

use crate::format::Format;
use crate::format::file::SourceFile;

/// What files say of the pages that they are of.
#[derive(Default)]
pub(super) struct Pages {
    /// The member that says that another page comes, where no file says that it is the last.
    more: Option<String>,
    /// How many there are in all.
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
    pub(super) fn of(files: &[SourceFile]) -> Self {
        let mut pages = Self::default();
        let mut last = false;
        // Such a page names the next, or is the last.
        for page in files.iter().flat_map(|file| &file.pages) {
            last |= pages.is_last(|name| member(page, name)).unwrap_or(true);
        }
        for file in files.iter().filter(|file| file.format() == Format::Json && !file.input.is_converted()) {
            let tail = file.input.tail(TAIL_BYTES);
            let tail = String::from_utf8_lossy(&tail);
            let before = file.head.split('[').next().unwrap_or_default();
            let after = tail.rsplit(']').next().filter(|_| tail.contains(']')).unwrap_or_default();
            // What stands in the first object of a list of none is no answer's.
            if before.trim_start().starts_with('{') && before.len() < file.head.len() {
                last |= pages.is_last(|name| member(before, name).or_else(|| member(after, name))) == Some(true);
            }
        }
        pages.more = pages.more.filter(|_| !last);
        pages
    }

    /// Whether a page is the last, by what stands beside its list; `None` where that says nothing of others.
    fn is_last<'t>(&mut self, beside: impl Fn(&str) -> Option<&'t str>) -> Option<bool> {
        let number = |names: &[&str]| names.iter().find_map(|name| beside(name)?.parse::<u64>().ok());
        self.total = self.total.max(number(&TOTALS));
        let more = if let Some((name, value)) = NEXT.iter().find_map(|name| Some((*name, beside(name)?))) {
            says_more(value).then(|| name.to_owned())
        } else {
            let (page, of) = NUMBERS.iter().find_map(|(page, of)| number(page).zip(number(of)))?;
            (page < of).then(|| format!("page {page} of {of}"))
        };
        let is_last = more.is_none();
        self.more = self.more.take().or(more);
        Some(is_last)
    }

    /// What is to be said, now that so many records were read.
    pub(super) fn said(&self, records: u64) -> Option<String> {
        let missing = self.total.filter(|total| records > 0 && *total > records);
        match (&self.more, missing) {
            (_, Some(total)) => Some(format!(
                "the file says that there are {total} in all, and {records} are in it: users are missing; export all pages and pass \
                 them together"
            )),
            (Some(more), None) => Some(format!(
                "the file is one page of several (`{more}`): users are missing; export the other pages and pass them together"
            )),
            _ => None,
        }
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
