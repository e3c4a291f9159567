//! The configuration file: the flags' names, in TOML.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{ConfigError, switch};

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct File {
    #[serde(deserialize_with = "listen")]
    pub(super) listen: Option<String>,
    pub(super) data: Option<PathBuf>,
    #[serde(deserialize_with = "on_or_off")]
    pub(super) demo: Option<bool>,
    #[serde(deserialize_with = "on_or_off")]
    pub(super) demo_for_all: Option<bool>,
    #[serde(deserialize_with = "public_url")]
    pub(super) public_url: Option<String>,
    #[serde(deserialize_with = "addresses")]
    pub(super) trusted_proxy: Vec<IpAddr>,
    #[serde(deserialize_with = "on_or_off")]
    pub(super) rate_limits: Option<bool>,
}

/// Reads it.
///
/// # Errors
/// [`ConfigError`], with the line that is wrong.
pub(super) fn read(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| ConfigError::Line {
        path: path.to_owned(),
        why: error.to_string().trim_end().to_owned(),
    })
}

fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(
        from,
        "an address and a port in quotes are needed, such as \"127.0.0.1:8080\"",
    )
}

fn public_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(
        from,
        "an address in quotes is needed, such as \"https://chat.example.org\"",
    )
}

/// A text; for anything else, what is needed.
fn text<'de, D: Deserializer<'de>>(from: D, needed: &str) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from).map_err(|_| D::Error::custom(needed))?;
    Ok(Some(text))
}

/// One address, or several.
fn addresses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpAddr>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "addresses without a port are needed, in quotes and brackets, such as [\"127.0.0.1\", \"::1\"]"
    )]
    enum Written {
        One(IpAddr),
        Several(Vec<IpAddr>),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(address) => vec![address],
        Written::Several(addresses) => addresses,
    })
}

/// A switch: `true`, or any word that the flags take.
fn on_or_off<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true or false is needed, or \"on\" or \"off\"")]
    enum Written {
        Switch(bool),
        Word(String),
    }
    match Written::deserialize(from)? {
        Written::Switch(is_on) => Ok(Some(is_on)),
        Written::Word(word) => match switch(&word) {
            Some(is_on) => Ok(Some(is_on)),
            None => Err(D::Error::custom(format!(
                "{word:?} is neither on nor off (nor true, false, yes, no, 1, 0)"
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<File, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_switch_is_a_word_or_a_boolean() {
        for text in ["demo = true", "demo = \"on\"", "demo = \"Yes\""] {
            assert_eq!(read_text(text).unwrap().demo, Some(true), "{text}");
        }
        let off = read_text("rate-limits = false\ndemo-for-all = \"off\"").unwrap();
        assert_eq!(
            (off.rate_limits, off.demo_for_all, off.demo),
            (Some(false), Some(false), None)
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_is_needed() {
        for (text, said) in [
            ("lissen = 1", "lissen"),
            ("listen = 8080", "\"127.0.0.1:8080\""),
            ("demo = \"maybe\"", "\"maybe\" is neither on nor off"),
            ("rate-limits = 1", "\"on\" or \"off\""),
            ("public-url = 5", "\"https://chat.example.org\""),
            ("trusted-proxy = \"proxy\"", "[\"127.0.0.1\", \"::1\"]"),
        ] {
            let error = read_text(&format!("data = \"x\"\n{text}\n")).err().unwrap();
            assert!(error.contains("line 2") && error.contains(said), "{error}");
            assert!(!error.ends_with('\n'), "{error:?}");
        }
    }

    #[test]
    fn one_proxy_needs_no_brackets() {
        let proxies = |text| read_text(text).unwrap().trusted_proxy;
        assert_eq!(
            proxies("trusted-proxy = \"::1\""),
            proxies("trusted-proxy = [\"::1\"]")
        );
    }
}
