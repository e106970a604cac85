//! What no test may exceed, and whom load may be sent to: the owner's say in perf.toml, whatever a test asks for.
//!
//! Pure: resolves no names, so a public name that leads to a private address counts as public.

use crate::units::Rate;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Bounds of every test of a package or workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Most iterations per second and host, of all tests that run at the same time; `None`: no bound.
    pub rate: Option<Rate>,
    /// Hosts load may be sent to, besides this machine and private addresses.
    pub hosts: Vec<HostPattern>,
}

impl Limits {
    /// Whether load may be sent to the host of an address: a name, an IPv4 or an IPv6 address, with or without
    /// brackets; without a port.
    pub fn allows(&self, host: &str) -> bool {
        let host = normal(host);
        is_nearby(&host) || self.hosts.iter().any(|pattern| pattern.matches(&host))
    }
}

/// The host of a whole address such as `http://user@example.com:8080/a`; `None` where it has none.
pub fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_and_port.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host_and_port.split(':').next().unwrap_or(host_and_port),
    };
    (!host.is_empty()).then_some(host)
}

/// The machine that an address leads to, in one spelling; all names of this one are the same. `None` where it has none.
pub fn machine_of(url: &str) -> Option<String> {
    let host = normal(host_of(url)?);
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    Some(if is_loopback { "localhost".to_owned() } else { host })
}

/// A host that load may not be sent to yet, and the line that allows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "load may be sent to this machine and private addresses only, unless perf.toml says otherwise: to allow `{0}`, add \
     `hosts = [\"{0}\"]` below `[limits]` in the perf.toml beside Cargo.toml, if its owner agrees"
)]
pub struct NotListed(pub String);

/// One host, or all hosts below a name. Lower case, without the dot of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `staging.example.com`, `203.0.113.7`, `2001:db8::1`.
    Exact(String),
    /// `*.example.com`, kept as `.example.com`: `a.example.com` and `b.a.example.com`, but not `example.com`.
    Below(String),
}

impl HostPattern {
    fn matches(&self, normal: &str) -> bool {
        match self {
            HostPattern::Exact(name) => normal == name,
            HostPattern::Below(suffix) => normal.strip_suffix(suffix).is_some_and(|rest| !rest.is_empty()),
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let host = normal(text);
        match host.strip_prefix("*.") {
            _ if host == "*" => Err(HostError::Everything),
            _ if text.contains("://") || text.contains('/') => Err(HostError::Address(text.to_owned())),
            _ if is_address(&host) => Ok(HostPattern::Exact(host)),
            _ if text.contains(':') => Err(HostError::Port(text.to_owned())),
            Some(name) if is_name(name) => Ok(HostPattern::Below(format!(".{name}"))),
            None if is_name(&host) => Ok(HostPattern::Exact(host)),
            _ => Err(HostError::Name(text.to_owned())),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exact(name) => f.write_str(name),
            HostPattern::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// One spelling for every host: `[::1]` is `::1`, `LOCALHOST.` is `localhost`, `::ffff:10.0.0.1` is `10.0.0.1`.
fn normal(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => host,
    }
}

fn is_address(normal: &str) -> bool {
    normal.parse::<IpAddr>().is_ok()
}

fn is_name(text: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    text.split('.').all(is_label)
}

/// This machine or its private network, where nobody else is hurt.
fn is_nearby(normal: &str) -> bool {
    match normal.parse::<IpAddr>() {
        // Connecting to `0.0.0.0` or `::` reaches this machine.
        Ok(address) if address.is_loopback() || address.is_unspecified() => true,
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => normal == "localhost" || normal.ends_with(".localhost"),
    }
}

/// What is wrong with a pattern of hosts, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// `*`.
    #[error(
        "`*` would allow load on every host there is; write names, or those below one as \"*.example.com\""
    )]
    Everything,
    /// With a scheme or a path.
    #[error("`{0}` is an address; write its host alone, such as \"staging.example.com\"")]
    Address(String),
    /// With a port.
    #[error("`{0}` has a port; write the host alone, it is allowed on every port")]
    Port(String),
    /// Neither a name nor an address.
    #[error(
        "`{0}` is no host; write a name such as \"staging.example.com\" or \"*.example.com\", or an IP address"
    )]
    Name(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_stands_between_scheme_and_port() {
        for (url, host) in [
            ("http://127.0.0.1:8080/a?b", Some("127.0.0.1")),
            ("https://user:pw@example.com", Some("example.com")),
            ("http://[::1]:80/", Some("::1")),
            ("http://example.com?x", Some("example.com")),
            ("/relative", None),
            ("http://", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn a_machine_is_the_same_whatever_it_is_called() {
        for url in ["http://localhost:1", "http://127.0.0.1:2/a", "https://[::1]", "http://LOCALHOST."] {
            assert_eq!(machine_of(url).as_deref(), Some("localhost"), "{url}");
        }
        assert_eq!(machine_of("http://Shop.Example.com.:80").as_deref(), Some("shop.example.com"));
        assert_eq!(machine_of("/relative"), None);
    }

    fn limits(hosts: &[&str]) -> Limits {
        Limits { rate: None, hosts: hosts.iter().map(|host| host.parse().unwrap()).collect() }
    }

    #[test]
    fn this_machine_and_private_addresses_are_always_allowed() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "shop.localhost",
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "::1",
            "[::1]",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "fd00::7",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(Limits::default().allows(host), "{host}");
        }
    }

    #[test]
    fn any_other_host_is_refused_unless_it_is_listed() {
        for host in [
            "example.com",
            "notlocalhost",
            "localhost.example.com",
            "8.8.8.8",
            "172.32.0.1",
            "11.0.0.1",
            "192.169.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "10.0.0.1.example.com",
            "",
        ] {
            assert!(!Limits::default().allows(host), "{host}");
        }
        let listed = limits(&["Staging.Example.com", "203.0.113.7", "[2001:DB8::1]"]);
        for host in ["staging.example.com", "STAGING.example.com.", "203.0.113.7", "2001:db8:0::1"] {
            assert!(listed.allows(host), "{host}");
        }
        assert!(!listed.allows("www.staging.example.com") && !listed.allows("example.com"));
    }

    #[test]
    fn a_star_stands_for_everything_below_a_name() {
        let below = limits(&["*.perf.example.com"]);
        assert!(below.allows("a.perf.example.com") && below.allows("b.a.perf.example.com"));
        for host in ["perf.example.com", "aperf.example.com", ".perf.example.com", "a.perf.example.com.org"] {
            assert!(!below.allows(host), "{host}");
        }
    }

    #[test]
    fn a_pattern_is_shown_as_it_is_written() {
        for text in ["staging.example.com", "*.example.com", "203.0.113.7", "2001:db8::1"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_meant_is_refused_with_advice() {
        for (text, advice) in [
            ("*", "names, or those below"),
            ("http://example.com", "its host alone"),
            ("example.com/path", "its host alone"),
            ("10.0.0.0/8", "its host alone"),
            ("example.com:8080", "on every port"),
            ("a.*.com", "is no host"),
            ("*example.com", "is no host"),
            ("*..", "names, or those below"),
            ("a b", "is no host"),
            ("", "is no host"),
        ] {
            let error = text.parse::<HostPattern>().unwrap_err().to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }
}
