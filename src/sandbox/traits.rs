//! What differs between the versions that the sandbox can answer as: one table, and nowhere else.
//!
//! Up to 1.9 every row was observed on a running server of that version, 2.0 on a main of August 2026 that was about to become
//! it; of later ones the published source, tests and SDKs were read. What an importer must know as well, and what differs in
//! the *hashes* a version verifies, stands in [`crate::appwrite::Profile`].

use crate::appwrite::{Profile, Version};

/// How a parameter that is optional and sent as `null` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Passed to the handler without validation; a handler that wants a value fails with a 500.
    Skipped,
    /// Validated like any other value.
    Validated,
}

/// The database under a server: how it compares ids and addresses, and what it cannot keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// MariaDB compares without case, accents and trailing blanks.
    #[default]
    Mariadb,
    /// PostgreSQL compares exactly, though ids and addresses are unique without case.
    Postgresql,
}

/// The costs of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// Memory in KiB.
    pub memory: u32,
    /// Iterations (Argon2's t).
    pub passes: u32,
    /// Parallelism (Argon2's p).
    pub lanes: u32,
}

const COSTS_OF_PHP: Costs = Costs { memory: 65_536, passes: 4, lanes: 3 };
const COSTS_OF_2_5: Costs = Costs { memory: 7168, passes: 5, lanes: 1 };

/// The behaviour of one version.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "a table of independent facts")]
pub struct Traits {
    /// The database under the server.
    pub database: Database,
    /// The version, as error bodies and `GET /health/version` show it.
    pub version: Version,
    /// What an importer must know of it too: hash checks, limits.
    pub profile: &'static Profile,

    /// Missing scopes are listed as JSON (`missing scopes (["users.read"])`), else as `missing scope (users.read)`.
    pub scopes_as_list: bool,
    /// Targets of a user have scopes of their own (`targets.read`), else those of users.
    pub targets_scopes: bool,
    /// The routes of sessions take `sessions.*` or `users.*`, and guests hold `sessions.write`.
    pub sessions_scopes: bool,
    /// Guests hold it in vain.
    pub sessions_barred_to_guests: bool,
    /// The hosts of pages that may ask without being registered.
    pub local_origins: &'static [&'static str],
    /// Other pages are refused on reads too, else on writes alone.
    pub origin_checked_on_reads: bool,
    /// A key without a project header is 403 `project_id_missing`, else 401 (and the query parameter `project` counts).
    pub project_header_required: bool,
    /// What a key begins with, up to its first `_`, to be looked for: not found it is 401 `user_unauthorized`. The bearer of
    /// any other is a guest.
    pub key_types: &'static [&'static str],

    /// Optional parameters sent as `null`.
    pub nulls: Nulls,
    /// A JSON scalar as the body is a bare 500, else a body without parameters.
    pub scalar_body_fails: bool,
    /// `name: null` is a name like none.
    pub name_nullable: bool,
    /// Messages of nullable parameters end in ` or null`.
    pub nullable_in_message: bool,
    /// The message of a bad plain password speaks of the dictionary (and of 265 characters).
    pub dictionary_in_message: bool,
    /// Integers must fit 32 bits, and the message says so.
    pub integers_32_bit: bool,
    /// `PATCH email` with `null` or a list is a 500.
    pub patch_email_fails_on_types: bool,
    /// `PATCH phone ""` stores no number, else the empty one, which is unique.
    pub phone_cleared_to_null: bool,

    /// `hashOptions` name their costs as PHP does (`memory_cost`), else as Appwrite did (`memoryCost`), and only where
    /// Appwrite itself hashed.
    pub php_hash_options: bool,
    /// The costs of the server's own Argon2id, and those with which `PATCH /account/password` hashes.
    pub own_costs: Costs,
    /// The same, of `PATCH /account/password`.
    pub account_costs: Costs,
    /// A sign-in stores Argon2 hashes of other costs anew.
    pub argon2_rehashed: bool,
    /// A project may want passwords changed after a time.
    pub rotation_policy: bool,
    /// scrypt-modified parameters that are no base64 are a 400, else a 500.
    pub bad_base64_is_400: bool,
    /// Users carry `passwordPwned`.
    pub password_pwned_field: bool,
    /// Users carry `emailCanonical`, `emailIs…` and `impersonator…`.
    pub email_and_impersonator_fields: bool,
    /// A blocked user's sign-in is 403, else 401.
    pub blocked_is_403: bool,
    /// Sessions that sign-ins keep per user.
    pub session_limit: Option<usize>,
    /// Failed sign-ins alone use up the limit per address, and a success resets it; else every sign-in counts.
    pub abuse_counts_failures: bool,
    /// `PATCH password` ends the user's sessions.
    pub password_ends_sessions: bool,
    /// A session is deleted through the user whose it is alone.
    pub session_belongs_to_user: bool,
    /// A JWT is made for the recent session where none is named.
    pub jwt_for_recent_session: bool,
    /// Factors list `custom`.
    pub custom_factor: bool,
    /// Preferences cannot be emptied.
    pub empty_prefs_refused: bool,
    /// The answer to new preferences shows empty objects as such, else as lists.
    pub prefs_shown_as_sent: bool,
    /// Deleting a user leaves its targets to a background worker (which the sandbox does not have).
    pub delete_leaves_targets: bool,
    /// A target changed to a taken identifier is 409 `document_already_exists`, else 500.
    pub target_conflict_is_409: bool,

    /// `notContains`, `notStartsWith`, `notEndsWith`, `notBetween` and `notSearch` exist, `$sequence` is an attribute.
    pub negated_queries: bool,
    /// `containsAny` and `containsAll` exist, `impersonator` is an attribute.
    pub contains_any: bool,
    /// `accessedAt` is an attribute.
    pub accessed_at_queries: bool,
    /// `total=false` leaves the count out.
    pub total_parameter: bool,
    /// A query of users that is valid and that the database then refuses is 400 `general_query_invalid`, else 500.
    pub user_query_errors_shown: bool,
    /// The same in other lists.
    pub other_query_errors_shown: bool,
    /// Too many values are found by the database, else while validating.
    pub values_counted_late: bool,
    /// `queries` of memberships are validated, else ignored.
    pub membership_queries: bool,

    /// Unknown routes are an HTML page, else JSON.
    pub html_not_found: bool,
    /// What a JSON answer says about unknown routes.
    pub not_found_message: &'static str,
    /// `GET /users/{id}/logs` exists.
    pub user_logs_route: bool,
    /// A project's policies, methods and platforms can be read and set with a key.
    pub project_routes: bool,
    /// `PATCH /users/{id}/impersonator` exists.
    pub impersonator_route: bool,
}

