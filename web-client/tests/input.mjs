// @ts-check
// Tests of the page's input, without a browser: node input.mjs [SEED]
//
// Taps that end before the next poll are reported, and values of devices never make an input that is not
// a number. Run by tests/tests/page_in_node.rs.

import { BROKEN, dice, dispatch, fake, holds, run, world } from "./fake-browser.mjs";

const { Button, STICK_SHIFT } = await import("../../games/skirmish/page/public/input/buttons.js");
const { Controls } = await import("../../games/skirmish/page/public/input/controls.js");
const { USUAL } = await import("../../games/skirmish/page/public/input/bindings.js");

const seed = Number(process.argv[2] ?? 1) || 1;
console.log(`seed ${seed}`);
const roll = dice(seed);

const surface = /** @type {any} */ (new EventTarget());
/** Events of the surface reach the window, as they do in a page. @param {string} type
 *  @param {object} fields */
function point(type, fields) {
  dispatch(type, fields, surface);
  dispatch(type, fields);
}
const settings = /** @type {any} */ ({ ship: 1, keys: USUAL, leftHanded: false, onChange() {} });
/** @type {number[]} */
let held = [];
let isTall = false;
const controls = new Controls(surface, settings, () => {}, (buttons) => held.push(buttons), () => isTall, () => fake.now);
controls.setPlaying(true);

/** The reported inputs since the last call, without repeats. */
function changes() {
  const all = held.map((buttons) => buttons & (0x3f | (0xf << STICK_SHIFT)));
  held = [];
  return all.filter((buttons, nth) => buttons !== (all[nth - 1] ?? 0));
}
const key = (/** @type {string} */ type, /** @type {string} */ code) =>
  dispatch(type, { code, key: code, repeat: false, ctrlKey: false, metaKey: false, altKey: false });
const same = (/** @type {number[]} */ one, /** @type {number[]} */ other) => one.join() === other.join();

holds((controls.buttons() & Button.TALL) === 0, "a wide screen asks for a wide view");
isTall = true;
holds((controls.buttons() & Button.TALL) !== 0, "and one that shows a tall view for a tall one");
isTall = false;
changes();
key("keydown", "Space");
key("keyup", "Space");
holds(same(changes(), [Button.FIRE, 0]), "a tap of a key is reported, even if it ends at once");
key("keydown", "Space");
key("keyup", "Space");
key("keydown", "Space");
key("keyup", "Space");
holds(same(changes(), [Button.FIRE, 0, Button.FIRE, 0]), "two taps are two");
point("mousedown", { button: 0 });
dispatch("mouseup", { button: 0 });
holds(same(changes(), [Button.FIRE, 0]), "a click is");
point("mousedown", { button: 2 });
dispatch("mouseup", { button: 2 });
holds(same(changes(), [Button.RAIL, 0]), "a click of the other button is");
const finger = { pointerType: "touch", pointerId: 1, target: null };
dispatch("pointerdown", { ...finger, clientX: 900, clientY: 300 });
dispatch("pointermove", { ...finger, clientX: 940, clientY: 300 });
dispatch("pointerup", { ...finger, clientX: 940, clientY: 300 });
holds(same(changes(), [Button.FIRE, 0]), "a flick of the thumb that fires is");
dispatch("pointerdown", { ...finger, clientX: 100, clientY: 300 });
dispatch("pointermove", { ...finger, clientX: 140, clientY: 300 });
dispatch("pointerup", { ...finger, clientX: 140, clientY: 300 });
holds(same(changes(), [Button.RIGHT << STICK_SHIFT, 0]), "a flick of the thumb that steers is");
const linkField = Object.assign(new world.Element(), {
  closest: (/** @type {string} */ selectors) => (selectors.split(", ").includes("#invite") ? linkField : null),
});
dispatch("pointerdown", { ...finger, target: linkField, clientX: 900, clientY: 300 });
dispatch("pointermove", { ...finger, target: linkField, clientX: 940, clientY: 300 });
dispatch("pointerup", { ...finger, target: linkField, clientX: 940, clientY: 300 });
holds(same(changes(), []), "a finger on the link to the room selects it, and does not play");

/** @param {object} fields */
const pad = (fields = {}) => ({
  index: 0,
  connected: true,
  axes: [0, 0, 0, 0],
  buttons: Array.from({ length: 17 }, () => ({ pressed: false, value: 0 })),
  ...fields,
});
const pressing = (/** @type {number} */ place) => {
  const it = pad();
  it.buttons[place] = { pressed: true, value: 1 };
  return it;
};
const look = (/** @type {any} */ it) => {
  fake.pads = [it, null];
  controls.poll();
};
dispatch("gamepadconnected", { gamepad: pad() });
for (const it of [pad(), pressing(7), pad(), pressing(7), pad()]) look(it);
holds(same(changes(), [Button.FIRE, 0, Button.FIRE, 0]), "a trigger pulled between two ticks is");
look(pad({ axes: [0.9, 0, 0, 0] }));
look(pad());
holds(same(changes(), [Button.RIGHT << STICK_SHIFT, 0]), "a flick of a stick is");

