"""Sentences that are stored in English, read in another language.

A worker that refuses a file or gives up a round does not know who will read why. It stores the
sentence in English, as logs, CSV files and the API want it; pages show it in their own language.
A new sentence needs a line here; without one it is shown as it is stored.
"""

import re
from functools import cache

from django.utils.translation import gettext, gettext_noop

from labeler.projects.stored_manifest_words import OF_ADDRESSES, OF_FORMATS, OF_MANIFESTS

# Most are whole; %(…)s stands for what differs.
SENTENCES = (
    # ---- what a file lacks
    gettext_noop("The file is no archive that can be opened."),
    gettext_noop("Pack the images as zip, tar, tar.gz, tar.bz2 or tar.xz."),
    gettext_noop("The archive is damaged or breaks off before its end."),
    gettext_noop("Pack it again or copy it again from its source."),
    gettext_noop("The archive holds more files than the limit."),
    gettext_noop("Split it into several archives, or raise %(setting)s."),
    gettext_noop("The archive unpacks to more than the limit."),
    gettext_noop("It unpacks to more than 100 times its packed size."),
    gettext_noop("Send the file as it is, not packed."),
    gettext_noop("The file is larger than the limit for one image."),
    gettext_noop("Save it smaller or as JPEG."),
    gettext_noop("The file in the archive is damaged."),
    gettext_noop("Pack it again from its source."),
    gettext_noop("The file in the archive is locked with a password."),
    gettext_noop("Pack it without one."),
    gettext_noop("Its name leads out of the archive."),
    gettext_noop("Pack the files anew, with names below one folder."),
    gettext_noop("The archive holds a link or a device here, not a file."),
    gettext_noop("Pack the file itself."),
    gettext_noop("The link leads out of the folder."),
    gettext_noop("Copy the file itself into the folder."),
    gettext_noop("The link leads to no file."),
    gettext_noop("Copy the file or folder itself into the folder."),
    gettext_noop("This is no plain file."),
    gettext_noop("Nothing to do."),
    gettext_noop("The server has no permission to read it."),
    gettext_noop("Let the account that runs Labeler read it."),
    gettext_noop("The file was gone when its turn came."),
    gettext_noop("Put it back and import again."),
    gettext_noop("The archive holds no files."),
    gettext_noop("Check what was packed."),
    gettext_noop("It cannot be read: %(reason)s."),
    gettext_noop("Check the disk it lies on."),
    gettext_noop("The picture takes too much memory or time to decode."),
    gettext_noop("Save it again as a plain JPEG or PNG, or leave it out."),
    gettext_noop("The picture takes too much memory to decode."),
    gettext_noop("The picture needs more memory than is allowed."),
    gettext_noop("Scale it down."),
    gettext_noop("The file is empty."),
    gettext_noop("Send it again from its source."),
    gettext_noop("The file is larger than %(size)s MB."),
    gettext_noop("The picture has no pixels."),
    gettext_noop("Export it again."),
    gettext_noop(
        "The picture is %(width)s × %(height)s pixels; %(most)s is the longest side allowed."
    ),
    gettext_noop("The picture has %(width)s × %(height)s pixels; %(most)s million is the limit."),
    gettext_noop("The picture has far too many pixels; %(most)s million is the limit."),
    gettext_noop("Scale it down or cut it into pieces."),
    gettext_noop("The file is %(what)s, which cannot be used here."),
    gettext_noop("Save it as JPEG, PNG, WebP, TIFF, GIF or BMP."),
    gettext_noop("The file starts like a picture but cannot be read."),
    gettext_noop("The file is not a picture."),
    gettext_noop("Send pictures as JPEG, PNG, WebP, TIFF, GIF or BMP."),
    gettext_noop("Send JPEG, PNG, WebP, TIFF, GIF or BMP."),
    gettext_noop("The picture breaks off before its end."),
    gettext_noop("Copy or download it again from its source."),
    gettext_noop("The picture is damaged and cannot be decoded."),
    gettext_noop(
        "The same picture came in the folder “%(before)s” before; here it is in “%(now)s”."
    ),
    gettext_noop("Keep it in one folder, or correct its label in Review."),
    gettext_noop("The same picture is here already."),
    *OF_MANIFESTS,
    *OF_FORMATS,
    *OF_ADDRESSES,
    # ---- what files are
    gettext_noop("an AVIF picture"),
    gettext_noop("an HEIC photo"),
    gettext_noop("a video"),
    gettext_noop("an SVG drawing"),
    gettext_noop("a JPEG 2000 picture"),
    gettext_noop("a Windows icon"),
    gettext_noop("a PDF document"),
    gettext_noop("a PostScript file"),
    gettext_noop("a Photoshop document"),
    gettext_noop("a FITS file"),
    gettext_noop("a JPEG XL picture"),
    gettext_noop("a zip archive"),
    # ---- why an import stopped
    gettext_noop("The upload stopped before a file had arrived. Send the files again."),
    gettext_noop(
        "There was no file to import. Choose images, a folder that holds some, or an archive."
    ),
    gettext_noop("The upload stopped before its last file; what had arrived was imported."),
    gettext_noop("The database did not take it: %(reason)s"),
    gettext_noop(
        "There is no space left on the disk of %(place)s. Free some space, then press Try again. "
        "What came in is kept."
    ),
    gettext_noop("%(reason)s. Put that right, then press Try again. What came in is kept."),
    gettext_noop("%(path)s is a link now. Import the folder that it leads to."),
    gettext_noop("%(path)s cannot be read: %(reason)s."),
    gettext_noop(
        "The folders have %(n)s names that are no label yet; one import adds at most %(most)s. "
        "Import again and let folder names be only names."
    ),
    gettext_noop(
        "The folder name “%(name)s…” has %(n)s characters; a label takes at most %(most)s. Rename "
        "the folder, or let folder names be only names."
    ),
    gettext_noop("The names cannot become labels. %(reason)s"),
    # ---- where work stands
    gettext_noop("due"),
    gettext_noop("running"),
    gettext_noop("waiting"),
    gettext_noop("paused"),
    gettext_noop("done"),
    gettext_noop("failed"),
    gettext_noop("cancelled"),
    # ---- what a round does, and why it failed
    gettext_noop("starting"),
    gettext_noop("reading"),
    gettext_noop("embedding"),
    gettext_noop("fitting"),
    gettext_noop("writing"),
    gettext_noop("scoring"),
    gettext_noop("choosing"),
    gettext_noop("publishing"),
    gettext_noop("clustering"),
    gettext_noop("The project needs at least two labels before a model can learn."),
    gettext_noop("No answer can be learned from yet. Label some images, then train."),
    gettext_noop("All %(n)s answers are the same: a model needs examples of two labels."),
    gettext_noop(
        "The model was not published: its solver did not reach the optimum. The last model stays "
        "in use; more answers usually help."
    ),
    gettext_noop(
        "The model was not published: cross-validated, it is right on %(now)s of the labeled "
        "images, the last one was on %(before)s. Look for wrong labels among the newest answers; "
        "the last model stays in use."
    ),
    gettext_noop("%(reason)s. Choose another head in the project's settings."),
    gettext_noop("%(reason)s. Choose another one in the project's settings."),
    # ---- what features lack
    gettext_noop("It begins as soon as a worker is free."),
    gettext_noop("The pool is empty."),
    gettext_noop("%(reason)s. It is tried again when images are added."),
    gettext_noop(
        "These features learn from %(least)s images or more that are not in the audit sample; "
        "there are %(n)s. They learn when more are added."
    ),
    gettext_noop("What these features had learned is damaged (%(reason)s); they learn again."),
    gettext_noop(
        "The strategy %(name)s needs a committee, and no committee can be made of the head "
        "%(head)s: %(reason)s. Choose another head or another strategy in the project's settings."
    ),
    gettext_noop(
        "No strategy is called %(name)s; there are %(known)s. Choose one in the project's settings."
    ),
)


def told(words: str) -> str:
    """The stored sentence in the reader's language, as far as it is one of those above."""
    if not words or words in SENTENCES:
        return gettext(words) if words else ""
    for pattern, sentence in _patterns():
        found = pattern.fullmatch(words)
        if found:
            parts = {name: _part(part) for name, part in found.groupdict().items()}
            return gettext(sentence) % parts
    file, found_colon, reason = words.partition(": ")
    if found_colon and knows(reason):
        return gettext("%(file)s: %(reason)s") % {"file": file, "reason": told(reason)}
    return words


def knows(words: str) -> bool:
    """Whether the stored sentence is one of those above."""
    return words in SENTENCES or any(pattern.fullmatch(words) for pattern, _ in _patterns())


def _part(words: str) -> str:
    return gettext(words) if words in SENTENCES else words


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(each), each) for each in SENTENCES if "%(" in each]


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = re.split(r"%\((\w+)\)s", sentence)
    fixed = [re.escape(piece) for piece in pieces[::2]]
    named = [f"(?P<{name}>.+?)" for name in pieces[1::2]]
    shuffled = [piece for pair in zip(fixed, [*named, ""], strict=True) for piece in pair]
    return re.compile("".join(shuffled), re.DOTALL)
