//! `--listen`: what can be seen of a run while it runs, and that it changes nothing.

use e2e::{Project, Run};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_mins(2);

/// A run of the target `load` that listens.
struct Watched {
    project: Project,
    running: Child,
    address: SocketAddr,
    stderr: JoinHandle<String>,
}

impl Watched {
    fn start(arguments: &[&str]) -> Self {
        let project = Project::of("load");
        let mut command = project.executable(&["--listen", "0"]);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut lines = BufReader::new(running.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.find(|line| line.starts_with("[perf] live at http://")).expect("where it listens");
        let address = said.trim_start_matches("[perf] live at http://").split('/').next().unwrap();
        let address = address.parse().unwrap();
        let stderr = thread::spawn(move || lines.collect::<Vec<_>>().join("\n"));
        Watched { project, running, address, stderr }
    }

    fn finish(self) -> Run {
        let output = self.running.wait_with_output().unwrap();
        let mut run = self.project.finished(&output);
        run.stderr = self.stderr.join().unwrap();
        run
    }

    /// A request that is answered until the other end closes.
    fn ask(&self, path: &str, accept: &str) -> std::io::Result<TcpStream> {
        ask(self.address, path, accept)
    }

    fn metrics(&self) -> Option<String> {
        body(self.ask("/metrics", "application/openmetrics-text").ok()?)
    }

    /// Every event from now on, with its name.
    fn events(&self) -> JoinHandle<Vec<(String, Value)>> {
        let stream = self.ask("/events", "application/x-ndjson").unwrap();
        thread::spawn(move || {
            let lines =
                BufReader::new(stream).lines().map_while(Result::ok).skip_while(|line| !line.is_empty());
            let events = lines.skip(1).map(|line| serde_json::from_str::<Value>(&line).unwrap());
            events
                .map(|mut event| (event["event"].as_str().unwrap().to_owned(), event["data"].take()))
                .collect()
        })
    }
}

fn ask(address: SocketAddr, path: &str, accept: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST))?;
    // Of a version without chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\naccept: {accept}\r\n\r\n")?;
    Ok(stream)
}

fn body(mut stream: TcpStream) -> Option<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

/// The value of a series whose labels hold all of these.
fn value(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let is_it = |line: &&str| {
        line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label))
    };
    metrics.lines().find(is_it)?.rsplit_once(' ')?.1.parse().ok()
}

fn of_test<'a>(run: &'a Run, name: &str) -> &'a Value {
    let tests = run.report["tests"].as_array().unwrap_or_else(|| panic!("no report: {run:#?}"));
    tests.iter().find(|test| test["name"] == name).unwrap_or_else(|| panic!("no {name}: {run:#?}"))
}

const OUTCOMES: [&str; 5] = ["succeeded", "failed", "timed_out", "dropped", "interrupted"];

/// What a scrape after the end of a test must say, in `PromQL` and in the text alike.
fn expected(test: &Value) -> Vec<(String, Vec<String>, f64)> {
    let name = format!("test={}", test["name"]);
    let series = |metric: &str, label: Option<String>, value: f64| {
        (metric.to_owned(), std::iter::once(name.clone()).chain(label).collect(), value)
    };
    let counts = &test["counts"];
    let count = |key: &str| counts[key].as_f64().unwrap();
    let mut all = vec![
        series("perf_iterations_planned_total", None, count("planned")),
        series("perf_iterations_started_total", None, count("started")),
    ];
    all.extend(OUTCOMES.map(|outcome| {
        series("perf_iterations_total", Some(format!("outcome=\"{outcome}\"")), count(outcome))
    }));
    for error in test["errors"].as_array().unwrap() {
        let label = format!("category={}", error["category"]);
        all.push(series("perf_errors_total", Some(label), error["count"].as_f64().unwrap()));
    }
    for (metric, times) in
        [("perf_response", "response_ns"), ("perf_service", "service_ns"), ("perf_lag", "lag_ns")]
    {
        let buckets = test[times]["histogram"].as_array().unwrap();
        let up_to = |ns: f64| -> f64 {
            let within = buckets.iter().filter(|bucket| bucket[0].as_f64().unwrap() <= ns);
            within.map(|bucket| bucket[1].as_f64().unwrap()).sum()
        };
        all.push(series(&format!("{metric}_seconds_count"), None, up_to(f64::INFINITY)));
        for bound in ["0.0001", "0.001", "0.01", "1.0"] {
            let ns = bound.parse::<f64>().unwrap() * 1e9;
            all.push(series(&format!("{metric}_seconds_bucket"), Some(format!("le=\"{bound}\"")), up_to(ns)));
        }
    }
    let verdict = format!("verdict={}", test["verdict"]);
    all.push(series("perf_verdict", Some(verdict), 1.0));
    all
}

