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
    ///
    /// # Errors
    /// What is wrong with it, and in which field.
    pub(crate) fn body<Body: DeserializeOwned>(&self) -> Result<Body, String> {
        let text = self.body.as_deref().map_or("null", RawValue::get);
        serde_json::from_str(text).or_else(|_| {
            if !text.starts_with('{') {
                return Err("it is no object".to_owned());
            }
            // Once more and slower, to know where.
            let mut reader = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))
        })
    }
}

/// The field and what is wrong there; not the line, which would count from where the body begins.
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let text = error.inner().to_string();
    let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
    match error.path().to_string().as_str() {
        // The body itself.
        "." => why.to_owned(),
        field => format!("`{field}`: {why}"),
    }
}
