/* The decision form: nothing is decided unless it is open, sent once, and drafts survive a log-in. */
import { say, toast } from "./announce.js";
import * as pane from "./pane.js";

const form = () => document.querySelector("form[data-decide]");
const chosen = (element) => element?.querySelector("input[name=decision]:checked")?.value ?? "";
const draftName = (element) => `countersign.draft.${element.dataset.decide}`;
let observer;
let seen = new Set();

export const exists = () => Boolean(form()) || pane.isLeaving();
export const isOpen = () => !pane.isLeaving() && Boolean(chosen(form()));

/** Open the form for "approve" or "reject". Where its bar is out of sight the first call only scrolls to it. */
export function choose(decision) {
  pane.then(() => openFor(decision));
}

function openFor(decision) {
  const element = form();
  if (!element) return;
  const bar = element.querySelector("[data-decide-bar]") ?? element;
  const box = bar.getBoundingClientRect();
  if (box.bottom > innerHeight + 4 || box.top < 0) {
    bar.scrollIntoView({ block: "end" });
    say(`Press ${decision === "approve" ? "a" : "r"} again to open the form`);
    return;
  }
  const radio = element.querySelector(`input[name=decision][value=${decision}]`);
  if (!radio || radio.disabled) return;
  radio.checked = true;
  opened(element);
}

function opened(element) {
  const decision = chosen(element);
  const first = element.querySelector(`[data-first="${decision}"]`) ?? element.querySelector("textarea");
  first?.focus();
  const button = element.querySelector(`button[data-send="${decision}"]`);
  if (button) say(button.textContent.trim());
  save(element);
}

export function submit() {
  const element = form();
  const button = element?.querySelector(`button[data-send="${chosen(element)}"]`);
  if (button && button.getAttribute("aria-disabled") !== "true") element.requestSubmit(button);
  else if (button) say(element.querySelector("[data-must-see-words]")?.textContent ?? "Not yet");
}

/** Close the open form; false when there was nothing to close. */
export function close() {
  const element = form();
  if (!isOpen()) return false;
  element.querySelectorAll("input[name=decision]").forEach((radio) => { radio.checked = false; });
  document.querySelector("[data-row].is-current [data-row-link]")?.focus({ preventScroll: true });
  return true;
}

export function reveal(id) {
  const element = document.getElementById(id);
  element?.scrollIntoView({ block: "start" });
  element?.focus({ preventScroll: true });
}

function save(element) {
  const data = new FormData(element);
  const draft = { decision: data.get("decision"), reason_code: data.get("reason_code"), comment: data.get("comment") };
  try { sessionStorage.setItem(draftName(element), JSON.stringify(draft)); } catch { /* drafts are a comfort */ }
}

function restore(element) {
  let draft;
  try { draft = JSON.parse(sessionStorage.getItem(draftName(element)) ?? "null"); } catch { return; }
  if (!draft || chosen(element)) return;
  const comment = element.querySelector("[name=comment]");
  if (comment && !comment.value && draft.comment) comment.value = draft.comment;
  const reason = element.querySelector("[name=reason_code]");
  if (reason && !reason.value && draft.reason_code) reason.value = draft.reason_code;
  if (draft.comment || draft.reason_code) {
    const radio = element.querySelector(`input[name=decision][value="${CSS.escape(draft.decision ?? "")}"]`);
    if (radio) radio.checked = true;
  }
}

/* Required and dual: the effect and one row of evidence must have been in view before approving. */
function watch(element) {
  observer?.disconnect();
  seen = new Set();
  const wanted = (element.dataset.mustSee ?? "").split(" ").filter((id) => id && document.getElementById(id));
  const update = () => {
    const open = wanted.filter((id) => !seen.has(id));
    const button = element.querySelector('button[data-send="approve"]');
    button?.setAttribute("aria-disabled", String(open.length > 0));
    const words = element.querySelector("[data-must-see-words]");
    if (words) words.hidden = open.length === 0;
  };
  observer = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => seen.add(entry.target.id));
    update();
  }, { threshold: 0.2 });
  wanted.forEach((id) => observer.observe(document.getElementById(id)));
  update();
}

function prepare() {
  const element = form();
  if (!element || element.dataset.ready) return;
  element.dataset.ready = "1";
  restore(element);
  watch(element);
}

function lock(element, isLocked) {
  element.querySelectorAll("button").forEach((button) => { button.disabled = isLocked; });
}

export function start() {
  prepare();
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("form[data-decide] input[name=decision]")) opened(event.target.form);
  });
  document.addEventListener("input", (event) => {
    if (event.target.form?.matches("form[data-decide]")) save(event.target.form);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-decide]")) return;
    if (event.submitter?.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  // The cookie's token is the newest: a log-in in another tab makes a page's own one stale.
  document.addEventListener("htmx:config:request", (event) => {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (token && event.detail.ctx.request.method === "POST") event.detail.ctx.request.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (source?.matches?.("form[data-decide]")) lock(source, true);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (source?.matches?.("form[data-decide]") && source.isConnected) lock(source, false);
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.sourceElement?.matches?.("form[data-decide]")) {
      toast("The server did not answer. It is not known whether the decision arrived: load the page again to see.");
    }
  });
  document.addEventListener("htmx:after:swap", prepare);
}

/** Forget the draft of an action that no longer takes one. */
export function forget(actionId) {
  try { sessionStorage.removeItem(`countersign.draft.${actionId}`); } catch { /* nothing kept */ }
}
