//! What was typed → what is meant: the only place where precedence and files behind flags are resolved.

use std::path::Path;

use super::args::{ExportArgs, PolicyArgs};
use crate::appwrite::Profile;
use crate::error::RunError;
use crate::event::Listener;
use crate::plan::Policies;
use crate::plan::proof::prove_all;
use crate::read::{Export, ReadOptions};
use crate::report::summary::Known;
use crate::scheme::{known, registry};
use crate::source::FirebaseHashConfig;
use crate::source::describe::Mapping;

/// Opens the export that the flags name.
///
/// # Errors
/// As [`Export::open`]; [`RunError::usage`] for files behind flags that cannot be understood.
pub fn open_export(args: &ExportArgs) -> Result<Export, RunError> {
    Export::open(&args.exports, read_options(args)?)
}

/// How the export is to be read.
///
/// # Errors
/// [`RunError::usage`] for files behind flags that cannot be understood, [`RunError::io`] for those that cannot be read.
pub fn read_options(args: &ExportArgs) -> Result<ReadOptions, RunError> {
    known_scheme(args.scheme.as_deref())?;
    Ok(ReadOptions {
        from: args.from.clone(),
        firebase: args.firebase_hash_config.as_deref().map(firebase_config).transpose()?,
        scheme: args.scheme.clone(),
        mapping: args.map.as_deref().map(Mapping::read).transpose()?,
        keep_dates: args.keep_dates,
        email_domain: args.email_domain.clone(),
        now: jiff::Timestamp::now(),
    })
}

/// Nothing, if `--scheme` is not given or names a scheme.
///
/// # Errors
/// [`RunError::usage`] if it names none: that would refuse every record that it is given for.
pub fn known_scheme(name: Option<&str>) -> Result<(), RunError> {
    match name.filter(|name| registry::find(name).is_none()) {
        Some(name) => Err(RunError::usage(format!("unknown scheme `{name}`")).remedy("`rehome schemes` lists them")),
        None => Ok(()),
    }
}

/// The project's hash parameters in a file.
///
/// # Errors
/// [`RunError::io`] where the file cannot be read, [`RunError::usage`] where it is not what the console shows.
pub fn firebase_config(path: &Path) -> Result<FirebaseHashConfig, RunError> {
    let text = std::fs::read_to_string(path).map_err(RunError::io(path))?;
    crate::source::systems::firebase_config::parse(&text)
        .map_err(|e| RunError::usage(path.display().to_string()).because(e))
}

/// What the passwords of `--known` prove, if the flag is there.
///
/// # Errors
/// As [`known::read`] and [`prove_all`].
pub fn prove_known(
    args: &ExportArgs,
    export: &Export,
    profile: &Profile,
    listener: &dyn Listener,
) -> Result<Option<Known>, RunError> {
    let Some(path) = &args.known else { return Ok(None) };
    prove_all(export, profile, &known::read(path)?, listener).map(Some)
}

impl From<PolicyArgs> for Policies {
    fn from(args: PolicyArgs) -> Self {
        Self { ids: args.ids, unsupported: args.unsupported, duplicates: args.duplicates }
    }
}
