// Before anything is painted: the chosen theme, or else the system's. A file, since the page allows no inline script.
try {
  const chosen = localStorage.getItem('longhaul.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the system's theme it is.
}
