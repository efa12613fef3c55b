//! `bridged.csv`: who signs in through the bridge, in the columns and words of `needs-reset.csv`, whose rows they become if
//! the bridge ends before they came.

use std::collections::{BTreeSet, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::lists::{NEEDS_RESET, RESET_COLUMNS, Table};
use crate::code::Code;
use crate::error::RunError;
use crate::folder::Folder;

/// The file in the run folder.
pub const BRIDGED: &str = "bridged.csv";

/// What is said of somebody whom the bridge waits for.
const WAITS: &str = "the bridge keeps the password, until the user has signed in through it";

/// Why somebody whom the bridge kept must set a new password.
const NEVER_CAME: &str = "the bridge kept the password, and ended before the user signed in";

/// The list, being written. Whom an earlier one names stays named.
pub struct Bridged {
    table: Table,
    /// What stands for the ids that were added.
    added: HashSet<u64>,
}

impl Bridged {
    /// Begins the file.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made.
    pub fn begin(folder: &Folder) -> Result<Self, RunError> {
        Ok(Self { table: Table::begin(folder, BRIDGED, &RESET_COLUMNS)?, added: HashSet::new() })
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn add(
        &mut self,
        source_id: &str,
        user_id: &str,
        email: Option<&str>,
        phone: Option<&str>,
    ) -> Result<(), RunError> {
        self.added.insert(xxh3_64(user_id.as_bytes()));
        let (email, phone) = (email.unwrap_or_default(), phone.unwrap_or_default());
        self.table.row(&[source_id, user_id, email, phone, Code::Bridged.name(), WAITS])
    }

    /// Puts the file in place.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written to the end, or the earlier one cannot be read.
    pub fn finish(mut self, folder: &Folder) -> Result<(), RunError> {
        for row in rows(folder, BRIDGED)? {
            if !row.get(1).is_some_and(|user| self.added.contains(&xxh3_64(user.as_bytes()))) {
                self.table.again(&row)?;
            }
        }
        self.table.file.finish()
    }
}

/// Adds these users to `needs-reset.csv`, as `bridged.csv` has them: whoever else is kept has a hash at Appwrite as well, and
/// signs in with it. Where that list is gone, the ids alone are known. Who stands there already is not added again.
///
/// # Errors
/// [`RunError::io`] if one of the lists cannot be read or written.
pub fn to_be_reset<S: std::hash::BuildHasher>(folder: &Folder, users: &HashSet<String, S>) -> Result<(), RunError> {
    let mut table = Table::begin(folder, NEEDS_RESET, &RESET_COLUMNS)?;
    let mut open: BTreeSet<&str> = users.iter().map(String::as_str).collect();
    for name in [NEEDS_RESET, BRIDGED] {
        for row in rows(folder, name)? {
            let met = row.get(1).is_some_and(|user| open.remove(user));
            if name == NEEDS_RESET {
                table.again(&row)?;
            } else if met {
                let waited = row.iter().take(RESET_COLUMNS.len() - 1);
                table.again(&waited.chain([NEVER_CAME]).collect())?;
            }
        }
    }
    let known = folder.file(BRIDGED).is_file();
    for user in open.into_iter().filter(|_| !known) {
        table.row(&["", user, "", "", Code::Bridged.name(), NEVER_CAME])?;
    }
    table.file.finish()
}

/// Takes those of these users out of `needs-reset.csv` who stand there because the bridge had ended: it waits for them again.
///
/// # Errors
/// As [`to_be_reset`].
pub fn no_longer_reset<S: std::hash::BuildHasher>(folder: &Folder, users: &HashSet<String, S>) -> Result<(), RunError> {
    let waits = |row: &csv::StringRecord| {
        row.get(4) == Some(Code::Bridged.name()) && row.get(1).is_some_and(|user| users.contains(user))
    };
    let all = rows(folder, NEEDS_RESET)?;
    if !all.iter().any(waits) {
        return Ok(());
    }
    let mut table = Table::begin(folder, NEEDS_RESET, &RESET_COLUMNS)?;
    all.iter().filter(|row| !waits(row)).try_for_each(|row| table.again(row))?;
    table.file.finish()
}

/// The rows of a list, of which there need be none.
fn rows(folder: &Folder, name: &str) -> Result<Vec<csv::StringRecord>, RunError> {
    let path = folder.file(name);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let read = || csv::ReaderBuilder::new().flexible(true).from_path(&path)?.records().collect();
    let rows: Result<_, csv::Error> = read();
    rows.map_err(|error| RunError::io(path)(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Folder, name: &str) -> String {
        std::fs::read_to_string(folder.file(name)).expect("is there")
    }

    #[test]
    fn whoever_never_came_is_named_once_and_as_before() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let mut list = Bridged::begin(&folder).expect("begun");
        list.add("1", "u1", Some("a@example.com"), Some("+4915112345678")).expect("added");
        list.add("2", "u2", Some("b@example.com"), None).expect("added");
        list.finish(&folder).expect("finished");
        let mut again = Bridged::begin(&folder).expect("begun");
        again.add("2", "u2", Some("bb@example.com"), None).expect("added");
        again.finish(&folder).expect("finished");
        assert_eq!(read(&folder, BRIDGED).lines().count(), 3, "{}", read(&folder, BRIDGED));
        assert_eq!(read(&folder, BRIDGED).matches(WAITS).count(), 2, "it has not ended");

        folder
            .write(NEEDS_RESET, b"source_id,user_id,email,phone,code,reason\n9,u9,z@example.com,\"'+1\",x,y\n")
            .expect("written");
        let left: HashSet<String> = ["u1", "u3"].map(str::to_owned).into();
        for _ in 0..2 {
            to_be_reset(&folder, &left).expect("named");
            let named = read(&folder, NEEDS_RESET);
            let lines: Vec<&str> = named.lines().collect();
            assert_eq!(lines[1], "9,u9,z@example.com,'+1,x,y");
            assert_eq!(lines[2], format!("1,u1,a@example.com,'+4915112345678,bridged,\"{NEVER_CAME}\""));
            assert_eq!(lines.len(), 3);
        }
        no_longer_reset(&folder, &["u1", "u9"].map(str::to_owned).into()).expect("taken out");
        let named = read(&folder, NEEDS_RESET);
        assert_eq!(named.lines().skip(1).collect::<Vec<_>>(), ["9,u9,z@example.com,'+1,x,y"]);
        to_be_reset(&folder, &left).expect("named");
        folder.remove(BRIDGED).expect("removed");
        to_be_reset(&folder, &left).expect("named");
        let named = read(&folder, NEEDS_RESET);
        assert_eq!(named.lines().last(), Some(&*format!(",u3,,,bridged,\"{NEVER_CAME}\"")));
    }
}
