//! `junit.xml`: a run as CI systems show tests. A suite for each test target, a case for each test.
//!
//! Within what the schema of Jenkins' xUnit plugin allows, so that no consumer refuses it: a case has no properties, so its main numbers are properties of its suite, with the test's name in front. What the data could not decide
//! is a skipped case. The whole of a scenario is no case: its tests are.

use super::brief;
use super::json::Run;
use super::reading::{Test, tests};
use crate::judge::verdict::Verdict;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io::{self, Write};

type Xml = Writer<Vec<u8>>;

/// Writes the document.
pub fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let tests = tests(run)?;
    let tests: Vec<&Test> = tests.iter().filter(|test| !test.is_whole()).collect();
    let mut targets: Vec<&str> = Vec::new();
    for test in &tests {
        if !targets.contains(&test.test_target.as_str()) {
            targets.push(&test.test_target);
        }
    }
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites = xml.create_element("testsuites").with_attribute(("name", "perf-harness"));
    for (key, value) in tallied(&tests).into_iter().filter(|(key, _)| *key != "skipped") {
        suites = suites.with_attribute((key, value.as_str()));
    }
    suites.write_inner_content(|xml| {
        targets.iter().try_for_each(|target| {
            let of_target: Vec<&Test> =
                tests.iter().copied().filter(|test| test.test_target == *target).collect();
            suite(run, target, &of_target, xml)
        })
    })?;
    out.write_all(&xml.into_inner())?;
    writeln!(out)
}

fn suite(run: &Run, target: &str, tests: &[&Test], xml: &mut Xml) -> io::Result<()> {
    let mut suite = xml.create_element("testsuite").with_attribute(("name", target));
    for (key, value) in tallied(tests) {
        suite = suite.with_attribute((key, value.as_str()));
    }
    suite.with_attribute(("timestamp", run.started.as_str())).write_inner_content(|xml| {
        xml.create_element("properties").write_inner_content(|xml| {
            let all = of_run(run).into_iter().chain(tests.iter().flat_map(|test| of_test(test)));
            all.into_iter().try_for_each(|(name, value)| property(&name, &value, xml))
        })?;
        tests.iter().try_for_each(|test| case(test, xml))
    })?;
    Ok(())
}

/// Attributes of a suite.
fn tallied(tests: &[&Test]) -> [(&'static str, String); 5] {
    let count = |is: fn(Verdict) -> bool| tests.iter().filter(|test| is(test.verdict)).count().to_string();
    [
        ("tests", tests.len().to_string()),
        ("failures", count(|verdict| verdict == Verdict::Failed)),
        ("errors", "0".to_owned()),
        ("skipped", count(is_skipped)),
        ("time", seconds(tests.iter().filter_map(|test| length(test)).sum())),
    ]
}

fn is_skipped(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Inconclusive | Verdict::Skipped)
}

/// The measured time.
fn length(test: &Test) -> Option<f64> {
    test.load.as_ref()?.measured_s
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

fn of_run(run: &Run) -> Vec<(String, String)> {
    let (environment, class) = (&run.environment, &run.environment.class);
    let known = [
        ("run_id", Some(run.run_id.clone())),
        ("environment", Some(environment.id.clone())),
        ("label", class.label.clone()),
        ("cpu", Some(class.cpu.clone())),
        ("cores", Some(class.cores.to_string())),
        ("os", Some(class.os.clone())),
        ("build_profile", Some(class.build_profile.clone())),
        ("rustc", environment.rustc.clone()),
        ("git_commit", environment.git_commit.clone()),
    ];
    known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// The main numbers, by the keys of `report.json`.
fn of_test(test: &Test) -> Vec<(String, String)> {
    let known = [
        ("throughput_per_s", test.throughput_per_s),
        ("error_ratio", test.error_ratio),
        ("response_p50_ns", test.response_ns.get("p50")),
        ("response_p95_ns", test.response_ns.get("p95")),
        ("response_p99_ns", test.response_ns.get("p99")),
        ("response_max_ns", test.response_ns.get("max")),
        ("capacity_per_s", test.capacity.as_ref().and_then(|capacity| capacity.rate_per_s)),
    ];
    let named =
        |(key, value): (&str, Option<f64>)| Some((format!("{}.{key}", test.name), value?.to_string()));
    known.into_iter().filter_map(named).collect()
}

fn property(name: &str, value: &str, xml: &mut Xml) -> io::Result<()> {
    let (name, value) = (allowed(name), allowed(value));
    let property = xml.create_element("property").with_attribute(("name", name.as_str()));
    property.with_attribute(("value", value.as_str())).write_empty()?;
    Ok(())
}

fn case(test: &Test, xml: &mut Xml) -> io::Result<()> {
    let (module, name) =
        test.name.rsplit_once("::").map_or((None, test.name.as_str()), |(m, n)| (Some(m), n));
    let class = module.map_or(test.test_target.clone(), |module| format!("{}::{module}", test.test_target));
    let (name, class) = (allowed(name), allowed(&class));
    let mut case = xml.create_element("testcase").with_attribute(("name", name.as_str()));
    let time = length(test).map(seconds);
    case = case.with_attribute(("classname", class.as_str()));
    if let Some(time) = &time {
        case = case.with_attribute(("time", time.as_str()));
    }
    case.write_inner_content(|xml| {
        outcome(test, xml)?;
        let mut told = Vec::new();
        brief::write(test, &mut told)?;
        let told = allowed(&String::from_utf8_lossy(&told));
        xml.create_element("system-out").write_text_content(BytesText::new(&told))?;
        Ok(())
    })?;
    Ok(())
}

fn outcome(test: &Test, xml: &mut Xml) -> io::Result<()> {
    let verdict = test.verdict.name();
    let first =
        allowed(test.reasons.first().map_or(verdict, String::as_str)).replace(['\n', '\r', '\t'], " ");
    match test.verdict {
        Verdict::Passed => {}
        Verdict::Failed => {
            let place = test.file.iter().zip(test.line).map(|(file, line)| format!("{file}:{line}"));
            let lines: Vec<String> = place.chain(test.reasons.iter().cloned()).collect();
            let failure = xml.create_element("failure").with_attribute(("message", first.as_str()));
            let lines = allowed(&lines.join("\n"));
            failure.with_attribute(("type", kind(test))).write_text_content(BytesText::new(&lines))?;
        }
        Verdict::Inconclusive | Verdict::Skipped => {
            let message = format!("{verdict}: {first}");
            xml.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
        }
    }
    Ok(())
}

/// What a failure is of.
fn kind(test: &Test) -> &'static str {
    let is_regressed = test.comparison.as_ref().is_some_and(|comparison| comparison.verdict == "regressed");
    match test.load {
        None => "setup",
        Some(_) if test.thresholds.iter().any(|threshold| !threshold.held) => "threshold",
        Some(_) if is_regressed => "regression",
        Some(_) => "failed",
    }
}

/// XML has no place for most control characters, however they are written.
fn allowed(text: &str) -> String {
    let is_allowed = |c: &char| match c {
        '\t' | '\n' | '\r' => true,
        '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    };
    text.chars().map(|c| if is_allowed(&c) { c } else { '\u{fffd}' }).collect()
}
