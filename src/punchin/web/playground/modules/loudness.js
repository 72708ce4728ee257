// Loudness as ITU-R BS.1770-5 measures it, without its gates: for recordings of the same seconds.

/** Measures sound that comes in pieces. */
export class Meter {
  #filters
  #states = []
  #power = 0
  #frames = 0
  #loudspeakers = 1 // that one channel is heard on

  /** @param rate Hz of the sound. */
  constructor(rate) {
    this.#filters = [shelf(rate), highPass(rate)]
  }

  /** More of the sound: a Float32Array for each channel. */
  add(channels) {
    channels.forEach((channel, at) => {
      this.#states[at] ??= this.#filters.map(() => [0, 0, 0, 0])
      this.#power += power(channel, this.#filters, this.#states[at])
    })
    // Browsers play one channel on both loudspeakers.
    this.#loudspeakers = channels.length === 1 ? 2 : 1
    this.#frames += channels[0].length
  }

  /** LUFS of all that came. */
  get loudness() {
    return this.#power > 0 ? -0.691 + 10 * Math.log10((this.#power * this.#loudspeakers) / this.#frames) : -Infinity
  }
}

/** Factors that bring every loudness to the first one; not more than 12 dB. */
export function factorsTo(first, others) {
  return others.map((each) => {
    if (!Number.isFinite(first) || !Number.isFinite(each)) return 1
    return 10 ** (Math.min(12, Math.max(-12, first - each)) / 20)
  })
}

/** The sum of squares of samples behind two filters, whose state goes on. */
function power(samples, [one, two], [first, second]) {
  let sum = 0
  for (const x of samples) {
    const y = step(one, first, x)
    const z = step(two, second, y)
    sum += z * z
  }
  return sum
}

/** One sample through a filter of second order (direct form I). */
function step({ b, a }, state, x) {
  const y = b[0] * x + b[1] * state[0] + b[2] * state[1] - a[1] * state[2] - a[2] * state[3]
  state[1] = state[0]
  state[0] = x
  state[3] = state[2]
  state[2] = y
  return y
}

// BS.1770 gives coefficients at 48 kHz; these analog prototypes give the same there and hold at every rate:
// a high shelf of +4 dB around 1.7 kHz and a high pass at 38 Hz (bilinear transform).
function shelf(rate) {
  const [f, gain, q] = [1681.974450955533, 3.999843853973347, 0.7071752369554196]
  const k = Math.tan((Math.PI * f) / rate)
  const high = 10 ** (gain / 20)
  const middle = high ** 0.4996667741545416
  const scale = 1 + k / q + k * k
  return {
    b: [(high + (middle * k) / q + k * k) / scale, (2 * (k * k - high)) / scale, (high - (middle * k) / q + k * k) / scale],
    a: [1, (2 * (k * k - 1)) / scale, (1 - k / q + k * k) / scale],
  }
}

function highPass(rate) {
  const [f, q] = [38.13547087602444, 0.5003270373238773]
  const k = Math.tan((Math.PI * f) / rate)
  const scale = 1 + k / q + k * k
  return { b: [1, -2, 1], a: [1, (2 * (k * k - 1)) / scale, (1 - k / q + k * k) / scale] }
}
