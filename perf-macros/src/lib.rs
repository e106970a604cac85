//! The attribute `#[perf_test]`: parse → check → render. Whatever is wrong, the function itself is emitted untouched.

mod check;
mod function;
mod limits;
mod load;
mod options;
mod render;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{ToTokens, quote};
use std::fmt::Display;

/// Makes an async function a perf test: each call of it is one iteration.
///
/// The function stays as it is; other tests may call it. Its forms are `async fn f()`, `async fn f(cx: &Cx)` and
/// `async fn f(cx: &Cx, state: &S)`, where `S` is what `setup` returns. Its future need not be `Send`. It returns `()`, a
/// response, a type that implements `IntoOutcome`, or a `Result` of any value with any error that is `Display`.
///
/// Every mistake in the attribute is a compile error where it was made; all of them are told at once.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", thresholds("p99 < 50ms", "errors < 0.1%"))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
///     cx.get("/users").await?.expect_status(200)?;
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// # The load
///
/// A test has one load: a `rate`, `users`, or `iterations` alone.
///
/// ## `rate`
///
/// Open load: arrivals per second, as a number or as text such as `"200/s"` or `"12000/min"`; at most 10 million. It starts
/// iterations when they are due, however slow the target is. Needs a `duration`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = "12000/min", duration = "10s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `users`
///
/// Closed load: so many users, each of whom starts the next iteration when the last is done. Needs a `duration` or
/// `iterations`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 50, duration = "10s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `iterations`
///
/// Ends the load after that many: alone those of one user; with `users` shared between them; with `rate` a cap.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 4, iterations = 1_000)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # Time
///
/// Durations are texts such as `"10s"`, `"250ms"` or `"1m 30s"`.
///
/// ## `duration`
///
/// How long load is measured. With `iterations`, whichever ends first ends the load.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "1m 30s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `warmup`
///
/// Load before measuring, recorded apart. Default: a tenth of the duration, at most 5 s; none where iterations end the
/// load. `"0s"` is none.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", warmup = "2s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `rounds`
///
/// Slices of the measured time, or of the iterations where these end the load; 1 to 1,000, default 10.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "30s", rounds = 30)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `timeout`
///
/// Of one iteration; default 30 s. What takes longer fails with category `timeout`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", timeout = "5s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `graceful_stop`
///
/// How long running iterations may take to finish once the load has ended; default the timeout plus 1 s.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", graceful_stop = "2s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # Concurrency
///
/// ## `max_in_flight`
///
/// Cap on the concurrent iterations of an open load; default 1,000. An arrival beyond it is dropped, and counted as an error.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", max_in_flight = 50)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `workers`
///
/// Threads of the engine; default from the load.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 20_000, duration = "10s", workers = 2)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # Limits
///
/// ## `thresholds`
///
/// What must hold: METRIC OP VALUE. `errors < 1%` applies unless a test names `errors` or `error_count`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", thresholds("p99 < 50ms", "service.p50 < 5ms", "errors < 0.1%"))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `baseline`
///
/// Which metrics are compared with the baseline, and how much change each tolerates (default 5 %): p50, p95 and p99, here of
/// service time, and `throughput`. Default: `service.p50` and `service.p95` of an open load, `throughput` and
/// `service.p95` of a closed one. `baseline(off)` compares none.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", baseline("p50" = "3%", "p99" = "20%", "throughput"))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # The target
///
/// ## `setup`
///
/// The path of an `async fn() -> Result<S, E>` or `async fn(cx: &Setup) -> Result<S, E>`, called once per session. The test
/// function borrows the `S` it makes.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// struct Shop;
///
/// async fn shop(cx: &Setup) -> Result<Shop, Error> {
///     cx.set_base_url("http://127.0.0.1:8080");
///     Ok(Shop)
/// }
///
/// #[perf_test(rate = 200, duration = "10s", setup = shop)]
/// async fn list_users(cx: &Cx, shop: &Shop) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `teardown`
///
/// The path of an `async fn(state: &S) -> Result<(), E>`, called once per session behind the last iteration.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// # struct Shop;
/// # async fn shop() -> Result<Shop, Error> { Ok(Shop) }
/// async fn close(shop: &Shop) -> Result<(), Error> {
///     Ok(())
/// }
///
/// #[perf_test(rate = 200, duration = "10s", setup = shop, teardown = close)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `base_url`
///
/// What relative addresses are relative to.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", base_url = "http://127.0.0.1:8080")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `client`
///
/// The path of a `fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder`: changes how the workers' clients are built.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// use perf_harness::reqwest::ClientBuilder;
///
/// fn patient(client: ClientBuilder) -> ClientBuilder {
///     client.connect_timeout(std::time::Duration::from_secs(10))
/// }
///
/// #[perf_test(rate = 200, duration = "10s", client = patient)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # Selection
///
/// ## `tags`
///
/// For `--tag`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", tags("read", "checkout"))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `ignore`
///
/// Runs only when asked for, as in libtest; with a reason or without.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "1h", ignore = "takes an hour")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `crate`
///
/// Where perf-harness is, when it was renamed.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// use perf_harness as load;
///
/// #[perf_test(iterations = 10, crate = load)]
/// async fn nothing() {}
/// # perf_harness::main!();
/// ```
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
            let paths = test.and_then(|test| render::paths_only(&test));
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
