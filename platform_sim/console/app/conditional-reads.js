/** Reading the same things again: with the `ETag` of what is here, so that what has not changed is not sent. */

import { language } from "./language.js";

const NOT_MODIFIED = 304;
/** More pages than any list of the service has; behind them something is wrong with the cursors. */
const MOST_PAGES = 40;

export class ConditionalReads {
  #session;
  #kept = new Map();

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.#session = session;
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
    const response = await this.#session.send("GET", path, { headers, signal, fresh });
    if (response.status === NOT_MODIFIED) return { ...kept, changed: false };
    const read = { body: await response.json(), etag: response.headers.get("ETag") };
    this.#kept.set(key, read);
    return { ...read, changed: true };
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
