//! The comparison as Markdown, for the summary of a CI job or a comment on a pull request.

use super::super::outcome::{Comparison, Outcome};
use super::{COLUMNS, cells, detectable, effort};
use perf_core::judge::compare::Change;
use perf_core::report::markdown::text::{code, plain};
use std::fmt::Write;

pub(super) fn of(comparison: &Comparison) -> String {
    let mut text = format!("### {} compared with {}\n\n", comparison.sides.head, comparison.sides.base);
    table(&comparison.outcomes, &mut text);
    for outcome in &comparison.outcomes {
        notes(outcome, &mut text);
    }
    for left_out in &comparison.left_out {
        writeln!(text, "- {} was not compared: {}", code(&left_out.name), plain(&left_out.reason)).ok();
    }
    writeln!(text, "\n{}; seed {}", effort(comparison), comparison.seed).ok();
    if let Some(signal) = comparison.signal {
        writeln!(text, "\n**Ended early by {}.**", signal.name()).ok();
    }
    text
}

/// Writing into a text never fails.
fn table(outcomes: &[Outcome], text: &mut String) {
    writeln!(text, "| test | {} | smallest detectable |", COLUMNS.join(" | ")).ok();
    writeln!(text, "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |").ok();
    for outcome in outcomes {
        for metric in &outcome.decided.metrics {
            let mut cells = cells(metric);
            if metric.verdict == Change::Regressed {
                cells[5] = format!("**{}**", cells[5]);
            }
            writeln!(text, "| {} | {} | {} |", code(&outcome.name), cells.join(" | "), detectable(metric))
                .ok();
        }
    }
    text.push('\n');
}

fn notes(outcome: &Outcome, text: &mut String) {
    let (verdict, reasons) = outcome.judge();
    if !reasons.is_empty() {
        writeln!(text, "- {} **{}**: {}", code(&outcome.name), verdict.name(), plain(&reasons.join("; ")))
            .ok();
    }
    for metric in &outcome.decided.metrics {
        if let Some(doubt) = &metric.doubt {
            writeln!(text, "- {} {}: {}", code(&outcome.name), metric.metric, plain(&doubt.to_string())).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::outcome::tests::outcome;
    use super::*;

    #[test]
    fn a_regression_stands_out_in_the_table() {
        let mut text = String::new();
        let outcomes = [outcome(13.0, 0)];
        table(&outcomes, &mut text);
        notes(&outcomes[0], &mut text);
        assert_eq!(
            text,
            "| test | metric | base | head | change | 95 % interval | verdict | smallest detectable |\n\
             | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |\n\
             | `login` | service.p50 | 10.0 ms | 13.1 ms | +30.6 % | +30.3 to +30.8 % | **regressed** | 5.2 % |\n\n\
             - `login` **failed**: service.p50 regressed\n"
        );
    }
}
