//! Takes connections, few at a time, and answers what they ask until everything is over.

use super::answer::answer;
use super::hub::Hub;
use super::patient::Patient;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// At the same time; others are told to come back.
const MOST_CONNECTIONS: usize = 64;
/// Of a request's head.
const MOST_HEADERS: usize = 64;
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// So long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// After a connection that could not be taken: too many files are open, for example.
const PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A listener that takes connections.
pub(super) struct Open {
    accepting: JoinHandle<()>,
    closing: watch::Sender<bool>,
}

impl Open {
    pub(super) fn of(listener: TcpListener, bound: SocketAddr, hub: Arc<Hub>) -> Self {
        let (closing, closed) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, bound, hub, closed));
        Open { accepting, closing }
    }

    /// Takes no more; those that are answered may finish within so long.
    pub(super) async fn close(self, within: Duration) {
        self.accepting.abort();
        self.closing.send_replace(true);
        // Every connection holds a receiver.
        timeout(within, self.closing.closed()).await.ok();
    }
}

async fn accept(listener: TcpListener, bound: SocketAddr, hub: Arc<Hub>, closed: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            // Fits into any buffer; who does not take it is not waited for.
            stream.try_write(BUSY).ok();
            continue;
        };
        stream.set_nodelay(true).ok();
        let (hub, closed) = (hub.clone(), closed.clone());
        tokio::spawn(async move {
            serve(stream, bound, hub, closed).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, bound: SocketAddr, hub: Arc<Hub>, mut closed: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        std::future::ready(Ok::<_, Infallible>(answer(&request, bound, &hub)))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEAD_BYTES);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Patient::of(stream)), service));
    tokio::select! {
        // Who went away, or wrote nonsense, was told so by hyper.
        _ = connection.as_mut() => return,
        // Also when the other end is gone: then it is over, too.
        _ = closed.wait_for(|is_over| *is_over) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.ok();
}
