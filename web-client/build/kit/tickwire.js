// @ts-check
// All that a page or a program needs of Tickwire, in one module: import it as `./tickwire.js`.
//
// `Tickwire` is a game with prediction, for the page of a game; `TickwireClient` decodes any room by its
// schema and knows no rules, for programs beside it. The types, with a word on each, are in
// `tickwire.d.ts`.

export { Tickwire } from "./game.js";
export { TickwireClient, TickwireError } from "./client.js";
