// Several parts in one edit. The draft's own fields are those of the chosen part; the others wait beside it.

import { announce, toast } from "./announce.js"
import { el, fill, find, show } from "./dom.js"
import { tellField } from "./errors.js"
import { clock, toMilliseconds } from "./time.js"

const FIELDS = ["start", "end", "tags", "lyrics", "instrumental", "seed", "locked", "options"]
const WISHES = ["tags", "lyrics", "instrumental", "options"]
const MOST = 32 // what one request takes
const SHORTEST_S = 0.1 // a gap that a new part may go into
const APART_S = 1

const own = (draft, names = FIELDS) => Object.fromEntries(names.map((name) => [name, draft[name]]))
const inOrder = (parts) => [...parts].sort((one, other) => one.start - other.start)

/** All parts of a draft in the order of the song, each {start, end, tags, lyrics, instrumental, seed, locked, options}. */
export function partsOf(draft) {
  return inOrder([own(draft), ...draft.others])
}

/** Which of `partsOf` is the chosen one: those that begin at the same time come after it, as sorting leaves them. */
export function chosenOf(draft) {
  return draft.others.filter((other) => other.start < draft.start).length
}

/** The fields of a draft whose parts are these, the part `number` chosen. */
export function withParts(parts, number) {
  const sorted = inOrder(parts)
  return { ...sorted[number], others: sorted.filter((_, at) => at !== number) }
}

/** What is wrong with where the parts lie, or "". */
export function clashOf(draft) {
  const parts = partsOf(draft)
  const at = parts.findIndex((part, number) => number > 0 && part.start < parts[number - 1].end - 0.0005)
  return at < 0 ? "" : `parts ${at} and ${at + 1} overlap: move one of them, or make them one`
}

/** Where a part as long as the chosen one fits: the first place after it, else before it, else the longest gap; or null. */
export function roomFor(draft, duration) {
  const parts = partsOf(draft)
  const length = draft.end - draft.start
  const edges = [0, ...parts.flatMap(({ start, end }) => [start, end]), duration]
  const gaps = []
  for (let at = 0; at < edges.length; at += 2) gaps.push({ from: edges[at] + (at ? APART_S : 0), to: edges[at + 1] - (at + 2 < edges.length ? APART_S : 0) })
  const wide = gaps.filter(({ from, to }) => to - from >= length)
  const gap = wide.find(({ from }) => from > draft.start) ?? wide.at(-1) ?? gaps.reduce((best, each) => (each.to - each.from > best.to - best.from ? each : best))
  if (gap.to - gap.from < SHORTEST_S) return null
  const start = toMilliseconds(gap.from < draft.start && gap.to - gap.from >= length ? gap.to - length : gap.from)
  return { start, end: toMilliseconds(Math.min(gap.to, start + length)) }
}

/** The row of parts, what is drawn of those that are not chosen, and what can be done with them. */
export class Parts {
  #draft
  #wave
  #durationNow
  #scope

