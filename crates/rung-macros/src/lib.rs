//! The macro behind `rung::embed!`. Use it from there.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro::{Literal, TokenStream, TokenTree};

/// Embeds the files of a migrations directory, given as a path relative to the crate's `Cargo.toml`.
///
/// A changed file is compiled in again by itself. A file that is new is not noticed until the crate is compiled for
/// another reason: `println!("cargo:rerun-if-changed=migrations");` in a `build.rs` sees to that.
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    match expand(input) {
        Ok(code) => code.parse().unwrap_or_else(|error| failure(&format!("embed!: {error}"))),
        Err(message) => failure(&message),
    }
}

fn failure(message: &str) -> TokenStream {
    let code = format!("::core::compile_error!({})", Literal::string(message));
    code.parse().unwrap_or_default()
}

fn expand(input: TokenStream) -> Result<String, String> {
    let mut tokens = input.into_iter();
    let path = match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(literal)), None) => unquoted(&literal.to_string()),
        _ => None,
    }
    .ok_or("embed! takes one string: the migrations directory, e.g. embed!(\"migrations\")")?;
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let dir = root.join(&path);
    let mut files = Vec::new();
    collect(&dir, &dir, &mut files).map_err(|error| format!("embed!: {}: {error}", dir.display()))?;
    files.sort();
    let entries: String = files
        .iter()
        .map(|(name, file)| {
            let file = Literal::string(&file.to_string_lossy());
            format!("({}, ::core::include_bytes!({file}) as &[u8]),", Literal::string(name))
        })
        .collect();
    Ok(format!("::rung::Embedded::new(&[{entries}])"))
}

/// A plain string literal without its quotes; a path needs no escapes.
fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then(|| inner.to_owned())
}

/// The files below `dir`, each with its path relative to `root`, parts divided by `/`.
fn collect(root: &Path, dir: &Path, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push((parts.join("/"), path.clone()));
        }
    }
    Ok(())
}
