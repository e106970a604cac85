//! What the keys say of the load: whether it can be offered, and what else may be said of one of its kind.

use crate::Mistakes;
use crate::check::number;
use crate::function::show;
use crate::options::{LoadOption, Options};
use perf_core::plan::bounds;
use perf_core::plan::load::{Iterations, Load, LoadError};
use perf_core::plan::misfit::Misfit;
use perf_core::plan::pause::Pause;
use perf_core::plan::search::SearchError;
use perf_core::plan::spacing::Spacing;
use perf_core::units::Rate;
use proc_macro2::{Ident, Span};
use std::time::Duration;
use syn::{Expr, Lit, LitStr};

/// The words of `Load` that say what the key `iterations` says.
const STOPS: &[&str] = &["iterations", "iterations_per_user", "stopping_after"];

/// What starts an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// Its arrival falls due.
    Open,
    /// A user is ready for it.
    Closed,
}

/// Returns the rate per second of `rate`, where there is one.
pub(crate) fn check(options: &Options, all_keys_were_read: bool, mistakes: &mut Mistakes) -> Option<f64> {
    let rate = rate(options, mistakes);
    if let Some((_, LoadOption::Text(text))) = &options.load {
        check_text(text, options.iterations.is_some() || !all_keys_were_read, mistakes);
    }
    check_contradictions(options, mistakes);
    let model = model(options, all_keys_were_read);
    check_iterations(options, model, mistakes);
    check_keys_of_the_other_model(options, model, mistakes);
    check_spacing_and_pause(options, mistakes);
    check_search(options, mistakes);
    if all_keys_were_read {
        check_nothing_is_missing(options, mistakes);
    }
    rate
}

fn rate(options: &Options, mistakes: &mut Mistakes) -> Option<f64> {
    let (_, literal) = options.rate.as_ref()?;
    let text = match literal {
        Lit::Int(number) => number.base10_digits().to_owned(),
        Lit::Float(number) => number.base10_digits().to_owned(),
        Lit::Str(text) => text.value(),
        other => show(other),
    };
    let rate = text.parse::<Rate>().map(Rate::as_per_second);
    let rate = rate.map_err(|error| mistakes.at(literal, error)).ok()?;
    bounds::check_rate(rate).map_err(|error| mistakes.at(literal, error)).ok().map(|()| rate)
}

/// Users without a length go on until their iterations end, which may be the ones of a key that could not be read.
fn check_text(text: &LitStr, may_end_by_iterations: bool, mistakes: &mut Mistakes) {
    let load = match text.value().parse::<Load>() {
        Ok(load) if may_end_by_iterations => load.iterations(1),
        Ok(load) => load,
        Err(error) => return mistakes.at(text, error),
    };
    let wrong = load.mistakes();
    match wrong.is_empty() {
        true => load.check_bounds().into_iter().for_each(|error| mistakes.at(text, error)),
        false => wrong.iter().for_each(|mistake| mistakes.at(text, mistake)),
    }
}

fn check_contradictions(options: &Options, mistakes: &mut Mistakes) {
    let Options { load, rate, users, iterations, duration, .. } = options;
    let others = [name(rate.as_ref()), name(users.as_ref()), name(duration.as_ref())];
    for key in others.into_iter().flatten().filter(|_| load.is_some()) {
        mistakes.at(key, format!("`load` says all of the load; leave `{key}` out, or `load`"));
    }
    if let (Some(_), Some((key, _)), None) = (rate, users, load) {
        mistakes.at(key, "`users` contradicts `rate`: a load is open or closed; keep one");
    }
    if let (Some((_, LoadOption::Expression(load))), Some((key, _))) = (load, iterations)
        && words(load).iter().any(|word| STOPS.contains(&word.as_str()))
    {
        mistakes.at(key, "`load` says already what it stops after; keep one of the two");
    }
}

fn name<T>(given: Option<&(Ident, T)>) -> Option<&Ident> {
    given.map(|(key, _)| key)
}

/// `None` where only running it tells, where the keys contradict each other, or where one could not be read.
fn model(options: &Options, all_keys_were_read: bool) -> Option<Model> {
    let Options { load, rate, users, iterations, .. } = options;
    match (load.as_ref().map(|(_, load)| load), rate, users) {
        (Some(LoadOption::Text(text)), None, None) => {
            let load: Load = text.value().parse().ok()?;
            Some(if load.is_closed() { Model::Closed } else { Model::Open })
        }
        (Some(LoadOption::Expression(load)), None, None) => model_of(load),
        (None, Some(_), None) => Some(Model::Open),
        (None, None, Some(_)) => Some(Model::Closed),
        (None, None, None) => (iterations.is_some() && all_keys_were_read).then_some(Model::Closed),
        _ => None,
    }
}

/// As far as it can be seen: of `Load::users(0).hold("1m")`, not of a function's own name.
fn model_of(load: &Expr) -> Option<Model> {
    match first_word(load)?.as_str() {
        "rate" | "capacity" => Some(Model::Open),
        "users" => Some(Model::Closed),
        _ => None,
    }
}

/// What stands behind `Load::`.
fn first_word(load: &Expr) -> Option<String> {
    words(load).windows(2).find(|pair| pair[1] == "Load").map(|pair| pair[0].clone())
}

