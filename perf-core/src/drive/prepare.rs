//! Gets a session ready and cleans up behind it: the user's `setup` and `teardown` on a runtime of their own.

use super::cap::Cap;
use super::control::Control;
use super::cpu::Target;
use super::cx::{Cx, State};
use super::grace;
use super::http::{ClientFn, Resolver};
use super::support::Support;
use super::users::User;
use crate::measure::Signal;
use crate::outcome::Failure;
use crate::plan::limits::NotListed;
use crate::plan::{Connections, Plan};
use std::any::{Any, TypeId};
use std::fmt::Display;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The user's functions, erased: everything the engine needs of one perf test.
#[derive(Clone, Copy)]
pub struct Test {
    /// Makes a user of the test function.
    pub user: fn(Rc<Cx>) -> Box<dyn User>,
    /// Once per session.
    pub setup: Option<for<'a> fn(&'a Setup) -> SetupFuture<'a>>,
    /// Which function that is, so that the tests of a scenario may share what it made.
    pub setup_id: Option<fn() -> TypeId>,
    /// Once per session, when `setup` succeeded.
    pub teardown: Option<for<'a> fn(&'a State) -> TeardownFuture<'a>>,
    /// Which function that is: tests that share what `setup` made cannot each take it down in a way of their own.
    pub teardown_id: Option<fn() -> TypeId>,
    /// Must succeed before the load; tried again until it does.
    pub ready: Option<for<'a> fn(&'a Setup) -> SetupFuture<'a>>,
    /// Once per user, before the load.
    pub user_setup: Option<for<'a> fn(&'a Cx) -> UserSetupFuture<'a>>,
    /// Once per user, after the load.
    pub user_teardown: Option<for<'a> fn(&'a Cx) -> TeardownFuture<'a>>,
    /// Changes how the workers' clients are built.
    pub client: Option<ClientFn>,
}

impl Test {
    /// Whether users have something of their own, which takes time to make: then they are made before the load.
    pub fn makes_users_first(&self, plan: &Plan) -> bool {
        self.user_setup.is_some() || plan.connections == Connections::User
    }

    /// A test function without any other.
    pub const fn of(user: fn(Rc<Cx>) -> Box<dyn User>) -> Self {
        Test {
            user,
            setup: None,
            setup_id: None,
            teardown: None,
            teardown_id: None,
            ready: None,
            user_setup: None,
            user_teardown: None,
            client: None,
        }
    }
}

/// What `setup` is handed.
#[derive(Debug, Default)]
pub struct Setup {
    base_url: Mutex<Option<String>>,
    target: Mutex<Option<u32>>,
    #[cfg_attr(not(feature = "http"), allow(dead_code))] // only `http` below builds one
    client: Option<ClientFn>,
}

impl Setup {
    /// What relative addresses are relative to, as far as it is known.
    pub fn base_url(&self) -> Option<String> {
        self.base_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says where the target is: that of a server that `setup` started, for example. Beats `base_url` and its flag.
    pub fn set_base_url(&self, base_url: impl Into<String>) {
        *self.base_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(base_url.into());
    }

    /// Says which process on this machine the target is, so that its CPU time per iteration is known (on Linux): a server
    /// that `setup` spawned as a process of its own, for example. Its children are not counted. A target in the test's
    /// own process need not be named.
    pub fn set_target_pid(&self, pid: u32) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
    }

    /// A client for preparing the target, built like the workers' own.
    ///
    /// # Errors
    ///
    /// When the attribute's `client` makes one that cannot be built.
    #[cfg(feature = "http")]
    pub fn http(&self) -> Result<super::http::Client, crate::error::ClientError> {
        super::http::build(self.client)
    }
}

/// Tells a function from all others.
pub fn id_of<F: 'static>(_: &F) -> TypeId {
    TypeId::of::<F>()
}

/// A `setup` under way; boxed once per session.
pub type SetupFuture<'a> = Pin<Box<dyn Future<Output = Result<State, Failure>> + 'a>>;

/// A `teardown` under way; boxed once per session.
pub type TeardownFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// A `user_setup` under way; boxed once per user.
pub type UserSetupFuture<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Any>, Failure>> + 'a>>;

