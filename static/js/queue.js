/* The split pane: which row is open, where the focus goes after a swap, and never a row under the cursor. */
import * as pane from "./pane.js";
import * as rows from "./rows.js";
import { forget } from "./decide.js";

function mark(actionId) {
  const split = document.querySelector(".split");
  if (!split) return;
  split.dataset.open = actionId ? "1" : "0";
  document.querySelectorAll("[data-row].is-current").forEach((row) => row.classList.remove("is-current"));
  document.getElementById(`act-${actionId}`)?.classList.add("is-current");
}

let deciding = false;
let loading = null;

export function start() {
  document.addEventListener("htmx:after:swap", (event) => {
    const detail = document.getElementById("detail");
    const shown = detail?.querySelector("[data-action]");
    if (!shown) return;
    mark(shown.dataset.action);
    if (!detail.querySelector("form[data-decide]")) forget(shown.dataset.action);
    const { ctx } = event.detail;
    if (ctx?.target !== detail || ctx.swap === "none") return;
    detail.scrollTop = 0;
    // After one's own decision the form is gone: the focus goes to the result, so that j goes on from there.
    if (deciding) detail.querySelector("[data-result], [data-error]")?.focus();
    deciding = false;
    loading = null;
    pane.arrive();
  });
  // Of several rows chosen in a row only the last one counts; the others' requests are given up.
  document.addEventListener("htmx:finally:request", (event) => {
    if (!loading || event.detail.ctx.sourceElement !== loading) return;
    loading = null;
    pane.stay();
    const shown = document.querySelector("#detail [data-action]");
    if (shown) mark(shown.dataset.action);
  });
  // Below the split's width a row is a plain link: the whole page changes, and back works as everywhere.
  document.addEventListener("htmx:before:request", (event) => {
    const link = event.detail.ctx?.sourceElement;
    deciding = Boolean(link?.matches?.("form[data-decide]"));
    if (link?.matches?.("[data-row-link]") && !matchMedia("(min-width: 1200px)").matches) {
      event.preventDefault();
      location.assign(link.href);
    } else if (link?.matches?.("[data-row-link]")) {
      loading = link;
      pane.leave();
    }
  });
  const open = document.querySelector("[data-row].is-current");
  if (open && matchMedia("(min-width: 1200px)").matches) rows.select(open);
}