#[test]
fn what_is_told_while_a_run_runs_is_what_its_report_says() {
    // Afterwards `server_error` runs, so that the end of `refused` can be seen.
    let watched = Watched::start(&["--exact", "refused", "server_error", "--duration", "3s"]);
    let events = watched.events();
    let (mut planned, mut last) = (Vec::new(), String::new());
    while let Some(metrics) = watched.metrics() {
        planned.extend(value(&metrics, "perf_iterations_planned_total", &["test=\"server_error\""]));
        last = metrics;
        thread::sleep(Duration::from_millis(100));
    }
    let (events, run) = (events.join().unwrap(), watched.finish());
    assert_eq!(run.code, Some(101), "{run:#?}");

    let failed = of_test(&run, "refused");
    for (name, labels, expected) in expected(failed) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert_eq!(value(&last, &name, &labels), Some(expected), "{name} {labels:?}\n{last}\n{failed:#}");
    }
    assert!(planned.is_sorted() && planned.iter().any(|count| (1.0..300.0).contains(count)), "{planned:?}");

    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"run"), Some(&"end")), "{names:?}");
    assert_eq!(events[0].1["run_id"], run.report["run_id"]);
    assert_eq!(events[0].1["tests"], serde_json::json!(["refused", "server_error"]));
    for name in ["refused", "server_error"] {
        assert_test_is_told(name, &events, of_test(&run, name));
    }
}

/// Its stages in order, its points, its last counts and its end.
fn assert_test_is_told(name: &str, events: &[(String, Value)], test: &Value) {
    let of = |kind: &str| -> Vec<&Value> {
        let of_kind = events
            .iter()
            .filter(|(event, data)| event == kind && (data["test"] == name || data["name"] == name));
        of_kind.map(|(_, data)| data).collect()
    };
    let statuses = of("status");
    let mut stages: Vec<&str> = statuses.iter().map(|status| status["phase"].as_str().unwrap()).collect();
    stages.dedup();
    assert_eq!(stages, ["preparing", "warm-up", "measuring", "draining"], "{name}");
    let last = statuses.last().unwrap();
    assert_eq!(last["counts"], test["counts"], "{name}");
    for percentile in ["p50", "p90", "p99", "max"] {
        assert_eq!(last["response_ns"][percentile], test["response_ns"][percentile], "{name} {percentile}");
    }
    for (now, end) in
        last["thresholds"].as_array().unwrap().iter().zip(test["thresholds"].as_array().unwrap())
    {
        assert_eq!((&now["expression"], &now["held"]), (&end["expression"], &end["held"]), "{name}");
        assert_eq!(now["actual"], end["actual"], "{name}");
    }
    let (told, reported) = (of("point"), test["timeline"]["points"].as_array().unwrap());
    assert_eq!(told.len(), reported.len(), "{name} {told:#?}");
    for (told, reported) in told.iter().zip(reported) {
        for key in [
            "at_s",
            "started",
            "completed",
            "failed",
            "dropped",
            "errors",
            "in_flight",
            "users",
            "p50_ns",
            "p99_ns",
            "max_ns",
            "lag_p99_ns",
        ] {
            assert_eq!(told["point"][key], reported[key], "{name} {key}");
        }
    }
    let ends = of("test");
    assert_eq!(
        (ends.len(), &ends[0]["verdict"], &ends[0]["reasons"]),
        (1, &test["verdict"], &test["reasons"])
    );
}

