//! Reads the attribute's keys, each alone, so that one malformed key hides no other.

use crate::Mistakes;
use crate::entry::{list, once, split, value};
use perf_core::metric::nearest;
use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprLit, Lit, LitBool, LitInt, LitStr, Path, Token};

/// A key that was given, with its value.
pub(crate) type Given<T> = Option<(Ident, T)>;

/// The keys as written.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) load: Given<LoadOption>,
    pub(crate) rate: Given<Lit>,
    pub(crate) users: Given<LitInt>,
    pub(crate) iterations: Given<Lit>,
    pub(crate) arrivals: Given<LitStr>,
    pub(crate) think: Given<LitStr>,
    pub(crate) pace: Given<LitStr>,
    pub(crate) duration: Given<LitStr>,
    pub(crate) warmup: Given<LitStr>,
    pub(crate) rounds: Given<LitInt>,
    pub(crate) timeout: Given<LitStr>,
    pub(crate) max_in_flight: Given<LitInt>,
    pub(crate) graceful_stop: Given<LitStr>,
    pub(crate) workers: Given<LitInt>,
    pub(crate) precise: Given<LitBool>,
    pub(crate) backoff: Given<LitBool>,
    pub(crate) connections: Given<LitStr>,
    pub(crate) thresholds: Given<Vec<LimitText>>,
    pub(crate) baseline: Given<Vec<GateOption>>,
    pub(crate) setup: Given<Path>,
    pub(crate) teardown: Given<Path>,
    pub(crate) user_setup: Given<Path>,
    pub(crate) user_teardown: Given<Path>,
    pub(crate) ready: Given<Ready>,
    pub(crate) ready_timeout: Given<LitStr>,
    pub(crate) base_url: Given<LitStr>,
    pub(crate) client: Given<Path>,
    pub(crate) scenario: Given<LitStr>,
    pub(crate) start_after: Given<LitStr>,
    pub(crate) weight: Given<Lit>,
    pub(crate) tags: Given<Vec<LitStr>>,
    pub(crate) ignore: Given<Option<LitStr>>,
    pub(crate) krate: Given<Path>,
}

/// What `load = …` says.
pub(crate) enum LoadOption {
    /// Stages, which are read here and now.
    Text(LitStr),
    /// Of type `Load`; only running it tells what it is.
    Expression(Box<Expr>),
}

impl Parse for LoadOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut load: Expr = input.parse()?;
        while let Expr::Group(group) = load {
            load = *group.expr; // what a macro by example wraps around its arguments
        }
        match load {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(LoadOption::Text(text)),
            Expr::Lit(_) | Expr::Range(_) => Err(input.error("no load")),
            load => Ok(LoadOption::Expression(Box::new(load))),
        }
    }
}

/// What must succeed before load starts.
pub(crate) enum Ready {
    Url(LitStr),
    Function(Path),
}

impl Parse for Ready {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        match input.peek(LitStr) {
            true => input.parse().map(Ready::Url),
            false => input.parse().map(Ready::Function),
        }
    }
}

/// One entry of `baseline(…)`.
pub(crate) enum GateOption {
    Off(Ident),
    Metric(LitStr, Option<LitStr>),
}

impl Parse for GateOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            let metric = input.parse()?;
            let tolerance = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
            return Ok(GateOption::Metric(metric, tolerance));
        }
        match input.parse::<Ident>() {
            Ok(off) if off == "off" => Ok(GateOption::Off(off)),
            _ => Err(input.error("neither `off` nor a metric")),
        }
    }
}

const KEYS: &[&str] = &[
    "load",
    "rate",
    "users",
    "iterations",
    "arrivals",
    "think",
    "pace",
    "duration",
    "warmup",
    "rounds",
    "timeout",
    "max_in_flight",
    "graceful_stop",
    "workers",
    "precise",
    "backoff",
    "connections",
    "thresholds",
    "baseline",
    "setup",
    "teardown",
    "user_setup",
    "user_teardown",
    "ready",
    "ready_timeout",
    "base_url",
    "client",
    "scenario",
    "start_after",
    "weight",
    "tags",
    "ignore",
    "crate",
];

/// What every key's value looks like.
const RATE: &str = "a rate such as 200, \"200/s\" or \"12000/min\"";
const LOAD: &str = "stages in quotes such as \"0..500 over 30s, hold 1m\", or an expression such as \
                    `Load::rate(0).ramp_to(500, \"30s\").hold(\"1m\")`";
const ITERATIONS: &str = "a whole number such as 1_000, or \"20 per user\"";
const ARRIVALS: &str = "\"constant\", \"poisson\" or \"jitter(20%)\"";
const PAUSE: &str = "a pause in quotes such as \"100ms\", \"50ms..150ms\" or \"exp(100ms)\"";
const SWITCH: &str = "true or false";
const CONNECTIONS: &str = "\"shared\" or \"user\"";
const READY: &str =
    "an address in quotes such as \"http://127.0.0.1:8080/health\", or the path of a function";
const NAME: &str = "a name in quotes such as \"checkout\"";
const WEIGHT: &str = "a number above zero such as 3";
const NUMBER: &str = "a whole number such as 10";
const DURATION: &str = "a duration in quotes such as \"10s\"";
const ADDRESS: &str = "an address such as \"http://127.0.0.1:8080\"";
const PATH: &str = "the path of a function such as `shop`";
const TEXTS: &str = "texts in quotes, with commas between them";
const LIMITS: &str = "limits such as \"p99 < 50ms\", or abort(\"errors < 5%\", window = \"5s\")";
const GATES: &str = "metrics such as \"p50\" = \"5%\" with commas between them, or `off` alone";

