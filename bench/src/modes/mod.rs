//! One file for each thing that is measured.

pub(crate) mod ack;
pub(crate) mod compare;
pub(crate) mod connect;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod limit;
pub(crate) mod mixed;
pub(crate) mod private;
pub(crate) mod relay;
pub(crate) mod resume;
pub(crate) mod sends;
pub(crate) mod stalled;
pub(crate) mod start;
