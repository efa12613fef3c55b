//! `report.json` and `report.html` in the run folder, and reports of several runs as one.

use super::summary::{Known, Place, Reason, Report, SCHEMA, Scheme};
use super::{escape, html};
use crate::error::RunError;
use crate::folder::Folder;

/// [`Report`], for scripts and for the commands after.
pub const REPORT_JSON: &str = "report.json";
/// The same, to look at.
pub const REPORT_HTML: &str = "report.html";

impl Report {
    /// The document as `report.json` and `--format json` write it.
    ///
    /// # Errors
    /// [`RunError::internal`], which would be a bug.
    pub fn to_json(&self) -> Result<String, RunError> {
        let json = serde_json::to_string_pretty(self).map_err(RunError::bug("what was to be written is no JSON"))?;
        Ok(escape::json(json) + "\n")
    }

    /// Writes `report.json` and `report.html`.
    ///
    /// # Errors
    /// [`RunError::io`] if they cannot be written.
    pub fn save(&self, folder: &Folder) -> Result<(), RunError> {
        folder.write(REPORT_JSON, self.to_json()?.as_bytes())?;
        folder.write(REPORT_HTML, html::page(self).as_bytes())
    }

    /// Reads `report.json`; `None` where there is none yet.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be read, [`RunError::foreign_ledger`] if a newer version wrote it,
    /// [`RunError::export`] if it is damaged.
    pub fn load(folder: &Folder) -> Result<Option<Self>, RunError> {
        let path = folder.file(REPORT_JSON);
        let Some(bytes) = folder.read(REPORT_JSON)? else { return Ok(None) };
        let damaged =
            |error: serde_json::Error| RunError::export(format!("{}: not a report", path.display())).because(error);
        let document: serde_json::Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        let schema = document.get("schema").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if schema > u64::from(SCHEMA) {
            return Err(RunError::foreign_ledger(format!(
                "{}: written by a newer rehome (schema {schema})",
                path.display()
            ))
            .remedy("use that one"));
        }
        serde_json::from_value(document).map(Some).map_err(damaged)
    }

    /// Adds the report of another part: of another shard of the same export, whose positions mean the same, or of another
    /// export, whose records are counted on from here. What only one of them can say (what to do next) is that of the
    /// first.
    pub fn merge(&mut self, other: Self) {
        // Standard input has no name to tell two exports by.
        let stdin = self.source.files.iter().any(|file| file.path == "-");
        let same_export = self.source.files == other.source.files && !stdin;
        let (files, records) = (u16::try_from(self.source.files.len()).unwrap_or(u16::MAX), self.records);
        let (records, files) = if same_export { (0, 0) } else { (records, files) };
        let moved =
            |place: Place| Place { record: place.record + records, file: place.file.saturating_add(files), ..place };
        if self.source.source != other.source.source {
            self.source.source = format!("{} + {}", self.source.source, other.source.source);
        }
        if !same_export {
            self.source.files.extend(other.source.files);
        }
        for finding in other.source.findings {
            if !self.source.findings.contains(&finding) {
                self.source.findings.push(finding);
            }
        }
        self.with_pii |= other.with_pii;
        self.records += other.records;
        self.disabled += other.disabled;
        self.sign_in.merge(other.sign_in);
        for label in other.labels {
            match self.labels.iter_mut().find(|mine| mine.label == label.label) {
                Some(mine) => mine.users += label.users,
                None => self.labels.push(label),
            }
        }
        self.outcomes.ready += other.outcomes.ready;
        self.outcomes.warning += other.outcomes.warning;
        self.outcomes.needs_reset += other.outcomes.needs_reset;
        self.outcomes.refused += other.outcomes.refused;
        self.bridged += other.bridged;
        self.bridgeable += other.bridgeable;
        self.duplicates.ids += other.duplicates.ids;
        self.duplicates.emails += other.duplicates.emails;
        self.duplicates.phones += other.duplicates.phones;
        self.columns_elsewhere += other.columns_elsewhere;
        for (year, users) in other.sign_up_years {
            *self.sign_up_years.entry(year).or_default() += users;
        }

        for mut reason in other.reasons {
            reason.examples = reason.examples.into_iter().map(moved).collect();
            let same = |mine: &&mut Reason| {
                (&mine.code, &mine.severity, &mine.scheme) == (&reason.code, &reason.severity, &reason.scheme)
            };
            match self.reasons.iter_mut().find(same) {
                Some(mine) => {
                    mine.count += reason.count;
                    mine.examples.extend(reason.examples);
                    mine.examples.sort_unstable();
                    mine.examples.truncate(3);
                }
                None => self.reasons.push(reason),
            }
        }
        self.reasons
            .sort_by(|a, b| severity_rank(&b.severity).cmp(&severity_rank(&a.severity)).then(b.count.cmp(&a.count)));

        for scheme in other.schemes {
            match self.schemes.iter_mut().find(|mine| mine.name == scheme.name) {
                Some(mine) => merge_scheme(mine, scheme),
                None => self.schemes.push(scheme),
            }
        }
        self.schemes.sort_by(|a, b| b.count.cmp(&a.count).then(a.name.cmp(&b.name)));

        for mut column in other.columns {
            column.example = column.example.map(moved);
            match self.columns.iter_mut().find(|mine| mine.name == column.name && mine.fate == column.fate) {
                Some(mine) => mine.filled += column.filled,
                None => self.columns.push(column),
            }
        }
        for trap in other.traps {
            match self.traps.iter_mut().find(|mine| mine.trap == trap.trap) {
                Some(mine) => mine.at_most += trap.at_most,
                None => self.traps.push(trap),
            }
        }
        self.problems.extend(other.problems.into_iter().map(|mut problem| {
            problem.place = moved(problem.place);
            problem
        }));
        self.problems.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| a.code.cmp(&b.code)));
        if let Some(theirs) = other.known {
            let known = self.known.get_or_insert_with(Known::default);
            known.proven += theirs.proven;
            known.declared += theirs.declared;
            known.fits.extend(theirs.fits);
            known.wrong.extend(theirs.wrong);
            known.untested.extend(theirs.untested);
        }

        self.estimate.requests += other.estimate.requests;
        self.estimate.seconds = self.estimate.requests.div_ceil(u64::from(self.estimate.rate.max(1)));
        self.estimate.merge(&other.estimate);
        if let (Some(mine), Some(theirs)) = (&mut self.import, other.import) {
            mine.created += theirs.created;
            mine.done += theirs.done;
            mine.left += theirs.left;
            mine.failed += theirs.failed;
            mine.seconds = mine.seconds.max(theirs.seconds);
            mine.pace.merge(theirs.pace);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.verify, other.verify) {
            mine.same += theirs.same;
            mine.different += theirs.different;
            mine.missing += theirs.missing;
            mine.stray += theirs.stray;
            mine.gone += theirs.gone;
            mine.signed_in += theirs.signed_in;
            mine.not_signed_in += theirs.not_signed_in;
            mine.kept_out += theirs.kept_out;
        }
        if let (Some(mine), Some(theirs)) = (&mut self.rollback, other.rollback) {
            mine.deleted += theirs.deleted;
            mine.gone += theirs.gone;
            mine.kept += theirs.kept;
            mine.failed += theirs.failed;
        }
    }
}

