//! Numbers as signs of a terminal: a line of columns, and a bar that grows by eighths.

/// Columns, by height. None is as high as the line: it would grow into the one above.
const COLUMNS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
/// The end of a bar, by eighths; none of nothing.
const ENDS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The column of a share of the height, 0 to 1.
pub(super) fn column(share: f64) -> char {
    COLUMNS[whole(share * COLUMNS.len() as f64).min(COLUMNS.len() - 1)]
}

/// A bar of a share of so many columns; something is never drawn as nothing.
pub(super) fn bar(share: f64, width: usize) -> String {
    let eighths = whole((share.clamp(0.0, 1.0) * (width * 8) as f64).round());
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    format!("{}{}", "█".repeat(eighths / 8), ENDS[eighths % 8])
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
fn whole(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_grow_below_the_line_above_and_bars_by_eighths() {
        let columns: String = (0..7).map(|n| column((f64::from(n) + 0.5) / 7.0)).collect();
        assert_eq!(columns, "▁▂▃▄▅▆▇");
        assert_eq!([column(-1.0), column(f64::NAN), column(1.0), column(9.0)], ['▁', '▁', '▇', '▇']);
        assert_eq!([bar(0.0, 4), bar(0.001, 4), bar(0.5, 3), bar(2.0, 2)], ["", "▏", "█▌", "██"]);
    }
}
