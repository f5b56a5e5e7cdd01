"""Addresses of ways in."""

from django.urls import path

from labeler.accounts.views import (
    journal,
    leaving,
    passwords,
    people,
    second_factor,
    signing_in,
    single_sign_on,
    visits,
)

urlpatterns = [
    path("sign-in", signing_in.sign_in, name="sign_in"),
    path("sign-in/second-step", signing_in.second_step, name="second_step"),
    path("sign-in/<str:secret>", signing_in.by_link, name="sign_in_link"),
    path("forgotten", passwords.forgotten, name="forgotten"),
    path("reset/<str:secret>", passwords.reset, name="reset"),
    path("accounts/<int:account>/reset", passwords.make_link, name="make_reset_link"),
    path("accounts/<int:account>/address", people.address, name="account_address"),
    path("accounts/<int:account>/delete", leaving.page, name="delete_account"),
    path("single-sign-on", single_sign_on.begin, name="sso_begin"),
    path("single-sign-on/back", single_sign_on.back, name="sso_back"),
    path("journal", journal.of_all, name="journal"),
    path("journal.csv", journal.csv_of_all, name="journal_csv"),
    path("projects/<int:pk>/journal", journal.of_project, name="project_journal"),
    path("projects/<int:pk>/journal.csv", journal.csv_of_project, name="project_journal_csv"),
    path("me/password", passwords.change, name="password"),
    path("me/sessions", visits.page, name="sessions"),
    path("me/sessions/<int:pk>/end", visits.end, name="end_session"),
    path("me/sessions/end-others", visits.end_others, name="end_other_sessions"),
    path("me/second-factor", second_factor.page, name="second_factor"),
    path("me/second-factor/change", second_factor.change, name="change_second_factor"),
]
