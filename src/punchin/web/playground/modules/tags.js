// Tags as chips, with presets and suggestions from the engine's vocabulary.

import { announce } from "./announce.js"
import { el, fill, find, show } from "./dom.js"
import { tellField } from "./errors.js"

const MOST_SUGGESTIONS = 8
const MOST_CHARACTERS = 2000

export class Tags {
  #draft
  #terms = []
  #presets = {}
  #kind = "genre"
  #shown = []
  #at = -1

  constructor(draft, scope) {
    this.#draft = draft
    const input = find("#tag")
    draft.changed.on((now, before) => now.tags !== before.tags && this.#show(), scope)
    scope.listen(input, "input", () => this.#typed())
    scope.listen(input, "keydown", (event) => this.#key(event))
    scope.listen(input, "blur", () => {
      this.#take(input.value)
      this.#suggest([])
    })
    scope.listen(find("#tag-box"), "pointerdown", (event) => {
      if (event.target.id !== "tag-box") return
      event.preventDefault()
      input.focus()
    })
    scope.listen(find("#preset-kinds"), "click", (event) => {
      const kind = event.target.closest("button")?.dataset.kind
      if (kind) this.#offer(kind)
    })
    this.#show()
  }

  async load(session) {
    const { terms, presets } = await session.json("/v1/vocabulary")
    this.#terms = terms.map((term) => ({ ...term, words: [term.name, ...(term.aliases ?? [])].map((word) => word.toLowerCase()) }))
    this.#presets = presets
    this.#offer(this.#kind)
  }

  /** What is typed becomes a tag, too. */
  settle() {
    this.#take(find("#tag").value)
  }

  /** Whether there is what a request needs: a tag. Tells beside the field if not. */
  check() {
    const enough = this.#draft.now.tags.length > 0
    tellField("tags", enough ? "" : "say in a word or two how the new part should sound: “lofi”, “jazz piano”")
    if (!enough) find("#tag").focus()
    return enough
  }

  #typed() {
    const input = find("#tag")
    const parts = input.value.split(",")
    if (parts.length > 1) {
      input.value = parts.pop().trimStart()
      this.#add(parts)
    }
    const word = input.value.trim().toLowerCase()
    this.#suggest(word ? this.#near(word) : [])
  }

  /** Names that begin with a word come first, then those with it as another name, then those that have it inside. */
  #near(word) {
    const chosen = new Set(this.#draft.now.tags.map((tag) => tag.toLowerCase()))
    const rank = ({ name, words }) => {
      if (name.toLowerCase().startsWith(word)) return 0
      if (words.some((each) => each.startsWith(word))) return 1
      return words.some((each) => each.includes(word)) ? 2 : 3
    }
    return this.#terms
      .filter((term) => rank(term) < 3 && !chosen.has(term.name.toLowerCase()))
      .sort((one, other) => rank(one) - rank(other) || one.name.length - other.name.length)
      .slice(0, MOST_SUGGESTIONS)
  }

  #suggest(found) {
    this.#shown = found
    this.#at = -1
    const list = find("#tag-list")
    fill(
      list,
      found.map((term, at) =>
        el(
          "li",
          { id: `tag-option-${at}`, role: "option", "aria-selected": "false", onpointerdown: (event) => this.#pick(event, term) },
          el("span", {}, term.name),
          el("span", { class: "kind" }, term.kind),
        ),
      ),
    )
    show(list, found.length > 0)
    find("#tag").setAttribute("aria-expanded", String(found.length > 0))
    find("#tag").removeAttribute("aria-activedescendant")
  }

  #pick(event, term) {
    event.preventDefault()
    find("#tag").value = ""
    this.#add([term.name])
    this.#suggest([])
  }

  #key(event) {
    const input = event.target
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.#shown.length) return
      event.preventDefault()
      const count = this.#shown.length
      this.#at = (this.#at + (event.key === "ArrowDown" ? 1 : count - (this.#at < 0 ? 0 : 1))) % count
      for (const [at, option] of [...find("#tag-list").children].entries()) option.setAttribute("aria-selected", String(at === this.#at))
      input.setAttribute("aria-activedescendant", `tag-option-${this.#at}`)
      return
    }
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      const chosen = this.#shown[this.#at]
      const word = chosen?.name ?? input.value
      input.value = ""
      this.#add([word])
      this.#suggest([])
    } else if (event.key === "Escape" && this.#shown.length) {
      event.stopPropagation()
      this.#suggest([])
    } else if (event.key === "Backspace" && !input.value && this.#draft.now.tags.length) {
      this.#remove(this.#draft.now.tags.at(-1))
    }
  }

  #take(text) {
    if (!text.trim()) return
    find("#tag").value = ""
    this.#add(text.split(","))
  }

  #add(words) {
    const { tags } = this.#draft.now
    const known = new Set(tags.map((tag) => tag.toLowerCase()))
    const fresh = words.map((word) => word.trim()).filter((word) => word && !known.has(word.toLowerCase()))
    const next = [...tags, ...new Set(fresh)]
    if (next.join(", ").length > MOST_CHARACTERS) return tellField("tags", `tags may have ${MOST_CHARACTERS} characters together`)
    if (fresh.length) this.#draft.change({ tags: next }, "the tags")
    tellField("tags", "")
  }

  #remove(tag) {
    this.#draft.change({ tags: this.#draft.now.tags.filter((each) => each !== tag) }, "the tags")
    announce(`${tag} removed`)
    find("#tag").focus()
  }

  #show() {
    fill(
      find("#tags"),
      this.#draft.now.tags.map((tag) =>
        el("li", { class: "chip" }, el("span", {}, tag), el("button", { type: "button", "aria-label": `Remove ${tag}`, onclick: () => this.#remove(tag) }, "×")),
      ),
    )
    find("#tag").placeholder = this.#draft.now.tags.length ? "" : "lofi, chill piano …"
    this.#markPresets()
  }

  #offer(kind) {
    this.#kind = kind
    for (const button of find("#preset-kinds").children) button.setAttribute("aria-pressed", String(button.dataset.kind === kind))
    fill(
      find("#presets"),
      (this.#presets[kind] ?? []).map((preset) => {
        const tags = tagsOf(preset)
        return el("button", { type: "button", class: "preset", "data-tags": tags.join(","), title: tags.join(", "), onclick: () => this.#toggle(tags) }, preset.name)
      }),
    )
    this.#markPresets()
  }

  #toggle(tags) {
    const chosen = this.#draft.now.tags
    if (tags.every((tag) => chosen.includes(tag))) this.#draft.change({ tags: chosen.filter((tag) => !tags.includes(tag)) }, "the tags")
    else this.#add(tags)
  }

  #markPresets() {
    const chosen = this.#draft.now.tags
    for (const button of find("#presets").children) {
      button.setAttribute("aria-pressed", String(button.dataset.tags.split(",").every((tag) => chosen.includes(tag))))
    }
  }
}

function tagsOf({ tags }) {
  return (Array.isArray(tags) ? tags : String(tags).split(",")).map((tag) => tag.trim()).filter(Boolean)
}
