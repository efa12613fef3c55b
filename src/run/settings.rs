//! Which export, and how it is read, as meant: the only place where files behind flags are resolved. Kept in the ledger,
//! for `resume`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::escape::quoted_path;
use crate::live;
use crate::policy::Policies;
use crate::read::{Export, ReadOptions};
use crate::scheme::known::KnownPassword;
use crate::scheme::verify::foreign;
use crate::scheme::{known, registry};
use crate::source::FirebaseHashConfig;
use crate::source::describe::Mapping;

/// The flags that name an export and say how to read it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExportSettings {
    /// The files; `-` is standard input.
    pub exports: Vec<PathBuf>,
    /// `--from`
    pub from: Option<String>,
    /// `--map`
    pub map: Option<PathBuf>,
    /// `--scheme`
    pub scheme: Option<String>,
    /// `--firebase-hash-config`
    pub firebase_hash_config: Option<PathBuf>,
    /// `--service-account`
    #[serde(default)]
    pub service_account: Option<PathBuf>,
    /// `--ca-file`, which the target's certificate is looked at with as well.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// `--known`
    pub known: Option<PathBuf>,
    /// `--keep-dates`
    pub keep_dates: bool,
    /// `--email-domain`
    pub email_domain: Option<String>,
    /// `--table`
    #[serde(default)]
    pub table: Option<String>,
    /// `--ignore`
    #[serde(default)]
    pub ignore: Vec<String>,
    /// `--plain-passwords`
    #[serde(default)]
    pub plain_passwords: bool,
    /// `--pepper`: `env:NAME`, never the secret itself.
    #[serde(default)]
    pub pepper: Option<String>,
}

impl ExportSettings {
    /// Opens the export.
    ///
    /// # Errors
    /// As [`Export::open`]; [`RunError::usage`] for files behind flags that cannot be understood.
    pub fn open(&self) -> Result<Export, RunError> {
        Export::open(&self.exports, self.read_options()?)
    }

    /// How the export is to be read.
    ///
    /// # Errors
    /// [`RunError::usage`] for files behind flags that cannot be understood, [`RunError::io`] for those that cannot be read.
    pub fn read_options(&self) -> Result<ReadOptions, RunError> {
        known_scheme(self.scheme.as_deref())?;
        Ok(ReadOptions {
            from: self.from.clone(),
            firebase: self.firebase_hash_config.as_deref().map(firebase_config).transpose()?,
            service_account: self.service_account.clone(),
            ca_file: self.ca_file.clone(),
            scheme: self.scheme.clone(),
            mapping: self.map.as_deref().map(Mapping::read).transpose()?,
            keep_dates: self.keep_dates,
            email_domain: self.email_domain.clone(),
            plain_passwords: self.plain_passwords,
            pepper: self.pepper.as_deref().map(pepper).transpose()?,
            ignore: self.ignore.clone(),
            table: self.table.clone(),
            now: jiff::Timestamp::now(),
        })
    }

    /// The passwords of `--known`, if the flag is there. Of a pipe they can be read once.
    ///
    /// # Errors
    /// As [`known::read`].
    pub fn known_passwords(&self) -> Result<Option<Vec<KnownPassword>>, RunError> {
        self.known.as_deref().map(known::read).transpose()
    }

    /// Goes on without a list of known passwords that an earlier session had and that is no longer there, as such a list is
    /// deleted sooner or later; what is to be said of it.
    pub fn leave_lost_list(&mut self) -> Option<String> {
        let path = self.known.take_if(|path| !path.is_file())?;
        Some(format!(
            "{}: the known passwords of this run are no longer there, and are not proven this time",
            path.display()
        ))
    }

    /// Whether standard input is part of it, which is gone once it was read.
    #[must_use]
    pub fn is_piped(&self) -> bool {
        self.exports.iter().any(|path| path == Path::new("-"))
    }

    /// The words for the export in a command: what is named now.
    #[must_use]
    pub fn named(&self) -> String {
        self.exports.iter().map(|path| quoted_path(path)).collect::<Vec<_>>().join(" ")
    }

