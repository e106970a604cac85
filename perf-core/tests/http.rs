//! Requests of users against a server that sees what they send.

use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::prepare::{Made, Setup, Test, setup, user_setup};
use perf_core::drive::users::{User, user};
use perf_core::error::Error;
use perf_core::judge::gate::Gate;
use perf_core::judge::reference::Reference;
use perf_core::judge::spread::Spreads;
use perf_core::outcome::IntoOutcome;
use perf_core::plan::Plan;
use perf_core::plan::load::Iterations;
use perf_core::plan::spec::{Overrides, PerfSpec};
use perf_core::report::json;
use perf_core::run;
use perf_core::session::Member;
use serde_json::Value;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Answers with the cookies that came. `/login/7` sets `id=7`, `/redirect/7` as well and leads to another address,
/// `/round` to itself and `/away` to somebody else's machine. `/slow` takes a fifth of a second.
struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    _runtime: Runtime,
}

/// The path and the cookies of every request.
type Seen = Mutex<Vec<(String, String)>>;

impl Server {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Seen>::default());
        let of_task = seen.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, of_task.clone()));
            }
        });
        Server { address, seen, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    /// Runs the test by two users of one worker, each so many iterations. None of them may fail.
    fn drive(&self, test: &Test, each: u64, connections: &'static str) {
        let spec = PerfSpec { connections: Some(connections.into()), ..two_users(self.url(), 1, each) };
        let report = report(&spec, test);
        assert_eq!(report["counts"]["succeeded"], 2 * each, "{}", report["errors"]);
    }
}

fn two_users(base_url: String, workers: u32, each: u64) -> PerfSpec {
    PerfSpec {
        users: Some(2),
        workers: Some(workers),
        iterations: Some(Iterations::PerUser(each)),
        base_url: Some(base_url.into()),
        ..PerfSpec::default()
    }
}

/// What the report says of a test.
fn report(spec: &PerfSpec, test: &Test) -> Value {
    report_under(spec, test, &Control::default())
}

fn report_under(spec: &PerfSpec, test: &Test, live: &Control) -> Value {
    let plan = Plan::resolve("requests", "http", spec, &Overrides::default()).unwrap();
    let (spreads, machine) = (Spreads::default(), None);
    let gate = Gate { reference: Reference::Off, family: 1, spreads, machine, requires_baseline: false };
    let member = Member { plan, test: *test, gate };
    json::of_report(&run::run(vec![member], live).unwrap()[0])
}

/// One connection. Every answer waits a little, so that requests of several users are under way at the same time.
async fn serve(stream: TcpStream, seen: Arc<Seen>) {
    let mut stream = BufReader::new(stream);
    while let Some((path, cookies)) = request(&mut stream).await {
        let wait = if path == "/slow" { 200 } else { 1 };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let login = path.split_once("login/").or_else(|| path.split_once("redirect/"));
        let set = login.map_or_else(String::new, |(_, id)| format!("set-cookie: id={id}; Path=/\r\n"));
        let status = match path.as_str() {
            "/away" => "302 Found\r\nlocation: http://203.0.113.1/",
            "/away/6" => "302 Found\r\nlocation: http://[2001:db8::1]/",
            "/round" => "302 Found\r\nlocation: /round",
            path if path.starts_with("/redirect") => "302 Found\r\nlocation: /",
            _ => "200 OK",
        };
        let length = cookies.len();
        let answer = format!("HTTP/1.1 {status}\r\n{set}content-length: {length}\r\n\r\n{cookies}");
        seen.lock().unwrap().push((path, cookies));
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Path and cookies of a request without a body; none at the end.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Err(_) | Ok(0) => return None,
            Ok(2) => break,
            Ok(_) => lines.push(line.trim_end().to_owned()),
        }
    }
    let path = lines[0].split(' ').nth(1)?.to_owned();
    let cookies = lines.iter().find_map(|line| line.strip_prefix("cookie: ")).unwrap_or_default();
    Some((path, cookies.to_owned()))
}

