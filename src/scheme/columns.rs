//! What a column means by its name: the one list of names for `generic`, for proposed mappings and for `identify`.
//!
//! Case and separators never matter (`passwordHash`, `PASSWORD_HASH` and `password-hash` are one name), nor does whose
//! password it is (`customers_password`, `user.passwordHash`).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::account::Hint;

/// What the cells of a column are to a sign-in with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// Password hashes: the name says so.
    Hash,
    /// Passwords or their hashes: systems call both so, and only the cells tell ([`super::looks_like`]).
    Password,
    /// Passwords in plain text: the name says so.
    Plain,
    /// The name of the scheme. Its cells may be a system's own numbers: only what [`super::registry::find`] knows is one.
    Scheme,
    /// The salt of the hash beside it.
    Salt,
    /// How the salt is written: `utf8`, `hex`, `base64`.
    SaltEncoding,
    /// scrypt's N.
    ScryptN,
    /// scrypt's r.
    ScryptR,
    /// scrypt's p.
    ScryptP,
    /// scrypt's output length in bytes.
    ScryptLength,
    /// Firebase's signer key.
    SignerKey,
    /// Firebase's salt separator.
    SaltSeparator,
    /// Firebase's rounds.
    Rounds,
    /// Firebase's `mem_cost`.
    MemCost,
    /// PBKDF2's iterations.
    Iterations,
}

use ColumnRole::{
    Hash, Iterations, MemCost, Password, Plain, Rounds, Salt, SaltEncoding, SaltSeparator, Scheme, ScryptLength,
    ScryptN, ScryptP, ScryptR, SignerKey,
};

