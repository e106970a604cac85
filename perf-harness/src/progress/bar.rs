//! The lines of progress: two of each test that runs, and one of the suite. Pure text.

use super::agenda::Rest;
use perf_core::drive::snapshot::{LimitNow, Snapshot, Stage};
use perf_core::plan::threshold::show_value;
use perf_core::report::terminal::{BAD, BOLD, DOUBT, shortened};
use perf_core::units::{Latency, Significant};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Of the bar itself, in characters.
const LONGEST: usize = 40;
const SHORTEST: usize = 8;
/// Of a name, where there is room.
const NAME: usize = 32;
const SHORTEST_NAME: usize = 8;
/// Of everything else in its line, with the shortest bar.
const BESIDE: usize = 44;

/// A part of a line, and how it looks.
struct Piece {
    text: String,
    style: Option<anstyle::Style>,
    /// The higher, the sooner it is left out where there is no room.
    rank: u8,
}

impl Piece {
    fn plain(rank: u8, text: String) -> Self {
        Piece { text, style: None, rank }
    }

    fn shown(&self, is_coloured: bool) -> String {
        match self.style.filter(|_| is_coloured) {
            Some(style) => format!("{style}{}{style:#}", self.text),
            None => self.text.clone(),
        }
    }
}

/// For a terminal of so many columns.
pub(super) fn lines(
    running: &[Arc<Snapshot>],
    rest: &Rest,
    now: Instant,
    columns: usize,
    is_coloured: bool,
) -> Vec<String> {
    // The last column makes some terminals wrap.
    let columns = columns.saturating_sub(1).max(40);
    let most = columns.saturating_sub(BESIDE).clamp(SHORTEST_NAME, NAME);
    let name = running.iter().map(|snapshot| snapshot.test.chars().count()).max().unwrap_or(0).min(most);
    let mut lines = Vec::new();
    for snapshot in running {
        lines.push(first(snapshot, now, name, columns, is_coloured));
        if snapshot.stage >= Stage::WarmUp {
            lines.push(joined("  ", second(snapshot), columns, is_coloured));
        }
    }
    if running.is_empty() {
        lines.push("ending".to_owned());
    }
    if rest.of > 1 {
        lines.push(suite(running, rest, now));
    }
    lines
}

