// Play, loop, zoom, and the playhead over all lanes.

import { announce } from "./announce.js"
import { all, find } from "./dom.js"
import { clock } from "./time.js"

const LOOPS = ["off", "in", "part", "out"]

export class Transport {
  loop = "off"
  #player
  #wave
  #regionNow
  #wished = "part"

  /** @param regionNow gives {start, end} in seconds: what loops go around. */
  constructor(player, wave, regionNow, scope) {
    this.#player = player
    this.#wave = wave
    this.#regionNow = regionNow
    scope.listen(find("#play"), "click", () => player.toggle())
    scope.listen(find("#loops"), "click", (event) => {
      const which = event.target.closest("button")?.dataset.loop
      if (which) this.listen(which)
    })
    scope.listen(find("#roll"), "change", () => this.refresh())
    scope.listen(find("#zoom-in"), "click", () => wave.zoomBy(2))
    scope.listen(find("#zoom-out"), "click", () => wave.zoomBy(0.5))
    scope.listen(find("#zoom-all"), "click", () => wave.zoomAll())
    scope.listen(find("#zoom-part"), "click", () => this.zoomToPart())
    scope.listen(find("#wave-position"), "keydown", (event) => this.#arrow(event))
    wave.clicked.on((at) => player.seek(at), scope)
    player.changed.on(() => this.#mark(), scope)
    scope.everyFrame(() => this.#move())
    this.#mark()
  }

  zoomToPart() {
    const { start, end } = this.#regionNow()
    this.#wave.zoomTo(start, end)
  }

  /** Loop around the way in, the whole part or the way out, and play; "off" ends the loop. */
  listen(which) {
    this.loop = which
    if (which !== "off") this.#wished = which
    this.refresh()
    if (which !== "off" && !this.#player.playing) this.#player.play()
    this.#mark()
  }

  toggleLoop() {
    this.listen(this.loop === "off" ? this.#wished : "off")
    announce(this.loop === "off" ? "Loop off" : `Looping ${{ in: "the way in", part: "the part", out: "the way out" }[this.loop]}`)
  }

  /** The part has moved, or the roll has changed. */
  refresh() {
    const before = JSON.stringify(this.#player.loop)
    const next = this.#range()
    if (JSON.stringify(next) !== before) this.#player.setLoop(next)
    this.#wave.moved.tell()
  }

  #range() {
    if (this.loop === "off" || !this.#player.duration) return null
    const roll = Number(find("#roll").value)
    const { start, end } = this.#regionNow()
    const [from, to] = { in: [start - roll, start + roll], part: [start - roll, end + roll], out: [end - roll, end + roll] }[this.loop]
    return { start: Math.max(0, from), end: Math.min(this.#player.duration, to) }
  }

  /** The waveform as a slider: arrows move the playhead. */
  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key]
    const { duration, at } = this.#player
    const to = event.key === "Home" ? 0 : event.key === "End" ? duration : step ? at + step * (event.shiftKey ? 0.1 : 1) : null
    if (to === null) return
    event.preventDefault()
    this.#player.seek(to)
    this.#wave.follow(Math.min(duration, Math.max(0, to)))
  }

  #mark() {
    const { playing } = this.#player
    const play = find("#play")
    play.setAttribute("aria-label", playing ? "Pause" : "Play")
    play.classList.toggle("playing", playing)
    for (const button of all("#loops button")) button.setAttribute("aria-pressed", String(button.dataset.loop === this.loop))
    this.#move(true)
  }

  #move(always = false) {
    const { at, playing, duration } = this.#player
    const head = find("#playhead")
    const x = this.#wave.x(at)
    const seen = duration > 0 && x >= 0 && x <= find("#wave").clientWidth
    head.style.transform = `translateX(${x}px)`
    head.hidden = !seen
    if (!playing && !always) return
    const told = clock(at, 1)
    if (find("#position").textContent !== told) {
      find("#position").textContent = told
      const slider = find("#wave-position")
      slider.setAttribute("aria-valuemax", duration.toFixed(1))
      slider.setAttribute("aria-valuenow", at.toFixed(1))
      slider.setAttribute("aria-valuetext", told)
    }
    if (playing && !this.#player.loop) this.#wave.follow(at)
  }
}

export { LOOPS }
