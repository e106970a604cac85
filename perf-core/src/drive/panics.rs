//! Keeps panics of test functions quiet: they are counted, and their first message is part of the report.
//!
//! The standard hook prints each, with a backtrace where `RUST_BACKTRACE` is set; the first one of those was measured to
//! block a worker for a tenth of a second.

use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes this thread's panics quiet. Those of all others go to the hook that was there before.
pub(super) fn keep_quiet_here() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| match IS_WORKER.get() {
            true => LOCATION.set(info.location().map(ToString::to_string)),
            false => others(info),
        }));
    });
    IS_WORKER.set(true);
}

/// Where this thread panicked last.
pub(super) fn take_location() -> Option<String> {
    LOCATION.take()
}
