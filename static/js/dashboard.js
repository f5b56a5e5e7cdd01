// The dashboard: charts, and parts that follow the work as it goes on.
import { drawCharts } from "./chart.js";
import { keepLive } from "./live.js";
import "./poll.js";

drawCharts();
const poller = document.querySelector("[data-live]");
if (poller) keepLive(poller, drawCharts);
