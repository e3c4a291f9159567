//! The door: signing in, or making an account.
//!
//! Owns the form and its errors. What lies behind the door is told by `on_enter`.

use leptos::{ev::SubmitEvent, html, prelude::*};
use shared::{
    Code,
    frame::User,
    http::Credentials,
    limits::{MAX_NAME_CHARS, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS},
    name::{self, BadName},
};

use crate::{
    components::{logo::Logo, settings::Settings},
    i18n::{Texts, t, text},
    live::{act, live, spawn},
    net::api::{self, ApiError},
    part::IntoPart as _,
};

/// A form with a name and, unless this is a demo, a password.
#[component]
pub fn Door(
    /// A name is enough.
    is_demo: bool,
    /// Whose session ended under way, with what they wrote still here.
    ended: Option<String>,
    /// Receives who came in.
    #[prop(into)]
    on_enter: Callback<User>,
) -> impl IntoView {
    let is_creating = RwSignal::new(false);
    let is_busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<(Field, Wrong)>);
    let name_input = NodeRef::<html::Input>::new();
    let password_input = NodeRef::<html::Input>::new();

    let complain = move |field, what| {
        wrong.set(Some((field, what)));
        let input = match field {
            Field::Name => name_input.get_untracked(),
            Field::Password => password_input.get_untracked(),
            Field::Form => None,
        };
        if let Some(input) = input {
            _ = input.focus();
        }
    };
    let asks = move || match (is_demo, is_creating.get_untracked()) {
        (true, _) => Asks::Name,
        (false, false) => Asks::Password,
        (false, true) => Asks::NewPassword,
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let asks = asks();
        match check(&value_of(name_input), value_of(password_input), asks) {
            Err((field, what)) => complain(field, what),
            Ok(credentials) => {
                wrong.set(None);
                is_busy.set(true);
                spawn(async move {
                    let answer = knock(&credentials, asks).await;
                    is_busy.set(false);
                    match answer {
                        Ok(user) => on_enter.run(user),
                        Err(error) => complain(field_of(error), Wrong::Api(error)),
                    }
                });
            }
        }
    };

    let error_at = move |field| {
        Signal::derive(move || {
            let (at, what) = wrong.get()?;
            (at == field).then(|| what.words(t()))
        })
    };
    let hint = move || match (is_demo, is_creating.get()) {
        (true, _) => t().come_in_demo_hint,
        (false, true) => t().create_hint,
        (false, false) => t().come_in_hint,
    };
    let name_hint =
        Signal::derive(move || (is_demo || is_creating.get()).then(|| t().name_hint.to_owned()));
    let has_ended = ended.is_some();
    let with_password = move || {
        let error = error_at(Field::Password);
        // What is wrong says what is asked for.
        let hint = Signal::derive(move || {
            (is_creating.get() && error.get().is_none())
                .then(|| (t().password_hint)(MIN_PASSWORD_CHARS))
        });
        view! { <PasswordField is_new=is_creating hint error node_ref=password_input /> }.part()
    };
    let switch = move |()| {
        wrong.set(None);
        is_creating.update(|is_creating| *is_creating = !*is_creating);
    };

    view! {
           <main class="door">
               <form class="door__card" method="post" novalidate on:submit=act(submit)>
                   <Logo />
                   <div>
                       <h1>{text(|t| t.come_in)}</h1>
                       <p>{live(hint)}</p>
                   </div>
                   {has_ended.then(ended_notice)}
                   <NameField
    value=ended.unwrap_or_default()
    hint=name_hint error=error_at(Field::Name) node_ref=name_input />
                   {(!is_demo).then(with_password)}
                   <p class="door__error" role="alert">
                       {error_at(Field::Form)}
                   </p>
                   <Go is_creating is_busy />
                   {(!is_demo).then(|| view! { <Alternative is_creating on_switch=switch /> }.part())}
               </form>
               <div class="door__settings">
                   <Settings />
               </div>
           </main>
       }.part()
}

fn ended_notice() -> impl IntoView {
    view! {
        <p class="door__ended" role="status">
            {text(|t| t.session_ended)}
        </p>
    }
    .part()
}

/// The button that submits. It stays in reach while it is busy, so that the focus stays too.
#[component]
fn Go(
    #[prop(into)] is_creating: Signal<bool>,
    #[prop(into)] is_busy: Signal<bool>,
) -> impl IntoView {
    let words = move || match (is_creating.get(), is_busy.get()) {
        (false, false) => t().enter,
        (false, true) => t().entering,
        (true, false) => t().create_account,
        (true, true) => t().creating_account,
    };
    view! {
        <button class="door__go" aria-disabled=live(move || is_busy.get().then_some("true"))>
            {live(words)}
        </button>
    }
    .part()
}

#[component]
fn NameField(
    value: String,
    hint: Signal<Option<String>>,
    error: Signal<Option<String>>,
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    view! {
        <div class="door__field">
            <label for="name">{text(|t| t.name)}</label>
            <input
                id="name"
                name="username"
                value=value
                autocomplete="username"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby="name-hint name-error"
                aria-invalid=live(move || error.get().map(|_| "true"))
                node_ref=node_ref
            />
            <p id="name-hint" class="door__hint">
                {hint}
            </p>
            <p id="name-error" class="door__error" role="alert">
                {error}
            </p>
        </div>
    }
    .part()
}