// Keys turn the aim for at least a tick; and by how long they were down, not by when the aim is polled.
controls.aimFrom(0, 0);
const turned = () => {
  const before = /** @type {any} */ (controls).aim;
  return controls.aimFrom(0, 0) - before;
};
key("keydown", "KeyL");
key("keyup", "KeyL");
const least = turned();
holds(least > 0.03 && least < 0.1, `a tap of a key that turns the aim turns it: ${least.toFixed(3)}`);
key("keydown", "KeyL");
await run(20);
key("keyup", "KeyL");
await run(500);
holds(turned() === least, "and so does one of 20 ms, whenever the aim is polled");
key("keydown", "KeyL");
await run(60);
key("keyup", "KeyL");
const longer = turned();
holds(longer > 1.5 * least, "a longer one turns it more");
holds(turned() === 0, "and then no more");
controls.setPlaying(true);

// Away: nothing is held or released.
key("keydown", "ShiftLeft");
changes();
dispatch("blur");
const last = held.at(-1) ?? 0;
holds((last & Button.ABSENT) !== 0 && (last & Button.RAIL) === 0, "a player who turns away releases nothing");
dispatch("focus");
key("keyup", "ShiftLeft");
changes();

// A pad that vanishes without an event releases its buttons, and counts again when it is back.
look(pad({ axes: [0, -1, 0, 0], buttons: pressing(7).buttons }));
holds(controls.held() === (Button.UP | Button.FIRE), "a pad is held");
for (const gone of [null, pad({ connected: false, axes: [0, -1, 0, 0] })]) {
  look(gone);
  holds(controls.held() === 0, "a pad that is gone without a word lets go");
  look(pad({ axes: [0, -1, 0, 0] }));
  holds(controls.held() === Button.UP, "one that is back is held");
}
fake.pads = [];
controls.poll();
holds(controls.held() === 0, "and one that is not even in the list lets go");

// With any values of devices, the input is a number.
const any = () => {
  const broken = BROKEN[Math.floor(roll() * BROKEN.length)];
  return roll() < 0.6 ? broken : (roll() - 0.5) * 4_000;
};
const some = (/** @type {any[]} */ list) => list[Math.floor(roll() * list.length)];
const codes = Object.values(USUAL).flat();
const things = [
  () => point("pointermove", { pointerType: some(["mouse", "pen", "touch"]), pointerId: some([1, 2]), clientX: any(), clientY: any() }),
  () => point("pointerdown", { pointerType: some(["mouse", "touch"]), pointerId: some([1, 2]), clientX: any(), clientY: any(), target: null }),
  () => dispatch("pointerup", { pointerType: "touch", pointerId: some([1, 2]), clientX: any(), clientY: any() }),
  () => point("mousedown", { button: some([0, 1, 2, NaN, undefined]) }),
  () => dispatch("mouseup", { button: some([0, 1, 2, NaN]) }),
  () => key(some(["keydown", "keyup"]), some(codes) ?? "KeyL"),
  () =>
    look(
      pad({
        axes: some([[any(), any(), any(), any()], [], [any()], [0.5, 0.5, any(), any()]]),
        buttons: some([[], [undefined], Array.from({ length: 17 }, () => ({ pressed: false, value: any() }))]),
      }),
    ),
  () => (fake.now = some([fake.now + 5, fake.now + 200, fake.now - 50, fake.now])),
];
for (let step = 0; step < 20_000; step++) {
  some(things)();
  const aim = controls.aimFrom(any() ?? 0, any() ?? 0);
  const seen = controls.lookFrom(any() ?? 0, any() ?? 0);
  const fine = Number.isFinite(aim) && Number.isFinite(seen.aim) && !Number.isNaN(seen.far);
  const buttons = controls.buttons();
  if (!fine || !Number.isInteger(buttons) || buttons < 0) {
    throw new Error(`step ${step}: aim ${aim}, ${JSON.stringify(seen)}, buttons ${buttons}`);
  }
}
held = [];
for (const code of codes) if (code) key("keyup", code);
for (const button of [0, 2]) dispatch("mouseup", { button });
for (const pointerId of [1, 2]) dispatch("pointerup", { pointerType: "touch", pointerId });
look(pad());
holds(controls.held() === 0, "after 20000 broken things that devices say, nothing is stuck");
look(pad({ axes: [NaN, NaN, NaN, NaN] }));
holds(controls.held() === 0, "a stick that reads NaN is in its middle");
look(pad({ axes: [1, 0, 0, 1] }));
holds(controls.held() === Button.RIGHT, "and steers when it reads a number");
holds(Math.abs(controls.aimFrom(0, 0) - Math.PI / 2) < 1e-9, "and aims");
