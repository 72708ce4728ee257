// A spectrogram of what is heard around the part, from the very samples that are played.

import { find, show } from "./dom.js"
import Spectrogram from "../vendor/wavesurfer/spectrogram.esm.js"
import WaveSurfer from "../vendor/wavesurfer/wavesurfer.esm.js"

const MOST_S = 20
const HEIGHT = 160

export class Spectrum {
  #player
  #regionNow
  #scope
  #drawing = null
  #shown = ""

  constructor(player, regionNow, scope) {
    this.#player = player
    this.#regionNow = regionNow
    this.#scope = scope
    const fold = find("#spectrum")
    scope.listen(fold, "toggle", () => (fold.open ? this.#draw() : this.#forget()))
    player.changed.on(() => fold.open && this.#draw(), scope)
  }

  async #draw() {
    const track = this.#player.tracks[this.#player.chosen]
    if (!track) return
    const { start, end } = this.#regionNow()
    const roll = Number(find("#roll").value)
    const from = Math.max(0, Math.round((start - roll) * track.rate))
    const to = Math.min(track.frames, from + MOST_S * track.rate, Math.round((end + roll) * track.rate))
    const name = `${track.address} ${from} ${to}`
    if (name === this.#shown) return
    this.#shown = name
    const channels = await track.between(from, to)
    if (name !== this.#shown) return
    const first = this.#drawing
    this.#drawing = this.#scope.child()
    find("#spectrum-name").textContent = track.name
    const surfer = WaveSurfer.create({
      container: find("#spectrogram"),
      height: 0,
      cursorWidth: 0,
      interact: false,
      peaks: [channels[0]],
      duration: (to - from) / track.rate,
      plugins: [Spectrogram.create({ labels: false, height: HEIGHT, fftSamples: 1024, scale: "mel", frequencyMax: Math.min(16000, track.rate / 2), gainDB: 20, rangeDB: 80 })],
    })
    this.#drawing.add(() => surfer.destroy())
    first?.end()
    show(find("#spectrogram"), true)
  }

  #forget() {
    this.#shown = ""
    this.#drawing?.end()
    this.#drawing = null
  }
}
