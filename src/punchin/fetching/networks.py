"""Which IP addresses are public: the standard library's knowledge, and what it does not know."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is handed out of IPv6 (IANA IPv6 Global Unicast Address Assignments); the rest is not public."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: where a resolver puts IPv4 addresses for networks that have IPv6 alone."""

_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            # IANA IPv4 and IPv6 Special-Purpose Address Registries, and the tunnels that carry IPv4 inside
            "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata service
            "192.88.99.0/24",  # relays of 6to4 (RFC 7526: deprecated)
            "168.63.129.16/32",  # Azure's platform service: a public number that only virtual machines reach
            "2001::/23",  # protocol assignments, Teredo, ORCHID, benchmarking
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation (RFC 9637), newer than Python 3.11
        ),
    )
)

METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle ...
            "169.254.170.2",  # AWS ECS
            "169.254.170.23",  # AWS EKS
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS EKS
            "fd20:ce::254",  # Google
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure
            "192.0.0.192",  # Oracle
        ),
    )
)
"""Where clouds hand out the keys of the machine; trusting a host by its name does not open these."""


def plain(ip: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv4-mapped one (::ffff:a.b.c.d): the system connects to that one."""
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def is_public(ip: IpAddress) -> bool:
    """Whether an address is one of the public internet that a host can have."""
    ip = plain(ip)
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(IPv4Address(int(ip) & 0xFFFF_FFFF))
        if ip not in _GLOBAL_UNICAST or ip.scope_id is not None or _carries_ipv4(ip):
            return False
    if ip.is_multicast or not ip.is_global:
        return False
    return not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)


def is_reachable(ip: IpAddress) -> bool:
    """Whether an address can be that of a host trusted by its name: public, private, or this machine."""
    ip = plain(ip)
    return not (ip.is_multicast or ip.is_unspecified or ip.is_link_local or ip in METADATA)


def _carries_ipv4(ip: IPv6Address) -> bool:
    """ISATAP (RFC 5214): the lower half is 0000:5efe or 0200:5efe and an IPv4 address."""
    return int(ip) >> 32 & 0xFDFF_FFFF == 0x0000_5EFE
