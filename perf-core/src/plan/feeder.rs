//! Turns test data into rows that are handed to users: from CSV, JSON lines or any iterator, or made up by number.
//!
//! A file is read once, when its feeder is made. From then on the next row is arithmetic on a position, without locks:
//!
//! ```text
//!   order        position p of    hands out row              at the end
//!   circular     all users        (i + p·N) mod the rows     starts again
//!   unique       all users        i + p·N                    reports `Exhausted`
//!   sequential   each user        p mod the rows             starts again
//!   random       nobody           any, by the user's generator
//! ```
//!
//! in the i-th, from 0, of N shards; i = 0 and N = 1 where there is only one. So what all shards hand out together,
//! circular or unique, is what one process would have.
//!
//! Ends no test: whoever drives it does, on finding [`Exhausted`] among an error's sources.

use super::data_file;
pub use super::data_file::{BadRow, FeederError};
use super::position::Position;
pub use crate::error::Exhausted;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Who draws a row. A test function's `Cx` is one.
pub trait Draw {
    /// Which user, from 0 and best without gaps.
    fn user_id(&self) -> u64;

    /// The next number of the user's own seeded generator; all 64 bits are random.
    fn random(&self) -> u64;

    /// Which shard this process is, from 0, and of how many; `(0, 1)` where there is only one.
    fn shard(&self) -> (u64, u64);
}

/// Test data, handed out row by row. Circular unless another order is chosen.
///
/// One that is made in `setup`, as a part of the state, starts afresh in each session by itself. One in a `static`
/// (with a `LazyLock`) outlives its session; [`rewind`](Feeder::rewind) it in `setup`.
///
/// A clone shares the rows and the position; choosing an order shares the rows and starts a position of its own.
///
/// ```
/// use perf_core::plan::feeder::{Draw, Exhausted, Feeder, FeederError};
///
/// #[derive(serde::Deserialize)]
/// struct Account {
///     name: String,
///     password: String,
/// }
///
/// async fn setup() -> Result<Feeder<Account>, FeederError> {
///     Ok(Feeder::csv("tests/accounts.csv")?.unique())
/// }
///
/// async fn log_in(cx: &impl Draw, accounts: &Feeder<Account>) -> Result<(), Exhausted> {
///     let account = accounts.next(cx)?;
///     let form = [("name", &account.name), ("password", &account.password)];
///     // cx.post("/login").form(&form).await?.expect_status(200)?;
///     # let _ = form;
///     Ok(())
/// }
/// ```
pub struct Feeder<T> {
    /// For messages: the file, or what the rows are.
    name: Arc<str>,
    source: Source<T>,
    order: Order,
    position: Arc<Position>,
}

enum Source<T> {
    Held(Arc<[T]>),
    Made(Arc<dyn Fn(u64) -> T + Send + Sync>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Sequential,
    Circular,
    Random,
    Unique,
}

impl<T: Send + Sync + 'static> Feeder<T> {
    /// The rows of a CSV file, whose first line names the columns; blank lines are skipped.
    ///
    /// A relative path is relative to the current directory or else to the package's, `CARGO_MANIFEST_DIR`.
    pub fn csv(path: impl AsRef<Path>) -> Result<Self, FeederError>
    where
        T: DeserializeOwned,
    {
        data_file::read_csv(path.as_ref()).map(|rows| Feeder::of_file(path.as_ref(), rows))
    }

    /// The lines of a file, each a JSON value; blank ones are skipped. The path is as for [`csv`](Feeder::csv).
    pub fn json_lines(path: impl AsRef<Path>) -> Result<Self, FeederError>
    where
        T: DeserializeOwned,
    {
        data_file::read_json_lines(path.as_ref()).map(|rows| Feeder::of_file(path.as_ref(), rows))
    }

    /// Everything an iterator yields. When that is nothing, the first [`next`](Feeder::next) says so.
    pub fn of(rows: impl IntoIterator<Item = T>) -> Self {
        rows.into_iter().collect()
    }

