// The page of one image: names are offered while a comment is written.
import { offerNames } from "./mention.js";

const people = JSON.parse(document.getElementById("people").textContent);
const field = document.querySelector("[data-mention]");
offerNames(field, () => people);