  /** @param durationNow gives the song's seconds. */
  constructor(draft, wave, durationNow, scope) {
    this.#draft = draft
    this.#wave = wave
    this.#durationNow = durationNow
    this.#scope = scope
    scope.listen(find("#part-add"), "click", () => this.add())
    scope.listen(find("#part-remove"), "click", () => this.remove())
    scope.listen(find("#part-same"), "click", () => this.#spread())
    scope.listen(find("#parts"), "click", (event) => {
      const number = event.target.closest("button")?.dataset.part
      if (number !== undefined) this.choose(Number(number))
    })
    wave.moved.on(() => this.#place(), scope)
    draft.changed.on(() => this.#show(), scope)
    this.#show()
    this.song()
  }

  /** How long the song is has become known, or is not known any more: until then no part of it can be told. */
  song() {
    for (const place of ["#start", "#end", "#part-add"]) find(place).disabled = !this.#durationNow()
  }

  /** Another part with the same wishes. */
  add() {
    const { now } = this.#draft
    if (!now.song || !this.#durationNow()) return
    if (now.others.length + 1 >= MOST) return tellField("parts", `one edit takes ${MOST} parts`)
    const room = roomFor(now, this.#durationNow())
    if (!room) return tellField("parts", "there is no room for another part; make one of them shorter")
    this.#draft.change({ ...room, others: [...now.others, own(now)] }, "adding a part")
    this.#wave.reveal(room.start, room.end)
    toast(`Part ${chosenOf(this.#draft.now) + 1}, with the same wishes: ${clock(room.start, 1)} – ${clock(room.end, 1)}`, this.#scope)
  }

  /** Take the chosen part out; the one before it is chosen then. */
  remove() {
    const { now } = this.#draft
    if (!now.others.length) return
    const gone = chosenOf(now)
    const left = partsOf(now).filter((_, at) => at !== gone)
    this.#draft.change(withParts(left, Math.max(0, gone - 1)), "removing a part")
    announce(`Part ${gone + 1} removed; ${left.length} left`)
  }

  /** Let the fields be those of another part, in the order of the song. */
  choose(number) {
    const { now } = this.#draft
    const parts = partsOf(now)
    if (number === chosenOf(now) || !parts[number]) return
    this.#draft.set(withParts(parts, number))
    const { start, end } = parts[number]
    this.#wave.reveal(start, end)
    announce(`Part ${number + 1} of ${parts.length}: ${clock(start, 1)} to ${clock(end, 1)}`)
  }

  /** The part after the chosen one, around the end. */
  next() {
    const { now } = this.#draft
    this.choose((chosenOf(now) + 1) % (now.others.length + 1))
  }

  /** Whether the parts can be sent. */
  check() {
    const clash = clashOf(this.#draft.now)
    tellField("parts", clash)
    return !clash
  }

  /** All parts get the wishes of the chosen one; each keeps its place and its seed. */
  #spread() {
    const { now } = this.#draft
    const wishes = own(now, WISHES)
    this.#draft.change({ others: now.others.map((other) => ({ ...other, ...wishes })) }, "the wishes of all parts")
    announce("All parts have the same wishes now")
  }

  #show() {
    const { now } = this.#draft
    const parts = partsOf(now)
    const chosen = chosenOf(now)
    const several = parts.length > 1
    show(find("#parts"), several)
    show(find("#part-remove"), several)
    const wishes = (part) => JSON.stringify(own(part, WISHES))
    show(find("#part-same"), several && now.others.some((other) => wishes(other) !== wishes(now)))
    const focused = document.activeElement?.closest?.("#parts")
    fill(
      find("#parts"),
      parts.map(({ start, tags }, at) =>
        el(
          "button",
          { type: "button", "data-part": String(at), "aria-pressed": String(at === chosen), title: tags.join(", ") || "no tags yet" },
          `Part ${at + 1}`,
          el("span", { class: "part-at" }, clock(start, 1)),
        ),
      ),
    )
    if (focused) find(`[data-part="${chosen}"]`).focus()
    find("#part-remove").textContent = `Remove part ${chosen + 1}`
    find("#tag-label").textContent = several ? `How should part ${chosen + 1} sound?` : "How should it sound?"
    document.body.dataset.parts = several ? "many" : "one"
    if (!clashOf(now)) tellField("parts", "")
    else this.check()
    this.#draw()
  }

  #draw() {
    const { now } = this.#draft
    const numbered = partsOf(now).map((part, at) => ({ ...part, at }))
    const chosen = chosenOf(now)
    fill(
      find("#other-parts"),
      numbered
        .filter(({ at }) => at !== chosen)
        .map(({ at, start, end }) =>
          el("div", { class: "other-part", "data-start": String(start), "data-end": String(end) }, el("span", { class: "other-name", onclick: () => this.choose(at) }, String(at + 1))),
        ),
    )
    this.#place()
  }

  #place() {
    if (!this.#wave.outline) return
    const width = find("#wave").clientWidth
    for (const bar of find("#other-parts").children) {
      const [from, to] = [bar.dataset.start, bar.dataset.end].map((at) => Math.min(width, Math.max(0, this.#wave.x(Number(at)))))
      bar.style.transform = `translateX(${from}px)`
      bar.style.width = `${Math.max(0, to - from)}px`
      bar.hidden = to - from < 1
    }
  }
}
