"""Keep secrets out of lines, and lines short: whatever a library or an error says."""

import re

LONGEST_VALUE = 256  # letters of a string that somebody sent
LONGEST_LINE = 2_000
LONGEST_TRACE = 16_000

_NAMES = r"password|passwd|pwd|secret(?:_key)?|token|csrftoken|sessionid|api[_-]?key|access[_-]?key"
_RULES = (
    # user:password@ in an address
    (re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@"), r"\1:…@"),
    # the secrets that stand in our own addresses
    (re.compile(r"(/(?:sign-in|reset|invitations)/)(?!second-step\b)[^\s/?\"']+"), r"\1…"),
    (re.compile(r"\b(lbl_|whsec_)[\w+/=-]+"), r"\1…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 …"),
    (re.compile(r"(?i)\b(set-cookie|cookie)(\W{1,4})[^\r\n]+"), r"\1\2…"),
    # signed addresses of buckets
    (re.compile(r"(?i)([?&](?:x-(?:amz|goog)-[\w-]+|signature|sig|awsaccesskeyid)=)[^&\s\"']+"),
     r"\1…"),
    (re.compile(rf"(?i)((?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)(?!…)[^\s\"'&,;)}}]+"), r"\1…"),
)  # fmt: skip
# Line ends and what moves the cursor or turns the direction of reading.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def masked(text: str) -> str:
    """The text with an ellipsis in place of passwords, tokens, cookies and signatures."""
    for pattern, shown in _RULES:
        text = pattern.sub(shown, text)
    return text


def line(text: str, longest: int = LONGEST_LINE) -> str:
    """The text as one line: masked, control characters escaped, cut off at `longest` letters."""
    return cut(_CONTROL.sub(_escaped, masked(cut(text, 4 * longest))), longest)


def trace(text: str) -> str:
    """The end of a traceback, masked; its lines are moved in, so that none looks like ours."""
    kept = masked(text[-LONGEST_TRACE:]).splitlines()
    return "\n".join(f"    {_CONTROL.sub(_escaped, each)}" for each in kept)


def cut(text: str, longest: int = LONGEST_VALUE) -> str:
    """The first letters, and how many were left out."""
    left = len(text) - longest
    return text if left <= 0 else f"{text[:longest]}… ({left:,} more)"


def _escaped(found: "re.Match[str]") -> str:
    return found[0].encode("unicode_escape").decode()
