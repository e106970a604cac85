//! What a page holds, and how large it is.

use crate::reports::{QUIET, Second, one_of_each, run, test, with};
use perf_core::report::html::{write, write_live};
use perf_core::report::json::Run;
use serde_json::{Value, json};

fn page(runs: &[Run]) -> String {
    let mut out = Vec::new();
    write(runs, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The data element with this id.
fn data(page: &str, id: &str) -> Value {
    let start = format!("<script type=\"application/json\" id=\"{id}\">");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {id}")) + start.len();
    let length = page[from..].find("</script>").unwrap();
    serde_json::from_str(&page[from..from + length]).unwrap()
}

#[test]
fn a_page_needs_nothing_but_itself() {
    let page = page(&[one_of_each("1", 60)]);
    for part in ["src=", "@import", "url(", "http://", "https://"] {
        let own = page.replace("http://www.w3.org/2000/svg", "").replace("url(#", "");
        let outside = own.lines().filter(|line| !line.contains("application/json"));
        let found: Vec<&str> = outside.filter(|line| line.contains(part)).collect();
        assert!(found.is_empty(), "{part}: {found:?}");
    }
    assert!(
        page.contains("default-src 'none'") && page.contains("connect-src 'none'"),
        "it may ask for nothing"
    );
    assert!(!page.contains("{{"), "nothing is left to fill in");
}

#[test]
fn every_test_is_in_it_with_its_verdict_and_its_own_data() {
    let run = one_of_each("1", 60);
    let page = page(std::slice::from_ref(&run));
    let index = data(&page, "index");
    for (number, test) in run.tests.iter().enumerate() {
        let entry = &index["tests"][number];
        assert_eq!((&entry["name"], &entry["outcomes"][0]["verdict"]), (&test["name"], &test["verdict"]));
        let detail = data(&page, &format!("test-{number}-0"));
        assert_eq!(detail["test"]["name"], test["name"]);
        let points = test["timeline"]["points"].as_array().map_or(0, Vec::len);
        assert_eq!(detail["timeline"]["points"].as_u64().unwrap_or(0), points as u64, "{}", test["name"]);
    }
    let regressed = data(&page, "test-1-0");
    assert_eq!(regressed["test"]["baseline"]["sessions"].as_array().map(Vec::len), Some(8));
    assert_eq!(regressed["test"]["baseline"]["median"].as_array().map(Vec::len), Some(64));
    assert_eq!(regressed["test"]["rounds"][0]["baseline"].as_array().map(Vec::len), Some(8));
    assert_eq!(regressed["test"]["response_ns"]["histogram"], Value::Null, "drawn from less");
}

#[test]
fn what_a_server_said_is_no_markup() {
    let page = page(&[one_of_each("1", 60)]);
    for markup in ["<img src=x", "<b>books", "many <GHz>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(data(&page, "index")["tests"][4]["name"].as_str().unwrap().contains("</script><b>books"));
}

#[test]
fn a_test_of_two_runs_is_there_once_with_both_of_them() {
    let page = page(&[one_of_each("1", 60), one_of_each("2", 30)]);
    let index = data(&page, "index");
    assert_eq!(index["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(index["tests"].as_array().map(Vec::len), Some(10));
    assert_eq!(index["tests"][0]["outcomes"].as_array().map(Vec::len), Some(2));
    assert_eq!(data(&page, "test-0-0")["timeline"]["points"], 60);
    assert_eq!(data(&page, "test-0-1")["timeline"]["points"], 30);
}

#[test]
fn ten_tests_of_a_minute_take_less_than_500_kb() {
    let busy = |_| Second { failed: 3.0, ..QUIET };
    let tests: Vec<Value> = (0..10).map(|n| test(&format!("test_{n}"), 60, busy)).collect();
    let size = page(&[run("1", &tests)]).len();
    assert!(size < 500_000, "{size}");
}

/// Of which a twentieth is made here.
#[test]
fn a_hundred_tests_of_an_hour_take_less_than_10_mb_in_600_points_each() {
    let long = test("long", 3600, |second| Second { failed: (second % 7) as f64, ..QUIET });
    let named = |n: usize| with(long.clone(), &json!({ "name": format!("test_{n}") }));
    let page = page(&[run("1", &(0..5).map(named).collect::<Vec<_>>())]);
    assert_eq!(data(&page, "test-4-0")["timeline"]["points"], 600);
    let frame = self::page(&[run("1", &[])]).len();
    let hundred = frame + (page.len() - frame) * 20;
    assert!(hundred < 10_000_000, "{hundred}");
}

#[test]
fn a_run_without_tests_has_a_page_and_so_has_a_live_one() {
    assert!(page(&[run("1", &[])]).ends_with("</html>\n"));
    let mut out = Vec::new();
    write_live(&mut out).unwrap();
    let live = String::from_utf8(out).unwrap();
    assert!(
        live.contains("connect-src 'self'") && live.contains("showLive();") && live.ends_with("</html>\n")
    );
}
