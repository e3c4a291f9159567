//! The parts of a view that follow the state, in as few types as there are kinds of them.
//!
//! Every closure is a type of its own, and the view library is compiled once more for each that
//! stands in a view: 1 to 3 KB of code. Boxed, all closures of one kind share one copy.

use std::{hash::Hash, pin::Pin, sync::Arc};

use leptos::{prelude::*, task::spawn_local};

use crate::part::{IntoPart as _, Part};

/// What a view reads again whenever something that it read has changed.
pub type Live<T> = Box<dyn Fn() -> T + Send + Sync>;

/// A text, an attribute or a part of a view that follows the state.
pub fn live<T>(read: impl Fn() -> T + Send + Sync + 'static) -> Live<T> {
    Box::new(read)
}

/// What handles an event.
pub fn act<E: 'static>(act: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(act)
}

/// A value that wakes those who read it only when it is another.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    fn boxed<T: PartialEq + Send + Sync + 'static>(read: Live<T>) -> Memo<T> {
        Memo::new(move |_| read())
    }
    boxed(live(read))
}

/// Something that reaches outside, again whenever what it read has changed.
pub fn effect(run: impl FnMut() + 'static) {
    fn boxed(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    boxed(Box::new(run));
}

/// Work that goes on beside the page.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    fn boxed(work: Pin<Box<dyn Future<Output = ()>>>) {
        spawn_local(work);
    }
    boxed(Box::pin(work));
}

/// A part that is there while something holds.
pub fn when(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> Part + Send + Sync + 'static,
) -> Part {
    let holds = memo(holds);
    live(move || if holds.get() { view() } else { ().part() }).part()
}

/// One view for each entry of a list; a view stays while its key does.
pub fn each<T, K>(
    list: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> K,
    view: impl Fn(T) -> Part + Send + Sync + 'static,
) -> Part
where
    T: Send + 'static,
    K: Eq + Hash + Send + 'static,
{
    fn boxed<T, K>(
        list: Live<Vec<T>>,
        key: fn(&T) -> K,
        view: Arc<dyn Fn(T) -> Part + Send + Sync>,
    ) -> Part
    where
        T: Send + 'static,
        K: Eq + Hash + Send + 'static,
    {
        let view = move |entry| view(entry);
        view! { <For each=list key=key children=view /> }.part()
    }
    boxed(live(list), key, Arc::new(view))
}
