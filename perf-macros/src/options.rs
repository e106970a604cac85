//! Reads the attribute's keys. Splits at the top-level commas first, so that one malformed key hides no other.

use crate::Mistakes;
use perf_core::metric::nearest;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Lit, LitInt, LitStr, Path, Token};

/// A key that was given, with its value.
pub(crate) type Given<T> = Option<(Ident, T)>;

/// The keys as written.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) rate: Given<Lit>,
    pub(crate) users: Given<LitInt>,
    pub(crate) iterations: Given<LitInt>,
    pub(crate) duration: Given<LitStr>,
    pub(crate) warmup: Given<LitStr>,
    pub(crate) rounds: Given<LitInt>,
    pub(crate) timeout: Given<LitStr>,
    pub(crate) max_in_flight: Given<LitInt>,
    pub(crate) graceful_stop: Given<LitStr>,
    pub(crate) workers: Given<LitInt>,
    pub(crate) thresholds: Given<Vec<LitStr>>,
    pub(crate) baseline: Given<Vec<GateOption>>,
    pub(crate) setup: Given<Path>,
    pub(crate) teardown: Given<Path>,
    pub(crate) base_url: Given<LitStr>,
    pub(crate) client: Given<Path>,
    pub(crate) tags: Given<Vec<LitStr>>,
    pub(crate) ignore: Given<Option<LitStr>>,
    pub(crate) krate: Given<Path>,
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
            _ => {
                Err(input.error("write `baseline(\"p50\" = \"5%\")`, `baseline(\"p50\")` or `baseline(off)`"))
            }
        }
    }
}

const KEYS: &[&str] = &[
    "rate",
    "users",
    "iterations",
    "duration",
    "warmup",
    "rounds",
    "timeout",
    "max_in_flight",
    "graceful_stop",
    "workers",
    "thresholds",
    "baseline",
    "setup",
    "teardown",
    "base_url",
    "client",
    "tags",
    "ignore",
    "crate",
];

/// What every key's value looks like.
const NUMBER: &str = "a whole number such as 10";
const DURATION: &str = "a duration in quotes such as \"10s\"";
const PATH: &str = "the path of a function such as `shop`";
const TEXTS: &str = "texts in parentheses";

pub(crate) fn parse(attribute: TokenStream, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    for piece in split(attribute) {
        let read = |input: ParseStream<'_>| options.read(input);
        if let Err(mistake) = read.parse2(piece) {
            mistakes.add(mistake);
        }
    }
    options
}

/// At top-level commas, but not those between `<` and `>` (`setup = make::<A, B>`).
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let (mut pieces, mut piece, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    pieces.push(std::mem::take(&mut piece).into_iter().collect());
                    continue;
                }
                _ => {}
            }
        }
        piece.push(token);
    }
    if !piece.is_empty() {
        pieces.push(piece.into_iter().collect());
    }
    pieces
}

impl Options {
    fn read(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let key = input.call(Ident::parse_any)?;
        match key.to_string().as_str() {
            "rate" => once(&mut self.rate, key, input, |i, k| {
                value(i, k, "a rate such as 200, \"200/s\" or \"12000/min\"")
            }),
            "users" => once(&mut self.users, key, input, |i, k| value(i, k, NUMBER)),
            "iterations" => once(&mut self.iterations, key, input, |i, k| value(i, k, NUMBER)),
            "duration" => once(&mut self.duration, key, input, |i, k| value(i, k, DURATION)),
            "warmup" => once(&mut self.warmup, key, input, |i, k| value(i, k, DURATION)),
            "rounds" => once(&mut self.rounds, key, input, |i, k| value(i, k, NUMBER)),
            "timeout" => once(&mut self.timeout, key, input, |i, k| value(i, k, DURATION)),
            "max_in_flight" => once(&mut self.max_in_flight, key, input, |i, k| value(i, k, NUMBER)),
            "graceful_stop" => once(&mut self.graceful_stop, key, input, |i, k| value(i, k, DURATION)),
            "workers" => once(&mut self.workers, key, input, |i, k| value(i, k, NUMBER)),
            "thresholds" => once(&mut self.thresholds, key, input, |i, k| list(i, k, TEXTS)),
            "baseline" => once(&mut self.baseline, key, input, |i, k| list(i, k, "metrics in parentheses")),
            "setup" => once(&mut self.setup, key, input, |i, k| value(i, k, PATH)),
            "teardown" => once(&mut self.teardown, key, input, |i, k| value(i, k, PATH)),
            "base_url" => once(&mut self.base_url, key, input, |i, k| {
                value(i, k, "an address such as \"http://127.0.0.1:8080\"")
            }),
            "client" => once(&mut self.client, key, input, |i, k| value(i, k, PATH)),
            "tags" => once(&mut self.tags, key, input, |i, k| list(i, k, TEXTS)),
            "ignore" => once(&mut self.ignore, key, input, |i, k| match i.is_empty() {
                true => Ok(None),
                false => value(i, k, "a reason in quotes").map(Some),
            }),
            "crate" => once(&mut self.krate, key, input, |i, k| value(i, k, "the path of a crate")),
            unknown => Err(unknown_key(unknown, key.span())),
        }
    }
}

fn unknown_key(unknown: &str, span: Span) -> syn::Error {
    let hint = match nearest(unknown, KEYS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", KEYS.join(", ")),
    };
    syn::Error::new(span, format!("unknown key `{unknown}`; {hint}"))
}

fn once<T>(
    place: &mut Given<T>,
    key: Ident,
    input: ParseStream<'_>,
    read: impl Fn(ParseStream<'_>, &Ident) -> syn::Result<T>,
) -> syn::Result<()> {
    let value = read(input, &key)?;
    if !input.is_empty() {
        return Err(input.error(format!("unexpected after the value of `{key}`; write a comma between keys")));
    }
    if place.is_some() {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice; keep one")));
    }
    *place = Some((key, value));
    Ok(())
}

fn value<T: Parse>(input: ParseStream<'_>, key: &Ident, what: &str) -> syn::Result<T> {
    if input.parse::<Option<Token![=]>>()?.is_none() {
        return Err(syn::Error::new(
            key.span(),
            format!("`{key}` needs a value: write `{key} = …` with {what}"),
        ));
    }
    let rest = input.cursor().token_stream();
    input.parse().map_err(|_| {
        let message = format!("`{key}` takes {what}");
        if rest.is_empty() {
            syn::Error::new(key.span(), message)
        } else {
            syn::Error::new_spanned(first(rest), message)
        }
    })
}

fn first(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().take(1).collect()
}

fn list<T: Parse>(input: ParseStream<'_>, key: &Ident, what: &str) -> syn::Result<Vec<T>> {
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(key.span(), format!("`{key}` takes {what}: write `{key}(…)`")));
    }
    let inner;
    syn::parenthesized!(inner in input);
    Ok(inner.parse_terminated(T::parse, Token![,])?.into_iter().collect())
}
