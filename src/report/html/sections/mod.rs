//! The page's sections, each of one part of the report; one that has nothing to say is left out.

mod export;
mod parts;
mod run;
mod users;

use crate::report::summary::Report;

/// A part of the page.
pub struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub html: String,
}

/// All sections that have something to say, in order.
pub fn all(report: &Report) -> Vec<Section> {
    [
        ("summary", "Outcome", users::summary(report)),
        ("cannot", "Who cannot sign in as before, and why", users::cannot(report)),
        ("next", "What to do next", run::next(report)),
        ("known", "Known passwords", run::known(report)),
        ("import", "Import", run::import(report)),
        ("sync", "The second step", run::second(report)),
        ("verify", "Reading back", run::verify(report)),
        ("rollback", "Rollback", run::rollback(report)),
        ("why", "Why", users::why(report)),
        ("schemes", "Passwords", export::schemes(report)),
        ("traps", "Traps", export::traps(report)),
        ("evening", "How long it takes", export::evening(report)),
        ("columns", "What is carried and what is lost", export::columns(report)),
        ("since", "Since the earlier export", users::since(report)),
        ("years", "Sign-ups by year", users::years(report)),
        ("problems", "Problems", users::problems(report)),
    ]
    .into_iter()
    .filter_map(|(id, title, html)| html.map(|html| Section { id, title, html }))
    .collect()
}
