//! Quantities with their unit: a rate, a ratio, a duration, read from text and shown again.
//!
//! Pure: no clock, no load. What a number is of stands in `metric`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Events per second; finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// `None` unless `per_second` is finite and at least zero.
    pub fn per_second(per_second: f64) -> Option<Self> {
        (per_second.is_finite() && per_second >= 0.0).then_some(Rate(per_second))
    }

    /// Events per second.
    pub fn as_per_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    /// `200`, `"200/s"`, `"12000/min"` or `"36000/h"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Rate(text.to_owned());
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1.0,
            "min" | "m" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        Rate::per_second(number / seconds).ok_or_else(wrong)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", Significant(self.0))
    }
}

/// A part of a whole, as a number: 0.01 is 1 %. Finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// `None` unless `ratio` is finite.
    pub fn new(ratio: f64) -> Option<Self> {
        ratio.is_finite().then_some(Ratio(ratio))
    }

    /// The number; 0.01 for 1 %.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    /// `"1%"` or `"0.01"`; at least zero.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, scale) = match text.trim().strip_suffix('%') {
            Some(percent) => (percent, 100.0),
            None => (text, 1.0),
        };
        let number: Option<f64> = number.trim().parse().ok();
        number
            .and_then(|n| Ratio::new(n / scale))
            .filter(|ratio| ratio.0 >= 0.0)
            .ok_or_else(|| UnitError::Ratio(text.to_owned()))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", Significant(self.0 * 100.0))
    }
}

/// Reads `"250ms"`, `"1.5s"`, `"10s"`, `"2m 30s"`; everything humantime reads.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    humantime::parse_duration(text).map_err(|e| UnitError::Duration(text.to_owned(), e.to_string()))
}

/// A latency to three significant digits in the unit that suits it: `1.25 ms`. Takes nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Latency(pub f64);

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            ns if ns < 999.5 => (ns, "ns"),
            ns if ns < 999.5e3 => (ns / 1e3, "µs"),
            ns if ns < 999.5e6 => (ns / 1e6, "ms"),
            ns => (ns / 1e9, "s"),
        };
        f.pad(&format!("{} {unit}", Significant(value)))
    }
}

/// A number to at least three significant digits, without a decimal point that says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Significant(pub f64);

impl fmt::Display for Significant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let decimals = match value.abs() {
            _ if value.fract() == 0.0 => 0,
            v if v < 0.001 => 5,
            v if v < 0.9995 => 3,
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.decimals$}")
    }
}

/// Sixteen hexadecimal digits that stay the same from release to release: FNV-1a with 64 bits over the parts.
///
/// Tells texts apart; hides nothing that could be guessed.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    // A byte that no text contains stands between the parts.
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0xff]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// What is wrong with a quantity, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a duration; the reason is humantime's.
    #[error("`{0}` is not a duration ({1}); write one such as \"10s\", \"250ms\" or \"1m 30s\"")]
    Duration(String, String),
    /// Not a rate.
    #[error("`{0}` is not a rate; write events per second such as 200 or \"200/s\", or \"12000/min\"")]
    Rate(String),
    /// Not a ratio.
    #[error("`{0}` is not a ratio; write one such as \"1%\" or \"0.01\"")]
    Ratio(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_second_whatever_it_was_written_in() {
        for (text, per_second) in
            [("200", 200.0), ("200/s", 200.0), ("12000/min", 200.0), ("1.5/s", 1.5), ("36 / h", 0.01)]
        {
            let rate: Rate = text.parse().unwrap();
            assert!((rate.as_per_second() - per_second).abs() < 1e-12, "{text}");
        }
        for text in ["", "fast", "200/week", "-1", "inf", "NaN/s"] {
            assert_eq!(text.parse::<Rate>(), Err(UnitError::Rate(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_ratio_is_written_with_a_percent_sign_or_as_a_number() {
        for (text, ratio) in [("1%", 0.01), ("0.1 %", 0.001), ("0.5", 0.5), ("0%", 0.0)] {
            assert!((text.parse::<Ratio>().unwrap().get() - ratio).abs() < 1e-12, "{text}");
        }
        for text in ["", "%", "-1%", "one", "NaN", "1%%"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("1.5ms").unwrap(), Duration::from_micros(1500));
        assert_eq!(parse_duration("1m 30s").unwrap(), Duration::from_secs(90));
        let error = parse_duration("10").unwrap_err().to_string();
        assert!(error.contains("time unit needed") && error.contains("\"10s\""), "{error}");
    }

    #[test]
    fn a_fingerprint_tells_parts_apart_and_never_changes() {
        assert_eq!(fingerprint(["a"]), "089bc907b544c769");
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }

    #[test]
    fn latencies_are_shown_with_three_digits() {
        for (ns, text) in [
            (0.0, "0 ns"),
            (999.0, "999 ns"),
            (999.7, "1.00 µs"),
            (1_250_000.0, "1.25 ms"),
            (12_345_000.0, "12.3 ms"),
            (123_450_000.0, "123 ms"),
            (2_000_000_000.0, "2 s"),
        ] {
            assert_eq!(Latency(ns).to_string(), text);
        }
        assert_eq!(format!("{:>9}", Latency(2e9)), "      2 s");
    }
}
