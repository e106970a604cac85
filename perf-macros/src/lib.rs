//! The attribute `#[perf_test]`: parse → check → render. Whatever is wrong, the function itself is emitted untouched.

mod check;
mod options;
mod render;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{ToTokens, quote};
use std::fmt::Display;

/// Makes an async function a perf test: each call of it is one iteration.
///
/// The function stays as it is; other tests may call it. Its forms are `async fn f()`, `async fn f(cx: &Cx)` and
/// `async fn f(cx: &Cx, state: &S)`, where `S` is what `setup` returns. It returns `()`, a response, a type that
/// implements `IntoOutcome`, or a `Result` of any value with any error that is `Display`.
///
/// # The load
///
/// One of these:
/// - `rate = 200` (also `"200/s"`, `"12000/min"`) with `duration = "10s"`: arrivals at a constant rate.
/// - `users = 50` with `duration = "10s"`: users in a loop.
/// - `iterations = 1000`: that many; with `users`, shared between them; with `rate`, a cap.
///
/// # Time
///
/// - `warmup = "2s"`: load before measuring. Default: a tenth of the duration, at most 5 s; none where iterations end
///   the load.
/// - `rounds = 10`: slices of the measured time, 1 to 1000.
/// - `timeout = "5s"`: of one iteration; default 30 s.
/// - `graceful_stop = "5s"`: how long running iterations may take to finish; default the timeout plus 1 s.
///
/// # Concurrency
///
/// - `max_in_flight = 1000`: cap on concurrent iterations of an open load.
/// - `workers = 2`: engine threads; default from the load.
///
/// # Limits
///
/// - `thresholds("p99 < 50ms", "errors < 0.1%")`: what must hold. `errors < 1%` applies unless a test names errors.
/// - `baseline("p50" = "5%", "throughput")`: which metrics are compared with the baseline, and the change each
///   tolerates (5 %); `baseline(off)` for none. A bare pN is of service time here.
///
/// # The target
///
/// - `setup = path`: `async fn() -> Result<S, E>` or `async fn(cx: &Setup) -> Result<S, E>`, once per session.
/// - `teardown = path`: `async fn(state: &S) -> Result<(), E>`, once per session.
/// - `base_url = "http://127.0.0.1:8080"`: base of relative addresses.
/// - `client = path`: `fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder`.
///
/// # Selection
///
/// - `tags("slow", "checkout")`: for `--tag`.
/// - `ignore` or `ignore = "reason"`: as in libtest.
/// - `crate = path`: where perf-harness is, when it was renamed.
#[proc_macro_attribute]
pub fn perf_test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand(attribute.into(), &item.into()).into()
}

fn expand(attribute: Tokens, item: &Tokens) -> Tokens {
    let mut mistakes = Mistakes::default();
    let options = options::parse(attribute, &mut mistakes);
    let test = check::check(item, options, &mut mistakes);
    let beside = match mistakes.into_error() {
        None => test.map(|test| render::registration(&test)),
        Some(error) => {
            let paths = test.map(|test| render::paths_only(&test));
            let error = error.into_compile_error();
            Some(quote!(#paths #error))
        }
    };
    quote!(#item #beside)
}

/// Every mistake of one attribute, reported together.
#[derive(Default)]
struct Mistakes(Option<syn::Error>);

impl Mistakes {
    fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    fn at(&mut self, place: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(place, message));
    }

    fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn into_error(self) -> Option<syn::Error> {
        self.0
    }
}
