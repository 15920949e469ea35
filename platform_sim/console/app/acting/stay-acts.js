/** What a desk does for a guest, each act where the state of the stay and the role of the person allow it. */

import {
  openAssignRoom,
  openCancel,
  openCharge,
  openCheckIn,
  openCheckOut,
  openIssueKey,
  openNoShow,
  openRevokeKey,
} from "./stay-forms.js";

/** `x-roles` of the routes; `general_manager` and `owner` may use every route. */
const ALWAYS = ["general_manager", "owner"];
const DESK = ["front_desk", "night_auditor", ...ALWAYS];
const SELLING = [...DESK, "fnb_manager"];
const BOOKING = [...DESK, "revenue_manager"];
const HERE = new Set(["checked_in", "in_house"]);

const isDue = (stay) => stay.status === "confirmed";
const isHere = (stay) => HERE.has(stay.status);

/** In the order of their buttons. `binding` is the action's name in the service's keyboard map, `path` the route. */
export const STAY_ACTS = [
  {
    kind: "check_in",
    path: "/reservations/{id}/check-in",
    binding: "reservation.check-in",
    roles: DESK,
    main: true,
    offered: isDue,
    open: openCheckIn,
  },
  {
    kind: "check_out",
    path: "/reservations/{id}/check-out",
    binding: "reservation.check-out",
    roles: DESK,
    main: true,
    offered: isHere,
    open: openCheckOut,
  },
  {
    kind: "assign_room",
    path: "/reservations/{id}/assign-room",
    binding: "reservation.assign-room",
    roles: DESK,
    offered: (stay) => isDue(stay) || isHere(stay),
    open: openAssignRoom,
  },
  {
    kind: "post_charge",
    path: "/folios/{id}/charges",
    binding: "charge.post",
    roles: SELLING,
    offered: (stay) => isHere(stay) && Boolean(stay.folioId),
    open: openCharge,
  },
  {
    kind: "issue_key",
    path: "/locks/{id}/issue-key",
    binding: "key.issue",
    roles: DESK,
    offered: (stay, context) => isHere(stay) && Boolean(context.lockOf(stay.roomId)),
    open: openIssueKey,
  },
  {
    kind: "revoke_key",
    path: "/locks/{id}/revoke-key",
    roles: DESK,
    offered: (stay) => stay.keys?.length > 0,
    open: openRevokeKey,
  },
  {
    kind: "no_show",
    path: "/reservations/{id}/no-show",
    roles: DESK,
    offered: isDue,
    open: openNoShow,
  },
  {
    kind: "cancel_stay",
    path: "/reservations/{id}/cancel",
    roles: BOOKING,
    danger: true,
    offered: isDue,
    open: openCancel,
  },
];

/** Those that this person may do with this stay now; none while something is being done with it. */
export function stayActs(stay, context) {
  return offeredActs(STAY_ACTS, stay, stay.reservationId, context);
}

/** Of these acts those that are offered for a thing, to whom the context tells of. */
export function offeredActs(acts, item, subjectId, context) {
  if (context.acts.openOn(subjectId)) return [];
  const mine = new Set(context.session.who.roles);
  return acts.filter((act) => act.roles.some((role) => mine.has(role)) && act.offered(item, context));
}
