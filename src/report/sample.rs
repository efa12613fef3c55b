//! A report with something in every section, for tests of the renderers.

use super::summary::{Compare, Report, Verify};

/// See `fixtures/report/README.md`.
pub fn report() -> Report {
    let mut report: Report = serde_json::from_str(include_str!("../../fixtures/report/firebase-import.json"))
        .expect("the fixture is a report");
    report.verify = Some(Verify {
        same: 1_194_480,
        different: 6,
        missing: 3,
        stray: 1,
        gone: 0,
        signed_in: 12,
        not_signed_in: 1,
        kept_out: 2,
    });
    report.compare = Some(Compare { new: 812, changed: 4_021, same: 1_199_498, gone: 37 });
    report
}
