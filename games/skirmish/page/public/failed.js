// @ts-check
// Says so when the page does not start: a module or a part of it did not load, or the browser is too old.
//
// A page whose modules do not load runs none of them: so this is a classic script, before them, and in words that old
// browsers know. It does nothing once the page has started, which main.js says by letting its player press Play.

(function () {
  var SLOW_MS = 20000;

  /** @param {string} id */
  function part(id) {
    return /** @type {HTMLButtonElement | null} */ (document.getElementById(id));
  }

  function isStarted() {
    var play = part("play");
    return play !== null && !play.disabled;
  }

  /** @param {string} text */
  function say(text) {
    var line = part("message");
    var button = part("message-act");
    // What the page itself says of it is better.
    if (isStarted() || !line || !button || !line.hidden) return;
    line.hidden = button.hidden = false;
    // A page that resumes has hidden it.
    var overlay = part("start");
    if (overlay) overlay.hidden = false;
    line.textContent = text;
    button.textContent = "Reload";
    button.onclick = function () {
      location.reload();
    };
  }

  /** Once there is a page to say it on. @param {string} text */
  function sayLater(text) {
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", function () {
        say(text);
      });
    } else {
      say(text);
    }
  }

  // An element's failure to load does not bubble.
  addEventListener(
    "error",
    function (event) {
      var from = event.target;
      if (from instanceof HTMLScriptElement) {
        sayLater("A part of the page did not load. The connection may have failed, or the server was just updated.");
      } else if (from === window && !isStarted()) {
        sayLater("The page could not start: " + event.message + ". It needs a browser of 2022 or newer.");
      }
    },
    true,
  );
  setTimeout(function () {
    say("The page has not loaded yet. The connection may be slow, or the server busy.");
  }, SLOW_MS);
})();
