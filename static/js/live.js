/* Live updates over hx-ws: what was missed is replayed, older news is dropped, and a dead socket is visible. */
import { say, sayNow } from "./announce.js";
import { setServerTime } from "./clock.js";
import * as newrows from "./newrows.js";

const RECONNECTING_MS = 3_000;
const OFFLINE_MS = 30_000;
const POLL_MS = 15_000;
const CHECK_MS = 30_000;
const CATCH_UP_MS = 10_000;
const WORDS = { live: "Live", reconnecting: "Reconnecting…", offline: "Offline", ended: "Logged out", slow: "Live updates off", off: "Connecting…" };

let lastEvent = 0;
let asOf = new Date();
let lostAt = 0;
let caughtUp = null;
let state = "off";
let timers = [];
let heardOffline = 0;
const revisions = new Map();

const clockTime = (date) => date.toLocaleTimeString("en-GB");

function show(next, banner = "") {
  state = next;
  const dot = document.getElementById("live");
  if (dot) {
    dot.dataset.state = next;
    dot.title = `Data as of ${clockTime(asOf)}`;
    document.getElementById("live-word").textContent = WORDS[next];
  }
  const strip = document.getElementById("connection");
  if (!strip) return;
  strip.hidden = !banner;
  strip.dataset.state = next;
  if (strip.dataset.words !== banner) {
    strip.dataset.words = banner;
    strip.textContent = banner;
  }
}

function after(milliseconds, run) {
  timers.push(setTimeout(run, milliseconds));
}

function calm() {
  timers.forEach(clearTimeout);
  timers = [];
}

function lost() {
  if (lostAt || state === "ended") return;
  lostAt = Date.now();
  after(RECONNECTING_MS, () => show("reconnecting", `Reconnecting… data as of ${clockTime(asOf)}`));
  after(OFFLINE_MS, offline);
}

function offline() {
  const news = heardOffline ? ` ${heardOffline} changes since then.` : "";
  show("offline", `Offline: decisions still work, the list may be stale. Data as of ${clockTime(asOf)}.${news}`);
  check();
  after(POLL_MS, offline);
}

function back() {
  const wasLost = lostAt !== 0;
  calm();
  lostAt = 0;
  heardOffline = 0;
  asOf = new Date();
  show("live");
  if (!wasLost) return;
  caughtUp = new Set();
  setTimeout(replayed, CATCH_UP_MS);
}

/* The server says hello when everything that was missed has been sent. */
function replayed() {
  if (!caughtUp) return;
  const count = caughtUp.size;
  caughtUp = null;
  const words = count === 1 ? "1 change while away" : `${count} changes while away`;
  say(count ? words : "Live again");
  if (!count || state !== "live") return;
  show("live", words);
  setTimeout(() => state === "live" && show("live"), 8_000);
}

/* Redis is away or back: the socket still brings every change, up to two seconds late. */
function broker(isOn) {
  if (isOn && state === "slow") show("live");
  if (!isOn) show("slow", "Live updates are off: changes arrive a few seconds late. Pages and decisions work as always.");
}

function refused() {
  calm();
  show("offline", "This account may not receive live updates. Pages show what they may when they are loaded.");
}

function ended() {
  calm();
  show("ended");
  const strip = document.getElementById("connection");
  if (!strip) return;
  strip.hidden = false;
  const link = document.createElement("a");
  link.href = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = "Log in again";
  strip.replaceChildren("Your session has ended; what you typed is kept in this tab. ", link);
  sayNow("Your session has ended");
}

/* Ask over HTTP what the socket may have lost: 204 when the page is right. */
async function check() {
  const asked = lastEvent;
  try {
    const answer = await fetch(`/live/since/?after=${asked}`, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) return void ended();
    if (answer.status !== 200) return undefined;
    const news = await answer.json();
    // Offline, or the socket says it is alive but has not brought what the server knows: take it from here.
    if (state === "offline" || lastEvent === asked) apply(news);
  } catch { /* the banner already says so */ }
  return undefined;
}

function apply(news) {
  lastEvent = Math.max(lastEvent, Number(news.latest));
  asOf = new Date();
  if (state === "offline") heardOffline += news.changes;
  const content = relevant(news.content, { revision: Infinity });
  if (content) window.htmx?.swap({ sourceElement: document.body, target: document.body, swap: "none", text: content, transition: false });
}

