"""What an owner does about the accounts of others, beyond shutting them out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeler.accounts.forms import AddressForm
from labeler.journal import noting
from labeler.projects.models import User
from labeler.projects.views.account import _user


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, account: int) -> HttpResponse:
    """Give an account its e-mail address."""
    person = account_for(request, account)
    sent = request.POST if request.method == "POST" else None
    form = AddressForm(sent, initial={"email": person.email}, person=person)
    if form.is_valid():
        before, after = {"address": person.email}, {"address": form.cleaned_data["email"]}
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(email=after["address"])
            noting.note("account_address", target=person.username, before=before, after=after)
        messages.success(request, _("The address is saved."))
        return redirect("accounts")
    context = {"form": form, "person": person}
    return render(request, "account/address.html", context, status=400 if form.errors else 200)


def account_for(request: HttpRequest, pk: int) -> User:
    """The account, for an owner. Raises PermissionDenied, or Http404 where there is none."""
    if not _user(request).is_superuser:
        raise PermissionDenied
    noting.asked()
    person = User.objects.filter(pk=min(pk, 2**63 - 1)).first()
    if person is None:
        raise Http404
    return person
