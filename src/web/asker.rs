//! From where somebody asks whom nobody knows: what a pace is kept by.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What one customer of a provider is given at least (RFC 6177): who has it
/// has more addresses than anybody could count.
const IPV6_PREFIX: u128 = !0 << 64;

/// The address that asks. A proxy of ours names it last in `X-Forwarded-For`;
/// whoever else writes there is not believed.
pub(super) fn asker(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let hops = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = hops.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
    for hop in hops {
        if !proxies.contains(&nearest) {
            break;
        }
        let Ok(before) = hop.trim().parse::<IpAddr>() else { break };
        nearest = before.to_canonical();
    }
    whole_network(nearest)
}

fn whole_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_PREFIX).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        asker(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        let ours: &[&str] = &["10.0.0.1", "10.0.0.2"];
        for (peer, forwarded, proxies, expected) in [
            ("192.0.2.7", &["198.51.100.1"][..], ours, "192.0.2.7"),
            ("10.0.0.1", &["198.51.100.1"], &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], ours, "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], ours, "198.51.100.1"),
            // What the asker wrote stands before what our proxy added.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.1"], ours, "198.51.100.1"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.1, 10.0.0.2"], ours, "198.51.100.1"),
            ("10.0.0.1", &["somebody"], ours, "10.0.0.1"),
            ("10.0.0.1", &[], ours, "10.0.0.1"),
        ] {
            assert_eq!(asked(peer, forwarded, proxies), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_asker() {
        let one = asked("2001:db8:1:2:aaaa::1", &[], &[]);
        assert_eq!(one, asked("2001:db8:1:2:bbbb::2", &[], &[]));
        assert_ne!(one, asked("2001:db8:1:3::1", &[], &[]));
    }
}
