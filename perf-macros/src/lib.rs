//! The attribute `#[perf_test]`: parse → check → render. Whatever is wrong, the function itself is emitted untouched.

mod check;
mod entry;
mod features;
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
/// Where calls should differ, `cx.iteration()` and `cx.user_id()` are numbers, `cx.rng()` is the user's own generator of
/// random numbers, seeded by the run's seed, and a `Feeder` hands out test data row by row (see [`setup`](#setup)).
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
/// A test has one load: a `rate`, `users`, `iterations` alone, or any other as a `load`. That of a `rate` is open: arrivals
/// fall due, whatever the target does. That of `users` or `iterations` is closed: a user starts the next iteration when the
/// last is done. Keys of the one kind are a mistake on the other.
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
/// As `"20 per user"` it ends a closed load when every user is through with that many.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 4, iterations = "20 per user")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `load`
///
/// Any level over time, in the place of `rate`, `users` and `duration`: stages, one after the other.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(load = "0..500 over 30s, hold 1m, spike 2000 for 5s, ..0 over 10s")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// | stage | its level |
/// | --- | --- |
/// | `200 for 10s` | this one, for so long; `200` alone sets the level of the next stage |
/// | `0..500 over 30s` | on a straight line from the one to the other |
/// | `..500 over 30s` | on a straight line from where it is |
/// | `hold 1m` | stays |
/// | `stairs +100 every 10s x5` | five steps of 10 s, each higher by 100, or lower: `stairs -100 …`; with `ramp 2s` behind it the way to each step takes 2 s more |
/// | `spike 2000 for 5s` | this one, then back to where it was |
/// | `sine 50 period 20s for 1m` | swings about where it is, up first, by at most 50 |
/// | `pause 10s` | nothing, then back to where it was |
///
/// Levels are arrivals per second (`200`, or `12000/min`, up to 10 million), or numbers of users behind the word `users`. The
/// first stage begins at zero, every other one where the one before it left off. A load lasts at most a year. What is wrong
/// with the text is a compile error.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(load = "users 0..50 over 10s, hold 1m")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// The same in code is an expression of type `Load`, such as the call of a function that several tests share. What is wrong
/// with it is told before anything runs. Its words are `Load::rate` or `Load::users`, then `ramp_to`, `hold`, `stairs`,
/// `stairs_with_ramps`, `spike`, `sine` and `pause`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// fn day(peak: u32) -> Load {
///     Load::rate(0).ramp_to(peak, "30s").hold("1m").stairs(100, "10s", 5).sine(50, "20s", "1m").ramp_to(0, "10s")
/// }
///
/// #[perf_test(load = day(500))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// `Load::capacity` searches for the highest rate between two that keeps its limits. Each level is measured for 5 s, or as
/// long as `probe` says; the result is the metric `capacity`, for thresholds and baselines. Each level is a load of its own,
/// so there is no [`user_setup`](#user_setup).
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(load = Load::capacity("p99 < 50ms, errors < 1%").from(100).up_to(20_000).probe("3s"))]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// `iterations` may end a `load` early, and is what ends `load = "users 50"`. `--duration` stretches it to that length,
/// `--rate` or `--users` to that highest level.
///
/// ## `arrivals`
///
/// How the arrivals of an open load stand to each other: `"constant"` is evenly, the default; `"poisson"` at random and
/// independent of each other, as the requests of many strangers are; `"jitter(20%)"` evenly, but each later by a random part,
/// up to so much (0 % to 100 %), of the gap to the next. The same seed (`--seed`) makes the same arrivals.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", arrivals = "poisson")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `think`
///
/// How long a user of a closed load rests after an iteration: `"100ms"`; `"50ms..150ms"` for any length between the two,
/// equally likely; `"exp(100ms)"` for an exponential one with this mean. Default none. The next iteration is meant to start
/// when the pause is over, and its response time counts from then.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 50, duration = "10s", think = "exp(1s)")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// A pause within an iteration is `cx.think("50ms..150ms").await`, in any load: it is taken out of response and service time.
///
/// ## `pace`
///
/// The least time from one start to the next of the same user of a closed load; default none. An iteration that takes longer
/// is followed by the next at once; with `think` the later of the two instants counts.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 50, duration = "10s", pace = "1s")]
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
/// How long load is measured: more than none, at most a year. A `rate` needs one, as do `users` without `iterations`; a
/// `load` says its own length. With `iterations`, whichever ends first ends the load.
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
/// load, or where it has several levels. `"0s"` is none. Before a `load` it runs at the first level above zero.
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
/// Slices of the measured time, or of the iterations where these end the load; 1 to 1,000, default 10. A capacity search
/// has none: it measures one level after the other.
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
/// ## `ready_timeout`
///
/// How long [`ready`](#ready) is waited for; default 30 s. `"0s"` tries once.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", ready = "/health", ready_timeout = "2m")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// # The engine
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
/// Threads of the engine; 1 to 1,024, default from the load.
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
/// ## `precise`
///
/// With `true` a worker spins for the last 200 µs before an arrival instead of trusting a timer, which is late by some
/// 50 µs. For services that answer in less than a millisecond; each worker costs up to a core. Default `false`. In a closed
/// load it sharpens the ends of `think` and `pace`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 2_000, duration = "10s", precise = true)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// ## `connections`
///
/// Whose connections an iteration re-uses: `"shared"`, the default, are those of its worker, as behind a proxy; `"user"` are
/// those of its user alone, as in so many browsers, with a client of the user's own. In an open load each of the
/// `max_in_flight` slots is a user.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(users = 50, duration = "10s", connections = "user")]
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
/// What the test function records by name can be limited as well, by that name: a counter's sum, a gauge's last level (or its
/// `min`, `max` and `mean`), a rate, and any statistic of a trend (by its name alone the median), in the unit it was recorded
/// in. `{step=NAME}` takes the time of a step, `{TAG=VALUE}` the response time of the iterations with that tag. A hundred
/// names are kept of a test.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(
///     rate = 200,
///     duration = "10s",
///     thresholds("p95{step=find} < 20ms", "p95{cache=miss} < 80ms", "hits > 90%", "orders >= 100", "rows.p99 < 500")
/// )]
/// async fn order(cx: &Cx) -> Result<(), Error> {
///     let found = cx.step("find", cx.get("/users?name=ann")).await?;
///     let was_cached = found.headers.contains_key("x-cached");
///     cx.tag("cache", if was_cached { "hit" } else { "miss" });
///     cx.rate("hits").record(was_cached);
///     cx.trend("rows").record(found.json::<Vec<String>>()?.len());
///     cx.post("/orders").await?.expect_status(201)?;
///     cx.counter("orders").add(1);
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// An `abort(…)` around a limit also ends the test as soon as the limit is broken in the whole of a window (`"5s"` unless it
/// says otherwise; whole seconds), looked at once a second from `after` on. It takes times and their percentiles, of iterations
/// and of steps, `throughput`, `checks`, `dropped`, `error_count` and `errors`, here to all iterations that ended in the window.
/// What was measured is reported with the window's numbers, as failed and partial. A time says nothing while nothing comes to
/// an end: where the target hangs, `abort("p99 < 50ms")` ends no test, and `abort("throughput > 1/s")` does.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10m", thresholds("p99 < 50ms", abort("errors < 5%", window = "10s", after = "30s")))]
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
/// service time, `throughput`, `capacity` and `cpu_per_iteration`. Default: `service.p50` and `service.p95` of an open load,
/// `throughput` and `service.p95` of a closed one, `capacity` of a search for it, and `cpu_per_iteration` where it is known.
/// The same percentiles of a step (`"p50{step=login}"`), a tag or a trend (`"render.p95"`) can be named, for which more is
/// worse. `baseline(off)` compares none.
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
/// function borrows the `S` it makes. What it spawned ends with the session.
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
/// On Linux, the CPU time of a target that runs in the test's own process is known (`cpu_per_iteration`): it is what the
/// process needs and the harness does not. A server that `setup` spawned as another process is named by its id. Tests of a
/// scenario share their target, so none of them is charged for it; nor is CPU time told where the target needs less than a
/// thousandth of a core, or where `base_url` names it from outside.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// async fn shop(cx: &Setup) -> Result<std::process::Child, Error> {
///     let server = std::process::Command::new("target/release/shop").arg("--port=8080").spawn()?;
///     cx.set_target_pid(server.id());
///     cx.set_base_url("http://127.0.0.1:8080");
///     Ok(server)
/// }
/// # #[perf_test(rate = 200, duration = "10s", setup = shop)]
/// # async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// Test data belongs in the state: a `Feeder` reads CSV or JSON lines, takes any iterator, or makes its rows up. When the
/// rows of a `unique` one run out, the test ends.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// async fn words() -> Result<Feeder<&'static str>, Error> {
///     Ok(Feeder::of(["silent river", "winter", "harbour"]).random())
/// }
///
/// #[perf_test(rate = 200, duration = "10s", setup = words)]
/// async fn search(cx: &Cx, words: &Feeder<&'static str>) -> Result<(), Error> {
///     let word = words.next(cx)?;
///     cx.get("/search").query(&[("q", *word)]).await?.expect_status(200)?;
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// ## `teardown`
///
/// The path of an `async fn(state: &S) -> Result<(), E>`, called once per session behind the last iteration.
///
/// After Ctrl-C or SIGTERM set-ups and tear-downs that are under way have 3 s to come to their end, like the iterations; a
/// tear-down that begins when those are over has half a second. What is not done by then is dropped where it waits. A
/// function that blocks its thread hears nothing of that: a second Ctrl-C leaves at once.
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
/// ## `user_setup`
///
/// The path of an `async fn(cx: &Cx, state: &S) -> Result<U, E>`, called once per user before the load; `S` is what `setup`
/// makes, without one `()`. The test function finds the `U` it made as `cx.user_state::<U>()`. It stays on its thread, and
/// need not be `Send`. Each call has the time of an iteration, `timeout`. In an open load each of the `max_in_flight` slots
/// is a user.
///
/// A user whose call failed is left out, which the report tells; when none is left, the test fails.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// struct Session {
///     token: String,
/// }
///
/// async fn names() -> Result<Feeder<String>, Error> {
///     Ok(Feeder::generate(|number| format!("user-{number}")).unique())
/// }
///
/// async fn log_in(cx: &Cx, names: &Feeder<String>) -> Result<Session, Error> {
///     let name = names.next(cx)?;
///     let response = cx.post("/login").form(&[("name", name.as_str())]).await?.expect_status(200)?;
///     Ok(Session { token: response.text()?.to_owned() })
/// }
///
/// #[perf_test(users = 50, duration = "10s", setup = names, user_setup = log_in)]
/// async fn own_page(cx: &Cx) -> Result<(), Error> {
///     let session = cx.user_state::<Session>();
///     cx.get("/me").bearer_auth(&session.token).await?.expect_status(200)?;
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// ## `user_teardown`
///
/// The path of an `async fn(cx: &Cx, user: &U) -> Result<(), E>`, called once per user behind the last iteration, for those
/// whose `user_setup` succeeded.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// # struct Session;
/// # async fn log_in(cx: &Cx, _: &()) -> Result<Session, Error> { Ok(Session) }
/// async fn log_out(cx: &Cx, session: &Session) -> Result<(), Error> {
///     cx.post("/logout").await?.expect_status(200)?;
///     Ok(())
/// }
///
/// #[perf_test(users = 50, duration = "10s", user_setup = log_in, user_teardown = log_out)]
/// async fn own_page(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/me").await?;
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
/// ## `ready`
///
/// What must succeed behind `setup` before the load starts: an address that answers with a status below 400, whole or,
/// starting with `/`, one of the base URL. It is tried every 100 ms for as long as [`ready_timeout`](#ready_timeout); then the
/// test fails with what the last try said.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", ready = "/health")]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
/// #     cx.get("/users").await?;
/// #     Ok(())
/// # }
/// # perf_harness::main!();
/// ```
///
/// Or the path of a function in one of the forms of `setup`, whose value is dropped.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// async fn database() -> Result<(), Error> {
///     std::net::TcpStream::connect("127.0.0.1:5432")?;
///     Ok(())
/// }
///
/// #[perf_test(rate = 200, duration = "10s", ready = database)]
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
/// ## `backoff`
///
/// `true` spares a target that says it has too much: while it answers 429 or 503 or refuses connections, what is offered
/// is halved, at most once a second and down to a sixty-fourth; a `Retry-After` of its answers is honoured, nothing is
/// offered until then (unless the test function hands on no more than the error of reqwest's `error_for_status()`, which
/// does not hold it). After a quiet second it climbs back by a quarter at a time. What is not offered is not `planned`.
/// The report says when and how far; such a run is compared with nothing. Default: `false`, since a load that yields
/// hides what the target does under it.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(rate = 200, duration = "10s", backoff = true)]
/// async fn list_users(cx: &Cx) -> Result<(), Error> {
///     cx.get("/users").await?.expect_status(200)?;
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// # Together
///
/// ## `scenario`
///
/// Tests that name the same scenario run at the same time, as one mixed load and one line of the harness, which has the
/// scenario's name. Each keeps its own load, numbers, limits and baseline; the report has the mix as a whole beside them.
/// A `setup` that several of them name runs once, and all of them borrow what it made: their `base_url`s must be the same,
/// and so must their `teardown`s, which one of them may leave to the other. `--exact` and nextest know the
/// scenario by its name, which no test has; a filter that fits one of its tests selects all of it. One that is ignored is
/// left out unless `--ignored` or `--include-ignored` asks for it; the others keep their loads.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(scenario = "shop", rate = 90, duration = "1m")]
/// async fn browse(cx: &Cx) -> Result<(), Error> {
///     cx.get("/books").await?.expect_status(200)?;
///     Ok(())
/// }
///
/// #[perf_test(scenario = "shop", users = 5, duration = "30s", start_after = "15s")]
/// async fn report(cx: &Cx) -> Result<(), Error> {
///     cx.get("/report").await?.expect_status(200)?;
///     Ok(())
/// }
/// # perf_harness::main!();
/// ```
///
/// ## `start_after`
///
/// How long after the scenario's start this test's load begins, its warm-up included; default at once. Only with
/// `scenario`.
///
/// ## `weight`
///
/// A way to split one rate: all tests of the scenario name the same `rate` (or open `load`), and each gets its weight's
/// part of it; so it does of `--rate` and `--load`, which are the whole scenario's. A number above zero; all tests of the
/// scenario have one, or none. Only with `scenario`.
///
/// ```rust,no_run
/// # use perf_harness::prelude::*;
/// #[perf_test(scenario = "shop", rate = 200, weight = 9, duration = "1m")]
/// async fn browse(cx: &Cx) -> Result<(), Error> {
///     cx.get("/books").await?.expect_status(200)?;
///     Ok(())
/// }
///
/// #[perf_test(scenario = "shop", rate = 200, weight = 1, duration = "1m")]
/// async fn buy(cx: &Cx) -> Result<(), Error> {
///     cx.post("/orders").body("book=1").await?.expect_status(201)?;
///     Ok(())
/// }
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

/// The cargo features that the package under compilation declares, each with whether it is enabled; for
/// `perf_harness::main!()`.
#[doc(hidden)]
#[proc_macro]
pub fn features(_: TokenStream) -> TokenStream {
    features::render().into()
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
