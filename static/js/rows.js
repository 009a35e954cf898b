/* Lists and tables that take j, k and Enter: a container with data-rows, rows with data-row, one link each. */
import * as pane from "./pane.js";

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.offsetParent !== null);
const linkOf = (row) => row?.querySelector("[data-row-link]");

export function current() {
  const focused = document.activeElement?.closest?.("[data-row]");
  return focused ?? document.querySelector("[data-rows] [data-row].is-current");
}

export function select(row, { open = false } = {}) {
  if (!row) return;
  document.querySelectorAll("[data-row].is-current").forEach((other) => other.classList.remove("is-current"));
  row.classList.add("is-current");
  const link = linkOf(row);
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  // A split pane opens what is selected; keys act only on what the pane shows.
  if (open && link) {
    pane.leave();
    link.click();
  }
}

export function move(step) {
  const list = rows();
  if (!list.length) return;
  const at = list.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1);
  if (next === at) return;
  const opens = list[next].closest("[data-rows]").dataset.rows === "open" && matchMedia("(min-width: 1200px)").matches;
  select(list[next], { open: opens });
}

export function open() {
  linkOf(current() ?? rows()[0])?.click();
}

export const exist = () => rows().length > 0;
