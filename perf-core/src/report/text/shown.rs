//! Every example's block as it stands on terminals: a snapshot for each, in plain text and with its colours.

use super::super::example::{self, without_codes};
use super::super::terminal::columns;
use super::*;

fn block(report: &Report, detail: Detail, width: usize) -> String {
    let mut out = Vec::new();
    write(report, detail, width, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_example_reads_well_in_80_and_120_columns_with_and_without_colours_short_and_full() {
    for (name, make) in example::ALL {
        let report = make();
        let terminals = [(Detail::Full, 80), (Detail::Full, 120), (Detail::Short, 80), (Detail::Short, 120)];
        let plain = terminals.map(|(detail, width)| {
            format!("———— {detail:?}, {width} columns{}", without_codes(&block(&report, detail, width)))
        });
        let coloured = [Detail::Full, Detail::Short].map(|detail| {
            format!(
                "———— {detail:?}, 80 columns, in colour{}",
                block(&report, detail, 80).replace('\u{1b}', "␛")
            )
        });
        insta::assert_snapshot!(*name, [&plain[..], &coloured].concat().join("\n"));
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, make) in example::ALL {
        let report = make();
        for width in [72, 80, 100, 120] {
            for detail in [Detail::Full, Detail::Short] {
                let block = block(&report, detail, width);
                // A note's command and a long word stay whole.
                let long = |line: &&str| columns(line) > width && !line.contains("record one: ");
                let wide: Vec<&str> = block.lines().filter(long).collect();
                assert!(wide.is_empty(), "{name} at {width}: {wide:#?}");
            }
        }
    }
}

#[test]
fn no_line_ends_in_spaces() {
    for (name, make) in example::ALL {
        let block = without_codes(&block(&make(), Detail::Full, 80));
        let loose: Vec<&str> = block.lines().filter(|line| line.ends_with(' ')).collect();
        assert!(loose.is_empty(), "{name}: {loose:#?}");
    }
}

#[test]
fn in_short_it_is_two_lines_and_what_is_wrong() {
    let lines = |name: &str| {
        let (_, make) = example::ALL.iter().find(|(known, _)| *known == name).unwrap();
        without_codes(&block(&make(), Detail::Short, 120)).trim().lines().count()
    };
    assert_eq!(lines("passed"), 2);
    assert!(lines("regressed") > 3);
}
