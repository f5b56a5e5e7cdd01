// The Learning page: its charts, and the chooser that needs no second press.
import { drawCharts } from "./chart.js";
import "./chart-strategies.js";

drawCharts();

document.querySelector("[data-of-label]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
