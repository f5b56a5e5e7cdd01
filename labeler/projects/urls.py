"""Addresses of pages about people and projects."""

from django.urls import path

from labeler.projects.views import (
    account,
    accounts,
    colours,
    creation,
    invitations,
    keys,
    label_history,
    language,
    members,
    settings,
    tokens,
)

urlpatterns = [
    path("sign-out", account.sign_out, name="sign_out"),
    path("invitations/<str:secret>", invitations.open_link, name="invitation"),
    path("invitations/<str:secret>/join", invitations.join, name="join"),
    path("language", language.change, name="language"),
    path("words/<str:language>/<str:version>.js", language.words, name="jsi18n"),
    path("me", account.personal, name="personal"),
    path("me/tokens", tokens.page, name="tokens"),
    path("me/tokens/<int:pk>/revoke", tokens.revoke, name="revoke_token"),
    path("accounts", accounts.page, name="accounts"),
    path("accounts/<int:account>/deactivate", accounts.deactivate, name="deactivate_account"),
    path("accounts/<int:account>/reactivate", accounts.reactivate, name="reactivate_account"),
    path("projects/new", creation.new_project, name="new_project"),
    path("projects/labels.css", colours.of_all, name="all_label_colours"),
    path("projects/<int:pk>/labels.css", colours.of_project, name="label_colours"),
    path("projects/<int:pk>/members", members.page, name="members"),
    path("projects/<int:pk>/members/<int:member>/role", members.change_role, name="change_role"),
    path("projects/<int:pk>/members/<int:member>/remove", members.remove, name="remove_member"),
    path(
        "projects/<int:pk>/members/<int:member>/deactivate",
        members.deactivate,
        name="deactivate_member",
    ),
    path(
        "projects/<int:pk>/members/<int:member>/reactivate",
        members.reactivate,
        name="reactivate_member",
    ),
    path(
        "projects/<int:pk>/invitations/<int:invitation>/withdraw",
        members.withdraw,
        name="withdraw_invitation",
    ),
    path("projects/<int:pk>/labels/history", label_history.page, name="label_history"),
    path("projects/<int:pk>/keys", keys.page, name="your_keys"),
    path("projects/<int:pk>/settings", settings.page, name="settings"),
    path("projects/<int:pk>/settings/archive", settings.archive, name="archive_project"),
    path("projects/<int:pk>/settings/reopen", settings.reopen, name="reopen_project"),
    path("projects/<int:pk>/settings/duplicate", settings.duplicate, name="duplicate_project"),
    path("projects/<int:pk>/settings/delete", settings.delete, name="delete_project"),
]
