//! Pond in the browser: the client's engine, a socket for it, and what a person sees of both.
//!
//! A frame goes `net::socket` → [`session::Session::act`] → `client`, which says what changed; a
//! view that looks at that topic runs again. Nothing else holds a copy of the messages.
//! Read next: [`session`], the one seam between the engine and the views; then [`app`].

pub mod app;
pub mod beacon;
pub mod components;
pub mod i18n;
pub mod ime;
pub mod live;
pub mod media;
pub mod memory;
pub mod names;
pub mod net;
pub mod pages;
pub mod part;
pub mod preferences;
pub mod router;
pub mod session;
pub mod state;

fn main() {
    // A panic ends the app; what it says is all that is left to find out why.
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    if let Some(shell) = leptos::prelude::document().get_element_by_id("boot") {
        shell.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
