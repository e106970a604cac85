//! What the keys, and the function with them, must be. Adds every mistake with its place and the way out.

use crate::function::{Function, show};
use crate::options::{Options, Ready};
use crate::{Mistakes, limits, load};
use perf_core::plan::bounds;
use perf_core::units::parse_duration;
use proc_macro2::TokenStream;
use std::collections::BTreeSet;
use syn::{Lit, LitInt};

/// A perf test without mistakes, or as much of it as could be read.
pub(crate) struct Test {
    pub(crate) function: Function,
    /// Per second.
    pub(crate) rate: Option<f64>,
    pub(crate) options: Options,
}

/// What may only be missing is told where every key could be read: the unreadable one may be it.
pub(crate) fn check(item: &TokenStream, options: Options, mistakes: &mut Mistakes) -> Option<Test> {
    let all_keys_were_read = mistakes.is_empty();
    let function = Function::check(item, mistakes);
    check_durations(&options, mistakes);
    check_counts(&options, mistakes);
    let rate = load::check(&options, all_keys_were_read, mistakes);
    check_connections(&options, mistakes);
    limits::check(&options, all_keys_were_read, mistakes);
    check_addresses(&options, mistakes);
    check_scenario(&options, mistakes);
    check_tags(&options, mistakes);
    if all_keys_were_read {
        check_companions(function.as_ref(), &options, mistakes);
    }
    Some(Test { function: function?, rate, options })
}

fn check_durations(options: &Options, mistakes: &mut Mistakes) {
    let Options { duration, timeout, warmup, graceful_stop, pace, ready_timeout, start_after, .. } = options;
    let all = [duration, timeout, warmup, graceful_stop, pace, ready_timeout, start_after];
    for (key, text) in all.into_iter().flatten() {
        match parse_duration(&text.value()).map(|length| bounds::check_length(&key.to_string(), length)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => mistakes.at(text, error),
            Err(error) => mistakes.at(text, format!("{key}: {error}")),
        }
    }
}

fn check_counts(options: &Options, mistakes: &mut Mistakes) {
    let Options { users, rounds, max_in_flight, workers, .. } = options;
    for (key, literal) in [users, rounds, max_in_flight, workers].into_iter().flatten() {
        // What is no number at all is none that is allowed.
        if let Err(error) = bounds::check_count(&key.to_string(), number(literal).unwrap_or(0)) {
            mistakes.at(literal, error);
        }
    }
}

pub(crate) fn number(literal: &LitInt) -> Option<u64> {
    literal.base10_parse().ok().filter(|_| literal.suffix().is_empty())
}

fn check_connections(options: &Options, mistakes: &mut Mistakes) {
    if let Some((_, text)) = &options.connections
        && !["shared", "user"].contains(&text.value().as_str())
    {
        mistakes.at(text, "`connections` is \"shared\" or \"user\"");
    }
}

fn check_addresses(options: &Options, mistakes: &mut Mistakes) {
    let is_whole = |url: &str| {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        host.is_some_and(|host| !host.is_empty())
    };
    if let Some((_, url)) = &options.base_url
        && !is_whole(&url.value())
    {
        mistakes.at(url, "`base_url` is a whole address such as \"http://127.0.0.1:8080\"");
    }
    if let Some((_, Ready::Url(url))) = &options.ready
        && !is_whole(&url.value())
        && !url.value().starts_with('/')
    {
        let whole = "a whole address such as \"http://127.0.0.1:8080/health\"";
        mistakes.at(url, format!("`ready` is {whole}, or one of the base URL such as \"/health\""));
    }
}

fn check_scenario(options: &Options, mistakes: &mut Mistakes) {
    let Options { scenario, weight, .. } = options;
    if let Some((_, name)) = scenario
        && (name.value().trim().is_empty() || name.value().contains(['/', '\\']))
    {
        mistakes.at(name, "`scenario` is a name that files can have, such as \"checkout\"");
    }
    if let Some((_, literal)) = weight
        && !weight_of(literal).is_some_and(|weight| weight > 0.0 && weight.is_finite())
    {
        mistakes.at(literal, "`weight` is a number above zero such as 3");
    }
}

pub(crate) fn weight_of(literal: &Lit) -> Option<f64> {
    match literal {
        Lit::Int(number) => number.base10_parse().ok(),
        Lit::Float(number) => number.base10_parse().ok(),
        _ => None,
    }
}

