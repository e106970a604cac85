//! What the keys, and the function with them, must be. Adds every mistake with its place and the way out.

use crate::Mistakes;
use crate::function::{Function, show};
use crate::options::{GateOption, Given, Options, Ready};
use perf_core::plan::gate;
use perf_core::plan::load::{Iterations, LoadError};
use perf_core::plan::pause::Pause;
use perf_core::plan::spacing::Spacing;
use perf_core::plan::threshold::Threshold;
use perf_core::units::{Rate, parse_duration};
use proc_macro2::{Span, TokenStream};
use std::collections::BTreeSet;
use std::time::Duration;
use syn::{Lit, LitInt, LitStr};

const MOST_ROUNDS: u64 = 1000;
const HIGHEST_RATE: f64 = 1e7;
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// A perf test without mistakes, or as much of it as could be read.
pub(crate) struct Test {
    pub(crate) function: Function,
    pub(crate) rate: Option<f64>,
    pub(crate) options: Options,
}

pub(crate) fn check(item: &TokenStream, options: Options, mistakes: &mut Mistakes) -> Option<Test> {
    let all_keys_were_read = mistakes.is_empty();
    let function = Function::check(item, mistakes)?;
    if let (Some(state), None, true) = (&function.state, &options.setup, all_keys_were_read) {
        let message =
            format!("nothing makes this `{}`: add `setup = path`, an async fn that returns it", show(state));
        mistakes.at(state, message);
    }
    check_durations(&options, mistakes);
    check_numbers(&options, mistakes);
    check_texts(&options, mistakes);
    check_grammars(&options, mistakes);
    check_scenario(&options, mistakes);
    check_gates(&options, all_keys_were_read, mistakes);
    let rate = rate(&options, mistakes);
    check_load(&options, all_keys_were_read, mistakes);
    Some(Test { function, rate, options })
}

fn check_durations(options: &Options, mistakes: &mut Mistakes) {
    let Options { duration, timeout, warmup, graceful_stop, pace, ready_timeout, start_after, .. } = options;
    for (given, may_be_zero) in [
        (duration, false),
        (timeout, false),
        (warmup, true),
        (graceful_stop, true),
        (pace, true),
        (ready_timeout, true),
        (start_after, true),
    ] {
        let Some((key, text)) = given else { continue };
        match parse_duration(&text.value()) {
            Ok(Duration::ZERO) if !may_be_zero => {
                mistakes.at(text, format!("`{key}` is zero; write one above zero"));
            }
            Ok(duration) if duration > LONGEST => {
                mistakes.at(text, format!("`{key}` is longer than a year; write at most \"365d\""));
            }
            Ok(_) => {}
            Err(error) => mistakes.at(text, format!("{key}: {error}")),
        }
    }
}

fn check_numbers(options: &Options, mistakes: &mut Mistakes) {
    let Options { users, iterations, rounds, max_in_flight, workers, .. } = options;
    for (given, most) in [
        (users, u64::from(u32::MAX)),
        (rounds, MOST_ROUNDS),
        (max_in_flight, u64::from(u32::MAX)),
        (workers, 1024),
    ] {
        let Some((key, literal)) = given else { continue };
        if !number(literal).is_some_and(|n| (1..=most).contains(&n)) {
            mistakes.at(literal, format!("`{key}` is a whole number from 1 to {most}"));
        }
    }
    let value = |given: &Given<LitInt>| given.as_ref().and_then(|(_, literal)| number(literal));
    if let Some((_, literal)) = iterations
        && let Err(error) = iterations_of(literal)
    {
        mistakes.at(literal, error);
    }
    let shared = iterations.as_ref().and_then(|(_, literal)| match iterations_of(literal) {
        Ok(Iterations::Shared(iterations)) => Some(iterations),
        _ => None,
    });
    if let (Some((_, literal)), Some(rounds), Some(iterations)) = (rounds, value(rounds), shared)
        && rounds > iterations
    {
        mistakes
            .at(literal, format!("{rounds} rounds of {iterations} iterations: a round holds at least one"));
    }
    if let (Some((key, _)), true) = (max_in_flight, is_closed(options)) {
        mistakes.at(key, "`max_in_flight` caps an open load; a closed one has as many in flight as `users`");
    }
}

/// Whether the load is one of users; of a `load` only running it tells.
fn is_closed(options: &Options) -> bool {
    options.rate.is_none() && options.load.is_none()
}

