"""Who may do what: a row for every route and method. A new route gets its row here."""

from dataclasses import dataclass

from django.urls import get_resolver


@dataclass(frozen=True)
class Row:
    """Who may: a role in the project, "owner", "creator", "any" (signed in) or "public".

    ok: further answers, beside success and a clear complaint about the body, that mean "let in".
    """

    who: str
    body: object = None  # a dict is a form, or JSON under api/
    ok: tuple[int, ...] = ()


P, A = "projects/<int:pk>", "api/v1/projects/<int:project_id>"
ANSWER = {"uuid": "123e4567-e89b-42d3-a456-426614174000", "item": 1, "skip": "unsure"}
PAGE = {"batch": ANSWER["uuid"], "answers": [ANSWER]}
COMMENT = {"uuid": ANSWER["uuid"], "image": 1, "text": "Which is it?"}
TABLE = {
    # people
    "GET ": Row("any"),
    "GET sign-in": Row("public"),
    "POST sign-in": Row("public"),
    "GET sign-in/<str:secret>": Row("public", ok=(404,)),
    "POST sign-out": Row("public"),
    "GET invitations/<str:secret>": Row("public", ok=(404,)),
    "POST invitations/<str:secret>": Row("public", ok=(404,)),
    "POST invitations/<str:secret>/join": Row("any", ok=(404,)),
    "POST language": Row("public"),
    "GET words/<str:language>/<str:version>.js": Row("public", ok=(404,)),
    "GET me": Row("any"),
    "POST me": Row("any"),
    "GET me/password": Row("any"),
    "POST me/password": Row("any"),
    "GET me/tokens": Row("any"),
    "POST me/tokens": Row("any"),
    "POST me/tokens/<int:pk>/revoke": Row("any", ok=(404,)),
    "GET status": Row("any"),
    "GET accounts": Row("owner"),
    "POST accounts/<int:account>/deactivate": Row("owner"),
    "POST accounts/<int:account>/reactivate": Row("owner"),
    # projects
    "GET projects/new": Row("creator"),
    "POST projects/new": Row("creator"),
    "GET projects/labels.css": Row("any"),
    f"GET {P}/labels.css": Row("annotator"),
    f"GET {P}/members": Row("admin"),
    f"POST {P}/members": Row("admin", {"role": "reviewer"}),
    f"POST {P}/members/<int:member>/role": Row("admin", {"role": "reviewer"}),
    f"POST {P}/members/<int:member>/remove": Row("admin"),
    f"POST {P}/members/<int:member>/deactivate": Row("admin"),
    f"POST {P}/members/<int:member>/reactivate": Row("admin"),
    f"POST {P}/invitations/<int:invitation>/withdraw": Row("admin"),
    f"GET {P}/labels/history": Row("reviewer"),
    f"GET {P}/labels/<int:label>": Row("admin"),
    f"POST {P}/labels/<int:label>": Row("admin", {"names": "one\ntwo"}),
    f"GET {P}/keys": Row("annotator"),
    f"POST {P}/keys": Row("annotator"),
    f"GET {P}/settings": Row("admin"),
    f"POST {P}/settings": Row("admin", {"name": "Mine now"}),
    f"POST {P}/settings/archive": Row("admin"),
    f"POST {P}/settings/reopen": Row("admin"),
    f"POST {P}/settings/duplicate": Row("admin", {"name": "Leaves again"}),
    f"GET {P}/storage": Row("admin"),
    f"GET {P}/features": Row("admin"),
    f"POST {P}/features/learn": Row("admin"),
    f"GET {P}/features/<str:fingerprint>/samples.webp": Row("admin", ok=(404,)),
    f"POST {P}/settings/delete": Row("admin", {"name": "Leaves"}),
    # pools
    "GET images/<int:image>/about": Row("annotator"),
    "GET images/<int:image>/<str:size>": Row("annotator"),
    f"GET {P}/import": Row("admin"),
    f"POST {P}/import": Row("admin"),
    f"GET {P}/import/runs": Row("admin"),
    f"POST {P}/import/begin": Row("admin", {"folders": "ignore"}),
    f"GET {P}/import/<int:number>": Row("admin"),
    f"POST {P}/import/<int:number>/files": Row("admin"),
    f"GET {P}/import/unfinished": Row("admin"),
    f"GET {P}/import/<int:number>/uploads": Row("admin"),
    f"POST {P}/import/<int:number>/uploads": Row("admin"),
    f"POST {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404, 405)),
    f"PATCH {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404,)),
    f"DELETE {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404,)),
    f"POST {P}/import/<int:number>/seal": Row("admin"),
    f"GET {P}/import/<int:number>/review": Row("admin"),
    f"POST {P}/import/<int:number>/decide": Row("admin"),
    f"POST {P}/import/<int:number>/pause": Row("admin"),
    f"POST {P}/import/<int:number>/go-on": Row("admin"),
    f"POST {P}/import/<int:number>/cancel": Row("admin"),
    f"POST {P}/import/<int:number>/again": Row("admin"),
    f"GET {P}/import/<int:number>/refused.csv": Row("admin"),
    f"GET {P}/import/<int:number>/report.csv": Row("admin"),
    f"GET {P}/import/<int:number>/report.json": Row("admin"),
    f"POST {P}/import/origins/<int:origin>/new": Row("admin", ok=(404,)),
    # labeling
    f"GET {P}/label": Row("annotator"),
    f"POST {P}/label": Row("annotator"),
    f"GET {P}/label/state": Row("annotator"),
    f"GET {P}/label/answers": Row("annotator"),
    f"POST {P}/label/keep": Row("annotator"),
    f"POST {P}/label/release": Row("annotator"),
    f"POST {P}/label/suggestions": Row("annotator"),
    f"GET {P}/images/<int:image>": Row("annotator"),
    f"POST {P}/images/<int:image>/answer": Row("reviewer", {"skip": "broken"}),
    f"POST {P}/images/<int:image>/undo": Row("reviewer"),
    f"GET {P}/images/<int:image>/comments": Row("annotator"),
    f"POST {P}/images/<int:image>/comment": Row("annotator", {"text": "Which is it?"}),
    f"GET {P}/comments": Row("annotator"),
    f"POST {P}/comments/resolve": Row("annotator"),
    "GET me/mentions": Row("any"),
    "POST me/mentions/seen": Row("any"),
    f"GET {P}/mine": Row("annotator"),
    f"GET {P}/instructions": Row("annotator"),
    f"POST {P}/instructions/seen": Row("annotator"),
    f"GET {P}/instructions/pick": Row("reviewer", ok=(404,)),
    f"POST {P}/instructions/pick": Row("reviewer", ok=(404,)),
    f"POST {P}/instructions/arrange": Row("reviewer"),
    f"GET {P}/review/skips": Row("reviewer"),
    f"POST {P}/review/skips": Row("reviewer", {"again_all": "1", "reason": "unsure"}),
    f"GET {P}/label/grid": Row("annotator"),
    f"GET {P}/review/disputes": Row("reviewer"),
    f"GET {P}/review/disputes/more": Row("reviewer"),
    f"POST {P}/review/disputes/settle": Row("reviewer", ok=(404,)),
    f"POST {P}/review/disputes/undo": Row("reviewer", ok=(404,)),
    f"GET {P}/gold": Row("reviewer"),
    f"POST {P}/gold": Row("reviewer"),
    f"GET {P}/agreement": Row("reviewer"),
    f"GET {P}/export": Row("reviewer"),
    f"POST {P}/export": Row("reviewer", {"format": "csv"}),
    # evaluation
    f"GET {P}/": Row("annotator"),
    f"GET {P}/live": Row("reviewer"),
    f"GET {P}/status": Row("annotator"),
    f"GET {P}/review": Row("reviewer"),
    f"POST {P}/review/answer": Row("reviewer"),
    f"POST {P}/review/undo": Row("reviewer"),
    f"POST {P}/review/threshold": Row("reviewer"),
    f"GET {P}/models": Row("reviewer"),
    f"POST {P}/train": Row("admin"),
    # the API
    "GET api/v1/openapi.json": Row("any"),
    "GET api/v1/docs": Row("any"),
    "GET api/v1/": Row("public", ok=(404,)),
    "GET api/v1/projects": Row("any"),
    "POST api/v1/projects": Row("creator", {"name": "x", "labels": [{"name": "a"}]}),
    f"GET {A}": Row("annotator"),
    f"PATCH {A}": Row("admin", {"name": "Mine now"}),
    f"DELETE {A}": Row("admin"),
    f"GET {A}/labels": Row("annotator"),
    f"GET {A}/labels/history": Row("reviewer"),
    f"POST {A}/labels/order": Row("admin", {"labels": []}),
    f"POST {A}/labels/<int:label_id>/merge": Row("admin", {"into": 2}),
    f"POST {A}/labels/<int:label_id>/split": Row("admin", {"names": ["one", "two"]}),
    f"POST {A}/labels": Row("admin", {"name": "scorch"}),
    f"POST {A}/archive": Row("admin"),
    f"POST {A}/reopen": Row("admin"),
    # A token for one project makes no other.
    f"POST {A}/duplicate": Row("admin", {"name": "Leaves again"}, ok=(403,)),
    f"GET {A}/imports": Row("admin"),
    f"POST {A}/imports": Row("admin", {"source": "/etc"}),
    f"GET {A}/imports/<int:number>": Row("admin"),
    f"POST {A}/imports/open": Row("admin", {}),
    f"GET {A}/imports/<int:number>/uploads": Row("admin"),
    f"POST {A}/imports/<int:number>/uploads": Row("admin"),
    f"POST {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404, 405)),
    f"PATCH {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404,)),
    f"DELETE {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404,)),
    f"POST {A}/imports/<int:number>/seal": Row("admin"),
    f"POST {A}/imports/<int:number>/decide": Row("admin", {}),
    f"POST {A}/imports/<int:number>/go": Row("admin"),
    f"POST {A}/imports/<int:number>/pause": Row("admin"),
    f"POST {A}/imports/<int:number>/go_on": Row("admin"),
    f"POST {A}/imports/<int:number>/cancel": Row("admin"),
    f"GET {A}/imports/<int:number>/report": Row("admin"),
    f"GET {A}/imports/<int:number>/refusals": Row("admin"),
    f"GET {A}/images": Row("reviewer"),
    "GET api/v1/images/<int:image_id>": Row("annotator"),
    "GET api/v1/images/<int:image_id>/file": Row("annotator"),
    f"POST {A}/queue/claim": Row("annotator", {"count": 1}),
    f"POST {A}/annotations": Row("annotator", ANSWER, ok=(404,)),
    f"POST {A}/annotations/<str:uuid>/undo": Row("annotator", {}, ok=(404,)),
    f"POST {A}/grid/claim": Row("annotator", {"label": 1}),
    f"POST {A}/grid/confirm": Row("annotator", PAGE, ok=(404,)),
    f"POST {A}/grid/<str:batch>/undo": Row("annotator", {}, ok=(404,)),
    f"GET {A}/comments": Row("annotator"),
    f"POST {A}/comments": Row("annotator", COMMENT, ok=(404,)),
    f"POST {A}/comments/<str:uuid>/resolve": Row("annotator", {}, ok=(404,)),
    f"GET {A}/metrics": Row("reviewer"),
    f"GET {A}/features": Row("reviewer"),
    f"POST {A}/features/learn": Row("admin", ok=(409,)),  # there it learns nothing
    f"GET {A}/rounds": Row("reviewer"),
    f"POST {A}/rounds": Row("admin"),
    f"GET {A}/model-versions": Row("reviewer"),
    f"GET {A}/export": Row("reviewer"),
    f"GET {A}/export/size": Row("reviewer"),
    # the installation
    "GET healthz": Row("public"),
    "GET readyz": Row("public", ok=(503,)),
    "GET metrics": Row("owner"),
}


def routes(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, path)
        else:
            yield path.replace("images/<int:pk>", "images/<int:image>")
