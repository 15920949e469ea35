/**
 * Which function paints which widget. Each takes the widget's data and `{timeZone, now}` and returns nodes; none asks the
 * network, keeps state or knows its card.
 */

import { alerts } from "./alerts.js";
import { arrivalsAtRisk } from "./arrivals-at-risk.js";
import { balances } from "./balances.js";
import { devices } from "./devices.js";
import { moneyFigure } from "./figures-of-money.js";
import { inHouse } from "./in-house.js";
import { arrivals, departures } from "./movements.js";
import { occupancy } from "./occupancy.js";
import { outlook } from "./outlook.js";
import { property } from "./property.js";
import { rates } from "./rates.js";
import { rooms } from "./rooms.js";
import { suggestions } from "./suggestions.js";
import { workOrders } from "./work-orders.js";

export const PAINTERS = {
  occupancy,
  adr: moneyFigure,
  revpar: moneyFigure,
  arrivals,
  departures,
  "in-house": inHouse,
  outlook,
  rooms,
  "arrivals-at-risk": arrivalsAtRisk,
  "work-orders": workOrders,
  rates,
  balances,
  alerts,
  suggestions,
  property,
  devices,
};
