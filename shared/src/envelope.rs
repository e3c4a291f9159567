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
        serde_json::from_str(self.text())
    }

    /// What was wrong with the body: in which field, and not at which place of a text that begins
    /// within another.
    pub(crate) fn explain(&self, error: &serde_json::Error) -> String {
        if !self.text().starts_with('{') {
            return "it is no object".to_owned();
        }
        let text = error.to_string();
        let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
        match self.field_at(error) {
            Some(field) if !why.contains(" field `") => format!("`{field}`: {why}"),
            _ => why.to_owned(),
        }
    }

    /// The last name that was read before the error.
    fn field_at(&self, error: &serde_json::Error) -> Option<&str> {
        let lines = self.text().split_inclusive('\n');
        let before: usize = lines.take(error.line().checked_sub(1)?).map(str::len).sum();
        let mut rest = self.text().get(..before + error.column())?;
        let mut name = None;
        while let Some((_, quoted)) = rest.split_once('"') {
            let mut is_escaped = false;
            let Some((text, after)) = quoted.split_once(|character| {
                let ends = character == '"' && !is_escaped;
                is_escaped = character == '\\' && !is_escaped;
                ends
            }) else {
                break;
            };
            if after.trim_start().starts_with(':') {
                name = Some(text);
            }
            rest = after;
        }
        name
    }

    fn text(&self) -> &str {
        self.body.as_deref().map_or("null", RawValue::get)
    }
}
