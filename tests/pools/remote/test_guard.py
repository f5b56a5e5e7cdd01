"""What is asked and what is not, judged before a packet leaves (S01, S03; ASVS 1.3.6, 13.2.4)."""

import socket

import pytest
from django.core.exceptions import ImproperlyConfigured

from labeler import env
from labeler.pools.archives import Unreadable
from labeler.pools.refusing import ImportRefused
from labeler.pools.remote import addresses, guard
from labeler.pools.remote.guard import Forbidden
from labeler.pools.remote.reading import reader
from tests.pools.remote.conftest import NAME, SECRET, Canary, answering

PUBLIC = "93.184.215.14"
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fc00::1",
    "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "64:ff9b:1::1", "::127.0.0.1",
]  # fmt: skip
FORMS = [
    "https://127.0.0.1:{port}/a.png", "https://localhost:{port}/a.png", "http://127.0.0.1:{port}/",
    "https://[::1]:{port}/", "https://[::ffff:127.0.0.1]:{port}/", "https://0.0.0.0:{port}/",
    "https://2130706433:{port}/", "https://0x7f000001:{port}/", "https://0x7f.1:{port}/",
    "https://0177.0.0.1:{port}/", "https://127.1:{port}/", "https://0:{port}/",
    "https://user@127.0.0.1:{port}/", "https://user:pw@127.0.0.1:{port}/",
    "https://example.org@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@example.org/",
    "https://127.0.0.1:{port}\\@example.org/", "https://example.org\\@127.0.0.1:{port}/",
    "https://127。0。0。1:{port}/", "https://①②⑦.0.0.1:{port}/", "https://127.0.0.1.:{port}/",
    "https://LOCALHOST.:{port}/", "https://127.0.0.1%00.example.org:{port}/",
    "https://127.0.0.1 .example.org:{port}/", "https://\t127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/", "https:///127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/a.png",
    "gopher://127.0.0.1:{port}/_x", "file:///etc/passwd", "file://127.0.0.1:{port}/etc/passwd",
    "data:image/png;base64,AAAA", "dict://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/",
    "jar:https://127.0.0.1:{port}!/", "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1%25lo]:{port}/", "https://", "https://:{port}/", "", "hello", "/etc/passwd",
    "C:\\pictures\\1.png", "https://example.org:99999/", "https://example.org:-1/",
    "https://[::1/", "https://a..b/", "https://-a.org/", "https://" + "a" * 70 + ".org/",
    "https://example.org/" + "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_written_form_of_a_forbidden_place_is_connected_to(form, canary):
    with pytest.raises(Unreadable) as refused:
        reader(form.format(port=canary.port))()
    assert canary.count() == 0
    assert refused.value.refused.remedy
    assert SECRET.decode() not in refused.value.refused.reason


@pytest.mark.parametrize("number", PRIVATE)
def test_a_name_is_refused_by_the_address_it_leads_to(number):
    assert not guard.is_public(number)
    with pytest.raises(Forbidden) as refused:
        guard.target("https://innocent.example/", resolve=answering(number))
    assert refused.value.refused.code == "private_address"


@pytest.mark.parametrize("number", [PUBLIC, "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(number):
    assert guard.is_public(number)
    assert guard.target("https://a.example/", resolve=answering(number)).addresses == (number,)


def test_one_private_address_among_public_ones_refuses_the_name(canary):
    def both(_host, port, **_more):
        return [(2, 1, 6, "", (number, port)) for number in (PUBLIC, "127.0.0.1")]

    with pytest.raises(Forbidden):
        guard.target("https://mixed.example/", resolve=both)


@pytest.mark.parametrize(
    "address", ["https://a.example:22/", "https://a.example:8080/x", "https://a.example:6379"]
)
def test_unusual_ports_are_refused_before_the_name_is_looked_up(address):
    resolve = answering(PUBLIC)
    with pytest.raises(Forbidden) as refused:
        guard.target(address, resolve=resolve)
    assert refused.value.refused.code == "odd_port"
    assert resolve.asked == 0


def test_plain_http_is_refused_before_the_name_is_looked_up():
    resolve = answering(PUBLIC)
    with pytest.raises(Forbidden) as refused:
        guard.target("http://a.example/", resolve=resolve)
    assert refused.value.refused.code == "not_https"
    assert resolve.asked == 0


def test_a_name_that_leads_nowhere_is_told_so():
    def nowhere(*_given, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Forbidden) as refused:
        guard.target("https://nowhere.example/", resolve=nowhere)
    assert refused.value.refused.code == "unknown_host"


def test_a_rebinding_name_is_connected_to_as_it_was_judged(settings, canary, monkeypatch):
    """The resolver says a harmless address first and 127.0.0.1 from then on."""
    judged = Canary(host="127.0.0.2", port=canary.port)  # stands for the public address
    settings.FETCH_ALLOW = ["127.0.0.2/32"]
    monkeypatch.setitem(guard.PORTS, "https", canary.port)
    resolve = answering("127.0.0.2", "127.0.0.1")
    with pytest.raises(Unreadable) as refused:
        reader("https://rebound.example/", resolve=resolve)()
    assert judged.count() == 1
    assert canary.count() == 0
    assert resolve.asked == 2, "the first answer was judged and used, the second judged and refused"
    assert refused.value.refused.code == "private_address"
    judged.socket.close()


def test_a_connection_that_waits_serves_only_an_address_that_is_judged_now(web, settings):
    """Kept connections are no way around: the name leads elsewhere now."""
    address = f"http://kept.example:{web.port}/ok/1.png"
    settings.FETCH_ALLOW = [f"kept.example:{web.port}"]
    reader(address, resolve=answering("127.0.0.1"))()
    web.seen.clear()
    with pytest.raises(Unreadable):
        reader(address, resolve=answering("127.0.0.3"))()
    assert web.seen == []


# ---- What the operator allows -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow", "address", "number", "goes"),
    [
        ("minio", "http://minio/", "10.0.0.5", True),
        ("minio", "https://minio/", "10.0.0.5", True),
        ("minio", "http://minio:9000/", "10.0.0.5", False),
        ("minio:9000", "http://minio:9000/", "10.0.0.5", True),
        ("minio:9000", "http://minio/", "10.0.0.5", False),
        ("minio", "http://minio.evil.example/", "10.0.0.5", False),
        ("minio", "http://evilminio/", "10.0.0.5", False),
        ("10.0.0.0/8", "http://anything.example/", "10.0.0.5", True),
        ("10.0.0.0/8", "https://anything.example/", "10.0.0.5", True),
        ("10.0.0.0/8", "https://anything.example/", "192.168.0.5", False),
        ("10.0.0.0/8", "https://10.0.0.5/", "10.0.0.5", True),
        ("10.0.0.0/8", "https://[::ffff:10.0.0.5]/", "::ffff:10.0.0.5", True),
        ("10.0.0.0/8", "https://10.0.0.5:22/", "10.0.0.5", False),
        ("10.0.0.0/8", "http://public.example/", PUBLIC, False),
        ("[::1]:8080", "http://[::1]:8080/", "::1", True),
        ("MINIO", "http://Minio./", "10.0.0.5", True),
        ("", "https://public.example/", PUBLIC, True),
    ],
)
def test_the_operator_opens_what_he_names_and_no_more(settings, allow, address, number, goes):
    settings.FETCH_ALLOW = env.places("LABELER_FETCH_ALLOW", [allow] if allow else [])
    if goes:
        assert guard.target(address, resolve=answering(number)).addresses == (number,)
    else:
        with pytest.raises(Forbidden):
            guard.target(address, resolve=answering(number))


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "10.0.0.1/8", "a@b", "host:99999", "host:x"])
def test_labeler_does_not_start_with_an_entry_it_cannot_read(wrong):
    with pytest.raises(ImproperlyConfigured) as refused:
        env.places("LABELER_FETCH_ALLOW", [wrong])
    assert "LABELER_FETCH_ALLOW" in str(refused.value)