/// Names without case and separators.
const NAMES: &[(ColumnRole, &str)] = &[
    // Of the word password, in every order that frameworks write it.
    (
        Hash,
        "passwordhash hashedpassword passwordhashed hashpassword passwordhashes passwordhashvalue \
         encryptedpassword passwordencrypted passwordenc encpassword cryptedpassword cryptpassword \
         passwordcrypted passwordcrypt passworddigest digestpassword digestedpassword saltedpassword \
         passwordsalted saltedpasswordhash saltedhash passwordsaltedhash passwordsalthash passwordhashandsalt \
         customhash passwordverifier verifier srpverifier passwordderivedkey derivedkey passwordkey passwordstring passwordbinary \
         passwordbytes passwordblob passwordphc passwordbcrypt bcryptpassword passwordbcrypthash passwordargon2 \
         argon2password passwordscrypt passwordpbkdf2 passwordmd5 md5password passwordsha1 sha1password \
         passwordsha256 sha256password passwordsha512 sha512password passwordcredential",
    ),
    // Shorter words for it.
    (
        Hash,
        "passhash hashpass hashedpass passhashed encryptedpass passencrypted encpass cryptedpass passcrypt \
         passdigest saltedpass md5pass passmd5 passsha1 passwdhash hashpasswd hashedpasswd encryptedpasswd \
         passwdencrypted cryptedpasswd passwdcrypt cryptpasswd passwddigest encpasswd md5passwd pwdhash hashpwd \
         hashedpwd encryptedpwd pwdencrypted encpwd cryptedpwd pwdencrypt pwddigest pwdmd5 md5pwd pwhash hashpw \
         hashedpw encryptedpw encpw cryptpw pwcrypt pwdigest pwordhash hashedpword passphrasehash \
         hashedpassphrase",
    ),
    // By the scheme alone.
    (
        Hash,
        "bcrypt bcrypthash argon2 argon2hash argon2id scrypthash pbkdf2hash pbkdf2 md5hash sha1hash sha256hash \
         sha512hash nthash lmhash ntlmhash ntpassword lmpassword sambantpassword sambalmpassword phc",
    ),
    // No word for it at all.
    (Hash, "hash hashed hashvalue credentialhash credentialshash authhash loginhash secrethash hashedsecret"),
    // Single systems: WordPress, LDAP, MediaWiki, IPB, MySQL, PostgreSQL, password files, Keycloak, Active Directory.
    (
        Hash,
        "userpass userpassword userpasswordhash memberspasshash authenticationstring rolpassword htpasswd shadow \
         secretdata authlogiccryptedpassword spwdp unicodepwd",
    ),
    // The word in other languages.
    (
        Hash,
        "passworthash kennworthash motdepassehash mdphash hashmdp contrasenahash clavehash senhahash hashsenha \
         senhacriptografada claveencriptada wachtwoordhash haslohash",
    ),
    (
        Password,
        "password passwords passwd pass pwd pw pword passwrd passw psw pswd paswd passwort kennwort motdepasse \
         mdp contrasena contrasenia clave senha wachtwoord haslo heslo parola jelszo sifre lozinka losenord \
         salasana passphrase passwordcurrent currentpassword passwordvalue signonpassword credential \
         credentials",
    ),
    (
        Plain,
        "plainpassword passwordplain plaintextpassword passwordplaintext cleartextpassword passwordcleartext \
         clearpassword passwordclear plainpass plaintext rawpassword passwordraw unencryptedpassword \
         unhashedpassword",
    ),
    (
        Scheme,
        "passwordscheme passwordhasher passwordalgorithm passwordalgo passwordtype passwordhashalgorithm \
         passwordhashalgo passwordhashingalgorithm passwordhashtype passwordhashmethod passwordhashfunction \
         passwordhashfunc passwordhashformat passwordencoder passwordencryption passwordencryptionmethod \
         passwordencryptiontype passwordformat passwordmethod passwordcrypttype passwordhashscheme \
         hashingalgorithm hashalgorithm hashalgo hashtype hashmethod hashscheme hashfunction hashfunc \
         hashingmethod hashingscheme encryptionscheme algorithm algo hasher hashalg hashingalgo digestalgorithm pwalgorithm pwalgo pwtype pwdtype passwdtype passtype \
         passalgo passalgorithm pwscheme pwdscheme passwdscheme cryptmethod crypttype",
    ),
    (
        Salt,
        "salt passwordsalt saltpassword saltvalue saltstring saltkey salthash passwordsaltvalue passwordhashsalt \
         hashsalt pwsalt pwdsalt passsalt passwdsalt pwordsalt memberspasssalt cryptsalt bcryptsalt scryptsalt \
         pbkdf2salt securitysalt secretsalt passwordsaltstring psalt sel",
    ),
    (SaltEncoding, "passwordsaltencoding saltencoding saltformat passwordsaltformat hashsaltencoding"),
    (ScryptN, "scryptn passwordcpu costcpu cpucost scryptcost scryptcpu passwordcpucost"),
    (ScryptR, "scryptr passwordmemory costmemory scryptblocksize scryptmemory passwordblocksize"),
    (ScryptP, "scryptp passwordparallel costparallel scryptparallelization scryptparallel"),
    (ScryptLength, "scryptlength passwordlength dklen keylen keylength scryptkeylen"),
    (SignerKey, "signerkey base64signerkey passwordsignerkey"),
    (SaltSeparator, "saltseparator base64saltseparator passwordsaltseparator"),
    (Rounds, "rounds scryptrounds passwordrounds hashrounds"),
    (MemCost, "memcost memorycost scryptmemcost"),
    (
        Iterations,
        "iterations iterationcount iterationscount itercount hashiterations passworditerations \
         passworditerationcount passwordhashiterations pbkdf2iterations kdfiterations hashitercount",
    ),
];

/// Words for whose password it is, which may stand before any of the names.
const WHOSE: &str = "customers customer cust users user usr members member mem mbr accounts account acct acc admins admin adm \
         login logon signin auth authentication person people employee emp client clients contact owner profile \
         staff student teacher subscriber author player buyer seller vendor local web site portal app custom \
         legacy current my u c m fld col usuario utilisateur benutzer kunde kunden cliente db \
         customer1 mb uc usrs services internal";

impl ColumnRole {
    /// The name that `generic` has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hash => "password_hash",
            Self::Password | Self::Plain => "password",
            Self::Scheme => "password_scheme",
            Self::Salt => "password_salt",
            Self::SaltEncoding => "password_salt_encoding",
            Self::ScryptN => "scrypt_n",
            Self::ScryptR => "scrypt_r",
            Self::ScryptP => "scrypt_p",
            Self::ScryptLength => "scrypt_length",
            Self::SignerKey => "signer_key",
            Self::SaltSeparator => "salt_separator",
            Self::Rounds => "rounds",
            Self::MemCost => "mem_cost",
            Self::Iterations => "iterations",
        }
    }
}

/// What a column of this name holds; `None` for names that say nothing of a password.
///
/// Names that are read only beside a hash (`n`, `r`, `p`) and names of something about a password that is no part of
/// it (`password_changed_at`, `reset_password_token`) are none.
#[must_use]
pub fn role_of(name: &str) -> Option<ColumnRole> {
    // The last name of a path says what it is: `services.password.bcrypt`, `user/passwordHash`.
    let last = name.rsplit(['.', '/', ':', '>']).next().unwrap_or(name);
    [name, last].into_iter().find_map(|name| {
        // No name of the table is longer.
        if name.len() > 64 {
            return None;
        }
        let bare = bare(name);
        exact(&bare).or_else(|| whose(&bare).iter().find_map(|&rest| exact(rest)))
    })
}

