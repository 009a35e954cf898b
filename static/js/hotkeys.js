/* One registry: the keys that work are the keys the help shows. Scopes from the inside: modal, detail, list, global. */
import * as store from "./store.js";
import * as rows from "./rows.js";
import * as decide from "./decide.js";
import { toggleUtc } from "./clock.js";
import { toggleNav } from "./nav.js";
import { showPill } from "./newrows.js";

const go = (path) => () => {
  if (document.querySelector(`.side a[href="${path}"]`)) location.assign(path);
};
const back = () => document.querySelector("[data-back]")?.click();

export const REGISTRY = [
  { keys: ["j"], scope: "list", words: "Next item", when: rows.exist, run: () => rows.move(1) },
  { keys: ["k"], scope: "list", words: "Previous item", when: rows.exist, run: () => rows.move(-1) },
  { keys: ["Enter", "o"], scope: "list", words: "Open the item", when: rows.exist, run: rows.open, native: true },
  { keys: ["."], scope: "list", words: "Show new arrivals", when: showPill.exists, run: showPill },
  { keys: ["a"], scope: "detail", words: "Approve: open the form (a second key press after scrolling)", when: decide.exists, run: () => decide.choose("approve") },
  { keys: ["r"], scope: "detail", words: "Reject: open the form, then a digit for the reason", when: decide.exists, run: () => decide.choose("reject") },
  { keys: ["Ctrl+Enter"], scope: "detail", words: "Send the open decision form", when: decide.isOpen, run: decide.submit, typing: true },
  { keys: ["v"], scope: "detail", words: "Go to the evidence", when: () => document.getElementById("evidence"), run: () => decide.reveal("evidence") },
  { keys: ["b"], scope: "detail", words: "Go to the blast radius", when: () => document.getElementById("guardrails"), run: () => decide.reveal("guardrails") },
  { keys: ["Escape"], scope: "detail", words: "Close the form, then go back to the list", run: () => decide.close() || back(), typing: true },
  { keys: ["/"], scope: "global", words: "Search", run: () => document.querySelector("[data-search], #global-search")?.focus() },
  { keys: ["["], scope: "global", words: "Fold the navigation", run: toggleNav },
  { keys: ["t u"], scope: "global", words: "Times in UTC or in your zone", run: () => toggleUtc() },
  { keys: ["g q"], scope: "global", words: "Go to the queue", run: go("/queue/") },
  { keys: ["g a"], scope: "global", words: "Go to alerts", run: go("/alerts/") },
  { keys: ["g t"], scope: "global", words: "Go to agents", run: go("/agents/") },
  { keys: ["g m"], scope: "global", words: "Go to metrics", run: go("/metrics/") },
  { keys: ["g c"], scope: "global", words: "Go to control", run: go("/control/") },
  { keys: ["g l"], scope: "global", words: "Go to the audit log", run: go("/audit/") },
  { keys: ["g e"], scope: "global", words: "Go to the simulated estate", run: go("/estate/") },
  { keys: ["g h"], scope: "global", words: "Go to help", run: go("/help/") },
  { keys: ["?"], scope: "global", words: "This help", run: openHelp },
];
const SCOPES = { list: "Lists", detail: "The open item", global: "Everywhere" };
const CHORD_MS = 1200;
let prefix = "";
let prefixTimer = 0;

const isTyping = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || /^(textarea|select)$/i.test(element.tagName) ||
    (element.tagName === "INPUT" && !/^(radio|checkbox|button|submit)$/.test(element.type)));

const name = (event) => (event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key);

function find(pressed, typing) {
  const fits = (entry) =>
    entry.keys.includes(pressed) && (!typing || entry.typing) && (!entry.when || entry.when());
  for (const scope of ["detail", "list", "global"]) {
    const entry = REGISTRY.find((candidate) => candidate.scope === scope && fits(candidate));
    if (entry) return entry;
  }
  return undefined;
}

function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const typing = isTyping(event.target);
  const single = !event.ctrlKey && !event.metaKey && event.key !== "Escape";
  if (single && store.get("keys", "1") !== "1") return;
  let pressed = name(event);
  if (prefix && !typing) {
    pressed = `${prefix} ${pressed}`;
    prefix = "";
  } else if (!typing && REGISTRY.some((entry) => entry.keys.some((key) => key.startsWith(`${pressed} `)))) {
    prefix = pressed;
    clearTimeout(prefixTimer);
    prefixTimer = setTimeout(() => { prefix = ""; }, CHORD_MS);
    return;
  }
  const entry = find(pressed, typing);
  // Enter on a link or a button is the browser's own business.
  if (!entry || (entry.native && event.target.closest("a, button, summary, label, input"))) return;
  event.preventDefault();
  entry.run();
}

function openHelp() {
  const dialog = document.getElementById("keys");
  const list = document.getElementById("keys-list");
  if (!dialog || !list) return;
  fill(list);
  dialog.showModal();
}

/** Draw the registry into an element: the dialog and the help page show the same list. */
export function fill(list) {
  list.replaceChildren(...Object.entries(SCOPES).map(([scope, title]) => {
    const group = document.createElement("section");
    group.className = "keys-group";
    const heading = document.createElement("h3");
    heading.textContent = title;
    const terms = document.createElement("dl");
    for (const entry of REGISTRY.filter((candidate) => candidate.scope === scope)) {
      const keys = document.createElement("dt");
      entry.keys.forEach((key, index) => {
        if (index) keys.append(" or ");
        key.split(" ").forEach((part) => {
          const cap = document.createElement("kbd");
          cap.textContent = part === "Escape" ? "Esc" : part;
          keys.append(cap, " ");
        });
      });
      const words = document.createElement("dd");
      words.textContent = entry.words;
      terms.append(keys, words);
    }
    group.append(heading, terms);
    return group;
  }));
}

export function start() {
  document.addEventListener("keydown", onKey);
  const box = document.getElementById("pref-keys");
  if (box) {
    box.checked = store.get("keys", "1") === "1";
    box.addEventListener("change", () => store.set("keys", box.checked ? "1" : "0"));
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-key-help]")) openHelp();
  });
  const sheet = document.getElementById("keys-sheet");
  if (sheet) fill(sheet);
}
