/** Signing in, straight at iam-service as the desktop does it, and choosing the device to sign in on. */

import { Problem } from "./problem.js";
import { settings } from "./settings.js";

const SIGN_IN = "/iam-service/api/v1/auth/sign-in";
const MOST_DEVICES_TRIED = 12;
const NOT_THIS_DEVICE = new Set(["DEVICE_KEY_MISMATCH", "DEVICE_LOCKED", "DEVICE_NOT_REGISTERED"]);

function shuffled(items) {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [copy[last], copy[other]] = [copy[other], copy[last]];
  }
  return copy;
}

/** The tenant's devices in the order in which to try them: the one that worked last time, the free ones, any other. */
function candidates(world, tenantId) {
  const devices = world.devices.filter((device) => device.tenantId === tenantId);
  const remembered = settings.devices[tenantId];
  const rank = (device) => (device.id === remembered ? 0 : device.bound ? 2 : 1);
  const ordered = shuffled(devices).sort((one, other) => rank(one) - rank(other));
  return ordered.map((device) => device.id).slice(0, MOST_DEVICES_TRIED);
}

function anotherDeviceMayDo(problem) {
  return problem instanceof Problem && NOT_THIS_DEVICE.has(problem.code);
}

/**
 * Sign in on a device of the tenant that is free or already ours.
 *
 * @param {{wire: import("./wire.js").Wire, origin: string, world: object, tenantId: string, username: string,
 *   password: string}} request
 * @returns {Promise<{accessToken: string, refreshToken: string, expiresIn: number, deviceId: string}>}
 * @throws {Problem} the last refusal, with `noFreeDevice` set where every device tried belongs to another key
 */
export async function signIn({ wire, origin, world, tenantId, username, password }) {
  let refusal = null;
  for (const deviceId of candidates(world, tenantId)) {
    try {
      const tokens = await wire.json("POST", origin + SIGN_IN, { body: { username, password, deviceId } });
      settings.change({ devices: { ...settings.devices, [tenantId]: deviceId } });
      return { ...tokens, deviceId };
    } catch (problem) {
      if (!anotherDeviceMayDo(problem)) throw problem;
      refusal = problem;
    }
  }
  refusal ??= new Problem(409, { code: "NO_DEVICE", detail: "the tenant has no registered device" });
  refusal.noFreeDevice = true;
  throw refusal;
}

/** The simulated platform's people, places and devices. */
export async function readWorld() {
  const response = await fetch("/_control/world", { cache: "no-store" });
  if (!response.ok) throw new Problem(response.status, { detail: "the simulator gave no world" }, response);
  return response.json();
}

/** The server's time, from an answer of our own origin: across origins a page may not read `Date`. */
export async function askTime() {
  try {
    const response = await fetch("config.json", { method: "GET", cache: "no-store" });
    return response.headers.get("Date");
  } catch {
    return null;
  }
}
