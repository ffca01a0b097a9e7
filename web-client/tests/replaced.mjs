// @ts-check
// Tests when a page considers its wasm older than its server's: node replaced.mjs
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.

/** @type {any} */
const world = globalThis;
world.document = {};
const { isLocal, isReplaced } = await import("../build/kit/env.js");

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** Asks a server with this answer. @param {number} status @param {string | null} etag @param {string} tag */
function ask(status, etag, tag) {
  const headers = new Headers(etag === null ? {} : { etag });
  world.fetch = async (/** @type {string} */ _url, /** @type {RequestInit} */ { method }) => {
    holds(method === "HEAD", "nothing of it is downloaded");
    return { ok: status === 200, status, headers };
  };
  return isReplaced("http://localhost:7777/tickwire.wasm", tag);
}

holds(!(await ask(200, '"a"', '"a"')), "the same tag: the same");
holds(await ask(200, '"b"', '"a"'), "another tag: another");
holds(!(await ask(200, '"a"', 'W/"a"')) && !(await ask(200, 'W/"a"', '"a"')), "a tag that was weakened: the same");
holds(!(await ask(200, null, '"a"')), "no tag: nobody knows");
holds(await ask(404, null, '"a"'), "its folder is gone: another");
holds(!(await ask(502, '"b"', '"a"')), "a proxy without its server: nobody knows");
world.fetch = async () => Promise.reject(new TypeError("no network"));
holds(!(await isReplaced("http://localhost:7777/tickwire.wasm", '"a"')), "no answer: nobody knows");

const here = ["http://localhost:7777/a", "http://127.0.0.1/a", "http://[::1]:7777/a", "https://game.localhost/a"];
const elsewhere = ["https://play.example/a", "http://192.168.1.7:7777/a", "http://localhost.example/a"];
holds(here.every(isLocal), "addresses of this machine are");
holds(!elsewhere.some(isLocal), "others are not");
