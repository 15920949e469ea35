/** Every board: its address, its filters and orders, its counts, and what paints its lines. */

import { GRID } from "./room-plan.js";
import { HOUSEKEEPING, MAINTENANCE } from "./rooms.js";
import { ARRIVALS, DEPARTURES, IN_HOUSE, TODAY } from "./stays.js";

export const BOARDS = {
  arrivals: ARRIVALS,
  departures: DEPARTURES,
  "in-house": IN_HOUSE,
  today: TODAY,
  "front-desk-grid": GRID,
  housekeeping: HOUSEKEEPING,
  maintenance: MAINTENANCE,
};