#[test]
fn readers_who_do_not_read_change_nothing_of_the_load() {
    let watched = Watched::start(&["--exact", "long", "--duration", "4s"]);
    let hanging: Vec<TcpStream> = (0..20).map(|_| watched.ask("/events", "*/*").unwrap()).collect();
    // More than any buffer holds is asked for, and nothing of it is read.
    let mut greedy = TcpStream::connect(watched.address).unwrap();
    greedy.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let many = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    greedy.write_all(many.as_bytes()).ok();
    let run = watched.finish();
    assert_eq!((run.count("planned"), run.count("dropped")), (800, 0), "{run:#?}");
    assert_ne!(run.test()["verdict"], "failed", "{run:#?}");
    drop((hanging, greedy));
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = Project::of("load").run("holds", &["--listen", &port]);
    // cargo tells of a test target's 2 by 1 of its own in some versions.
    assert!(
        run.stderr.contains(&format!("--listen 127.0.0.1:{port}: "))
            && run.stderr.contains("or 0 for any free one"),
        "{run:#?}"
    );
    assert!(!run.stdout.contains("running") && run.report.is_null() && run.code != Some(0), "{run:#?}");
    let run = Project::of("load").run("holds", &["--listen", "nowhere"]);
    assert!(run.stderr.contains("write a port such as 9090"), "{run:#?}");
}

/// A Prometheus of our own, which sees one target.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// `None` where there is none to be started.
    fn watching(target: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: perf\n".to_owned();
        write!(config, "    static_configs:\n      - targets: [\"{target}\"]\n").unwrap();
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let process = Command::new("prometheus")
            .arg(flag("config.file", &file))
            .arg(flag("storage.tsdb.path", &folder.path().join("data")))
            .arg(format!("--web.listen-address={free}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match process {
            Ok(process) => Some(Prometheus { process, address: free, _folder: folder }),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "prometheus: {error}; install Debian's prometheus");
                eprintln!("skipped: prometheus: {error}");
                None
            }
        }
    }

    /// The last value that it saw of a series.
    fn last(&self, name: &str, labels: &[String]) -> Option<f64> {
        let query = format!("last_over_time({name}{{{}}}[5m])", labels.join(","));
        let escaped: String = query.bytes().fold(String::new(), |mut escaped, byte| {
            write!(escaped, "%{byte:02X}").unwrap();
            escaped
        });
        let answer = body(ask(self.address, &format!("/api/v1/query?query={escaped}"), "*/*").ok()?)?;
        let answer: Value = serde_json::from_str(&answer).ok()?;
        let found = answer["data"]["result"].as_array()?;
        assert!(found.len() <= 1, "{query}: {found:#?}");
        found.first()?["value"][1].as_str()?.parse().ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn prometheus_scrapes_a_run_and_sees_the_numbers_of_its_report() {
    let watched = Watched::start(&["--exact", "refused", "server_error", "--duration", "6s"]);
    let Some(prometheus) = Prometheus::watching(watched.address) else {
        return drop(watched.finish());
    };
    // While it runs, and not only at its end.
    let (began, mut counts) = (Instant::now(), Vec::new());
    let second = ["test=\"server_error\"".to_owned()];
    while began.elapsed() < LONGEST && counts.len() < 4 {
        let count = prometheus.last("perf_iterations_planned_total", &second).filter(|count| *count > 0.0);
        counts.extend(count.filter(|count| !counts.contains(count)));
        thread::sleep(Duration::from_millis(200));
    }
    let run = watched.finish();
    assert!(counts.len() == 4 && counts.is_sorted(), "{counts:?} {run:#?}");
    assert!(counts.iter().all(|count| *count <= 600.0), "{counts:?}");
    let failed = of_test(&run, "refused");
    for (name, labels, expected) in expected(failed) {
        assert_eq!(prometheus.last(&name, &labels), Some(expected), "{name} {labels:?}");
    }
    let mean =
        failed["response_ns"]["mean"].as_f64().unwrap() * failed["counts"]["started"].as_f64().unwrap() / 1e9;
    let sum = prometheus.last("perf_response_seconds_sum", &["test=\"refused\"".to_owned()]).unwrap();
    assert!((sum / mean - 1.0).abs() < 1e-6, "{sum} {mean}");
}
