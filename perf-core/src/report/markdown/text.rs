//! Words of a run in Markdown as GitHub reads it, where they mean nothing but themselves.

/// In running text and in the cell of a table: one line, nothing of it markup, nobody called by name.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => safe.extend(['\\', c]),
            '@' => safe.push_str("@\u{200b}"),
            c => safe.push_str(&escaped(c)),
        }
    }
    safe
}

/// As code: names and expressions.
pub fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'").replace('|', "\\|"))
}

/// Inside an element of HTML, where Markdown is not read.
pub fn html(text: &str) -> String {
    one_line(text).chars().map(escaped).collect()
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    }
}

/// Long texts are cut: what a page has room for is little.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        n if n > MOST_CHARACTERS => line.chars().take(MOST_CHARACTERS).chain(['…']).collect(),
        _ => line,
    }
}

const MOST_CHARACTERS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_says_is_no_markup() {
        assert_eq!(plain("a|b <img src=x>\n*now* @team"), "a\\|b &lt;img src=x&gt; \\*now\\* @\u{200b}team");
        assert_eq!(code("p99{a|b}`x`"), "`p99{a\\|b}'x'`");
        assert_eq!(html("a < b & |c|"), "a &lt; b &amp; |c|");
        assert_eq!(plain(&"x".repeat(9000)).chars().count(), 501);
    }
}
