import { h } from "../elements.js";
import { majorUnits, money, number } from "../formats.js";
import { t } from "../language.js";
import { headline, ledger, pill } from "./figures.js";

export function balances(data) {
  const variance = majorUnits(data.dayEndVariance);
  const word =
    variance === 0 ? pill(t("balance.even"), "good") : h("bdi", {}, money(data.dayEndVariance, { sign: true }));
  return [
    headline(h("bdi", {}, money(data.openBalance)), t("balance.open")),
    ledger([
      [t("balance.folios"), number(data.openFolios)],
      [t("balance.overdue"), number(data.overdueFolios), data.overdueFolios > 0 ? "warn" : null],
      [t("balance.variance"), word, variance < 0 ? "bad" : null],
    ]),
  ];
}
