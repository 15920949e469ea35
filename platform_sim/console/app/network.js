/** The network between desk and service: straight through, or through the simulator's proxy, which can be made bad. */

import { h } from "./elements.js";
import { t } from "./language.js";

const NETWORK = "/_control/network";
const MODES = ["direct", "proxy", "slow", "buffer", "cut"];
/** Enough for the first frame and some widgets, so that a cut comes in the middle of a stream. */
const CUT_AFTER_BYTES = 12_000;

export class Network {
  #route;
  #changed;

  /**
   * @param {{route: {origin: string, direct: string, proxy: string | null}, changed: () => void, failed: () => void}}
   *   parts
   *   `route.origin` is where requests go from now on
   */
  constructor({ route, changed, failed }) {
    this.#route = route;
    this.#changed = changed;
    this.failed = failed;
    const options = MODES.map((mode) => h("option", { value: mode }, t(`network.${mode}`)));
    this.select = h("select", { id: "network", onchange: () => this.#choose(this.select.value) }, options);
    this.select.value = route.origin === route.direct ? "direct" : "proxy";
    // Without a proxy in front of the service there is nothing to choose.
    this.element = route.proxy && h("label", { class: "field" }, h("span", {}, t("weather.network")), this.select);
  }

  async #choose(mode) {
    try {
      const bad = !["direct", "proxy"].includes(mode);
      const body = bad ? JSON.stringify(mode === "cut" ? { mode, afterBytes: CUT_AFTER_BYTES } : { mode }) : undefined;
      const headers = bad ? { "Content-Type": "application/json" } : {};
      const response = await fetch(NETWORK, { method: bad ? "PUT" : "DELETE", headers, body });
      if (!response.ok) throw new Error(`the network control answered ${response.status}`);
      this.#route.mode = mode;
      this.#route.origin = mode === "direct" ? this.#route.direct : this.#route.proxy;
      this.#changed();
    } catch {
      this.failed();
    }
  }
}