/// Asks which cookies are sent.
async fn expect_cookies(cx: &Cx, expected: &str) -> Result<(), Error> {
    let sent = cx.get("/").await?.text()?.to_owned();
    same(cx, &sent, expected)
}

fn same(cx: &Cx, sent: &str, expected: &str) -> Result<(), Error> {
    match sent == expected {
        true => Ok(()),
        false => Err(Error::msg(format!("user {} sent {sent:?} instead of {expected:?}", cx.user_id()))),
    }
}

fn own(cx: &Cx) -> String {
    format!("id={}", cx.user_id())
}

/// Logs in once; goes by what the server saw.
async fn logs_in_once(cx: &Cx) -> Result<(), Error> {
    let own = own(cx);
    if cx.get("/").await?.text()?.is_empty() {
        let home = cx.get(&format!("/redirect/{}", cx.user_id())).await?;
        same(cx, home.text()?, &own)?;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    expect_cookies(cx, &own).await?;
    let sent = cx.http().get(format!("{}/", cx.base_url().unwrap_or_default())).send().await?.text().await?;
    same(cx, &sent, &own)
}

#[test]
fn users_who_share_a_client_keep_their_cookies_apart() {
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| logs_in_once(cx).await.into_outcome())
    }
    for connections in ["shared", "user"] {
        let server = Server::start();
        server.drive(&Test::of(user_of), 20, connections);
        let requests = server.requests();
        let mut bare: Vec<&str> = requests.iter().filter(|r| r.1.is_empty()).map(|r| &*r.0).collect();
        bare.sort_unstable();
        assert_eq!(bare, ["/", "/", "/redirect/0", "/redirect/1"], "{connections}");
        let turns = requests.windows(2).filter(|two| two[0].1 != two[1].1).count();
        assert!(turns > 10, "{connections}: the users did not take turns: {requests:?}");
    }
}

#[test]
fn cleared_cookies_are_sent_no_more_by_this_user_alone() {
    async fn begins_anew(cx: &Cx) -> Result<(), Error> {
        let own = own(cx);
        expect_cookies(cx, "").await?;
        cx.get(&format!("/login/{}", cx.user_id())).await?;
        for _ in 0..=cx.user_id() {
            expect_cookies(cx, &own).await?;
        }
        cx.clear_cookies();
        Ok(())
    }
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| begins_anew(cx).await.into_outcome())
    }
    for connections in ["shared", "user"] {
        Server::start().drive(&Test::of(user_of), 5, connections);
    }
}

#[test]
fn who_logs_in_in_its_own_set_up_is_logged_in() {
    async fn logs_in(cx: &Cx, (): &()) -> Result<(), Error> {
        cx.get(&format!("/login/{}", cx.user_id())).await?;
        Ok(())
    }
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| expect_cookies(cx, &own(cx)).await.into_outcome())
    }
    for connections in ["shared", "user"] {
        let test =
            Test { user_setup: Some(|cx| user_setup(Made::default(), logs_in, cx)), ..Test::of(user_of) };
        Server::start().drive(&test, 5, connections);
    }
}

#[test]
fn the_client_of_setup_keeps_no_cookies() {
    async fn asks_twice(cx: &Setup) -> Result<(), Error> {
        let (client, url) = (cx.http().map_err(Error::msg)?, cx.base_url().unwrap_or_default());
        client.get(format!("{url}/login/setup")).send().await?;
        match client.get(url).send().await?.text().await? {
            sent if sent.is_empty() => Ok(()),
            sent => Err(Error::msg(sent)),
        }
    }
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| expect_cookies(cx, "").await.into_outcome())
    }
    let test = Test { setup: Some(|cx| setup(asks_twice, cx)), ..Test::of(user_of) };
    Server::start().drive(&test, 1, "shared");
}

#[test]
fn outside_of_a_run_a_test_function_has_its_cookies_too() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cx = Cx::standalone(server.url());
    runtime.block_on(logs_in_once(&cx)).unwrap();
    cx.clear_cookies();
    runtime.block_on(expect_cookies(&cx, "")).unwrap();
}

