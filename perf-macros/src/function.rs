//! What the function itself must be. Adds every mistake with its place and the way out.

use crate::Mistakes;
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, GenericParam, Type};

const FORMS: &str =
    "a perf test is `async fn f()`, `async fn f(cx: &Cx)` or `async fn f(cx: &Cx, state: &S)`";

/// What rendering needs of the function, as much of it as could be read.
pub(crate) struct Function {
    pub(crate) name: Ident,
    /// Where the return type stands: what is wrong with it is shown there.
    pub(crate) returned: Span,
    pub(crate) cfg: Vec<Attribute>,
    /// Where the type of the first argument stands.
    pub(crate) cx: Option<Span>,
    pub(crate) state: Option<Box<Type>>,
}

/// Only the head of the function: its body may be half-written, and is not looked at.
struct Head {
    attributes: Vec<Attribute>,
    signature: syn::Signature,
}

impl syn::parse::Parse for Head {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<syn::Visibility>()?;
        let place = input.span();
        let no_function =
            |_| syn::Error::new(place, format!("`#[perf_test]` goes on an async function: {FORMS}"));
        let signature = input.parse().map_err(no_function)?;
        input.parse::<TokenStream>()?; // the body
        Ok(Head { attributes, signature })
    }
}

impl Function {
    pub(crate) fn check(item: &TokenStream, mistakes: &mut Mistakes) -> Option<Self> {
        let head: Head = syn::parse2(item.clone()).map_err(|mistake| mistakes.add(mistake)).ok()?;
        let signature = &head.signature;
        check_signature(signature, mistakes);
        let (cx, state) = arguments(signature, mistakes);
        let returned = match &signature.output {
            syn::ReturnType::Default => signature.ident.span(),
            syn::ReturnType::Type(_, ty) => ty.span(),
        };
        let cfg = head.attributes.into_iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
        Some(Function { name: signature.ident.clone(), returned, cfg, cx, state })
    }
}

fn check_signature(signature: &syn::Signature, mistakes: &mut Mistakes) {
    if signature.asyncness.is_none() {
        mistakes.at(signature.fn_token, "a perf test is async: write `async fn`");
    }
    if let syn::Safety::Unsafe(token) = &signature.safety {
        mistakes.at(token, "a perf test is called by the engine, so it cannot be unsafe; leave `unsafe` out");
    }
    if let Some(abi) = &signature.abi {
        mistakes.at(abi, "a perf test has no ABI of its own; leave `extern` out");
    }
    for generic in &signature.generics.params {
        if !matches!(generic, GenericParam::Lifetime(_)) {
            mistakes.at(generic, "a perf test has no type parameters: there is nothing to call it with");
        }
    }
}

pub(crate) fn show(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}

/// Where the context's type stands, and the type of the state.
fn arguments(signature: &syn::Signature, mistakes: &mut Mistakes) -> (Option<Span>, Option<Box<Type>>) {
    let mut types = Vec::new();
    for argument in &signature.inputs {
        match argument {
            FnArg::Typed(argument) => types.push(borrowed(&argument.ty, mistakes)),
            FnArg::Receiver(receiver) => mistakes.at(receiver, format!("no `self` here; {FORMS}")),
        }
    }
    for extra in signature.inputs.iter().skip(2) {
        mistakes.at(extra, format!("one argument too many; {FORMS}"));
    }
    let mut types = types.into_iter();
    (types.next().map(|cx| cx.span()), types.next())
}

/// What stands behind the `&`.
fn borrowed(argument: &Type, mistakes: &mut Mistakes) -> Box<Type> {
    let borrowed = match argument {
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                let advice = format!("borrow this without `mut`: `&{}`; {FORMS}", show(&reference.elem));
                mistakes.at(argument, advice);
            }
            reference.elem.clone()
        }
        other => {
            mistakes.at(other, format!("borrow this: `&{}`; {FORMS}", show(other)));
            Box::new(other.clone())
        }
    };
    if let Type::ImplTrait(generic) = &*borrowed {
        mistakes.at(generic, "a perf test has no type parameters: name the type");
    }
    borrowed
}
