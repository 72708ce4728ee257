// Before anything is painted: the chosen theme, so that a dark page never flashes white.
try {
  var chosen = JSON.parse(localStorage.getItem("punchin.theme"))
  if (chosen) document.documentElement.dataset.theme = chosen
} catch {
  // No memory, no choice.
}
