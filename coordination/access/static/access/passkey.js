// Says in words that a passkey was not used; the reason is the browser's and is not sent anywhere.
document.addEventListener('allauth.error', function (event) {
  const words = document.getElementById('passkey_error')
  if (words) {
    words.hidden = false
    event.preventDefault()
  }
})
