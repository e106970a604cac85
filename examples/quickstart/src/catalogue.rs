//! The books, in a SQLite file.
//!
//! One connection writes, a few read beside it: with a write-ahead log, readers and the writer do not wait for each
//! other. Full-text search is SQLite's own, FTS5.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ffi, named_params};
use tokio::task::JoinError;

use crate::book::{Book, Draft};
use crate::pool::Pool;

/// Reads are short; more connections than this would only wait for a processor.
const READERS: usize = 4;

/// All books; a clone is another handle to the same ones.
#[derive(Clone)]
pub struct Catalogue {
    readers: Pool,
    writer: Pool,
}

/// Why the catalogue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ISBN belongs to a book that is already there.
    #[error("ISBN {0} is taken")]
    DuplicateIsbn(String),
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The work panicked.
    #[error("the catalogue's work was cut short: {0}")]
    CutShort(#[from] JoinError),
}

impl Catalogue {
    /// Opens the catalogue in the file at `path`, or starts an empty one there. Blocks for a few file operations.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let writer = open_writer(path)?;
        let readers = (0..READERS).map(|_| open_reader(path)).collect::<Result<_, _>>()?;
        Ok(Self { readers: Pool::new(readers), writer: Pool::new(vec![writer]) })
    }

    /// Up to `limit` books in the order they were added, leaving out the first `skip`.
    pub async fn list(&self, skip: u32, limit: u32) -> Result<Vec<Book>, Error> {
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT * FROM book ORDER BY id LIMIT :limit OFFSET :skip")?
                .query_map(named_params! { ":limit": limit, ":skip": skip }, book)?
                .collect()
        })
        .await
    }

    /// The book with this id, if there is one.
    pub async fn find(&self, id: i64) -> Result<Option<Book>, Error> {
        self.read(move |connection| {
            connection.prepare_cached("SELECT * FROM book WHERE id = ?1")?.query_row([id], book).optional()
        })
        .await
    }

    /// Up to `limit` books with all of the words in title or author, best match first; none for no words.
    pub async fn search(&self, words: &str, limit: u32) -> Result<Vec<Book>, Error> {
        let phrase = phrase(words);
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT book.* FROM book_words JOIN book ON book.id = book_words.rowid
                     WHERE book_words MATCH :phrase ORDER BY rank LIMIT :limit",
                )?
                .query_map(named_params! { ":phrase": phrase, ":limit": limit }, book)?
                .collect()
        })
        .await
    }

    /// Adds a book and returns it with its id. It is the caller's to have checked the draft's problems.
    pub async fn add(&self, draft: Draft) -> Result<Book, Error> {
        self.writer.run(move |connection| insert(connection, draft)).await?
    }

    /// Adds all books, or none if one cannot be added.
    pub async fn add_all(
        &self,
        drafts: impl IntoIterator<Item = Draft> + Send + 'static,
    ) -> Result<(), Error> {
        let work = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for draft in drafts {
                insert(&transaction, draft)?;
            }
            Ok(transaction.commit()?)
        };
        self.writer.run(work).await?
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        Ok(self.readers.run(query).await??)
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Syncs at checkpoints, not at every commit: a power cut may lose the last books, but never damages the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        connection.execute_batch(include_str!("schema.sql"))?;
    }
    Ok(connection)
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn insert(connection: &Connection, draft: Draft) -> Result<Book, Error> {
    let Draft { isbn, title, author, year, price_cents } = draft;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO book (isbn, title, author, year, price_cents)
             VALUES (:isbn, :title, :author, :year, :price_cents) RETURNING id",
        )?
        .query_row(
            named_params! {
                ":isbn": isbn, ":title": title, ":author": author, ":year": year, ":price_cents": price_cents,
            },
            |row| row.get(0),
        );
    match inserted {
        Ok(id) => Ok(Book { id, isbn, title, author, year, price_cents }),
        Err(error) if is_duplicate(&error) => Err(Error::DuplicateIsbn(isbn)),
        Err(error) => Err(error.into()),
    }
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}

fn book(row: &Row) -> rusqlite::Result<Book> {
    Ok(Book {
        id: row.get("id")?,
        isbn: row.get("isbn")?,
        title: row.get("title")?,
        author: row.get("author")?,
        year: row.get("year")?,
        price_cents: row.get("price_cents")?,
    })
}

/// Each word as a quoted string, so that nothing a user types is FTS5 syntax: `war AND "peace` asks for three words.
fn phrase(words: &str) -> String {
    words
        .split(|c: char| c.is_whitespace() || c.is_control() || c == '"')
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(" ")
}
