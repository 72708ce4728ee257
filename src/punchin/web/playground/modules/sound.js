// Decoded sound in pieces, as the service gives it: exactly the samples of the file, at its own rate.

import { outlineOf } from "./outlines.js"

export const PIECE_S = 5
const MOST_BYTES = 160e6
const FINE_PER_SECOND = 400

/** Samples of pieces of all sounds; the ones used least recently go first. */
export class Sounds {
  #session
  #held = new Map() // "address piece" → {promise, bytes}
  #bytes = 0

  constructor(session) {
    this.#session = session
  }

  /**
   * Samples of a window.
   * @returns {channels: Float32Array[], rate}
   */
  async window(address, start, frames, signal) {
    const query = `of=${encodeURIComponent(address)}&start=${start}&frames=${frames}`
    const answer = await this.#session.ask(`/v1/sounds/frames?${query}`, { signal })
    return samplesOf(await answer.arrayBuffer())
  }

  piece(address, start, frames) {
    const name = `${address} ${start}`
    const held = this.#held.get(name)
    if (held) {
      this.#held.delete(name)
      this.#held.set(name, held)
      return held.promise
    }
    const entry = { bytes: 0, promise: null }
    entry.promise = this.window(address, start, frames).then(
      (found) => {
        if (entry.gone) return found
        entry.bytes = found.channels.length * frames * 4
        this.#bytes += entry.bytes
        this.#shrink(name)
        return found
      },
      (error) => {
        this.#held.delete(name)
        throw error
      },
    )
    this.#held.set(name, entry)
    return entry.promise
  }

  #shrink(keep) {
    for (const [name, entry] of this.#held) {
      if (this.#bytes <= MOST_BYTES) return
      if (name === keep || !entry.bytes) continue
      this.#held.delete(name)
      this.#bytes -= entry.bytes
    }
  }

  /** Let go of every sound but these. */
  keepOnly(addresses) {
    for (const [name, entry] of this.#held) {
      if (addresses.includes(name.slice(0, name.lastIndexOf(" ")))) continue
      this.#held.delete(name)
      this.#bytes -= entry.bytes
      entry.gone = true
    }
  }
}

/**
 * A sound that can be played: the original, or a take.
 *
 * A take whose proof says that it equals the original outside its region takes those pieces from the original:
 * they are the same samples, and come once.
 */
export class Track {
  #sounds
  #outlines = new Map()

  /** @param changed where it differs from `base`: [{start, end}, …] in frames. */
  constructor(sounds, { address, frames, rate, channels, name, base = null, changed = null }) {
    this.#sounds = sounds
    Object.assign(this, { address, frames, rate, channels, name, base, changed })
    this.pieceFrames = PIECE_S * rate
  }

  /** Samples of a piece: {channels, rate}. */
  piece(number) {
    const start = number * this.pieceFrames
    const frames = Math.min(this.pieceFrames, this.frames - start)
    if (frames <= 0) return Promise.resolve({ channels: [new Float32Array(0)], rate: this.rate })
    if (this.#isOriginal(start, start + frames)) return this.base.piece(number)
    return this.#sounds.piece(this.address, start, frames)
  }

  #isOriginal(start, end) {
    return Boolean(this.base && this.changed) && !this.isChanged(start, end)
  }

  /** Whether some of these frames are others than the original's. */
  isChanged(start, end) {
    return this.changed.some((part) => start < part.end && end > part.start)
  }

  /** Its outline between two frames, from the samples themselves. */
  async outline(number) {
    if (!this.#outlines.has(number)) {
      const { channels, rate } = await this.piece(number)
      this.#outlines.set(number, outlineOf(channels, rate, FINE_PER_SECOND))
    }
    return this.#outlines.get(number)
  }

  /** Samples from one frame to another, joined from pieces. */
  async between(start, end) {
    const joined = Array.from({ length: this.channels }, () => new Float32Array(end - start))
    for (let number = Math.floor(start / this.pieceFrames); number * this.pieceFrames < end; number += 1) {
      const first = number * this.pieceFrames
      const { channels } = await this.piece(number)
      const from = Math.max(start, first)
      const to = Math.min(end, first + channels[0].length)
      channels.forEach((channel, at) => joined[at].set(channel.subarray(from - first, to - first), from - start))
    }
    return joined
  }
}

/** The samples of a WAV file of 32-bit floats. */
function samplesOf(buffer) {
  const view = new DataView(buffer)
  let format = null
  for (let at = 12; at + 8 <= buffer.byteLength; ) {
    const name = String.fromCharCode(...new Uint8Array(buffer, at, 4))
    const size = view.getUint32(at + 4, true)
    if (name === "fmt ") format = { channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) }
    if (name === "data") return planar(buffer.slice(at + 8, at + 8 + Math.min(size, buffer.byteLength - at - 8)), format)
    at += 8 + size + (size % 2)
  }
  throw new Error("the service sent no sound")
}

function planar(bytes, { channels, rate, bits }) {
  if (bits !== 32) throw new Error(`the service sent ${bits}-bit samples instead of 32-bit floats`)
  const mixed = new Float32Array(bytes)
  const frames = mixed.length / channels
  const apart = Array.from({ length: channels }, () => new Float32Array(frames))
  for (let channel = 0; channel < channels; channel += 1) {
    const samples = apart[channel]
    for (let frame = 0, at = channel; frame < frames; frame += 1, at += channels) samples[frame] = mixed[at]
  }
  return { channels: apart, rate }
}
