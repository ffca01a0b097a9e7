// @ts-check
// What loading a game needs: its WebAssembly, compiled, and the simulated network that an address asks for.
//
// It keeps nothing. Used by game.js.

import { hasPage } from "./env.js";

/** Reads a simulation from an address, such as `?latency=150&jitter=20&stall=2&prediction=0`.
 *  @param {string} address */
export function simulationOf(address) {
  const asked = new URLSearchParams(address.replace(/^[^?]*/, ""));
  const number = (/** @type {string} */ name) => Math.max(0, Number(asked.get(name)) || 0);
  const isOn = (/** @type {string} */ name) => asked.get(name) !== "0";
  return {
    latency: number("latency"),
    jitter: number("jitter"),
    stall: number("stall"),
    prediction: isOn("prediction"),
    interpolation: isOn("interpolation"),
  };
}

/** Returns the module, its URL and its ETag; the latter are empty if it was not fetched.
 *  @param {string | URL | BufferSource | WebAssembly.Module} source */
export async function compile(source) {
  const [url, tag] = ["", ""];
  if (isA(source, "WebAssembly.Module")) return { module: /** @type {WebAssembly.Module} */ (source), url, tag };
  if (typeof source !== "string" && !isA(source, "URL")) {
    return { module: await WebAssembly.compile(/** @type {BufferSource} */ (source)), url, tag };
  }
  /** @param {unknown} why @param {unknown} [cause] */
  const failed = (why, cause) => new Error(`the game's code could not be loaded from ${source}: ${why}`, { cause });
  const response = await fetch(/** @type {string | URL} */ (source)).catch((error) => {
    const isOwn = hasPage && new URL(String(source), location.href).origin === location.origin;
    throw failed(isOwn ? "no answer from the server" : "no answer, or the server does not allow pages of this origin (--allow-origin)", error);
  });
  if (!response.ok) throw failed(response.status);
  // Streaming needs a content type that a simple file server may not send.
  const isTyped = response.headers.get("content-type") === "application/wasm";
  const compiling = isTyped ? WebAssembly.compileStreaming(response) : response.arrayBuffer().then(WebAssembly.compile);
  const module = await compiling.catch((error) => {
    const isShut = /unsafe-eval|content security policy/i.test(String(error));
    // A bundler's server sends its page for missing files.
    const isOther = !isShut && error instanceof WebAssembly.CompileError;
    const why = isShut ? "the page's Content-Security-Policy lacks 'wasm-unsafe-eval'" : error;
    throw failed(isOther ? "it is not WebAssembly; set `server` if the game is elsewhere" : why, error);
  });
  return { module, url: response.url, tag: response.headers.get("etag") ?? "" };
}

/** Whether a value is of a built-in class of any realm. @param {unknown} value @param {string} kind */
function isA(value, kind) {
  return Object.prototype.toString.call(value) === `[object ${kind}]`;
}
