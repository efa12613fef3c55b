//! Every password scheme rehome knows by name: what it becomes on Appwrite, or why nothing.
//!
//! `rehome schemes` prints this table and the resolver takes its names and reasons from it, so they cannot disagree.

use std::sync::LazyLock;

use crate::appwrite::{Endpoint, Profile};
use crate::bytes::every;
use crate::names::Names;

/// A password scheme.
#[derive(Debug)]
pub struct Scheme {
    /// The name for `--scheme`, `password_scheme` and reports.
    pub name: &'static str,
    /// Other spellings that are understood. Case, `-`, `_`, `/`, `.`, `+` and blanks never matter.
    pub aliases: &'static [&'static str],
    /// What it is, and what its strings look like, in one line.
    pub title: &'static str,
    /// The endpoint that takes it, or the reason why none does.
    pub becomes: Becomes,
    /// What a person should know of it; empty where nothing.
    pub note: &'static str,
}

/// The endpoint that takes a scheme's hashes, or the reason why none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Becomes {
    /// This endpoint verifies it.
    Endpoint(Endpoint),
    /// This endpoint verifies it up to 1.8.0; from 1.8.1 the create answers 500.
    UntilTruncatedShaWasDropped(Endpoint),
    /// `/users/scrypt` where the salt is text; `/users/scrypt-modified` where it is binary and N, r, p are 16384, 8, 1.
    Scrypt,
    /// The string itself says which scheme it is.
    Itself,
    /// No endpoint verifies it, because ….
    Nothing(&'static str),
}

impl Scheme {
    /// The endpoint on this version (`None` where the string decides), or why there is none.
    ///
    /// # Errors
    /// The reason, as a sentence without its end.
    pub const fn on(&self, profile: &Profile) -> Result<Option<Endpoint>, &'static str> {
        match self.becomes {
            Becomes::Endpoint(endpoint) => Ok(Some(endpoint)),
            Becomes::Scrypt => Ok(Some(Endpoint::Scrypt)),
            Becomes::Itself => Ok(None),
            Becomes::UntilTruncatedShaWasDropped(endpoint) if profile.sha512_truncated => Ok(Some(endpoint)),
            Becomes::UntilTruncatedShaWasDropped(_) => {
                Err("Appwrite lists this version of SHA-512 but answers 500 to it from 1.8.1 on")
            }
            Becomes::Nothing(why) => Err(why),
        }
    }

    /// Whether the name is that of a system whose strings may be of several schemes, so that a string which says itself
    /// what it is does not contradict it.
    pub(super) fn is_system(&self) -> bool {
        matches!(self.name, "better-auth" | "lucia" | "lucia-v1" | "werkzeug" | "ldap")
    }
}

/// The scheme of this name or alias.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scheme> {
    // As the table writes them, which is how most exports do, and as all spellings of one name read alike.
    static SPELLINGS: LazyLock<(Names, Vec<&'static Scheme>)> = LazyLock::new(|| {
        let names = |scheme: &'static Scheme| std::iter::once(&scheme.name).chain(scheme.aliases);
        let spellings = |name: &str| [name.to_owned(), bare(name)];
        let all = SCHEMES.iter().flat_map(|scheme| names(scheme).map(move |name| (name, scheme)));
        let (names, schemes) =
            all.flat_map(|(name, scheme)| spellings(name).map(|spelling| (spelling, scheme))).unzip();
        (Names::new(names), schemes)
    });
    let (spellings, schemes) = &*SPELLINGS;
    let other_spelling = || if is_bare(name) { None } else { spellings.index(&bare(name)) };
    let found = spellings.index(name).or_else(other_spelling).or_else(|| {
        // No PBKDF2 maps, whichever digest it runs.
        let pbkdf2 = name.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("pbkdf2"));
        if pbkdf2 { spellings.index("pbkdf2") } else { None }
    });
    found.map(|index| schemes[index])
}

/// Whether a name has neither.
fn is_bare(name: &str) -> bool {
    every(name.as_bytes(), |b| !b.is_ascii_uppercase() && !matches!(b, b'-' | b'_' | b'/' | b'.' | b'+' | b' '))
}

