//! The systems that are read: a file each, `NAME.toml` in the language of [`describe`](crate::source::describe) wherever that can
//! say it, which is found by looking; else `NAME.rs` and a line in `IN_RUST`.

use std::sync::LazyLock;

use crate::source::Source;

pub mod appwrite;
pub mod auth0;
pub mod better_auth;
pub mod clerk;
pub mod code;
pub mod cognito;
pub mod data;
pub mod django;
pub mod firebase;
pub mod firebase_config;
pub mod fusionauth;
pub mod generic;
pub mod htpasswd;
pub mod keycloak;
pub mod ldif;
pub mod lucia;
pub mod magento;
pub mod meteor;
pub mod shadow;
pub mod supabase;
pub mod wordpress;

/// All sources, by name; what any table with the right member names could be comes last.
pub static ALL: LazyLock<Vec<&'static dyn Source>> = LazyLock::new(|| {
    let files = data::ALL.iter().map(|system| system as &dyn Source);
    let mut all: Vec<&dyn Source> = IN_RUST.iter().copied().chain(files).collect();
    all.sort_by_key(|source| source.name());
    all.push(&generic::Generic);
    all
});

const IN_RUST: &[&dyn Source] = &[
    &firebase::Firebase,
    &wordpress::WordPress,
    &supabase::Supabase,
    &auth0::Auth0,
    &clerk::Clerk,
    &keycloak::Keycloak,
    &appwrite::Appwrite,
    &django::Django,
    &magento::Magento,
    &fusionauth::FusionAuth,
    &meteor::Meteor,
    &cognito::Cognito,
    &better_auth::BetterAuth,
    &lucia::Lucia,
    &ldif::Ldif,
    &shadow::Shadow,
    &htpasswd::Htpasswd,
];

#[cfg(test)]
mod tests {
    #[test]
    fn whatever_is_in_rust_says_why() {
        let text = std::fs::read_to_string("docs/architecture.md").expect("the paper");
        let table = text.split("## Systems in Rust, and why").nth(1).expect("the table");
        let lines = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let mut said: Vec<_> = lines.map(|(name, _)| name).collect();
        said.sort_unstable();
        let mut all: Vec<_> = super::IN_RUST.iter().map(|source| source.name()).chain(["generic"]).collect();
        all.sort_unstable();
        assert_eq!(said, all);
    }
}
