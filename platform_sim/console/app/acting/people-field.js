/** Who shall do it: the people of the house, those of the fitting roles first. */

import { t } from "../language.js";
import { choiceField } from "./fields.js";

/** A choice of the house's staff as `assigneeId`; `now` is whoever has it already. */
export function staffField({ staff, property, session }, roles, now) {
  const here = staff.filter(
    (person) => person.tenantId === session.who.tenantId && person.propertyIds.includes(property.id),
  );
  const fits = (person) => person.roles.some((role) => roles.includes(role));
  const option = (person) => ({ value: person.id, text: `\u2068${person.displayName ?? person.username}\u2069` });
  const groups = [
    { label: t(`role.${roles[0]}`), options: here.filter(fits).map(option) },
    { label: t("form.others"), options: here.filter((person) => !fits(person)).map(option) },
  ];
  const filled = groups.filter((group) => group.options.length > 0);
  const label = t("col.assignee");
  return choiceField({ name: "assigneeId", label, groups: filled, value: now ?? "", required: true });
}
