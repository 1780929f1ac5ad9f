"""Fetching a file: with a progress bar, time limits, bounded retries and a hash check."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

from pipeline import console, files, hashes
from pipeline.errors import EnvironmentFault, FileError, HostUnreachable

ATTEMPTS = 3
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
FIRST_PAUSE = 0.5
CHUNK = 1 << 18
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


def fetch(url: str, target: Path, sha256_prefix: str) -> None:
    """Bring `url` to `target`, unless a file of the right hash lies there already.

    HostUnreachable where no attempt made a connection at all; FileError where the host has no such file, or
    what lies or arrived there has another hash; EnvironmentFault where the transfer failed each time.
    """
    if target.exists():
        verify(target, sha256_prefix, "remove it to have it fetched again")
        console.say(f"{target.name} was cached in {target.parent}")
        return
    with files.staged(target) as staging:
        _transfer(url, staging)
        verify(staging, sha256_prefix, f"{url} serves something else; nothing was kept", named=target.name)


def verify(path: Path, sha256_prefix: str, remedy: str, named: str = "") -> None:
    """Refuse a file whose hash does not begin with the expected digits."""
    found = hashes.sha256(path)
    if not found.startswith(sha256_prefix):
        raise FileError(f"{named or path} has sha256 {found[:16]}…, expected {sha256_prefix[:16]}…; {remedy}")


class _Transient(Exception):
    """A failure that another attempt may not meet; `reached` tells whether the host was there."""

    def __init__(self, message: str, *, reached: bool = True) -> None:
        super().__init__(message)
        self.reached = reached


def _transfer(url: str, staging: Path) -> None:
    pause = FIRST_PAUSE
    reached = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _attempt(url, staging)
        except _Transient as error:
            reached = reached or error.reached
            if attempt == ATTEMPTS and not reached:
                raise HostUnreachable(str(error)) from None
            if attempt == ATTEMPTS:
                raise EnvironmentFault(f"{url} failed {ATTEMPTS} times, last: {error}; try again later") from None
            console.say(f"{error}; attempt {attempt + 1} of {ATTEMPTS} in {pause:g} s")
            time.sleep(pause)
            pause *= 2
        else:
            return


def _attempt(url: str, staging: Path) -> None:
    try:
        with requests.get(url, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)) as response:
            if response.status_code in _RETRIED:
                raise _Transient(f"{response.url} answered {response.status_code} {response.reason}")
            if not response.ok:
                message = (
                    f"{url} answered {response.status_code} {response.reason}, expected the file; check the address"
                )
                raise FileError(message)
            _save(response, staging)
    except requests.exceptions.SSLError as error:
        raise EnvironmentFault(
            f"{url}: the host's certificate was refused ({error}); check the proxy and the clock"
        ) from None
    except requests.exceptions.TooManyRedirects:
        raise FileError(f"{url} redirects without end; check the address") from None
    except (requests.exceptions.ReadTimeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _Transient(f"the transfer of {url} broke off ({type(error).__name__})") from None
    except (requests.exceptions.ConnectionError, requests.exceptions.ConnectTimeout) as error:
        if _was_reached(error):
            raise _Transient(f"the connection to {url} broke off") from None
        raise _Transient(f"{urlsplit(url).netloc} cannot be reached", reached=False) from None
    except requests.exceptions.RequestException as error:
        raise FileError(f"{url} cannot be fetched ({type(error).__name__}); check the address") from None


def _was_reached(error: Exception) -> bool:
    """Whether a connection stood before it failed; requests hides the difference in the cause."""
    text = repr(error)
    return any(
        sign in text for sign in ("RemoteDisconnected", "ConnectionResetError", "Read timed out", "ProtocolError")
    )


def _save(response: requests.Response, staging: Path) -> None:
    total = int(response.headers.get("Content-Length", 0))
    with console.transfer(staging.name, total) as advance, staging.open("wb") as file:
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)
            advance(len(chunk))
