//! Which column is which member: rehome's own names, and the usual other ones without regard to case and separators.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::format::ColumnList;
use crate::scheme::columns::{ColumnRole, role_of};
use crate::source::Fate;
use crate::source::kit::shape::{CREATED, EMAIL_VERIFIED, NAME_PART, PHONE_VERIFIED};

/// How many members there are.
pub(super) const COUNT: usize = 28;

const HASH_PARAMETER: Fate = Fate::Transformed { to: "password", how: "in the form its endpoint takes" };

/// Every member that is understood, with what becomes of it and under which other names it comes, the best first.
pub(super) const MEMBERS: [(&str, Fate, &str); COUNT] = [
    ("id", Fate::Carried("id"), "_id $id userid uid uuid guid useruuid userguid pk localid objectid sub"),
    (
        "email",
        Fate::Carried("email"),
        "emailaddress mail useremail usermail primaryemail primaryemailaddress mailaddress emailaddr \
         memberemail accountemail loginemail customeremail customersemailaddress contactemail correo courriel \
         emailadresse benutzeremail kundenemail emailadres epost epostadress adresseemail adressemail adresseelectronique \
         correoelectronico emailusuario emailutente indirizzoemail posta enderecodeemail emailcliente",
    ),
    (
        "email_verified",
        EMAIL_VERIFIED,
        "isemailverified emailisverified emailconfirmed isemailconfirmed emailverifiedat emailconfirmedat \
         confirmedat verifiedat isverified verified isconfirmed confirmed",
    ),
    (
        "phone",
        Fate::Carried("phone"),
        "phonenumber mobile mobilephone mobilenumber telephone tel primaryphone primaryphonenumber cellphone phoneno \
         mobileno telefon telefono teléfono telefone handy handynummer telefonnummer celular movil móvil msisdn gsm",
    ),
    (
        "phone_verified",
        PHONE_VERIFIED,
        "isphoneverified phonenumberverified phoneconfirmed phonenumberconfirmed phoneverifiedat phoneconfirmedat",
    ),
    ("name", Fate::Carried("name"), "fullname displayname realname"),
    ("enabled", Fate::Carried("enabled"), "isenabled"),
    ("labels", Fate::Carried("labels"), ""),
    ("prefs", Fate::Carried("prefs"), ""),
    (
        "created_at",
        CREATED,
        "created createdon createdate createddate datecreated datejoined joinedat joined dateadded dateadd \
         registeredat fechaalta fecharegistro fechacreacion registered registrationdate registerdate signupdate signupat signedupat signuptime creationdate createtime",
    ),
    ("password_hash", Fate::Carried("password"), ""),
    ("password_scheme", HASH_PARAMETER, ""),
    ("password_salt", HASH_PARAMETER, ""),
    ("password_salt_encoding", HASH_PARAMETER, ""),
    ("scrypt_n", HASH_PARAMETER, ""),
    ("scrypt_r", HASH_PARAMETER, ""),
    ("scrypt_p", HASH_PARAMETER, ""),
    ("scrypt_length", HASH_PARAMETER, ""),
    ("signer_key", HASH_PARAMETER, ""),
    ("salt_separator", HASH_PARAMETER, ""),
    ("rounds", HASH_PARAMETER, ""),
    ("mem_cost", HASH_PARAMETER, ""),
    ("iterations", HASH_PARAMETER, ""),
    ("password", Fate::Transformed { to: "password", how: "a hash, or plain text where no cell looks like one" }, ""),
    ("plain_password", Fate::Transformed { to: "password", how: "plain text, hashed by Appwrite" }, ""),
    (
        "username",
        Fate::Transformed {
            to: "email",
            how: "where it is an address and there is no other; a name stays in prefs where there is no address",
        },
        "userlogin login loginname signinname uname nick nickname handle",
    ),
    (
        "first_name",
        NAME_PART,
        "givenname fname forename vorname prenom nombre nome imie prenume etunimi fornavn fornamn voornaam jmeno first",
    ),
    (
        "last_name",
        NAME_PART,
        "familyname lname surname nachname apellido apellidos nom nazwisko sobrenome cognome achternaam efternamn etternavn efternavn sukunimi prijmeni soyad last",
    ),
];