fn check_tags(options: &Options, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for tag in options.tags.iter().flat_map(|(_, tags)| tags) {
        match tag.value() {
            empty if empty.trim().is_empty() => {
                mistakes.at(tag, "an empty tag selects nothing; write a word");
            }
            twice if !seen.insert(twice.clone()) => {
                mistakes.at(tag, format!("tag `{twice}` is given twice; keep one"));
            }
            _ => {}
        }
    }
}

/// Keys that say nothing without another one.
fn check_companions(function: Option<&Function>, options: &Options, mistakes: &mut Mistakes) {
    let Options { setup, teardown, user_setup, user_teardown, ready, ready_timeout, .. } = options;
    let Options { scenario, start_after, weight, .. } = options;
    if let (Some(state), None) = (function.and_then(|function| function.state.as_ref()), setup) {
        let message =
            format!("nothing makes this `{}`: add `setup = path`, an async fn that returns it", show(state));
        mistakes.at(state, message);
    }
    if let (Some((key, _)), None) = (teardown, setup) {
        mistakes.at(key, "`teardown` gets what `setup` made; add `setup = path`");
    }
    if let (Some((key, _)), None) = (user_teardown, user_setup) {
        mistakes.at(key, "`user_teardown` gets what `user_setup` made; add `user_setup = path`");
    }
    if let (Some((key, _)), None) = (ready_timeout, ready) {
        mistakes.at(key, "`ready_timeout` is how long `ready` is waited for; add `ready = \"/health\"`");
    }
    let of_scenario = [start_after.as_ref().map(|(key, _)| key), weight.as_ref().map(|(key, _)| key)];
    for key in of_scenario.into_iter().flatten().filter(|_| scenario.is_none()) {
        mistakes.at(key, format!("`{key}` is for tests that run together; add `scenario = \"checkout\"`"));
    }
}

#[cfg(test)]
mod tests {
    use crate::expand;
    use quote::quote;

    /// The messages of every mistake.
    fn mistakes(attribute: &str, item: &str) -> Vec<String> {
        let expanded = expand(attribute.parse().unwrap(), &item.parse().unwrap()).to_string();
        let parts = expanded.split("compile_error ! { \"").skip(1);
        parts.map(|part| part.split("\" }").next().unwrap_or("").replace("\\\"", "\"")).collect()
    }

    fn of(attribute: &str) -> Vec<String> {
        mistakes(attribute, "async fn f(cx: &Cx) {}")
    }

    #[test]
    fn a_good_attribute_has_no_mistakes() {
        let everything = r#"rate = "12000/min", iterations = 1_000, duration = "10s", warmup = "0s", rounds = 5, timeout = "5s",
            max_in_flight = 10, graceful_stop = "1s", workers = 2, thresholds("p99 < 50ms", "errors < 0.1%", abort("errors < 5%", window = "5s", after = "10s"),),
            baseline("p50" = "5%", "service.p95"), setup = make::<A, B>, teardown = clean, base_url = "http://h",
            client = tune, tags("a", "b"), ignore = "slow", crate = renamed, arrivals = "jitter(20%)", precise = true,
            connections = "user", user_setup = log_in::<A, B>, user_teardown = log_out, ready = "/health",
            ready_timeout = "0s""#;
        for good in [
            everything,
            "users = 5, iterations = 10, baseline(off), ignore",
            "users = 5, iterations = \"20 per user\", rounds = 100, think = \"50ms..150ms\", pace = \"1s\", precise = true",
            "load = \"0..500 over 30s, hold 1m\", arrivals = \"poisson\", max_in_flight = 5, warmup = \"1s\"",
            "load = \"users 3\", iterations = \"20 per user\", think = \"exp(1s)\"",
            "load = Load::rate(0).ramp_to(5, \"1s\"), iterations = 5, precise = true, ready = up, connections = \"shared\"",
            "load = perf_harness::Load::users(5).hold(\"1s\"), pace = \"1s\"",
            "load = of(5, |a| a < b), think = \"1s\", arrivals = \"poisson\"",
        ] {
            assert_eq!(of(good), Vec::<String>::new(), "{good}");
        }
    }

    /// Each attribute has one mistake, whose message holds the advice.
    fn each_says(expected: &[(&str, &str)]) {
        for (attribute, advice) in expected {
            let found = of(attribute);
            assert!(found.len() == 1 && found[0].contains(advice), "{attribute}: {found:?}");
        }
    }

