//! A target whose behaviour is scripted, and which counts what reaches it.

mod counts;
pub mod elsewhere;

pub use counts::Counts;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How the target answers.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// With 200, after this long.
    After(Duration),
    /// With 200, after so much work.
    Work(u64),
    /// With this status.
    Status(u16),
    /// With 503 for this long after the first request, then with 200.
    Overloaded(Duration),
    /// One request at a time, each after this long: its capacity is the inverse.
    OneAtATime(Duration),
    /// With 200 at once, and a body that takes this long.
    SlowBody(Duration),
    /// With what is no HTTP.
    Garbage,
    /// With 200 at once, on so many connections; every further one is closed at once.
    Connections(usize),
    /// Not at all.
    Never,
    /// By closing the connection with the answer half sent.
    Reset,
    /// The same, without a word to the other end: what it reads next is an error.
    HardReset,
    /// With 200, but nothing is answered for this long each time so much time has passed.
    Stalling {
        /// From the beginning of one to the next.
        every: Duration,
        /// How long it takes.
        length: Duration,
    },
    /// With 200 at once, but for one time of this length, so long after its start, in which nothing is answered.
    Frozen {
        /// Counted from the first request.
        from: Duration,
        /// How long it takes.
        length: Duration,
    },
}

/// A running target; it dies with this.
#[derive(Debug)]
pub struct Target {
    /// Where it listens.
    pub url: String,
    /// What it saw; stays when it is killed.
    pub counts: Arc<Counts>,
    task: JoinHandle<()>,
}

impl Target {
    /// Starts on a free port of the loopback, on the runtime it is called on.
    pub async fn start(behaviour: Behaviour) -> std::io::Result<Self> {
        Target::at(([127, 0, 0, 1], 0).into(), behaviour).await
    }

    /// The same, counted by somebody who knows more.
    pub async fn counted(behaviour: Behaviour, counts: Counts) -> std::io::Result<Self> {
        Target::new(([127, 0, 0, 1], 0).into(), behaviour, counts).await
    }

    /// Starts on a port that is known already.
    pub async fn at(address: SocketAddr, behaviour: Behaviour) -> std::io::Result<Self> {
        Target::new(address, behaviour, Counts::default()).await
    }

    async fn new(address: SocketAddr, behaviour: Behaviour, counts: Counts) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts = Arc::new(counts);
        let task = tokio::spawn(accept(listener, behaviour, counts.clone()));
        Ok(Target { url, counts, task })
    }

    /// Ends it and every connection.
    pub fn kill(&self) {
        self.task.abort();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn accept(listener: TcpListener, behaviour: Behaviour, counts: Arc<Counts>) {
    let began = Instant::now();
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // No descriptors left, for example; there may be some again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        counts.connect();
        while connections.try_join_next().is_some() {}
        if let Behaviour::Connections(most) = behaviour
            && connections.len() >= most
        {
            continue; // dropped, and thereby closed
        }
        socket.set_nodelay(true).ok();
        connections.spawn(answer(socket, behaviour, began, counts.clone(), turn.clone()));
    }
}

async fn answer(
    mut socket: TcpStream,
    behaviour: Behaviour,
    began: Instant,
    counts: Arc<Counts>,
    turn: Arc<tokio::sync::Mutex<()>>,
) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = socket.read(&mut buffer).await {
        counts.receive();
        let status = match behaviour {
            Behaviour::After(wait) if wait.is_zero() => 200,
            Behaviour::After(wait) => {
                tokio::time::sleep(wait).await;
                200
            }
            Behaviour::Work(amount) => {
                work(amount);
                200
            }
            Behaviour::Status(status) => status,
            Behaviour::Overloaded(length) if began.elapsed() < length => 503,
            Behaviour::Overloaded(_) | Behaviour::Connections(_) => 200,
            Behaviour::OneAtATime(length) => {
                let _turn = turn.lock().await;
                tokio::time::sleep(length).await;
                200
            }
            Behaviour::SlowBody(length) => {
                socket.write_all(b"HTTP/1.1 200 Said\r\ncontent-length: 2\r\n\r\n").await.ok();
                tokio::time::sleep(length).await;
                counts.answer();
                socket.write_all(b"hi").await.ok();
                continue;
            }
            Behaviour::Garbage => {
                socket.write_all(b"what is this\r\n\r\n").await.ok();
                return;
            }
            Behaviour::Never => std::future::pending().await,
            Behaviour::Reset => return half(socket).await,
            Behaviour::HardReset => {
                socket.set_zero_linger().ok();
                return half(socket).await;
            }
            Behaviour::Stalling { every, length } => {
                let since = began.elapsed().as_secs_f64() % every.as_secs_f64();
                tokio::time::sleep(length.saturating_sub(Duration::from_secs_f64(since))).await;
                200
            }
            Behaviour::Frozen { from, length } => {
                let (now, until) = (began.elapsed(), from + length);
                if now >= from {
                    tokio::time::sleep(until.saturating_sub(now)).await;
                }
                200
            }
        };
        // Beforehand: nothing that arrives is missing from the count.
        counts.answer();
        let reply = format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\nhi");
        if socket.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Half of an answer, and the end of the connection.
async fn half(mut socket: TcpStream) {
    socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.ok();
}

/// Keeps a core busy: twice the amount takes twice its time. Each step waits for the last one and stays in registers: a
/// chain through memory takes anything up to twice as long from one process to the next.
fn work(amount: u64) {
    let step = |sum: u64, number: u64| (sum ^ sum << 13 ^ sum >> 7).wrapping_add(number);
    std::hint::black_box((0..std::hint::black_box(amount * 1000)).fold(1, step));
}
