"""A user's own label colour, moved in lightness until it can be seen; its hue stays."""

import math

# The twelve colours of tokens.css in light mode: what a label wears without a colour of its own.
PALETTE = (
    "#4982ed", "#994e0f", "#0e7871", "#e243ad", "#a38918", "#843bb0",
    "#14258f", "#8c333f", "#003d00", "#5b0f5c", "#648250", "#3f5978",
)  # fmt: skip
LIGHT_GROUND = "#f6f5f3"  # the least favourable ground of each mode
DARK_GROUND = "#1f1e1c"
LEAST_CONTRAST = 3.0  # WCAG 2.2, 1.4.11: graphics

Triple = tuple[float, float, float]


def for_both_modes(colour: str) -> tuple[str, str]:
    """("#rrggbb" for light mode, "#rrggbb" for dark mode), each at least 3:1 on its ground."""
    return _moved(colour, LIGHT_GROUND, -1), _moved(colour, DARK_GROUND, 1)


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _moved(colour: str, ground: str, direction: int) -> str:
    light, chroma, hue = _oklch(_linear(colour))
    found = colour
    while contrast(found, ground) < LEAST_CONTRAST:
        light += 0.01 * direction
        found = _fitted(light, chroma, hue)
    return found


def _fitted(light: float, chroma: float, hue: float) -> str:
    """The colour, with as much of its chroma as sRGB can show."""
    light = min(1.0, max(0.0, light))
    while True:
        rgb = _from_oklch(light, chroma, hue)
        if chroma < 0.001 or all(-0.001 <= part <= 1.001 for part in rgb):
            return _hex(rgb)
        chroma *= 0.95


def _linear(colour: str) -> Triple:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _to_linear(red), _to_linear(green), _to_linear(blue)


def _to_linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _hex(rgb: Triple) -> str:
    curved = (12.92 * p if p <= 0.0031308 else 1.055 * p ** (1 / 2.4) - 0.055 for p in
              (min(1.0, max(0.0, part)) for part in rgb))  # fmt: skip
    return "#" + "".join(f"{round(255 * part):02x}" for part in curved)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# OKLab, from its published matrices (B. Ottosson, "A perceptual color space for image
# processing", 2020).
def _oklch(rgb: Triple) -> Triple:
    r, g, b = rgb
    cone_l = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    cone_m = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    cone_s = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    light = 0.2104542553 * cone_l + 0.7936177850 * cone_m - 0.0040720468 * cone_s
    a = 1.9779984951 * cone_l - 2.4285922050 * cone_m + 0.4505937099 * cone_s
    b = 0.0259040371 * cone_l + 0.7827717662 * cone_m - 0.8086757660 * cone_s
    return light, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(light: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    cone_l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    cone_m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    cone_s = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * cone_l - 3.3077115913 * cone_m + 0.2309699292 * cone_s,
        -1.2684380046 * cone_l + 2.6097574011 * cone_m - 0.3413193965 * cone_s,
        -0.0041960863 * cone_l - 0.7034186147 * cone_m + 1.7076147010 * cone_s,
    )
