//! The words of a load: stages, read from text and shown again.
//!
//! ```text
//! 0..500 over 30s, hold 1m, stairs +100 every 10s x5, spike 2000 for 5s, ..0 over 10s
//! ```
//!
//! What a sequence of them amounts to is [`Shape`](super::shape::Shape)'s matter.

use crate::units::{Rate, parse_duration};
use std::fmt;
use std::time::Duration;

/// One stage. It begins at the level where the one before it left off; the first one at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// `300`: sets the level, without a length of its own.
    Jump(f64),
    /// `..500 over 30s`: on a straight line to a level.
    Ramp {
        /// The level at its end.
        to: f64,
        /// How long it takes; zero is a jump.
        over: Duration,
    },
    /// `hold 1m`: stays.
    Hold(Duration),
    /// `stairs +100 every 10s x5`, `stairs -50 every 10s x5 ramp 2s`: steps of equal height and length.
    Stairs {
        /// How much higher each step is than the one before.
        by: f64,
        /// How long a step is held.
        every: Duration,
        /// How many steps.
        count: u32,
        /// How long the way up to each step takes; zero jumps.
        ramp: Duration,
    },
    /// `spike 2000 for 5s`: another level for a while, then back.
    Spike {
        /// That level.
        to: f64,
        /// How long.
        length: Duration,
    },
    /// `sine 50 period 20s for 1m`: swings about the level, up first.
    Sine {
        /// From the middle to the peak.
        amplitude: f64,
        /// From peak to peak.
        period: Duration,
        /// How long.
        length: Duration,
    },
    /// `pause 10s`: nothing for a while, then back.
    Pause(Duration),
}

impl Stage {
    /// The same with its times and its levels stretched.
    #[must_use]
    pub fn scaled(self, times: f64, levels: f64) -> Self {
        let longer = |length: Duration| length.mul_f64(times);
        match self {
            Stage::Jump(to) => Stage::Jump(to * levels),
            Stage::Ramp { to, over } => Stage::Ramp { to: to * levels, over: longer(over) },
            Stage::Hold(length) => Stage::Hold(longer(length)),
            Stage::Stairs { by, every, count, ramp } => {
                Stage::Stairs { by: by * levels, every: longer(every), count, ramp: longer(ramp) }
            }
            Stage::Spike { to, length } => Stage::Spike { to: to * levels, length: longer(length) },
            Stage::Sine { amplitude, period, length } => {
                Stage::Sine { amplitude: amplitude * levels, period: longer(period), length: longer(length) }
            }
            Stage::Pause(length) => Stage::Pause(longer(length)),
        }
    }
}

/// Without spaces, so that a text splits at them.
fn shown(length: Duration) -> String {
    humantime::format_duration(length).to_string().replace(' ', "")
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Stage::Jump(to) => write!(f, "{to}"),
            Stage::Ramp { to, over } => write!(f, "..{to} over {}", shown(over)),
            Stage::Hold(length) => write!(f, "hold {}", shown(length)),
            Stage::Stairs { by, every, count, ramp } => {
                write!(f, "stairs {by:+} every {} x{count}", shown(every))?;
                if ramp.is_zero() { Ok(()) } else { write!(f, " ramp {}", shown(ramp)) }
            }
            Stage::Spike { to, length } => write!(f, "spike {to} for {}", shown(length)),
            Stage::Sine { amplitude, period, length } => {
                write!(f, "sine {amplitude} period {} for {}", shown(period), shown(length))
            }
            Stage::Pause(length) => write!(f, "pause {}", shown(length)),
        }
    }
}

/// Writes stages as the text they are read from.
pub fn write(stages: &[Stage], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = stages;
    let mut comma = "";
    loop {
        let taken = match rest {
            [] => return Ok(()),
            [Stage::Jump(from), Stage::Ramp { to, over }, ..] => {
                write!(f, "{comma}{from}..{to} over {}", shown(*over))?;
                2
            }
            [Stage::Jump(level), Stage::Hold(length), ..] => {
                write!(f, "{comma}{level} for {}", shown(*length))?;
                2
            }
            [stage, ..] => {
                write!(f, "{comma}{stage}")?;
                1
            }
        };
        (rest, comma) = (&rest[taken..], ", ");
    }
}

/// Reads stages. The error points into the text.
pub fn parse(text: &str) -> Result<Vec<Stage>, StageError> {
    let mut stages = Vec::new();
    let mut at = 0;
    for item in text.split(',') {
        Item::new(text, item, at).stages(&mut stages)?;
        at += item.len() + 1;
    }
    Ok(stages)
}

