// Outlines of sounds: pairs of least and largest sample, many a second, as the service streams them.

/** Pairs of a sound. `low` and `high` are -1..1; those that have not come yet are 0, or as a rough outline has them. */
export class Outline {
  constructor(perSecond, count, rough = null) {
    this.perSecond = perSecond
    this.low = new Float32Array(count)
    this.high = new Float32Array(count)
    this.known = 0
    this.guessed = Boolean(rough)
    for (let at = 0; rough && at < count; at += 1) {
      const near = Math.min(rough.count - 1, Math.floor((at / perSecond) * rough.perSecond))
      this.low[at] = rough.low[near]
      this.high[at] = rough.high[near]
    }
  }

  get count() {
    return this.low.length
  }

  /** [least, largest] between two times. */
  between(from, to) {
    const first = Math.max(0, Math.floor(from * this.perSecond))
    const last = Math.min(this.count, Math.max(first + 1, Math.ceil(to * this.perSecond)))
    let low = 0
    let high = 0
    for (let at = first; at < last; at += 1) {
      if (this.low[at] < low) low = this.low[at]
      if (this.high[at] > high) high = this.high[at]
    }
    return [low, high]
  }
}

/** The outline of decoded samples: one array for each channel. */
export function outlineOf(channels, rate, perSecond) {
  const frames = channels[0].length
  const made = new Outline(perSecond, Math.max(1, Math.ceil((frames / rate) * perSecond)))
  for (let at = 0; at < made.count; at += 1) {
    const end = Math.min(frames, Math.floor(((at + 1) * rate) / perSecond))
    for (const channel of channels) {
      for (let n = Math.floor((at * rate) / perSecond); n < end; n += 1) {
        if (channel[n] < made.low[at]) made.low[at] = channel[n]
        if (channel[n] > made.high[at]) made.high[at] = channel[n]
      }
    }
  }
  made.known = made.count
  return made
}

/**
 * Read an outline as it comes: a line of JSON, then int16 pairs.
 * @param answer of fetch.
 * @param duration of the sound, for an outline whose header does not tell the count.
 * @param grown called with the outline whenever more of it is known.
 * @param rough an outline of the same sound that stands where this one has not come yet.
 * @returns {outline, header}
 */
export async function readOutline(answer, duration, grown = () => {}, rough = null) {
  const reader = answer.body.getReader()
  let rest = new Uint8Array(0)
  let outline = null
  let header = null
  for (;;) {
    const { done, value } = await reader.read()
    if (value) rest = joined(rest, value)
    if (!outline) {
      const end = rest.indexOf(10)
      if (end < 0) {
        if (done) throw new Error("the outline ended before it began")
        continue
      }
      header = JSON.parse(new TextDecoder().decode(rest.subarray(0, end)))
      outline = new Outline(header.per_s, header.count ?? Math.ceil(duration * header.per_s), rough)
      rest = rest.slice(end + 1)
    }
    rest = taken(outline, rest)
    grown(outline)
    if (done) return { outline, header }
  }
}

function joined(first, second) {
  if (!first.length) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function taken(outline, bytes) {
  const pairs = Math.min(Math.floor(bytes.length / 4), outline.count - outline.known)
  const view = new DataView(bytes.buffer, bytes.byteOffset, pairs * 4)
  for (let pair = 0; pair < pairs; pair += 1) {
    outline.low[outline.known + pair] = view.getInt16(pair * 4, true) / 32768
    outline.high[outline.known + pair] = view.getInt16(pair * 4 + 2, true) / 32768
  }
  outline.known += pairs
  return bytes.slice(pairs * 4)
}