/// Reads `1_000` or `"20 per user"`.
pub(crate) fn iterations_of(literal: &Lit) -> Result<Iterations, LoadError> {
    match literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_digits().parse(),
        Lit::Str(text) => text.value().parse(),
        other => show(other).parse(),
    }
}

/// The keys with a grammar of their own, and those that only one model of load has.
fn check_grammars(options: &Options, mistakes: &mut Mistakes) {
    let Options { arrivals, think, pace, connections, .. } = options;
    if let Some((key, text)) = arrivals {
        if let Err(error) = text.value().parse::<Spacing>() {
            mistakes.at(text, format!("arrivals: {error}"));
        }
        if options.users.is_some() {
            mistakes.at(key, "`arrivals` says how those of an open load stand to each other; users start when they are ready");
        }
    }
    if let Some((_, text)) = think
        && let Err(error) = text.value().parse::<Pause>()
    {
        mistakes.at(text, format!("think: {error}"));
    }
    for key in [think, pace].into_iter().flatten().map(|(key, _)| key) {
        if options.rate.is_some() {
            mistakes.at(
                key,
                format!(
                    "`{key}` is a pause of users; an open load's arrivals wait for nobody, so leave it out"
                ),
            );
        }
    }
    if let Some((_, text)) = connections
        && !["shared", "user"].contains(&text.value().as_str())
    {
        mistakes.at(text, "`connections` is \"shared\" or \"user\"");
    }
    if let Some((_, Ready::Url(url))) = &options.ready
        && !["http://", "https://", "/"].iter().any(|start| url.value().starts_with(start))
    {
        mistakes.at(
            url,
            "`ready` is an address such as \"http://127.0.0.1:8080/health\", or \"/health\" of the base URL",
        );
    }
}