#[component]
fn PasswordField(
    #[prop(into)] is_new: Signal<bool>,
    hint: Signal<Option<String>>,
    error: Signal<Option<String>>,
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    // What a password manager offers: the one it knows, or a new one.
    let autocomplete = move || {
        if is_new.get() {
            "new-password"
        } else {
            "current-password"
        }
    };
    view! {
        <div class="door__field">
            <label for="password">{text(|t| t.password)}</label>
            <input
                id="password"
                name="password"
                type="password"
                autocomplete=live(autocomplete)
                aria-describedby="password-hint password-error"
                aria-invalid=live(move || error.get().map(|_| "true"))
                node_ref=node_ref
            />
            <p id="password-hint" class="door__hint">
                {hint}
            </p>
            <p id="password-error" class="door__error" role="alert">
                {error}
            </p>
        </div>
    }
    .part()
}

/// Signing in instead of making an account, or the other way.
#[component]
fn Alternative(
    #[prop(into)] is_creating: Signal<bool>,
    #[prop(into)] on_switch: Callback<()>,
) -> impl IntoView {
    let question = move || {
        if is_creating.get() {
            t().been_here
        } else {
            t().new_here
        }
    };
    let answer = move || {
        if is_creating.get() {
            t().sign_in_instead
        } else {
            t().create_account
        }
    };
    view! {
        <p class="door__alternative">
            {live(question)} " " <button type="button" on:click=act(move |_| on_switch.run(()))>
                {live(answer)}
            </button>
        </p>
    }
    .part()
}

fn value_of(input: NodeRef<html::Input>) -> String {
    let input = input.get_untracked();
    input.map(|input| input.value()).unwrap_or_default()
}

async fn knock(credentials: &Credentials, asks: Asks) -> Result<User, ApiError> {
    match asks {
        Asks::NewPassword => api::create_account(credentials).await,
        Asks::Name | Asks::Password => api::sign_in(credentials).await,
    }
}

/// What the form asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Name,
    Password,
    NewPassword,
}

/// Where an error belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Name,
    Password,
    Form,
}

/// What is wrong, in no language yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrong {
    Name(BadName),
    PasswordMissing,
    PasswordTooShort,
    PasswordTooLong,
    Api(ApiError),
}

impl Wrong {
    fn words(self, texts: &Texts) -> String {
        match self {
            Self::Name(BadName::Empty) => texts.name_missing.to_owned(),
            Self::Name(BadName::TooLong { .. }) => (texts.name_too_long)(MAX_NAME_CHARS),
            Self::Name(BadName::Character) => texts.name_character.to_owned(),
            Self::PasswordMissing => texts.password_missing.to_owned(),
            Self::PasswordTooShort => (texts.password_too_short)(MIN_PASSWORD_CHARS),
            Self::PasswordTooLong => texts.password_too_long.to_owned(),
            Self::Api(ApiError::Unreachable) => {
                let hint = texts.server_unreachable_hint;
                format!("{}{}{hint}", texts.no_connection, texts.between)
            }
            Self::Api(ApiError::Refused { code, retry_after }) => {
                let what = (texts.error)(code);
                match retry_after {
                    Some(pause) => {
                        let seconds = pause.as_secs() + 1;
                        let when = (texts.try_again_in)(seconds);
                        format!("{what}{}{when}", texts.between)
                    }
                    None => what.to_owned(),
                }
            }
        }
    }
}

/// The same rules as the server's, so that most mistakes are told without asking it.
fn check(name: &str, password: String, asks: Asks) -> Result<Credentials, (Field, Wrong)> {
    let name = name::parse(name).map_err(|bad| (Field::Name, Wrong::Name(bad)))?;
    let wrong = if asks == Asks::Name {
        None
    } else if password.is_empty() {
        Some(Wrong::PasswordMissing)
    } else if password.len() > MAX_PASSWORD_BYTES {
        Some(Wrong::PasswordTooLong)
    } else if asks == Asks::NewPassword && password.chars().count() < MIN_PASSWORD_CHARS {
        Some(Wrong::PasswordTooShort)
    } else {
        None
    };
    match wrong {
        Some(wrong) => Err((Field::Password, wrong)),
        None => Ok(Credentials { name, password }),
    }
}

fn field_of(error: ApiError) -> Field {
    match error {
        ApiError::Refused { code, .. } => match code {
            Code::BadName | Code::NameTaken | Code::NoSuchUser => Field::Name,
            Code::BadPassword | Code::WeakPassword => Field::Password,
            _ => Field::Form,
        },
        ApiError::Unreachable => Field::Form,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str, password: &str, asks: Asks) -> Option<(Field, Wrong)> {
        check(name, password.to_owned(), asks).err()
    }

    #[test]
    fn a_mistake_is_told_beside_its_field() {
        assert_eq!(
            wrong(" ", "", Asks::Password),
            Some((Field::Name, Wrong::Name(BadName::Empty)))
        );
        assert_eq!(
            wrong("Ana", "", Asks::Password),
            Some((Field::Password, Wrong::PasswordMissing))
        );
        assert_eq!(
            wrong("Ana", "1234567", Asks::NewPassword),
            Some((Field::Password, Wrong::PasswordTooShort))
        );
        assert_eq!(
            wrong("Ana", &"x".repeat(257), Asks::Password),
            Some((Field::Password, Wrong::PasswordTooLong))
        );
    }

    #[test]
    fn an_old_password_may_be_short_and_a_demo_asks_for_none() {
        assert_eq!(wrong("Ana", "short", Asks::Password), None);
        assert_eq!(wrong("芋艿", "", Asks::Name), None);
        assert_eq!(wrong("Ana", "八个字也是密码呀", Asks::NewPassword), None);
    }
}
