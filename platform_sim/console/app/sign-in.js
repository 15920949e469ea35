/** The sign-in screen: choose who to be from the world's staff, or type a user name. */

import { fill, h, icon } from "./elements.js";
import { signIn } from "./iam.js";
import { t } from "./language.js";
import { personOption } from "./people.js";
import { Problem, Unreachable } from "./problem.js";
import { settings } from "./settings.js";
import { signInBrand } from "./sign-in-brand.js";

export class SignInScreen {
  #parts;
  #filter = { tenantId: null, propertyId: "", role: "", text: "" };
  #people = h("div", { class: "people", role: "radiogroup", "aria-labelledby": "people-label" });
  #count = h("span", { class: "caption", "aria-live": "polite" });
  #error = h("p", { class: "form-error", role: "alert", hidden: true });

  /**
   * @param {object} parts
   * @param {object} parts.world
   * @param {import("./wire.js").Wire} parts.wire
   * @param {string} parts.notice why the desk is here, or nothing
   * @param {(() => void) | null} parts.back where somebody is still signed in: return to the dashboard
   * @param {(who: object, tokens: object) => void} parts.signedIn
   */
  constructor(parts) {
    this.#parts = parts;
    const { tenants } = parts.world;
    const last = tenants.find((tenant) => tenant.id === settings.lastTenant) ?? tenants[0];
    this.#filter.tenantId = last?.id ?? null;
    this.username = h("input", {
      id: "username",
      name: "username",
      autocomplete: "username",
      dir: "ltr",
      spellcheck: "false",
      autocapitalize: "none",
    });
    this.password = h("input", {
      id: "password",
      name: "password",
      type: "password",
      autocomplete: "current-password",
      dir: "ltr",
    });
    this.submit = h("button", { type: "submit", class: "button button-primary button-wide" }, t("signin.submit"));
    this.element = h("div", { class: "signin" }, signInBrand(), this.#form());
    if (parts.notice) this.#complain(parts.notice);
    this.#showTenant();
  }

  #form() {
    const { back } = this.#parts;
    const leave = { type: "button", class: "button button-quiet", onclick: back };
    this.role = h("select", { id: "role", onchange: () => this.#change({ role: this.role.value }) });
    this.property = h("select", { id: "property", onchange: () => this.#change({ propertyId: this.property.value }) });
    const field = (label, control) => h("label", { class: "field" }, h("span", {}, t(label)), control);
    const row = (...fields) => h("div", { class: "field-row" }, fields);
    const form = h(
      "form",
      { class: "signin-form", novalidate: true, onsubmit: (event) => this.#onSubmit(event) },
      h("header", {}, h("h1", {}, t("signin.title")), back && h("button", leave, t("signin.back"))),
      h("p", { class: "lead" }, t("signin.lead")),
      this.#tenants(),
      row(field("signin.property", this.property), field("signin.role", this.role)),
      this.#picker(),
      this.#error,
      row(field("signin.username", this.username), field("signin.password", this.password)),
      this.submit,
      h("p", { class: "caption device-note" }, icon("key"), t("signin.device")),
    );
    return h("main", { class: "signin-main", id: "main" }, form);
  }

  #picker() {
    this.search = h("input", {
      id: "search",
      type: "search",
      autocomplete: "off",
      placeholder: t("signin.search.placeholder"),
      "aria-label": t("signin.search"),
      oninput: () => this.#change({ text: this.search.value }),
    });
    const label = h("span", { id: "people-label", class: "label" }, t("signin.people"));
    return h(
      "div",
      { class: "picker" },
      h("div", { class: "picker-head" }, label, this.#count),
      h("div", { class: "search" }, icon("search"), this.search),
      this.#people,
    );
  }

  #tenants() {
    const one = (tenant) => {
      const input = h("input", {
        type: "radio",
        name: "tenant",
        value: tenant.id,
        checked: tenant.id === this.#filter.tenantId,
        class: "visually-hidden",
      });
      input.addEventListener("change", () => this.#chooseTenant(tenant.id));
      const houses = this.#parts.world.properties
        .filter((each) => each.tenantId === tenant.id)
        .map((each) => each.name)
        .join(" · ");
      return h(
        "label",
        { class: "tenant" },
        input,
        h("span", { class: "tenant-name" }, h("bdi", {}, tenant.name)),
        h("span", { class: "caption" }, h("bdi", {}, houses)),
      );
    };
    return h(
      "fieldset",
      { class: "tenants" },
      h("legend", { class: "label" }, t("signin.tenant")),
      this.#parts.world.tenants.map(one),
    );
  }

  #chooseTenant(tenantId) {
    this.#filter = { tenantId, propertyId: "", role: "", text: "" };
    this.search.value = "";
    this.#showTenant();
  }

  #showTenant() {
    const { world } = this.#parts;
    const { tenantId } = this.#filter;
    const staff = world.operators.filter((each) => each.tenantId === tenantId);
    const roles = [...new Set(staff.flatMap((each) => each.roles))];
    const option = (value, label) => h("option", { value }, label);
    fill(
      this.role,
      option("", t("signin.role.any")),
      roles.map((role) => option(role, t(`role.${role}`))),
    );
    const houses = world.properties.filter((each) => each.tenantId === tenantId);
    fill(
      this.property,
      option("", t("signin.property.any")),
      houses.map((each) => option(each.id, each.name)),
    );
    const last =
      staff.find((each) => each.id === settings.lastOperator[tenantId]) ??
      staff.find((each) => each.roles.includes("general_manager")) ??
      staff[0];
    this.#showPeople(last?.id);
    if (last) this.#prefill(last);
  }

  #change(members) {
    Object.assign(this.#filter, members);
    this.#showPeople(null);
  }

  #matches(operator) {
    const { tenantId, propertyId, role, text } = this.#filter;
    return (
      operator.tenantId === tenantId &&
      (!propertyId || operator.propertyIds.includes(propertyId)) &&
      (!role || operator.roles.includes(role)) &&
      (!text || `${operator.username} ${operator.displayName ?? ""}`.toLowerCase().includes(text.trim().toLowerCase()))
    );
  }

  #showPeople(chosenId) {
    const staff = this.#parts.world.operators.filter((each) => this.#matches(each));
    this.#count.textContent = t("signin.count", { n: staff.length });
    if (staff.length === 0) {
      fill(this.#people, h("p", { class: "quiet" }, t("signin.nobody")));
      return;
    }
    fill(
      this.#people,
      staff.map((each) => {
        const chosen = each.id === chosenId || each.username === this.username.value;
        return personOption(each, chosen, () => this.#prefill(each));
      }),
    );
    this.#people.querySelector("input:checked")?.closest("label").scrollIntoView({ block: "nearest" });
  }

  #prefill(operator) {
    this.username.value = operator.username;
    this.password.value = operator.password;
    this.#error.hidden = true;
  }

  #complain(text) {
    this.#error.textContent = text;
    this.#error.hidden = false;
  }

  async #onSubmit(event) {
    event.preventDefault();
    const username = this.username.value.trim();
    if (!username || !this.password.value) {
      this.#complain(t("signin.error.empty"));
      (username ? this.password : this.username).focus();
      return;
    }
    this.submit.disabled = true;
    this.submit.textContent = t("signin.busy");
    try {
      await this.#attempt(username);
    } catch (problem) {
      this.#complain(this.#explain(problem));
      this.password.focus();
    } finally {
      this.submit.disabled = false;
      this.submit.textContent = t("signin.submit");
    }
  }

