//! What the server counted since it was last asked.

use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The path that returns the count and starts a new one.
pub(crate) const PATH: &str = "/count";

/// Requests, without those for the count itself.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Count {
    /// That arrived whole.
    pub(crate) requests: u64,
    /// From the first to the last.
    pub(crate) span_ns: u64,
    /// CPU time of the server.
    pub(crate) server_cpu_ns: u64,
}

impl Count {
    /// Asks the server, which then starts a new one.
    pub(crate) fn take(server: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {PATH} HTTP/1.1\r\nhost: {server}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok(serde_json::from_str(body)?)
    }

    /// From the first to the last.
    pub(crate) fn span(&self) -> Duration {
        Duration::from_nanos(self.span_ns)
    }

    /// `None` of fewer than two requests.
    pub(crate) fn per_second(&self) -> Option<f64> {
        let intervals = self.requests.saturating_sub(1);
        (self.span_ns > 0).then(|| intervals as f64 / self.span().as_secs_f64())
    }

    /// The part of its core that the server needed, from 0 to 1; `None` of fewer than two requests.
    pub(crate) fn server_share(&self) -> Option<f64> {
        (self.span_ns > 0).then(|| self.server_cpu_ns as f64 / self.span_ns as f64)
    }
}
