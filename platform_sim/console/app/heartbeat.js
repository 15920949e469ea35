/** The device's sign of life, as often as the service asks for it. */

import { Problem, Unreachable } from "./problem.js";
import { APP_VERSION } from "./wire.js";

const DEFAULT_SECONDS = 60;

export class Heartbeat {
  #session;
  #clock;
  #queueDepth;
  #timer = 0;
  #stopped = false;

  /** `queueDepth` says how many acts of this desk are not settled. */
  constructor({ session, clock, queueDepth }) {
    this.#queueDepth = queueDepth;
    this.#session = session;
    this.#clock = clock;
  }

  start() {
    return this.#beat();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #beat() {
    let seconds = DEFAULT_SECONDS;
    try {
      const path = `/devices/${this.#session.who.deviceId}/heartbeat`;
      const sentAt = new Date(this.#clock.now()).toISOString();
      const body = { sentAt, queueDepth: this.#queueDepth(), networkProfile: "good", appVersion: APP_VERSION };
      const answer = await this.#session.json("POST", path, { body });
      this.#clock.learn(answer?.serverTime);
      seconds = answer?.nextHeartbeatSeconds ?? DEFAULT_SECONDS;
    } catch (problem) {
      // A missed heartbeat is the service's to notice; the next one comes on time.
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.#beat(), seconds * 1000);
  }
}
