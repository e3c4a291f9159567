//! The browser's storage: `store.js`, and the last person who was here.
//!
//! Every call fails where the browser has no storage or refuses it; the app then goes on without.

use js_sys::{Array, Function, Promise, Reflect, futures::JsFuture};
use leptos::prelude::window;
use shared::{Read as _, frame::User};
use wasm_bindgen::{JsCast, JsValue};

/// A key, and the text under it; as a change, none removes it.
pub type Entry = (String, Option<String>);

/// Opens the storage of a person, and gives all that is in it.
///
/// # Errors
/// Whatever the browser says.
pub async fn open(user: &User) -> Result<Vec<Entry>, JsValue> {
    entries(call("open", &whose(user))?).await
}

/// What is under the keys with this beginning.
///
/// # Errors
/// Whatever the browser says.
pub async fn read(prefix: &str) -> Result<Vec<Entry>, JsValue> {
    entries(call("read", prefix)?).await
}

/// Keeps all changes or none; once this is done they outlive the page.
///
/// # Errors
/// Whatever the browser says.
pub async fn write(changes: &[Entry]) -> Result<(), JsValue> {
    let list = Array::new();
    for (key, text) in changes {
        list.push(&key.into());
        list.push(&text.as_ref().map_or(JsValue::NULL, JsValue::from));
    }
    JsFuture::from(call_with("write", &list)?.dyn_into::<Promise>()?).await?;
    Ok(())
}

/// Begins to hear the other tabs and to wait for the turn to send; both come as events.
pub fn join(user: &User) {
    _ = call("join", &whose(user));
}

/// Tells the other tabs that what is kept has changed.
pub fn tell_others() {
    _ = call("tell", KEPT);
}

/// What a person's things are kept under: a server that came back from a backup may give their number
/// to somebody else, and seldom their name as well.
pub fn whose(user: &User) -> String {
    format!("{}:{}", user.id, user.name)
}

/// Leaves nothing of this person in the browser.
pub async fn forget(user: &User) {
    if let Ok(promise) = call("forget", &whose(user))
        && let Ok(promise) = promise.dyn_into::<Promise>()
    {
        _ = JsFuture::from(promise).await;
    }
}

/// Who was here last and did not leave. No secret: the cookie is what the server believes.
pub fn last_user() -> Option<User> {
    let storage = window().local_storage().ok().flatten()?;
    User::from_text(&storage.get_item(LAST_USER).ok().flatten()?).ok()
}

/// Notes who is here, or that nobody is.
pub fn note_user(user: Option<&User>) {
    if let Ok(Some(storage)) = window().local_storage() {
        _ = match user.map(serde_json::to_string) {
            Some(Ok(user)) => storage.set_item(LAST_USER, &user),
            _ => storage.remove_item(LAST_USER),
        };
    }
}

/// The event that says that this tab is the one that sends.
pub const LEAD: &str = "pond-lead";
/// The event that says that another tab changed what is kept.
pub const KEPT: &str = "pond-kept";
/// The event that says that the person signed out in another tab.
pub const OUT: &str = "pond-out";
/// `store.js` removes it too.
const LAST_USER: &str = "pond.me";

async fn entries(promise: JsValue) -> Result<Vec<Entry>, JsValue> {
    let list = JsFuture::from(promise.dyn_into::<Promise>()?).await?;
    let mut texts = Array::from(&list).into_iter().map(|text| text.as_string());
    let mut entries = Vec::new();
    while let (Some(Some(key)), Some(text)) = (texts.next(), texts.next()) {
        entries.push((key, text));
    }
    Ok(entries)
}

fn call(name: &str, argument: &str) -> Result<JsValue, JsValue> {
    call_with(name, &argument.into())
}

fn call_with(name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    call_on("pondStore", name, argument)
}

/// Calls a function of one of the app's own scripts.
pub(super) fn call_on(script: &str, name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let script = Reflect::get(&window(), &script.into())?;
    let function: Function = Reflect::get(&script, &name.into())?.dyn_into()?;
    function.call1(&script, argument)
}
