//! What has to be known of a scheme that a person declared before anybody is promised their password: that no salt was left out.

use crate::error::RunError;
use crate::escape::flag;
use crate::plan::proof::Known;
use crate::policy::Unsupported;
use crate::read::Export;
use crate::report::Tally;
use crate::report::figures::count;
use crate::source::Fate;
use crate::source::kit::status;

/// So many columns are named.
const NAMED: usize = 3;

/// Stops where digests are taken for those of the password alone, or of a salt that nobody reads, and a column beside them may be
/// that salt. Known passwords decide, and so does whoever says what the column is.
///
/// # Errors
/// [`RunError::usage`] with the columns and the lines that say it.
pub fn stop(export: &Export, tally: &Tally, known: Option<&Known>, unsupported: Unsupported) -> Result<(), RunError> {
    let proven = known.is_some_and(|known| known.declared > 0);
    let (alone, salted) = (tally.declared, tally.lacks_salts());
    if proven || alone == 0 && (salted == 0 || unsupported == Unsupported::WithoutPassword) {
        return Ok(());
    }
    let salts = export.possible_salts();
    let what = match (alone, salts.is_empty()) {
        (0, true) => {
            return Err(RunError::usage(format!(
                "the declared scheme hashes a salt with each password, {} have none beside them, and no column looks like one: name it \
                 ({}), or create the users without a password (--unsupported without-password); nothing was sent",
                hashes(salted),
                line(export, "COLUMN")
            )));
        }
        (_, true) => return Ok(()),
        (0, false) => format!(
            "the declared scheme hashes a salt with each password, and {} have none beside them",
            hashes(salted)
        ),
        (_, false) => format!("nothing proves that {} are of the password alone, as declared", hashes(alone)),
    };
    let named: Vec<_> = salts.iter().take(NAMED).map(|(path, why)| format!("`{path}` {why}")).collect();
    let is = if named.len() == 1 { "may be the salt" } else { "may be salts" };
    let (first, _) = &salts[0];
    let none: Vec<_> = salts.iter().take(NAMED).map(|(path, _)| flag("--ignore", path)).collect();
    // What passwords say needs no guess.
    let fits = known.iter().flat_map(|known| &known.fits).cloned().collect::<Vec<_>>().join("; ");
    if known.is_some_and(|known| known.fit) {
        return Err(RunError::usage(format!("{what}, and {} ({is}): {fits}; nothing was sent", named.join(", "))));
    }
    let fits = if fits.is_empty() { fits } else { format!("; {fits}") };
    Err(RunError::usage(format!(
        "{what}, and {} ({is}){fits}. If it is the salt: {}; if not: {}; known passwords decide it (--known FILE); nothing was sent",
        named.join(", "),
        line(export, first),
        none.join(" "),
    )))
}

fn hashes(n: u64) -> String {
    if n == 1 { "1 hash".to_owned() } else { format!("{} hashes", count(n)) }
}

/// The lines of a mapping file that read a salt.
fn line(export: &Export, salt: &str) -> String {
    let base = status::base(export.source().name());
    let is_password = |column: &&String| {
        matches!(export.fate(column), Fate::Carried("password") | Fate::Transformed { to: "password", .. })
    };
    let hash = export.columns().iter().find(is_password).filter(|_| !base.is_empty());
    let hash = hash.map_or_else(String::new, |hash| format!("hash = {}, ", status::quoted(hash)));
    format!("{base}[password] {hash}salt = {} in a mapping file (--map)", status::quoted(salt))
}