# ---- The certificate and the name -------------------------------------------------------------


def test_the_name_stays_in_the_certificate_and_in_the_host(tls, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", tls.cert)
    data = reader(f"https://{NAME}:{tls.port}/ok/1.png", resolve=answering("127.0.0.1"))()
    assert data[:4] == b"\x89PNG"
    assert ("SNI", NAME) in tls.seen
    assert tls.seen[-1][2]["Host"] == f"{NAME}:{tls.port}"


def test_a_self_signed_certificate_is_refused(tls):
    with pytest.raises(Unreadable) as refused:
        reader(f"https://{NAME}:{tls.port}/ok/1.png", resolve=answering("127.0.0.1"))()
    assert refused.value.refused.code == "bad_certificate"
    assert not [seen for seen in tls.seen if seen[0] == "GET"]


def test_the_certificate_of_another_name_is_refused(tls, monkeypatch, settings):
    monkeypatch.setenv("SSL_CERT_FILE", tls.cert)
    settings.FETCH_ALLOW = [f"other.example:{tls.port}"]
    with pytest.raises(Unreadable) as refused:
        reader(f"https://other.example:{tls.port}/ok/1.png", resolve=answering("127.0.0.1"))()
    assert refused.value.refused.code == "bad_certificate"


# ---- At the start of an import ----------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_an_import_refuses_the_address_at_once(form, canary):
    with pytest.raises(ImportRefused):
        addresses.check(form.format(port=canary.port))
    assert canary.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "s3://",
        "s3:///key",
        "s3://a",
        "s3://127.0.0.1@x/",
        "s3://b/" + "k" * 1025,
        "s3://b b/",
        "S4://bucket/",
    ],
)
def test_what_names_no_bucket_is_refused(address):
    with pytest.raises(ImportRefused):
        addresses.check_bucket(address)


def test_good_addresses_pass():
    assert (
        addresses.check(" https://example.org/é b.png".replace(" b", "b"))
        == "https://example.org/éb.png"
    )
    assert addresses.check("s3://bucket/a/../b") == "s3://bucket/a/../b"


def test_ipv6_canary_hears_nothing():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        found = Canary(socket.AF_INET6, "::1")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with pytest.raises(Unreadable):
        reader(f"https://[::1]:{found.port}/")()
    assert found.count() == 0
    found.socket.close()
