"""Pages as one asks for them and reads them."""

import re

from django.urls import reverse


def page(client, user, name, project, **query):
    client.force_login(user)
    return client.get(reverse(name, args=[project.pk]), query)


def post(client, user, name, project, **fields):
    client.force_login(user)
    return client.post(reverse(name, args=[project.pk]), fields)


def text_of(response):
    """The page as one reads it."""
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(bare.replace("\u00a0", " ").replace("&nbsp;", " ").split())