/// What stands between two commas.
struct Item<'a> {
    text: &'a str,
    words: std::iter::Peekable<std::vec::IntoIter<(usize, &'a str)>>,
    end: usize,
}

const FORMS: &str = "write `0..500 over 30s`, `..500 over 30s`, `200 for 10s`, `hold 1m`, `stairs +100 every 10s x5`, \
                     `spike 2000 for 5s`, `sine 50 period 20s for 1m` or `pause 10s`";

impl<'a> Item<'a> {
    fn new(text: &'a str, item: &'a str, start: usize) -> Self {
        let offset = |word: &str| start + (word.as_ptr() as usize - item.as_ptr() as usize);
        let words: Vec<(usize, &str)> = item.split_whitespace().map(|word| (offset(word), word)).collect();
        Item { text, words: words.into_iter().peekable(), end: start + item.trim_end().len() }
    }

    fn wrong(&self, at: usize, what: impl fmt::Display) -> StageError {
        StageError { text: self.text.to_owned(), at, what: what.to_string() }
    }

    fn stages(mut self, stages: &mut Vec<Stage>) -> Result<(), StageError> {
        let Some((at, word)) = self.words.next() else {
            return Err(self.wrong(self.end, format_args!("nothing stands here; {FORMS}")));
        };
        match word {
            "hold" => stages.push(Stage::Hold(self.length("hold")?)),
            "pause" => stages.push(Stage::Pause(self.length("pause")?)),
            "stairs" => stages.push(self.stairs()?),
            "spike" => {
                let to = self.level("spike", "spike 2000 for 5s")?;
                self.keyword("for")?;
                stages.push(Stage::Spike { to, length: self.length("for")? });
            }
            "sine" => {
                let amplitude = self.level("sine", "sine 50 period 20s for 1m")?;
                self.keyword("period")?;
                let period = self.length("period")?;
                self.keyword("for")?;
                stages.push(Stage::Sine { amplitude, period, length: self.length("for")? });
            }
            _ if word.contains("..") => self.ramp(at, word, stages)?,
            _ => self.jump(at, word, stages)?,
        }
        match self.words.next() {
            None => Ok(()),
            Some((at, word)) => {
                Err(self
                    .wrong(at, format_args!("`{word}` is one word too many; a comma goes between stages")))
            }
        }
    }

    fn ramp(&mut self, at: usize, word: &str, stages: &mut Vec<Stage>) -> Result<(), StageError> {
        let (from, to) = word.split_once("..").unwrap_or((word, ""));
        if !from.is_empty() {
            stages.push(Stage::Jump(self.number(at, from)?));
        }
        let to = self.number(at + from.len() + 2, to)?;
        self.keyword("over")?;
        stages.push(Stage::Ramp { to, over: self.length("over")? });
        Ok(())
    }

    fn jump(&mut self, at: usize, word: &str, stages: &mut Vec<Stage>) -> Result<(), StageError> {
        let is_number = word.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
        if !is_number {
            return Err(self.wrong(at, format_args!("`{word}` begins no stage; {FORMS}")));
        }
        stages.push(Stage::Jump(self.number(at, word)?));
        if self.words.peek().is_some() {
            self.keyword("for")?;
            stages.push(Stage::Hold(self.length("for")?));
        }
        Ok(())
    }

    fn stairs(&mut self) -> Result<Stage, StageError> {
        let example = "stairs +100 every 10s x5";
        let (at, by) = self.word("stairs", example)?;
        let by = by.strip_prefix('+').unwrap_or(by);
        let by: f64 = by.parse().ok().filter(|by: &f64| by.is_finite()).ok_or_else(|| {
            self.wrong(at, format_args!("`{by}` is no height of a step; write `{example}`"))
        })?;
        self.keyword("every")?;
        let every = self.length("every")?;
        let (at, count) = self.word("every …", example)?;
        let count = count.strip_prefix('x').and_then(|count| count.parse().ok()).filter(|count| *count > 0);
        let count = count
            .ok_or_else(|| self.wrong(at, format_args!("here goes the number of steps, such as `x5`")))?;
        let ramp = match self.words.peek() {
            Some(_) => {
                self.keyword("ramp")?;
                self.length("ramp")?
            }
            None => Duration::ZERO,
        };
        Ok(Stage::Stairs { by, every, count, ramp })
    }

