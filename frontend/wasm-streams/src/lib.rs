//! Stands in for the crate of this name, by `[patch.crates-io]` in the workspace.
//!
//! Leptos always brings the browser's side of its server functions, and that brings `wasm-streams`: three
//! classes for JavaScript, which are exported, so that no linker may leave them out. Pond has no server
//! functions. Without them a first visit is 4 KiB lighter (docs/performance.md).
//!
//! What is here is what `server_fn` names. Nothing calls it, and no value of it can exist.

use futures_util::stream::{Pending, Stream};
use wasm_bindgen::JsValue;

/// A stream of the browser, of which there is none.
#[derive(Debug)]
pub enum ReadableStream {}

impl ReadableStream {
    /// Would take one of the browser's.
    ///
    /// # Panics
    /// Always.
    pub fn from_raw(_: web_sys::ReadableStream) -> Self {
        panic!("{ABSENT}")
    }

    /// Would make one of one of Rust's.
    ///
    /// # Panics
    /// Always.
    pub fn from_stream(_: impl Stream<Item = Result<JsValue, JsValue>> + 'static) -> Self {
        panic!("{ABSENT}")
    }

    /// The browser's.
    pub fn into_raw(self) -> web_sys::ReadableStream {
        match self {}
    }

    /// Rust's.
    pub fn into_stream(self) -> Pending<Result<JsValue, JsValue>> {
        match self {}
    }
}

const ABSENT: &str = "this build has no streams: remove the patch of wasm-streams in Cargo.toml";
