// Similar images: a press takes a tile into the choice, or all of them; the slider asks again.
import { choice } from "./explore-choice.js";

const tiles = [...document.querySelectorAll("[data-similar-tile]")];
const idOf = (tile) => Number(tile.dataset.similarTile);

function paint() {
  for (const tile of tiles) tile.setAttribute("aria-pressed", String(choice.has(idOf(tile))));
}

for (const tile of tiles) tile.addEventListener("click", () => choice.toggle(idOf(tile)));
document.addEventListener("choice:changed", paint);
document.querySelector("[data-similar-all]")?.addEventListener("click", () => choice.set(tiles.map(idOf)));

const form = document.querySelector("[data-similar-ask]");
form?.addEventListener("input", (event) => {
  if (event.target.matches("[data-similar-k]")) form.querySelector("[data-similar-k-words]").textContent = event.target.value;
});
form?.addEventListener("change", () => form.requestSubmit());
