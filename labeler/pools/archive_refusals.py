"""What is wrong with an archive, or with a file in one."""

from labeler.pools.refusing import Refused

NOT_ONE = Refused(
    "not_an_archive",
    "The file is no archive that can be opened.",
    "Pack the images as zip, tar, tar.gz, tar.bz2 or tar.xz.",
)
DAMAGED = Refused(
    "damaged_archive",
    "The archive is damaged or breaks off before its end.",
    "Pack it again or copy it again from its source.",
)
TOO_MANY = Refused(
    "too_many_members",
    "The archive holds more files than the limit.",
    "Split it into several archives, or raise LABELER_MAX_ARCHIVE_MEMBERS.",
)
TOO_LARGE = Refused(
    "archive_too_large",
    "The archive unpacks to more than the limit.",
    "Split it into several archives, or raise LABELER_MAX_ARCHIVE_BYTES.",
)
BOMB = Refused(
    "suspicious_ratio",
    "It unpacks to more than 100 times its packed size.",
    "Send the file as it is, not packed.",
)
TOO_MANY_BYTES = Refused(
    "too_many_bytes",
    "The file is larger than the limit for one image.",
    "Save it smaller or as JPEG.",
)
DAMAGED_MEMBER = Refused(
    "damaged_member", "The file in the archive is damaged.", "Pack it again from its source."
)
ENCRYPTED = Refused(
    "encrypted", "The file in the archive is locked with a password.", "Pack it without one."
)
LEADS_OUT = Refused(
    "unsafe_name",
    "Its name leads out of the archive.",
    "Pack the files anew, with names below one folder.",
)
NOT_A_FILE = Refused(
    "not_a_file",
    "The archive holds a link or a device here, not a file.",
    "Pack the file itself.",
)
