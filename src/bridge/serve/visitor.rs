//! Whose request it is, where proxies stand in between: what anybody else says of where they come from counts for nothing.

use std::net::IpAddr;

use hyper::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

/// What proxies say of the request that they pass on.
const SAID: [HeaderName; 6] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
];
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl FromIterator<IpNet> for Proxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        Self(nets.into_iter().collect())
    }
}

/// `10.0.0.0/8`, or one address.
///
/// # Errors
/// What it should look like.
pub fn net(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| one()).map_err(|_| "neither an address nor a network like 172.16.0.0/12".to_owned())
}

impl Proxies {
    /// Whether what comes from here says truly for whom.
    #[must_use]
    pub fn trust(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|net| net.contains(&peer))
    }

    /// The address of whoever asks. Proxies add what they see at the end of the list, so it is read from there, as far as
    /// those who wrote it are believed.
    #[must_use]
    pub fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut visitor = peer.to_canonical();
        let lines: Vec<&str> = headers.get_all(FOR).iter().filter_map(|line| line.to_str().ok()).collect();
        for address in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trust(visitor) {
                break;
            }
            let Ok(address) = address.trim().parse::<IpAddr>() else { break };
            visitor = address.to_canonical();
        }
        visitor
    }

    /// Makes the headers say who asks, and nothing that nobody vouches for. Appwrite believes the leftmost address, so that
    /// there is one.
    pub fn vouch(&self, peer: IpAddr, headers: &mut HeaderMap) {
        let visitor = self.visitor(peer, headers);
        if !self.trust(peer) {
            for name in SAID {
                headers.remove(name);
            }
            headers.remove(FORWARDED);
        }
        if let Ok(value) = HeaderValue::from_str(&visitor.to_string()) {
            headers.insert(FOR, value);
        }
    }

    /// Whether this seems to be a proxy that nobody has told us to believe: everybody behind it is one visitor then.
    #[must_use]
    pub fn seems_untold(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        headers.contains_key(FOR) && !self.trust(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn said(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (FOR, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn only_those_who_are_believed_say_for_whom_they_ask() {
        let proxies: Proxies = ["10.0.0.0/8", "::1"].into_iter().map(|text| net(text).expect("a network")).collect();
        for (peer, lines, visitor) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.2", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.2", &[], "10.0.0.2"),
            // What stands before the last that somebody believed has seen was sent by the visitor.
            ("10.0.0.2", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.2", &["127.0.0.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.0.0.2", &["192.0.2.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.2", &["198.51.100.1, nobody"], "10.0.0.2"),
            ("10.0.0.2", &["10.0.0.3"], "10.0.0.3"),
            ("::1", &["2001:db8::1"], "2001:db8::1"),
            ("::ffff:10.0.0.2", &["198.51.100.1"], "198.51.100.1"),
        ] {
            assert_eq!(proxies.visitor(address(peer), &said(lines)), address(visitor), "{peer} {lines:?}");
        }
        assert_eq!(Proxies::default().visitor(address("127.0.0.1"), &said(&["1.2.3.4"])), address("127.0.0.1"));
    }

    #[test]
    fn what_nobody_vouches_for_is_not_passed_on() {
        let proxies: Proxies = [net("10.0.0.0/8").expect("a network")].into_iter().collect();
        let mut headers = said(&["1.2.3.4"]);
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        headers.insert(FORWARDED, HeaderValue::from_static("for=1.2.3.4"));
        let mut believed = headers.clone();
        proxies.vouch(address("203.0.113.9"), &mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[FOR], "203.0.113.9");
        proxies.vouch(address("10.1.1.1"), &mut believed);
        assert_eq!((believed.len(), &believed[FOR]), (3, &HeaderValue::from_static("1.2.3.4")));
    }
}
