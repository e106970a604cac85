//! In the place of the webhook in a build without requests.

/// There is none.
pub(super) enum Webhook {}

impl Webhook {
    /// Says what to do about it.
    pub(super) fn at(_: &str) -> Result<Self, String> {
        Err("this build sends no requests; enable perf-harness's feature `http`, or use `command`".to_owned())
    }

    #[allow(clippy::unused_async)] // as the other one
    pub(super) async fn tell(&self, _: String) -> Result<(), String> {
        match *self {}
    }
}
