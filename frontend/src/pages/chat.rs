//! The chat: three columns, two, or one, and which conversation is in the middle.

use leptos::{
    ev::{self, KeyboardEvent, MouseEvent},
    prelude::*,
};
use shared::ConversationId;

use crate::{
    app::PickerOpen,
    components::{
        announcer::Announcer,
        conversation_page::{self, ConversationPage, NoSuchConversation},
        people_pane::{PeopleAside, PeoplePane},
        picker::Picker,
        sidebar::Sidebar,
    },
    i18n::{t, t_now, text},
    ime,
    live::{act, effect, live, memo},
    media::Room,
    names,
    part::IntoPart as _,
    router::{self, Route},
    session::{Session, Topic},
    state::{
        drafts::{self, Drafts},
        places::Places,
    },
};

/// Everything that a person sees once signed in.
#[component]
pub fn Chat() -> impl IntoView {
    let session = Session::expect();
    let room: Room = expect_context();
    let PickerOpen(picker) = expect_context();
    let pane = PeoplePane::new(room);
    provide_context(pane);
    provide_context(Drafts::new(&session.me(), drafts::LOCAL));
    provide_context(Places::new());

    let route = router::route();
    let shown = memo(move || match route.get() {
        Route::Conversation(id) => Some(id),
        // Where there is room for more than the list, the middle is never empty.
        Route::Home => room.for_two.get().then_some(ConversationId::EVERYONE),
        Route::Nowhere => None,
    });
    let is_list = memo(move || shown.get().is_none() && route.get() == Route::Home);
    let is_possible = memo(move || {
        let id = shown.get()?;
        Some(session.with(Topic::Conversations, |client| {
            conversation_page::is_possible(client, id)
        }))
    });

    let shortcuts = window_event_listener(ev::keydown, move |key: KeyboardEvent| {
        let is_command = (key.ctrl_key() || key.meta_key()) && !key.alt_key() && !key.shift_key();
        if is_command && key.key().eq_ignore_ascii_case("k") && !ime::owns(&key) {
            key.prevent_default();
            picker.set(true);
        }
    });
    on_cleanup(move || shortcuts.remove());
    title(session, shown);

    let skip = |click: MouseEvent| {
        click.prevent_default();
        crate::components::focus::soon("#talk");
    };
    let conversation = move || match (shown.get(), is_possible.get()) {
        (Some(conversation), Some(true)) => view! { <ConversationPage conversation /> }.part(),
        _ if is_list.get() => ().part(),
        _ => view! { <NoSuchConversation /> }.part(),
    };
    let is_under = move || pane.is_over();
    view! {
        <a class="skip" href="#talk" on:click=act(skip)>
            {text(|t| t.skip_to_conversation)}
        </a>
        <div
            class="chat"
            class:chat--list=is_list
            class:chat--people=live(move || pane.is_shown() && !pane.is_over())
        >
            // Alone on the screen, the list is the main thing on it.
            <div
                class="chat__side"
                role=live(move || is_list.get().then_some("main"))
                inert=live(is_under)
            >
                <Sidebar shown />
            </div>
            <main
                id="talk"
                class="talk"
                tabindex="-1"
                aria-label=text(|t| t.conversation)
                inert=live(is_under)
            >
                {live(conversation)}
            </main>
            <PeopleAside />
        </div>
        <Picker />
        <Announcer shown />
    }
    .part()
}

/// `(3) Everyone · Pond`: the count is of private messages, since those are meant for one person.
fn title(session: Session, shown: Memo<Option<ConversationId>>) {
    let title = memo(move || {
        let shown = shown.get().unwrap_or(ConversationId::EVERYONE);
        let name = session.with(Topic::People, |client| {
            names::conversation(client, shown, t())
        });
        let unread = session.with(Topic::Conversations, |client| {
            client
                .conversations()
                .filter(|conversation| matches!(conversation.id, ConversationId::Direct(_)))
                .map(|one| names::unread(client, one.id, one.id == shown))
                .sum()
        });
        (t().page_title)(unread, &name)
    });
    effect(move || document().set_title(&title.get()));
    on_cleanup(|| document().set_title(t_now().app_name));
}
