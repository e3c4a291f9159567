//! The connection as a person sees it: nothing while all is well, a quiet line, then a banner.
//!
//! Owns when to say what. Never blocks reading or writing.

use std::time::Duration;

use client::{Client, Link, Moment};
use leptos::prelude::*;
use shared::ConversationId;

use crate::{
    app::Build,
    i18n::{Texts, t, text},
    live::{act, live, memo, when},
    net::surroundings::Network,
    part::IntoPart as _,
    session::{Session, Topic},
};

/// What is worth saying of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Nothing.
    Fine,
    /// The very first connection is being made.
    Starting,
    /// A short break: a quiet line.
    Line,
    /// A longer one: a banner.
    Banner,
    /// There is no network at all: a banner at once.
    Offline,
}

impl Look {
    /// The words beside the name of the person.
    pub fn line(self, texts: &Texts) -> &'static str {
        match self {
            Self::Fine => texts.connected,
            Self::Starting => texts.connecting,
            Self::Line | Self::Banner => texts.reconnecting,
            Self::Offline => texts.offline,
        }
    }
}

/// What to say, for everybody who says it. Tracks the link and, while it is down, time.
pub fn look_of(session: Session) -> Memo<Look> {
    let network: Network = expect_context();
    memo(move || {
        session.with(Topic::Link, |client| {
            if client.is_in_doubt() {
                return Look::Line;
            }
            let is_first = client.server_build().is_none();
            look(client.link(), is_first, network.0.get(), session.now())
        })
    })
}

/// The banner over the conversation, or its quiet beginning.
#[component]
pub fn ConnectionNotice() -> impl IntoView {
    let session = Session::expect();
    let look = look_of(session);
    let is_forgetful = session.is_forgetful;
    let is_banner = move || matches!(look.get(), Look::Banner | Look::Offline);
    let what = move || match look.get() {
        Look::Fine | Look::Starting => None,
        Look::Line => Some(view! { {text(|t| t.reconnecting)} }.part()),
        Look::Banner => Some(banner(text(|t| t.no_connection), is_forgetful).part()),
        Look::Offline => Some(banner(text(|t| t.disconnected), is_forgetful).part()),
    };
    let next_try = move || {
        let link = session.with(Topic::Link, Client::link);
        seconds_until_try(link, session.now())
    };
    let countdown = move || match next_try() {
        Some(seconds) => (t().next_try)(seconds),
        None => t().trying_now.to_owned(),
    };
    view! {
        <div
            class="notice"
            class:notice--line=live(move || look.get() == Look::Line)
            class:notice--banner=live(is_banner)
        >
            <p role="status">{live(what)}</p>
            {when(is_banner, move || view! {
                // Outside of the status: a countdown is not read out each second.
                <span class="notice__countdown">{live(countdown)}</span>
                <button
                    class="notice__retry"
                    type="button"
                    on:click=act(move |_| session.act(Client::retry_now))
                >
                    {text(|t| t.retry_now)}
                </button>
            }.part())}
        </div>
    }
    .part()
}

/// Offers the app of a newer server. Drafts survive the reload, and what is on its way does where the
/// browser stores it; otherwise the offer waits for it.
#[component]
pub fn UpdateNotice() -> impl IntoView {
    let session = Session::expect();
    let Build(build) = expect_context();
    let is_newer = memo(move || {
        session.with(Topic::Link, |client| {
            client
                .server_build()
                .is_some_and(|theirs| build.with_value(|ours| !ours.is_empty() && theirs != ours))
        })
    });
    let reload = move |_| {
        if !session.has_unstored() {
            _ = window().location().reload();
        }
    };
    view! {
        {when(move || is_newer.get(), move || view! {
            <div class="notice notice--update">
                <p role="status">{text(|t| t.newer_app)}</p>
                <button class="notice__retry" type="button" on:click=act(reload)>
                    {text(|t| t.reload)}
                </button>
            </div>
        }.part())}
    }
    .part()
}

/// Says that the server came back from an older backup, until its person has seen it.
#[component]
pub fn RestoredNotice(
    /// Whose messages were affected.
    conversation: ConversationId,
) -> impl IntoView {
    let session = Session::expect();
    let is_restored = move || {
        session.with(Topic::Timeline(conversation), |client| {
            let known = client.conversation(conversation);
            known.is_some_and(|known| known.restored().is_some())
        })
    };
    let dismiss = move |_| session.act(|client, _| client.dismiss_restored(conversation));
    view! {
        {when(is_restored, move || view! {
            <div class="notice notice--update">
                <p role="status">{text(|t| t.restored)}</p>
                <button class="notice__retry" type="button" on:click=act(dismiss)>
                    {text(|t| t.understood)}
                </button>
            </div>
        }.part())}
    }
    .part()
}

fn banner(
    what: impl Fn() -> &'static str + Send + Sync + 'static,
    is_forgetful: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <b>{live(what)}</b>
        " "
        {live(move || if is_forgetful.get() { t().waits_here } else { t().kept_here })}
    }
    .part()
}

fn look(link: Link, is_first: bool, has_network: bool, now: Moment) -> Look {
    let down_since = match link {
        Link::Connected => return Look::Fine,
        Link::Connecting { down_since } | Link::Waiting { down_since, .. } => down_since,
        Link::Idle | Link::SignedOut => now,
    };
    let down = now.saturating_sub(down_since);
    if !has_network {
        Look::Offline
    } else if down >= BANNER_AFTER {
        Look::Banner
    } else if is_first {
        Look::Starting
    } else if down >= LINE_AFTER {
        Look::Line
    } else {
        Look::Fine
    }
}

/// Whole seconds, so that the last one shown is 1; none while a try is under way.
fn seconds_until_try(link: Link, now: Moment) -> Option<u64> {
    match link {
        Link::Waiting { until, .. } => {
            let left = until.saturating_sub(now);
            Some((left + Duration::from_millis(999)).as_secs().max(1))
        }
        _ => None,
    }
}

/// Shorter breaks are nobody's business.
const LINE_AFTER: Moment = Moment::from_secs(2);
/// After this a person wonders why nothing comes.
const BANNER_AFTER: Moment = Moment::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> Look {
        let down_since = Moment::from_secs(100);
        let link = Link::Connecting { down_since };
        look(link, false, true, down_since + Moment::from_millis(millis))
    }

    #[test]
    fn a_break_is_told_the_louder_the_longer_it_lasts() {
        assert_eq!(after(0), Look::Fine);
        assert_eq!(after(1_999), Look::Fine);
        assert_eq!(after(2_000), Look::Line);
        assert_eq!(after(4_999), Look::Line);
        assert_eq!(after(5_000), Look::Banner);
    }

    #[test]
    fn no_network_is_told_at_once_and_a_connection_never() {
        let now = Moment::from_secs(100);
        let waiting = Link::Waiting {
            down_since: now,
            until: now + Moment::from_millis(3_200),
        };
        assert_eq!(look(waiting, false, false, now), Look::Offline);
        assert_eq!(look(Link::Connected, false, false, now), Look::Fine);
        assert_eq!(look(waiting, true, true, now), Look::Starting);
        assert_eq!(seconds_until_try(waiting, now), Some(4));
        assert_eq!(
            seconds_until_try(waiting, now + Moment::from_secs(9)),
            Some(1)
        );
        assert_eq!(seconds_until_try(Link::Connected, now), None);
    }
}
