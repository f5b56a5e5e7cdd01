"""The journal's lines in words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeler.journal.models import Entry

# By what `note` was told, or by the name of the route.
ACTS = {
    "change_settings": gettext_lazy("changed the settings"),
    "make_project": gettext_lazy("made the project"),
    "delete_project": gettext_lazy("deleted the project"),
    "archive_project": gettext_lazy("archived the project"),
    "reopen_project": gettext_lazy("reopened the project"),
    "duplicate_project": gettext_lazy("duplicated the project"),
    "invite": gettext_lazy("made an invitation"),
    "withdraw_invitation": gettext_lazy("took an invitation back"),
    "join": gettext_lazy("joined the project"),
    "change_role": gettext_lazy("changed the role of"),
    "remove_member": gettext_lazy("removed the member"),
    "deactivate_member": gettext_lazy("deactivated the member"),
    "reactivate_member": gettext_lazy("let in again the member"),
    "deactivate_account": gettext_lazy("deactivated the account"),
    "reactivate_account": gettext_lazy("let in again the account"),
    "delete_account": gettext_lazy("deleted the account"),
    "make_reset_link": gettext_lazy("made a link to a new password for"),
    "account_address": gettext_lazy("changed the e-mail address of"),
    "make_token": gettext_lazy("made the access token"),
    "revoke_token": gettext_lazy("revoked the access token"),
    "set_second_factor": gettext_lazy("set up a second factor"),
    "remove_second_factor": gettext_lazy("took away the second factor of"),
    "change_password": gettext_lazy("changed the password of"),
    "settings": gettext_lazy("saved the settings"),
    "members": gettext_lazy("used the page of members"),
    "label_changes": gettext_lazy("merged or split the label"),
    "import": gettext_lazy("started an import"),
    "import_begin": gettext_lazy("began an import"),
    "import_seal": gettext_lazy("sent off the import"),
    "import_decide": gettext_lazy("decided how to import"),
    "import_pause": gettext_lazy("paused the import"),
    "import_go_on": gettext_lazy("went on with the import"),
    "import_cancel": gettext_lazy("took back the import"),
    "import_again": gettext_lazy("repeated the import"),
    "import_only_new": gettext_lazy("imported what is new of the source"),
    "train": gettext_lazy("started a round"),
    "autolabel_accept": gettext_lazy("accepted labels of the model"),
    "autolabel_change": gettext_lazy("changed an acceptance of the model's labels"),
    "explore_change_features": gettext_lazy("changed the feature sets"),
    "explore_part": gettext_lazy("chose what rounds learn from"),
    "explore_autolabel_accept": gettext_lazy("accepted labels of the model"),
    "learn_features": gettext_lazy("had features learned"),
    "delete_version": gettext_lazy("deleted the model version"),
    "pin_version": gettext_lazy("pinned the model version"),
    "unpin_version": gettext_lazy("unpinned the model version"),
    "canary": gettext_lazy("set up a trial of a model version"),
    "promote_canary": gettext_lazy("let the tried model version serve"),
    "batch_predictions": gettext_lazy("asked for predictions of many pictures"),
    "batch_again": gettext_lazy("repeated a batch of predictions"),
    "batch_cancel": gettext_lazy("cancelled a batch of predictions"),
    "batch_delete": gettext_lazy("deleted a batch of predictions"),
    "webhooks": gettext_lazy("made a webhook"),
    "webhook": gettext_lazy("changed the webhook"),
    "webhook_delete": gettext_lazy("deleted the webhook"),
    "webhook_replay": gettext_lazy("sent again what a webhook missed"),
    "webhook_go_on": gettext_lazy("went on with the webhook"),
    "webhook_pause": gettext_lazy("paused the webhook"),
    "train_now": gettext_lazy("started a round"),
    "webhook_remove_target": gettext_lazy("took out a target of webhooks"),
    "webhook_replay_failed": gettext_lazy("sent again what failed of the webhook"),
    "webhook_secret": gettext_lazy("made a new secret of the webhook"),
    "webhook_targets": gettext_lazy("changed where webhooks may go"),
    "webhook_test": gettext_lazy("tried the webhook"),
    "model_exports": gettext_lazy("asked for a model as a file"),
    "retry_work": gettext_lazy("repeated the work that had failed:"),
    "retry_project_work": gettext_lazy("repeated the work that had failed:"),
    "training_part": gettext_lazy("chose what rounds learn from"),
}  # fmt: skip


def act(entry: Entry) -> str:
    """What was done, as in "changed the role of"; the route's own name where it has no words."""
    return str(ACTS.get(entry.act, entry.act.replace("_", " ")))


def changes(entry: Entry) -> list[str]:
    """Before and after, a line for each value: "role: annotator → reviewer"."""
    names = sorted({*entry.before, *entry.after})
    return [_change(name, entry) for name in names]


def _change(name: str, entry: Entry) -> str:
    told: dict[str, Any] = {"name": name.replace("_", " "), "new": _value(entry.after.get(name))}
    if name not in entry.before:
        return _("%(name)s: %(new)s") % told
    return _("%(name)s: %(old)s → %(new)s") % {**told, "old": _value(entry.before[name])}


def _value(value: Any) -> str:
    return _("none") if value in (None, "") else str(value)
