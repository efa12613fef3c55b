//! `--map FILE.toml`: a person's own description of an export that no source describes.

use std::path::Path;

use crate::error::RunError;

/// A mapping file, parsed.
#[derive(Debug)]
pub struct Mapping {}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`RunError::Io`] if it cannot be read, [`RunError::Usage`] if it is no mapping.
    pub fn read(path: &Path) -> Result<&'static Self, RunError> {
        Err(RunError::Usage(format!("{}: mapping files are not read yet", path.display())))
    }
}