fn merge_scheme(mine: &mut Scheme, theirs: Scheme) {
    mine.count += theirs.count;
    mine.refused += theirs.refused;
    mine.converted += theirs.converted;
    mine.endpoint = mine.endpoint.take().or(theirs.endpoint);
    for cost in theirs.costs {
        match mine.costs.iter_mut().find(|c| c.label == cost.label) {
            Some(same) => same.users += cost.users,
            None => mine.costs.push(cost),
        }
    }
    mine.costs.sort_by(|a, b| a.millis.total_cmp(&b.millis));
}

fn severity_rank(severity: &str) -> u8 {
    match severity {
        "refused" => 3,
        "needs-reset" => 2,
        "warning" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_report_comes_back_from_its_file_as_it_was() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        assert!(Report::load(&folder).expect("nothing is wrong").is_none());
        let report = sample::report();
        report.save(&folder).expect("written");
        assert_eq!(Report::load(&folder).expect("read").as_ref(), Some(&report));
    }

    #[test]
    fn a_newer_schema_is_not_misread() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        folder.write(REPORT_JSON, br#"{"schema":2}"#).expect("written");
        assert_eq!(Report::load(&folder).expect_err("newer").exit_code(), 5);
        folder.write(REPORT_JSON, br#"{"schema":1}"#).expect("written");
        assert_eq!(Report::load(&folder).expect_err("damaged").exit_code(), 1);
    }

    #[test]
    fn two_shards_of_an_export_add_up_and_keep_their_positions() {
        let (mut both, one) = (sample::report(), sample::report());
        both.merge(sample::report());
        assert!(both.adds_up());
        assert_eq!(both.records, 2 * one.records);
        assert_eq!(both.reasons.len(), one.reasons.len());
        assert_eq!(both.schemes[0].count, 2 * one.schemes[0].count);
        assert_eq!(both.problems.len(), 2 * one.problems.len());
        assert_eq!(both.problems.last(), one.problems.last());
        assert_eq!(both.source.files, one.source.files);
        assert_eq!(both.estimate.seconds, both.estimate.requests.div_ceil(u64::from(one.estimate.rate)));
        let users = |report: &Report| report.import.as_ref().map_or(0, |import| import.pace.users.iter().sum::<u64>());
        assert_eq!(users(&both), 2 * users(&one));
    }

    #[test]
    fn the_records_of_another_export_are_counted_on() {
        let (mut both, one) = (sample::report(), sample::report());
        let mut other = sample::report();
        other.source.files[0].path = "more.json".into();
        both.merge(other);
        assert_eq!(both.source.files.len(), 2);
        let last = |report: &Report| report.problems.last().map(|problem| problem.place.record);
        assert_eq!(last(&both), last(&one).map(|record| record + one.records));
        assert_eq!(both.problems.last().map(|problem| problem.place.file), Some(1));
    }
}
