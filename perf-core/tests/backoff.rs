//! Loads that spare a target which says that it has too much, however the test function learns of it.

use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::{User, user};
use perf_core::error::Error;
use perf_core::measure::{Altered, Recording};
use perf_core::outcome::IntoOutcome;
use perf_core::plan::Plan;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Says the same to every request.
struct Server {
    url: String,
    _runtime: Runtime,
}

impl Server {
    fn saying(status: u16, headers: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(1..) = stream.read(&mut buffer).await {
                        let answer = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: 0\r\n\r\n");
                        stream.write_all(answer.as_bytes()).await.ok();
                    }
                });
            }
        });
        Server { url, _runtime: runtime }
    }
}

type Make = fn(Rc<Cx>) -> Box<dyn User>;

fn drive(spec: &PerfSpec, url: &str, test: Make) -> (Plan, Recording) {
    let spec = PerfSpec {
        base_url: Some(url.to_owned().into()),
        backoff: Some(true),
        warmup: Some(Duration::ZERO),
        workers: Some(1),
        ..spec.clone()
    };
    let plan = Plan::resolve("sparing", "backoff", &spec, &Overrides::default()).unwrap();
    let test = Test::of(test);
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
    let recording = engine::drive(&plan, &test, &prepared, &Control::default()).unwrap();
    assert!(recording.measured.counts.are_consistent(), "{:?}", recording.measured.counts);
    (plan, recording)
}

fn open() -> PerfSpec {
    PerfSpec { rate: Some(100.0), duration: Some(Duration::from_secs(1)), ..PerfSpec::default() }
}

fn answered(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| cx.get("/").await.into_outcome())
}

fn expected(cx: Rc<Cx>) -> Box<dyn User> {
    async fn test(cx: &Cx) -> Result<(), Error> {
        cx.get("/").await?.expect_status(200)?;
        Ok(())
    }
    user(cx, async |cx: &Cx| test(cx).await.into_outcome())
}

fn url(cx: &Cx) -> &str {
    cx.base_url().unwrap_or_default()
}

fn checked_by_reqwest(cx: Rc<Cx>) -> Box<dyn User> {
    async fn test(cx: &Cx) -> Result<(), Error> {
        cx.http().get(url(cx)).send().await?.error_for_status()?;
        Ok(())
    }
    user(cx, async |cx: &Cx| test(cx).await.into_outcome())
}

fn boxed(cx: Rc<Cx>) -> Box<dyn User> {
    async fn test(cx: &Cx) -> Result<(), Box<dyn std::error::Error>> {
        cx.http().get(url(cx)).send().await?.error_for_status()?;
        Ok(())
    }
    user(cx, async |cx: &Cx| test(cx).await.into_outcome())
}

fn returned(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| cx.http().get(url(cx)).send().await.into_outcome())
}

const ALL: [(&str, Make); 5] = [
    ("a response of ours", answered),
    ("`expect_status`", expected),
    ("`error_for_status`", checked_by_reqwest),
    ("a box of it", boxed),
    ("a response of reqwest's", returned),
];

#[test]
fn it_backs_off_whichever_way_a_status_comes_back() {
    for status in [429, 503] {
        let server = Server::saying(status, "");
        for (name, test) in ALL {
            let (plan, recording) = drive(&open(), &server.url, test);
            assert!(!recording.backed.is_empty(), "{name}, {status}");
            assert!(recording.measured.counts.planned < plan.scheduled().unwrap(), "{name}, {status}");
            assert!(matches!(recording.altered, Some(Altered::BackedOff { .. })), "{name}, {status}");
        }
    }
}

#[test]
fn other_statuses_are_failures_of_a_load_that_goes_on() {
    let server = Server::saying(500, "retry-after: 60\r\n");
    for (name, test) in ALL {
        let (_, recording) = drive(&open(), &server.url, test);
        assert_eq!((recording.measured.counts.failed, recording.backed.len()), (100, 0), "{name}");
    }
}

#[test]
fn it_backs_off_from_a_target_that_refuses_connections() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (plan, recording) = drive(&open(), &format!("http://{gone}"), expected);
    let planned = recording.measured.counts.planned;
    assert!(!recording.backed.is_empty() && planned < plan.scheduled().unwrap(), "{planned}");
}

#[test]
fn nothing_is_offered_while_the_target_wants_to_be_left_alone() {
    let server = Server::saying(503, "retry-after: 60\r\n");
    for test in [answered as Make, expected, returned] {
        let (_, recording) = drive(&open(), &server.url, test);
        // Half of the load would be fifty.
        let planned = recording.measured.counts.planned;
        assert!((1..25).contains(&planned), "{planned}");
    }
}

#[test]
fn users_of_a_closed_load_wait_too() {
    let spec = PerfSpec {
        users: Some(4),
        duration: Some(Duration::from_millis(500)),
        think: Some("5ms".into()),
        ..PerfSpec::default()
    };
    let server = Server::saying(503, "retry-after: 60\r\n");
    let (_, recording) = drive(&spec, &server.url, expected);
    let planned = recording.measured.counts.planned;
    assert!((1..=4).contains(&planned), "{planned}");
}

#[test]
fn half_of_the_users_of_a_closed_load_go_on() {
    static BY_USER: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];
    fn counted(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| {
            BY_USER[usize::try_from(cx.user_id()).unwrap_or_default()].fetch_add(1, Ordering::Relaxed);
            cx.get("/").await.into_outcome()
        })
    }
    let spec = PerfSpec {
        users: Some(4),
        duration: Some(Duration::from_millis(800)),
        think: Some("5ms".into()),
        ..PerfSpec::default()
    };
    let server = Server::saying(429, "");
    let (_, recording) = drive(&spec, &server.url, counted);
    assert!((recording.backed[0].factor - 0.5).abs() < f64::EPSILON, "{:?}", recording.backed);
    let counts = BY_USER.each_ref().map(|count| count.load(Ordering::Relaxed));
    assert!(counts[2].max(counts[3]) * 3 < counts[0].min(counts[1]), "{counts:?}");
}
