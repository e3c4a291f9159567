//! Start-up refuses, with one clear sentence, what would break a promise or lose data.

use backend::{server::Server, store::World};
use tempfile::TempDir;

use super::support::{TestServer, config_in, start_error};

#[tokio::test]
async fn a_port_in_use_is_named_and_the_folder_is_left_alone() {
    let server = TestServer::demo();
    let folder = TempDir::new().unwrap();
    let mut config = config_in(&folder.path().join("data"), World::Demo);
    config.listen = server.address;
    let error = start_error(config).to_string();
    assert!(
        error.contains(&server.address.to_string()) && error.contains("--listen"),
        "{error}"
    );
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let server = TestServer::demo();
    let error = start_error(config_in(&server.config.data, World::Demo)).to_string();
    assert!(
        error.contains("Another pond is running") && error.contains("--data"),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_of_a_newer_version_is_not_touched() {
    let mut server = TestServer::demo();
    server.stop().await;
    let file = server.config.data.join("pond.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.pragma_update(None, "user_version", 4711).unwrap();
    db.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = start_error(server.config.clone()).to_string();
    assert!(error.contains("newer") && error.contains("4711"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_of_ours_is_not_touched() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("pond.db");
    std::fs::write(
        &file,
        "this is a letter to my grandmother, and not a database at all",
    )
    .unwrap();
    let error = start_error(config_in(folder.path(), World::Demo)).to_string();
    assert!(
        error.contains("cannot be read") && error.contains("backup"),
        "{error}"
    );
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains("grandmother")
    );
    std::fs::remove_file(&file).unwrap();
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    db.close().unwrap();
    let error = start_error(config_in(folder.path(), World::Demo)).to_string();
    assert!(error.contains("another program"), "{error}");
}

#[tokio::test]
async fn accounts_and_nicknames_are_never_mixed() {
    let mut server = TestServer::with_accounts();
    server.stop().await;
    let error = start_error(config_in(&server.config.data, World::Demo)).to_string();
    assert!(error.contains("with accounts"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_the_data() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("deep/data");
    let server = Server::start(config_in(&data, World::Demo)).unwrap();
    let rights = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(rights(&data), 0o700);
    for file in ["pond.db", "pond.db-wal"] {
        assert_eq!(rights(&data.join(file)), 0o600, "{file}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let error = start_error(config_in(&blocked.join("data"), World::Demo)).to_string();
    assert!(
        error.contains("cannot be used") && error.contains("--data"),
        "{error}"
    );
}

#[tokio::test]
async fn stopping_ends_every_socket_with_a_reason() {
    let mut server = TestServer::demo();
    let ana = server.peer("Ana").await;
    let unknown = server.socket("/ws", &[]).await;
    let stopping = async {
        server.stop().await;
    };
    let mut unknown = unknown;
    let (code, other, ()) = tokio::join!(
        ana.close_code(),
        super::support::close_code(&mut unknown),
        stopping
    );
    assert_eq!((code, other), (1012, 1012));
}
