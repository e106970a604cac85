//! Steps and creeps, by simulation.

use crate::rate::Rate;
use crate::simulator::{CALM, Machine, Noise};
use perf_core::analyze::change_point;
use perf_core::analyze::creep;
use perf_core::analyze::trend::Trend;

/// Sessions that vary by 2 %, each with so much of the one before.
fn series(machine: &mut Machine, count: usize) -> Vec<f64> {
    machine.rest();
    (0..count).map(|_| machine.round()).collect()
}

fn machine(memory: f64, seed: u64) -> Machine {
    Machine::new(Noise { round: 0.0, state: 0.02, memory, ..CALM }, seed)
}

/// At 1 % where sessions don't depend on each other. Where they do, the correction is by an estimate from few sessions, and
/// what is left is stated: 3 % where each has three tenths of the one before.
#[test]
fn a_steady_series_shows_a_trend_no_more_often_than_its_level() {
    for (memory, level) in [(0.0, 0.01), (0.3, 0.03)] {
        for count in [20, 40] {
            let mut machine = machine(memory, 1 + count as u64);
            let (mut step, mut crept) = (Rate::default(), Rate::default());
            for _ in 0..250 {
                let centres = series(&mut machine, count);
                step.count(!change_point::find(&centres, 0.0).is_empty());
                crept.count(creep::find(&centres, 0.0).is_some());
            }
            println!("{count} sessions, memory {memory}: a step in {step}, a creep in {crept}");
            step.is_at_most(level, "a step");
            crept.is_at_most(level, "a creep");
        }
    }
}

#[test]
fn ten_percent_are_found_soon_and_where_they_are() {
    for after in [3, 5, 10] {
        let mut machine = machine(0.0, 20);
        let (mut found, mut exact) = (Rate::default(), Rate::default());
        for _ in 0..60 {
            let mut centres = series(&mut machine, 20 + after);
            centres[20..].iter_mut().for_each(|centre| *centre += 0.10_f64.ln_1p());
            let trend = Trend::of(&centres, 0.05);
            let firsts: Vec<usize> = trend.steps.iter().map(|step| step.first).collect();
            found.count(!firsts.is_empty());
            exact.count(firsts == [20]);
        }
        println!("+10 % for {after} sessions after 20: found {found}, at the very session {exact}");
        found.is_at_least(if after == 3 { 0.75 } else { 0.95 }, "a step of 10 %");
        exact.is_at_least(0.6, "the very session");
    }
}

#[test]
fn a_creep_that_no_comparison_notices_is_found() {
    for per_session in [0.0025, 0.005] {
        let mut machine = machine(0.0, 30);
        let found = Rate::of(60, || {
            let noise = series(&mut machine, 40).into_iter().enumerate();
            let centres: Vec<f64> = noise.map(|(n, value)| value + per_session * n as f64).collect();
            Trend::of(&centres, 0.05).creep.is_some()
        });
        println!("{:.2} % a session for 40 sessions: a creep in {found}", per_session * 100.0);
        found.is_at_least(0.90, "a creep");
    }
}
