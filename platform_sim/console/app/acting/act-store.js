/** Acts whose end is not known, kept in the tab's storage under the device that began them; nothing else is kept. */

const STORE = "backoffice-console.acts";

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  } catch {
    return null;
  }
}

/**
 * What this device left open. What was under way is asked for again; what somebody else began waits for a person, and what
 * was that person's own affair is not here.
 */
export function storedActs({ tenantId, deviceId, operatorId }) {
  const kept = read();
  if (kept?.tenantId !== tenantId || kept.deviceId !== deviceId) return [];
  const again = (act) => !act.patient && act.who.operatorId === operatorId && act.state !== "unsure";
  const mine = kept.acts.filter((act) => !act.own || act.who.operatorId === operatorId);
  return mine.map((act) => {
    if (act.state === "proof") return act;
    return { ...act, tries: 0, state: again(act) ? "waiting" : "unsure" };
  });
}

/** Keep these, and forget what was kept before. An attestation is good for minutes and is not kept. */
export function keepOpenActs({ tenantId, deviceId }, open) {
  if (open.length === 0) {
    sessionStorage.removeItem(STORE);
    return;
  }
  const acts = open.map(({ attestation: _attestation, nextAt: _nextAt, ...act }) => act);
  sessionStorage.setItem(STORE, JSON.stringify({ tenantId, deviceId, acts }));
}
