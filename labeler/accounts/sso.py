"""Single sign-on by OpenID Connect: whoever the organisation vouches for, if they are let in.

The code flow with state, nonce and PKCE is Authlib's, and so are the checks of the signed answer:
its signature, issuer, audience and end. Who gets in is decided here.
"""

from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.django_client import OAuth  # type: ignore[import-untyped]
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from labeler.accounts.models import Identity
from labeler.projects import invitations
from labeler.projects.models import User

SECONDS = 10  # that the provider may take for an answer
LONGEST = 255
# By the provider's own key; neither "none" nor our shared secret, whatever it offers.
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class NotLetIn(Exception):
    """The provider knows this person, but we do not let them in: `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ProviderUntrusted(Exception):
    """What the provider says about itself does not fit the settings."""


def name() -> str:
    """What the button calls it; "" where it is not set up."""
    return settings.OIDC_NAME if settings.OIDC_ISSUER else ""


def begin(request: HttpRequest, back: str) -> HttpResponseBase:
    """Send the browser to the provider, which sends it to the address `back`."""
    client = _client()
    answer: HttpResponseBase = client.authorize_redirect(request, back)
    return answer


def claims_of(request: HttpRequest) -> dict[str, Any]:
    """What the provider says about whoever comes back. Raises Authlib's errors if it is not so."""
    token = _client().authorize_access_token(request)
    found = dict(token.get("userinfo") or {})
    if not found.get("sub"):
        raise ProviderUntrusted("There was no signed ID token.")
    return found


@transaction.atomic
def person_of(claims: dict[str, Any], invitation: str = "") -> User:
    """The account of this person; a new one where the settings or an invitation allow it.

    Accounts are found by the provider's own number of the person, and the first time by a verified
    e-mail address, which only owners give to accounts. Raises NotLetIn.
    """
    subject, issuer = str(claims["sub"])[:LONGEST], settings.OIDC_ISSUER
    known = Identity.objects.filter(issuer=issuer, subject=subject).select_related("user").first()
    there = known.user if known else _by_address(claims)
    user = there or _new(_address(claims), invitation)
    if not user.is_active:
        raise NotLetIn("inactive")
    if known is None:
        Identity.objects.create(user=user, issuer=issuer, subject=subject)
    joined = invitations.accept(invitation, user) if invitation else None
    if there is None and joined is None and not _of_us(user.email):
        raise NotLetIn("uninvited")  # somebody else used the invitation in the same moment
    return user


def _address(claims: dict[str, Any]) -> str:
    """The verified address. Somebody may write any other into their profile."""
    told = claims.get("email")
    fits = isinstance(told, str) and told.isascii() and told.isprintable() and len(told) < LONGEST
    if claims.get("email_verified") is not True or not fits or str(told).count("@") != 1:
        raise NotLetIn("unverified")
    return str(told).lower()


def _by_address(claims: dict[str, Any]) -> User | None:
    found = list(User.objects.filter(email__iexact=_address(claims))[:2])
    if len(found) > 1:
        raise NotLetIn("ambiguous")
    return found[0] if found else None


def _new(address: str, invitation: str) -> User:
    if not _of_us(address) and (not invitation or invitations.find(invitation) is None):
        raise NotLetIn("uninvited")
    user = User(username=_free_name(address), email=address)
    user.set_unusable_password()
    user.save()
    return user


def _of_us(address: str) -> bool:
    return address.rpartition("@")[2].lower() in settings.OIDC_DOMAINS


def _free_name(address: str) -> str:
    """The address itself, cut to fit; with a number where somebody is called so already."""
    plain = address[:140]
    taken = set(User.objects.filter(username__istartswith=plain).values_list("username", flat=True))
    lower = {name.lower() for name in taken}
    numbered = (f"{plain}-{n}" for n in range(2, len(lower) + 3))
    return next(name for name in (plain, *numbered) if name not in lower)


def _client() -> Any:
    client: Any = OAuth().register(
        "sso", client_id=settings.OIDC_CLIENT, client_secret=settings.OIDC_SECRET or None,
        server_metadata_url=f"{settings.OIDC_ISSUER}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile", "code_challenge_method": "S256",
            "default_timeout": SECONDS,
        },
    )  # fmt: skip
    metadata = client.load_server_metadata()
    _check(metadata)
    metadata["id_token_signing_alg_values_supported"] = SIGNED_BY
    return client


def _check(metadata: dict[str, Any]) -> None:
    """The provider calls itself as the setting does, and all of it is reached by https.

    On this machine itself http will do.
    """
    if str(metadata.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
        raise ProviderUntrusted(f"The provider calls itself {metadata.get('issuer')!r}.")
    for part in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not secure(str(metadata.get(part, ""))):
            raise ProviderUntrusted(f"Its {part} is not an https address.")


def secure(address: str) -> bool:
    """Whether the address is https, or http on this machine."""
    parts = urlsplit(address)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and here)
