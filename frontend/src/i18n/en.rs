//! English.

use shared::Code;

use super::{
    Texts,
    texts::{badge, counted},
};

pub(super) static TEXTS: Texts = Texts {
    app_name: "Pond",
    skip_to_conversation: "Skip to the conversation",
    loading: "Loading…",
    page_title: |unread, conversation| match unread {
        0 => format!("{conversation} · Pond"),
        _ => format!("({}) {conversation} · Pond", badge(unread)),
    },
    between: " ",

    sidebar: "Conversations",
    find: "Find or message…",
    rooms: "Rooms",
    everyone: "Everyone",
    private_messages: "Private messages",
    new_private_message: "New private message",
    no_private_messages: "Nobody yet. Press + to write to one person.",
    draft: "Draft",
    unread: |count| match count {
        1 => "1 unread message".to_owned(),
        _ => format!("{} unread messages", counted(count)),
    },

    conversation: "Conversation",
    back: "Back to the list",
    members: "Members",
    people: "People",
    close: "Close",
    everyone_subtitle: "The room that everybody is in. Be kind, stay dry.",
    notes_subtitle: "Notes to yourself. Nobody else reads them.",
    someone: "Somebody",
    no_such_conversation: "Nothing here",
    no_such_conversation_hint: "This conversation does not exist, or you are not in it.",
    to_everyone: "Go to Everyone",

    online: "Online",
    away: "Away",
    offline: "Offline",

    connected: "Connected",
    connecting: "Connecting…",
    reconnecting: "Reconnecting…",
    disconnected: "You are offline.",
    no_connection: "No connection to the server.",
    kept_here: "What you write is kept here and sent when you are back.",
    waits_here: "Messages you write wait in this tab until the connection is back.",
    stores_nothing: "Your browser lets Pond store nothing. What is not sent is lost with this tab.",
    next_try: |seconds| format!("Next try in {seconds} s."),
    trying_now: "Trying now…",
    retry_now: "Retry now",
    by_web_socket: "Way to the server: WebSocket",
    by_event_stream: "Way to the server: event stream, since WebSockets do not hold here",
    by_long_poll: "Way to the server: long polling, since nothing faster holds here",
    restored: "The server was restored from an older backup. Your own messages since then are sent again, others’ may be missing.",
    understood: "OK",
    newer_app: "A newer Pond is ready. Your drafts stay.",
    reload: "Reload",

    come_in: "Come on in",
    come_in_hint: "Sign in and start talking.",
    come_in_demo_hint: "This is a demo: any name will do, and there are no passwords.",
    create_hint: "Pick a name and start talking.",
    session_ended: "You were signed out. What you wrote is still here: sign in to go on. \
        If the server came back from an older backup without your account, create it again.",
    name: "Name",
    name_hint: "This is how others see you.",
    password: "Password",
    password_hint: |least_chars| format!("At least {least_chars} characters."),
    enter: "Enter the room",
    entering: "Entering…",
    create_account: "Create an account",
    creating_account: "Creating your account…",
    new_here: "New here?",
    been_here: "Been here before?",
    sign_in_instead: "Sign in",
    name_missing: "Enter a name.",
    name_too_long: |limit| format!("A name has at most {limit} characters. Choose a shorter one."),
    name_character: "A name cannot have @, # or invisible characters. Leave them out.",
    password_missing: "Enter your password.",
    password_too_short: |least_chars| {
        format!("This is too easy to guess. Use at least {least_chars} characters.")
    },
    password_too_long: "This password is too long. Use a shorter one.",
    server_unreachable: "The server cannot be reached",
    server_unreachable_hint: "Check your network. If it works, the server may be down for a moment.",
    try_again: "Try again",
    try_again_in: |seconds| format!("Try again in {seconds} s."),

    settings: "Settings",
    language: "Language",
    theme: "Theme",
    theme_system: "System",
    theme_light: "Light",
    theme_dark: "Dark",
    sign_out: "Sign out",
    sign_out_anyway: "Sign out anyway",
    waiting_lost: |count| match count {
        1 => "One message is not sent yet. If you sign out now, it is lost.".into(),
        _ => format!("{count} messages are not sent yet. If you sign out now, they are lost."),
    },
    sign_out_failed: "The server cannot be reached, so you are still signed in. Try again later.",

    messages: "Messages",
    beginning_of: |room| format!("This is the beginning of #{room}. Say hello."),
    beginning_with: |name| {
        format!(
            "This is the beginning of your conversation with {name}. Only the two of you read it."
        )
    },
    new_messages: "New",
    new_since: |count, time| format!("{count} new since {time}"),
    new_above: |count| format!("{} new", counted(count)),
    newest: "Newest messages",
    new_below: |count| format!("{count} new"),
    mark_read: "Mark as read",
    row_label: |name, time, text, state| match state {
        None => format!("{name}, {time}, {text}"),
        Some(state) => format!("{name}, {time}, {text}, {state}"),
    },
    sending: "Sending…",
    waiting: "Waiting for the connection…",
    sent: "Sent",
    delivered: "Delivered",
    seen: "Read",
    not_sent: "Not sent.",
    to_nobody: "The server no longer knows whom it was for.",
    retry: "Retry",
    copy: "Copy",
    copied: "Copied",
    delete: "Delete",
    write_to: |name| format!("Message {name}"),

    write_in: |room| format!("Message #{room}"),
    send: "Send",
    bytes_used: |size, limit| format!("{size} of {limit} bytes"),
    text_too_long: |size, limit| {
        format!("Too long to send: {size} of {limit} bytes. Make it shorter, or send it in parts.")
    },
    text_has_nul: "This has a character that cannot be sent. Write it anew.",
    typing_one: |name| format!("{name} is typing…"),
    typing_two: |one, other| format!("{one} and {other} are typing…"),
    typing_several: "Several people are typing…",

    picker: "Find or message",
    picker_input: "Search people and rooms",
    private_message: "Private message",
    room: "Room",
    you: "(you)",
    searching: "Searching…",
    nobody_matches: |query| {
        format!("Nobody matches “{query}”. Check the spelling, or ask them to join first.")
    },
    no_room_matches: |query| format!("No room matches “{query}”. Leave out the # to find people."),
    hint_choose: "choose",
    hint_open: "open",
    hint_close: "close",

    says: |name, text| format!("{name}: {text}"),
    and_more: |count| format!("and {count} more"),

    today: "Today",
    yesterday: "Yesterday",

    error,
};

