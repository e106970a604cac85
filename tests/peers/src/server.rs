//! The target: answers every request with two bytes, and counts.
//!
//! HTTP/1.1 with keep-alive and pipelining, as far as a load generator goes: requests have no body.

use crate::count::{Count, PATH};
use crate::cpu::{UsageWho, spent};
use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Listens on a free port of the loopback, prints the address, and serves until its standard input ends.
pub(crate) fn serve() -> anyhow::Result<()> {
    std::thread::spawn(|| {
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap_or_default();
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, accept())
}

async fn accept() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let tally = Rc::new(RefCell::new(Tally::start()));
    loop {
        let (socket, _) = listener.accept().await?;
        let tally = tally.clone();
        // A connection that breaks is the generator's to complain about.
        tokio::task::spawn_local(async move { answer(socket, &tally).await.unwrap_or_default() });
    }
}

async fn answer(mut socket: TcpStream, tally: &RefCell<Tally>) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut buffer, mut filled) = ([0; 4096], 0);
    loop {
        match socket.read(&mut buffer[filled..]).await? {
            0 => return Ok(()),
            read => filled += read,
        }
        while let Some(end) = head_end(&buffer[..filled]) {
            if buffer[..end].strip_prefix(b"GET ").is_some_and(|rest| rest.starts_with(PATH.as_bytes())) {
                let count = tally.replace(Tally::start()).finish();
                return tell(socket, &count).await;
            }
            tally.borrow_mut().add(Instant::now());
            socket.write_all(ANSWER).await?;
            buffer.copy_within(end..filled, 0);
            filled -= end;
        }
    }
}

fn head_end(received: &[u8]) -> Option<usize> {
    let at = received.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
    Some(at + HEAD_END.len())
}

/// Closes the connection, so that the end of the answer is its end.
async fn tell(mut socket: TcpStream, count: &Count) -> std::io::Result<()> {
    let body = serde_json::to_string(count)?;
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all((head + &body).as_bytes()).await
}

/// A count under way.
struct Tally {
    requests: u64,
    first_and_last: Option<(Instant, Instant)>,
    cpu_before: Duration,
}

impl Tally {
    fn start() -> Self {
        Tally { requests: 0, first_and_last: None, cpu_before: cpu() }
    }

    fn add(&mut self, now: Instant) {
        self.requests += 1;
        self.first_and_last.get_or_insert((now, now)).1 = now;
    }

    fn finish(self) -> Count {
        let span = self.first_and_last.map_or(Duration::ZERO, |(first, last)| last - first);
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Count {
            requests: self.requests,
            span_ns: nanos(span),
            server_cpu_ns: nanos(cpu().saturating_sub(self.cpu_before)),
        }
    }
}

fn cpu() -> Duration {
    spent(UsageWho::RUSAGE_SELF).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line() {
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nhost: a\r\n"), None);
        assert_eq!(head_end(b"GET / HTTP/1.1\r\n\r\nGET /"), Some(18));
    }

    #[test]
    fn a_count_spans_from_the_first_request_to_the_last() {
        let (mut tally, start) = (Tally::start(), Instant::now());
        (0..=4).for_each(|ms| tally.add(start + Duration::from_millis(ms)));
        let count = tally.finish();
        assert_eq!((count.requests, count.span()), (5, Duration::from_millis(4)));
        assert_eq!(count.per_second(), Some(1_000.0));
    }
}
