//! What a target saw. Outlives the task, and where it has a file also the process, that served.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Connections, requests and answers.
#[derive(Debug, Default)]
pub struct Counts {
    connections: AtomicU64,
    received: AtomicU64,
    answered: AtomicU64,
    /// A letter for each, at once: no process that is killed takes any with it.
    file: Option<File>,
}

impl Counts {
    /// Kept in a file as well.
    pub fn to(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Counts { file: Some(file), ..Counts::default() })
    }

    /// Read from the file of a process that may be gone.
    pub fn of(path: &Path) -> io::Result<Self> {
        let letters = fs::read_to_string(path)?;
        let count = |letter: char| AtomicU64::new(letters.matches(letter).count() as u64);
        Ok(Counts { connections: count('c'), received: count('r'), answered: count('a'), file: None })
    }

    pub(crate) fn connect(&self) {
        self.add(&self.connections, b"c");
    }

    pub(crate) fn receive(&self) {
        self.add(&self.received, b"r");
    }

    pub(crate) fn answer(&self) {
        self.add(&self.answered, b"a");
    }

    fn add(&self, count: &AtomicU64, letter: &[u8]) {
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(mut file) = self.file.as_ref() {
            file.write_all(letter).expect("room for a letter");
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (received, answered) = (of(&self.received), of(&self.answered));
        write!(f, "received {received}, answered {answered}, on {} connections", of(&self.connections))
    }
}