/// Whether a column is one where a password or its hash would be: what a silent loss would be a loss of.
#[must_use]
pub fn holds_password(name: &str) -> bool {
    matches!(role_of(name), Some(Hash | Password | Plain))
}

/// Whether a name that [`role_of`] does not know is made of the words for a password and its hash (`sha_pass_hash`,
/// `pwd_md5_hex`), or has one of them as a word of its own (`f_pwd`). Nobody should read it as one, or pass it over, unasked.
#[must_use]
pub fn suggests_password(name: &str) -> bool {
    const PASSWORD: [&str; 5] = ["password", "passwd", "passwort", "pass", "pwd"];
    const HASH: [&str; 6] = ["hash", "digest", "crypt", "md5", "sha", "verifier"];
    const ELSE: &str = "reset recover token date time expir version algo type scheme method salt iterations rounds hint history old \
         previous changed updated format passport bypass compass shared question answer strength policy length must force need last \
         count attempt fail link url request mail sent lost forgot manager less protect require change enabled set_ has_ is_ code";
    let bare = bare(name);
    let any = |words: &[&str]| words.iter().any(|word| bare.contains(word));
    let lower = name.to_ascii_lowercase();
    let otherwise = || ELSE.split_whitespace().any(|word| lower.contains(word) || bare.contains(word));
    let is_word = || {
        let mut words = lower.split(|c: char| !c.is_alphanumeric());
        let word = words.any(|word| PASSWORD.contains(&word) || word == "pw");
        word && name.contains(['_', '-', '.'])
    };
    name.len() <= 64 && role_of(name).is_none() && (any(&PASSWORD) && any(&HASH) || is_word()) && !otherwise()
}

