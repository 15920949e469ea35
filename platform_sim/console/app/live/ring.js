/** An alert that was raised just now: in sight wherever the desk is, said aloud, and heard where the desk wants it. */

import { fill, h, icon } from "../elements.js";
import { language, t } from "../language.js";
import { settings } from "../settings.js";

const SIGNS = { critical: "critical", warning: "warning", info: "info" };
const TONES = { critical: "bad", warning: "warn", info: "info" };
const NOTES = { critical: [880, 660, 880], warning: [660, 660], info: [660] };
const NOTE_S = 0.16;
const LOUD = 0.12;
const MOST = 3;

/** A text of the platform, `{default, values}` or plain, in the language in use. */
export function textOf(text) {
  if (typeof text === "string") return text;
  return text?.values?.[language().tag] ?? text?.default ?? null;
}

export class Ring {
  #sound = null;

  constructor() {
    // Whoever uses a screen reader is interrupted by it, as everybody else is by the colour.
    this.element = h("div", { class: "rings", role: "alert" });
  }

  /** @param {{id: string | null, severity?: string, title?: unknown}} alert as the event tells it */
  ring(alert) {
    const severity = alert.severity in SIGNS ? alert.severity : "info";
    const close = h(
      "button",
      { type: "button", class: "button button-icon", "aria-label": t("ring.close"), onclick: () => card.remove() },
      icon("close"),
    );
    const open = h("a", { href: "#/alerts", class: "button button-small", onclick: () => card.remove() }, t("ring.open"));
    const card = h(
      "div",
      { class: `ring ring-${TONES[severity]}`, "data-ring": alert.id },
      icon(SIGNS[severity]),
      h(
        "p",
        {},
        h("strong", {}, t(`severity.${severity}`)),
        " · ",
        h("bdi", {}, textOf(alert.title) ?? t("ring.some")),
      ),
      open,
      close,
    );
    // The same alert said anew is one alert; a wall of them hides the screen.
    for (const each of this.element.querySelectorAll(".ring")) if (each.dataset.ring === alert.id) each.remove();
    this.element.prepend(card);
    while (this.element.children.length > MOST) this.element.lastElementChild.remove();
    if (settings.sound) this.#play(NOTES[severity]);
  }

  clear() {
    fill(this.element);
  }

  /** A few plain notes. A browser that allows no sound before somebody has touched the page stays silent. */
  #play(notes) {
    this.#sound ??= new AudioContext();
    const now = this.#sound.currentTime;
    notes.forEach((pitch, at) => {
      const tone = this.#sound.createOscillator();
      const volume = this.#sound.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(LOUD, now + at * NOTE_S);
      volume.gain.exponentialRampToValueAtTime(0.001, now + (at + 1) * NOTE_S);
      tone.connect(volume).connect(this.#sound.destination);
      tone.start(now + at * NOTE_S);
      tone.stop(now + (at + 1) * NOTE_S);
    });
  }
}
