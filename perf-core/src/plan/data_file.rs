//! Turns a file of test data into rows: CSV with a header, or JSON lines.
//!
//! Tells of all bad rows at once, each with its line. Hands nothing out: that is what a feeder does.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::{env, fs, io, iter};

/// How many bad rows of a file are told; the rest are counted.
const MOST_BAD_ROWS: usize = 10;

/// The rows below a CSV file's header, which names the columns.
pub(super) fn read_csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FeederError> {
    read(path, parse_csv)
}

/// The values of a file that has one a line.
pub(super) fn read_json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FeederError> {
    read(path, parse_json_lines)
}

fn read<T>(path: &Path, parse: fn(&[u8]) -> Parsed<T>) -> Result<Vec<T>, FeederError> {
    let package_dir = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let (path, bytes) = read_first(places(path, package_dir))?;
    parse(&bytes).finish(path)
}

/// Where a file may lie: seen from the current directory, then from the package's.
fn places(path: &Path, package_dir: Option<PathBuf>) -> Vec<PathBuf> {
    let folders = [env::current_dir().ok(), package_dir];
    let mut places: Vec<PathBuf> = folders.into_iter().flatten().map(|folder| folder.join(path)).collect();
    places.dedup();
    places
}

fn read_first(places: Vec<PathBuf>) -> Result<(PathBuf, Vec<u8>), FeederError> {
    for path in &places {
        match fs::read(path) {
            Ok(bytes) => return Ok((path.clone(), bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(source) => return Err(FeederError::Unreadable { path: path.clone(), source }),
        }
    }
    Err(FeederError::NotFound { places })
}

/// What a file's bytes have turned into.
struct Parsed<T> {
    good: Vec<T>,
    bad: Vec<BadRow>,
    more_bad: usize,
}

impl<T> Parsed<T> {
    fn of(rows: impl Iterator<Item = Result<T, BadRow>>) -> Self {
        let mut parsed = Parsed { good: Vec::new(), bad: Vec::new(), more_bad: 0 };
        for row in rows {
            match row {
                Ok(row) => parsed.good.push(row),
                Err(row) if parsed.bad.len() < MOST_BAD_ROWS => parsed.bad.push(row),
                Err(_) => parsed.more_bad += 1,
            }
        }
        parsed
    }

    fn finish(self, path: PathBuf) -> Result<Vec<T>, FeederError> {
        match (self.good, self.bad) {
            (good, bad) if good.is_empty() && bad.is_empty() => Err(FeederError::NoRows { path }),
            (good, bad) if bad.is_empty() => Ok(good),
            (_, rows) => Err(FeederError::Rows { path, rows, more: self.more_bad }),
        }
    }
}

fn parse_json_lines<T: DeserializeOwned>(bytes: &[u8]) -> Parsed<T> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes); // the mark that editors on Windows put first
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    let rows = lines.filter(|(text, _)| !text.trim_ascii().is_empty());
    Parsed::of(rows.map(|(text, line)| {
        serde_json::from_slice(text).map_err(|error| {
            // Of the line that the parser was given, which is not the file's.
            let reason = error.to_string().replace(" at line 1 column ", " at column ");
            BadRow { line, reason }
        })
    }))
}

fn parse_csv<T: DeserializeOwned>(bytes: &[u8]) -> Parsed<T> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    let bad_row = |error: csv::Error, header: &csv::StringRecord| {
        let start = error.position().map_or(0, csv::Position::byte);
        BadRow { line: line_at(bytes, start), reason: csv_reason(&error, header) }
    };
    match reader.headers().cloned() {
        Ok(header) => {
            Parsed::of(reader.deserialize().map(|row| row.map_err(|error| bad_row(error, &header))))
        }
        Err(error) => Parsed::of(iter::once(Err(bad_row(error, &csv::StringRecord::new())))),
    }
}

/// What the reader said, with the column's name in place of its number.
fn csv_reason(error: &csv::Error, header: &csv::StringRecord) -> String {
    let column = |number: usize| match header.get(number) {
        Some(name) => format!("column `{name}`"),
        None => format!("column {}", number + 1),
    };
    match error.kind() {
        csv::ErrorKind::Utf8 { err, .. } => format!("{} is not UTF-8", column(err.field())),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the number of columns is {len}, in the header {expected_len}")
        }
        csv::ErrorKind::Deserialize { err, .. } => match err.field().and_then(|n| usize::try_from(n).ok()) {
            Some(number) => format!("{}: {}", column(number), err.kind()),
            None => err.kind().to_string(),
        },
        _ => error.to_string(),
    }
}

/// The line of the first row from byte `start` on.
///
/// The reader's own count is one behind after `\r\n` and after blank lines; its offset is then that of a line break.
fn line_at(bytes: &[u8], start: u64) -> usize {
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let breaks = bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
    bytes[..start + breaks].split(|byte| *byte == b'\n').count()
}

/// Why a file cannot feed a test.
#[derive(Debug, thiserror::Error)]
pub enum FeederError {
    /// No file where one was looked for.
    #[error("feeder: there is no file {}; put it there, or write its absolute path", any_of(places))]
    NotFound {
        /// In the order in which they were tried.
        places: Vec<PathBuf>,
    },
    /// The file system.
    #[error("feeder {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Rows that are not what they should be.
    #[error("feeder {}: {}", path.display(), all_of(rows, *more))]
    Rows {
        /// Which file.
        path: PathBuf,
        /// At most ten of them, in the order of the file.
        rows: Vec<BadRow>,
        /// How many more there are.
        more: usize,
    },
    /// Nothing to hand out.
    #[error("feeder {}: no rows; add at least one (of a CSV file the first line is the header)", path.display())]
    NoRows {
        /// Which file.
        path: PathBuf,
    },
}

