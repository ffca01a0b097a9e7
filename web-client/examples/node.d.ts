// All of Node that is used here, so that types are checked without Node's own.

declare const process: { argv: string[]; exitCode: number | undefined };
declare function setImmediate(act: () => void): unknown;
