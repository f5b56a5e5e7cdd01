"""What the names in a manifest mean: a label of the project, a new one, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from labeler.pools.manifests.options import ADD, ADD_AS, LEAVE, Options
from labeler.pools.refusing import ImportFailed
from labeler.projects import labels
from labeler.projects.labels import LONGEST_NAME, LabelsRefused, Wish, fold
from labeler.projects.models import Label, Project, User


@dataclass(frozen=True)
class Meaning:
    """how: "known", "mapped", "new", "left" or "unfit"; `why` it is unfit, in English.

    `called`: what the new label is called, where somebody gave it another name.
    """

    how: str
    label: int | None = None
    why: str = ""
    called: str = ""


class Meanings:
    """The project's labels by name, with what was decided about names."""

    def __init__(self, project: Project, options: Options) -> None:
        self.project, self.options = project, options
        self.choices = {fold(name): choice for name, choice in options.labels.items()}
        self._look()

    def _look(self) -> None:
        self.labels = {label.pk: label for label in Label.objects.filter(project=self.project)}
        self.by_name = {fold(label.name): label for label in self.labels.values()}
        self.known: dict[str, Meaning] = {}

    def of(self, name: str) -> Meaning:
        """What the name means."""
        if name not in self.known:
            self.known[name] = self._meaning(name)
        return self.known[name]

    def _meaning(self, name: str) -> Meaning:
        choice = self.options.labels.get(name, self.choices.get(fold(name), ""))
        if choice == LEAVE:
            return Meaning("left")
        if isinstance(choice, int) and choice in self.labels:
            return Meaning("mapped", self._target(self.labels[choice]))
        if isinstance(choice, str) and choice.startswith(ADD_AS):
            return self._renamed(choice.removeprefix(ADD_AS))
        if same := self.by_name.get(fold(name)):
            return Meaning("known", self._target(same))
        if why := self._unfit(Label.clean_name(name)):
            return Meaning("unfit", why=why)
        left = choice != ADD and self.options.unknown == LEAVE
        return Meaning("left" if left else "new")

    def _renamed(self, name: str) -> Meaning:
        """A label of another name, which may be here already, or come from other rows."""
        if same := self.by_name.get(fold(name)):
            return Meaning("mapped", self._target(same))
        if why := self._unfit(Label.clean_name(name)):
            return Meaning("unfit", why=why)
        return Meaning("new", called=name)

    def _target(self, label: Label) -> int:
        """The label that one which was merged stands for now."""
        seen = set()
        while label.retired and label.merged_into_id in self.labels and label.pk not in seen:
            seen.add(label.pk)
            label = self.labels[label.merged_into_id]
        return label.pk

    def _unfit(self, name: str) -> str:
        if self.project.is_yes_no:
            names = ", ".join(label.name for label in self.labels.values())
            return f"This project has two labels and no others: {names}."
        if not name:
            return "The name is empty."
        if not all(letter.isprintable() for letter in name):
            return "The name holds characters that cannot be shown."
        if len(name) > LONGEST_NAME:
            return f"The name has {len(name)} characters; a label takes at most {LONGEST_NAME}."
        return ""

    def key(self, name: str) -> int | str | None:
        """A label's number, the folded name of one that would be new, or None for no label."""
        meaning = self.of(name)
        if meaning.label is not None:
            return meaning.label
        return fold(meaning.called or name) if meaning.how == "new" else None

    def ensure(self, names: Iterable[str], *, user: User | None, in_use: bool = True) -> None:
        """Make the labels that are new, and bring back those that are retired.

        Call with the project row locked. in_use: answers will point to them; else a retired one
        stays so. Raises ImportFailed.
        """
        wishes: dict[object, Wish] = {}
        for name in names:
            meaning = self.of(name)
            label = self.labels.get(meaning.label or 0)
            if meaning.how == "new":
                called = meaning.called or name
                wishes.setdefault(fold(called), Wish(called))
            elif label and label.retired and in_use:
                wishes[label.pk] = Wish(label.name, colour=label.colour, pk=label.pk)
        if not wishes:
            return
        try:
            labels.store(self.project, list(wishes.values()), user=user)
        except LabelsRefused as refused:
            raise ImportFailed(f"The names cannot become labels. {refused}") from refused
        self._look()