    /// Endless rows, each made up of its number, from 0, when it is handed out.
    ///
    /// In a random order the number is any below `u64::MAX`.
    ///
    /// ```
    /// # use perf_core::plan::feeder::Feeder;
    /// let new_accounts = Feeder::generate(|number| format!("user-{number}@example.org")).unique();
    /// ```
    pub fn generate(make: impl Fn(u64) -> T + Send + Sync + 'static) -> Self {
        Feeder::new(name_of::<T>(), Source::Made(Arc::new(make)))
    }

    /// Every user walks the rows by itself, from the first, and starts again at the end.
    #[must_use]
    pub fn sequential(self) -> Self {
        self.ordered(Order::Sequential)
    }

    /// All users together walk the rows and start again at the end. The default.
    #[must_use]
    pub fn circular(self) -> Self {
        self.ordered(Order::Circular)
    }

    /// Any row each time, by the user's own generator: the same seed gives a user the same rows again.
    #[must_use]
    pub fn random(self) -> Self {
        self.ordered(Order::Random)
    }

    /// No row is handed out twice, also among shards; when there is none left, the test ends. Warm-up draws rows, too.
    #[must_use]
    pub fn unique(self) -> Self {
        self.ordered(Order::Unique)
    }

    /// Hands out a row; a failure means that there is none, now and later on.
    pub fn next(&self, who: &impl Draw) -> Result<Row<T>, Exhausted> {
        let rows = self.source.count();
        if rows == 0 {
            return Err(Exhausted::NoRows { feeder: self.name.clone() });
        }
        let number = match self.order {
            Order::Sequential => self.position.of_users.of(who.user_id()).fetch_add(1, Relaxed) % rows,
            Order::Circular => self.claim(who) % rows,
            Order::Random => who.random() % rows,
            Order::Unique => self.claim(who),
        };
        self.source.row(number).ok_or_else(|| {
            let (shard, shards) = who.shard();
            Exhausted::RanOut { feeder: self.name.clone(), rows, shard, shards }
        })
    }

    /// Starts all over: as for new users, the first row comes next. Do so between sessions, not within one.
    pub fn rewind(&self) {
        self.position.of_all.store(0, Relaxed);
        self.position.of_users.rewind();
    }

    fn of_file(path: &Path, rows: Vec<T>) -> Self {
        Feeder::new(format!("`{}`", path.display()), Source::Held(rows.into()))
    }

    /// The next place of the position that all users share, spread over the shards.
    fn claim(&self, who: &impl Draw) -> u64 {
        let (shard, shards) = who.shard();
        // Only its own value counts, no memory beside it: every claim is another number in any order.
        let claimed = self.position.of_all.fetch_add(1, Relaxed);
        claimed.saturating_mul(shards.max(1)).saturating_add(shard)
    }
}

impl<T> Feeder<T> {
    fn new(name: String, source: Source<T>) -> Self {
        Feeder { name: name.into(), source, order: Order::Circular, position: Arc::default() }
    }

    fn ordered(self, order: Order) -> Self {
        Feeder { order, position: Arc::default(), ..self }
    }
}

/// Of rows that come from no file.
fn name_of<T>() -> String {
    format!("of `{}`", type_name::<T>())
}

impl<T> FromIterator<T> for Feeder<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Feeder::new(name_of::<T>(), Source::Held(rows.into_iter().collect()))
    }
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        let source = match &self.source {
            Source::Held(rows) => Source::Held(rows.clone()),
            Source::Made(make) => Source::Made(make.clone()),
        };
        Feeder { name: self.name.clone(), source, order: self.order, position: self.position.clone() }
    }
}

impl<T> fmt::Debug for Feeder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder")
            .field("name", &self.name)
            .field("order", &self.order)
            .field("rows", &self.source.count())
            .finish_non_exhaustive()
    }
}

impl<T> Source<T> {
    fn count(&self) -> u64 {
        match self {
            Source::Held(rows) => rows.len() as u64,
            Source::Made(_) => u64::MAX,
        }
    }

    /// `None` from `count` on.
    fn row(&self, number: u64) -> Option<Row<T>> {
        match self {
            Source::Held(rows) => {
                let index = usize::try_from(number).ok().filter(|index| *index < rows.len())?;
                Some(Row(Origin::Held(rows.clone(), index)))
            }
            Source::Made(make) => (number < u64::MAX).then(|| Row(Origin::Made(make(number)))),
        }
    }
}

