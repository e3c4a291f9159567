//! The app's own address: headers, caching, and a server without an app.

use backend::store::World;

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
async fn a_place_in_the_app_is_the_page_whose_status_says_if_there_is_one_and_is_never_kept() {
    let server = TestServer::with_accounts();
    for (path, status) in [
        ("/", 200),
        ("/r/1", 200),
        ("/d/3-17", 200),
        ("/d/3-17/", 200),
        ("/r/1/2", 404),
        ("/d/17-3", 404),
        ("/nowhere", 404),
    ] {
        let answer = server.get(path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
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

#[tokio::test]
async fn a_demo_for_this_machine_answers_to_no_strange_name() {
    let asked_for = async |server: &TestServer, host: &str| {
        let answer = server.get("/api/v1/server", &[("Host", host)]).await;
        answer.status
    };
    let demo = TestServer::start(World::Demo, |config| {
        config.public_origin = Some("https://demo.example.org".into());
    });
    let own = [
        "localhost",
        "LOCALHOST:8080",
        "pond.localhost",
        "127.0.0.1:8080",
        "[::1]:8080",
        "192.168.1.7",
        "demo.example.org",
    ];
    for host in own {
        assert_eq!(asked_for(&demo, host).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example:8080",
        "127.0.0.1.evil.example",
        "",
    ] {
        assert_eq!(asked_for(&demo, host).await, 403, "{host}");
    }
    let refused = demo.get("/", &[("Host", "evil.example")]).await.json();
    let title = refused["title"].as_str().unwrap();
    assert!(
        title.contains("evil.example") && title.contains("--public-url"),
        "{title}"
    );
    let upgrade = demo.try_socket("/?accessToken=Ana", &[("Host", "evil.example")]);
    assert!(upgrade.await.is_err(), "a socket neither");
    let accounts = TestServer::with_accounts();
    assert_eq!(
        asked_for(&accounts, "chat.example.org").await,
        200,
        "where people have passwords, the cookie of another name is of no use"
    );
}
