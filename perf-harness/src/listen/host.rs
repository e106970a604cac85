//! Whether a request was meant for this address: a page of another site that made its own name point here is refused.
//!
//! Such a page can send requests to a name that it owns, never to an address that it does not (DNS rebinding).

use crate::address::is_loopback;
use std::net::{IpAddr, SocketAddr};

/// `host` is the header's value, with or without a port.
pub(super) fn is_meant(host: &str, bound: SocketAddr) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match literal.parse::<IpAddr>() {
        // Bound to every address of the machine: any of them may be meant.
        Ok(ip) => is_loopback(ip) || ip == bound.ip() || bound.ip().is_unspecified(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => {
            // An address of version 6 without brackets has colons of its own.
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_the_bound_address_are_meant_and_other_names_are_not() {
        let bound = "192.0.2.7:9090".parse().unwrap();
        for host in [
            "localhost",
            "LOCALHOST:9090",
            "localhost.",
            "perf.localhost:1",
            "127.0.0.1:9090",
            "127.9.9.9",
            "[::1]:9090",
            "::1",
            "192.0.2.7:9090",
        ] {
            assert!(is_meant(host, bound), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9090",
            "localhost.evil.example",
            "notlocalhost",
            "192.0.2.8",
            "127.0.0.1.evil.example",
            "[::2]:9090",
            ":9090",
        ] {
            assert!(!is_meant(host, bound), "{host}");
        }
        let everywhere = "0.0.0.0:9090".parse().unwrap();
        assert!(is_meant("192.0.2.8:9090", everywhere) && !is_meant("evil.example:9090", everywhere));
    }
}
