//! Ana, whose client most tests drive, and how a server takes her in.

use shared::{
    Code, ServerFrame, UserId,
    frame::{AuthAnswer, User},
};

pub(crate) fn ana() -> User {
    User {
        id: UserId(1),
        name: "Ana".into(),
    }
}

/// She is signed in, on this database.
pub(crate) fn hello(incarnation: &str) -> ServerFrame {
    ServerFrame::Auth(AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(ana()),
        build: None,
        incarnation: Some(incarnation.into()),
    })
}