const NOT_FOUND_OLD: &str = "The requested route was not found. Please refer to the API docs and try again.";
const NOT_FOUND_NEW: &str = "Route not found. Please ensure the endpoint is configured correctly and that the API route \
                             is valid for this SDK version. Refer to the API docs for more details.";

impl Traits {
    /// The same on this database.
    #[must_use]
    pub const fn on(mut self, database: Database) -> Self {
        self.database = database;
        self
    }

    /// The behaviour of the newest known version that is not newer than this one; the oldest for all before it.
    #[must_use]
    pub fn of(version: Version) -> Self {
        let mut traits = Self {
            database: Database::default(),
            version,
            profile: version.profile(),
            scopes_as_list: false,
            targets_scopes: true,
            sessions_scopes: false,
            sessions_barred_to_guests: false,
            local_origins: &["localhost"],
            origin_checked_on_reads: false,
            project_header_required: false,
            key_types: &["standard"],
            nulls: Nulls::Skipped,
            scalar_body_fails: true,
            name_nullable: false,
            nullable_in_message: false,
            dictionary_in_message: true,
            integers_32_bit: false,
            patch_email_fails_on_types: true,
            phone_cleared_to_null: false,
            php_hash_options: false,
            own_costs: COSTS_OF_PHP,
            account_costs: COSTS_OF_PHP,
            argon2_rehashed: false,
            rotation_policy: false,
            bad_base64_is_400: false,
            password_pwned_field: false,
            email_and_impersonator_fields: false,
            blocked_is_403: false,
            session_limit: Some(10),
            abuse_counts_failures: false,
            password_ends_sessions: false,
            session_belongs_to_user: false,
            jwt_for_recent_session: false,
            custom_factor: false,
            empty_prefs_refused: false,
            prefs_shown_as_sent: false,
            delete_leaves_targets: true,
            target_conflict_is_409: true,
            negated_queries: false,
            contains_any: false,
            accessed_at_queries: false,
            total_parameter: false,
            user_query_errors_shown: true,
            other_query_errors_shown: true,
            values_counted_late: false,
            membership_queries: false,
            html_not_found: false,
            not_found_message: NOT_FOUND_OLD,
            user_logs_route: true,
            project_routes: false,
            impersonator_route: false,
        };
        for (since, change) in CHANGES {
            if *since <= version {
                change(&mut traits);
            }
        }
        traits
    }
}

