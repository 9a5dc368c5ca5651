// Takes the one-time way in out of the address, where the browser kept it to itself, and hands it over in a form.
(function () {
  'use strict'
  const field = document.getElementById('id_way_in')
  const given = window.location.hash.slice(1)
  if (!field || !given) return
  window.history.replaceState(null, '', window.location.pathname)
  field.value = given
  field.form.submit()
})()
