/** What an operator chose for every desk (`GET /preferences`), as far as this console can follow it. */

import { settings } from "./settings.js";

/** The service's word for each appearance, and the console's. */
const THEME_WORDS = { system: "auto", light: "light", dark: "dark" };
const DENSITIES = ["comfortable", "compact"];

/** Follow the operator's preferences. An appearance that was chosen at this desk wins over the one for all desks. */
export function applyPreferences({ theme, density }) {
  const root = document.documentElement;
  root.dataset.density = DENSITIES.includes(density) ? density : DENSITIES[0];
  if (settings.theme === "auto") root.dataset.theme = THEME_WORDS[theme] ?? "auto";
}

/** Nobody is signed in: the page looks as this desk wants it. */
export function forgetPreferences() {
  const root = document.documentElement;
  delete root.dataset.density;
  root.dataset.theme = settings.theme;
}
