// The song's waveform: wavesurfer draws it from outlines of the service; times become pixels here for all lanes.

import { colour, find } from "./dom.js"
import { readOutline } from "./outlines.js"
import { Signal } from "./scope.js"
import { repainted } from "./theme.js"
import { clock } from "./time.js"
import Hover from "../vendor/wavesurfer/hover.esm.js"
import Minimap from "../vendor/wavesurfer/minimap.esm.js"
import Regions from "../vendor/wavesurfer/regions.esm.js"
import Timeline from "../vendor/wavesurfer/timeline.esm.js"
import WaveSurfer from "../vendor/wavesurfer/wavesurfer.esm.js"
import Zoom from "../vendor/wavesurfer/zoom.esm.js"

const ROUGH = { perSecond: 2, from: 600 } // a look at some moments: seconds before an hour is decoded
const COARSE = 50 // what the service has ready once a song arrived
const FINE = { perSecond: 200, upTo: 900 } // for zooming in, where the song has not more seconds
const MOST_PIXELS_PER_SECOND = 800
const REDRAW_MS = 400
const HEIGHT = { wide: 128, narrow: 96 }

export class Wave {
  moved = new Signal() // () whenever a time is at another pixel
  clicked = new Signal() // (seconds)
  dragged = new Signal() // (start, end, over): the person chooses a part
  drawn = new Signal() // () once the whole outline is there
  outline = null
  duration = 0
  #session
  #scope
  #surfer
  #regions
  #part = null
  #wished = [0, 0]
  #coming = null
  #asked = false

