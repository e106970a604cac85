//! Which cargo features the package that is being compiled declares.
//!
//! A library cannot know which features its user was built with, and a macro of the user's crate can ask for one only by its
//! name. So the names are read from Cargo.toml, and the compiler says of each whether it is enabled.

use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;

/// `&[("tls", cfg!(feature = "tls")), …]`; empty where there is no manifest.
pub(crate) fn render() -> TokenStream {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(|folder| Path::new(&folder).join("Cargo.toml"));
    let text = manifest.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let pairs = declared(&text).into_iter().map(|name| quote! { (#name, ::core::cfg!(feature = #name)) });
    quote! { &[#(#pairs),*] }
}

/// The keys of the table `[features]`, whose values are lists of strings.
fn declared(manifest: &str) -> Vec<String> {
    let (mut names, mut is_inside, mut is_in_list) = (Vec::new(), false, false);
    for line in manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if is_in_list {
            is_in_list = !line.contains(']');
        } else if line.starts_with('[') {
            is_inside = line.replace(' ', "") == "[features]";
        } else if is_inside {
            names.extend(key(line));
            is_in_list = line.contains('[') && !line.contains(']');
        }
    }
    names
}

fn key(line: &str) -> Option<String> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_the_keys_of_their_table() {
        let manifest = r#"
            [package]
            name = "shop"

            [features] # what can be chosen
            default = ["http"] # usual
            http = []
            "tls" = [
                "dep:rustls",
                "http",
            ]
            many = [ "a",
              "b" ]

            [dependencies]
            tokio = { version = "1", features = ["rt"] }
        "#;
        assert_eq!(declared(manifest), ["default", "http", "tls", "many"]);
        assert!(declared("[dependencies]\ntokio = \"1\"").is_empty());
        assert!(declared("").is_empty());
    }
}
