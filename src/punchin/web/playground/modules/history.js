// All edits of this key, searchable; each can be opened exactly as it was.

import { all, el, fill, find, show } from "./dom.js"
import { sentence } from "./errors.js"
import { Signal } from "./scope.js"
import { ago, clock } from "./time.js"

const WAIT_MS = 250
const PAGE = 30

export class History {
  opened = new Signal() // (job): the person wants to see it again
  #session
  #scope
  #page = 1
  #asked = 0
  #forgetSearch = null

  constructor(session, scope) {
    this.#session = session
    this.#scope = scope
    const dialog = find("#history")
    scope.listen(find("#history-open"), "click", () => this.open())
    scope.listen(find("#history-close"), "click", () => dialog.close())
    scope.listen(dialog, "click", (event) => event.target === dialog && dialog.close())
    scope.listen(find("#search"), "input", () => {
      this.#forgetSearch?.()
      this.#forgetSearch = scope.later(WAIT_MS, () => this.#load(1))
    })
    scope.listen(find("#history-more"), "click", () => this.#load(this.#page + 1))
  }

  open() {
    find("#history").showModal()
    this.#load(1)
  }

  async #load(page) {
    const asked = ++this.#asked
    const list = find("#history-list")
    const words = find("#search").value.trim()
    const query = new URLSearchParams({ page, page_size: PAGE, ...(words && { search: words }) })
    try {
      const { items, has_more: more } = await this.#session.json(`/v1/jobs?${query}`)
      if (asked !== this.#asked) return
      const rows = items.map((job) => this.#row(job))
      if (page === 1) fill(list, rows)
      else list.append(...rows)
      this.#page = page
      show(find("#history-more"), more)
      const none = page === 1 && !items.length
      show(find("#history-none"), none)
      find("#history-none").textContent = words ? `No edit has “${words}” in it.` : "Nothing yet: your edits will be here."
    } catch (error) {
      find("#history-none").textContent = sentence(error.message)
      show(find("#history-none"), true)
    }
  }

  #row(job) {
    const { request, state } = job
    const first = { ...request, ...request.edits?.[0] }
    const name = job.song ?? decodeURIComponent((request.audio ?? "").split("/").pop() ?? "")
    const takes = job.outputs.length
    const more = (request.edits?.length ?? 1) - 1
    const [start, end] = ["start", "end"].map((which) => timeOf(first, which))
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "past", onclick: () => this.#open(job.id) },
        el("span", { class: "past-tags" }, first.tags || "no tags"),
        el("span", { class: `state ${state}` }, state === "completed" ? (takes === 1 ? "1 take" : `${takes} takes`) : stateWords(state)),
        el("span", { class: "past-song" }, `${ago(job.created_at)} · ${name}`),
        el("span", { class: "past-time" }, `${start} – ${end}${more > 0 ? ` and ${more} more` : ""}`),
      ),
    )
  }

  async #open(id) {
    find("#history").close()
    for (const button of all("#history-list button")) button.disabled = false
    this.opened.tell(id)
  }
}

function stateWords(state) {
  return { created: "waiting", processing: "working", failed: "failed", cancelled: "cancelled" }[state] ?? state
}

function timeOf(first, which) {
  const value = first[`${which}_time`] ?? (which === "start" ? 0 : 30)
  return `${first[`${which}_time_relative_to`] === "end" ? "−" : ""}${clock(value, 1)}`
}
