"""Labeler from a program: projects, imports, questions, answers, exports, predictions.

Needs httpx alone; no Django, no torch; one file, to be copied beside a program. Every method asks
the REST API once, or, where it says so, until something is done. Lists are fetched page by page
while they are read. What was not answered is asked again: each request that changes something
carries a key or a UUID of its own, so it is done once.
"""

import mimetypes
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx

PATIENCE = 60.0  # seconds for one answer
LONGEST_WAIT = 30.0  # seconds that a `Retry-After` is heeded
TRIES = 4
AGAIN = {429, 502, 503, 504}

Facts = dict[str, Any]
Progress = Callable[[int, int], None]  # (bytes sent so far, bytes in all)


class LabelerError(Exception):
    """The server refused. `code` is for programs, the message says what to do."""

    def __init__(self, status: int, code: str, detail: str, errors: Any = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.errors = status, code, errors


@dataclass(frozen=True)
class Question:
    """An image to answer, held for you until `claimed_until`."""

    item: int
    image: int
    name: str
    suggestion: dict[str, Any] | None
    why: dict[str, Any]
    claimed_until: str | None
    urls: dict[str, str]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture; `error` is set where it could not be judged."""

    name: str | int
    model_version: int
    scores: dict[str, float]
    labels: tuple[str, ...]
    unknown: bool
    error: str


class Labeler:
    """A connection to one installation, with the rights of one access token.

    Made with `manage.py create_token USER` or on the page Tokens. Use it in a `with` block, or
    call `close`.
    """

    def __init__(self, address: str, token: str, *, timeout: float = PATIENCE) -> None:
        self._http = httpx.Client(
            base_url=address.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def projects(self) -> "Iterator[Project]":
        """The projects that the token may see."""
        return (Project(self, facts) for facts in self.listed("/projects"))

    def project(self, wanted: int | str) -> "Project":
        """The project of this number or name. Raises: LookupError for a name that none has."""
        if isinstance(wanted, int):
            return Project(self, self.ask("GET", f"/projects/{wanted}"))
        for found in self.projects():
            if found.name == wanted:
                return found
        raise LookupError(f"No project that this token may see is called {wanted!r}.")

    def create_project(self, name: str, labels: Sequence[str], **settings: Any) -> "Project":
        """A new project. settings: kind, question, strategy, audit_share, … as in the API."""
        body = {"name": name, "labels": [{"name": label} for label in labels], **settings}
        return Project(self, self.ask("POST", "/projects", json=body))

    def listed(self, path: str, **query: Any) -> Iterator[Facts]:
        """Every entry of a list of the API."""
        cursor = None
        while True:
            page = self.ask("GET", path, params={**query, **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page["next"]
            if not cursor:
                return

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """One request to the API; its answer as JSON, None where it is empty.

        Asks again when the server is busy or away for a moment. Raises: LabelerError, and
        httpx.TransportError when it stays away.
        """
        if method == "POST":
            body["headers"] = {"Idempotency-Key": str(uuid.uuid4())}
        response = self._patiently(method, f"/api/v1{path}", **body)
        if response.is_error:
            raise _refusal(response)
        return response.json() if response.content else None

    def fetched(self, path: str, **query: Any) -> bytes:
        """An answer that is no JSON, such as a picture. Raises: LabelerError."""
        response = self._patiently("GET", f"/api/v1{path}", params=query)
        if response.is_error:
            raise _refusal(response)
        return response.content

    def download(self, path: str, to: Path | str, **query: Any) -> Path:
        """Stream an answer into a file; what was there before stays until it is whole."""
        target = Path(to)
        beside = target.with_name(f"{target.name}.part")
        for attempt in range(1, TRIES + 1):
            with self._http.stream("GET", f"/api/v1{path}", params=query) as response:
                if response.status_code not in AGAIN or attempt == TRIES:
                    _write(response, beside)
                    break
            time.sleep(_pause(response.headers, attempt))
        beside.replace(target)
        return target

    def _patiently(self, method: str, path: str, **body: Any) -> httpx.Response:
        for attempt in range(1, TRIES):
            headers = httpx.Headers()
            try:
                response = self._http.request(method, path, **body)
                if response.status_code not in AGAIN:
                    return response
                headers = response.headers
            except httpx.TransportError:
                pass  # not answered: asked again below
            time.sleep(_pause(headers, attempt))
        return self._http.request(method, path, **body)


class Project:
    """One project: bring images in, answer questions, take results out."""

    def __init__(self, labeler: Labeler, facts: dict[str, Any]) -> None:
        self._labeler, self.facts = labeler, facts
        self.id: int = facts["id"]
        self.name: str = facts["name"]
        self._path = f"/projects/{self.id}"

    def __repr__(self) -> str:
        return f"<Project {self.id}: {self.name}>"

    def import_files(
        self, files: Iterable[Path | str], *, progress: Progress | None = None, **options: Any
    ) -> Facts:
        """Send pictures, archives or manifests, and wait until all is in; the import's facts.

        progress: called with the bytes sent so far and in all. options: title, folders,
        manifest, format, options, dry_run, as in the API.
        """
        paths = [Path(file) for file in files]
        told = _Told(progress, sum(path.stat().st_size for path in paths))
        with ExitStack() as stack:
            parts = [("files", _part(path, stack, told)) for path in paths]
            begun = self._ask("POST", "/imports", files=parts, data=options)
        return self.wait_for_import(begun["id"])

    def import_from(self, source: str, **options: Any) -> Facts:
        """Bring in a server's folder, a bucket or a web address, and wait until all is in."""
        return self.wait_for_import(
            self._ask("POST", "/imports", json={"source": source, **options})["id"]
        )

    def wait_for_import(self, number: int, *, every: float = 0.5) -> Facts:
        """Wait for an import to end. Raises: LabelerError if it failed."""
        while True:
            facts: Facts = self._ask("GET", f"/imports/{number}")
            if facts["state"] == "failed":
                raise LabelerError(409, "import_failed", facts["error"])
            if facts["state"] not in ("queued", "running"):
                return facts
            time.sleep(every)

    def images(self, **query: Any) -> Iterator[Facts]:
        """The images of the pool. query: state, label, predicted, min_confidence, …"""
        return self._labeler.listed(f"{self._path}/images", **query)

    def claim(self, count: int = 1) -> list[Question]:
        """Take the best images to answer next."""
        told = self._ask("POST", "/queue/claim", json={"count": count})
        fields = Question.__dataclass_fields__
        return [
            Question(**{name: item.get(name) for name in fields})  # type: ignore[arg-type]
            for item in told["items"]
        ]

    def annotate(self, question: Question, labels: Sequence[str] = (), *, skip: str = "") -> Facts:
        """Answer a question with labels, or with `skip`: unsure, not_applicable or broken.

        Sent again after a lost answer, it is stored once: each call has a UUID of its own.
        """
        said: Facts = {"skip": skip} if skip else {"labels": list(labels)}
        body = {"uuid": str(uuid.uuid4()), "item": question.item, **said}
        answer: Facts = self._ask("POST", "/annotations", json=body)
        return answer

    def skip(self, question: Question, why: str = "unsure") -> Facts:
        """Skip a question: unsure, not_applicable or broken."""
        return self.annotate(question, skip=why)

    def undo(self, answer: Facts | str) -> Facts:
        """Take back an answer, or the one of this UUID; its image is asked again."""
        given = answer if isinstance(answer, str) else answer["uuid"]
        undone: Facts = self._ask("POST", f"/annotations/{given}/undo")
        return undone

    def picture(self, of: Question | int, size: str = "screen") -> bytes:
        """The picture of a question, or of the image of this id: thumb, screen or original."""
        image = of if isinstance(of, int) else of.image
        return self._labeler.fetched(f"/images/{image}/file", size=size)

    def release(self, questions: Iterable[Question]) -> int:
        """Give claimed questions back unanswered; how many."""
        items = [question.item for question in questions]
        return int(self._ask("POST", "/queue/release", json={"items": items})["released"])

    def labels(self) -> list[Facts]:
        """The label set in its order, retired labels too."""
        return list(self._labeler.listed(f"{self._path}/labels"))

    def add_label(self, name: str) -> Facts:
        """A new label, or the one that has this name already."""
        label: Facts = self._ask("POST", "/labels", json={"name": name})
        return label

    def metrics(self, **query: Any) -> Facts:
        """How good the serving model is, measured on the audit sample."""
        found: Facts = self._ask("GET", "/metrics", params=query)
        return found

    def rounds(self) -> Iterator[Facts]:
        """The rounds of training, newest first."""
        return self._labeler.listed(f"{self._path}/rounds")

    def versions(self) -> Iterator[Facts]:
        """The model versions, newest first."""
        return self._labeler.listed(f"{self._path}/model-versions")

    def train(self, *, wait: float = 0.0) -> Facts:
        """Ask for a round now; with `wait`, wait so many seconds for it to end.

        Raises: LabelerError if it failed, TimeoutError if it goes on longer.
        """
        begun: Facts = self._ask("POST", "/rounds")
        end = time.monotonic() + wait
        while wait and begun["state"] not in ("done", "failed"):
            if time.monotonic() > end:
                raise TimeoutError(f"Round {begun['id']} is not done after {wait:.0f} s.")
            time.sleep(0.5)
            begun = next(each for each in self.rounds() if each["id"] == begun["id"])
        if wait and begun["state"] == "failed":
            raise LabelerError(409, "round_failed", begun["error"])
        return begun

    def predict(
        self,
        files: Iterable[Path | str] = (),
        *,
        images: Sequence[int] = (),
        urls: Sequence[str] = (),
        model_version: int | None = None,
    ) -> list[Prediction]:
        """What the serving model says of pictures: files, or images of the pool and addresses."""
        query = {"model_version": model_version} if model_version else {}
        with ExitStack() as stack:
            parts = [("files", _part(Path(file), stack)) for file in files]
            sent: Facts = (
                {"files": parts} if parts else {"json": {"images": [*images], "urls": [*urls]}}
            )
            told = self._ask("POST", "/predict", params=query, **sent)
        return [_prediction(each) for each in told["predictions"]]

    def predict_many(
        self,
        files: Iterable[Path | str] = (),
        *,
        sources: Sequence[str] = (),
        pool: bool = False,
        model_version: int | None = None,
        to: Path | str | None = None,
        form: str = "jsonl",
        every: float = 0.5,
    ) -> Facts:
        """Judge files, a server's folders, buckets or the pool in the background, and wait.

        to: where the results go; form: csv, jsonl, vertex or parquet. Returns the batch's facts.
        Raises: LabelerError if it failed.
        """
        version = {"model_version": model_version} if model_version else {}
        path = "/batch-predictions"
        with ExitStack() as stack:
            parts = [("files", _part(Path(file), stack)) for file in files]
            body = {"pool": True} if pool else {"sources": [*sources]}
            sent: Facts = {"files": parts, "data": version} if parts else {"json": body | version}
            facts: Facts = self._ask("POST", path, **sent)
        while facts["state"] in ("queued", "running"):
            time.sleep(every)
            facts = self._ask("GET", f"{path}/{facts['id']}")
        if facts["state"] == "failed":
            raise LabelerError(409, "batch_failed", facts["error"])
        if to is not None:
            place = f"{self._path}{path}/{facts['id']}/results"
            self._labeler.download(place, to, format=form)
        return facts

    def export(self, form: str, to: Path | str, **filters: Any) -> Path:
        """Write an export into a file. form: csv, jsonl, coco, …; `images=1` takes them along."""
        return self._labeler.download(f"{self._path}/export", to, format=form, **filters)

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        return self._labeler.ask(method, f"{self._path}{path}", **body)


@dataclass
class _Told:
    """Tells how much of an upload is sent."""

    to: Progress | None
    total: int
    sent: int = 0

    def moved(self, by: int) -> None:
        self.sent += by
        if self.to and by:
            self.to(self.sent, self.total)


class _Counted:
    """A file that tells how much of it was read; sent again, it begins anew."""

    def __init__(self, file: IO[bytes], told: _Told) -> None:
        self._file, self._told, self.fileno = file, told, file.fileno

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        found = self._file.read(size)
        self._told.moved(len(found))
        return found

    def seek(self, place: int) -> int:
        """Go back."""
        self._told.sent -= self._file.tell() - place
        return self._file.seek(place)


def _part(path: Path, stack: ExitStack, told: _Told | None = None) -> tuple[str, Any, str]:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    file = stack.enter_context(path.open("rb"))
    return path.name, _Counted(file, told or _Told(None, 0)), kind


def _write(response: httpx.Response, to: Path) -> None:
    if response.is_error:
        response.read()
        raise _refusal(response)
    with to.open("wb") as file:
        for block in response.iter_bytes():
            file.write(block)


def _prediction(told: dict[str, Any]) -> Prediction:
    labels = told.get("labels") or ([told["label"]] if told.get("label") else [])
    return Prediction(
        name=told["name"],
        model_version=told["model_version"],
        scores=told.get("scores") or {},
        labels=tuple(labels),
        unknown=bool(told.get("unknown")),
        error=(told.get("error") or {}).get("detail", ""),
    )


def _refusal(response: httpx.Response) -> LabelerError:
    try:
        told = response.json()
        return LabelerError(response.status_code, told["code"], told["detail"], told.get("errors"))
    except (ValueError, KeyError, TypeError):
        words = f"The server answered {response.status_code} without a reason."
        return LabelerError(response.status_code, "error", words)


def _pause(headers: httpx.Headers, attempt: int) -> float:
    asked = headers.get("Retry-After", "")
    return min(LONGEST_WAIT, float(asked)) if asked.isdigit() else 0.2 * 2**attempt
