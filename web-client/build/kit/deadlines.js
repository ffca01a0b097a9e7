// @ts-check
// How long an attempt to connect may take, and for how long a room may be silent.
//
// It owns no timer. Used by connection.js.

/** Deadline of an attempt to open a socket. It is longer after many failures, since browsers then delay
 *  WebSockets by seconds. */
const OPEN_MAX_MS = 4000;
const OPEN_MAX_LATER_MS = 10_000;
const FAILED_MANY = 8;
/** Deadline of the answer to a hello: after a cut of all connections a server lets clients in one after the other. */
const WELCOME_MAX_MS = 10_000;
/** A room that sends nothing for this long is lost, whatever the socket's state. */
const SILENCE_MAX_MS = 6000;
/** After this long a silence is reported. */
const SILENCE_REPORTED_MS = 1500;

/** Whether an attempt has waited for too long. @param {number} ms since it began, or since its hello
 *  @param {boolean} greeted whether its hello was sent @param {number} failed how many before it opened no socket */
export function isUnanswered(ms, greeted, failed) {
  const openMax = failed > FAILED_MANY ? OPEN_MAX_LATER_MS : OPEN_MAX_MS;
  return ms > (greeted ? WELCOME_MAX_MS : openMax);
}

/** Whether a room is silent. @param {number} ms since something came */
export const isSilence = (ms) => ms > SILENCE_REPORTED_MS;

/** Whether it is lost. @param {number} ms since something came */
export const isLost = (ms) => ms > SILENCE_MAX_MS;
