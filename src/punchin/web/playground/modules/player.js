// Plays the original and the takes on one clock: all of them always run, and one is heard.
//
// Pieces of every track are placed at the same frame of the audio clock, so switching is a change of gain at the
// same playhead: no gap, and sample for sample in step. The audio clock runs at the song's own rate, so nothing is
// resampled on the way; only a take of another rate is, by the browser, piece by piece.

import { Signal } from "./scope.js"

const AHEAD_S = 1.2 // how far ahead pieces are placed
const LOOK_MS = 120
const START_S = 0.06 // from asking to sounding: room to place the first pieces
const SWITCH_S = 0.006 // a switch is a short crossfade: two waves that differ would click
const STOP_S = 0.012

export class Player {
  changed = new Signal() // () when playing, choice, loop or matching changes
  failed = new Signal() // (error)
  tracks = []
  chosen = 0
  loop = null // {start, end} in seconds
  playing = false
  #context = null
  #bus = null // what is heard of this run; a run is from one play to the next stop
  #gains = []
  #levels = [] // factors of each track when matched
  #matched = false
  #placed = [] // {at, frame, frames} in frames of the clock and of the song
  #sources = new Set()
  #next = 0 // frame of the song that is placed next
  #clock = 0 // frame of the clock where it is placed
  #rest = 0 // where the playhead is while nothing plays, in seconds
  #run = 0
  #scope

  constructor(scope) {
    this.#scope = scope
    scope.add(() => this.#context?.close())
  }

  /** Play these from now on; the first one is the original. The playhead stays where it is. */
  use(tracks) {
    const at = this.at
    const went = this.playing
    this.#stop()
    const rate = tracks[0]?.rate
    if (this.#context && this.#context.sampleRate !== rate) this.#close()
    this.tracks = tracks
    this.#levels = tracks.map(() => 1)
    this.chosen = Math.min(this.chosen, Math.max(0, tracks.length - 1))
    this.#rest = tracks.length ? Math.min(at, this.duration) : 0
    if (went && tracks.length) this.play()
    this.changed.tell()
  }

  get rate() {
    return this.tracks[0]?.rate ?? 48000
  }

  get duration() {
    return this.tracks.length ? this.tracks[0].frames / this.rate : 0
  }

  /** Where the playhead is, in seconds: what is heard now. */
  get at() {
    if (!this.playing) return this.#rest
    const now = (this.#context.currentTime - (this.#context.outputLatency || 0)) * this.rate
    const item = this.#placed.findLast((each) => each.at <= now) ?? this.#placed[0]
    if (!item) return this.#rest
    return (item.frame + Math.min(item.frames, Math.max(0, now - item.at))) / this.rate
  }

  async play(at = this.#rest) {
    if (!this.tracks.length) return
    this.#stop()
    this.#open()
    const run = ++this.#run
    this.playing = true
    this.#rest = this.#inLoop(at)
    this.changed.tell()
    await this.#context.resume()
    if (run !== this.#run) return
    this.#next = Math.round(this.#rest * this.rate)
    if (this.#next >= this.tracks[0].frames) this.#next = this.loop ? Math.round(this.loop.start * this.rate) : 0
    this.#clock = 0
    this.#goOn(run)
  }

  pause() {
    if (!this.playing) return
    this.#rest = this.at
    this.#stop()
    this.changed.tell()
  }

  toggle() {
    if (this.playing) this.pause()
    else this.play()
  }

  seek(at) {
    const to = Math.min(this.duration, Math.max(0, at))
    if (this.playing) this.play(to)
    else {
      this.#rest = to
      this.changed.tell()
    }
  }

  /** Hear another track, at once and at the same place. */
  choose(number) {
    if (number < 0 || number >= this.tracks.length) return
    this.chosen = number
    this.#mix()
    this.changed.tell()
  }

  /** Loop between two times, or not (null); a playhead outside goes to the start of it. */
  setLoop(loop) {
    this.loop = loop
    if (this.playing) this.play(this.at)
    else if (loop) this.#rest = this.#inLoop(this.#rest)
    this.changed.tell()
  }

  /** Turn tracks up or down: one factor each, or null for as they are. */
  match(levels) {
    this.#matched = Boolean(levels)
    if (levels) this.#levels = levels
    this.#mix()
    this.changed.tell()
  }

  get matched() {
    return this.#matched
  }

  #inLoop(at) {
    if (!this.loop) return at
    return at < this.loop.start - 0.001 || at >= this.loop.end ? this.loop.start : at
  }

  #open() {
    this.#context ??= new AudioContext({ sampleRate: this.rate, latencyHint: "interactive" })
    this.#bus = this.#context.createGain()
    this.#bus.connect(this.#context.destination)
    this.#gains = this.tracks.map((_, number) => {
      const gain = this.#context.createGain()
      gain.gain.value = this.#loudness(number)
      gain.connect(this.#bus)
      return gain
    })
  }

  #close() {
    this.#context.close()
    this.#context = null
  }

  #loudness(number) {
    if (number !== this.chosen) return 0
    return this.#matched ? this.#levels[number] : 1
  }

