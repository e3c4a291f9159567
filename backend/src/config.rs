//! What the person who runs the server may set: flags, environment, a TOML file.
//!
//! A flag goes before its environment variable, and that before the file. Everything is checked
//! here, before anything is opened.

mod file;

use std::{
    env,
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{
    Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, builder::Resettable,
};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::store::World;
use file::{File, read};

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "pond",
    version,
    about = "A chat server that keeps every message, with its web app inside",
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true
)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Flags,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server (what happens without a command, too)
    Serve(Flags),
}

/// The flags of `pond serve`.
#[derive(Args, Debug, Default)]
pub struct Flags {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "POND_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// Folder for the database; made where there is none [default: pond-data, in a demo pond-demo]
    #[arg(long, env = "POND_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let anybody in under any name, without passwords: the tutorial's world, for trying things out
    #[arg(
        long,
        env = "POND_DEMO",
        num_args = 0..=1,
        default_missing_value = "on",
        value_name = "on|off",
        value_parser = on_or_off("--demo and POND_DEMO")
    )]
    demo: Option<bool>,
    /// Allow a demo on an address that others can reach
    #[arg(
        long,
        env = "POND_DEMO_FOR_ALL",
        num_args = 0..=1,
        default_missing_value = "on",
        value_name = "on|off",
        value_parser = on_or_off("--demo-for-all and POND_DEMO_FOR_ALL")
    )]
    demo_for_all: Option<bool>,
    /// Where browsers find the server, such as <https://chat.example.org>, when a proxy stands before it
    #[arg(long, env = "POND_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// A proxy's address, whose word on who asks is believed; several with commas, or named again
    #[arg(
        long,
        env = "POND_TRUSTED_PROXY",
        value_delimiter = ',',
        value_name = "ADDR",
        value_parser = proxy
    )]
    trusted_proxy: Vec<IpAddr>,
    /// Limits on signing in and on sending; off is for load tests [default: on]
    #[arg(
        long,
        env = "POND_RATE_LIMITS",
        value_name = "on|off",
        value_parser = on_or_off("--rate-limits and POND_RATE_LIMITS")
    )]
    rate_limits: Option<bool>,
    /// A TOML file with any of these settings, named as the flags are
    #[arg(long, env = "POND_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// Who may come in.
    pub world: World,
    /// `scheme://host[:port]` that pages may come from, besides the address they ask.
    pub public_origin: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether tries and messages are counted.
    pub rate_limits: bool,
    /// The most pages the database may have: for tests of a full disk.
    pub page_limit: Option<u32>,
}

/// What is wrong with the settings, in words for whoever starts the server.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("The configuration file {} cannot be read: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("The configuration file {} is wrong: {why}", path.display())]
    Line {
        /// Which.
        path: PathBuf,
        /// Which line, and why.
        why: String,
    },
    /// The data folder has no name.
    #[error(
        "`data` in the file is empty: name a folder, or leave it out for one in the current folder"
    )]
    Data,
    /// Not an address with a port.
    #[error(
        "--listen, POND_LISTEN or `listen` in the file is {0:?}: an address and a port are needed, such as 127.0.0.1:8080, [::1]:8080 or, for everybody, 0.0.0.0:8080"
    )]
    Listen(String),
    /// Not an URL's origin.
    #[error(
        "--public-url, POND_PUBLIC_URL or `public-url` in the file is {0:?} and not of the form https://chat.example.org"
    )]
    PublicUrl(String),
    /// A demo that anybody could reach.
    #[error(
        "In demo mode anybody gets in under any name, and {0} can be reached by others. Listen on 127.0.0.1, or add --demo-for-all if that is what you want"
    )]
    OpenDemo(SocketAddr),
    /// What lets everybody into a demo, without a demo.
    #[error(
        "--demo-for-all, POND_DEMO_FOR_ALL or `demo-for-all` in the file is on and there is no demo: add --demo, or leave it out"
    )]
    NoDemo,
    /// Not what a log is filtered by.
    #[error(
        "POND_LOG is {0:?}: off, error, warn, info, debug or trace is needed, for parts of the program too, such as warn,backend=debug"
    )]
    Log(String),
}