    fn word(&mut self, after: &str, example: &str) -> Result<(usize, &'a str), StageError> {
        let end = self.end;
        self.words.next().ok_or_else(|| {
            self.wrong(end, format_args!("something is missing after `{after}`; write `{example}`"))
        })
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), StageError> {
        match self.words.next() {
            Some((_, word)) if word == keyword => Ok(()),
            Some((at, word)) => Err(self.wrong(at, format_args!("`{word}` where `{keyword}` is expected"))),
            None => Err(self.wrong(self.end, format_args!("`{keyword}` is missing"))),
        }
    }

    fn level(&mut self, after: &str, example: &str) -> Result<f64, StageError> {
        let (at, word) = self.word(after, example)?;
        self.number(at, word)
    }

    fn number(&self, at: usize, word: &str) -> Result<f64, StageError> {
        let rate = word.parse::<Rate>().map(Rate::as_per_second);
        rate.map_err(|_| {
            self.wrong(at, format_args!("`{word}` is no level; write a number from zero up, such as 500"))
        })
    }

    /// One word, or several: `1m 30s`.
    fn length(&mut self, after: &str) -> Result<Duration, StageError> {
        let (at, first) = self.word(after, &format!("{after} 10s"))?;
        let mut length = first.to_owned();
        while let Some((_, more)) = self.words.next_if(|(_, word)| parse_duration(word).is_ok()) {
            length.push_str(more);
        }
        parse_duration(&length).map_err(|error| self.wrong(at, error))
    }
}

/// Where a text stops being a load, and what to write there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("load \"{text}\", character {}: {what}", .at + 1)]
pub struct StageError {
    text: String,
    at: usize,
    what: String,
}

impl StageError {
    /// The same of a text that the read one is the end of.
    #[must_use]
    pub(super) fn within(self, text: &str, start: usize) -> Self {
        StageError { text: text.to_owned(), at: start + self.at, what: self.what }
    }

    /// The byte of the text it points at, from zero.
    pub fn position(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Shown<'a>(&'a [Stage]);

    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(self.0, f)
        }
    }

    #[test]
    fn the_contracts_example_is_read_and_shown() {
        let text = "0..500 over 30s, hold 1m, stairs +100 every 10s x5, spike 2000 for 5s, ..0 over 10s";
        let stages = parse(text).unwrap();
        assert_eq!(stages.len(), 6);
        assert_eq!(Shown(&stages).to_string(), text);
        let spaced = parse("12000/min for 1m 30s,sine 20 period 5s for 1m").unwrap();
        assert_eq!(Shown(&spaced).to_string(), "200 for 1m30s, sine 20 period 5s for 1m");
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        for (text, at, words) in [
            ("0..500 ovr 30s", 7, "`ovr` where `over` is expected"),
            ("0..500 over 30", 12, "time unit"),
            ("0..5x0 over 30s", 3, "`5x0` is no level"),
            ("hold 1m, wait 3s", 9, "`wait` begins no stage"),
            ("hold 1m,, pause 3s", 8, "nothing stands here"),
            ("stairs +100 every 10s", 21, "missing after `every …`"),
            ("stairs +100 every 10s 5", 22, "such as `x5`"),
            ("spike 2000 for 5s 7", 18, "one word too many"),
            ("..500", 5, "`over` is missing"),
            ("", 0, "nothing stands here"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.position(), at, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    fn stage() -> impl Strategy<Value = Stage> {
        let level = prop_oneof![0.0f64..1e5, (0u32..5000).prop_map(f64::from)];
        let length = (0u64..10_000_000).prop_map(Duration::from_micros);
        prop_oneof![
            level.clone().prop_map(Stage::Jump),
            (level.clone(), length.clone()).prop_map(|(to, over)| Stage::Ramp { to, over }),
            length.clone().prop_map(Stage::Hold),
            length.clone().prop_map(Stage::Pause),
            (level.clone(), length.clone()).prop_map(|(to, length)| Stage::Spike { to, length }),
            (-1e3f64..1e3, length.clone(), 1u32..90, length.clone())
                .prop_map(|(by, every, count, ramp)| Stage::Stairs { by, every, count, ramp }),
            (level, length.clone(), length).prop_map(|(amplitude, period, length)| Stage::Sine {
                amplitude,
                period,
                length
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back_as_it_was(stages in proptest::collection::vec(stage(), 1..9)) {
            let text = Shown(&stages).to_string();
            prop_assert_eq!(parse(&text).unwrap(), stages, "{}", text);
        }
    }
}
