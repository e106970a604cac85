//! Against a real server: Debian's nginx, started on a free port, healthy and not. Its own log has the last word.

use e2e::{Project, Run};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

struct Nginx {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Nginx {
    /// Where `/hello.txt` is served as these lines say. `None` where nginx is not installed, which only CI may not be.
    fn start(zones: &str, location: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        configure(folder.path(), port, zones, location);
        let mut command = Command::new("nginx");
        command.arg("-c").arg(folder.path().join("nginx.conf")).arg("-p").arg(folder.path());
        let Ok(child) = command.stderr(Stdio::null()).spawn() else {
            assert!(std::env::var_os("CI").is_none(), "CI installs nginx");
            eprintln!("skipped: nginx is not installed");
            return None;
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Nginx { child, folder, port })
    }

    fn load(&self, arguments: &[&str]) -> Run {
        let url = format!("http://127.0.0.1:{}", self.port);
        let run = Project::new().run_with("elsewhere", arguments, &[("PERF_BASE_URL", &url)]);
        run.assert_counts_agree();
        run
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Runs the load, and does this once it has sent so many requests.
    #[cfg(unix)]
    fn load_and(&self, arguments: &[&str], after: usize, act: impl FnOnce() + Send) -> Run {
        std::thread::scope(|scope| {
            let acting = scope.spawn(|| {
                let until = std::time::Instant::now() + Duration::from_mins(5);
                while self.logged("") < after && std::time::Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(10));
                }
                act();
            });
            let run = self.load(arguments);
            acting.join().unwrap();
            run
        })
    }

    /// How many requests of the file ended with a status.
    fn logged(&self, status: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        let words = format!("\" {status}");
        log.lines().filter(|line| line.contains("GET /hello.txt") && line.contains(&words)).count()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configure(folder: &Path, port: u16, zones: &str, location: &str) {
    let config = format!(
        "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;
         events {{}}
         http {{
             access_log {0}/access.log;
             keepalive_requests 1000000;
             client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
             uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
             {zones}
             server {{ listen 127.0.0.1:{port}; root {0}; location / {{ {location} }} }}
         }}",
        folder.display()
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
    fs::write(folder.join("hello.txt"), "hello\n").unwrap();
}

/// Of warm-up and measured time.
fn both(run: &Run, name: &str) -> usize {
    let warmup = run.test()["warmup"]["counts"][name].as_u64().unwrap();
    usize::try_from(run.count(name) + warmup).unwrap()
}

#[test]
fn nginx_answers_every_arrival_and_its_own_log_agrees() {
    let Some(server) = Nginx::start("", "") else { return };
    let run = server.load(&[]);
    assert_eq!((run.count("planned"), run.count("succeeded")), (600, 600), "{run:#?}");
    assert_eq!(run.test()["checks"]["the whole file"]["broken"], 0);
    assert_eq!(server.logged("200"), both(&run, "planned"));
}

#[test]
fn a_status_that_nginx_returns_instead_is_counted_as_often_as_it_logs_it() {
    let dead = format!("proxy_pass http://127.0.0.1:{};", free_port());
    for (location, status) in [("return 503;", "503"), (dead.as_str(), "502")] {
        let Some(server) = Nginx::start("", location) else { return };
        let run = server.load(&[]);
        assert_eq!((run.code, run.errors("http_5xx")), (Some(101), 600), "{run:#?}");
        assert_eq!((server.logged(status), server.logged("200")), (both(&run, "planned"), 0), "{run:#?}");
    }
}

#[test]
fn whom_a_limit_of_connections_turns_away_fails_and_the_others_do_not() {
    // The file comes slowly enough for several to be under way at the same time.
    let zones = "limit_conn_zone $binary_remote_addr zone=all:1m;";
    let Some(server) = Nginx::start(zones, "limit_conn all 2; limit_rate 200;") else { return };
    fs::write(server.folder.path().join("hello.txt"), "hello\n".repeat(20)).unwrap();
    let run = server.load(&["--rate", "50", "--duration", "2s"]);
    assert_eq!(run.code, Some(101), "{run:#?}");
    let logged = ["200", "503"].map(|status| server.logged(status));
    assert_eq!(logged, [both(&run, "succeeded"), both(&run, "failed")], "{run:#?}");
    assert!(logged.iter().all(|count| *count > 0), "{logged:?}");
}

#[cfg(unix)]
#[test]
fn nginx_that_is_killed_fails_what_comes_after_and_nothing_that_it_answered_is_missing() {
    let Some(server) = Nginx::start("", "") else { return };
    let kill = || server.signal(rustix::process::Signal::KILL);
    let run = server.load_and(&[], 200, kill);
    assert_eq!((run.code, run.count("planned")), (Some(101), 600), "{run:#?}");
    let (succeeded, started) = (both(&run, "succeeded"), both(&run, "started"));
    assert!(succeeded > 0 && run.errors("connect") + run.errors("reset") > 0, "{run:#?}");
    // It logs what it has answered, right after that; whatever it was at when it died is in no log.
    let in_flight = started - succeeded;
    assert!(succeeded <= server.logged("200") + in_flight, "{run:#?}");
    assert!(server.logged("200") <= started, "{run:#?}");
}

#[cfg(unix)]
#[test]
fn nginx_that_stands_still_for_a_while_loses_nothing_and_the_wait_is_seen() {
    use rustix::process::Signal;
    let Some(server) = Nginx::start("", "") else { return };
    let stall = || {
        server.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(700));
        server.signal(Signal::CONT);
    };
    let run = server.load_and(&["--duration", "4s"], 300, stall);
    assert_eq!((run.count("planned"), run.count("succeeded")), (1200, 1200), "{run:#?}");
    assert_eq!(server.logged("200"), both(&run, "planned"));
    // An arrival at the beginning of the stall waits for all of it, and p95 for most: 210 of 1,200 came meanwhile.
    assert!(run.ms("response_ns", "max") > 500.0 && run.ms("response_ns", "p95") > 100.0, "{run:#?}");
    assert!(run.ms("lag_ns", "p50") < run.ms("response_ns", "p95"), "{run:#?}");
}
