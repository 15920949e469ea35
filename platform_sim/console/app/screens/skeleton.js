/** What stands where a list is still on its way. */

import { h } from "../elements.js";
import { t } from "../language.js";

const BONES = 8;

export function linesSkeleton() {
  const bones = Array.from({ length: BONES }, () => h("span", { class: "bone" }));
  return h(
    "div",
    { class: "skeleton skeleton-lines" },
    h("p", { class: "visually-hidden" }, t("board.loading")),
    bones,
  );
}
