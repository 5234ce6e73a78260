// Lists what Node's global object leads to, for JavaScriptNameTests.swift:
// `node Tests/Tools/list_javascript.mjs > Tests/GoProgramTests/Expected/javascript-names.txt`.
//
// A line is an object: its path and its properties, those of classes without `length`, `name` and `prototype`. "+"
// stands before those that are enumerable, "@@" before symbols. A function has its `length` behind "/", another value
// its type behind ":", and an accessor of a prototype ":get". Objects that exist once (`Math`, `crypto`) also have what
// they inherit, but for what all objects have.
import fs from "node:fs";
import path from "node:path";

// What Go's wasm_exec_node.js adds.
globalThis.fs = fs;
globalThis.path = path;

const lines = [];
const known = new Map(Reflect.ownKeys(Symbol).filter((key) => typeof Symbol[key] === "symbol").map((key) => [Symbol[key], `@@${key}`]));

// Node makes some values when they are asked for, and warns of some.
const warn = process.emitWarning;
process.emitWarning = () => {};

function read(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

function walk(name, object, isPrototype) {
  const words = [];
  const inner = [];
  const seen = new Set();
  let holder = object;
  do {
    for (const key of Reflect.ownKeys(holder)) {
      const text = typeof key === "symbol" ? known.get(key) : key;
      if (!text || text.startsWith("_") || seen.has(key)) continue;
      if (typeof object === "function" && /^(length|name|prototype|arguments|caller)$/.test(text)) continue;
      seen.add(key);
      const found = Object.getOwnPropertyDescriptor(holder, key);
      const sign = found.enumerable ? "+" : "";
      if (isPrototype && !("value" in found)) {
        words.push(`${sign}${text}:get`);
        continue;
      }
      const value = read(object, key);
      words.push(sign + text + (typeof value === "function" ? `/${value.length}` : `:${typeof value}`));
      if (value && /object|function/.test(typeof value)) inner.push([text, value]);
    }
    holder = Object.getPrototypeOf(holder);
  } while (typeof object === "object" && !isPrototype && object !== globalThis && holder && holder !== Object.prototype);
  lines.push(`${name}: ${words.sort().join(" ")}`.trim());
  return inner;
}

const roots = {
  "%TypedArray%": Object.getPrototypeOf(Uint8Array),
  "%TypedArrayPrototype%": Object.getPrototypeOf(Uint8Array.prototype),
  "%ArrayIteratorPrototype%": Object.getPrototypeOf([].values()),
  "%StringIteratorPrototype%": Object.getPrototypeOf(""[Symbol.iterator]()),
  "%MapIteratorPrototype%": Object.getPrototypeOf(new Map().values()),
  "%SetIteratorPrototype%": Object.getPrototypeOf(new Set().values()),
  "%IteratorHelperPrototype%": Object.getPrototypeOf([].values().map((x) => x)),
  "%WrapForValidIteratorPrototype%": Object.getPrototypeOf(Iterator.from({ next() {} })),
  "%HeadersIteratorPrototype%": Object.getPrototypeOf(new Headers().values()),
  "%TimeoutPrototype%": Object.getPrototypeOf(setTimeout(() => {}, 0)),
  "%ImmediatePrototype%": Object.getPrototypeOf(setImmediate(() => {})),
};
for (const [name, object] of Object.entries(roots)) walk(name, object, name.endsWith("Prototype%"));
for (const [name, value] of walk("globalThis", globalThis, false)) {
  if (value === globalThis) continue;
  // (Storage wants a file.)
  if (/^(localStorage|sessionStorage)$/.test(name)) continue;
  const inner = walk(name, value, false);
  if (typeof value === "function" && value.prototype) walk(`${name}.prototype`, value.prototype, true);
  if (name === "fs") walk("fs.constants", inner.find(([key]) => key === "constants")[1], false);
}
process.emitWarning = warn;
process.stdout.write(lines.sort().join("\n") + "\n");
