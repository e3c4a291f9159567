//! Opaque tokens: 32 random bytes to the client, their SHA-256 to the store.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::store::TokenHash;

/// A new session's token. It has no `Debug`, so it cannot slip into a log.
pub struct Token(String);

impl Token {
    /// 256 bits from the system.
    pub fn random() -> Self {
        Self(format!(
            "{PREFIX}{}",
            URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
        ))
    }

    /// What the client keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the store keeps.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// The hash of a text that may be a token; nothing for one that cannot be.
    pub fn hash_of(text: &str) -> Option<TokenHash> {
        let is_one = text.len() == PREFIX.len() + 43 && text.starts_with(PREFIX);
        is_one.then(|| hash(text))
    }
}

fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

/// Lets people and secret scanners recognise one.
const PREFIX: &str = "pond_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash() {
        let token = Token::random();
        assert_eq!(Token::hash_of(token.as_str()), Some(token.hash()));
        assert_eq!(Token::hash_of("芋艿"), None);
        assert_ne!(Token::random().as_str(), token.as_str());
    }
}
