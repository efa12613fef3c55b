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
use crate::scheme::fitting::{Fit, Found};
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
    let salts: Vec<_> = proposal.guesses.salts.iter().filter(|salt| salt.contains('.')).cloned().collect();
    let hashes = std::mem::take(&mut proposal.guesses.hashes);
    let mut trials: Vec<_> = hashes.iter().map(|hash| (Some(hash.as_str()), None)).collect();
    trials.push((None, None));
    trials.extend(salts.iter().map(|salt| (None, Some(salt.as_str()))));
    let mut first = None;
    for (hash, salt) in trials {
        let Some(text) = proposal.trial(hash, salt) else {
            return Ok(Some("the known passwords fit nothing that may be a hash: say where the hashes are".to_owned()));
        };
        let (known, found) = tried(settings, &text, &passwords)?;
        if hash.is_some() && known.proven > 0 && known.wrong.is_empty() {
            proposal.settle(hash, None, &format!("proven: {} known passwords verify", known.proven));
            return Ok(None);
        }
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
            proposal.settle(hash, Some(&fit), &format!("proven: {all}"));
            return Ok(of_the_others(&known, n));
        }
        if hash.is_some() {
            continue;
        }
        if let Some(scheme) = known.peppered.filter(|_| known.proven == 0) {
            let fit = Fit { scheme, salt: None, rounds: None };
            proposal.settle(
                None,
                Some(&fit),
                "proven, with the secret that --pepper names: it goes through the bridge",
            );
            return Ok(None);
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
