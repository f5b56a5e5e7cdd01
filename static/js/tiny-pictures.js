// Very small pictures are drawn as their pixels, wherever they are shown: a smoothed digit is a blur.

const TINY = 64;

export const isTiny = ({ width, height }) => width < TINY && height < TINY;

function sharpen(picture) {
  if (!picture.naturalWidth) return;
  picture.classList.toggle("tiny-picture", isTiny({ width: picture.naturalWidth, height: picture.naturalHeight }));
}

export function watchPictures(root = document) {
  root.addEventListener("load", (event) => event.target.tagName === "IMG" && sharpen(event.target), true);
  root.querySelectorAll("img").forEach(sharpen);
}
