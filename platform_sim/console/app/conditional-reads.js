/** Reading the same things again: with the `ETag` of what is here, so that what has not changed is not sent. */

import { language } from "./language.js";
import { Unreachable } from "./problem.js";

const NOT_MODIFIED = 304;
/** No read of the service takes longer by its own deadlines; behind that the connection is dead and does not say so. */
const PATIENCE_MS = 15_000;
/** More pages than any list of the service has; behind them something is wrong with the cursors. */
const MOST_PAGES = 40;
/** Enough for all pages of a list; a desk that searches all day must not remember all of it. */
const MOST_KEPT = 2 * MOST_PAGES;

export class ConditionalReads {
  #session;
  #patienceMs;
  #kept = new Map();

  /**
   * @param {import("./session.js").Session} session
   * @param {{patienceMs?: number}} [options]
   */
  constructor(session, { patienceMs = PATIENCE_MS } = {}) {
    this.#session = session;
    this.#patienceMs = patienceMs;
  }

  /**
   * Read one document.
   *
   * @param {string} path below the API's prefix, with its query
   * @param {{signal?: AbortSignal, fresh?: boolean}} [options] `fresh` asks the service's caches to stand aside
   * @returns {Promise<{body: object, changed: boolean, etag: string | null}>} `changed` is false where it is what it was
   * @throws {Problem | Unreachable}
   */
  async read(path, { signal, fresh = false } = {}) {
    const key = `${language().tag} ${path}`;
    const kept = this.#kept.get(key);
    const headers = { Accept: "application/json", "Accept-Language": language().tag };
    if (kept?.etag) headers["If-None-Match"] = kept.etag;
    const late = AbortSignal.timeout(this.#patienceMs);
    const either = signal ? AbortSignal.any([signal, late]) : late;
    // A connection that died without a word, or in the middle of a body, is no better than none.
    const give = (problem, cut) => {
      throw !signal?.aborted && (cut || late.aborted) ? new Unreachable(path, problem) : problem;
    };
    const sent = this.#session.send("GET", path, { headers, signal: either, fresh });
    const response = await sent.catch((problem) => give(problem, false));
    if (response.status === NOT_MODIFIED) return { ...kept, changed: false };
    const body = await response.json().catch((problem) => give(problem, true));
    const read = { body, etag: response.headers.get("ETag") };
    this.#keep(key, read);
    return { ...read, changed: true };
  }

  /** Keep what was read, and forget what was read longest ago. */
  #keep(key, read) {
    this.#kept.delete(key);
    this.#kept.set(key, read);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value);
  }

  /**
   * Read a list page by page, each under the same rules as a document. The first page is as small as `query` says, so
   * that something is there at once; the following ones have `pageSize` lines.
   */
  async *pages(path, query, { pageSize, ...options }) {
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const all = new URLSearchParams(query);
      if (cursor) {
        all.set("limit", pageSize);
        all.set("cursor", cursor);
      }
      const read = await this.read(`${path}?${all}`, options);
      yield read;
      cursor = read.body.nextCursor;
      if (!cursor) return;
    }
  }
}
