/* The open item. Between choosing another one and seeing it no key may act on the one that is still drawn. */
/** No request lasts longer (htmx-config's defaultTimeout): the pane never stays locked. */
const LONGEST_MS = 21_000;
let waiting = [];
let timer = 0;

const pane = () => document.getElementById("detail");

export const isLeaving = () => Boolean(pane()?.inert);

/** Another item has been chosen: what is drawn can no longer be used. */
export function leave() {
  const element = pane();
  if (!element) return;
  element.inert = true;
  clearTimeout(timer);
  timer = setTimeout(stay, LONGEST_MS);
  element.setAttribute("aria-busy", "true");
}

function release() {
  clearTimeout(timer);
  const runs = waiting;
  waiting = [];
  const element = pane();
  if (!element?.inert) return [];
  element.inert = false;
  element.removeAttribute("aria-busy");
  return runs;
}

/** The chosen item is drawn: what was pressed meanwhile happens now, to it. */
export function arrive() {
  release().forEach((run) => run());
}

/** It could not be loaded: what was pressed was not meant for the item that is still drawn. */
export function stay() {
  release();
}

/** Do it to the item that is drawn, or to the one that is about to be. */
export function then(run) {
  if (isLeaving()) waiting.push(run);
  else run();
}
