/* Navigation width and row density: preferences of this browser. */
import * as store from "./store.js";

function show() {
  const isNarrow = document.documentElement.dataset.nav === "narrow";
  document.getElementById("nav-collapse")?.setAttribute("aria-expanded", String(!isNarrow));
}

export function toggleNav() {
  const root = document.documentElement;
  const isNarrow = root.dataset.nav !== "narrow";
  if (isNarrow) root.dataset.nav = "narrow";
  else delete root.dataset.nav;
  store.set("nav", isNarrow ? "narrow" : "wide");
  show();
}

export function start() {
  document.getElementById("nav-collapse")?.addEventListener("click", toggleNav);
  show();
  const box = document.getElementById("pref-compact");
  if (!box) return;
  box.checked = store.get("compact") === "1";
  box.addEventListener("change", () => {
    store.set("compact", box.checked ? "1" : "0");
    if (box.checked) document.documentElement.dataset.density = "compact";
    else delete document.documentElement.dataset.density;
  });
}
