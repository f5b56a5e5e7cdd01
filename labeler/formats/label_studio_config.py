"""What a Label Studio project asks: its labeling configuration, as far as whole images go."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

LONGEST = 200_000  # characters


class NotForUs(ValueError):
    """The configuration asks for nothing that a classifier of images could answer."""


@dataclass(frozen=True)
class Config:
    """An `Image` and the `Choices` that are asked of it."""

    image: str  # name of the Image tag
    value: str  # the key of a task's data that holds the address, or "" for any
    choices: str  # name of the Choices tag
    multiple: bool
    names: tuple[str, ...]  # the choices; empty where they come with each task


def parse(text: str) -> Config:
    """The first Choices tag that is asked of an Image tag. Raises NotForUs."""
    if len(text) > LONGEST:
        raise NotForUs("The labeling configuration is far too long.")
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotForUs("The labeling configuration cannot be read as XML.") from error
    images = {tag.get("name", ""): tag for tag in root.iter("Image")}
    for tag in root.iter("Choices"):
        if (to := tag.get("toName", "")) in images:
            return _config(images[to], tag)
    raise NotForUs("The labeling configuration has no Choices for an Image.")


def _config(image: Element, choices: Element) -> Config:
    told = (choice.get("alias") or choice.get("value") for choice in choices.iter("Choice"))
    value = image.get("value", "")
    return Config(
        image.get("name", ""),
        value[1:] if value.startswith("$") else "",
        choices.get("name", ""),
        choices.get("choice", "single") == "multiple",
        tuple(name for name in told if name),
    )
