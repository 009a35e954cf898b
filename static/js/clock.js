/* One clock for the page: the server's. Times are shown in the reader's zone or in UTC. */
import * as store from "./store.js";

let offset = 0;

export function now() {
  return Date.now() + offset;
}

/** Take the server's word for what time it is; `at` is when that word was received. */
export function setServerTime(iso, at = Date.now()) {
  const server = Date.parse(iso);
  if (Number.isFinite(server)) offset = server - at;
}

const pad = (number) => String(number).padStart(2, "0");

function inUtc(date, isToday) {
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  if (isToday) return `${time}:${pad(date.getUTCSeconds())} UTC`;
  const month = date.toLocaleString("en-GB", { month: "short", timeZone: "UTC" });
  const year = date.getUTCFullYear() === new Date(now()).getUTCFullYear() ? "" : ` ${date.getUTCFullYear()}`;
  return `${date.getUTCDate()} ${month}${year} ${time} UTC`;
}

function inZone(date, isToday) {
  const options = isToday
    ? { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" }
    : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  if (date.getFullYear() !== new Date(now()).getFullYear()) options.year = "numeric";
  return new Intl.DateTimeFormat("en-GB", options).format(date).replace(",", "");
}

function show(element) {
  const date = new Date(element.dateTime);
  if (Number.isNaN(date.getTime())) return;
  const isUtc = store.get("utc") === "1";
  const today = new Date(now());
  const isToday = isUtc
    ? date.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)
    : date.toDateString() === today.toDateString();
  const text = isUtc ? inUtc(date, isToday) : inZone(date, isToday);
  if (element.textContent !== text) element.textContent = text;
}

export function render(root = document) {
  root.querySelectorAll("time.when").forEach(show);
}

export function toggleUtc(isUtc = store.get("utc") !== "1") {
  store.set("utc", isUtc ? "1" : "0");
  const box = document.getElementById("pref-utc");
  if (box) box.checked = isUtc;
  render();
}

export function start() {
  // The page was rendered a little before it was parsed; the navigation's own timing tells how much.
  const answered = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
  const at = answered ? performance.timeOrigin + answered : Date.now();
  setServerTime(document.documentElement.dataset.serverNow, at);
  const box = document.getElementById("pref-utc");
  if (box) {
    box.checked = store.get("utc") === "1";
    box.addEventListener("change", () => toggleUtc(box.checked));
  }
  render();
  document.addEventListener("htmx:after:swap", () => render());
}
