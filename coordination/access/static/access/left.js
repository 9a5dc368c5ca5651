// Nobody is signed in here any more: the other tabs of this browser hide what they show (access/idle.js).
(function () {
  'use strict'
  try { window.localStorage.setItem('desk.left', String(Date.now())) } catch (e) { /* private window: they hide after the pause */ }
})()
