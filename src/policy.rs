//! What a person decides where there is a choice. Known to every room, from the mapping language to the ledger.

use serde::{Deserialize, Serialize};

/// What the person wants, where there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Policies {
    /// `--ids`
    pub ids: Ids,
    /// `--unsupported`
    pub unsupported: Unsupported,
    /// `--duplicates`
    pub duplicates: Duplicates,
}

/// Where user ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// The source's id where Appwrite accepts it, a derived one otherwise.
    #[default]
    Keep,
    /// Always derived.
    Derive,
}

/// What happens to users whose hash no endpoint verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Unsupported {
    /// They are refused, and named.
    #[default]
    Skip,
    /// They are created without a password, and listed in needs-reset.csv.
    WithoutPassword,
    /// They are created without a password, and the hash is sealed for the sign-in bridge; who cannot be kept is refused.
    Bridge,
}

/// What happens to records that share an id or an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// The first is taken (of those with one address, the first that has a password), the others are refused.
    #[default]
    First,
    /// All of them are refused.
    Refuse,
}
