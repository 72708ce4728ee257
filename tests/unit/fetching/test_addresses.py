import pytest

from punchin.errors import NotAllowed, SettingsError
from punchin.fetching import Trusted, check_address
from punchin.fetching.addresses import Address

REFUSED = [
    # no address of the web
    "", "http://[::%[e.\ufffd]:", "song.wav", "/etc/passwd", "//host/song.wav", "file:///etc/passwd",
    "ftp://host/a", "gopher://host/",
    "data:audio/wav;base64,AAAA", "javascript:alert(1)", "ws://host/", "unix:///var/run/docker.sock",
    "https://", "https:///song.wav", "https://:443/", "https:host", "jar:https://host/!/",
    # users and passwords
    "https://user@host.com/", "https://user:password@host.com/", "https://:@host.com/",
    "https://host.com\\@127.0.0.1/", "https://host.com%40127.0.0.1/", "https://host.com&@127.0.0.1/",
    "https://127.0.0.1\\@host.com/",
    # IPv4 written in other ways
    "https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0177.0.0.1/",
    "https://0x7f.0.0.1/", "https://0x7f.1/", "https://127.1/", "https://127.0.1/", "https://127.0.0.01/",
    "https://0/", "https://1.1/", "https://256.1.1.1/", "https://1.2.3.4.5/", "https://127.0.0.1.:443/",
    "https://127.0.0.0x1/", "https://3232235777/", "https://0x/", "https://1.2.3.4294967295/",
    # private addresses written as they are
    "https://127.0.0.1/", "https://127.0.0.1:8080/", "https://10.0.0.1/", "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/", "https://[::]/", "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/", "https://[64:ff9b::127.0.0.1]/", "https://[2002:7f00:1::]/", "https://[fe80::1]/",
    "https://[fd00:ec2::254]/", "https://[fe80::1%25eth0]/", "https://[::1%25lo]/", "https://[2606:4700::1%251]/",
    "https://255.255.255.255/", "https://224.0.0.1/", "https://100.100.100.200/",
    # letters that become others
    "https://１２７.0.0.1/", "https://127。0。0。1/", "https://①②⑦.⓪.⓪.①/", "https://127.0.0.1%2f.host.com/",
    "https://%31%32%37.0.0.1/", "https://host.com%00.evil.com/", "https://host%20.com/", "https://ho st.com/",
    "https://host\u00ad.com/", "https://ho\nst.com/", "https://host.com\r\nX: y/", "https://host..com/",
    "https://.host.com/", "https://host.com../",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/",
    "https://[::1/", "https://::1/", "https://[host.com]/", "https://[127.0.0.1]/", "https://[]/",
    # ports
    "https://host.com:0/", "https://host.com:65536/", "https://host.com:-1/", "https://host.com:22/",
    "https://host.com:25/", "https://host.com:x/", "https://host.com:80@127.0.0.1/",
    # plain http
    "http://host.com/", "HTTP://HOST.COM/",
    "https://host.com/" + "a" * 9000,
]  # fmt: skip

TAKEN = {
    "https://host.com/song.wav": ("host.com", 443, b"/song.wav"),
    "HTTPS://HOST.com./song.wav": ("host.com", 443, b"/song.wav"),
    " https://host.com/a?b=c#d@e ": ("host.com", 443, b"/a?b=c"),
    "https://host.com:8443": ("host.com", 8443, b"/"),
    "https://bücher.example/ü.wav": ("xn--bcher-kva.example", 443, b"/%C3%BC.wav"),
    "https://8.8.8.8/": ("8.8.8.8", 443, b"/"),
    "https://[2606:4700:4700::1111]:8443/x": ("2606:4700:4700::1111", 8443, b"/x"),
    "https://my_bucket.s3.amazonaws.com/a%20b.wav": ("my_bucket.s3.amazonaws.com", 443, b"/a%20b.wav"),
    "https://@host.com/": ("host.com", 443, b"/"),
    "https://host.com:80/": ("host.com", 80, b"/"),
    "https://127.0.0.1.nip.io/": ("127.0.0.1.nip.io", 443, b"/"),  # what it resolves to is checked later
    "https://host.com/?u=https://user:pw@127.0.0.1/": ("host.com", 443, b"/?u=https://user:pw@127.0.0.1/"),
}


