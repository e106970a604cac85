//! Against a real server: Debian's nginx, started on a free port.

use e2e::Project;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// `None` where nginx is not installed, which only CI may not be.
fn nginx(folder: &Path, port: u16) -> Option<Nginx> {
    let config = format!(
        "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;
         events {{}}
         http {{
             access_log {0}/access.log;
             keepalive_requests 1000000;
             client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
             uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
             server {{ listen 127.0.0.1:{port}; root {0}; }}
         }}",
        folder.display()
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
    fs::write(folder.join("hello.txt"), "hello\n").unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(folder.join("nginx.conf")).arg("-p").arg(folder).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(Nginx(child)),
        Err(_) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI installs nginx");
            eprintln!("skipped: nginx is not installed");
            None
        }
    }
}

#[test]
fn nginx_answers_every_arrival_and_its_own_log_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(server) = nginx(folder.path(), port) else { return };
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let url = format!("http://127.0.0.1:{port}");
    let run = Project::new().run_with("elsewhere", &[], &[("PERF_BASE_URL", &url)]);
    run.assert_counts_agree();
    assert_eq!((run.count("planned"), run.count("succeeded")), (600, 600), "{run:#?}");
    assert_eq!(run.test()["checks"]["the whole file"]["broken"], 0);
    drop(server);
    let log = fs::read_to_string(folder.path().join("access.log")).unwrap();
    let logged = log.lines().filter(|line| line.contains("GET /hello.txt") && line.contains(" 200 ")).count();
    let warmup = run.test()["warmup"]["counts"]["planned"].as_u64().unwrap();
    assert_eq!(logged as u64, 600 + warmup);
}