/// A row that was handed out. Derefs to what it is, copies nothing, and may be kept as long as wanted.
pub struct Row<T>(Origin<T>);

enum Origin<T> {
    /// Below the number of rows.
    Held(Arc<[T]>, usize),
    Made(T),
}

impl<T> Deref for Row<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Origin::Held(rows, index) => &rows[*index],
            Origin::Made(row) => row,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Row<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::collections::{BTreeMap, BTreeSet};
    use std::error::Error;
    use std::{env, fs, iter, process, thread};

    struct User {
        id: u64,
        random: Cell<u64>,
        shard: (u64, u64),
    }

    impl User {
        fn new(id: u64) -> Self {
            User { id, random: Cell::new(id.wrapping_add(1)), shard: (0, 1) }
        }

        fn in_shard(shard: u64, shards: u64) -> Self {
            User { shard: (shard, shards), ..User::new(0) }
        }
    }

    impl Draw for User {
        fn user_id(&self) -> u64 {
            self.id
        }

        fn random(&self) -> u64 {
            self.random.set(self.random.get().wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
            self.random.get() >> 32
        }

        fn shard(&self) -> (u64, u64) {
            self.shard
        }
    }

    fn draw(feeder: &Feeder<u64>, user: &User, times: usize) -> Vec<u64> {
        (0..times).map(|_| *feeder.next(user).unwrap()).collect()
    }

    /// Until there is none.
    fn drain(feeder: &Feeder<u64>, user: &User) -> Vec<u64> {
        iter::from_fn(|| feeder.next(user).ok()).map(|row| *row).collect()
    }

    #[test]
    fn a_circular_feeder_starts_again_at_the_end_whoever_draws() {
        let feeder = Feeder::of([1, 2, 3]);
        let (a, b) = (User::new(0), User::new(1));
        assert_eq!(draw(&feeder, &a, 2), [1, 2]);
        assert_eq!(draw(&feeder.clone(), &b, 3), [3, 1, 2]);
        assert_eq!(draw(&feeder, &a, 1), [3]);
    }

    #[test]
    fn a_sequential_feeder_takes_every_user_through_all_rows() {
        let feeder = Feeder::of([1, 2, 3]).sequential();
        let (a, b) = (User::new(0), User::new(u64::MAX));
        assert_eq!(draw(&feeder, &a, 2), [1, 2]);
        assert_eq!(draw(&feeder, &b, 4), [1, 2, 3, 1]);
        assert_eq!(draw(&feeder, &a, 2), [3, 1]);
    }

    #[test]
    fn a_random_feeder_gives_a_user_the_same_rows_again_and_others_other_ones() {
        let feeder = Feeder::of(0..1000).random();
        let rows = draw(&feeder, &User::new(7), 50);
        draw(&feeder, &User::new(1), 3);
        assert_eq!(draw(&feeder, &User::new(7), 50), rows);
        assert_ne!(draw(&feeder, &User::new(8), 50), rows);
        assert!(rows.iter().all(|row| *row < 1000));
    }

    #[test]
    fn a_unique_feeder_hands_out_each_row_once_then_says_what_to_do() {
        let feeder = Feeder::new("`users.csv`".into(), Source::Held((0..1000).collect())).unique();
        assert_eq!(drain(&feeder, &User::new(0)), (0..1000).collect::<Vec<u64>>());
        let exhausted = feeder.next(&User::new(1)).unwrap_err();
        assert_eq!(
            exhausted.to_string(),
            "the unique feeder `users.csv` ran out of its 1,000 rows; add rows, lower the rate or duration, \
             or use `.circular()`"
        );
        let boxed: Box<dyn Error + Send + Sync> = exhausted.into();
        assert!(boxed.is::<Exhausted>());
    }

    #[test]
    fn no_two_of_four_threads_get_the_same_unique_row() {
        let feeder = Feeder::of(0..10_000).unique();
        let work = |id| drain(&feeder, &User::new(id));
        let draws: Vec<u64> = thread::scope(|scope| {
            let threads = [0, 1, 2, 3].map(|id| scope.spawn(move || work(id)));
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(draws.len(), 10_000);
        assert_eq!(draws.into_iter().collect::<BTreeSet<u64>>().len(), 10_000);
    }

    #[test]
    fn threads_that_draw_for_the_same_users_share_their_positions() {
        let feeder = Feeder::generate(|number| number).sequential();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|id| assert!(*feeder.next(&User::new(id)).unwrap() < 4)));
            }
        });
        assert!((0..500).all(|id| draw(&feeder, &User::new(id), 1) == [4]));
    }

    #[test]
    fn a_shard_that_runs_out_says_how_many_rows_were_its_own() {
        let feeder = Feeder::of(0..1001).unique();
        let user = User::in_shard(1, 2);
        assert_eq!(drain(&feeder, &user).len(), 500);
        let message = feeder.next(&user).unwrap_err().to_string();
        assert!(message.contains("ran out of its 500 of 1,001 rows as shard 2 of 2;"), "{message}");
    }

    #[test]
    fn rewinding_or_choosing_an_order_starts_from_the_first_row() {
        let user = User::new(3);
        for feeder in [Feeder::of(0..9), Feeder::of(0..9).sequential(), Feeder::of(0..9).unique()] {
            draw(&feeder, &User::new(0), 2);
            draw(&feeder, &user, 2);
            let other = feeder.clone().sequential();
            assert_eq!(draw(&other, &user, 2), [0, 1]);
            feeder.rewind();
            assert_eq!(draw(&feeder, &user, 2), [0, 1]);
        }
    }

    #[test]
    fn made_up_rows_have_no_end() {
        let feeder = Feeder::generate(|number| format!("user-{number}"));
        assert_eq!(*feeder.next(&User::new(0)).unwrap(), "user-0");
        assert_eq!(*feeder.unique().next(&User::in_shard(4, 5)).unwrap(), "user-4");
        assert_eq!(draw(&Feeder::generate(|_| 5).random(), &User::new(0), 2), [5, 5]);
    }

    #[test]
    fn a_feeder_without_rows_says_so_in_every_order() {
        let empty = Feeder::<u64>::of([]);
        for feeder in [empty.clone(), empty.clone().sequential(), empty.clone().random(), empty.unique()] {
            let message = feeder.next(&User::new(0)).unwrap_err().to_string();
            assert_eq!(message, "the feeder of `u64` has no rows; make it from at least one");
        }
    }

    #[test]
    fn a_file_feeds_users_under_the_name_it_was_given() {
        let path = env::temp_dir().join(format!("feeder-{}.csv", process::id()));
        fs::write(&path, "row,age\n1,7\n").unwrap();
        let csv = Feeder::<BTreeMap<String, u64>>::csv(&path);
        let json = Feeder::<u64>::json_lines(&path);
        fs::remove_file(&path).unwrap();
        let feeder = csv.unwrap().unique();
        assert_eq!(feeder.next(&User::new(0)).unwrap()["age"], 7);
        let message = feeder.next(&User::new(0)).unwrap_err().to_string();
        let start = format!("the unique feeder `{}` ran out of its 1 row;", path.display());
        assert!(message.starts_with(&start), "{message}");
        assert!(matches!(json, Err(FeederError::Rows { rows, .. }) if rows.len() == 2));
        assert!(matches!(Feeder::<u64>::csv(env::temp_dir()), Err(FeederError::Unreadable { .. })));
    }

    proptest! {
        #[test]
        fn shards_have_no_unique_row_in_common_and_all_of_them_together(rows in 1u64..200, shards in 1u64..9) {
            let mut all = Vec::new();
            for shard in 0..shards {
                all.extend(drain(&Feeder::of(0..rows).unique(), &User::in_shard(shard, shards)));
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..rows).collect::<Vec<u64>>());
        }

        #[test]
        fn every_user_has_one_position_of_its_own(ids in proptest::collection::btree_set(any::<u64>(), 1..100)) {
            let feeder = Feeder::generate(|number| number).sequential();
            for round in 0..2 {
                for id in &ids {
                    prop_assert_eq!(draw(&feeder, &User::new(*id), 1), [round]);
                }
            }
        }
    }
}
