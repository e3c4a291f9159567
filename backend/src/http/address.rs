//! Where a request comes from, which limits on signing in count by.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use super::Site;

/// The address of whoever asks: of the connection, or, where that is a proxy of ours, what it says.
pub(super) struct ClientAddress(pub(super) IpAddr);

impl FromRequestParts<Arc<Site>> for ClientAddress {
    type Rejection = <ConnectInfo<SocketAddr> as FromRequestParts<Arc<Site>>>::Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        site: &Arc<Site>,
    ) -> Result<Self, Self::Rejection> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, site).await?;
        let address = client_address(peer.ip(), &parts.headers, &site.trusted_proxies);
        Ok(Self(address))
    }
}

/// Each proxy appends who asked it. So from the end: the first that is none of ours, for what stands
/// before it anybody can have written.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter();
    let forwarded: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let mut address = peer.to_canonical();
    for said in forwarded.into_iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        match said.trim().parse::<IpAddr>() {
            Ok(before) => address = before.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.1", "10.0.0.2"].map(|proxy| proxy.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(address("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(address("::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(address("198.51.100.9", &["203.0.113.7"]), "198.51.100.9");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_writes_itself_is_not_believed() {
        let forged = ["1.1.1.1, 203.0.113.7", "10.0.0.2"];
        assert_eq!(address("10.0.0.1", &forged), "203.0.113.7");
        assert_eq!(address("10.0.0.1", &["1.1.1.1, nonsense"]), "10.0.0.1");
    }
}