  constructor(session, scope) {
    this.#session = session
    this.#scope = scope
    this.#build()
    // The page scrolls over the waveform as everywhere; with Ctrl, or by pinching, it zooms.
    scope.listen(find("#wave"), "wheel", (event) => !event.ctrlKey && !event.metaKey && event.stopPropagation(), { capture: true })
    repainted.on(() => this.#paint(), scope)
    scope.listen(window, "resize", () => this.#tellMoved())
  }

  #build() {
    const narrow = matchMedia("(max-width: 640px)").matches
    this.#regions = Regions.create()
    this.#surfer = WaveSurfer.create({
      container: find("#wave"),
      height: narrow ? HEIGHT.narrow : HEIGHT.wide,
      cursorWidth: 0,
      autoScroll: false,
      autoCenter: false,
      ...colours(),
      plugins: [
        this.#regions,
        Timeline.create({
          height: 18,
          insertPosition: "beforebegin",
          formatTimeCallback: (at) => clock(at, at % 1 ? 1 : 0),
          style: { fontSize: "11px", color: "var(--muted)" },
          secondaryLabelOpacity: 1,
        }),
        Minimap.create({ container: find("#minimap"), height: 28, ...colours(), overlayColor: "rgba(128, 128, 128, 0.22)", interact: false }),
        Zoom.create({ scale: 0.25, maxZoom: MOST_PIXELS_PER_SECOND, deltaThreshold: 2 }),
        Hover.create({ lineWidth: 1, labelSize: 11, labelColor: "#fff", labelBackground: "#333", formatTimeCallback: (at) => clock(at) }),
      ],
    })
    // Where the waveform is wider than the page, keys must be able to scroll it.
    const scroller = this.#surfer.getWrapper().parentElement
    scroller.tabIndex = 0
    scroller.setAttribute("role", "region")
    scroller.setAttribute("aria-label", "Waveform")
    for (const name of ["scroll", "zoom", "redraw", "resize"]) this.#surfer.on(name, () => this.#tellMoved())
    this.#surfer.on("click", (x) => this.clicked.tell(x * this.duration))
    this.#surfer.on("dblclick", () => this.#part && this.zoomTo(this.#part.start, this.#part.end))
    this.#watchChoosing()
    this.#scope.add(() => this.#surfer.destroy())
  }

  #watchChoosing() {
    const moving = (region) => {
      region.on("update", () => this.dragged.tell(region.start, region.end, false))
      region.on("update-end", () => this.dragged.tell(region.start, region.end, true))
    }
    // A region that is being drawn has some pixels more than the pointer went: the pointer counts.
    const drawing = { from: 0, to: 0 }
    const told = (over) => this.dragged.tell(Math.min(drawing.from, drawing.to), Math.max(drawing.from, drawing.to), over)
    const pointed = (event) => this.at(event.clientX - find("#wave").getBoundingClientRect().left)
    this.#scope.listen(find("#wave"), "pointerdown", (event) => (drawing.from = drawing.to = pointed(event)), { capture: true })
    this.#scope.listen(window, "pointermove pointerup", (event) => event.buttons + (event.type === "pointerup") && (drawing.to = pointed(event)), { capture: true })
    this.#regions.on("region-initialized", (region) => {
      if (region.id !== "part") region.on("update", () => told(false))
    })
    this.#regions.on("region-created", (region) => {
      if (region.id === "part") return moving(region)
      region.remove()
      told(true)
    })
    this.#regions.enableDragSelection({ color: "rgba(200, 70, 40, 0.2)" }, 4)
  }

  /** Show a song; the outline is drawn as it comes. */
  async show(about, song) {
    this.#coming?.end()
    const coming = (this.#coming = this.#scope.child())
    this.duration = about.duration_s
    this.outline = null
    this.#regions.clearRegions()
    this.#part = null
    this.#surfer.options.minPxPerSec = 0
    const signal = coming.signal()
    const rough = this.duration >= ROUGH.from ? await this.#rough(song, signal) : null
    let drawnAt = 0
    const grown = (outline) => {
      if (performance.now() - drawnAt < REDRAW_MS || outline.known === outline.count) return
      drawnAt = performance.now()
      this.#draw(outline)
    }
    await this.#draw(await this.#ask({ of: song, per_s: COARSE }, signal, grown, rough))
    this.drawn.tell()
    if (this.duration <= FINE.upTo) await this.#draw(await this.#ask({ of: song, per_s: FINE.perSecond }, signal))
    coming.end()
  }

  /** The song as a look at some moments shows it; one that cannot be had is not waited for. */
  async #rough(song, signal) {
    try {
      const rough = await this.#ask({ of: song, per_s: ROUGH.perSecond, rough: 1 }, signal)
      await this.#draw(rough)
      return rough
    } catch (error) {
      if (error.name === "AbortError") throw error
      return null
    }
  }

  async #ask(query, signal, grown, rough) {
    const answer = await this.#session.ask(`/v1/sounds/peaks?${new URLSearchParams(query)}`, { signal })
    const { outline } = await readOutline(answer, this.duration, grown, rough)
    return outline
  }

  async #draw(outline) {
    this.outline = outline
    this.#surfer.options.maxPeak = this.top
    this.#surfer.options.normalize = true
    await this.#surfer.load("", [outline.high, outline.low], this.duration)
    if (this.outline !== outline) return
    this.part(...this.#wished)
    this.#tellMoved()
  }

  /** The sample value that is drawn at full height. */
  get top() {
    if (!this.outline) return 1
    let top = 0.05
    const there = this.outline.guessed ? this.outline.count : this.outline.known
    for (let at = 0; at < there; at += 1) top = Math.max(top, this.outline.high[at], -this.outline.low[at])
    return top
  }

  /** Draw the chosen part there. */
  part(start, end) {
    this.#wished = [start, end]
    if (!this.#surfer.getDecodedData() || end <= start) return
    if (this.#part && !this.#part.isRemoved) {
      if (this.#part.start !== start || this.#part.end !== end) this.#part.setOptions({ start, end })
      return
    }
    this.#part = this.#regions.addRegion({ id: "part", start, end, drag: true, resize: false, color: colour("part") })
  }

  get #width() {
    return this.#surfer.getWrapper().clientWidth
  }

  get pixelsPerSecond() {
    return this.duration ? this.#width / this.duration : 0
  }

  /** The pixel of a time, from the left edge of what is seen. */
  x(at) {
    return at * this.pixelsPerSecond - this.#surfer.getScroll()
  }

  at(x) {
    return Math.min(this.duration, Math.max(0, (x + this.#surfer.getScroll()) / this.pixelsPerSecond))
  }

  /** What is seen: {from, to} in seconds. */
  get view() {
    return { from: this.at(0), to: this.at(this.#surfer.getWidth()) }
  }

  zoomTo(start, end, margin = 0.4) {
    if (!this.#surfer.getDecodedData()) return
    const length = Math.max(0.05, end - start)
    const from = Math.max(0, start - length * margin)
    const to = Math.min(this.duration, end + length * margin)
    this.#zoom(this.#surfer.getWidth() / (to - from), from)
  }

  zoomAll() {
    this.#zoom(0, 0)
  }

  zoomBy(factor, around) {
    const at = around ?? (this.view.from + this.view.to) / 2
    const next = Math.min(MOST_PIXELS_PER_SECOND, this.pixelsPerSecond * factor)
    this.#zoom(next, at - this.#surfer.getWidth() / next / 2)
  }

  #zoom(pixelsPerSecond, from) {
    if (!this.#surfer.getDecodedData()) return
    this.#surfer.zoom(Math.min(MOST_PIXELS_PER_SECOND, pixelsPerSecond))
    this.#surfer.setScrollTime(Math.max(0, from))
    this.#tellMoved()
  }

  /** Bring a part into view, if some of it is not. */
  reveal(start, end) {
    const { from, to } = this.view
    if (start < from || end > to) this.zoomTo(start, end)
  }

  /** Bring a time into view, if it is not, near the left edge. */
  follow(at) {
    const { from, to } = this.view
    if (at < from || at > to) this.#surfer.setScrollTime(Math.max(0, at - (to - from) * 0.1))
  }

  #paint() {
    this.#surfer?.setOptions({ ...this.#surfer.options, ...colours() })
    this.#part?.setOptions({ color: colour("part") })
    this.#tellMoved()
  }

  #tellMoved() {
    if (this.#asked) return
    this.#asked = true
    requestAnimationFrame(() => {
      this.#asked = false
      this.moved.tell()
    })
  }
}

function colours() {
  return { waveColor: colour("wave"), progressColor: colour("wave") }
}
