"""Addresses as text: what may be asked for, before anything is looked up or connected to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Self

from punchin.errors import NotAllowed, SettingsError
from punchin.fetching import networks
from punchin.fetching.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

MAX_ADDRESS = 8000
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(\d+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address in its parts.

    Attributes:
        url: the whole.
        scheme: "http" or "https".
        host: a name in ASCII (IDNA), lower case, without a dot at its end; or an IP address without brackets.
        port: as written or as usual.
        target: path and query, in bytes as they are sent.
    """

    url: httpx.URL
    scheme: str
    host: str
    port: int
    target: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """Take an address apart.

        Raises:
            NotAllowed: it is no address of http or https, or is written in a way that hides what it means.
        """
        import httpx

        if len(text) > MAX_ADDRESS:
            raise NotAllowed(f"the address has {len(text)} characters; {MAX_ADDRESS} are the most")
        try:
            url = httpx.URL(text.strip())
            _ = url.raw_host, url.raw_path  # httpx codes some hosts only now, and fails
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise NotAllowed("the address cannot be read; give one like https://host/song.wav") from error
        return cls.of(url)

    @classmethod
    def of(cls, url: httpx.URL) -> Self:
        """Check the parts that a URL library has found; they are what is used, nothing is read twice."""
        if url.scheme not in _PORTS:
            raise NotAllowed("the address must begin with https:// or http://")
        if url.userinfo:
            raise NotAllowed("the address holds a user name or password; give one without")
        port = _PORTS[url.scheme] if url.port is None else url.port
        if not 0 < port < 65536:
            raise NotAllowed("the port of the address must be from 1 to 65535")
        return cls(
            url, url.scheme, _checked_host(url.raw_host.decode("ascii", "replace")), port, url.raw_path
        )

    @property
    def ip(self) -> networks.IpAddress | None:
        """The host, where it is an IP address."""
        return _ip(self.host)

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def joined(self, location: str) -> Address:
        """Where a redirect leads."""
        import httpx

        if len(location) > MAX_ADDRESS:
            raise NotAllowed("the address leads on to one that is too long")
        try:
            return Address.of(self.url.join(location))
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise NotAllowed("the address leads on to one that cannot be read") from error


@dataclass(frozen=True, slots=True)
class Trusted:
    """Hosts that may be private or at plain http.

    Attributes:
        names: pairs of name and port; port None is every port.
        networks: pairs of network and port.
    """

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[networks.IpNetwork, int | None], ...] = ()

    @classmethod
    def of(cls, hosts: Sequence[str]) -> Self:
        """Read them as they are in the settings.

        Args:
            hosts: `name`, `name:port`, an IP address (`10.0.0.7`, `10.0.0.7:9000`, `[fd00::7]:9000`) or a
                network (`10.0.0.0/8`, `fd00::/8`).

        Raises:
            SettingsError: one is none of these; names it.
        """
        names: set[tuple[str, int | None]] = set()
        nets: list[tuple[networks.IpNetwork, int | None]] = []
        for text in hosts:
            try:
                host, port = _host_and_port(text.strip().lower())
                if "/" in host or _ip(host) is not None:
                    nets.append((ip_network(host), port))
                else:
                    names.add((_checked_host(host.encode("idna").decode("ascii")), port))
            except (ValueError, NotAllowed) as error:
                raise SettingsError(
                    f"trusted host {text!r} cannot be read; give a name, name:port, an IP address or a "
                    "network like 10.0.0.0/8 (its last bits 0)"
                ) from error
        return cls(frozenset(names), tuple(nets))

    def has_name(self, address: Address) -> bool:
        """Whether the host is trusted by its name."""
        return bool(self.names & {(address.host, None), (address.host, address.port)})

    def has_ip(self, ip: networks.IpAddress, port: int) -> bool:
        """Whether an IP address is trusted by itself, whatever name led to it."""
        ip = networks.plain(ip)
        return any(
            ip.version == network.version and ip in network and only in {None, port}
            for network, only in self.networks
        )


def check_address(address: str, *, trusted_hosts: Sequence[str] = (), allow_http: bool = False) -> None:
    """Refuse what can be refused without the network; `fetch` and `post` check this again, and more.

    Raises:
        NotAllowed: the address is none, hides something, or breaks a rule; says which.
    """
    check_rules(Address.read(address), Trusted.of(trusted_hosts), allow_http)


def check_rules(address: Address, trusted: Trusted, allow_http: bool) -> None:
    """The rules that need no look-up: encryption, ports, and hosts that are IP addresses.

    Raises:
        NotAllowed: says which.
    """
    if trusted.has_name(address):
        return
    ip = address.ip
    if ip is None:
        # A name may turn out to lie in a trusted network; then it is judged after the look-up.
        if not trusted.networks:
            check_open_rules(address, allow_http)
    elif not trusted.has_ip(ip, address.port):
        check_open_rules(address, allow_http)
        if not networks.is_public(ip):
            raise not_public(address)


def check_open_rules(address: Address, allow_http: bool) -> None:
    """What holds for every host that is not trusted.

    Raises:
        NotAllowed: it is at plain http, or at a port where other things than the web live.
    """
    if address.scheme == "http" and not allow_http:
        raise NotAllowed("the address must begin with https://; this server does not use plain http")
    if address.port < 1024 and address.port not in _PORTS.values():
        raise NotAllowed(
            f"port {shown(str(address.port))} is none of the web; use 443, 80, or 1024 and above"
        )


def not_public(address: Address) -> NotAllowed:
    """The refusal of a host that is not on the public internet; says nothing of what its name resolved to."""
    return NotAllowed(f"the host {shown(address.host)} is not on the public internet, and not trusted here")


def _checked_host(host: str) -> str:
    """A host in the one form that is compared, looked up, and named to the server."""
    host = host.lower().removesuffix(".")
    if ":" in host:
        if _ip(host) is None or "%" in host:
            raise NotAllowed("the host is no IPv6 address like [2001:db8::1]")
        return host
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise NotAllowed("the host of the address is no name of a host")
    # The system takes 2130706433, 0x7f.1, 0177.0.0.1 and 127.1 for addresses; here there is one way.
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and not isinstance(_ip(host), IPv4Address):
        raise NotAllowed("the host is a number; write an IP address as four decimal numbers")
    return host


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host_and_port(text: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?", text)
    simple = re.fullmatch(r"([^:\[\]]+)(?::(\d+))?", text)
    parts = bracketed or simple
    if parts is None:
        return text, None
    port = int(parts[2]) if parts[2] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(text)
    return parts[1], port
