//! The stream of everything that happens: as server-sent events, or as one line of JSON for each.
//!
//! Each reader has a short queue of its own. While it is full the reader's place in the hub's stands still, and what falls
//! out of that is told as dropped.

use super::hub::{Event, Hub, lost_events};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// So many events wait for one reader.
const MOST_WAITING: usize = 16;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    ServerSent,
    Lines,
}

impl Format {
    pub(super) fn asked_for(accept: &str) -> Self {
        let names_it = |range: &str| range.split(';').next().map(str::trim) == Some("application/x-ndjson");
        if accept.split(',').any(names_it) { Format::Lines } else { Format::ServerSent }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::ServerSent => "text/event-stream; charset=utf-8",
            Format::Lines => "application/x-ndjson; charset=utf-8",
        }
    }

    fn written(self, Event { name, data }: &Event) -> Bytes {
        match self {
            Format::ServerSent => format!("event: {name}\ndata: {data}\n\n"),
            Format::Lines => format!("{{\"event\":\"{name}\",\"data\":{data}}}\n"),
        }
        .into()
    }
}

/// The body of an answer that goes on.
pub(super) struct Stream(mpsc::Receiver<Bytes>);

impl Stream {
    /// From the past on.
    pub(super) fn open(hub: &Arc<Hub>, format: Format) -> Self {
        let ((past, events), (queue, waiting)) = (hub.subscribe(), mpsc::channel(MOST_WAITING));
        tokio::spawn(forward(past, events, queue, format));
        Stream(waiting)
    }

    /// Without anything.
    pub(super) fn empty() -> Self {
        Stream(mpsc::channel(1).1)
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let waiting = &mut self.get_mut().0;
        waiting.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Until the end, or until the reader goes away.
async fn forward(
    past: Vec<Event>,
    mut events: broadcast::Receiver<Event>,
    queue: mpsc::Sender<Bytes>,
    format: Format,
) {
    for event in past {
        if queue.send(format.written(&event)).await.is_err() {
            return;
        }
    }
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(lost)) => lost_events(lost),
            Err(RecvError::Closed) => return,
        };
        if queue.send(format.written(&event)).await.is_err() || event.name == "end" {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_two_lines_or_one() {
        let event = Event::of("test", &json!({ "name": "a\nb" }));
        assert_eq!(Format::ServerSent.written(&event), "event: test\ndata: {\"name\":\"a\\nb\"}\n\n");
        assert_eq!(Format::Lines.written(&event), "{\"event\":\"test\",\"data\":{\"name\":\"a\\nb\"}}\n");
    }

    #[test]
    fn lines_are_for_those_who_ask_for_them() {
        let asked =
            ["", "*/*", "text/event-stream", "application/x-ndjson", "text/html, application/x-ndjson;q=0.5"];
        let (events, lines) = (Format::ServerSent, Format::Lines);
        assert_eq!(asked.map(Format::asked_for), [events, events, events, lines, lines]);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_reader_that_is_too_slow_is_told_what_it_lost_and_nobody_waits_for_it() {
        let sender = broadcast::Sender::new(8);
        let (queue, mut waiting) = mpsc::channel(2);
        let reading = tokio::spawn(forward(Vec::new(), sender.subscribe(), queue, Format::Lines));
        for number in 0..100 {
            sender.send(Event::of("point", &json!(number))).unwrap();
            tokio::task::yield_now().await;
        }
        sender.send(Event::of("end", &json!(null))).unwrap();
        let mut read = Vec::new();
        while let Some(line) = waiting.recv().await {
            read.push(String::from_utf8(line.to_vec()).unwrap());
        }
        reading.await.unwrap();
        let told = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let lost = read.iter().map(|line| told(line)["data"]["events"].as_u64().unwrap_or(0)).sum::<u64>();
        let points = read.iter().filter(|line| line.contains("point")).count() as u64;
        assert_eq!(
            (points + lost, read.last().map(|line| line.contains("end"))),
            (100, Some(true)),
            "{read:?}"
        );
        assert!(lost > 80, "{read:?}");
    }
}
