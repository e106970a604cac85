//! What a session needed: `resources` and the points of the timeline in report.json, and a line on the terminal.

use super::terminal::wrapped;
use crate::analyze::Session;
use crate::analyze::findings::bound::Bound;
use crate::measure::Recording;
use crate::measure::resources::{Figure, Merging, ResourcePoint};
use crate::units::Significant;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

const OF_TARGET: &str = "target_";

/// Means and highest values over the measured time; `target` is `null` where nothing is known of one.
pub(super) fn of_session(session: &Session) -> Value {
    let recording = &session.recording;
    let (mut client, mut target) = (Map::new(), Map::new());
    for figure in Figure::ALL {
        let value = recording.resources.over(recording.measured_for, *figure);
        let value = value.map(|(mean, max)| json!({ "mean": mean, "max": number(*figure, max) }));
        match figure.key().strip_prefix(OF_TARGET) {
            Some(key) => target.insert(key.to_owned(), json!(value)),
            None => client.insert(figure.key().to_owned(), json!(value)),
        };
    }
    let cpu = session.summary.cpu_per_iteration;
    target.insert("cpu_per_iteration_ns".into(), json!(cpu));
    let known = |figures: Map<String, Value>| {
        Some(figures).filter(|figures| figures.values().any(|value| !value.is_null()))
    };
    json!({ "client": known(client), "target": known(target), "bound_by": session.bound.map(of_bound) })
}

fn of_bound(bound: Bound) -> Value {
    let (figure, of) = bound.figure();
    json!({ "kind": bound.kind(), "figure": figure, "of": of, "message": bound.to_string() })
}

/// Adds what is known of its intervals to the points of a timeline.
pub(super) fn onto(mut timeline: Value, recording: &Recording) -> Value {
    let resources = &recording.resources;
    let is_known = |figure: &&Figure| resources.points.iter().any(|point| point.value(**figure).is_some());
    let known: Vec<Figure> = Figure::ALL.iter().filter(is_known).copied().collect();
    if let Some(points) = timeline["points"].as_array_mut() {
        for (told, point) in points.iter_mut().zip(&resources.points) {
            add(told, point, &known);
        }
    }
    timeline
}

/// Adds what is known of one interval to its point.
pub(super) fn onto_point(told: &mut Value, point: &ResourcePoint) {
    let known: Vec<Figure> =
        Figure::ALL.iter().filter(|figure| point.value(**figure).is_some()).copied().collect();
    add(told, point, &known);
}

fn add(told: &mut Value, point: &ResourcePoint, known: &[Figure]) {
    for figure in known {
        told[figure.key()] = point.value(*figure).map_or(Value::Null, |value| number(*figure, value));
    }
    told["worker_cpu"] = json!(point.worker_cpu);
}

/// Levels and what is counted in bytes are whole.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made of a u64
fn number(figure: Figure, value: f64) -> Value {
    match figure.merging() {
        Merging::Last => json!(value as u64),
        Merging::Max if figure != Figure::BusiestWorker => json!(value as u64),
        Merging::Max | Merging::Mean => json!(value),
    }
}

