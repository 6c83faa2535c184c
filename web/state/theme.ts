/** Light, dark, or as the system says: kept in localStorage and set as `data-theme` on the root. */
import { Store } from "./store.ts";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "slipway-theme";

export class Theme {
  readonly choice = new Store<ThemeChoice>("system");
  /** What is shown now. */
  readonly shown = new Store<"light" | "dark">("light");
  readonly #system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    const kept = localStorage.getItem(KEY);
    this.choice.set(kept === "light" || kept === "dark" ? kept : "system");
    this.#system.addEventListener("change", () => this.#apply());
    this.#apply();
  }

  /** Changes what is shown to the other of the two. */
  toggle(): void {
    const next = this.shown.value === "dark" ? "light" : "dark";
    const isSystem = (next === "dark") === this.#system.matches;
    this.choice.set(isSystem ? "system" : next);
    if (isSystem) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    this.#apply();
  }

  #apply(): void {
    const choice = this.choice.value;
    if (choice === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset["theme"] = choice;
    this.shown.set(choice === "system" ? (this.#system.matches ? "dark" : "light") : choice);
  }
}