def test_there_are_many_tricks():
    assert len(REFUSED) > 80


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_no_plain_public_address_is_refused(address):
    with pytest.raises(NotAllowed):
        check_address(address)


@pytest.mark.parametrize("address", TAKEN)
def test_plain_public_addresses_are_taken_apart_once(address):
    check_address(address)
    read = Address.read(address)
    assert (read.host, read.port, read.target) == TAKEN[address]


@pytest.mark.parametrize(
    ("address", "header"),
    [
        ("https://host.com/", "host.com"),
        ("https://host.com:443/", "host.com"),
        ("https://host.com:8443/", "host.com:8443"),
        ("http://[::1]:80/", "[::1]"),
        ("https://[::1]:8443/", "[::1]:8443"),
    ],
)
def test_the_host_is_named_to_the_server_as_usual(address, header):
    assert Address.read(address).host_header == header


def test_plain_http_is_a_matter_of_rules():
    check_address("http://host.com/", allow_http=True)
    check_address("http://host.com/", trusted_hosts=["host.com"])
    with pytest.raises(NotAllowed, match="https"):
        check_address("http://other.com/", trusted_hosts=["host.com"])


@pytest.mark.parametrize(
    ("trusted", "address", "allowed"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", False),
        ("10.0.0.0/8", "http://10.9.8.7/", True),
        ("10.0.0.0/8", "http://11.9.8.7/", False),
        ("10.0.0.0/8", "http://[::ffff:10.1.1.1]/", True),
        ("[fd00::7]:9000", "http://[fd00::7]:9000/", True),
        ("[fd00::7]:9000", "http://[fd00::7]:9001/", False),
        ("fd00::/8", "https://[fd12::1]/", True),
        ("fd00::/8", "https://10.0.0.1/", False),
        ("MinIO.Local.", "http://minio.local/", True),
        ("minio:9000", "http://minio:9000/a", True),
        ("minio:9000", "http://minio/a", False),
        ("bücher.example", "http://xn--bcher-kva.example/", True),
        ("host.com", "http://evil.host.com/", False),
        ("host.com", "http://host.com.evil.com/", False),
    ],
)
def test_trusted_hosts_are_exactly_those(trusted, address, allowed):
    if allowed:
        check_address(address, trusted_hosts=[trusted])
    else:
        with pytest.raises(NotAllowed):
            check_address(address, trusted_hosts=[trusted])


@pytest.mark.parametrize(
    "host", ["", "a b", "10.0.0.1/8", "http://host", "host:0", "host:99999", "*.host", "0x7f.1"]
)
def test_a_trusted_host_that_is_none_is_named(host):
    with pytest.raises(SettingsError, match="trusted host"):
        Trusted.of([host])


@pytest.mark.parametrize(
    ("location", "result"),
    [
        ("/b.wav", "https://host.com/b.wav"),
        ("c.wav?x=1", "https://host.com/a/c.wav?x=1"),
        ("//other.com/x", "https://other.com/x"),
        ("https://other.com/x", "https://other.com/x"),
        ("", "https://host.com/a/b"),
    ],
)
def test_a_redirect_is_joined(location, result):
    assert str(Address.read("https://host.com/a/b").joined(location).url) == result


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "https://u:p@host.com/", "https://0x7f.1/", "ftp:x", "x" * 9000]
)
def test_a_redirect_to_no_address_is_refused(location):
    with pytest.raises(NotAllowed):
        Address.read("https://host.com/").joined(location)


def test_no_refusal_holds_words_that_make_clients_pay_again():
    for address in (
        "https://connection-timeout.example:429/",
        "https://10.0.0.1:1429/",
        "https://[fd00::429]/",
    ):
        with pytest.raises(NotAllowed) as refusal:
            check_address(address)
        assert not any(
            word in str(refusal.value).lower() for word in ("timeout", "connection", "http 5", "429")
        )
