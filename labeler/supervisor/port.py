"""The address the web server listens on. Opened first: a busy port is known before work begins.

The supervisor keeps the socket, so a web server that is started again loses no connection.
"""

import errno
import socket

from labeler.supervisor.refusing import CannotStart

BACKLOG = 256


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotStart(_words(host, port, error)) from error
    return listening


def address(listening: socket.socket) -> str:
    """The address a browser on this machine opens, without a slash at the end."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _words(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65_535 else port - 1
        return (
            f"Port {port} is in use by another program. Stop that program, or choose another port: "
            f"LABELER_PORT={other} make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights this user lacks. Choose one above 1023 with LABELER_PORT."
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}. See LABELER_BIND."
