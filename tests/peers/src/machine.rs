//! Where and when the figures are from.

use std::time::SystemTime;

/// `2 cores of an AMD EPYC, Linux 6.1.0, 2026-11-25`, as far as the system says.
pub(crate) fn description() -> String {
    let model = file("/proc/cpuinfo").lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    let model = model.unwrap_or_else(|| "an unknown CPU".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = file("/proc/sys/kernel/osrelease");
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let date = now.split('T').next().unwrap_or_default();
    format!("{cores} cores of {model}; {} {}; {date}", std::env::consts::OS, kernel.trim())
}

fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