    #[test]
    fn every_mistake_of_keys_and_numbers_says_the_way_out() {
        each_says(&[
            ("raet = 200, iterations = 1", "did you mean `rate`?"),
            ("kolor = 200, iterations = 1", "the keys are load, rate"),
            ("iterations = 1, iterations = 2", "given twice"),
            ("users = 1, rate = 1, duration = \"1s\"", "`users` contradicts `rate`"),
            ("rate = 1", "`rate` needs a `duration`"),
            ("users = 1", "`users` needs a `duration`"),
            ("", "no load: add"),
            ("iterations = 0", "a whole number above zero"),
            ("iterations = \"5 per second\"", "or \"20 per user\""),
            ("iterations = 5 per user", "quotes around a value"),
            ("iterations", "needs a value"),
            ("iterations = 5 6", "a comma goes between keys"),
            ("iterations = 5, rounds = 6", "a round holds at least one"),
            ("iterations = 5000, rounds = 1001", "from 1 to 1000"),
            ("iterations = 5, max_in_flight = 5", "caps an open load"),
            ("iterations = 5, timeout = 5", "a duration in quotes"),
            ("iterations = 5, timeout = \"5 parsecs\"", "is not a duration"),
            ("iterations = 5, timeout = \"0s\"", "above zero"),
            ("rate = 0, duration = \"1s\"", "a rate of zero"),
            ("rate = 100000000, duration = \"1s\"", "cannot be offered"),
            ("rate = \"fast\", duration = \"1s\"", "is not a rate"),
            ("\"10s\", iterations = 5", "a key belongs here"),
            ("iterations = 5,, workers = 1", "remove it"),
            ("iterations = 5, duration = \"9999y\"", "longer than a year"),
            ("iterations = 5, setup = || 5", "the path of a function"),
        ]);
    }

    #[test]
    fn every_mistake_of_a_load_says_the_way_out() {
        each_says(&[
            ("load = \"0..500 ovr 30s\"", "character 8: `ovr` where `over` is expected"),
            ("load = \"\"", "nothing stands here; write"),
            ("load = \"200\"", "add a stage such as `hold 10s`"),
            ("load = \"users 5\"", "add a stage such as `hold 10s`"),
            ("load = \"0 for 10s\"", "add a level above it"),
            ("load = \"users 0..0.5 over 3s\"", "write at least 1"),
            ("load = \"20000000 for 1s\"", "cannot be offered by one machine"),
            ("load = \"5 for 9y\"", "longer than a year"),
            ("load = 200", "takes stages in quotes such as"),
            ("load = 0..500", "takes stages in quotes such as"),
            ("load = \"5 for 1s\", rate = 5", "`load` says all of the load; leave `rate` out"),
            ("load = \"5 for 1s\", users = 5", "leave `users` out"),
            ("load = Load::rate(5), duration = \"1s\"", "leave `duration` out"),
            (
                "load = Load::users(5).iterations(5), iterations = 5",
                "`load` says already what it stops after",
            ),
            ("load = \"5 for 1s\", iterations = \"20 per user\"", "write `iterations = 20` for all of them"),
            ("rate = 5, duration = \"1s\", iterations = \"20 per user\"", "an open load has no users"),
            ("users = 5, iterations = \"2 per user\", rounds = 11", "11 rounds of 10 iterations"),
            ("iterations = \"2 per user\", rounds = 3", "3 rounds of 2 iterations"),
        ]);
    }

    #[test]
    fn a_key_of_the_other_model_says_why_it_says_nothing() {
        each_says(&[
            ("users = 5, duration = \"1s\", arrivals = \"poisson\"", "users start when they are ready"),
            ("iterations = 5, arrivals = \"constant\"", "users start when they are ready"),
            ("load = \"users 5 for 1s\", arrivals = \"poisson\"", "users start when they are ready"),
            ("load = perf_harness::Load::users(5), max_in_flight = 5", "caps an open load"),
            ("users = 5, duration = \"1s\", precise = true", "users without `think` or `pace`"),
            ("rate = 5, duration = \"1s\", think = \"1s\"", "`think` is a pause of users"),
            ("rate = 5, duration = \"1s\", pace = \"1s\"", "`pace` is a pause of users"),
            ("users = 5, duration = \"1s\", scenario = \"a\", weight = 3", "users have none"),
            ("load = \"5 for 1s\", pace = \"1s\"", "wait for nobody, so leave it out"),
            ("load = Load::capacity(\"p99 < 1s\").from(1).up_to(2), think = \"1s\"", "wait for nobody"),
            (
                "load = Load::capacity(\"p99 < 1s\").from(1).up_to(2), iterations = 5",
                "end no capacity search",
            ),
            ("load = Load::capacity(\"p99 < 1s\").from(1).up_to(2), rounds = 5", "measures levels instead"),
        ]);
    }

