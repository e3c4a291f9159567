//! What the conversation's parts know and decide: plain structs without a DOM, tested natively.
//!
//! Components ask these and paint the answer. Read next: [`rows`], what a conversation looks like
//! from top to bottom; [`window`], which of its rows are in the DOM.

pub(crate) mod divider;
pub(crate) mod drafts;
pub(crate) mod dwell;
pub(crate) mod kept;
pub(crate) mod matching;
pub(crate) mod places;
pub(crate) mod rows;
pub(crate) mod text;
pub(crate) mod window;
