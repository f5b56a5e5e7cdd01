"""Sentences that are stored in English, read in another language.

A worker that refuses a file or gives up a round does not know who will read why. It stores the
sentence in English, as logs, CSV files and the API want it; pages show it in their own language.
A new sentence needs a line here; without one it is shown as it is stored.
"""

import re
from functools import cache

from django.utils.translation import gettext, gettext_noop

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
    # ---- what a manifest lacks
    gettext_noop("Table"),
    gettext_noop("Folders"),
    gettext_noop("There is no file “%(path)s”."),
    gettext_noop("Send the file as well, or correct its name."),
    gettext_noop("Send the picture with the manifest. Or: %(else)s"),
    gettext_noop("Several files could be “%(path)s”, or several rows mean one file."),
    gettext_noop("Write more of the path, as the files have it."),
    gettext_noop("%(name)s holds no rows."),
    gettext_noop("Check that it is the right file."),
    gettext_noop("%(n)s names or more would become labels."),
    gettext_noop("Check that the right column is read as the label, or leave unknown names out."),
    gettext_noop("A label has %(n)s characters: %(name)s…"),
    gettext_noop("Check that the right column is read as the label."),
    gettext_noop("%(name)s: It names more than %(most)s different labels."),
    gettext_noop("%(file)s: No column seems to name files. There is: %(there)s."),
    gettext_noop("Say which column names the file of each picture."),
    gettext_noop("This project has two labels and no others: %(names)s."),
    gettext_noop("The name is empty."),
    gettext_noop("The name holds characters that cannot be shown."),
    gettext_noop("The name has %(n)s characters; a label takes at most %(most)s."),
    gettext_noop("It looks like a manifest too; it was not read."),
    gettext_noop("Name the manifest to be read and import again, if this one was meant."),
    gettext_noop("“%(name)s” cannot be a label (%(where)s). %(why)s"),
    gettext_noop("“%(name)s” cannot be a label. %(why)s"),
    gettext_noop("Map it to a label of the project, or correct it in the manifest."),
    gettext_noop(
        "The rows about it disagree: %(answers)s (%(where)s). It came in without a label."
    ),
    gettext_noop("Answer it on the Label page, or mend the manifest and import again."),
    gettext_noop(
        "It has several labels: %(answers)s (%(where)s). This project takes one per image, so it "
        "came in without."
    ),
    gettext_noop(
        "Answer it on the Label page, or import into a project of several labels per image."
    ),
    gettext_noop("The same picture came under another name with another label, which it keeps."),
    gettext_noop("Correct its label in Review if it is wrong."),
    gettext_noop(
        "The manifest says that none of the labels fits. This project takes one label per image, "
        "so it came in without."
    ),
    gettext_noop("Answer it on the Label page, or add a label that fits."),
    gettext_noop("The image has another answer already, which stays."),
    gettext_noop("There is no manifest “%(name)s” among the files. Name one that is, or none."),
    gettext_noop(
        "The manifest names %(n)s labels that the project does not have; nobody has said that they "
        "may be added, and more than %(most)s look like a mistake. Check which column is read as "
        "the label, or import again and say what becomes of unknown names."
    ),
    # ---- what lies elsewhere and does not come
    gettext_noop("There is nothing at this address."),
    gettext_noop("Look for a slip, or whether it was moved."),
    gettext_noop("The server does not let this installation read it."),
    gettext_noop("Make it readable for anybody, or name its bucket in LABELER_IMPORT_BUCKETS."),
    gettext_noop("The server answered that it is in trouble."),
    gettext_noop("Try again later."),
    gettext_noop("The server answered with something other than the file."),
    gettext_noop("Open the address in a browser and see what is there."),
    gettext_noop("The address leads to a web page, not to a picture."),
    gettext_noop("Give the picture's own address: in a browser, Copy image address."),
    gettext_noop("The server sent the file packed, though it was asked not to."),
    gettext_noop("Let it send pictures without Content-Encoding."),
    gettext_noop("This is not an address that can be read."),
    gettext_noop(
        "Give the whole address of a picture, as in https://example.org/leaf.jpg, without name@."
    ),
    gettext_noop("Only https addresses are read."),
    gettext_noop("Use https. The operator may allow a host for http with LABELER_FETCH_ALLOW."),
    gettext_noop("The address names an unusual port."),
    gettext_noop("The operator may allow it as host:port in LABELER_FETCH_ALLOW."),
    gettext_noop("The address leads into a private network, or to this server itself."),
    gettext_noop(
        "Use a public address. The operator may allow a host or network with LABELER_FETCH_ALLOW."
    ),
    gettext_noop("There is no server of this name."),
    gettext_noop("Look for a slip in the address, or ask whether the server still exists."),
    gettext_noop("The server did not send it within the time allowed."),
    gettext_noop("Try again later, or raise LABELER_FETCH_SECONDS."),
    gettext_noop("The server could not be reached, or broke the connection off."),
    gettext_noop(
        "See that it is running and that this server may connect to it; then import again."
    ),
    gettext_noop("Fewer bytes came than the server announced."),
    gettext_noop("Import again to fetch it anew."),
    gettext_noop("The server's certificate is not one that this installation trusts."),
    gettext_noop(
        "Use a server with a valid certificate. The operator may add an authority by SSL_CERT_FILE."
    ),
    gettext_noop("The address leads on and on, more than %(n)s times."),
    gettext_noop("Give the address at which the picture really lies."),
    gettext_noop("The address leads on to a place that is not asked."),
    gettext_noop("Give the public https address at which the picture really lies."),
    gettext_noop("This is not the address of a bucket."),
    gettext_noop("Write it as in s3://bucket/folder, gs://bucket/folder or az://container/folder."),
    gettext_noop("This bucket holds the images of this installation."),
    gettext_noop("Import from another bucket. Pictures of a project leave it through Export."),
    gettext_noop("This installation cannot read %(scheme)s addresses yet."),
    gettext_noop("Let the operator install it: %(command)s"),
    gettext_noop("This installation does not say whose az:// addresses are meant."),
    gettext_noop("Let the operator set AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING."),
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
    return words


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