    #[test]
    fn every_mistake_of_pauses_and_users_says_the_way_out() {
        each_says(&[
            ("rate = 5, duration = \"1s\", arrivals = \"random\"", "write \"constant\", \"poisson\" or"),
            ("rate = 5, duration = \"1s\", arrivals = \"jitter(120%)\"", "from 0% to 100%"),
            ("rate = 5, duration = \"1s\", arrivals = poisson", "takes \"constant\", \"poisson\" or"),
            ("iterations = 5, think = \"5\"", "or a drawn one"),
            ("iterations = 5, think = \"2s..1s\"", "write the shorter one first"),
            ("iterations = 5, think = 50ms..150ms", "takes a pause in quotes"),
            ("iterations = 5, think = \"1s..9y\"", "`think` is longer than a year"),
            ("iterations = 5, pace = \"1s..2s\"", "pace: `1s..2s` is not a duration"),
            ("iterations = 5, precise", "with true or false"),
            ("iterations = 5, precise = \"yes\"", "takes true or false"),
            ("iterations = 5, connections = \"pool\"", "\"shared\" or \"user\""),
            ("iterations = 5, user_setup = \"log_in\"", "the path of a function"),
            ("iterations = 5, user_teardown = log_out", "add `user_setup = path`"),
            (
                "load = Load::capacity(\"p99 < 1s\").from(1).up_to(2), user_setup = log_in",
                "a new load at every level",
            ),
            ("iterations = 5, ready = \"localhost/health\"", "such as \"/health\""),
            ("iterations = 5, ready = \"http://\"", "a whole address"),
            ("iterations = 5, ready = || up()", "or the path of a function"),
            ("iterations = 5, start_after = \"1m\"", "add `scenario = \"checkout\"`"),
            ("rate = 5, duration = \"1s\", weight = 3", "add `scenario = \"checkout\"`"),
            ("rate = 5, duration = \"1s\", scenario = \"a\", weight = 0", "a number above zero"),
            ("iterations = 5, scenario = \"a/b\"", "a name that files can have"),
            ("iterations = 5, ready_timeout = \"1m\"", "add `ready = \"/health\"`"),
            (
                "iterations = 5, ready = \"/\", ready_timeout = \"soon\"",
                "ready_timeout: `soon` is not a duration",
            ),
        ]);
    }

    #[test]
    fn every_mistake_of_limits_and_texts_says_the_way_out() {
        each_says(&[
            ("iterations = 5, tags(a)", "texts in quotes"),
            ("iterations = 5, tags(\"a\" \"b\")", "commas between them"),
            ("iterations = 5, baseline(\"p50\" = 5)", "\"p50\" = \"5%\""),
            ("iterations = 5, baseline = off", "write `baseline(…)`"),
            ("iterations = 5, thresholds(\"p99\")", "METRIC OP VALUE"),
            ("iterations = 5, thresholds(\"p99 < 0ms\")", "can never hold"),
            ("iterations = 5, thresholds(abort(\"p99 < 0ms\"))", "can never hold"),
            ("iterations = 5, thresholds(abort(\"errors < 5%\", windows = \"5s\"))", "`window` and `after`"),
            ("iterations = 5, thresholds(abort(\"errors < 5%\", window = \"5\"))", "time unit needed"),
            ("iterations = 5, thresholds(abort(\"capacity > 5/s\"))", "not known while a test runs"),
            ("iterations = 5, thresholds(abort(errors))", "takes limits such as"),
            ("iterations = 5, thresholds(stop(\"errors < 5%\"))", "takes limits such as"),
            ("iterations = 5, thresholds(\"p99 < 1s\", \"p99<1s\")", "given twice"),
            ("iterations = 5, thresholds = \"p99 < 1s\"", "write `thresholds(…)`"),
            ("iterations = 5, baseline(\"errors\")", "is not compared"),
            ("iterations = 5, baseline(\"p50\" = \"0%\")", "above zero"),
            ("iterations = 5, baseline(\"p50\", \"service.p50\")", "given twice"),
            ("iterations = 5, baseline(off, \"p50\")", "stands alone"),
            ("iterations = 5, baseline(on)", "`off` alone"),
            ("iterations = 5, baseline()", "names nothing"),
            ("iterations = 5, tags(\"\")", "an empty tag"),
            ("iterations = 5, tags(\"a\", \"a\")", "given twice"),
            ("iterations = 5, base_url = \"127.0.0.1\"", "a whole address"),
            ("iterations = 5, teardown = clean", "add `setup = path`"),
        ]);
    }