/// Writes a line with the CPU and the memory of the client, and of the target, as far as they are known, and one that says
/// that the load itself was the limit, where it was: any other one is a finding.
pub(super) fn write(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Recording { resources, measured_for, .. } = &session.recording;
    let over = |figure| resources.over(*measured_for, figure);
    let cores = |figure| over(figure).map(|(mean, _)| format!("{} cores", Significant(mean)));
    let memory = |figure| over(figure).map(|(_, max)| format!("{} MB", Significant(max / 1e6)));
    let [client, target] =
        [[Figure::Cpu, Figure::Memory], [Figure::TargetCpu, Figure::TargetMemory]].map(|[cpu, bytes]| {
            let known: Vec<String> = cores(cpu).into_iter().chain(memory(bytes)).collect();
            known.join(", ")
        });
    // One without a memory of its own is part of this process.
    let of_these = if over(Figure::TargetMemory).is_some() { "" } else { "of these " };
    match (client.is_empty(), target.is_empty()) {
        (true, _) => {}
        (false, true) => wrapped(width, "  ", &format!("client {client}"), out)?,
        (false, false) => wrapped(width, "  ", &format!("client {client}; {of_these}target {target}"), out)?,
    }
    let load = session.bound.iter().filter(|bound| bound.is_load());
    load.map(ToString::to_string).try_for_each(|bound| wrapped(width, "  ", &bound, out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::summary::Summary;
    use crate::measure::resources::Resources;
    use crate::plan::Plan;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    /// Two seconds and a drain.
    fn session(values: &[(Figure, [f64; 3])]) -> Session {
        let mut resources = Resources::default();
        for interval in 0..3_u8 {
            let mut point = ResourcePoint::default();
            point.worker_cpu = vec![None, Some(0.5)];
            values.iter().for_each(|(figure, of)| point.set(*figure, Some(of[usize::from(interval)])));
            resources.add(u64::from(interval), &point);
        }
        let recording = Recording { resources, measured_for: Duration::from_secs(2), ..Recording::default() };
        let spec =
            PerfSpec { rate: Some(1.0), duration: Some(Duration::from_secs(2)), ..PerfSpec::default() };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        Session { summary: Summary::of(&plan, &recording), recording, findings: Vec::new(), bound: None }
    }

    fn line(session: &Session) -> String {
        let mut out = Vec::new();
        write(session, 80, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const CPU: (Figure, [f64; 3]) = (Figure::Cpu, [0.5, 1.0, 9.0]);
    const MEMORY: (Figure, [f64; 3]) = (Figure::Memory, [30e6, 34e6, 90e6]);
    const TARGET: (Figure, [f64; 3]) = (Figure::TargetCpu, [0.25, 0.25, 0.0]);

    #[test]
    fn a_report_has_means_and_highest_values_of_the_measured_time_and_each_point_its_own() {
        let session = session(&[CPU, MEMORY]);
        let json = of_session(&session);
        assert_eq!(json["client"]["cpu"], json!({ "mean": 0.75, "max": 1.0 }));
        assert_eq!(json["client"]["memory_bytes"], json!({ "mean": 32e6, "max": 34_000_000 }));
        assert!(json["client"]["steal"].is_null() && json["target"].is_null(), "{json}");
        let timeline = json!({ "points": [{ "cpu": null }, { "cpu": null, "at_s": 1.0 }] });
        let timeline = onto(timeline, &session.recording);
        let point = json!({ "at_s": 1.0, "cpu": 1.0, "memory_bytes": 34_000_000, "worker_cpu": [null, 0.5] });
        assert_eq!(timeline["points"][1], point);
        assert!(of_session(&self::session(&[]))["client"].is_null());
    }

    #[test]
    fn what_a_run_was_bound_by_is_in_the_report_and_on_the_terminal_where_it_is_no_finding() {
        let of = |bound| Session { bound, ..session(&[CPU]) };
        assert!(of_session(&of(None))["bound_by"].is_null());
        let served = of(Some(Bound::Rate(200.0)));
        let message = "bound by the load itself: 200/s were offered and served";
        let told = json!({ "kind": "load", "figure": 200.0, "of": null, "message": message });
        assert_eq!(of_session(&served)["bound_by"], told);
        assert_eq!(line(&served), format!("  client 0.750 cores\n  {message}\n"));
        let busy = of(Some(Bound::TargetCpu(3.8, 4.0)));
        assert_eq!((&of_session(&busy)["bound_by"]["of"], line(&busy).lines().count()), (&json!(4.0), 1));
    }

    #[test]
    fn the_terminal_says_what_belongs_to_whom() {
        assert_eq!(line(&session(&[])), "");
        assert_eq!(line(&session(&[CPU, MEMORY])), "  client 0.750 cores, 34 MB\n");
        let inside = line(&session(&[CPU, MEMORY, TARGET]));
        assert_eq!(inside, "  client 0.750 cores, 34 MB; of these target 0.250 cores\n");
        let outside = line(&session(&[CPU, TARGET, (Figure::TargetMemory, [1e6, 2e6, 3e6])]));
        assert_eq!(outside, "  client 0.750 cores; target 0.250 cores, 2 MB\n");
    }
}
