// Loudness as ITU-R BS.1770-5 measures it, without its gates: for two recordings of the same seconds.

/**
 * Loudness of samples, LUFS.
 * @param channels Float32Array each.
 * @param rate Hz.
 */
export function loudness(channels, rate) {
  let power = 0
  for (const channel of channels) power += meanSquare(filtered(filtered(channel, shelf(rate)), highPass(rate)))
  return power > 0 ? -0.691 + 10 * Math.log10(power) : -Infinity
}

/** Factors that bring every loudness to the first one; not more than 12 dB. */
export function factorsTo(first, others) {
  return others.map((each) => {
    if (!Number.isFinite(first) || !Number.isFinite(each)) return 1
    return 10 ** (Math.min(12, Math.max(-12, first - each)) / 20)
  })
}

function meanSquare(samples) {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return samples.length ? sum / samples.length : 0
}

function filtered(samples, { b, a }) {
  const made = new Float64Array(samples.length)
  let [x1, x2, y1, y2] = [0, 0, 0, 0]
  for (let n = 0; n < samples.length; n += 1) {
    const x = samples[n]
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[1] * y1 - a[2] * y2
    made[n] = y
    ;[x2, x1, y2, y1] = [x1, x, y1, y]
  }
  return made
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
