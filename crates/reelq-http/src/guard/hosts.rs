//! The hosts that a user trusts besides the public internet.

use url::Url;

use crate::Error;

/// The entries of `[downloads] allow_hosts`.
#[derive(Debug, Clone, Default)]
pub(crate) struct HostList {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    host: String,
    subdomains: bool,
    port: Option<u16>,
}

impl HostList {
    pub(crate) fn parse(entries: &[String]) -> Result<Self, Error> {
        let entries = entries.iter().map(|entry| Entry::parse(entry).ok_or_else(|| Error::AllowHost(entry.clone())));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// Whether the address's host, and its port where the entry names one, is on the list.
    pub(crate) fn holds(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        self.entries.iter().any(|entry| entry.matches(host, url.port_or_known_default()))
    }
}

impl Entry {
    fn parse(entry: &str) -> Option<Self> {
        let (subdomains, rest) = match entry.trim().strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry.trim()),
        };
        if rest.is_empty() || rest.contains(['/', '@', '?', '#', '*']) {
            return None;
        }
        // Ports are left out of an address that has the scheme's own; so look at the text as well.
        let url = Url::parse(&format!("http://{rest}/")).ok()?;
        let port = url.port().or_else(|| rest.ends_with(":80").then_some(80));
        Some(Self { host: url.host_str()?.to_owned(), subdomains, port })
    }

    fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let exact = host.eq_ignore_ascii_case(&self.host);
        let below = self.subdomains
            && host.len() > self.host.len()
            && host.get(host.len() - self.host.len()..).is_some_and(|end| end.eq_ignore_ascii_case(&self.host))
            && host.as_bytes()[host.len() - self.host.len() - 1] == b'.';
        (if self.subdomains { below } else { exact }) && (self.port.is_none() || self.port == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(entry: &str, url: &str) -> bool {
        HostList::parse(&[entry.to_owned()]).unwrap().holds(&url.parse().unwrap())
    }

    #[test]
    fn an_entry_names_a_host_its_subdomains_or_one_port() {
        assert!(holds("cdn.example.com", "https://CDN.example.com/x"));
        assert!(!holds("cdn.example.com", "https://cdn.example.com.evil.test/x"));
        assert!(holds("*.example.com", "https://a.b.example.com/x"));
        assert!(!holds("*.example.com", "https://example.com/x"));
        assert!(!holds("*.example.com", "https://notexample.com/x"));
        assert!(holds("10.0.0.7:9000", "http://10.0.0.7:9000/x"));
        assert!(!holds("10.0.0.7:9000", "http://10.0.0.7/x"));
        assert!(holds("10.0.0.7:80", "http://10.0.0.7/x"));
        assert!(!holds("10.0.0.7:80", "https://10.0.0.7/x"));
        assert!(holds("[::1]", "http://[::1]:8080/x"));
    }

    #[test]
    fn an_entry_that_is_no_host_is_refused() {
        for entry in ["", "https://example.com", "example.com/path", "a@b", "*", "*.*", "ho st"] {
            assert!(HostList::parse(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }
}
