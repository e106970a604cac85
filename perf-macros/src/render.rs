//! What stands beside the function: its registration. Touches nothing but `__private`.

use crate::check::{Test, weight_of};
use crate::function::Function;
use crate::load::iterations_of;
use crate::options::{GateOption, LimitText, LoadOption, Options, Ready};
use perf_core::plan::load::Iterations;
use perf_core::units::parse_duration;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{LitStr, Path};

pub(crate) fn registration(test: &Test) -> TokenStream {
    let Function { name, cfg, .. } = &test.function;
    let private = private(&test.options);
    let (spec, user) = (spec(test), user(test));
    let (setup, teardown) = (setup(test), teardown(test));
    let others = others(test);
    quote! {
        #(#cfg)*
        const _: () = {
            #private::inventory::submit! {
                #private::Registration {
                    path: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    spec: || #private::PerfSpec { #spec ..::core::default::Default::default() },
                    test: #private::Test {
                        setup: #setup, teardown: #teardown, #others ..#private::Test::of(#user)
                    },
                }
            }
        };
    }
}

/// The keys that were given, each with a comma.
fn spec(test: &Test) -> TokenStream {
    let Options { users, rounds, max_in_flight, workers, duration, warmup, timeout, graceful_stop, .. } =
        &test.options;
    let Options { thresholds, tags, base_url, ignore, load, iterations, pace, ready_timeout, .. } =
        &test.options;
    let Options {
        arrivals, think, connections, precise, backoff, ready, scenario, start_after, weight, ..
    } = &test.options;
    let private = private(&test.options);
    let load = field(load.as_ref(), |load| match load {
        LoadOption::Text(stages) => quote!(#stages.into()),
        LoadOption::Expression(load) => quote!(#load),
    });
    let iterations = field(iterations.as_ref(), |literal| match iterations_of(literal) {
        Ok(Iterations::PerUser(each)) => quote!(#private::Iterations::PerUser(#each)),
        Ok(Iterations::Shared(all)) => quote!(#private::Iterations::Shared(#all)),
        Err(_) => quote!(#private::Iterations::Shared(1)),
    });
    let scenario = field(scenario.as_ref(), |name| quote!(#name.into()));
    let weight = weight.as_ref().and_then(|(key, literal)| {
        weight_of(literal).map(|weight| quote!(#key: ::core::option::Option::Some(#weight),))
    });
    let switches = [precise, backoff].map(|given| field(given.as_ref(), |switch| quote!(#switch)));
    let ready = ready.as_ref().and_then(|(key, ready)| match ready {
        Ready::Url(url) => Some(quote!(#key: ::core::option::Option::Some(#url.into()),)),
        Ready::Function(_) => None,
    });
    let numbers = [users, rounds, max_in_flight, workers].map(|given| field(given.as_ref(), |n| quote!(#n)));
    let durations = [duration, warmup, timeout, graceful_stop, pace, ready_timeout, start_after]
        .map(|given| field(given.as_ref(), nanoseconds));
    let grammars =
        [arrivals, think, connections].map(|given| field(given.as_ref(), |text| quote!(#text.into())));
    let rate = test.rate.map(|rate| quote!(rate: ::core::option::Option::Some(#rate),));
    let base_url = field(base_url.as_ref(), |url| quote!(#url.into()));
    let ignore = field(ignore.as_ref(), |reason| {
        reason.as_ref().map_or(quote!("".into()), |reason| quote!(#reason.into()))
    });
    let limits = thresholds.as_ref().map(|(key, limits)| (key, limits.iter().map(|LimitText(text)| text)));
    let tags = tags.as_ref().map(|(key, tags)| (key, tags.iter()));
    let lists = [limits.map(texts), tags.map(texts)];
    let baseline = baseline(&test.options);
    quote!(#load #rate #iterations #(#numbers)* #(#durations)* #(#grammars)* #(#switches)* #scenario #weight #ready #(#lists)* #base_url #ignore #baseline)
}

fn field<T>(given: Option<&(Ident, T)>, value: impl Fn(&T) -> TokenStream) -> Option<TokenStream> {
    given.map(|(key, given)| {
        let value = value(given);
        quote!(#key: ::core::option::Option::Some(#value),)
    })
}

fn nanoseconds(text: &LitStr) -> TokenStream {
    let duration = parse_duration(&text.value()).unwrap_or_default();
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_nanos(#nanoseconds))
}

fn texts<'a>((key, texts): (&Ident, impl Iterator<Item = &'a LitStr>)) -> TokenStream {
    quote!(#key: ::std::vec![#(#texts.into()),*],)
}

fn baseline(options: &Options) -> Option<TokenStream> {
    let private = private(options);
    let (_, gates) = options.baseline.as_ref()?;
    let metrics = gates.iter().filter_map(|gate| match gate {
        GateOption::Off(_) => None,
        GateOption::Metric(metric, tolerance) => {
            let tolerance = optional(tolerance.as_ref().map(|tolerance| quote!(#tolerance.into())));
            Some(quote!((#metric.into(), #tolerance)))
        }
    });
    match gates.first() {
        Some(GateOption::Off(_)) => Some(quote!(baseline: #private::GateSpec::Off,)),
        _ => Some(quote!(baseline: #private::GateSpec::Metrics(::std::vec![#(#metrics),*]),)),
    }
}

fn optional(tokens: Option<TokenStream>) -> TokenStream {
    tokens
        .map_or(quote!(::core::option::Option::None), |tokens| quote!(::core::option::Option::Some(#tokens)))
}

/// The test function behind one closure type, which is erased once for each user.
fn user(test: &Test) -> TokenStream {
    let name = &test.function.name;
    let private = private(&test.options);
    let (returned, arguments) = (at(test.function.returned), arguments(test));
    let outcome = quote_spanned! {returned=>
        match #private::returned::Returned(#name(#arguments).await).parts() {
            ::core::result::Result::Ok(value) => value.outcome().await,
            ::core::result::Result::Err(cause) => cause.failure(),
        }
    };
    quote_spanned! {Span::mixed_site()=>
        |cx| #private::user(cx, async |cx: &#private::Cx| {
            use #private::returned::{AnyValue as _, HoldsError as _, NoResult as _, Shown as _};
            #outcome
        })
    }
}

fn arguments(test: &Test) -> TokenStream {
    let cx = test.function.cx.map(|span| quote_spanned!(at(span)=> cx));
    let state =
        test.function.state.as_ref().map(|state| quote_spanned!(at(state.span())=> , cx.state::<#state>()));
    quote!(#cx #state)
}

/// There, so that what is wrong is shown where the user wrote it. Yet rendered: `cx` is the closure's own, whatever the
/// user's functions are called and whichever `macro_rules!` wrote them, and lints leave the code alone.
fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

fn setup(test: &Test) -> TokenStream {
    let private = private(&test.options);
    optional(test.options.setup.as_ref().map(|(_, path)| {
        let span = at(path.span());
        let state = test.function.state.as_ref().map_or(quote_spanned!(span=> _), |state| quote!(#state));
        of_cx(&quote_spanned!(span=> #private::setup::<#state, _>(#path, cx)))
    }))
}

fn of_cx(erased: &TokenStream) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> |cx| #erased)
}

fn teardown(test: &Test) -> TokenStream {
    let private = private(&test.options);
    optional(test.options.teardown.as_ref().map(|(_, path)| {
        let made = made(test);
        let erased = quote_spanned!(at(path.span())=> #private::teardown(#made, #path, state));
        quote_spanned!(Span::mixed_site()=> |state| #erased)
    }))
}

/// The type of what `setup` makes: the one that the test function names, or the one that `setup` returns.
fn made(test: &Test) -> TokenStream {
    let private = private(&test.options);
    match (&test.function.state, &test.options.setup) {
        (Some(state), _) => quote_spanned!(at(state.span())=> #private::Made::<#state>::default()),
        (None, Some((_, path))) => quote_spanned!(at(path.span())=> #private::Made::by_setup(#path)),
        (None, None) => quote_spanned!(Span::mixed_site()=> #private::Made::<()>::default()),
    }
}

/// The functions that few tests have, each with a comma.
fn others(test: &Test) -> TokenStream {
    let private = private(&test.options);
    let Options { client, setup, teardown, user_setup, user_teardown, ready, .. } = &test.options;
    let id = |path: &Path| {
        let id = quote_spanned!(at(path.span())=> #private::id_of(&#path));
        quote!(::core::option::Option::Some(|| #id),)
    };
    let setup_id = setup.as_ref().map(|(_, path)| id(path)).map(|id| quote!(setup_id: #id));
    let teardown_id = teardown.as_ref().map(|(_, path)| id(path)).map(|id| quote!(teardown_id: #id));
    let client = field(client.as_ref(), |path| quote!(#path));
    let made = made(test);
    let of_user = user_setup
        .as_ref()
        .map(|(_, path)| quote_spanned!(at(path.span())=> #private::Made::by_user_setup(#path)));
    let user_setup = field(user_setup.as_ref(), |path| {
        of_cx(&quote_spanned!(at(path.span())=> #private::user_setup(#made, #path, cx)))
    });
    let user_teardown = field(user_teardown.as_ref(), |path| {
        of_cx(&quote_spanned!(at(path.span())=> #private::user_teardown(#of_user, #path, cx)))
    });
    let ready = ready.as_ref().and_then(|(key, ready)| match ready {
        Ready::Url(_) => None,
        Ready::Function(path) => {
            let erased = of_cx(&quote_spanned!(at(path.span())=> #private::setup::<_, _>(#path, cx)));
            Some(quote!(#key: ::core::option::Option::Some(#erased),))
        }
    });
    quote!(#setup_id #teardown_id #client #user_setup #user_teardown #ready)
}

/// After a mistake: nothing runs, but an editor still sees every path and every load that was written.
pub(crate) fn paths_only(test: &Test) -> Option<TokenStream> {
    let Options { setup, teardown, client, user_setup, user_teardown, ready, load, .. } = &test.options;
    let ready = ready.as_ref().and_then(|(_, ready)| match ready {
        Ready::Url(_) => None,
        Ready::Function(path) => Some(path),
    });
    let paths =
        [setup, teardown, client, user_setup, user_teardown].into_iter().flatten().map(|(_, path)| path);
    let mut written: Vec<TokenStream> = paths.chain(ready).map(|path| quote!(&#path)).collect();
    if let Some((_, LoadOption::Expression(load))) = load {
        let private = private(&test.options);
        written.push(quote!(|| -> #private::Load { #load }));
    }
    let cfg = &test.function.cfg;
    (!written.is_empty()).then(|| quote!(#(#cfg)* const _: () = { #(let _ = #written;)* };))
}

fn private(options: &Options) -> TokenStream {
    let renamed = options.krate.as_ref().map(|(_, path)| quote!(#path::__private));
    renamed.unwrap_or_else(|| quote!(::perf_harness::__private))
}
