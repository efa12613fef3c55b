//! A proposed mapping, tried with known passwords before anybody uses it.

use std::path::Path;

use super::settings::ExportSettings;
use crate::appwrite::Version;
use crate::error::RunError;
use crate::event::Silent;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::plan::proof::{self, Known};
use crate::policy::Policies;
use crate::read::Export;
use crate::scheme::fitting::Found;
use crate::scheme::known;
use crate::source::describe::Mapping;
use crate::source::describe::propose::Proposal;

/// Tries the passwords of a file on what a mapping is proposed for, and puts what fits all of them into it. Gives what is to be said
/// where they prove nothing.
///
/// # Errors
/// As [`known::read`] and [`Export::open`].
pub fn prove(proposal: &mut Proposal, settings: &ExportSettings, path: &Path) -> Result<Option<String>, RunError> {
    let passwords = known::read(path)?;
    // Where nothing fits with no salt, and with none of the same record, one of another table may be it.
    let salts: Vec<_> = proposal.salts.iter().filter(|salt| salt.contains('.')).cloned().collect();
    let mut first = None;
    for salt in std::iter::once(None).chain(salts.iter().map(|salt| Some(salt.as_str()))) {
        let Some(text) = proposal.trial(salt) else {
            return Ok(Some("the known passwords could not be tried: say first where the hashes are".to_owned()));
        };
        let (known, found) = tried(settings, &text, &passwords)?;
        if let [one] = &found[..]
            && let Some(fit) = &one.fit
        {
            let mut fit = fit.clone();
            // What the trial read as the salt.
            if let (Some((column, _)), Some(salt)) = (&mut fit.salt, salt)
                && column.is_empty()
            {
                salt.clone_into(column);
            }
            let n = one.tried;
            let all =
                if n == 1 { "the known password fits".to_owned() } else { format!("all {n} known passwords fit") };
            proposal.settle(&fit, &format!("proven: {all}"));
            return Ok(of_the_others(&known, n));
        }
        let said = found.iter().map(Found::sentence).collect::<Vec<_>>();
        first.get_or_insert((known, said));
    }
    let Some((known, found)) = first else { return Ok(None) };
    for sentence in &found {
        proposal.remark(sentence.clone());
    }
    if known.proven > 0 && found.is_empty() {
        let n = known.proven;
        proposal.remark(format!("proven: {n} known {}", if n == 1 { "password verifies" } else { "passwords verify" }));
    }
    let fit_nothing = found.into_iter().filter(|said| said.contains(" nothing ")).collect::<Vec<_>>().join("; ");
    Ok(Some(fit_nothing).filter(|said| !said.is_empty()).or_else(|| of_the_others(&known, 0)))
}

/// What is to be said of those who did not verify, beside so many that are explained.
fn of_the_others(known: &Known, explained: usize) -> Option<String> {
    let others = known.wrong.iter().filter(|wrong| !wrong.hash_is_right);
    let others: Vec<_> = others.map(|wrong| format!("{}: {}", wrong.email, wrong.text)).collect();
    (others.len() > explained).then(|| format!("known passwords that prove nothing: {}", others.join("; ")))
}

fn tried(
    settings: &ExportSettings,
    map: &str,
    passwords: &[known::KnownPassword],
) -> Result<(Known, Vec<Found>), RunError> {
    let options = crate::read::ReadOptions { mapping: Some(Mapping::of(map)?), ..settings.read_options()? };
    let export = Export::open(&settings.exports, options)?;
    let planner = Planner::new(&export, Policies::default(), Version::NEWEST.profile());
    proof::tried(&planner, &Duplicates::default(), passwords, &Silent)
}
