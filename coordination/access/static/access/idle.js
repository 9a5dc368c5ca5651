// Hides the page when nobody used this browser's desk for a while, then asks the server, which locks by itself.
(function () {
  'use strict'
  const own = document.currentScript
  const limit = Number(own.dataset.idleSeconds) * 1000
  const KEY = 'desk.seen'
  const LEFT = 'desk.left'
  const opened = Date.now()

  // Every page that the server gave is a sign of life, in whichever tab.
  function remember () {
    try { window.localStorage.setItem(KEY, String(opened)) } catch (e) { /* private window: this tab alone counts */ }
  }

  function lastSeen () {
    try { return Math.max(opened, Number(window.localStorage.getItem(KEY)) || 0) } catch (e) { return opened }
  }

  function look () {
    const left = lastSeen() + limit - Date.now()
    if (left > 0) {
      window.setTimeout(look, Math.min(left, 60000))
      return
    }
    hide()
  }

  function hide () {
    document.documentElement.hidden = true
    document.title = 'Locked'
    window.location.replace(window.location.href.split('#')[0])
  }

  remember()
  look()
  // Somebody signed out in another tab: what this one shows goes too.
  window.addEventListener('storage', function (event) { if (event.key === LEFT && event.newValue) hide() })
  // A laptop that slept, or a page from the back-forward cache, has missed its timer.
  document.addEventListener('visibilitychange', function () { if (!document.hidden && lastSeen() + limit <= Date.now()) look() })
  window.addEventListener('pageshow', function (event) { if (event.persisted) window.location.reload() })
})()
