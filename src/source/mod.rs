//! [`Record`] → [`Account`]: whose export it is, and which columns mean what. Knows no formats and no target.
//!
//! A source is one file in [`systems`].

use std::borrow::Cow;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};

/// Finds the cells of a CSV row that has more or fewer than its table has columns, where the row (as it stands in the file)
/// itself says how the exporter broke it. Anything but as many cells as there are columns leaves the row damaged.
pub type Mender = fn(&TableSample, &str) -> Option<Vec<String>>;

/// A source system's export.
///
/// Implementations are stateless; what a run knows reaches them through [`Context`].
pub trait Source: Sync {
    /// The name for `--from` and reports: `firebase`.
    fn name(&self) -> &'static str;

    /// The product's name and what is read of it, in one line, for `rehome sources`.
    fn about(&self) -> &'static str;

    /// What is known of all hashes of this source, which settles what a string alone cannot.
    fn hints(&self) -> &'static [Hint] {
        Hint::KNOWN
    }

    /// Whether these tables look like this source's, with the reason a person is told.
    fn detect(&self, tables: &[TableSample]) -> Option<Detection>;

    /// What a table is to this source. Called once for each table; `--from` makes it be called without [`Self::detect`].
    fn role(&self, table: &TableSample) -> Role;

    /// What each of an export's tables is, in their order. Only a source whose tables change their part when another is
    /// there says more than [`Self::role`] (Auth0's hashes are users of their own without the profiles).
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        tables.iter().map(|table| self.role(table)).collect()
    }

    /// [`Self::roles`], or which tables could hold the users where that is for a person to say. `asked`: by `--from`.
    fn settle(&self, tables: &[TableSample], asked: bool) -> Settled {
        let _ = asked;
        Settled::Roles(self.roles(tables))
    }

    /// What one record of a [`Role::Mixed`] table is (Django's dumpdata, NodeBB's `objects` collection). Never
    /// [`Role::Mixed`] itself.
    fn role_of(&self, record: &Record<'_>) -> Role {
        let _ = record;
        Role::Users
    }

    /// The names of the fields of a headerless table, where this source knows them from their number.
    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        let _ = table;
        None
    }

    /// What mends this source's CSV rows, if its exporter breaks them.
    fn mender(&self) -> Option<Mender> {
        None
    }

    /// Adds to `found` what to keep of a row that is [`Role::Related`]; `None` leaves the row out.
    ///
    /// Kept rows may be spilled to disk: keep what [`Self::interpret`] reads and no more.
    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let _ = (kind, record, found);
        None
    }

    /// How the rows of a table that is [`Role::Related`] are found, and what is read of them.
    fn joined(&self, table: &TableSample) -> Option<Joined<'_>> {
        let _ = table;
        None
    }

    /// The column of a kind of related rows of which most are left out that says which are not: asked before the rest of a row is
    /// read.
    fn gate(&self, kind: &'static str) -> Option<Gate> {
        let _ = kind;
        None
    }

    /// The kind of related rows that are somebody's password each, where they come in a file of their own: one that no user's
    /// record asks for is named, since a user may be missing.
    fn hashes(&self) -> Option<&'static str> {
        None
    }

    /// Makes an account of a row of the users table.
    ///
    /// # Errors
    /// The refusal of this record alone: somebody who is no person ([`crate::code::Code::SkippedBySource`]), or a row
    /// the source itself broke.
    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal>;

    /// The id and the address of a row that [`Self::interpret`] refused, as far as they can be read, so that the refusal can
    /// be told apart from others.
    fn who<'r>(&self, record: &'r Record<'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        const IDS: [&str; 12] =
            ["id", "ID", "$id", "_id", "localId", "uid", "user_id", "pk", "Id", "objectId", "userid", "entity_id"];
        const EMAILS: [&str; 8] = [
            "email",
            "user_email",
            "mail",
            "Email",
            "primary_email_address",
            "fields.email",
            "emails.0.address",
            "profile.email",
        ];
        let email = EMAILS.iter().find_map(|path| record.path(path).and_then(crate::format::Value::text));
        (IDS.iter().find_map(|n| record.get(n).and_then(kit::common::id)), email.filter(|email| !email.is_empty()))
    }

    /// What a person should know of it, now that everything was read: keys of a mapping that never occurred.
    fn noticed(&self) -> Vec<String> {
        Vec::new()
    }

    /// What becomes of a column (or top-level member) of the users table, for the loss ledger.
    fn fate(&self, column: &str) -> Fate;

    /// [`Self::fate`] of all columns of a table, for sources that read one of several that mean the same.
    fn fates(&self, columns: &[String]) -> Vec<Fate> {
        columns.iter().map(|column| self.fate(column)).collect()
    }

    /// A hash that is lost because the record has another, which is read.
    fn passed_over<'r>(&self, record: &'r Record<'r>) -> Option<&'r crate::format::Value<'r>> {
        let _ = record;
        None
    }

    /// The value that is a password or its hash, and of which the whole column has to tell.
    fn undeclared<'r>(&self, record: &'r Record<'r>) -> Option<&'r crate::format::Value<'r>> {
        let _ = record;
        None
    }

    /// What stands in a column of hashes beside words that [`Self::undeclared`] gives.
    fn rival<'r>(&self, record: &'r Record<'r>) -> Option<&'r crate::format::Value<'r>> {
        let _ = record;
        None
    }
}

