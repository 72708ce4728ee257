// The takes below the song, on the same time: drawn from the very samples that are played, and the difference.

import { colour, el, fill, find, show } from "./dom.js"
import { sharp } from "./region.js"
import { readOutline } from "./outlines.js"
import { repainted } from "./theme.js"

const DIFFERENCE_PER_SECOND = 50

export class Lanes {
  #session
  #wave
  #player
  #scope
  #job = null
  #lanes = []
  #differences = []
  #outside = []

  constructor(session, wave, player, scope) {
    this.#session = session
    this.#wave = wave
    this.#player = player
    this.#scope = scope
    wave.moved.on(() => this.draw(), scope)
    repainted.on(() => this.draw(), scope)
    player.changed.on(() => this.#mark(), scope)
  }

  /**
   * Show the takes of a job; none: only the song.
   * @param tracks the original first.
   * @param regions where they may differ: [{start, end}, …] in frames of the original.
   */
  use(tracks, regions, names) {
    this.#job?.end()
    this.#job = this.#scope.child()
    this.#differences = []
    this.#outside = []
    this.#lanes = tracks.slice(1).map((track, at) => this.#lane(track, at + 1, names[at]))
    fill(find("#take-lanes"), this.#lanes.map(({ row }) => row))
    show(find("#difference-lane"), this.#lanes.length > 0)
    show(find("#song-lane .lane-name"), this.#lanes.length > 0)
    document.body.dataset.takes = this.#lanes.length ? "yes" : "no"
    this.#mark()
    for (const lane of this.#lanes) this.#hear(lane, tracks[0], regions, this.#job)
    if (this.#lanes.length) this.#compare(tracks, regions, this.#job)
    // A column of names takes room from the waveform, which draws itself anew.
    this.#wave.moved.tell()
  }

  #lane(track, number, name) {
    const canvas = el("canvas", { class: "lane-canvas" })
    const choose = el(
      "button",
      { type: "button", class: `lane-name take-${number}`, "aria-pressed": "false", onclick: () => this.#player.choose(number) },
      el("kbd", {}, String(number)),
      el("span", {}, name),
    )
    const note = track.note && el("p", { class: "lane-note" }, track.note)
    const view = el("div", { class: "lane-view", onclick: (event) => this.#wave.clicked.tell(this.#wave.at(event.offsetX)) }, canvas, note)
    return { number, track, canvas, row: el("div", { class: "lane" }, choose, view), outlines: new Map() }
  }

  /** Outlines of the pieces where a take is another than the song. */
  async #hear(lane, original, regions, job) {
    let ended = false
    job.add(() => (ended = true))
    const seconds = lane.track.pieceFrames / lane.track.rate
    const numbers = new Set()
    for (const { start, end } of regions) {
      for (let number = Math.floor(start / original.rate / seconds); number * seconds < end / original.rate; number += 1) numbers.add(number)
    }
    for (const number of numbers) {
      const outline = await lane.track.outline(number).catch(() => null)
      if (ended) return
      if (outline) lane.outlines.set(number, outline)
      this.draw()
    }
  }

  /** What changed, take by take, and whether anything outside the region did: the service compares the files. */
  async #compare(tracks, regions, job) {
    const [original, ...takes] = tracks
    const { rate } = original
    const signal = job.signal()
    for (const [at, take] of takes.entries()) {
      const query = new URLSearchParams({
        of: take.address,
        against: original.address,
        per_s: DIFFERENCE_PER_SECOND,
      })
      for (const { start, end } of regions) {
        query.append("start_s", start / rate)
        query.append("end_s", end / rate)
      }
      try {
        const answer = await this.#session.ask(`/v1/sounds/difference?${query}`, { signal })
        const { outline, header } = await readOutline(answer, original.frames / rate)
        this.#differences[at] = outline
        this.#outside[at] = header.outside
      } catch (error) {
        if (error.name === "AbortError") return
        this.#outside[at] = { error: error.message }
      }
      this.#mark()
      this.draw()
    }
  }

  #mark() {
    const { chosen } = this.#player
    find("#song-lane .lane-name").setAttribute("aria-pressed", String(chosen === 0))
    find("#song-lane").classList.toggle("heard", chosen === 0)
    for (const { row, number } of this.#lanes) {
      find(".lane-name", row).setAttribute("aria-pressed", String(number === chosen))
      row.classList.toggle("heard", number === chosen)
    }
    this.#tellOutside(Math.max(1, chosen))
    this.#drawDifference()
  }

  /** The take whose difference is shown: the one that is heard, or the first one. */
  #tellOutside(number) {
    const told = this.#outside[number - 1]
    const words = find("#outside")
    const lane = this.#lanes[number - 1]
    if (!lane) return
    const hash = lane.track.outsideHash
    words.className = told && !told.error ? (told.equal ? "good" : "bad") : ""
    if (!told) words.textContent = "Comparing both files …"
    else if (told.error) words.textContent = told.error
    else if (told.equal) words.textContent = `outside: identical${hash ? ` · SHA-256 ${hash.slice(0, 12)}…` : ""}`
    else words.textContent = `outside: differs by up to ${(20 * Math.log10(told.max_outside)).toFixed(1)} dBFS`
  }

  draw() {
    for (const lane of this.#lanes) this.#drawLane(lane)
    this.#drawDifference()
  }

  #drawLane({ canvas, track, number, outlines }) {
    const { context, width, height } = sharp(canvas)
    const { outline: song, top } = this.#wave
    context.clearRect(0, 0, width, height)
    if (!song) return
    const pieceSeconds = track.pieceFrames / track.rate
    const plain = colour("wave-soft")
    const own = colour(`take-${number}`)
    const middle = height / 2
    for (let x = 0; x < width; x += 1) {
      const [from, to] = [this.#wave.at(x), this.#wave.at(x + 1)]
      const changed = track.changed?.length && track.isChanged(from * track.rate, to * track.rate)
      const piece = changed || !track.changed ? outlines.get(Math.floor(from / pieceSeconds)) : null
      const start = Math.floor(from / pieceSeconds) * pieceSeconds
      const [low, high] = changed && !piece ? [0, 0] : piece ? piece.between(from - start, to - start) : song.between(from, to)
      context.fillStyle = changed || (piece && !track.changed) ? own : plain
      const y = middle - (high / top) * middle
      context.fillRect(x, y, 1, Math.max(1, ((high - low) / top) * middle))
    }
  }

  #drawDifference() {
    const lane = find("#difference-lane")
    if (lane.hidden) return
    const number = Math.max(1, this.#player.chosen)
    const outline = this.#differences[number - 1]
    const { context, width, height } = sharp(find("canvas", lane))
    context.clearRect(0, 0, width, height)
    context.fillStyle = colour("flat")
    context.fillRect(0, height - 1, width, 1)
    if (!outline) return
    context.fillStyle = colour(`take-${number}`)
    for (let x = 0; x < width; x += 1) {
      const [, most] = outline.between(this.#wave.at(x), this.#wave.at(x + 1))
      if (!most) continue
      // The root shows what is quiet, too; what differs at all is seen.
      const high = Math.max(2, Math.min(1, Math.sqrt(most / this.#wave.top / 2)) * height)
      context.fillRect(x, height - high, 1, high)
    }
  }
}
