/**
 * Modules are linked from parts. Functions that call no others, kernels above all, are compiled in packs that all programs
 * of the process share: a new circuit finds most of its kernels compiled, and optimised by the WebAssembly engine where
 * they have run before. Its own module holds only the order of calls.
 */
import { compileWasm, encodeModule, instantiateWasm } from '@ketwork/base';
import type { FunctionBuilder, ModuleParts } from '@ketwork/base';
import type { EngineMemory } from './memory.ts';

/** A function to link; those with a name are exported. */
export interface LinkedFunction {
  readonly name?: string;
  readonly body: FunctionBuilder;
}

/** A module with the functions it takes from packs. */
export interface LinkedModule {
  readonly module: WebAssembly.Module;
  readonly imports: readonly PackedFunction[];
  /** Bytes of the module and of the functions it takes. */
  readonly codeBytes: number;
}

/** A function of a pack. */
interface PackedFunction {
  readonly pack: WebAssembly.Module;
  readonly name: string;
}

/** Module and packs kept for reuse, each. */
const CACHE_LIMIT = 256;

/** Modules by a digest of their bytes, which are compared as well. */
const modules = new Map<
  string,
  { readonly bytes: Uint8Array; readonly module: WebAssembly.Module }
>();

/** Compiles the module bytes, or takes the module of equal bytes from the process-wide cache. */
function compileCached(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const id = digestOf(bytes);
  const known = modules.get(id);
  const found = known !== undefined && isEqual(known.bytes, bytes);
  const entry = found ? known : { bytes, module: compileWasm(bytes) };
  // Last in the order of use.
  modules.delete(id);
  modules.set(id, entry);
  if (modules.size > CACHE_LIMIT) modules.delete(modules.keys().next().value as string);
  return entry.module;
}

/** The length and two sums of multiples (FNV-1a, Fowler, Noll and Vo, by words). */
function digestOf(bytes: Uint8Array<ArrayBuffer>): string {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  // Some thousand of them tell modules apart.
  const step = 1 + (words.length >> 12);
  let [a, b] = [0x811c9dc5, bytes.length];
  for (let i = 0; i < words.length; i += step) {
    const word = words[i] as number;
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b + word, 0x85ebca6b) ^ (b >>> 15);
  }
  return `${bytes.length} ${a} ${b}`;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Numbers as the characters of a text. */
function textOf(bytes: Uint8Array | Uint16Array): string {
  let text = '';
  // Spreading the numbers takes ten times as long, and so does a decoder that has not been optimised yet.
  for (let i = 0; i < bytes.length; i += 8192)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + 8192));
  return text;
}

/** The bits of numbers as text, four characters each: their digits would take ten times as long. */
export function textOfNumbers(lists: readonly (readonly number[])[]): string {
  let length = 0;
  for (const list of lists) length += list.length;
  const numbers = new Float64Array(length);
  let at = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) numbers[at++] = list[i] as number;
  return textOf(new Uint16Array(numbers.buffer));
}

/** Functions in packs, of which every structure is written once, and the packs in the order of use. */
const packed = new WeakMap<FunctionBuilder, PackedFunction>();
const packs = new Map<WebAssembly.Module, readonly FunctionBuilder[]>();

/** Takes functions from packs; a pack is made of those that are in none. */
function takePacked(bodies: readonly FunctionBuilder[]): PackedFunction[] {
  const missing = [...new Set(bodies.filter((body) => !packed.has(body)))];
  if (missing.length > 0) {
    const functions = missing.map((body, i) => ({ name: `${i}`, body }));
    const pack = compileWasm(encodeModule({ functions, memory: { minimum: 1 } }));
    packs.set(pack, missing);
    missing.forEach((body, i) => packed.set(body, { pack, name: `${i}` }));
  }
  const found = bodies.map((body) => packed.get(body) as PackedFunction);
  for (const pack of new Set(found.map((f) => f.pack))) {
    const inside = packs.get(pack) as readonly FunctionBuilder[];
    packs.delete(pack);
    packs.set(pack, inside);
  }
  for (const [pack, inside] of packs) {
    if (packs.size <= CACHE_LIMIT) break;
    packs.delete(pack);
    for (const body of inside) packed.delete(body);
  }
  return found;
}

/**
 * Compiles functions, which call each other by their place in the list, leaving out what no exported one reaches.
 *
 * @param whole keep all in one module: calls from one module to another take nanoseconds, which show where a kernel does
 * hardly more
 * @param memory which the functions work on; other ones than the engine's small memory take whole modules
 */
export function link(
  functions: readonly LinkedFunction[],
  whole: boolean,
  memory: NonNullable<ModuleParts['memory']> = { minimum: 1 },
): LinkedModule {
  const reached = new Set<number>();
  const reach = (index: number): void => {
    if (reached.has(index)) return;
    reached.add(index);
    for (const called of new Set(functions[index]?.body.calls)) reach(called);
  };
  functions.forEach(({ name }, index) => {
    if (name !== undefined) reach(index);
  });
  // Widened code calls functions by their place in the whole list.
  const used =
    memory.widen === undefined ? [...reached].sort((a, b) => a - b) : [...functions.keys()];
  const isImported = (index: number): boolean => {
    const { name, body } = functions[index] as LinkedFunction;
    return !whole && name === undefined && body.calls.length === 0;
  };
  const imported = used.filter(isImported);
  const own = used.filter((index) => !isImported(index));
  const places = new Map([...imported, ...own].map((index, place) => [index, place]));
  const at = (index: number): LinkedFunction => functions[index] as LinkedFunction;
  const bytes = encodeModule({
    functions: own.map(at),
    imports: imported.map((index, i) => ({ module: 'pack', name: `${i}`, body: at(index).body })),
    rename: (index) => places.get(index) as number,
    memory,
  });
  const bodies = imported.map((index) => at(index).body);
  return {
    module: compileCached(bytes),
    imports: takePacked(bodies),
    codeBytes: bodies.reduce((sum, body) => sum + body.codeLength, bytes.length),
  };
}

const instances = new WeakMap<
  EngineMemory,
  WeakMap<WebAssembly.Module, WebAssembly.Instance['exports']>
>();

/** Instantiates a linked module on a memory; packs have one instance per memory. */
export function instantiate(
  { module, imports }: LinkedModule,
  memory: EngineMemory,
): WebAssembly.Instance['exports'] {
  let mine = instances.get(memory);
  if (mine === undefined) {
    mine = new WeakMap();
    instances.set(memory, mine);
  }
  const env = { memory: memory.memory };
  const pack: Record<string, WebAssembly.ImportValue> = {};
  imports.forEach(({ pack: from, name }, i) => {
    let exported = mine.get(from);
    if (exported === undefined) {
      ({ exports: exported } = instantiateWasm(from, { env }));
      mine.set(from, exported);
    }
    pack[i] = exported[name] as WebAssembly.ImportValue;
  });
  return instantiateWasm(module, { env, pack }).exports;
}
