//! The app's own address: headers, caching, and a server without an app.

use super::support::TestServer;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::with_accounts();
    for path in [
        "/",
        "/d/3-17",
        "/api/v1/server",
        "/no-such-file.js",
        "/healthz",
    ] {
        let answer = server.get(path, &[]).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"));
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
    assert_eq!(server.get("/no-such-file.js", &[]).await.status, 404);
}

#[tokio::test]
async fn a_place_in_the_app_is_the_page_and_is_never_kept() {
    let server = TestServer::with_accounts();
    for path in ["/", "/r/1", "/d/3-17"] {
        let answer = server.get(path, &[]).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
        let caching = answer.header("cache-control");
        assert!(
            caching.is_none() || caching == Some("no-cache"),
            "{caching:?}"
        );
        assert!(!answer.body.contains("<script>"), "no inline code");
    }
}

#[tokio::test]
async fn a_server_says_which_kind_it_is() {
    let server = TestServer::demo();
    let info = server.get("/api/v1/server", &[]).await.json();
    assert_eq!(info["demo"], true);
    assert!(
        info["build"]
            .as_str()
            .unwrap()
            .starts_with(env!("CARGO_PKG_VERSION"))
    );
}
