from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.fetching.networks import METADATA, is_public, is_reachable, plain

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "192.167.1.1", "223.255.255.254", "2606:4700:4700::1111", "2a00:1450:4001:800::200e",
    "2001:4860:4860::8888", "2620:fe::fe", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::",
    "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "4000::1", "8000::1",
    "fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1",
    "ff0e::1", "2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:7f00:1", "2606:4700::1%2",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_the_public_internet_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_addresses_of_machines_networks_and_tunnels_are_not(text):
    assert not is_public(ip_address(text))


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_the_same_however_ipv6_carries_it(number):
    public = is_public(IPv4Address(number))
    assert is_public(ip_address(f"::ffff:{IPv4Address(number)}")) == public
    assert is_public(ip_address(int(ip_address("64:ff9b::")) + number)) == public


@given(st.integers(0, 2**32 - 1))
def test_nothing_that_the_standard_library_calls_private_is_public(number):
    ip = IPv4Address(number)
    if ip.is_private or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_multicast:
        assert not is_public(ip)


def test_a_mapped_address_is_the_one_inside():
    assert str(plain(ip_address("::ffff:10.1.2.3"))) == "10.1.2.3"
    assert str(plain(ip_address("2606:4700::1"))) == "2606:4700::1"


def test_a_host_trusted_by_name_reaches_private_addresses_but_no_metadata():
    assert all(is_reachable(ip_address(text)) for text in ("10.0.0.1", "127.0.0.1", "fd00::1", "8.8.8.8"))
    assert not any(map(is_reachable, METADATA))
    assert not any(is_reachable(ip_address(text)) for text in ("0.0.0.0", "::", "fe80::1", "224.0.0.1"))
    assert not is_reachable(ip_address("::ffff:169.254.169.254"))
