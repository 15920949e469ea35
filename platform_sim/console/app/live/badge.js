/** The sign beside the clock that says how the desk hears of what happens. */

import { fill, h } from "../elements.js";
import { t } from "../language.js";

const TONES = {
  connecting: "quiet",
  live: "good",
  polling: "warn",
  resync: "info",
  away: "bad",
  elsewhere: "quiet",
  signedout: "quiet",
};
/** What is worth telling those who can't see the sign: the way there and back, and not each step of it. */
const SPOKEN = new Set(["polling", "away", "elsewhere"]);

export class LiveBadge {
  #follower;
  #announce;
  #onState = (event) => this.#paint(event.detail);

  /** @param {{follower: import("./follower.js").Follower, announce: (text: string) => void}} parts */
  constructor({ follower, announce }) {
    this.#follower = follower;
    this.#announce = announce;
    this.element = h("span", { class: "live" });
    follower.addEventListener("state", this.#onState);
    this.#paint({ state: follower.state, was: follower.state });
  }

  stop() {
    this.#follower.removeEventListener("state", this.#onState);
  }

  #paint({ state, was }) {
    this.element.dataset.live = state;
    const sign = h(
      "span",
      { class: `badge badge-${TONES[state]}`, title: t(`live.hint.${state}`) },
      h("i", { class: "badge-dot" }),
      t(`live.${state}`),
    );
    const here = () => this.#follower.again();
    const back =
      state === "elsewhere" &&
      h("button", { type: "button", class: "button button-small", onclick: here }, t("live.here"));
    fill(this.element, sign, back);
    const isBack = state === "live" && SPOKEN.has(was);
    if (state !== was && (SPOKEN.has(state) || isBack)) this.#announce(t(`live.hint.${state}`));
  }
}