fn error(code: Code) -> &'static str {
    match code {
        Code::Success => "Done.",
        Code::BadFrame | Code::UnknownType => {
            "The server did not understand this version of the app. Nothing is lost: reload the page."
        }
        Code::NotSignedIn | Code::BadToken => {
            "You were signed out. What you wrote is still here: sign in to go on."
        }
        Code::BadPassword => {
            "This name and password do not go together. Check both, or create an account."
        }
        Code::NotMember => {
            "You are not in this conversation, so this was not sent. Copy it to where it belongs."
        }
        Code::ForeignOrigin => {
            "The server does not expect this address. Open Pond at the address that it was set up for."
        }
        Code::NoSuchUser => "Nobody has this name. Check how it is spelled.",
        Code::NotFound => {
            "The server does not know this. It may be older than the app: reload the page."
        }
        Code::NameTaken => "This name is taken. Choose another, or sign in if it is yours.",
        Code::MsgIdReused => {
            "This was mixed up with another message and was not sent. Copy it and send it anew."
        }
        Code::TooLong => "This is too long to send. Make it shorter, or send it in parts.",
        Code::BadText => "This has nothing to read in it. Write something and send it again.",
        Code::BadName => "This name cannot be used. Leave out @, # and invisible characters.",
        Code::WeakPassword => "This password is too short or too long. Choose another.",
        Code::TooFast => "That was too often.",
        Code::Unavailable => {
            "The server could not do this now. Nothing is lost: try again in a moment."
        }
        Code::StorageFull => {
            "The server’s disk is full. Nothing is lost, and it goes on by itself when there is room. Tell whoever runs this server."
        }
        Code::Other(_) => {
            "Something went wrong that this app does not know yet. Nothing is lost: reload the page."
        }
    }
}