/// The type of what a function makes and another one borrows, and nothing else of it.
///
/// ```compile_fail,E0631
/// # use perf_core::drive::prepare::{Made, teardown};
/// # let state = std::sync::Arc::new(()) as perf_core::drive::cx::State;
/// async fn setup() -> Result<String, String> {
///     Ok("what was made".into())
/// }
/// async fn clean(_: &u8) -> Result<(), String> {
///     Ok(())
/// }
/// teardown(Made::by_setup(setup), clean, &state);
/// ```
#[derive(Debug)]
pub struct Made<T>(PhantomData<T>);

impl<T> Default for Made<T> {
    fn default() -> Self {
        Made(PhantomData)
    }
}

impl<S> Made<S> {
    /// What `setup` makes of the session.
    pub fn by_setup<M>(_: impl SetUp<S, M>) -> Self {
        Made::default()
    }
}

impl<U> Made<U> {
    /// What `user_setup` makes of a user.
    pub fn by_user_setup<S, E>(_: impl AsyncFn(&Cx, &S) -> Result<U, E>) -> Self {
        Made::default()
    }
}

/// Erases a user's set-up function: `async fn(&Cx, &S) -> Result<U, E>`.
pub fn user_setup<'a, S: 'static, U: 'static, E: Display + 'static>(
    _: Made<S>,
    setup: impl AsyncFn(&Cx, &S) -> Result<U, E> + 'a,
    cx: &'a Cx,
) -> UserSetupFuture<'a> {
    Box::pin(async move {
        let made = setup(cx, cx.state::<S>()).await.map_err(|error| Failure::of(&error))?;
        Ok(Box::new(made) as Box<dyn Any>)
    })
}

/// Erases a user's tear-down function: `async fn(&Cx, &U) -> Result<(), E>`.
pub fn user_teardown<'a, U: 'static, E: Display + 'static>(
    _: Made<U>,
    teardown: impl AsyncFn(&Cx, &U) -> Result<(), E> + 'a,
    cx: &'a Cx,
) -> TeardownFuture<'a> {
    Box::pin(async move { teardown(cx, cx.user_state::<U>()).await.map_err(|error| Failure::of(&error)) })
}

/// Tells the forms of a set-up function apart: without argument.
#[derive(Debug)]
pub struct Plain<E>(E);

/// Tells the forms of a set-up function apart: with a [`Setup`].
#[derive(Debug)]
pub struct WithSetup<E>(E);

/// A set-up function: `async fn() -> Result<S, E>` or `async fn(&Setup) -> Result<S, E>`. `M` tells them apart.
#[diagnostic::on_unimplemented(
    message = "this must be an `async fn() -> Result<S, E>` or `async fn(cx: &Setup) -> Result<S, E>`",
    label = "its `S` is what the test function borrows, if any, and must be `Send + Sync + 'static`; `E: Display`"
)]
pub trait SetUp<S, M> {
    /// Runs it.
    fn run(self, cx: &Setup) -> impl Future<Output = Result<S, Failure>>;
}

impl<F, S, E: Display + 'static> SetUp<S, Plain<E>> for F
where
    F: AsyncFn() -> Result<S, E>,
{
    async fn run(self, _: &Setup) -> Result<S, Failure> {
        self().await.map_err(|error| Failure::of(&error))
    }
}

impl<F, S, E: Display + 'static> SetUp<S, WithSetup<E>> for F
where
    F: AsyncFn(&Setup) -> Result<S, E>,
{
    async fn run(self, cx: &Setup) -> Result<S, Failure> {
        self(cx).await.map_err(|error| Failure::of(&error))
    }
}

/// Erases a set-up function. `S` is given by the test function's parameter, or left to inference.
pub fn setup<'a, S: Send + Sync + 'static, M>(
    setup: impl SetUp<S, M> + 'a,
    cx: &'a Setup,
) -> SetupFuture<'a> {
    Box::pin(async move { Ok(Arc::new(setup.run(cx).await?) as State) })
}

/// Erases a tear-down function.
pub fn teardown<'a, S: Send + Sync + 'static, E: Display + 'static>(
    _: Made<S>,
    teardown: impl AsyncFn(&S) -> Result<(), E> + 'a,
    state: &'a State,
) -> TeardownFuture<'a> {
    Box::pin(async move {
        match state.downcast_ref::<S>() {
            Some(state) => teardown(state).await.map_err(|error| Failure::of(&error)),
            None => Ok(()),
        }
    })
}

