// Elements without markup in strings: nothing a song, a server or a person wrote can become HTML.

export const find = (selector, within = document) => within.querySelector(selector)
export const all = (selector, within = document) => [...within.querySelectorAll(selector)]

/** An element: properties (on…: listeners, data…, aria…: attributes), then children. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else if (name === "class") made.className = value
    else if (name in made && typeof value !== "string") made[name] = value
    else made.setAttribute(name, value === true ? "" : value)
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return made
}

/** Put these in place of whatever is there, without losing the focus if its element comes again. */
export function fill(target, ...children) {
  target.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
}

export function show(target, shown) {
  target.hidden = !shown
}

const SVG = "http://www.w3.org/2000/svg"

/** An icon of 16 x 16 from one path; it says nothing to a screen reader. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 16 16")
  svg.setAttribute("aria-hidden", "true")
  svg.setAttribute("class", "icon")
  const drawn = document.createElementNS(SVG, "path")
  drawn.setAttribute("d", path)
  svg.append(drawn)
  return svg
}

/** A colour of the style sheet, for canvases. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