  #mix() {
    if (!this.playing) return
    const now = this.#context.currentTime
    this.#gains.forEach(({ gain }, number) => {
      const before = gain.value
      gain.cancelScheduledValues(now)
      gain.setValueAtTime(before, now)
      gain.linearRampToValueAtTime(this.#loudness(number), now + SWITCH_S)
    })
  }

  /** Place pieces until enough lie ahead, and look again soon. */
  async #goOn(run) {
    try {
      while (run === this.#run && this.#clock < (this.#context.currentTime + AHEAD_S) * this.rate) {
        if (this.#next >= this.tracks[0].frames) {
          this.#endSoon(run)
          return
        }
        await this.#place(run)
      }
    } catch (error) {
      if (run !== this.#run) return
      this.pause()
      this.failed.tell(error)
      return
    }
    if (run === this.#run) this.#scope.later(LOOK_MS, () => this.#goOn(run))
  }

  async #place(run) {
    const { pieceFrames, frames } = this.tracks[0]
    const number = Math.floor(this.#next / pieceFrames)
    const pieceEnd = Math.min(frames, (number + 1) * pieceFrames)
    const loopEnd = this.loop ? Math.round(this.loop.end * this.rate) : Infinity
    const end = this.#next < loopEnd ? Math.min(pieceEnd, loopEnd) : pieceEnd
    const samples = await Promise.all(this.tracks.map((track) => track.piece(number)))
    if (run !== this.#run) return
    const earliest = Math.ceil((this.#context.currentTime + START_S) * this.rate)
    if (this.#clock < earliest) this.#clock = earliest // the first piece, or pieces that came too late
    const skip = this.#next - number * pieceFrames
    samples.forEach((piece, track) => this.#sound(piece, track, skip, end - this.#next))
    this.#placed.push({ at: this.#clock, frame: this.#next, frames: end - this.#next })
    if (this.#placed.length > 64) this.#placed.shift()
    this.#clock += end - this.#next
    this.#next = end === loopEnd ? Math.round(this.loop.start * this.rate) : end
  }

  /** Some samples of a piece at the clock's frame; a buffer holds exactly these, so that none is made up between two. */
  #sound({ channels, rate }, track, skip, frames) {
    const [from, to] = [skip, skip + frames].map((frame) => Math.min(channels[0].length, Math.round((frame * rate) / this.rate)))
    if (to <= from) return
    const buffer = new AudioBuffer({ length: to - from, numberOfChannels: channels.length, sampleRate: rate })
    channels.forEach((channel, at) => buffer.copyToChannel(channel.subarray(from, to), at))
    const source = new AudioBufferSourceNode(this.#context, { buffer })
    source.connect(this.#gains[track])
    source.start(this.#clock / this.rate)
    this.#sources.add(source)
    source.onended = () => {
      source.disconnect()
      this.#sources.delete(source)
    }
  }

  #endSoon(run) {
    const left = this.#clock / this.rate - this.#context.currentTime
    this.#scope.later(Math.max(0, left * 1000), () => {
      if (run !== this.#run) return
      this.#stop()
      this.#rest = 0
      this.changed.tell()
    })
  }

  #stop() {
    this.#run += 1
    this.playing = false
    this.#placed = []
    if (!this.#bus) return
    const [bus, gains, now] = [this.#bus, this.#gains, this.#context.currentTime]
    this.#bus = null
    bus.gain.setValueAtTime(1, now)
    bus.gain.linearRampToValueAtTime(0, now + STOP_S)
    for (const source of this.#sources) source.stop(now + STOP_S)
    this.#sources.clear()
    this.#scope.later(STOP_S * 1000 + 200, () => [...gains, bus].forEach((node) => node.disconnect()))
  }
}
