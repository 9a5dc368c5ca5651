// Hides the page when nobody used this browser's desk for a while, then asks the server, which locks by itself.
// What was being written goes to the server first, which keeps it for its writer (access/kept.py): none of it
// stays in the browser.
(function () {
  'use strict'
  const own = document.currentScript
  const limit = Number(own.dataset.idleSeconds) * 1000
  const person = own.dataset.person
  const KEY = 'desk.seen'
  const LEFT = 'desk.left'
  const opened = Date.now()
  let written = null

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
    if (written && written.isConnected) { handOver(written) } else { window.location.replace(window.location.href.split('#')[0]) }
  }

  // A form of its own: the page's would be checked first, and could do what it is for.
  function handOver (form) {
    const copy = document.createElement('form')
    copy.method = 'post'
    copy.action = form.action
    new FormData(form).forEach(function (value, name) { if (typeof value === 'string' && name !== 'confirm-kept') add(copy, name, value) })
    add(copy, 'confirm-resume', 'keep')
    document.body.append(copy)
    copy.submit()
  }

  function add (form, name, value) {
    const field = document.createElement('textarea')
    field.name = name
    field.value = value
    form.append(field)
  }

  remember()
  look()
  document.addEventListener('input', function (event) {
    const form = event.target.form
    if (person && form && form.method === 'post' && !form.querySelector('[type=password]')) { written = form }
  })
  // Whatever a page posts says for whom the page was made.
  document.addEventListener('formdata', function (event) {
    if (person && event.target.method === 'post') event.formData.set('confirm-person', person)
  })
  // Somebody signed out in another tab: what this one shows goes too.
  window.addEventListener('storage', function (event) { if (event.key === LEFT && event.newValue) hide() })
  // A laptop that slept, or a page from the back-forward cache, has missed its timer.
  document.addEventListener('visibilitychange', function () { if (!document.hidden && lastSeen() + limit <= Date.now()) look() })
  window.addEventListener('pageshow', function (event) { if (event.persisted) window.location.reload() })
})()
