//! The binary as whoever starts it meets it: its variables, what it prints, what it logs.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use tempfile::TempDir;

/// A server that runs, and the address that it printed.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
    _data: TempDir,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let mut child = pond(flags)
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut running = Self {
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            address: ([127, 0, 0, 1], 0).into(),
            _data: data,
        };
        let line = running.line();
        let address = line.trim().strip_prefix("Pond is at http://").unwrap();
        running.address = address.parse().unwrap();
        running
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Asks as a page of another site does.
    fn ask_from_elsewhere(&self) -> String {
        self.ask(
            "GET /api/v1/server HTTP/1.1\r\nConnection: close\r\n\
             Host: inner:8080\r\nOrigin: https://chat.example.org\r\n\r\n",
        )
    }

    /// Asks for an account.
    #[cfg(target_os = "linux")]
    fn sign_up(&self, name: &str) -> String {
        let body = format!(r#"{{"name":"{name}","password":"correct horse"}}"#);
        self.ask(&format!(
            "POST /api/v1/accounts HTTP/1.1\r\nConnection: close\r\nHost: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        ))
    }

    /// The memory that it has of the system, in KiB.
    #[cfg(target_os = "linux")]
    fn resident_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.unwrap().trim().trim_end_matches(" kB");
        kib.parse().unwrap()
    }

    /// Asks on a connection of its own, and reads the whole answer.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn end(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without the variables of whoever runs the tests.
fn pond(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pond"));
    let variables = std::env::vars_os().map(|(name, _)| name);
    for name in variables.filter(|name| name.to_string_lossy().starts_with("POND_")) {
        command.env_remove(name);
    }
    command.args(flags);
    command
}

/// What it says with these variables. It never runs, for its data folder would be a file.
fn refused(variables: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\n").unwrap();
    pond(&["serve", "--data"])
        .arg(file.join("data"))
        .env("POND_CONFIG", &file)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn it_stops_in_peace_where_nobody_reads_what_it_says() {
    let data = TempDir::new().unwrap();
    let mut child = pond(&["--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(output);
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_variable_that_is_wrong_is_named_with_what_it_takes() {
    for (name, value, taken) in [
        ("POND_LISTEN", "here", "127.0.0.1:8080"),
        ("POND_DEMO", "maybe", "on or off"),
        ("POND_DEMO_FOR_ALL", "maybe", "on or off"),
        ("POND_RATE_LIMITS", "maybe", "on or off"),
        ("POND_TRUSTED_PROXY", "10.0.0.0/8", "10.0.0.1"),
        ("POND_PUBLIC_URL", "chat", "https://chat.example.org"),
        ("POND_CONFIG", "no-such-file", "cannot be read"),
        ("POND_LOG", "blah", "info"),
    ] {
        let output = refused(&[(name, value)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(value) && said.contains(taken), "{said}");
        // A file is named by its own name.
        assert!(said.contains(name) || name == "POND_CONFIG", "{said}");
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let names = [
        "POND_LISTEN",
        "POND_DEMO",
        "POND_DEMO_FOR_ALL",
        "POND_RATE_LIMITS",
        "POND_TRUSTED_PROXY",
        "POND_PUBLIC_URL",
        "POND_LOG",
    ];
    let output = refused(&names.map(|name| (name, "")));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be used"), "only the folder: {said}");
}

#[test]
fn who_listens_on_all_addresses_prints_one_that_opens_here() {
    let mut pond = Running::start(&["--listen", "0.0.0.0:0"]);
    assert!(pond.address.ip().is_loopback(), "{}", pond.address);
    assert!(pond.line().contains("all addresses"));
    assert!(pond.ask_from_elsewhere().starts_with("HTTP/1.1 403"));
}

#[test]
fn a_page_from_elsewhere_is_in_the_log_and_does_not_fill_it() {
    let mut pond = Running::start(&["--listen", "127.0.0.1:0"]);
    for _ in 0..5 {
        assert!(pond.ask_from_elsewhere().starts_with("HTTP/1.1 403"));
    }
    let log = pond.end();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 1, "{log}");
    for named in ["https://chat.example.org", "inner:8080", "--public-url"] {
        assert!(log.contains(named), "{log}");
    }
}

/// With glibc's allocator many of them would leave their 19 MiB behind.
#[cfg(target_os = "linux")]
#[test]
fn what_hashing_a_password_takes_serves_the_next() {
    let pond = Running::start(&["--rate-limits", "off", "--listen", "127.0.0.1:0"]);
    let before = pond.resident_kib();
    std::thread::scope(|threads| {
        for at_once in 0..HASHES_AT_ONCE {
            let pond = &pond;
            threads.spawn(move || {
                for n in 0..6 {
                    let answer = pond.sign_up(&format!("user{at_once}-{n}"));
                    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
                }
            });
        }
    });
    let more = pond.resident_kib().saturating_sub(before);
    let allowed = (HASHES_AT_ONCE + 2) * HASH_KIB;
    assert!(more < allowed, "{more} KiB more than before");
}

#[cfg(target_os = "linux")]
const HASHES_AT_ONCE: u64 = 4;
/// What argon2id takes while it runs.
#[cfg(target_os = "linux")]
const HASH_KIB: u64 = 19 << 10;
