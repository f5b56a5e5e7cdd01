"""Change the language, and give scripts their words in it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import JavaScriptCatalog

from labeler.projects import languages
from labeler.projects.models import User
from labeler.projects.views.account import next_page


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Use another language from now on: in this browser, and wherever this person signs in."""
    language = request.POST.get("language", "")
    response = redirect(next_page(request))
    if language in languages.CODES:
        if isinstance(user := request.user, User):
            user.settings["language"] = language
            user.save(update_fields=["settings"])
        languages.remember(response, language)
    return response


@require_safe
def words(request: HttpRequest, language: str, version: str) -> HttpResponseBase:
    """The catalog of one language as a script. Its address changes with its words."""
    if language not in languages.CODES:
        raise Http404
    with translation.override(language):
        response = JavaScriptCatalog.as_view()(request)
    fresh = version == languages.words_version(language)
    response["Cache-Control"] = (
        f"public, max-age={languages.YEAR}, immutable" if fresh else "no-cache"
    )
    return response
