/** The places of the navigation: what each is called, who has it, and where a role begins its day. */

/** `general_manager` and `owner` have every place. The other roles are those of the service's routes (`x-roles`). */
const ALWAYS = ["general_manager", "owner"];
const DESK = ["front_desk", "night_auditor"];

/** In the order in which they stand. `roles` is null where everybody has the place. */
export const PLACES = [
  { id: "dashboard", icon: "dashboard", group: null, roles: null },
  {
    id: "arrivals",
    icon: "arrive",
    group: "boards",
    roles: [...DESK, "housekeeping_lead", "fnb_manager", "revenue_manager"],
  },
  {
    id: "departures",
    icon: "depart",
    group: "boards",
    roles: [...DESK, "housekeeping_lead", "housekeeper", "fnb_manager", "revenue_manager"],
  },
  { id: "in-house", icon: "bed", group: "boards", roles: [...DESK, "housekeeping_lead", "housekeeper", "fnb_manager"] },
  {
    id: "today",
    icon: "today",
    group: "boards",
    roles: [...DESK, "housekeeping_lead", "fnb_manager", "revenue_manager"],
  },
  { id: "front-desk-grid", icon: "grid", group: "boards", roles: [...DESK, "housekeeping_lead", "revenue_manager"] },
  { id: "housekeeping", icon: "room", group: "boards", roles: [...DESK, "housekeeping_lead", "housekeeper"] },
  { id: "maintenance", icon: "wrench", group: "boards", roles: [...DESK, "housekeeping_lead", "maintenance"] },
  {
    id: "search",
    icon: "search",
    group: null,
    roles: [...DESK, "housekeeping_lead", "fnb_manager", "revenue_manager"],
  },
  {
    id: "suggestions",
    icon: "spark",
    group: "inboxes",
    roles: ["front_desk", "housekeeping_lead", "fnb_manager", "revenue_manager"],
  },
  { id: "alerts", icon: "bell", group: "inboxes", roles: null },
  { id: "preferences", icon: "sliders", group: "own", roles: null },
];

/** Who has the downtime pack (the roles of `GET /downtime-pack`): whoever answers for guests, money and keys. */
const PACK = new Set([...DESK, ...ALWAYS]);

export function hasPack(roles) {
  return roles.some((role) => PACK.has(role));
}

const HOMES = {
  front_desk: "arrivals",
  night_auditor: "arrivals",
  housekeeping_lead: "housekeeping",
  housekeeper: "housekeeping",
  maintenance: "maintenance",
};

/** The places that somebody with these roles has. */
export function placesOf(roles) {
  const mine = new Set(roles);
  return PLACES.filter((place) => place.roles === null || [...place.roles, ...ALWAYS].some((role) => mine.has(role)));
}

const OF_WIDGETS = {
  arrivals: "arrivals",
  departures: "departures",
  "in-house": "in-house",
  outlook: "front-desk-grid",
  rooms: "housekeeping",
  "arrivals-at-risk": "housekeeping",
  "work-orders": "maintenance",
  alerts: "alerts",
  suggestions: "suggestions",
};

/** Where a widget's subject is worked on; null where there is no such place, or it is not for these roles. */
export function placeOfWidget(widget, roles) {
  const place = OF_WIDGETS[widget];
  return placesOf(roles).some((each) => each.id === place) ? place : null;
}

/** Where somebody with these roles begins: whoever runs the house sees all of it first. */
export function homeOf(roles) {
  if (roles.some((role) => ALWAYS.includes(role))) return "dashboard";
  return roles.map((role) => HOMES[role]).find(Boolean) ?? "dashboard";
}

/** What the address says behind `#`: `{place, query}`. The query keeps what was chosen on a place across a reload. */
export function readAddress() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { place: path || null, query: new URLSearchParams(query) };
}

/** Write what was chosen on the present place into the address, without a new entry in the history. */
export function keepInAddress(place, choices) {
  const query = new URLSearchParams(Object.entries(choices).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#/${place}${query ? `?${query}` : ""}`);
}

/** Leave no place in the address. */
export function forgetAddress() {
  history.replaceState(null, "", location.pathname);
}