/// A row that cannot be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadRow {
    /// Where it starts, from 1.
    pub line: usize,
    /// What is wrong with it, and in which column.
    pub reason: String,
}

fn any_of(places: &[PathBuf]) -> String {
    let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    places.join(" or ")
}

fn all_of(rows: &[BadRow], more: usize) -> String {
    let mut text = match rows.len() + more {
        1 => "a row is wrong".to_owned(),
        count => format!("{count} rows are wrong"),
    };
    for row in rows {
        text = format!("{text}\n  {row}");
    }
    match more {
        0 => text,
        more => format!("{text}\n  and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Person {
        name: String,
        age: Option<u8>,
    }

    fn person(name: &str, age: Option<u8>) -> Person {
        Person { name: name.to_owned(), age }
    }

    fn parsed(parsed: Parsed<Person>) -> Result<Vec<Person>, String> {
        parsed.finish("people".into()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_csv_file_is_read_by_its_header() {
        let text = "\u{feff}age, name \r\n7,Ann\r\n\r\n,\"Bob,\nthe second\"\r\n";
        assert_eq!(
            parsed(parse_csv(text.as_bytes())).unwrap(),
            [person("Ann", Some(7)), person("Bob,\nthe second", None)]
        );
    }

    #[test]
    fn every_bad_row_of_a_csv_file_is_told_with_its_line_and_column() {
        for line_break in ["\n", "\r\n"] {
            let lines: [&[u8]; 8] =
                [b"name,age", b"Ann,old", b"", b"", b"\"B", b"b\",300", b"C,1,2", b"\xff,4"];
            let message = parsed(parse_csv(&lines.join(line_break.as_bytes()))).unwrap_err();
            assert_eq!(
                message.lines().collect::<Vec<_>>(),
                [
                    "feeder people: 4 rows are wrong",
                    "  line 2: column `age`: invalid digit found in string",
                    "  line 5: column `age`: number too large to fit in target type",
                    "  line 7: the number of columns is 3, in the header 2",
                    "  line 8: column `name` is not UTF-8",
                ]
            );
        }
    }

    #[test]
    fn a_missing_column_is_named() {
        let message = parsed(parse_csv(b"age,Name\n1,Ann\n")).unwrap_err();
        assert_eq!(message, "feeder people: a row is wrong\n  line 2: missing field `name`");
        let message = parsed(parse_csv(b"age,na\xffme\n1,Ann\n")).unwrap_err();
        assert_eq!(message, "feeder people: a row is wrong\n  line 1: column 2 is not UTF-8");
    }

    #[test]
    fn json_lines_are_values_and_blank_lines_nothing() {
        let text = "\u{feff}{\"name\":\"Ann\",\"age\":7}\r\n \r\n\n{\"name\":\"Bob\"}";
        assert_eq!(
            parsed(parse_json_lines(text.as_bytes())).unwrap(),
            [person("Ann", Some(7)), person("Bob", None)]
        );
        let message = parsed(parse_json_lines(b"{\"name\":1}\n\n{\"age\":1}\n{")).unwrap_err();
        assert_eq!(
            message.lines().collect::<Vec<_>>(),
            [
                "feeder people: 3 rows are wrong",
                "  line 1: invalid type: integer `1`, expected a string at column 9",
                "  line 3: missing field `name` at column 9",
                "  line 4: EOF while parsing an object at column 1",
            ]
        );
    }

    #[test]
    fn ten_bad_rows_are_told_and_the_rest_counted() {
        let message = parsed(parse_json_lines("?\n".repeat(23).as_bytes())).unwrap_err();
        assert!(message.starts_with("feeder people: 23 rows are wrong\n  line 1: "), "{message}");
        assert!(message.ends_with("\n  and 13 more"), "{message}");
        assert_eq!(message.lines().count(), 12);
    }

    #[test]
    fn a_file_without_rows_is_an_error() {
        for text in ["", "\n\n", "name,age\n"] {
            let message = parsed(parse_csv(text.as_bytes())).unwrap_err();
            assert!(message.starts_with("feeder people: no rows; add at least one"), "{message}");
        }
        assert!(matches!(
            parse_json_lines::<u8>(b"\n \n").finish("people".into()),
            Err(FeederError::NoRows { .. })
        ));
    }

    #[test]
    fn a_relative_path_is_looked_for_in_the_package_as_well() {
        let here = env::current_dir().unwrap();
        let elsewhere = here.join("src");
        let both = places(Path::new("lib.rs"), Some(elsewhere.clone()));
        assert_eq!(both, [here.join("lib.rs"), elsewhere.join("lib.rs")]);
        assert_eq!(read_first(both).unwrap().0, elsewhere.join("lib.rs"));
        assert_eq!(places(Path::new("lib.rs"), Some(here.clone())), [here.join("lib.rs")]);
        let nowhere = places(Path::new("no.csv"), Some(elsewhere.clone()));
        assert_eq!(
            read_first(nowhere).unwrap_err().to_string(),
            format!(
                "feeder: there is no file {} or {}; put it there, or write its absolute path",
                here.join("no.csv").display(),
                elsewhere.join("no.csv").display()
            )
        );
    }
}
