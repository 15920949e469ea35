/**
 * Whether a stream comes as it is sent. A gateway that holds answers back shows by heartbeats that are missing, or that
 * arrive together although they were sent apart.
 */

const SECOND_MS = 1_000;
/** A beat may be this much late before the stream counts as dead: one that was missed, and a slow link. */
const MISSED = 2.4;
const TOGETHER = 0.25;

export class Heartbeats {
  #everyMs;
  #sentAt = null;
  #cameAt = null;

  /** @param {number} seconds between two beats, as the stream said at its beginning */
  constructor(seconds) {
    this.#everyMs = seconds * SECOND_MS;
  }

  /** How long to wait for the next sign of life, in ms. */
  get patienceMs() {
    return this.#everyMs * MISSED;
  }

  /**
   * A beat has come. `sentAt` is what it says of itself, `cameAt` our clock; both in ms, and only compared with their own kind.
   *
   * @returns {boolean} whether it was held back on its way
   */
  held(sentAt, cameAt) {
    if (Number.isNaN(sentAt)) return false;
    const apart = this.#sentAt === null ? 0 : sentAt - this.#sentAt;
    const came = this.#cameAt === null ? 0 : cameAt - this.#cameAt;
    this.#sentAt = sentAt;
    this.#cameAt = cameAt;
    return apart > this.#everyMs / 2 && came < apart * TOGETHER;
  }
}