pub(crate) fn parse(attribute: TokenStream, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    for piece in split(attribute, mistakes) {
        let read = |input: ParseStream<'_>| options.read(input, mistakes);
        if let Err(mistake) = read.parse2(piece) {
            mistakes.add(mistake);
        }
    }
    options
}

impl Options {
    fn read(&mut self, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<()> {
        let no_key = |e: syn::Error| syn::Error::new(e.span(), "a key belongs here, such as `rate = 200`");
        let key = input.call(Ident::parse_any).map_err(no_key)?;
        match key.to_string().as_str() {
            "load" => once(&mut self.load, key, input, |i, k| value(i, k, LOAD)),
            "rate" => once(&mut self.rate, key, input, |i, k| value(i, k, RATE)),
            "users" => once(&mut self.users, key, input, |i, k| value(i, k, NUMBER)),
            "iterations" => once(&mut self.iterations, key, input, |i, k| value(i, k, ITERATIONS)),
            "arrivals" => once(&mut self.arrivals, key, input, |i, k| value(i, k, ARRIVALS)),
            "think" => once(&mut self.think, key, input, |i, k| value(i, k, PAUSE)),
            "pace" => once(&mut self.pace, key, input, |i, k| value(i, k, DURATION)),
            "duration" => once(&mut self.duration, key, input, |i, k| value(i, k, DURATION)),
            "warmup" => once(&mut self.warmup, key, input, |i, k| value(i, k, DURATION)),
            "rounds" => once(&mut self.rounds, key, input, |i, k| value(i, k, NUMBER)),
            "timeout" => once(&mut self.timeout, key, input, |i, k| value(i, k, DURATION)),
            "max_in_flight" => once(&mut self.max_in_flight, key, input, |i, k| value(i, k, NUMBER)),
            "graceful_stop" => once(&mut self.graceful_stop, key, input, |i, k| value(i, k, DURATION)),
            "workers" => once(&mut self.workers, key, input, |i, k| value(i, k, NUMBER)),
            "precise" => once(&mut self.precise, key, input, |i, k| value(i, k, SWITCH)),
            "backoff" => once(&mut self.backoff, key, input, |i, k| value(i, k, SWITCH)),
            "connections" => once(&mut self.connections, key, input, |i, k| value(i, k, CONNECTIONS)),
            "thresholds" => once(&mut self.thresholds, key, input, |i, k| list(i, k, LIMITS, mistakes)),
            "baseline" => once(&mut self.baseline, key, input, |i, k| list(i, k, GATES, mistakes)),
            "setup" => once(&mut self.setup, key, input, |i, k| value(i, k, PATH)),
            "teardown" => once(&mut self.teardown, key, input, |i, k| value(i, k, PATH)),
            "user_setup" => once(&mut self.user_setup, key, input, |i, k| value(i, k, PATH)),
            "user_teardown" => once(&mut self.user_teardown, key, input, |i, k| value(i, k, PATH)),
            "ready" => once(&mut self.ready, key, input, |i, k| value(i, k, READY)),
            "ready_timeout" => once(&mut self.ready_timeout, key, input, |i, k| value(i, k, DURATION)),
            "base_url" => once(&mut self.base_url, key, input, |i, k| value(i, k, ADDRESS)),
            "client" => once(&mut self.client, key, input, |i, k| value(i, k, PATH)),
            "scenario" => once(&mut self.scenario, key, input, |i, k| value(i, k, NAME)),
            "start_after" => once(&mut self.start_after, key, input, |i, k| value(i, k, DURATION)),
            "weight" => once(&mut self.weight, key, input, |i, k| value(i, k, WEIGHT)),
            "tags" => once(&mut self.tags, key, input, |i, k| list(i, k, TEXTS, mistakes)),
            "ignore" => once(&mut self.ignore, key, input, |i, k| {
                if i.is_empty() { Ok(None) } else { value(i, k, "a reason in quotes").map(Some) }
            }),
            "crate" => once(&mut self.krate, key, input, |i, k| value(i, k, "the path of a crate")),
            unknown => Err(unknown_key(unknown, key.span())),
        }
    }
}

/// A limit as one text, `"p99 < 50ms"`, or `abort("errors < 5%", window = "5s", after = "10s")`.
pub(crate) struct LimitText(pub(crate) LitStr);

impl Parse for LimitText {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(LimitText);
        }
        let abort: Ident = input.parse()?;
        if abort != "abort" {
            return Err(syn::Error::new(abort.span(), "a limit"));
        }
        let inner;
        syn::parenthesized!(inner in input);
        let limit: LitStr = inner.parse()?;
        let mut parts = vec![limit.value()];
        while inner.parse::<Option<Token![,]>>()?.is_some() && !inner.is_empty() {
            let key: Ident = inner.parse()?;
            inner.parse::<Token![=]>()?;
            let value: LitStr = inner.parse()?;
            parts.push(format!("{key} = {}", value.value()));
        }
        // What the keys and values mean is looked at with the text.
        Ok(LimitText(LitStr::new(&format!("abort({})", parts.join(", ")), limit.span())))
    }
}

fn unknown_key(unknown: &str, span: Span) -> syn::Error {
    let hint = match nearest(unknown, KEYS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", KEYS.join(", ")),
    };
    syn::Error::new(span, format!("unknown key `{unknown}`; {hint}"))
}
