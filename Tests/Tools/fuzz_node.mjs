// Runs the modules of a folder on Node as ModuleFolderTests.swift has run them, by the plans that it wrote beside them,
// and writes NAME.node.json with the same lines: what `make fuzz` compares. Usage: node fuzz_node.mjs FOLDER
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

const bits = new DataView(new ArrayBuffer(8));

function argument(type, text) {
  switch (type) {
    case "i32": return Number(text) | 0;
    case "i64": return BigInt.asIntN(64, BigInt(text));
    case "f32": bits.setUint32(0, Number(text)); return bits.getFloat32(0);
    case "f64": bits.setBigUint64(0, BigInt(text)); return bits.getFloat64(0);
    default: return null;
  }
}

function shown(type, value) {
  switch (type) {
    case "i32": return String(value >>> 0);
    case "i64": return String(BigInt.asUintN(64, value));
    case "f32": bits.setFloat32(0, value); return value !== value ? "nan" : String(bits.getUint32(0));
    case "f64": bits.setFloat64(0, value); return value !== value ? "nan" : String(bits.getBigUint64(0));
    default: return value === null ? "null" : "reference";
  }
}

// Messages of V8's traps.
function category(error) {
  const text = error.message;
  if (error instanceof RangeError && text.includes("call stack")) return "trap stack";
  if (!(error instanceof WebAssembly.RuntimeError)) return `error ${text}`;
  if (text.includes("unreachable")) return "trap unreachable";
  if (text.includes("by zero")) return "trap division";
  if (text.includes("unrepresentable")) return "trap unrepresentable";
  if (text.includes("memory") || text.includes("data segment")) return "trap memory";
  if (text.includes("signature") || text.includes("null function")) return "trap indirect";
  if (text.includes("table") || text.includes("element segment")) return "trap table";
  return `trap ${text}`;
}

function zero(type) { return type === "i64" ? 0n : type.endsWith("ref") ? null : 0; }

function run(bytes, plan) {
  const lines = [];
  let module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (error) {
    return { refusal: error.message, lines };
  }
  const imports = {};
  for (const wanted of plan.imports) {
    imports[wanted.module] ??= {};
    let made;
    if (wanted.kind === "function") {
      // The names end in the type that they take, as binaryen has them; others are shown by what JavaScript sees.
      made = (...values) => {
        const type = wanted.name.split("-")[1];
        const texts = values.map((value) => shown(typeof value === "bigint" ? "i64" : type ?? "i32", value));
        lines.push(`${wanted.name} ${texts.join(" ")}`);
        return wanted.types.length > 1 ? wanted.types.map(zero) : wanted.types.length ? zero(wanted.types[0]) : undefined;
      };
    } else if (wanted.kind === "global") {
      made = new WebAssembly.Global({ value: wanted.types[0], mutable: wanted.isMutable }, zero(wanted.types[0]));
    } else {
      const limits = { initial: wanted.minimum };
      if (wanted.maximum !== undefined) limits.maximum = wanted.maximum;
      made = wanted.kind === "memory" ? new WebAssembly.Memory(limits) : new WebAssembly.Table(
        { ...limits, element: wanted.types[0] === "funcref" ? "anyfunc" : "externref" },
        wanted.types[0] === "funcref" ? undefined : null);
    }
    imports[wanted.module][wanted.name] = made;
  }
  let instance;
  try {
    instance = new WebAssembly.Instance(module, imports);
  } catch (error) {
    lines.push(`start ${category(error)}`);
    return { lines };
  }
  for (const call of plan.calls) {
    lines.push(`call ${call.name}`);
    try {
      const result = instance.exports[call.name](...call.parameters.map((type, i) => argument(type, call.arguments[i])));
      const results = call.results.length > 1 ? [...result] : call.results.length ? [result] : [];
      lines.push(results.map((value, i) => shown(call.results[i], value)).join(" "));
    } catch (error) {
      const what = category(error);
      lines.push(what);
      if (!what.startsWith("trap") || what === "trap stack") return { lines };
    }
  }
  for (const { name, kind } of WebAssembly.Module.exports(module)) {
    const value = instance.exports[name];
    if (kind === "memory") {
      const memory = new Uint8Array(value.buffer);
      lines.push(`memory ${name} ${memory.length} ${zlib.crc32(memory.subarray(0, 1 << 24))}`);
    } else if (kind === "global") {
      // A plan does not say of what type exported globals are; fuzz.py leaves their lines out.
      lines.push(`global ${name}`);
    } else if (kind === "table") {
      lines.push(`table ${name} ${value.length}`);
    }
  }
  return { lines };
}

const folder = process.argv[2];
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".wasm")).sort()) {
  const name = path.join(folder, path.basename(file, ".wasm"));
  fs.writeFileSync(path.join(folder, "current"), path.basename(name));
  const plan = JSON.parse(fs.readFileSync(`${name}.json`, "utf8"));
  fs.writeFileSync(`${name}.node.json`, JSON.stringify(run(fs.readFileSync(`${name}.wasm`), plan)));
}
fs.unlinkSync(path.join(folder, "current"));
