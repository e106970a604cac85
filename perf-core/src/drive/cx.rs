//! What a test function is handed: one for each user, never shared between threads.

use crate::measure::tally::Mark;
use std::any::{Any, type_name};
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// What `setup` made, of whatever type.
pub type State = Arc<dyn Any + Send + Sync>;

/// The user's side of an iteration: who it is, what `setup` made, and the ways to name what happens.
///
/// With the feature `http` also `get`, `post`, `put`, `patch`, `delete` and `http`.
pub struct Cx {
    user_id: u64,
    iteration: Cell<u64>,
    common: Rc<Common>,
    marks: Rc<RefCell<Vec<Mark>>>,
}

/// What all users of one worker have in common.
pub struct Common {
    base_url: Option<String>,
    state: State,
    /// The worker's HTTP client, or whatever else makes requests.
    pub(super) transport: OnceCell<Box<dyn Any>>,
}

impl Common {
    /// Without a transport: one is made at first use, or set by the worker.
    pub fn new(base_url: Option<String>, state: State) -> Rc<Self> {
        Rc::new(Common { base_url, state, transport: OnceCell::new() })
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
        Cx::of_user(0, Common::new(Some(base_url.into()), Arc::new(state)))
    }

    /// One user of a worker.
    pub(crate) fn of_user(user_id: u64, common: Rc<Common>) -> Self {
        Cx { user_id, iteration: Cell::new(0), common, marks: Rc::default() }
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

    /// Times a part of the iteration under a name of its own.
    ///
    /// Its percentiles are reported apart and can be limited: `thresholds("p95{step=login} < 20ms")`. A step that is
    /// given up with its iteration counts as interrupted.
    pub async fn step<F: IntoFuture>(&self, name: &'static str, future: F) -> F::Output {
        let mut step = RunningStep { name, began: Instant::now(), took: None, marks: &self.marks };
        let output = future.await;
        step.took = u64::try_from(step.began.elapsed().as_nanos()).ok();
        output
    }

    /// Counts whether a condition held, and returns it. Never fails the iteration by itself; `thresholds("checks >=
    /// 99%")` limits the ratio.
    pub fn check(&self, name: &'static str, held: bool) -> bool {
        self.marks.borrow_mut().push(Mark::Check(name, held));
        held
    }

    /// Hands over what was marked since the last time.
    pub(crate) fn drain_marks(&self, mut take: impl FnMut(Mark)) {
        let mut marks = self.marks.borrow_mut();
        if !marks.is_empty() {
            marks.drain(..).for_each(&mut take);
        }
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

struct RunningStep<'a> {
    name: &'static str,
    began: Instant,
    took: Option<u64>,
    marks: &'a RefCell<Vec<Mark>>,
}

impl Drop for RunningStep<'_> {
    fn drop(&mut self) {
        self.marks.borrow_mut().push(Mark::Step(self.name, self.took));
    }
}