  async #attempt(username) {
    const { world, wire, signedIn } = this.#parts;
    const operator = world.operators.find((each) => each.username.toLowerCase() === username.toLowerCase());
    const tenantId = operator?.tenantId ?? this.#filter.tenantId;
    const request = { wire, origin: location.origin, world, tenantId, username, password: this.password.value };
    const tokens = await signIn(request);
    settings.change({ lastTenant: tenantId, lastOperator: { ...settings.lastOperator, [tenantId]: operator?.id } });
    const wanted = this.#filter.propertyId;
    const scope = operator?.propertyIds ?? [];
    const propertyId = scope.includes(wanted) ? wanted : scope[0];
    await signedIn(
      {
        tenantId,
        operatorId: operator?.id,
        username,
        displayName: operator?.displayName ?? username,
        roles: operator?.roles ?? [],
        propertyIds: scope,
        propertyId,
      },
      tokens,
    );
  }

  #explain(problem) {
    if (problem instanceof Unreachable) return t("signin.error.network");
    if (!(problem instanceof Problem)) throw problem;
    if (problem.noFreeDevice) return t("signin.error.device");
    if (problem.code === "INVALID_CREDENTIALS") return t("signin.error.credentials");
    return problem.userMessage?.text ?? t("signin.error.other", { detail: problem.message });
  }
}
