// The chosen part: on the waveform, as two grips, and as times in fields; all say the same.

import { announce } from "./announce.js"
import { el, fill, find, show } from "./dom.js"
import { tellField } from "./errors.js"
import { clock, read, seconds, spoken, toMilliseconds } from "./time.js"

const SHORTEST_S = 0.02
const LONG_S = 900
const NUDGE = { fine: 0.001, normal: 0.01, coarse: 0.1, large: 1 }

export class Part {
  #draft
  #wave
  #grid
  #duration = 0
  #limit = 0
  #longest = Infinity

  constructor(draft, wave, grid, scope) {
    this.#draft = draft
    this.#wave = wave
    this.#grid = grid
    wave.dragged.on((start, end, over) => this.#drag(start, end, over), scope)
    wave.moved.on(() => this.#place(), scope)
    wave.drawn.on(() => this.#show(), scope)
    draft.changed.on(() => this.#show(), scope)
    for (const which of ["start", "end"]) {
      this.#field(which, scope)
      this.#grip(which, scope)
    }
    this.#lengthField(scope)
    scope.listen(find("#from-end"), "change", (event) => this.#draft.change({ fromEnd: event.target.checked }, "counting from the end"))
  }

  /** Another song. */
  song(duration) {
    this.#duration = duration
    this.#show()
  }

  /** How far from either end the server takes times, and how long the engine's part may be. */
  limits(mostTime, longest) {
    this.#limit = mostTime
    this.#longest = longest ?? Infinity
    this.#check()
  }

  get now() {
    const { start, end } = this.#draft.now
    return { start, end }
  }

  /** Set one edge; the other gives way if it must. */
  move(which, to, label = "the region") {
    const other = which === "start" ? "end" : "start"
    const moved = { [which]: this.#exact(clamp(to, 0, this.#duration)) }
    const { start, end } = { ...this.now, ...moved }
    if (end - start < SHORTEST_S) {
      const length = Math.max(SHORTEST_S, this.now.end - this.now.start)
      moved[other] = this.#exact(clamp(which === "start" ? moved.start + length : moved.end - length, 0, this.#duration))
      if (Math.abs(moved[other] - moved[which]) < SHORTEST_S) return
    }
    this.#draft.change(moved, label, `region ${which}`)
  }

  #drag(start, end, over) {
    const [from, to] = [this.#grid.snap(start), this.#grid.snap(end)].map((at) => this.#exact(clamp(at, 0, this.#duration)))
    if (to - from >= SHORTEST_S) this.#draft.change({ start: from, end: to }, "the region", "region drag")
    if (over) {
      this.#wave.part(this.now.start, this.now.end)
      announce(`From ${read(this.now.start)} to ${read(this.now.end)}`)
    }
  }

  /** To the millisecond, counted from the end that the fields count from. */
  #exact(at) {
    const { fromEnd } = this.#draft.now
    return fromEnd ? this.#duration - toMilliseconds(this.#duration - at) : toMilliseconds(at)
  }

  #field(which, scope) {
    const input = find(`#${which}`)
    const take = () => {
      const typed = seconds(input.value)
      if (Number.isNaN(typed)) return tellField(which, `“${input.value}” is no time; write it like 1:02.500`)
      const at = this.#draft.now.fromEnd ? this.#duration - typed : typed
      if (at < 0 || at > this.#duration + 0.0005) {
        return tellField(which, `the song is ${clock(this.#duration)} long; choose a time within it`)
      }
      tellField(which, "")
      this.move(which, at)
      this.#show()
    }
    scope.listen(input, "change", take)
    scope.listen(input, "keydown", (event) => {
      if (event.key === "Enter") take()
      this.#nudge(event, which)
    })
  }

  #lengthField(scope) {
    const input = find("#length")
    scope.listen(input, "change", () => {
      const typed = seconds(input.value)
      if (!(typed >= SHORTEST_S)) return tellField("length", `“${input.value}” is no length; write it like 0:04.000`)
      tellField("length", "")
      this.move("end", this.now.start + typed)
      this.#show()
    })
  }

  #grip(which, scope) {
    const grip = find(`#grip-${which}`)
    scope.listen(grip, "keydown", (event) => this.#nudge(event, which, true))
    scope.listen(grip, "pointerdown", (event) => {
      event.preventDefault()
      grip.focus({ preventScroll: true })
      grip.setPointerCapture(event.pointerId)
      grip.dataset.held = "yes"
    })
    scope.listen(grip, "pointermove", (event) => {
      if (grip.dataset.held !== "yes") return
      const left = find("#wave").getBoundingClientRect().left
      const at = this.#grid.snap(this.#wave.at(event.clientX - left))
      const { start, end } = this.now
      this.move(which, which === "start" ? Math.min(at, end - SHORTEST_S) : Math.max(at, start + SHORTEST_S))
    })
    scope.listen(grip, "pointerup pointercancel", () => {
      delete grip.dataset.held
    })
  }

  /** Move an edge by key: 10 ms, with Shift 100 ms, with Alt 1 ms, by page 1 s; to the next beat where snapping is on. */
  #nudge(event, which, sideways = false) {
    const direction = { ArrowUp: 1, ArrowDown: -1, PageUp: 1, PageDown: -1, ...(sideways && { ArrowRight: 1, ArrowLeft: -1 }) }[event.key]
    const at = this.now[which]
    if (sideways && (event.key === "Home" || event.key === "End")) {
      this.move(which, event.key === "Home" ? (which === "start" ? 0 : this.now.start + SHORTEST_S) : which === "end" ? this.#duration : this.now.end - SHORTEST_S)
    } else if (direction) {
      const step = event.key.startsWith("Page") ? NUDGE.large : event.altKey ? NUDGE.fine : event.shiftKey ? NUDGE.coarse : NUDGE.normal
      const next = event.altKey || event.shiftKey || event.key.startsWith("Page") ? null : this.#grid.next(at, direction)
      const to = next ?? at + direction * step
      const { start, end } = this.now
      this.move(which, which === "start" ? Math.min(to, end - SHORTEST_S) : Math.max(to, start + SHORTEST_S))
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  #show() {
    const { start, end, fromEnd } = this.#draft.now
    if (!this.#duration || !end) return
    for (const [which, at] of [["start", start], ["end", end]]) {
      const input = find(`#${which}`)
      const value = clock(fromEnd ? this.#duration - at : at)
      if (input.value !== value) input.value = value
      const grip = find(`#grip-${which}`)
      grip.setAttribute("aria-valuemin", "0")
      grip.setAttribute("aria-valuemax", this.#duration.toFixed(3))
      grip.setAttribute("aria-valuenow", at.toFixed(3))
      grip.setAttribute("aria-valuetext", read(at))
    }
    find("#length").value = clock(end - start)
    find("#from-end").checked = fromEnd
    this.#wave.part(start, end)
    this.#place()
    this.#check()
  }

  #check() {
    const { start, end } = this.now
    const far = (at) => this.#limit && at > this.#limit && this.#duration - at > this.#limit
    for (const [which, at] of [["start", start], ["end", end]]) {
      tellField(which, far(at) ? `this server takes times up to ${clock(this.#limit, 0)} from either end of a song; its setting PUNCHIN_MAX_TIME_S lifts that` : "")
    }
    const long = end - start > this.#longest
    tellField("length", long ? `this engine fills ${spoken(this.#longest)} at most` : "")
  }

  /** Put the grips and the pre- and post-roll where the times are. */
  #place() {
    const { start, end } = this.now
    if (!this.#wave.outline || !end) return
    const roll = Number(find("#roll").value)
    const width = find("#wave").clientWidth
    for (const [which, at] of [["start", start], ["end", end]]) {
      const x = this.#wave.x(at)
      const grip = find(`#grip-${which}`)
      grip.style.transform = `translateX(${x}px)`
      grip.classList.toggle("outside", x < -1 || x > width + 1)
    }
    stretch(find("#pre-roll"), this.#wave.x(Math.max(0, start - roll)), this.#wave.x(start), width)
    stretch(find("#post-roll"), this.#wave.x(end), this.#wave.x(Math.min(this.#duration, end + roll)), width)
  }
}

function stretch(bar, from, to, width) {
  const left = clamp(from, 0, width)
  bar.style.transform = `translateX(${left}px)`
  bar.style.width = `${Math.max(0, clamp(to, 0, width) - left)}px`
}

export function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value))
}

/** The song's beats: drawn over the waveform, and snapped to. */
export class Grid {
  #session
  #wave
  #scope
  #beats = []
  #bars = []
  #later = "" // the song whose beats nobody has asked for yet

  constructor(session, wave, scope) {
    this.#session = session
    this.#wave = wave
    this.#scope = scope
    wave.moved.on(() => this.#draw(), scope)
    scope.listen(find("#snap"), "change", () => {
      if (this.#later && find("#snap").value !== "off") this.#ask(this.#later)
      this.#draw()
    })
  }

  /** Another song. Its beats take seconds to find, and nothing waits for them; of a long song they take minutes, and are found when they are wanted. */
  song(address, duration) {
    this.#beats = []
    this.#bars = []
    this.#later = duration > LONG_S ? address : ""
    this.work?.end()
    find("#snap").value = "off"
    find("#snap").disabled = !this.#later
    this.#tell("")
    this.#draw()
    if (!this.#later) this.#ask(address)
  }

  async #ask(address) {
    this.#later = ""
    this.#tell("Finding the beat …")
    const work = (this.work = this.#scope.child())
    try {
      this.#take(await this.#session.json(`/v1/sounds/beats?of=${encodeURIComponent(address)}`, { signal: work.signal() }))
    } catch (error) {
      if (error.name !== "AbortError") this.#tell("The beat could not be found: snapping is off.")
    } finally {
      work.end()
    }
  }

  #take(found) {
    const sure = found.confidence === undefined || found.confidence >= 0.3
    this.#beats = sure ? (found.beats_s ?? []) : []
    this.#bars = sure ? (found.downbeats_s ?? []) : []
    const tempo = found.tempo_bpm ? `${Math.round(found.tempo_bpm)} BPM` : ""
    if (sure && this.#beats.length) this.#tell([tempo, found.key].filter(Boolean).join(" · "))
    else this.#tell("No steady beat: snapping is off.")
    find("#snap").disabled = !this.#beats.length
    this.#draw()
  }

  #tell(note) {
    fill(find("#beat-note"), el("span", { class: "fact" }, note))
    show(find("#beat-note"), Boolean(note))
  }

  get #lines() {
    return { beat: this.#beats, bar: this.#bars.length ? this.#bars : this.#beats }[find("#snap").value] ?? []
  }

  /** The nearest line, where snapping is on. */
  snap(at) {
    const lines = this.#lines
    if (!lines.length) return at
    const after = firstAfter(lines, at)
    const near = [lines[after - 1], lines[after]].filter((line) => line !== undefined)
    return near.reduce((best, line) => (Math.abs(line - at) < Math.abs(best - at) ? line : best))
  }

  /** The next line in a direction, or null where snapping is off. */
  next(at, direction) {
    const lines = this.#lines
    if (!lines.length) return null
    const found = direction > 0 ? lines.find((line) => line > at + 0.002) : lines.findLast((line) => line < at - 0.002)
    return found ?? at
  }

  #draw() {
    const canvas = find("#grid")
    const { context, width, height } = sharp(canvas)
    context.clearRect(0, 0, width, height)
    const { from, to } = this.#wave.view
    const paint = (lines, name) => {
      if (!lines.length || (lines.length > 1 && (lines[1] - lines[0]) * this.#wave.pixelsPerSecond < 7)) return
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name)
      for (let at = firstAfter(lines, from); at < lines.length && lines[at] < to; at += 1) {
        context.fillRect(Math.round(this.#wave.x(lines[at])), 0, 1, height)
      }
    }
    paint(this.#beats, "--beat")
    paint(this.#bars, "--bar")
  }
}

function firstAfter(lines, at) {
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (lines[middle] <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** A canvas in the pixels of the screen; drawn in CSS pixels. */
export function sharp(canvas) {
  const ratio = devicePixelRatio || 1
  const { clientWidth: width, clientHeight: height } = canvas
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high })
  const context = canvas.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  return { context, width, height }
}