/// How a table is joined to the users'.
#[derive(Debug)]
pub struct Joined<'s> {
    /// What the join is called.
    pub name: &'s str,
    /// The table's column, and what it is equal to of the users' own.
    pub key: (&'s str, &'s str),
    /// The columns that are read of it.
    pub read: Vec<&'s str>,
}

/// What became of the question which table holds the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The role of each table, in the order of the tables.
    Roles(Vec<Role>),
    /// It is for a person to say.
    Open {
        /// The tables that could be, by their place among all.
        candidates: Vec<usize>,
        /// Why nobody else can say.
        why: &'static str,
    },
}

/// Why a source believes that a file is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// 0 to 100; the highest wins, and `generic` answers with 1 for anything that has its column names.
    pub score: u8,
    /// For a person: `CSV, 53 fields, no header: firebase-tools ≥ 15.19`.
    pub why: String,
}

/// What a table is to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// One row is one user.
    Users,
    /// Rows that belong to users by the source's own key; the kind is the source's own word.
    Related(&'static str),
    /// Records of several kinds in one table; [`Source::role_of`] tells them apart.
    Mixed,
    /// Nothing to do with users.
    Ignored,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Carried unchanged into this field of the account.
    Carried(&'static str),
    /// Carried after this change.
    Transformed {
        /// The field of the user that it becomes.
        to: &'static str,
        /// The change, in a few words: "as a label".
        how: &'static str,
    },
    /// Kept in the preferences.
    Prefs,
    /// Not carried.
    Dropped {
        /// The reason, in a few words: "Appwrite sets its own".
        why: &'static str,
    },
}

/// What a run knows beside the record.
pub struct Context<'c> {
    /// Firebase's project parameters, where given.
    pub firebase: Option<&'c FirebaseHashConfig>,
    /// `--scheme`: holds for every hash whose own column does not declare one.
    pub scheme: Option<&'c str>,
    /// `--keep-dates`: created and last-seen go into the preferences.
    pub keep_dates: bool,
    /// `--email-domain`: what to append to names of sources without addresses (shadow, htpasswd).
    pub email_domain: Option<&'c str>,
    /// `--plain-passwords`: what looks like a hash by its length alone is a password.
    pub plain_passwords: bool,
    /// `--ignore`: columns that are left out.
    pub ignore: &'c [String],
    /// `--pepper`: where the secret is found that is hashed with every password, `env:NAME`.
    pub pepper: Option<&'c str>,
    /// The moment that "banned until" is compared with.
    pub now: jiff::Timestamp,
    /// The columns of the users' tables, as far as their samples show them.
    pub columns: &'c [String],
    /// Rows of related tables.
    pub related: &'c dyn Related,
}

/// The console's *password hash parameters* of a Firebase project.
#[derive(Clone, PartialEq, Eq)]
pub struct FirebaseHashConfig {
    /// `base64_signer_key`, as written.
    pub signer_key: String,
    /// `base64_salt_separator`, as written; may be empty.
    pub salt_separator: String,
    /// `rounds`.
    pub rounds: u64,
    /// `mem_cost`.
    pub mem_cost: u64,
}

/// Which rows of a table are read, by the text in one column.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// The column.
    pub column: &'static str,
    /// Whether a row with this in it may be read.
    pub passes: fn(&str) -> bool,
}

pub mod describe;
pub mod kit;
mod related;
pub mod systems;

#[cfg(test)]
pub use related::NoRelated;
pub use related::{Found, Related, texts};
pub use systems::ALL;
