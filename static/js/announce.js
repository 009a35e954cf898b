/* The page's two live regions and the short messages about one's own results. */
let polite = [];
let timer = 0;

/** Say something when the reader is idle; what comes within half a second is said together. */
export function say(words) {
  polite.push(words);
  clearTimeout(timer);
  timer = setTimeout(() => {
    const region = document.getElementById("announce");
    if (region) region.textContent = [...new Set(polite)].join(". ");
    polite = [];
  }, 500);
}

/** Interrupt: only for a decision taken by somebody else, or a deadline one minute away. */
export function sayNow(words) {
  const region = document.getElementById("announce-now");
  if (region) region.textContent = words;
}

/** Show a result of one's own for eight seconds; it stays while the pointer or the focus is on it. */
export function toast(words) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const line = document.createElement("div");
  line.className = "toast-line";
  line.textContent = words;
  place.append(line);
  let held = false;
  line.addEventListener("pointerenter", () => { held = true; });
  line.addEventListener("pointerleave", () => { held = false; });
  const end = () => (held ? setTimeout(end, 2000) : line.remove());
  setTimeout(end, 8000);
}
