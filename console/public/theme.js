// Runs before the first paint so that the chosen theme never flashes. A file of its own because the
// content security policy allows no inline script. The rest of the theme's life is in src/lib/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("sentra.theme");
  } catch {
    // Storage may be switched off; the system's theme is a fine answer.
  }
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = choice === "light" || choice === "dark" ? choice : system;
})();
