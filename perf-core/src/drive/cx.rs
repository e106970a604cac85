//! What a test function is handed: one for each user, never shared between threads.

use super::quantity::{Counter, Gauge, Quantity, Rate, Trend};
use crate::measure::marks::{Mark, Name};
use crate::plan::arrivals::unit;
use crate::plan::feeder::Draw;
use crate::plan::limits::Limits;
use crate::plan::pause::Pause;
use rand::Rng;
use rand_pcg::Pcg64;
use std::any::{Any, type_name};
use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `setup` made, of whatever type.
pub type State = Arc<dyn Any + Send + Sync>;

/// The user's side of an iteration: who it is, what `setup` made, and the ways to name what happens.
///
/// With the feature `http` also `get`, `post`, `put`, `patch`, `delete`, `http` and `clear_cookies`. Each user has a cookie
/// jar of its own, also where users share connections, and keeps it from iteration to iteration: who logged in once, in
/// `user_setup` for example, stays logged in.
pub struct Cx {
    user_id: u64,
    iteration: Cell<u64>,
    common: Rc<Common>,
    marks: RefCell<Vec<Mark>>,
    /// Pauses of the iteration that runs, in nanoseconds.
    thought: Cell<u64>,
    random: RefCell<Option<Pcg64>>,
    user_state: OnceCell<Box<dyn Any>>,
    /// A client of the user's own, where connections are.
    #[cfg_attr(not(feature = "http"), allow(dead_code))] // only requests reach for it
    pub(super) transport: OnceCell<Box<dyn Any>>,
}

/// What all users of one worker have in common.
pub struct Common {
    base_url: Option<String>,
    state: State,
    seed: u64,
    /// What the owner of the target allows; nothing is forbidden outside of a run.
    limits: Option<Limits>,
    /// The worker's HTTP client, or whatever else makes requests.
    pub(super) transport: OnceCell<Box<dyn Any>>,
}

impl Common {
    /// Without a transport: one is made at first use, or set by the worker.
    pub fn new(base_url: Option<String>, state: State, seed: u64, limits: Option<Limits>) -> Rc<Self> {
        Rc::new(Common { base_url, state, seed, limits, transport: OnceCell::new() })
    }
}

impl Common {
    /// Whether load may be sent to a host.
    #[cfg_attr(not(feature = "http"), allow(dead_code))] // only requests go to hosts
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.allows(host))
    }
}

impl Cx {
    /// For calling a test function outside of a run, from an ordinary test.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// async fn greets(cx: &Cx) -> Result<(), String> {
    ///     (cx.base_url() == Some("http://127.0.0.1:8080")).then_some(()).ok_or("no greeting".into())
    /// }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// greets(&Cx::standalone("http://127.0.0.1:8080")).await.unwrap();
    /// # });
    /// ```
    pub fn standalone(base_url: impl Into<String>) -> Self {
        Cx::with_state(base_url, ())
    }

