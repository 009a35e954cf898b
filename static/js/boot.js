/* Runs before the first paint: theme, density and navigation width must not flash. */
(() => {
  const root = document.documentElement;
  const read = (name) => {
    try { return localStorage.getItem(`countersign.${name}`); } catch { return null; }
  };
  root.classList.add("js");
  const theme = read("theme") || "system";
  const isDark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = theme;
  root.dataset.bsTheme = isDark ? "dark" : "light";
  if (read("compact") === "1") root.dataset.density = "compact";
  if (read("nav") === "narrow") root.dataset.nav = "narrow";
})();