/// What only a test of a scenario may say, and how.
fn check_scenario(options: &Options, mistakes: &mut Mistakes) {
    let Options { scenario, start_after, weight, .. } = options;
    if let Some((_, name)) = scenario
        && (name.value().trim().is_empty() || name.value().contains(['/', '\\']))
    {
        mistakes.at(name, "`scenario` is a name that files can have, such as \"checkout\"");
    }
    let alone = [start_after.as_ref().map(|(key, _)| key), weight.as_ref().map(|(key, _)| key)];
    for key in alone.into_iter().flatten().filter(|_| scenario.is_none()) {
        mistakes.at(key, format!("`{key}` is for tests that run together; add `scenario = \"checkout\"`"));
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

fn number(literal: &LitInt) -> Option<u64> {
    literal.base10_parse().ok().filter(|_| literal.suffix().is_empty())
}

fn check_texts(options: &Options, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for text in options.thresholds.iter().flat_map(|(_, texts)| texts) {
        match text.value().parse::<Threshold>() {
            Ok(threshold) if !seen.insert(threshold.expression.replace(' ', "")) => {
                mistakes.at(text, format!("`{threshold}` is given twice; keep one"));
            }
            Ok(_) => {}
            Err(error) => mistakes.at(text, error),
        }
    }
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
    if let Some((_, url)) = &options.base_url
        && !["http://", "https://"]
            .iter()
            .any(|scheme| url.value().strip_prefix(scheme).is_some_and(|host| !host.is_empty()))
    {
        mistakes.at(url, "`base_url` is a whole address such as \"http://127.0.0.1:8080\"");
    }
}

fn check_gates(options: &Options, all_keys_were_read: bool, mistakes: &mut Mistakes) {
    let Some((key, gates)) = &options.baseline else {
        return;
    };
    if gates.is_empty() && all_keys_were_read {
        mistakes.at(key, "`baseline()` names nothing; write `baseline(\"p50\" = \"5%\")` or `baseline(off)`");
    }
    let mut seen = BTreeSet::new();
    for option in gates {
        match option {
            GateOption::Off(off) if gates.len() > 1 => {
                mistakes.at(off, "`off` stands alone in `baseline(off)`");
            }
            GateOption::Off(_) => {}
            GateOption::Metric(metric, tolerance) => {
                check_gate(metric, tolerance.as_ref(), &mut seen, mistakes);
            }
        }
    }
}

fn check_gate(
    metric: &LitStr,
    tolerance: Option<&LitStr>,
    seen: &mut BTreeSet<String>,
    mistakes: &mut Mistakes,
) {
    let text = tolerance.map_or_else(|| "5%".to_owned(), LitStr::value);
    match gate::gated(&metric.value(), &text) {
        Ok(gated) if !seen.insert(gated.metric.to_string()) => {
            mistakes.at(metric, format!("`{}` is given twice; keep one", gated.metric));
        }
        Ok(_) => {}
        Err(error @ (gate::GateError::Tolerance(_) | gate::GateError::NoTolerance(_))) => {
            mistakes.at(tolerance, error);
        }
        Err(error) => mistakes.at(metric, error),
    }
}

fn rate(options: &Options, mistakes: &mut Mistakes) -> Option<f64> {
    let (_, literal) = options.rate.as_ref()?;
    let text = match literal {
        Lit::Int(number) => number.base10_digits().to_owned(),
        Lit::Float(number) => number.base10_digits().to_owned(),
        Lit::Str(text) => text.value(),
        other => show(other),
    };
    match text.parse::<Rate>().map(Rate::as_per_second) {
        Ok(rate) if rate > 0.0 && rate <= HIGHEST_RATE => return Some(rate),
        Ok(rate) if rate > HIGHEST_RATE => mistakes
            .at(literal, "a rate above 10,000,000/s cannot be offered by one machine; write a lower one"),
        Ok(_) => mistakes.at(literal, "a rate of zero offers nothing; write one above zero"),
        Err(error) => mistakes.at(literal, error),
    }
    None
}

/// What is missing is told only where every key could be read: the unreadable one may be it.
fn check_load(options: &Options, all_keys_were_read: bool, mistakes: &mut Mistakes) {
    let Options { load, rate, users, iterations, duration, setup, teardown, .. } = options;
    let others = [
        rate.as_ref().map(|(key, _)| key),
        users.as_ref().map(|(key, _)| key),
        duration.as_ref().map(|(key, _)| key),
    ];
    for key in others.into_iter().flatten() {
        if load.is_some() {
            mistakes.at(key, format!("`load` says all of the load; leave `{key}` out, or `load`"));
        }
    }
    if let (Some(_), Some((key, _)), None) = (rate, users, load) {
        mistakes.at(key, "`users` contradicts `rate`: a load is open or closed; keep one");
    }
    if !all_keys_were_read {
        return;
    }
    let of_users = || users.as_ref().filter(|_| iterations.is_none()).map(|(key, _)| key.clone());
    let endless = rate.as_ref().map(|(key, _)| key.clone()).or_else(of_users);
    if let (Some(key), None, None) = (endless, duration, load) {
        mistakes.at(&key, format!("`{key}` needs a `duration`, such as `duration = \"10s\"`"));
    }
    if load.is_none() && rate.is_none() && users.is_none() && iterations.is_none() {
        let message = "no load: add `rate = 200`, `users = 50` or `iterations = 1000`";
        mistakes.add(syn::Error::new(Span::call_site(), message));
    }
    if let (Some((key, _)), None) = (teardown, setup) {
        mistakes.at(key, "`teardown` gets what `setup` made; add `setup = path`");
    }
    if let (Some((key, _)), None) = (&options.user_teardown, &options.user_setup) {
        mistakes.at(key, "`user_teardown` gets what `user_setup` made; add `user_setup = path`");
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
            max_in_flight = 10, graceful_stop = "1s", workers = 2, thresholds("p99 < 50ms", "errors < 0.1%",),
            baseline("p50" = "5%", "service.p95"), setup = make::<A, B>, teardown = clean, base_url = "http://h",
            client = tune, tags("a", "b"), ignore = "slow", crate = renamed"#;
        assert_eq!(of(everything), Vec::<String>::new());
        assert_eq!(of("users = 5, iterations = 10, baseline(off), ignore"), Vec::<String>::new());
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
            ("iterations = 0", "from 1 to"),
            ("iterations = \"5\"", "takes a whole number"),
            ("iterations", "needs a value"),
            ("iterations = 5 6", "a comma between keys"),
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
    fn every_mistake_of_limits_and_texts_says_the_way_out() {
        each_says(&[
            ("iterations = 5, tags(a)", "texts in quotes"),
            ("iterations = 5, tags(\"a\" \"b\")", "commas between them"),
            ("iterations = 5, baseline(\"p50\" = 5)", "\"p50\" = \"5%\""),
            ("iterations = 5, baseline = off", "write `baseline(…)`"),
            ("iterations = 5, thresholds(\"p99\")", "METRIC OP VALUE"),
            ("iterations = 5, thresholds(\"p99 < 0ms\")", "can never hold"),
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
