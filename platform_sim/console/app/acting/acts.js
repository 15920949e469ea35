/**
 * What the operator did and what became of it: each act has one key until its end is known.
 *
 * An answer that was lost is asked for again under the same key, so that the act happens once. What is not settled
 * survives a reload of the page, and waits for a person where somebody else has signed in meanwhile.
 */

import { language } from "../language.js";
import { Problem, Unreachable } from "../problem.js";
import { keepOpenActs, storedActs } from "./act-store.js";
import { outcomeOf } from "./outcomes.js";

/** Longer than any deadline of the service: behind it the connection is dead and does not say so. */
const PATIENCE_MS = 12_000;
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
const SECOND_MS = 1_000;
const MOST_SETTLED = 20;
const OPEN = new Set(["sending", "waiting", "unsure", "proof"]);

/** @typedef {"sending" | "waiting" | "unsure" | "proof" | "done" | "refused"} ActState */

export class Acts extends EventTarget {
  #session;
  #acts;
  #timers = new Map();
  #stopped = false;
  #online = () => this.#hurry();

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    super();
    this.#session = session;
    this.#acts = storedActs(session.who);
    addEventListener("online", this.#online);
  }

  /** Go on with what an earlier page of this desk left open. */
  start() {
    for (const act of this.#acts) if (act.state === "waiting") this.#plan(act, 0);
  }

  /** Nothing is sent any more; what is open stays kept for whoever signs in next at this desk. */
  stop() {
    this.#stopped = true;
    removeEventListener("online", this.#online);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** Every act of this page, the newest first. */
  get all() {
    return this.#acts.toReversed();
  }

  /** How many of them have no end yet. */
  get openCount() {
    return this.#acts.filter((act) => OPEN.has(act.state)).length;
  }

  /** The act about this subject whose end is not known yet, or undefined. */
  openOn(subjectId) {
    return this.#acts.findLast((act) => act.subject.id === subjectId && OPEN.has(act.state));
  }

  /**
   * Do something, once.
   *
   * @param {{kind: string, subject: {id: string, name?: string, room?: string, text?: string}, path: string,
   *   method?: string, headers?: Record<string, string>, body?: object, patient?: boolean, own?: boolean}} wish `kind` names
   *   the words for it; what is `patient` is repeated by a person only; what is the operator's `own` is nobody else's
   */
  do({ kind, subject, path, method = "POST", headers = {}, body = {}, patient = false, own = false }) {
    const { operatorId, displayName, propertyId } = this.#session.who;
    const who = { operatorId, displayName, propertyId };
    const id = crypto.randomUUID();
    const wish = { kind, subject, path, method, headers, body, patient, own };
    const act = { ...wish, id, key: id, who, state: "sending", tries: 0, answer: null };
    this.#acts.push(act);
    this.#forgetOld();
    return this.#send(act);
  }

  /** Ask again how it ended, under the same key. */
  again(id) {
    const act = this.#find(id, "waiting", "unsure", "proof");
    return act && act.retry !== "never" ? this.#send(act) : undefined;
  }

  /** Do it anew, under a new key: only where the answer says that this is the way. */
  anew(id) {
    const act = this.#find(id, "refused");
    if (act?.retry !== "new_key") return undefined;
    Object.assign(act, { key: crypto.randomUUID(), tries: 0, attestation: null });
    return this.#send(act);
  }

  /** The second factor held: the act goes again, with what attests it. */
  proven(id, attestation) {
    const act = this.#find(id, "proof");
    if (!act) return undefined;
    act.attestation = attestation;
    return this.#send(act);
  }

  /** Take it off the list. What was under way may have happened; whoever does this was told so. */
  dismiss(id) {
    clearTimeout(this.#timers.get(id));
    this.#acts = this.#acts.filter((act) => act.id !== id);
    this.#tell(null);
  }

  #find(id, ...states) {
    return this.#acts.find((act) => act.id === id && states.includes(act.state));
  }

  async #send(act) {
    clearTimeout(this.#timers.get(act.id));
    act.tries += 1;
    this.#become(act, { state: "sending", problem: null, nextAt: null });
    const outcome = outcomeOf(act, await this.#attempt(act));
    if (this.#stopped) return;
    this.#become(act, outcome);
    if (act.state === "waiting") this.#plan(act, this.#pause(act, outcome));
  }

  /** One request. Whatever happens is a value: `{answer, replayed}`, `{problem}`, or `{lost: true}`: nobody knows. */
  async #attempt(act) {
    const headers = { ...act.headers, Accept: "application/json", "Accept-Language": language().tag };
    headers["X-Idempotency-Key"] = act.key;
    headers["X-Property-Id"] = act.who.propertyId;
    if (act.attestation) headers["X-Mfa-Attestation"] = act.attestation;
    const options = { headers, body: act.body, signal: AbortSignal.timeout(PATIENCE_MS) };
    try {
      const response = await this.#session.send(act.method, act.path, options);
      const answer = await response.json();
      return { answer, replayed: response.headers.get("Idempotency-Replayed") === "true" };
    } catch (problem) {
      if (problem instanceof Problem) return { problem };
      // A dead connection, a body that was cut, our own patience: in each case the service may have acted.
      if (problem instanceof Unreachable || problem instanceof TypeError || problem.name === "TimeoutError")
        return { lost: true };
      if (problem instanceof SyntaxError) return { lost: true };
      throw problem;
    }
  }

  #pause(act, { retryAfter }) {
    return Math.max(PAUSES_MS[Math.min(act.tries, PAUSES_MS.length) - 1], (retryAfter ?? 0) * SECOND_MS);
  }

  #plan(act, pause) {
    if (act.tries > PAUSES_MS.length) {
      this.#become(act, { state: "unsure" });
      return;
    }
    act.nextAt = performance.now() + pause;
    this.#timers.set(
      act.id,
      setTimeout(() => this.again(act.id), pause),
    );
  }

  #hurry() {
    for (const act of this.#acts) if (act.state === "waiting") this.again(act.id);
  }

  #become(act, members) {
    const was = act.state;
    Object.assign(act, members);
    if (!OPEN.has(act.state)) act.attestation = null;
    this.#tell({ act, was });
  }

  #tell(change) {
    keepOpenActs(
      this.#session.who,
      this.#acts.filter((act) => OPEN.has(act.state)),
    );
    this.dispatchEvent(new CustomEvent("changed", { detail: change }));
  }

  #forgetOld() {
    const settled = this.#acts.filter((act) => !OPEN.has(act.state));
    const old = new Set(settled.slice(0, Math.max(0, settled.length - MOST_SETTLED)));
    this.#acts = this.#acts.filter((act) => !old.has(act));
  }
}

/** Whether its end is not known yet. */
export function isOpen(act) {
  return OPEN.has(act.state);
}