    /// The same, for a test function that borrows what `setup` made.
    pub fn with_state<S: Send + Sync + 'static>(base_url: impl Into<String>, state: S) -> Self {
        Cx::of_user(0, Common::new(Some(base_url.into()), Arc::new(state), 0, None))
    }

    /// One user of a worker.
    pub(crate) fn of_user(user_id: u64, common: Rc<Common>) -> Self {
        Cx {
            user_id,
            iteration: Cell::new(0),
            common,
            marks: RefCell::default(),
            thought: Cell::new(0),
            random: RefCell::new(None),
            user_state: OnceCell::new(),
            transport: OnceCell::new(),
        }
    }

    /// Which user this is, from 0: in a closed load one of its users, in an open one a slot of concurrency.
    pub fn user_id(&self) -> u64 {
        self.user_id
    }

    /// The number of this iteration, from 0: no other one of the session has it.
    pub fn iteration(&self) -> u64 {
        self.iteration.get()
    }

    pub(crate) fn begin(&self, iteration: u64) {
        self.iteration.set(iteration);
        self.thought.set(0);
    }

    pub(crate) fn thought(&self) -> u64 {
        self.thought.get()
    }

    pub(crate) fn has_user_state(&self) -> bool {
        self.user_state.get().is_some()
    }

    pub(crate) fn set_user_state(&self, state: Box<dyn Any>) {
        self.user_state.set(state).unwrap_or_default();
    }

    /// What relative addresses are relative to.
    pub fn base_url(&self) -> Option<&str> {
        self.common.base_url.as_deref()
    }

    #[cfg_attr(not(feature = "http"), allow(dead_code))] // only requests reach for the transport
    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    /// What `setup` made.
    ///
    /// # Panics
    ///
    /// When `setup` made something of another type. The attribute checks the second parameter of a test function;
    /// only a call of this method can be wrong.
    pub fn state<S: 'static>(&self) -> &S {
        self.common.state.downcast_ref().unwrap_or_else(|| panic!("`setup` made no `{}`", type_name::<S>()))
    }

    /// What `user_setup` made of this user.
    ///
    /// # Panics
    ///
    /// When `user_setup` made something of another type, or there is none.
    pub fn user_state<U: 'static>(&self) -> &U {
        let state = self.user_state.get().and_then(|state| state.downcast_ref());
        state.unwrap_or_else(|| panic!("`user_setup` made no `{}`", type_name::<U>()))
    }

    /// This user's own generator of random numbers, seeded by the run's seed and the user's number: the same run draws
    /// the same numbers.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let cx = Cx::standalone("http://127.0.0.1:8080");
    /// use perf_core::rand::RngExt;
    /// let page = cx.rng().random_range(1..=20);
    /// ```
    ///
    /// # Panics
    ///
    /// When it is asked for while the last one is still held.
    pub fn rng(&self) -> RefMut<'_, Pcg64> {
        let (seed, user) = (self.common.seed, self.user_id);
        RefMut::map(self.random.borrow_mut(), |random| {
            random.get_or_insert_with(|| Pcg64::new(u128::from(seed), 1 + u128::from(user)))
        })
    }

    /// A pause inside a journey, as a person makes one: `"1s"`, `"500ms..2s"` or `"exp(1s)"`. It is taken out of response and
    /// service time, and out of the step it stands in; the iteration's `timeout` counts it.
    ///
    /// # Panics
    ///
    /// When the text is no pause.
    pub async fn think(&self, pause: impl Into<Think>) {
        let pause = pause.into().0.unwrap_or_else(|wrong| panic!("cx.think: {wrong}"));
        let length = pause.draw(unit(&mut self.rng()));
        let pausing = Pausing { began: Instant::now(), thought: &self.thought };
        tokio::time::sleep(length).await;
        drop(pausing);
    }

    /// Times a part of the iteration under a name of its own.
    ///
    /// Its percentiles are reported apart and can be limited: `thresholds("p95{step=login} < 20ms")`. A step that is
    /// given up with its iteration counts as interrupted.
    pub async fn step<F: IntoFuture>(&self, name: impl Into<Name>, future: F) -> F::Output {
        let name = name.into();
        let thought = self.thought.get();
        let mut step = RunningStep { name, began: Instant::now(), took: None, marks: &self.marks };
        let output = future.await;
        let took = u64::try_from(step.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        step.took = Some(took.saturating_sub(self.thought.get() - thought));
        output
    }

    /// Counts whether a condition held, and returns it. Never fails the iteration by itself; `thresholds("checks >=
    /// 99%")` limits the ratio.
    pub fn check(&self, name: impl Into<Name>, held: bool) -> bool {
        self.mark(Mark::Check(name.into(), held));
        held
    }

    /// A sum of the test's own, such as bytes received or orders placed. `thresholds("orders >= 100")` limits it.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let cx = Cx::standalone("http://127.0.0.1:8080");
    /// cx.counter("orders").add(2);
    /// ```
    pub fn counter(&self, name: impl Into<Name>) -> Counter<'_> {
        Counter(self.quantity(name))
    }

    /// A level of the test's own, such as the length of a queue. The last one that was set is its value:
    /// `thresholds("queue < 100", "queue.max < 500")`.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let cx = Cx::standalone("http://127.0.0.1:8080");
    /// cx.gauge("queue").set(17);
    /// ```
    pub fn gauge(&self, name: impl Into<Name>) -> Gauge<'_> {
        Gauge(self.quantity(name))
    }

    /// A distribution of the test's own, of durations or of numbers: `thresholds("render.p95 < 20ms", "rows.max < 1000")`.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let cx = Cx::standalone("http://127.0.0.1:8080");
    /// use std::time::Duration;
    /// cx.trend("render").record(Duration::from_millis(12));
    /// cx.trend("rows").record(40);
    /// ```
    pub fn trend(&self, name: impl Into<Name>) -> Trend<'_> {
        Trend(self.quantity(name))
    }

    /// How often something was so: `thresholds("cache_hits > 90%")`. Unlike a check, it says nothing of right and wrong.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let cx = Cx::standalone("http://127.0.0.1:8080");
    /// cx.rate("cache_hits").record(true);
    /// ```
    pub fn rate(&self, name: impl Into<Name>) -> Rate<'_> {
        Rate(self.quantity(name))
    }

    /// Says what this iteration is one of. Iterations of each value are counted and timed apart, and
    /// `thresholds("p95{cache=miss} < 80ms")` limits them. For few values: a hundred names are kept of a test.
    ///
    /// ```
    /// # use perf_core::drive::cx::Cx;
    /// # let (cx, was_cached) = (Cx::standalone("http://127.0.0.1:8080"), true);
    /// cx.tag("cache", if was_cached { "hit" } else { "miss" });
    /// ```
    pub fn tag(&self, name: impl Into<Name>, value: impl Into<Name>) {
        self.mark(Mark::Tag(name.into(), value.into()));
    }

    fn quantity(&self, name: impl Into<Name>) -> Quantity<'_> {
        Quantity::new(&self.marks, name.into())
    }

    fn mark(&self, mark: Mark) {
        self.marks.borrow_mut().push(mark);
    }

    /// What was timed by name since the marks were handed over, in order.
    pub(crate) fn steps(&self) -> Vec<(String, Option<u64>)> {
        let marks = self.marks.borrow();
        let steps = marks.iter().filter_map(|mark| match mark {
            Mark::Step(name, took) => Some((name.to_string(), *took)),
            _ => None,
        });
        steps.collect()
    }

    /// Hands over what was marked since the last time.
    #[inline]
    pub(crate) fn drain_marks(&self, mut take: impl FnMut(Mark)) {
        let mut marks = self.marks.borrow_mut();
        if !marks.is_empty() {
            marks.drain(..).for_each(&mut take);
        }
    }
}

