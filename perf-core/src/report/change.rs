//! A change as people read it: percent with a sign, and the interval around it.

/// A ratio minus one, in percent.
pub fn percent(change: f64) -> String {
    // No change is no change, whatever its sign.
    let rounded = (change * 1000.0).round() / 10.0 + 0.0;
    format!("{rounded:+.1} %")
}

/// Of changes; `None` where it is endless.
pub fn interval((low, high): (f64, f64)) -> Option<String> {
    let is_known = low.is_finite() && high.is_finite();
    is_known.then(|| format!("{} to {}", percent(low).trim_end_matches(" %"), percent(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_nothing_has_no_minus() {
        assert_eq!([0.0, -0.0001, 0.304, -0.05].map(percent), ["+0.0 %", "+0.0 %", "+30.4 %", "-5.0 %"]);
        assert_eq!(interval((-0.1, 0.05)).as_deref(), Some("-10.0 to +5.0 %"));
        assert_eq!(interval((f64::NEG_INFINITY, 0.05)), None);
    }
}