/// The places of what else is asked of the list by number.
pub(super) mod at {
    pub const ID: usize = 0;
    pub const EMAIL: usize = 1;
    pub const PHONE: usize = 3;
    pub const HASH: usize = 10;
    pub const SCHEME: usize = 11;
    pub const ITERATIONS: usize = 22;
    pub const PASSWORD: usize = 23;
    pub const PLAIN: usize = 24;
    pub const USERNAME: usize = 25;
}

/// The members as every record is asked for them.
pub(super) static COLUMNS: ColumnList<COUNT> = ColumnList::with_aliases(
    {
        let (mut names, mut n) = ([""; COUNT], 0);
        while n < COUNT {
            names[n] = MEMBERS[n].0;
            n += 1;
        }
        names
    },
    alias,
);

/// The member that another name stands for. Names of credentials come from the one list of them.
fn alias(column: &str) -> Option<(usize, u8)> {
    static ALIASES: LazyLock<HashMap<String, (usize, u8)>> = LazyLock::new(|| {
        let mut aliases = HashMap::new();
        for (at, (name, _, others)) in MEMBERS.iter().enumerate() {
            let names = std::iter::once(*name).chain(others.split_whitespace());
            for (rank, name) in names.enumerate() {
                aliases.entry(folded(name)).or_insert((at, rank as u8 + 1));
            }
        }
        aliases
    });
    // No name of the list is longer, and what is may be a file's first row of data.
    if column.len() > 48 {
        return None;
    }
    let folded = folded(column);
    if let Some(&found) = ALIASES.get(&folded) {
        return Some(found);
    }
    let at = match role_of(column)? {
        ColumnRole::Hash => at::HASH,
        ColumnRole::Scheme => at::SCHEME,
        ColumnRole::Salt => 12,
        ColumnRole::SaltEncoding => 13,
        ColumnRole::ScryptN => 14,
        ColumnRole::ScryptR => 15,
        ColumnRole::ScryptP => 16,
        ColumnRole::ScryptLength => 17,
        ColumnRole::SignerKey => 18,
        ColumnRole::SaltSeparator => 19,
        ColumnRole::Rounds => 20,
        ColumnRole::MemCost => 21,
        ColumnRole::Password => at::PASSWORD,
        ColumnRole::Plain => at::PLAIN,
        ColumnRole::Iterations => at::ITERATIONS,
    };
    // What is called `hash` and no more is one only where nothing better is.
    Some((at, if folded.starts_with("hash") && folded.len() < 8 { 200 } else { 100 }))
}

/// The member that a column of this name is read as, and how good a name it is for that: 0 is the member's own.
pub(in crate::source) fn member(column: &str) -> Option<(&'static str, u8)> {
    COLUMNS.place(column).map(|(at, rank)| (MEMBERS[at].0, rank))
}

/// A name without case and separators.
pub(in crate::source) fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '$').map(|c| c.to_ascii_lowercase()).collect()
}

/// What each of a table's columns becomes: of two that stand for one member, one is read.
pub(super) fn fates(columns: &[String]) -> Vec<Fate> {
    let mut fates = vec![UNKNOWN; columns.len()];
    for (at, place) in COLUMNS.among(columns).into_iter().enumerate() {
        if let Some(fate) = fates.get_mut(place as usize) {
            *fate = MEMBERS[at].1.clone();
        }
    }
    fates
}

/// What becomes of a column whatever stands beside it.
pub(super) fn fate(column: &str) -> Fate {
    match COLUMNS.place(column) {
        Some((at, _)) => MEMBERS[at].1.clone(),
        None => UNKNOWN,
    }
}

const UNKNOWN: Fate = Fate::Dropped { why: "not a member of generic exports; use --map to carry it" };
