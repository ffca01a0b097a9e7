// @ts-check
// A game with prediction, for its page: import it as `./tickwire.js`. The types, with a word on each, are in
// `tickwire.d.ts`. `client.js` is for programs that know no rules.

export { Tickwire } from "./game.js";
