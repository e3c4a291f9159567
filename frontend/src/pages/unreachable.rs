//! The page of a server that does not answer.

use leptos::prelude::*;

use crate::{i18n::text, live::act, part::IntoPart as _};

/// Says so, and offers another try.
#[component]
pub fn Unreachable(
    /// Another try.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    view! {
        <main class="door">
            <div class="door__card" role="alert">
                <h1>{text(|t| t.server_unreachable)}</h1>
                <p>{text(|t| t.server_unreachable_hint)}</p>
                <button class="door__go" type="button" on:click=act(move |_| on_retry.run(()))>
                    {text(|t| t.try_again)}
                </button>
            </div>
        </main>
    }
    .part()
}