#[test]
fn the_report_lists_the_addresses_of_names_that_were_resolved() {
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| cx.get("/").await.into_outcome())
    }
    let server = Server::start();
    let by_name = format!("http://localhost:{}", server.address.port());
    let report_of = |url| report(&two_users(url, 2, 3), &Test::of(user_of));
    let report = report_of(by_name);
    assert_eq!(report["counts"]["succeeded"], 6, "{}", report["errors"]);
    let addresses = report["preparation"]["addresses"]["localhost"].as_array().unwrap();
    assert!(addresses.contains(&"127.0.0.1".into()), "{addresses:?}");
    assert_eq!(report_of(server.url())["preparation"]["addresses"], serde_json::json!({}));
}

#[test]
fn the_name_of_the_target_is_resolved_before_the_load_also_where_no_request_is_made() {
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |_: &Cx| ().into_outcome())
    }
    let report = report(&two_users("http://localhost:9".to_owned(), 1, 1), &Test::of(user_of));
    let addresses = report["preparation"]["addresses"]["localhost"].as_array().unwrap();
    assert!(addresses.contains(&"127.0.0.1".into()), "{addresses:?}");
}

#[test]
fn a_redirect_to_a_machine_that_is_not_listed_is_not_followed() {
    fn ours(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| cx.get("/away").await.into_outcome())
    }
    fn of_reqwest(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| {
            let url = format!("{}/away/6", cx.base_url().unwrap_or_default());
            cx.http().get(url).send().await.into_outcome()
        })
    }
    for (user, host) in [(ours as fn(Rc<Cx>) -> Box<dyn User>, "203.0.113.1"), (of_reqwest, "2001:db8::1")] {
        let server = Server::start();
        let report = report(&two_users(server.url(), 1, 2), &Test::of(user));
        assert_eq!(report["counts"]["failed"], 4);
        let message = report["errors"][0]["first_message"].as_str().unwrap();
        assert!(message.contains(&format!("hosts = [\"{host}\"]")), "{message}");
        assert_eq!(server.requests().len(), 4);
    }
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| cx.get("/round").await.into_outcome())
    }
    let server = Server::start();
    let report = report(&two_users(server.url(), 1, 1), &Test::of(user_of));
    let message = report["errors"][0]["first_message"].as_str().unwrap();
    assert!(message.contains("too many redirects"), "{message}");
    assert_eq!(server.requests().len(), 2 * 11);
}

#[test]
fn in_a_pause_of_a_closed_load_requests_under_way_end_and_no_other_begins() {
    fn user_of(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| cx.get("/slow").await.into_outcome())
    }
    let (server, live) = (Server::start(), Control::default());
    let spec = PerfSpec {
        users: Some(4),
        duration: Some(Duration::from_secs(2)),
        warmup: Some(Duration::ZERO),
        base_url: Some(server.url().into()),
        ..PerfSpec::default()
    };
    let report = std::thread::scope(|scope| {
        let running = scope.spawn(|| report_under(&spec, &Test::of(user_of), &live));
        while server.requests().len() < 4 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // The second four are under way by now, or about to be.
        std::thread::sleep(Duration::from_millis(50));
        live.pause();
        std::thread::sleep(Duration::from_millis(800));
        let before = server.requests().len();
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(server.requests().len(), before, "nothing was sent in the pause");
        live.resume();
        running.join().unwrap()
    });
    let gap = report["gaps"][0]["duration_s"].as_f64().unwrap();
    assert!(report["gaps"].as_array().unwrap().len() == 1 && gap > 1.3, "{}", report["gaps"]);
    let measured = report["load"]["measured_s"].as_f64().unwrap();
    assert!((measured - 2.0).abs() < 0.01, "the pause is no part of it: {measured}");
    let counts = ["succeeded", "completed", "started", "planned"].map(|name| report["counts"][name].as_u64());
    assert_eq!(counts, [Some(server.requests().len() as u64); 4]);
}
