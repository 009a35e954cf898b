/* Deadlines tick against the server's clock and always say what happens at zero. */
import { now } from "./clock.js";
import { say, sayNow } from "./announce.js";

const said = new Set();

function words(seconds) {
  if (seconds >= 2 * 86400) return `${Math.floor(seconds / 86400)} d`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function urgency(seconds) {
  if (seconds <= 0) return "over";
  return seconds < 300 ? "urgent" : seconds < 900 ? "soon" : "calm";
}

function announce(element, seconds) {
  if (!("announce" in element.dataset) || seconds <= 0) return;
  for (const [limit, speak] of [[60, sayNow], [300, say]]) {
    const key = `${element.dataset.deadline}/${limit}`;
    if (seconds <= limit && !said.has(key)) {
      said.add(key);
      if (limit - seconds < 5) speak(`${Math.ceil(seconds / 60)} minutes left, then: ${element.dataset.then}`);
    }
  }
}

function tick(element) {
  const seconds = Math.floor((Date.parse(element.dataset.deadline) - now()) / 1000);
  if (Number.isNaN(seconds)) return;
  const text = seconds > 0 ? words(seconds) : element.dataset.over || "deadline passed";
  const clock = element.querySelector(".countdown-clock") ?? element;
  if (clock.textContent !== text) clock.textContent = text;
  const state = urgency(seconds);
  if (element.dataset.urgency !== state) element.dataset.urgency = state;
  announce(element, seconds);
}

export function start() {
  const all = () => document.hidden || document.querySelectorAll("[data-deadline]").forEach(tick);
  all();
  setInterval(all, 1000);
  document.addEventListener("visibilitychange", all);
  document.addEventListener("htmx:after:swap", all);
}
