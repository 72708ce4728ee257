// What stays in this browser: small values by name. A browser that keeps nothing is no reason to fail.

const PREFIX = "punchin."

export function kept(name, otherwise = null) {
  try {
    const found = localStorage.getItem(PREFIX + name)
    return found === null ? otherwise : JSON.parse(found)
  } catch {
    return otherwise
  }
}

export function keep(name, value) {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // Private windows and full disks: the page works on without a memory.
  }
}
