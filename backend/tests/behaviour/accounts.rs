//! Accounts: names, passwords, tokens, tickets, cookies, origins.

use serde_json::json;

use super::support::{TestServer, close_code, next_json};

#[tokio::test]
async fn an_account_signs_in_with_its_password_in_any_case_of_its_name() {
    let server = TestServer::with_accounts();
    server.account("Ana").await;
    let sign_in = async |name: &str, password: &str| {
        let credentials = json!({"name": name, "password": password});
        server.post("/api/v1/sessions", &[], credentials).await
    };
    let signed = sign_in("ANA", "correct horse").await;
    assert_eq!(
        (signed.status, &signed.json()["user"]["name"]),
        (201, &json!("Ana"))
    );
    let (wrong, unknown) = (
        sign_in("Ana", "wrong horse").await,
        sign_in("Bo", "wrong horse").await,
    );
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(
        wrong.body, unknown.body,
        "nobody can find out which names exist"
    );
}

#[tokio::test]
async fn a_name_or_password_that_cannot_be_is_refused_with_the_rule() {
    let server = TestServer::with_accounts();
    server.account("Ana").await;
    for (name, password, code) in [
        ("aNa", "correct horse", "name-taken"),
        ("", "correct horse", "bad-name"),
        ("@bo", "correct horse", "bad-name"),
        ("Bo", "short", "weak-password"),
    ] {
        let credentials = json!({"name": name, "password": password});
        let answer = server.post("/api/v1/accounts", &[], credentials).await;
        assert_eq!(
            answer.json()["code"],
            code,
            "{name} {password}: {}",
            answer.body
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    let answer = server
        .http("POST", "/api/v1/accounts", &[], Some("{".into()))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (400, &json!("bad-frame"))
    );
}

#[tokio::test]
async fn a_token_opens_the_socket_by_header_cookie_or_first_frame_and_not_by_url() {
    use futures_util::SinkExt as _;
    let server = TestServer::with_accounts();
    let token = server.account("Ana").await;
    let bearer = format!("Bearer {token}");
    let cookie = format!("a=b; pond-session={token}");
    for header in [
        ("Authorization", bearer.as_str()),
        ("Cookie", cookie.as_str()),
    ] {
        let mut socket = server.socket("/ws", &[header]).await;
        assert_eq!(next_json(&mut socket).await["body"]["user"]["name"], "Ana");
    }
    let mut socket = server.socket("/ws", &[]).await;
    let auth = json!({"type": "AUTH_REQUEST", "body": {"accessToken": token}}).to_string();
    socket
        .send(tokio_tungstenite::tungstenite::Message::text(auth))
        .await
        .unwrap();
    assert_eq!(next_json(&mut socket).await["body"]["code"], 0);
    let (peer, answer) = server.try_peer(&format!("/?accessToken={token}")).await;
    assert!(peer.is_none());
    assert_eq!(answer["code"], 4011, "a real token has no place in a URL");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("get a ticket"), "{message}");
}

#[tokio::test]
async fn a_ticket_opens_one_socket_once() {
    let server = TestServer::with_accounts();
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let answer = server
        .http(
            "POST",
            "/api/v1/tickets",
            &[("Authorization", &bearer)],
            None,
        )
        .await;
    assert_eq!(
        (answer.status, &answer.json()["expiresInMs"]),
        (201, &json!(30_000))
    );
    let path = format!(
        "/ws?accessToken={}",
        answer.json()["ticket"].as_str().unwrap()
    );
    assert!(server.try_peer(&path).await.0.is_some());
    assert!(server.try_peer(&path).await.0.is_none(), "it was used");
    assert_eq!(
        server
            .http("POST", "/api/v1/tickets", &[], None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn signing_out_ends_the_token_its_sockets_and_its_cookie() {
    let server = TestServer::with_accounts();
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let header = [("Authorization", bearer.as_str())];
    let mut socket = server.socket("/ws", &header).await;
    next_json(&mut socket).await;
    let out = server
        .http("DELETE", "/api/v1/sessions/current", &header, None)
        .await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(close_code(&mut socket).await, 4401);
    assert_eq!(
        server.get("/api/v1/conversations", &header).await.status,
        401
    );
}

#[tokio::test]
async fn the_browsers_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let server = TestServer::with_accounts();
    server.account("Ana").await;
    let credentials = json!({"name": "Ana", "password": "correct horse"});
    let answer = server
        .post("/api/v1/sessions", &[], credentials.clone())
        .await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let https = TestServer::start(backend::store::World::Accounts, |config| {
        config.public_origin = Some("https://chat.example.org".into());
    });
    let answer = https.post("/api/v1/accounts", &[], credentials).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("; Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_before_anything_else() {
    let server = TestServer::start(backend::store::World::Accounts, |config| {
        config.public_origin = Some("https://chat.example.org".into());
    });
    let own = format!("http://{}", server.address);
    for (origin, is_let_in) in [
        (own.as_str(), true),
        ("https://chat.example.org", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let opened = server.try_socket("/ws", &[("Origin", origin)]).await;
        assert_eq!(opened.is_ok(), is_let_in, "{origin}");
        if let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) = opened {
            assert_eq!(answer.status(), 403);
        }
        let credentials = json!({"name": "x", "password": "y"});
        let answer = server
            .post("/api/v1/sessions", &[("Origin", origin)], credentials)
            .await;
        assert_eq!(answer.status == 403, !is_let_in, "{origin}");
        if !is_let_in {
            let title = answer.json()["title"].to_string();
            let host = server.address.to_string();
            for named in [origin, &host, "https://chat.example.org", "--public-url"] {
                assert!(title.contains(named), "{title}");
            }
        }
    }
}