fn exact(bare: &str) -> Option<ColumnRole> {
    static ROLES: LazyLock<HashMap<&str, ColumnRole>> = LazyLock::new(|| {
        let names =
            |&(role, names): &(ColumnRole, &'static str)| names.split_whitespace().map(move |name| (name, role));
        NAMES.iter().flat_map(names).collect()
    });
    ROLES.get(bare).copied()
}

/// What remains of a name without each word that says whose it is.
fn whose(bare: &str) -> Vec<&str> {
    WHOSE.split_whitespace().filter_map(|word| bare.strip_prefix(word)).filter(|rest| !rest.is_empty()).collect()
}

/// A name as [`NAMES`] writes it: without case, accents and separators.
pub(super) fn bare(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            'ñ' | 'Ñ' => 'n',
            'ö' | 'Ö' | 'ó' | 'Ó' => 'o',
            'ł' | 'Ł' => 'l',
            'ş' | 'Ş' => 's',
            'ã' | 'á' => 'a',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Columns that only one kind of system has beside its hashes, and what they tell of the hashes.
const GIVEAWAYS: &[(&[&str], &[Hint])] = &[
    // Flask-Security 4 and newer: HMAC-SHA512 of the password under SECURITY_PASSWORD_SALT, and only then the hash.
    (&["fsuniquifier"], &[Hint::PreHashed("flask-security")]),
    // Myth:Auth and CodeIgniter Shield's legacy: base64 of the SHA-384.
    (&["resethash", "activatehash", "forcepassreset"], &[Hint::PreHashed("bcrypt-sha384")]),
    // Metabase: bcrypt of its own salt and the password.
    (&["isqbnewb", "passwordsalt"], &[Hint::PreHashed("bcrypt-salted")]),
    (&["isqbnewb"], &[Hint::PreHashed("bcrypt-salted")]),
    // SMF 2.1: bcrypt of the lower-cased member name and the password.
    (&["idmember", "membername", "passwd"], &[Hint::PreHashed("smf-bcrypt")]),
    // Matomo: bcrypt of the MD5.
    (&["login", "superuseraccess"], &[Hint::PreHashed("bcrypt-digest")]),
    (&["login", "tspasswordmodified"], &[Hint::PreHashed("bcrypt-digest")]),
    (&["login", "idchangelastviewed"], &[Hint::PreHashed("bcrypt-digest")]),
];

/// What the names of a table's columns tell of its hashes, where together they give one system away.
#[must_use]
pub fn giveaways<'n>(names: impl IntoIterator<Item = &'n str>) -> &'static [Hint] {
    let names: Vec<String> = names.into_iter().map(bare).collect();
    let has = |needed: &&str| names.iter().any(|name| name == needed);
    GIVEAWAYS.iter().find(|(needed, _)| needed.iter().all(has)).map_or(&[], |&(_, hints)| hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_made_of_the_words_is_not_passed_over() {
        for name in ["sha_pass_hash", "pwd_md5_hex", "userPassShaHex"] {
            assert!(suggests_password(name), "{name}");
        }
        for name in ["f_pwd", "t_password", "xy-pass", "a.pw"] {
            assert!(suggests_password(name) || role_of(name).is_some(), "{name}");
        }
        for name in [
            "reset_password_digest",
            "passport_hash",
            "password_hash_algo",
            "bypass_hash",
            "password_hash",
            "hash",
            "password_changed_at",
            "pass_count",
            "must_change_password",
            "password_question",
            "boarding_pass_no_of_seats_count",
            "is_password_set",
        ] {
            assert!(!suggests_password(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_spelt_and_whosever_it_is() {
        for name in [
            "password_hash",
            "passwordHash",
            "PasswordHash",
            "PASSWORD-HASH",
            "hashedPassword",
            "hashed_password",
            "password_digest",
            "passwordDigest",
            "encrypted_password",
            "crypted_password",
            "pw_hash",
            "pass_hash",
            "user_pass",
            "userPassword",
            "custom_password_hash",
            "password_encrypted",
            "hash",
            "services.password.bcrypt",
            "user.passwordHash",
            "customers_password_hash",
            "members_pass_hash",
            "local.derived_key",
            "_hashed_password",
            "account/hashed_password",
            "member_pwd_hash",
            "Password Hash",
            "usuario_senha_hash",
        ] {
            assert_eq!(role_of(name), Some(Hash), "{name}");
        }
        for name in [
            "password",
            "passwd",
            "Pass",
            "PWD",
            "customers_password",
            "account.password",
            "login_password",
            "user_pwd",
            "contraseña",
            "passwort",
            "member_password",
            "usr_pw",
            "data.password",
        ] {
            assert_eq!(role_of(name), Some(Password), "{name}");
        }
        for (name, role) in [
            ("passwordSalt", Salt),
            ("members_pass_salt", Salt),
            ("user_salt", Salt),
            ("password_salt_encoding", SaltEncoding),
            ("password_hasher", Scheme),
            ("passwordPlaintext", Plain),
            ("password_iterations", Iterations),
            ("base64_signer_key", SignerKey),
            ("scrypt_n", ScryptN),
            ("hashOptions.costCpu", ScryptN),
        ] {
            assert_eq!(role_of(name), Some(role), "{name}");
        }
    }

    #[test]
    fn what_is_about_a_password_is_no_password() {
        for name in [
            "password_changed_at",
            "reset_password_token",
            "resetPasswordToken",
            "password_hint",
            "last_password_change",
            "password_expires",
            "force_password_change",
            "password_reset_requested_at",
            "email",
            "id",
            "n",
            "name",
            "passport_number",
            "pass_count",
            "encrypted_otp_secret",
            "file_hash_path",
            "password_updated_at",
            "compass",
            "is_password_set",
            "passed",
            "user",
            "customers",
            "",
        ] {
            assert_eq!(role_of(name), None, "{name}");
        }
    }

    #[test]
    fn every_name_stands_once_as_it_is_compared() {
        let mut seen = std::collections::HashSet::new();
        for name in NAMES.iter().flat_map(|(_, names)| names.split_whitespace()) {
            assert!(seen.insert(name), "{name} stands twice");
            assert_eq!(bare(name), name);
        }
    }

    #[test]
    fn columns_together_give_a_system_away() {
        let of = |names: &[&str]| giveaways(names.iter().copied()).first().copied();
        assert_eq!(of(&["id", "email", "password", "fs_uniquifier"]), Some(Hint::PreHashed("flask-security")));
        assert_eq!(
            of(&["password_hash", "reset_hash", "activate_hash", "force_pass_reset"]),
            Some(Hint::PreHashed("bcrypt-sha384"))
        );
        assert_eq!(of(&["id_member", "member_name", "passwd"]), Some(Hint::PreHashed("smf-bcrypt")));
        assert_eq!(of(&["login", "email", "password", "superuser_access"]), Some(Hint::PreHashed("bcrypt-digest")));
        assert_eq!(of(&["id", "email", "password"]), None);
    }
}
