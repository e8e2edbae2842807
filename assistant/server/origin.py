"""Which hosts and web origins may reach the server: against DNS rebinding and pages of other sites."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from assistant.server.problem import HTTPProblem


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(authority: str) -> str:
    """The host of a `Host` header or a URL's authority, without the port, in lower case."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


class OriginCheck:
    """Checks `Host` and `Origin`. On the loopback only loopback hosts (and the configured ones) are answered."""

    def __init__(self, loopback: bool, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> None:
        self._loopback = loopback
        self._hosts = {host.lower() for host in hosts}
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def check_host(self, headers: Headers) -> None:
        """Refuse a request for a name that is not ours (a page whose name was rebound to this address). 403."""
        name = host_name(headers.get("host", ""))
        if name in self._hosts or (not self._hosts and not self._loopback):
            return
        if self._loopback and is_loopback(name):
            return
        raise HTTPProblem(403, "the Host header does not name this server (see server.hosts in the configuration)")

    def check_origin(self, headers: Headers) -> None:
        """Refuse a page of another origin; programs send no `Origin`. 403."""
        origin = headers.get("origin")
        if origin is None or origin.rstrip("/").lower() in self._origins:
            return
        scheme, _, authority = origin.partition("://")
        if scheme.lower() in ("http", "https") and authority and authority.lower() == headers.get("host", "").lower():
            return
        raise HTTPProblem(403, "this web origin may not speak to the server (see server.origins in the configuration)")
