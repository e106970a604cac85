//! How one entry of the attribute is written: up to a top-level comma, `key = value` or `key(…)`.
//!
//! Knows no key by its name.

use crate::Mistakes;
use crate::options::Given;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Token;
use syn::parse::{Parse, ParseStream};

/// At top-level commas, but not those of generics (`setup = make::<A, B>`).
pub(crate) fn split(tokens: TokenStream, mistakes: &mut Mistakes) -> Vec<TokenStream> {
    let (mut pieces, mut piece, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for token in tokens {
        match punctuation(&token) {
            Some('<') if depth > 0 || piece.last().and_then(punctuation) == Some(':') => depth += 1,
            Some('>') => depth = depth.saturating_sub(1),
            Some(',') if depth == 0 && piece.is_empty() => {
                mistakes.at(&token, "nothing stands before this comma; remove it");
                continue;
            }
            Some(',') if depth == 0 => {
                pieces.push(std::mem::take(&mut piece).into_iter().collect());
                continue;
            }
            _ => {}
        }
        piece.push(token);
    }
    if !piece.is_empty() {
        pieces.push(piece.into_iter().collect());
    }
    pieces
}

fn punctuation(token: &TokenTree) -> Option<char> {
    match token {
        TokenTree::Punct(punct) => Some(punct.as_char()),
        _ => None,
    }
}

pub(crate) fn once<T>(
    place: &mut Given<T>,
    key: Ident,
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>, &Ident) -> syn::Result<T>,
) -> syn::Result<()> {
    let value = read(input, &key)?;
    if !input.is_empty() {
        let advice = "a comma goes between keys, and quotes around a value of several words";
        return Err(input.error(format!("unexpected after the value of `{key}`; {advice}")));
    }
    if place.is_some() {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice; keep one")));
    }
    *place = Some((key, value));
    Ok(())
}

pub(crate) fn value<T: Parse>(input: ParseStream<'_>, key: &Ident, what: &str) -> syn::Result<T> {
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

/// One unreadable entry hides no other.
pub(crate) fn list<T: Parse>(
    input: ParseStream<'_>,
    key: &Ident,
    what: &str,
    mistakes: &mut Mistakes,
) -> syn::Result<Vec<T>> {
    if !input.peek(syn::token::Paren) {
        let message = format!("`{key}` takes {what}, in parentheses: write `{key}(…)`");
        return Err(syn::Error::new(key.span(), message));
    }
    let inner;
    syn::parenthesized!(inner in input);
    let mut entries = Vec::new();
    for entry in split(inner.parse()?, mistakes) {
        match syn::parse2(entry.clone()) {
            Ok(read) => entries.push(read),
            Err(_) => mistakes.at(entry, format!("`{key}` takes {what}")),
        }
    }
    Ok(entries)
}
