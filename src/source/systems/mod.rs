//! The systems that are read: one file each, and one line in [`ALL`].

pub mod appwrite;
pub mod aspnet_identity;
pub mod auth0;
pub mod better_auth;
pub mod clerk;
pub mod cognito;
pub mod devise;
pub mod discourse;
pub mod django;
pub mod dokuwiki;
pub mod dovecot;
pub mod drupal;
pub mod firebase;
pub mod firebase_config;
pub mod fusionauth;
pub mod generic;
pub mod ghost;
pub mod htpasswd;
pub mod joomla;
pub mod keycloak;
pub mod laravel;
pub mod ldif;
pub mod lucia;
pub mod magento;
pub mod mediawiki;
pub mod meteor;
pub mod moodle;
pub mod mybb;
pub mod nhost;
pub mod nodebb;
pub mod okta;
pub mod parse;
pub mod phpbb;
pub mod pocketbase;
pub mod prehashed;
pub mod shadow;
pub mod strapi;
pub mod supabase;
pub mod supertokens;
pub mod vbulletin;
pub mod wordpress;
pub mod xenforo;

/// All sources, in the order of `rehome sources`.
pub const ALL: &[&dyn crate::source::Source] = &[
    &firebase::Firebase,
    &wordpress::WordPress,
    &supabase::Supabase,
    &auth0::Auth0,
    &clerk::Clerk,
    &keycloak::Keycloak,
    &nhost::Nhost,
    &appwrite::Appwrite,
    &django::Django,
    &laravel::Laravel,
    &devise::Devise,
    &drupal::Drupal,
    &joomla::Joomla,
    &phpbb::PhpBb,
    &magento::Magento,
    &moodle::Moodle,
    &discourse::Discourse,
    &ghost::Ghost,
    &parse::Parse,
    &pocketbase::PocketBase,
    &supertokens::SuperTokens,
    &fusionauth::FusionAuth,
    &meteor::Meteor,
    &nodebb::NodeBb,
    &aspnet_identity::AspNetIdentity,
    &okta::Okta,
    &cognito::Cognito,
    &mediawiki::MediaWiki,
    &xenforo::XenForo,
    &vbulletin::VBulletin,
    &mybb::MyBb,
    &better_auth::BetterAuth,
    &lucia::Lucia,
    &ldif::Ldif,
    &strapi::Strapi,
    &dokuwiki::DokuWiki,
    &dovecot::Dovecot,
    &shadow::Shadow,
    &htpasswd::Htpasswd,
    &prehashed::FLASK_SECURITY,
    &prehashed::MYTH_AUTH,
    &prehashed::METABASE,
    &prehashed::SMF,
    // What any table with the right member names could be comes last.
    &generic::Generic,
];