impl CommandLine {
    /// Reads the flags and the environment, in which an empty variable counts as not set. Where one is
    /// wrong, or help was asked for, it says so and ends the process.
    pub fn read() -> Self {
        let command = Self::command()
            .mut_args(without_empty_variable)
            .mut_subcommands(|command| command.mut_args(without_empty_variable));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// What the server is to run with.
    ///
    /// # Errors
    /// [`ConfigError`], which says what to change.
    pub fn config(self) -> Result<Config, ConfigError> {
        let flags = match self.command {
            Some(Command::Serve(flags)) => flags,
            None => self.serve,
        };
        let file = match &flags.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        merge(flags, file)
    }
}

/// What `POND_LOG` lets into the log: warnings and errors where it says nothing.
///
/// # Errors
/// [`ConfigError::Log`].
pub fn log_filter(variable: Option<OsString>) -> Result<EnvFilter, ConfigError> {
    let variable = variable.unwrap_or_default();
    let wrong = || ConfigError::Log(variable.to_string_lossy().into_owned());
    let text = variable.to_str().ok_or_else(wrong)?.trim();
    if text.is_empty() {
        return Ok(EnvFilter::new("warn"));
    }
    // The filter takes spaces around a level for a part of its word.
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    // A mere word that is no level would name a part of the program, of which all is logged.
    let is_meant =
        |part: &&str| part.contains(['=', '[', ']']) || part.parse::<LevelFilter>().is_ok();
    if !parts.iter().all(is_meant) {
        return Err(wrong());
    }
    EnvFilter::try_new(parts.join(",")).map_err(|_| wrong())
}

fn without_empty_variable(arg: Arg) -> Arg {
    let variable = arg.get_env().and_then(env::var_os);
    if variable.is_some_and(|value| value.is_empty()) {
        arg.env(Resettable::Reset)
    } else {
        arg
    }
}

/// Reads a switch; `names` are what may have set it.
fn on_or_off(
    names: &'static str,
) -> impl Fn(&str) -> Result<bool, String> + Clone + Send + Sync + 'static {
    move |text| {
        switch(text).ok_or_else(|| {
            format!("{names} take on or off (or true and false, yes and no, 1 and 0)")
        })
    }
}

fn switch(word: &str) -> Option<bool> {
    match &*word.to_ascii_lowercase() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn proxy(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| {
        "--trusted-proxy and POND_TRUSTED_PROXY take addresses such as 10.0.0.1, no names and no ranges"
    })
}

fn merge(flags: Flags, file: File) -> Result<Config, ConfigError> {
    let listen = (flags.listen.or(file.listen))
        .map_or_else(|| Ok(([127, 0, 0, 1], 8080).into()), |text| address(&text))?;
    let is_demo = flags.demo.or(file.demo).unwrap_or(false);
    let is_for_all = flags.demo_for_all.or(file.demo_for_all).unwrap_or(false);
    if is_demo && !is_for_all && !listen.ip().is_loopback() {
        return Err(ConfigError::OpenDemo(listen));
    }
    if is_for_all && !is_demo {
        return Err(ConfigError::NoDemo);
    }
    let (world, folder) = if is_demo {
        (World::Demo, "pond-demo")
    } else {
        (World::Accounts, "pond-data")
    };
    let data = (flags.data.or(file.data)).unwrap_or_else(|| folder.into());
    if data.as_os_str().is_empty() {
        return Err(ConfigError::Data);
    }
    let public_origin = flags
        .public_url
        .or(file.public_url)
        .map(origin)
        .transpose()?;
    let trusted_proxies = if flags.trusted_proxy.is_empty() {
        file.trusted_proxy
    } else {
        flags.trusted_proxy
    };
    Ok(Config {
        listen,
        data,
        world,
        public_origin,
        // A proxy is known by one name, however it was written.
        trusted_proxies: trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
        rate_limits: flags.rate_limits.or(file.rate_limits).unwrap_or(true),
        page_limit: None,
    })
}

/// `address:port`, where `localhost` is an address, too.
fn address(text: &str) -> Result<SocketAddr, ConfigError> {
    let numbers = text.replacen("localhost:", "127.0.0.1:", 1);
    (numbers.parse()).map_err(|_| ConfigError::Listen(text.to_owned()))
}

