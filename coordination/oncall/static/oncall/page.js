// Takes the link of a page out of the address, where the browser kept it to itself. Only a person sends the form.
(function () {
  'use strict'
  const field = document.getElementById('id_link')
  const given = window.location.hash.slice(1)
  if (!field || !given) return
  window.history.replaceState(null, '', window.location.pathname)
  field.value = given
  document.getElementById('id_code').focus()
})()
