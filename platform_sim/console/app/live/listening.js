/** What a desk does with what it hears: it reads exactly what an event names, shows its state, and rings. */

import { LiveBadge } from "./badge.js";
import { Ring } from "./ring.js";

const INBOXES = { ai: "suggestions", alerts: "alerts" };

export class Listening {
  #follower;
  #parts;
  #reading = null;
  #wanted = new Set();
  #onEvent = (event) => this.#heard(event.detail);
  #onResync = (event) => this.#resync(event.detail);

  /**
   * @param {{follower: import("./follower.js").Follower, propertyId: string, announce: (text: string) => void,
   *   place: () => {id: string, screen: object}}} parts `place` is where the desk is now
   */
  constructor(parts) {
    this.#parts = parts;
    this.#follower = parts.follower;
    this.badge = new LiveBadge(parts);
    this.ring = new Ring();
    this.#follower.addEventListener("event", this.#onEvent);
    this.#follower.addEventListener("resync", this.#onResync);
  }

  stop() {
    this.badge.stop();
    this.#follower.removeEventListener("event", this.#onEvent);
    this.#follower.removeEventListener("resync", this.#onResync);
  }

  #heard({ channel, type, propertyId, payload }) {
    if (propertyId !== null && propertyId !== this.#parts.propertyId) return;
    if (channel === "dashboard-refresh-hints") this.#stale(payload);
    else this.#news(INBOXES[channel]);
    if (channel === "alerts" && type === "raised") this.ring.ring(payload);
  }

  /** Exactly the named widgets and boards are read again, and only those that somebody is looking at. */
  #stale({ widgets = [], boards = [] }) {
    const { id, screen } = this.#parts.place();
    if (id === "dashboard") screen.freshen(widgets);
    else if (boards.includes(id)) this.#read();
  }

  #news(inbox) {
    if (this.#parts.place().id === inbox) this.#read();
  }

  /** Something was lost and nobody can say what: the whole screen is read again. */
  #resync({ until }) {
    until(this.#read());
  }

  /** Read the present screen. What comes while it is being read is one more reading, and not one for each event. */
  async #read() {
    const { screen } = this.#parts.place();
    this.#wanted.add(screen);
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readAll() {
    while (this.#wanted.size > 0) {
      const screens = [...this.#wanted];
      this.#wanted.clear();
      for (const screen of screens) if (screen === this.#parts.place().screen) await screen.refresh?.();
    }
  }
}
