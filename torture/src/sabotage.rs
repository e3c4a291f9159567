//! Broken servers and clients, each under the fault that shows it.
use crate::{bench::Bench, failure::Result, options::Options};
pub(crate) async fn run(_: &Options, _: &Bench) -> Result<bool> { Ok(false) }
