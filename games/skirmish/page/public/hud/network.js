// @ts-check
// The panel that simulates a bad network, by presets or by sliders, switches prediction and interpolation off,
// and switches the server's view on; and the badge that shows for as long as a setting is changed.
//
// It shows and changes the settings of network.js. Made by play.js, which sets whether the page
// spectates.

import { PRESETS, RANGES } from "../network.js";
import { element } from "../dom.js";

/** @typedef {import("../network.js").Network} Network */

const SLIDERS = /** @type {const} */ (["latency", "jitter", "stall"]);
const SWITCHES = /** @type {const} */ ({
  serverView: "network-server-view",
  prediction: "network-prediction",
  interpolation: "network-interpolation",
});
/** The same with their types. */
const SWITCH_ENTRIES = /** @type {[keyof typeof SWITCHES, string][]} */ (Object.entries(SWITCHES));
/** While no preset is on. */
const NO_PRESET = "Try one, and switch the server's view on.";
const UNITS = { latency: "ms", jitter: "ms", stall: "%" };
/** Keys that the focused element handles; all others stay the game's. */
const SLIDER_KEYS = /^(Arrow|Page|Home$|End$)/;
const PRESS_KEYS = /^(Space|Enter)$/;

export class NetworkPanel {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.root = element("network", HTMLElement);
    this.button = element("network-open", HTMLButtonElement);
    /** Whether the panel was last used with a pointer. @private */
    this.byPointer = false;
    /** What had the focus when the panel was opened by a key. @private @type {Element | null} */
    this.opener = null;
    for (const name of SLIDERS) {
      const slider = element(`network-${name}`, HTMLInputElement);
      slider.max = String(RANGES[name].most);
      slider.step = String(RANGES[name].step);
      slider.addEventListener("input", () => network.change({ [name]: slider.valueAsNumber }));
    }
    for (const [name, id] of SWITCH_ENTRIES) {
      const box = element(id, HTMLInputElement);
      box.addEventListener("change", () => network.change({ [name]: box.checked }));
    }
    /** In the order of the presets. @private */
    this.presets = PRESETS.map((preset) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = preset.name;
      const { latency, jitter, stall } = preset;
      button.title = `+${latency} ms, ${jitter} ms jitter${stall > 0 ? `, ${stall} % stalls` : ""}`;
      button.addEventListener("click", () => network.choose(preset));
      return button;
    });
    element("network-presets").append(...this.presets);
    for (const id of ["network-reset", "simulated-off"]) {
      element(id, HTMLButtonElement).addEventListener("click", () => network.reset());
    }
    for (const id of ["network-open", "network-close", "network-offer"]) {
      // A click by a key has no detail.
      element(id, HTMLButtonElement).addEventListener("click", ({ detail }) => this.toggle(detail === 0));
    }
    element("settings-network", HTMLButtonElement).addEventListener("click", ({ detail }) => {
      element("settings", HTMLDialogElement).close();
      this.toggle(detail === 0, true);
    });
    element("simulated-what", HTMLButtonElement).addEventListener("click", ({ detail }) => {
      this.toggle(detail === 0, true);
    });
    this.listen();
    this.show();
  }

  /** @param {boolean} spectates if so, there is no own ship to predict */
  setSpectating(spectates) {
    element("network-prediction", HTMLInputElement).disabled = spectates;
  }

  /** Shows the current settings. */
  show() {
    const { settings } = this.network;
    for (const name of SLIDERS) {
      const text = `${settings[name]} ${UNITS[name]}`;
      const slider = element(`network-${name}`, HTMLInputElement);
      slider.valueAsNumber = settings[name];
      slider.setAttribute("aria-valuetext", text);
      element(`network-${name}-value`, HTMLOutputElement).textContent = text;
    }
    for (const [name, id] of SWITCH_ENTRIES) element(id, HTMLInputElement).checked = settings[name];
    const { preset } = this.network;
    this.presets.forEach((button, nth) => button.setAttribute("aria-pressed", String(PRESETS[nth] === preset)));
    element("network-look").textContent = preset?.look ?? NO_PRESET;
    const what = this.network.describe();
    element("simulated", HTMLElement).hidden = what === "";
    element("simulated-what", HTMLButtonElement).textContent = what;
    document.body.classList.toggle("simulated", what !== "");
  }

  /** Closes it. Returns whether it was open. */
  close() {
    if (this.root.hidden) return false;
    this.toggle(true, false);
    return true;
  }

  /** Opened by a key, it takes the focus, and gives it back when it closes. @private
   *  @param {boolean} byKey @param {boolean} [open] */
  toggle(byKey, open = this.root.hidden !== false) {
    const { activeElement } = document;
    const had = this.root.contains(activeElement);
    this.root.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("network-open", open);
    this.root.dispatchEvent(new Event("toggle"));
    if (open) {
      this.opener = byKey ? activeElement : null;
      // The panel itself: arrow keys still steer the ship, and Tab goes on to the first control.
      if (byKey) this.root.focus();
    } else if (had) {
      this.giveBack();
    }
  }

  /** @private */
  giveBack() {
    const { opener } = this;
    if (opener instanceof HTMLElement && opener.checkVisibility() && !this.byPointer) opener.focus();
    // Else to the game.
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && this.root.contains(activeElement)) activeElement.blur();
  }

  /** @private */
  listen() {
    addEventListener("keydown", (event) => {
      if (event.code !== "KeyN" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      if (target instanceof HTMLInputElement && target.type === "text") return;
      this.byPointer = false;
      this.toggle(true);
    });
    const worked = [this.root, this.button, element("network-offer"), element("simulated")];
    for (const element of worked) {
      element.addEventListener("pointerdown", () => (this.byPointer = true));
      // Before the game handles the key.
      element.addEventListener("keydown", (event) => {
        this.byPointer = false;
        const { target } = event;
        if (target === this.root) return;
        const slides = target instanceof HTMLInputElement && target.type === "range";
        if ((slides ? SLIDER_KEYS : PRESS_KEYS).test(event.code)) event.stopPropagation();
      });
      // Drop the focus after a pointer's press: the keys are for the game.
      for (const name of ["click", "change"]) {
        element.addEventListener(name, () => {
          const { activeElement } = document;
          if (this.byPointer && activeElement instanceof HTMLElement) activeElement.blur();
        });
      }
    }
  }
}
