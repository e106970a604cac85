//! The same few thousand books on every run, so that runs can be compared.

use crate::book::Draft;

/// How many books [`books`] yields.
pub const COUNT: u64 = (ADJECTIVES.len() * NOUNS.len() * PLACES.len()) as u64;

const ADJECTIVES: [&str; 20] = [
    "Amber",
    "Broken",
    "Crimson",
    "Distant",
    "Empty",
    "Forgotten",
    "Gilded",
    "Hidden",
    "Invisible",
    "Last",
    "Lost",
    "Midnight",
    "Northern",
    "Paper",
    "Quiet",
    "Restless",
    "Silent",
    "Thousandth",
    "Velvet",
    "Winter",
];
const NOUNS: [&str; 25] = [
    "Archive",
    "Bridge",
    "Cartographer",
    "Daughter",
    "Engine",
    "Fisherman",
    "Garden",
    "Harbour",
    "Island",
    "Journey",
    "Keeper",
    "Letter",
    "Mountain",
    "Notebook",
    "Orchard",
    "Piano",
    "Quarter",
    "River",
    "Staircase",
    "Theatre",
    "Umbrella",
    "Violin",
    "Watchmaker",
    "Year",
    "Zodiac",
];
const PLACES: [&str; 10] =
    ["Aarhus", "Bergen", "Coimbra", "Delft", "Evora", "Faenza", "Ghent", "Hvar", "Ivrea", "Jaca"];
const FIRST_NAMES: [&str; 8] = ["Ada", "Bruno", "Clara", "Daniel", "Edith", "Felix", "Grete", "Henrik"];
const LAST_NAMES: [&str; 13] = [
    "Abbott",
    "Bianchi",
    "Castro",
    "Dahl",
    "Eriksen",
    "Ferrari",
    "Gruber",
    "Holm",
    "Ibsen",
    "Jansen",
    "Keller",
    "Lindqvist",
    "Moreau",
];

/// All books, in order.
pub fn books() -> impl Iterator<Item = Draft> + Send {
    (0..COUNT).map(book)
}

/// The `number`-th book. Up to [`COUNT`] no two share a title or an ISBN; after that they start over.
pub fn book(number: u64) -> Draft {
    let number = number % COUNT;
    let index = number as usize;
    let adjective = ADJECTIVES[index % ADJECTIVES.len()];
    let noun = NOUNS[index / ADJECTIVES.len() % NOUNS.len()];
    let place = PLACES[index / (ADJECTIVES.len() * NOUNS.len())];
    // The lengths have no common factor, so that every name meets every other.
    let first_name = FIRST_NAMES[index % FIRST_NAMES.len()];
    let last_name = LAST_NAMES[index % LAST_NAMES.len()];
    Draft {
        isbn: format!("978{number:010}"),
        title: format!("The {adjective} {noun} of {place}"),
        author: format!("{first_name} {last_name}"),
        year: 1950 + (number % 70) as u16,
        price_cents: 990 + 100 * (number % 30) as u32,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn books_are_valid_and_no_two_share_a_title_or_an_isbn() {
        assert!(books().all(|book| book.problems().is_empty()));
        let titles: HashSet<_> = books().map(|book| book.title).collect();
        let isbns: HashSet<_> = books().map(|book| book.isbn).collect();
        assert_eq!((titles.len() as u64, isbns.len() as u64), (COUNT, COUNT));
    }
}
