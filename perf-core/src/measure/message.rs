//! Messages without what differs from error to error: numbers, hexadecimal ids, UUIDs.

/// A run of hexadecimal digits at least this long that holds a decimal one is an id.
const LEAST_ID: usize = 8;

/// With `<n>` for numbers and `<id>` for ids. A status stays: `status 503` and `status 500` are two messages.
pub(super) fn normalised(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(length);
        match () {
            () if is_id(word) => text.push_str("<id>"),
            () if is_status(word, &text) => text.push_str(word),
            () => push_without_numbers(&mut text, word),
        }
        rest = after;
    }
    text
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-'
}

/// `3f2a9c10`, `0192f0c1-7e5b-7cc3-98c4-dc0c0c07398f`.
fn is_id(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    let is_hexadecimal = digits.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let has = |wanted: fn(&char) -> bool| digits.chars().any(|c| wanted(&c));
    digits.len() >= LEAST_ID && is_hexadecimal && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

fn is_status(word: &str, before: &str) -> bool {
    let says_so = |before: &str| {
        let last = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        ["status", "http", "code"].iter().any(|name| last.eq_ignore_ascii_case(name))
    };
    word.parse().is_ok_and(|number: u16| (100..600).contains(&number)) && says_so(before)
}

fn push_without_numbers(text: &mut String, word: &str) {
    let mut is_in_number = false;
    for c in word.chars() {
        if !c.is_ascii_digit() {
            text.push(c);
        } else if !is_in_number {
            text.push_str("<n>");
        }
        is_in_number = c.is_ascii_digit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_go_and_words_and_statuses_stay() {
        for (message, expected) in [
            ("connect to 127.0.0.1:8080: refused (111)", "connect to <n>.<n>.<n>.<n>:<n>: refused (<n>)"),
            ("status 503", "status 503"),
            ("expected status 200, got status 404", "expected status 200, got status 404"),
            ("order 404 is gone", "order <n> is gone"),
            ("user 0192f0c1-7e5b-7cc3-98c4-dc0c0c07398f unknown", "user <id> unknown"),
            ("key 3f2a9c10, decade 1990s", "key <id>, decade <n>s"),
            ("facade decade effaced", "facade decade effaced"),
            ("größer als 17 €", "größer als <n> €"),
            ("", ""),
        ] {
            assert_eq!(normalised(message), expected);
        }
    }
}
