// What a camera's tags are called, in the order they are shown, and what their numbers mean.
import { fill, gettext } from "./words.js";

const NAMES = () => [
  ["XPTitle", gettext("Title")],
  ["ImageDescription", gettext("Description")],
  ["XPSubject", gettext("Subject")],
  ["UserComment", gettext("Comment")],
  ["XPComment", gettext("Comment")],
  ["XPKeywords", gettext("Keywords")],
  ["Copyright", gettext("Copyright")],
  ["DateTimeOriginal", gettext("Taken")],
  ["Make", gettext("Camera maker")],
  ["Model", gettext("Camera")],
  ["LensMake", gettext("Lens maker")],
  ["LensModel", gettext("Lens")],
  ["ExposureTime", gettext("Exposure time")],
  ["FNumber", gettext("Aperture")],
  ["ISOSpeedRatings", gettext("ISO")],
  ["FocalLength", gettext("Focal length")],
  ["FocalLengthIn35mmFilm", gettext("Focal length as on 35 mm film")],
  ["ExposureBiasValue", gettext("Exposure compensation")],
  ["Flash", gettext("Flash")],
  ["WhiteBalance", gettext("White balance")],
  ["ExposureProgram", gettext("Exposure program")],
  ["MeteringMode", gettext("Metering")],
  ["SubjectDistance", gettext("Distance")],
  ["Orientation", gettext("Orientation")],
  ["ColorSpace", gettext("Colour space")],
  ["Software", gettext("Software")],
  ["DateTime", gettext("File changed")],
];

const MEANINGS = {
  Orientation: () => ({
    1: gettext("upright"),
    2: gettext("mirrored"),
    3: gettext("turned by 180°"),
    4: gettext("mirrored, turned by 180°"),
    5: gettext("mirrored, turned by 90°"),
    6: gettext("turned by 90°"),
    7: gettext("mirrored, turned by 90°"),
    8: gettext("turned by 90°"),
  }),
  WhiteBalance: () => ({ 0: gettext("automatic"), 1: gettext("by hand") }),
  ColorSpace: () => ({ 1: "sRGB", 65535: gettext("not calibrated") }),
  ExposureProgram: () => ({
    1: gettext("by hand"),
    2: gettext("automatic"),
    3: gettext("aperture chosen"),
    4: gettext("time chosen"),
  }),
  MeteringMode: () => ({ 1: gettext("average"), 2: gettext("centre"), 3: gettext("spot"), 5: gettext("pattern") }),
};

function meaning(tag, text) {
  if (tag === "Flash") return Number(text) % 2 ? gettext("fired") : gettext("did not fire");
  const known = MEANINGS[tag]?.()[text];
  if (!known) return text;
  return tag === "Orientation" && text !== "1" ? fill(gettext("%(how)s in the file, shown upright"), { how: known }) : known;
}

// [[name, text]] of {tag: text}: those with a name in their order, then the others as they are called.
export function exifLines(exif) {
  const names = new Map(NAMES());
  const known = [...names.keys()].filter((tag) => exif[tag]);
  const others = Object.keys(exif).filter((tag) => !names.has(tag)).sort();
  const spaced = (tag) => tag.replace(/([a-z0-9])([A-Z])/g, "$1 $2");
  return [...known, ...others].map((tag) => [names.get(tag) ?? spaced(tag), meaning(tag, exif[tag])]);
}
