//! Imports go one way: from a later layer to an earlier one, and within a layer from a later file to an earlier one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file, in the order a datum passes through them. A `mod.rs` stands for its folder and may name its children.
const ORDER: &[&str] = &[
    "units",
    "files",
    "metric",
    "error/category",
    "error/mod",
    "outcome",
    "returned",
    "plan/bounds",
    "plan/abort",
    "plan/threshold",
    "plan/conditions",
    "plan/stage",
    "plan/curve",
    "plan/shape",
    "plan/spacing",
    "plan/random",
    "plan/poisson",
    "plan/arrivals",
    "plan/pause",
    "plan/level",
    "plan/search",
    "plan/load",
    "plan/builder",
    "plan/spec",
    "plan/misfit",
    "plan/flags",
    "plan/gate",
    "plan/limits",
    "plan/config/mistake",
    "plan/config/entry",
    "plan/config/baseline",
    "plan/config/settings",
    "plan/config/alerts",
    "plan/config/mod",
    "plan/lay",
    "plan/scenario",
    "plan/connections",
    "plan/plan",
    "plan/check",
    "plan/resolve",
    "plan/share",
    "plan/data_file",
    "plan/position",
    "plan/feeder",
    "plan/mod",
    "measure/sample",
    "measure/histogram",
    "measure/message",
    "measure/errors",
    "measure/custom",
    "measure/marks",
    "measure/tally",
    "measure/exemplar",
    "measure/pulse",
    "measure/edges",
    "measure/recorder",
    "measure/window",
    "measure/alert",
    "measure/timeline",
    "measure/class",
    "measure/virtualisation",
    "measure/system",
    "measure/environment",
    "measure/proc",
    "measure/resources",
    "measure/collection",
    "measure/mix",
    "measure/mod",
    "drive/clock",
    "drive/cpu",
    "drive/threads",
    "drive/reading",
    "drive/gauges",
    "drive/pacer",
    "drive/control",
    "drive/grace",
    "drive/standstill",
    "drive/panics",
    "drive/turn",
    "drive/quantity",
    "drive/cx",
    "drive/cookies",
    "drive/dns",
    "drive/http",
    "drive/no_http",
    "drive/users",
    "drive/support",
    "drive/cap",
    "drive/prepare",
    "drive/ready",
    "drive/backoff",
    "drive/roster",
    "drive/start",
    "drive/claims",
    "drive/open",
    "drive/closed",
    "drive/offer",
    "drive/desk",
    "drive/attendance",
    "drive/worker",
    "drive/crew",
    "drive/known",
    "drive/condition",
    "drive/abort",
    "drive/lost",
    "drive/alarm",
    "drive/watch",
    "drive/sampler",
    "drive/meter",
    "drive/headroom",
    "drive/engine",
    "drive/mod",
    "analyze/stats",
    "analyze/autocorrelation",
    "analyze/change_point",
    "analyze/ranks",
    "analyze/slope",
    "analyze/creep",
    "analyze/trend",
    "analyze/comb",
    "analyze/modes",
    "analyze/health",
    "analyze/knee",
    "analyze/capacity",
    "analyze/hunt",
    "analyze/summary",
    "analyze/seconds",
    "analyze/course",
    "analyze/findings/altered",
    "analyze/findings/bimodal",
    "analyze/findings/bound",
    "analyze/findings/capacity",
    "analyze/findings/cause",
    "analyze/findings/client",
    "analyze/findings/connections",
    "analyze/findings/correlation",
    "analyze/findings/drift",
    "analyze/findings/errors",
    "analyze/findings/generator",
    "analyze/findings/memory",
    "analyze/findings/names",
    "analyze/findings/saturation",
    "analyze/findings/stalls",
    "analyze/findings/tail",
    "analyze/findings/unusual",
    "analyze/findings/users",
    "analyze/findings/mod",
    "analyze/findings/quiet",
    "analyze/mod",
    "judge/thresholds",
    "judge/level",
    "judge/centre",
    "judge/baseline",
    "judge/machines",
    "judge/spread",
    "judge/yardstick",
    "judge/signed_rank",
    "judge/detectable",
    "judge/looks",
    "judge/doubt",
    "judge/allowance",
    "judge/derivation",
    "judge/compare",
    "judge/comparison",
    "judge/errors",
    "judge/block",
    "judge/interleaved",
    "judge/reference",
    "judge/accept",
    "judge/verdict",
    "judge/mod",
    "report/terminal",
    "report/capacity",
    "report/resources",
    "report/text",
    "report/histogram",
    "report/named",
    "report/alert",
    "report/timeline",
    "report/numbers",
    "report/json",
    "report/record",
    "report/html",
    "report/mix",
    "report/history",
    "report/series",
    "report/trend",
    "report/mod",
    "search",
    "run",
    "interleave/wire",
    "interleave/coins",
    "interleave/mod",
    "lib",
];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// The file that a path such as `measure::sample::{Drop, Phase}` or `plan::Plan` lies in.
fn file_of(path: &str, ranks: &BTreeMap<String, usize>) -> Option<String> {
    let parts: Vec<&str> = path.split("::").map(|part| part.trim_matches(['{', '}', ' ', ';'])).collect();
    let longest_first = (1..=parts.len()).rev().map(|n| parts[..n].join("/"));
    longest_first.flat_map(|name| [format!("{name}/mod"), name]).find(|name| ranks.contains_key(name))
}

#[test]
fn imports_go_upward_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let ranks: BTreeMap<String, usize> =
        ORDER.iter().enumerate().map(|(rank, name)| ((*name).to_owned(), rank)).collect();
    let mut files = Vec::new();
    sources(&src, &mut files);
    let (mut wrong, mut imports) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(&src).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
        let rank = *ranks.get(&name).unwrap_or_else(|| panic!("{name}: add it to the order of the layers"));
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().replace("pub use", "use");
        for line in text.lines().filter_map(|line| line.strip_prefix("use crate::")) {
            let imported = file_of(line, &ranks).unwrap_or_else(|| panic!("{name}: use crate::{line}"));
            imports += 1;
            // A folder's mod.rs comes after its children, and holds what they have in common.
            let is_own_parent = imported.strip_suffix("/mod").is_some_and(|folder| name.starts_with(folder));
            if ranks[&imported] >= rank && !is_own_parent {
                wrong.push(format!("{name} uses {imported}"));
            }
        }
    }
    assert!(imports > 50, "only {imports} imports were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
