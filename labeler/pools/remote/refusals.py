"""Why a file that lies elsewhere does not come in, by what its server answered."""

from labeler.pools.refusing import Refused

NOT_FOUND = Refused(
    "not_found", "There is nothing at this address.", "Look for a slip, or whether it was moved."
)
NOT_PERMITTED = Refused(
    "not_permitted",
    "The server does not let this installation read it.",
    "Make it readable for anybody, or name its bucket in LABELER_IMPORT_BUCKETS.",
)
SERVER_FAILING = Refused(
    "server_failing", "The server answered that it is in trouble.", "Try again later."
)
NO_PICTURE = Refused(
    "bad_answer",
    "The server answered with something other than the file.",
    "Open the address in a browser and see what is there.",
)
A_PAGE = Refused(
    "web_page",
    "The address leads to a web page, not to a picture.",
    "Give the picture's own address: in a browser, Copy image address.",
)
PACKED = Refused(
    "packed_answer",
    "The server sent the file packed, though it was asked not to.",
    "Let it send pictures without Content-Encoding.",
)
AWAY = {"unreachable", "timed_out", "server_failing"}  # it may be there again later


def refusal_of(status: int) -> Refused | None:
    """Why an answer with this status is not the file; None for 200."""
    if status == 200:
        return None
    if status in (404, 410):
        return NOT_FOUND
    if status in (401, 403, 407, 451):
        return NOT_PERMITTED
    return SERVER_FAILING if status == 429 or status >= 500 else NO_PICTURE
