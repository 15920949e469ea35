/** What every screen shares that is read again and again: when, what is said meanwhile, and what when nobody answers. */

import { Banner } from "./banner.js";
import { h } from "./elements.js";
import { clockTime } from "./formats.js";
import { t } from "./language.js";
import { Problem, Unreachable } from "./problem.js";

const SECOND_MS = 1_000;
const AFTER_FAILURE_MS = 5_000;

export class Feed {
  #parts;
  #running = null;
  #nextAt = 0;
  #ticker = 0;
  #online = () => this.refresh();
  #offline = () => this.#showProblem(new Unreachable(location.origin, null));

  /**
   * @param {{everyMs: number, timeZone: string, now: () => number, read: (options: {signal: AbortSignal, fresh: boolean})
   *   => Promise<void>, tick?: () => void}} parts `read` reads and paints everything, and throws where it can't
   */
  constructor(parts) {
    this.#parts = parts;
    this.banner = new Banner();
    this.countdown = h("span", { class: "countdown", "aria-hidden": "true" });
    /** The screen. Its `data-read` says how the last reading ended, and is absent while one is under way. */
    this.element = null;
    /** When the last reading succeeded, by the server's clock; null before the first. */
    this.readAt = null;
  }

  start() {
    addEventListener("online", this.#online);
    addEventListener("offline", this.#offline);
    this.#ticker = setInterval(() => this.#tick(), SECOND_MS);
    return this.refresh();
  }

  stop() {
    removeEventListener("online", this.#online);
    removeEventListener("offline", this.#offline);
    clearInterval(this.#ticker);
    this.#running?.abort();
  }

  /** Read everything now. A reading that is under way gives way to the new one. */
  async refresh({ fresh = false } = {}) {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.#nextAt = 0;
    delete this.element.dataset.read;
    let pause = this.#parts.everyMs;
    try {
      await this.#parts.read({ signal: running.signal, fresh });
      this.readAt = this.#parts.now();
      this.banner.hide();
      this.element.dataset.read = "whole";
    } catch (problem) {
      if (running.signal.aborted) return;
      this.element.dataset.read = "failed";
      this.#showProblem(problem);
      pause = Math.max(AFTER_FAILURE_MS, (problem.document?.retryAfter ?? 0) * SECOND_MS);
    }
    this.#nextAt = performance.now() + pause;
  }

  #showProblem(problem) {
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    this.banner.show(problem, this.#sentence(problem), () => this.refresh({ fresh: true }));
  }

  #sentence(problem) {
    if (!(problem instanceof Unreachable)) return t("feed.failed");
    if (this.readAt === null) return t("feed.offline");
    return t("feed.offline.since", { time: clockTime(this.readAt, this.#parts.timeZone, { seconds: true }) });
  }

  #tick() {
    this.#parts.tick?.();
    const left = this.#nextAt - performance.now();
    this.countdown.textContent =
      this.#nextAt === 0 ? "" : t("dash.next", { n: Math.max(0, Math.ceil(left / SECOND_MS)) });
    // A hidden window has no reader: it asks again when it is looked at.
    if (this.#nextAt > 0 && left <= 0 && document.visibilityState === "visible") this.refresh();
  }
}