    /// That what was read can be read again.
    ///
    /// # Errors
    /// [`RunError::usage`] for standard input, which would be waited for.
    pub fn can_be_read_again(&self, folder: &Path) -> Result<(), RunError> {
        if !self.is_piped() {
            return Ok(());
        }
        let run = quoted_path(folder);
        Err(RunError::usage(format!("{run} was read from standard input, which cannot be read again")).remedy(format!(
            "write the export into a file and say once: rehome sync FILE --run {run}. That brings over what has changed, \
             nothing where nothing has, and from then on the run is read from the file"
        )))
    }

    /// Whether it is read while it is in use: what it said once cannot be read again.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.exports.iter().any(|path| live::is_one(path))
    }

    /// The same with absolute paths, for a later session that is started elsewhere.
    ///
    /// # Errors
    /// [`RunError::io`] for paths that are none.
    pub fn absolute(mut self) -> Result<Self, RunError> {
        let stdin = Path::new("-");
        for path in self.exports.iter_mut().filter(|path| *path != stdin && !live::is_address(path)) {
            *path = std::path::absolute(&*path).map_err(RunError::io(&*path))?;
        }
        let Self { map, firebase_hash_config, service_account, ca_file, known, .. } = &mut self;
        for path in [map, firebase_hash_config, service_account, ca_file, known].into_iter().flatten() {
            *path = std::path::absolute(&*path).map_err(RunError::io(&*path))?;
        }
        Ok(self)
    }

    /// These flags and choices as a person types them, without what is the default.
    #[must_use]
    pub fn words(&self, policies: Option<Policies>) -> Vec<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let mut words: Vec<String> = self.exports.iter().map(|p| p.display().to_string()).collect();
        let mut add = |flag: &str, value: Option<String>| {
            match value {
                // What begins like a flag would be one.
                Some(value) if value.starts_with('-') => words.push(format!("{flag}={value}")),
                Some(value) => words.extend([flag.to_owned(), value]),
                None => {}
            }
        };
        add("--from", self.from.clone());
        add("--map", path(&self.map));
        add("--scheme", self.scheme.clone());
        add("--firebase-hash-config", path(&self.firebase_hash_config));
        add("--service-account", path(&self.service_account));
        add("--ca-file", path(&self.ca_file));
        add("--known", path(&self.known));
        add("--email-domain", self.email_domain.clone());
        add("--table", self.table.clone());
        add("--pepper", self.pepper.clone());
        for column in &self.ignore {
            add("--ignore", Some(column.clone()));
        }
        if let Some(policies) = policies {
            add("--ids", typed(policies.ids));
            add("--unsupported", typed(policies.unsupported));
            add("--duplicates", typed(policies.duplicates));
        }
        if self.keep_dates {
            words.push("--keep-dates".into());
        }
        if self.plain_passwords {
            words.push("--plain-passwords".into());
        }
        words
    }
}

/// The word for a choice that is not the default.
fn typed<T: clap::ValueEnum + Default + PartialEq>(choice: T) -> Option<String> {
    if choice == T::default() { None } else { choice.to_possible_value().map(|v| v.get_name().to_owned()) }
}

/// The reference of `--pepper`, whose secret must be there.
///
/// # Errors
/// [`RunError::usage`] for anything but `env:NAME`, and for a variable that is not set.
fn pepper(reference: &str) -> Result<String, RunError> {
    let Some(name) = reference.strip_prefix("env:").filter(|name| !name.is_empty()) else {
        return Err(RunError::usage("--pepper takes no secret on the command line")
            .remedy("put it into a variable of the environment, and name that: --pepper env:NAME"));
    };
    if foreign::has_pepper(reference) {
        Ok(reference.to_owned())
    } else {
        Err(RunError::usage(format!("the variable {name} that --pepper names is not set, or empty")))
    }
}

/// Whether one of these is asked over the network.
#[must_use]
pub fn has_certificate(exports: &[PathBuf]) -> bool {
    exports.iter().any(|path| live::is_address(path))
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
