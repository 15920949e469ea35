/**
 * The server's time as far as a front desk can know it. A hotel's machine is often minutes off, and a proof is only good
 * for one minute; so the difference is learnt from answers and added to every `iat`.
 */

const SMALLEST_CORRECTION_MS = 2000;

export class ServerClock {
  #offsetMs = 0;

  /** Milliseconds since the epoch, corrected. */
  now() {
    return Date.now() + this.#offsetMs;
  }

  /** How far the server is ahead of this machine, in milliseconds. */
  get offsetMs() {
    return this.#offsetMs;
  }

  /**
   * Learn from a moment that the server named. A `Date` header has whole seconds, so less than two seconds of difference
   * says nothing.
   *
   * @param {string | null} text an HTTP date or RFC 3339
   * @returns {boolean} whether the correction changed
   */
  learn(text) {
    const server = text ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(server)) return false;
    const offset = server - Date.now();
    if (Math.abs(offset - this.#offsetMs) < SMALLEST_CORRECTION_MS) return false;
    this.#offsetMs = Math.abs(offset) < SMALLEST_CORRECTION_MS ? 0 : offset;
    return true;
  }
}
