//! The request that makes a WebSocket of a connection, and the answer to it.

use shared::Encoding;

/// Asks for a socket. The token goes in the URL, as in a demo, or in a header.
pub(crate) fn request(server: &str, who: &Person, encoding: Encoding) -> Vec<u8> {
    let (query, header) = match who {
        Person::Named(name) => (format!("?accessToken={name}"), String::new()),
        Person::WithToken(token) => (String::new(), format!("Authorization: Bearer {token}\r\n")),
    };
    let protocol = match encoding {
        // Who asks for nothing gets it.
        Encoding::Json => String::new(),
        Encoding::Protobuf => format!("Sec-WebSocket-Protocol: {}\r\n", encoding.subprotocol()),
    };
    format!(
        "GET /ws{query} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}{header}\r\n"
    )
    .into_bytes()
}

/// Whose socket it is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Person {
    /// Anybody, by a nickname of letters, digits and dashes: in a demo.
    Named(String),
    /// Somebody with an account, by their session's token.
    WithToken(String),
}

/// What follows the answer's head, once that is all there.
///
/// # Errors
/// The first line of any other answer.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    let Some((head, rest)) = split_head(bytes) else {
        return if bytes.len() > MAX_HEAD_BYTES {
            Err("an answer without an end".into())
        } else {
            Ok(None)
        };
    };
    let head = String::from_utf8_lossy(head);
    if head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT) {
        return Ok(Some(rest));
    }
    Err(head.lines().next().unwrap_or_default().to_owned())
}

/// The server's answer to the head of a request, once that is all there; none if it asks for no
/// WebSocket.
pub(crate) fn accept(bytes: &[u8]) -> Option<Result<(String, &[u8]), String>> {
    let (head, rest) = split_head(bytes)?;
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let Some(key) = key else {
        return Some(Err("HTTP/1.1 400 Bad Request\r\n\r\n".into()));
    };
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    Some(Ok((
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ),
        rest,
    )))
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    bytes.split_at_checked(end + 4)
}

/// The key is there to tell a WebSocket server from a cache, not for secrecy: the standard's own
/// example, and the answer that goes with it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MAX_HEAD_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ends_agree() {
        let asked = request("here:1", &Person::Named("a-1".into()), Encoding::Json);
        assert!(asked.starts_with(b"GET /ws?accessToken=a-1 HTTP/1.1\r\n"));
        assert!(accept(&asked[..asked.len() - 1]).is_none());
        let (answered, rest) = accept(&asked).unwrap().unwrap();
        assert!(rest.is_empty());
        assert_eq!(answer(&answered.as_bytes()[..20]), Ok(None));
        let more = [answered.as_bytes(), b"frame"].concat();
        assert_eq!(answer(&more), Ok(Some(&b"frame"[..])));
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let answered = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
        assert_eq!(
            answer(answered),
            Err("HTTP/1.1 503 Service Unavailable".into())
        );
        assert!(accept(b"GET / HTTP/1.1\r\n\r\n").unwrap().is_err());
    }
}
