// What numbers mean, in plain English.

const STAGES = {
  "": "Getting ready",
  fetch: "Fetching the song",
  cut: "Reading the part and the music around it",
  listen: "Listening to the music around it",
  analyse: "Finding beat, key and chords",
  "join bars": "Joining the song’s own bars",
  arrange: "Writing the new part",
  play: "Playing it",
  mix: "Mixing",
  sing: "Singing",
  load: "Loading the engine",
  encode: "Reading it with the model",
  denoise: "Making new music",
  decode: "Turning it into sound",
  fill: "Making new music",
  wait: "Waiting for the model",
  join: "Joining it to the song",
  match: "Matching level and tone",
  splice: "Putting it into the song",
  prove: "Proving that the rest is untouched",
  measure: "Measuring the joins",
  store: "Saving",
}

export function stageWords(stage) {
  return STAGES[stage] ?? `${stage.charAt(0).toUpperCase()}${stage.slice(1)}`
}

const WORDS = {
  seamless: "cannot be heard",
  smooth: "hard to hear",
  audible: "can be heard",
  rough: "is plainly heard",
}

const BECAUSE = {
  click: () => "there is a click",
  dip: () => "the sound breaks off for a moment",
  switch: () => "the new sound starts too suddenly",
  flux: () => "the sound changes all at once",
  level_short: ({ value }) => step(value),
  level_long: ({ value }) => step(value),
  timbre: () => "the tone colour changes",
  high: ({ value }) => `the highs ${value > 0 ? "come in" : "go away"}`,
  stereo: () => "the stereo picture changes",
  dc: () => "the waveform’s centre jumps",
  beat_ms: ({ value }) => `the beat is ${Math.abs(Math.round(value))} ms ${value > 0 ? "late" : "early"}`,
}

function step(value) {
  const size = Math.abs(value).toFixed(1)
  return `it gets ${size} dB ${value > 0 ? "louder" : "quieter"}`
}

/** A seam in a sentence: "The way in cannot be heard." */
export function seamWords(edge, which) {
  const way = which === "in" ? "The way in" : "The way out"
  if (!edge) return which === "in" ? "The new part begins with the song: there is no way in." : "The new part ends with the song: there is no way out."
  const why = edge.because && edge.word !== "seamless" ? BECAUSE[edge.because]?.(edge[edge.because] ?? {}) : ""
  return `${way} ${WORDS[edge.word] ?? edge.word}${why ? `: ${why}` : ""}.`
}

const READINGS = {
  click: ["Click", "dB"], dip: ["Break", "dB"], switch: ["Sudden start", "dB"], flux: ["Sudden change", "dB a band"],
  level_short: ["Level step, 0.4 s", "dB"], level_long: ["Level step, 3 s", "dB"], timbre: ["Tone colour", "dB a band"],
  high: ["Highs", "dB"], stereo: ["Stereo", "dB"], dc: ["Centre", ""], beat_ms: ["Off the beat", "ms"],
}

/** The readings of a seam for a table: [name, here, in the original, heard]. */
export function readings(edge) {
  return Object.entries(READINGS)
    .filter(([name]) => edge[name]?.value !== null && edge[name] !== undefined)
    .map(([name, [title, unit]]) => {
      const { value, original, audible } = edge[name]
      return [title, shown(value, unit), original === null ? "–" : shown(original, unit), audible > 0.05 ? `${Math.round(audible * 100)} %` : "no"]
    })
}

function shown(value, unit) {
  const digits = unit ? 1 : 4
  return `${value.toFixed(digits).replace("-", "−")} ${unit}`.trim()
}
