// Brightness and contrast of what is looked at: a matter of the eye, kept in this tab only.
import { fill, gettext } from "./words.js";

const PLAIN = 100;
const STEP = 20;
const RANGE = { brightness: [20, 300], contrast: [20, 300] };

const percent = (value) => fill(gettext("%(n)s\u00a0%"), { n: value });
const within = (value, [low, high]) => Math.min(high, Math.max(low, value));

// What was kept, made sound: {brightness, contrast} in percent.
export function readLight(text) {
  let kept = null;
  try {
    kept = JSON.parse(text);
  } catch {
    // Something else lies there.
  }
  const sound = (name) => (Number.isFinite(kept?.[name]) ? within(Math.round(kept[name]), RANGE[name]) : PLAIN);
  return { brightness: sound("brightness"), contrast: sound("contrast") };
}

export const isPlain = ({ brightness, contrast }) => brightness === PLAIN && contrast === PLAIN;

export class Light {
  // stage: gets the filter; panel: the sliders; changed: called after each change.
  constructor(stage, panel, { place, changed }) {
    Object.assign(this, { stage, panel, place, changed });
    this.values = readLight(sessionStorage.getItem(place));
    for (const slider of panel.querySelectorAll("input")) {
      slider.addEventListener("input", () => this.#set({ [slider.name]: Number(slider.value) }));
      // Arrow keys move the slider, not through the strip.
      slider.addEventListener("keydown", (event) => event.key.startsWith("Arrow") && event.stopPropagation());
    }
    this.#paint();
  }

  get isPlain() {
    return isPlain(this.values);
  }

  // "brightness+", "contrast-": one step.
  step(which) {
    const name = which.slice(0, -1);
    this.#set({ [name]: within(this.values[name] + (which.endsWith("+") ? STEP : -STEP), RANGE[name]) });
  }

  reset() {
    this.#set({ brightness: PLAIN, contrast: PLAIN });
  }

  get words() {
    if (this.isPlain) return "";
    const { brightness, contrast } = this.values;
    return fill(gettext("Brightness %(brightness)s, contrast %(contrast)s"), { brightness: percent(brightness), contrast: percent(contrast) });
  }

  #set(some) {
    this.values = { ...this.values, ...some };
    try {
      sessionStorage.setItem(this.place, JSON.stringify(this.values));
    } catch {
      // Private windows may keep nothing; the light still changes.
    }
    this.#paint();
    this.changed();
  }

  #paint() {
    const { stage, panel, values } = this;
    stage.classList.toggle("lit", !this.isPlain);
    for (const [name, value] of Object.entries(values)) {
      stage.style.setProperty(`--${name}`, `${value}%`);
      panel.querySelector(`[name="${name}"]`).value = value;
      panel.querySelector(`[data-light-value="${name}"]`).textContent = percent(value);
    }
    panel.querySelector("[data-light-reset]").disabled = this.isPlain;
  }
}
