import { createStore } from "./store";

export type ThemeChoice = "system" | "dark" | "light";
export type Theme = "dark" | "light";

const key = "sentra.theme";
const light = matchMedia("(prefers-color-scheme: light)");

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(key);
    return value === "dark" || value === "light" ? value : "system";
  } catch {
    return "system";
  }
}

function effective(choice: ThemeChoice): Theme {
  if (choice !== "system") return choice;
  return light.matches ? "light" : "dark";
}

const store = createStore({ choice: stored(), theme: effective(stored()) });

function apply(choice: ThemeChoice) {
  const theme = effective(choice);
  document.documentElement.dataset.theme = theme;
  store.set({ choice, theme });
}

light.addEventListener("change", () => apply(store.get().choice));

export function chooseTheme(choice: ThemeChoice) {
  try {
    localStorage.setItem(key, choice);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  apply(choice);
}

export const toggleTheme = () => chooseTheme(store.get().theme === "dark" ? "light" : "dark");
export const useThemeChoice = () => store.use((state) => state.choice);
export const useTheme = () => store.use((state) => state.theme);
