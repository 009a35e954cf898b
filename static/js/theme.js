/* Light, dark or the system's choice. */
import * as store from "./store.js";

const ORDER = ["system", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: dark)");

function apply(theme) {
  const root = document.documentElement;
  root.dataset.theme = theme;
  root.dataset.bsTheme = theme === "dark" || (theme === "system" && system.matches) ? "dark" : "light";
  const button = document.getElementById("theme-switch");
  button?.setAttribute("aria-label", `Theme: ${theme}`);
  button?.setAttribute("title", `Theme: ${theme}`);
}

export function start() {
  apply(store.get("theme", "system"));
  system.addEventListener("change", () => apply(store.get("theme", "system")));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-next]")) return;
    const next = ORDER[(ORDER.indexOf(store.get("theme", "system")) + 1) % ORDER.length];
    store.set("theme", next);
    apply(next);
  });
}
