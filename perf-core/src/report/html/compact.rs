//! Turns what a report says into as few bytes as a page needs: numbers of a few digits, columns, no `<`.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Of what is told and not drawn.
const DIGITS: usize = 6;

/// Writes JSON that may stand in a `<script>`: a `<` can only be part of a text there, and could end the element.
pub(super) struct Escaped<'a>(pub(super) &'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (number, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if number > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A JSON array; one value where all are the same, and `null` where none is known.
pub(super) fn column(values: &[Option<f64>], digits: usize) -> String {
    let texts: Vec<String> = values.iter().map(|value| number(*value, digits)).collect();
    match texts.first() {
        None => "null".to_owned(),
        Some(first) if texts.iter().all(|text| text == first) => first.clone(),
        Some(_) => format!("[{}]", texts.join(",")),
    }
}

/// To so many significant digits, in the shortest form that JSON has.
pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return "null".to_owned();
    };
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0') } else { mantissa };
    let mantissa = mantissa.trim_end_matches('.');
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let whole = mantissa.replace('.', "");
    let exponent = exponent.parse::<i64>().unwrap_or(0) - i64::try_from(decimals).unwrap_or(0);
    let mut short = whole;
    if exponent != 0 {
        // Writing to a String cannot fail.
        write!(short, "e{exponent}").unwrap_or_default();
    }
    let plain = scientific.parse::<f64>().unwrap_or(value).to_string();
    if plain.len() <= short.len() { plain } else { short }
}

/// Without histograms, which are drawn from other data, and with numbers of a few digits.
pub(super) fn slim(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| *key != "histogram");
            Value::Object(kept.map(|(key, value)| (key.clone(), slim(value))).collect())
        }
        Value::Array(items) => items.iter().map(slim).collect(),
        Value::Number(exact) if exact.is_f64() => {
            // A whole number is shorter without its point.
            serde_json::from_str(&number(exact.as_f64(), DIGITS)).map_or(Value::Null, whole)
        }
        other => other.clone(),
    }
}

#[allow(clippy::cast_possible_truncation)] // whole, and small enough
fn whole(number: Value) -> Value {
    let value = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 1e15);
    value.map_or(number, |value| Value::from(value as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_short_and_read_back_to_their_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1000.0, "1e3"),
            (1_234_567.0, "123e4"),
            (85_349.0, "85300"),
            (0.001_234, "123e-5"),
            (-1.5, "-1.5"),
            (12.345, "12.3"),
            (100.0, "100"),
        ] {
            assert_eq!(number(Some(value), 3), text);
            let back: f64 = serde_json::from_str(text).unwrap();
            assert!((back - value).abs() <= 0.005 * value.abs(), "{value} {text}");
        }
        assert_eq!(number(Some(f64::NAN), 3), "null");
        assert_eq!(number(Some(9999.0), 3), "1e4");
    }

    #[test]
    fn a_column_of_the_same_value_is_that_value() {
        assert_eq!(column(&[Some(1.0), Some(2.0), None], 3), "[1,2,null]");
        assert_eq!(column(&[Some(5.0); 3], 3), "5");
        assert_eq!(column(&[None; 3], 3), "null");
        assert_eq!(column(&[], 3), "null");
    }

    #[test]
    fn nothing_ends_a_script_element() {
        let mut out = Vec::new();
        serde_json::to_writer(Escaped(&mut out), &json!("</script><!--<")).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "</script><!--<");
    }

    #[test]
    fn what_is_told_has_no_histograms() {
        let slimmed = slim(
            &json!({ "p50": 1.234_567_89, "n": 12_345_678, "histogram": [[1, 2]], "x": [{ "histogram": [] }] }),
        );
        assert_eq!(slimmed, json!({ "p50": 1.23457, "n": 12_345_678, "x": [{}] }));
    }
}
