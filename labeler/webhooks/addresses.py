"""Which addresses may be called. The guard is that of imports; the words are of webhooks."""

from django.utils.translation import gettext_lazy as _

from labeler.pools.remote import guard
from labeler.pools.remote.guard import Forbidden

# By the codes of the guard and of what can happen on the way, in words for an admin.
WORDS = {
    "bad_address": _(
        "This is not an address that can be called. Give it whole, as in "
        "https://example.org/hook, without name@."
    ),
    "not_https": _(
        "Only https addresses are called. The operator may allow a host for http with "
        "LABELER_FETCH_ALLOW."
    ),
    "odd_port": _(
        "The address names an unusual port. The operator may allow it as host:port in "
        "LABELER_FETCH_ALLOW."
    ),
    "private_address": _(
        "The address leads into a private network, or to this server itself. The operator may "
        "allow a host or network with LABELER_FETCH_ALLOW."
    ),
    "unknown_host": _("There is no server of this name. Look for a slip in the address."),
    "timed_out": _("The server did not answer within 15 seconds."),
    "unreachable": _("The server could not be reached, or broke the connection off."),
    "bad_certificate": _("The server's certificate is not one that this installation trusts."),
    "redirect": _("The server leads elsewhere, which is not followed. Give the final address."),
    "gone": _("The server answered that it wants no more."),
    "status": _("The server did not accept it."),
}


class AddressRefused(Exception):
    """The address is not called; the message says why and what to do."""

    def __init__(self, code: str) -> None:
        super().__init__(str(WORDS[code]))
        self.code = code


def check(address: str) -> str:
    """The address as it is kept: judged by its look, and by where its name leads now.

    Every sending judges it again. Raises AddressRefused.
    """
    address = address.strip()
    try:
        guard.target(address)
    except Forbidden as error:
        raise AddressRefused(error.refused.code) from error
    except UnicodeError as error:  # half of a pair of surrogates
        raise AddressRefused("bad_address") from error
    return address
