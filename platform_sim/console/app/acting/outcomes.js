/** What an answer means for the act that it is to: done, refused for good, or to be asked again under the same key. */

const TOO_MANY = 429;
const UNAUTHORIZED = 401;

/**
 * @param {object} act
 * @param {{answer?: object, replayed?: boolean, problem?: import("../problem.js").Problem, lost?: boolean}} result
 * @returns {object} the act's members from now on; `retryAfter` is in seconds
 */
export function outcomeOf(act, { answer, replayed, problem, lost }) {
  if (answer !== undefined) return { state: "done", answer, replayed, problem: null, retry: null };
  // A key that opens a door is asked for again by a person, never by a machine.
  const later = act.patient ? "unsure" : "waiting";
  if (lost) return { state: later, problem: null, lost: true, retryAfter: null };
  const { stepUp, retry, retryAfter } = problem.document;
  const told = { problem: toldBy(problem), retry: retry ?? null, retryAfter, lost: false };
  if (stepUp) return { ...told, state: "proof", stepUp, attestation: null };
  // It may have happened and nobody can be asked any more. That is no refusal; a person has to look.
  if (problem.code === "OUTCOME_UNKNOWN" && retry === "never") return { ...told, state: "unsure" };
  if (retry === "never" || retry === "new_key") return { ...told, state: "refused" };
  if (retry === "same_key") return { ...told, state: later, retry };
  // The service said nothing of this key: it was full, or asked to be left alone for a moment. The key is unused.
  if (problem.status >= 500 || problem.status === TOO_MANY) return { ...told, state: later, retry: "same_key" };
  // The session has ended: whoever signs in next decides whether to ask again.
  if (problem.status === UNAUTHORIZED) return { ...told, state: "unsure", retry: "same_key" };
  return { ...told, state: "refused" };
}

/** What is kept of a refusal: the service's own words, where something was wrong, and the number to ask about. */
function toldBy(problem) {
  const places = (problem.document.errors ?? []).map((each) => ({ field: each.field, code: each.code }));
  const { status, code, userMessage, requestId } = problem;
  return { status, code, userMessage, places, requestId };
}