/// `scheme://host[:port]`, as browsers send it in `Origin`.
fn origin(url: String) -> Result<String, ConfigError> {
    let origin = url.trim_end_matches('/').to_lowercase();
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(origin),
        _ => Err(ConfigError::PublicUrl(url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, ConfigError> {
        CommandLine::parse_from([&["pond"], arguments].concat()).config()
    }

    #[test]
    fn a_data_folder_without_a_name_is_refused() {
        let file = File {
            data: Some(PathBuf::new()),
            ..File::default()
        };
        let merged = merge(Flags::default(), file);
        assert!(matches!(merged, Err(ConfigError::Data)));
    }

    #[test]
    fn a_demo_stays_at_home_unless_told_otherwise() {
        assert!(config(&["--demo"]).is_ok());
        assert!(matches!(
            config(&["serve", "--demo", "--listen", "0.0.0.0:80"]),
            Err(ConfigError::OpenDemo(_))
        ));
        assert!(config(&["--demo", "--listen", "0.0.0.0:80", "--demo-for-all"]).is_ok());
        assert!(config(&["--listen", "0.0.0.0:80"]).is_ok());
        let error = config(&["--demo-for-all"]).unwrap_err().to_string();
        assert!(error.contains("add --demo"), "{error}");
        assert!(config(&["--demo-for-all=off"]).is_ok());
    }

    #[test]
    fn a_switch_is_on_or_off_in_any_usual_word() {
        let demo = |word| {
            let read = CommandLine::try_parse_from(["pond", "--demo", word]);
            read.map(|read| read.config().unwrap().world == World::Demo)
        };
        for (on, off) in [("on", "off"), ("TRUE", "False"), ("yes", "no"), ("1", "0")] {
            assert!(demo(on).unwrap() && !demo(off).unwrap(), "{on} {off}");
        }
        let error = demo("maybe").unwrap_err().to_string();
        for named in ["POND_DEMO", "maybe", "on or off"] {
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_log_has_levels_and_not_any_word() {
        let filter = |text: &str| log_filter(Some(text.into())).map(|filter| filter.to_string());
        assert_eq!(log_filter(None).unwrap().to_string(), "warn");
        assert_eq!(filter("").unwrap(), "warn");
        for (right, meant) in [
            ("info", "info"),
            ("DEBUG", "debug"),
            ("off", "off"),
            (" info\r", "info"),
            ("warn, backend=debug", "backend=debug,warn"),
            ("backend::http=trace", "backend::http=trace"),
        ] {
            assert_eq!(filter(right).unwrap(), meant, "{right}");
        }
        for wrong in ["blah", "warn,blah", "backend=blah", "on"] {
            let error = filter(wrong).unwrap_err().to_string();
            assert!(
                error.contains("POND_LOG") && error.contains(wrong) && error.contains("debug"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_flag_goes_before_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let text = "rate-limits = \"off\"\nlisten = \"127.0.0.1:9\"\n";
        std::fs::write(file.path(), text).unwrap();
        let config = config(&["--config", path, "--listen", "127.0.0.1:7"]).unwrap();
        assert_eq!((config.listen.port(), config.rate_limits), (7, false));
    }

    #[test]
    fn an_address_to_listen_on_has_a_port_and_is_no_name() {
        let listen = |text| config(&["--listen", text]).map(|config| config.listen.to_string());
        assert_eq!(listen("localhost:80").unwrap(), "127.0.0.1:80");
        assert_eq!(listen("[::1]:80").unwrap(), "[::1]:80");
        for wrong in ["127.0.0.1", ":80", "80", "chat.example.org:80", "localhost"] {
            let error = listen(wrong).unwrap_err().to_string();
            assert!(
                error.contains(wrong) && error.contains("127.0.0.1:8080"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_proxy_is_known_however_it_is_written() {
        let config = config(&["--trusted-proxy", "::ffff:10.0.0.1,::1"]).unwrap();
        let proxies: Vec<_> = config
            .trusted_proxies
            .iter()
            .map(IpAddr::to_string)
            .collect();
        assert_eq!(proxies, ["10.0.0.1", "::1"]);
    }

    #[test]
    fn a_public_url_is_an_origin() {
        let origin = |url| config(&["--public-url", url]).map(|config| config.public_origin);
        assert_eq!(
            origin("https://Chat.example.org/").unwrap().unwrap(),
            "https://chat.example.org"
        );
        for wrong in ["chat.example.org", "ftp://x", "https://x/path", "https://"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