/// A name without case and separators.
fn bare(name: &str) -> String {
    let mut bare = String::with_capacity(name.len());
    bare.extend(
        name.chars().filter(|c| !matches!(c, '-' | '_' | '/' | '.' | '+' | ' ')).map(|c| c.to_ascii_lowercase()),
    );
    bare
}

/// The scheme of exactly this name, which the caller took from the table.
pub(super) fn reason(name: &str, profile: &Profile) -> &'static str {
    find(name).and_then(|s| s.on(profile).err()).unwrap_or("no endpoint verifies it")
}

/// Bytes of every scheme whose strings are nothing but so many bytes.
const LENGTHS: [(&str, usize); 13] = [
    ("md5", 16),
    ("discourse", 32),
    ("sha1", 20),
    ("sha224", 28),
    ("sha256", 32),
    ("sha384", 48),
    ("sha512", 64),
    ("sha512/224", 28),
    ("sha512/256", 32),
    ("sha3-224", 28),
    ("sha3-256", 32),
    ("sha3-384", 48),
    ("sha3-512", 64),
];

/// How many bytes a string of this scheme stands for, where that is all its shape.
pub(crate) fn digest_length(scheme: &str) -> Option<usize> {
    LENGTHS.iter().find(|(name, _)| *name == scheme).map(|&(_, length)| length)
}

/// The scheme of a digest of this many bytes with a salt beside it or in it.
pub(super) const fn salted_digest(bytes: usize) -> &'static str {
    match bytes {
        16 => "salted-md5",
        20 => "salted-sha1",
        32 => "salted-sha256",
        48 => "salted-sha384",
        64 => "salted-sha512",
        _ => "salted-digest",
    }
}

const NO_SALT: &str = "Appwrite's /md5 and /sha hash the bare password; a salt has no place there";
const NO_PBKDF2: &str = "Appwrite has no PBKDF2 endpoint";
const NO_HMAC: &str = "Appwrite computes no HMAC";
const PRE_HASHED: &str =
    "it is bcrypt of a digest of the password, and Appwrite would run bcrypt on the password itself";
const PEPPERED: &str = "a secret of the application is hashed with the password, and Appwrite does not know it";
const NO_DIGEST: &str = "none of Appwrite's endpoints computes this digest";
const NESTED: &str = "Appwrite hashes the password once; a digest of a digest never matches";
const PHP_CRYPT: &str = "PHP's crypt(), which Appwrite asks, does not know it";
const NOT_FOR_USERS: &str = "it is a database's or device's own scheme, which no Appwrite endpoint computes";

const fn maps(
    name: &'static str,
    aliases: &'static [&'static str],
    title: &'static str,
    endpoint: Endpoint,
    note: &'static str,
) -> Scheme {
    Scheme { name, aliases, title, becomes: Becomes::Endpoint(endpoint), note }
}

const fn scrypt(
    name: &'static str,
    aliases: &'static [&'static str],
    title: &'static str,
    note: &'static str,
) -> Scheme {
    Scheme { name, aliases, title, becomes: Becomes::Scrypt, note }
}

