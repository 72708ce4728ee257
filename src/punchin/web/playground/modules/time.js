// Times as people write them: 1:02.500. Seconds inside.

/** 62.5 as 1:02.500; an hour-long song as 1:01:02.500. */
export function clock(seconds, digits = 3) {
  const scale = 10 ** digits
  const whole = Math.round(Math.max(0, seconds) * scale)
  const parts = [Math.floor(whole / scale / 3600), Math.floor(whole / scale / 60) % 60, Math.floor(whole / scale) % 60]
  const fraction = digits ? `.${String(whole % scale).padStart(digits, "0")}` : ""
  const [hours, minutes, rest] = parts
  const tail = `${String(rest).padStart(2, "0")}${fraction}`
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`
}

/** Seconds of "1:02.5", "62.5", "0:01:02,5"; NaN of anything else. */
export function seconds(text) {
  const parts = text.trim().replace(",", ".").split(":")
  if (parts.length > 3 || !parts.every((part, at) => (at === parts.length - 1 ? /^\d*\.?\d+$|^\d+\.$/ : /^\d+$/).test(part))) {
    return NaN
  }
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** A length in words a person would say: "4.2 s", "2 min 5 s". */
export function spoken(length) {
  if (length < 60) return `${Number(length.toFixed(length < 10 ? 2 : 1))} s`
  const minutes = Math.floor(Math.round(length) / 60)
  const rest = Math.round(length) % 60
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`
}

/** A time for a screen reader: "1 minute 2.5 seconds". */
export function read(at) {
  const minutes = Math.floor(at / 60)
  const rest = Number((at - minutes * 60).toFixed(3))
  return minutes ? `${minutes} ${minutes === 1 ? "minute" : "minutes"} ${rest} seconds` : `${rest} seconds`
}

export const toMilliseconds = (at) => Math.round(at * 1000) / 1000

/** When something was, as a person would say it. */
export function ago(when, now = Date.now()) {
  const passed = (now - new Date(when).getTime()) / 1000
  if (passed < 60) return "just now"
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`
  return new Date(when).toLocaleDateString()
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
