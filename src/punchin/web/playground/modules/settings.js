// Seed, takes, engine, format, and the creative parameters behind a fold.

import { all, el, fill, find, show } from "./dom.js"
import { tellField } from "./errors.js"
import { Signal } from "./scope.js"
import { spoken } from "./time.js"

export const LARGEST_SEED = 2147483647
const PLAIN = new Set([
  "audio", "audio_url", "tags", "start_time", "start_time_relative_to", "end_time", "end_time_relative_to", "lyrics",
  "seed", "takes", "edits", "output_format", "engine", "enable_sync_mode", "enable_base64_output", "webhook_url",
])
const NAMES = { bpm: "Tempo, BPM", keyscale: "Key", timesignature: "Metre" }
const HONOURED = { tags: "tags", lyrics: "lyrics", variance: "variance" }

export const rolled = () => Math.floor(Math.random() * (LARGEST_SEED + 1))

export class Settings {
  changed = new Signal() // () when it is known what the engine can do
  engines = []
  #draft
  #session
  #fields = null

  constructor(session, draft, scope) {
    this.#session = session
    this.#draft = draft
    const seed = find("#seed")
    scope.listen(seed, "change", () => this.#typeSeed(seed.value))
    scope.listen(find("#dice"), "click", () => draft.change({ seed: rolled() }, "the seed"))
    scope.listen(find("#lock"), "click", () => draft.change({ locked: !draft.now.locked }, "the lock of the seed"))
    scope.listen(find("#takes"), "change", (event) => draft.change({ takes: Number(event.target.value) }, "the number of takes"))
    scope.listen(find("#engine"), "change", (event) => draft.change({ engine: event.target.value }, "the engine"))
    scope.listen(find("#format"), "change", (event) => draft.change({ format: event.target.value }, "the format"))
    scope.listen(find("#advanced"), "toggle", () => find("#advanced").open && this.#loadFields())
    draft.changed.on(() => this.#show(), scope)
    this.#show()
  }

  /** Which engines there are; asked again until a worker has told. */
  async load() {
    const { engines } = await this.#session.json("/v1/engines")
    this.engines = engines
    this.#show()
    this.changed.tell()
    return engines.length > 0
  }

  /** The engine that will do it, as the server tells of it. */
  get engine() {
    const { engine } = this.#draft.now
    return this.engines.find((each) => (engine === "auto" ? each.auto : each.name === engine)) ?? null
  }

  #typeSeed(text) {
    const value = Number(text)
    if (!/^\d+$/.test(text.trim()) || value > LARGEST_SEED) return tellField("seed", `a seed is a whole number from 0 to ${LARGEST_SEED}`)
    tellField("seed", "")
    this.#draft.change({ seed: value, locked: true }, "the seed")
  }

  #show() {
    const { seed, locked, takes, engine, format, options } = this.#draft.now
    find("#seed").value = String(seed)
    find("#lock").setAttribute("aria-pressed", String(locked))
    find("#lock").title = locked ? "The seed stays: the same request gives the same sound" : "Each try gets a new seed"
    find("#seed-note").textContent = locked ? "stays for every try" : "new for every try"
    for (const choice of all("#takes input")) choice.checked = Number(choice.value) === takes
    this.#showEngines(engine)
    find("#format").value = format
    const count = Object.keys(options).length
    find("#advanced-count").textContent = count ? `${count} set` : ""
    this.#showFields()
  }

  #showEngines(chosen) {
    const automatic = this.engines.find((each) => each.auto)
    const choices = [
      el("option", { value: "auto" }, automatic ? `Automatic: ${automatic.name}` : "Automatic"),
      ...this.engines.map((each) => el("option", { value: each.name, disabled: !each.available }, each.available ? each.name : `${each.name} (not available)`)),
    ]
    const select = find("#engine")
    if (select.children.length !== choices.length || select.dataset.of !== JSON.stringify(this.engines)) {
      fill(select, choices)
      select.dataset.of = JSON.stringify(this.engines)
    }
    select.value = chosen
    if (!select.value) select.value = "auto"
    this.#tellEngine()
  }

  #tellEngine() {
    const engine = this.engine
    if (!engine) return fill(find("#engine-note"), "")
    const honours = Object.keys(HONOURED).filter((name) => engine.honours?.includes(name))
    const more = (engine.honours ?? []).length - honours.length
    const acts = [...honours, more > 0 ? `${more} more` : ""].filter(Boolean).join(", ")
    fill(
      find("#engine-note"),
      el("span", {}, engine.summary),
      el("span", { class: "quiet" }, acts ? `Acts on ${acts}.` : "Acts on nothing but the region."),
      engine.longest_s && el("span", { class: "quiet" }, `Up to ${spoken(engine.longest_s)} at once.`),
      !engine.available && engine.why && el("span", { class: "warn" }, engine.why),
    )
    show(find("#lyrics-unused"), !engine.honours?.includes("lyrics"))
  }

  /** The parameters, as the server itself describes them. */
  async #loadFields() {
    if (this.#fields) return
    this.#fields = {}
    const { components } = await this.#session.json("/openapi.json")
    const { properties } = components.schemas.Request
    this.#fields = Object.fromEntries(Object.entries(properties).filter(([name, field]) => !PLAIN.has(name) && field.type !== "array"))
    fill(find("#options"), Object.entries(this.#fields).map(([name, field]) => this.#field(name, field)))
    this.#showFields()
  }

  #field(name, field) {
    const id = `option-${name}`
    const change = (event) => {
      const { value } = event.target
      const options = { ...this.#draft.now.options }
      if (value === "") delete options[name]
      else options[name] = field.type === "string" ? value : field.type === "boolean" ? value === "true" : Number(value)
      this.#draft.change({ options }, name.replaceAll("_", " "))
    }
    const described = `${id}-note`
    const choices = field.enum ?? (field.type === "boolean" ? ["true", "false"] : null)
    const input = choices
      ? el("select", { id, "aria-describedby": described, onchange: change }, el("option", { value: "" }, "engine’s choice"), choices.map((each) => el("option", { value: each }, each)))
      : el("input", {
          id,
          type: field.type === "string" ? "text" : "number",
          "aria-describedby": described,
          min: field.minimum?.toString(),
          max: field.maximum?.toString(),
          step: field.type === "integer" ? "1" : "any",
          placeholder: field.minimum === undefined ? "engine’s choice" : `${field.minimum} – ${field.maximum}`,
          onchange: change,
        })
    return el("div", { class: "option", "data-field": name }, el("label", { for: id }, NAMES[name] ?? name.replaceAll("_", " ")), input, el("p", { id: described, class: "quiet" }, field.description ?? ""))
  }

  #showFields() {
    if (!this.#fields) return
    const honoured = new Set(this.engine?.honours ?? [])
    for (const name of Object.keys(this.#fields)) {
      const input = find(`#option-${name}`)
      if (!input) continue
      const value = this.#draft.now.options[name]
      input.value = value === undefined ? "" : String(value)
      input.closest(".option").classList.toggle("unused", !honoured.has(name))
    }
  }
}
