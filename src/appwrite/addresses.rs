//! What Appwrite notes of an e-mail address from 1.9 on, its canonical form and which kind of provider it is at; and the
//! policies of a project that go by it.

use crate::code::Code;

/// Which addresses a project refuses, with 400 `user_email_…`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub struct EmailPolicies {
    /// `deny-disposable-email`
    pub disposable: bool,
    /// `deny-free-email`
    pub free: bool,
    /// `deny-aliased-email`
    pub aliased: bool,
    /// `deny-corporate-email`: which lets in corporate ones alone.
    pub not_corporate: bool,
}

impl EmailPolicies {
    /// Why an address would be refused. The server knows more providers than are known here: those it refuses are these at
    /// least.
    #[must_use]
    pub fn refuse(self, email: &str) -> Option<Code> {
        let address = Address::parse(email)?;
        [
            (Code::EmailDisposable, self.disposable && address.is_disposable()),
            (Code::EmailFree, self.free && address.is_free()),
            (Code::EmailAliased, self.aliased && !address.is_canonical()),
            (Code::EmailNotCorporate, self.not_corporate && !address.is_corporate()),
        ]
        .into_iter()
        .find_map(|(code, refused)| refused.then_some(code))
    }
}

/// An address in parts.
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// Trims, lower-cases and splits; `None` where the server finds nothing to say.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']).to_lowercase();
        let (local, domain) = lower.split_once('@')?;
        let empty = |part: &str| part.is_empty() || part == "0";
        if domain.contains('@') || empty(local) || empty(domain) {
            return None;
        }
        Some(Self { local: local.to_owned(), domain: domain.to_owned() })
    }

    /// The address that all spellings of a mailbox share: providers that own several domains have one of them, and Gmail
    /// knows neither dots nor what follows a `+`.
    pub fn canonical(&self) -> String {
        let domain = PROVIDERS.iter().find(|(_, domains)| domains.contains(&self.domain.as_str()));
        let domain = domain.map_or(self.domain.as_str(), |(canonical, _)| canonical);
        if domain == "gmail.com" {
            let local = self.local.replace('.', "");
            let local = match local.find('+') {
                Some(plus) if plus > 0 => &local[..plus],
                _ => &local,
            };
            return format!("{local}@{domain}");
        }
        format!("{}@{domain}", self.local)
    }

    /// Whether it is written in its canonical form.
    pub fn is_canonical(&self) -> bool {
        self.canonical() == format!("{}@{}", self.local, self.domain)
    }

    /// At a provider that gives mailboxes away.
    pub fn is_free(&self) -> bool {
        !self.is_disposable() && FREE.contains(&self.domain.as_str())
    }

    /// At a provider of throw-away mailboxes.
    pub fn is_disposable(&self) -> bool {
        DISPOSABLE.contains(&self.domain.as_str())
    }

    /// At neither.
    pub fn is_corporate(&self) -> bool {
        !self.is_free() && !self.is_disposable()
    }
}

/// Providers with several domains: the canonical one, and all.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("gmail.com", &["gmail.com", "googlemail.com"]),
    ("outlook.com", &["outlook.com", "hotmail.com", "live.com", "outlook.co.uk", "hotmail.co.uk", "live.co.uk"]),
    ("yahoo.com", &["yahoo.com", "yahoo.co.uk", "yahoo.ca", "ymail.com", "rocketmail.com"]),
    ("icloud.com", &["icloud.com", "me.com", "mac.com"]),
    ("protonmail.com", &["protonmail.com", "proton.me", "pm.me"]),
    ("fastmail.com", &["fastmail.com", "fastmail.fm"]),
];

