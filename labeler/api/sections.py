"""What the groups of operations are about, in the order in which the reference tells them."""

SECTIONS = {
    "projects": (
        "What is asked of which images. `training_part` says which answers rounds learn from. "
        "Send the `ETag` of a project as `If-Match` with a change: if somebody else has changed "
        "it meanwhile, the answer is 412 and nothing is changed."
    ),
    "labels": (
        "The label set. Labels are never deleted, only retired; an answer that names a merged "
        "label counts as the label it is now. `labels_version` in the reply to a claim differs "
        "once a label was added, renamed, moved or retired."
    ),
    "members": (
        "Who belongs to a project, and invitations. A link is shown once, when it is made."
    ),
    "imports": (
        "Bringing images in: files (multipart), a folder of the server, a bucket, addresses. "
        "With `dry_run` an import looks and waits: `plan` tells what would come in. Large files "
        "are sent in pieces by tus 1.0.0 (`imports/open`, `uploads`, `seal`)."
    ),
    "uploads": "Large files, in pieces that go on where they stopped.",
    "images": "The pool: list, filter, look at one, its file, what is like it.",
    "queue": (
        "The annotator's loop: claim, answer, undo. Each answer has a fresh `uuid`; sent again "
        "after a lost connection it gives the same reply and one label. A claim holds ten "
        "minutes; `queue/keep` holds it on, `queue/release` gives it back."
    ),
    "grid": "Many images that the model calls by one label, confirmed a page at a time.",
    "comments": "Remarks on images; `@name` tells a member.",
    "instructions": "What people read before they label, and the examples beside it.",
    "review": (
        "What reviewers look through, and their answers: `POST …/reviews` mends, confirms, "
        "settles. `…/second-looks` asks somebody else, blind."
    ),
    "quality": "Gold images, agreement between people, what is at work, and the disk.",
    "metrics": (
        "How good the model is, measured on the audit sample; the learning curve, studies and "
        "stop tests."
    ),
    "training": (
        "Rounds, model versions, features, and labels accepted from the model at an error rate."
    ),
    "exploring": (
        "The whole pool: many images labeled or asked at once, saved filters, clusters, "
        "near-duplicates, feature sets, the map. What takes long is made by a worker; "
        "`surveys/{survey}` tells how far it is."
    ),
    "predictions": "What the model says of new pictures.",
    "batch predictions": "Many pictures judged in the background, their answers as files.",
    "webhooks": "Telling other programs what happened.",
    "export": "Everything people said, and what the model believes, streamed.",
    "Label Studio": "Labeler as the model behind a Label Studio project.",
    "journal": "Who did what that matters: for admins and the owner.",
    "work": (
        "What workers do: due, running, failed, of the installation or of a project. `retry` lets "
        "what failed be due again."
    ),
    "me": "The caller: settings, keys, mentions, access tokens.",
    "installation": "Accounts, for the owner of the installation, and whether workers are up.",
}
