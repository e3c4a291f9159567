//! `{type, body}`, read in two steps: first the type, then the body that belongs to it.
//!
//! A derived reader of such enums buffers the whole body in a form of its own and is compiled twice,
//! once for each order of the two fields; in the browser that alone was 80 KB of code.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// A frame or event whose body is still text.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Envelope<'_> {
    /// Reads the body.
    pub(crate) fn body<Body: DeserializeOwned>(&self) -> Result<Body, serde_json::Error> {
        serde_json::from_str(self.body.as_deref().map_or("null", RawValue::get))
    }
}
