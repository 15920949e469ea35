/** Moving between things on the screen with the arrow keys, one stop of the Tab key for all of them. */

const FORWARD_PX = 4;
const ASIDE_COST = 3;

/**
 * The element to which an arrow key leads from `from`: the nearest one on that side, straight ahead before aslant. It goes
 * by what the eye sees, so it is right in either direction of writing.
 */
export function neighbour(elements, from, key) {
  const here = from.getBoundingClientRect();
  const ahead = {
    ArrowRight: (box) => [box.left - here.left, Math.abs(box.top - here.top)],
    ArrowLeft: (box) => [here.left - box.left, Math.abs(box.top - here.top)],
    ArrowDown: (box) => [box.top - here.top, Math.abs(box.left - here.left)],
    ArrowUp: (box) => [here.top - box.top, Math.abs(box.left - here.left)],
  }[key];
  let best = null;
  for (const element of elements) {
    const box = element.getBoundingClientRect();
    if (element === from || (box.width === 0 && box.height === 0)) continue;
    const [forward, aside] = ahead(box);
    const cost = forward + aside * ASIDE_COST;
    if (forward > FORWARD_PX && (best === null || cost < best.cost)) best = { element, cost };
  }
  return best?.element ?? null;
}

/** Whether a key press is for the browser or for something inside, and not for moving about. */
export function isForeign(event) {
  return event.altKey || event.ctrlKey || event.metaKey || Boolean(event.target.closest("[popover], dialog"));
}

/** Make one of `elements` the one that Tab reaches. */
export function rove(elements, chosen) {
  for (const each of elements) {
    const stop = each === chosen ? 0 : -1;
    if (each.tabIndex !== stop) each.tabIndex = stop;
  }
}