/// The widely used free providers. The server's list has thousands; the sandbox knows those that exports are full of.
#[rustfmt::skip]
const FREE: &[&str] = &[
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr",
    "hotmail.de", "hotmail.it", "hotmail.es", "live.co.uk", "live.fr", "live.nl", "outlook.fr", "outlook.de", "outlook.es",
    "outlook.co.uk", "yahoo.com", "yahoo.co.uk", "yahoo.ca", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.co.in",
    "yahoo.co.jp", "yahoo.com.br", "yahoo.com.au", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com",
    "aol.com", "protonmail.com", "proton.me", "pm.me", "fastmail.com", "fastmail.fm", "zoho.com", "mail.com", "gmx.com",
    "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "posteo.de", "yandex.com", "yandex.ru",
    "mail.ru", "inbox.ru", "list.ru", "bk.ru", "rambler.ru", "qq.com", "163.com", "126.com", "sina.com", "sohu.com",
    "naver.com", "daum.net", "hanmail.net", "orange.fr", "free.fr", "laposte.net", "wanadoo.fr", "sfr.fr", "libero.it",
    "virgilio.it", "tiscali.it", "seznam.cz", "centrum.cz", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "uol.com.br",
    "bol.com.br", "terra.com.br", "rediffmail.com", "tutanota.com", "tuta.io", "hushmail.com", "inbox.com", "walla.com",
    "walla.co.il", "btinternet.com", "comcast.net", "att.net", "verizon.net", "cox.net", "bluewin.ch", "telenet.be",
    "skynet.be", "ukr.net", "abv.bg", "zohomail.com", "lycos.com", "excite.com", "juno.com",
];

/// The best known throw-away providers.
#[rustfmt::skip]
const DISPOSABLE: &[&str] = &[
    "mailinator.com", "guerrillamail.com", "guerrillamail.net", "guerrillamail.org", "guerrillamail.biz", "sharklasers.com",
    "grr.la", "10minutemail.com", "10minutemail.net", "tempmail.com", "temp-mail.org", "tempmail.net", "throwawaymail.com",
    "trashmail.com", "trashmail.de", "trashmail.net", "yopmail.com", "yopmail.fr", "yopmail.net", "getnada.com", "nada.email",
    "maildrop.cc", "dispostable.com", "fakeinbox.com", "mailnesia.com", "mintemail.com", "mohmal.com", "mytemp.email",
    "spamgourmet.com", "tempail.com", "tempinbox.com", "tempr.email", "discard.email", "discardmail.com", "emailondeck.com",
    "moakt.com", "mailcatch.com", "mailnull.com", "mailexpire.com", "spam4.me", "inboxkitten.com", "burnermail.io",
    "33mail.com", "anonbox.net", "deadaddress.com", "spambox.us", "jetable.org", "wegwerfmail.de", "byom.de", "einrot.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_follow_the_provider() {
        let canonical = |text| Address::parse(text).map(|a| a.canonical());
        assert_eq!(canonical("First.Last+x@GoogleMail.com").as_deref(), Some("firstlast@gmail.com"));
        assert_eq!(canonical("a.b+c@hotmail.com").as_deref(), Some("a.b+c@outlook.com"));
        assert_eq!(canonical(" u.x@example.org").as_deref(), Some("u.x@example.org"));
        assert!(canonical("0@example.org").is_none() && canonical("").is_none());
    }

    #[test]
    fn policies_name_what_they_refuse() {
        let all = EmailPolicies { disposable: true, free: true, aliased: true, not_corporate: true };
        assert_eq!(all.refuse("a@mailinator.com"), Some(Code::EmailDisposable));
        assert_eq!(all.refuse("a@web.de"), Some(Code::EmailFree));
        assert_eq!(
            EmailPolicies { aliased: true, ..Default::default() }.refuse("a.b@gmail.com"),
            Some(Code::EmailAliased)
        );
        assert_eq!(
            EmailPolicies { not_corporate: true, ..Default::default() }.refuse("a@web.de"),
            Some(Code::EmailNotCorporate)
        );
        assert_eq!(all.refuse("a@example.org"), None);
        assert_eq!(EmailPolicies::default().refuse("a@mailinator.com"), None);
    }

    #[test]
    fn providers_are_one_of_three_kinds() {
        let kinds = |text| Address::parse(text).map(|a| (a.is_free(), a.is_disposable(), a.is_corporate()));
        assert_eq!(kinds("a@gmail.com"), Some((true, false, false)));
        assert_eq!(kinds("a@mailinator.com"), Some((false, true, false)));
        assert_eq!(kinds("a@example.org"), Some((false, false, true)));
    }
}
