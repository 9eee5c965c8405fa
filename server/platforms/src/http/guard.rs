//! Which addresses may be called. Platforms answer with URLs of their own (upload addresses), and base URLs are
//! settings: none of them may lead a request into the network this program runs in.
//!
//! Checked twice: an address written into the URL, and what a name resolves to at the moment of connecting, inside
//! the client's resolver, so that a name cannot point elsewhere between check and use.

use std::{
    error::Error as StdError,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The rule: public addresses over HTTPS only, unless the setting allows private networks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressGuard {
    allow_private_networks: bool,
}

/// An address this program must not call. The text is for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Neither `https`, nor `http` where that is allowed.
    Scheme,
    /// A user name or password stands in the URL.
    UserInfo,
    NoHost,
    Address(IpAddr),
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the address is not https"),
            Self::UserInfo => f.write_str("the address holds a user name or password"),
            Self::NoHost => f.write_str("the address has no host"),
            Self::Address(ip) => write!(f, "the address leads to {ip}, which is not on the public internet"),
        }
    }
}

impl StdError for Blocked {}

impl AddressGuard {
    pub const fn new(allow_private_networks: bool) -> Self {
        Self { allow_private_networks }
    }

    /// What can be said without asking DNS.
    pub fn check_url(self, url: &Url) -> Result<(), Blocked> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private_networks => {}
            _ => return Err(Blocked::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo);
        }
        match url.host() {
            // The client does not ask the resolver for literal addresses. `url` has already turned the other spellings
            // (2130706433, 0x7f.1) into this one.
            Some(Host::Ipv4(ip)) => self.check_ip(ip.into()),
            Some(Host::Ipv6(ip)) => self.check_ip(ip.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Blocked::NoHost),
        }
    }

    fn check_ip(self, ip: IpAddr) -> Result<(), Blocked> {
        match reach(ip) {
            Reach::Public => Ok(()),
            Reach::Private if self.allow_private_networks => Ok(()),
            Reach::Private | Reach::Never => Err(Blocked::Address(ip)),
        }
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One forbidden address spoils the name: a mixed answer is how a rebinding attack looks.
            for address in &addresses {
                guard.check_ip(address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Somewhere on the internet.
    Public,
    /// This machine or its networks.
    Private,
    /// Where no platform is, whatever the setting: cloud metadata, broadcast, multicast.
    Never,
}

fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

/// IANA's special-purpose registry for IPv4.
const fn reach_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        // "this network", link-local with every cloud's metadata service, multicast, reserved and broadcast
        [0 | 224..=255, ..] | [169, 254, ..] => Reach::Never,
        [10 | 127, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        // carrier-grade NAT
        | [100, 64..=127, ..]
        // protocol assignments, documentation, 6to4 relays, benchmarks
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Reach::Private,
        _ => Reach::Public,
    }
}

/// IANA's special-purpose registry for IPv6. Addresses that carry an IPv4 address go where that one goes.
fn reach_v6(ip: Ipv6Addr) -> Reach {
    let carried = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        // unspecified, link-local, multicast, and the one metadata service that lives in unique-local space
        [0, 0, 0, 0, 0, 0, 0, 0] | [0xfe80..=0xfebf | 0xff00..=0xffff, ..] | [0xfd00, 0x0ec2, ..] => Reach::Never,
        // loopback, unique-local, the old site-local, local NAT64, discard, protocol assignments with Teredo, documentation, SRv6
        [0, 0, 0, 0, 0, 0, 0, 1]
        | [0xfc00..=0xfdff | 0xfec0..=0xfeff | 0x5f00, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0 | 1, ..]
        | [0x2001, 0..=0x1ff | 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..] => Reach::Private,
        // IPv4-mapped, IPv4-compatible, NAT64 (RFC 6052), 6to4
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            reach_v4(carried(high, low))
        }
        // Only 2000::/3 is given out.
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.1.1.1", Reach::Public)]
    #[case("157.240.1.35", Reach::Public)]
    #[case("172.15.0.1", Reach::Public)]
    #[case("172.32.0.1", Reach::Public)]
    #[case("100.63.0.1", Reach::Public)]
    #[case("198.20.0.1", Reach::Public)]
    #[case("127.0.0.1", Reach::Private)]
    #[case("127.255.255.254", Reach::Private)]
    #[case("10.1.2.3", Reach::Private)]
    #[case("172.16.0.1", Reach::Private)]
    #[case("172.31.255.255", Reach::Private)]
    #[case("192.168.1.1", Reach::Private)]
    #[case("100.64.0.1", Reach::Private)]
    #[case("192.0.2.1", Reach::Private)]
    #[case("198.19.0.1", Reach::Private)]
    #[case("203.0.113.9", Reach::Private)]
    #[case("169.254.169.254", Reach::Never)]
    #[case("0.0.0.0", Reach::Never)]
    #[case("224.0.0.1", Reach::Never)]
    #[case("255.255.255.255", Reach::Never)]
    #[case("2a03:2880:f12d:83:face:b00c:0:25de", Reach::Public)]
    #[case("2606:4700:4700::1111", Reach::Public)]
    #[case("::1", Reach::Private)]
    #[case("::", Reach::Never)]
    #[case("fd12:3456::1", Reach::Private)]
    #[case("fec0::1", Reach::Private)]
    #[case("2001:db8::1", Reach::Private)]
    #[case("2001::1", Reach::Private)]
    #[case("64:ff9b:1::1", Reach::Private)]
    #[case("fe80::1", Reach::Never)]
    #[case("febf::1", Reach::Never)]
    #[case("fd00:ec2::254", Reach::Never)]
    #[case("ff02::1", Reach::Never)]
    #[case("4000::1", Reach::Never)]
    // the same IPv4 addresses in IPv6 clothes
    #[case("::ffff:127.0.0.1", Reach::Private)]
    #[case("::ffff:169.254.169.254", Reach::Never)]
    #[case("::ffff:1.1.1.1", Reach::Public)]
    #[case("::10.0.0.1", Reach::Private)]
    #[case("64:ff9b::10.0.0.1", Reach::Private)]
    #[case("64:ff9b::1.1.1.1", Reach::Public)]
    #[case("2002:7f00:1::", Reach::Private)]
    #[case("2002:a9fe:a9fe::1", Reach::Never)]
    fn addresses(#[case] ip: IpAddr, #[case] expected: Reach) {
        assert_eq!(reach(ip), expected);
    }

    #[rstest]
    #[case("https://graph.facebook.com/v25.0/me", Ok(()))]
    #[case("https://1.1.1.1/", Ok(()))]
    #[case("http://graph.facebook.com/", Err(Blocked::Scheme))]
    #[case("ftp://graph.facebook.com/", Err(Blocked::Scheme))]
    #[case("https://user@graph.facebook.com/", Err(Blocked::UserInfo))]
    #[case("https://:secret@graph.facebook.com/", Err(Blocked::UserInfo))]
    #[case("https://127.0.0.1/", Err(Blocked::Address(Ipv4Addr::LOCALHOST.into())))]
    #[case("https://2130706433/", Err(Blocked::Address(Ipv4Addr::LOCALHOST.into())))]
    #[case("https://0x7f.1/", Err(Blocked::Address(Ipv4Addr::LOCALHOST.into())))]
    #[case("https://[::1]/", Err(Blocked::Address(Ipv6Addr::LOCALHOST.into())))]
    #[case("https://169.254.169.254/latest/meta-data", Err(Blocked::Address(Ipv4Addr::new(169, 254, 169, 254).into())))]
    fn urls(#[case] url: Url, #[case] expected: Result<(), Blocked>) {
        assert_eq!(AddressGuard::new(false).check_url(&url), expected);
    }

    #[rstest]
    #[case("http://127.0.0.1:8090/facebook", true)]
    #[case("http://[::1]:8090/facebook", true)]
    #[case("http://169.254.169.254/", false)]
    #[case("http://[::ffff:169.254.169.254]/", false)]
    #[case("https://[fd00:ec2::254]/", false)]
    #[case("file:///etc/passwd", false)]
    fn urls_where_private_networks_are_allowed(#[case] url: Url, #[case] allowed: bool) {
        assert_eq!(AddressGuard::new(true).check_url(&url).is_ok(), allowed);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What the standard library knows not to be public is not public here.
        #[test]
        fn nothing_private_passes(octets in any::<[u8; 4]>()) {
            let ip = Ipv4Addr::from(octets);
            let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast()
                || ip.is_documentation() || ip.is_unspecified() || ip.is_multicast();
            prop_assert!(!(special && reach(ip.into()) == Reach::Public), "{ip}");
            // Neither does another spelling help, nor does it hurt.
            prop_assert_eq!(reach(ip.to_ipv6_mapped().into()), reach(ip.into()));
        }

        #[test]
        fn nothing_private_passes_in_ipv6(segments in any::<[u16; 8]>(), first in 0_usize..9) {
            let mut segments = segments;
            // Random addresses are hardly ever special: most start like one that is.
            let starts = [0, 0x64, 0x100, 0x2001, 0x2002, 0xfc00, 0xfe80, 0xff02];
            if let Some(start) = starts.get(first) {
                segments[0] = *start;
            }
            let ip = Ipv6Addr::from(segments);
            let special = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unique_local()
                || ip.is_unicast_link_local();
            prop_assert!(!(special && reach(ip.into()) == Reach::Public), "{ip}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let name = || "localhost".parse::<Name>().unwrap();
        let Err(refused) = AddressGuard::new(false).resolve(name()).await else { panic!("localhost was let through") };
        assert!(matches!(refused.downcast_ref(), Some(Blocked::Address(ip)) if ip.is_loopback()), "{refused}");
        assert!(AddressGuard::new(true).resolve(name()).await.is_ok());
    }
}
