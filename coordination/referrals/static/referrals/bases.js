// Shows of the legal bases only those for the data category that is chosen. Without it all stand there, by category.
(function () {
  'use strict'

  function narrow (category, basis) {
    const wanted = 'For ' + category.selectedOptions[0].text
    for (const group of basis.querySelectorAll('optgroup')) {
      group.hidden = group.disabled = group.label !== wanted
    }
    const chosen = basis.selectedOptions[0]
    if (chosen && chosen.parentElement.disabled) { basis.value = '' }
    // One basis can stand in two groups: the one that is shown counts.
    const same = chosen && Array.from(basis.options).find(function (each) {
      return each.value === chosen.value && !each.parentElement.disabled
    })
    if (same) { same.selected = true }
  }

  for (const form of document.querySelectorAll('form')) {
    const category = form.elements.namedItem('category')
    const basis = form.elements.namedItem('basis')
    if (category && basis) {
      category.addEventListener('change', function () { narrow(category, basis) })
      narrow(category, basis)
    }
  }
})()
