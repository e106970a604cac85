CREATE TABLE book (
    id          INTEGER PRIMARY KEY,
    isbn        TEXT    NOT NULL UNIQUE,
    title       TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    year        INTEGER NOT NULL,
    price_cents INTEGER NOT NULL
) STRICT;

-- Holds the words only; the text stays in `book`.
CREATE VIRTUAL TABLE book_words USING fts5(title, author, content = 'book', content_rowid = 'id');

-- Books are only ever added; changing or deleting them would need a trigger each.
CREATE TRIGGER book_added AFTER INSERT ON book BEGIN
    INSERT INTO book_words (rowid, title, author) VALUES (new.id, new.title, new.author);
END;

PRAGMA user_version = 1;
