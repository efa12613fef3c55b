//! What a session shows of the client's `User-Agent`: the common ones, in the words of Matomo's device detector.

/// What was recognised; empty where nothing was.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Agent<'a> {
    pub os_code: &'static str,
    pub os_name: &'static str,
    pub os_version: String,
    pub client_type: &'static str,
    pub client_code: &'static str,
    pub client_name: &'static str,
    pub client_version: &'a str,
    pub engine: &'static str,
    pub engine_version: &'a str,
    pub device: &'static str,
}

/// Browsers: token, code, name, engine; the first that is found counts.
const BROWSERS: &[(&str, &str, &str, &str)] = &[
    ("Edg/", "PS", "Microsoft Edge", "Blink"),
    ("OPR/", "OP", "Opera", "Blink"),
    ("SamsungBrowser/", "SB", "Samsung Browser", "Blink"),
    ("Firefox/", "FF", "Firefox", "Gecko"),
    ("Chrome/", "CH", "Chrome", "Blink"),
    ("Version/", "SF", "Safari", "WebKit"),
];

/// Libraries: token and name.
const LIBRARIES: &[(&str, &str)] = &[
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("python-requests/", "Python Requests"),
    ("Python-urllib/", "Python urllib"),
    ("axios/", "Axios"),
    ("node-fetch/", "Node Fetch"),
    ("okhttp/", "OkHttp"),
    ("Go-http-client/", "Go-http-client"),
    ("GuzzleHttp/", "Guzzle (PHP HTTP Client)"),
    ("PostmanRuntime/", "Postman Desktop"),
];

/// Systems: token, code, name, device; the first that is found counts.
const SYSTEMS: &[(&str, &str, &str, &str)] = &[
    ("Windows NT ", "WIN", "Windows", "desktop"),
    ("iPhone OS ", "IOS", "iOS", "smartphone"),
    ("CPU OS ", "IOS", "iPadOS", "tablet"),
    ("Android ", "AND", "Android", "smartphone"),
    ("Mac OS X ", "MAC", "Mac", "desktop"),
    ("Linux", "LIN", "GNU/Linux", "desktop"),
];

/// Recognises a client.
pub fn detect(user_agent: &str) -> Agent<'_> {
    let version_after = |token: &str| user_agent.split_once(token).map(|(_, rest)| two_parts(rest));
    for (token, name) in LIBRARIES {
        if let Some(version) = version_after(token) {
            return Agent { client_type: "library", client_name: name, client_version: version, ..Agent::default() };
        }
    }
    let Some((browser, version)) = BROWSERS.iter().find_map(|b| Some((b, version_after(b.0)?))) else {
        return Agent::default();
    };
    let mut agent = Agent {
        client_type: "browser",
        client_code: browser.1,
        client_name: browser.2,
        client_version: version,
        engine: browser.3,
        engine_version: version,
        ..Agent::default()
    };
    if let Some((token, code, name, device)) = SYSTEMS.iter().find(|s| user_agent.contains(s.0)) {
        agent.os_code = code;
        agent.os_name = name;
        agent.device = device;
        agent.os_version = version_after(token).unwrap_or_default().replace('_', ".");
    }
    agent
}

/// The first two numbers of a version.
fn two_parts(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let version = &text[..end];
    match version.match_indices(['.', '_']).nth(1) {
        Some((second, _)) => &version[..second],
        None => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_browsers_are_told_apart() {
        let curl = detect("curl/7.88.1");
        assert_eq!((curl.client_type, curl.client_name, curl.client_version), ("library", "curl", "7.88"));
        let mac = detect(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
        );
        assert_eq!(
            (mac.client_code, mac.client_version, mac.os_name, mac.os_version.as_str()),
            ("SF", "17.4", "Mac", "10.15")
        );
        assert_eq!(detect("something/1.0"), Agent::default());
    }
}