/// Name, phase, bar, percent, time left.
fn first(snapshot: &Snapshot, now: Instant, name: usize, columns: usize, is_coloured: bool) -> String {
    let later = later(snapshot, now);
    let shown = shortened(&snapshot.test, name);
    let style = Some(BOLD).filter(|_| is_coloured).unwrap_or_default();
    let head = format!("{style}{shown:<name$}{style:#}  {:<9}", snapshot.stage.name());
    let Some(done) = snapshot.done(later).filter(|_| snapshot.stage >= Stage::WarmUp) else {
        return head;
    };
    let left = match snapshot.left(later) {
        Some(left) => format!("{} left", time(left)),
        None => snapshot
            .scheduled
            .map_or(String::new(), |all| format!("{} of {all}", snapshot.counts.completed())),
    };
    let tail = format!("{:>4.0} %  {left}", (done * 100.0).floor());
    let room = columns.saturating_sub(name + 2 + 9 + 2 + tail.chars().count());
    let width = room.clamp(SHORTEST, LONGEST);
    format!("{head}  {}{tail}", bar(done, width))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from nothing to the width
fn bar(done: f64, width: usize) -> String {
    let full = (done * width as f64).round() as usize;
    let (full, empty) = ("━".repeat(full.min(width)), "─".repeat(width - full.min(width)));
    format!("{full}{empty}")
}

/// Rates, times, errors, what is in flight, the limit that is nearest to breaking, and what is unusual.
fn second(snapshot: &Snapshot) -> Vec<Piece> {
    let last = &snapshot.last;
    let time = |time: Option<f64>| time.map_or("-".to_owned(), |ns| Latency(ns).to_string());
    let rate = |rate: f64| Significant(rate).to_string();
    let errors = snapshot.counts.errors();
    let mut pieces = vec![
        Piece::plain(0, format!("{}/s of {}/s", rate(last.achieved_per_s), rate(last.planned_per_s))),
        Piece::plain(4, format!("p50 {}", time(last.response.p50))),
        Piece::plain(1, format!("p99 {}", time(last.response.p99))),
        Piece {
            text: format!("{errors} {}", if errors == 1 { "error" } else { "errors" }),
            style: (errors > 0).then_some(BAD),
            rank: 0,
        },
        Piece::plain(5, format!("{} in flight", snapshot.level.in_flight)),
    ];
    pieces.extend(snapshot.nearest().map(limit));
    let note = snapshot.notes.first().map(|note| note.kind.name().to_owned());
    pieces.extend(note.map(|text| Piece { text, style: Some(DOUBT), rank: 2 }));
    pieces
}

fn limit(limit: &LimitNow) -> Piece {
    let is_broken = limit.held == Some(false);
    let actual = limit.actual.map_or("-".to_owned(), |actual| show_value(actual, limit.unit));
    let mark = if is_broken { '✗' } else { '✓' };
    let text = format!("{mark} {}: {actual}", limit.expression);
    Piece { text, style: is_broken.then_some(BAD), rank: 3 }
}

/// As many pieces as there is room for, the most important ones, in their order.
fn joined(indent: &str, mut pieces: Vec<Piece>, columns: usize, is_coloured: bool) -> String {
    let width = |pieces: &[Piece]| {
        indent.len() + pieces.iter().map(|piece| piece.text.chars().count() + 2).sum::<usize>()
    };
    while width(&pieces) > columns + 2 {
        let least = pieces.iter().enumerate().max_by_key(|(_, piece)| piece.rank).map(|(place, _)| place);
        match least.filter(|_| pieces.len() > 1) {
            Some(place) => drop(pieces.remove(place)),
            None => break,
        }
    }
    let shown: Vec<String> = pieces.iter().map(|piece| piece.shown(is_coloured)).collect();
    format!("{indent}{}", shown.join("  "))
}

/// How much is left of all.
fn suite(running: &[Arc<Snapshot>], rest: &Rest, now: Instant) -> String {
    let lefts = running.iter().map(|snapshot| snapshot.left(later(snapshot, now)));
    let lefts: Vec<Option<Duration>> = lefts.collect();
    let is_known = lefts.iter().all(Option::is_some) && !rest.is_open;
    let all = rest.after + lefts.into_iter().flatten().max().unwrap_or_default();
    let about = if is_known { "about" } else { "more than" };
    format!("test {} of {}, {about} {} left", rest.number, rest.of, time(all))
}

/// Since the snapshot was taken.
pub(super) fn later(snapshot: &Snapshot, now: Instant) -> Duration {
    now.saturating_duration_since(snapshot.at)
}

/// `4 s`, `1 min 20 s`, `2 h 5 min`.
pub(super) fn time(length: Duration) -> String {
    let seconds = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use perf_core::drive::anomaly::{Note, NoteKind};
    use perf_core::drive::snapshot::{Rates, Times};
    use perf_core::measure::sample::Counts;
    use perf_core::measure::timeline::Level;
    use perf_core::metric::Unit;
    use perf_core::plan::Plan;
    use perf_core::plan::spec::{Overrides, PerfSpec};

    pub(in super::super) fn snapshot(name: &str, stage: Stage) -> Snapshot {
        let spec = PerfSpec {
            rate: Some(200.0),
            duration: Some(Duration::from_secs(90)),
            warmup: Some(Duration::from_secs(10)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve(name, "perf", &spec, &Overrides::default()).unwrap();
        let limit = |expression: &str, actual, margin: f64| LimitNow {
            expression: expression.to_owned(),
            actual: Some(actual),
            unit: Unit::Time,
            held: Some(margin >= 0.0),
            margin: Some(margin),
        };
        let response = Times { p50: Some(353e3), p90: Some(400e3), p99: Some(8.42e6), max: Some(20e6) };
        Snapshot {
            elapsed: Duration::from_secs(40),
            counts: Counts { failed: 3, ..Counts::default() },
            last: Rates { planned_per_s: 200.0, achieved_per_s: 198.0, response },
            level: Level { in_flight: 12, users: 0 },
            limits: vec![limit("p99 < 250ms", 8.9e6, 0.96), limit("p50 < 1ms", 361e3, 0.64)],
            notes: vec![Note { kind: NoteKind::Unusual, message: String::new() }],
            ..Snapshot::before(&plan, stage, Instant::now())
        }
    }

    fn rest(of: usize) -> Rest {
        Rest { number: 1, of, after: Duration::from_secs(65), is_open: false }
    }

    fn drawn(snapshots: Vec<Snapshot>, of: usize, columns: usize) -> Vec<String> {
        let now = snapshots[0].at;
        let running: Vec<_> = snapshots.into_iter().map(Arc::new).collect();
        lines(&running, &rest(of), now, columns, false)
    }

    #[test]
    fn a_test_has_two_lines_that_fit_80_columns_and_use_120() {
        let of = |columns| drawn(vec![snapshot("list_books", Stage::Measuring)], 3, columns);
        assert_eq!(
            of(80),
            [
                "list_books  measuring  ━━━━━━━━━━━━━━━───────────────────────  40 %  1 min left",
                "  198/s of 200/s  p99 8.42 ms  3 errors  ✓ p50 < 1ms: 361 µs  unusual",
                "test 1 of 3, about 2 min 5 s left",
            ]
        );
        assert_eq!(
            of(120)[1],
            "  198/s of 200/s  p50 353 µs  p99 8.42 ms  3 errors  12 in flight  ✓ p50 < 1ms: 361 µs  unusual"
        );
        for columns in 40..200 {
            let long = "a_test_whose_name_is_longer_than_any_other".repeat(2);
            let lines = drawn(vec![snapshot(&long, Stage::Measuring)], 3, columns);
            let widest = lines.iter().map(|line| line.chars().count()).max().unwrap();
            assert!(widest < columns.max(63), "{columns}: {lines:#?}");
        }
    }

    #[test]
    fn tests_of_a_scenario_stand_one_below_the_other() {
        let lines = drawn(vec![snapshot("browse", Stage::WarmUp), snapshot("buy", Stage::Preparing)], 1, 80);
        let heads: Vec<&str> =
            lines.iter().filter(|line| !line.starts_with(' ')).map(|line| &line[..17]).collect();
        assert_eq!((heads, lines.len()), (vec!["browse  warm-up  ", "buy     preparing"], 3), "{lines:#?}");
    }

    #[test]
    fn without_colour_no_line_has_any_and_with_it_what_is_broken_is_red() {
        let now = Instant::now();
        let mut broken = snapshot("list_books", Stage::Measuring);
        broken.limits[0].held = Some(false);
        broken.limits[0].margin = Some(-0.1);
        let running = [Arc::new(broken)];
        let of = |is_coloured| lines(&running, &rest(1), now, 80, is_coloured).join("\n");
        assert!(!of(false).contains('\x1b') && of(false).contains("✗ p99 < 250ms: 8.90 ms"), "{}", of(false));
        assert!(of(true).contains(&format!("{BAD}✗ p99")), "{:?}", of(true));
    }

    #[test]
    fn times_are_whole_seconds_rounded_up() {
        let shown = [0, 1, 3_200, 60_000, 80_000, 7_500_000].map(|ms| time(Duration::from_millis(ms)));
        assert_eq!(shown, ["0 s", "1 s", "4 s", "1 min", "1 min 20 s", "2 h 5 min"]);
    }
}
