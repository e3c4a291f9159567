//! People with accounts, for servers that are no demo.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use shared::http::{Credentials, SignedIn};

use crate::crowd::upgrade::Person;

/// Makes so many accounts, one after the other, since hashing a password is meant to be slow.
///
/// # Errors
/// Where the server cannot be reached, or its refusal.
pub(crate) fn sign_up(server: &str, count: usize) -> io::Result<Vec<Person>> {
    let one = |number| {
        let credentials = Credentials {
            name: format!("bench-{}-{number}", crate::run_id()),
            password: crate::run_id().repeat(2),
        };
        let body = serde_json::to_string(&credentials)?;
        let answer = post(server, "/api/v1/accounts", &body)?;
        let signed_in: SignedIn = serde_json::from_str(&answer)?;
        Ok(Person::WithToken(signed_in.access_token))
    };
    (0..count).map(one).collect()
}

/// The body of a 201.
fn post(server: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 201") => Ok(body.to_owned()),
        _ => Err(io::Error::other(format!("{path} was answered {answer:?}"))),
    }
}