impl Draw for Cx {
    fn user_id(&self) -> u64 {
        self.user_id
    }

    fn random(&self) -> u64 {
        self.rng().next_u64()
    }

    fn shard(&self) -> (u64, u64) {
        (0, 1)
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("user_id", &self.user_id)
            .field("iteration", &self.iteration.get())
            .finish_non_exhaustive()
    }
}

/// A pause as a text or a `Duration`.
#[derive(Debug)]
pub struct Think(Result<Pause, crate::plan::pause::PauseError>);

impl From<&str> for Think {
    fn from(text: &str) -> Self {
        Think(text.parse())
    }
}

impl From<Duration> for Think {
    fn from(length: Duration) -> Self {
        Think(Ok(Pause::Constant(length)))
    }
}

/// Counts how long a pause took, also when it is cut off.
struct Pausing<'a> {
    began: Instant,
    thought: &'a Cell<u64>,
}

impl Drop for Pausing<'_> {
    fn drop(&mut self) {
        let took = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.thought.set(self.thought.get().saturating_add(took));
    }
}

struct RunningStep<'a> {
    name: Name,
    began: Instant,
    took: Option<u64>,
    marks: &'a RefCell<Vec<Mark>>,
}

impl Drop for RunningStep<'_> {
    fn drop(&mut self) {
        self.marks.borrow_mut().push(Mark::Step(std::mem::take(&mut self.name), self.took));
    }
}
