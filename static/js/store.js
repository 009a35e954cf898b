/* Preferences of this browser. Storage may be closed (private windows): then a preference lasts for the page. */
const memory = new Map();

export function get(name, fallback = "") {
  try {
    return localStorage.getItem(`countersign.${name}`) ?? memory.get(name) ?? fallback;
  } catch {
    return memory.get(name) ?? fallback;
  }
}

export function set(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(`countersign.${name}`, value);
  } catch { /* kept in memory only */ }
}

export function remove(name) {
  memory.delete(name);
  try {
    localStorage.removeItem(`countersign.${name}`);
  } catch { /* nothing to remove */ }
}
