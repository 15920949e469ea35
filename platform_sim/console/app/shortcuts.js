/** Single-letter shortcuts: off where somebody types, and off altogether where the desk wants them off. */

import { settings } from "./settings.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/**
 * Call `actions[key]` when its key is pressed alone.
 *
 * The physical key decides where the layout writes no Latin letter, so that R works on a Dari keyboard too.
 *
 * @param {Record<string, () => void>} actions by lower-case letter, or `?`
 * @returns {() => void} stop listening
 */
export function listenForShortcuts(actions) {
  const onKey = (event) => {
    if (!settings.shortcuts || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    const latin = /^[a-z?]$/i.test(event.key);
    const letter = latin ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
    const action = actions[letter === "slash" && event.shiftKey ? "?" : letter];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