/// Those of a chain of calls, the last first: `hold`, `users`, `Load` of `Load::users(5).hold("1m")`.
fn words(mut chain: &Expr) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        chain = match chain {
            Expr::MethodCall(call) => {
                words.push(call.method.to_string());
                &call.receiver
            }
            Expr::Call(call) => &call.func,
            Expr::Group(group) => &group.expr,
            Expr::Path(path) => {
                words.extend(path.path.segments.iter().rev().map(|segment| segment.ident.to_string()));
                return words;
            }
            _ => return words,
        }
    }
}

/// Reads `1_000` or `"20 per user"`.
pub(crate) fn iterations_of(literal: &Lit) -> Result<Iterations, LoadError> {
    match literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_digits().parse(),
        Lit::Str(text) => text.value().parse(),
        other => show(other).parse(),
    }
}

fn check_iterations(options: &Options, model: Option<Model>, mistakes: &mut Mistakes) {
    let Some((_, literal)) = &options.iterations else { return };
    let iterations = match iterations_of(literal) {
        Ok(Iterations::PerUser(each)) if model == Some(Model::Open) => {
            let advice = format!("an open load has no users; write `iterations = {each}` for all of them");
            return mistakes.at(literal, advice);
        }
        Ok(Iterations::PerUser(each)) => users(options, model).and_then(|users| each.checked_mul(users)),
        Ok(Iterations::Shared(all)) => Some(all),
        Err(error) => return mistakes.at(literal, error),
    };
    if let (Some((_, literal)), Some(iterations)) = (&options.rounds, iterations)
        && let Some(rounds) = number(literal).filter(|rounds| *rounds > iterations)
    {
        let advice = "a round holds at least one";
        mistakes.at(literal, format!("{rounds} rounds of {iterations} iterations: {advice}"));
    }
}

/// How many a closed load has, where a key says so.
fn users(options: &Options, model: Option<Model>) -> Option<u64> {
    let Options { load, users, .. } = options;
    match (model?, load, users) {
        (Model::Closed, None, Some((_, users))) => number(users),
        (Model::Closed, None, None) => Some(1),
        _ => None,
    }
}

fn check_spacing_and_pause(options: &Options, mistakes: &mut Mistakes) {
    let Options { arrivals, think, .. } = options;
    if let Some((_, text)) = arrivals
        && let Err(error) = text.value().parse::<Spacing>()
    {
        mistakes.at(text, format!("arrivals: {error}"));
    }
    let Some((_, text)) = think else { return };
    match text.value().parse::<Pause>() {
        Ok(pause) => {
            bounds::check_length("think", longest(pause)).unwrap_or_else(|error| mistakes.at(text, error));
        }
        Err(error) => mistakes.at(text, format!("think: {error}")),
    }
}

/// What a capacity search has no use for, where it can be seen that it is one.
fn check_search(options: &Options, mistakes: &mut Mistakes) {
    let Options { load: Some((_, LoadOption::Expression(load))), iterations, rounds, user_setup, .. } =
        options
    else {
        return;
    };
    if first_word(load).as_deref() != Some("capacity") {
        return;
    }
    if let Some((key, _)) = user_setup {
        mistakes.at(key, SearchError::Users);
    }
    if let Some((key, literal)) = iterations
        && let Ok(Iterations::Shared(_)) = iterations_of(literal)
    {
        mistakes.at(key, Misfit::IterationsOfSearch);
    }
    if let Some((key, _)) = rounds {
        mistakes.at(key, Misfit::RoundsOfSearch);
    }
}

fn longest(pause: Pause) -> Duration {
    match pause {
        Pause::Constant(length) | Pause::Uniform(_, length) | Pause::Exponential(length) => length,
    }
}

fn check_keys_of_the_other_model(options: &Options, model: Option<Model>, mistakes: &mut Mistakes) {
    let Options { arrivals, think, pace, max_in_flight, precise, weight, load, .. } = options;
    let of_users = [(name(think.as_ref()), Misfit::Think), (name(pace.as_ref()), Misfit::Pace)];
    let waits = load.is_some() || think.is_some() || pace.is_some();
    let precise = precise.as_ref().filter(|(_, precise)| precise.value && !waits);
    let of_arrivals = [
        (name(arrivals.as_ref()), Misfit::Arrivals),
        (name(max_in_flight.as_ref()), Misfit::MaxInFlight),
        (name(precise), Misfit::Precise),
        (name(weight.as_ref()), Misfit::Weight),
    ];
    let wrong = match model {
        Some(Model::Open) => of_users.as_slice(),
        Some(Model::Closed) => of_arrivals.as_slice(),
        None => &[],
    };
    for (key, misfit) in wrong {
        if let Some(key) = key {
            mistakes.at(key, misfit);
        }
    }
}

/// Told only where every key could be read: the unreadable one may be it.
fn check_nothing_is_missing(options: &Options, mistakes: &mut Mistakes) {
    let Options { load, rate, users, iterations, duration, .. } = options;
    let endless = name(rate.as_ref()).or_else(|| name(users.as_ref()).filter(|_| iterations.is_none()));
    match (load, endless, duration) {
        (Some(_), ..) | (None, Some(_), Some(_)) => {}
        (None, Some(key), None) => {
            mistakes.at(key, format!("`{key}` needs a `duration`, such as `duration = \"10s\"`"));
        }
        (None, None, _) if users.is_some() || iterations.is_some() => {}
        (None, None, _) => {
            let message = "no load: add `rate = 200`, `users = 50`, `iterations = 1000` or a `load`";
            mistakes.add(syn::Error::new(Span::call_site(), message));
        }
    }
}
