//! Starting maps for `rehome sources --example`, for the sources that are not files themselves.

/// What a source's table has in the place of each value: lines of `[user]` and `[password]`.
struct Start {
    source: &'static str,
    skip: &'static str,
    user: &'static str,
    password: &'static str,
}

const STARTS: &[Start] = &[
    Start {
        source: "django",
        skip: "[]",
        user: r#"id             = "id"
email          = "email"
name           = { join = ["first_name", "last_name"] }
enabled        = "is_active"
labels         = { flags = { is_staff = "staff", is_superuser = "superuser" } }
prefs          = ["username"]
created_at     = "date_joined"
"#,
        password: "hash   = \"password\"\n",
    },
    Start {
        source: "wordpress",
        skip: "[]",
        user: r#"id             = "ID"
email          = "user_email"
name           = "display_name"
prefs          = ["user_login"]
created_at     = "user_registered"
"#,
        password: "hash   = \"user_pass\"\n",
    },
    Start {
        source: "supabase",
        skip: r#"["deleted_at != null"]"#,
        user: r#"id             = "id"
email          = "email"
email_verified = { from = "email_confirmed_at", as = "nonempty" }
phone          = { from = "phone", prefix = "+" }
phone_verified = { from = "phone_confirmed_at", as = "nonempty" }
name           = { from = ["raw_user_meta_data.full_name", "raw_user_meta_data.name"] }
enabled        = { from = "banned_until", as = "not_future" }
prefs          = { json = ["raw_user_meta_data"] }
created_at     = "created_at"
"#,
        password: "hash   = \"encrypted_password\"\n",
    },
    Start {
        source: "auth0",
        skip: "[]",
        user: r#"id             = "user_id"
email          = "email"
email_verified = "email_verified"
name           = ["name", "nickname"]
enabled        = { from = "blocked", as = "not", default = true }
prefs          = { json = ["user_metadata"] }
created_at     = "created_at"
"#,
        password: "hash   = \"passwordHash\"\n",
    },
    Start {
        source: "firebase",
        skip: "[]",
        user: r#"id             = "localId"
email          = "email"
email_verified = "emailVerified"
phone          = "phoneNumber"
phone_verified = { from = "phoneNumber", as = "nonempty" }
name           = "displayName"
enabled        = { from = "disabled", as = "not", default = true }
created_at     = { from = "createdAt", as = "epoch_ms" }
"#,
        password: r#"hash   = "passwordHash"
scheme = "firebase-scrypt"
salt   = { from = "salt", encoding = "base64" }
# the signer key comes from --firebase-hash-config
"#,
    },
    Start {
        source: "cognito",
        skip: "[]",
        user: r#"id             = ["sub", "cognito:username"]
email          = "email"
email_verified = "email_verified"
phone          = "phone_number"
phone_verified = "phone_number_verified"
name           = { from = "name", fallback = "given_name" }
"#,
        password: "# Cognito never exports hashes\n",
    },
];

/// For any other source: rehome's own names, to be replaced.
const GENERIC: Start = Start {
    source: "generic",
    skip: "[]",
    user: r#"id             = "id"
email          = "email"
email_verified = "email_verified"           # or { from = "confirmed_at", as = "nonempty" }
phone          = { from = "phone", strip = " ()-." }
phone_verified = "phone_verified"
name           = "name"                     # or { join = ["first_name", "last_name"] }
enabled        = "enabled"                  # or { from = "banned_until", as = "not_future" }
labels         = { from = "labels", split = ",|;", other = "keep" }
prefs          = { json = ["prefs"] }       # or ["country", "plan"]
created_at     = "created_at"               # or { from = "joined", as = "%d.%m.%Y" }
"#,
    password: r#"hash   = "password_hash"
scheme = { from = "password_scheme" }       # or one for all, "bcrypt"; "auto" lets the hash say it
salt   = { from = "password_salt", encoding = { from = "password_salt_encoding" } }   # or encoding = "hex"
plain  = "password"                         # plain text instead of a hash

[password.params]                           # or numbers for all, scrypt_n = 16384; signer_key = "env:SIGNER_KEY"
scrypt_n       = "scrypt_n"
scrypt_r       = "scrypt_r"
scrypt_p       = "scrypt_p"
scrypt_length  = "scrypt_length"
signer_key     = "signer_key"
salt_separator = "salt_separator"
rounds         = "rounds"
mem_cost       = "mem_cost"
"#,
};

/// A mapping file to start from, for a source that [`crate::source::ALL`] lists.
#[must_use]
pub fn example(source: &str) -> String {
    let start = STARTS.iter().find(|start| start.source == source).unwrap_or(&GENERIC);
    let reads = if source == "generic" {
        "# A map to start from: replace the names on the right with those of your columns.".to_owned()
    } else {
        format!(
            "# `--from {source}` reads what {source} exports without a map. Start from this\n\
             # one if your columns have other names, or to keep some that are left out."
        )
    };
    let Start { skip, user, password, .. } = start;
    format!(
        "{reads}\n# A column may be a path into JSON: profile.emails.0.address\n\n\
         [source]\nnull = [\"\", \"NULL\", \"\\\\N\"]                 # texts that mean nothing\n\
         missing = \"ignore\"                 # \"refuse\": a misspelt name is an error\n\n\
         [where]\nskip = {skip}              # [\"is_bot == true\", \"deleted_at != null\"]\n\n\
         [user]\n{user}\n[password]\n{password}"
    )
}
