//! What lies outside the page: the socket, HTTP, clocks, and signs of the person and the network.

pub mod api;
pub mod clock;
pub mod line;
pub mod random;
pub mod socket;
pub mod surroundings;
