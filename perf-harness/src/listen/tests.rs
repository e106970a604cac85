//! The endpoint as a client sees it, over real connections.

use super::*;
use perf_core::drive::snapshot::{Snapshot, Stage};
use perf_core::measure::environment::Environment;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

fn plan(name: &str) -> Plan {
    let second = Some(Duration::from_secs(8));
    let spec = PerfSpec { rate: Some(100.0), duration: second, ..PerfSpec::default() };
    Plan::resolve(name, "perf", &spec, &Overrides::default()).unwrap()
}

fn open(live: &Control) -> Listener {
    let about = About {
        run_id: "r1".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        environment: Environment::detect(Some("here"), "debug", Vec::new()),
        plans: vec![plan("login")],
    };
    Listener::open("127.0.0.1:0".parse().unwrap(), &about, live).unwrap()
}

/// Sends it and reads everything until the other end closes.
fn said(listener: &Listener, request: &str) -> String {
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).ok();
    said
}

fn asked(listener: &Listener, line: &str, headers: &str) -> String {
    said(listener, &format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n"))
}

fn status(said: &str) -> &str {
    said.get(9..12).unwrap_or(said)
}

#[test]
fn it_is_read_only_and_meant_for_this_machine() {
    let live = Control::default();
    let listener = open(&live);
    let host = "host: localhost\r\n";
    for (line, headers, expected) in [
        ("GET /", host, "200"),
        ("HEAD /", host, "200"),
        ("GET /metrics", host, "200"),
        ("HEAD /events", host, "200"),
        ("GET /nothing", host, "404"),
        ("POST /", host, "405"),
        ("DELETE /metrics", host, "405"),
        ("OPTIONS /events", host, "405"),
        ("GET /", "host: evil.example\r\n", "403"),
        ("GET /metrics", "host: evil.example:80\r\n", "403"),
        ("POST /", "host: evil.example\r\n", "403"),
        ("GET /", "", "403"),
        ("GET /", "host: localhost\r\nhost: evil.example\r\n", "403"),
        ("GET http://evil.example/", host, "403"),
    ] {
        let said = asked(&listener, line, headers);
        assert_eq!(status(&said), expected, "{line} {headers}{said}");
    }
    let refused = asked(&listener, "GET /", "host: evil.example\r\n");
    assert!(refused.contains(&format!("ask for http://{}/", listener.address())), "{refused}");
    let long = format!("{host}x: {}\r\n", "y".repeat(40_000));
    assert_eq!(status(&asked(&listener, "GET /", &long)), "431");
    listener.close();
}

#[test]
fn who_asks_for_openmetrics_gets_it() {
    let live = Control::default();
    let listener = open(&live);
    let text =
        asked(&listener, "GET /metrics", "host: localhost\r\naccept: application/openmetrics-text\r\n");
    assert!(
        text.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{text}"
    );
    assert!(text.contains("# TYPE perf_iterations counter\n") && text.ends_with("# EOF\n"), "{text}");
    let text = asked(&listener, "GET /metrics", "host: localhost\r\n");
    assert!(text.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{text}");
    assert!(text.contains("# TYPE perf_iterations_total counter\n"), "{text}");
    listener.close();
}

#[test]
fn a_stream_begins_with_the_past_and_ends_with_the_run() {
    let live = Control::default();
    let listener = open(&live);
    live.publish(Snapshot::before(&plan("login"), Stage::Preparing, Instant::now()));
    let address = listener.address();
    let reading = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson\r\n\r\n")
            .unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).unwrap();
        read
    });
    // It is there, or comes to the past.
    thread::sleep(Duration::from_millis(200));
    listener.ended_without_numbers(&plan("login"), Verdict::Failed, "setup failed");
    listener.close();
    let read = reading.join().unwrap();
    let names: Vec<&str> =
        read.split("{\"event\":\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    assert_eq!(names, ["run", "status", "test", "end"], "{read}");
    assert!(read.contains("\"phase\":\"preparing\"") && read.contains("setup failed"), "{read}");
}

#[test]
fn a_busy_port_and_a_closed_end_are_no_wait() {
    let live = Control::default();
    let listener = open(&live);
    let hanging: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(listener.address()).unwrap();
            stream.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let about = About {
        run_id: String::new(),
        started: String::new(),
        environment: Environment::detect(Some("here"), "debug", Vec::new()),
        plans: Vec::new(),
    };
    let error = Listener::open(listener.address(), &about, &live).err().unwrap();
    assert!(error.contains("choose another port, or 0"), "{error}");
    let began = Instant::now();
    listener.close();
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(hanging);
}
