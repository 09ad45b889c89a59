// Runs before the first paint, so that a dark screen never flashes white.
(function () {
  var want = null
  try { want = localStorage.getItem('loudou.theme') } catch (e) { /* private window */ }
  var dark = want === 'dark' || (want !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