/// A session that is ready for load. What `setup` spawned lives as long as this.
pub struct Prepared {
    /// What `setup` made.
    pub state: State,
    /// What relative addresses are relative to.
    pub base_url: Option<String>,
    /// What the user's `setup` took.
    pub setup: Duration,
    /// What users of closed loads have to wait for; tests with the same target have the same.
    pub cap: Option<Cap>,
    /// What names are resolved by, to the end of the session.
    pub(super) resolver: Resolver,
    pub(super) cx: Setup,
    pub(super) support: Support,
}

/// Why a session could not be prepared or cleaned up.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The user's function said so.
    #[error("setup failed: {} ({})", .0.message, .0.category)]
    Setup(Failure),
    /// The user's function said so.
    #[error("teardown failed: {} ({})", .0.message, .0.category)]
    Teardown(Failure),
    /// The probe of `ready` never succeeded.
    #[error("the target was not ready after {after:.1?}: {} ({}); start it, or raise `ready_timeout`", .last.message, .last.category)]
    NotReady {
        /// How long it was tried.
        after: Duration,
        /// What the last try said.
        last: Failure,
    },
    /// A signal ended the whole run first.
    #[error("ended by {} {during}", .signal.name())]
    Ended {
        /// Which one.
        signal: Signal,
        /// What it cut off.
        during: String,
    },
    /// `setup` named a target that nobody said is ours.
    #[error(transparent)]
    Host(#[from] NotListed),
    /// No threads, or no descriptors.
    #[error("the support runtime cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

impl Prepared {
    /// Runs `setup` on a new runtime, which the target never shares with a worker.
    pub fn set_up(plan: &Plan, test: &Test, live: &Control) -> Result<Self, PrepareError> {
        if let Some(signal) = live.signal() {
            return Err(PrepareError::ended(signal, "before `setup`"));
        }
        let began = Instant::now();
        let support = Support::start()?;
        let cx = Setup {
            base_url: Mutex::new(plan.base_url.clone()),
            target: Mutex::default(),
            client: test.client,
        };
        let state = match test.setup {
            Some(setup) => match run_to_its_end(&support, live, setup(&cx)) {
                Ok(made) => made.map_err(PrepareError::Setup)?,
                Err(signal) => return Err(PrepareError::ended(signal, "in `setup`")),
            },
            None => Arc::new(()),
        };
        let (base_url, setup, cap) = (cx.base_url(), began.elapsed(), Cap::of(plan));
        let resolver = Resolver::within(&plan.limits);
        Ok(Prepared { state, base_url, setup, cap, resolver, cx, support })
    }

    /// Whose CPU time is the target's: of the process that `setup` named, or of this one where `setup` started something
    /// and no address of an outside target was given.
    pub fn target(&self, plan: &Plan, test: &Test) -> Option<Target> {
        let named = *self.cx.target.lock().unwrap_or_else(PoisonError::into_inner);
        let is_outside = plan.base_url.is_some() && plan.base_url == self.base_url;
        let in_process = (test.setup.is_some() && !is_outside).then_some(Target::InProcess);
        named.map(Target::Process).or(in_process)
    }

    /// Runs `teardown`, then ends whatever `setup` spawned.
    pub fn tear_down(self, test: &Test, live: &Control) -> Result<(), PrepareError> {
        let ended = match test.teardown {
            Some(teardown) => run_to_its_end(&self.support, live, teardown(&self.state)),
            None => Ok(Ok(())),
        };
        // What was made goes before the runtime that it may still be served by.
        let dropped = guarded(|| {
            drop(self.state);
            Ok(())
        });
        match ended {
            Ok(torn_down) => torn_down.and(dropped).map_err(PrepareError::Teardown),
            Err(signal) => Err(PrepareError::ended(signal, "in `teardown`")),
        }
    }
}

impl PrepareError {
    pub(super) fn ended(signal: Signal, during: impl Into<String>) -> Self {
        PrepareError::Ended { signal, during: during.into() }
    }
}

/// Runs a user's function, here; a signal cuts it off where its grace is over.
fn run_to_its_end<T>(
    support: &Support,
    live: &Control,
    function: impl Future<Output = Result<T, Failure>>,
) -> Result<Result<T, Failure>, Signal> {
    match guarded(|| Ok(support.block_on(grace::within(live, Instant::now(), function)))) {
        Ok(ended) => ended,
        Err(panic) => Ok(Err(panic)),
    }
}

/// A panic in the user's function is its failure.
fn guarded<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Failure::of_panic(&*panic, None)))
}
