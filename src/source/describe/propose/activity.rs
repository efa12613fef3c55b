//! Who has signed in, as far as the rows show it: whoever has could, and what is said of nobody who ever did keeps out.

use jiff::Timestamp;

use super::look::{Column, Row, Table};
use super::{list, number, quoted};
use crate::format::Value;
use crate::source::kit::common::moment;
use crate::source::systems::generic::folded;

/// What a table says of sign-ins.
pub(super) struct Activity<'t> {
    table: &'t Table,
    days: Vec<&'t Column>,
    counts: Vec<&'t Column>,
    created: Option<&'t Column>,
}

/// Days on which somebody was there.
pub(super) const SEEN: [&str; 24] = [
    "lastlogin",
    "lastloginat",
    "lastloginon",
    "lastlogindate",
    "lastlogintime",
    "lastlogon",
    "lastseen",
    "lastseenat",
    "lastsignin",
    "lastsigninat",
    "lastsignedin",
    "lastactive",
    "lastactiveat",
    "datelastactive",
    "lastvisit",
    "lastvisitat",
    "lastaccess",
    "lastaccessat",
    "lastloggedin",
    "lastloggedinat",
    "loginat",
    "currentsigninat",
    "currentloginat",
    "currentlogin",
];

const COUNTS: [&str; 8] =
    ["signincount", "logincount", "loginscount", "countlogins", "numlogins", "numberoflogons", "logins", "loginnum"];

/// A visit so soon after the account was made is its making.
const MADE: i64 = 300;

/// So many sign-ins are few enough to be chance.
const FEW: usize = 2;

impl<'t> Activity<'t> {
    /// `None` where no column says it.
    pub(super) fn of(table: &'t Table) -> Option<Self> {
        let named = |names: &'static [&str]| {
            let columns = table.columns.iter().filter(|column| column.filled > 0);
            columns.filter(move |column| names.contains(&&*folded(&column.bare)))
        };
        let dated = |column: &&Column| column.dates + column.no >= column.filled && column.dates > 0;
        let counted = |column: &&Column| column.numbers == column.filled;
        let created =
            table.columns.iter().find(|column| matches!(column.member(), Some(("created_at", _))) && dated(column));
        let days: Vec<_> = named(&SEEN).filter(dated).collect();
        let counts: Vec<_> = named(&COUNTS).filter(counted).collect();
        (!days.is_empty() || !counts.is_empty()).then_some(Self { table, days, counts, created })
    }

    fn day(row: &Row, column: &Column) -> Option<Timestamp> {
        moment(&Value::Text(row.get(&column.name)?.as_str().into())).filter(|day| day.as_second() > 0)
    }

    /// The day on which somebody was there last, after the account had been made.
    fn last(&self, row: &Row) -> Option<Timestamp> {
        let made = self.created.and_then(|column| Self::day(row, column)).map_or(0, |day| day.as_second() + MADE);
        // What all have is when the column was made.
        let days = self.days.iter().filter(|column| column.distinct() > 1 || column.filled < self.table.looked);
        days.filter_map(|column| Self::day(row, column)).filter(|day| day.as_second() > made).max()
    }

    fn has(&self, row: &Row) -> bool {
        let counted =
            |column: &&Column| row.get(&column.name).and_then(|n| n.parse().ok()).is_some_and(|n: f64| n > 0.0);
        self.counts.iter().any(counted) || self.last(row).is_some()
    }

    /// How many have signed in of those whom this holds of.
    pub(super) fn among(&self, is: &dyn Fn(&Row) -> bool) -> usize {
        self.table.kept.iter().filter(|row| is(row) && self.has(row)).count()
    }

    /// Of a status in numbers the one that lets in: most have it, and so have all who were there last.
    pub(super) fn admitted(&self, column: &Column) -> Option<(String, String)> {
        let values = column.values.as_ref().filter(|values| values.len() > 1)?;
        let (value, most) = values.iter().max_by_key(|&(_, n)| n)?;
        let mut last: Vec<_> =
            self.table.kept.iter().filter_map(|row| Some((self.last(row)?, row.get(&column.name)?))).collect();
        last.sort_unstable_by_key(|(day, _)| std::cmp::Reverse(*day));
        last.truncate((last.len() / 10).max(FEW));
        let sure = *most * 2 > column.filled && last.len() >= FEW && last.iter().all(|(_, theirs)| *theirs == value);
        sure.then(|| {
            let others = values.iter().filter(|(other, _)| *other != value);
            let others: Vec<_> = others.map(|(other, n)| format!("`{other}` ×{}", number(*n))).collect();
            let why = format!(
                "`{}`: {} of {} have {value}, and so have all who signed in last; whoever has {} is kept out",
                column.name,
                number(*most),
                number(column.filled),
                others.join(", ")
            );
            let rest = if column.blank > 0 { ", default = false" } else { "" };
            (format!("{{ from = {}, true_values = {}{rest} }}", quoted(&column.name), list([value.as_str()])), why)
        })
    }
}
