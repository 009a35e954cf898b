/* The open item. Between choosing another one and seeing it no key may act on the one that is still drawn. */
let waiting = [];

const pane = () => document.getElementById("detail");

export const isLeaving = () => Boolean(pane()?.inert);

/** Another item has been chosen: what is drawn can no longer be used. */
export function leave() {
  const element = pane();
  if (!element) return;
  element.inert = true;
  element.setAttribute("aria-busy", "true");
}

/** The chosen item is drawn (or could not be loaded): what was pressed meanwhile happens now, to it. */
export function arrive() {
  const element = pane();
  if (!element?.inert) return;
  element.inert = false;
  element.removeAttribute("aria-busy");
  const runs = waiting;
  waiting = [];
  runs.forEach((run) => run());
}

/** Do it to the item that is drawn, or to the one that is about to be. */
export function then(run) {
  if (isLeaving()) waiting.push(run);
  else run();
}