const fn none(name: &'static str, aliases: &'static [&'static str], title: &'static str, why: &'static str) -> Scheme {
    Scheme { name, aliases, title, becomes: Becomes::Nothing(why), note: "" }
}

const DIGEST: &str = "unsalted only; hexadecimal in either case or base64";
const TRUNCATED: &str = "unsalted only; refused from 1.8.1 on, where the create answers 500";
const NFKC: &str = "the source hashes the NFKC form of a password; Appwrite hashes it as typed";

/// All schemes: first what maps, then what does not.
#[rustfmt::skip]
pub static SCHEMES: &[Scheme] = &[
    maps("plain", &["plaintext", "noop", "clear", "cleartext"], "a password in plain text; {noop}, {PLAIN}", Endpoint::Plain,
        "Appwrite hashes it itself; 8 to 256 bytes"),
    maps("bcrypt", &["bcrypt2a", "bcrypt2b", "bcrypt2y", "bcrypt2x", "blowfish", "blfcrypt"],
        "bcrypt of the bare password: $2a$ $2b$ $2y$ $2x$", Endpoint::Bcrypt,
        "as it is, no relabelling; only the first 72 bytes of a password count until the first login"),
    maps("argon2", &["argon2id", "argon2i"], "Argon2id and Argon2i in PHC form; also of Django, Keycloak, Magento 2",
        Endpoint::Argon2, "parameters are put in the order m, t, p and padding is stripped; never re-hashed by Appwrite"),
    maps("phpass", &["phpassp", "phpassh"], "portable phpass: $P$ (WordPress before 6.8), $H$ (phpBB 3.0)",
        Endpoint::Phpass, "WordPress trims a password before hashing it, phpBB escapes & < > in it"),
    maps("md5crypt", &["cryptmd5"], "MD5-crypt: $1$", Endpoint::Phpass, ""),
    maps("sha256crypt", &["cryptsha256"], "SHA-256-crypt: $5$", Endpoint::Phpass, "1,000 rounds or more"),
    maps("sha512crypt", &["cryptsha512"], "SHA-512-crypt: $6$", Endpoint::Phpass, "1,000 rounds or more"),
    maps("descrypt", &["des", "cryptdes"], "traditional DES crypt(3): 13 characters", Endpoint::Phpass,
        "only the first 8 characters of a password count until the first login"),
    maps("bsdicrypt", &["bsdi", "extdes"], "BSDi's extended DES crypt(3): _ and 19 characters", Endpoint::Phpass, ""),
    Scheme { name: "crypt", aliases: &["unixcrypt", "crypt3"], title: "any string of crypt(3)", becomes: Becomes::Itself,
        note: "the string says which" },
    Scheme { name: "ldap", aliases: &["rfc2307", "dovecot", "spring"], title: "any string with its scheme in braces",
        becomes: Becomes::Itself, note: "the string says which" },
    maps("md5", &["plainmd5", "ldapmd5", "unsaltedmd5"], "MD5 of the bare password", Endpoint::Md5, DIGEST),
    maps("sha1", &["sha", "unsaltedsha1"], "SHA-1 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha224", &["sha2224"], "SHA-224 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha256", &["sha2256"], "SHA-256 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha384", &["sha2384"], "SHA-384 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha512", &["sha2512"], "SHA-512 of the bare password", Endpoint::Sha, DIGEST),
    Scheme { name: "sha512/224", aliases: &[], title: "SHA-512/224 of the bare password",
        becomes: Becomes::UntilTruncatedShaWasDropped(Endpoint::Sha), note: TRUNCATED },
    Scheme { name: "sha512/256", aliases: &[], title: "SHA-512/256 of the bare password",
        becomes: Becomes::UntilTruncatedShaWasDropped(Endpoint::Sha), note: TRUNCATED },
    maps("sha3-224", &[], "SHA3-224 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha3-256", &[], "SHA3-256 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha3-384", &[], "SHA3-384 of the bare password", Endpoint::Sha, DIGEST),
    maps("sha3-512", &[], "SHA3-512 of the bare password", Endpoint::Sha, DIGEST),
    scrypt("scrypt", &["djangoscrypt", "springscrypt", "passlibscrypt", "nodescrypt", "crypt7"],
        "scrypt with its parameters: columns, Django, Spring, PHC $scrypt$, crypt(3) $7$",
        "a binary salt maps only for N=16384 r=8 p=1, through /users/scrypt-modified"),
    scrypt("better-auth", &["betterauthscrypt"], "better-auth: salt:key, scrypt N=16384 r=16 p=1, the salt's hex as text", NFKC),
    scrypt("lucia", &["oslo", "osloscrypt", "lucias2scrypt", "luciav2", "luciav3"],
        "Lucia v2 (s2:salt:key), v3 and Oslo (salt:key): scrypt N=16384 r=16 p=1, the salt as text", NFKC),
    scrypt("lucia-v1", &["lucialegacy"], "Lucia v1: salt:key, scrypt N=16384 r=8 p=1, the salt as text", NFKC),
    scrypt("werkzeug", &["scryptwerkzeug", "werkzeugscrypt"], "Werkzeug: scrypt:N:r:p$salt$hex", ""),
    scrypt("node-crypto", &["nodecryptoscrypt"],
        "scrypt of Node's crypto with its defaults (N=16384 r=8 p=1), joined with its salt: hash.salt, salt:hash", "the salt as text"),
    maps("firebase-scrypt", &["firebase", "scryptfirebase", "fbscrypt", "scryptmodified"],
        "Firebase's scrypt, with the project's parameters; Supabase's $fbscrypt$", Endpoint::ScryptModified,
        "rounds 8 and mem_cost 14 only; on 1.4 passwords beyond ASCII fail"),

    none("wp-bcrypt", &["wordpressbcrypt", "wordpress68"], "WordPress 6.8 and newer: $wp$2y$",
        "bcrypt runs on an HMAC-SHA384 of the password; without its $wp the hash would import and never verify"),
    none("meteor", &[], "Meteor accounts-password: bcrypt of the SHA-256 in hex", PRE_HASHED),
    none("nodebb", &[], "NodeBB: bcrypt of the SHA-512 in hex", PRE_HASHED),
    none("bcrypt-sha256", &["bcryptsha256django", "passlibbcryptsha256", "djangobcryptsha256"],
        "passlib $bcrypt-sha256$, Django bcrypt_sha256$$", PRE_HASHED),
    none("bcrypt-sha512", &["dropbox", "requesttracker"], "bcrypt of a SHA-512 of the password: Dropbox, Request Tracker", PRE_HASHED),
    none("bcrypt-digest", &["bcryptmd5", "bcryptsha1"], "bcrypt of an MD5 or SHA-1 of the password", PRE_HASHED),
    none("double-bcrypt", &["woltlab", "wbb4", "wcf"], "Woltlab: bcrypt of a bcrypt", PRE_HASHED),
    none("bcrypt-sha384", &["mythauth", "codeigniterlegacy"], "Myth:Auth: bcrypt of the SHA-384 in base64", PRE_HASHED),
    none("bcrypt-salted", &["metabase", "sorcery"], "bcrypt of the password and a salt in a column of its own: Metabase, Sorcery",
        "bcrypt runs on password and salt, and Appwrite would run it on the password alone"),
    none("smf-bcrypt", &["smf21"], "SMF 2.1: bcrypt of the lower-cased member name and the password",
        "bcrypt runs on name and password, and Appwrite would run it on the password alone"),
    none("flask-security", &["flasksecuritytoo"], "Flask-Security: bcrypt, Argon2 or another of an HMAC-SHA512 of the password",
        "an HMAC under the application's SECURITY_PASSWORD_SALT is hashed in the place of the password"),
    none("bcrypt-peppered", &["devisepepper", "bcryptpepper"], "bcrypt of password and pepper (Devise with a pepper)", PEPPERED),
    none("argon2-peppered", &["argon2pepper", "argon2secret"], "Argon2 with a secret", PEPPERED),
    none("bcrypt-2", &["bcrypt2nominor"], "bcrypt without a minor version: $2$",
        "PHP's crypt() does not know it, and the original's handling of the terminating NUL differs from $2a$"),
    none("argon2d", &[], "Argon2d: $argon2d$", "PHP verifies Argon2i and Argon2id alone"),
    none("argon2-data", &["argon2iddata"], "Argon2 with associated data or a key id: data=, keyid=",
        "PHP passes neither to Argon2"),
    none("yescrypt", &[], "yescrypt: $y$", PHP_CRYPT),
    none("gost-yescrypt", &[], "gost-yescrypt: $gy$", PHP_CRYPT),
    none("sm3-yescrypt", &[], "yescrypt under SM3's HMAC: $sm3y$", PHP_CRYPT),
    none("sm3crypt", &[], "SM3-crypt: $sm3$", PHP_CRYPT),
    none("bcrypt-pbkdf", &["bcryptkdf"], "bcrypt as a key derivation: {BCRYPTKDF} of Zope", NO_DIGEST),
    none("scrypt-kdf", &["medusa"], "scrypt's own file header in base64: npm scrypt-kdf, Medusa",
        "its hash is an HMAC under the derived key, which Appwrite does not compute"),
    none("apr1", &["md5apache"], "Apache's MD5: $apr1$", PHP_CRYPT),
    none("sha1crypt", &[], "NetBSD's SHA1-crypt: $sha1$", PHP_CRYPT),
    none("sunmd5", &["sunmd5crypt"], "Sun's MD5-crypt: $md5$", PHP_CRYPT),
    none("bigcrypt", &["crypt16"], "bigcrypt and crypt16: DES of every 8 characters", PHP_CRYPT),
    none("drupal7", &[], "Drupal 7: $S$, U$S$, U$P$", "Appwrite's phpass knows MD5 alone; $S$ is SHA-512, U$ is a hash of a hash"),
    none("pbkdf2", &["pkcs5s2", "atlassian", "grub", "p5k2", "pbkdf2md5", "payload", "passportlocalmongoose"],
        "PBKDF2 of any kind", NO_PBKDF2),
    none("pbkdf2-sha1", &["pbkdf2hmacsha1"], "PBKDF2-HMAC-SHA1: Django, Werkzeug, passlib, Keycloak, RedwoodJS before 7", NO_PBKDF2),
    none("pbkdf2-sha256", &["pbkdf2hmacsha256", "pbkdf2sha256django"],
        "PBKDF2-HMAC-SHA256: Django, Werkzeug, passlib, Keycloak, Galaxy", NO_PBKDF2),
    none("pbkdf2-sha512", &["pbkdf2hmacsha512"], "PBKDF2-HMAC-SHA512: passlib, Keycloak", NO_PBKDF2),
    none("discourse", &[], "Discourse: PBKDF2-HMAC-SHA256 in hex", NO_PBKDF2),
    none("aspnet-identity", &["aspnet", "aspnetv2", "aspnetv3", "identityv3", "identityv2"],
        "ASP.NET Identity v2 and v3 (base64 of a marker byte, salt and PBKDF2)", NO_PBKDF2),
    none("salted-md5", &["md5salted", "smd5"],
        "MD5 with a salt: Joomla, vBulletin, MyBB, IPB, Magento 1, {SMD5}, MediaWiki :B:, DAViCal", NO_SALT),
    none("salted-sha1", &["sha1salted", "ssha", "ldapssha"], "SHA-1 with a salt: {SSHA}, Django sha1$, DAViCal", NO_SALT),
    none("salted-sha256", &["sha256salted", "ssha256", "xenforo1", "magento2sha256"],
        "SHA-256 with a salt: {SSHA256}, Magento 2 :1, XenForo 1, AuthMe", NO_SALT),
    none("salted-sha384", &["sha384salted", "ssha384"], "SHA-384 with a salt", NO_SALT),
    none("salted-sha512", &["sha512salted", "ssha512", "sha512symfony"], "SHA-512 with a salt: {SSHA512}, Symfony", NO_SALT),
    none("salted-digest", &["sunsalt"], "any other digest with a salt", NO_SALT),
    none("smf", &[], "SMF: SHA-1 of the lower-cased user name and the password", NO_SALT),
    none("prestashop", &[], "PrestaShop 1.6: MD5 of the shop's cookie key and the password", NO_SALT),
    none("mediawiki-pbkdf2", &[], "MediaWiki :pbkdf2:", NO_PBKDF2),
    none("magento2-chained", &[], "Magento 2 :1:2, Argon2 of a salted SHA-256", NESTED),
    none("nested-digest", &["doublemd5", "doublesha256", "md5phpass", "sha1md5", "doublesha1", "md5md5", "sha256sha256"],
        "a digest of a digest: md5(md5(…)), sha1(md5(…)), phpass of an MD5", NESTED),
    none("hmac", &[], "HMAC of any digest", NO_HMAC),
    none("hmac-md5", &["crammd5"], "HMAC-MD5", NO_HMAC),
    none("hmac-sha1", &["umbraco"], "HMAC-SHA1", NO_HMAC),
    none("hmac-sha256", &["hmacsha256utf16b64"], "HMAC-SHA256", NO_HMAC),
    none("hmac-sha512", &[], "HMAC-SHA512", NO_HMAC),
    none("utf16-digest", &["digestutf16", "sha256utf16", "sha256utf16le", "md5utf16"],
        "a digest of the password in UTF-16 or Latin-1", "Appwrite hashes the UTF-8 bytes that are typed"),
    none("ntlm", &["nt", "nthash", "bsdnthash"], "Windows NT hash: MD4 of UTF-16", NO_DIGEST),
    none("lm", &["lmhash", "lanman"], "LAN Manager hash", NO_DIGEST),
    none("msdcc", &["msdcc2", "dcc", "dcc2"], "Windows cached credentials", NO_DIGEST),
    none("md4", &[], "MD4 of the bare password", NO_DIGEST),
    none("ripemd160", &["ripemd"], "RIPEMD-160 of the bare password", NO_DIGEST),
    none("whirlpool", &[], "Whirlpool of the bare password", NO_DIGEST),
    none("blake2b-512", &["blake2b"], "BLAKE2b of the bare password", NO_DIGEST),
    none("blake2s-256", &["blake2s"], "BLAKE2s of the bare password", NO_DIGEST),
    none("keccak", &["keccak224", "keccak256", "keccak384", "keccak512"],
        "Keccak before it became SHA-3", "Appwrite computes SHA-3, whose padding differs"),
    none("streebog", &["gost"], "GOST R 34.11", NO_DIGEST),
    none("spring-standard", &["springstandardpasswordencoder"],
        "Spring's StandardPasswordEncoder: 80 hex digits of salt and an iterated SHA-256", NO_SALT),
    none("fshp", &[], "Fairly Secure Hashed Passwords: {FSHP…}", NO_PBKDF2),
    none("cram", &["digestmd5", "htdigest"], "challenge–response secrets: {CRAM-MD5}, {DIGEST-MD5}, htdigest",
        "the hash holds realm or key material besides the password"),
    none("scram", &["scramsha256", "scramsha1"], "SCRAM: PostgreSQL, MongoDB, XMPP, passlib $scram$", NO_PBKDF2),
    none("postgres-md5", &["pgmd5"], "PostgreSQL: md5 and the MD5 of password and user name", NOT_FOR_USERS),
    none("mysql323", &["mysqlold"], "MySQL before 4.1: 16 hex digits", NOT_FOR_USERS),
    none("mysql41", &["mysql", "mysqlnativepassword"], "MySQL 4.1: * and 40 hex digits", NOT_FOR_USERS),
    none("mysql-sha2", &["cachingsha2password"], "MySQL caching_sha2_password: $A$", NOT_FOR_USERS),
    none("mssql", &["mssql2000", "mssql2005", "mssql2012"], "Microsoft SQL Server: 0x0100…, 0x0200…", NOT_FOR_USERS),
    none("oracle", &["oracle10", "oracle11", "oracle12"], "Oracle: S:…, T:…", NOT_FOR_USERS),
    none("cisco", &["ciscotype4", "ciscotype7", "ciscotype8", "ciscotype9", "ciscopix", "ciscoasa"], "Cisco's types", NOT_FOR_USERS),
    none("srp", &["srp6", "srp6a", "srpverifier"], "SRP: a verifier and a salt in columns of their own", "an SRP verifier is no hash that an endpoint computes"),
    none("cognito", &["awscognito"], "Amazon Cognito", "Cognito exports no hashes"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::Version;

    #[test]
    fn every_name_and_alias_is_found_and_belongs_to_one_scheme() {
        let mut seen = std::collections::HashMap::new();
        for scheme in SCHEMES {
            for name in std::iter::once(&scheme.name).chain(scheme.aliases) {
                let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
                assert_eq!(seen.insert(bare, scheme.name), None, "{name} stands twice");
                assert_eq!(find(name).map(|s| s.name), Some(scheme.name), "{name}");
            }
            for alias in scheme.aliases {
                assert!(alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{alias}");
            }
        }
    }

    #[test]
    fn names_are_found_however_they_are_spelt() {
        for (spelling, name) in [
            ("SHA-256", "sha256"),
            ("sha512-256", "sha512/256"),
            ("SHA3_512", "sha3-512"),
            ("pbkdf2_sha256", "pbkdf2-sha256"),
            ("scrypt_firebase", "firebase-scrypt"),
            ("Argon2id", "argon2"),
            ("PBKDF2-HMAC-SHA384", "pbkdf2"),
        ] {
            assert_eq!(find(spelling).map(|s| s.name), Some(name));
        }
        for unknown in ["", "sha2", "bcryptt", "md6", "é"] {
            assert!(find(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn truncated_sha512_maps_up_to_1_8_0() {
        let scheme = find("sha512/256").expect("listed");
        assert_eq!(scheme.on(Version::new(1, 8, 0).profile()), Ok(Some(Endpoint::Sha)));
        assert!(scheme.on(Version::new(1, 8, 1).profile()).is_err());
    }
}
