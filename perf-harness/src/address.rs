//! Reads where to listen: a port alone means this machine, and nobody else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `9090`, `:9090`, `localhost:9090`, or a whole address such as `0.0.0.0:9090` or `[::1]:9090`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let loopback = |port: &str| port.parse().ok().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let known = match host {
        "" | "localhost" => loopback(port),
        _ => text.parse().ok(),
    };
    known.ok_or_else(|| {
        "write a port such as 9090, which only this machine reaches, or a whole address such as 0.0.0.0:9090".to_owned()
    })
}

/// What is to be said of an address that others reach.
pub(crate) fn warning(address: SocketAddr) -> Option<String> {
    let is_open = !is_loopback(address.ip());
    is_open.then(|| {
        format!("--listen {address}: whoever reaches this machine can read the run, without a password; a port alone keeps it to this machine")
    })
}

/// Of this machine only.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_this_machines_and_another_address_is_said_in_full() {
        for (text, expected) in [
            ("9090", "127.0.0.1:9090"),
            (":9090", "127.0.0.1:9090"),
            ("localhost:0", "127.0.0.1:0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:9090", "0.0.0.0:9090"),
            ("[::1]:9090", "[::1]:9090"),
        ] {
            assert_eq!(address(text).unwrap(), expected.parse().unwrap(), "{text}");
        }
        for text in ["", "99999", "example.org:80", "0.0.0.0", "::1", "[::1]", "http://127.0.0.1:9"] {
            assert!(address(text).unwrap_err().contains("write a port such as 9090"), "{text}");
        }
    }

    #[test]
    fn an_address_that_others_reach_is_warned_of() {
        let warned = |text: &str| warning(text.parse().unwrap()).is_some();
        let all = ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "[::]:1", "192.0.2.1:1"];
        assert_eq!(all.map(warned), [false, false, false, true, true, true]);
    }
}
