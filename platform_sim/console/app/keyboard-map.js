/**
 * The service's keyboard map (`GET /shortcuts`, also part of `GET /bootstrap`): which keys do what for this operator.
 *
 * A binding says itself how it is recognised: by what the key types, or by its place on the keyboard.
 */

import { settings } from "./settings.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

function isPressed(event, { modifiers, key, code, match }) {
  const held = { Ctrl: event.ctrlKey, Alt: event.altKey, Meta: event.metaKey };
  if (Object.entries(held).some(([name, down]) => down !== modifiers.includes(name))) return false;
  if (match === "key") {
    // Where a sign needs Shift depends on the keyboard, so only a letter asks for it.
    const isLetter = /^\p{L}$/u.test(key);
    return (
      event.key.toLowerCase() === key.toLowerCase() && (!isLetter || event.shiftKey === modifiers.includes("Shift"))
    );
  }
  // Whoever types a question mark asks a question, wherever and with whatever else a keyboard has it.
  if (event.key === "?" && key !== "?") return false;
  return event.code === code && event.shiftKey === modifiers.includes("Shift");
}

/**
 * Do `actions[id]` when the keys of that action are pressed.
 *
 * @param {{items: object[]}} map the service's answer
 * @param {Record<string, () => void>} actions by the action's id; the others of the map are left alone
 * @returns {() => void} stop listening
 */
export function listenForMap(map, actions) {
  const bound = map.items.filter((item) => item.binding && item.id in actions);
  const onKey = (event) => {
    if (event.repeat || document.querySelector("dialog[open]")) return;
    // A field that a combination is chosen in takes it, whatever it does elsewhere.
    if (event.target instanceof Element && event.target.closest("[data-takes-keys]")) return;
    const typing = event.target instanceof Element && event.target.closest(TYPING);
    const found = bound.find(({ binding }) => {
      const alone = binding.singleKey;
      return (!alone || (settings.shortcuts && !typing)) && isPressed(event, binding);
    });
    if (!found) return;
    event.preventDefault();
    // The console's own letters would answer to the same key a second time.
    event.stopImmediatePropagation();
    actions[found.id]();
  };
  document.addEventListener("keydown", onKey, { capture: true });
  return () => document.removeEventListener("keydown", onKey, { capture: true });
}
