// Seeing: the tools over the picture on the stage. They change what is looked at, never an answer.
import { Facts } from "./image-facts.js";
import { About } from "./label-about.js";
import { Gestures, listenToKeys } from "./label-gestures.js";
import { Light } from "./label-light.js";
import { Original } from "./label-original.js";
import { Zoom } from "./label-zoom.js";
import { fill, gettext } from "./words.js";

const ORIGINAL_WORDS = () => ({
  "": "",
  loading: gettext("Fetching the original…"),
  there: gettext("Original"),
  never: gettext("Screen size: browsers do not show this original"),
  lost: gettext("Screen size: the original did not arrive"),
});

// A key that an answer has is the answer's.
function yieldKeys(root, tools) {
  const answers = [...root.querySelectorAll("[data-answer][aria-keyshortcuts], [data-undo]")];
  const used = new Set(answers.flatMap((each) => (each.getAttribute("aria-keyshortcuts") ?? "").split(" ")));
  for (const tool of tools.querySelectorAll("[data-tool-key]")) {
    const taken = used.has(tool.dataset.toolKey);
    if (taken === !tool.hasAttribute("aria-keyshortcuts")) continue;
    if (taken) tool.removeAttribute("aria-keyshortcuts");
    else tool.setAttribute("aria-keyshortcuts", tool.dataset.toolKey);
    tool.querySelector("kbd").hidden = taken;
    tool.querySelector("[data-plain-sign]")?.toggleAttribute("hidden", !taken);
  }
}

// `root`: the desk. It hears of each picture by `desk:painted`, whose detail is the question.
export function attach(root, { boot: { project } }) {
  const stage = root.querySelector("[data-stage]");
  const tools = stage.querySelector("[data-seeing]");
  const part = (name) => tools.querySelector(`[data-${name}]`);
  const zoom = new Zoom(stage, () => look());
  const gestures = new Gestures(stage, zoom);
  const facts = new Facts((image) => tools.dataset.address.replace("/0/", `/${image}/`));
  const about = new About(part("about"), { button: part("about-toggle"), facts });
  const original = new Original(zoom, part("lens"), { facts, tell });
  const light = new Light(stage, part("light"), { place: `labeler-light-${project}`, changed: paintTools });
  let fetched = "";
  let shown = null;

  function tell(news) {
    if (news === fetched) return;
    fetched = news;
    paintTools();
  }

  function look() {
    original.look();
    paintTools();
  }

  function paintTools() {
    const still = zoom.isStill;
    tools.classList.toggle("in-use", !still || !light.isPlain);
    part("zoom-fit").disabled = still;
    part("zoom-out").disabled = zoom.view.scale <= 1;
    part("scale").textContent = zoom.view.scale > 1 && zoom.picture ? fill(gettext("%(n)s\u00a0%"), { n: Math.round(100 * zoom.perPixel) }) : "";
    part("original").textContent = zoom.view.scale > 1 ? ORIGINAL_WORDS()[fetched] : "";
    part("light-words").textContent = light.words;
  }

  function toggle(button, panel, open = panel.hidden) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  }

  const does = {
    in: () => zoom.step(1),
    out: () => zoom.step(-1),
    fit: () => zoom.reset(),
    turn: () => zoom.turn(),
    light: () => toggle(part("light-toggle"), part("light")),
    plain: () => light.reset(),
    about: () => about.toggle(),
    tools: () => part("tools-toggle").setAttribute("aria-expanded", String(tools.classList.toggle("open"))),
  };

  tools.addEventListener("click", (event) => {
    const { does: what, lightStep } = event.target.closest("button")?.dataset ?? {};
    if (lightStep) light.step(lightStep);
    does[what]?.();
  });

  function show(question) {
    yieldKeys(root, tools);
    if (question === shown?.question && zoom.picture === shown.picture) return; // painted once more
    shown = { question, picture: zoom.picture };
    original.show(question);
    zoom.show({ width: question.width, height: question.height });
    about.show(question);
  }

  root.addEventListener("desk:painted", (event) => show(event.detail));
  new ResizeObserver(() => zoom.refit()).observe(stage);
  listenToKeys(zoom, gestures);
  paintTools();
}