type Change = (Version, fn(&mut Traits));

/// The versions at which something changed, in order. The starting point is 1.6.2.
const CHANGES: &[Change] = &[
    (Version::new(1, 7, 0), |t| {
        t.delete_leaves_targets = false;
        t.target_conflict_is_409 = false;
        t.user_query_errors_shown = false;
        t.other_query_errors_shown = false;
        t.membership_queries = true;
        t.not_found_message = NOT_FOUND_NEW;
    }),
    (Version::new(1, 8, 0), |t| {
        t.scopes_as_list = true;
        t.password_ends_sessions = true;
        t.negated_queries = true;
        t.user_query_errors_shown = true;
        t.values_counted_late = true;
    }),
    (Version::new(1, 8, 1), |t| {
        t.nulls = Nulls::Validated;
        t.nullable_in_message = true;
        t.php_hash_options = true;
        t.total_parameter = true;
    }),
    (Version::new(1, 9, 0), |t| {
        t.targets_scopes = false;
        t.sessions_scopes = true;
        t.project_header_required = true;
        t.key_types = &["standard", "account", "organization"];
        t.nulls = Nulls::Skipped;
        t.name_nullable = true;
        t.dictionary_in_message = false;
        t.integers_32_bit = true;
        t.patch_email_fails_on_types = false;
        t.phone_cleared_to_null = true;
        t.email_and_impersonator_fields = true;
        t.blocked_is_403 = true;
        t.session_limit = None;
        t.abuse_counts_failures = true;
        t.contains_any = true;
        t.html_not_found = true;
        t.impersonator_route = true;
        t.origin_checked_on_reads = true;
    }),
    (Version::new(1, 9, 5), |t| t.project_routes = true),
    (Version::new(2, 0, 0), |t| {
        t.local_origins = &["localhost", "127.0.0.1", "::1"];
        t.scalar_body_fails = false;
        t.account_costs = COSTS_OF_2_5;
        t.session_limit = Some(10);
        t.session_belongs_to_user = true;
        t.jwt_for_recent_session = true;
        t.custom_factor = true;
        t.empty_prefs_refused = true;
        t.prefs_shown_as_sent = true;
        t.other_query_errors_shown = true;
        t.values_counted_late = false;
        t.accessed_at_queries = true;
        t.user_logs_route = false;
    }),
    // From here on read, not observed.
    (Version::new(2, 2, 0), |t| t.bad_base64_is_400 = true),
    (Version::new(2, 3, 0), |t| t.password_pwned_field = true),
    (Version::new(2, 5, 0), |t| {
        t.own_costs = COSTS_OF_2_5;
        t.argon2_rehashed = true;
    }),
    (Version::new(2, 6, 0), |t| {
        t.rotation_policy = true;
        t.sessions_barred_to_guests = true;
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_in_order_and_later_versions_keep_earlier_changes() {
        assert!(CHANGES.windows(2).all(|w| w[0].0 < w[1].0));
        let (old, new) = (Traits::of(Version::new(1, 6, 2)), Traits::of(Version::NEWEST));
        assert!(old.delete_leaves_targets && !new.delete_leaves_targets);
        assert!(
            new.scopes_as_list && new.html_not_found && new.nulls == Nulls::Skipped && new.own_costs.memory == 7168
        );
        assert_eq!(Traits::of(Version::new(1, 8, 1)).nulls, Nulls::Validated);
        assert!(!Traits::of(Version::new(1, 7, 5)).user_query_errors_shown);
    }
}
