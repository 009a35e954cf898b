/* What arrives while somebody reads waits behind a pill: nothing moves under the cursor. */
import { say } from "./announce.js";

const waiting = new Set();
const pill = () => document.getElementById("new-pill");

/** Count an object that belongs into this list but is not in it yet. */
export function add(objectId) {
  const element = pill();
  if (!element || waiting.has(objectId)) return;
  waiting.add(objectId);
  element.hidden = false;
  element.querySelector("[data-pill-count]").textContent = String(waiting.size);
  say(waiting.size === 1 ? "1 new item" : `${waiting.size} new items`);
}

/** Load the list anew, with what has arrived in its place. */
export function showPill() {
  pill()?.click();
}
showPill.exists = () => Boolean(pill() && !pill().hidden);

export function clear() {
  waiting.clear();
  const element = pill();
  if (element) element.hidden = true;
}

export function start() {
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx?.target?.matches?.("[data-list-region]")) clear();
  });
}
