//! A book, and what makes one valid.

use serde::{Deserialize, Serialize};

/// A book of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Given by the catalogue.
    pub id: i64,
    /// Thirteen digits, unique within the catalogue.
    pub isbn: String,
    /// As on the cover.
    pub title: String,
    /// The author's full name.
    pub author: String,
    /// Year of publication.
    pub year: u16,
    /// Price in cents.
    pub price_cents: u32,
}

/// A book that is not in the catalogue yet, and may be invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Thirteen digits.
    pub isbn: String,
    /// 1 to 200 characters.
    pub title: String,
    /// 1 to 200 characters.
    pub author: String,
    /// 1450 to 2100: what was printed with movable type, or is announced.
    pub year: u16,
    /// Price in cents.
    pub price_cents: u32,
}

impl Draft {
    /// Every rule this draft breaks; empty when it may become a book.
    pub fn problems(&self) -> Vec<&'static str> {
        [
            (is_isbn(&self.isbn), "isbn must be thirteen digits"),
            (is_line(&self.title), "title must have 1 to 200 characters"),
            (is_line(&self.author), "author must have 1 to 200 characters"),
            ((1450..=2100).contains(&self.year), "year must lie between 1450 and 2100"),
        ]
        .into_iter()
        .filter_map(|(holds, problem)| (!holds).then_some(problem))
        .collect()
    }
}

fn is_isbn(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200
}