    #[test]
    fn a_function_of_another_form_is_refused() {
        for (item, advice) in [
            ("fn f() {}", "write `async fn`"),
            ("struct F;", "goes on an async function"),
            ("async fn f(cx: Cx) {}", "borrow this: `&Cx`"),
            ("async fn f(cx: &mut Cx) {}", "without `mut`"),
            ("async fn f(&self) {}", "no `self` here"),
            ("async fn f(cx: &impl Any) {}", "name the type"),
            ("pub(crate) mod f {}", "goes on an async function"),
            ("async fn f(cx: &Cx, s: &S) {}", "nothing makes this `S`"),
            ("async fn f<T>(cx: &Cx) {}", "no type parameters"),
            ("async unsafe fn f() {}", "cannot be unsafe"),
            ("async extern \"C\" fn f() {}", "no ABI"),
        ] {
            let found = mistakes("iterations = 1", item);
            assert!(found.len() == 1 && found[0].contains(advice), "{item}: {found:?}");
        }
        assert_eq!(mistakes("iterations = 1", "async fn f<'a>(cx: &'a Cx) {}"), Vec::<String>::new());
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_none_is_hidden_by_another() {
        let found = of("raet = 1, users = 0, timeout = 5, thresholds(\"p99 50\"), tags(\"\")");
        assert_eq!(found.len(), 5, "{found:?}");
        let hidden = of("rate < 1, users = 0, thresholds(5, \"p99 50\"), tags(\"\", a), workers = 0");
        assert_eq!(hidden.len(), 7, "{hidden:?}");
        let both = mistakes("iterations = 1", "async fn f(cx: Cx, state: S) {}");
        assert_eq!(both.len(), 3, "{both:?}");
        assert!(!found.iter().any(|mistake| mistake.contains("needs a `duration`")), "{found:?}");
        let new = "load = \"5 fr 1s\", rate = 0, think = \"5\", precise = 1, ready = \"\", user_teardown = 5";
        assert_eq!(of(new).len(), 7, "{:?}", of(new));
        assert_eq!(mistakes("iterations = 0, timeout = \"\"", "struct S;").len(), 3);
    }

    #[test]
    fn what_may_only_be_missing_is_not_told_where_a_key_could_not_be_read() {
        for attribute in [
            "load = \"users 5\", iteratoins = 5",
            "raet = 5, iterations = 5, arrivals = \"poisson\"",
            "raet = 5, max_in_flight = 5",
            "iterations = 5, redy = \"/\", ready_timeout = \"5s\"",
            "iterations = 5, scenarios = \"a\", start_after = \"5s\"",
            "iterations = 5, user_steup = log_in, user_teardown = log_out",
            "usres = 5, iterations = \"20 per user\", rounds = 50",
        ] {
            let found = of(attribute);
            assert!(found.len() == 1 && found[0].contains("did you mean"), "{attribute}: {found:?}");
        }
    }

    #[test]
    fn contradictory_loads_are_told_once_and_nothing_is_concluded_from_them() {
        let found = of("rate = 5, users = 5, duration = \"1s\", think = \"1s\", arrivals = \"poisson\"");
        assert_eq!(found, ["`users` contradicts `rate`: a load is open or closed; keep one"]);
    }

    #[test]
    fn the_function_is_emitted_untouched_whatever_is_wrong() {
        let item = quote!(
            #[must_use]
            pub async fn f() -> u8 {
                7
            }
        );
        for attribute in [quote!(iterations = 1), quote!(nonsense)] {
            assert!(expand(attribute, &item).to_string().starts_with(&item.to_string()));
        }
    }
}