function elementOf(selector) {
  try { return selector ? document.querySelector(selector) : null; } catch { return null; }
}

/* Keep only the partials whose target is on this page and not newer than the message. */
function relevant(content, envelope) {
  const kept = [];
  const parsed = new DOMParser().parseFromString(content.replace(/<(\/?)hx-partial/gi, "<$1template"), "text/html");
  for (const partial of parsed.querySelectorAll("template[hx-target]")) {
    const target = elementOf(partial.getAttribute("hx-target"));
    const incoming = partial.content.firstElementChild;
    if (!target) {
      if (incoming?.dataset.openItem) newrows.add(incoming.dataset.openItem);
      continue;
    }
    if (Number(target.dataset.rev ?? -1) > Number(envelope.revision)) continue;
    if (target.dataset.sig && incoming?.dataset.sig === target.dataset.sig) continue;
    if (incoming?.dataset.announce && incoming.dataset.announce !== target.dataset.announce) sayNow(incoming.dataset.announce);
    kept.push(`<hx-partial hx-target="${partial.getAttribute("hx-target")}" hx-swap="${partial.getAttribute("hx-swap") ?? "outerMorph"}">${partial.innerHTML}</hx-partial>`);
  }
  return kept.join("");
}

/* The newest revision that this page has heard of or was rendered with. */
function known(subject, envelope) {
  const drawn = [...document.querySelectorAll(`[data-rev][id$="-${CSS.escape(String(envelope.object_id))}"]`)];
  return Math.max(revisions.get(subject) ?? -1, ...drawn.map((element) => Number(element.dataset.rev)));
}

function onMessage(event) {
  let envelope;
  try { envelope = JSON.parse(event.detail.message.data); } catch { return; }
  asOf = new Date();
  if (envelope.now) setServerTime(envelope.now);
  if ("hello" in envelope) replayed();
  if ("live" in envelope) broker(envelope.live === "on");
  if (envelope.event) lastEvent = Math.max(lastEvent, Number(envelope.event));
  const subject = `${envelope.object_type}/${envelope.object_id}`;
  // A burst comes as one sign with a link; nothing on the page moves.
  if (envelope.kind === "many") return void say(`${envelope.count} changes`);
  if (!envelope.again || known(subject, envelope) < Number(envelope.revision)) caughtUp?.add(subject);
  if (envelope.object_id && (revisions.get(subject) ?? -1) > Number(envelope.revision)) {
    event.preventDefault();
    return;
  }
  if (envelope.object_id) revisions.set(subject, Number(envelope.revision));
  envelope.content = relevant(String(envelope.content ?? ""), envelope);
  if (envelope.content) event.detail.message.data = JSON.stringify(envelope);
  else event.preventDefault();
}

const CLOSED = { 4401: ended, 4403: refused };

function withSince(event) {
  const url = new URL(event.detail.connection.url);
  url.searchParams.set("since", String(lastEvent));
  event.detail.connection.url = url.href;
}

function badge() {
  const source = document.getElementById("needs-me");
  if (!source) return;
  const count = Number(source.dataset.count) || 0;
  const bare = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = count ? `(${count > 99 ? "99+" : count}) ${bare}` : bare;
  document.querySelectorAll("[data-needs-me-copy]").forEach((copy) => {
    copy.textContent = count > 99 ? "99+" : String(count);
    copy.hidden = count === 0;
  });
}

export function start() {
  if (!document.body.hasAttribute("hx-ws:connect")) return;
  lastEvent = Number(document.body.dataset.since) || 0;
  show("off");
  const on = (name, run) => document.addEventListener(name, run);
  on("htmx:ws:before:connection", withSince);
  on("htmx:ws:after:connection", back);
  on("htmx:ws:before:message:incoming", onMessage);
  on("htmx:ws:close", (event) => (CLOSED[event.detail.code] ?? lost)());
  on("htmx:after:swap", badge);
  addEventListener("offline", () => lost());
  setInterval(() => state === "live" && !document.hidden && check(), CHECK_MS);
}
